"""Control totals against a ledger, held against plain loops over every line and total."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.records.companions.totals import SCHEMA, compared
from thalweg.records.intake import ROW

MONTHS = [date(2024, m, 1) for m in range(1, 7)]
maybe = st.one_of(st.none(), st.sampled_from(["A", "B"]))
currency = st.sampled_from(["CNY", "USD", None])
lines = st.lists(
    st.tuples(
        *(st.integers(0, 5), st.integers(0, 2), maybe, st.sampled_from(["R", "M"])),
        *(st.integers(-9, 9), currency),
    ),
    min_size=1,
    max_size=25,
)
totals = st.lists(
    st.tuples(
        *(st.integers(0, 5), st.integers(0, 2), maybe),
        *(st.one_of(st.none(), st.sampled_from(["R", "M", "X"])), st.integers(-9, 9), currency),
    ),
    min_size=1,
    max_size=12,
)


def frame(rows: list[tuple[int, int, str | None, str | None, int, str | None]]) -> pl.DataFrame:
    """Month, to, account, party, amount, currency in the types of the tables."""
    return pl.DataFrame(
        [
            {
                ROW: row,
                "month": MONTHS[first],
                "to": MONTHS[min(first + more, 5)] if first + more > first else None,
                "party": party,
                "account": account,
                "amount": float(amount),
                "currency": money,
            }
            for row, (first, more, party, account, amount, money) in enumerate(rows, 1)
        ],
        schema=SCHEMA.stored(),
    )


@given(lines, totals, st.sampled_from(["CNY", None]))
@settings(max_examples=150, deadline=None)
def test_sums_are_those_of_plain_loops(ledger: list, wanted: list, own: str | None) -> None:  # type: ignore[type-arg]
    beside = compared(frame(wanted), frame(ledger), own)
    held = {money for *_, money in ledger}
    only = held.pop() if len(held) == 1 else None
    for (first, more, party, account, stated, money), row in zip(
        wanted, beside.iter_rows(named=True), strict=True
    ):
        last = min(first + more, 5)
        summed, count, crossing = 0, 0, 0
        for begin, longer, whose, name, amount, currency_ in ledger:
            end = min(begin + longer, 5)
            if (account or name) != name or (party is not None and party != whose):
                continue
            meant, asked = currency_ or own, money or only or own
            if meant is not None and asked is not None and meant != asked:
                continue
            if end < first or begin > last:
                continue
            if begin >= first and end <= last:
                summed, count = summed + amount, count + 1
            else:
                crossing += 1
        assert (row["summed"], row["lines"], row["crossing"]) == (summed, count, crossing)
        assert row["difference"] == summed - stated
