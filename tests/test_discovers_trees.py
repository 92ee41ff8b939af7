"""Discovering process trees: what fits, what noise removes, and what others find."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg
from process_helpers import book_of
from thalweg.errors import RequestError
from thalweg.process.discovery.inductive import discover_tree
from thalweg.process.discovery.sublog import SEQUENCE, Sublog
from thalweg.process.map import choose_type
from thalweg.process.models.tree import ProcessTree, parse_tree
from thalweg.process.models.tree_algebra import simplify
from thalweg.process.models.tree_language import accepts, same_language
from thalweg.process.weighted import WeightedVariants, weigh_variants
from tree_strategies import block_trees, complete_words, logs

Log = dict[tuple[str, ...], int]


def weights(**counts: int) -> WeightedVariants:
    """Variants from words of one-letter activities."""
    return WeightedVariants.of_sequences({tuple(word): n for word, n in counts.items()})


def canonical(tree: ProcessTree) -> tuple[Any, ...]:
    """A tree without the order of the children of choices, parallels and ways back."""
    children = [canonical(child) for child in tree.children]
    if tree.operator in ("choice", "parallel"):
        children.sort(key=str)
    elif tree.operator == "loop":
        children[1:] = sorted(children[1:], key=str)
    return (tree.operator, tree.label, tuple(children))


@given(logs())
@settings(max_examples=300, deadline=None)
def test_without_noise_every_sequence_fits(log: Log) -> None:
    tree = discover_tree(WeightedVariants.of_sequences(log))
    assert all(accepts(tree, word) for word in log)


@given(logs(), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_with_noise_no_activity_is_invented(log: Log, noise: float) -> None:
    tree = discover_tree(WeightedVariants.of_sequences(log), noise)
    assert tree.labels() <= {name for word in log for name in word}
    assert simplify(tree) == tree


@given(logs(), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.2]))
@settings(max_examples=100, deadline=None)
def test_neither_rows_nor_codes_matter(log: Log, random: Any, noise: float) -> None:
    plain = WeightedVariants.of_sequences(log)
    rows = list(log.items())
    random.shuffle(rows)
    mixed = WeightedVariants.of_sequences(dict(rows))
    codes = list(range(len(mixed.names)))
    random.shuffle(codes)
    recoded = WeightedVariants(
        tuple(mixed.names[codes.index(i)] for i in range(len(codes))),
        mixed.offsets,
        np.array([codes[c] for c in mixed.codes], np.uint32),
        mixed.count,
    )
    found = discover_tree(recoded, noise)
    assert canonical(found) == canonical(discover_tree(plain, noise))


@given(block_trees())
@settings(max_examples=100, deadline=None)
def test_a_process_in_blocks_is_found_again(tree: ProcessTree) -> None:
    words = complete_words(tree)
    found = discover_tree(WeightedVariants.of_sequences(dict.fromkeys(words, 1)))
    assert same_language(found, tree)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("", "a"), "×( τ, 'a' )"),
        (("ab", "cd"), "×( →( 'a', 'b' ), →( 'c', 'd' ) )"),
        (("abc", "acb"), "→( 'a', ∧( 'b', 'c' ) )"),
        (("a", "aba", "aca"), "↺( 'a', 'b', 'c' )"),
        (("abcd", "ad"), "→( 'a', ×( τ, →( 'b', 'c' ) ), 'd' )"),
        (("abcd", "ad", "acd"), "→( 'a', ×( τ, →( ×( τ, 'b' ), 'c' ) ), 'd' )"),
        (("xabab", "abxab", "ababx", "abx"), "∧( ↺( →( 'a', 'b' ), τ ), 'x' )"),
        (("abab", "ab"), "↺( →( 'a', 'b' ), τ )"),
        (("a", "aa"), "↺( 'a', τ )"),
        (("a1", "a2", "b2", "b3", "c3", "c4", "d4", "d1"), None),
    ],
)
def test_small_logs_give_the_tree_a_reader_expects(
    words: tuple[str, ...], expected: str | None
) -> None:
    found = discover_tree(weights(**dict.fromkeys(words, 1)))
    if expected is None:
        flower = parse_tree("↺( ×( '1', '2', '3', '4', 'a', 'b', 'c', 'd' ), τ )")
        assert canonical(found) == canonical(flower)
    else:
        assert canonical(found) == canonical(parse_tree(expected))


@pytest.mark.parametrize(
    ("counts", "noise", "expected"),
    [
        # c leads to a 10 times and to the end 100 times: not a fifth of its strongest way on.
        ({"abc": 90, "abcabc": 10}, 0.05, "↺( →( 'a', 'b', 'c' ), τ )"),
        ({"abc": 90, "abcabc": 10}, 0.2, "→( 'a', 'b', 'c' )"),
        # b begins 5 sequences, a 100: that beginning is left out. A rare end stays.
        ({"aba": 50, "ababa": 50, "ba": 5}, 0.2, "↺( 'a', 'b' )"),
        ({"aba": 50, "ababa": 50, "ab": 5}, 0.2, "↺( →( 'a', ×( τ, 'b' ) ), τ )"),
        # Few empty sequences, few repetitions.
        ({"ab": 95, "": 5}, 0.2, "→( 'a', 'b' )"),
        ({"ab": 60, "": 40}, 0.2, "×( τ, →( 'a', 'b' ) )"),
        ({"xay": 9, "xaay": 1}, 0.2, "→( 'x', 'a', 'y' )"),
        ({"xay": 5, "xaay": 5}, 0.2, "→( 'x', ↺( 'a', τ ), 'y' )"),
    ],
)
def test_noise_removes_what_is_rare(counts: dict[str, int], noise: float, expected: str) -> None:
    assert canonical(discover_tree(weights(**counts), noise)) == canonical(parse_tree(expected))


def test_nothing_at_all_is_a_silent_step() -> None:
    assert str(discover_tree(weights(**{"": 3}))) == "τ"
    assert str(discover_tree(WeightedVariants.of_sequences({}))) == "τ"


@pytest.mark.parametrize("noise", [-0.1, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(noise: float) -> None:
    with pytest.raises(RequestError, match=r"0 \(keep everything\) to 1"):
        discover_tree(weights(ab=1), noise)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=7))
@settings(max_examples=200, deadline=None)
def test_a_deviating_sequence_loses_as_few_events_as_possible(groups: list[int]) -> None:
    codes = np.array(groups, np.uint32)
    sublog = Sublog(np.arange(3), np.array([0, len(codes)]), codes, np.ones(1, np.int64))
    parts = sublog.split(SEQUENCE, np.arange(3), 3)
    n = len(groups)
    cuts = combinations_with_replacement(range(n + 1), 2)
    kept = max(groups[:i].count(0) + groups[i:j].count(1) + groups[j:].count(2) for i, j in cuts)
    assert sum(len(part.codes) for part in parts) == kept


def test_the_textbook_log_gives_the_textbook_tree(logs: Path, tmp_path: Path) -> None:
    book = thalweg.ingest(logs / "other" / "running-example.xes", into=tmp_path / "book")
    variants, _ = weigh_variants(book.perspective("case"))
    expected = parse_tree(
        "→( 'register request', ↺( →( ∧( 'check ticket', ×( 'examine casually', "
        "'examine thoroughly' ) ), 'decide' ), 'reinitiate request' ), "
        "×( 'pay compensation', 'reject request' ) )"
    )
    for noise in (0.0, 0.2):
        assert canonical(discover_tree(variants, noise)) == canonical(expected)


def test_a_perspective_gives_the_same_tree_as_its_sequences() -> None:
    view = book_of([[("a", 1), ("b", 2)], [("a", 1), ("c", 5)], [("a", 3), ("b", 4)]])
    variants, _ = weigh_variants(view.perspective("case"))
    assert str(discover_tree(variants)) == "→( 'a', ×( 'b', 'c' ) )"


SAME_AS_PM4PY = {
    "running-example": "other/running-example.xes",
    "repair": "other/repairExample.xes.gz",
    "receipt": "other/receipt.xes.gz",
    "sepsis": "other/Sepsis_Cases-Event_Log.xes.gz",
    "helpdesk": "other/helpdesk.xes.gz",
    "declarations": "bpic/BPI_2020_DomesticDeclarations.xes.gz",
    "payment requests": "bpic/BPI_2020_RequestForPayment.xes.gz",
    "production": "manufacturing/Production.xes.gz",
}


@pytest.fixture(scope="session")
def real_variants(
    logs: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, WeightedVariants]:
    found = {}
    for name, path in SAME_AS_PM4PY.items():
        book = thalweg.ingest(logs / path, into=tmp_path_factory.mktemp("tree") / "book")
        found[name] = weigh_variants(book.perspective(choose_type(book, None)))[0]
    return found


def frame_of(variants: WeightedVariants) -> Any:
    """PM4Py's table of the same log, an hour between events."""
    import pandas as pd

    sequences = [variants.sequence(i) for i in range(variants.variants)]
    cases = [s for s, count in zip(sequences, variants.count, strict=True) for _ in range(count)]
    length = [len(case) for case in cases]
    return pd.DataFrame(
        {
            "case:concept:name": np.repeat([f"c{i:06}" for i in range(len(cases))], length),
            "concept:name": [name for case in cases for name in case],
            "time:timestamp": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(np.concatenate([np.arange(n) for n in length]), unit="h"),
        }
    )


def from_pm4py(tree: Any) -> ProcessTree:
    names = {"->": "sequence", "X": "choice", "+": "parallel", "*": "loop"}
    operator: Any = None if tree.operator is None else names[tree.operator.value]
    return ProcessTree(operator, tree.label, tuple(map(from_pm4py, tree.children)))


@pytest.mark.parametrize("name", SAME_AS_PM4PY)
def test_without_noise_the_tree_is_pm4pys(
    name: str, real_variants: dict[str, WeightedVariants]
) -> None:
    assert canonical(discover_tree(real_variants[name])) == canonical(
        pm4pys(real_variants[name], 0.0)
    )


@pytest.mark.parametrize("name", ["running-example", "repair"])
def test_with_noise_the_tree_is_pm4pys_where_the_papers_leave_no_choice(
    name: str, real_variants: dict[str, WeightedVariants]
) -> None:
    assert canonical(discover_tree(real_variants[name], 0.2)) == canonical(
        pm4pys(real_variants[name], 0.2)
    )


def pm4pys(variants: WeightedVariants, noise: float) -> ProcessTree:
    pm4py = pytest.importorskip("pm4py")
    found = pm4py.discover_process_tree_inductive(frame_of(variants), noise_threshold=noise)
    return simplify(from_pm4py(found))


def test_a_rare_repetition_is_noise_although_pm4py_keeps_it() -> None:
    # The base case of the paper of 2014, section 3.2, here with the threshold of the edges.
    rare = weights(a=9, aa=1)
    assert str(discover_tree(rare, 0.2)) == "'a'"
    assert str(pm4pys(rare, 0.2)) == "↺( 'a', τ )"


def test_a_branch_that_no_object_took_is_no_empty_branch(
    real_variants: dict[str, WeightedVariants],
) -> None:
    # Release E stands alone once rare edges are gone, and no object is more at home there than
    # elsewhere. PM4Py keeps an empty branch for it and allows objects without any event.
    sepsis = real_variants["sepsis"]
    assert np.diff(sepsis.offsets).min() > 0
    assert accepts(pm4pys(sepsis, 0.2), ())
    assert not accepts(discover_tree(sepsis, 0.2), ())


@pytest.mark.parametrize("name", ["running-example", "repair", "receipt"])
def test_pm4py_aligns_variants_without_a_deviation(
    name: str, real_variants: dict[str, WeightedVariants]
) -> None:
    pm4py = pytest.importorskip("pm4py")
    variants = real_variants[name]
    text = str(_two_way_loops(discover_tree(variants)))
    for ours, theirs in (("→", "->"), ("×", "X"), ("∧", "+"), ("↺", "*"), ("τ", "tau")):
        text = text.replace(ours + "(", theirs + "(").replace(ours + ",", theirs + ",")
        text = text.replace(ours + " ", theirs + " ")
    net = pm4py.convert_to_petri_net(pm4py.parse_process_tree(text))
    step = -(-variants.variants // 20)
    words = [variants.sequence(i) for i in range(0, variants.variants, step)]
    once = WeightedVariants.of_sequences(dict.fromkeys(words, 1))
    aligned = pm4py.conformance_diagnostics_alignments(frame_of(once), *net)
    assert {found["fitness"] for found in aligned} == {1.0}


def _two_way_loops(tree: ProcessTree) -> ProcessTree:
    """PM4Py's loops have one way back, which may be a choice."""
    children = tuple(map(_two_way_loops, tree.children))
    if tree.operator == "loop" and len(children) > 2:
        children = (children[0], ProcessTree("choice", None, children[1:]))
    return ProcessTree(tree.operator, tree.label, children)
