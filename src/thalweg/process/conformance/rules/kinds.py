"""Rules that a process owner can write: their kinds and fields.

A rule is data, never code. ``order`` says what comes after or before what, ``time`` how long it may
take, ``people`` who may not (or must) be the same, ``who`` who may act at all, ``must`` and
``never`` what has to happen or may not, ``value`` what an attribute may hold, and ``match`` which
quantities or amounts of linked objects have to agree. ``rules_file`` reads them from YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar
from thalweg.process.filter_text import UNITS_S, parse_filters

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
Unit = Literal["time", "working_days", "working_hours"]

_CHINESE_UNITS = {
    "周": "w",
    "天": "d",
    "日": "d",
    "小时": "h",
    "分钟": "min",
    "分": "min",
    "秒": "s",
}
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(个)?\s*(.*?)\s*")
_WORKING_DAYS = {"working days", "working day", "工作日"}
_WORKING_HOURS = {"working hours", "working hour", "工作小时"}


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: seconds, working seconds, or whole working days."""

    amount: float
    unit: Unit
    text: str


def read_span(text: Any) -> Span:
    """``3d``, ``48h``, ``5 working days``, ``40 working hours``; ``3天``, ``5个工作日``."""
    if isinstance(text, Span):
        return text
    match = _SPAN.fullmatch(str(text))
    if match is not None:
        number, word = float(match[1]), match[3].casefold()
        if word in _WORKING_DAYS and number == int(number) and number > 0:
            return Span(number, "working_days", str(text).strip())
        if word in _WORKING_HOURS:
            return Span(number * 3600, "working_hours", str(text).strip())
        seconds = UNITS_S.get(_CHINESE_UNITS.get(word, word))
        if seconds is not None:
            return Span(number * seconds, "time", str(text).strip())
    raise ValueError(
        f"{str(text)!r} is no length of time. Write 90min, 48h, 3d, 2w, 5 working days, "
        "40 working hours, 3天 or 5个工作日."
    )


def _as_list(data: Any) -> Any:
    return [data] if isinstance(data, str) else data


def _filled(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not all(name.strip() for name in names):
        raise ValueError("name at least one, and none that is empty")
    return names


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list), AfterValidator(_filled)]
"""One name, or a list of which any counts."""
Length = Annotated[Span, BeforeValidator(read_span)]
Positive = Annotated[int, Field(ge=1)]
Bound = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True
    )


class Words(_Record):
    """What a rule says, in the languages that its owner gives."""

    en: str | None = None
    zh: str | None = None

    def of(self, language: str) -> str | None:
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


def _as_words(data: Any) -> Any:
    return {"en": data, "zh": data} if isinstance(data, str) else data


class Link(_Record):
    """How objects of another type belong to an object: through recorded links between objects,
    through shared events, or either; with ``via`` over other types in between, in order."""

    type: str
    by: Literal["any", "objects", "events"] = "any"
    qualifier: str | None = None
    via: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()


def _as_link(data: Any) -> Any:
    return {"type": data} if isinstance(data, str) else data


Links = Annotated[
    tuple[Annotated[Link, BeforeValidator(_as_link)], ...],
    BeforeValidator(lambda data: [data] if isinstance(data, str | dict) else data),
]


class _Rule(_Record):
    """What every rule has. ``type`` is the object type it is about; ``links`` adds the events of
    linked objects to an object's own; ``when`` is filter text that selects objects; ``since`` and
    ``until`` are the first and last local day on which the rule holds; ``cost`` names what a
    violation costs: ``object:COLUMN`` or ``attribute:COLUMN`` of the event."""

    id: Annotated[str, Field(min_length=1)]
    text: Annotated[Words, BeforeValidator(_as_words)] = Words()
    severity: Severity = "medium"
    type: str | None = None
    links: Links = ()
    when: str | None = None
    since: date | None = None
    until: date | None = None
    cost: str | None = None

    @field_validator("when")
    @classmethod
    def _selects_objects(cls, when: str | None) -> str | None:
        if when is None:
            return when
        try:
            filters = parse_filters(when)
        except RequestError as error:
            raise ValueError(str(error)) from error
        for one in filters:
            if "events" in (getattr(one, "level", ""), getattr(one, "mode", "")):
                raise ValueError("it selects events, but a rule is about objects: leave 'events.'")
        return when

    @field_validator("cost")
    @classmethod
    def _known_cost(cls, cost: str | None) -> str | None:
        if cost is None or cost == "difference" or re.fullmatch(r"(object|attribute):.+", cost):
            return cost
        raise ValueError(f"{cost!r} names no cost. Write object:COLUMN or attribute:COLUMN")

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("'until' lies before 'since'")
        if self.cost == "difference" and not isinstance(self, MatchRule):
            raise ValueError("'cost: difference' is for rules of kind match")
        return self

    def activities(self) -> Iterator[str]:
        """Names of the activities that the rule speaks of."""
        for field in ("first", "then", "from_", "to", "activity", "activities_", "before", "after"):
            yield from getattr(self, field, None) or ()


class OrderRule(_Rule):
    """``response``: each ``first`` is followed by a ``then``. ``precedence``: each ``then`` has a
    ``first`` before it. ``succession``: both. ``directly`` means with nothing in between."""

    kind: Literal["order"] = "order"
    relation: Literal["response", "precedence", "succession"] = "response"
    how: Literal["directly", "eventually"] = "eventually"
    first: Names
    then: Names


class TimeRule(_Rule):
    """From each ``from`` to the next ``to`` no longer than ``within`` and no shorter than
    ``at_least``, or ``to`` by the time in the object's attribute ``by``. Without ``from`` it
    counts from the object's beginning, without ``to`` to its end: its age. ``started`` takes the
    time at which ``to`` was started. ``optional``: a ``to`` that never comes is no violation."""

    kind: Literal["time"] = "time"
    from_: Annotated[Names | None, Field(alias="from")] = None
    to: Names | None = None
    within: Length | None = None
    at_least: Length | None = None
    by: str | None = None
    calendar: str | None = None
    pairing: Literal["each", "first"] = "each"
    started: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.within is None and self.at_least is None and self.by is None:
            raise ValueError("say one of 'within', 'at_least' and 'by'")
        if self.by is not None and (self.within or self.at_least or self.from_):
            raise ValueError("'by' stands alone: it takes no 'from', 'within' or 'at_least'")
        if self.at_least is not None and self.at_least.unit == "working_days":
            raise ValueError("'at_least' takes hours or days, not working days")
        if self.started and self.to is None:
            raise ValueError("'started' needs the activity 'to'")
        working = any(s is not None and s.unit != "time" for s in (self.within, self.at_least))
        if working != (self.calendar is not None):
            raise ValueError(
                "working days and hours need 'calendar'; other lengths of time take none"
            )
        return self


class PeopleRule(_Rule):
    """Four eyes (``must: differ``): nobody does two of the ``activities`` for one object; or the
    same hands (``must: same``): one does them all."""

    kind: Literal["people"] = "people"
    activities_: Annotated[Names, Field(alias="activities")]
    who: Literal["resource", "party"] = "resource"
    must: Literal["differ", "same"] = "differ"

    @model_validator(mode="after")
    def _several(self) -> Self:
        if len(set(self.activities_)) < 2:
            raise ValueError("'activities' needs at least two different ones")
        return self


class WhoRule(_Rule):
    """Only ``one_of`` may do the activity, or nobody of ``none_of``; ``@name`` stands for a group
    of the file."""

    kind: Literal["who"] = "who"
    activity: Names
    who: Literal["resource", "party"] = "resource"
    one_of: Names | None = None
    none_of: Names | None = None

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if (self.one_of is None) == (self.none_of is None):
            raise ValueError("say either 'one_of' or 'none_of'")
        return self


class MustRule(_Rule):
    """The activity happens at least so often in each object; with ``before``, ahead of the first
    of those activities (objects without one are left alone)."""

    kind: Literal["must"] = "must"
    activity: Names
    at_least: Positive = 1
    before: Names | None = None


class NeverRule(_Rule):
    """The activity happens at most so often in an object; with ``after``, once one of those
    activities has happened."""

    kind: Literal["never"] = "never"
    activity: Names
    at_most: Annotated[int, Field(ge=0)] = 0
    after: Names | None = None


class ValueRule(_Rule):
    """What an attribute of the objects, or of the events of an activity, may hold. A missing
    value cannot be checked, unless it has to be ``present``."""

    kind: Literal["value"] = "value"
    attribute: str
    activity: Names | None = None
    present: Literal[True] | None = None
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    one_of: Names | None = None
    none_of: Names | None = None

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        if not any(True for _ in self.tests()) and not self.present:
            raise ValueError(
                "say what the value must be: present, above, at_least, below, at_most, "
                "one_of or none_of"
            )
        return self

    def tests(self) -> Iterator[tuple[str, Any]]:
        for name in ("above", "at_least", "below", "at_most", "one_of", "none_of"):
            if (bound := getattr(self, name)) is not None:
                yield name, bound


class Side(_Record):
    """One of the figures to compare: the sum of an attribute over linked objects (``type``), over
    events of an activity, or the object's own. ``unit`` and ``key`` name further attributes."""

    name: Annotated[str, Field(min_length=1)]
    type: str | None = None
    activity: Names | None = None
    attribute: str
    unit: str | None = None
    key: str | None = None
    by: Literal["any", "objects", "events"] = "any"
    qualifier: str | None = None
    via: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()

    @model_validator(mode="after")
    def _linked_or_events(self) -> Self:
        if self.type is not None and self.activity is not None:
            raise ValueError("say either 'type' (linked objects) or 'activity' (events)")
        return self


class Tolerance(_Record):
    """The larger of the two holds; ``relative`` is a part of the first side (0.02 is 2 %)."""

    relative: Bound = 0.0
    absolute: Bound = 0.0


class MatchRule(_Rule):
    """Every further side against the first, key by key where keys are named.

    ``absent`` says what it means that nothing is linked for a side: the figure cannot be checked,
    or counts as zero. ``shared`` says the same of a document that belongs to several objects: it
    cannot be split, or counts whole for each.
    """

    kind: Literal["match"] = "match"
    sides: Annotated[tuple[Side, ...], Field(min_length=2)]
    must: Literal["equal", "not_above", "not_below"] = "equal"
    tolerance: Tolerance = Tolerance()
    absent: Literal["not_checkable", "zero"] = "not_checkable"
    shared: Literal["not_checkable", "whole"] = "not_checkable"

    @model_validator(mode="after")
    def _alike(self) -> Self:
        if len({side.name for side in self.sides}) < len(self.sides):
            raise ValueError("two sides have the same name")
        for field in ("unit", "key"):
            given = [getattr(side, field) is not None for side in self.sides]
            if any(given) and not all(given):
                raise ValueError(f"either every side names its '{field}', or none does")
        if self.links:
            raise ValueError("the sides of a match say themselves what is linked")
        return self


Rule = Annotated[
    OrderRule | TimeRule | PeopleRule | WhoRule | MustRule | NeverRule | ValueRule | MatchRule,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[_Rule]] = {
    "order": OrderRule,
    "time": TimeRule,
    "people": PeopleRule,
    "who": WhoRule,
    "must": MustRule,
    "never": NeverRule,
    "value": ValueRule,
    "match": MatchRule,
}


class RuleFile(_Record):
    """A file of rules. ``type``: of rules that name none. ``activities``: names that are right
    though a book may not hold them. ``groups``: lists of people or firms, used as ``@name``."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    type: str | None = None
    activities: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    groups: dict[str, Names] = {}
    calendars: dict[str, Calendar] = {}

    @model_validator(mode="after")
    def _names_hold_together(self) -> Self:
        seen: set[str] = set()
        for number, rule in enumerate(self.rules, 1):
            place = f"rule {number} ({rule.id})"
            if rule.id in seen:
                raise ValueError(f"{place}: two rules have this id")
            seen.add(rule.id)
            calendar = getattr(rule, "calendar", None)
            if calendar is not None and calendar not in self.calendars:
                known = ", ".join(self.calendars) or "none"
                raise ValueError(f"{place}: there is no calendar {calendar!r} (found: {known})")
            lists: tuple[tuple[str, ...], ...] = tuple(
                getattr(rule, field, None) or () for field in ("one_of", "none_of")
            )
            for name in (name for names in lists for name in names):
                group = name.removeprefix("@")
                if name.startswith("@") and group not in self.groups:
                    known = ", ".join(self.groups) or "none"
                    raise ValueError(f"{place}: there is no group {group!r} (found: {known})")
        return self

    def members(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names with those of groups in the place of ``@name``."""
        found: list[str] = []
        for name in names:
            found += self.groups[name[1:]] if name.startswith("@") else (name,)
        return tuple(dict.fromkeys(found))
