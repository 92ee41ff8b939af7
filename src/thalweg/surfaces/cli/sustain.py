"""``thalweg sustain``: is the growth bought or earned, and what is left without the buying?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import note, print_json, step_bar
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.economy.result import SustainResult

Folder = Annotated[Path | None, typer.Argument(help="Folder of the book.")]
ProfileFile = Annotated[Path | None, typer.Option("--profile", help="Profile file: accounts, …")]
Scenarios = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A scenario: marketing=-50%, subsidy=0, rollout.e_receipts=2026-06; several "
        "joined by commas are one scenario; repeat for more.",
    ),
]
OffFrom = Annotated[
    str | None,
    typer.Option("--off-from", help="Month from which traffic, subsidy or capital stop: 2025-01."),
]
Horizon = Annotated[int, typer.Option("--horizon", min=1, max=120, help="Months to look ahead.")]
Draws = Annotated[int, typer.Option("--draws", min=50, help="Draws of all that is uncertain.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of all draws by chance.")]
Confidence = Annotated[float, typer.Option("--confidence", help="Of all intervals, such as 0.95.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Workers; the result is the same.")
]
Save = Annotated[
    Path | None,
    typer.Option("--save", help="Folder for all tables as Parquet; the plan's file with --pauses."),
]
Pauses = Annotated[
    float | None,
    typer.Option(
        "--pauses", help="Plan a pause experiment instead: share of firm-months paused, 0.1."
    ),
]
PauseMonths = Annotated[
    int, typer.Option("--pause-months", min=3, max=60, help="Months that the experiment lasts.")
]
PauseSubsidy = Annotated[
    bool | None,
    typer.Option(
        "--pause-subsidy/--keep-subsidy",
        help="Whether subsidy pauses too; else where it is over 3% of revenue.",
        show_default=False,
    ),
]
Schema = Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the result.")]


@app.command(name="sustain")
@interruptible
def sustain_command(
    book: Folder = None,
    scenario: Scenarios = None,
    profile: ProfileFile = None,
    off_from: OffFrom = None,
    horizon: Horizon = 24,
    pauses: Pauses = None,
    pause_months: PauseMonths = 12,
    pause_subsidy: PauseSubsidy = None,
    confidence: Confidence = 0.95,
    seed: Seed = 0,
    draws: Draws = 200,
    threads: Threads = None,
    save: Save = None,
    schema: Schema = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Show whether growth is bought or earned, and how long it lives without traffic or capital."""
    if schema:
        _print_schema()
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg sustain BOOK")
    if pauses is not None:
        from thalweg.surfaces.cli.pauses import pauses_command

        pauses_command(
            book,
            share=pauses,
            months=pause_months,
            subsidy=pause_subsidy,
            profile=profile,
            seed=seed,
            confidence=confidence,
            save=save,
            as_json=as_json,
            language=language,
        )
        return
    request = {
        "profile": profile,
        "off_from": off_from,
        "scenarios": tuple(scenario or ()),
        "draws": draws,
        "seed": seed,
        "confidence": confidence,
        "horizon_months": horizon,
    }
    result = _sustain(book, request, threads, language)
    if save is not None:
        written = result.write_parquet(save)
        note(load(language)("sustain.saved", count=len(written), folder=save))
    if as_json:
        print_json(result.to_json())
    else:
        from thalweg.records.store.book import open_book
        from thalweg.surfaces.cli.sustain_text import print_sustain
        from thalweg.surfaces.cli.sustain_words import names_of

        print_sustain(result, language, names_of(open_book(book)))


def _print_schema() -> None:
    from thalweg.economy.schema import sustain_json_schema

    print_json(sustain_json_schema())


def _sustain(
    book: Path, request: dict[str, Any], threads: int | None, language: str
) -> SustainResult:
    from thalweg.economy.sustain import sustain_book
    from thalweg.records.store.book import open_book

    say = load(language)
    with step_bar(lambda step: say(f"sustain.steps.{step}")) as told:
        return sustain_book(open_book(book), threads=threads, progress=told, **request)
