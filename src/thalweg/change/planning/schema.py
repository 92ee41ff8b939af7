"""What ``thalweg prove --design --json`` prints: a JSON Schema, made from one list of columns."""

from __future__ import annotations

from thalweg.change.planning.result import SCHEMA
from thalweg.process.columns import (
    COUNT,
    MAYBE,
    NUMBER,
    RATIO,
    SHARE,
    TEXT,
    TEXTS,
    Columns,
    Json,
    record_schema,
    result_schema,
    table_schema,
)

_DAY: Json = {"type": ["string", "null"], "format": "date"}
_WAVE: Json = {"type": ["integer", "null"], "minimum": 1}
_SMALLEST: Columns = {
    "smallest_effect": (NUMBER, "smallest effect found with the wanted power; null: none is"),
    "smallest_effect_absolute": (NUMBER, "the same in the outcome's unit, at the baseline's mean"),
    "power": (SHARE, "chance of finding the effect that is hoped for; null: none was named"),
}
COLUMNS: dict[str, Columns] = {
    "power_curve": {
        "effect": (NUMBER, "relative for outcomes in logs, else in the outcome's unit"),
        "effect_absolute": (NUMBER, "in the outcome's unit"),
        "power": (SHARE, "chance of finding it"),
    },
    "by_wait": {
        "wait": (COUNT, "periods recorded from the beginning of the last wave on"),
        "until": (_DAY, "end of the records"),
    }
    | _SMALLEST,
    "by_units": {"units": (COUNT, "units like these")} | _SMALLEST,
    "waves": {
        "wave": (_WAVE, "number"),
        "from": (_DAY, "day on which it begins"),
        "drawn": (COUNT, "units drawn for it"),
        "fixed": (COUNT, "units bound to it"),
    },
    "strata": {
        "stratum": (TEXT, "empty where there is one only"),
        "wave": (_WAVE, "null: controls"),
        "units": (COUNT, "units drawn"),
    },
    "balance": {
        "wave": (_WAVE, "null: controls"),
        "units": (COUNT, "units drawn"),
        "level": (NUMBER, "mean of the baseline, on the scale of estimation"),
        "trend": (NUMBER, "mean rise per period"),
        "noise": (RATIO, "mean standard deviation of the noise"),
    },
    "designs": {
        "design": (
            TEXT,
            "waves, more_controls, half_at_once, pilot_of_two, groups, best_first, worst_first or "
            "all_at_once",
        ),
        "shares": (MAYBE, "equal or optimised waves"),
        "drawing": (MAYBE, "how dates are drawn; null: not drawn"),
        "treated": (COUNT, "units that begin"),
        "controls": (COUNT, "units that stay without"),
        "variance_ratio": (RATIO, "variance of the estimate by that of the chosen design"),
    }
    | _SMALLEST
    | {
        "bias": (NUMBER, "effect that would seem to be there if nothing happens, if not drawn"),
        "grade": ({"enum": ["A", "B", "N"]}, "best design grade that it can reach"),
    },
    "assignment": {
        "unit": (TEXT, "unit"),
        "wave": (_WAVE, "null: no date"),
        "from": (_DAY, "null: no date"),
        "stratum": (MAYBE, "within which its date was drawn"),
        "assignment": ({"enum": ["randomised", "planned", "excluded"]}, "how it came about"),
        "why": (
            {"enum": ["drawn", "drawn_control", "bound_to_first", "excluded"]},
            "drawn, drawn to stay without, bound to the first wave, or left out",
        ),
    },
}
"""Every table of a plan: column, JSON type, meaning."""
_BASELINE: dict[str, Json] = {
    "units": COUNT,
    "periods": COUNT,
    "periods_left_out": COUNT | {"description": "periods that the roll-out already touches"},
    "known_share": SHARE,
    "mean": NUMBER | {"description": "of the cells, in the outcome's unit"},
    "noise_sd": RATIO | {"description": "of a cell, on the scale of estimation"},
    "noise_sd_least": RATIO,
    "noise_sd_most": RATIO,
    "persistence": SHARE | {"description": "autocorrelation of the persistent part of noise"},
    "fresh_share": SHARE | {"description": "part of the noise that is new in every period"},
    "shared": SHARE | {"description": "correlation within groups, beyond what all share"},
}
_FOUND: dict[str, Json] = {
    **{name: kind | {"description": text} for name, (kind, text) in _SMALLEST.items()},
    "smallest_effect_admitted": NUMBER
    | {"description": "the same if compared only with assignments that could have been drawn"},
    "false_positives": SHARE | {"description": "chance of finding an effect that is not there"},
    "estimate_sd": RATIO | {"description": "of the estimate, on the scale of estimation"},
    "units": COUNT,
    "groups": {"type": ["integer", "null"]},
    "waves": COUNT,
    "controls": COUNT,
    "fixed": COUNT,
    "excluded": COUNT,
    "shares": TEXT,
    "drawing": TEXT,
    "straddle": COUNT,
    "until": _DAY,
    "assignments_log10": RATIO | {"description": "of the number of different assignments"},
    "reference": TEXT | {"description": "what the estimate is compared with"},
}


def planning_json_schema() -> Json:
    """JSON Schema (2020-12) of a plan."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names baseline and request together"},
        "request": {"type": "object", "description": "what was asked"},
        "outcome": {"type": "object", "description": "name, unit, scale, every"},
        "baseline": record_schema(_BASELINE, "what the baseline is like"),
        "found": record_schema(_FOUND, "what the chosen design could show"),
        "warnings": TEXTS,
        "assumptions": TEXTS,
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    return result_schema("Thalweg planning", scalars, tables)
