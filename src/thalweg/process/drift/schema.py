"""What ``thalweg drift --json`` prints: a JSON Schema, made from one list of columns."""

from __future__ import annotations

from thalweg.process.columns import (
    COUNT,
    MAYBE,
    NUMBER,
    RANK,
    RATIO,
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
from thalweg.process.drift.drift import SCHEMA

_ABOUT: Columns = {
    "group": (TEXT, "party, resource or value; empty where all objects are one group"),
    "kind": ({"enum": ["control_flow", "times"]}, "paths, or times"),
}
_REASON = (MAYBE, "why it could not be tested: few_objects, serial_dependence and others; or null")

COLUMNS: dict[str, Columns] = {
    "groups": _ABOUT
    | {
        "objects": (COUNT, "objects of the group"),
        "watched": (COUNT, "those that began a window or more before the end of observation"),
        "window_s": (SECONDS, "how long each object was watched"),
        "changes": (COUNT, "changes found"),
        "reason": _REASON,
    },
    "changes": {
        "change": (RANK, "number of the change"),
        **_ABOUT,
        "at": (TIME, "best estimate of its instant, UTC"),
        "low": (TIME, "beginning of the confidence interval"),
        "high": (TIME, "end of the confidence interval"),
        "rank": (RANK, "first object, in the order of beginnings, that began after it"),
        "rank_low": (RANK, "the same at low"),
        "rank_high": (RANK, "the same at high"),
        "objects_before": (COUNT, "objects compared, back to the change before"),
        "objects_after": (COUNT, "objects compared, up to the next change"),
        "under_way": (COUNT, "objects begun before it and not over: they show both ways"),
        "p": (SHARE, "permutation p-value of the test that found it"),
        "p_adjusted": (SHARE, "the same, corrected for all tests of the result"),
        "shape": ({"enum": ["sudden", "gradual", "unclear"]}, "how it took hold"),
        "from": (TIME, "beginning of a gradual change"),
        "to": (TIME, "end of a gradual change"),
        "affects": (
            {"enum": ["steps", "objects", "unclear"]},
            "steps: objects under way changed as well; objects: only those that began later",
        ),
        "rerouted_steps": (RATIO, "steps per object that now lead elsewhere (control_flow)"),
        "wait_change_s": (NUMBER, "mean change of the times per object, summed (times)"),
    },
    "what_changed": {
        "change": (RANK, "number of the change"),
        **_ABOUT,
        "source": (MAYBE, "step; null: the beginning; *: any step (its sources alike)"),
        "target": (MAYBE, "what followed; null: nothing"),
        "before": (RATIO, "part of the objects' such steps (control_flow); median in s (times)"),
        "after": (RATIO, "the same after the change"),
        "difference": (NUMBER, "after less before"),
        "objects_before": (COUNT, "objects that reached the step, or have the time"),
        "objects_after": (COUNT, "the same after the change"),
        "p": (SHARE, "Welch's test between runs of objects"),
        "p_adjusted": (SHARE, "Holm's correction over the relations of this change"),
    },
    "series": _ABOUT
    | {
        "from": (TIME, "beginning of the run's first object"),
        "to": (TIME, "beginning of its last object"),
        "objects": (COUNT, "objects of the run"),
        "level": (NUMBER, "along the direction in which runs vary most; no unit"),
    },
    "stretches": _ABOUT
    | {
        "first": (RANK, "first object"),
        "last": (COUNT, "last object"),
        "units": (COUNT, "runs of objects that were shuffled"),
        "unit_objects": (COUNT, "objects in each"),
        "level": (SHARE, "what p was compared with"),
        "statistic": (RATIO, "largest distance between two sides of a split"),
        "p": (SHARE, "permutation p-value; an early end of the shuffles makes it approximate"),
        "rounds": (COUNT, "shuffles"),
        "split": ({"type": ["integer", "null"]}, "where it was split"),
        "reason": _REASON,
    },
}
"""Every table of a drift result: column, JSON type, meaning."""


def drift_json_schema() -> Json:
    """JSON Schema (2020-12) of a drift result."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": TEXT | {"description": "object type"},
        "objects": COUNT,
        "tests": COUNT | {"description": "groups times kinds, over which alpha is shared"},
        "groups_left_out": COUNT | {"description": "smaller groups that were not tested"},
        "facts": {"type": "object", "description": "further figures"},
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    return result_schema("Thalweg drift", scalars, tables)
