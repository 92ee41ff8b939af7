"""Constraints between activities: what holds, how surely, and who breaks it."""

from __future__ import annotations

import re
from itertools import permutations, product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import thalweg
from process_helpers import book_of
from thalweg.errors import RequestError
from thalweg.process.constraints.mining import (
    CONSTRAINT_COLUMNS,
    MiningOptions,
    check_constraints,
    check_tables,
    constraints_of,
    mine_constraints,
)
from thalweg.process.constraints.tables import DeclareTables, count_declare
from thalweg.process.constraints.templates import TEMPLATES, Constraint
from thalweg.process.constraints.violations import violating_objects
from thalweg.process.contrasts import wilson_bounds
from thalweg.process.weighted import WeightedVariants, weigh_variants

LETTERS = "abc"
LANGUAGE = {
    "existence": "(.*{a}){{{n}}}.*",
    "absence": "[^{a}]*({a}[^{a}]*){{0,{less}}}",
    "exactly": "[^{a}]*({a}[^{a}]*){{{n}}}",
    "init": "{a}.*",
    "end": ".*{a}",
    "choice": ".*[{a}{b}].*",
    "exclusive_choice": "[^{b}]*{a}[^{b}]*|[^{a}]*{b}[^{a}]*",
    "responded_existence": "[^{a}]*(({a}.*{b}.*)|({b}.*{a}.*))*[^{a}]*",
    "co_existence": "[^{a}{b}]*(({a}.*{b}.*)|({b}.*{a}.*))*[^{a}{b}]*",
    "response": "[^{a}]*({a}.*{b})*[^{a}]*",
    "precedence": "[^{b}]*({a}.*{b})*[^{b}]*",
    "succession": "[^{a}{b}]*({a}.*{b})*[^{a}{b}]*",
    "alternate_response": "[^{a}]*({a}[^{a}]*{b}[^{a}]*)*[^{a}]*",
    "alternate_precedence": "[^{b}]*({a}[^{b}]*{b}[^{b}]*)*[^{b}]*",
    "alternate_succession": "[^{a}{b}]*({a}[^{a}{b}]*{b}[^{a}{b}]*)*[^{a}{b}]*",
    "chain_response": "[^{a}]*({a}{b}[^{a}]*)*[^{a}]*",
    "chain_precedence": "[^{b}]*({a}{b}[^{b}]*)*[^{b}]*",
    "chain_succession": "[^{a}{b}]*({a}{b}[^{a}{b}]*)*[^{a}{b}]*",
    "not_co_existence": "[^{a}{b}]*(({a}[^{b}]*)|({b}[^{a}]*))?",
    "not_response": "[^{a}]*({a}[^{b}]*)*[^{a}{b}]*",
    "not_precedence": "[^{a}]*({a}[^{b}]*)*[^{a}{b}]*",
    "not_succession": "[^{a}]*({a}[^{b}]*)*[^{a}{b}]*",
    "not_chain_succession": "(?!.*{a}{b}).*",
}
"""Regular expressions of the templates, after Di Ciccio and Mecella (2015), table 1."""

logs = st.dictionaries(
    st.text(LETTERS, min_size=1, max_size=7), st.integers(1, 3), min_size=1, max_size=6
)


def holds(one: Constraint, trace: str) -> bool:
    n = one.n or 0
    form = LANGUAGE[one.template].format(a=one.source, b=one.target, n=n, less=n - 1)
    return re.fullmatch(form, trace) is not None


def every_constraint(letters: str = LETTERS, most: int = 3) -> list[Constraint]:
    found = []
    for form in TEMPLATES.values():
        numbers: list[int | None] = [*range(1, most + 1)] if form.counted else [None]
        ends = [(x, None) for x in letters] if form.arity == 1 else [*permutations(letters, 2)]
        found += [Constraint(form.name, a, b, n) for a, b in ends for n in numbers]
    return found


def relation_holds(relation: str, trace: str, i: int, other: str) -> bool:
    """What an activation at position i asks of the other activity, in words over slices."""
    after, before = trace[i + 1 :], trace[:i]
    match relation:
        case "exists":
            return other in trace
        case "later":
            return other in after
        case "earlier":
            return other in before
        case "before_next":
            return other in after.split(trace[i])[0]
        case "since_last":
            return other in before.split(trace[i])[-1]
        case "next":
            return after[:1] == other
        case _:
            return before[-1:] == other


def broken_events(one: Constraint, trace: str) -> tuple[set[int], int]:
    """Positions that break a constraint with activations (once per rule), and activations."""
    form, positions, activations = TEMPLATES[one.template], set(), 0
    for rule in form.rules:
        own, other = one.source, str(one.target)
        if rule.side == "target":
            own, other = other, own
        at = [i for i, x in enumerate(trace) if x == own]
        activations += len(at)
        good = [relation_holds(rule.relation, trace, i, other) != form.negative for i in at]
        positions |= {i for i, fine in zip(at, good, strict=True) if not fine}
    return positions, activations


@given(logs)
@settings(max_examples=60, deadline=None)
def test_figures_are_those_of_the_definitions(log: dict[str, int]) -> None:
    listed = every_constraint()
    table = check_constraints(WeightedVariants.of_sequences(log), listed)
    for one, row in zip(listed, table.to_dicts(), strict=True):
        objects = sum(log.values())
        violating = sum(w for t, w in log.items() if not holds(one, t))
        assert row["violating_objects"] == violating, one
        if TEMPLATES[one.template].rules:
            found = {t: broken_events(one, t) for t in log}
            assert row["violations"] == sum(w * len(found[t][0]) for t, w in log.items()), one
            assert row["activations"] == sum(w * found[t][1] for t, w in log.items()), one
            activated = sum(w for t, w in log.items() if found[t][1])
        else:
            activated = objects
            assert row["activations"] == objects
        assert row["activated_objects"] == activated, one
        assert row["support"] == (activated - violating) / objects
        share = (activated - violating) / activated if activated else None
        assert row["confidence"] == share


@given(logs)
@settings(max_examples=40, deadline=None)
def test_violations_name_the_events_that_break_a_constraint(log: dict[str, int]) -> None:
    traces = {f"{t}{k}": t for t, w in log.items() for k in range(w)}
    book = book_of({k: [(x, 10 * i) for i, x in enumerate(t)] for k, t in traces.items()})
    view = book.perspective("case")
    here = set("".join(traces.values()))
    for one in every_constraint():
        if not {one.source, one.target} - {None} <= here:
            continue
        table = violating_objects(view, one)
        assert set(table["object"]) == {k for k, t in traces.items() if not holds(one, t)}, one
        for row in table.to_dicts():
            trace = traces[row["object"]]
            if row["position"] is None:
                assert row["violations"] == 1
                assert row["activity"] is row["event"] is None
            else:
                assert trace[row["position"] - 1] == row["activity"]
                assert book.events[row["event"]][0] == row["activity"]
        if TEMPLATES[one.template].rules:
            found = {(r["object"], r["position"] - 1) for r in table.to_dicts()}
            assert found == {(k, i) for k, t in traces.items() for i in broken_events(one, t)[0]}


def test_surplus_and_missing_events_are_told_apart() -> None:
    book = book_of({"x": [("a", 0), ("a", 1), ("a", 2)], "y": [("b", 0)]})
    table = violating_objects(book.perspective("case"), Constraint("exactly", "a", n=1))
    assert table.rows() == [
        ("x", 2, 1, "a", 2),
        ("x", 3, 2, "a", 2),
        ("y", None, None, None, 1),
    ]


def same(a: DeclareTables, b: DeclareTables) -> bool:
    return (
        a.names == b.names
        and a.objects == b.objects
        and np.array_equal(a.occurrences, b.occurrences)
        and np.array_equal(a.edges, b.edges)
        and np.array_equal(a.pairs, b.pairs)
    )


@given(logs, st.data())
@settings(max_examples=40, deadline=None)
def test_tables_of_parts_add_up_by_name(log: dict[str, int], data: Any) -> None:
    left = {t: w for t, w in log.items() if data.draw(st.booleans())}
    right = {t: w for t, w in log.items() if t not in left}
    parts = [count_declare(WeightedVariants.of_sequences(part)) for part in (left, right)]
    whole = count_declare(WeightedVariants.of_sequences(log))
    assert same(parts[0].merge(parts[1]), whole)
    assert same(parts[1].merge(parts[0]), whole)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    letters = "abcdefgh"
    log = {"".join(rng.choice(list(letters), rng.integers(1, 12))): 2 for _ in range(300)}
    variants = WeightedVariants.of_sequences(log)
    whole = count_declare(variants)
    monkeypatch.setattr("thalweg.process.constraints.tables._RUN_ENTRIES", 100)
    assert same(count_declare(variants, threads=1), whole)
    assert same(count_declare(variants, threads=3), whole)


WORDS = ["".join(p) for n in range(1, 6) for p in product(LETTERS, repeat=n)]


@given(logs, st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_is_left_out_follows_from_what_is_kept(log: dict[str, int], thin: bool) -> None:
    variants = WeightedVariants.of_sequences(log)
    exact = MiningOptions(0.0, 1.0, reduced=False)
    every = constraints_of(mine_constraints(variants, exact))
    asked = MiningOptions(0.0, 1.0, reduced=True, transitive=thin)
    kept = constraints_of(mine_constraints(variants, asked))
    assert set(kept) <= set(every)
    for word in WORDS:
        if all(holds(one, word) for one in kept):
            assert all(holds(one, word) for one in every), word


def test_a_chain_of_responses_is_thinned_to_its_links() -> None:
    variants = WeightedVariants.of_sequences(
        {"abxc": 5, "aybc": 5, "yaabxbcc": 5, "ayxbycy": 5, "xyx": 5}
    )
    names = ["response"]
    plain = mine_constraints(variants, MiningOptions(0.0, 1.0), templates=names)
    thin = mine_constraints(variants, MiningOptions(0.0, 1.0, transitive=True), templates=names)
    assert {("a", "b"), ("b", "c"), ("a", "c")} <= set(plain.select("source", "target").rows())
    assert ("a", "c") not in thin.select("source", "target").rows()
    assert {("a", "b"), ("b", "c")} <= set(thin.select("source", "target").rows())


def test_measures_by_hand() -> None:
    """Ten objects: six a b, two a a b a, one a, one b.

    response(a, b): activated 9 objects with 6 + 6 + 1 = 13 events a. Broken by the last a of
    each of the two (2) and by the lone a (1): 3 events, 3 objects. support 6/10, confidence 6/9,
    event confidence 10/13, lift (6/9) / (9/10).
    """
    variants = WeightedVariants.of_sequences({"ab": 6, "aaba": 2, "a": 1, "b": 1})
    row = check_constraints(variants, [Constraint("response", "a", "b")]).row(0, named=True)
    assert list(row) == list(CONSTRAINT_COLUMNS)
    assert (row["activations"], row["violations"]) == (13, 3)
    assert (row["activated_objects"], row["violating_objects"]) == (9, 3)
    assert row["support"] == 6 / 10
    assert row["confidence"] == 6 / 9
    assert row["event_confidence"] == pytest.approx(10 / 13)
    assert row["lift"] == pytest.approx((6 / 9) / (9 / 10))
    together = check_constraints(variants, [Constraint("co_existence", "a", "b")])
    assert together["lift"][0] == pytest.approx((8 / 10) / (9 / 10 * 9 / 10))
    apart = check_constraints(variants, [Constraint("not_co_existence", "a", "b")])
    assert apart["expected"][0] == pytest.approx(9 * 9 / 10)
    assert apart["lift"][0] is None


def test_what_nothing_activates_is_vacuous_and_has_no_confidence() -> None:
    variants = WeightedVariants.of_sequences({"ab": 4})
    row = check_constraints(variants, [Constraint("response", "z", "b")]).row(0, named=True)
    assert (row["activations"], row["activated_objects"]) == (0, 0)
    assert row["confidence"] is None
    assert (row["low"], row["high"]) == (0.0, 1.0)
    missing = check_constraints(variants, [Constraint("response", "a", "z")])
    assert missing["violating_objects"].to_list() == [4]


def test_intervals_cover_the_true_share() -> None:
    """Exact coverage of the 95 % interval, averaged over shares, by the binomial distribution."""
    for n in (20, 100, 500):
        hits = np.arange(n + 1)
        low, high = wilson_bounds(hits, np.full(n + 1, n), 0.95)
        cover = [
            float(binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum())
            for p in np.linspace(0.5, 0.99, 50)
        ]
        assert fmean(cover) > 0.945
        assert min(cover) > 0.83


def test_activities_that_know_nothing_of_each_other_are_rarely_said_to_exclude() -> None:
    """Order and presence are drawn at random: at most 5 % of what is tried may be listed."""
    rng = np.random.default_rng(11)
    tried = found = 0
    templates = ["not_co_existence", "not_succession"]
    for _ in range(60):
        log: dict[str, int] = {}
        for _ in range(150):
            present = [x for x in "abcde" if rng.random() < 0.35]
            trace = "".join(rng.permutation(present))
            log[trace] = log.get(trace, 0) + 1
        table = mine_constraints(
            WeightedVariants.of_sequences(log),
            MiningOptions(0.0, 0.0, reduced=False),
            templates=templates,
        )
        tried, found = tried + 30, found + table.height
    assert 0 < found <= 0.05 * tried


def test_the_most_certain_and_telling_come_first() -> None:
    variants = WeightedVariants.of_sequences({"abc": 50, "acb": 3, "bca": 2})
    table = mine_constraints(variants, MiningOptions(0.0, 0.0, reduced=False))
    assert table["confidence"].is_sorted(descending=True)
    certain = table.filter(confidence=1.0)["template"].unique(maintain_order=True).to_list()
    assert certain[0] == "co_existence"
    assert certain[-1] == "absence"


def test_joint_intervals_are_wider() -> None:
    variants = WeightedVariants.of_sequences({"abc": 50, "acb": 3, "bca": 2})
    alone = mine_constraints(variants, MiningOptions(0.0, 0.9, reduced=False))
    joint = mine_constraints(variants, MiningOptions(0.0, 0.9, reduced=False, simultaneous=True))
    both = alone.join(joint, on=["template", "source", "target", "n"], nulls_equal=True)
    assert both.height == joint.height > 10
    assert (both["low_right"] < both["low"]).all()


def test_merged_tables_give_the_figures_of_the_whole() -> None:
    listed = every_constraint()
    parts = [{"abc": 2, "ca": 1}, {"bb": 3}]
    merged = count_declare(WeightedVariants.of_sequences(parts[0])).merge(
        count_declare(WeightedVariants.of_sequences(parts[1]))
    )
    whole = check_constraints(WeightedVariants.of_sequences(parts[0] | parts[1]), listed)
    assert check_tables(merged, listed).equals(whole)


@pytest.mark.parametrize(
    "one",
    [
        Constraint("respons", "a", "b"),
        Constraint("response", "a"),
        Constraint("response", "a", "a"),
        Constraint("init", "a", "b"),
        Constraint("existence", "a"),
        Constraint("existence", "a", n=0),
        Constraint("response", "a", "b", 2),
    ],
)
def test_senseless_constraints_are_refused(one: Constraint) -> None:
    with pytest.raises(RequestError):
        check_constraints(WeightedVariants.of_sequences({"ab": 1}), [one])


def test_unknown_activities_and_thresholds_are_refused() -> None:
    book = book_of([[("pay", 0), ("ship", 1)]])
    with pytest.raises(RequestError, match="pay"):
        violating_objects(book.perspective("case"), Constraint("response", "pya", "ship"))
    variants = WeightedVariants.of_sequences({"ab": 1})
    for asked in (MiningOptions(1.2), MiningOptions(level=1.0), MiningOptions(most=0)):
        with pytest.raises(RequestError):
            mine_constraints(variants, asked)
    assert mine_constraints(WeightedVariants.of_sequences({})).is_empty()


PM4PY_NAMES = {
    "existence": ("existence", 1),
    "absence": ("absence", 1),
    "exactly_one": ("exactly", 1),
    "init": ("init", None),
    "responded_existence": ("responded_existence", None),
    "response": ("response", None),
    "precedence": ("precedence", None),
    "succession": ("succession", None),
    "altresponse": ("alternate_response", None),
    "altprecedence": ("alternate_precedence", None),
    "altsuccession": ("alternate_succession", None),
    "chainresponse": ("chain_response", None),
    "chainprecedence": ("chain_precedence", None),
    "chainsuccession": ("chain_succession", None),
    "coexistence": ("co_existence", None),
    "noncoexistence": ("not_co_existence", None),
    "nonsuccession": ("not_succession", None),
    "nonchainsuccession": ("not_chain_succession", None),
}


@pytest.mark.parametrize("name", ["running-example.xes", "receipt.xes.gz"])
def test_real_logs_agree_with_pm4py(logs: Path, tmp_path: Path, name: str) -> None:
    """PM4Py's support is our activated objects, its confidence those without violation.

    Its "nonsuccession" means that the succession fails somewhere in the object; the DECLARE
    template, and ours, that it never comes about. Its figures must be the rest of the succession.
    """
    pm4py = pytest.importorskip("pm4py")
    thalweg.ingest(logs / "other" / name, into=tmp_path / "book")
    variants = weigh_variants(thalweg.open_book(tmp_path / "book").perspective("case"))[0]
    frame = pm4py.read_xes(str(logs / "other" / name))
    top = sorted(variants.names)[:12]
    model = pm4py.discover_declare(
        frame[frame["concept:name"].isin(top)], min_support_ratio=0.0, min_confidence_ratio=0.0
    )
    projected: dict[tuple[str, ...], int] = {}
    for v, count in enumerate(variants.count):
        kept = tuple(x for x in variants.sequence(v) if x in top)
        if kept:
            projected[kept] = projected.get(kept, 0) + int(count)
    listed, theirs = [], []
    for key, found in model.items():
        template, n = PM4PY_NAMES[key]
        positive = template.removeprefix("not_") if "succession" in template else template
        for names, figures in found.items():
            source, target = (names, None) if isinstance(names, str) else names
            listed.append(Constraint(positive, source, target, n))
            support, confidence = figures["support"], figures["confidence"]
            theirs.append((support, support - confidence if positive != template else confidence))
    ours = check_constraints(WeightedVariants.of_sequences(projected), listed).select(
        "activated_objects",
        satisfied=pl.col("activated_objects") - pl.col("violating_objects"),
    )
    assert len(listed) > 800
    for one, mine, other in zip(listed, ours.rows(), theirs, strict=True):
        assert mine == other, one
