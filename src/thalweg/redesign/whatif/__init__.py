"""What-ifs: typed changes of a model, and lives with and without them on the same chance events."""
