"""Value of the orders of each unit and month, which subsidies are a share of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.panels.measure import read_value
from thalweg.change.panels.units import find_units
from thalweg.economy.frame import Floats, Ints, Mask
from thalweg.errors import RequestError
from thalweg.records.companions.reach import party_of_units
from thalweg.records.perspective import Perspective
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book


def order_values(book: Book, profile: Profile | None) -> pl.DataFrame | None:
    """party, month, value: the value of the orders placed, by unit and month.

    The profile names the object type, the attribute with its value, and the activity with which an
    order counts as placed; without one, every object counts from its beginning. party is null where
    nothing tells the unit of an object. None where the profile does not say, or no object has a
    value.
    """
    if profile is None or profile.value is None or not book.types:
        return None
    kind = profile.type or book.types[0]
    if kind not in book.types:
        return None
    view = book.perspective(kind)
    value = read_value(view, profile.value)
    if value is None:
        return None
    at, known = _placed(view, profile.placed)
    local = pl.Series(at).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(book.timezone)
    table = pl.DataFrame(
        {"party": _party(book, view, profile), "month": local.dt.date(), "value": value}
    ).filter(pl.col("value").is_finite() & pl.Series(known))
    if table.is_empty():
        return None
    months = table.with_columns(pl.col("month").dt.month_start())
    return (
        months.group_by("party", "month", maintain_order=True)
        .agg(pl.col("value").sum())
        .sort("month", "party")
    )


def _placed(view: Perspective, activity: str | None) -> tuple[Ints, Mask]:
    """(objects,) when each was placed, and whether it was; its beginning without an activity."""
    offsets, time_ns = np.asarray(view.offsets), np.asarray(view.time_ns)
    if activity is None or activity not in view.activities:
        return time_ns[offsets[:-1]], np.ones(len(offsets) - 1, np.bool_)
    hits = np.flatnonzero(np.asarray(view.activity) == view.activities.index(activity))
    owner = np.searchsorted(offsets, hits, side="right") - 1
    placed, first = np.unique(owner, return_index=True)
    at = time_ns[offsets[:-1]].copy()
    at[placed] = time_ns[hits[first]]
    known = np.zeros(len(at), np.bool_)
    known[placed] = True
    return at, known


def _party(book: Book, view: Perspective, profile: Profile) -> pl.Series:
    """The party of each object, null where it has none."""
    objects, parties = len(view.offsets) - 1, book.parties()
    try:
        units = find_units(
            view, unit=profile.unit, interventions=book.interventions(), parties=parties
        )
    except RequestError:
        return pl.Series([None] * objects, dtype=pl.String)
    ids = party_of_units(parties, units.names)
    names = pl.Series([*(ids.get(name, name) for name in units.names), None], dtype=pl.String)
    place = np.where(units.code >= 0, units.code, len(units.names))
    return names.gather(place.astype(np.uint32))


def volume_of(
    values: pl.DataFrame | None, units: Sequence[str], months: Sequence[date]
) -> tuple[Floats | None, dict[str, Any]]:
    """(N, T) of ``order_values``, zero where a unit has no orders; None where there are none at all."""
    if values is None:
        return None, {}
    inside = values.filter(pl.col("party").is_in(list(units)) & pl.col("month").is_in(list(months)))
    if inside.is_empty():
        return None, {}
    unit, month = ({key: at for at, key in enumerate(keys)} for keys in (units, months))
    table = np.zeros((len(units), len(months)))
    for party, day, value in inside.iter_rows():
        table[unit[party], month[day]] = value
    whole = float(values["value"].sum())
    return table, {"volume_placed_share": float(table.sum()) / whole if whole else 0.0}
