"""A waits result on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import (
    format_count,
    format_instant,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.process.waiting.result import WaitsResult

_HOUR_S = 3600.0
_ERROR_WIDTH = 1.96
"""Standard errors in half a 95 % interval."""


def print_waits(result: WaitsResult, language: str) -> None:
    """Headline, causes, the waits that cost most, what the records cannot show, and doubts."""
    say = load(language)
    kind = result.kind
    typer.echo(
        say(
            f"waits.headline_{kind}",
            objects=say.objects(result.objects, result.type),
            hours=_hours(result.total_s, say),
            waits=format_count(result.waits, say.language),
        )
    )
    if result.cost is not None:
        typer.echo(say("waits.cost_line", cost=_money(result.cost, result, say)))
    if len(result.awaited) > 1:
        typer.echo(say("waits.awaited", types=say("waits.comma").join(result.awaited)))
    _causes(result, say)
    _top(result, say)
    _unfinished(result, say)
    for cause, reason in result.missing.items():
        name, why = say(f"waits.causes.{cause}"), _reason(reason, say)
        typer.echo(say("waits.missing_line", cause=name, reason=why))
    for code in result.warnings:
        typer.echo(say(f"waits.warnings.{code}"))
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


def _hours(seconds: float | None, say: Texts) -> str:
    if seconds is None:
        return "–"
    return say("waits.hours", hours=format_number(seconds / _HOUR_S, say.language))


def _money(amount: float | None, result: WaitsResult, say: Texts) -> str:
    if amount is None:
        return "–"
    shown = format_count(amount, say.language)
    return f"{shown} {result.currency}" if result.currency else shown


def _reason(code: str, say: Texts) -> str:
    key = f"waits.reasons.{code}"
    return say(key) if say.has(key) else code


def _causes(result: WaitsResult, say: Texts) -> None:
    typer.echo("\n" + say("waits.causes_title"))
    rows = [[say(f"waits.{name}") for name in ("cause", "share", "interval", "time", "count")]]
    known = result.causes.filter(identified=True).sort("total_s", descending=True)
    for row in known.to_dicts():
        error = row["share_se"]
        spread = "–" if not error else f"± {format_share(_ERROR_WIDTH * error, say.language)}"
        rows.append(
            [
                say(f"waits.causes.{row['cause']}"),
                format_share(row["share"], say.language),
                spread,
                _hours(row["total_s"], say),
                format_count(row["waits"], say.language),
            ]
        )
    print_table(rows, indent=2, right=range(1, 5))


def _top(result: WaitsResult, say: Texts) -> None:
    if not len(result.top):
        return
    by_cost = result.cost is not None
    title = say("waits.top_cost" if by_cost else "waits.top_time", count=len(result.top))
    typer.echo("\n" + title)
    for row in result.top.to_dicts():
        typer.echo(
            say(
                "waits.top_line",
                rank=row["rank"],
                source=row["source"],
                target=row["target"],
                cause=say(f"waits.causes.{row['cause']}"),
                hours=_hours(row["total_s"], say),
                share=format_share(row["share"], say.language),
                waits=format_count(row["waits"], say.language),
                objects=say.objects(row["objects"], result.type),
                cost=say("waits.top_cost_part", cost=_money(row["cost"], result, say))
                if by_cost
                else "",
            )
        )
        between = [_between(one, say) for one in row["between"]]
        typer.echo(say("waits.between", list=say("waits.comma").join(between)))
        if row["examples"]:
            zone = ZoneInfo(result.request["timezone"])
            typer.echo(_example(row["examples"][0], zone, say))


def _between(one: dict[str, Any], say: Texts) -> str:
    unnamed = say("waits.unnamed")
    return say(
        "waits.between_pair",
        source=one["source"] or unnamed,
        target=one["target"] or unnamed,
        share=format_share(one["share"], say.language),
    )


def _example(one: dict[str, Any], zone: ZoneInfo, say: Texts) -> str:
    return say(
        "waits.example",
        object=one["object"],
        start=format_instant(one["waited_from"].astimezone(zone), say.language),
        end=format_instant(one["waited_to"].astimezone(zone), say.language),
        hours=_hours(one["cause_s"], say),
    )


def _unfinished(result: WaitsResult, say: Texts) -> None:
    typer.echo("")
    open_ = result.facts["unfinished"]
    if open_["objects"]:
        typer.echo(
            say(
                "waits.unfinished",
                objects=say.objects(open_["objects"], result.type),
                hours=_hours(open_["since_last_s"], say),
            )
        )
