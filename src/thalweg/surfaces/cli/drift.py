"""``thalweg drift``: when the process itself changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import print_json, working
from thalweg.surfaces.texts import load


@app.command()
@interruptible
def drift(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    by: Annotated[
        str | None, typer.Option("--by", help="'party', 'resource' or an attribute: each apart.")
    ] = None,
    kind: Annotated[
        Literal["control_flow", "times"] | None,
        typer.Option("--kind", help="Only paths, or only times; default: both."),
    ] = None,
    filters: Filters = None,
    ends: Annotated[
        str | None, typer.Option("--ends", help="Activities that finish an object, with commas.")
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", help="Chance of any false alarm in the whole result.")
    ] = 0.05,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random shuffles.")] = 0,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Find when the process changed, in its paths or its times, and what changed there."""
    from thalweg.process.drift.drift import KINDS, drift_book
    from thalweg.process.drift.schema import drift_json_schema
    from thalweg.process.filter_text import split_names
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.cli.drift_text import print_drift

    if schema:
        print_json(drift_json_schema())
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg drift BOOK")
    opened = open_book(book)
    with working(load(language)("cli.working")):
        result = drift_book(
            opened,
            type=type,
            filters=filters or [],
            by=by,
            kinds=KINDS if kind is None else (kind,),
            ends=None if ends is None else split_names(ends),
            seed=seed,
            alpha=alpha,
        )
    if as_json:
        print_json(result.to_json())
    else:
        print_drift(result, language)
