"""Small random logs in the shape that a world leaves, for the tests of how worlds are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from thalweg.industry.world.words import Language
from thalweg.industry.writing.log import Log
from thalweg.records.store.book import Book

Event = tuple[Any, ...]
ROLES = ("resource", "party")
FIGURE_DIGITS = 6
"""46.07 times 10,000 is 460,700 to the last bit but one: figures are compared to six digits."""
BEGIN = datetime(2023, 1, 2, 1, tzinfo=UTC)
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "sold": "Sell",
        "rolled": "Roll",
        "sent": "Send goods",
        "checked": "Check",
        "paid": "Pay",
    },
    "zh": {"sold": "销售", "rolled": "轧制", "sent": "发运", "checked": "检验", "paid": "付款"},
}
TYPES: dict[Language, tuple[str, ...]] = {
    "en": ("order", "coil", "lorry", "bill"),
    "zh": ("订单", "钢卷", "车次", "账单"),
}


def random_log(seed: int, orders: int, language: Language = "en") -> Log:
    """Orders of coils that are rolled (some again), sent together and paid; some break off.

    Coils are of one order, lorries carry coils of several orders, and checks touch a coil and,
    now and then, the lorry that it lies on: everything a layout must cope with.
    """
    rng = np.random.default_rng(seed)
    order, coil, lorry, bill = TYPES[language]
    word = WORDS[language]
    events: list[tuple[object, ...]] = []
    links: list[tuple[int, str, str]] = []
    pairs: list[tuple[str, str, str, str, str]] = []
    coils: list[str] = []
    waiting: list[tuple[str, str]] = []

    def happen(activity: str, hour: float, work: float, *touched: tuple[str, str]) -> None:
        number = len(events)
        end = BEGIN + timedelta(seconds=round(3600 * (hour + work)))
        start = BEGIN + timedelta(seconds=round(3600 * hour))
        amount = round(float(rng.uniform(1e3, 9e5)), 2) if activity in ("sold", "paid") else None
        tonnes = round(float(rng.uniform(5, 25)), 3) if activity == "rolled" else None
        who = (f"P{rng.integers(3)}", f"F{rng.integers(4)}") if activity != "paid" else (None, "F0")
        events.append((number, word[activity], start, end, *who, amount, tonnes))
        links.extend((number, kind, name) for kind, name in dict.fromkeys(touched))

    for number in range(orders):
        own, hour = (order, f"O{number:04d}"), number * 0.7
        happen("sold", hour, rng.uniform(0, 2), own)
        if rng.random() < 0.1:
            continue
        for part in range(rng.integers(1, 4)):
            piece = (coil, f"C{number:04d}-{part}")
            coils.append(piece[1])
            pairs.append((own[1], order, piece[1], coil, "holds"))
            for again in range(1 + (rng.random() < 0.2)):
                happen("rolled", hour + 5 + 3 * again, rng.uniform(0.1, 4), piece, own)
            waiting.append((piece[1], own[1]))
        if len(waiting) > 3:
            lorry_id = (lorry, f"L{number:04d}")
            loaded = [(coil, c) for c, _ in waiting], [(order, o) for _, o in waiting]
            happen("sent", hour + 30, rng.uniform(0.5, 9), lorry_id, *loaded[0], *loaded[1])
            for piece_id, _ in waiting:
                touched = [(coil, piece_id), *([lorry_id] if rng.random() < 0.4 else [])]
                happen("checked", hour + 45, rng.uniform(0, 1), *touched)
            waiting = []
        if rng.random() < 0.8:
            happen("paid", hour + 90, 0.0, (bill, f"B{number:04d}"), own)
            pairs.append((f"B{number:04d}", bill, own[1], order, "bills"))
    schema = ["event", "activity", "start", "end", "resource", "party", "amount_cny", "tonnes"]
    made = pl.DataFrame(events, schema=schema, orient="row", infer_schema_length=None)
    frame = made.with_columns(pl.col("start", "end").cast(pl.Datetime("ns", "UTC")))
    linked = pl.DataFrame(links, schema=["event", "type", "object"], orient="row")
    objects = {
        kind: _objects(linked.filter(pl.col("type") == kind)["object"].unique().sort(), rng)
        for kind in (order, coil, lorry, bill)
    }
    names = ["source", "source_type", "target", "target_type", "qualifier"]
    schema_of_pairs = dict.fromkeys(names, pl.String)
    return Log(
        language, frame, linked, objects, pl.DataFrame(pairs, schema=schema_of_pairs, orient="row")
    )


def _objects(ids: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    firms = [f"F{n}" for n in rng.integers(0, 4, len(ids))]
    sizes = [round(float(x), 4) for x in rng.uniform(1, 9, len(ids))]
    return pl.DataFrame(
        {"object": ids, "firm": firms, "size": sizes, "pieces": rng.integers(0, 9, len(ids))}
    )


def content(log: Log) -> Counter[Event]:
    """Every event of a log with all that it says and touches."""
    touched = _touched(log.links.select("event", pl.col("type").cast(pl.String), "object"))
    figures = [log.events[name].round(FIGURE_DIGITS).to_list() for name in log.figures]
    columns = [log.events[c].to_list() for c in ("event", "activity", "start", "end", *ROLES)]
    return Counter(
        (str(activity), start, end, *rest, touched.get(event, frozenset()))
        for event, activity, start, end, *rest in zip(*columns, *figures, strict=True)
    )


def content_of_book(book: Book, log: Log) -> Counter[Event]:
    """The same of a book that was made from what was written of a log."""
    rows = book.events().collect().with_columns(pl.coalesce("@start", "@time").alias("@start"))
    parts = []
    for kind in book.types:
        ids = book.objects(kind).collect()["@object"]
        links = book.links(kind).collect()
        objects = ids.gather(links["object"])
        named = pl.DataFrame([links["event"].cast(pl.Int64), objects.alias("object")])
        parts.append(named.with_columns(pl.lit(kind).alias("type")))
    touched = _touched(pl.concat(parts).select("event", "type", "object"))
    figures = [log.name(name) for name in log.figures]
    rows = rows.with_columns(pl.col(figures).round(FIGURE_DIGITS))
    columns = ["@activity", "@start", "@time", *ROLES, *figures]
    lists = [rows[c].to_list() for c in columns]
    return Counter(
        (*row, touched.get(at, frozenset())) for at, row in enumerate(zip(*lists, strict=True))
    )


def object_content(objects: pl.DataFrame, key: str) -> set[tuple[Any, ...]]:
    """Objects with their attributes in the order of the names."""
    return set(objects.select(key, *sorted(c for c in objects.columns if c != key)).iter_rows())


def link_content(links: pl.DataFrame | None, names: Sequence[str]) -> Counter[tuple[Any, ...]]:
    return Counter([] if links is None else links.select(names).iter_rows())


def _touched(links: pl.DataFrame) -> dict[int, frozenset[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = {}
    for event, kind, name in links.iter_rows():
        found.setdefault(event, set()).add((kind, name))
    return {event: frozenset(some) for event, some in found.items()}
