"""``thalweg judge``: how deep the change reaches, how dependent it is, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thalweg.surfaces.cli import judge_options as options
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import note, print_json
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.records.store.book import Book
    from thalweg.verdict.result import JudgeResult


@app.command(name="judge")
@interruptible
def judge_command(
    book: options.Folder = None,
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
    since: Annotated[
        int | None,
        typer.Option("--since", help="Generation of the book: which figures moved, and why."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Folder for all tables as Parquet.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Say how deeply an industry was changed, how dependent that is, and how surely it is known."""
    if schema:
        from thalweg.verdict.schema import judge_json_schema

        print_json(judge_json_schema())
        return
    asked = options.Asked(
        profile, type, unit, filters, draws, seed, confidence, off_from, threads, fresh
    )
    opened = options.book_at(book, "judge")
    if since is not None:
        _since(opened, since, asked, as_json=as_json, language=language)
        return
    result = options.verdict_of(opened, asked, language)
    if save is not None:
        from thalweg.verdict.tables import write_parquet

        written = write_parquet(result, save)
        note(load(language)("judge.saved", count=len(written), folder=save))
    _show(result, opened, as_json=as_json, language=language)


def _show(result: JudgeResult, book: Book, *, as_json: bool, language: str) -> None:
    from thalweg.surfaces.cli.judge_text import print_judge

    if as_json:
        print_json(result.to_json())
    else:
        print_judge(result, load(language), book.path)


def _since(
    book: Book, generation: int, asked: options.Asked, *, as_json: bool, language: str
) -> None:
    """What moved since an earlier generation, and because of which rows."""
    from thalweg.surfaces.cli.changed_text import print_changed
    from thalweg.verdict.changed import changed

    earlier = options.book_at(book.path, "judge", generation)
    before = options.verdict_of(earlier, asked, language)
    after = options.verdict_of(book, asked, language)
    found = changed(before, after, (earlier, book))
    if as_json:
        print_json(found.to_json())
    else:
        print_changed(found, after, load(language))
