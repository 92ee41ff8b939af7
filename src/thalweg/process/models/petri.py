"""Petri nets with one initial and one or more final markings."""

from __future__ import annotations

from dataclasses import dataclass, field

Weighted = tuple[tuple[int, int], ...]
"""Places by number, each with the weight of the arc, in order of places."""


@dataclass(frozen=True, slots=True)
class Transition:
    """inputs, outputs: places with arc weights. A label of None makes the transition silent."""

    id: str
    label: str | None
    inputs: Weighted
    outputs: Weighted


@dataclass(frozen=True, slots=True)
class PetriNet:
    """Places are numbered by their position. A marking gives tokens place by place.

    finals: markings in which the process is complete; any of them will do.
    assumed: codes of what the model that the net was made from did not say.
    """

    places: tuple[str, ...]
    transitions: tuple[Transition, ...]
    initial: tuple[int, ...]
    finals: tuple[tuple[int, ...], ...]
    name: str = "net"
    assumed: tuple[str, ...] = field(default=(), compare=False)

    @property
    def arcs(self) -> int:
        return sum(len(t.inputs) + len(t.outputs) for t in self.transitions)

    def labels(self) -> set[str]:
        """Names of all activities in the net."""
        return {t.label for t in self.transitions if t.label is not None}
