"""Filters: which objects, or which of their events, a measure looks at.

A filter is a frozen record; a list of them holds one after the other, each on what the one before
left. The same records are written in Python, in JSON (``filter_list``) and as short text on the
command line (``filter_text``). Most select whole objects; those with ``level="events"`` keep single
events, and objects left without any disappear.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Level = Literal["objects", "events"]
Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Value = str | int | float | bool


class _Filter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimeFilter(_Filter):
    """By time, from ``start`` (included) to ``end`` (excluded); either may be open.

    mode: ``events`` keeps the events inside; objects are kept when they lie inside as a whole
    (``contained``), touch it (``intersecting``), begin in it (``started``) or have their last
    event in it (``finished``).
    """

    kind: Literal["time"] = "time"
    start: datetime | None = None
    end: datetime | None = None
    mode: Literal["events", "contained", "intersecting", "started", "finished"] = "intersecting"


class ActivityFilter(_Filter):
    """By activity: objects that have any of the names, or with ``without`` none of them; at level
    events the events themselves are kept, or dropped."""

    kind: Literal["activity"] = "activity"
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    without: bool = False
    level: Level = "objects"


class RoleFilter(_Filter):
    """By who did it (resource, party), or by lifecycle transition (in any case) or work item."""

    kind: Literal["role"] = "role"
    role: Literal["resource", "party", "lifecycle", "instance"]
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    without: bool = False
    level: Level = "objects"


class AttributeFilter(_Filter):
    """By an attribute of events. ``!=`` selects objects (or events) without any match.

    Values are read as the attribute's type; text that is compared by size is read as a number,
    and what is none does not match.
    """

    kind: Literal["attribute"] = "attribute"
    name: str
    operator: Operator = "="
    values: Annotated[tuple[Value, ...], Field(min_length=1)]
    level: Level = "objects"


class ObjectFilter(_Filter):
    """By an attribute of the objects, as first known. Missing values match only ``!=``."""

    kind: Literal["object"] = "object"
    name: str
    operator: Operator = "="
    values: Annotated[tuple[Value, ...], Field(min_length=1)]


class VariantFilter(_Filter):
    """By variant: the ``top`` most frequent; the most frequent that together hold at least
    ``share`` of the objects; or the ``sequences`` named. Exactly one of the three."""

    kind: Literal["variant"] = "variant"
    top: Annotated[int, Field(ge=1)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    sequences: tuple[tuple[str, ...], ...] = ()


class DurationFilter(_Filter):
    """By the time from an object's beginning (its first event, or the first known start of its
    work) to its last event."""

    kind: Literal["duration"] = "duration"
    operator: Literal["<", "<=", ">", ">="]
    seconds: Annotated[float, Field(ge=0)]


class PathFilter(_Filter):
    """By path: objects in which ``target`` follows ``source``, directly or eventually, with the
    time between in seconds within the bounds if given; with ``never`` all other objects."""

    kind: Literal["path"] = "path"
    source: str
    target: str
    relation: Literal["directly", "eventually"] = "directly"
    never: bool = False
    min_s: Annotated[float, Field(ge=0)] | None = None
    max_s: Annotated[float, Field(ge=0)] | None = None


Filter = Annotated[
    TimeFilter
    | ActivityFilter
    | RoleFilter
    | AttributeFilter
    | ObjectFilter
    | VariantFilter
    | DurationFilter
    | PathFilter,
    Field(discriminator="kind"),
]

filter_list: TypeAdapter[Sequence[Filter]] = TypeAdapter(tuple[Filter, ...])
"""Reads and writes filters as JSON: ``filter_list.validate_json(text)``."""
