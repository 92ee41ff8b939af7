"""The trust report on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

_MARKS = {"note": "·", "warning": "!", "loss": "✗"}


def ingest_summary(book: Book) -> dict[str, Any]:
    """What ``--json`` says about a book: its generation, sizes and trust report."""
    manifest = book.manifest
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
        "trust": book.trust.to_json(),
    }


def print_ingested(book: Book, language: str) -> None:
    """Sizes and the trust report in words."""
    manifest = book.manifest
    typer.echo(f"{book.path}: {manifest.events:,} events, generation {manifest.generation}")
    rows = [(t.name, f"{t.objects:,}", f"{t.entries:,}") for t in manifest.types]
    print_table([("type", "objects", "events"), *rows], indent=2, right=(1, 2))
    print_trust(book, language)


def print_trust(book: Book, language: str) -> None:
    """Every finding with its count, meaning and first example."""
    trust, texts = book.trust, load(language)
    typer.echo(
        f"rows: {trust.rows_read:,} read, {trust.rows_kept:,} kept, "
        f"{trust.rows_set_aside:,} set aside"
    )
    for finding in trust.findings:
        text = texts.finding(finding)
        share = "" if finding.share is None else f" ({finding.share:.1%})"
        place = f" [{finding.where}]" if finding.where else ""
        mark = _MARKS[finding.severity]
        typer.echo(f" {mark} {text.title}: {finding.count:,}{share}{place}")
        for example in finding.examples[:1]:
            row = "" if example.row is None else f" row {example.row}"
            typer.echo(f"     {example.source}{row}: {example.value}")
