"""Layout: where the nodes of a model lie, and how its flows run between them."""
