"""Designs for the tests of estimates: from arrays, and from the public panels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thalweg.change.frame import NEVER, Design, Floats, Outcome, Panel, Rollout

PANELS = Path(__file__).resolve().parents[2] / "shared" / "data" / "panels"
LEVEL = Outcome("rework_share", "share", "share", "level")


def design(
    value: Any,
    start: Sequence[int],
    *,
    stop: Sequence[int] | None = None,
    straddle: int = 0,
    covariates: dict[str, Floats] | None = None,
    intensity: Sequence[float] | None = None,
) -> Design:
    cells = np.asarray(value, dtype=np.float64)
    units = tuple(f"unit {at}" for at in range(len(cells)))
    periods = tuple(date(1990 + at, 1, 1) for at in range(cells.shape[1]))
    panel = Panel(LEVEL, units, periods, cells, np.ones(cells.shape, np.int64), straddle)
    ends = np.full(len(cells), NEVER) if stop is None else np.asarray(stop)
    dose = None if intensity is None else np.asarray(intensity, dtype=np.float64)
    rollout = Rollout(
        "law", units, np.asarray(start, np.int64), ends.astype(np.int64), intensity=dose
    )
    return Design(panel, rollout, covariates or {})


def of_frame(frame: pd.DataFrame, unit: str, time: str, outcome: str, first: str) -> Design:
    """A design of a long table; a unit without a positive first year is never treated."""
    wide = frame.pivot(index=unit, columns=time, values=outcome)
    year = frame.groupby(unit)[first].first()
    start = [int(one) - int(wide.columns[0]) if one > 0 else NEVER for one in year]
    return design(wide.to_numpy(), start)


def mpdta() -> pd.DataFrame:
    """County teen employment 2003-2007 (Callaway, Sant'Anna 2021)."""
    path = PANELS / "mpdta.csv"
    if not path.is_file():
        pytest.skip("the public panels are not beside this checkout (../shared/data/panels)")
    return pd.read_csv(path)


def castle() -> pd.DataFrame:
    """Castle doctrine laws and homicide 2000-2010 (Cheng, Hoekstra 2013)."""
    path = PANELS / "castle.dta"
    if not path.is_file():
        pytest.skip("the public panels are not beside this checkout (../shared/data/panels)")
    return pd.read_stata(path)
