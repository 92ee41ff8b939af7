"""``thalweg explain``: from a figure back to its method, assumptions, checks, request and rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thalweg.surfaces.cli import judge_options as options
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import note, print_json
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.records.store.book import Book
    from thalweg.verdict.evidence import Figure
    from thalweg.verdict.result import JudgeResult


@app.command(name="explain")
@interruptible
def explain_command(
    book: options.Folder = None,
    figure: Annotated[
        str | None, typer.Argument(help="Id of a figure; without one, all are listed.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="Write the rows behind it: .parquet, .csv or .xlsx."),
    ] = None,
    profile: options.ProfileFile = None,
    type: options.ObjectType = None,  # noqa: A002
    unit: options.Unit = None,
    filters: Filters = None,
    draws: options.Draws = None,
    seed: options.Seed = 0,
    confidence: options.Confidence = 0.95,
    off_from: options.OffFrom = None,
    threads: options.Threads = None,
    fresh: options.Fresh = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Walk from a figure of the verdict back to the rows that it was made from."""
    if rows is not None:
        from thalweg.surfaces.row_files import check_row_file

        check_row_file(rows)
    asked = options.Asked(
        profile, type, unit, filters, draws, seed, confidence, off_from, threads, fresh
    )
    opened = options.book_at(book, "explain")
    result = options.verdict_of(opened, asked, language)
    if figure is None:
        _list(result, opened, as_json=as_json, language=language)
        return
    chosen = result.evidence[figure]
    if rows is not None:
        _export(result, opened, chosen, rows, language)
    _explain(result, opened, chosen, as_json=as_json, language=language)


def _list(result: JudgeResult, book: Book, *, as_json: bool, language: str) -> None:
    from thalweg.surfaces.cli.explain_text import print_all

    if as_json:
        print_json([one.to_json() for one in result.evidence])
    else:
        print_all(result, load(language), book.path)


def _explain(
    result: JudgeResult, book: Book, figure: Figure, *, as_json: bool, language: str
) -> None:
    from thalweg.surfaces.cli.explain_text import print_explained

    if as_json:
        print_json(explained(result, book, figure))
    else:
        print_explained(result, book, figure, load(language))


def explained(result: JudgeResult, book: Book, figure: Figure) -> dict[str, Any]:
    """The chain behind a figure as plain JSON: each with its distance, and its rows counted."""
    from thalweg.verdict.chain import RowCounts, files_of, profile_of

    counted = RowCounts(book, profile_of(result))
    chain = []
    for distance, one in result.evidence.chain(figure.id):
        body = one.to_json() | {"distance": distance}
        for told, rows in zip(body["rows"], one.rows, strict=True):
            told["count"] = counted(rows)
            told["files"] = list(files_of(book, rows))
        chain.append(body)
    return {
        "schema": "thalweg.explain/1",
        "fingerprint": result.fingerprint,
        "book": result.book,
        "request": result.request,
        "figure": figure.id,
        "chain": chain,
    }


def _export(result: JudgeResult, book: Book, figure: Figure, path: Path, language: str) -> None:
    """Write the rows of a figure; one file a table, where they are of several."""
    from thalweg.surfaces.row_files import write_rows
    from thalweg.verdict.chain import rows_behind

    say = load(language)
    tables = rows_behind(result, book, figure)
    for table, frame in tables.items():
        target = path if len(tables) == 1 else path.with_stem(f"{path.stem}.{table}")
        count = write_rows(frame, target)
        note(say("evidence.exported", count=f"{count:,}", file=target))
    if not tables:
        note(say("evidence.rows_none"))
