"""``thalweg demo``: a made-up industry whose truth is known, to learn with and to test against."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import print_json, print_table, step_bar
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.industry.writing.demo import Demo

ORDERS_PER_FIRM_MONTH = 12.0
"""With 60 firms and 36 months some 420,000 events: enough for sure answers."""


@app.command()
@interruptible
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")] = Path("thalweg-demo"),
    archetype: Annotated[
        str,
        typer.Option(
            "--archetype",
            help="revolution, traffic_war, transition, quiet_trade, shelf_technology, placebo, "
            "confounded, pre_trend, anticipation or spill_over.",
        ),
    ] = "revolution",
    firms: Annotated[int, typer.Option("--firms", help="Trading firms, 8 to 500.")] = 60,
    months: Annotated[int, typer.Option("--months", help="Months observed, 12 to 96.")] = 36,
    orders: Annotated[
        float, typer.Option("--orders", help="Order files that a firm opens in a month.")
    ] = ORDERS_PER_FIRM_MONTH,
    seed: Annotated[int, typer.Option("--seed", help="Of all chance.")] = 7,
    format: Annotated[  # noqa: A002
        Literal["ocel", "ocel-json", "erp", "parquet"] | None,
        typer.Option(
            "--format",
            help="Of the records: OCEL 2.0 (SQLite or JSON), tables of an ERP, or Parquet; "
            "default: ocel, parquet where large, erp where dirty.",
        ),
    ] = None,
    dirt: Annotated[
        float, typer.Option("--dirt", help="Share of rows with a fault, such as 0.02.")
    ] = 0.0,
    encoding: Annotated[
        Literal["utf-8", "gbk"] | None,
        typer.Option("--encoding", help="Of CSV files; default: gbk for dirty Chinese tables."),
    ] = None,
    workbooks: Annotated[
        bool, typer.Option("--workbooks", help="Tables beside the records as XLSX, too.")
    ] = False,
    truth: Annotated[
        bool, typer.Option("--truth/--no-truth", help="Write what each intervention really did.")
    ] = True,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make a demonstration anew that is there.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Live a synthetic steel trade, write its records, and read them into a book."""
    from thalweg.industry.world.spec import WorldSpec
    from thalweg.industry.writing.demo import STEPS, DemoRequest, make_demo

    say = load(language)
    request = DemoRequest(
        folder,
        WorldSpec(archetype, firms, months, orders, seed),  # type: ignore[arg-type]
        say.language,
        format,
        dirt,
        encoding,
        workbooks,
        truth,
        replace,
    )
    with step_bar(lambda step: say(f"demo.steps.{step}")) as told:
        made = make_demo(request, lambda step: told(step, STEPS.index(step), len(STEPS)))
    if as_json:
        print_json(summary(made, say))
    else:
        print_demo(made, say)


def summary(made: Demo, say: Texts) -> dict[str, Any]:
    """What ``--json`` says about a demonstration."""
    spec, book = made.request.spec, made.book
    return {
        "folder": str(made.request.folder),
        "archetype": spec.archetype,
        "meaning": say(f"demo.archetypes.{spec.archetype}"),
        "firms": spec.firms,
        "months": spec.months,
        "orders_per_firm_month": spec.orders_per_firm_month,
        "seed": spec.seed,
        "language": made.request.language,
        "format": made.format,
        "dirt_share": made.request.dirt,
        "damage": made.damage.to_json(),
        "events": made.events,
        "events_in_book": book.n_events,
        "objects": {t.name: t.objects for t in book.manifest.types},
        "rows": made.rows,
        "interventions": _rolled_out(made),
        "book": str(book.path),
        "fingerprint": book.fingerprint,
        "next": _next(made),
    }


def print_demo(made: Demo, say: Texts) -> None:
    """What was made, in words, and what to do with it."""
    spec, book = made.request.spec, made.book
    typer.echo(say(f"demo.archetypes.{spec.archetype}"))
    figures = {
        "folder": made.request.folder,
        "events": format_count(book.n_events, say.language),
        "firms": format_count(spec.firms, say.language),
        "months": format_count(spec.months, say.language),
        "format": say(f"demo.formats.{made.format}"),
        "seed": spec.seed,
    }
    typer.echo(say("demo.made", **figures))
    head = (say("demo.file"), say("demo.rows"))
    rows = [(name, format_count(count, say.language)) for name, count in made.rows.items()]
    print_table([head, *rows], indent=2, right=(1,))
    _print_interventions(made, say)
    if made.request.dirt:
        spoilt = sum(sum(tables.values()) for tables in made.damage.faults.values())
        aside = format_count(book.trust.rows_set_aside, say.language)
        typer.echo(say("demo.damage", spoilt=format_count(spoilt, say.language), aside=aside))
    typer.echo(say("demo.next"))
    for command in _next(made):
        typer.echo(f"  {command}")


def _print_interventions(made: Demo, say: Texts) -> None:
    rolled = _rolled_out(made)
    if not rolled:
        typer.echo(say("demo.no_interventions"))
        return
    head = ("intervention", "id", "kind", "firms_of", "first", "last", "assignment")
    rows = [
        (
            one["name"],
            one["id"],
            one["kind"],
            str(one["firms"]),
            one["first"],
            one["last"],
            one["assignment"],
        )
        for one in rolled
    ]
    typer.echo(say("demo.interventions"))
    print_table([tuple(say(f"demo.{key}") for key in head), *rows], indent=2, right=(3,))


def _rolled_out(made: Demo) -> list[dict[str, Any]]:
    """Each intervention: how many firms it reached, from when to when."""
    import polars as pl

    from thalweg.industry.world.words import say as word

    language = made.request.language
    grouped = made.interventions.group_by("intervention", maintain_order=True).agg(
        pl.col("kind", "assignment").first(),
        pl.col("unit").n_unique(),
        pl.col("from").min().alias("first"),
        pl.col("from").max().alias("last"),
    )
    return [
        {
            "id": row["intervention"],
            "name": word(row["intervention"], language),
            "kind": word(row["kind"], language),
            "firms": row["unit"],
            "first": row["first"].isoformat(),
            "last": row["last"].isoformat(),
            "assignment": word(row["assignment"], language),
        }
        for row in grouped.iter_rows(named=True)
    ]


def _next(made: Demo) -> list[str]:
    """Commands to go on with."""
    from thalweg.industry.world.words import say as word
    from thalweg.industry.writing.demo import TRUTH

    book, language = str(made.book.path), made.request.language
    spoken = ["--language", language] if language != "en" else []
    truth = made.request.folder / TRUTH
    judged = ["--truth", str(truth)] if made.request.truth else []
    calls = [
        ["map", book, "--type", word("order", language)],
        ["prove", book, *judged],
        ["report", book, "-o", "report.html"],
    ]
    return [shlex.join(["thalweg", *call, *spoken]) for call in calls]
