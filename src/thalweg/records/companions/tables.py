"""Which tables a book may hold beside its events: one line for each kind."""

from __future__ import annotations

from thalweg.errors import RequestError
from thalweg.records.companions import interventions, parties
from thalweg.records.companions.schema import Schema
from thalweg.records.mapping.flat import nearest

SCHEMAS: dict[str, Schema] = {
    schema.table: schema for schema in (parties.SCHEMA, interventions.SCHEMA)
}
"""In the order in which they are read: interventions are checked against parties."""


def schema_of(table: str) -> Schema:
    """The schema of a kind of table.

    Raises   RequestError: there is no such kind.
    """
    if table not in SCHEMAS:
        raise RequestError(
            f"There is no table {table!r} beside the events. {nearest(table, SCHEMAS)}"
        )
    return SCHEMAS[table]
