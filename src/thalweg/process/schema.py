"""What ``thalweg map --json`` prints: a JSON Schema, made from one list of columns."""

from __future__ import annotations

from typing import Any

from thalweg.process.result import SCHEMA

Json = dict[str, Any]
Columns = dict[str, tuple[Json, str]]

_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}
_COUNT: Json = {"type": "integer", "minimum": 0}
_RANK: Json = {"type": "integer", "minimum": 1}
_SECONDS: Json = {"type": ["number", "null"], "minimum": 0}
_SHARE: Json = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_RATIO: Json = {"type": ["number", "null"], "minimum": 0}
_TIME: Json = {"type": ["string", "null"], "format": "date-time"}
_TEXTS: Json = {"type": "array", "items": _TEXT}

_PAIR: Columns = {
    "source": (_TEXT, "what came before"),
    "target": (_TEXT, "what directly followed it in the same object"),
    "count": (_COUNT, "how often"),
    "objects": (_COUNT, "in how many distinct objects"),
    "mean_s": (_SECONDS, "mean time between the two"),
    "median_s": (_SECONDS, "median time between the two, exact"),
    "p90_s": (_SECONDS, "time that nine in ten stay within, exact"),
}
_EXTREMES: Columns = {
    "min_s": (_SECONDS, "shortest time"),
    "max_s": (_SECONDS, "longest time"),
    "total_s": (_SECONDS, "sum of all times"),
    "wait_share": (_SHARE, "part of the sum over all pairs"),
}
_HANDOVER: Columns = _PAIR | {
    "total_s": (_SECONDS, "sum of all times"),
    "share": (_SHARE, "part of all handovers"),
}
_EDGE: Columns = {
    "activity": (_TEXT, "first or last activity"),
    "objects": (_COUNT, "objects that begin or end with it"),
    "share": (_SHARE, "part of all objects"),
}

COLUMNS: dict[str, Columns] = {
    "activities": {
        "activity": (_TEXT, "name"),
        "events": (_COUNT, "distinct events"),
        "entries": (_COUNT, "event and object counted together"),
        "objects": (_COUNT, "distinct objects that have it"),
        "first": (_TIME, "first occurrence, UTC"),
        "last": (_TIME, "last occurrence, UTC"),
        "rework_objects": (_COUNT, "objects that have it more than once"),
        "repeats": (_COUNT, "occurrences after the first in the same object"),
        "rework_share": (_SHARE, "rework_objects of objects"),
    },
    "pairs": _PAIR | _EXTREMES,
    "starts": _EDGE,
    "ends": _EDGE,
    "top_variants": {
        "rank": (_RANK, "1 is the most frequent"),
        "activities": (_TEXTS, "the sequence"),
        "objects": (_COUNT, "objects that went this way"),
        "share": (_SHARE, "part of all objects"),
        "mean_s": (_SECONDS, "mean time from first to last event"),
        "median_s": (_SECONDS, "median time from first to last event"),
    },
    "duration_curve": {
        "time_s": (_SECONDS, "time since the first event"),
        "share_open": (_SHARE, "part not finished by then (Kaplan–Meier)"),
        "low": (_SHARE, "lower bound, pointwise"),
        "high": (_SHARE, "upper bound, pointwise"),
    },
    "loops": {
        "activity": (_TEXT, "activity done again"),
        "objects": (_COUNT, "objects in which it is"),
        "self_loops": (_COUNT, "times it directly followed itself"),
        "self_loop_s": (_SECONDS, "time in between, summed"),
        "returns": (_COUNT, "times it came again after other work"),
        "return_s": (_SECONDS, "time in between, summed"),
        "lost_s": (_SECONDS, "first to last occurrence, summed over objects"),
    },
    "timeline": {
        "from": (_TIME, "beginning of the period, UTC"),
        "to": (_TIME, "end of the period, UTC"),
        "arrivals": (_COUNT, "objects whose first event lies in it"),
        "completions": (_COUNT, "finished objects whose last event lies in it"),
        "wip_start": (_COUNT, "objects in progress at its beginning"),
        "wip_mean": (_RATIO, "mean number in progress over its observed part"),
        "observed_share": (_SHARE, "part of it that was observed"),
    },
    "handovers_resource": _HANDOVER,
    "handovers_party": _HANDOVER,
    "service": {
        "activity": (_TEXT, "name"),
        "pieces": (_COUNT, "pieces of work with known start and completion"),
        "service_total_s": (_SECONDS, "start to completion, summed"),
        "service_mean_s": (_SECONDS, "mean"),
        "service_median_s": (_SECONDS, "median, exact"),
        "service_p90_s": (_SECONDS, "nine in ten within, exact"),
        "waited": (_COUNT, "pieces with a completion before their start"),
        "wait_total_s": (_SECONDS, "latest completion before to start, summed"),
        "wait_mean_s": (_SECONDS, "mean"),
        "wait_median_s": (_SECONDS, "median, exact"),
        "wait_p90_s": (_SECONDS, "nine in ten within, exact"),
        "wait_share": (_SHARE, "waiting of waiting and service"),
    },
    "graph": {"type": (_TEXT, "object type"), **_PAIR, **_EXTREMES},
    "synchronisation": {
        "activity": (_TEXT, "activity of the event that needs several objects"),
        "waiting_type": (_TEXT, "type of the objects that waited"),
        "last_type": (_TEXT, "type of the object that came last"),
        "events": (_COUNT, "events at which it came last"),
        "reached": (_COUNT, "objects of waiting_type that reached them, each event"),
        "waits": (_COUNT, "those that waited longer than zero"),
        "total_s": (_SECONDS, "waiting, summed"),
        "mean_s": (_SECONDS, "mean of the waits"),
    },
    "delays": {
        "from_type": (_TEXT, "type that came last"),
        "to_type": (_TEXT, "type that waited"),
        "waits": (_COUNT, "objects that waited, each event"),
        "total_s": (_SECONDS, "waiting, summed"),
        "mean_s": (_SECONDS, "mean"),
        "flow_share": (_SHARE, "part of all time between events of to_type"),
    },
    "interactions": {
        "type_a": (_TEXT, "object type"),
        "type_b": (_TEXT, "object type"),
        "events": (_COUNT, "events with such a pair of objects"),
        "meetings": (_COUNT, "pairs summed over events"),
        "object_pairs": (
            {"type": ["integer", "null"], "minimum": 0},
            "distinct pairs; null where there were too many to list",
        ),
    },
    "object_links": {
        "source_type": (_MAYBE, "type of the linking object; null if it is not in the book"),
        "target_type": (_MAYBE, "type of the linked object; null if it is not in the book"),
        "qualifier": (_MAYBE, "what the link says"),
        "links": (_COUNT, "links of the whole book, filters aside"),
        "object_pairs": (_COUNT, "distinct pairs of objects"),
    },
    "convergence": {
        "type": (_TEXT, "object type"),
        "objects": (_COUNT, "objects"),
        "events": (_COUNT, "distinct events"),
        "entries": (_COUNT, "event and object counted together"),
        "entries_per_event": (_RATIO, "how often flattening counts an event"),
        "converging_events": (_COUNT, "events with several objects of the type"),
        "converging_share": (_SHARE, "part of events"),
        "most_objects": (_COUNT, "most objects of the type in one event"),
    },
    "divergence": {
        "type": (_TEXT, "object type"),
        "other_type": (_TEXT, "type whose objects differ between the repetitions"),
        "repeated": (_COUNT, "pairs of object and activity with several events"),
        "diverging": (_COUNT, "those whose events concern different other objects"),
        "diverging_share": (_SHARE, "part of repeated"),
        "objects": (_COUNT, "objects with such a pair"),
        "objects_share": (_SHARE, "part of all objects"),
    },
}
"""Every table of a map result: column, JSON type, meaning. Times ending in _s are seconds."""

WORK_COLUMNS: Columns = {
    "work_mean_s": (_SECONDS, "mean working time between the two"),
    "work_total_s": (_SECONDS, "working time, summed"),
}
"""Further columns of ``pairs`` where a calendar counts working time."""

_COMPLETION: dict[str, Json] = {
    "rule": {"enum": ["given", "learned"]},
    "ends": _TEXTS | {"description": "activities after which an object is finished"},
    "horizon": _TIME | {"description": "when observation ended"},
    "by_end": _COUNT | {"description": "objects that reached an end"},
    "by_silence": _COUNT | {"description": "finished by long silence alone"},
    "unfinished": _COUNT | {"description": "censored at the horizon"},
    "beyond_horizon": _COUNT | {"description": "objects with an event after the horizon"},
}
_DURATIONS: dict[str, Json] = {
    "objects": _COUNT,
    "finished": _COUNT,
    "unfinished": _COUNT,
    "confidence": _SHARE | {"description": "of each interval"},
    **{
        f"{name}{bound}_s": _SECONDS
        for name in ("p25", "median", "p75", "p90", "mean")
        for bound in ("", "_low", "_high")
    },
    "restricted_s": _SECONDS | {"description": "the mean is that of min(duration, this)"},
    "naive_mean_s": _SECONDS | {"description": "of finished objects alone, for comparison"},
}

ALWAYS = ("activities", "pairs", "starts", "ends", "top_variants", "duration_curve")


def map_json_schema() -> Json:
    """JSON Schema (2020-12) of a map result."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": _TEXT | {"description": "names book and request together"},
        "book": _TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": _TEXT | {"description": "object type"},
        "types": _TEXTS | {"description": "all object types of the book"},
        "events": _COUNT | {"description": "distinct events"},
        "entries": _COUNT | {"description": "event and object counted together"},
        "objects": _COUNT,
        "first": _TIME,
        "last": _TIME,
        "variants": _COUNT | {"description": "different sequences of activities"},
        "completion": _record(_COMPLETION, "who is finished, by which rule"),
        "durations": _record(_DURATIONS, "Kaplan–Meier figures with intervals"),
        "missing": {
            "type": "object",
            "additionalProperties": _TEXT,
            "description": "measures that the records cannot give, with the reason",
        },
        "facts": {"type": "object", "description": "further figures by measure"},
        "warnings": _TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
        "shown": {"type": ["object", "null"], "description": "what a simplified map keeps"},
    }
    tables = {name: _table(name) for name in COLUMNS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thalweg map",
        "type": "object",
        "properties": scalars | tables,
        "required": [*scalars, *ALWAYS],
        "additionalProperties": False,
    }


def _record(properties: dict[str, Json], text: str) -> Json:
    return {
        "type": "object",
        "description": text,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _table(name: str) -> Json:
    columns = COLUMNS[name]
    further: Columns = WORK_COLUMNS if name == "pairs" else {}
    properties = {
        column: kind | {"description": text} for column, (kind, text) in (columns | further).items()
    }
    row = {
        "type": "object",
        "properties": properties,
        "required": list(columns),
        "additionalProperties": False,
    }
    return {"type": "array", "items": row}
