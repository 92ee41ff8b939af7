"""Gaps, repeated lines and signs of any table, held against plain loops."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.records.companions.ledger import SCHEMA
from thalweg.records.companions.money import months_complete, never_negative, rate_in
from thalweg.records.companions.periods import months_between
from thalweg.records.companions.repeats import said_again
from thalweg.records.companions.schema import Judgement
from thalweg.records.intake import ROW

MONTHS = [date(2023, 10 + m, 1) if m < 3 else date(2024, m - 2, 1) for m in range(14)]
lines = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 2), st.sampled_from(["A", "B", None])),
    min_size=1,
    max_size=20,
)


def ledger_of(rows: list[tuple[int, int, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                ROW: row,
                "party": party,
                "month": MONTHS[first],
                "to": MONTHS[first + more] if more else None,
                "account": "R",
                "amount": float(more),
            }
            for row, (first, more, party) in enumerate(rows, 1)
        ],
        schema=SCHEMA.stored(),
    )


@given(lines)
@settings(max_examples=150, deadline=None)
def test_gaps_are_those_of_plain_loops(rows: list[tuple[int, int, str | None]]) -> None:
    found = Judgement()
    months_complete(ledger_of(rows), found)
    told = {remark.code: remark.count for remark in found.remarks}
    held = {at for first, more, _ in rows for at in range(first, first + more + 1)}
    overall = [at for at in range(min(held), max(held) + 1) if at not in held]
    by_party = 0
    for party in ("A", "B"):
        mine = {a for f, more, whose in rows if whose == party for a in range(f, f + more + 1)}
        for at in range(min(mine, default=0), max(mine, default=-1) + 1):
            by_party += at not in mine and at not in overall
    assert told.get("months_missing", 0) == len(overall)
    assert told.get("party_months_missing", 0) == by_party


@given(lines)
@settings(max_examples=150, deadline=None)
def test_repeated_lines_are_those_of_a_plain_loop(rows: list[tuple[int, int, str | None]]) -> None:
    seen: set[tuple[int, int, str | None]] = set()
    again = []
    for row, line in enumerate(rows, 1):
        if line in seen:
            again.append(row)
        seen.add(line)
    assert sorted(said_again(ledger_of(rows)).to_list()) == again


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=12))
def test_numbers_below_zero_are_faults_one_by_one(values: list[float | None]) -> None:
    found = Judgement()
    frame = pl.DataFrame(
        {ROW: range(1, len(values) + 1), "visits": values}, schema_overrides={"visits": pl.Float64}
    )
    never_negative(frame, ("visits",), found)
    bad = {row for row, value in enumerate(values, 1) if value is not None and value < 0}
    assert found.bad_rows() == bad


rates = st.lists(
    st.tuples(
        st.sampled_from(["USD", "EUR"]),
        st.one_of(st.none(), st.integers(0, 9)),
        st.integers(1, 28),
        st.integers(1, 9),
    ),
    max_size=8,
    unique_by=lambda r: (r[0], r[1], r[2] if r[1] is not None else 0),
)


@given(rates)
@settings(max_examples=150, deadline=None)
def test_the_rate_of_a_month_is_that_of_a_plain_loop(
    rows: list[tuple[str, int | None, int, int]],
) -> None:
    table = pl.DataFrame(
        {
            "currency": [r[0] for r in rows],
            "from": [None if r[1] is None else MONTHS[r[1]].replace(day=r[2]) for r in rows],
            "rate": [float(r[3]) for r in rows],
        },
        schema={"currency": pl.String, "from": pl.Date, "rate": pl.Float64},
    )
    wanted = months_between(MONTHS[0], MONTHS[-1])
    expected = {}
    for currency in ("USD", "EUR"):
        for month in wanted:
            begun = [
                (begin or date.min, rate)
                for whose, begin, rate in table.iter_rows()
                if whose == currency and (begin is None or begin.replace(day=1) <= month)
            ]
            if begun:
                expected[currency, month] = max(begun, key=lambda one: one[0])[1]
    found = {(c, m): r for c, m, r in rate_in(table, wanted).iter_rows()}
    assert found == expected
