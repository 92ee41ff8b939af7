"""Which choice counts after which history: routing as an automaton of suffixes.

A state is the longest end of an object's history that some ``after`` begins with; all that any
choice can ask of the history is in it (Aho and Corasick 1975).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from thalweg.redesign.model.model import END, START, Choice, Flow

Context = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """The routing of one flow.

    states       ends of histories; choices: by end of history and class.
    """

    states: tuple[Context, ...]
    number: dict[Context, int]
    choices: dict[tuple[Context, str | None], Choice]

    @property
    def start(self) -> int:
        return self.number[self._longest((START,))]

    def move(self, state: int, activity: str) -> int:
        """The state after one more activity."""
        return self.number[self._longest((*self.states[state], activity))]

    def choice(self, state: int, of_class: str | None) -> Choice | None:
        """The choice that counts: of the longest history, and there the one for the class."""
        context = self.states[state]
        while context:
            for asked in (of_class, None):
                found = self.choices.get((context, asked))
                if found is not None:
                    return found
            context = context[1:]
        return None

    def after(self, history: Iterable[str]) -> int:
        """The state of an object that did these activities from its beginning."""
        state = self.start
        for activity in history:
            state = self.move(state, activity)
        return state

    def reached(self, classes: Iterable[str | None]) -> dict[tuple[int, str | None], Choice | None]:
        """The choices that objects of these classes can come to; None where there is none."""
        found: dict[tuple[int, str | None], Choice | None] = {}
        for of_class in classes:
            waiting = [self.start]
            while waiting:
                state = waiting.pop()
                if (state, of_class) in found:
                    continue
                choice = found[state, of_class] = self.choice(state, of_class)
                for name, share in (choice.next if choice else {}).items():
                    if share > 0 and name != END:
                        waiting.append(self.move(state, name))
        return found

    def _longest(self, context: Context) -> Context:
        while context not in self.number:
            context = context[1:]
        return context


def automaton(flow: Flow) -> Automaton:
    """The automaton of a flow's choices; of two choices for the same, the later counts."""
    states: list[Context] = [()]
    number: dict[Context, int] = {(): 0}
    for choice in flow.routing:
        for length in range(1, len(choice.after) + 1):
            context = choice.after[:length]
            if context not in number:
                number[context] = len(states)
                states.append(context)
    choices = {(choice.after, choice.of_class): choice for choice in flow.routing}
    return Automaton(tuple(states), number, choices)
