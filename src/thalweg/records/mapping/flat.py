"""The mapping file: which columns of a table are objects, activity, time and roles.

A mapping is a small YAML file that people write and edit. ``kind: table`` describes one flat
table (and, with ``activity`` alone, how events of an XES log are named); ``kind: tables``
describes several tables that are joined and lives in ``mapping.tables``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from thalweg.errors import MappingError
from thalweg.records.intake import ObjectColumn, Role

if TYPE_CHECKING:
    from thalweg.records.mapping.tables import TablesMapping

AttributeType = Literal["string", "integer", "number", "boolean", "time", "amount"]
"""amount: a number that may carry a currency and a magnitude word, such as 11.5万元."""

CASE_TYPE = "case"
"""Object type that the ``case`` shorthand stands for."""
LIST_SEPARATOR = "list"
"""Separator of cells written as lists: ``['a', 'b']``."""

_LARGEST_FILE_BYTES = 4 * 1024**2


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectMapping(_Record):
    """A column whose cells name objects of one type."""

    column: str
    type: str
    qualifier: str = ""
    separator: str | None = None
    """Text between several ids of one cell, or ``list``; None: the cell is one id."""


class DateAndTime(_Record):
    """A time that is spread over a date column and a time-of-day column."""

    date_and_time: tuple[str, str]


TimeColumn = str | DateAndTime


class Milestone(_Record):
    """A time column of a wide table: each row gives one event of this activity."""

    activity: str
    time: TimeColumn


class FlatMapping(_Record):
    """How the rows of one table become events.

    case          column of a single case id: short for one object of type "case".
    objects       columns that name objects, when there are several kinds.
    event         column with the event's own id.
    activity      column with the activity, or several that are joined by "+".
    time, start   columns with completion and start; text, or a date and a time-of-day column.
    milestones    instead of ``activity`` and ``time``: time columns that each make an event.
    time_format   a strptime pattern, or "auto" to recognise the forms.
    date_order    which part of 01/02/2017 is the day: "dmy", "mdy", or "auto" to decide from
                  the column.
    timezone      zone of times that carry none.
    roles         columns with resource, party, lifecycle and instance.
    attributes    types of attribute columns; those not named keep the type of the source.
    decimal       the decimal mark of numbers and amounts.
    drop          columns to leave out.
    sheet         sheet of a workbook; None is the first.
    """

    kind: Literal["table"] = "table"
    case: str | None = None
    objects: tuple[ObjectMapping, ...] = ()
    event: str | None = None
    activity: str | tuple[str, ...] | None = None
    time: TimeColumn | None = None
    start: TimeColumn | None = None
    milestones: tuple[Milestone, ...] = ()
    time_format: str = "auto"
    date_order: Literal["auto", "dmy", "mdy"] = "auto"
    timezone: str | None = None
    roles: dict[Role, str] = {}
    attributes: dict[str, AttributeType] | Literal["all"] = "all"
    decimal: Literal["auto", ".", ","] = "auto"
    drop: tuple[str, ...] = ()
    sheet: str | None = None

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                check_timezone(value)
        except MappingError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return value

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if self.case is not None and self.objects:
            raise ValueError("'case' and 'objects' exclude each other; add the case to 'objects'")
        columns = [o.column for o in self.objects]
        if twice := sorted({c for c in columns if columns.count(c) > 1}):
            raise ValueError(f"objects: column {twice[0]!r} is named twice")
        if self.milestones and (self.activity is not None or self.time is not None):
            raise ValueError("'milestones' replaces 'activity' and 'time'; state one or the other")
        if self.milestones and self.start is not None:
            raise ValueError("'start' has no meaning beside 'milestones'; make it a milestone")
        if clash := sorted(set(self.drop) & self._stated()):
            raise ValueError(f"drop: column {clash[0]!r} is used elsewhere in the mapping")
        return self

    @property
    def object_columns(self) -> tuple[ObjectColumn, ...]:
        """Object columns as the gate wants them; ``case`` is spelled out."""
        if self.case is not None:
            return (ObjectColumn(self.case, CASE_TYPE),)
        return tuple(ObjectColumn(o.column, o.type, o.qualifier) for o in self.objects)

    @property
    def activity_columns(self) -> tuple[str, ...]:
        if self.activity is None:
            return ()
        return (self.activity,) if isinstance(self.activity, str) else self.activity

    @property
    def attribute_types(self) -> dict[str, AttributeType]:
        return {} if self.attributes == "all" else dict(self.attributes)

    def columns(self) -> dict[str, str]:
        """Every column that the mapping names, with the field that names it first."""
        named: dict[str, str] = {}
        for field, column in self._named():
            named.setdefault(column, field)
        return named

    def check_columns(self, columns: Iterable[str], where: str) -> None:
        """Hold the mapping against the columns of a table.

        Raises   MappingError: the mapping says too little to read a table, or names a column
                 that ``where`` does not have.
        """
        missing = [
            name
            for name, given in (
                ("case (or objects)", self.object_columns),
                ("activity (or milestones)", self.activity_columns or self.milestones),
                ("time (or milestones)", self.time or self.milestones),
            )
            if not given
        ]
        if missing:
            raise MappingError(
                f"The mapping for {where} does not say which column is the "
                f"{', the '.join(missing)}. Run 'thalweg inspect' for a proposal."
            )
        present = list(columns)
        for column, field in self.columns().items():
            if column not in present:
                raise MappingError(
                    f"The mapping's field '{field}' names a column {column!r} that {where} does "
                    f"not have. {nearest(column, present)}"
                )

    def _named(self) -> Iterable[tuple[str, str]]:
        yield from (("case", c) for c in (self.case,) if c is not None)
        yield from (("objects", o.column) for o in self.objects)
        yield from (("event", c) for c in (self.event,) if c is not None)
        yield from (("activity", c) for c in self.activity_columns)
        for field, time in (("time", self.time), ("start", self.start)):
            yield from ((field, c) for c in time_columns(time))
        for milestone in self.milestones:
            yield from (("milestones", c) for c in time_columns(milestone.time))
        yield from ((f"roles.{role}", c) for role, c in self.roles.items())
        yield from (("attributes", c) for c in self.attribute_types)
        yield from (("drop", c) for c in self.drop)

    def _stated(self) -> set[str]:
        return {column for field, column in self._named() if field != "drop"}


def time_columns(time: TimeColumn | None) -> tuple[str, ...]:
    """The columns that a time is read from: none, one, or date and time of day."""
    if time is None:
        return ()
    return (time,) if isinstance(time, str) else time.date_and_time


def check_timezone(name: str) -> None:
    """Raises MappingError when there is no such time zone, naming the nearest ones."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        raise MappingError(
            f"There is no time zone {name!r}. {nearest(name, sorted(available_timezones()))}"
        ) from error


def nearest(word: str, valid: Iterable[str]) -> str:
    """A sentence that offers the valid words closest to a wrong one, or the first ten."""
    choices = list(valid)
    close = get_close_matches(word, choices, n=3, cutoff=0.5)
    lower = [c for c in choices if c.lower() == word.lower()]
    if offered := lower or close:
        return f"Did you mean {' or '.join(repr(c) for c in offered)}?"
    more = ", …" if len(choices) > 10 else ""
    return f"Valid are: {', '.join(repr(c) for c in choices[:10])}{more}."


def load_mapping(path: Path) -> FlatMapping | TablesMapping:
    """Read a mapping file.

    Raises   MappingError: no such file, no YAML, or a field that is wrong; the message names
             the file, the field and the nearest valid name.
    """
    data = read_yaml_mapping(path)
    kind = data.get("kind", "table")
    if kind == "tables":
        from thalweg.records.mapping.tables import TablesMapping

        return parse_record(TablesMapping, data, str(path))
    if kind != "table":
        raise MappingError(f"{path}: field 'kind' is {kind!r}. Valid are 'table' and 'tables'.")
    return parse_record(FlatMapping, data, str(path))


def save_mapping(mapping: FlatMapping, path: Path) -> None:
    """Write a mapping as YAML that ``load_mapping`` reads back as an equal record."""
    path.write_text(to_yaml(mapping), encoding="utf-8")


def to_yaml(mapping: FlatMapping) -> str:
    """The mapping file's text: only what differs from the defaults, in the order of the model."""
    data = {"kind": "table", **mapping.model_dump(mode="json", exclude_defaults=True)}
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which could stand for endless data."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"alias *{event.anchor} is not allowed here", event.start_mark
            )
        return super().compose_node(parent, index)


def read_yaml_mapping(path: Path) -> dict[str, Any]:
    """The fields of a YAML file that holds one mapping of names to values."""
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise MappingError(f"{path} is too large to be a mapping file.")
        data = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path} is not UTF-8 text. Save the mapping as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise MappingError(f"{path} is not valid YAML{line}: {error}.") from error
    if not isinstance(data, dict):
        raise MappingError(f"{path} holds no fields. Start it with 'kind: table'.")
    return data


_Model = TypeVar("_Model", bound=BaseModel)


def parse_record(model: type[_Model], data: Mapping[str, Any], where: str) -> _Model:
    """Validate ``data`` as ``model``; the first thing wrong becomes a MappingError."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        raise MappingError(f"{where}: {_sentence(model, dict(first))}") from error


def _sentence(model: type[BaseModel], error: dict[str, Any]) -> str:
    path = tuple(part for part in error["loc"] if not _is_branch(part))
    field = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in path)
    if error["type"] == "extra_forbidden":
        valid = _fields_at(model, path[:-1])
        return f"there is no field '{field}'. {nearest(str(path[-1]), valid)}"
    if error["type"] == "missing":
        return f"field '{field}' is missing. Add it."
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "literal_error":
        return f"field '{field}' is {error['input']!r}; {message}."
    stop = "" if message.endswith("?") else "."
    return f"field '{field}': {message}{stop}" if field else f"{message}{stop}"


def _is_branch(part: int | str) -> bool:
    """Pydantic names the branch of a union in the path; people did not write it."""
    return isinstance(part, str) and ("[" in part or part in {"str", "DateAndTime"})


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields valid at a place in the model."""
    inner: dict[str, type[BaseModel]] = {
        "objects": ObjectMapping,
        "milestones": Milestone,
        "time": DateAndTime,
        "start": DateAndTime,
    }
    names = [part for part in path if isinstance(part, str)]
    found = inner.get(names[-1], model) if names and model is FlatMapping else model
    return list(found.model_fields)
