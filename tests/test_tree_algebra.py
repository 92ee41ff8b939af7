"""Process trees: simpler forms mean the same, and languages are exact."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings

from thalweg.errors import RequestError
from thalweg.process.models.tree import ProcessTree, parse_tree
from thalweg.process.models.tree_algebra import simplify, skips
from thalweg.process.models.tree_language import accepts, language, same_language
from tree_strategies import trees

LENGTH = 4

RULES = {
    "→( 'a' )": "'a'",
    "∧( 'a' )": "'a'",
    "×( 'a' )": "'a'",
    "→( 'a', →( 'b', 'c' ) )": "→( 'a', 'b', 'c' )",
    "∧( 'a', ∧( 'b', 'c' ) )": "∧( 'a', 'b', 'c' )",
    "×( 'a', ×( 'b', 'c' ) )": "×( 'a', 'b', 'c' )",
    "→( τ, 'a', τ )": "'a'",
    "∧( τ, τ )": "τ",
    "×( 'a', 'a', τ )": "×( τ, 'a' )",
    "×( τ, →( ×( τ, 'a' ), ×( τ, 'b' ) ) )": "→( ×( τ, 'a' ), ×( τ, 'b' ) )",
    "↺( 'a', ×( 'b', 'c' ), 'b' )": "↺( 'a', 'b', 'c' )",
    "↺( 'a', τ, ×( τ, 'b' ) )": "↺( 'a', 'b', τ )",
    "↺( ↺( 'a', 'b' ), 'c' )": "↺( 'a', 'b', 'c' )",
    "↺( ×( τ, 'a' ), τ )": "×( τ, ↺( 'a', τ ) )",
    "↺( τ, 'a', 'b' )": "×( τ, ↺( ×( 'a', 'b' ), τ ) )",
    "↺( ×( τ, 'a' ), 'b', τ )": "×( τ, ↺( ×( 'a', 'b' ), τ ) )",
    "↺( τ, τ )": "τ",
    "↺( ×( ↺( 'a', τ ), 'b' ), τ )": "↺( ×( 'a', 'b' ), τ )",
    "↺( ×( τ, 'a' ), ↺( 'b', τ ) )": "↺( ×( τ, 'a' ), 'b' )",
}


@pytest.mark.parametrize(("long", "short"), RULES.items())
def test_each_rule_shortens_its_example(long: str, short: str) -> None:
    assert str(simplify(parse_tree(long))) == short


@given(trees())
@settings(max_examples=200, deadline=None)
def test_a_simplified_tree_has_the_same_language(tree: ProcessTree) -> None:
    assert language(simplify(tree), LENGTH) == language(tree, LENGTH)


@given(trees())
@settings(max_examples=200, deadline=None)
def test_simplifying_twice_changes_nothing_more(tree: ProcessTree) -> None:
    once = simplify(tree)
    assert simplify(once) == once


@given(trees())
@settings(max_examples=100, deadline=None)
def test_text_reads_back_as_the_same_tree(tree: ProcessTree) -> None:
    assert parse_tree(str(tree)) == tree


@given(trees("ab", leaves=5))
@settings(max_examples=100, deadline=None)
def test_membership_agrees_with_the_listed_language(tree: ProcessTree) -> None:
    words = language(tree, LENGTH)
    for length in range(LENGTH + 1):
        for word in product("ab", repeat=length):
            assert accepts(tree, word) == (word in words)
    assert skips(tree) == (() in words)


def test_a_loop_is_unrolled_exactly() -> None:
    assert language(parse_tree("↺( 'a', 'b' )"), 5) == {
        ("a",),
        ("a", "b", "a"),
        ("a", "b", "a", "b", "a"),
    }


def test_a_parallel_allows_every_interleaving() -> None:
    words = language(parse_tree("∧( →( 'a', 'b' ), 'c' )"), 3)
    assert words == {("c", "a", "b"), ("a", "c", "b"), ("a", "b", "c")}


@given(trees("ab", leaves=4), trees("ab", leaves=4))
@settings(max_examples=100, deadline=None)
def test_equal_trees_allow_the_same_and_others_do_not(one: ProcessTree, other: ProcessTree) -> None:
    # Two trees of so few leaves differ within nine steps if they differ at all.
    assert same_language(one, other) == (language(one, 9) == language(other, 9))


def test_comparing_trees_that_need_too_many_states_says_so() -> None:
    wide = parse_tree("∧( " + ", ".join(f"'{i}'" for i in range(8)) + " )")
    with pytest.raises(RequestError, match="more than 100 states"):
        same_language(wide, wide, max_states=100)
