"""What the verdict is made of, in sections: depth by layer, new value, match of technology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.surfaces import story_pictures
from thalweg.surfaces.figure_words import known_text
from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_money,
    format_number,
    format_share,
)
from thalweg.surfaces.prove_words import coded, signed
from thalweg.surfaces.report import money_columns
from thalweg.surfaces.report.money_columns import in_currency
from thalweg.surfaces.report.names import Names
from thalweg.surfaces.report.writer import Section, Writer

if TYPE_CHECKING:
    from thalweg.surfaces.texts import Texts
    from thalweg.verdict.result import JudgeResult


def verdict_sections(found: JudgeResult, writer: Writer) -> list[Section]:
    """Sections of what change did, as far as the records carry them."""
    names = Names(found, writer.say)
    parts = (_depth, _technology, _new_value)
    sections = [part(found, names, writer) for part in parts]
    return [one for one in sections if one is not None]


def _depth(found: JudgeResult, names: Names, writer: Writer) -> Section | None:
    say, figures = writer.say, []
    if found.layers.is_empty():
        return None
    for burden in story_pictures.measured_burdens(found):
        chart = story_pictures.depth(found, burden, names.layers, say)
        told = coded("judge.burdens", burden, say)
        figures.append(writer.figure("depth", chart, burden=told))
    notes = [_reach(row, say) for row in found.reach.drop_nulls("layers_reached").to_dicts()]
    if found.layers["depth"].is_null().all():
        notes.append(say("story.depth.unmeasured"))
    shown = writer.table("layers", _layers(found, names, say), money_columns.LAYERS)
    return writer.section("depth", figures=figures, notes=notes, tables=shown)


def _reach(row: dict[str, Any], say: Texts) -> str:
    text = say(
        "story.depth.reach",
        n=row["layers_reached"],
        of=row["of_layers"],
        burden=coded("judge.burdens", row["burden"], say),
        confidence=format_share(row["confidence"], say.language),
    )
    if row["beyond_lead_share"] is None:
        return text
    return text + say(
        "story.depth.beyond",
        share=say(
            "story.interval",
            value=format_share(row["beyond_lead_share"], say.language),
            low=format_share(row["low"], say.language),
            high=format_share(row["high"], say.language),
        ),
    )


def _layers(found: JudgeResult, names: Names, say: Texts) -> pl.DataFrame:
    rows = [
        row
        | {
            "layer": names.layer(row["layer"]),
            "burden": coded("judge.burdens", row["burden"], say),
            "baseline_told": _amount(row["baseline"], row["unit"], _currency(found), say),
            "removed_where_treated": row["effect"],
            "p_layer": row["p"],
            "counts": say(f"story.yes_no.{'yes' if row['counted'] else 'no'}"),
            "how_known": known_words(row["known"], row["missing"], say),
        }
        for row in found.layers.to_dicts()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _amount(value: float | None, unit: str, currency: str, say: Texts) -> str:
    if value is None:
        return UNKNOWN
    if unit == "h":
        return say("story.hours", value=format_number(value, say.language))
    if unit == "share":
        return format_share(value, say.language)
    if unit == "objects":
        return format_count(value, say.language)
    return format_money(value, currency if unit == "money" else unit, say.language)


def known_words(known: str | None, missing: str | None, say: Texts) -> str:
    """How a figure is known; where it is not, why."""
    if missing is not None and say.has(f"judge.missing.{missing}"):
        return say("story.lacks", what=say(f"judge.missing.{missing}"))
    if known is None:
        return UNKNOWN
    return known_text(known, say)


def _technology(found: JudgeResult, names: Names, writer: Writer) -> Section | None:
    say = writer.say
    if found.technology.is_empty():
        return None
    rows = [
        row
        | {
            "intervention_name": names.intervention(row["intervention"]),
            "kind": names.kind(row["kind"]),
            "match": coded("judge.classes", row["class"], say),
            "effect_told": signed(row["effect"], say),
            "why": coded("judge.technology", row["reason"], say) or UNKNOWN,
        }
        for row in found.technology.to_dicts()
    ]
    columns = in_currency(money_columns.TECHNOLOGY, _currency(found))
    shown = writer.table("technology", pl.DataFrame(rows, infer_schema_length=None), columns)
    return writer.section("technology", tables=shown)


def _new_value(found: JudgeResult, _: Names, writer: Writer) -> Section | None:
    say = writer.say
    if found.new_value.is_empty():
        return None
    rows = []
    for row in found.new_value.to_dicts():
        every = row["product"] in ("*", "all")
        rows.append(
            row
            | {
                "called": say("story.all_products") if every else row["name"] or row["product"],
                "revenue_share": row["share"],
                "is_new": say(f"story.yes_no.{'yes' if row['new'] else 'no'}"),
                "incremental_low": row["low"],
                "incremental_high": row["high"],
                "how_known": known_words(row["known"], None, say),
            }
        )
    columns = in_currency(money_columns.NEW_VALUE, _currency(found))
    shown = writer.table("new_value", pl.DataFrame(rows, infer_schema_length=None), columns)
    return writer.section("new_value", tables=shown)


def _currency(found: JudgeResult) -> str:
    stated = found.facts.get("currency")
    return str(stated or (found.sustain.currency if found.sustain is not None else ""))
