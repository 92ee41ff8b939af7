"""Whom an intervention reaches: rows of the tables joined with the units that are measured.

Units are spelled as the records spell them; a party is a unit when its id or its name is so
spelled. An intervention at a party that is no unit itself reaches the units below it.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from thalweg.records.companions.interventions import EVERY_UNIT


def party_of_units(parties: pl.DataFrame | None, units: Sequence[str]) -> dict[str, str]:
    """Party id by unit, for units that are a party by id or, where it is nobody else's, by name."""
    if parties is None:
        return {}
    ids = set(parties["id"])
    single = parties.filter(pl.len().over("name") == 1)
    by_name = dict(single.select("name", "id").iter_rows())
    found = {unit: unit if unit in ids else by_name.get(unit) for unit in units}
    return {unit: party for unit, party in found.items() if party is not None}


def traits_of(parties: pl.DataFrame, units: Sequence[str]) -> pl.DataFrame:
    """The parties' rows by unit: column ``unit`` in the given order, then the parties' columns.

    A unit without a party has nulls.
    """
    party = party_of_units(parties, units)
    wanted = pl.DataFrame(
        {"unit": list(units), "id": [party.get(unit) for unit in units]},
        schema={"unit": pl.String, "id": pl.String},
    )
    return wanted.join(parties, on="id", how="left", maintain_order="left")


def by_unit(
    interventions: pl.DataFrame, units: Sequence[str], parties: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One row per intervention, unit and time in force, with the columns of the interventions.

    Takes    interventions, parties: as ``Book`` gives them. units: those that are measured.
    Returns  the rows with ``unit`` spelled as in ``units``, in the order of the interventions'
             rows, and ``given`` as the table says it. A row for a party that is no unit stands
             once for each unit below it; a row for ``*`` once for each eligible unit that the
             intervention does not name in a row of its own. Rows that reach none are left out:
             ``unreached`` gives them.
    """
    party = party_of_units(parties, units)
    reached = _reached(units, parties, party)
    everyone = _eligible(units, parties, party)
    wanted = interventions.with_columns(given=pl.col("unit"))
    named = wanted.filter(pl.col("given") != EVERY_UNIT).with_columns(
        unit=_targets(wanted.filter(pl.col("given") != EVERY_UNIT)["given"], reached)
    )
    named = named.explode("unit", empty_as_null=False)
    general = wanted.filter(pl.col("given") == EVERY_UNIT).with_columns(
        unit=pl.lit(everyone, pl.List(pl.String))
    )
    general = general.explode("unit", empty_as_null=False)
    rest = general.join(named, on=["id", "unit"], how="anti")
    return pl.concat([named, rest]).sort("@row", maintain_order=True)


def in_doubt(
    set_aside: pl.DataFrame, units: Sequence[str], parties: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Units of which it is not known whether or when they got an intervention: ``id``, ``unit``.

    Takes    set_aside: ``Book.companion_set_aside("interventions")``.
    Returns  each pair once. Such a unit is no control: its row could not be read, and that says
             nothing of the unit. A row without id or unit concerns nobody who could be named.
    """
    if "unit" not in set_aside.columns:
        return pl.DataFrame(schema={"id": pl.String, "unit": pl.String})
    named = set_aside.drop_nulls(["id", "unit"])
    return by_unit(named, units, parties).select("id", "unit").unique(maintain_order=True)


def unreached(
    interventions: pl.DataFrame, units: Sequence[str], parties: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Rows of interventions at units that are not measured."""
    joined = by_unit(interventions, units, parties)
    return interventions.join(joined, on="@row", how="anti").filter(pl.col("unit") != EVERY_UNIT)


def _targets(given: pl.Series, reached: dict[str, list[str]]) -> pl.Series:
    lists = [reached.get(name, []) for name in given]
    return pl.Series("unit", lists, dtype=pl.List(pl.String))


def _reached(
    units: Sequence[str], parties: pl.DataFrame | None, party: dict[str, str]
) -> dict[str, list[str]]:
    """Units by every name of themselves and of the parties above them."""
    found: dict[str, list[str]] = {unit: [unit] for unit in units}
    if parties is None:
        return found
    above = dict(parties.select("id", "parent").iter_rows())
    names = dict(parties.select("id", "name").iter_rows())
    for unit in units:
        at = party.get(unit)
        seen: set[str] = set()
        while at is not None and at not in seen:
            seen.add(at)
            for word in dict.fromkeys((at, names.get(at, at))):
                members = found.setdefault(word, [])
                if unit not in members and members != [word]:
                    members.append(unit)
            at = above.get(at)
    return found


def _eligible(
    units: Sequence[str], parties: pl.DataFrame | None, party: dict[str, str]
) -> list[str]:
    if parties is None:
        return list(units)
    barred = set(parties.filter(~pl.col("eligible"))["id"])
    return [unit for unit in units if party.get(unit) not in barred]
