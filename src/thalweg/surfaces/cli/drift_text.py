"""A drift result on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import (
    format_count,
    format_date,
    format_duration,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.process.drift.drift import DriftResult

_ROWS = 4
_SMALLEST_P = 0.001


def print_drift(result: DriftResult, language: str) -> None:
    """Who was watched, each change with what changed there, what was not tested, and warnings."""
    say = load(language)
    result = result.localised()
    largest = result.groups.sort("watched", descending=True).row(0, named=True)
    headline = say(
        "drift.headline",
        objects=say.objects(result.objects, result.type),
        watched=format_count(largest["watched"], say.language),
        window=format_duration(largest["window_s"], say.language),
    )
    typer.echo(headline)
    number = len(result.changes)
    if number == 0:
        typer.echo(say("drift.none"))
    else:
        key = "drift.found_one" if number == 1 and say.has("drift.found_one") else "drift.found"
        alpha = format_share(result.request["alpha"], say.language)
        typer.echo(say(key, count=format_count(number, say.language), alpha=alpha))
    for change in result.changes.to_dicts():
        _print_change(result, change, say)
    for row in result.groups.filter(pl.col("reason").is_not_null()).to_dicts():
        typer.echo(
            say(
                "drift.refused",
                kind=say(f"drift.kinds.{row['kind']}"),
                group=_group(row["group"], say),
                reason=say(f"drift.reasons.{row['reason']}"),
            )
        )
    for code in result.warnings:
        typer.echo(f"! {say(f'drift.warnings.{code}')}")
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


def _group(name: str, say: Texts) -> str:
    return say("drift.in_group", group=name) if name else ""


def _print_change(result: DriftResult, change: dict[str, Any], say: Texts) -> None:
    typer.echo(
        "\n"
        + say(
            "drift.line",
            number=change["change"],
            kind=say(f"drift.kinds.{change['kind']}"),
            group=_group(change["group"], say),
            at=format_date(change["at"], say.language),
            low=format_date(change["low"], say.language),
            high=format_date(change["high"], say.language),
            shape=say(f"drift.shapes.{change['shape']}"),
            affects=say(f"drift.affecting.{change['affects']}"),
            p=_p(change["p_adjusted"]),
        )
    )
    if change["kind"] == "control_flow":
        steps = format_number(change["rerouted_steps"], say.language)
        typer.echo("   " + say("drift.rerouted", steps=steps))
    else:
        longer = change["wait_change_s"]
        key = "longer" if longer >= 0 else "shorter"
        typer.echo("   " + say(f"drift.{key}", time=format_duration(abs(longer), say.language)))
    under_way = format_count(change["under_way"], say.language)
    typer.echo("   " + say("drift.under_way", count=under_way))
    table = result.what_changed.filter(pl.col("change") == change["change"]).head(_ROWS)
    head = [say(f"drift.{key}") for key in ("what", "before", "after", "p")]
    rows = [_row(row, say) for row in table.to_dicts()]
    print_table([head, *rows], indent=3, right=range(1, 4))


def _row(row: dict[str, Any], say: Texts) -> list[str]:
    source = {None: say("drift.beginning"), "*": say("drift.any_step")}.get(row["source"])
    source = row["source"] if source is None else source
    target = say("drift.nothing") if row["target"] is None else row["target"]
    shown = format_share if row["kind"] == "control_flow" else format_duration
    before, after = (shown(row[key], say.language) for key in ("before", "after"))
    return [f"{source} → {target}", before, after, _p(row["p_adjusted"])]


def _p(value: float) -> str:
    return f"<{_SMALLEST_P:g}" if value < _SMALLEST_P else f"{value:.3f}"
