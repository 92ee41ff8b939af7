"""All commands; importing this module registers them."""

from thalweg.surfaces.cli import (
    book,
    chart,
    conform,
    demo,
    discover,
    drift,
    explain,
    ingest,
    inspect,
    judge,
    map,
    profile,
    prove,
    report,
    sustain,
    waits,
)

__all__ = [
    "book",
    "chart",
    "conform",
    "demo",
    "discover",
    "drift",
    "explain",
    "ingest",
    "inspect",
    "judge",
    "map",
    "profile",
    "prove",
    "report",
    "sustain",
    "waits",
]
