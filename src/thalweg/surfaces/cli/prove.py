"""``thalweg prove``: what each intervention changed, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import note, print_json, step_bar
from thalweg.surfaces.texts import load

Names = list[str] | None


@app.command(name="prove")
@interruptible
def prove_command(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    intervention: Annotated[
        Names, typer.Option("--intervention", help="Only this one; repeat for several.")
    ] = None,
    outcome: Annotated[
        Names,
        typer.Option("--outcome", help="Only this: flow_h, layer_h:quality, …; repeat."),
    ] = None,
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    profile: Annotated[
        Path | None, typer.Option("--profile", help="Profile file: layers, windows, units.")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="What names the unit: attribute:firm, role:party, …"),
    ] = None,
    level: Annotated[
        str | None, typer.Option("--level", help="Column of the parties to join units by.")
    ] = None,
    every: Annotated[
        Literal["month", "week"] | None, typer.Option("--every", help="Length of a period.")
    ] = None,
    where: Annotated[
        Names,
        typer.Option("--where", help="Keep a part: 'activity=A,B', 'time:2024-01-01..'; repeat."),
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", help="Of all intervals, such as 0.95.")
    ] = 0.95,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all draws.")] = 0,
    draws: Annotated[int, typer.Option("--draws", min=99, help="Permuted roll-outs.")] = 999,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Workers; the result is the same.")
    ] = None,
    candidates: Annotated[
        bool,
        typer.Option(help="Also look for changes that no intervention explains."),
    ] = True,
    explain: Annotated[
        str | None,
        typer.Option("--explain", help="All checks of this intervention in plain words."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Truth file of a demo, to compare with.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write all tables as Parquet to a folder.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Show what each intervention changed, how sure that is, and what cannot be told and why."""
    if schema:
        from thalweg.change.schema import prove_json_schema

        print_json(prove_json_schema())
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg prove BOOK")
    from thalweg.change.prove import prove_book
    from thalweg.records.store.book import open_book

    say = load(language)
    asked = [explain] if explain is not None else intervention
    with step_bar(lambda step: say(f"prove.steps.{step}")) as bar:
        result = prove_book(
            open_book(book),
            only=asked,
            outcomes=outcome,
            profile=profile,
            type=type,
            unit=unit,
            level=level,
            every=every,
            filters=where or [],
            confidence=confidence,
            seed=seed,
            draws=draws,
            threads=threads,
            candidates=candidates and explain is None,
            progress=bar,
        )
    if save is not None:
        written = result.write_parquet(save)
        note(say("prove.saved", count=len(written), folder=save))
    _show(result, book, language, truth=truth, explain=explain, as_json=as_json)


def _show(
    result: Any,
    book: Path,
    language: str,
    *,
    truth: Path | None,
    explain: str | None,
    as_json: bool,
) -> None:
    from thalweg.surfaces.cli.prove_text import print_explained, print_prove
    from thalweg.surfaces.cli.prove_truth import read_truth

    if as_json:
        print_json(result.to_json())
    elif explain is not None:
        print_explained(result, language)
    else:
        print_prove(result, language, book, None if truth is None else read_truth(truth))
