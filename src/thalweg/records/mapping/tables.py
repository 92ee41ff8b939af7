"""The mapping file of several tables: which rows are events, which keys are objects and links.

``kind: tables`` describes how the tables of an ERP are joined into an object-centric log. The
file is data, never code: values are columns, literals or templates, and conditions are a fixed
set of comparisons. Everything is text unless ``types`` says otherwise, so that keys keep their
leading zeros.

A bare word is a column where a value is wanted (``id``, ``activity``, ``resource``, ``time``,
attributes) and a name where a name is wanted (``type``, ``qualifier``). A column of a joined
table is written ``table.COLUMN``; the plain name will do where only one table has it.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from thalweg.errors import MappingError
from thalweg.records.mapping.flat import check_timezone, nearest

ColumnType = Literal["string", "integer", "number", "amount", "boolean", "time"]
"""amount: a number that may carry a currency and a magnitude word, such as 11.5万元."""
Scalar = str | int | float | bool
TESTS = (
    "equals",
    "not_equals",
    "one_of",
    "none_of",
    "empty",
    "matches",
    "above",
    "at_least",
    "below",
    "at_most",
)
"""Comparisons that a condition may make; ``in`` and ``not_in`` in the file are the lists."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Value(_Record):
    """One value for each row: a column, several joined, a fixed text, or a template.

    A template names columns in braces: ``"{EBELN}/{EBELP}"``. Where any part of a template or
    of ``columns`` is empty, the value is empty: half a key is no key. ``translate`` replaces
    codes, ``""`` by an empty value; what it does not list stays as it is, or becomes empty with
    ``otherwise: empty``.
    """

    column: str | None = None
    columns: tuple[str, ...] = ()
    separator: str = "_"
    literal: str | None = None
    template: str | None = None
    translate: dict[str, str] = {}
    otherwise: Literal["keep", "empty"] = "keep"

    @model_validator(mode="before")
    @classmethod
    def _bare_word_is_a_column(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"column": data}
        return {"columns": data} if isinstance(data, list) else data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [k for k in ("column", "columns", "literal", "template") if getattr(self, k)]
        if len(given) != 1:
            stated = " and ".join(given) or "none"
            raise ValueError(
                f"say one of 'column', 'columns', 'literal' and 'template' (found {stated})"
            )
        return self

    @property
    def named_columns(self) -> tuple[str, ...]:
        if self.template is not None:
            return tuple(name for _, name in self.template_parts() if name is not None)
        return (self.column,) if self.column is not None else self.columns

    def template_parts(self) -> Iterator[tuple[str, str | None]]:
        """The template as pairs of fixed text and the column that follows it."""
        for text, name, _, _ in string.Formatter().parse(self.template or ""):
            yield text, name

    @field_validator("template")
    @classmethod
    def _braces_match(cls, template: str | None) -> str | None:
        parts = list(string.Formatter().parse(template or ""))
        if any(spec or conversion for _, _, spec, conversion in parts):
            raise ValueError("a template holds column names in braces, without ':' or '!'")
        if any(name == "" for _, name, _, _ in parts):
            raise ValueError("a template's braces must hold a column name")
        return template


class Name(Value):
    """A value of which the bare word is the name itself and not a column."""

    @model_validator(mode="before")
    @classmethod
    def _bare_word_is_a_column(cls, data: Any) -> Any:
        return {"literal": data} if isinstance(data, str) else data


class TimeSpec(_Record):
    """When: one column, or a column with the date and one with the time of day.

    ``format`` holds strptime patterns, tried in turn; for a date and a time of day the pattern
    describes both with a blank between. ``auto`` knows ISO 8601, ``20180102``, ``02.01.2018``
    and ``2018/1/2``, with ``125300`` or ``12:53:00`` as time of day.
    """

    column: str | None = None
    date: str | None = None
    time: str | None = None
    format: tuple[str, ...] = ("auto",)

    @model_validator(mode="before")
    @classmethod
    def _bare_word_is_a_column(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"column": data}
        if isinstance(data, dict) and isinstance(data.get("format"), str):
            return data | {"format": (data["format"],)}
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.column is None) == (self.date is None):
            raise ValueError("say either 'column' or 'date' (with 'time' beside it)")
        if self.time is not None and self.date is None:
            raise ValueError("'time' needs 'date' beside it; a full time stamp is a 'column'")
        return self

    @property
    def named_columns(self) -> tuple[str, ...]:
        return tuple(c for c in (self.column, self.date, self.time) if c is not None)


class Condition(_Record):
    """A test of one column, or ``any`` of several tests. Comparisons follow the column's type.

    Empty cells fail every test except ``empty: true``, ``not_equals`` and ``not_in``.
    """

    column: str | None = None
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = Field(None, alias="in")
    none_of: tuple[Scalar, ...] | None = Field(None, alias="not_in")
    empty: bool | None = None
    matches: str | None = None
    above: Scalar | None = None
    at_least: Scalar | None = None
    below: Scalar | None = None
    at_most: Scalar | None = None
    any: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = self.tests
        if self.any:
            if self.column is not None or tests:
                raise ValueError("'any' stands alone; put 'column' and its test inside it")
            return self
        if self.column is None:
            raise ValueError("a condition needs 'column' (or 'any')")
        if not tests:
            named = ", ".join(TESTS).replace("one_of", "in").replace("none_of", "not_in")
            raise ValueError(f"the condition on {self.column!r} needs a test: {named}")
        return self

    @property
    def tests(self) -> dict[str, Any]:
        """The tests that are stated, by name."""
        return {name: v for name in TESTS if (v := getattr(self, name)) is not None}


class TableSpec(_Record):
    """Where a table comes from: files of the folder, a table of a database, or a query.

    file       name, pattern (``ekpo_*.csv``) or list of these, within the folder or archive;
               CSV, TSV, Parquet and XLSX, gzipped or not. Several files are one table.
    table, sql name of a database table, or a SELECT; read from ``database`` (a URI), or else
               from the database that was given as source.
    key        columns that should name a row uniquely; repetitions are reported.
    types      columns that are not text.
    """

    file: tuple[str, ...] = ()
    table: str | None = None
    sql: str | None = None
    database: str | None = None
    key: tuple[str, ...] = ()
    types: dict[str, ColumnType] = {}
    encoding: str | None = None
    sheet: str | None = None

    @field_validator("file", "key", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [k for k in ("file", "table", "sql") if getattr(self, k)]
        if len(given) != 1:
            stated = " and ".join(given) or "none"
            raise ValueError(f"say one of 'file', 'table' and 'sql' (found {stated})")
        if self.database is not None and self.file:
            raise ValueError("'database' goes with 'table' or 'sql', not with 'file'")
        for pattern in self.file:
            if pattern.startswith(("/", "\\")) or ".." in pattern.split("/") or ":" in pattern:
                raise ValueError(f"file {pattern!r} leads outside the folder; name a file in it")
        return self


class JoinSpec(_Record):
    """Another table whose columns join the row.

    on        pairs of a column here and a column there (or columns named alike, as a list).
    where     which rows of the other table take part.
    name      what the table is called in this rule, when it is joined twice.
    if_none   the key finds nothing: ``set_aside`` the row, or ``keep`` it without the columns.
    if_many   the key finds several rows: ``set_aside`` the row, keep it with the columns
              ``empty``, take the ``first``, or make a row of ``each``.
    """

    table: str
    on: dict[str, str]
    where: tuple[Condition, ...] = ()
    name: str | None = None
    if_none: Literal["set_aside", "keep"] = "set_aside"
    if_many: Literal["set_aside", "empty", "first", "each"] = "set_aside"

    @field_validator("where", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value

    @model_validator(mode="before")
    @classmethod
    def _yaml_reads_on_as_true(cls, data: Any) -> Any:
        if isinstance(data, dict) and True in data:
            data = {("on" if key is True else key): value for key, value in data.items()}
        if isinstance(data, dict) and isinstance(data.get("on"), list | str):
            names = [data["on"]] if isinstance(data["on"], str) else data["on"]
            data = data | {"on": {str(name): name for name in names}}
        return data

    @field_validator("on")
    @classmethod
    def _some_key(cls, on: dict[str, str]) -> dict[str, str]:
        if not on:
            raise ValueError("name at least one pair of columns")
        return on

    @property
    def alias(self) -> str:
        return self.name or self.table


class Rule(_Record):
    """The rows a rule draws on: a table, what is joined to it, and which rows count."""

    from_: str = Field(alias="from")
    join: tuple[JoinSpec, ...] = ()
    where: tuple[Condition, ...] = ()

    @field_validator("join", "where", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value


class ObjectRule(Rule):
    """Rows that are objects of one type. Of several rows with one id the first counts."""

    id: Value
    attributes: dict[str, Value] = {}


class ObjectRef(_Record):
    """An object that a row names, by an id of those that ``objects`` gives.

    ``type`` may be left out where the table holds ids of several types.
    """

    type: str | None = None
    id: Value


class EventObject(_Record):
    """An object that an event touches, and the part the object plays in it."""

    type: Name
    id: Value
    qualifier: Name | None = None


class EventRule(Rule):
    """Rows that are events.

    name           what the rule is called; also the activity unless ``activity`` says more.
    one_event_per  columns that make one event of several rows: their objects are united, all
                   else comes from the first row, and differing times or activities are reported.
    duplicates     rows of the same activity, time, resource, objects and attributes: ``keep``
                   them as separate events, or ``drop`` all but the first (counted).
    """

    name: str
    activity: Value | None = None
    time: TimeSpec
    start: TimeSpec | None = None
    timezone: str | None = None
    id: Value | None = None
    resource: Value | None = None
    party: Value | None = None
    lifecycle: Value | None = None
    objects: tuple[EventObject, ...]
    attributes: dict[str, Value] = {}
    one_event_per: tuple[str, ...] = ()
    duplicates: Literal["keep", "drop"] = "keep"

    @field_validator("one_event_per", mode="before")
    @classmethod
    def _one_or_several_columns(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("objects")
    @classmethod
    def _some_object(cls, objects: tuple[EventObject, ...]) -> tuple[EventObject, ...]:
        if not objects:
            raise ValueError("an event needs at least one object")
        return objects


class ObjectLinkRule(Rule):
    """Rows that tie one object to another."""

    source: ObjectRef
    target: ObjectRef
    qualifier: Name | None = None


class ChangeRule(Rule):
    """Rows that give an object's attribute a new value, such as change documents."""

    object: ObjectRef
    time: TimeSpec
    timezone: str | None = None
    attribute: Name
    value: Value
    value_type: Literal["string", "time", "integer", "float", "boolean"] = "string"


class TablesMapping(_Record):
    """How several tables become one object-centric log.

    timezone   zone of times that carry none; None: what the request says, or else UTC.
    objects    object type to the rows that are its objects, from one table or several.
    """

    kind: Literal["tables"]
    timezone: str | None = None
    tables: dict[str, TableSpec]
    objects: dict[str, tuple[ObjectRule, ...]] = {}
    events: tuple[EventRule, ...]
    object_links: tuple[ObjectLinkRule, ...] = ()
    changes: tuple[ChangeRule, ...] = ()

    @field_validator("objects", mode="before")
    @classmethod
    def _one_rule_or_several(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: (v,) if isinstance(v, dict) else v for k, v in value.items()}

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if not self.events:
            raise ValueError("events: name at least one kind of event")
        for path, rule in self.rules():
            for table in (rule.from_, *(join.table for join in rule.join)):
                if table not in self.tables:
                    raise ValueError(
                        f"{path}: there is no table {table!r}. {nearest(table, self.tables)}"
                    )
            aliases = [rule.from_, *(join.alias for join in rule.join)]
            if twice := sorted({a for a in aliases if aliases.count(a) > 1}):
                raise ValueError(f"{path}: {twice[0]!r} is joined twice; give it a 'name'")
        return self

    @model_validator(mode="after")
    def _types_are_declared(self) -> Self:
        for path, rule in self.rules():
            for field in ("source", "target", "object"):
                kind = getattr(getattr(rule, field, None), "type", None)
                if kind is not None and kind not in self.objects:
                    raise ValueError(
                        f"{path}.{field}: there is no object type {kind!r} under 'objects'. "
                        f"{nearest(kind, self.objects)}"
                    )
        return self

    @model_validator(mode="after")
    def _zones_exist(self) -> Self:
        timed: tuple[EventRule | ChangeRule, ...] = (*self.events, *self.changes)
        for zone in (self.timezone, *(rule.timezone for rule in timed)):
            if zone is not None:
                try:
                    check_timezone(zone)
                except MappingError as error:
                    raise ValueError(str(error).rstrip(".")) from error
        return self

    def rules(self) -> Iterator[tuple[str, Rule]]:
        """Every rule with its place in the file, numbered from 1 as people count."""
        for kind, rules in self.objects.items():
            for number, rule in enumerate(rules, 1):
                yield f"objects.{kind}" + (f"[{number}]" if len(rules) > 1 else ""), rule
        for event in self.events:
            yield f"events[{event.name}]", event
        for number, link in enumerate(self.object_links, 1):
            yield f"object_links[{number}]", link
        for number, change in enumerate(self.changes, 1):
            yield f"changes[{number}]", change
