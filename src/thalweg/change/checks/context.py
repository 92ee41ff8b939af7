"""What checks may know beyond the design itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from thalweg.change.estimates.estimate import Estimate
from thalweg.change.frame import Floats, Panel, Rollout


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Takes    estimate: the effect as it will be told; None: imputation with a jackknife.
    second: the same by another estimator, for the agreement of the two.
    exposure: (N, N) how much the unit of a row deals with the unit of a column (objects
    or money shared), none with itself; None where the records link no units.
    traits: (N, T) each, what the objects of a cell are like (mean size, share of a kind).
    placebo_outcomes: panels of the same units that the intervention cannot move.
    others: other interventions at the same units.
    level: share of false alarms of a single question.
    seed: of the sign flips and of the placebo units.
    """

    estimate: Estimate | None = None
    second: Estimate | None = None
    exposure: Floats | None = None
    traits: dict[str, Floats] = field(default_factory=dict)
    placebo_outcomes: tuple[Panel, ...] = ()
    others: tuple[Rollout, ...] = ()
    seed: int = 0
