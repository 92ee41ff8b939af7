"""Two groups side by side on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import (
    format_count,
    format_duration,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.process.compare import Comparison

_ROWS = 15
_SECONDS = {"mean_s", "median_s", "restricted_mean_s"}
_SHARES = {"objects_share", "rework_share"}


def print_comparison(result: Comparison, language: str) -> None:
    """The groups, the warnings, and what differs credibly, largest evidence first."""
    say = load(language)
    for side, group in (("left", result.left), ("right", result.right)):
        chosen = "; ".join(group["filters"])
        objects = say.objects(group["objects"], result.type)
        typer.echo(say(f"cli.compare_{side}", chosen=chosen, objects=objects))
    for code in result.warnings:
        typer.echo(f"! {say(f'cli.compare_warnings.{code}')}")
    found = _all_differences(result).filter(pl.col("differs"))
    typer.echo(
        "\n"
        + say(
            "cli.compare_found",
            found=format_count(len(found), say.language),
            comparisons=format_count(result.comparisons, say.language),
            rate=format_share(result.false_discovery_rate, say.language),
        )
    )
    head = [say(f"cli.{k}") for k in ("what", "measure", "left", "right", "difference", "interval")]
    rows = [_row(row, say) for row in found.head(_ROWS).to_dicts()]
    if rows:
        print_table([head, *rows], indent=2, right=range(2, 6))


def _all_differences(result: Comparison) -> pl.DataFrame:
    path = pl.concat_str("source", pl.lit(" → "), "target")
    tables = [
        result.paths.select(path.alias("what"), pl.exclude("source", "target")),
        result.activities.rename({"activity": "what"}),
        result.durations.select(pl.lit("").alias("what"), pl.all()),
    ]
    whole: pl.DataFrame = pl.concat(tables)
    return whole.sort("q", "p", "what", "measure", nulls_last=True)


def _row(row: dict[str, Any], say: Texts) -> list[str]:
    measure = row["measure"]
    shown = [_value(row[k], measure, say) for k in ("left", "right", "difference", "low", "high")]
    left, right, difference, low, high = shown
    return [row["what"], say(f"cli.measures.{measure}"), left, right, difference, f"{low} … {high}"]


def _value(value: float | None, measure: str, say: Texts) -> str:
    if value is None:
        return "–"
    sign = "−" if value < 0 else ""
    if measure in _SECONDS:
        return sign + format_duration(abs(value), say.language)
    if measure in _SHARES:
        return sign + format_share(abs(value), say.language)
    return sign + format_number(abs(value), say.language)
