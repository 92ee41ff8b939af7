"""All commands; importing this module registers them."""

from thalweg.surfaces.cli import book, chart, ingest, inspect, map, report

__all__ = ["book", "chart", "ingest", "inspect", "map", "report"]
