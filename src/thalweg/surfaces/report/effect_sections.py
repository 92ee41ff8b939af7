"""The section on what each intervention caused: effects with their grades, refusals with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.surfaces import effect_pictures
from thalweg.surfaces.effect_charts import EFFECT_GRADES
from thalweg.surfaces.effect_pictures import MOST_DETAILED, label_of, of, surest
from thalweg.surfaces.format_values import UNKNOWN
from thalweg.surfaces.prove_words import (
    candidates_from,
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
ROLES = ("headline", "relevant", "other", "placebo")
"""In this order outcomes are listed, those of the better grade first."""


def effects_section(found: ProveResult, writer: Writer) -> Section:
    """Forest, staircases, the paths of the surest effects, and tables of all."""
    say = writer.say
    notes = [coded("prove.warnings", code, say) for code in found.warnings]
    if len(found.candidates):
        notes.append(candidates_from(found, say))
    figures: list[Figure] = []
    headline = found.effects.filter(role="headline")
    if len(headline):
        figures.append(writer.figure("forest", effect_pictures.forest(found, say)))
        figures.append(writer.figure("staircase", effect_pictures.staircase(found, say)))
    for row in surest(found)[:MOST_DETAILED]:
        figures += _detail(found, row, writer)
    shown = writer.table("effects", _effects(found, say), tables.EFFECTS)
    shown += writer.table("refusals", _refusals(found, say), tables.REFUSALS)
    shown += writer.table("mechanism", _mechanism(found, say), tables.MECHANISM)
    shown += writer.table("effect_checks", _checks(found, say), tables.EFFECT_CHECKS)
    shown += writer.table("candidates", _candidates(found, say), tables.CANDIDATES)
    return writer.section("effects", figures=figures, notes=notes, tables=shown)


def _detail(found: ProveResult, row: Row, writer: Writer) -> list[Figure]:
    say = writer.say
    told = {"label": label_of(found, row, say), "effect": size_with_interval(row, say)}
    told["grade"] = row["grade"]
    figures = [
        writer.figure("event_study", effect_pictures.event_study(found, row, say), **told),
        writer.figure("cohorts", effect_pictures.cohort_paths(found, row, say), **told),
    ]
    if len(of(found.sensitivity, row).drop_nulls(["low", "high"])) > 1:
        figures.append(
            writer.figure("sensitivity", effect_pictures.sensitivity(found, row, say), **told)
        )
    if len(of(found.weights, row).filter(kind="cell")):
        figures.append(writer.figure("weights", effect_pictures.weights(found, row, say), **told))
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
        for row in found.effects.sort(
            pl.col("role").replace_strict({role: n for n, role in enumerate(ROLES)}),
            "grade",
            maintain_order=True,
        ).to_dicts()
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
        for row in found.mechanism.drop_nulls(["att", "p_bh"])
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
                    "check": say(f"checks.asked.{row['check']}"),
                    "status": say(f"checks.status.{row['status']}"),
                    "answer": check_answer(found, row, scale, say),
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def _candidates(found: ProveResult, say: Texts) -> pl.DataFrame:
    rows = [
        {
            "changed_at": day_text(row["at"], say),
            "between": f"{day_text(row['low'], say)} – {day_text(row['high'], say)}",
            "kind": say(f"prove.candidate_kinds.{row['kind']}"),
            "step": row["what"],
            "recorded": row["recorded"],
        }
        for row in found.candidates.to_dicts()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)
