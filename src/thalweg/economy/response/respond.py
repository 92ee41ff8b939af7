"""Fit how revenue answers to spend: the public verb of the room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Label, Response
from thalweg.economy.response.features import Features, expected, features_of
from thalweg.economy.response.fit import CURVES, Grid, begin, grid_of, rescore
from thalweg.economy.response.gate import (
    Gate,
    Moves,
    SubsidyMoves,
    by_lot,
    judge,
    moves_of,
    subsidy_moves,
)
from thalweg.economy.response.kernel import STEPS
from thalweg.economy.response.mediation import checks_of
from thalweg.economy.response.posterior import MOST, MOST_RETURN, RETURN_MEAN
from thalweg.economy.response.sample import Sample, sample_of
from thalweg.economy.response.shares import means_of
from thalweg.errors import RequestError

DRAWS = 200
MATTERS = 0.1
"""Share of all spend from which channels that are not told make the whole untold."""
FEWEST_SEEN = 3
PRIOR_DECIDES = 0.5
"""Spread of a draw beside what the data alone leave open: below it, the prior decides."""


def fit_response(
    panel: GrowthPanel, *, draws: int = DRAWS, seed: int = 0, threads: int | None = None
) -> Response:
    """How revenue answers to spend, subsidy and interventions, with draws of what is not known.

    Takes    panel: units by months; spend and subsidy as positive money. draws: 1 or more.
             seed: of all chance. threads: at most so many; None: as many as there are processors.
    Returns  the response with its label, reasons and checks; no draws where there is no revenue.
             The same for a seed, whatever the threads.
    Raises   RequestError: tables of other shapes than units by months, negative spend, or no draws.
    Source   docs/methods/response.md.
    """
    _check(panel, draws)
    if not np.nansum(panel.revenue) > 0 or panel.revenue.shape[1] < FEWEST_SEEN:
        return _nothing(panel)
    feats = features_of(panel)
    pairs = zip(np.nan_to_num(panel.spend), panel.paused, strict=True)
    instruments = np.zeros_like(panel.spend)
    for channel, (spend, paused) in enumerate(pairs):
        instruments[channel] = expected(spend, paused, feats.known)
    residual = _residual(feats)
    moves = moves_of(panel, feats, instruments, residual)
    gate = judge(panel, feats, moves, residual)
    gate.checks |= checks_of(panel)
    lot = np.array([by_lot(one) for one in moves], dtype=np.bool_)
    subsidy = subsidy_moves(panel, feats)
    by_pauses = subsidy.lever if subsidy is not None and subsidy.by_lot else None
    if by_pauses is not None:
        feats = replace(feats, rated=True)
    grid = grid_of(feats, instruments, lot, rate_lever=by_pauses)
    sample = sample_of(panel, grid, draws, seed, threads)
    label = _label_of(panel, gate, sample)
    bounds = _bounds(gate, moves, sample) if label == "bounds" else None
    return _response(panel, gate, sample, label, bounds, subsidy)


def _check(panel: GrowthPanel, draws: int) -> None:
    shape = (len(panel.units), len(panel.months))
    named = {"revenue": (), "subsidy": (), "spend": panel.channels, "paused": panel.channels}
    for name, first in {**named, "dose": panel.interventions}.items():
        found = getattr(panel, name).shape
        wanted = (len(first), *shape) if name in ("spend", "paused", "dose") else shape
        if found != wanted:
            raise RequestError(
                f"{name} of the panel is {found}, but its units and months make {wanted}."
            )
    for name in ("spend", "subsidy"):
        if np.nanmin(getattr(panel, name), initial=0.0) < 0:
            raise RequestError(f"{name} of the panel is negative somewhere; give positive money.")
    if draws < 1:
        raise RequestError(f"draws is {draws}. Ask for at least one.")


def _residual(feats: Features) -> Floats:
    """(N, T) what revenue has beyond units, months and interventions, as a share."""
    none = np.zeros((0, 1, *feats.revenue.shape))
    grid = Grid(feats, CURVES, none, none, feats.dose, feats.dose)
    fit = begin(grid, False, 0)
    rescore(grid, np.ones(len(feats.size)), fit, STEPS)
    _, mean, unit = means_of(grid, fit, grid.other, none[:, 0])
    fitted = unit[:, None] * mean
    out = np.divide(feats.revenue, fitted, out=np.ones_like(fitted), where=fitted > 0) - 1.0
    return np.asarray(out * feats.known)


def _label_of(panel: GrowthPanel, gate: Gate, sample: Sample) -> Label:
    """The label of all channels together, with what the prior and the subsidy do to it."""
    spent = np.nansum(panel.spend, axis=(1, 2))
    whole = spent.sum()
    if whole <= 0:
        gate.because("no_spend")
        return "counted"
    total = sample.wanted[:, :-1].sum(axis=1)
    channels = len(panel.channels)
    data = float(np.sqrt((sample.errors[:channels] ** 2).sum()))
    moved = float(total.std() / data) if data > 0 else 0.0
    gate.checks["prior"] = {
        "status": "warning" if moved < PRIOR_DECIDES else "passed",
        "finding": "decides" if moved < PRIOR_DECIDES else "data",
        "return_most": MOST_RETURN,
        "share_by_data": float(sample.shares[:channels].sum()),
        "share": float(total.mean()),
        "error_by_data": data,
        "error": float(total.std()),
    }
    untold = sum(m for one, m in zip(gate.whole, spent, strict=True) if one == "bounds") / whole
    if untold > MATTERS:
        return "bounds"
    labels = [one for one, money in zip(gate.whole, spent, strict=True) if money > MATTERS * whole]
    order: tuple[Label, ...] = ("model_only", "event_based", "experimental")
    weakest: Label = next((label for label in order if label in labels), "model_only")
    if moved < PRIOR_DECIDES:
        gate.because("prior_decides")
        return "model_only"
    return weakest


def _bounds(gate: Gate, moves: list[Moves], sample: Sample) -> tuple[float, float]:
    """Smallest and largest share of revenue that paid traffic can bring.

    A channel that is told counts with its interval. One that is not: from nothing to what money
    can do at all, or to what it seems to bring where spend follows demand upwards, for then it
    seems to bring too much.
    """
    low, high = 0.0, 0.0
    for channel, label in enumerate(gate.whole):
        if label != "bounds":
            ends = np.quantile(sample.wanted[:, channel], (0.025, 0.975))
            low, high = low + float(ends[0]), high + float(ends[1])
            continue
        top = float(sample.prior_mean[channel] / RETURN_MEAN * MOST_RETURN)
        one = moves[channel]
        upwards = one.feedback is not None and one.feedback.elasticity > 0
        if upwards and "follows_demand" in gate.reasons:
            top = min(top, float(sample.shares[channel] + 2 * sample.errors[channel]))
        high += max(top, 0.0)
    return low, min(high, MOST)


def _response(
    panel: GrowthPanel,
    gate: Gate,
    sample: Sample,
    label: Label,
    bounds: tuple[float, float] | None,
    paused: SubsidyMoves | None,
) -> Response:
    feats, fits, count = sample.grid.features, sample.fits, len(panel.interventions)
    shapes = np.array([[sample.grid.shape(place) for place in fit.places] for fit in fits])
    shapes = shapes.reshape(len(fits), len(panel.channels), 3)
    subsidy: Label = "counted"
    if feats.subsidised:
        lot = paused is not None and paused.by_lot
        subsidy = "experimental" if lot else "model_only" if feats.rated else "bounds"
        gate.checks["subsidy"] = {
            "status": "passed" if feats.rated else "warning",
            "finding": "by_lot" if lot else "rate_known" if feats.rated else "rate_unknown",
            "share": float(sample.wanted[:, -1].mean()),
            "top": sample.subsidy_top if not feats.rated else None,
            "paused": 0 if paused is None else paused.paused,
            "strength": None if paused is None else round(paused.strength, 2),
        }
        if not feats.rated:
            gate.because("subsidy_rate_unknown")
    pull = [fit.slopes[count] if sample.grid.rated else 0.0 for fit in fits]
    return Response(
        label=label,
        form="hill",
        channels=panel.channels,
        interventions=panel.interventions,
        scale=feats.scale,
        carry=shapes[:, :, 0],
        beta=np.stack([fit.beta for fit in fits]),
        half=shapes[:, :, 1],
        power=shapes[:, :, 2],
        subsidy_pull=np.array(pull),
        tau=np.stack([fit.slopes[:count] for fit in fits]),
        months_kept=panel.revenue.shape[1],
        size=feats.size,
        adds=np.array([fit.adds for fit in fits]),
        base=np.stack([fit.months for fit in fits]),
        volume=feats.volume,
        late=feats.late,
        known=tuple(gate.known),
        subsidy_known=subsidy,
        reasons=tuple(gate.reasons),
        checks=gate.checks,
        bounds=bounds,
    )


def _nothing(panel: GrowthPanel) -> Response:
    """No revenue, or too few months to tell anything."""
    units, months = panel.revenue.shape
    channels, count = len(panel.channels), len(panel.interventions)
    none = np.zeros((0, channels))
    return Response(
        label="not_identified",
        form="hill",
        channels=panel.channels,
        interventions=panel.interventions,
        scale=np.ones(channels),
        carry=none,
        beta=none,
        half=none,
        power=none,
        subsidy_pull=np.zeros(0),
        tau=np.zeros((0, count)),
        months_kept=months,
        size=np.ones(units),
        adds=np.zeros(0, np.bool_),
        base=np.zeros((0, months)),
        volume=np.zeros((units, months)),
        known=tuple(_no_label() for _ in range(channels)),
        reasons=("no_revenue" if months >= FEWEST_SEEN else "few_months",),
    )


def _no_label() -> Label:
    return "not_identified"
