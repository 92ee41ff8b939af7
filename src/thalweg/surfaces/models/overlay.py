"""What the records say about a model, ready to be drawn on it: counts and deviations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from thalweg.errors import RequestError

_COLUMNS = ("kind", "activity", "occurrences", "objects")


@dataclass(frozen=True, slots=True)
class Deviation:
    """How often something happened that the model does not foresee, and in how many objects."""

    occurrences: int
    objects: int


@dataclass(frozen=True, slots=True)
class ModelOverlay:
    """Figures to draw on a model.

    occurrences, skipped and inserted are keyed by activity or, where several tasks or transitions
    share one, by the id of the task or transition; the id is looked up first. flows: passages by
    the id of a BPMN flow, or by ``arc_key`` in a net. objects: how many objects were compared
    with the model; None where that is not known.
    """

    occurrences: Mapping[str, int] = field(default_factory=dict)
    flows: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, Deviation] = field(default_factory=dict)
    inserted: Mapping[str, Deviation] = field(default_factory=dict)
    objects: int | None = None

    def strangers(self, known: set[str]) -> list[tuple[str, Deviation]]:
        """Inserted activities that the model does not know, most frequent first."""
        found = [(name, d) for name, d in self.inserted.items() if name not in known]
        return sorted(found, key=lambda f: (-f[1].occurrences, f[0]))


def overlay_of(
    deviations: pl.DataFrame | None = None,
    *,
    occurrences: Mapping[str, int] | None = None,
    flows: Mapping[str, int] | None = None,
    objects: int | None = None,
) -> ModelOverlay:
    """An overlay from a table of deviations and from counts.

    Takes    deviations: one row per kind and activity: kind ("skipped": the model asks for the
             activity and the record lacks it; "inserted": the record has it where the model does
             not allow it; other kinds are not drawn), activity (an activity, or the id of a task
             or transition), occurrences, objects. Other columns are ignored; rows of the same
             kind and activity are added up.
             occurrences: events by activity. flows: passages by flow. objects: objects compared.
    Raises   RequestError: the table lacks a column.
    """
    kinds: dict[str, dict[str, Deviation]] = {"skipped": {}, "inserted": {}}
    if deviations is not None:
        missing = [name for name in _COLUMNS if name not in deviations.columns]
        if missing:
            raise RequestError(
                f"The table of deviations lacks {', '.join(missing)}. "
                f"It needs the columns {', '.join(_COLUMNS)}."
            )
        for kind, activity, count, affected in deviations.select(_COLUMNS).iter_rows():
            if kind in kinds and activity is not None:
                before = kinds[kind].get(activity, Deviation(0, 0))
                kinds[kind][activity] = Deviation(
                    before.occurrences + count, before.objects + affected
                )
    return ModelOverlay(
        occurrences or {}, flows or {}, kinds["skipped"], kinds["inserted"], objects
    )
