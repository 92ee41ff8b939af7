"""A whole map: its figures on real logs, its JSON, its lineage, its simplification."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import SmallBook, book_of
from thalweg.errors import RequestError
from thalweg.process.map import map_book
from thalweg.process.schema import COLUMNS, WORK_COLUMNS, map_json_schema
from thalweg.process.simplify import BEGIN, END, simplify

DAY = 86_400


def two_types() -> SmallBook:
    """Orders with items: two items are picked, then shipped with their order."""
    who = {"org": "Ann"}
    return SmallBook(
        [
            ("place", 0, {"order": ["o1"], "item": ["i1", "i2"]}, who),
            ("pick", 100, {"item": ["i1"]}, {"org": "Bob"}),
            ("pick", 400, {"item": ["i2"]}, {"org": "Cy"}),
            ("pay", 200, {"order": ["o1"]}, who),
            ("ship", 1000, {"order": ["o1"], "item": ["i1", "i2"]}, {"org": None}),
        ],
        roles={"resource": "org"},
    )


def test_every_table_has_the_documented_columns_and_the_json_fits_its_schema() -> None:
    book = two_types()
    book.starts = [0, 90, 350, 150, 900]
    for kind in book.types:
        result = map_book(book, type=kind)  # type: ignore[arg-type]
        for name in ("activities", "pairs", "starts", "ends", "top_variants", "duration_curve"):
            assert getattr(result, name).columns == list(COLUMNS[name])
        for name, table in result.tables.items():
            assert table.columns == list(COLUMNS[name]), name
        jsonschema.validate(json.loads(json.dumps(result.to_json())), map_json_schema())


def test_working_time_columns_and_an_empty_selection_fit_the_schema_too() -> None:
    traces = [[("a", i * 3600), ("b", i * 3600 + 60)] for i in range(0, 24 * 60, 1)]
    book = book_of([t for t in traces if t[0][1] % DAY < 9 * 3600])
    worked = map_book(book, calendar="learn")  # type: ignore[arg-type]
    assert worked.pairs.columns == [*COLUMNS["pairs"], *WORK_COLUMNS]
    assert worked.facts["calendar"]["hours"]["mon"] == ["00:00-09:00"]
    empty = map_book(book, filters=["duration>9w"])  # type: ignore[arg-type]
    assert (empty.objects, empty.events, empty.variants) == (0, 0, 0)
    for result in (worked, empty):
        jsonschema.validate(json.loads(json.dumps(result.to_json())), map_json_schema())


def test_an_event_with_several_objects_of_the_type_counts_once_as_event() -> None:
    result = map_book(two_types(), type="item")  # type: ignore[arg-type]
    assert (result.events, result.entries, result.objects) == (4, 6, 2)
    rows = {r["activity"]: (r["events"], r["entries"]) for r in result.activities.to_dicts()}
    assert rows == {"place": (1, 2), "pick": (2, 2), "ship": (1, 2)}


def test_a_measure_that_the_records_cannot_give_is_named_with_its_reason() -> None:
    result = map_book(book_of([[("a", 0), ("b", 5)]]))  # type: ignore[arg-type]
    assert result.missing == {
        "calendar": "not_asked",
        "handovers_resource": "no_resource",
        "handovers_party": "no_party",
        "service": "no_start_times",
        "across": "one_type",
    }
    assert "few_objects" in result.warnings


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(24)))
def test_the_order_of_rows_in_the_source_does_not_matter(order: list[int]) -> None:
    """All times differ, so there is one right order whatever the rows' places."""
    names = ["place", "pick", "pay", "ship", "pick", "bill"]
    rows = [
        (
            names[(i * 5) % 6],
            i * 37 % 101,
            {"order": [f"o{i % 4}"], "item": [f"i{i % 3}"]},
            {"org": "ABC"[i % 3]},
        )
        for i in range(24)
    ]
    maps = [
        map_book(
            SmallBook(events, roles={"resource": "org"}), type="order", calendar="learn"
        ).to_json()  # type: ignore[arg-type, list-item]
        for events in (rows, [rows[i] for i in order])
    ]
    assert maps[0] == maps[1]


def test_the_fingerprint_changes_with_book_and_request_and_with_nothing_else() -> None:
    book = two_types()
    first = map_book(book, type="order")  # type: ignore[arg-type]
    assert first.fingerprint == map_book(book, type="order").fingerprint  # type: ignore[arg-type]
    other = map_book(book, type="order", filters=["activity=pay"])  # type: ignore[arg-type]
    book.fingerprint = "small@2"
    later = map_book(book, type="order")  # type: ignore[arg-type]
    assert len({first.fingerprint, other.fingerprint, later.fingerprint}) == 3


def test_whether_an_object_is_finished_does_not_depend_on_the_filters() -> None:
    done = [[("a", i), ("b", i + 50), ("end", i + 100)] for i in range(0, 1000, 10)]
    book = book_of([*done, [("a", 1090)]])
    whole = map_book(book)  # type: ignore[arg-type]
    cut = map_book(book, filters=["events.activity!=end"])  # type: ignore[arg-type]
    assert whole.completion["ends"] == ["end"]
    assert (whole.completion["by_end"], whole.completion["unfinished"]) == (100, 1)
    assert (cut.completion["by_end"], cut.completion["unfinished"]) == (100, 1)
    assert "events_filtered" in cut.warnings


def test_an_unknown_type_or_end_shows_the_nearest_ones() -> None:
    with pytest.raises(RequestError, match="Nearest: item"):
        map_book(two_types(), type="itm")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=r"no activity 'shp'\. Nearest: ship"):
        map_book(two_types(), ends=["shp"])  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="no time zone 'Mars/Base'"):
        map_book(two_types(), timezone="Mars/Base")  # type: ignore[arg-type]


def reachable(pairs: list[tuple[str, str]], root: str) -> set[str]:
    found, fresh = {root}, [root]
    while fresh:
        here = fresh.pop()
        fresh += [b for a, b in pairs if a == here and b not in found]
        found |= {b for a, b in pairs if a == here}
    return found


@pytest.mark.parametrize("activities", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("paths", [0.01, 0.5, 1.0])
def test_a_simplified_map_still_leads_from_the_beginning_through_all_it_shows_to_an_end(
    activities: float, paths: float
) -> None:
    rare = [[("a", 0), ("x", 1), ("y", 2), ("z", 3), ("c", 4)]]
    result = map_book(book_of([[("a", 0), ("b", 1), ("c", 2)]] * 20 + rare * 3))  # type: ignore[arg-type]
    shown = simplify(result, activities, paths)
    edges = [*shown.pairs, *((BEGIN, a) for a in shown.starts), *((a, END) for a in shown.ends)]
    kept = set(shown.activities)
    assert kept <= reachable(edges, BEGIN)
    assert kept <= reachable([(b, a) for a, b in edges], END)
    if activities == paths == 1.0:
        assert len(shown.pairs) == len(result.pairs)
        assert shown.events_share == shown.paths_share == 1.0


def test_a_share_to_show_outside_zero_to_one_is_refused() -> None:
    result = map_book(book_of([[("a", 0)]]))  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="share of paths is 0"):
        simplify(result, 0.5, 0)


EXPECTED = {
    "other/running-example.xes": (42, 6, 8, 6, 16, 36),
    "other/Sepsis_Cases-Event_Log.xes.gz": (15_214, 1_050, 16, 846, 115, 14_164),
    "bpic/BPI_Challenge_2012.xes.gz": (262_200, 13_087, 24, 4_366, 125, 249_113),
}
"""Events, objects, activities, variants, pairs, sum of pairs: data README and published figures."""


@pytest.mark.parametrize("name", EXPECTED)
def test_published_figures_of_real_logs_come_out(name: str, logs: Path, tmp_path: Path) -> None:
    thalweg = pytest.importorskip("thalweg")
    result = thalweg.map(thalweg.ingest(logs / name, tmp_path / "book"))
    found = (result.events, result.objects, len(result.activities), result.variants)
    assert (*found, len(result.pairs), int(result.pairs["count"].sum())) == EXPECTED[name]


def test_the_complete_events_of_bpic_2012_alone_have_their_published_figures(
    logs: Path, tmp_path: Path
) -> None:
    thalweg = pytest.importorskip("thalweg")
    book = thalweg.ingest(logs / "bpic/BPI_Challenge_2012.xes.gz", tmp_path / "book")
    result = map_book(book, filters=["events.lifecycle=Complete"])
    assert (result.events, result.variants) == (164_506, 4_336)


def test_maps_of_object_centric_logs_have_their_published_sizes(logs: Path, tmp_path: Path) -> None:
    thalweg = pytest.importorskip("thalweg")
    book = thalweg.ingest(logs / "ocel2/ocel2-p2p.sqlite.gz", tmp_path / "book")
    result = map_book(book)
    jsonschema.validate(json.loads(json.dumps(result.to_json())), map_json_schema())
    graph = result.tables["graph"]
    mine = graph.filter(pl.col("type") == result.type).drop("type")
    assert mine.equals(result.pairs)
    assert set(graph["type"]) <= set(book.types)
    assert result.tables["object_links"]["links"].sum() == 20_402
    ends = result.tables["object_links"].select("source_type", "target_type")
    loose = ends.select(pl.any_horizontal(pl.all().is_null())).to_series()
    assert result.tables["object_links"].filter(loose)["links"].sum() == 2_028
