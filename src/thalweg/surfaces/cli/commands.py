"""All commands; importing this module registers them."""

from thalweg.surfaces.cli import book, ingest, inspect, map, report

__all__ = ["book", "ingest", "inspect", "map", "report"]
