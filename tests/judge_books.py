"""Small books to judge: a trade with its money, a log alone, a ledger alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

import thalweg
from prove_books import Trade, firm_names, month_start, profile, write_trade
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book

SMALL = Trade(firms=20, months=18, orders=6, scanner=-0.8)
MAPPING = FlatMapping(
    case="order", activity="activity", time="time", start="start", roles={"resource": "resource"}
)
NAMES = {
    "revenue": ("Sales", "Service fees"),
    "cost_of_sales": ("Cost of goods",),
    "marketing": ("Advertising",),
    "subsidy": ("Coupons",),
    "research": ("Research",),
    "rollout": ("Roll-out",),
    "operations": ("Staff",),
    "capital_in": ("Investors",),
    "cash": ("Bank",),
}


def money_profile() -> Profile:
    return profile().model_copy(
        update={"platform": "PLATFORM", "accounts": NAMES, "currency": "CNY"}
    )


def months(count: int) -> list[date]:
    return [month_start(k).date() for k in range(count)]


def ledger_of(trade: Trade, seed: int = 3, last: int | None = None) -> pl.DataFrame:
    """A ledger by firm and month, amounts in cents, costs negative."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    bank = 500_000.0
    for month in months(trade.months)[:last]:
        flow = 0.0
        for firm in firm_names(trade):
            for account, product, mean in (
                ("Sales", "steel", 9000.0),
                ("Service fees", "scanning", 900.0),
                ("Cost of goods", "steel", -6000.0),
                ("Coupons", None, -700.0),
                ("Advertising", None, -500.0),
            ):
                amount = round(mean * float(rng.lognormal(0, 0.2)), 2)
                rows.append((firm, month, product, account, amount, "CNY"))
                flow += amount
        for account, product, mean in (
            ("Staff", None, -20_000.0),
            ("Research", "scanner", -3_000.0),
            ("Roll-out", "scanner", -1_000.0),
        ):
            rows.append(("PLATFORM", month, product, account, mean, "CNY"))
            flow += mean
        bank = round(bank + flow, 2)
        rows.append(("PLATFORM", month, None, "Bank", bank, "CNY"))
    columns = ["party", "month", "product", "account", "amount", "currency"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.col("month").dt.strftime("%Y-%m")
    )


def traffic_of(trade: Trade, seed: int = 4) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (firm, month.strftime("%Y-%m"), channel, 100 + k, round(float(rng.uniform(100, 400)), 2))
        for k, month in enumerate(months(trade.months))
        for firm in firm_names(trade)
        for channel in ("search", "video")
    ]
    return pl.DataFrame(rows, schema=["party", "month", "channel", "visits", "spend"], orient="row")


def products() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "product": ["steel", "scanning"],
            "name": ["Steel", "Scanning service"],
            "first_sale": ["2010-01-01", "2022-01-01"],
        }
    )


def money_files(folder: Path, trade: Trade) -> dict[str, Path]:
    tables = {"ledger": ledger_of(trade), "traffic": traffic_of(trade), "products": products()}
    paths = {name: folder / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        table.write_csv(paths[name])
    return paths


def whole_book(folder: Path, trade: Trade = SMALL) -> Book:
    """A trade with parties, interventions, ledger, traffic, products and its profile."""
    paths, money = write_trade(folder, trade), money_files(folder, trade)
    thalweg.ingest(
        [paths["events"]],
        folder / "book",
        mapping=MAPPING,
        parties=paths["parties"],
        interventions=paths["interventions"],
        profile=money_profile(),
        ledger=money["ledger"],
        traffic=money["traffic"],
        products=money["products"],
    )
    return thalweg.open_book(folder / "book")


def log_alone(folder: Path, trade: Trade = SMALL) -> Book:
    """The events of a trade and nothing else."""
    paths = write_trade(folder, trade)
    thalweg.ingest([paths["events"]], folder / "log", mapping=MAPPING)
    return thalweg.open_book(folder / "log")


def ledger_alone(folder: Path, trade: Trade = SMALL) -> Book:
    """The ledger of a trade and nothing else."""
    path = folder / "ledger.csv"
    ledger_of(trade).write_csv(path)
    thalweg.ingest((), folder / "money", ledger=path, profile=money_profile())
    return thalweg.open_book(folder / "money")
