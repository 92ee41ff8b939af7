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
    rules: Annotated[
        Path | None, typer.Option("--rules", help="File of rules: its breaches are an outcome.")
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", help="Of all intervals, such as 0.95.")
    ] = 0.95,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all draws.")] = 0,
    draws: Annotated[
        int | None, typer.Option("--draws", min=99, help="Permuted roll-outs; default: 999.")
    ] = None,
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
        Path | None,
        typer.Option(
            "--save", help="Folder for all tables as Parquet; with --design the assignment's file."
        ),
    ] = None,
    design: Annotated[
        bool, typer.Option("--design", help="Plan the next roll-out instead: who begins when.")
    ] = False,
    first: Annotated[
        str | None, typer.Option("--first", help="Design: month of the first wave, 2026-01.")
    ] = None,
    waves: Annotated[int | None, typer.Option("--waves", help="Design: number of waves.")] = None,
    units_per_wave: Annotated[
        int | None, typer.Option("--units-per-wave", help="Design: units that can begin at once.")
    ] = None,
    every_months: Annotated[
        int, typer.Option("--every-months", help="Design: from one wave to the next.")
    ] = 1,
    wait: Annotated[
        int, typer.Option("--wait", help="Design: months to look on after the last wave.")
    ] = 6,
    controls: Annotated[
        float, typer.Option("--controls", help="Design: share of units that never begin.")
    ] = 0.0,
    stratify: Annotated[
        str | None, typer.Option("--stratify", help="Design: traits to balance, with commas.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Design: trait whose units begin together.")
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", help="Design: units to leave out, with commas.")
    ] = None,
    early: Annotated[
        str | None, typer.Option("--early", help="Design: units that must begin first.")
    ] = None,
    late: Annotated[
        str | None, typer.Option("--late", help="Design: units that cannot begin before the last.")
    ] = None,
    effect: Annotated[
        str | None, typer.Option("--effect", help="Design: effect that would matter, -10%.")
    ] = None,
    drawing: Annotated[
        Literal["rerandomised", "balanced", "stratified", "simple"],
        typer.Option("--drawing", help="Design: how dates are drawn."),
    ] = "rerandomised",
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Design: draw power and waves, .svg or .png.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Show what each intervention changed, how sure that is, and what cannot be told and why."""
    if schema:
        from thalweg.change.planning.schema import planning_json_schema
        from thalweg.change.schema import prove_json_schema

        print_json(planning_json_schema() if design else prove_json_schema())
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg prove BOOK")
    from thalweg.records.store.book import open_book

    panel_options: dict[str, Any] = {
        "type": type,
        "unit": unit,
        "level": level,
        "filters": where or [],
    }
    if design:
        from thalweg.records.profile.file import load_profile
        from thalweg.surfaces.cli.prove_design import DesignRequest, design_command

        asked_for = DesignRequest(
            first=first,
            waves=waves,
            units_per_wave=units_per_wave,
            every_months=every_months,
            wait=wait,
            controls=controls,
            stratify=stratify,
            cluster=cluster,
            exclude=exclude,
            early=early,
            late=late,
            effect=effect,
            drawing=drawing,
            intervention=(intervention or ["planned"])[0],
        )
        design_command(
            book,
            asked_for,
            outcome=(outcome or ["flow_h"])[0],
            panel_options=panel_options
            | {
                "profile": open_book(book).profile() if profile is None else load_profile(profile),
                "every": every or "month",
            },
            seed=seed,
            draws=draws,
            save=save,
            chart=picture,
            as_json=as_json,
            language=language,
        )
        return
    from thalweg.change.prove import prove_book

    say = load(language)
    asked = [explain] if explain is not None else intervention
    with step_bar(lambda step: say(f"prove.steps.{step}")) as bar:
        result = prove_book(
            open_book(book),
            only=asked,
            outcomes=outcome,
            profile=profile,
            every=every,
            rules=rules,
            confidence=confidence,
            seed=seed,
            draws=draws or 999,
            threads=threads,
            candidates=candidates and explain is None,
            progress=bar,
            **panel_options,
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
