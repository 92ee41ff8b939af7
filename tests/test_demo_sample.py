"""The sample of the demonstration: what a newcomer is given, and what there is to see in it."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import mean

import pytest

import thalweg
from thalweg.industry.hours import local
from thalweg.industry.sample import UNDECIDED, Sample, write_sample
from thalweg.industry.terms import TERMS, say
from thalweg.industry.trade import LATE_PAYERS, POOLS, Occurrence, live
from thalweg.records.mapping.flat import load_mapping

SEED = 11
ORDERS = 120


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("sample"), seed=SEED, orders=ORDERS)


@pytest.fixture(scope="module")
def trade() -> list[Occurrence]:
    return live(400, SEED)


def rows(path: Path, encoding: str) -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as lines:
        return list(csv.DictReader(lines))


def gaps_h(trade: list[Occurrence], before: set[str], activity: str) -> dict[str, list[float]]:
    """Hours by firm between an activity's start and the end of the coil's work before it."""
    ended: dict[str, int] = {}
    found: dict[str, list[float]] = {}
    for one in sorted(trade, key=lambda o: o.start_min):
        for coil in one.about.coils:
            if one.activity == activity:
                found.setdefault(one.firm, []).append((one.start_min - ended[coil]) / 60)
            if one.activity in before:
                ended[coil] = one.end_min
    return found


def test_the_same_seed_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    again = write_sample(tmp_path, seed=SEED, orders=ORDERS)
    for name in ("english", "english_mapping", "chinese", "chinese_mapping"):
        assert getattr(again, name).read_bytes() == getattr(sample, name).read_bytes()


def test_another_seed_gives_another_trade(sample: Sample, tmp_path: Path) -> None:
    other = write_sample(tmp_path, seed=SEED + 1, orders=ORDERS)
    assert other.english.read_bytes() != sample.english.read_bytes()


def test_a_sample_too_small_to_damage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 40"):
        write_sample(tmp_path, seed=SEED, orders=39)


def test_every_word_has_a_translation_of_its_own() -> None:
    for language in (0, 1):
        words = [pair[language] for key, pair in TERMS.items() if "." not in key]
        assert len(set(words)) == len(words)
    assert all(zh and not zh.isascii() for _, zh in TERMS.values())


def test_both_exports_hold_the_same_records(sample: Sample) -> None:
    english, chinese = rows(sample.english, "utf-8"), rows(sample.chinese, "gbk")
    assert len(english) == sample.events
    assert len(chinese) == sample.events + sample.damage.repeated
    translate = {say(k, "en"): say(k, "zh") for k in TERMS if "." not in k}
    expected = Counter((r["order"], r["coil"], translate[r["activity"]]) for r in english)
    found = Counter((r["订单号"], r["卷号"], r["工序"]) for r in chinese)
    extra = found - expected
    assert sum(n for (_, _, activity), n in extra.items() if activity) == sample.damage.repeated
    assert sum(n for (_, _, activity), n in extra.items() if not activity) == 3
    assert sum((expected - found).values()) == sample.damage.without_activity


def test_the_chinese_export_is_damaged_as_often_as_stated(sample: Sample) -> None:
    chinese, damage = rows(sample.chinese, "gbk"), sample.damage
    assert sum(not r["完成时间"] for r in chinese) == damage.without_end
    assert sum(not r["工序"] for r in chinese) == damage.without_activity
    assert sum(r["完成时间"] == UNDECIDED for r in chinese) == damage.undecided_end
    distinct = {tuple(r.values()) for r in chinese}
    assert len(chinese) - len(distinct) == damage.repeated
    slashes = [r for r in chinese if "/" in r["开始时间"] and "/" in r["完成时间"]]
    form = "%Y/%m/%d %H:%M"
    backwards = [
        r
        for r in slashes
        if datetime.strptime(r["开始时间"], form) > datetime.strptime(r["完成时间"], form)
    ]
    assert 0 < len(backwards) <= damage.ends_before_start


def test_amounts_come_in_yuan_and_in_ten_thousands(sample: Sample) -> None:
    amounts = [r["金额"] for r in rows(sample.chinese, "gbk") if r["金额"]]
    plain = [a for a in amounts if not a.endswith("万元")]
    wide = [a for a in amounts if any(c in "０１２３４５６７８９" for c in a)]
    assert min(len(plain), len(wide), len(amounts) - len(plain) - len(wide)) > 50


def test_nobody_works_on_two_things_at_once_or_on_a_closed_day(trade: list[Occurrence]) -> None:
    hours = {person: pool[1] for pool in POOLS.values() for person in pool[2]}
    free: dict[str, int] = {}
    for one in sorted(trade, key=lambda o: o.start_min):
        if one.person:
            assert one.start_min >= free.get(one.person, 0)
            free[one.person] = one.end_min
            assert local(one.start_min).weekday() in hours[one.person].weekdays
            assert hours[one.person].open_at(one.start_min) == one.start_min


def test_coils_wait_longer_for_the_one_line_of_the_south(trade: list[Occurrence]) -> None:
    waits = gaps_h(trade, {"receive", "inspect"}, "slit")
    assert mean(waits["south"]) > 2 * mean(waits["north"])


def test_thick_coils_are_slit_again_more_often(trade: list[Occurrence]) -> None:
    slits = Counter((o.about.coils[0], o.about.grade) for o in trade if o.activity == "slit")
    again = {g: mean(n > 1 for (_, of), n in slits.items() if of == g) for g in ("Q355B", "Q235B")}
    assert again["Q355B"] > 3 * again["Q235B"]


def test_late_payers_are_reminded_and_others_pay_in_time(trade: list[Occurrence]) -> None:
    payer = {o.about.invoice: o.firm for o in trade if o.activity == "pay"}
    reminded = {o.about.invoice for o in trade if o.activity == "remind"} & set(payer)
    late = mean(firm in LATE_PAYERS for invoice, firm in payer.items() if invoice in reminded)
    assert late > 0.9
    assert mean(i in reminded for i, firm in payer.items() if firm in LATE_PAYERS) > 0.8


def test_some_orders_are_unfinished_when_the_export_is_taken(trade: list[Occurrence]) -> None:
    placed = {o.about.orders[0] for o in trade if o.activity == "order"}
    paid = {o.about.orders[0] for o in trade if o.activity == "pay"}
    assert 0.05 < 1 - len(paid & placed) / len(placed) < 0.5


def test_lorries_carry_coils_of_several_orders(trade: list[Occurrence]) -> None:
    loads = [o.about for o in trade if o.activity == "ship"]
    assert max(len(load.coils) for load in loads) == 4
    assert any(len(load.orders) > 1 for load in loads)


def test_the_clean_export_becomes_a_book_without_loss(sample: Sample, tmp_path: Path) -> None:
    mapping = load_mapping(sample.english_mapping)
    book = thalweg.ingest(sample.english, tmp_path / "book", mapping=mapping)
    assert book.n_events == sample.events
    assert book.trust.rows_set_aside == 0
    orders = {o for r in rows(sample.english, "utf-8") for o in r["order"].split(";")}
    assert set(book.object_ids("order")) == orders
    assert set(book.types) == {"order", "coil", "shipment", "invoice"}


def test_the_damaged_export_loses_nothing_uncounted(sample: Sample, tmp_path: Path) -> None:
    mapping = load_mapping(sample.chinese_mapping)
    book = thalweg.ingest(sample.chinese, tmp_path / "book", mapping=mapping)
    trust = book.trust
    assert trust.rows_read == len(rows(sample.chinese, "gbk"))
    assert trust.rows_kept + trust.rows_set_aside == trust.rows_read
    damage = sample.damage
    assert trust.rows_set_aside == (
        damage.without_end + damage.without_activity + damage.undecided_end
    )
    told = {f.code: f.count for f in trust.findings if f.where in ("", "订单")}
    assert told["activity_missing"] == damage.without_activity
    assert told["time_missing"] == damage.without_end
    assert told["start_after_end"] == damage.ends_before_start
    assert told["event_duplicated"] == damage.repeated
    assert set(book.activities) <= {zh for key, (_, zh) in TERMS.items() if "." not in key}
