"""A map result on one screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl
import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import (
    format_count,
    format_date,
    format_duration,
    format_share,
)
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.process.result import MapResult

_ROWS = 12
_VARIANTS = 5
_STEPS = 8
Formatter = Callable[[Any], str]


def print_map(result: MapResult, language: str) -> None:
    """Headline, activities, the paths that take most time, variants, and what is doubtful."""
    say = load(language)
    result = result.localised()
    count, span = _formatters(say)
    headline = say(
        "cli.map_headline",
        objects=say.objects(result.objects, result.type),
        events=count(result.events),
        variants=count(result.variants),
        first=format_date(result.first, say.language),
        last=format_date(result.last, say.language),
    )
    typer.echo(headline)
    median = result.durations.get("median_s")
    unfinished = count(result.completion["unfinished"])
    if median is None:
        typer.echo(say("cli.map_no_median", unfinished=unfinished))
    else:
        typer.echo(say("cli.map_median", median=span(median), unfinished=unfinished))
    _activities(result, say)
    _pairs(result, say)
    _variants(result, say)
    _doubts(result, say)


def _formatters(say: Texts) -> tuple[Formatter, Formatter]:
    return (
        lambda n: format_count(n, say.language),
        lambda s: format_duration(s, say.language),
    )


def _section(say: Texts, key: str, table: pl.DataFrame, total: int, rows: list[list[str]]) -> None:
    shown = "" if len(table) == total else say("cli.shown", shown=len(table), total=total)
    typer.echo(f"\n{say(key)}{shown}")
    print_table(rows, indent=2, right=range(1, len(rows[0])))


def _activities(result: MapResult, say: Texts) -> None:
    count, _ = _formatters(say)
    table = result.activities.sort("events", descending=True).head(_ROWS)
    head = [say("cli.activity"), say("cli.events"), say("cli.objects")]
    rows = [[r["activity"], count(r["events"]), count(r["objects"])] for r in table.to_dicts()]
    _section(say, "cli.activities", table, len(result.activities), [head, *rows])


def _pairs(result: MapResult, say: Texts) -> None:
    count, span = _formatters(say)
    table = result.pairs.sort("total_s", descending=True).head(_ROWS)
    head = [say(f"cli.{key}") for key in ("path", "count", "median", "p90", "wait_share")]
    rows = [
        [
            f"{r['source']} → {r['target']}",
            count(r["count"]),
            span(r["median_s"]),
            span(r["p90_s"]),
            format_share(r["wait_share"], say.language),
        ]
        for r in table.to_dicts()
    ]
    _section(say, "cli.paths", table, len(result.pairs), [head, *rows])


def _variants(result: MapResult, say: Texts) -> None:
    count, span = _formatters(say)
    table = result.top_variants.head(_VARIANTS)
    head = [say(f"cli.{key}") for key in ("variant", "objects", "share", "median")]
    rows = [
        [
            _steps(r["activities"]),
            count(r["objects"]),
            format_share(r["share"], say.language),
            span(r["median_s"]),
        ]
        for r in table.to_dicts()
    ]
    _section(say, "cli.variants", table, result.variants, [head, *rows])


def _steps(activities: list[str]) -> str:
    shown = " → ".join(activities[:_STEPS])
    more = len(activities) - _STEPS
    return f"{shown} … +{more}" if more > 0 else shown


def _doubts(result: MapResult, say: Texts) -> None:
    doubts = [f for f in result.trust["findings"] if f["severity"] != "note"]
    typer.echo(
        "\n"
        + say(
            "cli.trust",
            kept=format_count(result.trust["rows_kept"], say.language),
            read=format_count(result.trust["rows_read"], say.language),
            doubts=format_count(len(doubts), say.language),
        )
    )
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))
