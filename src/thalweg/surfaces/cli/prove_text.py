"""A prove result for people: one table to read in ten seconds, then why."""

from __future__ import annotations

from collections import Counter
from math import expm1
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import typer

from thalweg.change.planning.plan import later
from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import UNKNOWN, format_count, format_number, format_share
from thalweg.surfaces.prove_words import (
    absolute,
    candidates_from,
    check_answer,
    coded,
    day_text,
    kind_name,
    layer_name,
    only_alone,
    outcome_name,
    period_text,
    points,
    relative_with_interval,
    signed,
    size_with_interval,
    smallest,
    verdict,
)
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult
    from thalweg.surfaces.cli.prove_truth import Truth

Row = dict[str, Any]
_REASONS = 4
"""Reasons of an assignment that are listed."""


def print_prove(result: ProveResult, language: str, book: Path, truth: Truth | None = None) -> None:
    """The table, then each intervention, candidates, what was set aside, and how p was corrected."""
    say = load(language)
    _headline(result, say)
    for code in result.warnings:
        typer.echo("! " + coded("prove.warnings", code, say))
    if len(result.effects):
        typer.echo("")
        _table(result, say, truth)
        typer.echo("\n" + say("prove.legend"))
    for intervention in _ids(result):
        _section(result, intervention, say, book)
    _candidates(result, say)
    _set_aside(result, say)
    if len(result.effects):
        tested = result.effects.filter(pl.col("p").is_not_null())
        if len(tested):
            headline = len(tested.filter(role="headline"))
            others = len(tested) - headline
            typer.echo("\n" + say("prove.correction", headline=headline, others=others))
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


def print_explained(result: ProveResult, language: str) -> None:
    """Every check of every outcome asked for, in plain words, with reasons and remedy."""
    say = load(language)
    _headline(result, say)
    for intervention in _ids(result):
        typer.echo("\n" + result.effects.filter(intervention=intervention)["name"][0])
        _begun(result, intervention, say)
    for row in result.effects.to_dicts():
        name = outcome_name(result, row["outcome"], say)
        typer.echo("\n" + say("prove.checks_all", outcome=name, grade=row["grade"]))
        size = "" if row["grade"] == "N" else size_with_interval(row, say) + say("prove.stop")
        typer.echo("  " + size + verdict(row, say))
        for check in _checks(result, row["intervention"], row["outcome"]):
            mark, asked = (f"prove.status.{check['status']}", f"checks.asked.{check['check']}")
            typer.echo(f"  {say(mark)} {say(asked)}")
            typer.echo("    " + check_answer(result, check, row["scale"], say))
        _why(row, say)


def _headline(result: ProveResult, say: Texts) -> None:
    days = result.panel["period"]
    if not len(days):
        return
    typer.echo(
        say(
            "prove.headline",
            interventions=_counted("interventions", len(_ids(result)), say),
            outcomes=_counted("outcomes", result.effects["outcome"].n_unique(), say),
            type=say.kind(result.type),
            units=_counted("units", result.units, say),
            periods=_counted(result.every, result.periods, say),
            first=period_text(days.min(), result.every, say),
            last=period_text(days.max(), result.every, say),
        )
    )


def _counted(what: str, count: int, say: Texts) -> str:
    key, one = f"prove.counted.{what}", f"prove.counted.{what}_one"
    return say(one if count == 1 and say.has(one) else key, count=format_count(count, say.language))


def _ids(result: ProveResult) -> list[str]:
    return result.effects["intervention"].unique(maintain_order=True).to_list()


def _table(result: ProveResult, say: Texts, truth: Truth | None) -> None:
    keys = ["intervention", "outcome", "smallest", "effect", "grade", "words"]
    head = [
        say(f"prove.{key}", confidence=format_share(result.request["confidence"], say.language))
        for key in keys
    ]
    known = covered = 0
    rows = []
    if truth is not None:
        head += [say("prove.truth"), say("prove.covered")]
    asked = result.request["outcomes"] is not None
    shown_rows = result.effects if asked else result.effects.filter(role="headline")
    for row in shown_rows.to_dicts():
        cells = [
            row["name"],
            outcome_name(result, row["outcome"], say),
            smallest(row, say),
            size_with_interval(row, say) if row["grade"] != "N" else UNKNOWN,
            row["grade"],
            verdict(row, say),
        ]
        if truth is not None:
            true, inside = truth.beside(row)
            known += inside is not None
            covered += bool(inside)
            shown = UNKNOWN if true is None else truth.text(row, true, say)
            mark = UNKNOWN if inside is None else say("prove.inside" if inside else "prove.outside")
            cells += [shown, mark]
        rows.append(cells)
    for before, after in zip(reversed(rows[:-1]), reversed(rows[1:]), strict=True):
        after[0] = "" if after[0] == before[0] else after[0]
    print_table([head, *rows], right=[2])
    if truth is not None:
        typer.echo(say("prove.truth_line", known=known, covered=covered))


def _section(result: ProveResult, intervention: str, say: Texts, book: Path) -> None:
    effects = result.effects.filter(intervention=intervention)
    rows = effects.to_dicts()
    layers = result.facts.get("interventions", {}).get(intervention, {}).get("layers", [])
    about = [kind_name(result, rows[0]["kind"], say)] if rows[0]["kind"] else []
    about += [layer_name(result, layer, say) for layer in layers]
    name = say("prove.section", name=rows[0]["name"], about=say("prove.comma").join(about))
    typer.echo("\n" + (name if about else rows[0]["name"]))
    _begun(result, intervention, say)
    told = [row for row in rows if row["grade"] in "ABC" and row["role"] != "placebo"]
    found = [row for row in told if row["found"] != "no_change_shown"]
    for row in found:
        _effect(result, row, say)
    _not_shown(result, [row for row in told if row["found"] == "no_change_shown"], say)
    _mechanism(result, intervention, say)
    _refused(result, [row for row in rows if row["grade"] in "DN"], say)
    head = next((row for row in rows if row["role"] == "headline"), rows[0])
    _warned(result, head, say)
    typer.echo("  " + say("prove.explain_hint", book=book, intervention=intervention))


def _not_shown(result: ProveResult, rows: list[Row], say: Texts) -> None:
    """Sound designs without an effect: none shown, or shown only before the correction."""
    none = [
        say(
            "prove.found_at",
            outcome=outcome_name(result, row["outcome"], say),
            smallest=smallest(row, say),
        )
        for row in rows
        if not only_alone(row)
    ]
    alone = [
        f"{outcome_name(result, row['outcome'], say)} {size_with_interval(row, say)}"
        for row in rows
        if only_alone(row)
    ]
    for key, listed in (("prove.alone_shown", alone), ("prove.none_shown", none)):
        if listed:
            typer.echo("  " + say(key, list=say("prove.comma").join(listed)))


def _begun(result: ProveResult, intervention: str, say: Texts) -> None:
    mine = result.rollout.filter(intervention=intervention)
    if not len(mine):
        return
    first: Any = mine["from"].min()
    last: Any = mine["from"].max()
    measured: Any = result.panel["period"].max()
    ahead = measured is not None and first >= later(measured, 1, result.every)
    together = "prove.begun_together" if first == last else "prove.begun"
    typer.echo(
        "  "
        + say(
            "prove.begins" if ahead else together,
            treated=mine["unit"].n_unique(),
            units=format_count(result.units, say.language),
            first=day_text(first, say),
            last=day_text(last, say),
        )
    )
    lot = (mine["assignment"] == "randomised").all()
    counted = Counter(reason or say("prove.not_said") for reason in mine["reason"].to_list())
    reasons = [
        say("prove.why_count", reason=reason, count=count)
        for reason, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    listed = [say("prove.lot")] if lot else reasons[:_REASONS]
    typer.echo("  " + say("prove.why", list=say("prove.comma").join(listed)))


def _effect(result: ProveResult, row: Row, say: Texts) -> None:
    name = outcome_name(result, row["outcome"], say)
    value = size_with_interval(row, say)
    typer.echo(
        "  "
        + say(
            "prove.effect_line",
            outcome=name,
            value=value,
            absolute=absolute(row, say),
            grade=row["grade"],
        )
    )
    for part in result.doses.filter(
        intervention=row["intervention"], outcome=row["outcome"]
    ).to_dicts():
        if part["att"] is not None:
            shown = relative_with_interval(part | _as_relative(part, row), say)
            typer.echo("    " + say("prove.dose_line", outcome=name, value=shown))
    traits = result.traits.filter(
        pl.col("p_bh") <= 1 - row["confidence"],
        intervention=row["intervention"],
        outcome=row["outcome"],
    )
    for part in traits.to_dicts():
        typer.echo(
            "    "
            + say(
                "prove.trait_line",
                outcome=name,
                trait=part["trait"],
                group=part["group"],
                value=relative_with_interval(part, say),
                difference=_difference(part["difference"], row["scale"], say),
                p=format_number(part["p_bh"], say.language),
            )
        )


def _difference(value: float, scale: str, say: Texts) -> str:
    return signed(expm1(value), say) if scale == "log" else points(value, say)


def _as_relative(part: Row, row: Row) -> Row:
    """The relative columns of a table that holds estimates only."""
    names = {"relative": "att", "relative_low": "low", "relative_high": "high"}
    if row["scale"] != "log":
        return dict.fromkeys(names)
    return {name: None if part[key] is None else expm1(part[key]) for name, key in names.items()}


def _mechanism(result: ProveResult, intervention: str, say: Texts) -> None:
    mine = result.mechanism.filter(intervention=intervention)
    if not len(mine):
        return
    changed = mine.filter(pl.col("found") != "no_change_shown").sort("p", "outcome")
    if not len(changed):
        typer.echo("  " + say("prove.mechanism_none", count=len(mine)))
        return
    typer.echo("  " + say("prove.mechanism_title"))
    for row in changed.to_dicts():
        name = outcome_name(result, row["outcome"], say)
        value = relative_with_interval(row, say)
        typer.echo("    " + say("prove.mechanism_line", what=name, value=value))


def _refused(result: ProveResult, rows: list[Row], say: Texts) -> None:
    """Outcomes of the same grade, reasons and remedy together."""
    groups: dict[tuple[str, tuple[str, ...], str | None], list[Row]] = {}
    for row in rows:
        if row["role"] == "placebo":
            continue
        groups.setdefault((row["grade"], tuple(row["reasons"]), row["remedy"]), []).append(row)
    if not groups:
        return
    typer.echo("  " + say("prove.refused_title"))
    for (grade, _, _), members in groups.items():
        names = [outcome_name(result, row["outcome"], say) for row in members]
        line = say(
            "prove.refused_line",
            outcomes=say("prove.comma").join(names),
            grade=grade,
            reasons=_reasons(members[0], say),
        )
        typer.echo("    " + line)
        if members[0]["remedy"]:
            remedy = coded("checks.remedies", members[0]["remedy"], say)
            typer.echo("      " + say("prove.remedy_line", remedy=remedy))
        if grade == "D":
            for row in members:
                name = outcome_name(result, row["outcome"], say)
                shown = size_with_interval(row, say)
                typer.echo("      " + say("prove.described_line", outcome=name, value=shown))


def _reasons(row: Row, say: Texts) -> str:
    return say("prove.semicolon").join(coded("checks.reasons", one, say) for one in row["reasons"])


def _why(row: Row, say: Texts) -> None:
    if row["reasons"]:
        typer.echo("  " + say("prove.reasons", reasons=_reasons(row, say)))
    if row["remedy"]:
        remedy = coded("checks.remedies", row["remedy"], say)
        typer.echo("  " + say("prove.remedy_line", remedy=remedy))


def _warned(result: ProveResult, row: Row, say: Texts) -> None:
    """Checks of the headline: how many passed, and the others in a sentence each."""
    checks = _checks(result, row["intervention"], row["outcome"])
    passed = [check for check in checks if check["status"] == "passed"]
    name = outcome_name(result, row["outcome"], say)
    typer.echo("  " + say("prove.checks_title", outcome=name, passed=len(passed), all=len(checks)))
    for check in checks:
        if check["status"] in ("warning", "failed"):
            typer.echo("    " + _check_line(result, check, row["scale"], say))


def _checks(result: ProveResult, intervention: str, outcome: str) -> list[Row]:
    return result.checks.filter(intervention=intervention, outcome=outcome).to_dicts()


def _check_line(result: ProveResult, check: Row, scale: str, say: Texts) -> str:
    return say(
        "prove.check_line",
        status=say(f"prove.status.{check['status']}"),
        name=say(f"checks.names.{check['check']}"),
        answer=check_answer(result, check, scale, say),
    )


def _candidates(result: ProveResult, say: Texts) -> None:
    if not len(result.candidates):
        return
    typer.echo("\n" + say("prove.candidates_title"))
    typer.echo("  " + candidates_from(result, say))
    for row in result.candidates.to_dicts():
        known = row["recorded"] is not None
        names = result.facts.get("all_interventions", {})
        ids = (row["recorded"] or "").split(", ")
        typer.echo(
            "  "
            + say(
                "prove.candidate_known" if known else "prove.candidate_line",
                at=day_text(row["at"], say),
                low=day_text(row["low"], say),
                high=day_text(row["high"], say),
                kind=say(f"prove.candidate_kinds.{row['kind']}"),
                what=row["what"] or UNKNOWN,
                recorded=say("prove.comma").join(names.get(one, one) for one in ids),
            )
        )


def _set_aside(result: ProveResult, say: Texts) -> None:
    total = (
        result.set_aside.group_by("what", maintain_order=True)
        .agg(pl.col("count").max())
        .filter(pl.col("count") > 0)
    )
    if not len(total):
        return
    typer.echo("\n" + say("prove.set_aside_title"))
    for what, count in total.iter_rows():
        shown = format_count(count, say.language)
        name = coded("prove.aside", what, say)
        typer.echo("  " + say("prove.set_aside_line", what=name, count=shown))
