"""``thalweg prove``: what each intervention changed, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from thalweg.errors import RequestError
from thalweg.surfaces.cli import prove_options as options
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import note, print_json, step_bar
from thalweg.surfaces.cli.prove_design import DesignRequest, design_command
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult


@app.command(name="prove")
@interruptible
def prove_command(
    book: options.Folder = None,
    intervention: options.Interventions = None,
    outcome: options.Outcomes = None,
    type: options.ObjectType = None,  # noqa: A002
    profile: options.ProfileFile = None,
    unit: options.Unit = None,
    level: options.Level = None,
    every: options.Every = None,
    filters: Filters = None,
    rules: options.RulesFile = None,
    confidence: options.Confidence = 0.95,
    seed: options.Seed = 0,
    draws: options.Draws = None,
    threads: options.Threads = None,
    candidates: options.Candidates = True,
    explain: options.Explain = None,
    truth: options.Truth = None,
    save: options.Save = None,
    design: options.Design = False,
    first: options.First = None,
    waves: options.Waves = None,
    units_per_wave: options.UnitsPerWave = None,
    every_months: options.EveryMonths = 1,
    wait: options.Wait = 6,
    controls: options.Controls = 0.0,
    stratify: options.Stratify = None,
    cluster: options.Cluster = None,
    exclude: options.Exclude = None,
    early: options.Early = None,
    late: options.Late = None,
    effect: options.Effect = None,
    drawing: options.Drawing = "rerandomised",
    picture: options.Picture = None,
    schema: options.Schema = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Show what each intervention changed, how sure that is, and what cannot be told and why."""
    if schema:
        _print_schema(design)
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg prove BOOK")
    measured: dict[str, Any] = {
        "type": type,
        "unit": unit,
        "level": level,
        "every": every,
        "filters": filters or [],
        "profile": profile,
    }
    if design:
        planned = DesignRequest(
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
        how: dict[str, Any] = {"seed": seed, "draws": draws, "save": save, "chart": picture}
        how |= {"as_json": as_json, "language": language}
        _plan(book, planned, outcome, measured, how)
        return
    request = measured | {
        "only": intervention if explain is None else [explain],
        "outcomes": outcome,
        "rules": rules,
        "confidence": confidence,
        "seed": seed,
        "draws": draws or 999,
        "candidates": candidates and explain is None,
    }
    result = _prove(book, request, threads, language)
    if save is not None:
        written = result.write_parquet(save)
        note(load(language)("prove.saved", count=len(written), folder=save))
    _show(result, book, language, truth=truth, explain=explain, as_json=as_json)


def _print_schema(design: bool) -> None:
    from thalweg.change.planning.schema import planning_json_schema
    from thalweg.change.schema import prove_json_schema

    print_json(planning_json_schema() if design else prove_json_schema())


def _plan(
    book: Path,
    planned: DesignRequest,
    outcome: list[str] | None,
    measured: dict[str, Any],
    how: dict[str, Any],
) -> None:
    from thalweg.records.profile.file import load_profile
    from thalweg.records.store.book import open_book

    given = measured["profile"]
    profile = open_book(book).profile() if given is None else load_profile(given)
    panel_options = measured | {"profile": profile, "every": measured["every"] or "month"}
    design_command(
        book, planned, outcome=(outcome or ["flow_h"])[0], panel_options=panel_options, **how
    )


def _prove(book: Path, request: dict[str, Any], threads: int | None, language: str) -> ProveResult:
    from thalweg.change.prove import prove_book
    from thalweg.records.store.book import open_book

    say = load(language)
    with step_bar(lambda step: say(f"prove.steps.{step}")) as told:
        return prove_book(open_book(book), threads=threads, progress=told, **request)


def _show(
    result: ProveResult,
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
