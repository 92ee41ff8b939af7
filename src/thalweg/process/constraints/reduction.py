"""Leaving out constraints that stronger ones already say.

One template may imply another (Di Ciccio, Maggi, Montali and Mendling 2017): every object that
keeps the stronger one keeps the weaker. Of all that were found, only those that nothing else found
implies are kept. On request, chains of constraints that are transitive are thinned as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from thalweg.process.constraints.templates import TEMPLATES, Constraint

_WEAKER: dict[str, tuple[str, ...]] = {
    "exclusive_choice": ("choice", "not_co_existence"),
    "co_existence": ("responded_existence", "responded_existence^"),
    "response": ("responded_existence",),
    "precedence": ("responded_existence^",),
    "succession": ("response", "precedence", "co_existence"),
    "alternate_response": ("response",),
    "alternate_precedence": ("precedence",),
    "alternate_succession": ("alternate_response", "alternate_precedence", "succession"),
    "chain_response": ("alternate_response",),
    "chain_precedence": ("alternate_precedence",),
    "chain_succession": ("chain_response", "chain_precedence", "alternate_succession"),
    "not_co_existence": ("not_succession", "not_succession^"),
    "not_succession": ("not_response", "not_precedence", "not_chain_succession"),
}
"""What a template over (a, b) implies; ``^`` means over (b, a)."""

TRANSITIVE = ("succession", "response", "precedence", "co_existence", "responded_existence")


def weaker(one: Constraint, names: Sequence[str]) -> Iterator[Constraint]:
    """The constraints that ``one`` implies directly."""
    a, b, n = one.source, one.target, one.n or 1
    match one.template:
        case "existence":
            if n > 1:
                yield Constraint("existence", a, None, n - 1)
            else:
                yield from _with_others("responded_existence", names, a, second=True)
                yield from (Constraint("choice", min(a, x), max(a, x)) for x in names if x != a)
        case "absence":
            yield Constraint("absence", a, None, n + 1)
        case "exactly":
            yield Constraint("existence", a, None, n)
            yield Constraint("absence", a, None, n + 1)
        case "init":
            yield Constraint("existence", a, None, 1)
            yield from _with_others("precedence", names, a)
        case "end":
            yield Constraint("existence", a, None, 1)
            yield from _with_others("response", names, a, second=True)
        case template:
            if template == "chain_response":
                yield from _with_others("not_chain_succession", names, a, b)
            if template == "chain_precedence" and b is not None:
                yield from _with_others("not_chain_succession", names, b, a, second=True)
            for name in _WEAKER.get(template, ()):
                plain = name.removesuffix("^")
                first, last = (str(b), a) if name != plain else (a, str(b))
                if TEMPLATES[plain].symmetric:
                    first, last = min(first, last), max(first, last)
                yield Constraint(plain, first, last)


def _with_others(
    template: str, names: Sequence[str], one: str, but: str | None = None, *, second: bool = False
) -> Iterator[Constraint]:
    """The template over an activity and every other one, ``but`` excepted."""
    for other in names:
        if other not in (one, but):
            yield Constraint(template, *((other, one) if second else (one, other)))


def implied(given: Iterable[Constraint], names: Sequence[str], most: int) -> set[Constraint]:
    """All constraints that follow from single ones of ``given``, without these themselves.

    Takes    most: numbers above it are not followed.
    """
    seen: set[Constraint] = set()
    waiting = list(given)
    while waiting:
        for next_one in weaker(waiting.pop(), names):
            if next_one not in seen and (next_one.n or 1) <= most:
                seen.add(next_one)
                waiting.append(next_one)
    return seen


def reduce_constraints(
    found: Sequence[Constraint], names: Sequence[str], *, transitive: bool = False
) -> set[Constraint]:
    """Those of ``found`` that the others do not already say.

    Takes    found: the most certain first. transitive: also leave out a constraint over (a, c)
             that follows from others over (a, b) and (b, c); of a ring the most certain stay.
    """
    most = max((one.n or 1 for one in found), default=1)
    known = implied(found, names, most)
    everything = {*found, *known}
    known |= implied(_forbidden(everything), names, most)
    known |= _forbidden(everything)
    always = {one.source for one in everything if one.template == "existence" and one.n == 1}
    kept = [
        one
        for one in found
        if one not in known
        and not (one.template == "co_existence" and {one.source, one.target} <= always)
    ]
    if transitive:
        for template in TRANSITIVE:
            kept = _thinned(kept, template, names)
    return set(kept)


def _forbidden(found: set[Constraint]) -> set[Constraint]:
    """Orders that cannot occur where an activity occurs at most once.

    If every b has an a before it (or every a a b after it) and a (or b) occurs once at most, then
    no a comes after a b.
    """
    once = {one.source for one in found if one.template == "absence" and (one.n or 9) <= 2}
    forbidden: set[Constraint] = set()
    for one in found:
        single = {"precedence": one.source, "response": one.target}.get(one.template)
        if single is not None and single in once and one.target is not None:
            forbidden.add(Constraint("not_succession", one.target, one.source))
    return forbidden


def _thinned(kept: list[Constraint], template: str, names: Sequence[str]) -> list[Constraint]:
    """Leave out constraints of a transitive template whose ends are joined by the others."""
    own = [one for one in kept if one.template == template]
    rest = [one for one in kept if one.template != template]
    ways: dict[str, set[str]] = {}
    symmetric = TEMPLATES[template].symmetric
    follows = (one for one in implied(rest, names, 1) if one.template == template)
    for one in [*own, *follows]:
        ways.setdefault(one.source, set()).add(str(one.target))
        if symmetric:
            ways.setdefault(str(one.target), set()).add(one.source)
    spared: set[Constraint] = set()
    for one in reversed(own):
        a, b = one.source, str(one.target)
        ways[a].discard(b)
        if symmetric:
            ways[b].discard(a)
        if _joined(ways, a, b):
            spared.add(one)
            continue
        ways[a].add(b)
        if symmetric:
            ways[b].add(a)
    return [one for one in kept if one not in spared]


def _joined(ways: dict[str, set[str]], start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        for step in ways.get(waiting.pop(), ()):
            if step == goal:
                return True
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return False
