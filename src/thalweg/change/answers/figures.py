"""An effect in figures that a person understands: relative, and in the unit of the outcome."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.change.estimates.estimate import Estimate, PathPoint
from thalweg.change.estimates.path import Cohort
from thalweg.change.frame import Design, Floats, Ints, Panel, Rollout, Scale


@dataclass(frozen=True, slots=True)
class Told:
    """treated_mean: mean of the treated cells as recorded; untreated_mean: without the effect."""

    treated_mean: float | None
    untreated_mean: float | None
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None


def treated_mean(design: Design) -> float | None:
    """Mean over the treated cells, in the unit of the outcome; None where there are none."""
    cells = design.panel.value[design.treated_cells()]
    return float(cells.mean()) if len(cells) else None


def tell(scale: Scale, mean: float | None, found: Estimate) -> Told:
    """An estimate in the unit of its outcome and as a part of what would have been without it.

    Logarithms: a cell would have been value / exp(att), so that the effect is mean · (1 − exp(−att))
    and exp(att) − 1 of what would have been. Levels: the effect is att itself. The mean of the
    treated cells is taken as known; intervals are those of att, carried through.
    """
    low, high = found.low, found.high
    if scale == "log":
        parts = tuple(None if mean is None else _lifted(mean, x) for x in (found.att, low, high))
    else:
        parts = (finite(found.att), low, high)
    effect = parts[0]
    without = None if mean is None or effect is None else mean - effect
    relative = tuple(relative_of(scale, x, without) for x in (found.att, low, high))
    return Told(mean, without, *parts, *relative)


def relative_of(scale: Scale, x: float | None, without: float | None) -> float | None:
    """A figure on the scale of estimation as a part of what would have been."""
    if x is None or not math.isfinite(x):
        return None
    if scale == "log":
        return math.expm1(x)
    return x / without if without is not None and without > 0 else None


def relative_row(
    scale: Scale, without: float | None, att: float | None, low: float | None, high: float | None
) -> dict[str, float | None]:
    """The three columns ``relative`` of a table."""
    return {
        "relative": relative_of(scale, att, without),
        "relative_low": relative_of(scale, low, without),
        "relative_high": relative_of(scale, high, without),
    }


def point_row(scale: Scale, without: float | None, point: PathPoint | Cohort) -> dict[str, Any]:
    """The columns that every table with an estimate shares, of a point of a path or a cohort."""
    return {
        "att": finite(point.att),
        "se": point.se,
        "low": point.low,
        "high": point.high,
        "cells": point.cells,
        **relative_row(scale, without, finite(point.att), point.low, point.high),
    }


def _lifted(mean: float, x: float | None) -> float | None:
    return None if x is None or not math.isfinite(x) else -mean * math.expm1(-x)


def finite(x: float | None) -> float | None:
    return None if x is None or not math.isfinite(x) else float(x)


def canonical_order(design: Design) -> Ints:
    """(N,) an order of the units that depends on their figures and not on their names.

    Chance is dealt out by position; in this order a unit gets the same whatever it is called.
    """
    rollout, panel = design.rollout, design.panel
    count = len(panel.units)
    dose = np.zeros(count) if rollout.intensity is None else rollout.intensity
    columns = [panel.objects, np.nan_to_num(panel.value, nan=-np.inf), _column(dose)]
    keys = np.concatenate([*columns, _column(rollout.stop), _column(rollout.start)], axis=1)
    return np.asarray(np.lexsort(keys.T), dtype=np.int64)


def _column(values: NDArray[Any]) -> Floats:
    return np.nan_to_num(values.astype(np.float64), nan=-np.inf)[:, None]


def reordered(design: Design, order: Ints) -> Design:
    """The same design with its units in another order."""
    return Design(
        reordered_panel(design.panel, order),
        reordered_rollout(design.rollout, order),
        {name: values[order] for name, values in design.covariates.items()},
        design.inseparable,
    )


def reordered_panel(panel: Panel, order: Ints) -> Panel:
    """The same panel with its units in another order."""
    names = tuple(panel.units[k] for k in order)
    return replace(panel, units=names, value=panel.value[order], objects=panel.objects[order])


def reordered_rollout(rollout: Rollout, order: Ints) -> Rollout:
    """The same roll-out with its units in another order."""
    return replace(
        rollout,
        units=tuple(rollout.units[k] for k in order),
        start=rollout.start[order],
        stop=rollout.stop[order],
        intensity=None if rollout.intensity is None else rollout.intensity[order],
        adopted_ns=None if rollout.adopted_ns is None else rollout.adopted_ns[order],
        ended_ns=None if rollout.ended_ns is None else rollout.ended_ns[order],
    )


def seed_of(seed: int, *names: str) -> int:
    """A seed of its own for each intervention and outcome, whatever else is asked beside it."""
    text = "\x1f".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")
