"""What people see when records are held against a model: fitness, deviations, time and money."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg
from process_helpers import SmallBook, book_of
from thalweg.errors import RequestError
from thalweg.process.conformance.conform import conform_book
from thalweg.process.conformance.deviations_table import DEVIATIONS_SCHEMA, OCCURRENCES
from thalweg.process.conformance.result import ConformResult
from thalweg.process.conformance.rules.check import RULES_SCHEMA
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.conformance.schema import COLUMNS, conform_json_schema
from thalweg.process.models.tree import activity, loop, parse_tree, sequence
from thalweg.records.store.book import Book

DAY = 86_400
ABC = sequence(activity("a"), activity("b"), activity("c"))
STRAIGHT = [("a", 0), ("b", 10), ("c", 20)]
TRACES: dict[str, list[tuple[str, int]]] = {
    **{f"good{i}": STRAIGHT for i in range(5)},
    "skips": [("a", 0), ("c", 20)],
    "skips too": [("a", 0), ("c", 90)],
    "adds": [("a", 0), ("b", 10), ("x", 17), ("c", 20)],
    "repeats": [("a", 0), ("b", 10), ("b", 14), ("c", 20)],
    "swaps": [("a", 0), ("c", 10), ("b", 20)],
}


def conform(book: SmallBook, **how: Any) -> ConformResult:
    options = {"model": ABC, "ends": ("c",), "horizon": datetime(1971, 1, 1, tzinfo=UTC)} | how
    return conform_book(book, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def result() -> ConformResult:
    return conform(book_of(TRACES), ends=("c", "b"))


def rows_of(result: ConformResult) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    table = result.deviations
    return {(r["kind"], r["name"], r["after"]): r for r in table.iter_rows(named=True)}


def test_each_deviation_is_named_with_its_place_and_counted(result: ConformResult) -> None:
    rows = rows_of(result)
    moved = [key for key in rows if key[0] == "out_of_place"]
    assert len(moved) == 1 and moved[0][1] in "bc"
    others = {key: (r["occurrences"], r["objects"]) for key, r in rows.items() if key not in moved}
    assert others == {
        ("skipped", "b", "a"): (2, 2),
        ("inserted", "x", "b"): (1, 1),
        ("repeated", "b", "b"): (1, 1),
    }


def test_fitness_is_one_less_the_cost_over_what_no_match_would_cost(result: ConformResult) -> None:
    """Costs 0 ×5, 1, 1, 1, 1, 2; events 3 ×5, 2, 2, 4, 4, 3; the shortest run has 3 steps."""
    fitness = result.fitness
    assert fitness is not None
    assert (fitness["cost_low"], fitness["cost_high"]) == (6, 6)
    assert fitness["fitness"] == pytest.approx(1 - 6 / (30 + 30))
    mean = (5 + 4 / 5 + 4 / 5 + 6 / 7 + 6 / 7 + 4 / 6) / 10
    assert fitness["mean_fitness"] == pytest.approx(mean)
    assert (fitness["fitting"], fitness["fitting_share"]) == (5, 0.5)
    assert fitness["mean_low"] < mean < fitness["mean_high"]


def test_inserted_time_runs_from_the_event_before(result: ConformResult) -> None:
    assert rows_of(result)[("inserted", "x", "b")]["spent_s"] == 7.0
    assert rows_of(result)[("skipped", "b", "a")]["spent_s"] is None


def test_occurrences_carry_their_rows(result: ConformResult) -> None:
    table = result.occurrences().filter(pl.col("kind").is_in(["inserted", "skipped"]))
    rows = {(r["object"], r["name"]): r for r in table.iter_rows(named=True)}
    assert set(rows) == {("skips", "b"), ("skips too", "b"), ("adds", "x")}
    added = rows[("adds", "x")]
    assert (added["event_row"], added["activity"], added["found"]) == (21, "x", "x")
    assert added["time"] == datetime(1970, 1, 1, 0, 0, 17, tzinfo=UTC)
    missed = rows[("skips", "b")]
    assert (missed["event_row"], missed["activity"]) == (15, "a")
    assert (missed["expected"], missed["found"]) == ("b", "∅")


def test_what_an_open_object_has_still_to_do_is_pending() -> None:
    book = book_of({"done": STRAIGHT, "open": [("a", 0), ("b", 5)], "gap": [("b", 5)]})
    result = conform(book)
    assert (result.unfinished, result.pending_steps) == (2, 2)
    assert set(rows_of(result)) == {("skipped", "a", None)}
    assert result.fitness_finished is not None
    assert result.fitness_finished["objects"] == 1
    assert result.fitness_finished["fitness"] == 1.0


def test_months_are_local_and_of_finished_objects() -> None:
    start = datetime(2024, 1, 31, 20, tzinfo=UTC)
    base = int(start.timestamp())
    late = base + int(timedelta(days=40).total_seconds())
    traces = {
        "january": [(n, base - DAY + t) for n, t in STRAIGHT],
        "february": [(n, base + t) for n, t in STRAIGHT],
        "march": [("a", late), ("c", late + 1)],
        "open": [("a", late)],
    }
    horizon = datetime(2024, 5, 1, tzinfo=UTC)
    result = conform(book_of(traces), timezone="Asia/Shanghai", horizon=horizon)
    months = result.tables["months"]
    assert months["objects"].to_list() == [1, 1, 1]
    local = (
        months["from"].dt.convert_time_zone("Asia/Shanghai").dt.to_string("%Y-%m-%d %H").to_list()
    )
    assert local == ["2024-01-01 00", "2024-02-01 00", "2024-03-01 00"]
    assert months["fitness"].to_list() == [1.0, 1.0, pytest.approx(0.8)]


def test_parties_count_each_object_they_took_part_in() -> None:
    rows = [("o1", "a", "X"), ("o1", "b", "Y"), ("o1", "c", "X"), ("o2", "a", "X"), ("o2", "c", "")]
    events = [(n, k, {"case": [o]}, {"firm": f}) for k, (o, n, f) in enumerate(rows)]
    result = conform(SmallBook(events, roles={"party": "firm"}))
    parties = result.tables["parties"]
    assert parties.select("party", "objects", "fitting", "role").rows() == [
        ("X", 2, 1, "party"), ("Y", 1, 1, "party"),
    ]  # fmt: skip
    assert conform(book_of(TRACES)).missing["parties"] == "no_party"


def test_capped_alignments_are_told_and_give_bounds() -> None:
    long = {f"o{i}": [(n, k) for k, n in enumerate("cbacbacbaabc")] for i in range(3)}
    model = loop(parse_tree("+('a', 'b', 'c')"), activity("d"))
    result = conform(book_of(long), model=model, max_states=1)
    assert result.fitness is not None and result.model is not None
    assert result.fitness["capped"] == 3 and result.model["variants_exact"] == 0
    assert "capped_alignments" in result.warnings
    exact = conform(book_of(long), model=model).fitness
    assert exact is not None
    assert result.fitness["fitness"] <= exact["fitness"] <= result.fitness["fitness_bound"]


def test_longer_objects_show_a_difference_and_small_groups_show_none() -> None:
    traces = {f"g{i}": [("a", 0), ("b", 10), ("c", 100 + i)] for i in range(20)}
    traces |= {f"s{i}": [("a", 0), ("c", 300 + i)] for i in range(20)}
    traces["once"] = [("a", 0), ("b", 10), ("x", 20), ("c", 100)]
    rows = rows_of(conform(book_of(traces)))
    skipped = rows[("skipped", "b", "a")]
    with_mean = np.mean([300 + i for i in range(20)])
    without = np.mean([100 + i for i in range(20)] + [100])
    assert skipped["with_mean_s"] == pytest.approx(with_mean)
    assert skipped["without_mean_s"] == pytest.approx(without)
    assert skipped["difference_s"] == pytest.approx(with_mean - without)
    assert skipped["difference_low_s"] < with_mean - without < skipped["difference_high_s"]
    assert skipped["difference_total_s"] == pytest.approx(20 * (with_mean - without))
    assert rows[("inserted", "x", "b")]["difference_s"] is None


def test_costs_come_from_the_column_named_and_what_was_not_done_costs_no_event() -> None:
    events = [
        (n, k, {"case": [o]}, {"fee": fee})
        for k, (o, n, fee) in enumerate(
            [
                ("o1", "a", 1.0),
                ("o1", "x", 30.0),
                ("o1", "b", 2.0),
                ("o1", "c", 3.0),
                ("o2", "a", 1.0),
                ("o2", "c", 3.0),
            ]
        )
    ]
    worth = pl.DataFrame({"@object": ["o1", "o2"], "worth": [500, 900]})
    book = SmallBook(events, object_rows={"case": worth})
    fees = rows_of(conform(book, cost="fee"))
    assert fees[("inserted", "x", "a")]["cost"] == 30.0
    assert fees[("skipped", "b", "a")]["cost"] is None
    assert fees[("skipped", "b", "a")]["cost_reason"] == "no_event_to_cost"
    values = rows_of(conform(book, cost="object:worth"))
    assert values[("skipped", "b", "a")]["cost"] == 900.0
    assert values[("skipped", "b", "a")]["rank_costly"] == 1
    assert rows_of(conform(book))[("skipped", "b", "a")]["cost_reason"] == "no_cost_named"
    with pytest.raises(RequestError, match="have a column 'price'"):
        conform(book, cost="price")


def test_rules_and_model_stand_in_one_ranking() -> None:
    rules = RuleFile.model_validate(
        {"rules": [{"id": "r", "kind": "order", "first": "a", "then": "b", "severity": "high"}]}
    )
    result = conform(book_of(TRACES), rules=rules, ends=("c", "b"))
    row = rows_of(result)[("rule", "r", None)]
    assert (row["occurrences"], row["of_objects"], row["severity"]) == (2, 10, "high")
    assert (row["rank_often"], len(result.deviations)) == (1, 5)
    assert result.occurrences()["kind"].n_unique() == 5


def test_tables_have_the_documented_columns_and_the_json_fits_its_schema() -> None:
    assert list(DEVIATIONS_SCHEMA) == list(COLUMNS["deviations"])
    assert list(RULES_SCHEMA) == list(COLUMNS["rules"])
    rules = RuleFile.model_validate(
        {"rules": [{"id": "r", "kind": "who", "activity": "a", "one_of": "Ann"}]}
    )
    events = [(n, t, {"case": ["o"]}, {"firm": "X"}) for n, t in STRAIGHT]
    for book, how in (
        (SmallBook(events, roles={"party": "firm"}), {"rules": rules}),
        (book_of(TRACES), {}),
        (book_of(TRACES), {"model": None, "rules": rules}),
        (book_of(TRACES), {"filters": ["activity=x", "activity!=a"]}),
    ):
        result = conform(book, **how)
        body = json.loads(json.dumps(result.to_json()))
        jsonschema.validate(body, conform_json_schema())
        for name, table in result.tables.items():
            assert table.columns == list(COLUMNS[name]), name
        assert result.occurrences().columns == list(OCCURRENCES)


def test_threads_and_repetition_change_nothing() -> None:
    first = conform(book_of(TRACES), threads=1).to_json()
    assert conform(book_of(TRACES), threads=2).to_json() == first


def test_model_and_noise_together_make_no_sense_and_neither_discovers_one() -> None:
    with pytest.raises(RequestError, match="not both"):
        conform(book_of(TRACES), noise=0.1)
    found = conform(book_of(TRACES), model=None)
    assert found.model is not None and found.model["noise"] == 0.2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcx"), min_size=1, max_size=6), min_size=1, max_size=5))
def test_deviations_add_up_to_the_cost_of_the_alignments(log: list[list[str]]) -> None:
    """A misplaced activity is two moves, one beside the model and one of the model."""
    book = book_of([[(n, k) for k, n in enumerate(names)] for names in log])
    result = conform(book, ends=tuple(sorted({names[-1] for names in log})))
    moves = Counter(
        {
            k: int(n)
            for k, n in result.deviations.group_by("kind").agg(pl.col("occurrences").sum()).rows()
        }
    )
    assert result.fitness is not None
    assert moves.total() + moves["out_of_place"] == result.fitness["cost_high"]
    listed = result.occurrences()
    assert len(listed) == moves.total()
    for row in result.deviations.iter_rows(named=True):
        mine = listed.filter(
            (pl.col("kind") == row["kind"])
            & (pl.col("name") == row["name"])
            & pl.col("after").eq_missing(row["after"])
        )
        assert (len(mine), mine["object"].n_unique()) == (row["occurrences"], row["objects"])


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Book:
    folder = tmp_path_factory.mktemp("receipt") / "book"
    thalweg.ingest(logs / "other" / "receipt.xes.gz", into=folder)
    return thalweg.open_book(folder)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_costs_and_deviations_of_a_real_log_are_those_of_pm4py(receipt: Book) -> None:
    """PM4Py aligns each variant with the same net; optimal costs are unique, and so is the number
    of moves, whichever optimal alignment a tool picks."""
    import pm4py
    from pm4py.objects.log.obj import Event, EventLog, Trace
    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils import petri_utils

    result = conform_book(receipt, noise=0.2, filters=["variant:top=40"], top=40)
    net = result.lineage.net
    assert net is not None and result.fitness is not None
    theirs = PetriNet("net")
    places = [PetriNet.Place(f"p{i}") for i in range(len(net.places))]
    theirs.places.update(places)
    for number, t in enumerate(net.transitions):
        made = PetriNet.Transition(f"t{number}", t.label)
        theirs.transitions.add(made)
        for place, _ in t.inputs:
            petri_utils.add_arc_from_to(places[place], made, theirs)
        for place, _ in t.outputs:
            petri_utils.add_arc_from_to(made, places[place], theirs)
    start, end = (
        Marking({places[i]: n for i, n in enumerate(marking) if n})
        for marking in (net.initial, net.finals[0])
    )
    variants = result.tables["variants"]
    log = EventLog(
        [Trace([Event({"concept:name": n}) for n in steps]) for steps in variants["activities"]]
    )
    aligned = pm4py.conformance_diagnostics_alignments(log, theirs, start, end)
    costs = [sum(a != b and (a, b) != (">>", None) for a, b in one["alignment"]) for one in aligned]
    assert variants["cost_high"].to_list() == costs
    total = int(np.dot(costs, variants["objects"].to_numpy()))
    assert result.fitness["cost_high"] == total > 0
    moves = Counter(
        dict(result.deviations.group_by("kind").agg(pl.col("occurrences").sum()).rows())
    )
    assert moves.total() + moves["out_of_place"] + result.pending_steps == total
