"""Export: a book back into files that other tools read."""
