"""What ``thalweg map --json`` prints: a JSON Schema, made from one list of columns."""

from __future__ import annotations

from thalweg.process.columns import (
    COUNT,
    MAYBE,
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
from thalweg.process.result import SCHEMA

_PAIR: Columns = {
    "source": (TEXT, "what came before"),
    "target": (TEXT, "what directly followed it in the same object"),
    "count": (COUNT, "how often"),
    "objects": (COUNT, "in how many distinct objects"),
    "mean_s": (SECONDS, "mean time between the two"),
    "median_s": (SECONDS, "median time between the two, exact"),
    "p90_s": (SECONDS, "time that nine in ten stay within, exact"),
}
_EXTREMES: Columns = {
    "min_s": (SECONDS, "shortest time"),
    "max_s": (SECONDS, "longest time"),
    "total_s": (SECONDS, "sum of all times"),
    "wait_share": (SHARE, "part of the sum over all pairs"),
}
_HANDOVER: Columns = _PAIR | {
    "total_s": (SECONDS, "sum of all times"),
    "share": (SHARE, "part of all handovers"),
}
_EDGE: Columns = {
    "activity": (TEXT, "first or last activity"),
    "objects": (COUNT, "objects that begin or end with it"),
    "share": (SHARE, "part of all objects"),
}

COLUMNS: dict[str, Columns] = {
    "activities": {
        "activity": (TEXT, "name"),
        "events": (COUNT, "distinct events"),
        "entries": (COUNT, "event and object counted together"),
        "objects": (COUNT, "distinct objects that have it"),
        "first": (TIME, "first occurrence, UTC"),
        "last": (TIME, "last occurrence, UTC"),
        "rework_objects": (COUNT, "objects that have it more than once"),
        "repeats": (COUNT, "occurrences after the first in the same object"),
        "rework_share": (SHARE, "rework_objects of objects"),
    },
    "pairs": _PAIR | _EXTREMES,
    "starts": _EDGE,
    "ends": _EDGE,
    "top_variants": {
        "rank": (RANK, "1 is the most frequent"),
        "activities": (TEXTS, "the sequence"),
        "objects": (COUNT, "objects that went this way"),
        "share": (SHARE, "part of all objects"),
        "mean_s": (SECONDS, "mean time from first to last event"),
        "median_s": (SECONDS, "median time from first to last event"),
    },
    "duration_curve": {
        "time_s": (SECONDS, "time since the first event"),
        "share_open": (SHARE, "part not finished by then (Kaplan–Meier)"),
        "low": (SHARE, "lower bound, pointwise"),
        "high": (SHARE, "upper bound, pointwise"),
    },
    "loops": {
        "activity": (TEXT, "activity done again"),
        "objects": (COUNT, "objects in which it is"),
        "self_loops": (COUNT, "times it directly followed itself"),
        "self_loop_s": (SECONDS, "time in between, summed"),
        "returns": (COUNT, "times it came again after other work"),
        "return_s": (SECONDS, "time in between, summed"),
        "lost_s": (SECONDS, "first to last occurrence, summed over objects"),
    },
    "timeline": {
        "from": (TIME, "beginning of the period, UTC"),
        "to": (TIME, "end of the period, UTC"),
        "arrivals": (COUNT, "objects whose first event lies in it"),
        "completions": (COUNT, "finished objects whose last event lies in it"),
        "wip_start": (COUNT, "objects in progress at its beginning"),
        "wip_mean": (RATIO, "mean number in progress over its observed part"),
        "observed_share": (SHARE, "part of it that was observed"),
    },
    "handovers_resource": _HANDOVER,
    "handovers_party": _HANDOVER,
    "service": {
        "activity": (TEXT, "name"),
        "pieces": (COUNT, "pieces of work with known start and completion"),
        "service_total_s": (SECONDS, "start to completion, summed"),
        "service_mean_s": (SECONDS, "mean"),
        "service_median_s": (SECONDS, "median, exact"),
        "service_p90_s": (SECONDS, "nine in ten within, exact"),
        "waited": (COUNT, "pieces with a completion before their start"),
        "wait_total_s": (SECONDS, "latest completion before to start, summed"),
        "wait_mean_s": (SECONDS, "mean"),
        "wait_median_s": (SECONDS, "median, exact"),
        "wait_p90_s": (SECONDS, "nine in ten within, exact"),
        "wait_share": (SHARE, "waiting of waiting and service"),
    },
    "graph": {"type": (TEXT, "object type"), **_PAIR, **_EXTREMES},
    "synchronisation": {
        "activity": (TEXT, "activity of the event that needs several objects"),
        "waiting_type": (TEXT, "type of the objects that waited"),
        "last_type": (TEXT, "type of the object that came last"),
        "events": (COUNT, "events at which it came last"),
        "reached": (COUNT, "objects of waiting_type that reached them, each event"),
        "waits": (COUNT, "those that waited longer than zero"),
        "total_s": (SECONDS, "waiting, summed"),
        "mean_s": (SECONDS, "mean of the waits"),
    },
    "delays": {
        "from_type": (TEXT, "type that came last"),
        "to_type": (TEXT, "type that waited"),
        "waits": (COUNT, "objects that waited, each event"),
        "total_s": (SECONDS, "waiting, summed"),
        "mean_s": (SECONDS, "mean"),
        "flow_share": (SHARE, "part of all time between events of to_type"),
    },
    "interactions": {
        "type_a": (TEXT, "object type"),
        "type_b": (TEXT, "object type"),
        "events": (COUNT, "events with such a pair of objects"),
        "meetings": (COUNT, "pairs summed over events"),
        "object_pairs": (
            {"type": ["integer", "null"], "minimum": 0},
            "distinct pairs; null where there were too many to list",
        ),
    },
    "object_links": {
        "source_type": (MAYBE, "type of the linking object; null if it is not in the book"),
        "target_type": (MAYBE, "type of the linked object; null if it is not in the book"),
        "qualifier": (MAYBE, "what the link says"),
        "links": (COUNT, "links of the whole book, filters aside"),
        "object_pairs": (COUNT, "distinct pairs of objects"),
    },
    "convergence": {
        "type": (TEXT, "object type"),
        "objects": (COUNT, "objects"),
        "events": (COUNT, "distinct events"),
        "entries": (COUNT, "event and object counted together"),
        "entries_per_event": (RATIO, "how often flattening counts an event"),
        "converging_events": (COUNT, "events with several objects of the type"),
        "converging_share": (SHARE, "part of events"),
        "most_objects": (COUNT, "most objects of the type in one event"),
    },
    "divergence": {
        "type": (TEXT, "object type"),
        "other_type": (TEXT, "type whose objects differ between the repetitions"),
        "repeated": (COUNT, "pairs of object and activity with several events"),
        "diverging": (COUNT, "those whose events concern different other objects"),
        "diverging_share": (SHARE, "part of repeated"),
        "objects": (COUNT, "objects with such a pair"),
        "objects_share": (SHARE, "part of all objects"),
    },
}
"""Every table of a map result: column, JSON type, meaning. Times ending in _s are seconds."""

WORK_COLUMNS: Columns = {
    "work_mean_s": (SECONDS, "mean working time between the two"),
    "work_total_s": (SECONDS, "working time, summed"),
}
"""Further columns of ``pairs`` where a calendar counts working time."""

_COMPLETION: dict[str, Json] = {
    "rule": {"enum": ["given", "learned"]},
    "ends": TEXTS | {"description": "activities after which an object is finished"},
    "horizon": TIME | {"description": "when observation ended"},
    "by_end": COUNT | {"description": "objects that reached an end"},
    "by_silence": COUNT | {"description": "finished by long silence alone"},
    "unfinished": COUNT | {"description": "censored at the horizon"},
    "beyond_horizon": COUNT | {"description": "objects with an event after the horizon"},
}
_DURATIONS: dict[str, Json] = {
    "objects": COUNT,
    "finished": COUNT,
    "unfinished": COUNT,
    "confidence": SHARE | {"description": "of each interval"},
    **{
        f"{name}{bound}_s": SECONDS
        for name in ("p25", "median", "p75", "p90", "mean")
        for bound in ("", "_low", "_high")
    },
    "restricted_s": SECONDS | {"description": "the mean is that of min(duration, this)"},
    "naive_mean_s": SECONDS | {"description": "of finished objects alone, for comparison"},
}

ALWAYS = ("activities", "pairs", "starts", "ends", "top_variants", "duration_curve")


def map_json_schema() -> Json:
    """JSON Schema (2020-12) of a map result."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": TEXT | {"description": "object type"},
        "types": TEXTS | {"description": "all object types of the book"},
        "events": COUNT | {"description": "distinct events"},
        "entries": COUNT | {"description": "event and object counted together"},
        "objects": COUNT,
        "first": TIME,
        "last": TIME,
        "variants": COUNT | {"description": "different sequences of activities"},
        "completion": record_schema(_COMPLETION, "who is finished, by which rule"),
        "durations": record_schema(_DURATIONS, "Kaplan–Meier figures with intervals"),
        "missing": {
            "type": "object",
            "additionalProperties": TEXT,
            "description": "measures that the records cannot give, with the reason",
        },
        "facts": {"type": "object", "description": "further figures by measure"},
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
        "shown": {"type": ["object", "null"], "description": "what a simplified map keeps"},
    }
    tables = {
        name: table_schema(columns, WORK_COLUMNS if name == "pairs" else None)
        for name, columns in COLUMNS.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thalweg map",
        "type": "object",
        "properties": scalars | tables,
        "required": [*scalars, *ALWAYS],
        "additionalProperties": False,
    }
