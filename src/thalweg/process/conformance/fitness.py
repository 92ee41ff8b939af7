"""Fitness: how far objects follow a model, as a whole and by group, with intervals and bounds."""

from __future__ import annotations

from math import sqrt

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.alignment.alignments import Alignments
from thalweg.process.alignment.fitness import variant_fitness
from thalweg.process.calendar import zone_of
from thalweg.process.chunks import Ints
from thalweg.process.conformance.rules.views import RuleView
from thalweg.process.contrasts import student, wilson
from thalweg.process.timeline import period_edges
from thalweg.process.variants import Variants
from thalweg.process.weighted import WeightedVariants
from thalweg.records.perspective import Perspective

CONFIDENCE = 0.95
_FIGURES = {
    "objects": pl.Int64,
    "events": pl.Int64,
    "cost_low": pl.Int64,
    "cost_high": pl.Int64,
    "fitness": pl.Float64,
    "fitness_bound": pl.Float64,
    "mean_fitness": pl.Float64,
    "mean_low": pl.Float64,
    "mean_high": pl.Float64,
    "fitting": pl.Int64,
    "fitting_share": pl.Float64,
    "fitting_low": pl.Float64,
    "fitting_high": pl.Float64,
    "capped": pl.Int64,
}
"""Columns of every row of fitness figures."""
_OF_VARIANT = ("events", "most", "cost_low", "cost_high", "fitness", "fitness_bound", "exact")


def object_fitness(looked: RuleView, aligned: Alignments, groups: Variants) -> pl.DataFrame:
    """One row per object: variant, cost_low, cost_high, fitness (of the alignment that is told),
    fitness_bound (no alignment fits better), exact, events, most (the cost of no match at all),
    finished.

    Fitness is ``1 − cost / (events + cost of the model's shortest run)``; 1 where both are empty.
    """
    most = aligned.lengths + aligned.model_cost
    by_variant = pl.DataFrame(
        {
            "cost_low": aligned.low,
            "cost_high": aligned.high,
            "fitness": variant_fitness(aligned, aligned.high),
            "fitness_bound": variant_fitness(aligned, aligned.low),
            "exact": aligned.exact,
            "events": aligned.lengths,
            "most": most,
        }
    )
    variant = groups.variant.astype(np.int64)
    frame = by_variant[variant] if len(variant) else by_variant.clear()
    return frame.with_columns(variant=pl.Series(variant), finished=pl.Series(looked.finished))


def fitness_rows(frame: pl.DataFrame, by: str | None = None) -> pl.DataFrame:
    """Figures of all objects, or of each group, in order of the group's name.

    Takes    frame: rows of ``object_fitness``, or one per group and variant with ``weight`` objects.
    """
    grouped = frame.with_columns(all_=pl.lit("")) if by is None else frame
    key = by or "all_"
    if "weight" not in frame.columns:
        grouped = grouped.group_by(key, "variant").agg(
            pl.len().alias("weight"), pl.col(_OF_VARIANT).first()
        )
    w = pl.col("weight").cast(pl.Float64)

    def mean(name: str) -> pl.Expr:
        return (pl.col(name) * w).sum() / w.sum()

    def spread(name: str) -> pl.Expr:
        return ((w * (pl.col(name) - mean(name)) ** 2).sum() / (w.sum() - 1)).sqrt()

    def total(name: str | pl.Expr) -> pl.Expr:
        of = pl.col(name) if isinstance(name, str) else name
        return (of.cast(pl.Int64) * pl.col("weight").cast(pl.Int64)).sum()

    sums = (
        grouped.sort("variant")
        .group_by(key, maintain_order=True)
        .agg(
            objects=pl.col("weight").sum().cast(pl.Int64),
            events=total("events"),
            cost_low=total("cost_low"),
            cost_high=total("cost_high"),
            most=total("most"),
            mean_fitness=mean("fitness"),
            mean_bound=mean("fitness_bound"),
            spread_fitness=spread("fitness"),
            spread_bound=spread("fitness_bound"),
            fitting=total(pl.col("cost_high") == 0),
            perhaps=total(pl.col("cost_low") == 0),
            capped=total(~pl.col("exact")),
        )
        .sort(key)
    )
    rows = [(row[key], *_figures(row)) for row in sums.iter_rows(named=True)]
    table = pl.DataFrame(rows, schema={key: sums.schema[key], **_FIGURES}, orient="row")
    return table.drop(key) if by is None else table


def _figures(row: dict[str, float]) -> tuple[float | None, ...]:
    n = int(row["objects"])
    low = high = None
    if n > 1 and row["spread_fitness"] > 0:
        t = student(CONFIDENCE, n - 1)
        low = max(0.0, row["mean_fitness"] - t * row["spread_fitness"] / sqrt(n))
        high = min(1.0, row["mean_bound"] + t * row["spread_bound"] / sqrt(n))
    share_low, _ = wilson(int(row["fitting"]), n, CONFIDENCE)
    _, share_high = wilson(int(row["perhaps"]), n, CONFIDENCE)
    most = max(row["most"], 1)
    return (
        n,
        row["events"],
        row["cost_low"],
        row["cost_high"],
        1 - row["cost_high"] / most,
        1 - row["cost_low"] / most,
        row["mean_fitness"],
        low,
        high,
        row["fitting"],
        row["fitting"] / n,
        share_low,
        share_high,
        row["capped"],
    )


def months_table(frame: pl.DataFrame, looked: RuleView, zone: str) -> pl.DataFrame:
    """Finished objects by the local month in which they began: ``from``, then the figures."""
    done = looked.finished
    if not done.any():
        return pl.DataFrame(schema={"from": pl.Datetime("us", "UTC"), **_FIGURES})
    begun = looked.begun_ns[done]
    edges = period_edges(int(begun.min()), int(begun.max()), "month", zone_of(zone))
    month = edges[np.searchsorted(edges, begun, side="right") - 1]
    start = pl.Series("from", month).cast(pl.Datetime("ns", "UTC")).dt.cast_time_unit("us")
    return fitness_rows(frame.filter(pl.Series(done)).with_columns(start), "from")


def parties_table(frame: pl.DataFrame, looked: RuleView, role: str) -> pl.DataFrame | None:
    """Finished objects by who took part in them: ``party``, then the figures.

    An object counts for everybody who took part, so rows must not be summed. None when the book
    does not say who.
    """
    coded = looked.view.codes(role)
    if coded is None:
        return None
    codes, names = coded
    code = codes.astype(np.int64)
    first = np.zeros(len(code), bool)
    _mark_first(looked.offsets, code, looked.finished, len(names), first)
    entry = np.flatnonzero(first)
    variant = frame["variant"].gather(looked.owner(entry))
    weights = pl.DataFrame({"code": code[entry], "variant": variant})
    weights = weights.group_by("code", "variant").agg(weight=pl.len())
    by_variant = frame.select("variant", *_OF_VARIANT).unique("variant")
    party = pl.Series("party", list(names), dtype=pl.String).gather(weights["code"])
    return fitness_rows(weights.with_columns(party).join(by_variant, on="variant"), "party")


@njit(cache=True, nogil=True)
def _mark_first(
    offsets: Ints, code: Ints, wanted: NDArray[np.bool_], codes: int, first: NDArray[np.bool_]
) -> None:
    """Mark each object's first entry of every code but 0."""
    seen = np.full(codes, -1, np.int64)
    for i in range(len(offsets) - 1):
        if not wanted[i]:
            continue
        for j in range(offsets[i], offsets[i + 1]):
            if code[j] > 0 and seen[code[j]] != i:
                seen[code[j]] = i
                first[j] = True


def variants_table(
    frame: pl.DataFrame, variants: WeightedVariants, view: Perspective, top: int
) -> pl.DataFrame:
    """The most frequent variants with their cost and fitness."""
    shown = min(top, variants.variants)
    of = frame.unique("variant", keep="first").sort("variant").head(shown)
    share = variants.count[:shown] / max(view.objects, 1)
    steps = [list(variants.sequence(number)) for number in range(shown)]
    return pl.DataFrame(
        {
            "rank": pl.Series(range(1, shown + 1), dtype=pl.Int64),
            "activities": pl.Series(steps, dtype=pl.List(pl.String)),
            "objects": variants.count[:shown],
            "share": share,
            "cost_low": of["cost_low"],
            "cost_high": of["cost_high"],
            "fitness": of["fitness"],
            "fitness_bound": of["fitness_bound"],
            "exact": of["exact"],
        }
    )
