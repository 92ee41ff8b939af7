"""Process trees become workflow nets, block by block."""

from __future__ import annotations

from thalweg.process.models.convert.reduce import reduce_silent, reduce_silent_with_steps
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.tree import ProcessTree


def tree_to_net(tree: ProcessTree) -> PetriNet:
    """A sound workflow net with the tree's language.

    Takes    a process tree.
    Returns  one place without a way in (``source``, marked at first), one without a way out
             (``sink``, marked in the end), and silent transitions only where the blocks need them.
             Every activity of the tree has a transition of its own, also if a name comes twice.
    Source   Leemans, Robust Process Mining with Guarantees (2017), section 2.2: block by block;
             then ``reduce_silent``.
    """
    return _renamed(reduce_silent(_unreduced(tree)))


def tree_to_net_with_steps(tree: ProcessTree) -> tuple[PetriNet, tuple[int, ...]]:
    """``tree_to_net``, and the transition that each step of the tree became, or -1.

    Steps are numbered as the tree is read: a leaf is one, a parallel of several branches that are
    not silent and a loop have one before what is inside and one after it; silent branches of a
    parallel have none.
    """
    net, steps = reduce_silent_with_steps(_unreduced(tree))
    return _renamed(net), steps


def _unreduced(tree: ProcessTree) -> PetriNet:
    builder = _Builder()
    source, sink = builder.place(), builder.place()
    builder.block(tree, source, sink)
    return builder.net(source, sink)


class _Builder:
    def __init__(self) -> None:
        self.places = 0
        self.transitions: list[Transition] = []

    def place(self) -> int:
        self.places += 1
        return self.places - 1

    def step(self, label: str | None, inputs: list[int], outputs: list[int]) -> None:
        self.transitions.append(
            Transition(
                str(len(self.transitions)),
                label,
                tuple((p, 1) for p in sorted(inputs)),
                tuple((p, 1) for p in sorted(outputs)),
            )
        )

    def net(self, source: int, sink: int) -> PetriNet:
        return PetriNet(
            tuple(map(str, range(self.places))),
            tuple(self.transitions),
            tuple(int(p == source) for p in range(self.places)),
            (tuple(int(p == sink) for p in range(self.places)),),
        )

    def block(self, tree: ProcessTree, before: int, after: int) -> None:
        """Add what leads one token from ``before`` to ``after`` in the ways of the tree."""
        if tree.operator is None:
            self.step(tree.label, [before], [after])
        elif tree.operator == "sequence":
            self._sequence(tree.children, before, after)
        elif tree.operator == "choice":
            for child in tree.children:
                self.block(child, before, after)
        elif tree.operator == "parallel":
            self._parallel(tree.children, before, after)
        else:
            self._loop(tree.children, before, after)

    def _sequence(self, children: tuple[ProcessTree, ...], before: int, after: int) -> None:
        for child in children[:-1]:
            between = self.place()
            self.block(child, before, between)
            before = between
        self.block(children[-1], before, after)

    def _parallel(self, children: tuple[ProcessTree, ...], before: int, after: int) -> None:
        branches = [child for child in children if not child.silent] or list(children[:1])
        if len(branches) == 1:
            self.block(branches[0], before, after)
            return
        begins = [self.place() for _ in branches]
        ends = [self.place() for _ in branches]
        self.step(None, [before], begins)
        for branch, begin, end in zip(branches, begins, ends, strict=True):
            self.block(branch, begin, end)
        self.step(None, ends, [after])

    def _loop(self, children: tuple[ProcessTree, ...], before: int, after: int) -> None:
        again, done = self.place(), self.place()
        self.step(None, [before], [again])
        self.block(children[0], again, done)
        for redo in children[1:]:
            self.block(redo, done, again)
        self.step(None, [done], [after])


def _renamed(net: PetriNet) -> PetriNet:
    """Number what is left; the first and the last place keep a name that says what they are."""
    count = len(net.places)
    places = ("source", "sink", *(f"p{n}" for n in range(1, count - 1)))
    transitions = tuple(
        Transition(f"t{n}", t.label, t.inputs, t.outputs) for n, t in enumerate(net.transitions, 1)
    )
    return PetriNet(places, transitions, net.initial, net.finals)
