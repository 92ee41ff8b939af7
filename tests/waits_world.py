"""A workshop simulated minute by minute, which writes down why everything waits.

Items arrive, are cut (first come, first served), marked in batches of three, checked by another
firm (last come, first served), packed in twos into a box, and shipped after some time on the road.
Servers begin work on duty only and finish what they began. For every minute of every wait the
simulation keeps what held: its own knowledge of servers and queues, not a log.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from process_helpers import SmallBook
from thalweg.process.calendar import Calendar
from thalweg.process.waiting.calendars import Calendars

MINUTE, DAY = 60, 1440
MONDAY = 4 * DAY
"""In minutes: 1970 began on a Thursday."""
Key = tuple[str, str]
Held = Counter[tuple[Key, frozenset[str]]]


@dataclass
class Task:
    ready: int
    items: list[str]
    before: str
    firm_before: str
    box: str | None = None
    road: int = 0
    held: Counter[frozenset[str]] = field(default_factory=Counter)
    """Minutes of all its items by what held."""


@dataclass
class Server:
    """firm and hours (clock hours of weekdays; None: always there)."""

    name: str
    activity: str
    firm: str
    hours: tuple[int, int] | None
    pace: tuple[int, int]
    rule: str = "fifo"
    queue: list[Task] = field(default_factory=list)
    serving: Task | None = None
    until: int = 0
    promised: int = 0

    def on_duty(self, t: int) -> bool:
        if self.hours is None:
            return True
        weekday, clock = (t // DAY + 3) % 7, t % DAY
        return weekday < 5 and self.hours[0] * 60 <= clock < self.hours[1] * 60

    def choose(self, t: int) -> Task | None:
        """The task to begin now, if any."""
        if self.promised:
            self.promised -= 1
            return self.queue.pop(0)
        if not self.queue or not self.on_duty(t):
            return None
        if self.rule == "batch":
            if len(self.queue) < 3:
                return None
            self.promised = 2
            return self.queue.pop(0)
        if self.rule == "road":
            return self.queue.pop(0) if t >= self.queue[0].ready + self.queue[0].road else None
        return self.queue.pop(-1 if self.rule == "lifo" else 0)


class Workshop:
    """One run; ``held`` counts minutes by pair of activities and set of conditions, for waits
    that ended: a log cannot show the others."""

    def __init__(self, seed: int, items: int = 40, days: int = 6) -> None:
        self.rng = np.random.default_rng(seed)
        self.servers = {
            "cut": Server("Ann", "cut", "mill", (9, 17), (10, 60)),
            "mark": Server("Bob", "mark", "mill", (8, 16), (5, 20), "batch"),
            "check": Server("Cat", "check", "lab", (10, 18), (10, 70), "lifo"),
            "pack": Server("Dan", "pack", "mill", None, (20, 60)),
        }
        self.rows: list[tuple[str, float, dict[str, list[str]], dict[str, Any]]] = []
        self.starts: list[float] = []
        self.held: Held = Counter()
        self.boxes = 0
        self.alone: tuple[int, str] | None = None
        arrivals = np.sort(MONDAY + 8 * 60 + self.rng.integers(0, days * DAY // 2, items))
        self.arrivals: dict[int, list[str]] = {}
        for n, at in enumerate(arrivals.tolist()):
            self.arrivals.setdefault(at, []).append(f"i{n}")
        self.hours = {s.name: s.hours for s in self.servers.values()}
        for t in range(MONDAY, MONDAY + days * DAY):
            self._minute(t)

    def _minute(self, t: int) -> None:
        for server in list(self.servers.values()):
            if server.serving is not None and server.until == t:
                done, server.serving = server.serving, None
                self._pass_on(t, server, done)
        for item in self.arrivals.get(t, ()):
            self._log("arrive", t, t, {"item": [item]}, "", "mill")
            self._queue("cut", Task(t, [item], "arrive", "mill"))
        for server in list(self.servers.values()):
            while server.serving is None and (task := server.choose(t)) is not None:
                self._begin(t, server, task)
        self._note(t)

    def _begin(self, t: int, server: Server, task: Task) -> None:
        server.serving = task
        for held, minutes in task.held.items():
            self.held[(task.before, server.activity), held] += minutes
        server.until = t + int(self.rng.integers(*server.pace))
        objects = {"item": task.items} | ({"box": [task.box]} if task.box else {})
        self._log(server.activity, t, server.until, objects, server.name, server.firm)

    def _log(self, activity: str, start: int, end: int, objects: Any, who: str, firm: str) -> None:
        self.rows.append((activity, end * MINUTE, objects, {"who": who or None, "firm": firm}))
        self.starts.append(start * MINUTE)

    def _queue(self, activity: str, task: Task) -> None:
        self.servers[activity].queue.append(task)

    def _pass_on(self, t: int, server: Server, done: Task) -> None:
        following = {"cut": "mark", "mark": "check"}.get(server.activity)
        if following is not None:
            self._queue(following, Task(t, done.items, server.activity, server.firm))
        elif server.activity == "check":
            if self.alone is None:
                self.alone = (t, done.items[0])
                return
            first, partner = self.alone
            self.alone = None
            self.boxes += 1
            task = Task(t, [partner, done.items[0]], "check", "lab", f"b{self.boxes}")
            task.held[frozenset({"synchronisation"})] += t - first
            self._queue("pack", task)
        elif server.activity == "pack":
            firm = str(self.rng.choice(["mill", "carrier"]))
            name = f"ship {done.box}"
            self.servers[name] = Server(f"Van {done.box}", "ship", firm, (6, 20), (30, 90), "road")
            road = int(self.rng.integers(0, 300))
            self._queue(name, Task(t, done.items, "pack", "mill", done.box, road))
            self.hours[f"Van {done.box}"] = self.servers[name].hours
        else:
            del self.servers[f"ship {done.box}"]

    def _note(self, t: int) -> None:
        """What holds in the minute that begins."""
        for server in self.servers.values():
            for task in server.queue:
                held = set()
                if not server.on_duty(t):
                    held.add("unavailable")
                if server.serving is not None:
                    later = server.serving.ready > task.ready
                    held.add("priority" if later else "contention")
                if not held and server.rule == "batch":
                    held.add("batching")
                if not held:
                    held.add("handover" if server.firm != task.firm_before else "remainder")
                task.held[frozenset(held)] += len(task.items)

    def book(self) -> Any:
        return SmallBook(self.rows, {"resource": "who", "party": "firm"}, self.starts)

    def calendars(self) -> Calendars:
        """The hours as they truly are."""
        days = ("mon", "tue", "wed", "thu", "fri")
        worked = {row[3]["who"] for row in self.rows}
        return Calendars(
            resources={
                name: Calendar(hours=dict.fromkeys(days, (f"{h[0]:02d}:00-{h[1]:02d}:00",)))
                for name, h in self.hours.items()
                if h is not None and name in worked
            }
        )
