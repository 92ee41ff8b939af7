"""The accounts of a book: its ledger, traffic, products, rates and pauses, made comparable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from thalweg.economy.accounts.naming import naming_of
from thalweg.economy.accounts.products import product_table, spelled_by_id
from thalweg.economy.accounts.rates import Exchange, converted, main_currency
from thalweg.economy.accounts.signs import signed
from thalweg.economy.accounts.spreading import months_of, spread
from thalweg.economy.frame import LINE_COLUMNS, TRAFFIC_COLUMNS, Accounts
from thalweg.records.companions.reach import party_of_units
from thalweg.records.intake import ROW
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book

PLATFORM = "platform"
MARKETING = "marketing"
"""The one channel where no traffic table tells channels apart."""
TABLES = ("ledger", "traffic", "products", "rates", "pauses")
PAUSE_COLUMNS = {"party": pl.String, "month": pl.Date, "channel": pl.String}
BASIS = ("basis", "revenue_basis", "presentation", "收入口径", "列报口径", "口径")
"""Columns of a ledger that say whether revenue is gross, net, restated, …"""
_EVERY = "*"
_PLATFORM_ROLES = ("platform", "平台")


def read_accounts(book: Book, profile: Profile | None = None) -> Accounts:
    """The money of a book; without months where it holds neither ledger nor traffic.

    Takes    profile: None: the book's own.
    """
    tables = {name: book.companion(name) for name in TABLES}
    known = {name: table for name, table in tables.items() if table is not None}
    return accounts_from(known, profile or book.profile(), parties=book.parties())


def accounts_from(
    tables: Mapping[str, pl.DataFrame],
    profile: Profile | None = None,
    *,
    parties: pl.DataFrame | None = None,
) -> Accounts:
    """Bring tables of money to one currency, one sign, standard accounts and single months.

    Takes    tables: by name, some of ``TABLES``, with the columns of ``records/companions``.
             parties: as ``Book.parties`` gives them, to tell the platform and spell units by id.
    Returns  accounts whose ``facts`` name all that was turned, spread, drafted or set aside.
    """
    given = {name: months_of(table) for name, table in tables.items()}
    ledger, traffic = given.get("ledger"), given.get("traffic")
    stated = None if profile is None else profile.currency
    money = [table for table in (ledger, traffic) if table is not None]
    exchange = Exchange()
    how = _How(main_currency(stated, money), given.get("rates"), exchange)
    platform, told_by = _platform(profile, parties)
    lines, facts = _lines(ledger, profile, how)
    visits, spread_traffic = _traffic(traffic, how)
    names = pl.concat([lines["party"], visits["party"]]).drop_nulls().unique()
    ids = party_of_units(parties, names.to_list())
    units = sorted({ids.get(name, name) for name in names} - {platform})
    lines, visits = (_by_id(table, ids, platform) for table in (lines, visits))
    months = _months(lines, visits)
    lines = spelled_by_id(lines, given.get("products"))
    products, first_seen = product_table(given.get("products"), lines)
    paused, not_drawn = _paused(given.get("pauses"), ids, units, _paid(visits))
    facts |= {
        "platform_told_by": told_by,
        "currency_stated": stated is not None,
        "rates": exchange.used,
        "without_rate": exchange.set_aside,
        "spread_traffic_rows": spread_traffic,
        "months_without_lines": _gaps(months, lines),
        "first_sale_from_ledger": first_seen,
        "pauses_not_by_lot": not_drawn,
    }
    return Accounts(
        currency=how.currency,
        months=months,
        units=tuple(units),
        platform=platform,
        lines=lines.select(list(LINE_COLUMNS)),
        traffic=visits.select(list(TRAFFIC_COLUMNS)),
        products=products,
        paused=paused,
        spread=bool(facts["spread_rows"] or spread_traffic),
        facts=facts,
    )


@dataclass(frozen=True, slots=True)
class _How:
    """Into which currency, by which rates, and where it is noted."""

    currency: str
    rates: pl.DataFrame | None
    exchange: Exchange

    def __call__(self, rows: pl.DataFrame, amount: str) -> pl.DataFrame:
        return converted(rows, amount, self.currency, self.rates, self.exchange)


def _lines(
    ledger: pl.DataFrame | None, profile: Profile | None, how: _How
) -> tuple[pl.DataFrame, dict[str, Any]]:
    if ledger is None:
        empty = {"ledger_rows": 0, "spread_rows": 0, "accounts": {}, "drafted": {}, "unmapped": {}}
        nothing: dict[str, Any] = {"flipped": {}, "mixed_signs": {}, "revenue_basis": []}
        return pl.DataFrame(schema=LINE_COLUMNS), empty | nothing
    naming = naming_of(ledger["account"].unique().sort().to_list(), profile)
    rows = _filled(ledger, LINE_COLUMNS).rename({"account": "name", "name": "account"})
    standard = pl.col("name").replace_strict(naming.account, return_dtype=pl.String)
    rows = rows.with_columns(account=standard)
    if "to" in rows.columns:
        balance = pl.col("account") == "cash"
        end = pl.max_horizontal("month", "to")
        rows = rows.with_columns(
            month=pl.when(balance).then(end).otherwise("month"),
            to=pl.when(~balance).then("to"),
        )
    rows, longer = spread(rows, ("amount",))
    rows, signs = signed(how(rows, "amount"))
    strange = rows.filter(pl.col("name").is_in(naming.unmapped))
    sums = strange.group_by("name", maintain_order=True).agg(
        pl.col(ROW).n_unique(), pl.col("amount").sum()
    )
    totals = {name: {"rows": n, "amount": total} for name, n, total in sums.sort("name").rows()}
    facts = {
        "ledger_rows": len(ledger),
        "spread_rows": longer,
        "accounts": naming.account,
        "drafted": {name: naming.account[name] for name in naming.drafted},
        "unmapped": {name: totals[name] for name in naming.unmapped if name in totals},
        "flipped": signs.flipped,
        "mixed_signs": signs.mixed,
        "revenue_basis": _basis(ledger, naming.account),
    }
    return rows, facts


def _basis(ledger: pl.DataFrame, account: Mapping[str, str]) -> list[dict[str, Any]]:
    """On what basis the ledger says that revenue is told, and from when to when, if it says so."""
    column = next((name for name in ledger.columns if name.strip().casefold() in BASIS), None)
    if column is None:
        return []
    revenue = [name for name, standard in account.items() if standard == "revenue"]
    until = pl.max_horizontal("month", "to") if "to" in ledger.columns else pl.col("month")
    spans = (
        ledger.filter(pl.col("account").is_in(revenue))
        .group_by(pl.col(column).cast(pl.String).alias("basis"))
        .agg(pl.len().alias("rows"), pl.col("month").min().alias("from"), until.max().alias("to"))
        .drop_nulls("basis")
        .sort("from", "basis")
    )
    return spans.with_columns(pl.col("from", "to").cast(pl.String)).to_dicts()


def _traffic(traffic: pl.DataFrame | None, how: _How) -> tuple[pl.DataFrame, int]:
    if traffic is None:
        return pl.DataFrame(schema=TRAFFIC_COLUMNS), 0
    rows, longer = spread(_filled(traffic, TRAFFIC_COLUMNS), ("visits", "leads", "orders", "spend"))
    rows = how(rows.with_columns(pl.col("spend").fill_null(0.0)), "spend")
    sign = -1.0 if rows["spend"].sum() < 0 else 1.0
    return rows.with_columns(pl.col("spend") * sign), longer


def _filled(table: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The columns wanted, null where the table has none, and ``to`` and ``currency`` if it has."""
    further = [name for name in ("to", "currency") if name in table.columns]
    wanted = [
        (pl.col(name) if name in table.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in columns.items()
    ]
    return table.select(*wanted, *further)


def _platform(profile: Profile | None, parties: pl.DataFrame | None) -> tuple[str, str]:
    """Its name, and what tells it: the profile, a party's role, or nothing."""
    if profile is not None and profile.platform is not None:
        return profile.platform, "profile"
    if parties is not None and "role" in parties.columns:
        roles = pl.col("role").str.strip_chars().str.to_lowercase()
        found = parties.filter(roles.is_in(_PLATFORM_ROLES))["id"].to_list()
        if len(found) == 1:
            return str(found[0]), "role"
    return PLATFORM, "nothing"


def _by_id(table: pl.DataFrame, ids: Mapping[str, str], platform: str) -> pl.DataFrame:
    """Parties by id; the platform where none is named."""
    other = {name: key for name, key in ids.items() if name != key}
    party = pl.col("party").replace(other) if other else pl.col("party")
    return table.with_columns(party.fill_null(platform))


def _months(*tables: pl.DataFrame) -> tuple[date, ...]:
    known = pl.concat([table["month"] for table in tables])
    first, last = known.min(), known.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return ()
    return tuple(pl.date_range(first, last, "1mo", eager=True).to_list())


def _gaps(months: Iterable[date], lines: pl.DataFrame) -> list[str]:
    """Months between the first and the last without a line of any flow."""
    flows = set(lines.filter(pl.col("account") != "cash")["month"].unique())
    return [month.isoformat() for month in months if month not in flows]


def _paid(visits: pl.DataFrame) -> list[str]:
    """Channels with spend; the ledger's marketing is one where no traffic table tells any."""
    paid = visits.filter(pl.col("spend") != 0)["channel"].drop_nulls().unique().sort().to_list()
    return paid or [MARKETING]


def _paused(
    pauses: pl.DataFrame | None, ids: Mapping[str, str], units: list[str], channels: list[str]
) -> tuple[pl.DataFrame, int]:
    """Pauses drawn by lot, one row a party, month and channel; and how many rows were not drawn."""
    if pauses is None:
        return pl.DataFrame(schema=PAUSE_COLUMNS), 0
    drawn = pauses.filter(pl.col("assignment") == "randomised")
    everyone, every = pl.lit(units, pl.List(pl.String)), pl.lit(channels, pl.List(pl.String))
    party, channel = pl.col("party"), pl.col("channel")
    rows = drawn.with_columns(
        party=pl.when(party == _EVERY)
        .then(everyone)
        .otherwise(pl.concat_list(party.replace(dict(ids)))),
        channel=pl.when(channel == _EVERY).then(every).otherwise(pl.concat_list(channel)),
    )
    for column in ("party", "channel"):
        rows = rows.explode(column, empty_as_null=False)
    table = rows.select(list(PAUSE_COLUMNS)).unique().sort("month", "party", "channel")
    return table, len(pauses) - len(drawn)
