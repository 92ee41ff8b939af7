"""Tables of a ``judge`` result: every column with its kind and meaning, in one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from thalweg.change.schema import DAY, GRADE, SOME, WHOLE, YES, dtype
from thalweg.process.columns import (
    COUNT,
    FLAG,
    MAYBE,
    NUMBER,
    SHARE,
    TEXT,
    TEXTS,
    Columns,
    Json,
    record_schema,
    result_schema,
    table_schema,
)
from thalweg.verdict.result import REGIONS, SCHEMA

THESES = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10")
AXES = ("depth", "dependence", "capital_dependence")
BURDENS = ("time", "money", "failures")
CLASSES = ("matched", "spread_ready", "ineffective", "shelf", "unproven")
KNOWN: tuple[Json, str] = (TEXT, "how it is known: a label of the economy, or a design grade")
MISSING: tuple[Json, str] = (MAYBE, "code of why there is no value")
_INTERVAL: Columns = {
    "low": (NUMBER, "beginning of its interval"),
    "high": (NUMBER, "end of its interval"),
}

COLUMNS: dict[str, Columns] = {
    "regions": {
        "region": ({"enum": list(REGIONS)}, "region of the chart of depth by dependence"),
        "probability": (SHARE, "part of the joint draws that lie in it"),
    },
    "axes": {
        "axis": ({"enum": list(AXES)}, "axis of the chart"),
        "value": (NUMBER, "as a share; null where it cannot be told"),
        **_INTERVAL,
        "known": KNOWN,
        "least": (NUMBER, "smallest that the records allow, with what is not identified"),
        "most": (NUMBER, "largest that they allow"),
        "missing": MISSING,
    },
    "layers": {
        "layer": (TEXT, "id of the layer in the profile"),
        "burden": ({"enum": list(BURDENS)}, "what is measured"),
        "weight": (SHARE, "its part of the chain's burden before change"),
        "baseline": (NUMBER, "its burden before change, in unit"),
        "unit": (TEXT, "of baseline: h, share or a currency"),
        "treated_share": (SHARE, "part of its volume under treatment"),
        "effect": (NUMBER, "part of the burden removed where treated; harm is negative"),
        "depth": (NUMBER, "treated_share times effect"),
        "depth_low": (NUMBER, "beginning of its interval"),
        "depth_high": (NUMBER, "end of its interval"),
        "p": (SHARE, "p-value against the smallest depth that matters, after Holm's correction"),
        "counted": (FLAG, "whether it counts in the reach"),
        "known": KNOWN,
        "missing": MISSING,
    },
    "reach": {
        "burden": ({"enum": list(BURDENS)}, "what is measured"),
        "layers_reached": (SOME, "at least so many layers; null where it cannot be told"),
        "of_layers": (COUNT, "layers measured"),
        "confidence": (NUMBER, "with which layers_reached is said"),
        "beyond_lead_share": (
            NUMBER,
            "part of the whole effect outside the lead layer; null unless the whole is positive",
        ),
        **_INTERVAL,
    },
    "new_value": {
        "product": (TEXT, "id; * for all"),
        "name": (MAYBE, "its name"),
        "first_sale": (DAY, "when it was first sold"),
        "revenue": (NUMBER, "of the last twelve months, in the currency"),
        "share": (NUMBER, "of all revenue of those months"),
        "new": (YES, "first sold within the months that the profile names; null: not known"),
        "incremental": (NUMBER, "part of that revenue that displaced nothing; null: not known"),
        **_INTERVAL,
        "known": KNOWN,
    },
    "technology": {
        "intervention": (TEXT, "id"),
        "kind": (MAYBE, "technology, model, application, or another of the profile's"),
        "spend": (NUMBER, "research and roll-out, in the currency; null: not known"),
        "eligible_share": (SHARE, "part of the eligible units that have it"),
        "event_share": (SHARE, "part of the eligible events in which it is in use"),
        "effect": (NUMBER, "relative, of its headline outcome"),
        "grade": (GRADE, "design grade of that effect"),
        "class": ({"enum": list(CLASSES)}, "match of research and application"),
        "reason": (MAYBE, "code of what decided the class"),
    },
    "theses": {
        "thesis": ({"enum": list(THESES)}, "question that the records are asked"),
        "status": ({"enum": ["answered", "partly", "missing"]}, "how far they answer it"),
        "figures": (TEXTS, "ids of the figures that answer it"),
        "missing": (TEXTS, "codes of what is missing for the whole answer"),
        "adds": (TEXTS, "for each of them, the code of what it would let one know"),
    },
    "draws": {
        "draw": (WHOLE, "number of the joint draw"),
        "depth": (NUMBER, "depth in it"),
        "dependence": (NUMBER, "dependence in it"),
    },
}
FIGURE: Columns = {
    "id": (TEXT, "dotted and stable"),
    "value": ({"type": ["number", "string", "null"]}, "in unit; null where it is not known"),
    "low": ({"type": ["number", "string", "null"]}, "beginning of its interval"),
    "high": ({"type": ["number", "string", "null"]}, "end of its interval"),
    "unit": (TEXT, "share, ratio, count, h, month, date, text, or a currency in small letters"),
    "known": KNOWN,
    "method": (TEXT, "code of the method"),
    "assumptions": (TEXTS, "codes"),
    "checks": ({"type": "object"}, "check → finding, codes"),
    "found": ({"type": "object"}, "check → the figures of its finding"),
    "inputs": (TEXTS, "ids of the figures that it was made from"),
    "rows": ({"type": "array"}, "rows of the book behind it: table, where, between"),
    "request": ({"type": "object"}, "what was asked of the part that it comes from"),
    "missing": (TEXTS, "codes of why there is no value"),
    "name": (MAYBE, "what it is of, where the records name that"),
}
"""Of every figure in the JSON of a verdict."""


def frame(table: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a table whose columns are those declared, empty or not."""
    schema = {name: dtype(kind) for name, (kind, _) in COLUMNS[table].items()}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def judge_json_schema() -> Json:
    """JSON Schema (2020-12) of a verdict."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "verdict": {"enum": [*REGIONS, "not_enough_evidence"]},
        "reasons": TEXTS | {"description": "codes of what the verdict rests on"},
        "settle": TEXTS | {"description": "codes of what would settle it, most telling first"},
        "thresholds": record_schema(
            dict.fromkeys(("depth", "dependence", "probability", "layer"), NUMBER),
            "declared in the profile, before the data are seen",
        ),
        "facts": {"type": "object", "description": "names and further figures"},
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    return result_schema("Thalweg judge", scalars, tables | {"figures": table_schema(FIGURE)})
