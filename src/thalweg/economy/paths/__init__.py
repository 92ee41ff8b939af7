"""How revenue and cash go on when something stops: traffic, subsidy, capital, or what a user sets."""
