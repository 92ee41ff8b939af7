"""The trust report on the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.records.store.book import Book
    from thalweg.records.trust import Example, TrustReport

_BETWEEN = ", "
_MOST_PLACES = 3
_MARKS = {"note": "·", "warning": "!", "loss": "✗"}


def ingest_summary(book: Book) -> dict[str, Any]:
    """What ``--json`` says about a book: its generation, sizes and trust report."""
    manifest, profile = book.manifest, book.profile()
    return {
        "book": str(book.path),
        "generation": manifest.generation,
        "created_at_utc": manifest.created_at_utc,
        "fingerprint": book.fingerprint,
        "events": manifest.events,
        "activities": len(book.activities),
        "types": [
            {"type": t.name, "objects": t.objects, "sequences": t.sequences, "entries": t.entries}
            for t in manifest.types
        ],
        "roles": {r.role: r.attribute for r in manifest.roles},
        "sources": [
            {
                "name": s.name,
                "format": s.format,
                "sha256": s.sha256,
                "rows_read": s.rows_read,
                "rows_kept": s.rows_kept,
                "rows_set_aside": s.rows_set_aside,
                "generation": s.generation,
            }
            for s in manifest.sources
        ],
        "beside": [
            {
                "table": c.table,
                "source": c.source,
                "format": c.format,
                "sha256": c.sha256,
                "rows_read": c.rows_read,
                "rows": c.rows,
                "rows_set_aside": c.rows_set_aside,
                "generation": c.generation,
            }
            for c in manifest.companions
        ],
        "profile": None if profile is None else profile.name,
        "trust": book.trust.to_json(),
    }


def print_ingested(book: Book, language: str) -> None:
    """Sizes and the trust report in words."""
    manifest, say = book.manifest, load(language)
    line = say(
        "cli.book_line",
        path=book.path,
        events=format_count(manifest.events, say.language),
        generation=manifest.generation,
    )
    typer.echo(line)
    head = (say("cli.type"), say("cli.objects"), say("cli.events"))
    rows = [
        (say.kind(t.name), *(format_count(n, say.language) for n in (t.objects, t.entries)))
        for t in manifest.types
    ]
    if rows:
        print_table([head, *rows], indent=2, right=(1, 2))
    _print_beside(book, say)
    print_trust(book.trust, say)


def _print_beside(book: Book, say: Texts) -> None:
    """Tables beside the events and the profile, one line each."""
    for record in book.manifest.companions:
        table = say(f"cli.tables.{record.table}") if say.has(f"cli.tables.{record.table}") else ""
        figures = (record.rows_read, record.rows, record.rows_set_aside)
        read, kept, aside = (format_count(figure, say.language) for figure in figures)
        name = table or record.table
        line = say("cli.beside", table=name, read=read, kept=kept, set_aside=aside)
        typer.echo(say("cli.beside_from", line=line, source=record.source))
    if (profile := book.profile()) is not None:
        typer.echo(say("cli.profile", name=profile.name))


def print_trust(trust: TrustReport, say: Texts) -> None:
    """Every finding with its count, place and first example."""
    figures = {
        "read": format_count(trust.rows_read, say.language),
        "kept": format_count(trust.rows_kept, say.language),
        "set_aside": format_count(trust.rows_set_aside, say.language),
    }
    if trust.rows_read or not trust.find("no_events"):
        typer.echo(say("cli.rows", **figures))
    for finding in trust.findings:
        shown = replace(finding, where=_places(finding.where or "", say) or finding.where)
        typer.echo(f" {_MARKS[finding.severity]} {say.finding_line(shown)}")
        for example in finding.examples[:1]:
            typer.echo(f"     {_example(example, say)}")


def _example(example: Example, say: Texts) -> str:
    """Where an example is and what it says; a code instead of a value is put in words."""
    source, value = _places(example.source or "", say), example.value
    if value is not None and value in say.findings:
        value = say.reason(value)
    if example.row is None:
        return " ".join(filter(None, (source, value)))
    if not value:
        return say("cli.example_row_bare", source=source, row=example.row)
    return say("cli.example_row", source=source, row=example.row, value=value)


def _places(names: str, say: Texts) -> str:
    """Names with commas between them; of many, the first and how many there are."""
    listed = names.split(_BETWEEN)
    if len(listed) <= _MOST_PLACES:
        return names
    return say("cli.places", first=listed[0], count=len(listed))
