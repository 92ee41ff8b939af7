"""The result of ``waits``: where time is lost, why, and between whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from thalweg.process.columns import (
    COUNT,
    FLAG,
    MAYBE,
    NUMBER,
    RANK,
    SECONDS,
    SHARE,
    TEXT,
    TEXTS,
    TIME,
    Columns,
    Json,
    result_schema,
    table_schema,
)
from thalweg.process.result import plain
from thalweg.process.waiting.causes import CAUSES

SCHEMA = "thalweg.waits/1"


@dataclass(frozen=True, slots=True, eq=False)
class WaitsResult:
    """Waiting of one object type, split into causes.

    kind: "waiting" where the records hold starts of work; "sojourn" where they don't, so that time
    between completions is all that can be split, service included. ``awaited``: the types whose
    objects an event waits for. ``total_s``: waiting of all objects, the sum of every table.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    awaited: tuple[str, ...]
    kind: Literal["waiting", "sojourn"]
    objects: int
    pieces: int
    steps: int
    waits: int
    total_s: float
    cost: float | None
    currency: str | None
    causes: pl.DataFrame
    pairs: pl.DataFrame
    pair_causes: pl.DataFrame
    top: pl.DataFrame
    resources: pl.DataFrame
    handovers: pl.DataFrame
    overlaps: pl.DataFrame
    missing: dict[str, str] = field(default_factory=dict)
    """Causes that the records cannot show, with the code of the reason."""
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON: times in ISO 8601 UTC, unknown figures as null."""
        body: dict[str, Any] = {"schema": SCHEMA}
        return body | {name: plain(getattr(self, name)) for name in self.__slots__}


_BY_CAUSE: Columns = {f"{name}_s": (SECONDS, f"waiting by {name}, summed") for name in CAUSES}
_COST: tuple[Json, str] = (NUMBER, "waiting times the cost per hour; null without costs")

PARTY_COLUMNS: Columns = {
    "source": (MAYBE, "who did the work before; null where not named"),
    "target": (MAYBE, "who did the work that waited; null where not named"),
    "total_s": (SECONDS, "this wait by this cause between the two, summed"),
    "share": (SHARE, "part of the row's time"),
}
EXAMPLE_COLUMNS: Columns = {
    "object": (TEXT, "id of the object"),
    "from_event": (COUNT, "row of the event whose completion ended the work before"),
    "to_event": (COUNT, "row of the event that began the work that waited"),
    "waited_from": (TIME, "completion of the work before"),
    "waited_to": (TIME, "start of the work that waited"),
    "cause_s": (SECONDS, "of this wait, the part by this cause"),
}
COLUMNS: dict[str, Columns] = {
    "causes": {
        "cause": ({"enum": list(CAUSES)}, "cause"),
        "identified": (FLAG, "whether the records can show this cause"),
        "waits": (COUNT, "waits with some time by it"),
        "objects": (COUNT, "objects with such a wait"),
        "total_s": (SECONDS, "time by it, summed; null where not identified"),
        "share": (SHARE, "part of all waiting; null where not identified"),
        "share_se": (
            SECONDS,
            "standard error of share, by leaving out weeks; null below ten weeks",
        ),
        "cost": _COST,
    },
    "pairs": {
        "source": (TEXT, "activity whose completion enabled the next"),
        "target": (TEXT, "activity that waited"),
        "steps": (COUNT, "waits of any length, zero included"),
        "waits": (COUNT, "waits longer than zero"),
        "objects": (COUNT, "objects with one longer than zero"),
        "total_s": (SECONDS, "waiting, summed"),
        "mean_s": (SECONDS, "mean over steps"),
        "share": (SHARE, "part of all waiting"),
        "cost": _COST,
    }
    | _BY_CAUSE,
    "pair_causes": {
        "source": (TEXT, "activity whose completion enabled the next"),
        "target": (TEXT, "activity that waited"),
        "cause": ({"enum": list(CAUSES)}, "cause"),
        "waits": (COUNT, "waits with some time by it"),
        "objects": (COUNT, "objects with such a wait"),
        "total_s": (SECONDS, "time by it, summed"),
        "mean_s": (SECONDS, "mean over the waits that have it"),
        "share": (SHARE, "part of all waiting"),
        "cost": _COST,
    },
    "resources": {
        "resource": (MAYBE, "who began the work; null where not named"),
        "steps": (COUNT, "waits that ended with this resource's work, zero included"),
        "total_s": (SECONDS, "waiting before its work, summed"),
        "share": (SHARE, "part of all waiting"),
        "busy_s": (SECONDS, "time at work, in the whole log"),
        "parallel_share": (SHARE, "part of busy_s with two pieces of work or more under way"),
        "shared": (FLAG, "mostly parallel, so no single server: being busy explains no wait"),
        "calendar": (
            {"enum": ["own", "pool", "log", "given", "none"]},
            "what its calendar rests on",
        ),
        "calendar_reason": (MAYBE, "why there is none"),
        "weekly_hours": (NUMBER, "hours of its calendar; null without one"),
    }
    | _BY_CAUSE,
    "handovers": {
        "source": (MAYBE, "who did the work before; null where not named"),
        "target": (MAYBE, "who did the work that waited; null where not named"),
        "steps": (COUNT, "waits of any length, zero included"),
        "waits": (COUNT, "waits longer than zero"),
        "total_s": (SECONDS, "waiting, summed"),
        "share": (SHARE, "part of all waiting"),
    }
    | _BY_CAUSE,
    "overlaps": {
        "conditions": (TEXT, "what held at the same time, joined by +; none: nothing known"),
        "total_s": (SECONDS, "time it held, over all work that waited for a named resource"),
    },
}
"""Every table of the result but ``top``: column, JSON type, meaning."""

TOP_COLUMNS: Columns = {
    "rank": (RANK, "by cost where costs are given, else by total_s"),
    **COLUMNS["pair_causes"],
    "between": (table_schema(PARTY_COLUMNS), "parties (resources without parties) it lies between"),
    "examples": (table_schema(EXAMPLE_COLUMNS), "the longest ones"),
}


def waits_json_schema() -> Json:
    """JSON Schema (2020-12) of a waits result."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": TEXT | {"description": "object type"},
        "awaited": TEXTS | {"description": "types whose objects an event waits for"},
        "kind": {
            "enum": ["waiting", "sojourn"],
            "description": "sojourn: no starts are recorded, so service is in every figure",
        },
        "objects": COUNT,
        "pieces": COUNT | {"description": "pieces of work of these objects"},
        "steps": COUNT | {"description": "pieces with known work before and a known start"},
        "waits": COUNT | {"description": "steps that waited longer than zero"},
        "total_s": SECONDS | {"description": "waiting of all objects, summed"},
        "cost": NUMBER | {"description": "of all waiting; null without costs"},
        "currency": MAYBE,
        "missing": {
            "type": "object",
            "additionalProperties": TEXT,
            "description": "causes that the records cannot show, with the reason",
        },
        "facts": {"type": "object", "description": "further figures"},
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    tables["top"] = table_schema(TOP_COLUMNS)
    return result_schema("Thalweg waits", scalars, tables)
