"""Nets of several object types: what they share, what varies, and what they replay."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings

import thalweg
from linked_books import Event, Links, book_with, linked_books
from thalweg.errors import RequestError
from thalweg.process.discovery.involvement import count_involvement
from thalweg.process.discovery.object_centric import (
    REPLAY_COLUMNS,
    discover_object_centric,
    join_models,
    object_centric_json_schema,
)
from thalweg.process.discovery.object_centric_replay import replay_object_centric
from thalweg.process.models.convert.tree_net import tree_to_net
from thalweg.process.models.tree import parse_tree

ORDERS: list[Event] = [
    ("place", 0, {"order": ["o1"], "item": ["i1", "i2"]}),
    ("place", 1, {"order": ["o2"], "item": ["i3"]}),
    ("pick", 2, {"item": ["i1"]}),
    ("pick", 3, {"item": ["i2"]}),
    ("pick", 4, {"item": ["i3"]}),
    ("ship", 5, {"order": ["o1"], "item": ["i1", "i2"]}),
    ("ship", 6, {"order": ["o2"], "item": ["i3"]}),
]


def test_types_share_their_activities_and_items_vary() -> None:
    """Orders: place, ship. Items: place, pick, ship. Half of the orders have two items."""
    book = book_with(ORDERS)
    model = discover_object_centric(book)
    assert str(model.trees["order"]) == "→( 'place', 'ship' )"
    assert str(model.trees["item"]) == "→( 'place', 'pick', 'ship' )"
    shown = {one.label: one for one in model.transitions}
    assert set(shown["place"].types) == {"order", "item"}
    assert shown["place"].variable == ("item",)
    assert shown["pick"].types == ("item",) and shown["pick"].variable == ()
    table = model.involvement.table().filter(activity="place", type="item")
    assert table.select("events", "with_type", "single_share", "least", "mean", "most").row(0) == (
        2, 2, 0.5, 1, 1.5, 2,
    )  # fmt: skip
    assert len(model.places) == 3 + 4
    arcs = model.arcs_table()
    assert arcs.height == 4 + 6
    assert set(arcs.filter(pl.col("variable"))["type"]) == {"item"}
    ends = [(p.type, p.initial, p.final) for p in model.places if p.initial or p.final]
    assert sorted(ends) == sorted([(t, i, not i) for t in ("item", "order") for i in (True, False)])


def test_an_activity_that_only_some_events_share_has_a_variable_arc() -> None:
    events = [*ORDERS, ("pick", 7, {"item": ["i4"], "order": ["o3"]})]
    model = discover_object_centric(book_with(events))
    shown = {one.label: one for one in model.transitions}
    assert "order" in shown["pick"].variable


def test_a_model_without_noise_replays_every_object(logs: Path, tmp_path: Path) -> None:
    thalweg.ingest(logs / "ocel_small" / "order_process.jsonocel.gz", into=tmp_path / "b")
    book = thalweg.open_book(tmp_path / "b")
    model = discover_object_centric(book)
    found = replay_object_centric(model, book)
    assert found.types.columns == list(REPLAY_COLUMNS)
    assert found.types["fitting_share"].to_list() == [1.0, 1.0, 1.0]
    assert found.types["fitness"].to_list() == [1.0, 1.0, 1.0]
    assert found.events == found.fitting_events == 2391
    loading = next(one for one in model.transitions if one.label == "Load Cargo")
    assert loading.variable == ("item",)
    assert set(loading.types) == {"item", "delivery"}


def test_deviating_objects_and_numbers_are_told_apart() -> None:
    """A net that wants one item an order: o1's events have two. i5 is picked and never placed."""
    book = book_with([*ORDERS, ("pick", 8, {"item": ["i5"]})])
    views = [book.perspective(kind) for kind in ("order", "item")]
    trees = {"order": "→('place', 'ship')", "item": "→('place', 'pick', 'ship')"}
    nets = {kind: tree_to_net(parse_tree(text)) for kind, text in trees.items()}
    model = join_models(nets, count_involvement(views), single_share=0.0)
    assert all(not one.variable for one in model.transitions)
    found = replay_object_centric(model, book)
    rows = {row["type"]: row for row in found.types.to_dicts()}
    assert (rows["order"]["fitting"], rows["item"]["fitting"]) == (2, 3)
    acts = {row["activity"]: row for row in found.activities.to_dicts()}
    assert (acts["place"]["fitting"], acts["place"]["with_other_numbers"]) == (1, 1)
    assert (acts["pick"]["fitting"], acts["pick"]["with_deviating_objects"]) == (3, 1)
    assert (found.events, found.fitting_events) == (8, 5)


@given(linked_books())
@settings(max_examples=25, deadline=None)
def test_whatever_was_recorded_the_model_replays_it(
    drawn: tuple[Any, list[Event], Links],
) -> None:
    book, events, _ = drawn
    model = discover_object_centric(book, single_share=1.0)
    found = replay_object_centric(model, book)
    assert found.types["fitting_share"].to_list() == [1.0] * len(model.types)
    assert found.fitting_events == found.events == sum(bool(e[2]) for e in events)
    nodes = {row["id"]: row for row in model.nodes_table().to_dicts()}
    for arc in model.arcs_table().to_dicts():
        kinds = {nodes[arc["source"]]["kind"], nodes[arc["target"]]["kind"]}
        assert "place" in kinds and len(kinds) == 2
        assert arc["type"] in nodes[arc["source"]]["types"]
        assert arc["type"] in nodes[arc["target"]]["types"]


@given(linked_books())
@settings(max_examples=25, deadline=None)
def test_involvement_is_counted_event_by_event_and_adds_up(
    drawn: tuple[Any, list[Event], Links],
) -> None:
    _, events, _ = drawn

    def counted(some: list[Event]) -> Any:
        part = book_with(some)
        return count_involvement([part.perspective(kind) for kind in part.types])

    whole = counted(events)
    for row in whole.table().to_dicts():
        mine = [e for e in events if e[0] == row["activity"] and e[2]]
        sizes = [len(e[2][row["type"]]) for e in mine if row["type"] in e[2]]
        assert row["events"] == len(mine)
        assert row["with_type"] == len(sizes)
        assert row["single_share"] == sizes.count(1) / len(mine)
        assert (row["least"], row["most"]) == (min(sizes), max(sizes))
        assert row["mean"] == sum(sizes) / len(sizes)
    kept = [e for e in events if e[2]]
    cut = len(kept) // 2
    merged = counted(kept[:cut]).merge(counted(kept[cut:])) if cut else whole
    assert merged.table().equals(whole.table())


def test_the_json_of_a_model_follows_its_schema() -> None:
    model = discover_object_centric(book_with(ORDERS))
    body = json.loads(json.dumps(model.to_json(), allow_nan=False))
    assert body["schema"] == "thalweg.object_centric/1"
    jsonschema.Draft202012Validator(object_centric_json_schema()).validate(body)


def test_arcs_vary_where_pm4py_says_so(logs: Path, tmp_path: Path) -> None:
    pm4py = pytest.importorskip("pm4py")
    path = tmp_path / "p2p.sqlite"
    with gzip.open(logs / "ocel2" / "ocel2-p2p.sqlite.gz") as packed, path.open("wb") as out:
        shutil.copyfileobj(packed, out)
    thalweg.ingest(path, into=tmp_path / "b")
    model = discover_object_centric(thalweg.open_book(tmp_path / "b"))
    theirs = pm4py.discover_oc_petri_net(pm4py.read_ocel2_sqlite(str(path)))
    mine: dict[str, dict[str, bool]] = {}
    for one in model.transitions:
        for kind in one.types if one.label else ():
            mine.setdefault(kind, {})[str(one.label)] = kind in one.variable
    assert mine == theirs["double_arcs_on_activity"]
    assert set(model.types) == set(theirs["petri_nets"])


def test_what_makes_no_sense_is_refused() -> None:
    book = book_with(ORDERS)
    with pytest.raises(RequestError, match="order"):
        discover_object_centric(book, ["ordr"])
    with pytest.raises(RequestError, match="single_share"):
        discover_object_centric(book, single_share=2)
    twice = tree_to_net(parse_tree("→('a', 'b', 'a')"))
    with pytest.raises(RequestError, match="several transitions"):
        join_models({"order": twice}, count_involvement([book.perspective("order")]))
