"""A study of the comparison on records with a known truth: coverage, false discoveries, power.

Two groups of synthetic objects run through the same routing with log-normal waits that share an
object effect, so that waits of one object are alike. In some pairs the second group's waits are
longer by a known factor; all other differences are null.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from thalweg.process.chunks import SECOND_NS
from thalweg.process.compare import path_contrasts
from thalweg.process.contrasts import Contrast, adjusted
from thalweg.process.pairs import Sequences

STEPS = 12
SPREAD, OBJECT_SPREAD = 0.8, 0.4
MEASURES = ("objects_share", "per_object", "mean_s", "median_s")


@dataclass(frozen=True, slots=True)
class CompareStudy:
    """What the study found.

    coverage: by measure, how often the interval held the truth. false_discovery_rate: mean over
    runs of the false part of what was called different. power: part of true differences found; NaN
    where nothing differs.
    """

    runs: int
    coverage: dict[str, float]
    false_discovery_rate: float
    power: float


def compare_study(
    runs: int, objects: int, seed: int, *, factor: float = 1.5, confidence: float = 0.95
) -> CompareStudy:
    """Compare ``runs`` pairs of groups of ``objects`` each."""
    streams = np.random.SeedSequence(seed).spawn(runs)
    held: dict[str, list[bool]] = {measure: [] for measure in MEASURES}
    false_parts: list[float] = []
    found_parts: list[bool] = []
    names = [f"s{k:02d}" for k in range(STEPS)]
    for stream in streams:
        rng = np.random.default_rng(stream)
        left, right = _group(rng, objects, 1.0), _group(rng, objects, factor)
        rows = [r for r in path_contrasts(left, right, names, confidence) if not np.isnan(r[1].p)]
        q = np.array(adjusted([c.p for _, c in rows]))
        real = np.array([_truth(about, factor) != 0 for about, _ in rows])
        called = q <= 0.05
        false_parts.append((called & ~real).sum() / max(called.sum(), 1))
        found_parts += called[real].tolist()
        for about, contrast in rows:
            held[about[2]].append(_covers(contrast, _truth(about, factor)))
    return CompareStudy(
        runs=runs,
        coverage={measure: float(np.mean(hits)) for measure, hits in held.items()},
        false_discovery_rate=float(np.mean(false_parts)),
        power=float(np.mean(found_parts)) if found_parts else nan,
    )


def _covers(contrast: Contrast, truth: float) -> bool:
    return contrast.low <= truth <= contrast.high


def _slower(source: int) -> bool:
    """Waits after every fourth step take longer in the second group."""
    return source % 4 == 0


def _truth(about: tuple[str, str, str], factor: float) -> float:
    """The true difference of a measure."""
    if not _slower(int(about[0][1:])) or about[2] in ("objects_share", "per_object"):
        return 0.0
    median = 3_600.0
    variance = SPREAD**2 + OBJECT_SPREAD**2
    base = median if about[2] == "median_s" else median * float(np.exp(variance / 2))
    return base * (factor - 1)


def _group(rng: np.random.Generator, objects: int, factor: float) -> Sequences:
    """Objects that go round the steps in order, skipping some, up to three rounds."""
    rounds = rng.integers(1, 4, objects)
    keep = rng.random((objects, 3, STEPS)) < 0.8
    keep[np.arange(3)[None, :] >= rounds[:, None]] = False
    keep[:, 0, 0] = True
    owner, _, code = np.nonzero(keep)
    effect = np.exp(rng.normal(0, OBJECT_SPREAD, objects))
    gap = 3_600 * np.exp(rng.normal(0, SPREAD, len(code))) * effect[owner]
    before = np.concatenate(([0], code[:-1]))
    gap *= np.where(before % 4 == 0, factor, 1.0)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=objects))))
    times = np.cumsum((gap * SECOND_NS).astype(np.int64))
    return Sequences.of(offsets.astype(np.int64), code.astype(np.uint8), times, STEPS)
