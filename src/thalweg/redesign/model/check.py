"""Whether a model can be simulated: names that exist, shares that sum to one, ways out of loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NoReturn

from thalweg.errors import RequestError
from thalweg.process.calendar import zone_of
from thalweg.records.mapping.flat import nearest
from thalweg.redesign.model.model import (
    END,
    START,
    Activity,
    Choice,
    Flow,
    Gaps,
    Model,
    Quantiles,
    Rate,
    Replay,
    Time,
    Uniform,
)
from thalweg.redesign.model.routing import Automaton, automaton

SHARE_TOLERANCE = 1e-6
"""How far shares may sum from one: they are written with a few decimals."""


def check_model(model: Model) -> None:
    """Hold a model against itself.

    Raises   RequestError: an unknown or repeated name, shares that do not sum to 1, a law that is
             none, an activity that nothing leads to or that nobody can do, a history after which
             nothing is said, a loop without a way out; each with its place and its cure.
    """
    zone_of(model.zone)
    _names_once(model)
    _known_names(model)
    _shares(model)
    for where, time in _times(model):
        _law(where, time)
    for one in model.activities:
        _batch(one)
    _able(model, _routes(model))
    _arrivals(model)


def _fault(where: str, what: str, cure: str) -> NoReturn:
    raise RequestError(f"{where}: {what}. {cure}")


def _names_once(model: Model) -> None:
    for kind, names in (
        ("activities", [one.name for one in model.activities]),
        ("pools", [one.name for one in model.pools]),
        ("flows", [one.type for one in model.flows]),
        ("under_way", [one.object for one in model.under_way]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            _fault(kind, f"{twice[0]!r} stands there twice", "Give each its own name.")
    for one in model.activities:
        if one.name in (START, END):
            _fault("activities", f"{one.name!r} is no name of an activity", "Choose another.")


def _known(where: str, names: Iterable[str], valid: Iterable[str], kind: str) -> None:
    valid = list(valid)
    for name in names:
        if name not in valid:
            _fault(where, f"there is no {kind} {name!r}", nearest(name, valid))


def _known_names(model: Model) -> None:
    activities = [one.name for one in model.activities]
    pools, types = [one.name for one in model.pools], [one.type for one in model.flows]
    for one in model.activities:
        where = f"Activity {one.name!r}"
        _known(f"{where}, beside", one.beside, activities, "activity")
        _known(f"{where}, urgent", one.urgent, model.classes, "class")
        _known(f"{where}, work_by", one.work_by, pools, "pool")
        _known(f"{where}, delay_at", filter(None, [one.delay_at]), model.calendars, "calendar")
    for pool in model.pools:
        where = f"Pool {pool.name!r}"
        _known(f"{where}, skills", pool.skills, activities, "activity")
        _known(f"{where}, calendar", filter(None, [pool.calendar]), model.calendars, "calendar")
        _known(f"{where}, serves", pool.serves, model.classes, "class")
    for flow in model.flows:
        for choice in flow.routing:
            where = f"Flow {flow.type!r}, after {' > '.join(choice.after)}"
            late = [name for name in choice.after[1:] if name == START]
            _known(where, late, activities, "activity")
            _known(where, choice.after, [START, *activities], "activity")
            _known(where, choice.next, [*activities, END], "activity")
            _known(where, filter(None, [choice.of_class]), model.classes, "class")
        for split in flow.splits:
            where = f"Flow {flow.type!r}, split at {split.activity!r}"
            _known(where, [split.activity, *filter(None, [split.joins])], activities, "activity")
            _known(where, [split.into], types, "flow")
    for open_one in model.under_way:
        where = f"Object {open_one.object!r} under way"
        named = [*open_one.done, *filter(None, [open_one.activity])]
        _known(where, named, activities, "activity")
        _known(where, filter(None, [open_one.pool]), pools, "pool")
        _known(where, filter(None, [open_one.of_class]), model.classes, "class")
        if open_one.pool is not None and (open_one.activity is None or open_one.since is None):
            _fault(where, "a pool is named, but not what it does since when", "Add both.")


def _shares(model: Model) -> None:
    if model.classes:
        _one("classes", model.classes)
    for flow in model.flows:
        for choice in flow.routing:
            _one(f"Flow {flow.type!r}, after {' > '.join(choice.after)}", choice.next)
        for split in flow.splits:
            where = f"Flow {flow.type!r}, split at {split.activity!r}, count"
            _one(where, split.count)
            if min(split.count) < 0:
                _fault(where, "a number below 0", "Count objects from 0.")
    if isinstance(model.arrivals, Rate):
        _one("arrivals, together", model.arrivals.together)
        if min(model.arrivals.together) < 1:
            _fault("arrivals, together", "fewer than one at once", "Count objects from 1.")


def _one(where: str, shares: Mapping[str, float] | Mapping[int, float]) -> None:
    total = sum(shares.values())
    if abs(total - 1) > SHARE_TOLERANCE:
        _fault(where, f"the shares sum to {total:.6g}", "Correct them, so that they sum to 1.")


def _times(model: Model) -> Iterator[tuple[str, Time]]:
    for one in model.activities:
        where = f"Activity {one.name!r}"
        yield f"{where}, work", one.work
        yield from ((f"{where}, work_by {pool!r}", time) for pool, time in one.work_by.items())
        for name, time in (("delay", one.delay), ("setup", one.setup)):
            if time is not None:
                yield f"{where}, {name}", time
    if isinstance(model.arrivals, Gaps):
        yield "arrivals, gap", model.arrivals.gap


def _law(where: str, time: Time) -> None:
    law = time.of
    if isinstance(law, Uniform) and law.low_s > law.high_s:
        _fault(where, f"low_s {law.low_s:g} is above high_s {law.high_s:g}", "Exchange them.")
    if isinstance(law, Quantiles):
        values = law.values_s
        if values[0] < 0 or any(b < a for a, b in pairwise(values)):
            _fault(where, "values_s fall or begin below 0", "Write them in rising order.")


def _batch(one: Activity) -> None:
    batch = one.batch
    if batch is not None and batch.least > batch.most:
        _fault(
            f"Activity {one.name!r}, batch",
            f"least {batch.least} is above most {batch.most}",
            "Let at least as many go as must wait.",
        )


def _able(model: Model, used: set[tuple[str | None, str]]) -> None:
    """Every activity that objects of a class come to can be done for that class."""
    automatic = {one.name for one in model.activities if one.automatic}
    for of_class, name in sorted(used, key=str):
        if name not in automatic and not any(
            name in pool.skills and (not pool.serves or of_class in pool.serves)
            for pool in model.pools
        ):
            told = "" if of_class is None else f" for class {of_class!r}"
            _fault(
                f"Activity {name!r}",
                f"no pool has the skill for it{told}",
                "Add it to a pool's skills, or make it automatic.",
            )
    for open_one in model.under_way:
        if open_one.pool and open_one.activity not in model.pool(open_one.pool).skills:
            _fault(
                f"Object {open_one.object!r} under way",
                f"pool {open_one.pool!r} has no skill for {open_one.activity!r}",
                "Add the skill, or name the pool that does it.",
            )


def _routes(model: Model) -> set[tuple[str | None, str]]:
    """Activities that objects come to, by class."""
    classes: tuple[str | None, ...] = tuple(model.classes) or (None,)
    used: set[tuple[str | None, str]] = set()
    entered = {model.flows[0].type, *(split.into for flow in model.flows for split in flow.splits)}
    for flow in model.flows:
        if flow.type not in entered:
            _fault(f"Flow {flow.type!r}", "no split leads into it", "Add one, or remove the flow.")
        used |= _route(flow, automaton(flow), classes, model)
    for one in model.under_way:
        mine = classes if one.of_class is None else (one.of_class,)
        used |= {(c, one.activity) for c in mine if one.activity}
    for activity in model.activities:
        if activity.name not in {name for _, name in used}:
            _fault(
                f"Activity {activity.name!r}",
                "no choice leads to it",
                "Name it in the 'next' of a choice that objects come to, or remove it.",
            )
    return used


def _route(
    flow: Flow, auto: Automaton, classes: tuple[str | None, ...], model: Model
) -> set[tuple[str | None, str]]:
    """Classes and names of the activities that objects of the flow come to."""
    reached = auto.reached(classes)
    bounded = {one.name for one in model.activities if one.most_visits is not None}
    used: set[tuple[str | None, str]] = set()
    for of_class in classes:
        mine = {state: choice for (state, c), choice in reached.items() if c == of_class}
        leaving: set[int] = set()
        into: dict[int, list[int]] = {}
        moves = [(START, auto.start), *_moves(auto, mine)]
        for state, choice in mine.items():
            if choice is None:
                last = next(name for name, to in moves if to == state)
                _fault(
                    f"Flow {flow.type!r}, after {last}",
                    "nothing is said of what comes next",
                    f"Add a choice, if only of {END!r}.",
                )
            named = {name for name, share in choice.next.items() if share > 0}
            used |= {(of_class, name) for name in named - {END}}
            if END in named or named <= bounded:
                leaving.add(state)
            for name in named - {END}:
                into.setdefault(auto.move(state, name), []).append(state)
        waiting = list(leaving)
        while waiting:
            for before in into.get(waiting.pop(), ()):
                if before not in leaving:
                    leaving.add(before)
                    waiting.append(before)
        caught = [state for state in mine if state not in leaving]
        if caught:
            _fault(
                f"Flow {flow.type!r}, after {' > '.join(auto.states[caught[-1]])}",
                "objects never come to an end",
                f"Give a choice of the loop a share of {END!r}, or bound its 'most_visits'.",
            )
    return used


def _moves(auto: Automaton, choices: Mapping[int, Choice | None]) -> Iterator[tuple[str, int]]:
    """Activities that objects go on to, and the states they are in then."""
    for state, choice in choices.items():
        for name, share in (choice.next if choice else {}).items():
            if share > 0 and name != END:
                yield name, auto.move(state, name)


def _arrivals(model: Model) -> None:
    one = model.arrivals
    if isinstance(one, Gaps):
        _known("arrivals, calendar", filter(None, [one.calendar]), model.calendars, "calendar")
    if isinstance(one, Replay) and any(at >= one.weeks * 7 * 86400 for at in one.at_s):
        _fault("arrivals, at_s", "an instant lies after the last week", "Raise 'weeks'.")
