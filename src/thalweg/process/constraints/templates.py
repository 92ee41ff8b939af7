"""DECLARE templates: what each asks, what implies what, and its figures from the tables.

Read over a finished sequence (LTLf), after Pesic and van der Aalst (2006), Pesic (2008) and
Di Ciccio and Mecella (2015). An *activation* is an event that puts the constraint to the test; of
templates that speak of the object as a whole, the object itself. A constraint is *vacuous* in an
object without activation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import Ints
from thalweg.process.constraints import tables as col
from thalweg.process.constraints.tables import END, START, DeclareTables, Table
from thalweg.process.selection import pick

Relation = Literal["exists", "later", "earlier", "before_next", "since_last", "next", "previous"]
Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Every event of the activity on ``side`` has the other activity in that relation."""

    side: Side
    relation: Relation


@dataclass(frozen=True, slots=True)
class Template:
    """arity: activities that it names. counted: it takes a number. negative: the rules must fail.

    symmetric: both orders of the activities mean the same. rules: of templates with activations.
    """

    name: str
    arity: Literal[1, 2]
    rules: tuple[Rule, ...] = ()
    negative: bool = False
    symmetric: bool = False
    counted: bool = False


def _pair(name: str, *rules: Rule, negative: bool = False, symmetric: bool = False) -> Template:
    return Template(name, 2, rules, negative, symmetric)


_EXISTS = (Rule("source", "exists"), Rule("target", "exists"))
_LATER, _EARLIER = Rule("source", "later"), Rule("target", "earlier")
_BEFORE_NEXT, _SINCE_LAST = Rule("source", "before_next"), Rule("target", "since_last")
_NEXT, _PREVIOUS = Rule("source", "next"), Rule("target", "previous")

TEMPLATES: dict[str, Template] = {
    one.name: one
    for one in (
        Template("existence", 1, counted=True),
        Template("absence", 1, counted=True),
        Template("exactly", 1, counted=True),
        Template("init", 1),
        Template("end", 1),
        _pair("choice", symmetric=True),
        _pair("exclusive_choice", symmetric=True),
        _pair("responded_existence", _EXISTS[0]),
        _pair("co_existence", *_EXISTS, symmetric=True),
        _pair("response", _LATER),
        _pair("precedence", _EARLIER),
        _pair("succession", _LATER, _EARLIER),
        _pair("alternate_response", _BEFORE_NEXT),
        _pair("alternate_precedence", _SINCE_LAST),
        _pair("alternate_succession", _BEFORE_NEXT, _SINCE_LAST),
        _pair("chain_response", _NEXT),
        _pair("chain_precedence", _PREVIOUS),
        _pair("chain_succession", _NEXT, _PREVIOUS),
        _pair("not_co_existence", *_EXISTS, negative=True, symmetric=True),
        _pair("not_response", _LATER, negative=True),
        _pair("not_precedence", _EARLIER, negative=True),
        _pair("not_succession", _LATER, _EARLIER, negative=True),
        _pair("not_chain_succession", _NEXT, _PREVIOUS, negative=True),
    )
}


@dataclass(frozen=True, slots=True, order=True)
class Constraint:
    """A template over activities by name. n: of counted templates, 1 or more.

    ``existence`` asks for at least n events, ``absence`` for fewer than n, ``exactly`` for n.
    """

    template: str
    source: str
    target: str | None = None
    n: int | None = None

    def checked(self) -> Constraint:
        """The same, if it makes sense; symmetric ones with their names in order.

        Raises   RequestError: no such template, or too few or too many names or numbers.
        """
        form = TEMPLATES[pick(self.template, list(TEMPLATES), "template")]
        if (self.target is None) != (form.arity == 1):
            words = "one activity" if form.arity == 1 else "two activities"
            raise RequestError(f"{form.name} takes {words}: {self}.")
        if self.target == self.source:
            raise RequestError(f"{form.name} takes two different activities, not {self.source!r}.")
        if (self.n is not None) != form.counted or (self.n is not None and self.n < 1):
            takes = "a number n of 1 or more" if form.counted else "no number n"
            raise RequestError(f"{form.name} takes {takes}, not {self.n}.")
        if form.symmetric and self.target is not None and self.target < self.source:
            return Constraint(self.template, self.target, self.source, self.n)
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """By activity, or by ordered pair of activities.

    activations and violations count events (objects, of templates without activations);
    activated and violating count objects. target: objects that have what the activation asks
    for (none: -1). expected: violating objects if the activities had nothing to do with one
    another, of templates that forbid something; otherwise -1.
    """

    activations: Ints
    violations: Ints
    activated: Ints
    violating: Ints
    target: Ints
    expected: NDArray[np.float64]


_FULFILLED: dict[Relation, int] = {
    "later": col.E_RESPONSE,
    "earlier": col.E_PRECEDENCE,
    "before_next": col.E_ALTERNATE,
    "since_last": col.E_ALTERNATE,
    "next": col.E_CHAIN,
    "previous": col.E_CHAIN,
}
_SATISFIED = {
    "responded_existence": col.BOTH,
    "co_existence": col.BOTH,
    "response": col.O_RESPONSE,
    "precedence": col.O_PRECEDENCE,
    "succession": col.O_SUCCESSION,
    "alternate_response": col.O_ALTERNATE_RESPONSE,
    "alternate_precedence": col.O_ALTERNATE_PRECEDENCE,
    "alternate_succession": col.O_ALTERNATE_SUCCESSION,
    "chain_response": col.O_CHAIN_RESPONSE,
    "chain_precedence": col.O_CHAIN_PRECEDENCE,
    "chain_succession": col.O_CHAIN_SUCCESSION,
}
_VIOLATED = {
    "not_co_existence": col.BOTH,
    "not_response": col.O_ORDERED,
    "not_precedence": col.O_ORDERED,
    "not_succession": col.O_ORDERED,
    "not_chain_succession": col.O_FOLLOWED,
}


def figures(tables: DeclareTables, template: str, n: int | None = None) -> Figures:
    """All figures of a template, over every activity or every ordered pair."""
    form = TEMPLATES[template]
    if form.arity == 1:
        return _of_whole(tables, _unary(tables, template, n or 1))
    if not form.rules:
        return _choices(tables, template)
    return _of_rules(tables, form)


def _of_whole(tables: DeclareTables, satisfied: Ints) -> Figures:
    whole = np.full(satisfied.shape, tables.objects, np.int64)
    nothing = np.full(satisfied.shape, -1, np.int64)
    broken = whole - satisfied
    return Figures(whole, broken, whole, broken, nothing, nothing.astype(float))


def _unary(tables: DeclareTables, template: str, n: int) -> Ints:
    counts = tables.occurrences
    match template:
        case "existence":
            return np.asarray(counts[:, n:].sum(axis=1))
        case "absence":
            return np.asarray(counts[:, :n].sum(axis=1))
        case "exactly":
            return counts[:, n] if n < counts.shape[1] else np.zeros(len(counts), np.int64)
        case "init":
            return np.asarray(tables.edges[:, START])
        case _:
            return np.asarray(tables.edges[:, END])


def _choices(tables: DeclareTables, template: str) -> Figures:
    holders, both = tables.holders, tables.pairs[..., col.BOTH]
    either = holders[:, None] + holders[None, :] - both
    found = _of_whole(tables, either if template == "choice" else either - both)
    if template == "choice":
        return found
    return Figures(
        found.activations,
        found.violations,
        found.activated,
        found.violating,
        found.target,
        _independent(tables),
    )


def _independent(tables: DeclareTables) -> NDArray[np.float64]:
    """Objects with both activities, if one said nothing about the other."""
    holders = tables.holders.astype(float)
    return np.asarray(np.outer(holders, holders) / max(tables.objects, 1))


def _of_rules(tables: DeclareTables, form: Template) -> Figures:
    pairs, holders = tables.pairs, tables.holders
    activations, hits = _by_events(tables, form)
    either = holders[:, None] + holders[None, :] - pairs[..., col.BOTH]
    sides = {rule.side for rule in form.rules}
    rows = np.broadcast_to(holders[:, None], either.shape)
    activated = either if len(sides) == 2 else rows if "source" in sides else rows.T
    nothing = np.full(either.shape, -1, np.int64)
    if form.negative:
        violating = pairs[..., _VIOLATED[form.name]]
        expected = _expected(tables, form.name)
        return Figures(activations, hits, activated, violating, nothing, expected)
    violating = activated - pairs[..., _SATISFIED[form.name]]
    target = nothing if len(sides) == 2 else rows.T if "source" in sides else rows
    missed = activations - hits
    return Figures(activations, missed, activated, violating, target, nothing.astype(float))


def _by_events(tables: DeclareTables, form: Template) -> tuple[Table, Table]:
    """Activations, and those whose relation holds."""
    events, pairs = tables.events, tables.pairs
    shape = pairs.shape[:2]
    activations, hits = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for rule in form.rules:
        source = rule.side == "source"
        activations += np.broadcast_to(events[:, None] if source else events[None, :], shape)
        if rule.relation == "exists":
            held = pairs[..., col.E_EXISTENCE]
            hits += held if source else held.T
        else:
            hits += pairs[..., _FULFILLED[rule.relation]]
    return activations, hits


def _expected(tables: DeclareTables, template: str) -> NDArray[np.float64]:
    """Violating objects if the two activities had nothing to do with one another.

    Together: independent occurrence. In order: one order as likely as the other. Directly: events
    of the target spread evenly over all events, at most once in each object in that order.
    """
    if template == "not_co_existence":
        return _independent(tables)
    if template == "not_chain_succession":
        events = tables.events.astype(float)
        evenly = np.outer(events, events) / max(events.sum(), 1.0)
        return np.asarray(np.minimum(evenly, tables.pairs[..., col.O_ORDERED]))
    return np.asarray(tables.pairs[..., col.BOTH] / 2)
