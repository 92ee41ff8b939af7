"""Which tables a book may hold beside its events: one line for each kind."""

from __future__ import annotations

from thalweg.errors import RequestError
from thalweg.records.companions import (
    interventions,
    ledger,
    parties,
    pauses,
    products,
    rates,
    totals,
    traffic,
)
from thalweg.records.companions.schema import Schema
from thalweg.records.mapping.flat import nearest

SCHEMAS: dict[str, Schema] = {
    room.SCHEMA.table: room.SCHEMA
    for room in (parties, interventions, rates, products, ledger, totals, traffic, pauses)
}
"""In the order in which they are read: each is checked against those before it."""
MONEY = ("ledger", "traffic", "products", "rates", "pauses", "totals")
"""Tables of money. A book may consist of these alone, without events."""


def schema_of(table: str) -> Schema:
    """The schema of a kind of table.

    Raises   RequestError: there is no such kind.
    """
    if table not in SCHEMAS:
        raise RequestError(
            f"There is no table {table!r} beside the events. {nearest(table, SCHEMAS)}"
        )
    return SCHEMAS[table]
