"""Small models by hand: each feature where its answer can be told without a computer."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation_models import BEGINS, HOUR, ORDERS, a_model, constant, exponential, line
from thalweg.errors import RequestError
from thalweg.records.ingest import ingest
from thalweg.records.mapping.flat import load_mapping
from thalweg.redesign.model.model import Gamma, Lognormal, Model, Time
from thalweg.redesign.simulate.arrivals import draw_arrivals
from thalweg.redesign.simulate.book import write_log
from thalweg.redesign.simulate.compile import compile_model
from thalweg.redesign.simulate.laws import Laws, law_ns
from thalweg.redesign.simulate.lived import WAITS, Lived
from thalweg.redesign.simulate.luck import chance, hashed
from thalweg.redesign.simulate.simulate import simulate

scipy_stats = pytest.importorskip("scipy.stats")
DAY = 24 * HOUR
LAW_TOLERANCE = 2e-4
"""Straight lines between 32 quantiles an octave."""


def at_hours(*hours: float) -> dict[str, Any]:
    """Arrivals at hours after Monday 00:00."""
    return {"kind": "replay", "at_s": [h * HOUR for h in hours], "weeks": 52}


def timeline(model: Model, hours: float = 100) -> list[tuple[str, str, float, float]]:
    """Object, activity, start and end in hours, in the order in which work began."""
    lived = simulate(model, span_s=hours * HOUR, runs=1, seed=0, log=True)
    assert lived.log is not None
    begins = int(BEGINS.timestamp()) * 10**9
    return [
        (o, a, round((s - begins) / 3.6e12, 6), round((e - begins) / 3.6e12, 6))
        for o, a, s, e in lived.log.select("object", "activity", "start_ns", "end_ns").iter_rows()
    ]


def test_work_pauses_when_its_pool_goes_home() -> None:
    calendars = {"day": {"hours": {"mon": ["08:00-12:00", "13:00-17:00"], "tue": ["08:00-12:00"]}}}
    parts = {"calendars": calendars, "arrivals": at_hours(11)}
    pool = [{"name": "p", "skills": {"a": 1}, "calendar": "day"}]
    work = {"name": "a", "work": constant(6 * HOUR)}
    assert timeline(a_model(activities=[work], pools=pool, **parts)) == [("1", "a", 11, 33)]
    through = {**work, "runs_through": True}
    assert timeline(a_model(activities=[through], pools=pool, **parts)) == [("1", "a", 11, 17)]


def test_side_by_side_work_joins_before_what_follows() -> None:
    model = a_model(
        activities=[
            {"name": "a", "work": constant(HOUR), "automatic": True, "beside": ["b"]},
            {"name": "b", "work": constant(3 * HOUR), "automatic": True},
            {"name": "c", "work": constant(HOUR), "automatic": True},
        ],
        pools=[], routing=line("a", "b", "c"), arrivals=at_hours(1),
    )  # fmt: skip
    assert timeline(model) == [("1", "a", 1, 2), ("1", "b", 1, 4), ("1", "c", 4, 5)]
    lived = simulate(model, span_s=DAY, runs=1, seed=0)
    assert lived.wait_s[0, 2, WAITS.index("before")] == pytest.approx(2 * HOUR)


def test_a_parent_waits_for_all_that_it_was_split_into() -> None:
    model = a_model(
        activities=[
            {"name": "a", "work": constant(HOUR), "automatic": True},
            {"name": "i", "work": constant(2 * HOUR)},
            {"name": "z", "work": constant(HOUR), "automatic": True},
        ],
        pools=[{"name": "p", "skills": {"i": 1}}],
        flows=[
            {"type": "order", "routing": line("a", "z"), "splits": [
                {"activity": "a", "into": "item", "count": {3: 1.0}, "joins": "z"}]},
            {"type": "item", "routing": line("i")},
        ],
        arrivals=at_hours(0),
    )  # fmt: skip
    found = timeline(model, 50)
    assert [(a, s, e) for _, a, s, e in found] == [
        ("a", 0, 1), ("i", 1, 3), ("i", 3, 5), ("i", 5, 7), ("z", 7, 8),
    ]  # fmt: skip


def test_a_full_buffer_holds_the_place_of_the_work_before() -> None:
    model = a_model(
        activities=[
            {"name": "a", "work": constant(HOUR)},
            {"name": "b", "work": constant(4 * HOUR), "buffer": 1},
        ],
        pools=[{"name": "p", "skills": {"a": 1}}, {"name": "q", "skills": {"b": 1}}],
        routing=line("a", "b"), arrivals=at_hours(0, 0.1, 0.2, 0.3),
    )  # fmt: skip
    found = {(o, a): (s, e) for o, a, s, e in timeline(model, 50)}
    # 1 is in b from 1 to 5, 2 waits in the buffer, 3 is blocked in p from 3 until 5.
    assert found["3", "a"] == (2, 3)
    assert found["4", "a"] == (5, 6)
    lived = simulate(model, span_s=50 * HOUR, runs=1, seed=0)
    blocked = lived.wait_s[0, 1, WAITS.index("blocked")]
    assert blocked == pytest.approx((2 + 3) * HOUR)


def test_setups_follow_a_change_of_activity() -> None:
    model = a_model(
        activities=[
            {"name": "a", "work": constant(HOUR), "setup": constant(0.5 * HOUR)},
            {"name": "b", "work": constant(HOUR), "setup": constant(0.25 * HOUR)},
        ],
        pools=[{"name": "p", "skills": {"a": 1, "b": 1}}],
        routing=line("a", "b"), arrivals=at_hours(0, 10),
    )  # fmt: skip
    assert timeline(model) == [
        ("1", "a", 0, 1), ("1", "b", 1.25, 2.25), ("2", "a", 10.5, 11.5), ("2", "b", 11.75, 12.75),
    ]  # fmt: skip


def test_batches_are_released_in_their_hours() -> None:
    noon = {"hours": {"mon": ["12:00-13:00"], "tue": ["12:00-13:00"]}}
    model = a_model(
        activities=[{"name": "a", "work": constant(HOUR), "automatic": True,
                     "batch": {"least": 1, "most": 2, "at": noon, "each_s": 600}}],
        pools=[], arrivals=at_hours(9, 10, 11, 14),
    )  # fmt: skip
    minutes_10 = round(1 / 6, 6)
    assert timeline(model) == [
        ("1", "a", 12, 13 + minutes_10), ("2", "a", 12, 13 + minutes_10),
        ("3", "a", 12, 13), ("4", "a", 36, 37),
    ]  # fmt: skip


def test_objects_under_way_go_on_where_they_are() -> None:
    opened = {"arrived_at": BEGINS - timedelta(hours=9), "done": ["a"], "activity": "b"}
    model = a_model(
        activities=[
            {"name": "a", "work": constant(HOUR), "automatic": True},
            {"name": "b", "work": constant(5 * HOUR)},
        ],
        pools=[{"name": "p", "skills": {"b": 1}}],
        routing=line("a", "b"), arrivals=at_hours(100),
        under_way=[
            {"object": "waits", "since": BEGINS - timedelta(hours=1), **opened},
            {"object": "works", "since": BEGINS - timedelta(hours=3), "pool": "p", **opened},
        ],
    )  # fmt: skip
    assert timeline(model, 50) == [("works", "b", -3, 2), ("waits", "b", 2, 7)]


def test_pools_serve_their_own_classes() -> None:
    model = a_model(
        classes={"x": 0.5, "y": 0.5},
        pools=[
            {"name": "p", "count": 9, "skills": {"a": 1}, "serves": ["x"]},
            {"name": "q", "count": 9, "skills": {"a": 1}, "serves": ["y"]},
        ],
    )
    lived = simulate(model, span_s=500 * HOUR, runs=1, seed=3, log=True)
    assert lived.log is not None
    pairs = lived.log.select("of_class", "pool").unique().sort("pool").rows()
    assert pairs == [("x", "p"), ("y", "q")]


def test_costs_are_those_of_pieces_and_of_time_on_duty() -> None:
    model = a_model(
        activities=[{"name": "a", "work": constant(HOUR), "cost": 7, "scrap_share": 0.1}],
        pools=[{"name": "p", "count": 2, "places": 3, "skills": {"a": 1}, "cost_per_hour": 10}],
        arrivals=at_hours(1, 2, 3),
    )
    lived = simulate(model, span_s=10 * HOUR, runs=1, seed=0)
    assert lived.cost[0] == pytest.approx(3 * 7 + 2 * 10 * 10)
    assert lived.duty_s[0, 0] == pytest.approx(6 * 10 * HOUR)
    assert lived.scrapped[0] == pytest.approx(0.3)


@settings(max_examples=40, deadline=None)
@given(
    begin=st.integers(0, 24 * 20 * 60), minutes=st.integers(1, 3000),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Shanghai"]),
)  # fmt: skip
def test_working_time_is_that_of_a_clock_on_the_wall(begin: int, minutes: int, zone: str) -> None:
    """Minute by minute over both changes of the clock and a holiday, with the zone's own clock."""
    spring = datetime(2024, 3, 4, tzinfo=ZoneInfo("UTC"))
    hours = {day: ["01:00-06:00", "20:00-24:00"] for day in ("mon", "wed", "fri", "sun")}
    model = a_model(
        begins_at=spring, zone="UTC",
        activities=[{"name": "a", "work": constant(minutes * 60.0)}],
        pools=[{"name": "p", "skills": {"a": 1}, "calendar": "c"}],
        calendars={"c": {"zone": zone, "hours": hours, "holidays": ["2024-03-29"]}},
        arrivals={"kind": "replay", "at_s": [begin * 60.0], "weeks": 52},
    )  # fmt: skip
    lived = simulate(model, span_s=60 * DAY, runs=1, seed=0, log=True)
    assert lived.log is not None
    now, left, local = spring + timedelta(minutes=begin), minutes, ZoneInfo(zone)
    while left:
        here = now.astimezone(local)
        works = here.weekday() in (0, 2, 4, 6) and (1 <= here.hour < 6 or here.hour >= 20)
        left -= works and here.date().isoformat() != "2024-03-29"
        now += timedelta(minutes=1)
    assert lived.log["end_ns"].to_list() == [int(now.timestamp()) * 10**9]


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.5, 80.0])
def test_gamma_quantiles_are_those_of_scipy(shape: float) -> None:
    _quantiles(Time(of=Gamma(mean_s=HOUR, shape=shape)),
               scipy_stats.gamma(shape, scale=HOUR / shape))  # fmt: skip


def test_lognormal_quantiles_are_those_of_scipy() -> None:
    _quantiles(Time(of=Lognormal(median_s=HOUR, sigma=1.2)),
               scipy_stats.lognorm(1.2, scale=HOUR))  # fmt: skip


def _quantiles(time: Time, truth: Any) -> None:
    laws = Laws()
    row = laws.row(time)
    for u in np.concatenate((np.geomspace(1e-3, 0.5, 40), 1 - np.geomspace(1e-9, 0.5, 60))):
        found = law_ns(*laws.arrays(), row, float(u)) / 1e9
        assert found == pytest.approx(truth.ppf(u), rel=20 * LAW_TOLERANCE, abs=1e-3)
    middle = [law_ns(*laws.arrays(), row, (k + 0.5) / 20_000) / 1e9 for k in range(20_000)]
    assert np.mean(middle) == pytest.approx(
        np.mean(truth.ppf((np.arange(20_000) + 0.5) / 20_000)), rel=LAW_TOLERANCE
    )


def test_chance_is_the_published_mixture_in_plain_integers() -> None:
    mask, gold = 2**64 - 1, 0x9E3779B97F4A7C15

    def mixed(x: int) -> int:
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & mask
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & mask
        return x ^ (x >> 31)

    luck = mixed(12 ^ mixed((34 * gold + gold) & mask)) >> 1
    assert hashed(12, 34) == luck
    about = ((5 << 40) ^ (6 << 8) ^ 7) * gold & mask
    expected = (mixed((mixed(luck ^ about) + gold) & mask) >> 11) * 2.0**-53
    assert chance(luck, 5, 6, 7) == expected


def test_chances_are_even_and_unlike_their_neighbours() -> None:
    lucks = [hashed(hashed(0, 3), k) for k in range(4000)]
    first = np.array([chance(luck, 0, 1, 1) for luck in lucks])
    other = np.array([chance(luck, 0, 2, 1) for luck in lucks])
    assert scipy_stats.kstest(first, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(first, other)[0, 1]) < 4 / np.sqrt(len(lucks))


def orders() -> Model:
    return Model.model_validate(yaml.safe_load(ORDERS))


def same(one: Lived, other: Lived) -> bool:
    assert one.log is not None
    assert other.log is not None
    return one.log.equals(other.log) and bool((one.wait_s == other.wait_s).all())


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    told: list[tuple[int, int]] = []
    one = simulate(orders(), span_s=20 * DAY, runs=6, seed=1, log=True, threads=1)
    four = simulate(
        orders(), span_s=20 * DAY, runs=6, seed=1, log=True, threads=4,
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert same(one, four)
    assert told[-1] == (6, 6)
    assert len({tuple(c.round(3)) for c in one.cycle_s}) == 6


def test_an_interrupt_ends_all_replications() -> None:
    def interrupt(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(orders(), span_s=20 * DAY, runs=8, seed=1, threads=2, progress=interrupt)


def test_more_demand_brings_objects_between_those_that_come_anyway() -> None:
    def keys(per_hour: float) -> set[tuple[int, int]]:
        model = a_model(arrivals={"kind": "rate", "per_hour": [per_hour] * 168})
        drawn = draw_arrivals(compile_model(model, span_s=60 * DAY), seed=2, run=0)
        return set(zip(drawn.time_ns.tolist(), drawn.key.tolist(), strict=True))

    few, many = keys(0.7), keys(5.0)
    assert few < many
    assert len(many) == pytest.approx(5 * 24 * 60, abs=4 * np.sqrt(5 * 24 * 60))


def test_arrivals_follow_the_local_hour_of_the_week() -> None:
    rates = [0.0] * 168
    rates[9] = 100.0
    model = a_model(zone="America/New_York", arrivals={"kind": "rate", "per_hour": rates})
    lived = simulate(model, span_s=28 * DAY, runs=1, seed=0, log=True)
    assert lived.log is not None
    local = lived.log.select(
        pl.col("enabled_ns").cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone("America/New_York")
    )["enabled_ns"]
    assert set(zip(local.dt.weekday(), local.dt.hour(), strict=True)) == {(1, 9)}


def test_the_same_object_has_the_same_luck_under_another_plan() -> None:
    def cycles(count: int) -> dict[int, float]:
        model = a_model(pools=[{"name": "p", "count": count, "skills": {"a": 1}}])
        lived = simulate(model, span_s=50 * DAY, runs=1, seed=4)
        return dict(zip(lived.key[0].tolist(), lived.cycle_s[0].tolist(), strict=True))

    five, fifty = cycles(5), cycles(50)
    shared = five.keys() & fifty.keys()
    assert len(shared) > 400
    assert all(five[k] >= fifty[k] - 1e-6 for k in shared)


def test_a_simulated_log_becomes_a_book(tmp_path: Path) -> None:
    lived = simulate(orders(), span_s=20 * DAY, runs=2, seed=1, log=True)
    assert lived.log is not None
    for name in ("log.parquet", "log.csv"):
        table, mapping = write_log(lived, orders(), tmp_path / name, replication=1)
        book = ingest(table, tmp_path / f"book-{name}", mapping=load_mapping(mapping))
        ended = lived.log.filter((pl.col("replication") == 1) & pl.col("end_ns").is_not_null())
        assert book.events().select(pl.len()).collect().item() == len(ended)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"span_s": 0.0}, "span of 0 s"),
        ({"warm_up_s": 20 * DAY}, "not within the span"),
        ({"runs": 0}, "0 runs"),
        ({"arrivals": []}, "0 streams"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        simulate(orders(), **{"span_s": DAY, "runs": 1, "seed": 0, **wrong})


def test_a_log_that_was_not_kept_cannot_be_written(tmp_path: Path) -> None:
    lived = simulate(a_model(arrivals={"kind": "gaps", "gap": exponential(HOUR)}),
                     span_s=DAY, runs=1, seed=0)  # fmt: skip
    with pytest.raises(RequestError, match="kept no log"):
        write_log(lived, a_model(), tmp_path / "log.csv")
