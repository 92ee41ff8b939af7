"""Tables of a ``prove`` result: every column with its kind and meaning, in one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from thalweg.process.columns import (
    COUNT,
    FLAG,
    MAYBE,
    NUMBER,
    SHARE,
    TEXT,
    TEXTS,
    TIME,
    Columns,
    Json,
    result_schema,
    table_schema,
)

SCHEMA = "thalweg.prove/1"
WHOLE: Json = {"type": "integer"}
SOME: Json = {"type": ["integer", "null"]}
DAY: Json = {"type": ["string", "null"], "format": "date"}
GRADE: Json = {"enum": ["A", "B", "C", "D", "N"]}
YES: Json = {"type": ["boolean", "null"]}

_DTYPES: list[tuple[Json, Any]] = [
    (TEXT, pl.String),
    (MAYBE, pl.String),
    (COUNT, pl.Int64),
    (WHOLE, pl.Int64),
    (SOME, pl.Int64),
    (NUMBER, pl.Float64),
    (SHARE, pl.Float64),
    (FLAG, pl.Boolean),
    (YES, pl.Boolean),
    (TEXTS, pl.List(pl.String)),
    (TIME, pl.Datetime("us", "UTC")),
    (DAY, pl.Date),
]

_ABOUT: Columns = {
    "intervention": (TEXT, "id of the intervention"),
    "outcome": (TEXT, "what was measured, such as flow_h or layer_h:processing"),
}
_ESTIMATE: Columns = {
    "att": (NUMBER, "mean effect on the treated cells, on the scale of estimation"),
    "se": (NUMBER, "its standard error; null without inference"),
    "low": (NUMBER, "beginning of its confidence interval"),
    "high": (NUMBER, "end of its confidence interval"),
}
_RELATIVE: Columns = {
    "relative": (NUMBER, "effect as a part of what would have been without it; null if undefined"),
    "relative_low": (NUMBER, "beginning of its interval"),
    "relative_high": (NUMBER, "end of its interval"),
}
_P: Columns = {
    "p": (SHARE, "p-value; null without inference"),
    "p_bh": (SHARE, "Benjamini and Hochberg's correction over all rows of the table"),
}

COLUMNS: dict[str, Columns] = {
    "effects": {
        **_ABOUT,
        "name": (TEXT, "name of the intervention"),
        "kind": (MAYBE, "of the intervention: technology, model, application"),
        "outcome_kind": (TEXT, "flow, layer, wait, pair, share, count or value"),
        "layer": (MAYBE, "layer that the outcome belongs to"),
        "role": (
            {"enum": ["headline", "relevant", "placebo", "other"]},
            "headline: named by the intervention, or the whole; placebo: should not move",
        ),
        "unit": (TEXT, "of effect, its interval, treated_mean and untreated_mean"),
        "scale": ({"enum": ["log", "level"]}, "of estimation"),
        "better": (MAYBE, "lower or higher, where that is said"),
        "units": (COUNT, "units that the estimate rests on"),
        "treated_units": (COUNT, "of them treated within the panel"),
        "periods": (COUNT, "months or weeks of the panel"),
        "treated_cells": (COUNT, "units times periods under treatment, with a known outcome"),
        "smallest_detectable": (
            NUMBER,
            "smallest relative change (levels: absolute) that this design finds with power 0.8",
        ),
        **_ESTIMATE,
        "p": (SHARE, "p-value; null without inference"),
        "p_holm": (SHARE, "Holm's correction over the headline rows, or the others"),
        "p_bh": (
            SHARE,
            "Benjamini and Hochberg's correction over the headline rows, or the others",
        ),
        **_RELATIVE,
        "effect": (NUMBER, "effect in the unit of the outcome, mean over treated cells"),
        "effect_low": (NUMBER, "beginning of its interval"),
        "effect_high": (NUMBER, "end of its interval"),
        "treated_mean": (NUMBER, "mean of the treated cells as recorded"),
        "untreated_mean": (NUMBER, "the same without the effect"),
        "method": (MAYBE, "estimator"),
        "reference": (MAYBE, "what the interval is taken from"),
        "freedom": (NUMBER, "degrees of freedom of a t law"),
        "confidence": (NUMBER, "of every interval in the row"),
        "second_method": (MAYBE, "the estimator beside it"),
        "second_att": (NUMBER, "its estimate"),
        "second_low": (NUMBER, "beginning of its interval"),
        "second_high": (NUMBER, "end of its interval"),
        "grade": (GRADE, "design grade"),
        "called_effect": (FLAG, "grades A to C only"),
        "found": (
            {"enum": ["improved", "worsened", "changed", "no_change_shown", "not_an_effect"]},
            "what may be said of it",
        ),
        "reasons": (TEXTS, "codes of what decided the grade"),
        "remedy": (MAYBE, "code of what would raise it"),
        "refused": (MAYBE, "code of why there is no estimate or no inference"),
    },
    "paths": {
        **_ABOUT,
        "method": (TEXT, "estimator"),
        "every": ({"enum": ["month", "week", "quarter"]}, "length of one step"),
        "horizon": (WHOLE, "steps since the first full one under treatment; negative: before"),
        **_ESTIMATE,
        **_RELATIVE,
        "cells": (COUNT, "cells behind the point"),
    },
    "cohorts": {
        **_ABOUT,
        "cohort": (DAY, "first full period under treatment"),
        "units": (COUNT, "units that began then"),
        **_ESTIMATE,
        **_RELATIVE,
        "cells": (COUNT, "treated cells"),
    },
    "checks": {
        **_ABOUT,
        "check": (TEXT, "code of what was checked"),
        "status": ({"enum": ["passed", "warning", "failed", "not_possible"]}, "answer"),
        "finding": (TEXT, "code of what was found"),
        "figures": (TEXT, "what the finding's words are filled with, as JSON"),
    },
    "doses": {
        **_ABOUT,
        "units": (COUNT, "treated units with an intensity"),
        "att": (NUMBER, "change of the effect per unit of intensity, on the scale of estimation"),
        "se": (NUMBER, "its standard error; null without inference"),
        "low": (NUMBER, "beginning of its confidence interval"),
        "high": (NUMBER, "end of its confidence interval"),
        **_P,
        "refused": (MAYBE, "code of why there is no estimate"),
    },
    "traits": {
        **_ABOUT,
        "trait": (TEXT, "attribute of the parties"),
        "group": (TEXT, "value of the attribute, or the half of a number"),
        "against": (MAYBE, "group that the difference is from; null: all other units"),
        "units": (COUNT, "treated units of the group"),
        **_ESTIMATE,
        **_RELATIVE,
        "difference": (NUMBER, "att of the group less that of the other treated units"),
        "difference_se": (NUMBER, "its standard error"),
        **_P,
        "refused": (MAYBE, "code of why there is no estimate"),
    },
    "mechanism": {
        "intervention": (TEXT, "id of the intervention"),
        "outcome": (TEXT, "wait_h:cause or pair_h:source → target"),
        "part": ({"enum": ["wait", "pair"]}, "a waiting cause, or the time between two steps"),
        "what": (TEXT, "the cause, or the two steps"),
        "unit": (TEXT, "of effect"),
        **_ESTIMATE,
        **_P,
        **_RELATIVE,
        "effect": (NUMBER, "in the unit, mean over treated cells"),
        "found": ({"enum": ["shorter", "longer", "no_change_shown"]}, "after correction"),
        "refused": (MAYBE, "code of why there is no estimate"),
    },
    "rollout": {
        "intervention": (TEXT, "id of the intervention"),
        "name": (TEXT, "its name"),
        "unit": (TEXT, "who got it"),
        "from": (DAY, "from when"),
        "to": (DAY, "until when; null: still"),
        "intensity": (NUMBER, "how much of it; null: not recorded"),
        "assignment": (MAYBE, "how the date came about: randomised or other"),
        "reason": (MAYBE, "why this unit at this time, as recorded"),
    },
    "raw": {
        **_ABOUT,
        "cohort": (DAY, "first full period under treatment; null: never treated"),
        "period": (DAY, "first day of the period"),
        "mean": (NUMBER, "mean over units of the outcome, in its unit"),
        "units": (COUNT, "units with a known outcome"),
        "objects": (COUNT, "objects behind it"),
    },
    "weights": {
        **_ABOUT,
        "kind": (
            {"enum": ["cell", "comparison"]},
            "cell: of the headline estimate; comparison: of Bacon's decomposition",
        ),
        "group": (TEXT, "unit, or the kind of comparison"),
        "cohort": (DAY, "first full period of the unit under treatment; null: never treated"),
        "period": (DAY, "first day of the period; null for comparisons"),
        "treated": (YES, "whether the cell was treated; null for comparisons"),
        "weight": (NUMBER, "part of the estimate"),
        "estimate": (NUMBER, "of the comparison; null for cells"),
    },
    "sensitivity": {
        **_ABOUT,
        "mbar": (NUMBER, "breach of parallel trends allowed, in largest breaches before"),
        "low": (NUMBER, "beginning of the interval that allows for it"),
        "high": (NUMBER, "end of it"),
    },
    "set_aside": {
        "intervention": (MAYBE, "id of the intervention; null: all of them"),
        "outcome": (MAYBE, "outcome; null: all of them"),
        "what": (TEXT, "code of what was left out"),
        "count": (COUNT, "how many"),
    },
    "candidates": {
        "at": (TIME, "best estimate of the instant of the change"),
        "low": (TIME, "beginning of its confidence interval"),
        "high": (TIME, "end of its confidence interval"),
        "kind": (TEXT, "control_flow or times"),
        "p_adjusted": (SHARE, "permutation p-value, corrected for all tests of drift"),
        "shape": (TEXT, "sudden, gradual or unclear"),
        "what": (MAYBE, "relation that differs most"),
        "recorded": (MAYBE, "intervention recorded to begin inside the interval, if any"),
    },
    "panel": {
        "outcome": (TEXT, "what was measured"),
        "unit": (TEXT, "firm, site or region"),
        "period": (DAY, "first day of the period"),
        "value": (NUMBER, "in the unit of the outcome; null: too few objects, or not over yet"),
        "objects": (COUNT, "objects behind it"),
    },
}


def dtype(kind: Json) -> Any:
    """The Polars type of a column's JSON kind; an enumeration is text."""
    return next((polars for known, polars in _DTYPES if known == kind), pl.String)


def frame(table: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a table whose columns are those declared, empty or not."""
    columns = COLUMNS[table]
    schema = {name: dtype(kind) for name, (kind, _) in columns.items()}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def prove_json_schema() -> Json:
    """JSON Schema (2020-12) of a prove result."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book, interventions and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": TEXT | {"description": "object type measured"},
        "every": {"enum": ["month", "week"], "description": "length of a period"},
        "units": COUNT,
        "periods": COUNT,
        "within_s": NUMBER | {"description": "window of the flow time's restricted mean"},
        "facts": {"type": "object", "description": "further figures"},
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    return result_schema("Thalweg prove", scalars, tables)
