"""What the records say about a model, ready to be drawn on it: counts and deviations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from thalweg.errors import RequestError

_COLUMNS = ("kind", "activity", "occurrences", "objects")
KINDS = ("skipped", "inserted", "repeated", "out_of_place")
"""Deviations that are drawn, each at a corner of its own."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """How often something happened that the model does not foresee, and in how many objects.

    objects: None where it was counted in several parts, which may share objects.
    """

    occurrences: int
    objects: int | None


@dataclass(frozen=True, slots=True)
class ModelOverlay:
    """Figures to draw on a model.

    occurrences, and deviations below each of ``KINDS``, are keyed by activity or, where several
    tasks or transitions share one, by the id of the task or transition; the id is looked up first.
    flows: passages by the id of a BPMN flow, or by ``arc_key`` in a net. objects: how many objects
    were compared with the model; None where that is not known.
    """

    occurrences: Mapping[str, int] = field(default_factory=dict)
    flows: Mapping[str, int] = field(default_factory=dict)
    deviations: Mapping[str, Mapping[str, Deviation]] = field(default_factory=dict)
    objects: int | None = None

    def deviation(self, kind: str, key: str, label: str) -> Deviation | None:
        """The deviation of a task or transition, by its id or else by its label."""
        found = self.deviations.get(kind, {})
        return found.get(key, found.get(label))

    def strangers(self, known: set[str]) -> list[tuple[str, Deviation]]:
        """Activities of the records that the model does not know, most frequent first."""
        found: dict[str, Deviation] = {}
        for kind in ("inserted", "repeated"):
            for name, deviation in self.deviations.get(kind, {}).items():
                if name not in known:
                    found[name] = _added(found.get(name), deviation)
        return sorted(found.items(), key=lambda f: (-f[1].occurrences, f[0]))


def overlay_of(
    deviations: pl.DataFrame | None = None,
    *,
    occurrences: Mapping[str, int] | None = None,
    flows: Mapping[str, int] | None = None,
    objects: int | None = None,
) -> ModelOverlay:
    """An overlay from a table of deviations and from counts.

    Takes    deviations: kind (skipped: the model asks for the activity and the record lacks it;
             inserted: the record has an activity where the model does not allow it; repeated:
             once more than it allows; out_of_place: earlier or later than it asks; other kinds are
             not drawn), activity (or id of a task or transition), occurrences, objects.
             Other columns are ignored; rows of the same kind and activity are added up.
             occurrences: events by activity. flows: passages by flow. objects: objects compared.
    Raises   RequestError: the table lacks a column.
    """
    kinds: dict[str, dict[str, Deviation]] = {kind: {} for kind in KINDS}
    if deviations is not None:
        missing = [name for name in _COLUMNS if name not in deviations.columns]
        if missing:
            raise RequestError(
                f"The table of deviations lacks {', '.join(missing)}. "
                f"It needs the columns {', '.join(_COLUMNS)}."
            )
        for kind, name, count, affected in deviations.select(_COLUMNS).iter_rows():
            if kind in kinds:
                deviation = Deviation(count, affected)
                kinds[kind][name] = _added(kinds[kind].get(name), deviation)
    return ModelOverlay(occurrences or {}, flows or {}, kinds, objects)


def _added(one: Deviation | None, other: Deviation) -> Deviation:
    return other if one is None else Deviation(one.occurrences + other.occurrences, None)
