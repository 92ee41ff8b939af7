"""``thalweg conform``: where work leaves the model, and which rules it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import note, print_json, step_bar
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult

BROKEN = 10
"""Exit code when --fail-on was met."""


Export = Annotated[
    Path | None,
    typer.Option("--export", help="List every occurrence: file.parquet, .csv or .xlsx."),
]
Picture = Annotated[
    Path | None, typer.Option("--picture", help="Draw the model: file.svg or file.png.")
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        help="Exit with 10 when more than this many checks of rules are violated, or any of a "
        "rule of this severity (low, medium, high, critical) or worse.",
    ),
]


@app.command(name="conform")
@interruptible
def conform_command(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="BPMN, PNML, PTML or a process tree as text.")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option("--noise", min=0.0, max=1.0, help="Discover the model with this threshold."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="A YAML file of rules; see --example.")
    ] = None,
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    filters: Filters = None,
    ends: Annotated[
        str | None, typer.Option("--ends", help="Activities that finish an object, with commas.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Zone of days and months.")
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option("--cost", help="Column of costs: NAME, attribute:NAME or object:NAME."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Rows of each ranking.")] = 10,
    max_states: Annotated[
        int | None, typer.Option("--max-states", min=1, help="Cap of one variant's alignment.")
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option("--max-seconds", min=0.001, help="The same, in seconds.")
    ] = None,
    total_seconds: Annotated[
        float | None,
        typer.Option("--total-seconds", min=0.001, help="Time for all searches together."),
    ] = None,
    export: Export = None,
    picture: Picture = None,
    fail_on: FailOn = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a rule file to begin with, and end.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what the rules mean, and end.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Hold the records against a model and a file of rules: fitness, deviations, violations."""
    if schema or example or explain:
        _tell(rules, language, schema=schema, example=example)
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg conform BOOK")
    limit = _limit(fail_on, rules)
    _check_files(export, picture)
    options: dict[str, Any] = {
        "type": type,
        "filters": filters or [],
        "model": model,
        "noise": noise,
        "rules": rules,
        "cost": cost,
        "ends": None if ends is None else _names(ends),
        "timezone": timezone,
    }
    caps = {
        "max_states": max_states,
        "max_seconds": max_seconds,
        "total_seconds": total_seconds,
    }
    options |= {name: cap for name, cap in caps.items() if cap is not None}
    result = _conform(book, options, language)
    _write(result, export, picture, language)
    _show(result, top, as_json=as_json, language=language)
    if limit is not None:
        _judge(result, limit, language)


def _tell(rules: Path | None, language: str, *, schema: bool, example: bool) -> None:
    from thalweg.process.conformance.rules.file import example_rules, load_rules

    if schema:
        from thalweg.process.conformance.schema import conform_json_schema

        print_json(conform_json_schema())
    elif example:
        load(language)
        typer.echo(example_rules(language), nl=False)
    else:
        from thalweg.surfaces.cli.conform_explain import print_explanation

        if rules is None:
            raise RequestError(
                "Which rules? Name their file: thalweg conform --rules FILE --explain"
            )
        print_explanation(load_rules(rules), language)


def _conform(book: Path, options: dict[str, Any], language: str) -> ConformResult:
    from thalweg.process.conformance.conform import conform_book
    from thalweg.records.store.book import open_book

    say = load(language)
    with step_bar(lambda step: say(f"conform.step_{step}")) as told:
        return conform_book(open_book(book), told=told, **options)


def _check_files(export: Path | None, picture: Path | None) -> None:
    """Find out before the work, not after it, that a file cannot be written as asked."""
    if export is not None:
        from thalweg.surfaces.row_files import check_row_file

        check_row_file(export)
    if picture is not None and picture.suffix.lower() not in (".svg", ".png"):
        raise RequestError(f"{picture.name} is no picture. End it with .svg or .png.")


def _write(result: ConformResult, export: Path | None, picture: Path | None, language: str) -> None:
    if export is not None:
        from thalweg.surfaces.deviation_files import write_deviations

        worded = None if export.suffix.lower() == ".parquet" else language
        rows = write_deviations(result, export, language=worded)
        note(load(language)("conform.exported", path=export, rows=f"{rows:,}"))
    if picture is not None:
        from thalweg.surfaces.deviation_picture import draw_deviations

        draw_deviations(result, picture, language=language)
        note(f"{picture}: {picture.stat().st_size:,} bytes")


def _show(result: ConformResult, top: int, *, as_json: bool, language: str) -> None:
    if as_json:
        print_json(result.to_json())
        return
    from thalweg.surfaces.cli.conform_text import print_conform

    print_conform(result, language, top)


def _limit(text: str | None, rules: Path | None) -> str | None:
    from thalweg.process.conformance.rules.kinds import SEVERITIES

    if text is None:
        return None
    if rules is None:
        raise RequestError("--fail-on is about rules. Name their file with --rules.")
    if text not in SEVERITIES and not text.isdecimal():
        raise RequestError(
            f"--fail-on {text!r} is neither a number nor one of {', '.join(SEVERITIES)}."
        )
    return text


def _judge(result: ConformResult, limit: str, language: str) -> None:
    import polars as pl

    from thalweg.process.conformance.rules.kinds import SEVERITIES

    rules = result.tables["rules"]
    most = 0
    if limit.isdecimal():
        most = int(limit)
    else:
        bad = [one for one in SEVERITIES if SEVERITIES.index(one) >= SEVERITIES.index(limit)]
        rules = rules.filter(pl.col("severity").is_in(bad))
    count = int(rules["violated"].sum())
    if count > most:
        note(load(language)("conform.failed", count=f"{count:,}"))
        raise typer.Exit(BROKEN)


def _names(text: str) -> tuple[str, ...]:
    from thalweg.process.filter_text import split_names

    return split_names(text)
