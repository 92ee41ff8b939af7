"""What diff-diff answers, in small records of ours, and its path in bins of three periods."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from thalweg.change.frame import Floats, Ints

BIN = 3
"""Periods in a bin of the path: with months, a quarter."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """An average effect and its path as diff-diff gives them, on the scale of the outcome.

    se is None where ``refused`` says why. horizon (H,), path (H,), covariance (H, H) of the path;
    the reference horizon is left out (it is zero by definition). groups: first treated period →
    (effect, standard error or None). warnings: codes, each once, sorted.
    """

    att: float
    se: float | None
    refused: str | None
    warnings: tuple[str, ...]
    horizon: Ints
    path: Floats
    covariance: Floats
    groups: dict[int, tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Goodman-Bacon (2021): what two-way fixed effects compare, and how much they weigh it."""

    twfe: float
    never: float
    later: float
    forbidden: float
    forbidden_effect: float
    units: int
    """Units without a missing cell, on which the decomposition rests."""


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """A treated average against weighted untreated units; weights (donors,) in their order."""

    att: float
    se: float | None
    refused: str | None
    warnings: tuple[str, ...]
    donors: tuple[str, ...]
    weights: Floats
    fit_rmse: float


def binned(fitted: Fitted, straddle: int, *, width: int = BIN) -> Fitted:
    """The path in bins of ``width`` periods, measured from the last full bin before straddle.

    A bin is the mean of its horizons; the one before straddle becomes zero and is left out, so
    that bins are …, −3, −2, (−1), 0, 1, … without a gap. Incomplete bins are left out.
    """
    base = -straddle - 1
    horizon = np.append(fitted.horizon, base)
    bin_of = np.where(horizon >= 0, horizon // width, (horizon + straddle) // width)
    members = {int(b): np.flatnonzero(bin_of == b) for b in np.unique(bin_of)}
    whole = {b: rows for b, rows in members.items() if len(rows) == width}
    if -1 not in whole:
        return replace(
            fitted,
            horizon=fitted.horizon[:0],
            path=fitted.path[:0],
            covariance=fitted.covariance[:0, :0],
        )
    kept = [b for b in sorted(whole) if b != -1]
    mean = np.zeros((len(kept), len(horizon)))
    for row, b in enumerate(kept):
        mean[row, whole[b]] += 1.0 / width
        mean[row, whole[-1]] -= 1.0 / width
    mean = mean[:, :-1]
    return replace(
        fitted,
        horizon=np.asarray(kept, dtype=np.int64),
        path=mean @ fitted.path,
        covariance=mean @ fitted.covariance @ mean.T,
    )
