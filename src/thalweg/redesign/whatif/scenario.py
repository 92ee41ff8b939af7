"""A redesign as people write it: changes of the process, what they cost, and what they rest on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from thalweg.process.calendar import Calendar
from thalweg.redesign.model.model import Batch, NotNegative, Part, Positive, Share, Time

SCHEMA = "thalweg.scenarios/1"


class Capacity(Part):
    """``add`` people or machines to a pool (or take them away), or set their number ``to``."""

    change: Literal["capacity"] = "capacity"
    pool: str
    add: int | None = None
    to: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Capacity:
        if (self.add is None) == (self.to is None):
            raise ValueError("Give either 'add' or 'to'.")
        return self


class Hours(Part):
    """Another calendar for pools; None: round the clock."""

    change: Literal["hours"] = "hours"
    pools: Annotated[tuple[str, ...], Field(min_length=1)]
    calendar: Calendar | None


class Speed(Part):
    """Work of an activity takes ``factor`` times as long (0.8: a fifth less)."""

    change: Literal["speed"] = "speed"
    activity: str
    factor: NotNegative


class Automate(Part):
    """An activity needs nobody any more, and takes ``work`` (None: as long as before)."""

    change: Literal["automate"] = "automate"
    activity: str
    work: Time | None = None


class Delay(Part):
    """The delay before an activity, which no capacity shortens, is ``factor`` times as long."""

    change: Literal["delay"] = "delay"
    activity: str
    factor: NotNegative


class Skip(Part):
    """An activity is left out for ``share`` of the objects, of one class where it is named."""

    change: Literal["skip"] = "skip"
    activity: str
    share: Share = 1.0
    of_class: str | None = None


class Merge(Part):
    """Pools become one that can do what any of them could, on the calendar of the first or ``calendar``."""

    change: Literal["merge"] = "merge"
    pools: Annotated[tuple[str, ...], Field(min_length=2)]
    into: str
    calendar: str | None = None


class Divide(Part):
    """A pool becomes several: their numbers, and the activities of each."""

    change: Literal["divide"] = "divide"
    pool: str
    into: Annotated[dict[str, Annotated[int, Field(ge=1)]], Field(min_length=2)]
    skills: dict[str, tuple[str, ...]]


class Reroute(Part):
    """After an activity, other shares of what comes next; what is not named shares the rest as before."""

    change: Literal["reroute"] = "reroute"
    after: str
    next: Annotated[dict[str, Share], Field(min_length=1)]
    of_class: str | None = None


class Batching(Part):
    """Another rule of batching for an activity; None: one by one."""

    change: Literal["batching"] = "batching"
    activity: str
    batch: Batch | None


class Priority(Part):
    """Who is served first: activities of a higher number, and classes in the order of ``urgent``."""

    change: Literal["priority"] = "priority"
    activity: str
    priority: int | None = None
    urgent: tuple[str, ...] | None = None
    queue: Literal["fifo", "lifo", "random"] | None = None


class Demand(Part):
    """Arrivals become ``factor`` times as many."""

    change: Literal["demand"] = "demand"
    factor: Positive


class Failures(Part):
    """Returns to an activity after it was done before become ``factor`` times as likely."""

    change: Literal["failures"] = "failures"
    activity: str
    factor: NotNegative


class Mix(Part):
    """Other shares of the classes; they sum to 1."""

    change: Literal["mix"] = "mix"
    shares: Annotated[dict[str, Share], Field(min_length=1)]


Change = Annotated[
    Capacity
    | Hours
    | Speed
    | Automate
    | Delay
    | Skip
    | Merge
    | Divide
    | Reroute
    | Batching
    | Priority
    | Demand
    | Failures
    | Mix,
    Field(discriminator="change"),
]


class Scenario(Part):
    """One redesign. preconditions: what must be so, in the user's words, told beside the answer."""

    name: str
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]
    one_off_cost: NotNegative = 0.0
    cost_per_month: float = 0.0
    preconditions: tuple[str, ...] = ()


class Scenarios(Part):
    """A file of redesigns. on_time_s: the cycle time that counts as on time."""

    schema_: Literal["thalweg.scenarios/1"] = Field(default="thalweg.scenarios/1", alias="schema")
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
    on_time_s: Positive | None = None
    budget: NotNegative | None = None
