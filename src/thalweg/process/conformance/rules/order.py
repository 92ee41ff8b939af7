"""Rules about what happens: order, must, never.

The recorded order decides, as everywhere. Where a violation would rest on nothing but the recorded
order of events at the same instant, the check is counted as not checkable (``same_instant``).
What an open object may still do is pending.
"""

from __future__ import annotations

import numpy as np

from thalweg.process.chunks import Ints
from thalweg.process.conformance.rules.kinds import MustRule, NeverRule, OrderRule
from thalweg.process.conformance.rules.verdicts import (
    KEPT,
    NOTHING,
    PENDING,
    UNCHECKED,
    VIOLATED,
    Checks,
    join_checks,
    make_checks,
    names_at,
    nearest_entries,
    one_of_text,
    reason_code,
)
from thalweg.process.conformance.rules.views import RuleView

_SAME = reason_code("same_instant")


def check_order(looked: RuleView, rule: OrderRule) -> Checks:
    """One check per trigger: each ``first`` (response), each ``then`` (precedence)."""
    parts = []
    if rule.relation != "precedence":
        parts.append(_follows(looked, rule, rule.first, rule.then, later=True))
    if rule.relation != "response":
        parts.append(_follows(looked, rule, rule.then, rule.first, later=False))
    return join_checks(parts)


def _follows(
    looked: RuleView,
    rule: OrderRule,
    source: tuple[str, ...],
    target: tuple[str, ...],
    *,
    later: bool,
) -> Checks:
    trigger = looked.entries(source)
    wanted = looked.codes(target)
    owner = looked.owner(trigger)
    arrow = ("→" if rule.how == "directly" else "⇒") if later else "←"
    expected = f"{one_of_text(source)} {arrow} {one_of_text(target)}"
    time_ns = np.asarray(looked.view.time_ns)
    at_ns = time_ns[trigger]
    if rule.how == "directly":
        beside = trigger + 1 if later else trigger - 1
        edge = looked.offsets[owner + 1] - 1 if later else looked.offsets[owner]
        inside = trigger != edge
        hit = np.zeros(len(trigger), bool)
        hit[inside] = wanted[np.asarray(looked.view.activity)[beside[inside]]]
        shown = np.where(inside, beside, -1)
        open_end = ~inside & ~looked.finished[owner] if later else np.zeros(len(trigger), bool)
        status = np.where(hit, KEPT, np.where(open_end, PENDING, VIOLATED))
        reason = np.zeros(len(trigger), np.uint8)
    else:
        partner = nearest_entries(looked, trigger, wanted, later=later)
        other = nearest_entries(looked, trigger, wanted, later=not later)
        tied = (other >= 0) & (time_ns[other] == at_ns)
        waits = ~looked.finished[owner] if later else np.zeros(len(trigger), bool)
        status = np.where(
            partner >= 0, KEPT, np.where(tied, UNCHECKED, np.where(waits, PENDING, VIOLATED))
        )
        reason = np.where(status == UNCHECKED, _SAME, 0)
        shown = partner
    return make_checks(
        looked,
        owner,
        status,
        entry=trigger,
        at_ns=at_ns,
        reason=reason,
        expected=expected,
        found=lambda rows: names_at(looked, shown[rows]),
    )


def check_must(looked: RuleView, rule: MustRule) -> Checks:
    """One check per object, or per object that has one of ``before``."""
    entry = looked.entries(rule.activity)
    objects = looked.view.objects
    expected = f"{one_of_text(rule.activity)} ≥ {rule.at_least}"
    if rule.before is None:
        times = np.bincount(looked.owner(entry), minlength=objects)
        enough = times >= rule.at_least
        status = np.where(enough, KEPT, np.where(looked.finished, VIOLATED, PENDING))
        last = looked.offsets[1:] - 1
        everyone = np.arange(objects)
        return make_checks(
            looked,
            everyone,
            status,
            entry=last,
            expected=expected,
            found=lambda rows: [str(n) for n in times[rows]],
        )
    bound = _first_entry(looked, rule.before)
    mine = np.flatnonzero(bound >= 0)
    ahead, possible = _counts_around(looked, entry, bound, before=True)
    status = np.where(
        ahead[mine] >= rule.at_least,
        KEPT,
        np.where(possible[mine] >= rule.at_least, UNCHECKED, VIOLATED),
    )
    return make_checks(
        looked,
        mine,
        status,
        entry=bound[mine],
        at_ns=np.asarray(looked.view.time_ns)[bound[mine]],
        reason=np.where(status == UNCHECKED, _SAME, 0),
        expected=f"{expected} ← {one_of_text(rule.before)}",
        found=lambda rows: [str(n) for n in ahead[mine[rows]]],
    )


def check_never(looked: RuleView, rule: NeverRule) -> Checks:
    """One check per object, or per object that has one of ``after``; the event is the first one
    too many."""
    entry = looked.entries(rule.activity)
    objects = looked.view.objects
    expected = f"{one_of_text(rule.activity)} ≤ {rule.at_most}"
    if rule.after is None:
        everyone = np.arange(objects)
        times = np.bincount(looked.owner(entry), minlength=objects)
        over = _nth_entry(looked, entry, rule.at_most)
        return make_checks(
            looked,
            everyone,
            np.where(times > rule.at_most, VIOLATED, KEPT),
            entry=over,
            expected=expected,
            found=lambda rows: [str(n) for n in times[rows]],
        )
    bound = _first_entry(looked, rule.after)
    mine = np.flatnonzero(bound >= 0)
    behind, certain = _counts_around(looked, entry, bound, before=False)
    status = np.where(
        certain[mine] > rule.at_most,
        VIOLATED,
        np.where(behind[mine] > rule.at_most, UNCHECKED, KEPT),
    )
    later = entry[entry > bound[looked.owner(entry)]] if len(entry) else entry
    kept = later[bound[looked.owner(later)] >= 0]
    over = _nth_entry(looked, kept, rule.at_most)
    return make_checks(
        looked,
        mine,
        status,
        entry=over[mine],
        at_ns=np.asarray(looked.view.time_ns)[bound[mine]],
        reason=np.where(status == UNCHECKED, _SAME, 0),
        expected=f"{expected} ⇐ {one_of_text(rule.after)}",
        found=lambda rows: [str(n) if n else NOTHING for n in behind[mine[rows]]],
    )


def _first_entry(looked: RuleView, names: tuple[str, ...]) -> Ints:
    """By object, its first entry of these activities; −1 for none."""
    return _nth_entry(looked, looked.entries(names), 0)


def _nth_entry(looked: RuleView, entry: Ints, n: int) -> Ints:
    """By object, the entry that has ``n`` others of ``entry`` (rising) before it; −1 for none."""
    out = np.full(looked.view.objects, -1, np.int64)
    owner = looked.owner(entry)
    rank = np.arange(len(entry)) - np.searchsorted(owner, owner)
    hit = rank == n
    out[owner[hit]] = entry[hit]
    return out


def _counts_around(
    looked: RuleView, entry: Ints, bound: Ints, *, before: bool
) -> tuple[Ints, Ints]:
    """Entries before (or after) each object's bound, by recorded order and by time.

    The second count takes entries at the bound's own instant in (before) or leaves them out
    (after): the count that a strict reading of time allows.
    """
    owner = looked.owner(entry)
    limit = bound[owner]
    here = limit >= 0
    entry, owner, limit = entry[here], owner[here], limit[here]
    time_ns = np.asarray(looked.view.time_ns)
    mine, edge = time_ns[entry], time_ns[limit]
    other = entry != limit
    ordered = entry < limit if before else entry > limit
    timed = (mine <= edge) & other if before else mine > edge
    objects = looked.view.objects
    return (
        np.bincount(owner[ordered], minlength=objects),
        np.bincount(owner[timed], minlength=objects),
    )
