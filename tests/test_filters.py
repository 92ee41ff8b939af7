"""Filters: what they keep, by brute force and by PM4Py; their text, their JSON, their errors."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import SmallBook
from thalweg.errors import RequestError
from thalweg.process.filter_text import (
    parse_filter,
    parse_filters,
    parse_seconds,
    seconds_text,
    to_text,
)
from thalweg.process.filters import (
    ActivityFilter,
    AttributeFilter,
    DurationFilter,
    Filter,
    ObjectFilter,
    PathFilter,
    RoleFilter,
    TimeFilter,
    VariantFilter,
    filter_list,
)
from thalweg.process.map import map_book, read_filters
from thalweg.process.selection import apply_filters

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SIZES: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Step = tuple[str, int, str, int | None]
"""Activity, seconds, resource, amount."""


@st.composite
def logs(draw: st.DrawFn) -> list[list[Step]]:
    step = st.tuples(
        st.sampled_from("ABC"),
        st.integers(0, 5),
        st.sampled_from(["", "Ann", "Bob"]),
        st.none() | st.integers(0, 9),
    )
    traces = draw(st.lists(st.lists(step, min_size=1, max_size=6), min_size=1, max_size=8))
    out = []
    for trace in traces:
        now = draw(st.integers(0, 20))
        timed = []
        for activity, gap, who, amount in trace:
            now += gap
            timed.append((activity, now, who, amount))
        out.append(timed)
    return out


def book_of_steps(log: list[list[Step]]) -> SmallBook:
    events = [
        (a, t, {"case": [f"o{i}"]}, {"org": who or None, "amount": amount})
        for i, trace in enumerate(log)
        for a, t, who, amount in trace
    ]
    regions = pl.DataFrame(
        {"@object": [f"o{i}" for i in range(len(log))], "region": [i % 3 for i in range(len(log))]}
    )
    every = [("ABC"[k], 0, {"none": []}, {}) for k in range(3)]
    return SmallBook(events + every, roles={"resource": "org"}, object_rows={"case": regions})  # type: ignore[arg-type]


def kept(log: list[list[Step]], one: Filter) -> dict[str, list[tuple[str, int]]]:
    view = apply_filters(book_of_steps(log).perspective("case"), [one])
    ids = view.object_ids().to_list()
    return {
        ids[i]: [
            (view.activities[view.activity[j]], int(view.time_ns[j] // 10**9))
            for j in range(view.offsets[i], view.offsets[i + 1])
        ]
        for i in range(view.objects)
    }


def wanted(
    log: list[list[Step]],
    step: Callable[[Step], bool] | None = None,
    trace: Callable[[int, list[Step]], bool] = lambda _, __: True,
) -> dict[str, list[tuple[str, int]]]:
    left = {
        f"o{i}": [(s[0], s[1]) for s in one if step is None or step(s)]
        for i, one in enumerate(log)
        if trace(i, one)
    }
    return {name: steps for name, steps in left.items() if steps}


FEW = settings(max_examples=80, deadline=None)


@FEW
@given(log=logs(), names=st.sets(st.sampled_from("ABC"), min_size=1), without=st.booleans())
def test_by_activity(log: list[list[Step]], names: set[str], without: bool) -> None:
    one = ActivityFilter(names=tuple(names), without=without)
    hit = lambda _, t: any(s[0] in names for s in t) != without  # noqa: E731
    assert kept(log, one) == wanted(log, trace=hit)
    alone = one.model_copy(update={"level": "events"})
    assert kept(log, alone) == wanted(log, step=lambda s: (s[0] in names) != without)


@FEW
@given(log=logs(), without=st.booleans())
def test_by_resource(log: list[list[Step]], without: bool) -> None:
    if not any(s[2] == "Ann" for t in log for s in t):
        log = [*log, [("A", 0, "Ann", None)]]
    one = RoleFilter(role="resource", names=("Ann",), without=without)
    hit = lambda _, t: any(s[2] == "Ann" for s in t) != without  # noqa: E731
    assert kept(log, one) == wanted(log, trace=hit)
    alone = one.model_copy(update={"level": "events"})
    assert kept(log, alone) == wanted(log, step=lambda s: (s[2] == "Ann") != without)


@FEW
@given(log=logs(), sign=st.sampled_from(list(SIZES)), bound=st.integers(0, 9))
def test_by_event_attribute(log: list[list[Step]], sign: Any, bound: int) -> None:
    log = [*log, [("A", 0, "", 5)]]
    one = AttributeFilter(name="amount", operator=sign, values=(str(bound),), level="events")
    hit = lambda s: s[3] is not None and SIZES[sign](s[3], bound)  # noqa: E731
    assert kept(log, one) == wanted(log, step=hit)
    same = AttributeFilter(name="amount", operator="!=", values=(bound,))
    assert kept(log, same) == wanted(log, trace=lambda _, t: all(s[3] != bound for s in t))


@FEW
@given(log=logs(), value=st.integers(0, 3))
def test_by_object_attribute(log: list[list[Step]], value: int) -> None:
    one = ObjectFilter(name="region", values=(value,))
    assert kept(log, one) == wanted(log, trace=lambda i, _: i % 3 == value)
    other = ObjectFilter(name="region", operator="!=", values=(value,))
    assert kept(log, other) == wanted(log, trace=lambda i, _: i % 3 != value)


@FEW
@given(log=logs(), sign=st.sampled_from(list(SIZES)), bound=st.integers(0, 12))
def test_by_duration(log: list[list[Step]], sign: Any, bound: int) -> None:
    one = DurationFilter(operator=sign, seconds=bound)
    hit = lambda _, t: SIZES[sign](t[-1][1] - t[0][1], bound)  # noqa: E731
    assert kept(log, one) == wanted(log, trace=hit)


@FEW
@given(
    log=logs(),
    mode=st.sampled_from(["events", "contained", "intersecting", "started", "finished"]),
    lo=st.integers(0, 30),
    width=st.integers(0, 20),
)
def test_by_time(log: list[list[Step]], mode: Any, lo: int, width: int) -> None:
    hi = lo + width
    one = TimeFilter(
        start=EPOCH + timedelta(seconds=lo), end=EPOCH + timedelta(seconds=hi), mode=mode
    )
    tests: dict[str, Callable[[int, list[Step]], bool]] = {
        "contained": lambda _, t: t[0][1] >= lo and t[-1][1] < hi,
        "intersecting": lambda _, t: t[-1][1] >= lo and t[0][1] < hi,
        "started": lambda _, t: lo <= t[0][1] < hi,
        "finished": lambda _, t: lo <= t[-1][1] < hi,
    }
    if mode == "events":
        assert kept(log, one) == wanted(log, step=lambda s: lo <= s[1] < hi)
    else:
        assert kept(log, one) == wanted(log, trace=tests[mode])


def has_path(trace: list[Step], one: PathFilter) -> bool:
    low, high = one.min_s or 0, 10**9 if one.max_s is None else one.max_s
    return any(
        trace[i][0] == one.source
        and trace[j][0] == one.target
        and (one.relation == "eventually" or j == i + 1)
        and low <= trace[j][1] - trace[i][1] <= high
        for j in range(len(trace))
        for i in range(j)
    )


@FEW
@given(
    log=logs(),
    source=st.sampled_from("ABC"),
    target=st.sampled_from("ABC"),
    relation=st.sampled_from(["directly", "eventually"]),
    never=st.booleans(),
    low=st.none() | st.integers(0, 8),
    high=st.none() | st.integers(0, 12),
)
def test_by_path(log: list[list[Step]], low: int | None, high: int | None, **fields: Any) -> None:
    one = PathFilter(**fields, min_s=low, max_s=high)
    assert kept(log, one) == wanted(log, trace=lambda _, t: has_path(t, one) != one.never)


@FEW
@given(log=logs(), top=st.integers(1, 5), share=st.floats(0.05, 1.0))
def test_by_variant(log: list[list[Step]], top: int, share: float) -> None:
    shape = [tuple(s[0] for s in t) for t in log]
    ranks = sorted(set(shape), key=lambda v: -shape.count(v))
    found = kept(log, VariantFilter(top=top))
    variants = {tuple(a for a, _ in steps) for steps in found.values()}
    assert len(variants) == min(top, len(ranks))
    assert len(found) == sum(sorted((shape.count(v) for v in ranks), reverse=True)[:top])
    covered = kept(log, VariantFilter(share=share))
    assert len(covered) / len(log) >= share - 1e-9
    one = VariantFilter(sequences=(shape[0], shape[-1]))
    assert kept(log, one) == wanted(log, trace=lambda i, _: shape[i] in (shape[0], shape[-1]))


@FEW
@given(log=logs())
def test_filters_hold_one_after_the_other(log: list[list[Step]]) -> None:
    view = book_of_steps(log).perspective("case")
    both = read_filters(["events.activity!=B", "follows:A->C"])
    one_by_one = apply_filters(apply_filters(view, both[:1]), both[1:])
    together = apply_filters(view, both)
    assert together.time_ns.tolist() == one_by_one.time_ns.tolist()
    assert "B" not in {view.activities[c] for c in together.activity}


names = st.text(min_size=1, max_size=8).map(str.strip).filter(bool)
some_names = st.lists(names, min_size=1, max_size=3).map(tuple)
instants = st.none() | st.datetimes(
    datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)
)
seconds = st.floats(0, 1e8).map(lambda s: round(s, 3))
FILTERS = st.one_of(
    st.builds(TimeFilter, start=instants, end=instants),
    st.builds(ActivityFilter, names=some_names, without=st.booleans()),
    st.builds(RoleFilter, role=st.just("party"), names=some_names, level=st.just("events")),
    st.builds(
        AttributeFilter,
        name=names,
        operator=st.sampled_from(["=", "!=", *SIZES]),
        values=some_names,
    ),
    st.builds(ObjectFilter, name=names, values=some_names),
    st.builds(VariantFilter, top=st.integers(1, 99)),
    st.builds(VariantFilter, sequences=st.lists(some_names, min_size=1, max_size=3).map(tuple)),
    st.builds(DurationFilter, operator=st.sampled_from(list(SIZES)), seconds=seconds),
    st.builds(
        PathFilter,
        source=names,
        target=names,
        relation=st.sampled_from(["directly", "eventually"]),
        never=st.booleans(),
        min_s=st.none() | seconds,
        max_s=st.none() | seconds,
    ),
)


@settings(max_examples=400, deadline=None)
@given(one=FILTERS)
def test_text_and_json_mean_the_same_filter(one: Filter) -> None:
    assert parse_filter(to_text(one)) == one
    assert parse_filters(f"{to_text(one)} ; duration>1s;{to_text(one)}")[::2] == (one, one)
    assert filter_list.validate_json(filter_list.dump_json((one,))) == (one,)
    assert read_filters([json.loads(one.model_dump_json())]) == (one,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("activity=A,B", ActivityFilter(names=("A", "B"))),
        ("duration>3d", DurationFilter(operator=">", seconds=259_200)),
        ("follows:A->B", PathFilter(source="A", target="B")),
        ("eventually:A=>B", PathFilter(source="A", target="B", relation="eventually")),
        ("never:A=>B", PathFilter(source="A", target="B", relation="eventually", never=True)),
        (
            "follows:Send Fine->Add penalty after 1h within 60d",
            PathFilter(source="Send Fine", target="Add penalty", min_s=3_600, max_s=60 * 86_400),
        ),
        (
            "time:2012-01-01..2012-02-01",
            TimeFilter(start=datetime(2012, 1, 1), end=datetime(2012, 2, 1)),
        ),
        ("attribute:amount>=1000", AttributeFilter(name="amount", operator=">=", values=("1000",))),
        ("object:region=华东", ObjectFilter(name="region", values=("华东",))),
        ("variant:top=5", VariantFilter(top=5)),
        (
            "events.lifecycle=complete",
            RoleFilter(role="lifecycle", names=("complete",), level="events"),
        ),
    ],
)
def test_text_reads_as_documented(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("actvity=A", "is no filter. Nearest: activity"),
        ("duration>3 parsecs", "is no duration"),
        ("time:yesterday..", "is no date"),
        ("follows:A=>B", "is no filter"),
        ("variant:top=0", "greater than or equal to 1"),
        ("activity=", "at least 1"),
        ("", "is no filter"),
    ],
)
def test_text_that_means_nothing_is_refused_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_filter(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("activity=AA", "no activity 'AA'. Nearest: A"),
        ("resource=An", "no resource 'An'. Nearest: Ann"),
        ("party=X", "The book has no party"),
        ("attribute:amunt=3", "no event attribute 'amunt'. Nearest: amount"),
        ("object:regio=3", "no attribute of case 'regio'. Nearest: region"),
        ("attribute:amount>many", "cannot be compared with 'amount'"),
    ],
)
def test_a_name_that_the_book_lacks_shows_the_nearest_ones(text: str, message: str) -> None:
    view = book_of_steps([[("A", 0, "Ann", 4)]]).perspective("case")
    with pytest.raises(RequestError) as caught:
        apply_filters(view, [parse_filter(text)])
    assert message in str(caught.value)


def test_numbers_kept_as_text_are_compared_as_numbers() -> None:
    events = [("a", i, {"case": [f"o{i}"]}, {"amount": v}) for i, v in enumerate(["9", "10", "?"])]
    view = SmallBook(events).perspective("case")  # type: ignore[arg-type]
    assert apply_filters(view, [parse_filter("attribute:amount>9")]).object_ids().to_list() == [
        "o1"
    ]


def test_durations_are_written_in_their_largest_whole_unit() -> None:
    assert [seconds_text(s) for s in (0, 0.5, 90, 120, 7_200, 86_400, 604_800)] == [
        "0s", "0.5s", "90s", "2min", "2h", "1d", "1w",
    ]  # fmt: skip
    assert [parse_seconds(t) for t in ("90s", "1.5h", "2 min")] == [90, 5_400, 120]


def test_pm4py_keeps_the_same_cases_of_a_real_log(logs: Path, tmp_path: Path) -> None:
    pm4py = pytest.importorskip("pm4py")
    thalweg = pytest.importorskip("thalweg")
    source = logs / "other/receipt.xes.gz"
    book = thalweg.ingest(source, tmp_path / "book")
    log = pm4py.read_xes(str(source), return_legacy_log_object=False)
    a, b = "T02 Check confirmation of receipt", "T04 Determine confirmation of receipt"
    case = "case:concept:name"
    oracles = {
        f"follows:{a}->{b}": pm4py.filter_directly_follows_relation(log, [(a, b)]),
        f"eventually:{a}=>{b}": pm4py.filter_eventually_follows_relation(log, [(a, b)]),
        f"never:{a}=>{b}": pm4py.filter_eventually_follows_relation(log, [(a, b)], retain=False),
        "variant:top=3": pm4py.filter_variants_top_k(log, 3),
        f"activity={a}": pm4py.filter_event_attribute_values(
            log, "concept:name", {a}, level="case"
        ),
        f"activity!={a}": pm4py.filter_event_attribute_values(
            log, "concept:name", {a}, level="case", retain=False
        ),
        "duration>=30d": pm4py.filter_case_performance(log, 30 * 86_400, 10**12),
        "time.contained:2011-01-01..2011-07-01": pm4py.filter_time_range(
            log, "2011-01-01 00:00:00", "2011-06-30 23:59:59", mode="traces_contained"
        ),
    }
    for text, theirs in oracles.items():
        view = apply_filters(book.perspective("case"), [parse_filter(text)])
        assert set(view.object_ids()) == set(theirs[case]), text
        assert view.entries == len(theirs), text


def test_a_filtered_map_says_what_was_asked() -> None:
    book = book_of_steps([[("A", 0, "Ann", 4), ("B", 9, "Bob", 5)]])
    result = map_book(book, type="case", filters=[{"kind": "activity", "names": ["A"]}])  # type: ignore[arg-type]
    assert result.request["filters"] == ["activity=A"]
    with pytest.raises(RequestError, match="A filter cannot be read"):
        map_book(book, type="case", filters=[{"kind": "activty"}])  # type: ignore[arg-type]
