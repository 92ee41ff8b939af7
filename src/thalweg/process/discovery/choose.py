"""Choosing the noise threshold by what it costs and brings, instead of by a magic number.

The thresholds are walked and each model is measured on the same objects. Of the models that can
follow enough of the records (``LEAST_FITNESS``; what a model cannot follow it cannot describe), those
count whose F1, the harmonic mean of fitness and precision, lies within ``SLACK`` of the best; the
simplest of them is taken (fewest transitions, then least noise). The whole curve stays in the
result.
"""

from __future__ import annotations

import polars as pl

THRESHOLDS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
LEAST_FITNESS = 0.9
SLACK = 0.01
"""Differences in F1 below this do not pay for a more complicated model."""


def choose_row(curve: pl.DataFrame, least_fitness: float = LEAST_FITNESS) -> int:
    """The row of the model to take.

    Takes    curve: one row per threshold with fitness, f1 (may be null), transitions and noise.
    Returns  the row's number. Where no model is fit enough, the fittest count; where no F1 is known,
             F1 is left out of account.
    """
    rows = curve.with_row_index("row")
    fittest = pl.col("fitness").max()
    fit = rows.filter(pl.col("fitness") >= pl.min_horizontal(fittest, pl.lit(least_fitness)))
    good = fit.filter(pl.col("f1") >= pl.col("f1").max() - SLACK)
    good = fit if good.is_empty() else good
    return int(good.sort(["transitions", "noise"])["row"][0])
