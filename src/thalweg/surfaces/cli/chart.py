"""``thalweg chart``: one chart of a book as a picture file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import print_json, working

if TYPE_CHECKING:
    from thalweg.process.result import MapResult
    from thalweg.records.perspective import Perspective
    from thalweg.surfaces.texts import Texts

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
]


@app.command()
@interruptible
def chart(
    book: Annotated[Path, typer.Argument(help="Folder of the book.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What to draw.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture: .svg or .png.")],
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    filters: Filters = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Draw durations, time line, variants, every event as a dot, waiting and more."""
    from thalweg.process.map import choose_type, map_book, read_filters
    from thalweg.process.selection import apply_filters
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.chart_frame import save_chart
    from thalweg.surfaces.texts import load

    say = load(language)
    opened = open_book(book)
    name, asked = choose_type(opened, type), read_filters(filters or [], opened.timezone)
    with working(say("cli.working")):
        result = map_book(opened, type=name, filters=asked).localised()
        view = apply_filters(opened.perspective(name), asked)
        save_chart(_DRAW[kind](result, view, say), output, say.language)
    if as_json:
        print_json({"chart": str(output), "kind": kind, "bytes": output.stat().st_size})
    else:
        typer.echo(f"{output}: {output.stat().st_size:,} bytes")


def _durations(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.charts import duration_chart

    return duration_chart(result.duration_curve, result.durations, say)


def _timeline(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.time_charts import timeline_charts

    return timeline_charts(_needed(result, "timeline", say), result.facts["every"], say)


def _variants(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.charts import variants_chart

    return variants_chart(result.top_variants, say)


def _dotted(result: MapResult, view: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.report.gather import sample_dots
    from thalweg.surfaces.time_charts import dotted_chart

    dots = sample_dots(view, zone=result.request["timezone"])
    return dotted_chart(dots.table, dots.shown, dots.total, say)


def _waiting(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.charts import waiting_chart

    return waiting_chart(result.pairs, say)


def _activities(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.charts import activity_chart

    return activity_chart(result.activities, say)


def _service(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.charts import service_chart

    return service_chart(_needed(result, "service", say), say)


def _handovers(result: MapResult, _: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.charts import handover_chart

    return handover_chart(_needed(result, "handovers_resource", say), say)


def _hours(result: MapResult, view: Perspective, say: Texts) -> Any:
    from thalweg.surfaces.report.gather import event_hours
    from thalweg.surfaces.time_charts import hours_chart

    zone = result.request["timezone"]
    return hours_chart(event_hours(view, zone), say, zone)


_DRAW: dict[str, Callable[[MapResult, Perspective, Texts], Any]] = {
    "durations": _durations,
    "timeline": _timeline,
    "variants": _variants,
    "dotted": _dotted,
    "waiting": _waiting,
    "activities": _activities,
    "service": _service,
    "handovers": _handovers,
    "hours": _hours,
}


def _needed(result: MapResult, measure: str, say: Texts) -> Any:
    """The table of a measure, or the reason why the records do not carry it."""
    table = result.table(measure)
    if table is None:
        raise RequestError(say(f"missing.{measure}.{result.missing[measure]}"))
    return table
