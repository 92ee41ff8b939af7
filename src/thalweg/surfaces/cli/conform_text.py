"""A conform result on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
import typer

from thalweg.process.conformance.rules.kinds import SEVERITIES
from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_duration,
    format_number,
    format_share,
)
from thalweg.surfaces.model_doubts import model_doubts
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult

_RULES, _MONTHS, _PARTIES = 20, 12, 8
_CHARACTERS = 60


def print_conform(result: ConformResult, language: str, top: int) -> None:
    """Headline, fitness, rules, deviations by each ranking, months, parties, and what is doubtful."""
    say = load(language)
    rules = result.table("rules")
    key = "both" if result.model and rules is not None else "model" if result.model else "rules"
    against = say(f"conform.against_{key}", count=0 if rules is None else len(rules))
    typer.echo(
        say(
            "conform.headline",
            objects=say.objects(result.objects, result.type),
            against=against,
            unfinished=format_count(result.unfinished, say.language),
        )
    )
    _fitness(result, say)
    for code in result.warnings:
        typer.echo(say(f"conform.warnings.{code}"))
    if rules is not None:
        _rules(rules, say)
        _unchecked(result, say)
    _deviations(result.deviations, say, top)
    _groups(result, say)
    typer.echo("\n" + say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


def _fitness(result: ConformResult, say: Texts) -> None:
    whole, finished = result.fitness, result.fitness_finished
    if whole is None:
        return
    share = _share(say)
    if whole["capped"]:
        low, high = share(whole["fitness"]), share(whole["fitness_bound"])
        capped = format_count(whole["capped"], say.language)
        typer.echo(say("conform.fitness_bounds", low=low, high=high, capped=capped))
    else:
        known = whole["mean_low"] is not None
        interval = f" ({share(whole['mean_low'])}–{share(whole['mean_high'])})" if known else ""
        mean = share(whole["mean_fitness"])
        typer.echo(
            say("conform.fitness", fitness=share(whole["fitness"]), mean=mean, interval=interval)
        )
    typer.echo(
        say(
            "conform.fitting",
            fitting=format_count(whole["fitting"], say.language),
            share=share(whole["fitting_share"]),
            low=share(whole["fitting_low"]),
            high=share(whole["fitting_high"]),
        )
    )
    if finished is not None and result.unfinished:
        fits = share(finished["fitting_share"])
        typer.echo(say("conform.finished", fitness=share(finished["fitness"]), share=fits))
    if result.pending_steps:
        count = format_count(result.pending_steps, say.language)
        typer.echo(say("conform.pending", count=count))
    for text in model_doubts(result, say):
        typer.echo(text)


def _rules(table: pl.DataFrame, say: Texts) -> None:
    weight = pl.col("severity").replace_strict({s: n for n, s in enumerate(SEVERITIES)})
    worst = table.with_columns(weight=weight, broken=pl.col("violated") > 0).sort(
        "broken", "weight", "share", descending=True, nulls_last=True
    )
    names = ("rule", "severity", "checked", "violated", "still", "not_checkable", "share")
    head = [say(f"conform.{name}") for name in (*names, "interval", "excess", "cost")]
    rows = [
        [
            _short(row["rule"]),
            say(f"conform.severities.{row['severity']}"),
            *(
                format_count(row[name], say.language)
                for name in ("checked", "violated", "pending", "not_checkable")
            ),
            _share(say)(row["share"]),
            _interval(say, row["low"], row["high"]),
            format_duration(row["excess_total_s"], say.language),
            format_number(row["cost"], say.language),
        ]
        for row in worst.head(_RULES).iter_rows(named=True)
    ]
    _section(say, "conform.rules", len(table), [head, *rows], left=2)


def _unchecked(result: ConformResult, say: Texts) -> None:
    table = result.table("not_checkable")
    if table is None or not len(table):
        return
    head = [say(f"conform.{name}") for name in ("rule", "reason", "count", "example")]
    rows = [
        [
            _short(row["rule"]),
            say(f"conform.reasons.{row['reason']}"),
            format_count(row["count"], say.language),
            _short(row["example"]),
        ]
        for row in table.head(_RULES).iter_rows(named=True)
    ]
    _section(say, "conform.unchecked", len(table), [head, *rows], left=2)


def _deviations(table: pl.DataFrame, say: Texts, top: int) -> None:
    if not len(table):
        typer.echo("\n" + say("conform.none"))
        return
    _often(table, say, top)
    longer = table.filter(pl.col("difference_total_s") > 0).sort("rank_long")
    if len(longer):
        head = [say(f"conform.{n}") for n in ("deviation", "objects", "difference", "interval")]
        head.append(say("conform.difference_total"))
        rows = [
            [
                _said(row, say),
                format_count(row["objects"], say.language),
                _span(say, row["difference_s"]),
                f"{_span(say, row['difference_low_s'])} … {_span(say, row['difference_high_s'])}",
                _span(say, row["difference_total_s"]),
            ]
            for row in longer.head(top).iter_rows(named=True)
        ]
        _section(say, "conform.long", len(longer), [head, *rows])
    costly = table.filter(pl.col("cost") > 0).sort("rank_costly")
    if len(costly):
        head = [say(f"conform.{n}") for n in ("deviation", "objects", "cost")]
        rows = [
            [
                _said(row, say),
                format_count(row["objects"], say.language),
                format_number(row["cost"], say.language),
            ]
            for row in costly.head(top).iter_rows(named=True)
        ]
        _section(say, "conform.costly", len(costly), [head, *rows])


def _often(table: pl.DataFrame, say: Texts, top: int) -> None:
    names = ("deviation", "occurrences", "objects", "interval", "spent")
    head = [say(f"conform.{name}") for name in names]
    rows = [
        [
            _said(row, say),
            format_count(row["occurrences"], say.language),
            f"{format_count(row['objects'], say.language)} ({_share(say)(row['share'])})",
            _interval(say, row["low"], row["high"]),
            format_duration(row["spent_s"], say.language),
        ]
        for row in table.head(top).iter_rows(named=True)
    ]
    _section(say, "conform.often", len(table), [head, *rows])


def _said(row: dict[str, Any], say: Texts) -> str:
    what = say(f"conform.said.{row['kind']}", name=_short(row["name"]))
    if row["kind"] == "rule":
        return what
    if row["after"] is None:
        return say("conform.said.at_start", what=what)
    return say("conform.said.after", what=what, step=_short(row["after"]))


def _groups(result: ConformResult, say: Texts) -> None:
    months, parties = result.table("months"), result.table("parties")
    figures = ["objects", "fitness_mean", "interval", "fits"]
    if months is not None and len(months):
        zone = ZoneInfo(str(result.request["timezone"]))
        head = [say(f"conform.{name}") for name in ("month", *figures)]
        rows = [
            [f"{row['from'].astimezone(zone):%Y-%m}", *_figures(row, say)]
            for row in months.tail(_MONTHS).iter_rows(named=True)
        ]
        _section(say, "conform.months", len(months), [head, *rows])
    if parties is not None and len(parties):
        role = say(f"conform.roles.{parties['role'][0]}")
        head = [say(f"conform.{name}") for name in ("party", *figures)]
        worst = parties.sort("mean_high", nulls_last=True).head(_PARTIES)
        rows = [[_short(row["party"]), *_figures(row, say)] for row in worst.iter_rows(named=True)]
        _section(say, "conform.parties", len(parties), [head, *rows], role=role)


def _figures(row: dict[str, Any], say: Texts) -> list[str]:
    return [
        format_count(row["objects"], say.language),
        _share(say)(row["mean_fitness"]),
        _interval(say, row["mean_low"], row["mean_high"]),
        _share(say)(row["fitting_share"]),
    ]


def _section(
    say: Texts, key: str, total: int, rows: list[list[str]], *, left: int = 1, **values: object
) -> None:
    listed = len(rows) - 1
    shown = "" if listed == total else say("cli.shown", shown=listed, total=total)
    typer.echo(f"\n{say(key, **values)}{shown}")
    print_table(rows, indent=2, right=range(left, len(rows[0])))


def _share(say: Texts) -> Any:
    return lambda x: format_share(x, say.language)


def _span(say: Texts, seconds: float | None) -> str:
    return format_duration(seconds, say.language)


def _interval(say: Texts, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return UNKNOWN
    return f"{format_share(low, say.language)}–{format_share(high, say.language)}"


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
