"""Thalweg (深泓): from an industry's own records to how its work really runs.

Records become a book; a book gives perspectives; every measure is a mergeable
aggregate over a perspective; everything clever works on those small aggregates.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thalweg.change.prove import prove_book as prove
    from thalweg.economy.sustain import sustain_book as sustain
    from thalweg.process.conformance.conform import conform_book as conform
    from thalweg.process.discovery.discover import discover_book as discover
    from thalweg.process.drift.drift import drift_book as drift
    from thalweg.process.map import map_book as map
    from thalweg.process.waiting.waits import waits_book as waits
    from thalweg.records.ingest import ingest
    from thalweg.records.mapping.flat import FlatMapping, load_mapping
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.report import write_report
    from thalweg.verdict.judge import judge_book as judge

__version__ = "0.1.0"

_HOMES = {
    "conform": ("thalweg.process.conformance.conform", "conform_book"),
    "discover": ("thalweg.process.discovery.discover", "discover_book"),
    "FlatMapping": ("thalweg.records.mapping.flat", "FlatMapping"),
    "load_mapping": ("thalweg.records.mapping.flat", "load_mapping"),
    "drift": ("thalweg.process.drift.drift", "drift_book"),
    "ingest": ("thalweg.records.ingest", "ingest"),
    "open_book": ("thalweg.records.store.book", "open_book"),
    "judge": ("thalweg.verdict.judge", "judge_book"),
    "map": ("thalweg.process.map", "map_book"),
    "prove": ("thalweg.change.prove", "prove_book"),
    "sustain": ("thalweg.economy.sustain", "sustain_book"),
    "waits": ("thalweg.process.waiting.waits", "waits_book"),
    "write_report": ("thalweg.surfaces.report", "write_report"),
}

__all__ = [
    "FlatMapping",
    "__version__",
    "conform",
    "discover",
    "drift",
    "ingest",
    "judge",
    "load_mapping",
    "map",
    "open_book",
    "prove",
    "sustain",
    "waits",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load a public verb where it is first used, so that the import stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
