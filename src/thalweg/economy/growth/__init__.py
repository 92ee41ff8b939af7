"""What growth consists of: bought, earned, common to the market, and what nothing explains."""
