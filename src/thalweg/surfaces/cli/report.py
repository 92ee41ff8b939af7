"""``thalweg report``: the whole story of a book in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import print_json, working
from thalweg.surfaces.texts import load


@app.command()
@interruptible
def report(
    book: Annotated[Path, typer.Argument(help="Folder of the book.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: .html, .md, .json, .xlsx.")
    ] = Path("report.html"),
    type: Annotated[str | None, typer.Option("--type", help="Object type to start with.")] = None,  # noqa: A002
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="Keep a part; repeat to narrow.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Model to hold the records against; default: discovered."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="A YAML file of rules to check as well.")
    ] = None,
    format: Annotated[  # noqa: A002
        Literal["html", "md", "json", "xlsx"] | None,
        typer.Option("--format", help="Default: by the ending of the file, else html."),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="Heading; default: the name of the book's folder.")
    ] = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Write the whole story as one file: verdict, ten questions, process, effects, economy, trust."""
    from thalweg.process.filter_text import parse_filter
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.report import report_format, write_report

    with working(load(language)("cli.working")):
        write_report(
            open_book(book),
            output,
            language=cast(Literal["en", "zh"], language),
            type=type,
            filters=tuple(parse_filter(text) for text in filters or ()),
            model=model,
            rules=rules,
            format=format,
            title=title,
        )
    if as_json:
        print_json(
            {
                "report": str(output),
                "format": report_format(output, format),
                "bytes": output.stat().st_size,
                "language": language,
            }
        )
    else:
        typer.echo(f"{output}: {output.stat().st_size:,} bytes")
