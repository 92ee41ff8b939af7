"""Fitness: how far objects follow a model, as a whole and by group, with intervals and bounds."""

from __future__ import annotations

from math import sqrt

import numpy as np
import polars as pl

from thalweg.process.calendar import zone_of
from thalweg.process.conformance.alignments import Alignments
from thalweg.process.conformance.quality_fitness import variant_fitness
from thalweg.process.conformance.rule_views import RuleView
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
    """Figures of all rows, or of each group, in order of the group's name."""
    grouped = frame.with_columns(all_=pl.lit("")) if by is None else frame
    key = by or "all_"
    sums = (
        grouped.group_by(key)
        .agg(
            objects=pl.len().cast(pl.Int64),
            events=pl.col("events").sum(),
            cost_low=pl.col("cost_low").sum(),
            cost_high=pl.col("cost_high").sum(),
            most=pl.col("most").sum(),
            mean_fitness=pl.col("fitness").mean(),
            mean_bound=pl.col("fitness_bound").mean(),
            spread_fitness=pl.col("fitness").std(),
            spread_bound=pl.col("fitness_bound").std(),
            fitting=(pl.col("cost_high") == 0).sum().cast(pl.Int64),
            perhaps=(pl.col("cost_low") == 0).sum().cast(pl.Int64),
            capped=(~pl.col("exact")).sum().cast(pl.Int64),
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
    owner = np.repeat(np.arange(looked.view.objects), np.diff(looked.offsets))
    pairs = pl.DataFrame({"owner": owner, "code": codes.astype(np.int64)}).unique()
    pairs = pairs.filter((pl.col("code") > 0) & pl.Series(looked.finished).gather(pairs["owner"]))
    party = pl.Series("party", list(names), dtype=pl.String).gather(pairs["code"])
    return fitness_rows(frame[pairs["owner"].to_numpy()].with_columns(party), "party")


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
