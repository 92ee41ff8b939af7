"""The section on what each intervention caused: effects with their grades, refusals with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.surfaces import effect_charts
from thalweg.surfaces.effect_charts import EFFECT_GRADES
from thalweg.surfaces.format_values import UNKNOWN
from thalweg.surfaces.prove_words import (
    check_answer,
    coded,
    day_text,
    outcome_name,
    relative_with_interval,
    size_with_interval,
    smallest,
    verdict,
)
from thalweg.surfaces.report import tables
from thalweg.surfaces.report.writer import Figure, Section, Writer
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult

Row = dict[str, Any]
MOST_DETAILED = 4
"""Interventions whose path is drawn; the others stand in the tables."""


def effects_section(found: ProveResult, writer: Writer) -> Section:
    """Forest, staircases, the paths of the surest effects, and tables of all."""
    say = writer.say
    notes = [coded("prove.warnings", code, say) for code in found.warnings]
    figures: list[Figure] = []
    headline = found.effects.filter(role="headline")
    if len(headline):
        figures.append(writer.figure("forest", forest(found, say)))
        figures.append(writer.figure("staircase", staircase(found, say)))
    for row in surest(found):
        figures += _detail(found, row, writer)
    shown = writer.table("effects", _effects(found, say), tables.EFFECTS)
    shown += writer.table("refusals", _refusals(found, say), tables.REFUSALS)
    shown += writer.table("mechanism", _mechanism(found, say), tables.MECHANISM)
    shown += writer.table("effect_checks", _checks(found, say), tables.EFFECT_CHECKS)
    shown += writer.table("candidates", _candidates(found, say), tables.CANDIDATES)
    return writer.section("effects", figures=figures, notes=notes, tables=shown)


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
    known = found.effects.filter(
        pl.col("grade").is_in(EFFECT_GRADES) & pl.col("p").is_not_null(), role="headline"
    ).sort("p", "intervention", "outcome")
    return known.unique("intervention", keep="first", maintain_order=True).to_dicts()[
        :MOST_DETAILED
    ]


def of(table: pl.DataFrame, row: Row) -> pl.DataFrame:
    """The rows of a table about one intervention and outcome."""
    return table.filter(intervention=row["intervention"], outcome=row["outcome"])


def event_study(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of one effect by time since it began."""
    path = of(found.paths, row).filter(every=found.every)
    return effect_charts.event_study_chart(_values(path), say)


def cohort_paths(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of the outcome as recorded, by cohort."""
    unit = coded("prove.units", row["unit"], say)
    return effect_charts.cohort_paths_chart(of(found.raw, row), unit, say)


def sensitivity(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of the interval under breaches of parallel trends."""
    return effect_charts.sensitivity_chart(of(found.sensitivity, row), say)


def weights(found: ProveResult, row: Row, say: Texts) -> Any:
    """The chart of the cells that an effect rests on."""
    cells = of(found.weights, row).filter(kind="cell")
    return effect_charts.weights_chart(_with_cohorts(cells), say)


def _values(path: pl.DataFrame) -> pl.DataFrame:
    """Relative figures where there are some, else those on the scale of estimation."""
    parts = path["relative"].is_not_null().all()
    names = ("relative", "relative_low", "relative_high") if parts else ("att", "low", "high")
    value, low, high = names
    return path.select(
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


def _detail(found: ProveResult, row: Row, writer: Writer) -> list[Figure]:
    say = writer.say
    told = {"label": label_of(found, row, say), "effect": size_with_interval(row, say)}
    told["grade"] = row["grade"]
    figures = [
        writer.figure("event_study", event_study(found, row, say), **told),
        writer.figure("cohorts", cohort_paths(found, row, say), **told),
    ]
    if len(of(found.sensitivity, row).drop_nulls(["low", "high"])) > 1:
        figures.append(writer.figure("sensitivity", sensitivity(found, row, say), **told))
    if len(of(found.weights, row).filter(kind="cell")):
        figures.append(writer.figure("weights", weights(found, row, say), **told))
    return figures


def _effects(found: ProveResult, say: Texts) -> pl.DataFrame:
    rows = [
        {
            "intervention_name": row["name"],
            "outcome": outcome_name(found, row["outcome"], say),
            "role": say(f"prove.roles.{row['role']}"),
            "smallest": smallest(row, say),
            "effect": UNKNOWN if row["grade"] == "N" else size_with_interval(row, say),
            "p_holm": row["p_holm"],
            "p_bh": row["p_bh"],
            "grade": row["grade"],
            "in_words": verdict(row, say),
        }
        for row in found.effects.to_dicts()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _refusals(found: ProveResult, say: Texts) -> pl.DataFrame:
    rows = [
        {
            "intervention_name": row["name"],
            "outcome": outcome_name(found, row["outcome"], say),
            "grade": row["grade"],
            "why": _listed([coded("checks.reasons", one, say) for one in row["reasons"]], say),
            "remedy": coded("checks.remedies", row["remedy"], say) or None,
        }
        for row in found.effects.filter(pl.col("role") == "headline").to_dicts()
        if row["grade"] not in EFFECT_GRADES
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _listed(parts: list[str], say: Texts) -> str:
    return say("prove.semicolon").join(parts)


def _mechanism(found: ProveResult, say: Texts) -> pl.DataFrame:
    names = dict(found.effects.select("intervention", "name").iter_rows())
    rows = [
        {
            "intervention_name": names[row["intervention"]],
            "step": outcome_name(found, row["outcome"], say),
            "effect": relative_with_interval(row, say),
            "p_bh": row["p_bh"],
        }
        for row in found.mechanism.filter(pl.col("att").is_not_null())
        .sort("p_bh", "intervention", "outcome")
        .to_dicts()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _checks(found: ProveResult, say: Texts) -> pl.DataFrame:
    scales = {
        (row["intervention"], row["outcome"]): (row["name"], row["scale"])
        for row in found.effects.filter(role="headline").to_dicts()
    }
    rows = []
    for row in found.checks.to_dicts():
        known = scales.get((row["intervention"], row["outcome"]))
        if known is not None:
            name, scale = known
            rows.append(
                {
                    "intervention_name": name,
                    "outcome": outcome_name(found, row["outcome"], say),
                    "check": say(f"checks.names.{row['check']}"),
                    "status": say(f"checks.status.{row['status']}"),
                    "answer": check_answer(found, row, scale, say),
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def _candidates(found: ProveResult, say: Texts) -> pl.DataFrame:
    rows = [
        {
            "changed_at": day_text(row["at"], say),
            "between": say("prove.comma").join(
                [day_text(row["low"], say), day_text(row["high"], say)]
            ),
            "kind": say(f"prove.candidate_kinds.{row['kind']}"),
            "step": row["what"],
            "recorded": row["recorded"],
        }
        for row in found.candidates.to_dicts()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)
