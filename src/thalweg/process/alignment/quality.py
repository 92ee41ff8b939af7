"""Quality of a model: fitness, precision, generalisation, simplicity.

Buijs, van Dongen and van der Aalst (2014) name the four. No one figure says whether a model is
good: one that allows everything fits, one that lists every case is precise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thalweg.errors import RequestError
from thalweg.process.alignment.alignments import (
    MAX_SECONDS,
    MAX_STATES,
    TOTAL_SECONDS,
    Alignments,
    align,
)
from thalweg.process.alignment.fitness import Fitness, measure_fitness
from thalweg.process.alignment.precision import (
    Precision,
    measure_aligned_precision,
    measure_precision,
)
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.weighted import WeightedVariants

LEAST_SAMPLE = 100
"""Objects below which a normal interval is not to be trusted."""
EASY_DEGREE = 2.0
"""Mean number of arcs at a place or transition that a simple sequence has."""


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """The figures of one model.

    precision: over the prefixes that the model can follow. precision_aligned: over the runs that
    the objects are aligned with. f1: harmonic mean of log fitness and precision. Without a figure,
    ``missing`` says why. objects: all; sampled: those aligned.
    """

    fitness: Fitness
    precision: Precision | None
    precision_aligned: Precision | None
    generalisation: float | None
    simplicity: float
    f1: float | None
    objects: int
    sampled: int
    missing: dict[str, str]
    alignments: Alignments

    def to_json(self) -> dict[str, object]:
        precision, aligned = self.precision, self.precision_aligned
        return {
            "fitness": self.fitness.to_json(),
            "precision": None if precision is None else precision.value,
            "followed_share": None if precision is None else precision.followed_share,
            "precision_aligned": None if aligned is None else aligned.value,
            "generalisation": self.generalisation,
            "simplicity": self.simplicity,
            "f1": self.f1,
            "objects": self.objects,
            "sampled": self.sampled,
            "missing": self.missing,
        }


def model_quality(
    net: PetriNet,
    variants: WeightedVariants,
    *,
    sample: int | None = None,
    seed: int = 0,
    max_states: int = MAX_STATES,
    max_seconds: float = MAX_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    tree: ProcessTree | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Quality:
    """The quality of a net as a model of the variants.

    Takes    sample: align this many objects, drawn at random with ``seed``, and not all; precision
             still uses all. The figures that a sample would bias are then missing.
             max_states, max_seconds, total_seconds, tree, threads, progress: as in ``align``.
    Raises   RequestError: no objects, a sample that is too small, or what ``align`` refuses.
    """
    objects = variants.objects
    if objects == 0:
        raise RequestError("There are no objects to judge the model by. Widen the filters.")
    aligned, missing = variants, dict[str, str]()
    if sample is not None and sample < objects:
        aligned = _draw(variants, sample, seed)
    alignments = align(
        net,
        aligned,
        max_states=max_states,
        max_seconds=max_seconds,
        total_seconds=total_seconds,
        tree=tree,
        threads=threads,
        progress=progress,
    )
    whole = aligned is variants
    fitness = measure_fitness(alignments, None if whole else objects)
    precision = measure_precision(net, variants, tree)
    after, generalisation = None, None
    if precision is None:
        missing["precision"] = "too_many_markings"
    if not whole:
        missing["generalisation"] = missing["precision_aligned"] = "biased_by_sample"
    else:
        generalisation = measure_generalisation(net, alignments)
        fits = not alignments.high.any()
        after = precision if fits else measure_aligned_precision(net, variants, alignments, tree)
        if after is None:
            missing["precision_aligned"] = "too_many_markings"
    exact = None if precision is None else precision.value
    if precision is not None and exact is None:
        missing["precision"] = "no_prefix_followed"
    if exact is None:
        missing["f1"] = "no_precision"
    return Quality(
        fitness=fitness,
        precision=precision,
        precision_aligned=after,
        generalisation=generalisation,
        simplicity=measure_simplicity(net),
        f1=None if exact is None else harmonic_mean(fitness.log.value, exact),
        objects=objects,
        sampled=aligned.objects,
        missing=missing,
        alignments=alignments,
    )


def _draw(variants: WeightedVariants, sample: int, seed: int) -> WeightedVariants:
    """A simple random sample of objects, without replacement."""
    if sample < LEAST_SAMPLE:
        raise RequestError(
            f"A sample of {sample:,} objects says too little about {variants.objects:,}."
            f" Ask for {LEAST_SAMPLE} or more, or for all."
        )
    chance = np.random.default_rng(seed)
    drawn = chance.multivariate_hypergeometric(variants.count, sample, method="marginals")
    kept = np.flatnonzero(drawn)
    lengths = np.diff(variants.offsets)[kept]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    at = np.arange(offsets[-1]) + np.repeat(variants.offsets[kept] - offsets[:-1], lengths)
    return WeightedVariants(variants.names, offsets, variants.codes[at], drawn[kept])


def measure_generalisation(net: PetriNet, alignments: Alignments) -> float:
    """1 − mean over transitions of 1/√(times executed); 1/√ counts as 1 for one never executed.

    Source   Buijs, van Dongen and van der Aalst 2014, with the executions of the alignments.
    """
    if not net.transitions:
        return 0.0
    weight = np.repeat(alignments.count, np.diff(alignments.offsets))
    fired = alignments.transition >= 0
    times = np.bincount(
        alignments.transition[fired], weights=weight[fired], minlength=len(net.transitions)
    )
    return float(1 - np.mean(1 / np.sqrt(np.maximum(times, 1))))


def measure_simplicity(net: PetriNet) -> float:
    """1 / (1 + excess), the excess of the mean number of arcs at a node over two.

    Source   Inverse arc degree, Blum 2015.
    """
    nodes = len(net.places) + len(net.transitions)
    degree = 2 * net.arcs / nodes if nodes else 0.0
    return 1 / (1 + max(degree - EASY_DEGREE, 0.0))


def harmonic_mean(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other > 0 else 0.0
