"""``thalweg chart``: one chart of a book as a picture file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.chart_kinds import OF_EFFECTS, OF_MONEY, Asked, Kind, draw
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import print_json, working

OF_MODELS = ("deviations", "fitness")


@app.command()
@interruptible
def chart(
    book: Annotated[Path, typer.Argument(help="Folder of the book.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What to draw.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture: .svg or .png.")],
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    filters: Filters = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Of deviations and fitness: a file, instead of discovery."),
    ] = None,
    intervention: Annotated[
        str | None, typer.Option("--intervention", help="Of charts of effects: its id.")
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option("--outcome", help="Of charts of effects: such as layer_h:processing."),
    ] = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Draw durations, waiting and its causes, model quality, deviations, effects, the verdict and more."""
    from thalweg.process.map import choose_type, read_filters
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.chart_frame import save_chart
    from thalweg.surfaces.process_map import picture_file
    from thalweg.surfaces.texts import load

    if model is not None and kind not in OF_MODELS:
        raise RequestError(f"--model goes with --kind {' or '.join(OF_MODELS)}, not with {kind}.")
    if (intervention or outcome) and kind not in OF_EFFECTS:
        raise RequestError(
            f"--intervention and --outcome go with --kind {', '.join(OF_EFFECTS)}, not with {kind}."
        )
    target, say = picture_file(output), load(language)
    opened = open_book(book)
    asked = Asked(
        opened,
        None if kind in OF_MONEY and not opened.types else choose_type(opened, type),
        tuple(read_filters(filters or [], opened.timezone)),
        model,
        say,
        intervention,
        outcome,
    )
    with working(say("cli.working")):
        save_chart(draw(kind, asked), target, say.language)
    if as_json:
        print_json({"chart": str(output), "kind": kind, "bytes": output.stat().st_size})
    else:
        typer.echo(f"{output}: {output.stat().st_size:,} bytes")
