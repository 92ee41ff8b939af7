"""A figure for people, with everything behind it, and the list of all figures."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.figure_words import (
    assumption_text,
    check_text,
    figure_line,
    figure_name,
    figure_text,
    known_text,
    method_text,
    rows_text,
)
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.texts import Texts
from thalweg.verdict.chain import RowCounts, files_of, profile_of
from thalweg.verdict.figures.methods import page_of

if TYPE_CHECKING:
    from thalweg.records.store.book import Book
    from thalweg.verdict.evidence import Figure
    from thalweg.verdict.result import JudgeResult

MOST_ASKED = 400
"""Characters of a request that are printed; the JSON has all of it."""


def print_all(result: JudgeResult, say: Texts, book: Path) -> None:
    """Every figure with its id, in the order of the verdict."""
    rows = [[one.id, figure_line(one, say, result.facts)] for one in result.evidence]
    print_table(rows)
    typer.echo("")
    typer.echo(say("evidence.listed", count=format_count(len(rows), say.language), book=book))


def print_explained(result: JudgeResult, book: Book, figure: Figure, say: Texts) -> None:
    """One figure: value, method, assumptions, checks, rows, request; then what it was made from."""
    typer.echo(say("evidence.title", name=figure_name(figure, say, result.facts)))
    typer.echo("  " + figure_text(figure, say) + _known(figure, say))
    _method(figure, say)
    _assumptions(figure, say)
    _checks(result, figure, say)
    counts = RowCounts(book, profile_of(result))
    _rows(counts, figure, say)
    _inputs(result, counts, figure, say)
    _request(result, book, figure, say)


def _known(figure: Figure, say: Texts) -> str:
    return "" if figure.value is None else f" · {known_text(figure.known, say)}"


def _method(figure: Figure, say: Texts) -> None:
    typer.echo("")
    typer.echo(say("evidence.method", text=method_text(figure, say)))
    page = page_of(figure.method)
    if page is not None:
        typer.echo(say("evidence.page", page=page))


def _assumptions(figure: Figure, say: Texts) -> None:
    if figure.assumptions:
        typer.echo("\n" + say("evidence.assumptions"))
        for code in figure.assumptions:
            typer.echo("  · " + assumption_text(code, say))


def _checks(result: JudgeResult, figure: Figure, say: Texts) -> None:
    typer.echo("\n" + say("evidence.checks"))
    if not figure.checks:
        typer.echo("  " + say("evidence.no_checks"))
    for check in figure.checks:
        typer.echo("  " + check_text(figure, check, say, result.facts))


def _rows(counts: RowCounts, figure: Figure, say: Texts) -> None:
    typer.echo("\n" + say("evidence.rows_behind"))
    if not figure.rows:
        typer.echo("  " + say("evidence.rows_none"))
    for line in _row_lines(counts, figure, say):
        typer.echo("  " + line)


def _row_lines(counts: RowCounts, figure: Figure, say: Texts) -> list[str]:
    lines = []
    for rows in figure.rows:
        count = counts(rows)
        one = count == 1 and say.has("evidence.rows_line_one")
        key = "evidence.rows_line_one" if one else "evidence.rows_line"
        shown = format_count(count, say.language)
        files = say("judge.comma").join(files_of(counts.book, rows))
        told = say(key, what=rows_text(rows, say), count=shown)
        lines.append(told + say("judge.stop") + say("evidence.rows_from", files=files))
    return lines


def _inputs(result: JudgeResult, counts: RowCounts, figure: Figure, say: Texts) -> None:
    """What it was made from, as a tree: each figure once, with its rows."""
    chain = result.evidence.chain(figure.id)[1:]
    if not chain:
        return
    typer.echo("\n" + say("evidence.inputs"))
    for depth, one in chain:
        indent = "  " * depth
        typer.echo(f"{indent}{one.id} · {figure_line(one, say, result.facts)}")
        for line in _row_lines(counts, one, say):
            typer.echo(f"{indent}    {line}")


def _request(result: JudgeResult, book: Book, figure: Figure, say: Texts) -> None:
    asked = {name: value for name, value in figure.request.items() if value not in (None, [], {})}
    typer.echo("\n" + say("evidence.request"))
    text = json.dumps(asked, ensure_ascii=False, default=str)
    typer.echo("  " + (text if len(text) <= MOST_ASKED else text[:MOST_ASKED] + " …"))
    command = shlex.join(["thalweg", "explain", str(book.path), figure.id])
    typer.echo(say("evidence.again", command=command))
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))
