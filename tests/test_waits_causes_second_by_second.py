"""The sweep over a resource's timeline agrees with counting every second of every wait."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.process.waiting import sweep
from thalweg.process.waiting.causes import CAUSES, SPLIT, rule_weights
from thalweg.process.waiting.sweep import split_waits
from waits_tools import RULES, SECOND, Job, duty_of, seconds_held, works_of

RESOURCES = 3
NAMES = [CAUSES[c] for c in SPLIT]

jobs = st.lists(
    st.tuples(
        st.integers(1, RESOURCES - 1),
        st.integers(0, 1),
        st.one_of(st.none(), st.integers(0, 25)),
        st.integers(0, 12),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=14,
)
spans = st.lists(st.integers(0, 45), min_size=0, max_size=6, unique=True)


def made(rows: list[tuple[int, int, int | None, int, int]]) -> list[Job]:
    """Jobs whose start is at or after their enabling."""
    return [Job(r, a, e, (e or 0) + w, (e or 0) + w + d) for r, a, e, w, d in rows]


def on_duty(marks: list[int]) -> list[tuple[int, int]]:
    ordered = sorted(marks)[: len(marks) // 2 * 2]
    return [(ordered[k], ordered[k + 1]) for k in range(0, len(ordered), 2)]


def parallel_share(work: list[Job], resource: int) -> float:
    level = [sum(j.start <= t < j.end for j in work if j.resource == resource) for t in range(60)]
    busy = sum(n > 0 for n in level)
    return sum(n > 1 for n in level) / busy if busy else 0.0


@pytest.mark.parametrize("rule", ["state", "precedence", "shared"])
@settings(max_examples=150, deadline=None)
@given(rows=jobs, marks=spans)
def test_causes_of_every_wait_are_those_counted_each_second(
    rule: str, rows: list[tuple[int, int, int | None, int, int]], marks: list[int]
) -> None:
    work = made(rows)
    duty = {1: on_duty(marks)}
    found = split_waits(
        works_of(work), RESOURCES, duty_of(duty, RESOURCES), rule_weights(rule), threads=1
    )
    for k, held in enumerate(seconds_held(work, duty)):
        if parallel_share(work, work[k].resource) > 0.5:
            continue
        expected = dict.fromkeys(NAMES, 0.0)
        for conditions, seconds in held.items():
            for name, share in RULES[rule](conditions).items():
                expected[name] += share * seconds
        got = dict(zip(NAMES, found.cause_ns[k] / SECOND, strict=True))
        assert got == pytest.approx(expected, abs=1e-8)


@settings(max_examples=80, deadline=None)
@given(rows=jobs, marks=spans)
def test_every_rule_divides_the_same_time(
    rows: list[tuple[int, int, int | None, int, int]], marks: list[int]
) -> None:
    work = made(rows)
    duty = duty_of({1: on_duty(marks), 2: on_duty(marks)}, RESOURCES)
    sums = []
    for rule in ("state", "precedence", "shared"):
        found = split_waits(works_of(work), RESOURCES, duty, rule_weights(rule), threads=1)
        sums.append(found.cause_ns.sum(axis=1).tolist())
        waits = [j.start - (j.start if j.enabled is None else j.enabled) for j in work]
        held = found.held[:, 0] * SECOND + found.held[:, 1]
        assert held.sum() == sum(waits) * SECOND
    assert sums[0] == sums[1] == sums[2]


def test_work_that_always_runs_in_parallel_is_no_single_server() -> None:
    work = [Job(1, 0, 0, 0, 10), Job(1, 1, 0, 0, 10), Job(1, 0, 2, 12, 13), Job(1, 1, 5, 9, 12)]
    found = split_waits(works_of(work), 2, duty_of({}, 2), rule_weights("state"), threads=1)
    assert found.parallel_ns[1] / found.busy_ns[1] > 0.5
    assert found.shared.tolist() == [False, True]
    assert np.all(found.cause_ns[:, NAMES.index("contention")] == 0)


def test_results_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    ready = rng.integers(0, 400, 300)
    start = ready + rng.integers(0, 60, 300)
    work = [
        Job(int(rng.integers(1, 4)), int(rng.integers(0, 3)), int(e), int(s), int(s + d))
        for e, s, d in zip(ready, start, rng.integers(1, 4, 300), strict=True)
    ]
    duty = duty_of({1: [(0, 100), (150, 300)], 2: [(50, 500)]}, 4)
    whole = split_waits(works_of(work), 4, duty, rule_weights("shared"), threads=1)
    monkeypatch.setattr(sweep, "RUN_WORKS", 40)
    many = split_waits(works_of(work), 4, duty, rule_weights("shared"), threads=3)
    assert np.array_equal(whole.cause_ns, many.cause_ns)
    assert np.array_equal(whole.held, many.held)
