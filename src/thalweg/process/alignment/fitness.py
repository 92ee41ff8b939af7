"""Fitness from alignments: how much of the records the model can explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.process.alignment.alignments import Alignments
from thalweg.process.chunks import Ints

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the interval that holds the true one.

    Both ends are the figure itself where it is exact. ``value`` follows the alignments found, which
    a cap can only have made worse than the best.
    """

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Fitness:
    """Three views of the cost of alignments, and the share of objects whose cost is exact.

    log: 1 less the cost of all objects over what they would cost with no event matched. average:
    mean over objects of the same for each. fitting_share: objects that cost nothing.
    """

    log: Figure
    average: Figure
    fitting_share: Figure
    exact_share: float

    def to_json(self) -> dict[str, object]:
        figures = {name: getattr(self, name).to_json() for name in ("log", "average")}
        share = self.fitting_share.to_json()
        return figures | {"fitting_share": share, "exact_share": self.exact_share}


def variant_fitness(alignments: Alignments, cost: Ints) -> NDArray[np.float64]:
    """1 − cost / (events + cost of the model's shortest run); 1 where that is 0 / 0."""
    most = alignments.lengths + alignments.model_cost
    return 1 - np.divide(cost, most, out=np.zeros(len(cost)), where=most > 0)


def measure_fitness(alignments: Alignments, population: int | None = None) -> Fitness:
    """Fitness with intervals.

    Takes    population: objects of which those aligned are a simple random sample; none if they
             are all. The interval is then normal, with the finite-population correction; for the
             ratio it is linearised (Cochran 1977), for the share it is Wilson's (1927).
    """
    count = alignments.count
    sampled = int(count.sum())
    rest = 0.0 if population is None else 1 - sampled / population
    size = (alignments.lengths + alignments.model_cost).astype(np.float64)

    def mean(values: NDArray[np.float64]) -> tuple[float, float]:
        middle = float(np.average(values, weights=count))
        spread = float(np.sum(count * (values - middle) ** 2)) / max(sampled - 1, 1)
        return middle, Z_95 * float(np.sqrt(spread * rest / sampled))

    def log(cost: Ints) -> tuple[float, float]:
        mean_size, _ = mean(size)
        ratio = float(np.average(cost, weights=count)) / mean_size if mean_size else 0.0
        _, half = mean(cost - ratio * size)
        return 1 - ratio, half / mean_size if mean_size else 0.0

    def around(worst: tuple[float, float], best: tuple[float, float]) -> Figure:
        low, high = worst[0] - worst[1], best[0] + best[1]
        return Figure(worst[0], max(low, 0.0), min(high, 1.0))

    low, high = alignments.low, alignments.high
    worst = _share(float(np.average(high == 0, weights=count)), sampled, rest)
    best = _share(float(np.average(low == 0, weights=count)), sampled, rest)
    return Fitness(
        log=around(log(high), log(low)),
        average=around(
            mean(variant_fitness(alignments, high)), mean(variant_fitness(alignments, low))
        ),
        fitting_share=Figure(worst.value, worst.low, best.high),
        exact_share=float(np.average(alignments.exact, weights=count)),
    )


def _share(share: float, sampled: int, rest: float) -> Figure:
    """Wilson's interval, the sample counting for more the less of the population is left."""
    if rest <= 0:
        return Figure(share, share, share)
    square = Z_95**2 * rest / sampled
    middle = (share + square / 2) / (1 + square)
    half = float(np.sqrt(square * share * (1 - share) + square**2 / 4)) / (1 + square)
    return Figure(share, max(middle - half, 0.0), min(middle + half, 1.0))
