"""Tables for the analyst: every column with its meaning, every cell with a value to sort by."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from thalweg.surfaces.format_values import (
    UNKNOWN,
    Language,
    format_count,
    format_date,
    format_duration,
    format_money,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import Texts

FIRST_ROWS = 12
MOST_ROWS = 5000


def _figure(value: float, _: Language) -> str:
    """A figure between 0 and 1 that is no part of anything, such as fitness."""
    return f"{value:.3f}"


def _p(value: float, _: Language) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


_FORMATS: dict[str, Callable[[Any, Language], str]] = {
    "count": format_count,
    "number": format_number,
    "share": format_share,
    "time": format_duration,
    "date": format_date,
    "month": format_month,
    "figure": _figure,
    "p": _p,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column as shown. kind: text, count, number, figure (0 to 1), p (a p-value), share, time
    (seconds), date, month or money."""

    title: str
    kind: str
    hint: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as shown: each cell is its text and what to sort by.

    total: rows there are; rows holds at most ``MOST_ROWS`` of them.
    """

    key: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[tuple[str, Any], ...], ...]
    total: int

    @property
    def first_rows(self) -> tuple[tuple[tuple[str, Any], ...], ...]:
        return self.rows[:FIRST_ROWS]

    def to_json(self) -> dict[str, Any]:
        """Rows for the page: text cells as text, others as [text, sort value]."""
        text = [c.kind == "text" for c in self.columns]
        rows = [
            [
                shown if is_text else [shown, value]
                for is_text, (shown, value) in zip(text, row, strict=True)
            ]
            for row in self.rows
        ]
        return {"total": self.total, "rows": rows}


EFFECTS = (
    ("intervention_name", "text"), ("outcome", "text"), ("role", "text"), ("smallest", "text"),
    ("effect", "text"), ("grade", "text"), ("in_words", "text"), ("p_holm", "p"),
    ("p_bh", "p"),
)  # fmt: skip
REFUSALS = (
    ("intervention_name", "text"), ("outcome", "text"), ("grade", "text"), ("why", "text"),
    ("remedy", "text"),
)  # fmt: skip
MECHANISM = (
    ("intervention_name", "text"), ("step", "text"), ("effect", "text"), ("p_bh", "p"),
)  # fmt: skip
EFFECT_CHECKS = (
    ("intervention_name", "text"), ("outcome", "text"), ("check", "text"), ("status", "text"),
    ("answer", "text"),
)  # fmt: skip
CANDIDATES = (
    ("changed_at", "text"), ("between", "text"), ("kind", "text"), ("step", "text"),
    ("recorded", "text"),
)  # fmt: skip


def table(key: str, frame: pl.DataFrame, columns: Sequence[tuple[str, str]], say: Texts) -> Table:
    """A frame as a table.

    Takes    columns: names in the frame with their kind, of money with the currency after a colon
             (money:CNY); titles and hints come from the
             catalogue under ``column.<name>`` and ``column_hint.<name>``. Names that the frame
             lacks are left out.
    """
    used = [(name, kind) for name, kind in columns if name in frame.columns]
    heads = tuple(
        Column(
            say(f"column.{name}"),
            kind.partition(":")[0],
            say(f"column_hint.{name}") if say.has(f"column_hint.{name}") else "",
        )
        for name, kind in used
    )
    picked = frame.select([name for name, _ in used]).head(MOST_ROWS)
    kinds = [kind for _, kind in used]
    rows = tuple(
        tuple(_cell(value, kind, say.language) for value, kind in zip(row, kinds, strict=True))
        for row in picked.iter_rows()
    )
    return Table(key, heads, rows, len(frame))


def _cell(value: Any, kind: str, language: Language) -> tuple[str, Any]:
    if kind == "text":
        shown = (
            " → ".join(value)
            if isinstance(value, list)
            else str(UNKNOWN if value is None else value)
        )
        return shown, shown
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNKNOWN, None
    base, _, currency = kind.partition(":")
    if base == "money":
        return format_money(value, currency, language), round(value, 2)
    shown = _FORMATS[base](value, language)
    if isinstance(value, datetime):
        return shown, int(value.timestamp())
    if isinstance(value, date):
        return shown, value.toordinal()
    return shown, round(value, 4) if isinstance(value, float) else value


ACTIVITIES = (
    ("activity", "text"), ("events", "count"), ("objects", "count"), ("repeats", "count"),
    ("rework_objects", "count"), ("rework_share", "share"), ("first", "date"), ("last", "date"),
)  # fmt: skip
PAIRS = (
    ("source", "text"), ("target", "text"), ("count", "count"), ("objects", "count"),
    ("mean_s", "time"), ("median_s", "time"), ("p90_s", "time"), ("min_s", "time"),
    ("max_s", "time"), ("total_s", "time"), ("wait_share", "share"), ("work_mean_s", "time"),
)  # fmt: skip
EDGES = (("activity", "text"), ("objects", "count"), ("share", "share"))
VARIANTS = (
    ("rank", "count"), ("activities", "text"), ("objects", "count"), ("share", "share"),
    ("mean_s", "time"), ("median_s", "time"),
)  # fmt: skip
LOOPS = (
    ("activity", "text"), ("objects", "count"), ("self_loops", "count"), ("self_loop_s", "time"),
    ("returns", "count"), ("return_s", "time"), ("lost_s", "time"),
)  # fmt: skip
SERVICE = (
    ("activity", "text"), ("pieces", "count"), ("service_mean_s", "time"),
    ("service_median_s", "time"), ("service_p90_s", "time"), ("wait_mean_s", "time"),
    ("wait_median_s", "time"), ("wait_p90_s", "time"), ("wait_total_s", "time"),
    ("of_wait_and_service", "share"),
)  # fmt: skip
HANDOVERS = (
    ("source", "text"), ("target", "text"), ("count", "count"), ("objects", "count"),
    ("mean_s", "time"), ("median_s", "time"), ("p90_s", "time"), ("total_s", "time"),
    ("share", "share"),
)  # fmt: skip
TIMELINE = (
    ("from", "date"), ("arrivals", "count"), ("completions", "count"), ("wip_start", "count"),
    ("wip_mean", "number"), ("observed_share", "share"),
)  # fmt: skip
TYPES = (
    ("type", "text"), ("objects", "count"), ("events", "count"), ("variants", "count"),
    ("median_duration_s", "time"), ("unfinished", "count"),
)  # fmt: skip
GRAPH = (("type", "text"), *PAIRS[:11])
SYNCHRONISATION = (
    ("activity", "text"), ("waiting_type", "text"), ("last_type", "text"), ("events", "count"),
    ("reached", "count"), ("waits", "count"), ("mean_s", "time"), ("total_s", "time"),
)  # fmt: skip
DELAYS = (
    ("from_type", "text"), ("to_type", "text"), ("waits", "count"), ("mean_s", "time"),
    ("total_s", "time"), ("flow_share", "share"),
)  # fmt: skip
INTERACTIONS = (
    ("type_a", "text"), ("type_b", "text"), ("events", "count"), ("meetings", "count"),
    ("object_pairs", "count"),
)  # fmt: skip
OBJECT_LINKS = (
    ("source_type", "text"), ("target_type", "text"), ("qualifier", "text"), ("links", "count"),
    ("object_pairs", "count"),
)  # fmt: skip
CONVERGENCE = (
    ("type", "text"), ("objects", "count"), ("events", "count"), ("entries_per_event", "number"),
    ("converging_events", "count"), ("converging_share", "share"), ("most_objects", "count"),
)  # fmt: skip
DIVERGENCE = (
    ("type", "text"), ("other_type", "text"), ("repeated", "count"), ("diverging", "count"),
    ("diverging_share", "share"), ("objects_share", "share"),
)  # fmt: skip
SOURCES = (
    ("name", "text"), ("format", "text"), ("rows_read", "count"), ("rows_kept", "count"),
    ("rows_set_aside", "count"), ("generation", "count"), ("sha256", "text"),
)  # fmt: skip
CURVE = (
    ("noise", "number"), ("activities_kept", "count"), ("transitions", "count"),
    ("fitness", "figure"), ("fitting_share", "share"), ("precision", "figure"), ("f1", "figure"),
    ("generalisation", "figure"), ("simplicity", "figure"),
)  # fmt: skip
RULES = (
    ("rule", "text"), ("severity", "text"), ("rule_checked", "count"), ("rule_violated", "count"),
    ("pending", "count"), ("not_checkable", "count"), ("objects_violating", "count"),
    ("share", "share"), ("excess_total_s", "time"), ("cost", "count"),
)  # fmt: skip
DEVIATIONS = (
    ("deviation_kind", "text"), ("deviation", "text"), ("after", "text"), ("occurrences", "count"),
    ("objects", "count"), ("share", "share"), ("low", "share"), ("high", "share"),
    ("spent_s", "time"), ("difference_s", "time"), ("difference_total_s", "time"), ("cost", "count"),
)  # fmt: skip
CONFORM_PARTIES = (
    ("party", "text"), ("objects", "count"), ("mean_fitness", "figure"), ("mean_low", "figure"),
    ("mean_high", "figure"), ("fitting_share", "share"),
)  # fmt: skip
CONFORM_VARIANTS = (
    ("rank", "count"), ("activities", "text"), ("objects", "count"), ("fitness", "figure"),
    ("cost_high", "count"),
)  # fmt: skip
TOP_WAITS = (
    ("rank", "count"), ("source", "text"), ("target", "text"), ("cause", "text"),
    ("total_s", "time"), ("waiting_share", "share"), ("waited", "count"), ("objects", "count"),
    ("between", "text"), ("examples", "text"), ("cost", "count"),
)  # fmt: skip
PAIR_CAUSES = (
    ("source", "text"), ("target", "text"), ("cause", "text"), ("waited", "count"),
    ("objects", "count"), ("total_s", "time"), ("mean_s", "time"), ("waiting_share", "share"),
)  # fmt: skip
WAITING_RESOURCES = (
    ("resource", "text"), ("steps", "count"), ("total_s", "time"), ("busy_s", "time"),
    ("contention_s", "time"), ("priority_s", "time"), ("batching_s", "time"),
    ("unavailable_s", "time"), ("weekly_hours", "number"),
)  # fmt: skip
WHAT_CHANGED = (
    ("change", "count"), ("kind", "text"), ("source", "text"), ("target", "text"),
    ("before", "text"), ("after", "text"), ("p_adjusted", "number"),
)  # fmt: skip
