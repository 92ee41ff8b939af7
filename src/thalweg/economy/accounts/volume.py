"""Value of the orders of each unit and month, which subsidies are a share of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.panels.measure import read_value
from thalweg.change.panels.units import find_units
from thalweg.economy.frame import Floats
from thalweg.errors import RequestError
from thalweg.records.companions.reach import party_of_units
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book


def order_values(book: Book, profile: Profile | None) -> pl.DataFrame | None:
    """party, month, value: the value of the objects measured, by unit and month of their beginning.

    The profile names the object type and the attribute with its value. None where it does not, or
    where nothing tells the unit of an object.
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
    parties = book.parties()
    try:
        units = find_units(
            view, unit=profile.unit, interventions=book.interventions(), parties=parties
        )
    except RequestError:
        return None
    ids = party_of_units(parties, units.names)
    begun = pl.Series(np.asarray(view.time_ns)[np.asarray(view.offsets)[:-1]])
    local = begun.cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(book.timezone)
    names = pl.Series([ids.get(name, name) for name in units.names], dtype=pl.String)
    table = pl.DataFrame(
        {
            "party": names.gather(np.maximum(units.code, 0).astype(np.uint32))
            if len(names)
            else pl.Series([None] * len(value), dtype=pl.String),
            "month": local.dt.date().dt.month_start(),
            "value": value,
            "known": (units.code >= 0) & np.isfinite(value),
        }
    )
    return table.filter("known").group_by("party", "month").agg(pl.col("value").sum())


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
