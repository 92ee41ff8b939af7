"""Discovery: a model of the real process, made from its weighted variants or from its counts."""
