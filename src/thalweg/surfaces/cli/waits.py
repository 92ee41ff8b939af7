"""``thalweg waits``: why work waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import print_json, working
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.process.waiting.waits import CalendarLike


@app.command(name="waits")
@interruptible
def waits_command(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    filters: Filters = None,
    calendar: Annotated[
        str,
        typer.Option(
            "--calendar",
            help="'learn', 'none', or a JSON file of working hours, for all or by resource.",
        ),
    ] = "learn",
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Zone of learned hours; default: the source's."),
    ] = None,
    overlaps: Annotated[
        Literal["shared", "state", "precedence"],
        typer.Option("--overlaps", help="How causes that hold together share the time."),
    ] = "shared",
    concurrency: Annotated[
        Literal["both", "order", "overlap", "none"],
        typer.Option("--concurrency", help="What shows that activities run side by side."),
    ] = "both",
    wait_for: Annotated[
        str | None,
        typer.Option("--wait-for", help="Types whose objects an event waits for, with commas."),
    ] = None,
    cost_per_hour: Annotated[
        float | None,
        typer.Option("--cost-per-hour", help="Of one object waiting; 120, for example."),
    ] = None,
    cost_by: Annotated[
        str | None,
        typer.Option("--cost-by", help="Attribute of the objects to multiply the cost by."),
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Label of costs.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Waits to detail.")] = 5,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Split waiting into causes, and show the waits that cost most."""
    if schema:
        from thalweg.process.waiting.result import waits_json_schema

        print_json(waits_json_schema())
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg waits BOOK")
    from thalweg.process.filter_text import split_names
    from thalweg.process.waiting.waits import waits_book
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.cli.waits_text import print_waits

    opened = open_book(book)
    with working(load(language)("cli.working")):
        result = waits_book(
            opened,
            type=type,
            filters=filters or [],
            calendar=read_calendar(calendar),
            timezone=timezone,
            overlaps=overlaps,
            concurrency=concurrency,
            wait_for=None if wait_for is None else split_names(wait_for),
            cost_per_hour=cost_per_hour,
            cost_by=cost_by,
            currency=currency,
            top=top,
        )
    if as_json:
        print_json(result.to_json())
    else:
        print_waits(result, language)


def read_calendar(text: str) -> CalendarLike:
    """The option ``--calendar``: a word, or a file with one calendar or several.

    Raises   RequestError: the file cannot be read as either.
    """
    from thalweg.process.calendar import Calendar
    from thalweg.process.waiting.calendars import Calendars

    if text == "learn":
        return "learn"
    if text == "none":
        return None
    try:
        data = json.loads(Path(text).read_bytes())
        several = isinstance(data, dict) and not {"hours", "zone"} & set(data)
        return Calendars.model_validate(data) if several else Calendar.model_validate(data)
    except (OSError, ValueError) as error:
        raise RequestError(
            f"The calendar {text} cannot be read: {error}. Name a JSON file such as "
            '{"hours": {"mon": ["08:00-17:00"]}}, or by resource {"default": …, "resources": '
            "{\"Ann\": …}}, or 'learn' or 'none'."
        ) from error
