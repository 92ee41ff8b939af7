"""A small trade as files, with two interventions whose effect is known, and the book of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

import thalweg
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.profile.model import Layer, Profile
from thalweg.records.store.book import Book

STEPS = ("Receive order", "Slit coil", "Inspect quality", "Deliver")
LAYERS = ("lead", "processing", "quality", "logistics")
MEAN_H = (10.0, 40.0, 15.0, 30.0)
"""Mean hours from the step before to the completion of each step; the first is its own work."""


@dataclass(frozen=True)
class Trade:
    """scanner: staggered over firms, on the logarithm of processing time; everywhere: all firms on
    one day, on quality; neither: 0."""

    firms: int = 16
    months: int = 18
    orders: int = 14
    scanner: float = -0.4
    everywhere: float = -0.3
    seed: int = 5
    prefix: str = "firm"
    naming: int = 99


def month_start(month: int) -> datetime:
    return datetime(2022 + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def starts(trade: Trade) -> list[int | None]:
    """Month in which each firm gets the scanner; a quarter of them never."""
    never = trade.firms // 4
    wave = [trade.months // 2 - 2, trade.months // 2, trade.months // 2 + 3]
    return [None if k < never else wave[k % 3] for k in range(trade.firms)]


def firm_names(trade: Trade) -> list[str]:
    """Names whose order is not that of the firms."""
    order = np.random.default_rng(trade.naming).permutation(trade.firms)
    return [f"{trade.prefix} {order[k]:02d}" for k in range(trade.firms)]


def write_trade(folder: Path, trade: Trade) -> dict[str, Path]:
    """The trade as CSV files: events, parties, interventions."""
    rng = np.random.default_rng(trade.seed)
    names, begun = firm_names(trade), starts(trade)
    level = rng.normal(0, 0.2, (trade.firms, len(STEPS)))
    shock = rng.normal(0, 0.05, (trade.firms, trade.months, len(STEPS)))
    rows: list[tuple[object, ...]] = []
    number = 0
    for month in range(trade.months):
        length = (month_start(month + 1) - month_start(month)).total_seconds()
        for firm in range(trade.firms):
            at_month = month_start(month)
            for _ in range(trade.orders + int(rng.integers(0, 3))):
                number += 1
                at = at_month + timedelta(seconds=float(rng.uniform(0, length)))
                tonnes = float(np.round(rng.lognormal(3.0, 0.3), 1))
                for step, name in enumerate(STEPS):
                    mean = np.log(MEAN_H[step]) + level[firm, step] + shock[firm, month, step]
                    since = begun[firm]
                    if step == 1 and since is not None and month >= since:
                        mean += trade.scanner
                    if step == 2 and month >= trade.months - 5:
                        mean += trade.everywhere
                    wait = float(np.exp(mean)) * float(rng.gamma(4.0, 0.25))
                    start = at + timedelta(hours=0.7 * wait)
                    at = at + timedelta(hours=wait)
                    amount = round(tonnes * 4000, 2)
                    worker = f"{names[firm]} / {name}"
                    rows.append(
                        (f"o{number}", name, start, at, names[firm], tonnes, amount, worker)
                    )
    columns = ("order", "activity", "start", "time", "firm", "tonnes", "amount", "resource")
    events = pl.DataFrame(rows, schema=list(columns), orient="row")
    stamps = pl.col("start", "time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    paths = {name: folder / f"{name}.csv" for name in ("events", "parties", "interventions")}
    events.with_columns(stamps).write_csv(paths["events"])
    pl.DataFrame(
        {
            "id": names,
            "role": ["trader"] * trade.firms,
            "region": ["north" if k % 2 else "south" for k in range(trade.firms)],
            "size": [float(10 + k) for k in range(trade.firms)],
        }
    ).write_csv(paths["parties"])
    interventions_of(trade).write_csv(paths["interventions"])
    return paths


def interventions_of(trade: Trade) -> pl.DataFrame:
    """The table of interventions as a user would write it."""
    names = firm_names(trade)
    last = month_start(trade.months - 5).date()
    rows = []
    for k, (name, month) in enumerate(zip(names, starts(trade), strict=True)):
        if month is not None:
            day, dose = month_start(month).date(), 1.0 + 0.1 * (k % 4)
            what = ("scanner", "Coil scanner", "technology", "processing")
            rows.append((*what, name, day, dose, "planned", "region first"))
        what = ("signing", "Electronic signing", "application", "quality")
        rows.append((*what, name, last, 1.0, "planned", "all at once"))
    columns = ("id", "name", "kind", "layers", "unit", "from", "intensity", "assignment", "reason")
    return pl.DataFrame(rows, schema=list(columns), orient="row")


def profile() -> Profile:
    return Profile(
        name="small trade",
        unit="attribute:firm",
        within="15 d",
        layers=tuple(
            Layer(id=layer, activities=(step,), within="10 d")
            for layer, step in zip(LAYERS, STEPS, strict=True)
        ),
    )


def book_of(folder: Path, trade: Trade) -> Book:
    """The book of a trade, with its tables beside the events."""
    paths = write_trade(folder, trade)
    mapping = FlatMapping(
        case="order",
        activity="activity",
        time="time",
        start="start",
        roles={"resource": "resource"},
    )
    thalweg.ingest(
        [paths["events"]],
        folder / "book",
        mapping=mapping,
        parties=paths["parties"],
        interventions=paths["interventions"],
        profile=profile(),
    )
    return thalweg.open_book(folder / "book")
