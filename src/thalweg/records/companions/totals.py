"""Control totals: sums that the ledger must come to, by month and, where given, account and party."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.ledger import (
    ACCOUNT,
    AMOUNT,
    CURRENCY_COLUMN,
    MONTH_COLUMN,
    PARTY_COLUMN,
    UNTIL_COLUMN,
)
from thalweg.records.companions.money import amounts_finite, currency_codes, ends_after_start
from thalweg.records.companions.names import parties_known, respelled
from thalweg.records.companions.schema import (
    EXAMPLES_KEPT,
    Column,
    Fault,
    Judgement,
    Remark,
    Schema,
    Surroundings,
)
from thalweg.records.intake import ROW

KEYS = ("month", "to", "account", "party", "currency")
TOLERANCE = 0.005
"""Half a cent for each ledger line of a sum, since a ledger rounds each of its lines."""


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed control totals against the ledger; see ``schema.Check``."""
    rows = respelled(ends_after_start(currency_codes(rows), found), "party", around, found)
    amounts_finite(rows, "amount", found)
    for row, month in rows.filter(pl.struct(KEYS).is_duplicated()).select(ROW, "month").iter_rows():
        if month is not None:
            cure = "Keep the one that holds."
            found.faults.append(Fault(row, "total_repeated", "month", f"{month:%Y-%m}", cure))
    recheck(rows.filter(~pl.col(ROW).is_in(list(found.bad_rows()))), around, found)
    return rows


def compared(totals: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """Each control total beside the ledger's own sum.

    Returns  the columns of the totals, ``summed`` (of the lines within the period, of the account
             and party where the total names them, in its currency; 0 where there is none), ``lines``
             (how many), ``crossing`` (lines that reach beyond the period: not summed) and
             ``difference``: summed less stated.
    """
    wide = ledger.lazy().with_columns(end=pl.coalesce("to", "month"))
    keys = ["month", "end", "account", "party", "currency"]
    sums = wide.group_by(keys).agg(pl.col("amount").sum(), pl.len().alias("lines")).collect()
    found = []
    for total in totals.iter_rows(named=True):
        first, last = total["month"], total["to"] or total["month"]
        mine = (pl.col("end") >= first) & (pl.col("month") <= last)
        for name in ("account", "party", "currency"):
            if total[name] is not None:
                mine &= pl.col(name) == total[name]
        met = sums.filter(mine)
        inside = met.filter((pl.col("month") >= first) & (pl.col("end") <= last))
        lines = int(inside["lines"].sum())
        crossing = int(met["lines"].sum()) - lines
        found.append((float(inside["amount"].sum()), lines, crossing))
    beside = pl.DataFrame(
        found,
        schema={"summed": pl.Float64, "lines": pl.Int64, "crossing": pl.Int64},
        orient="row",
    )
    return totals.hstack(beside).with_columns(difference=pl.col("summed") - pl.col("amount"))


def recheck(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Say which totals the ledger does not come to, and how many it does."""
    parties_known(rows, around, found)
    ledger = around.tables("ledger")
    if ledger is None:
        found.note("totals_without_ledger", "warning", rows[ROW], "amount")
        return
    beside = compared(rows, ledger)
    slack = TOLERANCE * pl.max_horizontal("lines", pl.lit(1)) + 1e-12 * pl.col("amount").abs()
    apart = beside.filter(pl.col("difference").abs() > slack)
    first = apart.sort(pl.col("difference").abs(), descending=True, maintain_order=True)
    examples = tuple((r[ROW], _said(r)) for r in first.head(EXAMPLES_KEPT).iter_rows(named=True))
    detail = {
        "difference": round(float(apart["difference"].sum()), 2),
        "difference_absolute": round(float(apart["difference"].abs().sum()), 2),
    }
    found.remark(
        Remark("totals_differ", "warning", len(apart), examples, "amount", len(rows), detail)
    )
    found.remark(Remark("totals_agree", "note", len(rows) - len(apart), (), "amount", len(rows)))


def _said(row: dict[str, object]) -> str:
    """Month, account, party; the total, the ledger's sum, and the difference."""
    month, end = row["month"], row["to"]
    assert hasattr(month, "strftime")
    span = month.strftime("%Y-%m") + (f"…{end:%Y-%m}" if end is not None else "")
    about = " · ".join(str(part) for part in (span, row["account"], row["party"]) if part)
    stated, summed, apart = (row[k] for k in ("amount", "summed", "difference"))
    return f"{about}: {stated:,.2f} ≠ {summed:,.2f} ({apart:+,.2f})"


SCHEMA = Schema(
    "totals",
    (
        PARTY_COLUMN,
        MONTH_COLUMN,
        UNTIL_COLUMN,
        Column("account", "text", "account; empty for all of them", ACCOUNT),
        Column("amount", "amount", "what the ledger must come to", AMOUNT, required=True),
        CURRENCY_COLUMN,
    ),
    keys=("month", "account", "party"),
    check=check,
    recheck=recheck,
    rechecked=("party_unlisted", "totals_differ", "totals_agree", "totals_without_ledger"),
)
