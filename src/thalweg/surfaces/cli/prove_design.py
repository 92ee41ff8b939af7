"""``thalweg prove --design``: what a planned roll-out could show, and who should begin when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from thalweg.errors import RequestError
from thalweg.surfaces.cli.output import note, print_json, working
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.change.frame import Panel
    from thalweg.change.planning.lots import Trait
    from thalweg.change.planning.plan import RolloutPlan

_ASIDE = {"@row", "id", "name", "parent", "eligible", "unit"}
"""Columns of the parties that name a unit and do not tell units apart."""


@dataclass(frozen=True, slots=True)
class DesignRequest:
    """The options of ``--design`` as they were typed."""

    first: str | None = None
    waves: int | None = None
    units_per_wave: int | None = None
    every_months: int = 1
    wait: int = 6
    controls: float = 0.0
    stratify: str | None = None
    cluster: str | None = None
    exclude: str | None = None
    early: str | None = None
    late: str | None = None
    effect: str | None = None
    drawing: Literal["rerandomised", "balanced", "stratified", "simple"] = "rerandomised"
    intervention: str = "planned"


def design_command(
    book: Path,
    asked: DesignRequest,
    *,
    outcome: str = "flow_h",
    panel_options: Mapping[str, Any] | None = None,
    seed: int = 0,
    draws: int | None = None,
    save: Path | None = None,
    chart: Path | None = None,
    as_json: bool = False,
    language: str = "en",
) -> None:
    """Plan a roll-out on a book's records, print what it could show, and write who begins when.

    Takes    panel_options: as ``build_panels`` takes them (type, profile, unit, level, every,
             filters). save: file of the assignment (.csv, .xlsx, .parquet); None: not written.
             chart: picture of power and staircase (.svg, .png).
    """
    from thalweg.change.planning.assignment_file import write_assignment
    from thalweg.change.planning.rollout import DRAWS, plan_rollout
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.cli.planning_text import print_planning

    say = load(language)
    plan = plan_of(asked)
    opened = open_book(book)
    with working(say("cli.working")):
        panel, traits = _baseline(opened, outcome, dict(panel_options or {}))
        result = plan_rollout(
            panel, plan, traits=traits, seed=seed, draws=draws or DRAWS, book=opened.fingerprint
        )
    written = [] if save is None else write_assignment(result, save)
    if chart is not None:
        from thalweg.surfaces.chart_frame import save_chart
        from thalweg.surfaces.planning_charts import planning_chart

        written.append(save_chart(planning_chart(result, say), chart, say.language))
    if as_json:
        print_json(result.to_json())
    else:
        print_planning(result, language)
    for path in written:
        note(say("planning.saved", path=path))
    if save is not None:
        note(say("planning.add_rows"))


def plan_of(asked: DesignRequest) -> RolloutPlan:
    """The plan that options ask for.

    Raises   RequestError: no first day, a day or an effect that cannot be read.
    """
    from thalweg.change.planning.plan import RolloutPlan
    from thalweg.process.filter_text import split_names

    if asked.first is None:
        raise RequestError("When does the first wave begin? Give --first 2026-01 (or a day).")

    if asked.waves is None and asked.units_per_wave is None:
        raise RequestError(
            "How many waves? Give --waves 4, or --units-per-wave 10 for as many as can begin at once."
        )

    def names(text: str | None) -> tuple[str, ...]:
        return () if text is None else tuple(split_names(text))

    return RolloutPlan(
        first=_day(asked.first),
        waves=asked.waves,
        every=asked.every_months,
        capacity=asked.units_per_wave,
        controls_share=asked.controls,
        wait=asked.wait,
        exclude=names(asked.exclude),
        early=names(asked.early),
        late=names(asked.late),
        stratify=names(asked.stratify),
        cluster=asked.cluster,
        effect=_effect(asked.effect),
        drawing=asked.drawing,
        intervention=asked.intervention,
    )


def _day(text: str) -> date:
    whole = f"{text}-01" if len(text) == len("2026-01") else text
    try:
        return date.fromisoformat(whole)
    except ValueError:
        raise RequestError(
            f"{text!r} is no day on which a wave can begin. Write 2026-01 or 2026-01-15."
        ) from None


def _effect(text: str | None) -> float | None:
    if text is None:
        return None
    bare = text.strip().replace("−", "-")
    try:
        value = float(bare.removesuffix("%"))
    except ValueError:
        raise RequestError(f"{text!r} is no effect. Write -10% or -0.1.") from None
    if value == 0:
        raise RequestError("An effect of nothing cannot be planned for. Write -10% or 5%.")
    return value / 100 if bare.endswith("%") else value


def _baseline(book: Any, outcome: str, options: dict[str, Any]) -> tuple[Panel, dict[str, Trait]]:
    """The outcome without what earlier interventions did, and the traits of its units."""
    from thalweg.change.panels.panel import build_panels
    from thalweg.change.panels.rollouts import rollouts
    from thalweg.change.planning.baseline import without_others
    from thalweg.records.companions.reach import traits_of

    panels = build_panels(book, outcomes=[outcome], **options)
    panel = panels[outcome]
    if book.interventions() is not None:
        panel = without_others(panel, rollouts(book, panels).values())
    if panels.parties is None:
        return panel, {}
    table = traits_of(panels.parties, panel.units)
    return panel, {name: table[name].to_list() for name in table.columns if name not in _ASIDE}
