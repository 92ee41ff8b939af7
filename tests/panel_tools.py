"""Small books for panels, and every outcome once more in plain loops."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from process_helpers import SmallBook
from thalweg.records.profile.model import Layer, Profile

DAY = 86_400
ENDS, FAILED = ("E", "X"), ("X",)
Cells = dict[str, dict[tuple[str, date], float]]


@dataclass
class Plain:
    """An object: its unit, value and events as (activity, second), start of work as seconds."""

    unit: str | None
    events: list[tuple[str, int]]
    starts: list[int] | None = None
    value: float | None = None

    @property
    def begun(self) -> int:
        return min([self.events[0][1], *(self.starts or [])])

    @property
    def last(self) -> tuple[str, int]:
        return self.events[-1]


def book_of(objects: Sequence[Plain], zone: str = "UTC", **beside: Any) -> SmallBook:
    """A book of orders; ``firm`` and ``amount`` are attributes of theirs."""
    events: list[tuple[str, float, dict[str, list[str]], dict[str, Any]]] = []
    starts: list[float] = []
    for number, one in enumerate(objects):
        for at, (activity, second) in enumerate(one.events):
            events.append((activity, second, {"order": [f"o{number}"]}, {}))
            starts.append(one.starts[at] if one.starts else second)
    rows = pl.DataFrame(
        {
            "@object": [f"o{n}" for n in range(len(objects))],
            "firm": pl.Series([one.unit for one in objects], dtype=pl.String),
            "amount": pl.Series([one.value for one in objects], dtype=pl.Float64),
        }
    )
    known = starts if any(one.starts for one in objects) else None
    return SmallBook(
        events, starts=known, object_rows={"order": rows}, timezone=zone, beside=beside
    )


def profile_of(layers: dict[str, tuple[str, ...]], within: dict[str, str | None]) -> Profile:
    """within: of "flow" and of layers, as lengths of time."""
    return Profile(
        name="test",
        within=within.get("flow"),
        layers=tuple(
            Layer(id=key, activities=names, within=within.get(key)) for key, names in layers.items()
        ),
        failed_ends=FAILED,
        value="amount",
        currency="CNY",
    )


@dataclass
class Looped:
    """Every outcome by unit and period, in plain loops over dictionaries."""

    objects: Sequence[Plain]
    layers: dict[str, tuple[str, ...]]
    within_s: dict[str, float]
    periods: tuple[date, ...]
    zone: str
    every: str
    horizon: int
    worked: Callable[[int, int], float] = lambda a, b: b - a
    days: dict[date, float] = field(default_factory=dict)

    def period(self, second: int) -> date | None:
        local = datetime.fromtimestamp(second, ZoneInfo(self.zone)).date()
        first = local - timedelta(days=local.weekday()) if self.every == "week" else None
        first = first or local.replace(day=1)
        return first if first in self.periods else None

    def gaps(self, one: Plain) -> list[tuple[int, int, str | None, str | None]]:
        """Beginning, end, activity before and activity of each gap, the open one included."""
        found: list[tuple[int, int, str | None, str | None]] = [
            (one.begun, one.events[0][1], None, one.events[0][0])
        ]
        for (a, before), (b, now) in pairwise(one.events):
            found.append((before, now, a, b))
        if one.last[0] not in ENDS and self.horizon > one.last[1]:
            found.append((one.last[1], self.horizon, one.last[0], None))
        return found

    def follows(self) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.objects:
            for (a, _), (b, _) in pairwise(one.events):
                found[a][b] += 1
        return found

    def layer_of(self, activity: str) -> str | None:
        return next((key for key, names in self.layers.items() if activity in names), None)

    def likeliest_layer(self, last: str) -> str | None:
        counted: Counter[str | None] = Counter()
        for activity, count in self.follows()[last].items():
            counted[self.layer_of(activity)] += count
        order = [*self.layers, None]
        return max(order, key=lambda key: (counted[key], -order.index(key))) if counted else None

    def likeliest_pair(self, last: str, order: Sequence[str]) -> str | None:
        counted = self.follows()[last]
        return max(counted, key=lambda b: (counted[b], -order.index(b))) if counted else None

    def means(self, items: list[tuple[str, int, float]], within_s: float) -> dict[Any, float]:
        """Items of (unit, second entered, time): means in hours where all can be followed."""
        latest: dict[date, int] = {}
        cells: dict[tuple[str, date], list[float]] = defaultdict(list)
        for unit, entered, time in items:
            period = self.period(entered)
            if period is not None:
                latest[period] = max(latest.get(period, entered), entered)
                cells[unit, period].append(time)
        return {
            (unit, period): sum(times) / len(times) / 3600
            for (unit, period), times in cells.items()
            if all(at + within_s <= self.horizon for p, at in latest.items() if p <= period)
        }

    def outcomes(self, order: Sequence[str]) -> Cells:
        """order: activities by code, which decides ties."""
        mine = [one for one in self.objects if one.unit]
        found: Cells = {
            "flow_h": self.means([self._flow(o) for o in mine], self.within_s["flow_h"])
        }
        for key in self.layers:
            name = f"layer_h:{key}"
            items = [item for o in mine for item in self._layer(o, key, self.within_s[name])]
            found[name] = self.means(items, self.within_s[name])
        for name, within in self.within_s.items():
            if name.startswith("pair_h:"):
                a, b = name.removeprefix("pair_h:").split(" → ")
                items = [item for o in mine for item in self._pair(o, a, b, within, order)]
                found[name] = self.means(items, within)
        return found | self._shares(mine) | self._counts(mine)

    def _flow(self, one: Plain) -> tuple[str, int, float]:
        stop = one.last[1] if one.last[0] in ENDS else max(self.horizon, one.last[1])
        until = min(stop, one.begun + int(self.within_s["flow_h"]))
        return str(one.unit), one.begun, self.worked(one.begun, until)

    def _layer(self, one: Plain, key: str, within: float) -> list[tuple[str, int, float]]:
        entered, spent = None, 0.0
        for begin, end, before, activity in self.gaps(one):
            own = self.likeliest_layer(str(before)) if activity is None else self.layer_of(activity)
            if own != key:
                continue
            entered = begin if entered is None else entered
            until = min(end, entered + int(within))
            spent += self.worked(begin, until) if until > begin else 0.0
        return [] if entered is None else [(str(one.unit), entered, spent)]

    def _pair(
        self, one: Plain, a: str, b: str, within: float, order: Sequence[str]
    ) -> list[tuple[str, int, float]]:
        found = []
        for begin, end, before, activity in self.gaps(one):
            if before is None:
                continue
            next_one = self.likeliest_pair(before, order) if activity is None else activity
            if (before, next_one) == (a, b):
                until = min(end, begin + int(within))
                found.append((str(one.unit), begin, self.worked(begin, until)))
        return found

    def _shares(self, mine: list[Plain]) -> Cells:
        within = self.within_s["flow_h"]
        rework, broken = [], []
        for one in mine:
            inside = [a for a, t in one.events if t - one.begun <= within]
            again = len(inside) > len(set(inside))
            failed = one.last[0] in FAILED and one.last[1] - one.begun <= within
            rework.append((str(one.unit), one.begun, 3600.0 * again))
            broken.append((str(one.unit), one.begun, 3600.0 * failed))
        return {
            "rework_share": self.means(rework, within),
            "broke_off_share": self.means(broken, within),
        }

    def _counts(self, mine: list[Plain]) -> Cells:
        units = sorted({str(one.unit) for one in mine})
        zero = {(unit, period): 0.0 for unit in units for period in self.periods}
        started, finished, value = dict(zero), dict(zero), dict(zero)
        each: dict[Any, list[float]] = defaultdict(list)
        first = min(one.begun for one in mine)
        for one in mine:
            begun, left = self.period(one.begun), self.period(one.last[1])
            if begun is not None:
                started[str(one.unit), begun] += 1
                value[str(one.unit), begun] += one.value or 0.0
                if one.value is not None:
                    each[str(one.unit), begun].append(one.value)
            if left is not None and one.last[0] in ENDS and one.last[0] not in FAILED:
                finished[str(one.unit), left] += 1
        warm = {
            p
            for p in self.periods
            if datetime(p.year, p.month, p.day, tzinfo=ZoneInfo(self.zone)).timestamp()
            >= first + self.within_s["flow_h"]
        }
        per_day = {
            "started_per_day": started,
            "finished_per_day": {k: v for k, v in finished.items() if k[1] in warm},
            "value_per_day": value,
        }
        found = {
            name: {key: count / self.days[key[1]] for key, count in cells.items()}
            for name, cells in per_day.items()
        }
        return found | {"value_per_object": {key: sum(v) / len(v) for key, v in each.items()}}
