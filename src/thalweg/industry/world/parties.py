"""The parties of the world: ids, roles, and which of them does what for an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from thalweg.industry.world.calendars import Clock
from thalweg.industry.world.chance import Ints
from thalweg.industry.world.course import Orders
from thalweg.industry.world.firms import REGIONS, Firms
from thalweg.industry.world.spec import WorldSpec

PLATFORM = "PLATFORM"
BANK = "BANK"
LETTER = {
    "member": "F{:03d}",
    "mill": "M{:02d}",
    "warehouse": "W{:03d}",
    "service_centre": "C{:03d}",
    "carrier": "H{:02d}",
    "buyer": "B{:04d}",
}
LAYER_OF_ROLE = {
    "platform": None,
    "bank": "finance",
    "member": None,
    "mill": "production",
    "warehouse": "warehousing",
    "service_centre": "processing",
    "carrier": "logistics",
    "buyer": None,
}


@dataclass(frozen=True, slots=True, eq=False)
class Parties:
    """ids: of all; first: role → place of its first party; cluster, carrier: (firms,) codes.

    table: as in ``records``.
    """

    ids: tuple[str, ...]
    first: dict[str, int]
    cluster: Ints
    carrier: Ints
    table: pl.DataFrame

    def member(self, firm: int) -> str:
        return self.ids[self.first["member"] + firm]

    def of(self, role: str, orders: Orders, rows: Ints) -> Ints:
        """(rows,) place among ``ids`` of the party that has this role for each order."""
        firm = orders.firm[rows]
        place = {
            "member": firm,
            "mill": orders.mill[rows],
            "buyer": orders.buyer[rows],
            "warehouse": self.cluster[firm],
            "service_centre": self.cluster[firm],
            "carrier": self.carrier[firm],
        }.get(role, np.zeros(len(rows), np.int64))
        return np.asarray(self.first[role] + place)


def parties_of(spec: WorldSpec, firms: Firms, clock: Clock) -> Parties:
    counts = {
        "member": spec.firms,
        "mill": firms.mills,
        "warehouse": firms.clusters,
        "service_centre": firms.clusters,
        "carrier": firms.carriers,
        "buyer": firms.buyers,
    }
    ids, roles = [PLATFORM, BANK], ["platform", "bank"]
    first = {"platform": 0, "bank": 1}
    for role, count in counts.items():
        first[role] = len(ids)
        ids += [LETTER[role].format(number + 1) for number in range(count)]
        roles += [role] * count
    regions: list[str | None] = [None] * len(ids)
    sizes: list[float | None] = [None] * len(ids)
    joined = [clock.start - timedelta(days=2_600)] * len(ids)
    for firm in range(spec.firms):
        at = first["member"] + firm
        regions[at] = REGIONS[int(firms.region[firm])]
        sizes[at] = round(float(firms.size[firm]), 3)
        joined[at] = clock.start - timedelta(days=int(firms.joined[firm]))
        for role in ("warehouse", "service_centre"):
            regions[first[role] + int(firms.cluster[firm])] = regions[at]
    table = pl.DataFrame(
        {
            "party": ids,
            "role": roles,
            "region": regions,
            "layer": [LAYER_OF_ROLE[role] for role in roles],
            "parent": [PLATFORM if role == "member" else None for role in roles],
            "size": sizes,
            "joined": joined,
        },
        schema_overrides={
            **dict.fromkeys(("region", "layer", "parent"), pl.String),
            "size": pl.Float64,
            "joined": pl.Date,
        },
    )
    return Parties(tuple(ids), first, firms.cluster, firms.carrier, table)
