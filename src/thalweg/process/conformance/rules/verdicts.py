"""One check after another: what a rule came to, each time that it applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Codes, Ints
from thalweg.process.conformance.rules.views import RuleView

KEPT, VIOLATED, PENDING, UNCHECKED = 0, 1, 2, 3
NOTHING = "∅"
Mask = NDArray[np.bool_]
Small = NDArray[np.uint8]
REASONS = (
    "",
    "same_instant",
    "no_resource",
    "no_party",
    "no_start_times",
    "value_missing",
    "value_unreadable",
    "key_missing",
    "unit_missing",
    "unit_differs",
    "shared_object",
    "not_linked",
)
"""Why something could not be checked, by code; the first means that it could."""


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """One entry per check.

    object: place in the rule's view. event: row of the event in the book, −1 where there is none.
    at_ns: when the rule began to apply. status: KEPT and so on; reason: code into REASONS.
    excess_ns: how far beyond the limit, −1 where that has no meaning. amount: a difference
    (match). expected, found: what to show of a check, for the checks asked for.
    """

    object: Ints
    event: Ints
    at_ns: Ints
    status: Small
    reason: Small
    excess_ns: Ints
    amount: NDArray[np.float64]
    expected: Callable[[Ints], Sequence[str]]
    found: Callable[[Ints], Sequence[str]]

    def keep(self, mask: Mask) -> Checks:
        """Some of the checks."""
        at = np.flatnonzero(mask)
        old_expected, old_found = self.expected, self.found
        return replace(
            self,
            object=self.object[at],
            event=self.event[at],
            at_ns=self.at_ns[at],
            status=self.status[at],
            reason=self.reason[at],
            excess_ns=self.excess_ns[at],
            amount=self.amount[at],
            expected=lambda rows: old_expected(at[rows]),
            found=lambda rows: old_found(at[rows]),
        )

    def count(self, status: int) -> int:
        return int((self.status == status).sum())


def make_checks(
    looked: RuleView,
    owner: Ints,
    status: Any,
    *,
    entry: Ints | None = None,
    event: Ints | None = None,
    at_ns: Ints | None = None,
    reason: Any = 0,
    excess_ns: Ints | None = None,
    amount: NDArray[np.float64] | None = None,
    expected: str | Callable[[Ints], Sequence[str]] = "",
    found: str | Callable[[Ints], Sequence[str]] = "",
) -> Checks:
    """Checks with what they have in common filled in.

    Takes    entry: places in the view, −1 for none, from which the event follows.
             at_ns: None means the beginning of the object.
    """
    n = len(owner)
    if event is None:
        event = np.full(n, -1, np.int64)
        if entry is not None:
            known = entry >= 0
            event[known] = np.asarray(looked.view.event)[entry[known]]
    return Checks(
        object=owner,
        event=event,
        at_ns=looked.begun_ns[owner] if at_ns is None else at_ns,
        status=np.broadcast_to(np.asarray(status, np.uint8), n),
        reason=np.broadcast_to(np.asarray(reason, np.uint8), n),
        excess_ns=np.full(n, -1, np.int64) if excess_ns is None else excess_ns,
        amount=np.full(n, np.nan) if amount is None else amount,
        expected=_shown(expected),
        found=_shown(found),
    )


def join_checks(parts: Sequence[Checks]) -> Checks:
    """The checks of several parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    edges = np.cumsum([0, *(len(part.object) for part in parts)])

    def shown(field: str) -> Callable[[Ints], Sequence[str]]:
        def texts(rows: Ints) -> Sequence[str]:
            part = np.searchsorted(edges, rows, side="right") - 1
            out = np.empty(len(rows), object)
            for number in np.unique(part):
                mine = part == number
                out[mine] = getattr(parts[number], field)(rows[mine] - edges[number])
            return [str(text) for text in out]

        return texts

    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("object", "event", "at_ns", "status", "reason", "excess_ns", "amount")
    }
    return Checks(**arrays, expected=shown("expected"), found=shown("found"))


def reason_code(reason: str) -> int:
    return REASONS.index(reason)


def one_of_text(names: Sequence[str]) -> str:
    return " | ".join(names)


def names_at(looked: RuleView, entry: Ints) -> list[str]:
    """Activities at entries; nothing where there is no entry."""
    names, code = looked.view.activities, np.asarray(looked.view.activity)
    return [names[code[at]] if at >= 0 else NOTHING for at in entry]


def _shown(text: str | Callable[[Ints], Sequence[str]]) -> Callable[[Ints], Sequence[str]]:
    if not isinstance(text, str):
        return text
    return lambda rows: [text] * len(rows)


def nearest_entries(looked: RuleView, trigger: Ints, target: Mask, *, later: bool) -> Ints:
    """For each trigger entry (rising) the nearest entry after it, or before it, whose activity is a
    target; −1 where the object has none."""
    code = np.asarray(looked.view.activity).astype(np.uint32)
    out = np.full(len(trigger), -1, np.int64)
    owner = looked.owner(trigger)
    if later:
        _next_target(looked.offsets, code, owner, trigger, target, out)
    else:
        _previous_target(looked.offsets, code, owner, trigger, target, out)
    return out


@njit(cache=True, nogil=True)
def _next_target(
    offsets: Ints, code: Codes, owner: Ints, trigger: Ints, target: Mask, out: Ints
) -> None:
    at, last, seen = -1, -1, -1
    for k in range(len(trigger) - 1, -1, -1):
        if owner[k] != seen:
            seen = owner[k]
            at, last = offsets[seen + 1] - 1, -1
        while at > trigger[k]:
            if target[code[at]]:
                last = at
            at -= 1
        out[k] = last


@njit(cache=True, nogil=True)
def _previous_target(
    offsets: Ints, code: Codes, owner: Ints, trigger: Ints, target: Mask, out: Ints
) -> None:
    at, last, seen = -1, -1, -1
    for k in range(len(trigger)):
        if owner[k] != seen:
            seen = owner[k]
            at, last = offsets[seen], -1
        while at < trigger[k]:
            if target[code[at]]:
                last = at
            at += 1
        out[k] = last
