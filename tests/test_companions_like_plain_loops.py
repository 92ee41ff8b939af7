"""Overlaps and reach of interventions agree with loops over all pairs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.records.companions.interventions import SCHEMA
from thalweg.records.companions.parties import SCHEMA as PARTIES
from thalweg.records.companions.reach import by_unit
from thalweg.records.companions.schema import Judgement, Surroundings

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
UNITS = ["u1", "u2", "u3"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]),
        st.sampled_from([*UNITS[:2], "g", "*"]),
        st.integers(0, 12),
        st.one_of(st.none(), st.integers(1, 6)),
    ),
    max_size=9,
)
ABOVE = st.dictionaries(st.sampled_from([*UNITS, "g", "h"]), st.sampled_from(["g", "h"]))


def table(rows: list[tuple[str, str, int, int | None]]) -> pl.DataFrame:
    """Interventions as they are stored, from (id, unit, first day, days)."""
    columns = {name: [None] * len(rows) for name in SCHEMA.stored()}
    columns |= {
        "@row": list(range(2, len(rows) + 2)),
        "id": [r[0] for r in rows],
        "unit": [r[1] for r in rows],
        "from_at": [START + r[2] * DAY for r in rows],
        "to_at": [None if r[3] is None else START + (r[2] + r[3]) * DAY for r in rows],
        "reason": ["why"] * len(rows),
    }
    return pl.DataFrame(columns, schema=SCHEMA.stored())


def around() -> Surroundings:
    return Surroundings("UTC", None, None, None, set, list)


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_exactly_the_rows_that_overlap_another_are_set_aside(
    rows: list[tuple[str, str, int, int | None]],
) -> None:
    found = Judgement()
    SCHEMA.check(table(rows), around(), found)
    bad = {fault.row for fault in found.faults if fault.code == "intervention_overlaps"}
    days = [set(range(a, 99 if n is None else a + n)) for _, _, a, n in rows]
    expected = {
        2 + i
        for i in range(len(rows))
        for j in range(len(rows))
        if i != j and rows[i][:2] == rows[j][:2] and days[i] & days[j]
    }
    assert bad == expected


@settings(max_examples=150, deadline=None)
@given(ROWS, ABOVE, st.sets(st.sampled_from(UNITS)))
def test_interventions_reach_the_units_below_and_those_that_are_eligible(
    rows: list[tuple[str, str, int, int | None]], above: dict[str, str], barred: set[str]
) -> None:
    parties = pl.DataFrame(
        {
            "@row": range(5),
            "id": [*UNITS, "g", "h"],
            "name": [*UNITS, "g", "h"],
            "parent": [above.get(key) for key in (*UNITS, "g", "h")],
            "eligible": [key not in barred for key in (*UNITS, "g", "h")],
        },
        schema={k: v for k, v in PARTIES.stored().items() if k in KEPT},
    )
    joined = by_unit(table(rows), UNITS, parties)
    expected = []
    for at, (key, unit, _, _) in enumerate(rows, 2):
        named = {u for k, given, _, _ in rows if k == key for u in below(given, above)}
        general = [u for u in UNITS if u not in barred and u not in named]
        reached = general if unit == "*" else below(unit, above)
        expected += [(at, u) for u in reached]
    assert sorted(joined.select("@row", "unit").rows()) == sorted(expected)


KEPT = ("@row", "id", "name", "parent", "eligible")


def below(name: str, above: dict[str, str]) -> list[str]:
    """Measured units that are this party, or stand under it; a unit is itself alone."""
    if name in UNITS:
        return [name]
    found = []
    for unit in UNITS:
        at, steps = unit, 0
        while at in above and steps < len(above):
            at, steps = above[at], steps + 1
            if at == name:
                found.append(unit)
                break
    return found
