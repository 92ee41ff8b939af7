"""What a lived world leaves behind: frames of ids and word keys, without any language.

Times are UTC instants in nanoseconds; months and roll-out days are local dates (Asia/Shanghai).
Keys of activities, types, roles, accounts, … have their words in ``words``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from thalweg.industry.world.spec import Switches, WorldSpec

OBJECT_TYPES = (
    "inquiry",
    "order",
    "contract",
    "coil",
    "warehouse_receipt",
    "job",
    "shipment",
    "invoice",
    "payment",
    "loan",
)


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The records of a world up to ``observed_until`` (None: everything, uncensored).

    events         event (Int64, 0.. in order of end, start), activity (Enum of keys), start, end
                   (Datetime ns UTC), resource (key or null), party (id), amount_cny, tonnes
                   (Float64 or null).
    links          event, type (Enum of ``OBJECT_TYPES``), object (id); each once.
    objects        type → frame with object, firm (the unit's party id) and attributes. An order
                   has grade, tonnes, coils, amount_cny (null: never ordered), buyer, mill,
                   warehouse, service_centre, carrier, channel.
    object_links   source, source_type, target, target_type, qualifier (key).
    parties        party, role, region, layer, parent, size, joined (date).
    interventions  intervention, kind, layers (list), unit (party id), from, to (dates; to null:
                   still in force), intensity, cost_cny, assignment, reason (key); a row a unit.
    products       product, service (bool), first_sale (date).
    ledger         party, month (date), product (product, or intervention for research and
                   rollout, or null), account, amount_cny (costs are negative).
    traffic        party, month, channel, visits, leads, orders, spend_cny.
    pauses         party, month, channel: paid traffic and subsidy that were paused by lot.
    """

    spec: WorldSpec
    switches: Switches
    observed_until: datetime | None
    events: pl.DataFrame
    links: pl.DataFrame
    objects: dict[str, pl.DataFrame]
    object_links: pl.DataFrame
    parties: pl.DataFrame
    interventions: pl.DataFrame
    products: pl.DataFrame
    ledger: pl.DataFrame
    traffic: pl.DataFrame
    pauses: pl.DataFrame
