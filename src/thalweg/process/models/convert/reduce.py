"""Fewer silent transitions: what a silent step joins becomes one where no word is lost.

A silent transition t from place p to place q is taken out and the places merged if t is the only
way out of p, or the only way into q. In the first case a token in p can do nothing but move on to
q; in the second the choice at p is only made later, at q. Both keep the visible language, also in
nets with several tokens (fusion of series places, Murata 1989, and its mirror image). A merge that
would give the first place a way in, or the last a way out, is not made: a workflow net stays one.
A silent transition that alone takes a token, which only one transition puts there, becomes part of
that one (fusion of series transitions): what splits work is the step before it.
"""

from __future__ import annotations

from thalweg.process.models.petri import PetriNet, Transition, Weighted


def reduce_silent(net: PetriNet, *, keep_faults: bool = False) -> PetriNet:
    """The same visible language with fewer silent transitions.

    Takes    any net; markings and weights are kept. keep_faults: neither put off a choice to
             where other tokens take part, which may free a net from getting stuck, nor take out a
             place that no token ever reaches.
    Returns  places and transitions in the order they had, with the names they had; of two merged
             places the name of the first or final place stays, else that of the earlier one.
    Source   Murata (1989), Petri Nets: Properties, Analysis and Applications, section V.
    """
    return _Reduction(net, keep_faults).result()


def reduce_silent_with_steps(net: PetriNet) -> tuple[PetriNet, tuple[int, ...]]:
    """``reduce_silent``, and what became of each transition: its new number, or -1.

    A run of the net is one of the reduced net once its transitions are renumbered and those that
    became -1 are left out.
    """
    reduction = _Reduction(net, keep_faults=False)
    return reduction.result(), reduction.steps()


class _Reduction:
    def __init__(self, net: PetriNet, keep_faults: bool) -> None:
        self.net, self.keep_faults = net, keep_faults
        self.label = [t.label for t in net.transitions]
        self.inputs = [dict(t.inputs) for t in net.transitions]
        self.outputs = [dict(t.outputs) for t in net.transitions]
        self.alive = [True] * len(net.transitions)
        self.same_as: dict[int, int] = {}
        self.initial = list(net.initial)
        self.finals = [list(final) for final in net.finals]
        self.gone: set[int] = set()
        self.into: list[set[int]] = [set() for _ in net.places]
        self.out_of: list[set[int]] = [set() for _ in net.places]
        for t in range(len(net.transitions)):
            for p in self.inputs[t]:
                self.out_of[p].add(t)
            for p in self.outputs[t]:
                self.into[p].add(t)

    def result(self) -> PetriNet:
        changed = True
        while changed:
            changed = self._drop_doubles()
            for t in range(len(self.label)):
                silent = self.alive[t] and self.label[t] is None
                if silent and (self._fuse(t) or self._follow(t)):
                    changed = True
        return self._rebuilt()

    def steps(self) -> tuple[int, ...]:
        alive = [t for t, kept in enumerate(self.alive) if kept]
        number = {t: at for at, t in enumerate(alive)}

        def became(t: int) -> int:
            while t in self.same_as:
                t = self.same_as[t]
            return number.get(t, -1)

        return tuple(map(became, range(len(self.alive))))

    def _drop_doubles(self) -> bool:
        """Take out silent transitions that change nothing or do what another one does."""
        seen: dict[tuple[Weighted, Weighted], int] = {}
        changed = False
        for t in range(len(self.label)):
            if not self.alive[t] or self.label[t] is not None:
                continue
            key = _weighted(self.inputs[t]), _weighted(self.outputs[t])
            if key in seen or (key[0] == key[1] and len(key[0]) == 1):
                self._remove(t)
                changed = True
            if key in seen:
                self.same_as[t] = seen[key]
            else:
                seen[key] = t
        return changed

    def _fuse(self, t: int) -> bool:
        if list(self.inputs[t].values()) != [1] or list(self.outputs[t].values()) != [1]:
            return False
        (p,), (q,) = self.inputs[t], self.outputs[t]
        if p == q or not self._may_fuse(t, p, q):
            return False
        self._remove(t)
        keep, drop = (p, q) if (p < q or self.initial[p]) and not self._final(q) else (q, p)
        self._move(drop, keep)
        return True

    def _follow(self, t: int) -> bool:
        """Let the one transition that a silent one must follow do its work as well."""
        if list(self.inputs[t].values()) != [1]:
            return False
        (p,) = self.inputs[t]
        before = self.into[p] - {t}
        marked = self.initial[p] or self._final(p)
        if marked or self.out_of[p] != {t} or len(before) != 1 or len(self.into[p]) != 1:
            return False
        (first,) = before
        if self.outputs[first][p] != 1:
            return False
        outputs = self.outputs[t]
        self._remove(t)
        del self.outputs[first][p]
        for place, weight in outputs.items():
            self.outputs[first][place] = self.outputs[first].get(place, 0) + weight
            self.into[place].add(first)
        self.into[p].clear()
        self.gone.add(p)
        return True

    def _may_fuse(self, t: int, p: int, q: int) -> bool:
        if self._final(p) or (self.initial[p] and self._final(q)):
            return False
        if self.keep_faults and not self.into[p] and not self.initial[p]:
            return False
        only_way_out = self.out_of[p] == {t}
        only_way_in = self.into[q] == {t} and not self.initial[q]
        if (
            only_way_in
            and not (self._final(q) and not only_way_out)
            and self._free(q, only_way_out)
        ):
            return True
        return only_way_out and not (self.initial[p] and self.into[q] != {t})

    def _free(self, place: int, no_choice: bool) -> bool:
        """Whether putting off the choice before a place leaves what can get stuck."""
        alone = [list(self.inputs[t].items()) == [(place, 1)] for t in self.out_of[place]]
        leads_on = bool(alone) or self._final(place)
        return no_choice or not self.keep_faults or (leads_on and all(alone))

    def _final(self, place: int) -> bool:
        return any(final[place] for final in self.finals)

    def _remove(self, t: int) -> None:
        self.alive[t] = False
        for p in self.inputs[t]:
            self.out_of[p].discard(t)
        for p in self.outputs[t]:
            self.into[p].discard(t)

    def _move(self, drop: int, keep: int) -> None:
        for ways, arcs in ((self.into, self.outputs), (self.out_of, self.inputs)):
            for t in ways[drop]:
                arcs[t][keep] = arcs[t].get(keep, 0) + arcs[t].pop(drop)
                ways[keep].add(t)
            ways[drop].clear()
        for marking in (self.initial, *self.finals):
            marking[keep] += marking[drop]
            marking[drop] = 0
        self.gone.add(drop)

    def _rebuilt(self) -> PetriNet:
        places = [p for p in range(len(self.net.places)) if p not in self.gone]
        number = {place: at for at, place in enumerate(places)}
        transitions = tuple(
            Transition(
                self.net.transitions[t].id,
                self.label[t],
                _weighted({number[p]: weight for p, weight in self.inputs[t].items()}),
                _weighted({number[p]: weight for p, weight in self.outputs[t].items()}),
            )
            for t in range(len(self.label))
            if self.alive[t]
        )
        return PetriNet(
            tuple(self.net.places[p] for p in places),
            transitions,
            tuple(self.initial[p] for p in places),
            tuple(tuple(final[p] for p in places) for final in self.finals),
            self.net.name,
        )


def _weighted(arcs: dict[int, int]) -> Weighted:
    return tuple(sorted(arcs.items()))
