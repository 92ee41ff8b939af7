"""A planned roll-out on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_date,
    format_number,
    format_share,
)
from thalweg.surfaces.planning_words import (
    absolute,
    day,
    design_name,
    effect,
    outcome_name,
    outcome_unit,
    part_of_ten,
)
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    import polars as pl

    from thalweg.change.planning.result import PlanningResult

_NAMES = 6
_LIKELY = 0.5
_SMALLER = 0.97
"""An advice is given when the smallest effect falls below this part of the plan's."""


def print_planning(result: PlanningResult, language: str) -> None:
    """What could be found, who begins when, how long to wait, what to do otherwise or not at all."""
    say = load(language)
    _print_found(result, say)
    _print_waves(result, say)
    _print_power(result.by_wait, "wait", result, say)
    _print_power(result.by_units, "units", result, say)
    _print_designs(result, say)
    _print_advice(result, say)
    for code in result.warnings:
        typer.echo(f"! {say(f'planning.warnings.{code}')}")
    parts = [say(f"planning.assumptions.{code}") for code in result.assumptions]
    typer.echo(say("planning.assumes", list=say("planning.comma").join(parts)))


def _print_found(result: PlanningResult, say: Texts) -> None:
    found, language = result.found, say.language
    typer.echo(headline(result, say))
    hoped = result.request["effect"]
    if hoped is not None:
        power = format_share(found["power"], language)
        typer.echo(say("planning.hoped", effect=effect(result, hoped, say), power=power))
        if found["power"] < _LIKELY:
            typer.echo(say("planning.hoped_low"))
    base, every = result.baseline, result.outcome["every"]
    lasting = base["persistence"] * (1 - base["fresh_share"])
    typer.echo(
        say(
            "planning.noise",
            periods=format_count(base["periods"], language),
            every=say(f"planning.periods.{every}"),
            period=say(f"planning.period.{every}"),
            units=format_count(base["units"], language),
            sd=effect(result, base["noise_sd"], say, signed=False),
            persistence=format_share(lasting, language),
        )
    )
    false = format_share(found["false_positives"], language)
    typer.echo(say("planning.false_positives", share=false))


def headline(result: PlanningResult, say: Texts) -> str:
    """The smallest effect that would be found, in one sentence."""
    found = result.found
    smallest = found["smallest_effect"]
    told: dict[str, Any] = {
        "units": format_count(found["units"], say.language),
        "noun": say("planning.noun"),
        "waves": found["waves"],
        "part": part_of_ten(result.request["power"]),
        "outcome": outcome_name(result, say),
        "until": day(found["until"], say),
    }
    if smallest is None:
        return say("planning.headline_none", **told)
    told |= {
        "effect": effect(result, smallest, say),
        "absolute": absolute(found["smallest_effect_absolute"], say),
        "mean": format_number(result.baseline["mean"], say.language),
        "unit": outcome_unit(result, say),
    }
    one = found["waves"] == 1 and say.has("planning.headline_one")
    return say("planning.headline_one" if one else "planning.headline", **told)


def _print_waves(result: PlanningResult, say: Texts) -> None:
    typer.echo("\n" + say("planning.waves_title", seed=result.request["seed"]))
    rows = [[say(f"planning.{key}") for key in ("wave", "from", "drawn", "fixed", "names")]]
    dated = result.assignment
    for row in result.waves.to_dicts():
        names = dated.filter(wave=row["wave"])["unit"].to_list()
        at = format_date(row["from"], say.language)
        counts = [format_count(row[key], say.language) for key in ("drawn", "fixed")]
        rows.append([str(row["wave"]), at, *counts, listed(names, say)])
    kept = dated.filter(why="drawn_control")["unit"].to_list()
    if kept:
        count = format_count(len(kept), say.language)
        rows.append(
            [say("planning.controls"), say("planning.no_date"), count, "", listed(kept, say)]
        )
    print_table(rows, indent=2, right=(2, 3))
    out = dated.filter(why="excluded")["unit"].to_list()
    if out:
        typer.echo("  " + say("planning.excluded", names=listed(out, say)))


def listed(names: list[str], say: Texts) -> str:
    """The first few names, and how many more there are."""
    shown = say("planning.comma").join(names[:_NAMES])
    more = len(names) - _NAMES
    return say("planning.more", names=shown, count=more) if more > 0 else shown


def _print_power(table: pl.DataFrame, what: str, result: PlanningResult, say: Texts) -> None:
    if len(table) < 2:
        return
    hoped = result.request["effect"] is not None
    typer.echo("\n" + say(f"planning.{what}_title"))
    every = say(f"planning.periods.{result.outcome['every']}")
    head = [every if what == "wait" else say("planning.units")]
    head += [say("planning.until")] * (what == "wait")
    head += [say("planning.smallest"), *([say("planning.power")] * hoped)]
    rows = [head]
    for row in table.to_dicts():
        cells = [format_count(row[what], say.language)]
        cells += [day(row["until"], say)] if what == "wait" else []
        cells.append(effect(result, row["smallest_effect"], say))
        cells += [format_share(row["power"], say.language)] * hoped
        rows.append(cells)
    print_table(rows, indent=2, right=range(len(head)))


def _print_designs(result: PlanningResult, say: Texts) -> None:
    typer.echo("\n" + say("planning.designs_title"))
    hoped = result.request["effect"] is not None
    head = [say("planning.design"), say("planning.smallest")]
    head += [say("planning.power")] * hoped + [say("planning.variance"), say("planning.grade")]
    rows = [head]
    for row in result.designs.to_dicts():
        told = effect(result, row["smallest_effect"], say)
        cells = [design_name(row, say)]
        chosen = [result.found["shares"], result.found["drawing"]]
        if row["design"] == "waves" and [row["shares"], row["drawing"]] == chosen:
            cells = [say("planning.chosen", design=cells[0])]
        cells.append(say("planning.cannot") if row["variance_ratio"] is None else told)
        cells += [format_share(row["power"], say.language)] * hoped
        ratio = row["variance_ratio"]
        cells += [UNKNOWN if ratio is None else f"{ratio:.2f}", row["grade"]]
        rows.append(cells)
    print_table(rows, indent=2, right=range(1, len(head)))


def _print_advice(result: PlanningResult, say: Texts) -> None:
    now = result.found["smallest_effect"]
    rows = {row["design"]: row for row in result.designs.to_dicts()}
    told = []
    for name in ("more_controls", "half_at_once"):
        row = rows.get(name)
        if row is None or row["smallest_effect"] is None:
            continue
        if now is None or abs(row["smallest_effect"]) < _SMALLER * abs(now):
            better = effect(result, row["smallest_effect"], say)
            before = effect(result, now, say)
            told.append(say(f"planning.better.{name}", effect=better, now=before))
    _print_list("better_title", told, say)
    biases = [rows[name]["bias"] for name in ("best_first", "worst_first") if name in rows]
    worst = max(biases, key=abs, default=0.0)
    key = "best_first_bias" if abs(worst) >= abs(now or 0.0) / 10 and worst else "best_first"
    picked = say(f"planning.avoid.{key}", bias=effect(result, worst, say))
    avoid = [say("planning.avoid.all_at_once"), picked, say("planning.avoid.exchange")]
    _print_list("avoid_title", avoid, say)


def _print_list(title: str, lines: list[str], say: Texts) -> None:
    if lines:
        typer.echo("\n" + say(f"planning.{title}"))
        for line in lines:
            typer.echo(f"  - {line}")
