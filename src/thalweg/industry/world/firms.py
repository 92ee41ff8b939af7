"""The member firms and those around them: traits that never change, fixed by the spec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.industry.world.chance import Floats, Ints
from thalweg.industry.world.mechanisms import FAMILIES, platform_of
from thalweg.industry.world.spec import WorldSpec

CLUSTER = 4
"""Firms that share a service centre and a warehouse: members numbered next to each other."""
REGIONS = ("jiangnan", "bohai", "pearl_river", "sichuan", "central_plain")
GRADES = ("Q235B", "SPCC", "Q355B", "DC01")
GRADE_SHARES = (0.42, 0.26, 0.20, 0.12)
SIZE_SD, SMALLEST, LARGEST = 0.45, 0.5, 2.5
LEVEL_SD = 0.18
"""Of the firms' own levels of working times, on the logarithm, in each family of dials."""
BUYERS_PER_FIRM, MOST_BUYERS = 6, 1_500


@dataclass(frozen=True, slots=True, eq=False)
class Firms:
    """size: (firms,), mean 1. level: family → (firms,). trend: (firms,) of working times a month.

    Places of others: (firms,) codes. joined: (firms,) days before the world begins.
    """

    size: Floats
    region: Ints
    cluster: Ints
    carrier: Ints
    joined: Ints
    trend: Floats
    level: dict[str, Floats]
    mills: int
    buyers: int

    @property
    def count(self) -> int:
        return len(self.size)

    @property
    def regions(self) -> int:
        return int(self.region.max()) + 1

    @property
    def clusters(self) -> int:
        return int(self.cluster.max()) + 1

    @property
    def carriers(self) -> int:
        return int(self.carrier.max()) + 1


def firms_of(spec: WorldSpec) -> Firms:
    """Draw the firms, a generator of its own for each trait."""
    n = spec.firms
    roots = np.random.SeedSequence([spec.seed, 11]).spawn(4 + len(FAMILIES))
    rng = [np.random.default_rng(root) for root in roots]
    size = np.exp(SIZE_SD * rng[0].standard_normal(n)).clip(SMALLEST, LARGEST)
    cluster = np.arange(n, dtype=np.int64) // CLUSTER
    regions = min(len(REGIONS), max(2, n // 8))
    region = cluster % regions
    carriers = max(2, n // 10)
    trend = platform_of(spec).drift * rng[1].standard_normal(n)
    levels = {
        name: LEVEL_SD * rng[4 + place].standard_normal(n) for place, name in enumerate(FAMILIES)
    }
    return Firms(
        size=size / size.mean(),
        region=region,
        cluster=cluster,
        carrier=rng[2].integers(0, carriers, n),
        joined=rng[3].integers(200, 2_500, n),
        trend=trend,
        level=levels,
        mills=max(3, min(12, n // 8)),
        buyers=min(MOST_BUYERS, BUYERS_PER_FIRM * n),
    )
