"""The analyst's hour: sections with their charts, tables, and what the records could not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from thalweg.surfaces import charts, time_charts
from thalweg.surfaces.format_values import format_count, format_duration, format_share
from thalweg.surfaces.report import tables
from thalweg.surfaces.report.deep_sections import (
    causes_section,
    deviations_section,
    drift_section,
    model_section,
)
from thalweg.surfaces.report.effect_sections import effects_section
from thalweg.surfaces.report.writer import Section, Writer
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.result import MapResult
    from thalweg.surfaces.report.deep import Deep
    from thalweg.surfaces.report.gather import Gathered


def sections(got: Gathered, writer: Writer) -> list[Section]:
    """All sections of the process after its map."""
    if got.main is None or got.main.objects == 0:
        return []
    parts: tuple[Callable[[MapResult, Gathered, Writer], Section | None], ...] = (
        _durations,
        _waiting,
        _deep(causes_section),
        _rework,
        _variants,
        _activities,
        _deep(model_section),
        _deep(deviations_section),
        _flow,
        _deep(drift_section),
        _handovers,
        _types,
    )
    found = (part(got.main, got, writer) for part in parts)
    return [one for one in found if one is not None]


def effect_part(got: Gathered, writer: Writer) -> list[Section]:
    """The section of effects, where there are interventions."""
    found = None if got.judged is None else got.judged.prove
    if found is None and got.deep is not None:
        found = got.deep.prove
    return [] if found is None else [effects_section(found, writer)]


def _deep(
    part: Callable[[Deep, Writer], Section],
) -> Callable[[MapResult, Gathered, Writer], Section | None]:
    return lambda _, got, writer: None if got.deep is None else part(got.deep, writer)


def _durations(result: MapResult, _: Gathered, writer: Writer) -> Section:
    say = writer.say
    figures, language = result.durations, say.language

    def spans(source: dict[str, float | None]) -> dict[str, str]:
        return {k: format_duration(source.get(f"{k}_s"), language) for k in _SPANS}

    notes = [
        say("note.durations", **spans(figures)),
        say(
            "note.restricted",
            until=format_duration(figures["restricted_s"], language),
            mean=format_duration(figures["mean_s"], language),
            low=format_duration(figures["mean_low_s"], language),
            high=format_duration(figures["mean_high_s"], language),
            naive=format_duration(figures["naive_mean_s"], language),
        ),
        _completion_note(result, say),
    ]
    working = result.facts.get("durations_work")
    if working is not None:
        notes.append(say("note.working", **spans(working), hours=_hours_text(result, say)))
    notes += writer.missing(result, "calendar")
    chart = writer.figure("duration", charts.duration_chart(result.duration_curve, figures, say))
    return writer.section("durations", figures=[chart], notes=notes)


_SPANS = ("p25", "median", "median_low", "median_high", "p75", "p90")


def _completion_note(result: MapResult, say: Texts) -> str:
    done, language = result.completion, say.language
    rule = done["rule"] if done["ends"] else "silence"
    return say(
        f"note.completion_{rule}",
        ends=say("words.comma").join(f"“{name}”" for name in done["ends"]),
        by_end=format_count(done["by_end"], language),
        by_silence=format_count(done["by_silence"], language),
        open=format_count(done["unfinished"], language),
    )


def _hours_text(result: MapResult, say: Texts) -> str:
    """Working hours by weekday, equal neighbours together: Mon–Fri 08:00-17:00."""
    week = result.facts["calendar"]["hours"]
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    groups: list[tuple[int, int, str]] = []
    for number, day in enumerate(days):
        spans = say("words.comma").join(week.get(day, ()))
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], number, spans)
        else:
            groups.append((number, number, spans))
    named = []
    for first, last, spans in groups:
        if spans:
            days_text = say(f"weekday.{first}")
            if last > first:
                days_text += f"–{say(f'weekday.{last}')}"
            named.append(f"{days_text} {spans}")
    return say("words.semicolon").join(named)


def _waiting(result: MapResult, _: Gathered, writer: Writer) -> Section:
    say = writer.say
    figures, notes = [], writer.missing(result, "service")
    if not result.pairs.is_empty():
        figures.append(writer.figure("waiting", charts.waiting_chart(result.pairs, say)))
    service = result.table("service")
    if service is not None and not service.is_empty():
        figures.append(writer.figure("service", charts.service_chart(service, say)))
        service = service.rename({"wait_share": "of_wait_and_service"})
        notes.append(_service_note(result, service, say))
    by_wait = result.pairs.sort(["total_s", "source", "target"], descending=[True, False, False])
    shown = writer.table("pairs", by_wait, tables.PAIRS)
    shown += writer.table("service", service, tables.SERVICE)
    return writer.section("waiting", figures=figures, tables=shown, notes=notes)


def _service_note(result: MapResult, service: pl.DataFrame, say: Texts) -> str:
    facts, language = result.facts["service"], say.language
    waited = float(service["wait_total_s"].fill_nan(0).sum())
    worked = float(service["service_total_s"].fill_nan(0).sum())
    return say(
        "note.service",
        share=format_share(waited / max(waited + worked, 1e-9), language),
        pieces=format_count(facts["pieces"], language),
        starts=format_count(facts["unmatched_starts"], language),
        completes=format_count(facts["unmatched_completes"], language),
        disordered=format_count(facts["disordered"], language),
    )


def _rework(result: MapResult, _: Gathered, writer: Writer) -> Section:
    loops = result.table("loops")
    empty = loops is None or loops.is_empty()
    notes = [writer.say("note.no_rework")] if empty else []
    return writer.section("rework", tables=writer.table("loops", loops, tables.LOOPS), notes=notes)


def _variants(result: MapResult, _: Gathered, writer: Writer) -> Section:
    chart = writer.figure("variants", charts.variants_chart(result.top_variants, writer.say))
    shown = writer.table("variants", result.top_variants, tables.VARIANTS)
    return writer.section("variants", figures=[chart], tables=shown)


def _activities(result: MapResult, _: Gathered, writer: Writer) -> Section:
    chart = writer.figure("activities", charts.activity_chart(result.activities, writer.say))
    shown = [
        *writer.table("activities", result.activities, tables.ACTIVITIES),
        *writer.table("starts", result.starts, tables.EDGES),
        *writer.table("ends", result.ends, tables.EDGES),
    ]
    return writer.section("activities", figures=[chart], tables=shown)


def _flow(result: MapResult, got: Gathered, writer: Writer) -> Section:
    say = writer.say
    timeline = result.table("timeline")
    figures = []
    if timeline is not None and not timeline.is_empty():
        chart = time_charts.timeline_charts(timeline, result.facts["every"], say)
        figures.append(writer.figure("timeline", chart))
    figures.append(
        writer.figure("hours", time_charts.hours_chart(got.hours, say, got.zone), zone=got.zone)
    )
    dots = got.dots
    figures.append(
        writer.figure("dotted", time_charts.dotted_chart(dots.table, dots.shown, dots.total, say))
    )
    shown = writer.table("timeline", timeline, tables.TIMELINE)
    return writer.section("flow", figures=figures, tables=shown)


def _handovers(result: MapResult, _: Gathered, writer: Writer) -> Section:
    say = writer.say
    figures, shown, notes = [], [], []
    for role in ("resource", "party"):
        key = f"handovers_{role}"
        notes += writer.missing(result, key)
        found = result.table(key)
        if found is None:
            continue
        facts = result.facts[key]
        notes.append(
            say(
                f"note.{key}",
                handovers=format_count(facts["handovers"], say.language),
                kept=format_share(facts["kept_share"], say.language),
            )
        )
        if not found.is_empty():
            figures.append(writer.figure(key, charts.handover_chart(found, say)))
            shown += writer.table(key, found, tables.HANDOVERS)
    return writer.section("handovers", figures=figures, tables=shown, notes=notes)


def _types(result: MapResult, got: Gathered, writer: Writer) -> Section | None:
    main, say = result, writer.say
    if len(main.types) < 2:
        return None
    overview = pl.DataFrame(
        [
            {
                "type": say.kind(r.type),
                "objects": r.objects,
                "events": r.events,
                "variants": r.variants,
                "median_duration_s": r.durations.get("median_s"),
                "unfinished": r.durations.get("unfinished"),
            }
            for r in (main, *got.others)
        ],
        infer_schema_length=None,
    )
    shown = writer.table("types", overview, tables.TYPES)
    for key, columns in (
        ("delays", tables.DELAYS),
        ("synchronisation", tables.SYNCHRONISATION),
        ("interactions", tables.INTERACTIONS),
        ("object_links", tables.OBJECT_LINKS),
        ("convergence", tables.CONVERGENCE),
        ("divergence", tables.DIVERGENCE),
        ("graph", tables.GRAPH),
    ):
        shown += writer.table(key, main.table(key), columns)
    notes = [say("note.types"), *writer.missing(main, "object_links")]
    if got.unmapped:
        notes.append(say("note.unmapped", types=say("words.comma").join(got.unmapped)))
    return writer.section("types", tables=shown, notes=notes)
