"""Discovering trees from directly-follows counts: merged, balanced, and as good as counts allow."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import book_of
from thalweg.errors import RequestError
from thalweg.process.activities import aggregate_activities
from thalweg.process.discovery.counts import discover_tree_from_counts
from thalweg.process.discovery.follows import DirectlyFollows, count_follows
from thalweg.process.models.tree import ProcessTree, parse_tree
from thalweg.process.models.tree_language import same_language
from thalweg.process.pairs import Sequences, aggregate_pairs
from tree_strategies import block_trees, complete_words, logs

Log = dict[tuple[str, ...], int]


def counts_of(log: Log) -> DirectlyFollows:
    """Counts from lists, by hand."""
    starts, ends, pairs, empty = Counter[str](), Counter[str](), Counter[tuple[str, str]](), 0
    for word, count in log.items():
        if not word:
            empty += count
            continue
        starts[word[0]] += count
        ends[word[-1]] += count
        for pair in pairwise(word):
            pairs[pair] += count
    return DirectlyFollows.of_counts(starts, ends, pairs, empty=empty)


def words(*texts: str) -> Log:
    return {tuple(text): 1 for text in texts}


def same(one: DirectlyFollows, other: DirectlyFollows) -> bool:
    return one.names == other.names and np.array_equal(one.table, other.table)


@given(logs(), logs(), logs())
@settings(max_examples=100, deadline=None)
def test_merging_parts_gives_the_counts_of_the_whole(one: Log, two: Log, three: Log) -> None:
    whole = Counter(one)
    whole.update(two)
    whole.update(three)
    a, b, c = map(counts_of, (one, two, three))
    assert same(a.merge(b).merge(c), counts_of(dict(whole)))
    assert same(a.merge(b.merge(c)), a.merge(b).merge(c))
    assert same(DirectlyFollows.zero().merge(a), a)


@given(logs().map(lambda log: [word for word in log if word]).filter(bool))
@settings(max_examples=50, deadline=None)
def test_a_perspective_and_the_aggregates_of_the_map_give_the_same_counts(
    traces: list[tuple[str, ...]],
) -> None:
    timed = [[(name, at) for at, name in enumerate(trace)] for trace in traces]
    view = book_of(timed).perspective("case")
    expected = counts_of(dict.fromkeys(traces, 1))
    assert same(count_follows(view), expected)
    codes = len(view.activities)
    pairs = aggregate_pairs(Sequences.of(view.offsets, view.activity, view.time_ns, codes))
    figures = aggregate_activities(view.offsets, view.activity, view.time_ns, codes)
    assert same(DirectlyFollows.of_aggregates(view.activities, pairs, figures), expected)


def test_counts_that_no_objects_can_have_are_refused() -> None:
    with pytest.raises(RequestError, match="'b' is reached 3 times and left 2 times"):
        DirectlyFollows.of_counts({"a": 3}, {"b": 2}, {("a", "b"): 3})


@given(block_trees())
@settings(max_examples=100, deadline=None)
def test_a_process_in_blocks_is_found_again_from_its_counts(tree: ProcessTree) -> None:
    found = discover_tree_from_counts(counts_of(dict.fromkeys(complete_words(tree), 1)))
    assert same_language(found, tree)


@given(logs("abcd", longest=5), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_any_counts_give_a_tree_over_their_activities(log: Log, noise: float) -> None:
    counts = counts_of(log)
    assert discover_tree_from_counts(counts).labels() == set(counts.names)
    assert discover_tree_from_counts(counts, noise).labels() <= set(counts.names)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (words("", "a"), "×( τ, 'a' )"),
        (words("abc", "ac"), "→( 'a', ×( τ, 'b' ), 'c' )"),
        (words("a", "aba", "aca"), "↺( 'a', 'b', 'c' )"),
        (words("abab", "ab"), "↺( →( 'a', 'b' ), τ )"),
        # Three objects, and b twice in all: one of them goes without.
        (words("ab", "ba", "a"), "∧( 'a', ×( τ, 'b' ) )"),
        # Two objects and four a, which never follow each other: a is repeated beside b.
        (words("aba", "bab"), "∧( ↺( 'a', τ ), ↺( 'b', τ ) )"),
    ],
)
def test_small_counts_give_the_tree_a_reader_expects(log: Log, expected: str) -> None:
    assert same_language(discover_tree_from_counts(counts_of(log)), parse_tree(expected))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ({tuple("abc"): 90, tuple("acb"): 5}, "→( 'a', ∧( 'b', 'c' ) )"),
        ({tuple("abc"): 90, tuple("abcabc"): 10}, "→( 'a', 'b', 'c' )"),
        ({tuple("ab"): 95, (): 5}, "→( 'a', 'b' )"),
    ],
)
def test_noise_is_left_out_as_it_is_with_sequences(log: Log, expected: str) -> None:
    assert same_language(discover_tree_from_counts(counts_of(log), 0.2), parse_tree(expected))
