"""``thalweg map``: how the work really runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import print_json, working
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.process.calendar import Calendar
    from thalweg.process.result import MapResult
    from thalweg.records.store.book import Book

Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="Keep a part: 'duration>3d', 'activity=A,B', 'follows:A->B', 'time:2024-01-01..' or "
        "JSON; repeat to narrow.",
    ),
]


@app.command(name="map")
@interruptible
def map_command(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    filters: Filters = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option("--compare", help="Two filters: set the groups side by side."),
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--ends", help="Activities that finish an object, with commas.")
    ] = None,
    calendar: Annotated[
        str | None, typer.Option("--calendar", help="'learn', or a JSON file of working hours.")
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Zone of days and hours; default: the source's."),
    ] = None,
    every: Annotated[
        Literal["day", "week", "month"] | None,
        typer.Option("--every", help="Period of time lines."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Variants to list.")] = 20,
    activities: Annotated[
        float | None, typer.Option("--activities", min=0.0, max=1.0, help="Share to show.")
    ] = None,
    paths: Annotated[
        float | None, typer.Option("--paths", min=0.0, max=1.0, help="Share to show.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the map: file.svg or file.png.")
    ] = None,
    measure: Annotated[
        Literal["count", "time"], typer.Option("--measure", help="What the picture shows.")
    ] = "count",
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Measure one object type: activities, paths and their times, variants, durations and more."""
    from thalweg.process.map import map_book
    from thalweg.records.store.book import open_book

    if schema:
        _print_schema()
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg map BOOK")
    request: dict[str, Any] = {
        "type": type,
        "filters": filters or [],
        "ends": None if ends is None else _names(ends),
    }
    opened = open_book(book)
    if compare is not None:
        _compare(opened, request, compare, as_json=as_json, language=language)
        return
    request |= {"calendar": _calendar(calendar), "timezone": timezone, "every": every}
    with working(load(language)("cli.working")):
        result = map_book(
            opened, top=top, activities=activities or 1.0, paths=paths or 1.0, **request
        )
    if picture is not None:
        from thalweg.surfaces.process_map import draw_map

        draw_map(
            result, picture, measure=measure, activities=activities, paths=paths, language=language
        )
    _show(result, as_json, language, picture)


def _print_schema() -> None:
    from thalweg.process.schema import map_json_schema

    print_json(map_json_schema())


def _show(result: MapResult, as_json: bool, language: str, picture: Path | None) -> None:
    from thalweg.surfaces.cli.map_text import print_map

    if as_json:
        print_json(result.to_json())
        return
    print_map(result, language)
    if picture is not None:
        typer.echo(f"{picture}: {picture.stat().st_size:,} bytes")


def _compare(
    book: Book,
    request: dict[str, Any],
    groups: tuple[str, str],
    *,
    as_json: bool,
    language: str,
) -> None:
    from thalweg.process.compare import compare_groups
    from thalweg.surfaces.cli.compare_text import print_comparison

    left, right = groups
    with working(load(language)("cli.working")):
        result = compare_groups(book, [left], [right], **request)
    if as_json:
        print_json(result.to_json())
    else:
        print_comparison(result, language)


def _names(text: str) -> tuple[str, ...]:
    from thalweg.process.filter_text import split_names

    return split_names(text)


def _calendar(text: str | None) -> Calendar | Literal["learn"] | None:
    from thalweg.process.calendar import Calendar

    if text is None:
        return None
    if text == "learn":
        return "learn"
    try:
        return Calendar.model_validate_json(Path(text).read_bytes())
    except (OSError, ValueError) as error:
        raise RequestError(
            f"The calendar {text} cannot be read: {error}. Name a JSON file such as "
            '{"zone": "Asia/Shanghai", "hours": {"mon": ["08:00-17:00"]}}, or \'learn\'.'
        ) from error
