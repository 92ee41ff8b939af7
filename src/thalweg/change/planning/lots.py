"""Who is drawn with whom: units or groups of them, within strata, under what binds them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.change.frame import Floats, Ints, Mask
from thalweg.change.planning.noise import Noise
from thalweg.change.planning.plan import BASELINE_TRAITS, RolloutPlan
from thalweg.errors import RequestError

Trait = Sequence[str | float | None]
UNKNOWN, LATE, MERGED = "?", "late", "others"
_MOST_GROUPS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """What is drawn: L lots, each a unit or a group of units.

    member  (N,) lot of each unit.
    stratum (L,) number of the stratum of each lot; names: of the strata.
    counts  (S, W + 1) lots of a stratum by wave, controls last.
    merged  lots whose own stratum was too small and that are drawn together.
    """

    member: Ints
    stratum: Ints
    names: tuple[str, ...]
    counts: Ints
    merged: int

    @property
    def assignments(self) -> float:
        """Natural logarithm of how many different assignments there are."""
        whole = sum(math.lgamma(int(n) + 1) for n in self.counts.sum(axis=1))
        return whole - sum(math.lgamma(int(n) + 1) for n in self.counts.ravel())


def labels(trait: Trait) -> list[str]:
    """Groups of a trait: texts as they are, numbers cut at their median."""
    numbers = [x for x in trait if isinstance(x, int | float) and math.isfinite(x)]
    if numbers and not any(isinstance(x, str) for x in trait):
        middle = float(np.median(numbers))
        return [
            UNKNOWN
            if x is None or not math.isfinite(float(x))
            else "≤"
            if float(x) <= middle
            else ">"
            for x in trait
        ]
    return [UNKNOWN if x is None else str(x) for x in trait]


def baseline_traits(scaled: Floats, noise: Noise) -> dict[str, Floats]:
    """Level, trend (per period) and noise of each unit, on the scale of estimation."""
    at = np.arange(scaled.shape[1], dtype=float)
    known = np.isfinite(scaled)
    count = np.maximum(known.sum(axis=1), 1)
    level = np.where(known, scaled, 0).sum(axis=1) / count
    middle = (known * at).sum(axis=1) / count
    away = np.where(known, at[None, :] - middle[:, None], 0.0)
    rise = (away * np.nan_to_num(scaled - level[:, None])).sum(axis=1)
    trend = rise / np.maximum((away**2).sum(axis=1), 1e-12)
    return dict(zip(BASELINE_TRAITS, (level, trend, noise.sd), strict=True))


def group_numbers(trait: Trait) -> Ints:
    """(N,) number of each unit's group; units without a value are groups of their own."""
    place: dict[str, int] = {}
    return np.array(
        [
            place.setdefault(f"={x}" if x is not None else f"?{n}", len(place))
            for n, x in enumerate(trait)
        ],
        dtype=np.int64,
    )


def find_trait(name: str, traits: Mapping[str, Trait]) -> Trait:
    """A trait by name.

    Raises   RequestError: there is no such trait.
    """
    if name not in traits:
        known = ", ".join(sorted(traits)) or "none"
        raise RequestError(
            f"There is no trait {name!r} of units. Known: {known}. Traits come from the table of "
            "parties; level, trend and noise from the baseline."
        )
    return traits[name]


def gather_lots(
    plan: RolloutPlan, traits: Mapping[str, Trait], size: Ints, late: Mask, group: Ints | None
) -> Lots:
    """Lots, their strata, and how many of each stratum begin in each wave.

    Takes    traits: by name a value for each unit. size: (W + 1,) units by wave, controls last.
             late: (N,). group: (N,) number of the group that begins together, or None.
    """
    units = len(late)
    member = np.arange(units) if group is None else group
    lots = int(member.max()) + 1
    first = np.array([int(np.flatnonzero(member == n)[0]) for n in range(lots)])
    bound = np.array([bool(late[member == n].any()) for n in range(lots)])
    names = _stratum_names(plan, traits, first)
    names = [LATE if is_late else name for name, is_late in zip(names, bound, strict=True)]
    sizes = size if group is None else _scaled(size, lots)
    names, merged = _without_small(names, int((sizes > 0).sum()))
    known = sorted(set(names), key=lambda name: (name == LATE, name == MERGED, name))
    stratum = np.array([known.index(name) for name in names])
    counts = _deal(sizes, np.bincount(stratum, minlength=len(known)), known)
    return Lots(member, stratum, tuple(known), counts, merged)


def _stratum_names(plan: RolloutPlan, traits: Mapping[str, Trait], first: Ints) -> list[str]:
    columns = []
    if plan.drawing != "simple":
        for name in plan.stratify:
            own = labels([find_trait(name, traits)[int(n)] for n in first])
            if len(set(own)) > max(_MOST_GROUPS, 1):
                raise RequestError(
                    f"The trait {name!r} has {len(set(own))} values; strata take up to "
                    f"{_MOST_GROUPS}. Name a coarser one."
                )
            columns.append([f"{name}={value}" if value in "≤>?" else value for value in own])
    return [", ".join(parts) for parts in zip(*columns, strict=True)] or [""] * len(first)


def _without_small(names: list[str], fewest: int) -> tuple[list[str], int]:
    """Strata with fewer lots than there are waves are drawn together."""
    small = {name for name in set(names) if name not in (LATE, "") and names.count(name) < fewest}
    rest = [MERGED if name in small else name for name in names]
    others = sorted({name for name in rest if name not in (LATE, MERGED)}, key=rest.count)
    if 0 < rest.count(MERGED) < fewest and others:
        rest = [MERGED if name == others[0] else name for name in rest]
    if not small:
        return names, 0
    return rest, rest.count(MERGED)


def _scaled(size: Ints, lots: int) -> Ints:
    """Lots by wave in the proportions of the units by wave, at least one where there are units."""
    least = (size > 0).astype(np.int64)
    if lots < least.sum():
        raise RequestError(
            f"{lots} groups begin together, too few for {int(least.sum())} dates (controls count as "
            "one). Plan fewer waves, or draw by a finer trait."
        )
    return least + _rounded(size * (lots - least.sum()) / size.sum(), int(lots - least.sum()))


def _rounded(share: Floats, total: int) -> Ints:
    """Whole numbers nearest to shares, with a given sum (largest remainders)."""
    whole = np.floor(share + 1e-9).astype(np.int64)
    order = np.argsort(-(share - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _deal(size: Ints, strata: Ints, names: Sequence[str]) -> Ints:
    """(S, W + 1): every stratum gets its part of every wave, as even as whole lots allow."""
    left = size.copy()
    counts = np.zeros((len(strata), len(size)), dtype=np.int64)
    if LATE in names:
        number = int(strata[names.index(LATE)])
        later = left * (np.arange(len(size)) > 0)
        if later.sum() < number:
            raise RequestError(
                f"{number} units may not begin with the first wave, but only {int(later.sum())} "
                "places come later. Plan more waves or controls, or bind fewer units."
            )
        own = np.minimum(_rounded(later * number / later.sum(), number), later)
        counts[names.index(LATE)] = own
        left = left - own
    sequence = _spread(left)
    at = 0
    for number, lots in enumerate(strata):
        if names[number] != LATE:
            counts[number] = np.bincount(sequence[at : at + lots], minlength=len(size))
            at += int(lots)
    return counts


def _spread(size: Ints) -> Ints:
    """Wave numbers in an order of which every stretch holds all waves in proportion."""
    place = np.concatenate([(np.arange(n) + 0.5) / max(n, 1) for n in size])
    wave = np.repeat(np.arange(len(size)), size)
    return np.asarray(wave[np.lexsort((wave, place))])
