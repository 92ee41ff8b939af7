"""Routes learned from paths: what is known to be true is found again, and no more."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learn_tools import paths_from, work_from
from thalweg.redesign.learn.paths import most_visits, paths_of
from thalweg.redesign.learn.routing import LEAVES, MOST_DEPTH, PULL, RouteLearner, Routing
from thalweg.redesign.model.model import END, START

A, B, C, D = range(4)
ERRORS = 4.0
"""Standard errors that a share may be off: by chance one in sixteen thousand is."""


def walk(rng: np.random.Generator, shares: dict[tuple[int, ...], dict[int, float]]) -> list[int]:
    """A path drawn from shares by context, the longest that fits; -1 ends it."""
    path: list[int] = []
    while True:
        context = max((c for c in shares if tuple(path[len(path) - len(c) :]) == c), key=len)
        codes = list(shares[context])
        code = int(rng.choice(codes, p=[shares[context][k] for k in codes]))
        if code < 0:
            return path
        path.append(code)


def longest(routing: Routing, past: list[int], of_class: int = -1) -> int:
    """By plain comparison, the context that counts: the longest, for the class before any."""
    fitting = [
        (len(c.after), c.of_class >= 0, k)
        for k, c in enumerate(routing.contexts)
        if tuple(past[len(past) - len(c.after) :]) == c.after and c.of_class in (-1, of_class)
    ]
    return max(fitting)[2]


REWORK = {
    (): {A: 1.0},
    (A,): {B: 0.7, C: 0.3},
    (B,): {D: 1.0},
    (C,): {D: 1.0},
    (B, D): {A: 0.4, -1: 0.6},
    (C, D): {-1: 0.9, B: 0.1},
}


def test_shares_that_depend_on_the_step_before_are_found_again() -> None:
    rng = np.random.default_rng(1)
    traces = [walk(rng, REWORK) for _ in range(2000)]
    routing = RouteLearner(paths_from(traces, 4)).learn()
    for context, truth in REWORK.items():
        past = [5, *context] if not context else [*context]
        row = routing.shares[longest(routing, past)]
        seen = sum(
            tuple(([5, *t])[max(0, n - len(past)) : n]) == tuple(past)
            for t in traces
            for n in range(1, len(t) + 2)
        )
        for code, share in truth.items():
            error = np.sqrt(share * (1 - share) / seen) + 1 / seen
            assert row[code if code >= 0 else 4] == pytest.approx(share, abs=ERRORS * error)


def test_no_context_is_kept_where_the_past_tells_nothing() -> None:
    rng = np.random.default_rng(2)
    plain = {(): {A: 0.5, B: 0.5}, (A,): {B: 0.6, -1: 0.4}, (B,): {A: 0.3, C: 0.7}, (C,): {-1: 1.0}}
    traces = [walk(rng, plain) for _ in range(3000)]
    routing = RouteLearner(paths_from(traces, 3)).learn()
    assert {len(c.after) for c in routing.contexts} == {1}


def test_simulated_paths_are_as_long_as_observed() -> None:
    rng = np.random.default_rng(3)
    traces = [walk(rng, REWORK) for _ in range(3000)]
    routing = RouteLearner(paths_from(traces, 4)).learn()
    rows = {c.after: row for c, row in zip(routing.contexts, routing.shares, strict=True)}
    lengths = []
    for _ in range(3000):
        past = [5]
        while past[-1] != 4:
            context = max((c for c in rows if tuple(past[-len(c) :]) == c), key=len)
            past.append(int(rng.choice(len(rows[context]), p=rows[context])))
        lengths.append(len(past) - 2)
    observed = np.array([len(t) for t in traces])
    error = np.sqrt(observed.var() / 3000 + np.var(lengths) / 3000)
    assert np.mean(lengths) == pytest.approx(observed.mean(), abs=ERRORS * error)
    for share in (0.5, 0.9, 0.99):
        assert abs(np.quantile(lengths, share) - np.quantile(observed, share)) <= 3


def test_a_class_has_shares_of_its_own_only_where_it_earns_them() -> None:
    rng = np.random.default_rng(4)
    of_class = rng.integers(0, 2, 2000)
    traces = [[A, B if rng.random() < (0.9, 0.2)[k] else C, D] for k in of_class]
    learner = RouteLearner(paths_from(traces, 4), of_class)
    routing = learner.learn(classes=2)
    special = {c.after: 0 for c in routing.contexts if c.of_class >= 0}
    assert set(special) == {(A,)}
    for one, share in ((0, 0.9), (1, 0.2)):
        row = routing.shares[longest(routing, [5, A], one)]
        assert row[B] == pytest.approx(share, abs=ERRORS * np.sqrt(0.25 / 900))


paths = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=7), min_size=12, max_size=60)


@settings(max_examples=60, deadline=None)
@given(paths, st.integers(0, 9))
def test_shares_are_counts_by_the_longest_context(traces: list[list[int]], seed: int) -> None:
    """Within the pull towards the shorter context, by plain counting."""
    finished = [n % 4 > 0 for n in range(len(traces))]
    learner = RouteLearner(paths_from(traces, 3, finished))
    learner.learn()
    weight = np.random.default_rng(seed).integers(0, 3, len(traces)).astype(float)
    routing = learner.routing(weight)
    seen: dict[int, Counter[int]] = defaultdict(Counter)
    for trace, done, times in zip(traces, finished, weight, strict=True):
        path = [4, *trace, *([3] if done else [])]
        for n in range(1, len(path)):
            seen[longest(routing, path[:n][-MOST_DEPTH:])][path[n]] += int(times)
    for k, counts in seen.items():
        total = sum(counts.values())
        if total == 0:
            continue
        for code in range(5):
            assert abs(routing.shares[k, code] * total - counts[code]) <= PULL + LEAVES + 1e-9
    assert routing.shares.sum(axis=1) == pytest.approx(1.0)


def test_every_activity_leads_to_an_end_even_if_nobody_has_finished_after_it() -> None:
    traces = [[A, B]] * 10 + [[A, C, D, C, D]] * 10
    routing = RouteLearner(paths_from(traces, 4, [True] * 10 + [False] * 10)).learn()
    choices = routing.choices(("a", "b", "c", "d"))
    assert {choice.after[-1] for choice in choices} == {START, "a", "b", "c", "d"}
    reach = {END}
    for _ in range(5):
        reach |= {c.after[-1] for c in choices if reach & set(c.next)}
    assert {"a", "b", "c", "d"} <= reach


def test_branches_side_by_side_make_one_path() -> None:
    """Whatever order three branches end in, the path is one; what follows waits for all."""
    objects = []
    for n, order in enumerate(permutations((B, C, D))):
        ends = {code: 20 + 10 * place for place, code in enumerate(order)}
        begun = [(A, 0, 10), *((code, 10, ends[code]) for code in order), (4, 60, 70)]
        objects += [[(code, s + 100 * n, e + 100 * n) for code, s, e in begun]] * 3
    work = work_from(objects, "abcde", concurrent=[(B, C), (B, D), (C, D)])
    paths = paths_of(work)
    found = {tuple(paths.activity[lo : lo + 5]) for lo in paths.offsets[:-1]}
    assert len(found) == 1
    only = found.pop()
    assert only[0] == A
    assert only[4] == 4


def test_most_visits_are_counted_by_object() -> None:
    traces = [[A, B, A, B, A], [B], [A, A], [B, B, B, B]]
    assert most_visits(paths_from(traces, 3)).tolist() == [3, 4, 0]
