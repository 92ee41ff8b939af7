"""Rules give what plain loops over lists give, on random records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from conform_helpers import FAR, outcome
from process_helpers import SmallBook

NAMES = "ABC"
HORIZON_S = 365 * 86_400
Event = tuple[str, int, str | None]
"""Activity, second, person."""

events = st.tuples(
    st.sampled_from(NAMES), st.integers(0, 6), st.sampled_from(["Ann", "Bob", "Cid", None])
)
logs = st.lists(
    st.tuples(st.lists(events, min_size=1, max_size=7), st.booleans()), min_size=1, max_size=4
)
KEPT, VIOLATED, PENDING, UNCHECKED = "kept", "violated", "pending", "unchecked"
WORDS = (KEPT, VIOLATED, PENDING, UNCHECKED)


def traces_of(log: list[tuple[list[Event], bool]]) -> list[tuple[list[Event], bool]]:
    """In order of time; finished ones get an end."""
    found = []
    for body, finished in log:
        ordered = sorted(body, key=lambda e: e[1])
        found.append((ordered + ([("end", 9, "Zoe")] if finished else []), finished))
    return found


def book_with(log: list[tuple[list[Event], bool]]) -> SmallBook:
    rows = [
        (name, second, {"case": [f"o{i}"]}, {"who": person})
        for i, (trace, _) in enumerate(traces_of(log))
        for name, second, person in trace
    ]
    rows.append(("end", 9, {"case": ["last"]}, {"who": "Zoe"}))
    return SmallBook(rows, roles={"resource": "who"})


def compare(
    log: list[tuple[list[Event], bool]], rule: dict[str, object], expected: Iterator[str]
) -> None:
    one = outcome(book_with(log), rule, horizon=FAR)
    assert Counter(WORDS[s] for s in one.checks.status) == Counter(expected)


def response(trace: list[Event], finished: bool, a: str, b: str, directly: bool) -> Iterator[str]:
    for k, (name, second, _) in enumerate(trace):
        if name != a:
            continue
        rest = trace[k + 1 :]
        if directly:
            yield KEPT if rest and rest[0][0] == b else VIOLATED if rest or finished else PENDING
        elif any(n == b for n, _, _ in rest):
            yield KEPT
        elif any(n == b and s == second for n, s, _ in trace[:k]):
            yield UNCHECKED
        else:
            yield VIOLATED if finished else PENDING


def precedence(trace: list[Event], a: str, b: str, directly: bool) -> Iterator[str]:
    for k, (name, second, _) in enumerate(trace):
        if name != b:
            continue
        if directly:
            yield KEPT if k and trace[k - 1][0] == a else VIOLATED
        elif any(n == a for n, _, _ in trace[:k]):
            yield KEPT
        else:
            later = any(n == a and s == second for n, s, _ in trace[k + 1 :])
            yield UNCHECKED if later else VIOLATED


@settings(max_examples=150, deadline=None)
@given(logs, st.sampled_from(["directly", "eventually"]), st.permutations(NAMES))
def test_order_rules_agree_with_loops(log, how, names) -> None:
    a, b, _ = names
    expected = [w for t, f in traces_of(log) for w in response(t, f, a, b, how == "directly")]
    before = [w for t, _ in traces_of(log) for w in precedence(t, a, b, how == "directly")]
    rule = {"kind": "order", "first": a, "then": b, "how": how}
    compare(log, rule, iter(expected))
    compare(log, rule | {"relation": "precedence"}, iter(before))
    compare(log, rule | {"relation": "succession"}, iter(expected + before))


@settings(max_examples=100, deadline=None)
@given(logs, st.integers(0, 2), st.permutations(NAMES))
def test_never_and_must_agree_around_another_activity(log, n, names) -> None:
    a, b, _ = names
    never, must = [], []
    for trace, _ in traces_of(log):
        first = next((k for k, e in enumerate(trace) if e[0] == b), None)
        if first is None:
            continue
        second = trace[first][1]
        behind = sum(e[0] == a for e in trace[first + 1 :])
        strictly = sum(e[0] == a and e[1] > second for e in trace)
        never.append(VIOLATED if strictly > n else UNCHECKED if behind > n else KEPT)
        ahead = sum(e[0] == a for e in trace[:first])
        perhaps = sum(e[0] == a and e[1] <= second for e in trace)
        must.append(KEPT if ahead >= n + 1 else UNCHECKED if perhaps >= n + 1 else VIOLATED)
    compare(log, {"kind": "never", "activity": a, "after": b, "at_most": n}, iter(never))
    compare(log, {"kind": "must", "activity": a, "before": b, "at_least": n + 1}, iter(must))


@settings(max_examples=100, deadline=None)
@given(logs, st.integers(1, 3), st.permutations(NAMES))
def test_never_and_must_agree_over_whole_objects(log, n, names) -> None:
    a = names[0]
    times = [
        (sum(e[0] == a for e in t), f) for t, f in [*traces_of(log), ([("end", 9, None)], True)]
    ]
    never = [VIOLATED if k > n else KEPT for k, _ in times]
    must = [KEPT if k >= n else VIOLATED if f else PENDING for k, f in times]
    compare(log, {"kind": "never", "activity": a, "at_most": n}, iter(never))
    compare(log, {"kind": "must", "activity": a, "at_least": n}, iter(must))


@settings(max_examples=150, deadline=None)
@given(logs, st.integers(1, 8), st.booleans(), st.booleans(), st.permutations(NAMES))
def test_time_limits_agree_with_loops(log, limit, optional, first_only, names) -> None:
    a, b, _ = names
    expected = []
    for trace, finished in traces_of(log):
        for k, (name, second, _) in enumerate(trace):
            if name != a:
                continue
            target = next((s for n, s, _ in trace[k + 1 :] if n == b), None)
            if target is not None:
                expected.append(KEPT if target - second <= limit else VIOLATED)
            elif finished:
                expected += [] if optional else [VIOLATED]
            else:
                late = HORIZON_S - second > limit
                expected.append(VIOLATED if late and not optional else PENDING)
            if first_only:
                break
    rule = {"kind": "time", "from": a, "to": b, "within": f"{limit}s", "optional": optional}
    compare(log, rule | {"pairing": "first" if first_only else "each"}, iter(expected))


@settings(max_examples=150, deadline=None)
@given(logs, st.sampled_from(["differ", "same"]), st.integers(2, 3))
def test_people_rules_agree_with_loops(log, must, several) -> None:
    listed = NAMES[:several]
    expected = []
    for trace, _ in traces_of(log):
        for k, (name, _, person) in enumerate(trace):
            others = [e for e in trace[:k] if e[0] in listed and e[0] != name]
            if name not in listed or not others:
                continue
            pairs = [None if None in (person, p) else p == person for _, _, p in others]
            wrong = must == "differ"
            known = [same for same in pairs if same is not None]
            bad = any(same is wrong for same in known)
            expected.append(VIOLATED if bad else UNCHECKED if None in pairs else KEPT)
    compare(log, {"kind": "people", "activities": list(listed), "must": must}, iter(expected))
