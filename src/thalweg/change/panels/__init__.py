"""Panels: outcomes by unit and period, counted in one pass over a book."""
