"""What deviations cost: a column that the user names, of objects or of events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from thalweg.errors import RequestError
from thalweg.process.chunks import Ints
from thalweg.process.conformance.rules.views import Scene, column_of
from thalweg.records.perspective import Perspective


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum, None where there is none to give; reason: a code that says why, or what it lacks.

    unknown: objects or events whose cost is not stated.
    """

    total: float | None
    unknown: int
    reason: str | None


def settle_cost(scene: Scene, kind: str, name: str | None) -> str | None:
    """The column as ``object:NAME`` or ``attribute:NAME``; a bare name is an attribute of events
    if they have it, else of the objects.

    Raises   RequestError: neither has a column of this name.
    """
    if name is None or name.startswith(("object:", "attribute:")) or name == "difference":
        return name
    events = [n for n in scene.book.event_schema() if not n.startswith("@")]
    if name in events:
        return f"attribute:{name}"
    objects = [n for n in scene.book.objects(kind).collect_schema() if not n.startswith("@")]
    if name not in objects:
        raise RequestError(
            f"Neither the events nor the objects of type {kind!r} have a column {name!r}. "
            f"Events have: {', '.join(events) or 'none'}. Objects have: {', '.join(objects) or 'none'}."
        )
    return f"object:{name}"


class Costs:
    """Reads each column of costs once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._held: dict[tuple[str, str], pl.Series] = {}

    def values(self, view: Perspective, column: str, objects: Ints, events: Ints) -> pl.Series:
        """The cost of each occurrence; null where it is not stated or there is no event."""
        where, name = column.split(":", 1)
        key = (view.type if where == "object" else "", name)
        if key not in self._held:
            raw = (
                column_of(self.scene.book, view.type, name)
                if where == "object"
                else self.scene.event_column(name)
            )
            self._held[key] = raw.cast(pl.Float64, strict=False)
        if where == "object":
            return self._held[key].gather(np.asarray(view.object)[objects])
        at = pl.Series(np.where(events >= 0, events, 0), dtype=pl.Int64)
        known = pl.Series(events >= 0)
        held = self._held[key]
        empty = pl.Series([None], dtype=pl.Float64)
        return held.gather(at).zip_with(known, empty.new_from_index(0, len(at)))

    def total(self, view: Perspective, column: str | None, objects: Ints, events: Ints) -> Cost:
        """Each object, or each event, once, however often it deviates."""
        if column is None:
            return Cost(None, 0, "no_cost_named")
        of_object = column.startswith("object:")
        if not of_object:
            objects, events = objects[events >= 0], events[events >= 0]
            if not len(events):
                return Cost(None, 0, "no_event_to_cost")
        _, first = np.unique(objects if of_object else events, return_index=True)
        values = self.values(view, column, objects[first], events[first])
        unknown = values.null_count()
        if unknown == len(values):
            return Cost(None, unknown, "cost_not_stated")
        total = float(values.sum())
        return Cost(total, unknown, "cost_partly_stated" if unknown else None)
