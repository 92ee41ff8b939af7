"""What is asked of the panels: each intervention against each outcome, with all that a check needs.

Outcomes that an intervention names (its layers) and the whole flow are headlines; shares, counts
and values are relevant; layers that it doesn't name should not move, and are placebos.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from thalweg.change.answers.figures import (
    canonical_order,
    reordered,
    reordered_panel,
    reordered_rollout,
    seed_of,
)
from thalweg.change.answers.traits import Trait
from thalweg.change.checks.context import Context
from thalweg.change.frame import Design, Floats, Outcome, Rollout

Role = Literal["headline", "relevant", "placebo", "other"]
ROLES: tuple[Role, ...] = ("headline", "relevant", "other", "placebo")
"""In the order in which they are told."""
MECHANISM = ("wait", "pair")
"""Kinds of outcomes that say how an effect came about, and aren't effects of their own."""


@dataclass(frozen=True, slots=True)
class About:
    """An intervention as recorded: layers it names are ids of the profile."""

    id: str
    name: str
    kind: str | None
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One intervention against one outcome; units in an order that doesn't depend on names."""

    about: About
    role: Role
    design: Design
    context: Context
    traits: Mapping[str, Trait] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        return self.design.panel.outcome


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What is known beside the panels, in the order of their units.

    exposure  (N, N) see ``Context``. cell_traits: (N, T) each. traits: of the parties, N each.
    """

    exposure: Floats | None = None
    cell_traits: dict[str, Floats] = field(default_factory=dict)
    traits: Mapping[str, Trait] = field(default_factory=dict)


def role_of(outcome: Outcome, about: About) -> Role:
    """How an outcome stands to an intervention."""
    if outcome.kind == "flow":
        return "headline"
    if outcome.kind == "layer":
        if not about.layers:
            return "relevant"
        return "headline" if outcome.layer in about.layers else "placebo"
    return "other" if outcome.kind in MECHANISM else "relevant"


def question_of(
    about: About,
    design: Design,
    placebos: Mapping[str, Design],
    others: tuple[Rollout, ...],
    around: Surroundings,
    seed: int,
) -> Question:
    """One question with what its checks may know.

    Takes    placebos: the same roll-out on the layers that the intervention doesn't name, by name
             of outcome, whatever was asked to be shown.
    """
    outcome = design.panel.outcome
    order = canonical_order(design)
    exposure = around.exposure
    context = Context(
        exposure=None if exposure is None else exposure[order][:, order],
        traits={name: values[order] for name, values in around.cell_traits.items()},
        placebo_outcomes=tuple(
            reordered_panel(other.panel, order)
            for name, other in sorted(placebos.items())
            if name != outcome.name
        ),
        others=tuple(reordered_rollout(one, order) for one in others),
        seed=seed_of(seed, about.id, outcome.name, "checks"),
    )
    traits = {name: [values[k] for k in order] for name, values in around.traits.items()}
    return Question(about, role_of(outcome, about), reordered(design, order), context, traits)
