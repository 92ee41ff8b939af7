"""What share of revenue each channel and the subsidy bring, and a fit that brings a given share."""

from __future__ import annotations

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.response.fit import Fit, Grid, chosen, hold

ROUNDS = 5
LEAST_OWN = 1e-3
NEAR = 0.02
"""A draw's shares must come this near to the wanted ones, or it is told by the other form."""
FARTHEST, SMALLER = 12.0, 0.8
"""Months may differ so much, on the logarithm; and by how much shares are made smaller."""


def shares_of(grid: Grid, fit: Fit) -> Floats:
    """(C + 1,) share of revenue that would be missing without each channel, and without subsidy.

    Each by itself, carry-over included; zero for a subsidy whose rate is not known.
    """
    return measured(grid, fit)[0]


def means_of(grid: Grid, fit: Fit, z: Floats, h: Floats) -> tuple[Floats, Floats, Floats]:
    """own and mean (N, T) up to unit effects, and those (N,); z (P, N, T), h (C, N, T) as in a fit."""
    feats = grid.features
    log = fit.months[None] + np.tensordot(fit.slopes, z, axes=1)
    own = np.exp(np.clip(log, -40.0, 40.0))
    paid = np.tensordot(fit.beta, h, axes=1)
    mean = np.maximum(own + paid, LEAST_OWN * own) if fit.adds else own * np.exp(paid)
    above, below = (feats.known * feats.revenue).sum(axis=1), (feats.known * mean).sum(axis=1)
    return own, mean, np.divide(above, below, out=np.zeros_like(below), where=below > 0)


def measured(grid: Grid, fit: Fit) -> tuple[Floats, Floats]:
    """Shares (C + 1,), and by how much each grows with its slope."""
    h = chosen(grid.plain, fit.places)
    own, mean, unit = means_of(grid, fit, grid.other, h)
    weight = grid.features.known * unit[:, None] * mean
    weight = weight / weight.sum()
    lifts = fit.beta[:, None, None] * h
    if fit.adds:
        share, slope, earned = lifts / mean, h / mean, own / mean
    else:
        share, slope, earned = 1 - np.exp(-lifts), h * np.exp(-lifts), np.ones_like(own)
    shares, slopes = (np.append((weight * one).sum(axis=(1, 2)), 0.0) for one in (share, slope))
    if grid.rated:
        kept = np.exp(-fit.slopes[-1] * grid.other[-1])
        shares[-1] = (weight * earned * (1 - kept)).sum()
        slopes[-1] = (weight * earned * kept * grid.other[-1]).sum()
    return shares, slopes


def bring(grid: Grid, weight: Floats, fit: Fit, wanted: Floats) -> Fit:
    """The same carry-over with slopes that bring the wanted shares (C + 1,).

    Where paid revenue that adds would leave less than nothing of some month's own, it multiplies;
    where even that cannot be, the shares are made smaller.
    """
    out = _towards(grid, weight, fit, wanted)
    if fit.adds and not _sound(grid, out, wanted):
        fit = fit.copy()
        fit.adds = False
        out = _towards(grid, weight, fit, wanted)
    for _ in range(ROUNDS):
        if _sound(grid, out, wanted):
            break
        wanted = wanted * SMALLER
        out = _towards(grid, weight, fit, wanted)
    return out


def _sound(grid: Grid, fit: Fit, wanted: Floats) -> bool:
    near = np.abs(shares_of(grid, fit) - wanted).max() < NEAR
    return bool(near and np.abs(fit.months).max() < FARTHEST and np.isfinite(fit.slopes).all())


def _towards(grid: Grid, weight: Floats, fit: Fit, wanted: Floats) -> Fit:
    out = fit.copy()
    held = len(out.beta) + int(grid.rated)
    out.beta[:] = 0.0
    if grid.rated:
        out.slopes[-1] = 0.0
    for _ in range(ROUNDS):
        shares, slopes = measured(grid, out)
        some = slopes > 1e-12
        step = np.divide(wanted - shares, slopes, out=np.zeros_like(slopes), where=some)
        out.beta += step[:-1]
        if grid.rated:
            out.slopes[-1] += step[-1]
        hold(grid, weight, out, held)
    return out
