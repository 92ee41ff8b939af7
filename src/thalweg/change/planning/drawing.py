"""Drawing by lot: uniform over the assignments that the strata and the baseline admit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from thalweg.change.frame import Floats, Ints, Mask
from thalweg.change.planning.lots import Lots
from thalweg.errors import RequestError

ACCEPTED = 0.05
"""Part of all drawings that is admitted: those that leave the baseline the least difference."""
FEWEST_ADMITTED = 400
"""So many assignments are left wherever there are as many: a p-value needs others to compare."""
_TRIAL = 4_000
_BATCH = 2_000
_MOST_BATCHES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Which drawings are admitted.

    score     (N, W + 1, Q): what a unit adds to each of Q imbalances, by its wave.
    metric    (Q, Q): an imbalance v counts v' metric v; at most ``limit`` is admitted.
    toll      (N, W + 1) what a unit adds to that by its wave alone, or None.
    capacity  most units in one wave, or None.
    """

    score: Floats | None = None
    metric: Floats | None = None
    toll: Floats | None = None
    limit: float = math.inf
    capacity: int | None = None


def draw_labels(lots: Lots, count: int, rng: np.random.Generator) -> Ints:
    """(count, L) waves by lot, number of waves for controls: uniform within strata."""
    drawn = np.empty((count, len(lots.stratum)), dtype=np.int64)
    for number, row in enumerate(lots.counts):
        own = np.repeat(np.arange(len(row)), row)
        at = np.flatnonzero(lots.stratum == number)
        drawn[:, at] = rng.permuted(np.broadcast_to(own, (count, len(own))), axis=1)
    return drawn


def imbalance(rule: Rule, waves: Ints) -> Floats:
    """(K,) how much the baseline alone differs under each assignment (K, N) of waves."""
    if rule.score is None or rule.metric is None:
        return np.zeros(len(waves))
    units = np.arange(waves.shape[1])
    total = np.stack(
        [rule.score[units, waves, part].sum(axis=1) for part in range(rule.score.shape[2])], axis=1
    )
    found = np.einsum("kp,pq,kq->k", total, rule.metric, total)
    return np.asarray(found if rule.toll is None else found + rule.toll[units, waves].sum(axis=1))


def admitted(rule: Rule, waves: Ints, count: int) -> Mask:
    """(K,) truth values: whether each assignment is admitted; count: of waves."""
    kept = imbalance(rule, waves) <= rule.limit
    if rule.capacity is not None:
        for wave in range(count):
            kept &= (waves == wave).sum(axis=1) <= rule.capacity
    return np.asarray(kept)


def with_limit(rule: Rule, lots: Lots, seed: np.random.SeedSequence) -> Rule:
    """The rule with the limit that admits the best ``ACCEPTED`` of all drawings."""
    if rule.score is None:
        return rule
    trial = draw_labels(lots, _TRIAL, np.random.default_rng(seed))[:, lots.member]
    ways = math.exp(min(lots.assignments, 50.0))
    part = min(1.0, max(ACCEPTED, FEWEST_ADMITTED / ways))
    found = imbalance(rule, trial)
    limit = math.inf if part >= 1 else float(np.quantile(found, part)) * (1 + 1e-9)
    return replace(rule, limit=limit)


def draw(lots: Lots, rule: Rule, count: int, seed: np.random.SeedSequence) -> Ints:
    """(count, N) waves by unit, each uniform over what is admitted, independent of each other.

    Source   Morgan and Rubin (2012): draw until the imbalance is small enough.
    Raises   RequestError: next to nothing is admitted.
    """
    rng = np.random.default_rng(seed)
    kept: list[Ints] = []
    have = 0
    for _ in range(_MOST_BATCHES):
        waves = draw_labels(lots, _BATCH, rng)[:, lots.member]
        found = waves[admitted(rule, waves, lots.counts.shape[1] - 1)]
        kept.append(found)
        have += len(found)
        if have >= count:
            return np.concatenate(kept)[:count]
    raise RequestError(
        f"Of {_MOST_BATCHES * _BATCH:,} drawings {have} fit into the waves. Groups that begin "
        "together are too large for the units that can begin in one wave: raise it, or draw by a "
        "finer trait."
    )
