"""Rows of a rule: its table filtered and joined, with every row accounted for.

Columns are called ``alias.COLUMN``. For each table of the rule the frame also holds
``@at:alias``: where in that table the row's values are from (null where a join gave nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from thalweg.records.intake import ROW
from thalweg.records.mapping.tables import Condition, JoinSpec, Rule, Value
from thalweg.records.mapping.tables_columns import Scope, constants
from thalweg.records.readers.joined.files import FILE, Table
from thalweg.records.readers.joined.report import Ledger

_MATCHES = "@matches"
_KEY = "@key:{}"


def at(alias: str) -> str:
    """Name of the column that holds the row's place in the table called ``alias``."""
    return f"@at:{alias}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rows that a rule draws: ``frame`` as the module says, ``scope`` to name its columns."""

    rule: Rule
    path: str
    scope: Scope
    frame: pl.DataFrame

    def only(self, keep: pl.Series) -> Drawn:
        return Drawn(self.rule, self.path, self.scope, self.frame.filter(keep))

    def value(self, value: Value) -> pl.Series:
        """A value for every row, as text."""
        series = self.frame.select(as_text(value, self.scope).alias("value"))["value"]
        if len(series) == len(self.frame):
            return series
        return pl.repeat(series[0], len(self.frame), dtype=pl.String, eager=True)

    def column(self, name: str) -> pl.Series:
        return self.frame[self.scope.physical(name)]

    def places(self) -> pl.Series:
        """Where in its own table each row is."""
        return self.frame[at(self.rule.from_)]


def draw(path: str, rule: Rule, scope: Scope, tables: Mapping[str, Table], ledger: Ledger) -> Drawn:
    """Filter and join a rule's tables.

    Conditions on the rule's own table count before the joins, all others after them. Rows that
    a join sets aside are entered in the ledger.
    """
    base = tables[rule.from_]
    early = [c for c in rule.where if _columns(c) <= _own(scope.first(1), c)]
    late = [c for c in rule.where if c not in early]
    frame = _filtered(_renamed(base, rule.from_), early, scope)
    for number, join in enumerate(rule.join, 1):
        frame = _joined(path, rule, join, frame, scope.first(number), tables, ledger)
    return Drawn(rule, path, scope, _filtered(frame, late, scope))


def as_text(value: Value, scope: Scope) -> pl.Expr:
    """A value as text; empty where the column, or any part of several, is empty."""
    if value.literal is not None:
        return pl.lit(value.literal)
    if value.template is not None:
        pieces: list[pl.Expr] = []
        for fixed, name in value.template_parts():
            pieces += [pl.lit(fixed)] if fixed else []
            pieces += [_text(name, scope)] if name is not None else []
        plain = pl.concat_str(pieces)
    else:
        parts = [_text(name, scope) for name in value.named_columns]
        plain = parts[0] if value.column else pl.concat_str(parts, separator=value.separator)
    if not value.translate:
        return plain
    known = list(value.translate)
    rest = plain if value.otherwise == "keep" else pl.lit(None, pl.String)
    new = plain.replace_strict(known, list(value.translate.values()), default=None)
    translated = pl.when(plain.is_in(known)).then(new).otherwise(rest)
    return pl.when(translated != "").then(translated)


def _text(name: str, scope: Scope) -> pl.Expr:
    column = pl.col(scope.physical(name))
    text = column.cast(pl.String)
    if scope.dtype(name).is_float():
        # A key such as 12 became 12.0 where another program kept it as a number.
        whole = column.cast(pl.Int64, strict=False)
        text = pl.when(column == whole).then(whole.cast(pl.String)).otherwise(text)
    return pl.when(text != "").then(text)


def _own(scope: Scope, condition: Condition) -> set[str]:
    """Columns of a condition that belong to the rule's own table."""
    own = set()
    for name in _columns(condition):
        try:
            scope.physical(name)
        except LookupError:
            continue
        own.add(name)
    return own


def _columns(condition: Condition) -> set[str]:
    nested = [_columns(inner) for inner in condition.any]
    own = {condition.column} if condition.column is not None else set()
    return own.union(*nested)


def _renamed(table: Table, alias: str) -> pl.DataFrame:
    columns = [c for c in table.rows.columns if c not in (ROW, FILE)]
    frame = table.rows.select(pl.col(c).alias(f"{alias}.{c}") for c in columns)
    return frame.insert_column(0, pl.int_range(len(table.rows), eager=True).alias(at(alias)))


def _filtered(frame: pl.DataFrame, where: Sequence[Condition], scope: Scope) -> pl.DataFrame:
    if not where:
        return frame
    holds = pl.all_horizontal([_holds(condition, scope) for condition in where])
    return frame.filter(holds.fill_null(False))


def _holds(condition: Condition, scope: Scope) -> pl.Expr:
    """Whether a condition holds."""
    if condition.any:
        return pl.any_horizontal([_holds(inner, scope) for inner in condition.any])
    name = str(condition.column)
    column, dtype = pl.col(scope.physical(name)), scope.dtype(name)
    tests = [
        _test(column, dtype, test, constants(test, wanted, dtype))
        for test, wanted in condition.tests.items()
    ]
    return pl.all_horizontal(tests)


def _test(column: pl.Expr, dtype: pl.DataType, test: str, wanted: Any) -> pl.Expr:
    empty = column.is_null()
    if dtype == pl.String:
        empty = empty | (column == "")
    if test == "empty":
        return empty if wanted else ~empty
    if test == "not_equals":
        return empty | (column != pl.lit(wanted))
    if test == "none_of":
        return empty | ~column.is_in(wanted)
    return ~empty & _PLAIN_TESTS[test](column, wanted)


_PLAIN_TESTS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "equals": lambda column, wanted: column == pl.lit(wanted),
    "one_of": lambda column, wanted: column.is_in(wanted),
    "matches": lambda column, wanted: column.str.contains(wanted),
    "above": lambda column, wanted: column > pl.lit(wanted),
    "at_least": lambda column, wanted: column >= pl.lit(wanted),
    "below": lambda column, wanted: column < pl.lit(wanted),
    "at_most": lambda column, wanted: column <= pl.lit(wanted),
}
"""Tests of cells that are not empty."""


def _joined(
    path: str,
    rule: Rule,
    join: JoinSpec,
    frame: pl.DataFrame,
    left: Scope,
    tables: Mapping[str, Table],
    ledger: Ledger,
) -> pl.DataFrame:
    """One join, by its rules for keys that find nothing or too much."""
    own = Scope({join.alias: tables[join.table].schema})
    right = _filtered(_renamed(tables[join.table], join.alias), join.where, own)
    keys = [_KEY.format(i) for i in range(len(join.on))]
    here = [_key(pl.col(left.physical(name)), left.dtype(name)) for name in join.on]
    there = [_key(pl.col(f"{join.alias}.{c}"), own.dtype(c)) for c in join.on.values()]
    frame = frame.with_columns(k.alias(n) for k, n in zip(here, keys, strict=True))
    right = right.with_columns(k.alias(n) for k, n in zip(there, keys, strict=True))
    if join.if_many == "each":
        found = right.with_columns(pl.lit(1, pl.UInt32).alias(_MATCHES))
    else:
        counts = right.group_by(keys).agg(pl.len().alias(_MATCHES))
        first = right.unique(keys, keep="first", maintain_order=True)
        found = first.join(counts, on=keys, how="left")
    both = frame.join(found, on=keys, how="left", maintain_order="left_right")
    none = both[_MATCHES].is_null()
    many = (both[_MATCHES] > 1).fill_null(False)
    shown = both.select(pl.concat_str(keys, separator=" / ").alias("key"))["key"]
    ledger.joined(path, rule.from_, join, both[at(rule.from_)], shown, none, many)
    keep = pl.repeat(True, len(both), eager=True)
    if join.if_none == "set_aside":
        keep = keep & ~none
    if join.if_many == "set_aside":
        keep = keep & ~many
    if join.if_many == "empty":
        columns = [c for c in both.columns if c.startswith(f"{join.alias}.")] + [at(join.alias)]
        both = both.with_columns(pl.when(~many).then(pl.col(c)).alias(c) for c in columns)
    return both.filter(keep).drop([*keys, _MATCHES])


def _key(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """An empty text is no key: it finds nothing."""
    return pl.when(column != "").then(column) if dtype == pl.String else column
