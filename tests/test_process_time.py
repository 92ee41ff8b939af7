"""Work in progress, working hours, service and waiting: Little's law, brute force, known truth."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import SECOND, SmallBook
from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar, learn_calendar, medians_around, work_table
from thalweg.process.handovers import handovers
from thalweg.process.map import map_book
from thalweg.process.pairs import Sequences, aggregate_pairs
from thalweg.process.service import find_work, interval_work, lifecycle_work, service_table
from thalweg.process.timeline import aggregate_timeline, period_edges, timeline_table
from thalweg.records.appraisal.lifecycle import pair_transitions, transition_kinds

HOUR = 3_600 * SECOND
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


def ns(text: str, zone: ZoneInfo) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


def test_periods_begin_at_local_midnight_through_clock_changes() -> None:
    edges = period_edges(
        ns("2024-03-30T12:00", BERLIN), ns("2024-04-01T12:00", BERLIN), "day", BERLIN
    )
    assert (np.diff(edges) // HOUR).tolist() == [24, 23, 24]
    months = period_edges(
        ns("2024-01-31T23:00", SHANGHAI), ns("2024-03-01T00:00", SHANGHAI), "month", SHANGHAI
    )
    assert months.tolist() == [ns(f"2024-0{m}-01T00:00", SHANGHAI) for m in (1, 2, 3, 4)]
    weeks = period_edges(
        ns("2024-01-03T00:00", BERLIN), ns("2024-01-08T00:00", BERLIN), "week", BERLIN
    )
    assert weeks.tolist() == [ns(f"2024-01-{d:02d}T00:00", BERLIN) for d in (1, 8, 15)]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 60), st.booleans()), min_size=1, max_size=30
    )
)
def test_work_in_progress_agrees_with_counting_every_second(
    rows: list[tuple[int, int, bool]],
) -> None:
    """Times in whole seconds: counting once a second integrates exactly."""
    start = np.array([s for s, _, _ in rows], np.int64) * SECOND
    stop = start + np.array([d for _, d, _ in rows], np.int64) * SECOND
    done = np.array([f for _, _, f in rows])
    horizon = 160
    edges = np.array([-5, 10, 40, 41, 100, 170], np.int64) * SECOND
    timeline = aggregate_timeline(start, stop, done, horizon * SECOND, edges)
    for k in range(len(edges) - 1):
        lo, hi = int(edges[k] // SECOND), int(edges[k + 1] // SECOND)
        there = [
            sum(1 for (s, d, f) in rows if s <= t and (not f or t < s + d))
            for t in range(lo, min(hi, horizon))
        ]
        assert timeline.present[k] == sum(
            1 for (s, d, f) in rows if s <= lo and (not f or lo < s + d)
        )
        assert timeline.presence_s[k] == sum(there)
        assert timeline.presence_ns[k] == 0
        assert timeline.arrivals[k] == sum(1 for (s, _, _) in rows if lo <= s < hi)
        assert timeline.completions[k] == sum(1 for (s, d, f) in rows if f and lo <= s + d < hi)


def test_littles_law_holds() -> None:
    """Mean number in progress = arrivals per second times mean time, over a span all lie within."""
    rng = np.random.default_rng(5)
    start = rng.integers(0, 10**6, 5_000) * SECOND
    stop = start + (rng.exponential(5_000, 5_000) * SECOND).astype(np.int64)
    last = int(stop.max())
    edges = np.array([0, 250_000 * SECOND, 600_000 * SECOND, last + 1], np.int64)
    timeline = aggregate_timeline(start, stop, np.ones(5_000, bool), last, edges)
    table = timeline_table(timeline, 0, last + 1)
    width = np.diff(edges) / SECOND
    mean_present = float((table["wip_mean"].to_numpy() * width).sum() / width.sum())
    rate, time_s = 5_000 / width.sum(), float((stop - start).mean() / SECOND)
    assert mean_present == pytest.approx(rate * time_s, rel=1e-9)


WEEK = Calendar(
    zone="Europe/Berlin",
    hours=dict.fromkeys(("mon", "tue", "wed", "thu"), ("09:00-12:00", "13:00-17:30"))
    | {"fri": ("09:00-13:00",), "sun": ("01:00-04:00",)},
    holidays=(date(2024, 4, 1),),
)
MARCH = ns("2024-03-27T00:00", BERLIN)


def minutes_worked(calendar: Calendar, start: int, stop: int) -> int:
    """Brute force: every minute between two instants, looked up on the local clock."""
    count, zone = 0, ZoneInfo(calendar.zone)
    for minute in range(start, stop):
        at = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone)
        inside = any(a <= at.hour * 60 + at.minute < b for a, b in calendar.minutes(at.weekday()))
        count += inside and at.date() not in calendar.holidays
    return count


@settings(max_examples=40, deadline=None)
@given(a=st.integers(0, 9 * 1440), b=st.integers(0, 9 * 1440))
def test_working_time_agrees_with_the_local_clock_minute_by_minute(a: int, b: int) -> None:
    """The span holds Easter Monday and the night in which the clock skips from 02:00 to 03:00."""
    base = MARCH // (60 * SECOND)
    lo, hi = base + min(a, b), base + max(a, b)
    table = work_table(WEEK, MARCH, MARCH + 10 * 24 * HOUR)
    ticks = table.work_ns(np.array([lo, hi], np.int64) * 60 * SECOND)
    assert (ticks[1] - ticks[0]) // (60 * SECOND) == minutes_worked(WEEK, lo, hi)


def test_a_calendar_that_cannot_be_read_says_why() -> None:
    for hours, reason in (
        ({"monday": ("09:00-17:00",)}, "is no weekday"),
        ({"mon": ("9-17",)}, "is no interval"),
        ({"mon": ("17:00-09:00",)}, "ends before it starts"),
        ({"mon": ("09:00-12:00", "11:00-13:00")}, "overlap"),
    ):
        with pytest.raises(ValueError, match=reason):
            Calendar(hours=hours)
    with pytest.raises(RequestError, match="no time zone"):
        Calendar(zone="Nowhere/At-all", hours={})
    assert WEEK.weekly_hours == 4 * 7.5 + 4 + 3


def test_working_hours_and_holidays_are_learned_from_events() -> None:
    rng = np.random.default_rng(8)
    times = []
    for day in range(120):
        local = datetime(2024, 1, 1, tzinfo=SHANGHAI) + timedelta(days=day)
        if local.weekday() < 5 and local.date() != date(2024, 2, 12):
            seconds = rng.uniform(9 * 3600, 17 * 3600, 60)
        else:
            seconds = np.empty(0)
        times += [int(local.timestamp() + s) * SECOND for s in seconds]
        if day % 10 == 0:
            times.append(int(local.timestamp() + 22 * 3600) * SECOND)
    learned = learn_calendar(np.array(times, np.int64), "Asia/Shanghai")
    assert learned.calendar == Calendar(
        zone="Asia/Shanghai",
        hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",)),
        holidays=(date(2024, 2, 12),),
    )
    assert learned.events_inside_share > 0.99


def test_learning_is_refused_where_there_is_nothing_to_learn() -> None:
    even = np.arange(0, 60 * 24 * 20) * 3 * 60 * SECOND * 20
    assert learn_calendar(even, "UTC").reason == "round_the_clock"
    assert learn_calendar(even[:100], "UTC").reason == "few_events"
    assert learn_calendar(np.arange(1_000) * SECOND, "UTC").reason == "short_span"


def test_the_working_hours_of_the_loan_experiment_are_found(logs: Path) -> None:
    """The simulated staff work on weekdays from 9 to 17 (UTC), as the BPMN beside it says."""
    table = pl.read_csv(logs / "intervention_loanapp/LoanApp_fewRes_9-5_noTimers.CSV.gz")
    column = next(name for name in table.columns if "start" in name.lower())
    text = table[column].str.replace(" ", "T").str.slice(0, 19)
    times = text.str.to_datetime("%Y-%m-%dT%H:%M:%S").dt.timestamp("ns").to_numpy()
    found = learn_calendar(times, "UTC").calendar
    assert found is not None
    assert found.hours == dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",))


def brute_pairing(rows: list[tuple[str, str, str]]) -> dict[int, int]:
    """First in, first out, over lists: (activity, transition, item)."""
    open_starts: dict[tuple[str, str], list[int]] = {}
    found: dict[int, int] = {}
    for j, (activity, transition, item) in enumerate(rows):
        queue = open_starts.setdefault((activity, item), [])
        if transition.lower() == "start":
            queue.append(j)
        elif transition.lower() == "complete" and queue:
            found[queue.pop(0)] = j
    return found


EVENTS = st.tuples(
    st.sampled_from("AB"), st.sampled_from(["start", "COMPLETE", "schedule"]), st.sampled_from("xy")
)


@settings(max_examples=100, deadline=None)
@given(log=st.lists(st.lists(EVENTS, min_size=1, max_size=14), min_size=1, max_size=4))
def test_starts_and_completions_are_matched_first_in_first_out(
    log: list[list[tuple[str, str, str]]],
) -> None:
    names = ["", "start", "COMPLETE", "schedule"]
    rows = [row for trace in log for row in trace]
    offsets = np.concatenate(([0], np.cumsum([len(t) for t in log]))).astype(np.int64)
    kind = transition_kinds(names)[[names.index(t) for _, t, _ in rows]]
    activity = np.array(["AB".index(a) for a, _, _ in rows], np.uint8)
    item = np.array(["xy".index(i) for _, _, i in rows], np.uint8)
    pairing = pair_transitions(offsets, activity, kind, item)
    truth = {
        int(offsets[n]) + s: int(offsets[n]) + e
        for n, trace in enumerate(log)
        for s, e in brute_pairing(trace).items()
    }
    assert {s: e for s, e in enumerate(pairing.partner.tolist()) if e > s} == truth
    assert pairing.matched == len(truth)
    starts = sum(1 for _, t, _ in rows if t == "start")
    assert pairing.unmatched_starts == starts - len(truth)


def test_both_encodings_of_the_same_work_give_the_same_service_and_waiting() -> None:
    """One object: A 0–10, B 15–40, C 18–30 (beside B), D 50–60. Waits: B 5, C 8, D 10."""
    interval = interval_work(
        np.array([0, 4]),
        np.array([0, 2, 1, 3], np.uint8),
        np.array([0, 18, 15, 50], np.int64) * SECOND,
        np.array([10, 30, 40, 60], np.int64) * SECOND,
    )
    moments = [
        (0, 0, 1),
        (10, 0, 2),
        (15, 1, 1),
        (18, 2, 1),
        (30, 2, 2),
        (40, 1, 2),
        (50, 3, 1),
        (60, 3, 2),
    ]
    life = lifecycle_work(
        np.array([0, 8]),
        np.array([a for _, a, _ in moments], np.uint8),
        np.array([t for t, _, _ in moments], np.int64) * SECOND,
        np.array([k for _, _, k in moments], np.uint8),
        atomic=np.zeros(8, bool),
    )
    tables = [service_table(work, list("ABCD")).sort("activity") for work in (interval, life)]
    assert tables[0].equals(tables[1])
    assert tables[0]["service_total_s"].to_list() == [10, 25, 12, 10]
    assert tables[0]["wait_total_s"].to_list() == [0, 5, 8, 10]
    assert tables[0]["waited"].to_list() == [0, 1, 1, 1]
    assert tables[0]["wait_mean_s"].to_list() == [None, 5, 8, 10]


def test_work_that_ends_before_it_starts_is_set_aside_and_counted() -> None:
    book = SmallBook(
        [("a", 10, {"case": ["x"]}, {}), ("b", 20, {"case": ["x"]}, {})], starts=[5, 25]
    )
    work = find_work(book.perspective("case"))
    assert work is not None
    assert (len(work.code), work.disordered) == (1, 1)
    result = map_book(book)  # type: ignore[arg-type]
    assert result.facts["service"]["disordered"] == 1


def test_working_time_between_events_leaves_nights_out() -> None:
    office = Calendar(zone="UTC", hours={"mon": ("09:00-17:00",), "tue": ("09:00-17:00",)})
    monday = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    rows = [("a", monday + 16 * 3600), ("b", monday + 34 * 3600)]
    book = SmallBook([(a, t, {"case": ["x"]}, {}) for a, t in rows])
    result = map_book(book, calendar=office)  # type: ignore[arg-type]
    assert result.pairs["mean_s"].to_list() == [18 * 3600]
    assert result.pairs["work_mean_s"].to_list() == [2 * 3600]


def test_handovers_skip_events_without_a_name() -> None:
    who = ["Ann", "Bob", "", "Bob", "Bob", "Ann"]
    book = SmallBook(
        [("a", 10 * i, {"case": ["x"]}, {"org": w}) for i, w in enumerate(who)],
        roles={"resource": "org"},
    )
    result = map_book(book)  # type: ignore[arg-type]
    rows = result.tables["handovers_resource"].select("source", "target", "count", "share").rows()
    assert rows == [("Ann", "Bob", 1, 0.5), ("Bob", "Ann", 1, 0.5)]
    assert result.facts["handovers_resource"] == {"handovers": 2, "kept": 1, "kept_share": 1 / 3}


@settings(max_examples=60, deadline=None)
@given(
    log=st.lists(
        st.lists(st.sampled_from(["", "Ann", "Bob", "Cy"]), min_size=1, max_size=8),
        min_size=1,
        max_size=5,
    )
)
def test_handovers_agree_with_a_loop_over_lists(log: list[list[str]]) -> None:
    book = SmallBook(
        [
            ("a", 7 * i + k * k, {"case": [f"o{i}"]}, {"org": who})
            for i, trace in enumerate(log)
            for k, who in enumerate(trace)
        ],
        roles={"resource": "org"},
    )
    waits: dict[tuple[str, str], list[int]] = {}
    for trace in log:
        for k, (giver, taker) in enumerate(pairwise(trace)):
            if giver and taker:
                waits.setdefault((giver, taker), []).append(2 * k + 1)
    found = handovers(book.perspective("case"), "resource")
    assert found is not None
    table, figures = found
    rows = {(r["source"], r["target"]): (r["count"], r["total_s"]) for r in table.to_dicts()}
    assert rows == {(a, b): (len(w), sum(w)) for (a, b), w in waits.items() if a != b}
    assert figures["kept"] == sum(len(w) for (a, b), w in waits.items() if a == b)


def test_pairs_over_skipped_codes_have_no_gap() -> None:
    data = Sequences(
        np.array([0, 3]), lambda _: np.array([1, 0, 1], np.uint32), np.arange(3), 2, skip=1
    )
    assert len(aggregate_pairs(data).count) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(1, 5))
def test_a_holiday_is_judged_by_the_median_of_the_weeks_around_it(
    counts: list[int], reach: int
) -> None:
    given_counts = np.array(counts)
    expected = [
        np.median(given_counts[max(0, at - reach) : at + reach + 1]) for at in range(len(counts))
    ]
    assert medians_around(given_counts, reach).tolist() == expected
