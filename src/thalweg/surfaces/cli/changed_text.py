"""What moved between two generations, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.figure_words import figure_name, value_text
from thalweg.surfaces.format_values import UNKNOWN, format_count
from thalweg.surfaces.prove_words import coded
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.verdict.changed import Changed
    from thalweg.verdict.result import JudgeResult

Row = dict[str, Any]
MOST_INPUTS = 3


def print_changed(found: Changed, after: JudgeResult, say: Texts) -> None:
    """The figures that moved, each with why, and the rows that came or went."""
    generations = {"before": found.before, "after": found.after}
    if len(found.figures):
        counts = {
            "moved": format_count(len(found.figures), say.language),
            "all": format_count(found.of, say.language),
        }
        typer.echo(say("judge.changed_title", **generations, **counts))
        _figures(found, after, say)
    else:
        typer.echo(say("judge.changed_none", **generations))
    if not found.same_request:
        typer.echo("! " + say("judge.request_changed"))
    _rows(found, say)


def _figures(found: Changed, after: JudgeResult, say: Texts) -> None:
    head = [say(f"judge.heads.{name}") for name in ("figure", "name", "before", "after", "because")]
    rows = [
        [
            row["figure"],
            _name(row, after, say),
            _value(row, "before", say),
            _value(row, "after", say),
            _because(row, say),
        ]
        for row in found.figures.to_dicts()
    ]
    print_table([head, *rows], indent=2)


def _name(row: Row, after: JudgeResult, say: Texts) -> str:
    if row["figure"] not in after.evidence:
        return row["name"] or UNKNOWN
    return figure_name(after.evidence[row["figure"]], say, after.facts)


def _value(row: Row, which: str, say: Texts) -> str:
    value = row[which] if row[which] is not None else row[f"{which}_text"]
    return value_text(value, row["unit"], say)


def _because(row: Row, say: Texts) -> str:
    told = []
    if row["tables"]:
        tables = [coded("evidence.tables", table, say) for table in row["tables"]]
        counts = {n: format_count(row[f"rows_{n}"], say.language) for n in ("added", "gone")}
        told.append(say("judge.because_rows", table=say("judge.comma").join(tables), **counts))
    if row["inputs"]:
        listed = say("judge.comma").join(row["inputs"][:MOST_INPUTS])
        told.append(say("judge.because_inputs", list=listed))
    return say("judge.semicolon").join(told) or UNKNOWN


def _rows(found: Changed, say: Texts) -> None:
    if not len(found.rows):
        typer.echo("\n" + say("judge.rows_none"))
        return
    typer.echo("\n" + say("judge.tables.rows_changed"))
    names = ("table", "source", "month", "added", "gone", "set_aside")
    rows = [
        [
            coded("evidence.tables", row["table"], say),
            row["source"],
            row["month"] or UNKNOWN,
            *(format_count(row[name], say.language) for name in names[3:]),
        ]
        for row in found.rows.to_dicts()
    ]
    print_table([[say(f"judge.heads.{name}") for name in names], *rows], indent=2, right=(3, 4, 5))
