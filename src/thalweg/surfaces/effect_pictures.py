"""Pictures of a prove result: what the report shows and ``thalweg chart`` draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.errors import RequestError
from thalweg.surfaces import effect_charts
from thalweg.surfaces.effect_charts import EFFECT_GRADES
from thalweg.surfaces.prove_words import coded, outcome_name
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult

Row = dict[str, Any]
MOST_DETAILED = 4
"""Interventions whose path is drawn; the others stand in the tables."""
MOST_STEPS = 18
"""Months or weeks on a path beyond which it is drawn in quarters."""


def forest(found: ProveResult, say: Texts) -> Any:
    """The chart of all headline rows."""
    headline = found.effects.filter(role="headline")
    labels = [label_of(found, row, say) for row in headline.to_dicts()]
    return effect_charts.forest_chart(headline.with_columns(label=pl.Series(labels)), say)


def staircase(found: ProveResult, say: Texts) -> Any:
    """The chart of all roll-outs, up to the last period of the panel."""
    until: Any = found.panel["period"].max()
    return effect_charts.staircase_chart(found.rollout.with_columns(until=pl.lit(until)), say)


def label_of(found: ProveResult, row: Row, say: Texts) -> str:
    return say("effects.label", name=row["name"], outcome=outcome_name(found, row["outcome"], say))


def surest(found: ProveResult) -> list[Row]:
    """Of each identified intervention its clearest headline outcome; the clearest ones first."""
    known = by_clarity(found.effects.filter(role="headline"))
    return known.unique("intervention", keep="first", maintain_order=True).to_dicts()


def by_clarity(effects: pl.DataFrame) -> pl.DataFrame:
    """Effects that have an interval, those furthest from nothing in standard errors first."""
    known = effects.filter(
        pl.col("grade").is_in(EFFECT_GRADES) & pl.col("p").is_not_null() & (pl.col("se") > 0)
    )
    clarity = (pl.col("att") / pl.col("se")).abs()
    return known.sort(clarity, "intervention", "outcome", descending=[True, False, False])


def of(table: pl.DataFrame, row: Row) -> pl.DataFrame:
    """The rows of a table about one intervention and outcome."""
    return table.filter(intervention=row["intervention"], outcome=row["outcome"])


def event_study(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of one effect by time since it began."""
    path = of(found.paths, row)
    steps, quarters = path.filter(every=found.every), path.filter(every="quarter")
    crowded = steps["horizon"].n_unique() > MOST_STEPS and len(quarters) > 0
    return effect_charts.event_study_chart(_values(quarters if crowded else steps), say)


def cohort_paths(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of the outcome as recorded, by cohort."""
    unit = coded("prove.units", row["unit"], say)
    return effect_charts.cohort_paths_chart(of(found.raw, row), unit, say)


def sensitivity(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of the interval under breaches of parallel trends.

    Raises   RequestError: there are too few quarters for it.
    """
    known = of(found.sensitivity, row).drop_nulls(["low", "high"])
    if len(known) < 2:
        raise RequestError(say("effects.no_sensitivity", label=label_of(found, row, say)))
    if row["scale"] == "log":
        known = known.with_columns(pl.col("low", "high").exp() - 1)
    return effect_charts.sensitivity_chart(known, say)


def weights(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of the cells that an effect rests on."""
    cells = of(found.weights, row).filter(kind="cell")
    return effect_charts.weights_chart(_with_cohorts(cells), say)


def _values(path: pl.DataFrame) -> pl.DataFrame:
    """Relative figures where there are some, else those on the scale of estimation.

    Points without an interval rest on a single unit, and are left out where others have one.
    """
    parts = path["relative"].is_not_null().all()
    names = ("relative", "relative_low", "relative_high") if parts else ("att", "low", "high")
    value, low, high = names
    sure = path.drop_nulls([low, high])
    return (path if sure.is_empty() else sure).select(
        "method",
        "every",
        "horizon",
        value=pl.col(value),
        low=pl.col(low),
        high=pl.col(high),
        relative=pl.lit(bool(parts)),
    )


def _with_cohorts(cells: pl.DataFrame) -> pl.DataFrame:
    """Each cell with the first treated period of its unit."""
    begun = cells.filter(pl.col("treated")).group_by("group").agg(cohort=pl.col("period").min())
    return cells.join(begun, on="group", how="left", maintain_order="left")
