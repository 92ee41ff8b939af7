"""The result of conformance: fitness, deviations and rules, frozen, with their lineage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from thalweg.process.alignment.alignments import Alignments
from thalweg.process.conformance.costs import Costs
from thalweg.process.conformance.deviations import Deviation
from thalweg.process.conformance.deviations_table import occurrences_table
from thalweg.process.models.petri import PetriNet
from thalweg.process.result import plain

SCHEMA = "thalweg.conform/1"


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """What the tables came from, so that single occurrences can be listed; not part of the JSON.

    net, aligned, deviations of variants: None and empty where no model was asked for.
    """

    deviations: tuple[Deviation, ...]
    costs: Costs
    net: PetriNet | None
    model: Any
    aligned: Alignments | None
    objects: pl.DataFrame | None


@dataclass(frozen=True, slots=True, eq=False)
class ConformResult:
    """How far objects follow a model, and which rules they break.

    Tables are Polars frames whose columns ``conform_json_schema`` describes.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    objects: int
    unfinished: int
    horizon: datetime | None
    model: dict[str, Any] | None
    fitness: dict[str, Any] | None
    """Figures of all objects; None where no model was asked for."""
    fitness_finished: dict[str, Any] | None
    pending_steps: int
    """Steps of the model that open objects have still to take."""
    deviations: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    """variants, months, parties (with a model); rules, not_checkable (with rules)."""
    lineage: Lineage
    missing: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame | None:
        """A further table, or None where it was not asked for or cannot be given."""
        return self.tables.get(name)

    def occurrences(self, *, limit: int | None = None) -> pl.DataFrame:
        """Every occurrence of every deviation, most frequent deviations first.

        Takes    limit: rows of each deviation to list at most.
        Returns  see ``OCCURRENCES``; times in UTC.
        """
        return occurrences_table(self._ordered(), self.lineage.costs, limit=limit)

    def object_fitness(self) -> pl.DataFrame | None:
        """One row per object, in the order of the perspective: object, variant, cost_low,
        cost_high, fitness, fitness_bound, exact, events, finished."""
        return self.lineage.objects

    def _ordered(self) -> Sequence[Deviation]:
        keys = self.deviations.select("kind", "name", "after").rows()
        by_key = {(d.kind, d.name, d.after): d for d in self.lineage.deviations}
        return [by_key[key] for key in keys]

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON: times in ISO 8601 UTC, unknown figures as null."""
        body: dict[str, Any] = {"schema": SCHEMA}
        for name in self.__slots__:
            if name not in ("tables", "lineage"):
                body[name] = plain(getattr(self, name))
        return body | {name: plain(table) for name, table in self.tables.items()}
