"""A discovered model on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import typer

from thalweg.process.discovery.result import net_size
from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import format_count, format_number, format_share
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.process.discovery.object_centric import ObjectCentricModel
    from thalweg.process.discovery.result import DiscoverResult

FIGURES = ("fitness", "fitting_share", "precision", "f1", "generalisation", "simplicity")
_ROWS = 15


def print_discovery(result: DiscoverResult, language: str) -> None:
    """The tree, its quality, the curve it was chosen from, and the rules that hold."""
    say = load(language)
    size = net_size(result.net)
    typer.echo(
        say(
            "discover.headline",
            objects=say.objects(result.objects, result.type),
            variants=format_count(result.variants, say.language),
            noise=format_number(result.noise, say.language),
        )
    )
    typer.echo(say("discover.tree", tree=result.tree))
    silent = size.pop("silent_transitions")
    shown = {name: format_count(n, say.language) for name, n in size.items()}
    typer.echo(
        say("discover.size", silent=silent, **{n: shown[n] for n in ("places", "transitions")})
    )
    if result.left_out:
        names = say("words.comma").join(f"“{name}”" for name in result.left_out)
        typer.echo(say("discover.left_out", activities=names))
    _quality(result, say)
    if not result.curve.is_empty():
        _curve(result.curve, say)
    if result.constraints is not None:
        _constraints(result.constraints, say)
    for code in result.warnings:
        typer.echo(f"\n! {say(f'discover.warning.{code}')}")
    typer.echo("\n" + say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


def _quality(result: DiscoverResult, say: Texts) -> None:
    typer.echo(f"\n{say('discover.quality')}")
    figures = result.quality
    rows = [
        [
            say(f"discover.{name}"),
            with_interval(figures, name, say),
            say(f"discover.meaning.{name}"),
        ]
        for name in FIGURES
    ]
    print_table(rows, indent=2)
    typer.echo(
        say(
            "discover.measured",
            objects=format_count(figures["objects_aligned"], say.language),
            exact=format_share(figures["exact_share"], say.language),
        )
    )


def with_interval(figures: dict[str, Any], name: str, say: Texts) -> str:
    """A figure between 0 and 1, with its interval where it has one of some width."""
    value, low, high = (figures.get(n) for n in (name, f"{name}_low", f"{name}_high"))
    text = _figure(value)
    if low is None or high is None or low == high:
        return text
    return say("discover.interval", value=text, low=_figure(low), high=_figure(high))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _curve(curve: pl.DataFrame, say: Texts) -> None:
    typer.echo(f"\n{say('discover.curve')}")
    names = ("noise", "transitions", "fitness", "precision", "f1", "generalisation", "simplicity")
    rows = [["", *(say(f"discover.{name}") for name in names)]]
    for row in curve.to_dicts():
        figures = [_figure(row[name]) for name in names[2:]]
        mark = "→" if row["chosen"] else ""
        rows.append([mark, f"{row['noise']:g}", str(row["transitions"]), *figures])
    print_table(rows, indent=2, right=range(1, len(rows[0])))


def _constraints(table: pl.DataFrame, say: Texts) -> None:
    if table.is_empty():
        typer.echo(f"\n{say('discover.no_constraints')}")
        return
    shown = telling(table).head(_ROWS)
    more = "" if len(shown) == len(table) else say("cli.shown", shown=len(shown), total=len(table))
    typer.echo(f"\n{say('discover.constraints')}{more}")
    heads = [
        say(f"discover.{n}") for n in ("constraint", "activations", "violations", "confidence")
    ]
    rows = [
        [
            constraint_text(row, say),
            format_count(row["activations"], say.language),
            format_count(row["violations"], say.language),
            format_share(row["confidence"], say.language),
        ]
        for row in shown.to_dicts()
    ]
    print_table([heads, *rows], indent=2, right=(1, 2, 3))


def telling(table: pl.DataFrame) -> pl.DataFrame:
    """Constraints with those first that relate two activities, then those that forbid a relation."""
    order = pl.col("template").str.starts_with("not_").cast(pl.Int8) + pl.when(
        pl.col("target").is_null()
    ).then(2).otherwise(0)
    return table.sort(order, maintain_order=True)


def constraint_text(row: dict[str, Any], say: Texts) -> str:
    """A DECLARE constraint in words."""
    words = {name: row.get(name) for name in ("source", "target", "n")}
    key = f"declare.template.{row['template']}.meaning"
    return say(f"{key}_one" if row.get("n") == 1 and say.has(f"{key}_one") else key, **words)


def print_object_centric(
    model: ObjectCentricModel, rules: pl.DataFrame | None, language: str
) -> None:
    """The tree of each type, where the number of objects varies, and rules between objects."""
    say = load(language)
    counts = {"places": len(model.places), "transitions": len(model.transitions)}
    typer.echo(say("discover.object_centric", n=len(model.types), **counts))
    for kind in model.types:
        typer.echo(say("discover.type_tree", type=say.kind(kind), tree=model.trees[kind]))
    variable = {
        (one.label, kind) for one in model.transitions if one.label for kind in one.variable
    }
    rows = [
        say(
            "discover.variable_row",
            activity=row["activity"],
            type=say.kind(row["type"]),
            share=format_share(row["single_share"], say.language),
            most=format_count(row["most"], say.language),
        )
        for row in model.involvement.table().to_dicts()
        if (row["activity"], row["type"]) in variable
    ]
    typer.echo(f"\n{say('discover.variable' if rows else 'discover.no_variable')}")
    for text in rows:
        typer.echo(f"  {text}")
    if rules is not None:
        _object_rules(rules, say)
    typer.echo("\n" + say("cli.fingerprint", fingerprint=model.fingerprint[:16], book=model.book))


def _object_rules(table: pl.DataFrame, say: Texts) -> None:
    if table.is_empty():
        typer.echo(f"\n{say('discover.no_constraints')}")
        return
    shown = table.head(_ROWS)
    more = "" if len(shown) == len(table) else say("cli.shown", shown=len(shown), total=len(table))
    typer.echo(f"\n{say('discover.object_constraints')}{more}")
    heads = [
        say(f"discover.{n}") for n in ("constraint", "activations", "violations", "confidence")
    ]
    rows = [
        [
            object_constraint_text(row, say),
            format_count(row["activations"], say.language),
            format_count(row["violations"], say.language),
            format_share(row["confidence"], say.language),
        ]
        for row in shown.to_dicts()
    ]
    print_table([heads, *rows], indent=2, right=(1, 2, 3))


def object_constraint_text(row: dict[str, Any], say: Texts) -> str:
    """A constraint between objects in words, and how the objects are related."""
    target_type = say.kind(row["target_type"])
    alone = row["relation"] == "same" and row["quantifier"] == "each"
    quantifier = "same" if alone else row["quantifier"]
    sentence = say(
        f"declare.across.{row['template']}",
        source=row["source"],
        source_type=say.kind(row["source_type"]),
        target=row["target"],
        quantified=say(f"declare.quantified.{quantifier}", target_type=target_type),
    )
    named = row["relation"] == "link" and row["qualifier"] is None
    relation = "link_any" if named else row["relation"]
    related = say(f"declare.relation.{relation}", qualifier=row["qualifier"])
    return f"{sentence} [{related}]"
