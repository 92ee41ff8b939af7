"""Sections on the model, on deviations from it, on why work waits, and on when it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.convert import tree_to_bpmn
from thalweg.process.models.tree import ProcessTree
from thalweg.surfaces import cause_charts, drift_charts, model_charts
from thalweg.surfaces.deviation_picture import months, overlay
from thalweg.surfaces.format_values import (
    format_count,
    format_date,
    format_duration,
    format_number,
    format_share,
)
from thalweg.surfaces.model_doubts import model_doubts
from thalweg.surfaces.models.discovered import bpmn_of
from thalweg.surfaces.models.object_centric import object_centric_svg
from thalweg.surfaces.models.picture import bpmn_svg
from thalweg.surfaces.report import tables
from thalweg.surfaces.report.writer import Figure, Section, Writer
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult
    from thalweg.surfaces.report.deep import Deep

MOST_NODES = 150
"""Tasks and gateways, or places and transitions, beyond which a model is a carpet: it is told in figures and not drawn."""


def model_section(deep: Deep, writer: Writer) -> Section:
    found, say = deep.model, writer.say
    figures: list[Figure] = []
    model, events = bpmn_of(found)
    if len(model.nodes) <= MOST_NODES:
        svg = bpmn_svg(model, language=say.language, overlay=events)
        figures.append(writer.picture("model", svg))
    figures.append(writer.figure("curve", model_charts.quality_curve_chart(found.curve, say)))
    joint, notes_of_joint = _joint_picture(deep, writer)
    figures += joint
    quality = found.quality
    notes = [
        say(
            "note.model",
            noise=format_number(found.noise, say.language),
            fitness=_figure(quality["fitness"]),
            fitting=format_share(quality["fitting_share"], say.language),
            precision=_figure(quality["precision"]),
            generalisation=_figure(quality["generalisation"]),
            simplicity=_figure(quality["simplicity"]),
        )
    ]
    if found.left_out:
        names = say("words.comma").join(f"“{name}”" for name in found.left_out)
        notes.append(say("discover.left_out", activities=names))
    notes += notes_of_joint
    notes += [say(f"discover.warning.{code}") for code in found.warnings]
    return writer.section(
        "model",
        figures=figures,
        notes=notes,
        tables=writer.table("curve", _curve(found.curve), tables.CURVE),
    )


def _joint_picture(deep: Deep, writer: Writer) -> tuple[list[Figure], list[str]]:
    """The net of all object types; or, where it is too large, a note that says so."""
    if deep.joint is None:
        return [], []
    nodes = len(deep.joint.places) + len(deep.joint.transitions)
    if nodes > MOST_NODES:
        return [], [writer.say("note.joint_model", nodes=format_count(nodes, writer.say.language))]
    svg = object_centric_svg(deep.joint, language=writer.say.language)
    noise = format_number(deep.joint.request["noise"], writer.say.language)
    return [writer.picture("joint_model", svg, noise=noise)], []


def _curve(curve: pl.DataFrame) -> pl.DataFrame:
    return curve.rename({"activities": "activities_kept"})


def deviations_section(deep: Deep, writer: Writer) -> Section:
    say, found = writer.say, deep.conform
    if found is None:
        return writer.section("deviations", notes=[say("note.too_many_variants")])
    figures, notes = [], []
    if found.fitness is not None:
        notes += [_fitness_note(found, say), *model_doubts(found, say)]
        figures += _deviation_picture(found, writer)
    if found.pending_steps:
        notes.append(say("conform.pending", count=format_count(found.pending_steps, say.language)))
    if not found.deviations.is_empty():
        told = _told(found, say).with_columns(name="deviation")
        chart = model_charts.deviations_chart(told, say)
        figures.append(writer.figure("deviations", chart))
    else:
        notes.append(say("conform.none"))
    by_month = months(found)
    if by_month is not None:
        chart = model_charts.fitness_timeline_chart(by_month, say)
        figures.append(writer.figure("fitness", chart))
    notes += [say(f"conform.warnings.{code}") for code in found.warnings]
    shown = writer.table("rules", _rules(found, say), tables.RULES)
    shown += writer.table("deviations", _told(found, say), tables.DEVIATIONS)
    shown += writer.table("conform_parties", found.table("parties"), tables.CONFORM_PARTIES)
    shown += writer.table("conform_variants", found.table("variants"), tables.CONFORM_VARIANTS)
    return writer.section("deviations", figures=figures, notes=notes, tables=shown)


def _fitness_note(found: ConformResult, say: Texts) -> str:
    figures = found.fitness or {}
    return say(
        "note.fitness",
        fitness=_figure(figures["fitness"]),
        fitting=format_count(figures["fitting"], say.language),
        share=format_share(figures["fitting_share"], say.language),
    )


def _deviation_picture(found: ConformResult, writer: Writer) -> list[Figure]:
    model = found.lineage.model
    drawn = tree_to_bpmn(model) if isinstance(model, ProcessTree) else model
    if not isinstance(drawn, BpmnModel) or len(drawn.nodes) > MOST_NODES:
        return []
    svg = bpmn_svg(drawn, language=writer.say.language, overlay=overlay(found))
    return [writer.picture("deviating", svg)]


def _rules(found: ConformResult, say: Texts) -> pl.DataFrame | None:
    """Rules in their owner's words, the most broken first."""
    table = found.table("rules")
    if table is None:
        return None
    worst_first = table.sort("share", "violated", descending=True, nulls_last=True)
    return worst_first.with_columns(
        rule=_rule_words(say),
        severity=_worded(worst_first["severity"], "conform.severities", say),
        rule_checked=pl.col("checked"),
        rule_violated=pl.col("violated"),
    )


def _rule_words(say: Texts) -> pl.Expr:
    """What a rule says, in the reader's language if its owner wrote it, else as it is written."""
    own, other = ("en", "zh") if say.language == "en" else ("zh", "en")
    return pl.coalesce(f"text_{own}", f"text_{other}", "rule")


def _told(found: ConformResult, say: Texts) -> pl.DataFrame:
    """Deviations with their kinds, and rules in words."""
    table, rules = found.deviations, found.table("rules")
    deviation = pl.col("name")
    if rules is not None:
        words = dict(rules.select("rule", words=_rule_words(say)).iter_rows())
        ruled = pl.col("kind") == "rule"
        deviation = pl.when(ruled).then(deviation.replace(words)).otherwise(deviation)
    return table.with_columns(
        deviation_kind=_worded(table["kind"], "conform.kinds", say), deviation=deviation
    )


def _worded(codes: pl.Series, prefix: str, say: Texts) -> pl.Series:
    words = [None if code is None else say(f"{prefix}.{code}") for code in codes]
    return pl.Series(codes.name, words, dtype=pl.String)


def causes_section(deep: Deep, writer: Writer) -> Section:
    found, say = deep.waits, writer.say
    notes = [
        say(
            f"note.causes_{found.kind}",
            total=format_duration(found.total_s, say.language),
            waits=format_count(found.waits, say.language),
            objects=say.objects(found.objects, found.type),
        )
    ]
    for cause, reason in found.missing.items():
        key = f"waits.reasons.{reason}"
        why = say(key) if say.has(key) else reason
        notes.append(say("waits.missing_line", cause=say(f"waits.causes.{cause}"), reason=why))
    notes += [say(f"waits.warnings.{code}") for code in found.warnings]
    figures = []
    if found.total_s > 0:
        figures = [
            writer.figure("causes", cause_charts.causes_total_chart(found.causes, say)),
            writer.figure("pair_causes", cause_charts.waiting_causes_chart(found.pair_causes, say)),
        ]
    top = _causes_told(found.top, say)
    shown = writer.table("top_waits", _with_places(top, say), tables.TOP_WAITS)
    shown += writer.table("pair_causes", _causes_told(found.pair_causes, say), tables.PAIR_CAUSES)
    shown += writer.table("waiting_resources", found.resources, tables.WAITING_RESOURCES)
    return writer.section("causes", figures=figures, notes=notes, tables=shown)


def _causes_told(table: pl.DataFrame, say: Texts) -> pl.DataFrame:
    return table.with_columns(
        cause=_worded(table["cause"], "waits.causes", say),
        waiting_share=pl.col("share"),
        waited=pl.col("waits"),
    )


def _with_places(top: pl.DataFrame, say: Texts) -> pl.DataFrame:
    """The costliest waits with where they lie and their longest example, as text."""
    places, examples = [], []
    for row in top.to_dicts():
        between = [
            say(
                "waits.between_pair",
                source=one["source"] or say("waits.unnamed"),
                target=one["target"] or say("waits.unnamed"),
                share=format_share(one["share"], say.language),
            )
            for one in row["between"]
        ]
        places.append(say("words.comma").join(between))
        examples.append(say("words.comma").join(one["object"] for one in row["examples"]))
    return top.with_columns(
        between=pl.Series(places, dtype=pl.String), examples=pl.Series(examples, dtype=pl.String)
    )


def drift_section(deep: Deep, writer: Writer) -> Section:
    found, say = deep.drift, writer.say
    if found.changes.is_empty():
        tested = found.groups.filter(pl.col("reason").is_null())
        notes = [] if tested.is_empty() else [say("drift.none")]
    else:
        alpha = format_share(found.request["alpha"], say.language)
        one = "_one" if len(found.changes) == 1 and say.has("drift.found_one") else ""
        notes = [say(f"drift.found{one}", count=len(found.changes), alpha=alpha)]
        notes += [change_text(row, say) for row in found.changes.to_dicts()]
    for row in found.groups.filter(pl.col("reason").is_not_null()).to_dicts():
        kind, why = say(f"drift.kinds.{row['kind']}"), say(f"drift.reasons.{row['reason']}")
        notes.append(say("drift.refused", kind=kind, group="", reason=why))
    notes += [say(f"drift.warnings.{code}") for code in found.warnings]
    figures = []
    if not found.series.is_empty():
        chart = drift_charts.drift_chart(found.series, found.changes, say)
        figures.append(writer.figure("drift", chart))
    what = found.what_changed
    shown = writer.table("what_changed", _what(what, say), tables.WHAT_CHANGED)
    return writer.section("drift", figures=figures, notes=notes, tables=shown)


def change_text(row: dict[str, Any], say: Texts) -> str:
    """One change in a sentence."""
    return say(
        "drift.line",
        number=row["change"],
        kind=say(f"drift.kinds.{row['kind']}"),
        group=say("drift.in_group", group=row["group"]) if row["group"] else "",
        at=format_date(row["at"], say.language),
        low=format_date(row["low"], say.language),
        high=format_date(row["high"], say.language),
        shape=say(f"drift.shapes.{row['shape']}"),
        affects=say(f"drift.affecting.{row['affects']}"),
        p=format_number(row["p_adjusted"], say.language),
    )


def _what(table: pl.DataFrame, say: Texts) -> pl.DataFrame:
    """Shares and times before and after, as text: a column holds both kinds."""

    def shown(value: float | None, kind: str) -> str:
        form = format_share if kind == "control_flow" else format_duration
        return form(value, say.language)

    kinds = table["kind"].to_list()
    return table.with_columns(
        kind=_worded(table["kind"], "drift.kinds", say),
        source=pl.col("source")
        .fill_null(say("drift.beginning"))
        .replace("*", say("drift.any_step")),
        target=pl.col("target").fill_null(say("drift.nothing")),
        before=pl.Series(
            [shown(v, k) for v, k in zip(table["before"], kinds, strict=True)], dtype=pl.String
        ),
        after=pl.Series(
            [shown(v, k) for v, k in zip(table["after"], kinds, strict=True)], dtype=pl.String
        ),
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
