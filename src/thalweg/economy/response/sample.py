"""Draws of a response: a shape by its odds, shares by what data and money allow, units by lot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel
from thalweg.economy.response.fit import CURVES, Fit, Grid, rescore
from thalweg.economy.response.kernel import STEPS
from thalweg.economy.response.posterior import MOST, MOST_RETURN, RETURN_MEAN, draw_shares
from thalweg.economy.response.shapes import Odds, Shapes, draw_shape, odds_of
from thalweg.economy.response.shares import bring
from thalweg.economy.response.spread import apart, known_of, together


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """fits: the draws. wanted: (D, C + 1) shares that channels and subsidy bring in them.

    shares, errors: (P,) what the likeliest shape says of shares by data alone. prior_mean: (C + 1,).
    subsidy_top: the most that subsidy can bring where its rate is not known. made: shapes tried.
    """

    grid: Grid
    fits: list[Fit]
    wanted: Floats
    shares: Floats
    errors: Floats
    prior_mean: Floats
    subsidy_top: float
    made: int


def sample_of(panel: GrowthPanel, grid: Grid, draws: int, seed: int, threads: int | None) -> Sample:
    """Draw shapes, shares and units; settle all else to them."""
    feats, ones = grid.features, np.ones(len(panel.units))
    spent = np.append(np.nansum(panel.spend, axis=(1, 2)), np.nansum(panel.subsidy))
    prior_mean = RETURN_MEAN * spent / feats.revenue.sum()
    shapes = Shapes(grid, prior_mean if grid.rated else np.append(prior_mean[:-1], 0.0), ones)
    odds = [odds_of(shapes, adds, curve) for adds in (True, False) for curve in range(len(CURVES))]
    best = max(odds, key=lambda one: one.log)
    _, known, _ = shapes.at(best.adds, tuple(best.best.places), best.best)
    guessed = feats.subsidised and not grid.rated
    top = _most_of_subsidy(panel, grid, best, ones) if guessed else 0.0
    final = replace(grid, other=feats.other, told=feats.other) if guessed else grid
    rngs = [np.random.default_rng(root) for root in np.random.SeedSequence(seed).spawn(draws)]
    forms = [draw_shape(odds, rng) for rng in rngs]
    drawn = [shapes.at(form.adds, places, form.best) for form, places in forms]
    each = [told for _, told, _ in drawn]
    within, centres = together(each), apart(each)
    count, freedom = len(within), max(len(ones) - 1, 2)
    jobs: list[tuple[Fit, Floats, Floats]] = []
    for rng, (fit, _, _), centre in zip(rngs, drawn, centres, strict=True):
        wanted = np.zeros(len(prior_mean))
        wanted[:count] = draw_shares(centre, within, prior_mean[:count], freedom, rng)
        if guessed:
            wanted[-1] = min(rng.uniform() * top, MOST - wanted[:-1].sum())
            fit = fit.copy()
            fit.slopes = np.append(fit.slopes, 0.0)
        counts = np.bincount(rng.integers(0, len(ones), len(ones)), minlength=len(ones))
        jobs.append((fit, wanted, counts.astype(np.float64)))

    def settled(job: tuple[Fit, Floats, Floats]) -> Fit:
        return bring(final, job[2], job[0], job[1])

    with ThreadPoolExecutor(threads) as pool:
        fits = list(pool.map(settled, jobs))
    return Sample(
        grid=final,
        fits=fits,
        wanted=np.stack([job[1] for job in jobs]),
        shares=known.shares,
        errors=np.sqrt(np.diag(known.covariance)),
        prior_mean=prior_mean,
        subsidy_top=top,
        made=len(shapes.made),
    )


def _most_of_subsidy(panel: GrowthPanel, grid: Grid, best: Odds, ones: Floats) -> float:
    """The most that subsidy can bring where only its money is known.

    Subsidy is a share of orders, so its money rises with revenue by itself: what it seems to bring
    when money is taken for cause is too much. Nor can it bring more per unit than anything else.
    """
    feats = grid.features
    money = np.nan_to_num(panel.subsidy) * feats.known
    size = feats.size * feats.revenue.sum() / max(feats.known.sum(), 1.0)
    other = np.concatenate((grid.other, (money / size[:, None])[None]))
    wide = replace(grid, features=replace(feats, rated=True), other=other, told=other)
    fit = best.best.copy()
    fit.slopes = np.append(fit.slopes, 0.0)
    rescore(wide, ones, fit, STEPS)
    known = known_of(wide, fit)
    seems = float(known.shares[-1] + 2 * np.sqrt(known.covariance[-1, -1]))
    limit = MOST_RETURN * money.sum() / feats.revenue.sum()
    return float(np.clip(min(seems, limit), 0.0, MOST))
