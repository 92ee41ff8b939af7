"""What discovery found: the model, how good it is, and the curve that it was chosen from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from thalweg.process.alignment.quality import Quality
from thalweg.process.columns import (
    COUNT,
    FLAG,
    SHARE,
    TEXT,
    TEXTS,
    Columns,
    Json,
    result_schema,
    table_schema,
)
from thalweg.process.constraints.mining import CONSTRAINT_COLUMNS
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.result import plain

SCHEMA = "thalweg.discover/1"

QUALITY: dict[str, tuple[Json, str]] = {
    "fitness": (SHARE, "part of the records that the model can follow, by the cost of alignments"),
    "fitness_low": (
        SHARE,
        "lower bound: of a sample's interval, and of alignments that were capped",
    ),
    "fitness_high": (SHARE, "upper bound"),
    "fitting_share": (SHARE, "part of the objects that fit without any deviation"),
    "fitting_share_low": (SHARE, "lower bound"),
    "fitting_share_high": (SHARE, "upper bound"),
    "precision": (SHARE, "part of what the model allows that was seen; null if it cannot be had"),
    "precision_aligned": (SHARE, "the same over the aligned runs; null if sampled"),
    "generalisation": (SHARE, "how firmly the used parts are supported; null if sampled"),
    "simplicity": (SHARE, "how few arcs the model needs"),
    "f1": (SHARE, "harmonic mean of fitness and precision"),
    "objects_aligned": (COUNT, "objects that fitness comes from"),
    "exact_share": (SHARE, "part of these whose alignment is exact"),
}
"""Figures of a model, in the order in which they are told."""

CURVE: Columns = {
    "noise": (SHARE, "noise threshold"),
    "activities": (COUNT, "activities that the model keeps"),
    "transitions": (COUNT, "transitions of its Petri net"),
    **QUALITY,
    "chosen": (FLAG, "the model that is shown"),
    "tree": (TEXT, "process tree"),
}


def quality_figures(quality: Quality) -> dict[str, Any]:
    """The figures named in ``QUALITY``."""
    fitness, precision, aligned = quality.fitness, quality.precision, quality.precision_aligned
    return {
        "fitness": fitness.log.value,
        "fitness_low": fitness.log.low,
        "fitness_high": fitness.log.high,
        "fitting_share": fitness.fitting_share.value,
        "fitting_share_low": fitness.fitting_share.low,
        "fitting_share_high": fitness.fitting_share.high,
        "precision": None if precision is None else precision.value,
        "precision_aligned": None if aligned is None else aligned.value,
        "generalisation": quality.generalisation,
        "simplicity": quality.simplicity,
        "f1": quality.f1,
        "objects_aligned": quality.sampled,
        "exact_share": fitness.exact_share,
    }


@dataclass(frozen=True, slots=True, eq=False)
class DiscoverResult:
    """A model of one object type.

    tree: the model; net: its Petri net. quality: the figures named in ``QUALITY``.
    curve: one row per noise threshold; empty unless the threshold was chosen by walking it.
    constraints: mined rules; None unless asked for.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    objects: int
    entries: int
    variants: int
    noise: float
    tree: ProcessTree
    net: PetriNet
    quality: dict[str, Any]
    left_out: tuple[str, ...]
    """Activities of the records that the model does not have."""
    curve: pl.DataFrame
    constraints: pl.DataFrame | None = None
    occurrences: dict[str, int] = field(default_factory=dict)
    """Entries by activity, for pictures."""
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON; the net by its size."""
        body = {name: plain(getattr(self, name)) for name in self.__slots__}
        return {"schema": SCHEMA} | body | {"tree": str(self.tree), "net": net_size(self.net)}


def net_size(net: PetriNet) -> dict[str, int]:
    silent = sum(t.label is None for t in net.transitions)
    return {
        "places": len(net.places),
        "transitions": len(net.transitions),
        "silent_transitions": silent,
        "arcs": net.arcs,
    }


def discover_json_schema() -> Json:
    """JSON Schema (2020-12) of a discovery."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "type": TEXT | {"description": "object type"},
        "objects": COUNT,
        "entries": COUNT | {"description": "event and object counted together"},
        "variants": COUNT | {"description": "different sequences of activities"},
        "noise": SHARE | {"description": "noise threshold of the model"},
        "tree": TEXT | {"description": "process tree in text form"},
        "net": {
            "type": "object",
            "description": "size of the Petri net",
            "additionalProperties": COUNT,
        },
        "quality": {
            "type": "object",
            "properties": {n: kind | {"description": text} for n, (kind, text) in QUALITY.items()},
            "required": list(QUALITY),
            "additionalProperties": False,
        },
        "left_out": TEXTS | {"description": "activities that the model does not have"},
        "occurrences": {
            "type": "object",
            "description": "entries by activity",
            "additionalProperties": COUNT,
        },
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    constraints = {"anyOf": [table_schema(CONSTRAINT_COLUMNS), {"type": "null"}]}
    tables = {"curve": table_schema(CURVE), "constraints": constraints}
    return result_schema("Thalweg discover", scalars, tables)
