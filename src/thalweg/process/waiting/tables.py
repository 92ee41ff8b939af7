"""Tables of a waits result, from its aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.chunks import Ints, to_seconds
from thalweg.process.waiting.calendars import Duty
from thalweg.process.waiting.causes import CAUSES, COMBINATIONS, combination_name
from thalweg.process.waiting.sweep import Split
from thalweg.process.waiting.tally import (
    OBJECTS,
    STEPS,
    WAITED,
    WAITED_OBJECTS,
    WAITS,
    WaitAggregate,
    jackknife_shares,
)

HOUR_S = 3600.0
FEWEST_WEEKS = 10
"""Weeks of beginnings below which no standard error is given."""
MOST_ROWS = 1000
DENSE_KEYS = 1 << 24


def dense(key: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], Ints]:
    """Keys renumbered without gaps, in their order, and the keys by new number; -1 stays."""
    if size > DENSE_KEYS:
        found, place = np.unique(key, return_inverse=True)
        low = int(found[:1].sum() < 0) if len(found) else 0
        return np.asarray(place - low, np.int64), found[low:]
    used = np.zeros(size + 1, bool)
    used[key] = True
    used[size] = False
    rank = np.cumsum(used) - 1
    rank[size] = -1
    return rank[key], np.flatnonzero(used)


def part(values: NDArray[Any], whole: float) -> NDArray[np.float64]:
    """Shares of a whole; of nothing, zero."""
    return np.asarray(values / whole if whole > 0 else np.zeros(np.shape(values)), np.float64)


def _cost(money: NDArray[np.float64] | None) -> pl.Series:
    if money is None:
        return pl.Series("cost", dtype=pl.Float64)
    return pl.Series("cost", money, dtype=pl.Float64)


def money_of(whole: WaitAggregate, rate: float | None) -> NDArray[np.float64] | None:
    """Cost by key and cause: priced object by object, or by one rate for all."""
    if len(whole.money):
        return whole.money
    return None if rate is None else whole.seconds() / HOUR_S * rate


def _with_cost(table: pl.DataFrame, money: NDArray[np.float64] | None) -> pl.DataFrame:
    if money is None:
        return table.with_columns(cost=pl.lit(None, pl.Float64))
    return table.with_columns(_cost(money))


def by_cause(seconds: NDArray[np.float64], missing: Sequence[str]) -> dict[str, Any]:
    """A column per cause; null throughout where the cause is not identified."""
    return {
        f"{name}_s": pl.Series([None] * len(seconds), dtype=pl.Float64)
        if name in missing
        else seconds[:, c]
        for c, name in enumerate(CAUSES)
    }


def causes_table(
    weeks: WaitAggregate, whole: WaitAggregate, missing: Sequence[str], rate: float | None
) -> tuple[pl.DataFrame, int]:
    """One row per cause, and the weeks behind the standard errors.

    Takes    weeks: waits by week of the object's beginning. whole: all of them under one key.
    """
    seconds = whole.seconds()[0]
    errors, used = jackknife_shares(weeks.seconds())
    money = money_of(whole, rate)
    known = np.array([name not in missing for name in CAUSES])
    table = pl.DataFrame(
        {
            "cause": list(CAUSES),
            "identified": known,
            "waits": whole.causes[0, :, WAITS],
            "objects": whole.causes[0, :, OBJECTS],
            "total_s": seconds,
            "share": part(seconds, float(seconds.sum())),
            "share_se": errors if used >= FEWEST_WEEKS else np.full(len(CAUSES), np.nan),
        }
    )
    table = _with_cost(table, None if money is None else money[0])
    return table.with_columns(
        pl.when(pl.col("identified")).then(pl.col(name).fill_nan(None)).alias(name)
        for name in ("total_s", "share", "share_se", "cost")
    ), used


def pairs_tables(
    whole: WaitAggregate,
    keys: Ints,
    names: Sequence[str],
    missing: Sequence[str],
    rate: float | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Waits by pair of activities, and by pair and cause, the most time first."""
    seconds, money = whole.seconds(), money_of(whole, rate)
    total = float(seconds.sum())
    label = pl.Series(names, dtype=pl.String)
    source, target = keys // len(names), keys % len(names)
    steps = whole.steps
    pairs = pl.DataFrame(
        {
            "source": label.gather(source),
            "target": label.gather(target),
            "steps": steps[:, STEPS],
            "waits": steps[:, WAITED],
            "objects": steps[:, WAITED_OBJECTS],
            "total_s": seconds.sum(axis=1),
            "mean_s": seconds.sum(axis=1) / np.maximum(steps[:, STEPS], 1),
            "share": part(seconds.sum(axis=1), total),
        }
    )
    pairs = _with_cost(pairs, None if money is None else money.sum(axis=1))
    pairs = pairs.with_columns(**by_cause(seconds, missing))
    at = np.nonzero(whole.causes[..., WAITS])
    split = pl.DataFrame(
        {
            "source": label.gather(source[at[0]]),
            "target": label.gather(target[at[0]]),
            "cause": pl.Series(CAUSES, dtype=pl.String).gather(at[1]),
            "waits": whole.causes[at][:, WAITS],
            "objects": whole.causes[at][:, OBJECTS],
            "total_s": seconds[at],
            "mean_s": seconds[at] / whole.causes[at][:, WAITS],
            "share": part(seconds[at], total),
        }
    )
    split = _with_cost(split, None if money is None else money[at])
    by = ["total_s", "source", "target"]
    return (
        pairs.sort(by, descending=[True, False, False]),
        split.sort([*by, "cause"], descending=[True, False, False, False]),
    )


def resources_table(
    whole: WaitAggregate,
    names: Sequence[str],
    split: Split,
    duty: Duty,
    missing: Sequence[str],
) -> pl.DataFrame:
    """Waits by who began the work, the most time first."""
    seconds = whole.seconds()
    busy = split.busy_ns / 1e9
    hours = np.array([c.weekly_hours for c in duty.calendars] or [np.nan])
    table = pl.DataFrame(
        {
            "resource": pl.Series([name or None for name in names], dtype=pl.String),
            "steps": whole.steps[:, STEPS],
            "total_s": seconds.sum(axis=1),
            "share": part(seconds.sum(axis=1), float(seconds.sum())),
            "busy_s": busy,
            "parallel_share": split.parallel_ns / np.maximum(split.busy_ns, 1),
            "shared": split.shared,
            "calendar": pl.Series(duty.basis, dtype=pl.String),
            "calendar_reason": pl.Series(duty.reason, dtype=pl.String),
            "weekly_hours": np.where(duty.calendar >= 0, hours[duty.calendar], np.nan),
        }
    ).with_columns(**by_cause(seconds, missing))
    return (
        table.filter(pl.col("steps") > 0)
        .with_columns(pl.col("weekly_hours").fill_nan(None))
        .sort(["total_s", "resource"], descending=[True, False], nulls_last=True)
        .head(MOST_ROWS)
    )


def handovers_table(
    whole: WaitAggregate, keys: Ints, names: Sequence[str], missing: Sequence[str]
) -> pl.DataFrame:
    """Waits by who did the work before and who did the work that waited, the most time first."""
    seconds = whole.seconds()
    label = pl.Series([name or None for name in names], dtype=pl.String)
    table = pl.DataFrame(
        {
            "source": label.gather(keys // len(names)),
            "target": label.gather(keys % len(names)),
            "steps": whole.steps[:, STEPS],
            "waits": whole.steps[:, WAITED],
            "total_s": seconds.sum(axis=1),
            "share": part(seconds.sum(axis=1), float(seconds.sum())),
        }
    ).with_columns(**by_cause(seconds, missing))
    by = ["total_s", "source", "target"]
    return table.sort(by, descending=[True, False, False], nulls_last=True).head(MOST_ROWS)


def overlaps_table(split: Split) -> pl.DataFrame:
    """How long each combination of conditions held."""
    seconds = to_seconds(split.held[:, 0], split.held[:, 1])
    return (
        pl.DataFrame(
            {
                "conditions": [combination_name(c) for c in range(COMBINATIONS)],
                "total_s": seconds,
            }
        )
        .filter(pl.col("total_s") > 0)
        .sort(["total_s", "conditions"], descending=[True, False])
    )
