"""Rules about who acts, and about the values that objects and events carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Ints
from thalweg.process.conformance.rules.kinds import PeopleRule, RuleFile, ValueRule, WhoRule
from thalweg.process.conformance.rules.verdicts import (
    KEPT,
    NOTHING,
    UNCHECKED,
    VIOLATED,
    Checks,
    make_checks,
    one_of_text,
    reason_code,
)
from thalweg.process.conformance.rules.views import RuleView, Scene

_SIGNS = {
    "above": ">",
    "at_least": "≥",
    "below": "<",
    "at_most": "≤",
    "one_of": "∈",
    "none_of": "∉",
}


def check_people(looked: RuleView, rule: PeopleRule) -> Checks:
    """One check per entry of a listed activity that another listed activity precedes.

    It is violated when its person also did one of those others (differ), or did not do one of
    them (same); where a person is missing and the known ones do not decide, it cannot be checked.
    """
    names = looked.view.activities
    index = {name: number for number, name in enumerate(rule.activities_)}
    listed = np.array([index.get(name, -1) for name in names], np.int64)
    entry = np.flatnonzero(listed[np.asarray(looked.view.activity)] >= 0)
    coded = looked.view.book.role_codes(rule.who)
    event = np.asarray(looked.view.event)[entry]
    person = np.zeros(len(entry), np.int64) if coded is None else coded[0][event].astype(np.int64)
    code = listed[np.asarray(looked.view.activity)[entry]]
    owner = looked.owner(entry)
    status = np.full(len(entry), -1, np.int8)
    other = np.full(len(entry), -1, np.int64)
    _judge_people(owner, code, person, rule.must == "differ", status, other)
    unknown = reason_code(f"no_{rule.who}")
    sign = "≠" if rule.must == "differ" else "="
    people = ("",) if coded is None else coded[1]

    def found(rows: Ints) -> Sequence[str]:
        return [
            f"{people[person[k]] or NOTHING} ({names[looked.view.activity[entry[k]]]}), "
            f"{people[person[other[k]]] or NOTHING} ({names[looked.view.activity[entry[other[k]]]]})"
            for k in here[rows]
        ]

    here = np.flatnonzero(status >= 0)
    return make_checks(
        looked,
        owner[here],
        status[here],
        entry=entry[here],
        at_ns=np.asarray(looked.view.time_ns)[entry[here]],
        reason=np.where(status[here] == UNCHECKED, unknown, 0),
        expected=f" {sign} ".join(rule.activities_),
        found=found,
    )


@njit(cache=True, nogil=True)
def _judge_people(
    owner: Ints, code: Ints, person: Ints, differ: bool, status: NDArray[np.int8], other: Ints
) -> None:
    first = 0
    for k in range(len(owner)):
        if k > 0 and owner[k] != owner[k - 1]:
            first = k
        for i in range(first, k):
            if code[i] == code[k]:
                continue
            if status[k] < 0:
                status[k], other[k] = 0, i
            if person[k] == 0 or person[i] == 0:
                if status[k] == 0:
                    status[k], other[k] = 3, i
            elif (person[k] == person[i]) == differ:
                status[k], other[k] = 1, i
                break


def check_who(looked: RuleView, rule: WhoRule, file: RuleFile) -> Checks:
    """One check per entry of the activity."""
    entry = looked.entries(rule.activity)
    coded = looked.view.book.role_codes(rule.who)
    wanted = file.members(rule.one_of or rule.none_of or ())
    sign = "∈" if rule.one_of is not None else "∉"
    event = np.asarray(looked.view.event)[entry]
    person = np.zeros(len(entry), np.int64) if coded is None else coded[0][event].astype(np.int64)
    people = ("",) if coded is None else coded[1]
    inside = np.array([name in wanted for name in people], bool)[person]
    kept = inside if rule.one_of is not None else ~inside
    status = np.where(person == 0, UNCHECKED, np.where(kept, KEPT, VIOLATED))
    return make_checks(
        looked,
        looked.owner(entry),
        status,
        entry=entry,
        at_ns=np.asarray(looked.view.time_ns)[entry],
        reason=np.where(status == UNCHECKED, reason_code(f"no_{rule.who}"), 0),
        expected=f"{one_of_text(rule.activity)} {sign} {{{', '.join(wanted)}}}",
        found=lambda rows: [people[person[k]] or NOTHING for k in rows],
    )


def check_value(looked: RuleView, rule: ValueRule, scene: Scene, file: RuleFile) -> Checks:
    """One check per object, or per entry of the activity."""
    if rule.activity is None:
        values = scene.object_column(looked.view, rule.attribute)
        owner, entry, at_ns = np.arange(looked.view.objects), looked.offsets[:-1], looked.begun_ns
    else:
        entry = looked.entries(rule.activity)
        owner, at_ns = looked.owner(entry), np.asarray(looked.view.time_ns)[entry]
        values = scene.event_column(rule.attribute).gather(np.asarray(looked.view.event)[entry])
    missing = values.is_null()
    if values.dtype == pl.String:
        missing = missing | (values.str.strip_chars() == "").fill_null(False)
    numeric = any(name in ("above", "at_least", "below", "at_most") for name, _ in rule.tests())
    numbers = values.cast(pl.Float64, strict=False) if numeric else values
    unread = (numbers.is_null() & ~missing).to_numpy()
    good = np.ones(len(values), bool)
    for name, bound in rule.tests():
        good &= _holds(name, bound, values, numbers, file)
    gone = missing.to_numpy()
    status = np.where(good, KEPT, VIOLATED)
    status = np.where(unread, UNCHECKED, status)
    status = np.where(gone, VIOLATED if rule.present else UNCHECKED, status)
    reason = np.where(unread, reason_code("value_unreadable"), 0)
    reason = np.where(gone & (not rule.present), reason_code("value_missing"), reason)
    tests = [f"{_SIGNS[name]} {_bound_text(bound, file)}" for name, bound in rule.tests()]
    expected = f"{rule.attribute} {', '.join(tests) or '≠ ' + NOTHING}"
    shown = values.cast(pl.String)
    return make_checks(
        looked,
        owner,
        status,
        entry=entry,
        at_ns=at_ns,
        reason=reason,
        expected=expected,
        found=lambda rows: [NOTHING if v is None else v for v in shown.gather(rows).to_list()],
    )


def _holds(
    name: str, bound: Any, values: pl.Series, numbers: pl.Series, file: RuleFile
) -> NDArray[np.bool_]:
    if name in ("one_of", "none_of"):
        inside = values.cast(pl.String).is_in(pl.Series(file.members(bound)).implode())
        hit = inside.fill_null(False).to_numpy()
        return hit if name == "one_of" else ~hit
    compared = {
        "above": numbers > bound,
        "at_least": numbers >= bound,
        "below": numbers < bound,
        "at_most": numbers <= bound,
    }[name]
    return np.asarray(compared.fill_null(False).to_numpy())


def _bound_text(bound: Any, file: RuleFile) -> str:
    if isinstance(bound, tuple):
        return "{" + ", ".join(file.members(bound)) + "}"
    return f"{bound:g}"
