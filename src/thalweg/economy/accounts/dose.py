"""How much of each intervention a unit has in each month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from thalweg.economy.frame import Floats
from thalweg.records.companions.reach import by_unit, unreached


def doses(
    interventions: pl.DataFrame | None,
    parties: pl.DataFrame | None,
    units: Sequence[str],
    months: Sequence[date],
) -> tuple[tuple[str, ...], Floats, dict[str, Any]]:
    """Share of the month in force times intensity, by intervention, unit and month.

    Intensity that is not recorded is 1. Days are local; the last day of an intervention counts.

    Returns  interventions that reach a unit, in the order of their ids; (K, N, T); facts.
    """
    empty = np.zeros((0, len(units), len(months)))
    if interventions is None or interventions.is_empty():
        return (), empty, {}
    rows = by_unit(interventions, units, parties)
    missed = len(unreached(interventions, units, parties))
    facts: dict[str, Any] = {"interventions_unreached_rows": missed} if missed else {}
    names = sorted(set(rows["id"]))
    if not names:
        return (), empty, facts
    starts = np.array([*months, _after(months[-1])], dtype="datetime64[D]").astype(np.int64)
    table = np.zeros((len(names), len(units), len(months)))
    place = {unit: at for at, unit in enumerate(units)}
    wanted = rows.select(
        "id", "unit", "from_day", "to_day", pl.col("intensity").fill_null(1.0)
    ).sort("id", "unit", "from_day")
    epoch = date(1970, 1, 1)
    for name, unit, first, last, intensity in wanted.iter_rows():
        begin = (first - epoch).days
        end = int(starts[-1]) if last is None else (last - epoch).days + 1
        days = np.minimum(end, starts[1:]) - np.maximum(begin, starts[:-1])
        share = np.maximum(days, 0) / np.diff(starts)
        table[names.index(name), place[unit]] += intensity * share
    return tuple(names), table, facts


def _after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
