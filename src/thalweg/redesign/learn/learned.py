"""What was learned: a model, its copies on resampled objects, and what the records cannot carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from thalweg.redesign.model.model import Model

Weight = Literal["refused", "warned", "told"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the records cannot carry, as a code with figures.

    weight   refused: no what-if is answered. warned: answered, with the doubt told beside it.
    about    activity, pool or kind of change that it concerns; None: the whole.
    """

    code: str
    weight: Weight
    about: str | None = None
    figures: dict[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """copies: models refitted on objects drawn anew, the same structure with other numbers.
    fit: how the model reproduces what it was learned from (mean cycle time observed and simulated,
    by activity the waits observed and simulated), as figures for people and tests."""

    model: Model
    copies: tuple[Model, ...]
    doubts: tuple[Doubt, ...]
    fit: dict[str, Any]
    fingerprint: str

    @property
    def refused(self) -> tuple[Doubt, ...]:
        return tuple(one for one in self.doubts if one.weight == "refused")
