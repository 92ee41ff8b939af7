"""A verdict for people: the sentence, the axes, the layers, the technology, the ten questions."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.figure_words import figure_text, known_text, value_text, with_facts
from thalweg.surfaces.format_values import (
    UNKNOWN,
    currency_name,
    format_count,
    format_date,
    format_money,
    format_share,
)
from thalweg.surfaces.judge_words import (
    missing_sentence,
    settle_sentence,
    thesis_sentence,
    verdict_sentence,
    why_text,
)
from thalweg.surfaces.prove_words import coded, day_text, kind_name, signed
from thalweg.surfaces.texts import Texts
from thalweg.verdict.figures.depth import AXIS_ID, layer_id
from thalweg.verdict.figures.names import named

if TYPE_CHECKING:
    from thalweg.verdict.result import JudgeResult

Row = dict[str, Any]


def print_judge(result: JudgeResult, say: Texts, book: Path) -> None:
    """Everything that the verdict says; every figure with its id."""
    typer.echo(verdict_sentence(result, say))
    settle = settle_sentence(result, say)
    if settle:
        typer.echo(settle)
    _records(result, say)
    for code in result.warnings:
        typer.echo("! " + _warning(code, say))
    refused = result.facts["missing_parts"].get("effects_refused")
    if refused:
        typer.echo("! " + say("judge.refused", why=refused))
    _axes(result, say)
    _regions(result, say)
    _layers(result, say)
    _technology(result, say)
    _products(result, say)
    _theses(result, say)
    shown = {n: format_share(v, say.language) for n, v in result.thresholds.items()}
    typer.echo("\n" + say("judge.thresholds", **shown))
    typer.echo(say("judge.figures_hint", book=book))
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


def _warning(code: str, say: Texts) -> str:
    """A warning of the verdict or of the economy that it rests on."""
    rooms = ("judge.warnings", "economy.warnings", "prove.warnings")
    key = next((f"{room}.{code}" for room in rooms if say.has(f"{room}.{code}")), None)
    return code if key is None else say(key)


def _records(result: JudgeResult, say: Texts) -> None:
    facts = result.facts
    if facts["money"] and facts["money"]["first_month"]:
        ends = {end: f"{facts['money'][f'{end}_month']}-01"[:10] for end in ("first", "last")}
        months = {end: value_text(day, "month", say) for end, day in ends.items()}
        currency = currency_name(facts["money"]["currency"], say.language)
        typer.echo(say("judge.records_money", currency=currency, **months))
    if not facts["objects"]:
        return
    first, last = (datetime.fromisoformat(facts[end]) for end in ("first", "last"))
    typer.echo(
        say(
            "judge.records",
            objects=say.objects(facts["objects"], facts["type"]),
            events=format_count(facts["events"], say.language),
            first=format_date(first, say.language),
            last=format_date(last, say.language),
        )
    )


def _titled(title: str, head: tuple[str, ...], rows: list[list[str]], say: Texts) -> None:
    """A table with its title and the words of its columns; nothing without rows."""
    if not rows:
        return
    typer.echo("\n" + say(f"judge.tables.{title}"))
    print_table([[say(f"judge.heads.{name}") for name in head], *rows], indent=2)


def _axes(result: JudgeResult, say: Texts) -> None:
    rows = []
    for row in result.axes.to_dicts():
        name = AXIS_ID[row["axis"]]
        value = figure_text(result.evidence[name], say)
        if row["least"] is not None and row["most"] is not None:
            ends = {end: format_share(row[end], say.language) for end in ("least", "most")}
            value += say("judge.axis_bounds", **ends)
        known = UNKNOWN if row["missing"] else known_text(row["known"], say)
        rows.append([say(f"judge.axes.{row['axis']}"), value, known, name])
    _titled("axes", ("axis", "value", "known", "figure"), rows, say)


def _regions(result: JudgeResult, say: Texts) -> None:
    rows = [
        [
            say(f"judge.regions.{row['region']}"),
            format_share(row["probability"], say.language),
            named("probability", row["region"]),
        ]
        for row in result.regions.sort("probability", descending=True).to_dicts()
    ]
    _titled("regions", ("region", "probability", "figure"), rows, say)


def _layers(result: JudgeResult, say: Texts) -> None:
    """Layers under the headline's burden; the others stand in the JSON and in explain."""
    burden = result.facts.get("burden", "time")
    rows = []
    for row in result.layers.filter(burden=burden).to_dicts():
        name = layer_id("depth.layer", row["layer"], burden)
        known = name in result.evidence and result.evidence[name].value is not None
        depth = figure_text(result.evidence[name], say) if known else _why(result, row, say)
        rows.append(
            [
                _layer(result, row["layer"], say),
                format_share(row["weight"], say.language),
                format_share(row["treated_share"], say.language),
                depth,
                _sure(row, say) if known else UNKNOWN,
                name,
            ]
        )
    head = ("layer", "weight", "treated", "depth", "known", "figure")
    _titled("layers", head, rows, say)


def _why(result: JudgeResult, row: Row, say: Texts) -> str:
    """Why a layer has no depth, unless the verdict has said so for all of them."""
    told = row["missing"] is None or row["missing"] in result.reasons
    return UNKNOWN if told else why_text(row["missing"], say)


def _sure(row: Row, say: Texts) -> str:
    grade = row["known"]
    return grade if len(grade) == 1 else known_text(grade, say)


def _layer(result: JudgeResult, layer: str, say: Texts) -> str:
    names = result.facts.get("layers", {}).get(layer, {})
    return str(names.get(say.language) or names.get("en") or names.get("zh") or layer)


def _technology(result: JudgeResult, say: Texts) -> None:
    rows = []
    for row in result.technology.to_dicts():
        name = named("technology", row["intervention"])
        currency = result.facts.get("currency") or ""
        spend = row["spend"]
        rows.append(
            [
                result.evidence[name].name or row["intervention"],
                kind_name(with_facts(result.facts), row["kind"], say),
                UNKNOWN if spend is None else format_money(spend, currency, say.language),
                format_share(row["eligible_share"], say.language),
                UNKNOWN if row["effect"] is None else signed(row["effect"], say),
                row["grade"] or UNKNOWN,
                say(f"judge.classes.{row['class']}"),
                coded("judge.technology", row["reason"], say),
                name,
            ]
        )
    head = ("intervention", "kind", "spend", "in_use", "effect", "grade", "class", "why", "figure")
    _titled("technology", head, rows, say)


def _products(result: JudgeResult, say: Texts) -> None:
    rows = []
    for row in result.new_value.to_dicts():
        if row["product"] == "*" or not row["new"]:
            continue
        name = named("new_value", row["product"])
        first: date | None = row["first_sale"]
        rows.append(
            [
                row["name"] or row["product"],
                day_text(first, say),
                figure_text(result.evidence[name], say),
                name,
            ]
        )
    _titled("new_value", ("product", "first_sale", "share", "figure"), rows, say)


def _theses(result: JudgeResult, say: Texts) -> None:
    typer.echo("\n" + say("judge.tables.theses"))
    for row in result.theses.to_dicts():
        status = say(f"judge.status.{row['status']}")
        question = say(f"judge.theses.{row['thesis']}")
        typer.echo(f"  {row['thesis']} {question} [{status}]")
        if row["thesis"] != "T9":
            typer.echo("    " + thesis_sentence(result, row, say))
        missing = missing_sentence(row, say)
        if missing:
            typer.echo("    " + missing)
        if row["figures"]:
            typer.echo("    → " + say("judge.comma").join(row["figures"][:6]))
