"""Calendars and draws as plain loops, for the twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from thalweg.process.calendar import WorkTable
from thalweg.redesign.simulate.layout import NEVER

Intervals = list[tuple[int, int]]
T = TypeVar("T")


def intervals(table: WorkTable) -> Intervals:
    """Beginnings and ends of working time, in ns."""
    return list(zip(table.start.tolist(), table.end.tolist(), strict=True))


def on(hours: Intervals | None, now: int) -> bool:
    return hours is None or any(start <= now < end for start, end in hours)


def next_on(hours: Intervals, now: int) -> int:
    """The next beginning after now."""
    return min((start for start, _ in hours if start > now), default=NEVER)


def worked(hours: Intervals, until: int) -> int:
    """Working time before an instant."""
    return sum(min(end, until) - start for start, end in hours if start < until)


def after(hours: Intervals, since: int, work: int) -> int:
    """When work that begins at ``since`` is done."""
    if work <= 0:
        return since
    for start, end in hours:
        begin = max(start, since)
        if begin >= end:
            continue
        if work <= end - begin:
            return begin + work
        work -= end - begin
    return NEVER


def picked(shares: Sequence[tuple[T, float]], u: float) -> T:
    """The value whose share of the whole ``u`` falls into; the last takes what rounding leaves."""
    total = 0.0
    for value, share in shares[:-1]:
        total += share
        if u < total:
            return value
    return shares[-1][0]


def drawn_from(weights: Sequence[tuple[T, float]], left: float) -> T:
    """The value at which the weights use up ``left``."""
    for value, weight in weights[:-1]:
        left -= weight
        if left < 0:
            return value
    return weights[-1][0]
