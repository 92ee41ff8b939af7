"""Who gains more: the effect by traits of the parties, and whether the difference is more than chance.

Each treated unit's mean effect (``cells``) is compared within the units that began together, so
that a longer time under treatment is not taken for a trait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from thalweg.change.estimates.cells import cells_of
from thalweg.change.frame import Design, Floats, Mask

FEWEST_IN_GROUP = 4
MOST_GROUPS = 6
Trait = Sequence[str | float | None]


@dataclass(frozen=True, slots=True)
class TraitEffect:
    """The effect on the treated units of one group, and how it differs from that on the others."""

    trait: str
    group: str
    units: int
    att: float | None
    se: float | None
    low: float | None
    high: float | None
    difference: float | None
    difference_se: float | None
    p: float | None
    refused: str | None = None


def by_traits(
    design: Design, traits: Mapping[str, Trait], confidence: float = 0.95
) -> list[TraitEffect]:
    """The effect by each trait's groups.

    Takes    traits: by name a value for each unit of the design; None is unknown. Numbers are cut
             at the median of the treated units, texts are groups as they are.
    Returns  a row per group, for traits with two to ``MOST_GROUPS`` groups among the treated units;
             ``refused`` is few_in_group where the group or the others are fewer than four units.
    Source   Regression of the units' mean effects on cohort and group, weighted by treated cells,
             with HC3 errors and a t law (MacKinnon and White, 1985; Long and Ervin, 2000).
    """
    effect, count = cells_of(design).by_unit()
    of_use = np.isfinite(effect)
    rows: list[TraitEffect] = []
    for trait in sorted(traits):
        label = _labels(traits[trait], of_use)
        names = sorted({name for name, kept in zip(label, of_use, strict=True) if kept and name})
        if not 2 <= len(names) <= MOST_GROUPS:
            continue
        known = of_use & np.array([name != "" for name in label])
        for name in names:
            inside = np.array([one == name for one in label])[known]
            rows.append(
                _row(
                    (trait, name),
                    inside,
                    effect[known],
                    count[known].astype(np.float64),
                    design.rollout.start[known],
                    confidence,
                )
            )
    return rows


def _labels(values: Trait, of_use: Mask) -> list[str]:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    known = [v for v in values if v is not None]
    if not known or len(numbers) < len(known) or len(set(numbers)) <= MOST_GROUPS:
        return ["" if v is None else str(v) for v in values]
    among = [
        float(v)
        for v, kept in zip(values, of_use, strict=True)
        if kept and isinstance(v, int | float)
    ]
    middle = float(np.median(among)) if among else 0.0
    return [
        "" if v is None else (f"≤ {middle:g}" if float(v) <= middle else f"> {middle:g}")
        for v in values
    ]


def _row(
    name: tuple[str, str],
    inside: Mask,
    effect: Floats,
    cells: Floats,
    cohort: NDArray[np.int64],
    confidence: float,
) -> TraitEffect:
    units = int(inside.sum())
    if min(units, int((~inside).sum())) < FEWEST_IN_GROUP:
        return TraitEffect(*name, units, *(None,) * 7, refused="few_in_group")
    att, se = _mean(effect[inside], cells[inside])
    reach = float(stats.t.ppf(0.5 + confidence / 2, units - 1)) * se
    gap = _difference(inside, effect, cells, cohort)
    if gap is None:
        return TraitEffect(
            *name, units, att, se, att - reach, att + reach, None, None, None, "began_together"
        )
    return TraitEffect(*name, units, att, se, att - reach, att + reach, *gap)


def _mean(effect: Floats, cells: Floats) -> tuple[float, float]:
    """Mean over cells, and its error over units (units are independent, their cells are not)."""
    share = cells / cells.sum()
    att = float(share @ effect)
    spread = float(np.sum((share * (effect - att) / (1 - share)) ** 2))
    return att, float(np.sqrt(spread))


def _difference(
    inside: Mask, effect: Floats, cells: Floats, cohort: NDArray[np.int64]
) -> tuple[float, float, float] | None:
    """Group less others within cohorts: difference, error, p.

    Only cohorts that hold both say anything; None where those hold too few of either.
    """
    kinds = [k for k in np.unique(cohort) if 0 < inside[cohort == k].sum() < (cohort == k).sum()]
    mixed = np.isin(cohort, kinds)
    inside, effect, cells, cohort = inside[mixed], effect[mixed], cells[mixed], cohort[mixed]
    if min(int(inside.sum()), int((~inside).sum())) < FEWEST_IN_GROUP:
        return None
    x = np.column_stack([inside.astype(float), *[(cohort == k).astype(float) for k in kinds]])
    root = np.sqrt(cells)
    rows, target = x * root[:, None], effect * root
    free = len(target) - x.shape[1]
    if free < 2 or np.linalg.matrix_rank(rows) < x.shape[1]:
        return None
    inverse = np.linalg.inv(rows.T @ rows)
    slope = inverse @ (rows.T @ target)
    lever = np.einsum("ij,jk,ik->i", rows, inverse, rows)
    # A unit alone in its cohort fits itself and says nothing of the difference.
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.where(lever < 1 - 1e-9, (target - rows @ slope) / (1 - lever), 0.0)
    scores = rows * alone[:, None]
    se = float(np.linalg.norm(scores @ inverse[0]))
    if not se > 0:
        return None
    p = 2 * float(stats.t.sf(abs(slope[0]) / se, free))
    return float(slope[0]), se, p
