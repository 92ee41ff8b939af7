"""A simulation model, as it is learned, read from a file, edited by hand and compiled.

Objects of one type, the root, arrive. Each draws its next activity from what it did before
(``routing``), and each piece of work waits, in this order:

1. for what comes before it: earlier work of the object that does not run ``beside`` it, and the
   objects split off that it ``joins``;
2. for its ``delay``: time that passes whatever the capacity;
3. for its ``batch`` to be released;
4. for a pool that may do it (``skills``), is on duty and has a place free, in the order of
   ``queue`` and ``priority``; a pool's time is its calendar's, and work pauses while it is off
   duty unless the activity ``runs_through``.

Waits of the third and fourth kind answer to capacity; the others don't. Instants are UTC, lengths
of time seconds of working time of the pool (work, setup) or of the clock (delay).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from thalweg.process.calendar import Calendar

SCHEMA = "thalweg.model/1"
END = "(end)"
"""Name of no activity: the object is finished."""
START = "(start)"
"""Context of an object that has done nothing yet."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """Whatever stands in a model: unchangeable, and without keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Constant(Part):
    law: Literal["constant"] = "constant"
    value_s: NotNegative


class Exponential(Part):
    law: Literal["exponential"] = "exponential"
    mean_s: Positive


class Uniform(Part):
    law: Literal["uniform"] = "uniform"
    low_s: NotNegative
    high_s: NotNegative


class Lognormal(Part):
    """Of which the logarithm has standard deviation ``sigma``."""

    law: Literal["lognormal"] = "lognormal"
    median_s: Positive
    sigma: Positive


class Gamma(Part):
    """With ``shape`` 1 it is exponential, with a whole shape Erlang's."""

    law: Literal["gamma"] = "gamma"
    mean_s: Positive
    shape: Positive


class Quantiles(Part):
    """By values at evenly spaced probabilities from 0 to 1, straight lines between."""

    law: Literal["quantiles"] = "quantiles"
    values_s: Annotated[tuple[float, ...], Field(min_length=2)]


Law = Annotated[
    Constant | Exponential | Uniform | Lognormal | Gamma | Quantiles, Field(discriminator="law")
]


class Time(Part):
    """A random length of time: nothing with probability ``zero_share``, else ``of`` times
    ``factor``."""

    of: Law
    zero_share: Share = 0.0
    factor: NotNegative = 1.0


class Batch(Part):
    """Work done for several objects at once.

    Released when ``least`` wait and a pool is free, and in any case when the first has waited
    ``longest_wait_s``; at most ``most`` go at once. ``at``: released only within these hours.
    by_class: only objects of one class go together. each_s: work added for each object beyond the
    first.
    """

    least: Count = 1
    most: Count
    longest_wait_s: Positive | None = None
    at: Calendar | None = None
    by_class: bool = False
    each_s: NotNegative = 0.0


class Activity(Part):
    """What is done to an object.

    work        working time of one piece; by pool where pools differ (``work_by``).
    delay       clock time before it can begin that no capacity shortens; counted in ``delay_at``
                where that calendar is given.
    automatic   needs nobody, and never waits for a pool.
    beside      activities that it runs side by side with.
    most_visits per object; beyond it the routing goes elsewhere.
    buffer      objects that may wait for it; work before it holds its place until there is room.
    queue       who is next among those of equal priority. urgent: classes served before others,
                the first named first.
    setup       working time where the place did another activity before.
    scrap_share part of the value that is lost in it. cost: of one piece, in the model's currency.
    """

    name: str
    work: Time
    work_by: dict[str, Time] = {}
    delay: Time | None = None
    delay_at: str | None = None
    automatic: bool = False
    runs_through: bool = False
    beside: tuple[str, ...] = ()
    most_visits: Count | None = None
    batch: Batch | None = None
    buffer: Count | None = None
    queue: Literal["fifo", "lifo", "random"] = "fifo"
    urgent: tuple[str, ...] = ()
    priority: int = 0
    setup: Time | None = None
    scrap_share: Share = 0.0
    cost: NotNegative = 0.0


class Pool(Part):
    """``count`` people or machines that are alike, each with ``places`` for work at one time.

    skills: activities, and how readily they are taken where several pools could (any positive
    numbers). calendar: a name in the model's ``calendars``; None: always on duty. serves: classes
    whose objects it works on; empty: all (a firm's own people work on that firm's objects).
    """

    name: str
    count: Count = 1
    places: Count = 1
    skills: dict[str, Positive]
    calendar: str | None = None
    serves: tuple[str, ...] = ()
    cost_per_hour: NotNegative = 0.0


class Choice(Part):
    """What comes next for objects of ``of_class`` (None: any) whose last activities were ``after``.

    The longest ``after`` that fits counts, one for the class before one for any. next: shares of
    activities, or of ``(end)``.
    """

    after: Annotated[tuple[str, ...], Field(min_length=1)]
    next: Annotated[dict[str, Share], Field(min_length=1)]
    of_class: str | None = None


class Split(Part):
    """At the end of ``activity``, an object of the flow splits into objects of flow ``into``.

    count: probabilities of how many, by number. joins: the activity of the parent that waits until
    all of them are finished; None: nothing waits for them.
    """

    activity: str
    into: str
    count: Annotated[dict[int, Share], Field(min_length=1)]
    joins: str | None = None


class Flow(Part):
    """The routes of one object type."""

    type: str
    routing: Annotated[tuple[Choice, ...], Field(min_length=1)]
    splits: tuple[Split, ...] = ()


class Rate(Part):
    """Arrivals by chance: ``per_hour`` by hour of the local week (168, from Monday 00:00), growing
    by ``growth_per_year`` (0.1: a tenth); ``together``: probabilities of how many come at once."""

    kind: Literal["rate"] = "rate"
    per_hour: Annotated[tuple[NotNegative, ...], Field(min_length=168, max_length=168)]
    growth_per_year: float = 0.0
    together: dict[int, Share] = {1: 1.0}


class Gaps(Part):
    """Arrivals one after the other, ``gap`` of working time of ``calendar`` apart (None: clock)."""

    kind: Literal["gaps"] = "gaps"
    gap: Time
    calendar: str | None = None


class Replay(Part):
    """Arrivals as they were, over and over: seconds from ``first_weekday`` (0 is Monday) 00:00 local
    of the first week, and after ``weeks`` weeks again from the first. factor: of their number; below
    1 some are left out, above 1 some come twice, the second within an hour after the first."""

    kind: Literal["replay"] = "replay"
    at_s: tuple[NotNegative, ...]
    weeks: Count
    factor: NotNegative = 1.0


Arrivals = Annotated[Rate | Gaps | Replay, Field(discriminator="kind")]


class OpenObject(Part):
    """An object that is under way at the beginning.

    done        its activities so far, in order. activity: what it waits for or is in; None where
                the next is still to be drawn.
    since       when that became possible, or began where ``pool`` says who does it.
    """

    object: str
    of_class: str | None = None
    arrived_at: datetime
    done: tuple[str, ...] = ()
    activity: str | None = None
    since: datetime | None = None
    pool: str | None = None


class Money(Part):
    """What time costs: value of an object, the yearly rate on it, and what finishing earns."""

    currency: str | None = None
    object_value: NotNegative | None = None
    capital_rate_per_year: NotNegative | None = None
    margin_per_object: float | None = None


class Model(Part):
    """A whole process. flows: the first is the root, whose objects arrive.

    classes: kinds of objects that routing, batches or priority tell apart, with their shares.
    begins_at: the first instant, UTC. zone: of the calendars' and the arrivals' local time.
    learned: facts on where the model comes from, for people.
    """

    schema_: Literal["thalweg.model/1"] = Field(default="thalweg.model/1", alias="schema")
    name: str
    zone: str = "UTC"
    begins_at: datetime
    classes: dict[str, Share] = {}
    activities: Annotated[tuple[Activity, ...], Field(min_length=1)]
    pools: tuple[Pool, ...] = ()
    calendars: dict[str, Calendar] = {}
    flows: Annotated[tuple[Flow, ...], Field(min_length=1)]
    arrivals: Arrivals
    under_way: tuple[OpenObject, ...] = ()
    money: Money = Money()
    learned: dict[str, str | int | float | bool | None] = {}

    def activity(self, name: str) -> Activity:
        return next(one for one in self.activities if one.name == name)

    def pool(self, name: str) -> Pool:
        return next(one for one in self.pools if one.name == name)
