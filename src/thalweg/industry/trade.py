"""A steel trade, lived order by order: queues, shifts, batches, loops and late payers.

Each order and each coil is a life: a generator that asks for work and is told when it was done.
What there is to find: coils queue for the one slitting line of the south warehouse; thick coils
fail inspection and are slit again; lorries leave on two afternoons a week; invoices are written
on two mornings; two customers pay late.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np

from thalweg.industry.hours import (
    DAY_MIN,
    DISPATCH,
    INVOICING,
    OFFICE,
    ONE_SHIFT,
    ROAD,
    YARD,
    Hours,
)

ORDER_EVERY_MIN = 655
"""Mean time between orders: the south slitting line is then busy nine tenths of its time."""
LORRY_COILS = 4
DUE_MIN = 30 * DAY_MIN
PRICE_CNY = {"Q235B": 3_650, "SPCC": 4_320, "Q355B": 3_980}
FAILS = {"Q235B": 0.05, "SPCC": 0.08, "Q355B": 0.34}
CUSTOMERS = tuple(f"customer.{number}" for number in range(1, 7))
LATE_PAYERS = frozenset({"customer.2", "customer.5"})

POOLS: dict[str, tuple[str, Hours, tuple[str, ...]]] = {
    "sales": ("platform", OFFICE, ("sales.1", "sales.2", "sales.3")),
    "legal": ("platform", OFFICE, ("legal.1",)),
    "yard.south": ("south", YARD, ("yard.south",)),
    "yard.north": ("north", YARD, ("yard.north",)),
    "line.south": ("south", ONE_SHIFT, ("line.south",)),
    "line.north": ("north", ONE_SHIFT, ("line.north.1", "line.north.2")),
    "lab": ("platform", YARD, ("lab.1", "lab.2")),
    "road": ("haulage", DISPATCH, ("driver.1", "driver.2", "driver.3")),
    "finance": ("platform", INVOICING, ("finance.1",)),
}
"""Who works: firm, hours, and the people or machines that share the queue."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about: ids of objects, and what is known of them."""

    orders: tuple[str, ...]
    coils: tuple[str, ...] = ()
    shipment: str = ""
    invoice: str = ""
    grade: str = ""
    tonnes: float | None = None
    amount_cny: int | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something done: minutes of the local clock, and keys of ``terms``."""

    activity: str
    start_min: int
    end_min: int
    person: str
    firm: str
    about: Subject


@dataclass(frozen=True, slots=True)
class Work:
    """What a life asks for: this activity, by that pool, for so many working minutes."""

    pool: str
    minutes: int
    activity: str
    about: Subject


Life = Generator[Work | int, int, None]
"""Yields work to be done or a minute to sleep until, and is sent the minute that it is then.

It begins by yielding the minute of its beginning.
"""


@dataclass(slots=True)
class Order:
    number: str
    customer: str
    site: str
    grade: str
    tonnes: tuple[float, ...]
    undelivered: int

    @property
    def subject(self) -> Subject:
        """The order with its value: whole hundreds, so that it is exact in 万元 too."""
        value = round(sum(self.tonnes) * PRICE_CNY[self.grade] / 100) * 100
        return Subject((self.number,), amount_cny=value, grade=self.grade)


@dataclass(slots=True)
class Trade:
    """Who is free when, what waits at the docks, and what has happened."""

    rng: np.random.Generator
    until_min: int
    done: list[Occurrence] = field(default_factory=list)
    _agenda: list[tuple[int, int, Life]] = field(default_factory=list)
    _entered: int = 0
    _free: dict[str, list[int]] = field(default_factory=dict)
    _dock: dict[tuple[str, str], list[tuple[Order, Subject]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _shipments: int = 0
    _invoices: int = 0

    def begin(self, life: Life) -> None:
        self._follow(life, next(life), 0)

    def run(self) -> None:
        """Live until the export is taken; what is not done by then is not in the records."""
        while self._agenda and self._agenda[0][0] <= self.until_min:
            now, _, life = heapq.heappop(self._agenda)
            try:
                wish = life.send(now)
            except StopIteration:
                continue
            self._follow(life, wish, now)

    def _follow(self, life: Life, wish: Work | int, now: int) -> None:
        """Do what a life asks for, and call it again when that is over."""
        minute = self._do(wish, now) if isinstance(wish, Work) else wish
        self._entered += 1
        heapq.heappush(self._agenda, (minute, self._entered, life))

    def _do(self, work: Work, now: int) -> int:
        """Give the work to whoever of the pool is free first; first come, first served."""
        firm, hours, people = POOLS[work.pool]
        free = self._free.setdefault(work.pool, [0] * len(people))
        who = free.index(min(free))
        start = hours.open_at(max(now, free[who]))
        end = free[who] = hours.after(start, work.minutes)
        self._note(Occurrence(work.activity, start, end, people[who], firm, work.about))
        return end

    def _note(self, occurrence: Occurrence) -> None:
        if occurrence.end_min <= self.until_min:
            self.done.append(occurrence)

    def _by_customer(self, activity: str, now: int, customer: str, about: Subject) -> None:
        self._note(Occurrence(activity, now, now, "", customer, about))

    def _about(self, median_min: float, spread: float) -> int:
        """A log-normal time in minutes."""
        return max(1, round(median_min * float(np.exp(spread * self.rng.standard_normal()))))

    def order_life(self, order: Order, at: int) -> Life:
        """From the inquiry to the last coil's departure for the warehouse."""
        now = yield at
        plain = replace(order.subject, amount_cny=None)
        now = yield Work("sales", self._about(12, 0.4), "inquire", plain)
        now = yield Work("sales", self._about(35, 0.5), "quote", order.subject)
        now = yield OFFICE.open_at(now + self._about(9 * 60, 0.9))
        if self.rng.random() < 0.16:
            self._by_customer("lose", now, order.customer, plain)
            return
        self._by_customer("order", now, order.customer, order.subject)
        now = yield Work("legal", self._about(40, 0.4), "contract", order.subject)
        while self.rng.random() < 0.18:
            now = yield OFFICE.open_at(now + self._about(5 * 60, 0.7))
            now = yield Work("sales", self._about(25, 0.4), "amend", order.subject)
            now = yield Work("legal", self._about(30, 0.4), "contract", order.subject)
        for place, tonnes in enumerate(order.tonnes, 1):
            coil = f"{order.number.replace('SO', 'C')}-{place}"
            about = Subject((order.number,), (coil,), grade=order.grade, tonnes=tonnes)
            self.begin(self.coil_life(order, about, now + self._about(3 * DAY_MIN, 0.5)))

    def coil_life(self, order: Order, about: Subject, at: int) -> Life:
        """From the mill's lorry to the dock."""
        yield at
        yield Work(f"yard.{order.site}", self._about(20, 0.3), "receive", about)
        slow = 1.5 if order.grade == "Q355B" else 1.0
        while True:
            yield Work(f"line.{order.site}", self._about(105 * slow, 0.35), "slit", about)
            yield Work("lab", self._about(25, 0.4), "inspect", about)
            if self.rng.random() >= FAILS[order.grade]:
                break
        self._dock[order.site, order.customer].append((order, about))

    def dispatch_life(self) -> Life:
        """On each dispatch afternoon, load what waits at the docks."""
        now = yield DISPATCH.open_at(0)
        while True:
            for place in sorted(self._dock):
                waiting = self._dock.pop(place)
                for first in range(0, len(waiting), LORRY_COILS):
                    self.begin(self.lorry_life(waiting[first : first + LORRY_COILS], now))
            now = yield DISPATCH.open_at(now // DAY_MIN * DAY_MIN + DAY_MIN)

    def lorry_life(self, load: list[tuple[Order, Subject]], at: int) -> Life:
        """One shipment, from loading to the customer's gate."""
        now = yield at
        self._shipments += 1
        about = Subject(
            orders=tuple(dict.fromkeys(order.number for order, _ in load)),
            coils=tuple(coil for _, subject in load for coil in subject.coils),
            shipment=f"SH{self._shipments:05d}",
            tonnes=round(sum(subject.tonnes or 0.0 for _, subject in load), 2),
        )
        now = yield Work("road", self._about(12, 0.3), "ship", about)
        now = yield ROAD.open_at(now + self._about(14 * 60, 0.5))
        self._by_customer("deliver", now, load[0][0].customer, about)
        for order, _ in load:
            order.undelivered -= 1
            if order.undelivered == 0:
                self.begin(self.money_life(order, now))

    def money_life(self, order: Order, at: int) -> Life:
        """From the last delivery to the payment; late payers are reminded."""
        now = yield at
        self._invoices += 1
        about = replace(order.subject, invoice=f"IV{self._invoices:05d}")
        issued = now = yield Work("finance", self._about(9, 0.3), "invoice", about)
        late = order.customer in LATE_PAYERS
        paid = OFFICE.open_at(issued + self._about((44 if late else 21) * DAY_MIN, 0.2))
        for reminder in (DUE_MIN + 3 * DAY_MIN, DUE_MIN + 13 * DAY_MIN):
            if issued + reminder < paid:
                now = yield OFFICE.open_at(issued + reminder)
                now = yield Work("sales", self._about(10, 0.3), "remind", about)
        now = yield max(now, paid)
        self._by_customer("pay", now, order.customer, about)


def live(orders: int, seed: int) -> list[Occurrence]:
    """The records of a trade with so many inquiries, in the order in which things ended.

    Chance is one stream for the arrivals and one for everything after, both from ``seed``.
    """
    arrivals, life = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    trade = Trade(life, until_min=orders * ORDER_EVERY_MIN)
    moments = np.sort(arrivals.integers(0, trade.until_min, orders))
    for number, moment in enumerate(moments, 1):
        tonnes = arrivals.normal(24, 4, 1 + int(arrivals.choice(3, p=(0.4, 0.4, 0.2))))
        order = Order(
            number=f"SO{number:05d}",
            customer=str(arrivals.choice(CUSTOMERS)),
            site="south" if arrivals.random() < 0.55 else "north",
            grade=str(arrivals.choice(sorted(PRICE_CNY), p=(0.5, 0.2, 0.3))),
            tonnes=tuple(round(float(t), 2) for t in tonnes.clip(12, 34)),
            undelivered=len(tonnes),
        )
        trade.begin(trade.order_life(order, OFFICE.open_at(int(moment))))
    trade.begin(trade.dispatch_life())
    trade.run()
    return sorted(trade.done, key=lambda o: (o.end_min, o.start_min, o.about.orders))
