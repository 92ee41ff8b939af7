"""The kinds of ``thalweg chart``: each asks of the book only what it draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from thalweg.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

    from thalweg.change.result import ProveResult
    from thalweg.economy.result import SustainResult
    from thalweg.process.conformance.result import ConformResult
    from thalweg.process.filters import Filter
    from thalweg.process.result import MapResult
    from thalweg.process.waiting.result import WaitsResult
    from thalweg.records.perspective import Perspective
    from thalweg.records.store.book import Book
    from thalweg.surfaces.chart_frame import Chart
    from thalweg.surfaces.texts import Texts
    from thalweg.verdict.result import JudgeResult

Kind = Literal[
    "durations",
    "timeline",
    "variants",
    "dotted",
    "waiting",
    "activities",
    "service",
    "handovers",
    "hours",
    "causes",
    "pair_causes",
    "quality",
    "deviations",
    "fitness",
    "drift",
    "effects",
    "rollout",
    "event_study",
    "cohorts",
    "sensitivity",
    "weights",
    "region",
    "depth",
    "growth",
    "traffic_off",
    "cash",
    "self_financing",
    "response",
]
OF_MONEY = ("growth", "traffic_off", "cash", "self_financing", "response")
OF_EFFECTS = ("effects", "rollout", "event_study", "cohorts", "sensitivity", "weights")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the charts are about.

    model: a file to hold the records against; None: discovered. intervention, outcome: of charts
    of effects; None: all of them, or the clearest where a chart shows one. type: None of a book
    without events, which has charts of its money alone.
    """

    book: Book
    type: str | None
    filters: tuple[Filter, ...]
    model: Path | None
    say: Texts
    intervention: str | None = None
    outcome: str | None = None

    def map(self) -> MapResult:
        from thalweg.process.map import map_book

        return map_book(self.book, type=self.type, filters=self.filters).localised()

    def table(self, measure: str) -> tuple[MapResult, pl.DataFrame]:
        """A measure of the map; or the reason why the records do not carry it, as an error."""
        result = self.map()
        table = result.table(measure)
        if table is None:
            raise RequestError(self.say(f"missing.{measure}.{result.missing[measure]}"))
        return result, table

    def view(self) -> Perspective:
        from thalweg.process.selection import apply_filters

        return apply_filters(self.book.perspective(self.type or ""), self.filters)

    def waits(self) -> WaitsResult:
        from thalweg.process.waiting.waits import waits_book

        found = waits_book(self.book, type=self.type, filters=self.filters)
        if found.total_s <= 0:
            raise RequestError(self.say("model_chart.no_waiting"))
        return found

    def conform(self) -> ConformResult:
        from thalweg.process.conformance.conform import conform_book

        return conform_book(self.book, type=self.type, filters=self.filters, model=self.model)

    def prove(self) -> ProveResult:
        from thalweg.change.prove import prove_book

        found = prove_book(
            self.book,
            type=self.type,
            filters=self.filters,
            only=None if self.intervention is None else [self.intervention],
            outcomes=None if self.outcome is None else [self.outcome],
            candidates=False,
            mechanism=False,
        )
        if found.effects.is_empty():
            raise RequestError(self.say("prove.warnings.no_interventions"))
        return found

    def judge(self) -> JudgeResult:
        from thalweg.verdict.judge import judge_book

        return judge_book(self.book, type=self.type, filters=self.filters)

    def sustain(self) -> SustainResult:
        from thalweg.economy.sustain import can_sustain, sustain_book

        lacking = can_sustain(self.book)
        if lacking:
            from thalweg.surfaces.figure_words import missing_text

            told = self.say("words.semicolon").join(missing_text(one, self.say) for one in lacking)
            raise RequestError(self.say("story.no_picture", reasons=told))
        return sustain_book(self.book)

    def effect(self) -> tuple[ProveResult, dict[str, Any]]:
        """One effect: the clearest of those asked for."""
        from thalweg.surfaces.effect_pictures import by_clarity

        found = self.prove()
        known = by_clarity(found.effects.filter(role="headline"))
        if known.is_empty():
            known = by_clarity(found.effects)
        if known.is_empty():
            raise RequestError(self.say("effects.none"))
        return found, known.row(0, named=True)


def draw(kind: Kind, asked: Asked) -> Chart:
    """The chart of a kind.

    Raises   RequestError: the records do not carry it; the message says what is missing.
    """
    return _DRAW[kind](asked)


def _durations(asked: Asked) -> Chart:
    from thalweg.surfaces.charts import duration_chart

    result = asked.map()
    return duration_chart(result.duration_curve, result.durations, asked.say)


def _timeline(asked: Asked) -> Chart:
    from thalweg.surfaces.time_charts import timeline_charts

    result, table = asked.table("timeline")
    return timeline_charts(table, result.facts["every"], asked.say)


def _variants(asked: Asked) -> Chart:
    from thalweg.surfaces.charts import variants_chart

    return variants_chart(asked.map().top_variants, asked.say)


def _dotted(asked: Asked) -> Chart:
    from thalweg.surfaces.report.gather import sample_dots
    from thalweg.surfaces.time_charts import dotted_chart

    dots = sample_dots(asked.view(), zone=asked.book.timezone)
    return dotted_chart(dots.table, dots.shown, dots.total, asked.say)


def _waiting(asked: Asked) -> Chart:
    from thalweg.surfaces.charts import waiting_chart

    return waiting_chart(asked.map().pairs, asked.say)


def _activities(asked: Asked) -> Chart:
    from thalweg.surfaces.charts import activity_chart

    return activity_chart(asked.map().activities, asked.say)


def _service(asked: Asked) -> Chart:
    from thalweg.surfaces.charts import service_chart

    return service_chart(asked.table("service")[1], asked.say)


def _handovers(asked: Asked) -> Chart:
    from thalweg.surfaces.charts import handover_chart

    return handover_chart(asked.table("handovers_resource")[1], asked.say)


def _hours(asked: Asked) -> Chart:
    from thalweg.surfaces.report.gather import event_hours
    from thalweg.surfaces.time_charts import hours_chart

    zone = asked.book.timezone
    return hours_chart(event_hours(asked.view(), zone), asked.say, zone)


def _causes(asked: Asked) -> Chart:
    from thalweg.surfaces.cause_charts import causes_total_chart

    return causes_total_chart(asked.waits().causes, asked.say)


def _pair_causes(asked: Asked) -> Chart:
    from thalweg.surfaces.cause_charts import waiting_causes_chart

    return waiting_causes_chart(asked.waits().pair_causes, asked.say)


def _quality(asked: Asked) -> Chart:
    from thalweg.process.discovery.discover import discover_book
    from thalweg.process.weighted import weigh_variants
    from thalweg.surfaces.model_charts import quality_curve_chart
    from thalweg.surfaces.report.deep import quality_sample

    view = asked.view()
    sample = quality_sample(weigh_variants(view, None)[0].variants, view.objects)
    found = discover_book(
        asked.book, type=asked.type, filters=asked.filters, choose=True, sample=sample
    )
    return quality_curve_chart(found.curve, asked.say)


def _deviations(asked: Asked) -> Chart:
    from thalweg.surfaces.model_charts import deviations_chart

    found = asked.conform().deviations
    if found.is_empty():
        raise RequestError(asked.say("conform.none"))
    return deviations_chart(found, asked.say)


def _fitness(asked: Asked) -> Chart:
    from thalweg.surfaces.deviation_picture import months
    from thalweg.surfaces.model_charts import fitness_timeline_chart

    found = months(asked.conform())
    if found is None:
        raise RequestError(asked.say("model_chart.one_month"))
    return fitness_timeline_chart(found, asked.say)


def _drift(asked: Asked) -> Chart:
    from thalweg.process.drift.drift import drift_book
    from thalweg.surfaces.drift_charts import drift_chart

    say = asked.say
    found = drift_book(asked.book, type=asked.type, filters=asked.filters).localised()
    if found.series.is_empty():
        reasons = [
            say(
                "drift.refused",
                kind=say(f"drift.kinds.{row['kind']}"),
                group="",
                reason=say(f"drift.reasons.{row['reason']}"),
            )
            for row in found.groups.to_dicts()
            if row["reason"] is not None
        ]
        raise RequestError(say("words.semicolon").join(reasons or [say("drift.none")]))
    return drift_chart(found.series, found.changes, say)


def _effects(asked: Asked) -> Chart:
    from thalweg.surfaces.effect_pictures import forest

    return forest(asked.prove(), asked.say)


def _rollout(asked: Asked) -> Chart:
    from thalweg.surfaces.effect_pictures import staircase

    return staircase(asked.prove(), asked.say)


def _of_one_effect(name: str) -> Callable[[Asked], Chart]:
    """A chart of ``effect_pictures`` that shows one intervention and outcome."""

    def drawn(asked: Asked) -> Chart:
        from thalweg.surfaces import effect_pictures

        found, row = asked.effect()
        return getattr(effect_pictures, name)(found, row, asked.say)

    return drawn


def _region(asked: Asked) -> Chart:
    from thalweg.surfaces import story_pictures

    return story_pictures.region(asked.judge(), asked.say)


def _depth(asked: Asked) -> Chart:
    from thalweg.surfaces import story_pictures
    from thalweg.surfaces.report.names import Names

    found = asked.judge()
    burdens = story_pictures.measured_burdens(found) or ["time"]
    names = Names(found, asked.say).layers
    return story_pictures.depth(found, burdens[0], names, asked.say)


def _of_money(name: str) -> Callable[[Asked], Chart]:
    """A chart of ``story_pictures`` of the economy."""

    def drawn(asked: Asked) -> Chart:
        from thalweg.surfaces import story_pictures

        found, draws = asked.sustain(), getattr(story_pictures, name)
        names: tuple[dict[str, str], ...] = ({},) if name in ("growth", "response") else ()
        return draws(found, *names, asked.say)

    return drawn


_DRAW: dict[str, Callable[[Asked], Any]] = {
    "durations": _durations,
    "timeline": _timeline,
    "variants": _variants,
    "dotted": _dotted,
    "waiting": _waiting,
    "activities": _activities,
    "service": _service,
    "handovers": _handovers,
    "hours": _hours,
    "causes": _causes,
    "pair_causes": _pair_causes,
    "quality": _quality,
    "deviations": _deviations,
    "fitness": _fitness,
    "drift": _drift,
    "effects": _effects,
    "rollout": _rollout,
    "event_study": _of_one_effect("event_study"),
    "cohorts": _of_one_effect("cohort_paths"),
    "sensitivity": _of_one_effect("sensitivity"),
    "weights": _of_one_effect("weights"),
    "region": _region,
    "depth": _depth,
} | {name: _of_money(name) for name in OF_MONEY}
