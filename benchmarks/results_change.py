"""The part of RESULTS.md on panels and effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from results_bar import Bar

NAMES = {
    "change_ingest": "Thalweg, Parquet to a finished book",
    "change_panels": "Thalweg, all default outcomes by firm and month",
    "change_alike": "Thalweg, restricted flow and layer times",
    "change_prove": "Thalweg, prove: ten interventions, ten outcomes, all checks",
    "change_duckdb": "DuckDB, restricted flow and layer times",
    "change_polars": "Polars, restricted flow and layer times",
}
BAR_S = 120.0
JUDGED = "10"
Table = Callable[[dict[str, Any]], Iterator[str]]


def change_bars(kept: dict[str, Any]) -> Iterator[Bar]:
    """Bars of panels and effects that the figures at hand can judge."""
    sizes = kept.get("change", {}).get("sizes", {})
    proved = sizes.get(JUDGED, {}).get("change_prove", {})
    if proved.get("seconds"):
        work = "prove, 10 interventions × 10 outcomes × 500 firms × 60 months, 10 M events"
        yield Bar(work, "under two minutes", proved["seconds"]["prove"], BAR_S, 1)


def change_pages(kept: dict[str, Any], table: Table) -> Iterator[str]:
    """The tables behind these bars."""
    found = kept.get("change")
    if found is None:
        return
    for size, one in sorted(found["sizes"].items(), key=lambda item: int(item[0])):
        yield f"\n## Panels and effects, {size} million events, {found['date']}\n"
        yield (
            f"{found['load']} The queueing world of the causes of waiting, dealt to 500 firms over "
            "five years; the interventions do nothing, so that none should be called an effect. "
            "Flow and layer times are the same sums in hours for all three.\n"
        )
        yield from table(one)
