"""What a waits result says, and what it refuses to say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_helpers import quick_folder
from process_helpers import SmallBook
from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar
from thalweg.process.waiting.assemble import assemble
from thalweg.process.waiting.calendars import Calendars
from thalweg.process.waiting.causes import CAUSES
from thalweg.process.waiting.result import WaitsResult, waits_json_schema
from thalweg.process.waiting.sweep import no_split
from thalweg.process.waiting.tally import Waits, jackknife_shares, tally
from thalweg.process.waiting.waits import waits_book
from thalweg.records.ingest import ingest
from thalweg.records.mapping.flat import FlatMapping
from thalweg.surfaces.cli import main
from thalweg.surfaces.cli.waits_text import print_waits
from waits_world import Workshop

HOUR = 3600


def interval_book(rows: list[tuple[str, str, float, float, str]]) -> SmallBook:
    """Rows of (case, activity, start, end, who) in hours."""
    events = [(a, e * HOUR, {"case": [c]}, {"who": who}) for c, a, _, e, who in rows]
    return SmallBook(events, {"resource": "who"}, [s * HOUR for _, _, s, _, _ in rows])


SIMPLE = [
    ("1", "register", 0.0, 1.0, "Ann"),
    ("2", "register", 1.0, 2.0, "Ann"),
    ("1", "check", 4.0, 6.0, "Bob"),
    ("2", "check", 6.0, 7.0, "Bob"),
]
"""Case 1 waits an hour until case 2 is there too (Bob then does both in a row), and two free hours;
case 2 waits the same two free hours, and two more behind case 1."""
EXPECTED = {"remainder": 4.0, "batching": 1.0, "contention": 2.0}


def hours(result: WaitsResult) -> dict[str, float]:
    rows = result.causes.to_dicts()
    return {r["cause"]: r["total_s"] / HOUR for r in rows if r["total_s"]}


def simple(**how: Any) -> WaitsResult:
    return waits_book(interval_book(SIMPLE), **({"calendar": None} | how))


def test_costs_are_hours_times_the_rate() -> None:
    result = simple(cost_per_hour=10, currency="EUR")
    assert hours(result) == EXPECTED
    assert (result.cost, result.currency) == (70, "EUR")
    assert result.causes["cost"].sum() == result.pairs["cost"].sum() == 70
    assert result.top["cost"].to_list() == [40, 20, 10]


def test_costs_may_come_from_an_attribute_of_the_object() -> None:
    """Case 2 ties up ten times the capital, so that its wait behind case 1 costs most."""
    book = interval_book(SIMPLE)
    book.object_rows["case"] = pl.DataFrame({"@object": ["1", "2"], "capital": [10, 100]})
    result = waits_book(book, calendar=None, cost_by="capital", cost_per_hour=0.5)
    assert result.cost == 3 * 5 + 4 * 50
    assert result.top.select("cause", "cost").rows() == [
        ("remainder", 2 * 5 + 2 * 50),
        ("contention", 2 * 50),
        ("batching", 5),
    ]
    with pytest.raises(RequestError, match="capital"):
        waits_book(book, cost_by="capitel")
    with pytest.raises(RequestError, match="above zero"):
        waits_book(book, cost_per_hour=0)


def test_the_costliest_waits_name_parties_and_examples() -> None:
    first = simple().top.to_dicts()[0]
    assert (first["source"], first["target"], first["cause"]) == ("register", "check", "remainder")
    assert first["between"] == [
        {"source": "Ann", "target": "Bob", "total_s": 4.0 * HOUR, "share": 1.0}
    ]
    example = first["examples"][0]
    assert (example["object"], example["from_event"], example["to_event"]) == ("1", 0, 2)
    assert (example["waited_from"].hour, example["waited_to"].hour) == (1, 4)


def test_filters_choose_waits_but_not_what_resources_were_seen_at() -> None:
    """Case 2 alone still waits behind case 1, which the filter leaves out."""
    result = simple(filters=[{"kind": "time", "start": "1970-01-01T01:30:00Z", "mode": "started"}])
    assert result.objects == 1
    assert hours(result) == {"remainder": 2.0, "contention": 2.0}


def test_without_starts_only_links_and_handovers_can_be_told() -> None:
    events = [
        ("pick", 1 * HOUR, {"item": ["i1"]}, {"who": "Ann", "firm": "store"}),
        ("pick", 3 * HOUR, {"item": ["i2"]}, {"who": "Ann", "firm": "store"}),
        ("pack", 6 * HOUR, {"item": ["i1", "i2"]}, {"who": "Pat", "firm": "carrier"}),
        ("ship", 7 * HOUR, {"item": ["i1", "i2"]}, {"who": "Pat", "firm": "carrier"}),
    ]
    result = waits_book(SmallBook(events, {"resource": "who", "party": "firm"}))  # type: ignore[arg-type]
    assert result.kind == "sojourn"
    assert hours(result) == {"synchronisation": 2.0, "handover": 6.0, "remainder": 2.0}
    for cause in ("batching", "contention", "priority", "unavailable"):
        assert result.missing[cause] == "no_start_times"
    assert "service_included" in result.warnings
    assert result.causes.filter(identified=False)["total_s"].null_count() == 4


def test_without_resources_only_the_remainder_is_left() -> None:
    book = interval_book(SIMPLE)
    book.roles = {}
    result = waits_book(book)
    assert hours(result) == {"remainder": 7.0}
    assert result.missing["contention"] == "no_resource"
    assert result.facts["unnamed_s"] == 7 * HOUR


def test_too_little_work_teaches_no_hours() -> None:
    result = simple(calendar="learn")
    assert result.missing["unavailable"] == "few_events"
    assert result.facts["unknown_hours_s"] == 7 * HOUR
    assert "hours_mostly_unknown" in result.warnings


def test_work_without_length_is_told() -> None:
    """A start that equals the end may be one that was never recorded."""
    rows = [(c, a, e, e, who) for c, a, _, e, who in SIMPLE]
    result = waits_book(interval_book(rows), calendar=None)
    assert result.facts["without_length"] == 4
    assert "mostly_without_length" in result.warnings
    assert "mostly_without_length" not in simple().warnings


def test_where_nothing_is_left_nothing_is_claimed() -> None:
    none = simple(filters=["duration>300d"])
    assert (none.objects, none.total_s, none.waits) == (0, 0.0, 0)
    assert "no_objects" in none.warnings
    assert none.top.is_empty()
    events = [("a", HOUR, {"case": ["1"]}, {"what": what}) for what in ("start", "complete")]
    events += [("b", HOUR, {"order": ["o"]}, {"what": "schedule"})]
    unfit = waits_book(SmallBook(events, {"lifecycle": "what"}), type="order")  # type: ignore[arg-type]
    assert (unfit.pieces, unfit.total_s) == (0, 0.0)
    for result in (none, unfit):
        jsonschema.validate(json.loads(json.dumps(result.to_json())), waits_json_schema())
        print_waits(result, "en")


def test_hours_given_for_a_stranger_are_refused() -> None:
    hours_of = Calendar(hours={"mon": ("09:00-17:00",)})
    with pytest.raises(RequestError, match="Bop"):
        simple(calendar=Calendars(resources={"Bop": hours_of}))


def test_work_that_ends_before_it_starts_is_counted_and_has_no_wait() -> None:
    book = interval_book([*SIMPLE, ("1", "close", 9.0, 8.0, "Bob")])
    result = waits_book(book, calendar=None)
    assert result.facts["disordered"] == 1
    assert hours(result) == EXPECTED


def test_starts_and_completions_give_the_same_waits_as_intervals() -> None:
    events = []
    for case, activity, start, end, who in SIMPLE:
        for at, what in ((start, "start"), (end, "complete")):
            events.append((activity, at * HOUR, {"case": [case]}, {"who": who, "what": what}))
    events.append(("archive", 20 * HOUR, {"case": ["1"]}, {"who": "Ann", "what": "complete"}))
    book = SmallBook(events, {"resource": "who", "lifecycle": "what"})
    result = waits_book(book, calendar=None)  # type: ignore[arg-type]
    assert hours(result) == EXPECTED
    assert (result.facts["encoding"], result.facts["unknown_starts"]) == ("lifecycle", 1)


def test_work_beside_other_work_waits_for_what_came_before_both() -> None:
    """Two branches in either order after registering: neither waits for the other."""
    rows = []
    for n in range(12):
        first, second = ("post", "call") if n % 2 else ("call", "post")
        rows += [
            (f"c{n}", "register", 10.0 * n, 10.0 * n + 1, "Ann"),
            (f"c{n}", first, 10.0 * n + 2, 10.0 * n + 3, "Bob"),
            (f"c{n}", second, 10.0 * n + 4, 10.0 * n + 5, "Cat"),
            (f"c{n}", "close", 10.0 * n + 6, 10.0 * n + 7, "Dan"),
        ]
    result = waits_book(interval_book(rows), calendar=None)
    assert result.facts["concurrent"] == [["call", "post"]]
    pairs = {(r["source"], r["target"]): r["total_s"] / HOUR for r in result.pairs.to_dicts()}
    assert pairs[("register", "call")] == pairs[("register", "post")] == 6 * 1.0 + 6 * 3.0
    assert ("call", "post") not in pairs
    as_listed = waits_book(interval_book(rows), calendar=None, concurrency="none")
    assert as_listed.total_s == 12 * 3 * HOUR < result.total_s


def test_rare_returns_are_no_branches() -> None:
    """As neighbours, a → b and b → a look balanced (20 to 8); in whole cases a comes first."""
    kinds = [("a", "x", "b")] * 300 + [("a", "b")] * 20 + [("b", "a")] * 8
    rows = [
        (f"c{n}", activity, 10.0 * n + 2 * k, 10.0 * n + 2 * k + 1, "Ann")
        for n, steps in enumerate(kinds)
        for k, activity in enumerate(steps)
    ]
    result = waits_book(interval_book(rows), calendar=None)
    assert result.facts["concurrent"] == []
    assert len(result.pairs) == 4


def test_tables_sum_to_the_whole_and_json_follows_its_schema() -> None:
    world = Workshop(3)
    result = waits_book(world.book(), type="item", calendar=world.calendars(), cost_per_hour=2)
    whole = pytest.approx(result.total_s)
    assert result.causes["total_s"].sum() == whole
    assert result.causes["share"].sum() == pytest.approx(1)
    for table in (result.pairs, result.pair_causes, result.resources, result.handovers):
        assert table["total_s"].sum() == whole
    columns = [f"{name}_s" for name in CAUSES]
    assert sum(result.pairs[name].sum() for name in columns) == whole
    body = json.loads(json.dumps(result.to_json()))
    jsonschema.validate(body, waits_json_schema())
    again = waits_book(
        world.book(), type="item", calendar=world.calendars(), cost_per_hour=2, threads=1
    )
    assert again.to_json() == result.to_json()


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 40), run=st.integers(1, 60))
def test_waits_of_two_sets_of_objects_merge_into_those_of_both(cut: int, run: int) -> None:
    scene, waits = WAITS
    key = np.asarray(scene.pieces.activity).astype(np.int64)
    offsets = scene.pieces.offsets
    cut = min(cut, len(offsets) - 1)
    inside = np.arange(len(key)) < offsets[cut]
    keys = int(key.max()) + 1
    whole = tally(waits.arrays(), offsets, key, keys)
    parts = [
        tally(waits.arrays(), offsets, np.where(mine, key, -1), keys) for mine in (inside, ~inside)
    ]
    for merged in (parts[0].merge(parts[1]), parts[1].merge(parts[0])):
        assert np.array_equal(merged.causes, whole.causes)
        assert np.array_equal(merged.steps, whole.steps)


SCENE = assemble(Workshop(1).book().perspective("item"))
WAITS = SCENE, Waits(SCENE, no_split(len(SCENE.works.start_ns), len(SCENE.resources)), None, None)


def test_intervals_of_shares_hold_the_truth_as_often_as_they_say() -> None:
    """Weeks drawn alike, a cause's share known: 95 % intervals of 20 weeks hold it."""
    rng = np.random.default_rng(11)
    runs, hits = 2000, 0
    for _ in range(runs):
        size = rng.lognormal(0, 0.5, 20)
        share = np.clip(rng.normal(0.3, 0.1, 20), 0, 1)
        weeks = np.column_stack((size * share, size * (1 - share)))
        error, used = jackknife_shares(weeks)
        found = weeks[:, 0].sum() / weeks.sum()
        hits += abs(found - 0.3) <= 1.96 * error[0]
        assert used == 20
    assert 0.925 <= hits / runs <= 0.96


@pytest.fixture(scope="module")
def book_folder() -> Iterator[Path]:
    with quick_folder() as folder:
        rows = [
            f"{case},{activity},2024-01-01T{int(start):02d}:00:00,2024-01-01T{int(end):02d}:00:00,{who}"
            for case, activity, start, end, who in SIMPLE
        ]
        source = folder / "work.csv"
        source.write_text("\n".join(["case_id,activity,start,end,resource", *rows]) + "\n")
        mapping = FlatMapping(
            case="case_id",
            activity="activity",
            time="end",
            start="start",
            roles={"resource": "resource"},
        )
        ingest(source, folder / "book", mapping=mapping)
        yield folder


def called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["thalweg", "waits", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
        sys.exit(0)
    return int(ended.value.code or 0)


def test_the_command_shows_waits_in_both_languages(
    book_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = book_folder / "book"
    assert called(monkeypatch, book, "--calendar", "none", "--cost-per-hour", 10) == 0
    shown = capsys.readouterr().out
    assert "waited 7 h in all" in shown
    assert "register → check, contention: 2 h (28.6%" in shown
    assert called(monkeypatch, book, "--calendar", "none", "--language", "zh") == 0
    assert "共等待 7 小时" in capsys.readouterr().out


def test_the_command_reads_hours_from_a_file(
    book_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """2024 began on a Monday; Bob works from 3, so that two hours and one are off."""
    given_hours = book_folder / "hours.json"
    given_hours.write_text('{"resources": {"Bob": {"hours": {"mon": ["03:00-20:00"]}}}}')
    assert called(monkeypatch, book_folder / "book", "--calendar", given_hours, "--json") == 0
    body = json.loads(capsys.readouterr().out)
    shares = {row["cause"]: row["total_s"] for row in body["causes"]}
    assert shares["unavailable"] == 3 * HOUR
    given_hours.write_text("{")
    assert called(monkeypatch, book_folder / "book", "--calendar", given_hours) == 2


def test_the_schema_is_printed_without_a_book(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "--schema") == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
    assert called(monkeypatch) == 2
