"""The sample of the demonstration: one steel trade, exported twice.

``steel_orders.csv`` is a clean export in English. ``钢材订单.csv`` holds the same records as a
Chinese office program writes them: GBK, times in several forms, amounts in 元 and 万元, and some
damaged rows. Beside each lies the mapping file that reads it.

    python -m thalweg.industry.sample FOLDER
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from thalweg.industry.hours import local
from thalweg.industry.terms import Language, say
from thalweg.industry.trade import Occurrence, live
from thalweg.records.mapping.flat import FlatMapping, ObjectMapping, save_mapping

COLUMNS = (
    *("order", "coil", "shipment", "invoice", "activity", "start"),
    *("end", "person", "firm", "grade", "tonnes", "amount"),
)
ACTIVITY, START, END, AMOUNT = (COLUMNS.index(n) for n in ("activity", "start", "end", "amount"))
OBJECTS = ("order", "coil", "shipment", "invoice")
SEPARATOR = ";"
ZONE = "Asia/Shanghai"
SEED = 2025
ORDERS = 400
UNDECIDED = "待定"
"""To be decided: what people write where a time belongs."""
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")

Row = list[str]


@dataclass(frozen=True, slots=True)
class Damage:
    """Rows of the Chinese export that are wrong on purpose."""

    without_end: int = 5
    without_activity: int = 3
    undecided_end: int = 2
    ends_before_start: int = 4
    repeated: int = 8

    @property
    def altered(self) -> int:
        return (
            self.without_end + self.without_activity + self.undecided_end + self.ends_before_start
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """What was written. ``events`` is true of both files; the Chinese one has more rows."""

    english: Path
    english_mapping: Path
    chinese: Path
    chinese_mapping: Path
    events: int
    damage: Damage


def write_sample(folder: str | Path, *, seed: int = SEED, orders: int = ORDERS) -> Sample:
    """Write both exports and their mappings; the same bytes for the same seed and orders.

    Takes    folder: made if it is not there. orders: inquiries that reach the platform, at least
             40, so that there are rows enough to damage.
    """
    if orders < 40:
        raise ValueError(f"orders is {orders}; the sample needs at least 40.")
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    records = live(orders, seed)
    english, chinese = home / "steel_orders.csv", home / "钢材订单.csv"
    _write(english, "utf-8", "en", [_english_row(record) for record in records])
    rng = np.random.default_rng([seed, 1])
    by_order = sorted(records, key=lambda r: (r.about.orders[0], r.end_min))
    _write(chinese, "gbk", "zh", _damaged([_chinese_row(r, rng) for r in by_order], rng))
    english_mapping, chinese_mapping = english.with_suffix(".yaml"), chinese.with_suffix(".yaml")
    save_mapping(sample_mapping("en"), english_mapping)
    save_mapping(sample_mapping("zh"), chinese_mapping)
    return Sample(english, english_mapping, chinese, chinese_mapping, len(records), Damage())


def sample_mapping(language: Language) -> FlatMapping:
    """How the columns of an export become orders, coils, shipments and invoices."""

    def column(name: str) -> str:
        return say(f"column.{name}", language)

    return FlatMapping(
        objects=tuple(
            ObjectMapping(
                column=column(name), type=say(f"type.{name}", language), separator=SEPARATOR
            )
            for name in OBJECTS
        ),
        activity=column("activity"),
        time=column("end"),
        start=column("start"),
        timezone=ZONE,
        roles={"resource": column("person"), "party": column("firm")},
        attributes={column("amount"): "amount", column("tonnes"): "number"},
    )


def _write(path: Path, encoding: str, language: Language, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out)
        writer.writerow([say(f"column.{name}", language) for name in COLUMNS])
        writer.writerows(rows)


def _row(record: Occurrence, language: Language, times: tuple[str, str], amount: str) -> Row:
    about = record.about
    return [
        *(SEPARATOR.join(about.orders), SEPARATOR.join(about.coils)),
        *(about.shipment, about.invoice, say(record.activity, language), *times),
        *(say(record.person, language), say(record.firm, language), about.grade),
        *("" if about.tonnes is None else f"{about.tonnes:.2f}", amount),
    ]


def _english_row(record: Occurrence) -> Row:
    times = (f"{local(m):%Y-%m-%d %H:%M}" for m in (record.start_min, record.end_min))
    amount = record.about.amount_cny
    return _row(record, "en", (next(times), next(times)), "" if amount is None else str(amount))


def _chinese_row(record: Occurrence, rng: np.random.Generator) -> Row:
    style = int(rng.choice(3, p=(0.7, 0.25, 0.05)))
    times = (_chinese_time(local(m), style) for m in (record.start_min, record.end_min))
    amount = record.about.amount_cny
    written = "" if amount is None else _chinese_amount(amount, int(rng.choice(3)))
    return _row(record, "zh", (next(times), next(times)), written)


def _chinese_time(at: datetime, style: int) -> str:
    if style == 0:
        return f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02d}"
    if style == 1:
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{at.year}年{at.month}月{at.day}日 {at.hour}:{at.minute:02d}"


def _chinese_amount(amount_cny: int, style: int) -> str:
    """Exact in each style, because amounts are whole hundreds of 元."""
    ten_thousands = f"{amount_cny / 10_000:.2f}"
    if style == 0:
        return f"{amount_cny:.2f}元"
    return (ten_thousands if style == 1 else ten_thousands.translate(FULL_WIDTH)) + "万元"


def _damaged(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    """The rows with faults as ``Damage`` counts them, each fault in rows of its own."""
    damage = Damage()
    worked = np.array([number for number, row in enumerate(rows) if row[START] != row[END]])
    chosen = iter(rng.permutation(worked)[: damage.altered + damage.repeated].tolist())
    for _ in range(damage.without_end):
        rows[next(chosen)][END] = ""
    for _ in range(damage.without_activity):
        rows[next(chosen)][ACTIVITY] = ""
    for _ in range(damage.undecided_end):
        rows[next(chosen)][END] = UNDECIDED
    for _ in range(damage.ends_before_start):
        row = rows[next(chosen)]
        row[START], row[END] = row[END], row[START]
    repeated = set(chosen)
    return [row for at, row in enumerate(rows) for _ in range(2 if at in repeated else 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the sample of the demonstration.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--orders", type=int, default=ORDERS)
    options = parser.parse_args()
    sample = write_sample(options.folder, seed=options.seed, orders=options.orders)
    sys.stdout.write(f"{sample.events:,} events: {sample.english} and {sample.chinese}\n")


if __name__ == "__main__":
    main()
