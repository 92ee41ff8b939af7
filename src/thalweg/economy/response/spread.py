"""How well a fit knows what each channel brings: a covariance robust to anything within units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.response.fit import Fit, Grid, chosen
from thalweg.economy.response.kernel import columns, normal, solve_many
from thalweg.economy.response.shares import means_of, measured

MOST_LEVERAGE = 0.95
LEAST_SEEN = 1e-4
"""Of a direction's own size: less, and units, months and the other columns tell all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """shares (P,) of revenue and their covariance (P, P); P: channels, then subsidy if it is rated.

    pulls (N, P): by how much each unit's residuals move the shares; unseen (P, P): what stands for
    the covariance in directions that the data do not see. Covariance: pulls' squares and unseen.
    dispersion: variance of residuals beside a Poisson law's; design: by how much residuals that go
    together within units widen the covariance.
    """

    shares: Floats
    covariance: Floats
    pulls: Floats
    unseen: Floats
    dispersion: float
    design: float


def known_of(grid: Grid, fit: Fit) -> Known:
    """Sandwich over units, each unit's score freed of its own leverage (a jackknife, CR3)."""
    feats, h = grid.features, chosen(grid.tables, fit.places)
    own, mean, unit = means_of(grid, fit, grid.told, h)
    fitted = unit[:, None] * mean
    w = feats.known * fitted
    share, x = np.empty_like(own), np.empty((len(grid.told) + len(h), *own.shape))
    columns(own, mean, grid.told, h, fit.adds, share, x)
    r = np.divide(feats.revenue - fitted, fitted, out=np.zeros_like(w), where=w > 0)
    clean = _apart(w, share, x, len(h) + int(grid.rated))
    if grid.rated:
        clean = np.roll(clean, -1, axis=0)
    raw = np.einsum("pit,it,pit->p", x[len(x) - len(clean) :], w, x[len(x) - len(clean) :])
    raw = np.roll(raw, -1) if grid.rated else raw
    base, blind = _inverse(np.einsum("pit,it,qit->pq", clean, w, clean), raw)
    scores = np.einsum("pit,it,it->ip", clean, w, r)
    levers = np.einsum("pit,it,qit->ipq", clean, w, clean) @ base
    inner = np.eye(len(clean))[None] - MOST_LEVERAGE * levers
    freed = np.linalg.solve(inner, scores[:, :, None])[:, :, 0]
    units = max(int((w.sum(axis=1) > 0).sum()), 2)
    freedom = max(feats.known.sum() - units - own.shape[1] - len(x), 1.0)
    dispersion = float((w * r**2).sum() / freedom)
    shares, slopes = (part[: len(clean)] for part in measured(grid, fit))
    plain = dispersion * np.trace(base * np.outer(slopes, slopes))
    pulls = freed @ base * slopes * np.sqrt(units / (units - 1))
    unseen = dispersion * blind * np.outer(slopes, slopes)
    wide = pulls.T @ pulls + unseen
    design = float(np.trace(wide) / plain) if plain > 0 else 1.0
    return Known(shares, wide, pulls, unseen, dispersion, design)


def together(known: Sequence[Known]) -> Floats:
    """(P, P) covariance of the mean of shares over shapes.

    What a unit's residuals do to the mean is the mean of what they do under each shape. Where shapes
    err apart, the mean errs less than each: that part shows as scatter between shapes, and is not
    to be counted within them a second time.
    """
    pulls = np.mean([one.pulls for one in known], axis=0)
    return np.asarray(pulls.T @ pulls + np.mean([one.unseen for one in known], axis=0))


def apart(known: Sequence[Known]) -> Floats:
    """(D, P) shares of each shape, as far from their mean as shapes differ beyond chance.

    Chance lets a shape's share differ from the mean of all by as much variance as its own is larger
    than the mean's. What scatter there is beyond it is kept, as effects of studies are (DerSimonian,
    Laird 1986).
    """
    shares = np.stack([one.shares for one in known])
    middle, scatter = shares.mean(axis=0), shares.var(axis=0)
    own = np.mean([np.diag(one.covariance) for one in known], axis=0)
    beyond = np.maximum(scatter - np.maximum(own - np.diag(together(known)), 0.0), 0.0)
    kept = np.sqrt(np.divide(beyond, scatter, out=np.zeros_like(scatter), where=scatter > 0))
    return np.asarray(middle + kept * (shares - middle))


def _inverse(gram: Floats, raw: Floats) -> tuple[Floats, Floats]:
    """Inverse in the directions that the data see, and what stands for one in those they do not."""
    root = np.sqrt(np.maximum(raw, 1e-300))
    values, vectors = np.linalg.eigh(gram / np.outer(root, root))
    seen = values > LEAST_SEEN
    vectors = vectors / root[:, None]
    base = (vectors[:, seen] / values[seen]) @ vectors[:, seen].T
    return base, (vectors[:, ~seen] / LEAST_SEEN) @ vectors[:, ~seen].T


def _apart(w: Floats, share: Floats, x: Floats, count: int) -> Floats:
    """(count, N, T) the last columns of x, with what units, months and the other columns tell taken out."""
    periods = w.shape[1]
    total = periods - 1 + len(x)
    gram, right, size = np.empty((total, total)), np.empty(total), np.empty(total)
    normal(w, share, x, np.zeros_like(w), gram, right, size)
    kept, first = total - count, len(x) - count
    rights = np.ascontiguousarray(gram[kept:, :kept])
    slopes = solve_many(gram[:kept, :kept].copy(), rights, size[:kept].copy()).T
    months = np.concatenate((np.zeros((1, count)), slopes[: periods - 1]))
    told = share[None] * months.T[:, None, :]
    clean = x[first:] - told - np.tensordot(slopes[periods - 1 :].T, x[:first], axes=1)
    whole = w.sum(axis=1)
    means = np.divide(
        (w * clean).sum(axis=2), whole, out=np.zeros((count, len(w))), where=whole > 0
    )
    return np.asarray(clean - means[:, :, None])
