"""What ``thalweg conform --json`` prints: a JSON Schema, made from one list of columns."""

from __future__ import annotations

from thalweg.process.columns import (
    COUNT,
    FLAG,
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
    record_schema,
    table_schema,
)
from thalweg.process.conformance.deviations import KINDS
from thalweg.process.conformance.result import SCHEMA
from thalweg.process.conformance.rules.kinds import KINDS as RULE_KINDS
from thalweg.process.conformance.rules.kinds import SEVERITIES
from thalweg.process.conformance.rules.verdicts import REASONS

_MAYBE_RANK: Json = {"type": ["integer", "null"], "minimum": 1}
_EXAMPLES: Json = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"object": TEXT, "event": {"type": ["integer", "null"]}},
        "required": ["object", "event"],
        "additionalProperties": False,
    },
}
_COST: Columns = {
    "cost": (NUMBER, "what the occurrences cost, each event or object once; null: not known"),
    "cost_unknown": (COUNT, "events or objects whose cost is not stated"),
    "cost_reason": (MAYBE, "code: why there is no cost, or what it lacks"),
}
FITNESS: Columns = {
    "objects": (COUNT, "objects"),
    "events": (COUNT, "their events"),
    "cost_low": (COUNT, "moves that no alignment can do without, summed"),
    "cost_high": (COUNT, "moves of the alignments found; equal to cost_low where all are exact"),
    "fitness": (SHARE, "1 − cost_high ÷ (events + shortest run of the model), over all objects"),
    "fitness_bound": (SHARE, "the same with cost_low: the fitness is not above it"),
    "mean_fitness": (SHARE, "mean fitness of an object"),
    "mean_low": (SHARE, "lower bound of its interval, objects as units, capped ones at worst"),
    "mean_high": (SHARE, "upper bound, capped ones at best; null where nothing varies"),
    "fitting": (COUNT, "objects without any deviation"),
    "fitting_share": (SHARE, "part of objects"),
    "fitting_low": (SHARE, "lower bound (Wilson)"),
    "fitting_high": (SHARE, "upper bound (Wilson)"),
    "capped": (COUNT, "objects whose alignment hit a cap and has bounds"),
}

COLUMNS: dict[str, Columns] = {
    "deviations": {
        "kind": ({"enum": list(KINDS)}, "what was done beside the model, or rule"),
        "name": (TEXT, "activity, or id of the rule"),
        "after": (MAYBE, "model step that it came after; null at the beginning and for rules"),
        "severity": ({"enum": [*SEVERITIES, None]}, "of the rule"),
        "type": (TEXT, "object type"),
        "occurrences": (COUNT, "how often"),
        "objects": (COUNT, "in how many objects"),
        "of_objects": (COUNT, "objects that could have it"),
        "share": (SHARE, "objects of of_objects"),
        "low": (SHARE, "lower bound (Wilson)"),
        "high": (SHARE, "upper bound (Wilson)"),
        "spent_s": (SECONDS, "from the event before to it, or beyond the limit, summed"),
        "with_mean_s": (SECONDS, "mean duration of finished objects that have it"),
        "without_mean_s": (SECONDS, "mean duration of finished objects that have not"),
        "difference_s": (NUMBER, "with less without: a difference, not an effect"),
        "difference_low_s": (NUMBER, "lower bound (Welch)"),
        "difference_high_s": (NUMBER, "upper bound (Welch)"),
        "difference_total_s": (NUMBER, "the difference times the objects that have it"),
        **_COST,
        "rank_often": (RANK, "by occurrences"),
        "rank_long": (_MAYBE_RANK, "by difference_total_s; null where that is not known"),
        "rank_costly": (_MAYBE_RANK, "by cost; null where that is not known"),
        "examples": (_EXAMPLES, "first occurrences: object, and event row in the book"),
    },
    "variants": {
        "rank": (RANK, "1 is the most frequent"),
        "activities": (TEXTS, "the sequence"),
        "objects": (COUNT, "objects that went this way"),
        "share": (SHARE, "part of all objects"),
        "cost_low": (COUNT, "moves that no alignment can do without"),
        "cost_high": (COUNT, "moves of the alignment found"),
        "fitness": (SHARE, "1 − cost_high ÷ (events + shortest run of the model)"),
        "fitness_bound": (SHARE, "the same with cost_low"),
        "exact": (FLAG, "whether both are equal for certain"),
    },
    "months": {"from": (TIME, "beginning of the local month, UTC"), **FITNESS},
    "parties": {
        "party": (TEXT, "who took part in the objects; an object counts for each"),
        **FITNESS,
        "role": ({"enum": ["party", "resource"]}, "which column party was read from"),
    },
    "rules": {
        "rule": (TEXT, "id"),
        "kind": ({"enum": list(RULE_KINDS)}, "kind of rule"),
        "severity": ({"enum": list(SEVERITIES)}, "as its owner gave it"),
        "type": (TEXT, "object type that it is about"),
        "text_en": (MAYBE, "what it says, in English"),
        "text_zh": (MAYBE, "what it says, in Chinese"),
        "checked": (COUNT, "checks with a verdict"),
        "violated": (COUNT, "those that were violated"),
        "pending": (COUNT, "checks of open objects that may still be kept"),
        "not_checkable": (COUNT, "checks without a verdict, see not_checkable"),
        "objects": (COUNT, "objects with a verdict"),
        "objects_violating": (COUNT, "those with a violation"),
        "share": (SHARE, "objects_violating of objects"),
        "low": (SHARE, "lower bound (Wilson)"),
        "high": (SHARE, "upper bound (Wilson)"),
        "excess_total_s": (SECONDS, "time beyond the limit, summed, in the limit's own time"),
        "excess_median_s": (SECONDS, "median time beyond the limit"),
        **_COST,
    },
    "not_checkable": {
        "rule": (TEXT, "id"),
        "reason": ({"enum": list(REASONS[1:])}, "code"),
        "count": (COUNT, "checks"),
        "example": (TEXT, "an object"),
    },
}
"""Every table of a conform result: column, JSON type, meaning."""

_MODEL: dict[str, Json] = {
    "source": MAYBE | {"description": "file or kind of model, and digest; null if discovered"},
    "noise": SHARE | {"description": "threshold that it was discovered with"},
    "places": COUNT,
    "transitions": COUNT,
    "arcs": COUNT,
    "activities": TEXTS,
    "unknown_to_model": TEXTS | {"description": "activities that only the records have"},
    "never_done": TEXTS | {"description": "activities that only the model has"},
    "labels_fitted": {
        "type": "object",
        "description": "labels of the model that differ from a recorded name in blanks, with it",
    },
    "assumed": TEXTS | {"description": "codes of what the model's file did not say"},
    "left_out": {"type": "object", "description": "elements of the file that the model has not"},
    "faults": {
        "type": "array",
        "description": "what is wrong with the net; none if it is sound",
        "items": {
            "type": "object",
            "properties": {"code": TEXT, "count": COUNT, "examples": TEXTS},
            "required": ["code", "count", "examples"],
            "additionalProperties": False,
        },
    },
    "tree": MAYBE | {"description": "process tree, if it is one"},
    "shortest_run": RATIO | {"description": "visible steps of the model's shortest run"},
    "variants": COUNT,
    "variants_exact": COUNT | {"description": "variants whose alignment is exact"},
}


def conform_json_schema() -> Json:
    """JSON Schema (2020-12) of a conform result."""
    figures = {name: kind | {"description": text} for name, (kind, text) in FITNESS.items()}
    whole = record_schema(figures, "all objects")
    finished = record_schema(figures, "finished objects alone")
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": TEXT | {"description": "object type"},
        "objects": COUNT,
        "unfinished": COUNT | {"description": "open objects: what they may still do is pending"},
        "horizon": TIME | {"description": "when observation ended"},
        "model": _or_null(record_schema(_MODEL, "the model; null where none was asked for")),
        "fitness": _or_null(whole),
        "fitness_finished": _or_null(finished),
        "pending_steps": COUNT | {"description": "steps that open objects have still to take"},
        "missing": {
            "type": "object",
            "additionalProperties": TEXT,
            "description": "parts that are absent, with the reason",
        },
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thalweg conform",
        "type": "object",
        "properties": scalars | tables,
        "required": [*scalars, "deviations"],
        "additionalProperties": False,
    }


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}
