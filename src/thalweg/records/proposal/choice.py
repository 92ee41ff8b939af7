"""Choosing a column for each field of a mapping, from names and from values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from thalweg.records.mapping.flat import (
    LIST_SEPARATOR,
    AttributeType,
    DateAndTime,
    FlatMapping,
    Milestone,
    ObjectMapping,
    TimeColumn,
)
from thalweg.records.proposal import rules
from thalweg.records.proposal.profile import ColumnProfile
from thalweg.records.proposal.rules import Field
from thalweg.records.text.dates import parse_times

_STANDARD, _NAME, _VALUES, _DOUBTED = 0.98, 0.85, 0.4, 0.5
_ALWAYS = 0.95
_MOST_ACTIVITIES = 1_000
_ROLES: tuple[Field, ...] = ("resource", "party", "lifecycle", "instance")


Reason = Literal[
    "name_standard",
    "name_known",
    "name_and_list",
    "name_of_object",
    "only_time",
    "only_times",
    "values_only",
    "values_typed",
]
"""Why a column was chosen."""
Query = Literal[
    "no_absolute_times",
    "no_case",
    "no_activity",
    "case_uncertain",
    "activity_uncertain",
    "time_uncertain",
    "date_order_ambiguous",
    "zone_missing",
    "encoding_uncertain",
    "encoding_damaged",
    "case_never_repeats",
    "start_after_time",
    "one_table_of_several",
    "more_objects",
]
"""What a question is about."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One field of the mapping: the columns chosen for it, how sure, and why."""

    field: str
    column: str
    confidence: float
    reason_code: Reason
    evidence: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the user should decide, or know."""

    code: Query
    columns: tuple[str, ...] = ()
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome: a mapping and what it rests on."""

    mapping: FlatMapping
    guesses: tuple[Guess, ...]
    questions: tuple[Question, ...]
    is_standard: bool
    is_log: bool


def choose(rows: pl.DataFrame, columns: Sequence[ColumnProfile]) -> Choice:
    """Choose columns for a table from its first rows and their profiles."""
    return _Chooser(rows, tuple(columns)).choose()


class _Chooser:
    """Fields are chosen one after the other; a column serves one purpose."""

    def __init__(self, rows: pl.DataFrame, columns: tuple[ColumnProfile, ...]) -> None:
        self._rows, self._columns = rows, columns
        self._taken: set[str] = set()
        self._guesses: list[Guess] = []
        self._questions: list[Question] = []
        self._family: str | None = None

    def choose(self) -> Choice:
        times = [c for c in self._columns if c.is_time or self._is_dated(c)]
        case = self._case_by_name()
        activity = self._by_name("activity", self._can_be_activity)
        if activity in self._weak_names() and len(times) > 1:
            activity = None
        if not times:
            return self._no_log()
        parts: dict[str, Any] = {}
        if activity is None and len(times) > 1:
            parts["milestones"] = self._milestones(times)
        else:
            parts |= self._time_and_start(times)
            parts |= self._activity(activity, self._reserved(case))
        parts |= self._event_id()
        roles = {r: c for r in _ROLES if (c := self._role(r, "start" in parts)) is not None}
        parts |= self._objects(case, one_row_each="milestones" in parts)
        parts["roles"] = roles
        if types := self._attribute_types():
            parts["attributes"] = types
        self._ask_about_order(times)
        sap = tuple(c.name for c in self._columns if rules.is_sap(c.name))
        if len(sap) > 1:
            self._questions.append(Question("one_table_of_several", sap))
        complete = {"case", "objects"} & parts.keys() and (
            "milestones" in parts or {"activity", "time"} <= parts.keys()
        )
        standard = [g for g in self._guesses if g.field in {"case", "activity", "time", "start"}]
        is_standard = len(standard) >= 3 and all(
            g.reason_code == "name_standard" and g.confidence > _DOUBTED for g in standard
        )
        return Choice(
            FlatMapping(**parts),
            tuple(self._guesses),
            tuple(self._questions),
            is_standard=bool(complete) and is_standard,
            is_log=bool(complete),
        )

    def _no_log(self) -> Choice:
        """Nothing to order events by: durations and numbers do not make a log."""
        numbers = sum(c.is_number for c in self._columns)
        detail = {"number_columns": numbers, "columns": len(self._columns)}
        question = Question("no_absolute_times", (), detail)
        return Choice(FlatMapping(), (), (question,), is_standard=False, is_log=False)

    # Names

    def _by_name(self, wanted: Field, fits: Callable[[ColumnProfile], bool]) -> str | None:
        """The free column whose name tells most that it is the wanted one, if its values fit."""
        known = rules.known(wanted)
        best: tuple[float, int, str] | None = None
        for place, column in enumerate(self._columns):
            if column.name in self._taken or not fits(column):
                continue
            family = rules.family_of(column.name, wanted)
            short = rules.compact(column.name)
            if family is not None:
                score = 3.0 + (family == self._family)
            elif short in known:
                score = 2.0 - known.index(short) / len(known)
            else:
                continue
            if best is None or (-score, place) < (best[0], best[1]):
                best = (-score, place, column.name)
        return None if best is None else best[2]

    def _note(
        self, field_name: str, column: str, reason: Reason | None = None, **evidence: Any
    ) -> None:
        """Record a guess; how sure depends on what it rests on."""
        is_field = field_name in rules.STANDARD["xes"]
        family = rules.family_of(column, field_name) if is_field else None  # type: ignore[arg-type]
        code: Reason = reason or ("name_standard" if family else "name_known")
        sure = {"name_standard": _STANDARD, "values_only": _VALUES, "only_time": 0.7}
        self._guesses.append(Guess(field_name, column, sure.get(code, _NAME), code, evidence))
        self._taken.add(column)
        if family and self._family is None:
            self._family = family

    def _doubt(self, code: Query, columns: tuple[str, ...]) -> None:
        """The values speak against the guess just made: less confidence, and a question."""
        last = self._guesses.pop()
        self._guesses.append(dataclasses.replace(last, confidence=_DOUBTED))
        self._questions.append(Question(code, columns))

    # Case and other objects

    def _case_by_name(self) -> str | None:
        found = self._by_name("case", lambda c: c.given > 0 and not c.is_time and not c.list_share)
        if found is None:
            return None
        short = rules.compact(found)
        self._family = rules.family_of(found, "case")
        return found if short.startswith(rules.CASE_WORDS) else None

    def _objects(self, case: str | None, *, one_row_each: bool) -> dict[str, Any]:
        lists = [c.name for c in self._columns if c.list_share >= 0.9 and c.name not in self._taken]
        if case is not None and not lists:
            self._note_case(case, one_row_each=one_row_each)
            others = tuple(c for c in self._object_names() if c != case)
            if others:
                self._questions.append(Question("more_objects", others))
            return {"case": case}
        named = [c for c in self._object_names() if c not in lists]
        found = [case] if case is not None else []
        found += lists + ([] if lists else [n for n in named if n not in found])
        if len(found) == 1 and not lists:
            self._note_case(found[0], one_row_each=one_row_each)
            return {"case": found[0]}
        if found:
            return {"objects": tuple(self._object(name, name in lists) for name in found)}
        return self._case_by_values()

    def _note_case(
        self, name: str, reason: Reason | None = None, *, one_row_each: bool = False
    ) -> None:
        column = self._profile(name)
        per_case = round(column.given / max(column.distinct, 1), 2)
        self._note("case", name, reason, distinct=column.distinct, events_per_case=per_case)
        if column.given == column.distinct > 1 and not one_row_each:
            self._doubt("case_never_repeats", (name,))

    def _object(self, name: str, is_list: bool) -> ObjectMapping:
        reason: Reason = "name_and_list" if is_list else "name_of_object"
        self._note("objects", name, reason, distinct=self._profile(name).distinct)
        kind = rules.object_type(name) or name
        return ObjectMapping(column=name, type=kind, separator=LIST_SEPARATOR if is_list else None)

    def _object_names(self) -> list[str]:
        """Free columns that name objects: by their name, and with values that come again."""
        return [
            c.name
            for c in self._columns
            if c.name not in self._taken
            and rules.object_type(c.name) is not None
            and not (c.is_time or c.money_share or c.boolean_share == 1.0)
            and c.distinct > 1
            and (c.is_key_like or not c.is_number or rules.names_key(c.name))
        ]

    def _cases_by_values(self) -> list[ColumnProfile]:
        """Columns whose values come again, those with most different values first."""
        fits = [
            c
            for c in self._columns
            if c.name not in self._taken
            and not c.is_time
            and c.distinct > 1
            and c.given == c.rows
            and c.rows >= 1.5 * c.distinct
            and (not c.is_number or c.whole_share == 1.0)
        ]
        return sorted(fits, key=lambda c: -c.distinct)

    def _case_by_values(self) -> dict[str, Any]:
        fits = self._cases_by_values()
        if not fits:
            return self._no_case()
        self._note_case(fits[0].name, "values_only")
        self._questions.append(Question("case_uncertain", tuple(c.name for c in fits)))
        return {"case": fits[0].name}

    def _no_case(self) -> dict[str, Any]:
        self._questions.append(Question("no_case"))
        return {}

    # Activity

    def _can_be_activity(self, column: ColumnProfile) -> bool:
        return (
            0 < column.distinct <= _MOST_ACTIVITIES
            and not column.is_time
            and not column.list_share
            and not (column.is_number and not rules.family_of(column.name, "activity"))
        )

    def _weak_names(self) -> set[str]:
        return {c.name for c in self._columns if rules.compact(c.name) in rules.WEAK_ACTIVITY}

    def _reserved(self, case: str | None) -> set[str]:
        """Columns that will name objects: no activity is looked for among them."""
        names = {case} if case is not None else set(self._object_names())
        return names or {c.name for c in self._cases_by_values()[:1]}

    def _activity(self, named: str | None, reserved: set[str]) -> dict[str, Any]:
        if named is not None:
            self._note("activity", named, distinct=self._profile(named).distinct)
            return {"activity": named}
        fits = [
            c
            for c in self._columns
            if self._can_be_activity(c)
            and c.name not in self._taken | reserved
            and c.given == c.rows
            and 2 <= c.distinct <= max(20, c.rows // 20)
            and c.boolean_share < 1.0
            and not rules.names_key(c.name)
        ]
        if not fits:
            self._questions.append(Question("no_activity"))
            return {}
        best = max(fits, key=lambda c: c.distinct)
        self._note("activity", best.name, "values_only", distinct=best.distinct)
        self._questions.append(Question("activity_uncertain", tuple(c.name for c in fits)))
        return {"activity": best.name}

    # Times

    def _is_dated(self, column: ColumnProfile) -> bool:
        """Numbers that are times: 20180102, or an epoch under a name that means time."""
        short = rules.compact(column.name)
        named = short in rules.known("time") or short in rules.known("start")
        if column.compact_share >= 0.99:
            return named or not rules.names_key(column.name)
        return named and column.counted_share >= _ALWAYS

    def _time_and_start(self, times: list[ColumnProfile]) -> dict[str, Any]:
        names = {c.name for c in times}
        start = self._by_name("start", lambda c: c.name in names)
        time = self._by_name("time", lambda c: c.name in names and c.name != start)
        if time is None:
            rest = [c for c in times if c.name != start] or times
            time = min(rest, key=lambda c: c.missing).name
            start = None if time == start else start
            self._note("time", time, "only_time" if len(rest) == 1 else "values_only")
            if len(rest) > 1:
                self._questions.append(Question("time_uncertain", tuple(c.name for c in rest)))
        else:
            self._note("time", time)
        parts: dict[str, Any] = {"time": self._with_clock(time)}
        if start is not None:
            share = self._in_order(start, time)
            self._note("start", start, start_not_after_time_share=share)
            if share < _ALWAYS:
                self._doubt("start_after_time", (start, time))
            parts["start"] = start
        return parts

    def _milestones(self, times: list[ColumnProfile]) -> tuple[Milestone, ...]:
        for column in times:
            self._note("milestones", column.name, "only_times", missing=column.missing)
        return tuple(
            Milestone(activity=rules.milestone_activity(c.name), time=self._with_clock(c.name))
            for c in times
        )

    def _with_clock(self, date: str) -> TimeColumn:
        """A compact date and the time of day that belongs to it, when there is one."""
        if self._profile(date).compact_share < 0.99:
            return date
        clocks = [
            c.name
            for c in self._columns
            if c.clock_share >= _ALWAYS and c.name not in self._taken and not c.is_time
        ]
        dates = [c.name for c in self._columns if c.compact_share >= 0.99 and c.name != date]
        alike = [c for c in clocks if c[:2] == date[:2]]
        if len(clocks) == 1 and not any(d[:2] == clocks[0][:2] for d in dates):
            alike = alike or clocks
        if not alike:
            return date
        self._taken.add(alike[0])
        return DateAndTime(date_and_time=(date, alike[0]))

    def _in_order(self, start: str, time: str) -> float:
        """Share of rows that start no later than they end."""
        begun, done = parse_times(self._rows[start]).utc, parse_times(self._rows[time]).utc
        both = (begun <= done).drop_nulls()
        return round(int(both.sum() or 0) / len(both), 4) if len(both) else 0.0

    def _ask_about_order(self, times: list[ColumnProfile]) -> None:
        used = {g.column for g in self._guesses if g.field in {"time", "start", "milestones"}}
        unsure = tuple(c.name for c in times if c.order_open and c.name in used)
        if unsure:
            self._questions.append(Question("date_order_ambiguous", unsure, {"assumed": "dmy"}))

    # Everything else

    def _event_id(self) -> dict[str, Any]:
        name = self._by_name("event", lambda c: c.distinct == c.rows)
        if name is None:
            return {}
        self._note("event", name, distinct=self._profile(name).distinct)
        return {"event": name}

    def _role(self, role: Field, has_start: bool) -> str | None:
        if role == "lifecycle" and has_start:
            return None
        name = self._by_name(
            role,
            lambda c: c.distinct > 0 and not c.is_time and not c.list_share and not c.money_share,
        )
        if name is not None:
            self._note(f"roles.{role}", name, distinct=self._profile(name).distinct)
        return name

    def _attribute_types(self) -> dict[str, AttributeType]:
        """Types of the remaining text columns, where every value is of that type."""
        types: dict[str, AttributeType] = {}
        for column in self._columns:
            if column.name in self._taken or column.dtype != "text" or not column.given:
                continue
            type_ = _attribute_type(column)
            if type_ is not None:
                types[column.name] = type_
                self._guesses.append(Guess(f"attributes.{type_}", column.name, 0.8, "values_typed"))
        return types

    def _profile(self, name: str) -> ColumnProfile:
        return next(c for c in self._columns if c.name == name)


def _attribute_type(column: ColumnProfile) -> AttributeType | None:
    if column.time_share == 1.0:
        return "time"
    if column.boolean_share == 1.0:
        return "boolean"
    if not column.is_number or column.is_key_like or rules.names_key(column.name):
        return None
    if column.money_share > 0:
        return "amount"
    return "integer" if column.whole_share == 1.0 else "number"
