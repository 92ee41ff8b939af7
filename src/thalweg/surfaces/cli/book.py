"""``thalweg book``: what a book holds, whether it is whole, where it came from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import typer

from thalweg.errors import BookDamagedError
from thalweg.surfaces.cli.app import AsJson, Language, book_app, interruptible
from thalweg.surfaces.cli.output import print_json, print_table, working
from thalweg.surfaces.cli.trust import ingest_summary, print_ingested
from thalweg.surfaces.texts import load

BookPath = Annotated[Path, typer.Argument(help="Folder of the book.")]
Generation = Annotated[int | None, typer.Option("--generation", help="An earlier generation.")]


@book_app.command()
@interruptible
def info(
    book: BookPath,
    generation: Generation = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Show sizes, sources and the trust report."""
    from thalweg.records.store.book import open_book

    opened = open_book(book, generation)
    if as_json:
        print_json(ingest_summary(opened))
    else:
        print_ingested(opened, language)


@book_app.command()
@interruptible
def verify(
    book: BookPath,
    generation: Generation = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Check every file against its hash, and the sequences against their rules."""
    from thalweg.records.store.upkeep import verify as run

    with working(load(language)("cli.working")):
        result = run(book, generation)
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        for problem in result.problems:
            typer.echo(f"{problem.file} {problem.place}: {problem.text}")
        typer.echo(f"{result.files:,} files, {result.bytes:,} bytes checked")
    if result.problems:
        raise BookDamagedError(
            f"{book} has {len(result.problems)} problems. Restore it from a backup, or ingest "
            "the sources again."
        )


@book_app.command()
@interruptible
def history(book: BookPath, as_json: AsJson = False, language: Language = "en") -> None:
    """List the generations that are kept."""
    from thalweg.records.store.upkeep import history as run

    entries = run(book)
    if as_json:
        print_json({"generations": [dataclasses.asdict(entry) for entry in entries]})
        return
    rows = [
        (str(e.generation), e.created_at_utc, e.action, f"{e.events:,}", ", ".join(e.sources))
        for e in entries
    ]
    say = load(language)
    head = tuple(say(f"cli.{k}") for k in ("generation", "created", "action", "events", "sources"))
    print_table([head, *rows], right=(0, 3))


@book_app.command()
@interruptible
def gc(
    book: BookPath,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Generations to keep.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Remove what no kept generation needs."""
    from thalweg.records.store.upkeep import collect_garbage

    freed = collect_garbage(book, keep)
    if as_json:
        print_json(dataclasses.asdict(freed))
    else:
        typer.echo(f"{freed.files:,} files, {freed.bytes:,} bytes freed")


@book_app.command()
@interruptible
def export(
    book: BookPath,
    to: Annotated[Path, typer.Option("--to", "-o", help="File, or folder for Parquet.")],
    form: Annotated[
        Literal["ocel-json", "ocel-xml", "ocel-sqlite", "xes", "parquet"] | None,
        typer.Option("--format", help="Default: by the name of the target."),
    ] = None,
    type: Annotated[  # noqa: A002
        str | None, typer.Option("--type", help="Object type to see as cases (XES).")
    ] = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Write the book as OCEL 2.0 (JSON, XML, SQLite), XES or Parquet."""
    from thalweg.records.export.book import export_book
    from thalweg.records.store.book import open_book

    with working(load(language)("cli.working")):
        written = export_book(open_book(book), to, form=form, type=type)
    if as_json:
        print_json(dataclasses.asdict(written))
    else:
        typer.echo(f"{written.path}: {written.format}, {written.bytes:,} bytes")
