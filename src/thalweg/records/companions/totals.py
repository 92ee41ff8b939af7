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


def compared(totals: pl.DataFrame, ledger: pl.DataFrame, own: str | None = None) -> pl.DataFrame:
    """Each control total beside the ledger's own sum.

    Takes    own: currency of lines and totals that name none; None: of such a total the only one
             of the ledger, and of such a line any.
    Returns  the columns of the totals, ``summed`` (of the lines within the period, of the account
             and party where the total names them, in its currency; 0 where there is none), ``lines``
             (how many), ``crossing`` (lines that reach beyond the period: not summed) and
             ``difference``: summed less stated.
    """
    only = ledger["currency"].unique()
    silent = only[0] if len(only) == 1 else None
    lines = ledger.lazy().with_columns(
        pl.coalesce("to", "month").alias("end"), pl.col("currency").fill_null(pl.lit(own))
    )
    wanted = totals.with_columns(
        pl.coalesce("to", "month").alias("last"),
        pl.coalesce("currency", pl.lit(silent), pl.lit(own)).alias("wanted"),
    )
    found = []
    for by_account in (True, False):
        for by_party in (True, False):
            named = (pl.col("account").is_not_null() == by_account) & (
                pl.col("party").is_not_null() == by_party
            )
            keys = [*["account"] * by_account, *["party"] * by_party]
            if not (some := wanted.filter(named)).is_empty():
                found.append(_met(some, lines, keys))
    sums = (
        pl.concat(found)
        .group_by(ROW)
        .agg(
            pl.col("amount").filter(pl.col("inside")).sum().alias("summed"),
            pl.col("lines").filter(pl.col("inside")).sum(),
            pl.col("lines").filter(~pl.col("inside")).sum().alias("crossing"),
        )
    )
    beside = totals.join(sums, on=ROW, how="left", maintain_order="left")
    beside = beside.with_columns(pl.col("summed", "lines", "crossing").fill_null(0))
    return beside.with_columns(difference=pl.col("summed") - pl.col("amount"))


def _met(totals: pl.DataFrame, lines: pl.LazyFrame, keys: list[str]) -> pl.DataFrame:
    """Sums of lines that overlap each total's period: ``@row``, amount, lines, inside."""
    by = [*keys, "currency", "month", "end"]
    sums = lines.group_by(by, maintain_order=True).agg(
        pl.col("amount").sum(), pl.len().cast(pl.Int64).alias("lines")
    )
    held = sums.collect()
    wanted = totals.select(ROW, *keys, "wanted", pl.col("month").alias("first"), "last")
    short, long = (
        held.filter((pl.col("month") == pl.col("end")) == is_short) for is_short in (1, 0)
    )
    of_month = wanted.filter(pl.col("first") == pl.col("last"))
    longer = wanted.filter(pl.col("first") != pl.col("last"))
    pairs = [
        of_month.join(short.with_columns(first=pl.col("month")), on=[*keys, "first"], how="inner"),
        *(
            some.join(lines_of, on=keys, how="inner") if keys else some.join(lines_of, how="cross")
            for some, lines_of in ((longer, short), (wanted, long))
        ),
    ]
    columns = (ROW, "first", "last", "wanted", "currency", "month", "end", "amount", "lines")
    both = pl.concat(pair.select(columns) for pair in pairs)
    overlaps = (pl.col("end") >= pl.col("first")) & (pl.col("month") <= pl.col("last"))
    alike = (pl.col("currency") == pl.col("wanted")).fill_null(True)
    inside = (pl.col("month") >= pl.col("first")) & (pl.col("end") <= pl.col("last"))
    return both.filter(overlaps & alike).select(ROW, "amount", "lines", inside.alias("inside"))


def recheck(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Say which totals the ledger does not come to, and how many it does."""
    parties_known(rows, around, found)
    ledger = around.tables("ledger")
    if ledger is None:
        found.note("totals_without_ledger", "warning", rows[ROW], "amount")
        return
    own = None if around.profile is None else around.profile.currency
    beside = compared(rows, ledger, own)
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
