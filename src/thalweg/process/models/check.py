"""What is wrong with a net: steps that never happen, ends that are never reached, work left over.

Sound is a net in which every reachable marking can still reach a final one, reaches it with nothing
left over, and in which every transition can happen (van der Aalst 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from thalweg.process.models.petri import PetriNet
from thalweg.process.models.soundness import Marking, fire, surely_sound

NetCode = Literal[
    "no_initial_marking",
    "no_final_marking",
    "final_unreachable",
    "dead_transition",
    "dead_end",
    "left_over",
    "markings_beyond_count",
]
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class NetFinding:
    """One kind of fault. examples: up to five transitions by label or id, or markings as text.

    ``dead_transition``: can never happen. ``dead_end``: a marking from which no final one can be
    reached. ``left_over``: a marking that has a final one within it and more. ``markings_beyond_count``:
    there are more than ``count`` markings, perhaps without end, and no more was looked at; the other
    findings are then of what was seen, and dead transitions and ends are not told.
    """

    code: NetCode
    count: int
    examples: tuple[str, ...] = ()


def check_net(net: PetriNet, most_markings: int = 50_000) -> tuple[NetFinding, ...]:
    """The faults of a net; none if it is sound.

    Takes    most_markings: how many markings may be looked at. Nets that the rules of
             ``surely_sound`` shrink to one step are sound without looking.
    """
    missing: list[NetFinding] = []
    if not any(net.initial):
        missing.append(NetFinding("no_initial_marking", 1))
    if not net.finals:
        missing.append(NetFinding("no_final_marking", 1))
    if missing:
        return tuple(missing)
    if surely_sound(net):
        return ()
    walk = _Walk(net, most_markings)
    findings = [
        NetFinding("left_over", len(walk.left_over), _shown(net, walk.left_over)),
        NetFinding("markings_beyond_count", 0 if walk.whole else most_markings),
    ]
    if walk.whole:
        idle = [t.label or t.id for n, t in enumerate(net.transitions) if n not in walk.happened]
        stuck = walk.stuck()
        reached = any(final in walk.onward for final in net.finals)
        findings = [
            NetFinding("final_unreachable", int(not reached)),
            NetFinding("dead_transition", len(idle), tuple(idle[:_EXAMPLES])),
            NetFinding("dead_end", len(stuck), _shown(net, stuck)),
            *findings,
        ]
    return tuple(finding for finding in findings if finding.count)


class _Walk:
    """All markings, breadth first, with those that follow."""

    def __init__(self, net: PetriNet, most: int) -> None:
        self.net = net
        self.onward: dict[Marking, list[Marking]] = {net.initial: []}
        self.happened: set[int] = set()
        self.left_over: list[Marking] = []
        self.whole = True
        ahead = [net.initial]
        while ahead and self.whole:
            ahead = [new for m in ahead if self.whole for new in self._visit(m, most)]

    def _visit(self, marking: Marking, most: int) -> list[Marking]:
        if any(_exceeds(marking, final) for final in self.net.finals):
            self.left_over.append(marking)
        new: list[Marking] = []
        for n, t in enumerate(self.net.transitions):
            if all(marking[place] >= weight for place, weight in t.inputs):
                self.happened.add(n)
                following = fire(marking, t)
                self.onward[marking].append(following)
                if following not in self.onward:
                    if len(self.onward) >= most:
                        self.whole = False
                        return []
                    self.onward[following] = []
                    new.append(following)
        return new

    def stuck(self) -> list[Marking]:
        """Markings from which no final marking can be reached, in the order they were met."""
        before: dict[Marking, list[Marking]] = {marking: [] for marking in self.onward}
        for marking, following in self.onward.items():
            for after in following:
                before[after].append(marking)
        good = {final for final in self.net.finals if final in self.onward}
        stack = list(good)
        while stack:
            for marking in before[stack.pop()]:
                if marking not in good:
                    good.add(marking)
                    stack.append(marking)
        return [marking for marking in self.onward if marking not in good]


def _exceeds(marking: Marking, final: Marking) -> bool:
    return marking != final and all(a >= b for a, b in zip(marking, final, strict=True))


def _shown(net: PetriNet, markings: list[Marking]) -> tuple[str, ...]:
    """Markings as people write them: ``p1, 2·p3``."""
    return tuple(
        ", ".join(
            place if tokens == 1 else f"{tokens}·{place}"
            for place, tokens in zip(net.places, marking, strict=True)
            if tokens
        )
        for marking in markings[:_EXAMPLES]
    )
