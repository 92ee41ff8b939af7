"""How the cells of a baseline panel vary: the noise that a planned roll-out must be seen above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thalweg.change.frame import Floats, Ints
from thalweg.errors import RequestError

FEWEST_PERIODS = 6
_LAGS = 8
_PERSISTENCE = np.round(np.arange(0.0, 0.99, 0.02), 2)
_SWEEPS = 200
_SETTLED = 1e-10

Shape = Literal["gaussian", "resampled"]


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Noise of unit *i*: ``sd[i]`` times (a persistent part + a part new in every period).

    sd           (N,) standard deviations on the scale of estimation.
    persistence  autocorrelation of the persistent part from one period to the next.
    fresh_share  part of the variance that is new in every period (few objects behind a cell).
    shared       correlation of units of one group in one period, beyond what all units share.
    group        (N,) number of each unit's group; None: no groups.
    residual     (N, H) the baseline without unit and period effects, NaN where unknown.
    pool         standardised residuals that innovations are drawn from.
    """

    sd: Floats
    persistence: float
    fresh_share: float
    shared: float
    group: Ints | None
    residual: Floats
    pool: Floats

    def correlation(self, periods: int) -> Floats:
        """(T, T) correlation of a unit's noise between periods."""
        return _correlation(periods, self.persistence, self.fresh_share)


def _correlation(periods: int, persistence: float, fresh_share: float) -> Floats:
    gap = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    lasting = persistence**gap if persistence > 0 else np.eye(periods)
    return np.asarray((1 - fresh_share) * lasting + fresh_share * np.eye(periods))


def two_way_residual(value: Floats) -> Floats:
    """A panel without unit and period effects (least squares over the known cells)."""
    known = np.isfinite(value)
    rest = np.where(known, value, 0.0)
    rows = np.maximum(known.sum(axis=1), 1)
    columns = np.maximum(known.sum(axis=0), 1)
    for _ in range(_SWEEPS):
        row = rest.sum(axis=1) / rows
        rest = np.where(known, rest - row[:, None], 0.0)
        column = rest.sum(axis=0) / columns
        rest = np.where(known, rest - column[None, :], 0.0)
        if max(np.abs(row).max(), np.abs(column).max()) < _SETTLED:
            break
    return np.where(known, rest, np.nan)


def estimate_noise(value: Floats, group: Ints | None = None) -> Noise:
    """Noise of each unit, from a panel in which nothing was treated yet.

    Takes    value: (N, H) cells on the scale of estimation, NaN where unknown. group: (N,).
    Raises   RequestError: fewer than two units or ``FEWEST_PERIODS`` periods with known cells.
    Source   Moments: autocovariances of the residuals, pooled over units, are matched by an AR(1)
             plus white noise, through what taking off unit means does to such a series in H
             periods (the bias of Nickell 1981 and Kendall 1954). Variances of units are drawn
             towards their mean as far as their spread is what chance would make it.
    """
    seen = np.isfinite(value)
    told = int((seen.sum(axis=0) > 1).sum())
    if len(value) < 2 or told < FEWEST_PERIODS:
        raise RequestError(
            f"The baseline holds {told} periods in which at least two of {len(value)} units are "
            f"known; {FEWEST_PERIODS} are needed to learn how much the outcome varies by itself. "
            "Add older records, use weeks instead of months, or wait."
        )
    residual = two_way_residual(value)
    units = int((seen.sum(axis=1) > 1).sum())
    count = np.maximum(seen.sum(axis=1), 1)
    square = np.nansum(residual**2, axis=1) / count
    pooled = float(square.sum() / max(units, 1))
    if pooled < _SETTLED**2:
        raise RequestError(
            "The baseline does not vary beyond what units and periods have in common. "
            "Nothing can be learned about chance from it; choose another outcome."
        )
    spread = np.sqrt(np.where(square > 0, square, pooled))
    standard = residual / spread[:, None]
    persistence, fresh = _fit(residual)
    periods = value.shape[1]
    centre = np.eye(periods) - 1 / periods
    left = centre @ _correlation(periods, persistence, fresh) @ centre
    kept = float(np.trace(left)) / periods * (1 - 1 / max(units, 2))
    freedom = float(np.trace(left) ** 2 / (left**2).sum())
    sd = np.sqrt(_shrunk(square, seen.sum(axis=1) > 2, freedom, pooled) / kept)
    known = standard[np.isfinite(standard)]
    pool = known - known.mean()
    return Noise(
        sd,
        persistence,
        fresh,
        0.0 if group is None else _shared(standard, group),
        group,
        residual,
        np.asarray(pool / pool.std()),
    )


def _fit(residual: Floats) -> tuple[float, float]:
    """Persistence and fresh share whose autocovariances, after centring, come nearest.

    Units are not put on one scale first: the ratio of a unit's covariance to its own variance is
    biased towards zero in a short series, the ratio of the pooled sums hardly.
    """
    periods = residual.shape[1]
    lags = min(_LAGS, periods - 2)
    found, pairs = np.empty(lags + 1), np.empty(lags + 1)
    for lag in range(lags + 1):
        product_ = residual[:, : periods - lag] * residual[:, lag:]
        pairs[lag] = np.isfinite(product_).sum()
        found[lag] = np.nansum(product_) / max(pairs[lag], 1)
    weight = np.sqrt(pairs)
    white = _centred(0.0, periods, lags)
    best, chosen = np.inf, (0.0, 1.0)
    for persistence in _PERSISTENCE:
        lasting = _centred(float(persistence), periods, lags)
        for parts in _nonnegative(lasting * weight, white * weight, found * weight):
            miss = float((((parts[0] * lasting + parts[1] * white) - found) ** 2 * pairs).sum())
            if miss < best * (1 - 1e-12) and sum(parts) > 0:
                best, chosen = miss, (float(persistence), parts[1] / sum(parts))
    return (0.0, 1.0) if chosen[0] == 0 or chosen[1] >= 1 else chosen


def _centred(persistence: float, periods: int, lags: int) -> Floats:
    """Expected autocovariances of a series of unit variance once its own mean is taken off."""
    centre = np.eye(periods) - 1 / periods
    left = centre @ _correlation(periods, persistence, 0.0) @ centre
    return np.array([np.diagonal(left, lag).mean() for lag in range(lags + 1)])


def _nonnegative(one: Floats, other: Floats, target: Floats) -> list[tuple[float, float]]:
    """Candidates of a least-squares fit by two columns with coefficients of at least zero."""
    found = [
        (max(float(one @ target / (one @ one)), 0.0), 0.0),
        (0.0, max(float(other @ target / (other @ other)), 0.0)),
    ]
    both = np.linalg.lstsq(np.stack([one, other], axis=1), target, rcond=None)[0]
    if both.min() >= 0:
        found.append((float(both[0]), float(both[1])))
    return found


def _shrunk(square: Floats, usable: Floats, freedom: float, pooled: float) -> Floats:
    """Variances drawn towards their mean by the part of their spread that chance explains."""
    if usable.sum() < 3:
        return np.full(len(square), pooled)
    relative = square[usable] / pooled
    spread = float(relative.var(ddof=1))
    chance = 2 / max(freedom, 1.0) * float((relative**2).mean())
    own = max(0.0, 1 - chance / spread) if spread > 0 else 0.0
    return np.where(usable, pooled * (1 + own * (square / pooled - 1)), pooled)


def _shared(standard: Floats, group: Ints) -> float:
    """Mean correlation of pairs of units of one group, beyond that of all pairs."""
    filled = np.nan_to_num(standard)
    known = np.isfinite(standard).astype(float)
    product_ = filled @ filled.T
    pairs = known @ known.T
    same = (group[:, None] == group[None, :]) & ~np.eye(len(group), dtype=bool)
    other = group[:, None] != group[None, :]
    if pairs[same].sum() == 0 or pairs[other].sum() == 0:
        return 0.0
    inside = product_[same].sum() / pairs[same].sum()
    outside = product_[other].sum() / pairs[other].sum()
    return float(np.clip(inside - outside, 0.0, 0.95))


def simulate(
    noise: Noise,
    periods: int,
    draws: int,
    seed: np.random.SeedSequence,
    *,
    given: bool = True,
    shape: Shape = "resampled",
) -> Floats:
    """Panels without treatment, as they may come.

    Takes    periods: length of the whole panel, baseline first. given: the baseline is as it was
             recorded and only the rest is drawn, as chance goes on from there; else all is drawn.
    Returns  (draws, N, T), without unit and period effects, which no estimate feels.
    Source   AR(1) by recursion from its stationary law; innovations resampled from the residuals
             or normal. Continuation: draws corrected by the best linear forecast of what they
             missed (Matheron's rule), unit levels unknown.
    """
    rng = np.random.default_rng(seed)
    size = (draws, len(noise.sd), periods)

    def innovations(wanted: tuple[int, ...]) -> Floats:
        if shape == "gaussian":
            return rng.standard_normal(wanted)
        return noise.pool[rng.integers(0, len(noise.pool), wanted)]

    drawn = _series(innovations, size, noise)
    if noise.group is not None and noise.shared > 0:
        groups = int(noise.group.max()) + 1
        common = _series(innovations, (draws, groups, periods), noise)[:, noise.group]
        drawn = np.sqrt(1 - noise.shared) * drawn + np.sqrt(noise.shared) * common
    drawn *= noise.sd[None, :, None]
    return continued(noise, drawn) if given else drawn


def _series(
    innovations: Callable[[tuple[int, ...]], Floats], size: tuple[int, int, int], noise: Noise
) -> Floats:
    lasting = innovations(size)
    step = np.sqrt(1 - noise.persistence**2)
    if noise.persistence > 0:
        for at in range(1, size[2]):
            lasting[:, :, at] = noise.persistence * lasting[:, :, at - 1] + step * lasting[:, :, at]
    if noise.fresh_share == 0:
        return np.asarray(lasting)
    fresh = innovations(size)
    return np.asarray(np.sqrt(1 - noise.fresh_share) * lasting + np.sqrt(noise.fresh_share) * fresh)


def continued(noise: Noise, drawn: Floats) -> Floats:
    """Drawn panels bent so that they agree with the recorded baseline."""
    ahead = look_ahead(noise, drawn.shape[2])
    result = np.empty_like(drawn)
    for number, bend in enumerate(ahead.bend):
        rows = ahead.pattern == number
        result[:, rows] = drawn[:, rows] @ bend.T
    return result + ahead.expected


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What the baseline says of the whole panel.

    expected  (N, T) best linear forecast; known cells as they are.
    pattern   (N,) number of the pattern of known cells; bend: (P, T, T) what it leaves of a
              drawn series once the forecast from that series' own known cells is taken off.
    """

    expected: Floats
    pattern: Ints
    bend: Floats


def look_ahead(noise: Noise, periods: int) -> Ahead:
    """The forecast of every unit, and what remains open."""
    known = np.isfinite(noise.residual)
    patterns, pattern = np.unique(known, axis=0, return_inverse=True)
    pattern = pattern.ravel()
    expected = np.zeros((len(known), periods))
    bend = np.tile(np.eye(periods), (len(patterns), 1, 1))
    for number, seen in enumerate(patterns):
        at = np.flatnonzero(seen)
        if len(at) == 0:
            continue
        rows = pattern == number
        forecast = forecaster(noise, periods, at)
        expected[rows] = noise.residual[rows][:, at] @ forecast.T
        bend[number][:, at] -= forecast
    return Ahead(expected, pattern, bend)


def estimate_variance(noise: Noise, weight: Floats) -> tuple[Floats, Floats]:
    """Expectation and variance of linear estimates, given the baseline and without any effect.

    Takes    weight: (K, N, T).
    Returns  (K,) and (K,).
    """
    periods = weight.shape[2]
    ahead = look_ahead(noise, periods)
    root = np.linalg.cholesky(noise.correlation(periods) + 1e-12 * np.eye(periods))
    mean = np.einsum("knt,nt->k", weight, ahead.expected)
    moved = np.empty_like(weight)
    for number, bend in enumerate(ahead.bend):
        rows = ahead.pattern == number
        moved[:, rows] = (weight[:, rows] * noise.sd[rows, None]) @ (bend @ root)
    own = np.einsum("knt,knt->k", moved, moved)
    if noise.group is None or noise.shared == 0:
        return mean, own
    joint = np.zeros(len(weight))
    for group in np.unique(noise.group):
        together = moved[:, noise.group == group].sum(axis=1)
        joint += (together**2).sum(axis=1)
    return mean, (1 - noise.shared) * own + noise.shared * joint


def forecaster(noise: Noise, periods: int, at: Ints) -> Floats:
    """(T, known) best linear forecast of a unit's cells from its known ones, its level unknown.

    Known cells are kept as they are.
    """
    all_cells = noise.correlation(periods)
    inner = np.linalg.inv(all_cells[np.ix_(at, at)])
    across = all_cells[:, at] @ inner
    level = inner.sum(axis=0) / inner.sum()
    return np.asarray(across + np.outer(1 - across.sum(axis=1), level))
