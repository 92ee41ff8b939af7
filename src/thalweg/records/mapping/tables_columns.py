"""A tables mapping held against the columns that the tables really have, before any row is read.

Everything that does not fit is collected first, so that one look at the message is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from thalweg.errors import MappingError
from thalweg.records.intake import UTC_NS
from thalweg.records.mapping.flat import nearest
from thalweg.records.mapping.tables import (
    ChangeRule,
    Condition,
    EventRule,
    JoinSpec,
    ObjectLinkRule,
    ObjectRule,
    Rule,
    TablesMapping,
    Value,
)
from thalweg.records.mapping.tables_file import in_one_message

Schema = Mapping[str, pl.DataType]
RESERVED_ATTRIBUTES = ("resource", "party", "lifecycle", "source_table")
"""Attribute columns that the reader itself writes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns that a rule can name: its own table's first, then those of each join."""

    columns: Mapping[str, Schema]
    """Columns and types by the name that the table has in the rule."""

    def physical(self, name: str) -> str:
        """The column ``table.COLUMN`` that a name stands for. Raises LookupError with a hint."""
        for alias, schema in self.columns.items():
            if name.startswith(f"{alias}.") and name[len(alias) + 1 :] in schema:
                return name
        base, *joined = self.columns
        if name in self.columns[base]:
            return f"{base}.{name}"
        holders = [alias for alias in joined if name in self.columns[alias]]
        if len(holders) == 1:
            return f"{holders[0]}.{name}"
        if holders:
            raise LookupError(
                f"column {name!r} is in {' and '.join(holders)}; say {holders[0] + '.' + name!r}"
            )
        qualified = [f"{alias}.{c}" for alias in joined for c in self.columns[alias]]
        raise LookupError(
            f"there is no column {name!r} in {' or '.join(self.columns)}. "
            f"{nearest(name, [*self.columns[base], *qualified])}"
        )

    def dtype(self, name: str) -> pl.DataType:
        physical = self.physical(name)
        alias = next(a for a in self.columns if physical.startswith(f"{a}."))
        return self.columns[alias][physical[len(alias) + 1 :]]

    def first(self, tables: int) -> Scope:
        """The scope before later joins: only so many tables."""
        return Scope(dict(list(self.columns.items())[:tables]))


def scope_of(rule: Rule, schemas: Mapping[str, Schema]) -> Scope:
    """What a rule sees, given the columns of all tables."""
    joined = {join.alias: schemas[join.table] for join in rule.join}
    return Scope({rule.from_: schemas[rule.from_], **joined})


def check_mapping(mapping: TablesMapping, schemas: Mapping[str, Schema], where: str) -> None:
    """Hold every column, type and comparison of a mapping against the tables.

    Raises   MappingError listing all that does not fit, with place, name and nearest names.
    """
    problems = list(_table_problems(mapping, schemas))
    for path, rule in mapping.rules():
        problems += _rule_problems(path, rule, scope_of(rule, schemas), schemas)
    for event in mapping.events:
        problems += _attribute_problems(event)
    problems += _attribute_type_problems(mapping, schemas)
    if problems:
        raise MappingError(in_one_message(where, problems))


def used_columns(mapping: TablesMapping, schemas: Mapping[str, Schema]) -> dict[str, list[str]]:
    """The columns of each table that any rule or key names, in the table's own order."""
    used: dict[str, set[str]] = {name: set(mapping.tables[name].key) for name in schemas}
    for _, rule in mapping.rules():
        scope = scope_of(rule, schemas)
        tables = {rule.from_: rule.from_, **{join.alias: join.table for join in rule.join}}
        for _, name in named_columns(rule):
            physical = scope.physical(name)
            alias = next(a for a in tables if physical.startswith(f"{a}."))
            used[tables[alias]].add(physical[len(alias) + 1 :])
        for join in rule.join:
            used[join.table] |= set(join.on.values())
            used[join.table] |= {c for _, c in _condition_columns("", join.where)}
    return {name: [c for c in schemas[name] if c in used[name]] for name in schemas}


def named_columns(rule: Rule) -> Iterator[tuple[str, str]]:
    """Columns that a rule names in its own scope, each with the field that names it."""
    yield from _condition_columns("where", rule.where)
    for number, join in enumerate(rule.join, 1):
        yield from ((f"join[{number}].on", left) for left in join.on)
    for field, value in _values(rule):
        yield from ((field, column) for column in value.named_columns)
    for field in ("time", "start"):
        if (spec := getattr(rule, field, None)) is not None:
            yield from ((field, column) for column in spec.named_columns)
    if isinstance(rule, EventRule):
        yield from (("one_event_per", column) for column in rule.one_event_per)


def _values(rule: Rule) -> Iterator[tuple[str, Value]]:
    """All values that a rule computes, each with its field."""
    if isinstance(rule, ObjectRule | EventRule):
        yield from ((f"attributes.{name}", value) for name, value in rule.attributes.items())
    if isinstance(rule, EventRule):
        for number, ref in enumerate(rule.objects, 1):
            yield from (
                (f"objects[{number}].{k}", v) for k, v in (("type", ref.type), ("id", ref.id))
            )
            if ref.qualifier is not None:
                yield f"objects[{number}].qualifier", ref.qualifier
    if isinstance(rule, ObjectLinkRule):
        yield from (("source.id", rule.source.id), ("target.id", rule.target.id))
    if isinstance(rule, ChangeRule):
        yield "object.id", rule.object.id
    names = ("id", "activity", "resource", "party", "lifecycle", "qualifier", "attribute", "value")
    for field in names:
        if isinstance(value := getattr(rule, field, None), Value):
            yield field, value


def _condition_columns(path: str, where: Iterable[Condition]) -> Iterator[tuple[str, str]]:
    for number, condition in enumerate(where, 1):
        place = f"{path}[{number}]"
        if condition.column is not None:
            yield place, condition.column
        yield from _condition_columns(f"{place}.any", condition.any)


def _table_problems(mapping: TablesMapping, schemas: Mapping[str, Schema]) -> Iterator[str]:
    for name, spec in mapping.tables.items():
        for field, columns in (("key", spec.key), ("types", spec.types)):
            for column in columns:
                if column not in schemas[name]:
                    yield (
                        f"tables.{name}.{field}: there is no column {column!r} in {name}. "
                        f"{nearest(column, schemas[name])}"
                    )


def _rule_problems(
    path: str, rule: Rule, scope: Scope, schemas: Mapping[str, Schema]
) -> Iterator[str]:
    joins_before = {f"join[{n}].on": n for n in range(1, len(rule.join) + 1)}
    for field, column in named_columns(rule):
        visible = scope.first(joins_before.get(field, len(scope.columns)))
        try:
            visible.physical(column)
        except LookupError as error:
            yield f"{path}.{field}: {_stopped(error)}"
    yield from _condition_problems(f"{path}.where", rule.where, scope)
    for number, join in enumerate(rule.join, 1):
        place = f"{path}.join[{number}]"
        yield from _join_problems(place, join, scope.first(number), schemas[join.table])


def _join_problems(path: str, join: JoinSpec, left: Scope, right: Schema) -> Iterator[str]:
    own = Scope({join.table: right})
    for here, there in join.on.items():
        if there not in right:
            yield (
                f"{path}.on: there is no column {there!r} in {join.table}. {nearest(there, right)}"
            )
            continue
        try:
            here_type = left.dtype(here)
        except LookupError:
            continue  # reported with the other columns
        if here_type != right[there]:
            yield (
                f"{path}.on: {here!r} is {_word(here_type)} and {join.table}.{there} is "
                f"{_word(right[there])}. Give both the same type under 'types'."
            )
    for place, column in _condition_columns(f"{path}.where", join.where):
        if column not in right:
            yield f"{place}: there is no column {column!r} in {join.table}. {nearest(column, right)}"
    yield from _condition_problems(f"{path}.where", join.where, own)


def _condition_problems(path: str, where: Iterable[Condition], scope: Scope) -> Iterator[str]:
    for number, condition in enumerate(where, 1):
        place = f"{path}[{number}]"
        yield from _condition_problems(f"{place}.any", condition.any, scope)
        if condition.column is None:
            continue
        try:
            dtype = scope.dtype(condition.column)
        except LookupError:
            continue  # reported with the other columns
        for test, wanted in condition.tests.items():
            try:
                constants(test, wanted, dtype)
            except ValueError as error:
                yield f"{place}.{test}: {_stopped(error)}"


def constants(test: str, wanted: Any, dtype: pl.DataType) -> Any:
    """What a condition compares with, in the type of its column. Raises ValueError."""
    if test == "empty":
        return wanted
    if test == "matches":
        if dtype != pl.String:
            raise ValueError(f"a pattern needs text, and the column is {_word(dtype)}")
        try:
            pl.Series([""]).str.contains(wanted)
        except pl.exceptions.ComputeError as error:
            raise ValueError(f"{wanted!r} is no regular expression") from error
        return wanted
    if isinstance(wanted, tuple):
        return [_constant(one, dtype) for one in wanted]
    return _constant(wanted, dtype)


def _constant(wanted: Any, dtype: pl.DataType) -> Any:
    if dtype == pl.String:
        if not isinstance(wanted, str):
            raise ValueError(f"the column is text; write '{wanted}' in quotes")
        return wanted
    try:
        if dtype == pl.Boolean:
            return {"true": True, "false": False}[str(wanted).lower()]
        if dtype == pl.Int64:
            return int(wanted)
        if dtype == pl.Float64:
            return float(wanted)
        return _moment(datetime.fromisoformat(str(wanted)), dtype)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{wanted!r} is not {_word(dtype)}") from error


def _moment(wanted: datetime, dtype: pl.DataType) -> datetime | date:
    """A time as its column has it: a date, local time without zone, or (taken as) UTC."""
    if dtype == pl.Date:
        return wanted.date()
    if getattr(dtype, "time_zone", None) is None:
        return wanted.replace(tzinfo=None)
    return wanted if wanted.tzinfo is not None else wanted.replace(tzinfo=UTC)


def _attribute_problems(event: EventRule) -> Iterator[str]:
    path = f"events[{event.name}]"
    types = {ref.type.literal for ref in event.objects}
    types |= {f"{r.type.literal}:{r.qualifier.literal}" for r in event.objects if r.qualifier}
    for name in event.attributes:
        if name in RESERVED_ATTRIBUTES or name.startswith("@"):
            yield f"{path}.attributes: {name!r} is written by Thalweg itself. Choose another name."
        if name in types:
            yield f"{path}.attributes: {name!r} is also an object type. Choose another name."


def _attribute_type_problems(
    mapping: TablesMapping, schemas: Mapping[str, Schema]
) -> Iterator[str]:
    """An attribute must have one type in all rules that write it."""
    first: dict[tuple[str, str], tuple[str, pl.DataType]] = {}
    for path, rule in mapping.rules():
        if not isinstance(rule, ObjectRule | EventRule):
            continue
        scope, group = scope_of(rule, schemas), "event"
        if isinstance(rule, ObjectRule):
            group = path.removeprefix("objects.").split("[")[0]
        for name, value in rule.attributes.items():
            try:
                dtype = attribute_dtype(value, scope)
            except LookupError:
                continue  # reported with the other columns
            before, seen = first.setdefault((group, name), (path, dtype))
            if seen != dtype:
                yield (
                    f"{path}.attributes.{name} is {_word(dtype)}, and in {before} it is "
                    f"{_word(seen)}. Give both columns the same type under 'types'."
                )


def attribute_dtype(value: Value, scope: Scope) -> pl.DataType:
    """A plain column keeps its type, times become UTC; everything else is text."""
    if value.column is None or value.translate:
        return pl.String()
    dtype = scope.dtype(value.column)
    return UTC_NS if dtype.is_temporal() else dtype


def _word(dtype: pl.DataType) -> str:
    words = {
        pl.String: "text",
        pl.Int64: "an integer",
        pl.Float64: "a number",
        pl.Boolean: "a boolean",
    }
    if dtype.is_temporal():
        return "a time"
    return next((word for known, word in words.items() if dtype == known), str(dtype))


def _stopped(error: Exception) -> str:
    text = str(error.args[0])
    return text if text.endswith(("?", ".")) else f"{text}."
