"""From a model to the tables that the kernel runs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from thalweg.process.calendar import Calendar, WorkTable, work_table
from thalweg.process.chunks import SECOND_NS
from thalweg.redesign.model.check import check_model
from thalweg.redesign.model.model import END, Activity, Model, OpenObject
from thalweg.redesign.model.routing import Automaton, automaton
from thalweg.redesign.simulate.laws import Laws, rank_of
from thalweg.redesign.simulate.layout import (
    A_COLUMNS,
    FIFO,
    LIFO,
    NONE,
    RANDOM,
    Floats,
    Ints,
    Net,
)

DAY_NS = 24 * 3600 * SECOND_NS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {"fifo": FIFO, "lifo": LIFO, "random": RANDOM}


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A model laid over a span. Arrivals are not in it: they differ by replication.

    net        the tables, with no arrivals. begins_ns: UTC. span_s: how long it runs.
    tables     calendars by name over the span, in ns after the beginning.
    opened     names of the objects under way, in the order of the tables.
    """

    model: Model
    net: Net
    begins_ns: int
    span_s: float
    tables: dict[str, WorkTable]
    opened: tuple[str, ...]


def utc_ns(instant: datetime) -> int:
    """UTC ns of an instant; one without a zone is UTC."""
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    passed = aware - _EPOCH
    whole = passed.days * 86_400 + passed.seconds
    return whole * SECOND_NS + passed.microseconds * 1000


def compile_model(model: Model, *, span_s: float) -> Compiled:
    """The tables of a model that begins at ``model.begins_at`` and runs for ``span_s``.

    Raises   RequestError: the model cannot be simulated (see ``check_model``).
    """
    check_model(model)
    return _Compiler(model, span_s).compiled()


class _Compiler:
    def __init__(self, model: Model, span_s: float) -> None:
        self.model, self.span_s = model, span_s
        self.laws = Laws()
        self.names = {one.name: i for i, one in enumerate(model.activities)}
        self.pools = {one.name: i for i, one in enumerate(model.pools)}
        self.classes = {name: i for i, name in enumerate(model.classes)}
        self.kinds: list[str | None] = list(self.classes) or [None]
        self.begins = utc_ns(model.begins_at)
        since = [utc_ns(one.since) for one in model.under_way if one.since is not None]
        self.first = min([self.begins, *since])
        self.cal_number: dict[object, int] = {}
        self.cal_tables: list[WorkTable] = []
        self.autos = [automaton(flow) for flow in model.flows]
        self.base = np.cumsum([0, *(len(auto.states) for auto in self.autos)]).tolist()

    def compiled(self) -> Compiled:
        splits = self._splits()
        queues = self._queues()
        act = self._activities(splits["split_of"])
        routing = self._routing()
        named = {name: self.cal_tables[self._calendar(name)] for name in self.model.calendars}
        law, param, table = self.laws.arrays()
        names = tuple(one.object for one in self._in_order())
        opened = self._opened((law, param, table))
        n = len(self.model.activities)
        beside = np.zeros((n, n), np.int64)
        for i, one in enumerate(self.model.activities):
            for other in one.beside:
                beside[i, self.names[other]] = beside[self.names[other], i] = int(
                    self.names[other] != i
                )
        shares = np.cumsum(list(self.model.classes.values()) or [1.0])
        cal = np.cumsum([0, *(len(one.start) for one in self.cal_tables)]).astype(np.int64)
        hours = [np.stack([one.start, one.end, one.before], 1) for one in self.cal_tables]
        net = Net(
            act=act, **queues, law=law, param=param, table=table, **routing,
            split=splits["split"], split_count=splits["split_count"],
            split_share=splits["split_share"].astype(np.float64),
            beside=beside, class_share=shares.astype(np.float64),
            scrap=np.array([one.scrap_share for one in self.model.activities]),
            cal=cal, hours=np.concatenate([*hours, np.zeros((0, 3), np.int64)]), **opened,
            arrival=np.empty(0, np.int64), key=np.empty(0, np.int64),
        )  # fmt: skip
        return Compiled(self.model, net, self.begins, self.span_s, named, names)

    # Calendars

    def _calendar(self, name: str | None) -> int:
        return NONE if name is None else self._laid(name, self.model.calendars[name])

    def _laid(self, key: object, calendar: Calendar) -> int:
        """The number of a calendar, laid over the span and a day more."""
        if key not in self.cal_number:
            last = self.begins + round(self.span_s * SECOND_NS) + DAY_NS
            found = work_table(calendar, self.first - DAY_NS, last)
            self._keep(key, found.start - self.begins, found.end - self.begins)
        return self.cal_number[key]

    def _keep(self, key: object, start: Ints, end: Ints) -> None:
        """Intervals that touch become one."""
        if len(start):
            apart = start[1:] > end[:-1]
            start = start[np.concatenate(([True], apart))]
            end = end[np.concatenate((apart, [True]))]
        before = np.concatenate(([0], np.cumsum(end - start)))[: len(start)]
        self.cal_number[key] = len(self.cal_tables)
        self.cal_tables.append(WorkTable(start, end, before.astype(np.int64)))

    def _union(self, pools: Sequence[int]) -> int:
        """The calendar of when at least one of the pools is on duty."""
        names = {self.model.pools[p].calendar for p in pools}
        if None in names or not names:
            return NONE
        numbers = sorted({self._calendar(name) for name in names})
        if len(numbers) == 1:
            return numbers[0]
        key = ("union", *numbers)
        if key not in self.cal_number:
            start = np.concatenate([self.cal_tables[c].start for c in numbers])
            end = np.concatenate([self.cal_tables[c].end for c in numbers])
            order = np.argsort(start, kind="stable")
            self._keep(key, start[order], np.maximum.accumulate(end[order]))
        return self.cal_number[key]

    # Activities

    def _activities(self, split_of: dict[str, tuple[int, int]]) -> Ints:
        joined = {split.joins for flow in self.model.flows for split in flow.splits}
        kids = {
            split.activity: max(split.count) for flow in self.model.flows for split in flow.splits
        }
        table = np.full((len(self.model.activities), A_COLUMNS), NONE, np.int64)
        for i, one in enumerate(self.model.activities):
            lo, hi = split_of.get(one.name, (0, 0))
            table[i] = [
                one.automatic, one.runs_through, self._time(one.delay),
                self._calendar(one.delay_at), self._time(one.work), self._time(one.setup),
                *self._batch(one), one.buffer or NONE, _KINDS[one.queue], one.most_visits or NONE,
                one.name in joined, lo, hi, kids.get(one.name, 0),
            ]  # fmt: skip
        return table

    def _time(self, time: object) -> int:
        return NONE if time is None else self.laws.row(time)  # type: ignore[arg-type]

    def _batch(self, one: Activity) -> list[int]:
        """is one, least, most, longest wait, hours of release, each."""
        batch = one.batch
        if batch is None:
            return [0, 1, 1, NONE, NONE, 0]
        longest = NONE if batch.longest_wait_s is None else round(batch.longest_wait_s * SECOND_NS)
        at = NONE if batch.at is None else self._laid(("at", one.name), batch.at)
        return [1, batch.least, batch.most, longest, at, round(batch.each_s * SECOND_NS)]

    # Queues, skills and pools

    def _queues(self) -> dict[str, Any]:
        model, classes = self.model, self.kinds
        queue_of = np.full((len(model.activities), len(classes)), NONE, np.int64)
        group_of = queue_of.copy()
        queues: dict[tuple[int, int, tuple[int, ...]], int] = {}
        groups: dict[tuple[int, object], int] = {}
        rows: list[list[int]] = []
        skill: list[tuple[int, int]] = []
        weight: list[float] = []
        for a, one in enumerate(model.activities):
            able = [p for p, pool in enumerate(model.pools) if one.name in pool.skills]
            for c, name in enumerate(classes):
                mine = tuple(
                    p for p in able if not model.pools[p].serves or name in model.pools[p].serves
                )
                rank = one.urgent.index(name) if name in one.urgent else len(one.urgent)
                key = (a, rank, mine)
                if key not in queues:
                    queues[key] = len(rows)
                    skill += [(p, self._work_of(one, p)) for p in mine]
                    weights = [model.pools[p].skills[one.name] for p in mine]
                    weight += weights
                    best = mine[int(np.argmax(weights))] if mine else NONE
                    lo, hi = len(skill) - len(mine), len(skill)
                    rows.append([a, rank, lo, hi, self._union(mine), best])
                queue_of[a, c] = queues[key]
                if one.batch is not None:
                    apart: object = c if one.batch.by_class else mine
                    group_of[a, c] = groups.setdefault((a, apart), len(groups))
        return {
            "queue": np.array(rows, np.int64), "queue_of": queue_of, "group_of": group_of,
            "skill": np.array(skill, np.int64).reshape(-1, 2), "weight": np.array(weight, float),
            **self._pools(rows, skill),
        }  # fmt: skip

    def _work_of(self, one: Activity, pool: int) -> int:
        return self.laws.row(one.work_by.get(self.model.pools[pool].name, one.work))

    def _pools(self, rows: list[list[int]], skill: list[tuple[int, int]]) -> dict[str, Ints]:
        """Pools, and the queues that each serves: highest priority first, then by activity and rank."""
        setups = {one.name for one in self.model.activities if one.setup is not None}
        levels = sorted({-one.priority for one in self.model.activities})
        table: list[list[int]] = []
        serve: list[tuple[int, int, int]] = []
        places = 0
        served: list[list[tuple[int, int, int, int, int]]] = [[] for _ in self.model.pools]
        for q, (a, rank, first, last, *_) in enumerate(rows):
            level = levels.index(-self.model.activities[a].priority)
            for k in range(first, last):
                served[skill[k][0]].append((level, a, rank, q, k))
        for p, pool in enumerate(self.model.pools):
            capacity, lo = pool.count * pool.places, len(serve)
            serve += [(q, level, k) for level, _, _, q, k in sorted(served[p])]
            has_setup = int(bool(setups & set(pool.skills)))
            table.append(
                [capacity, self._calendar(pool.calendar), has_setup, places, lo, len(serve)]
            )
            places += capacity if has_setup else 0
        return {
            "pool": np.array(table, np.int64).reshape(-1, 6),
            "serve": np.array(serve, np.int64).reshape(-1, 3),
        }

    # Routing

    def _routing(self) -> dict[str, Any]:
        n, classes = len(self.names), self.kinds
        states = self.base[-1]
        move = np.zeros((states, n), np.int64)
        choice_of = np.full((states, len(classes)), NONE, np.int64)
        rows: list[tuple[int, int]] = []
        option: list[int] = []
        share: list[float] = []
        placed: dict[int, int] = {}
        for base, auto in zip(self.base[:-1], self.autos, strict=True):
            for state in range(len(auto.states)):
                move[base + state] = [base + auto.move(state, name) for name in self.names]
                for c, of_class in enumerate(classes):
                    choice = auto.choice(state, of_class)
                    if choice is None:
                        continue
                    if id(choice) not in placed:
                        placed[id(choice)] = len(rows)
                        option += [NONE if a == END else self.names[a] for a in choice.next]
                        share += list(choice.next.values())
                        rows.append((len(option) - len(choice.next), len(option)))
                    choice_of[base + state, c] = placed[id(choice)]
        return {
            "move": move, "choice_of": choice_of, "choice": np.array(rows, np.int64),
            "option": np.array(option, np.int64), "share": np.array(share, np.float64),
            "start": np.array([base + auto.start for base, auto in self._based()], np.int64),
        }  # fmt: skip

    def _based(self) -> list[tuple[int, Automaton]]:
        return list(zip(self.base[:-1], self.autos, strict=True))

    def _splits(self) -> dict[str, Any]:
        types = [flow.type for flow in self.model.flows]
        all_of = [(f, s) for f, flow in enumerate(self.model.flows) for s in flow.splits]
        all_of.sort(key=lambda pair: self.names[pair[1].activity])
        rows: list[tuple[int, ...]] = []
        count: list[int] = []
        share: list[float] = []
        split_of: dict[str, tuple[int, int]] = {}
        for i, (f, split) in enumerate(all_of):
            lo = len(count)
            ordered = sorted(split.count.items())
            count += [number for number, _ in ordered]
            share += np.cumsum([part for _, part in ordered]).tolist()
            joins = NONE if split.joins is None else self.names[split.joins]
            rows.append((types.index(split.into), joins, lo, len(count), f))
            split_of[split.activity] = (split_of.get(split.activity, (i, i))[0], i + 1)
        return {
            "split": np.array(rows, np.int64).reshape(-1, 5), "split_of": split_of,
            "split_count": np.array(count, np.int64), "split_share": np.array(share, np.float64),
        }  # fmt: skip

    # Objects under way

    def _opened(self, laws: tuple[Ints, Floats, Floats]) -> dict[str, Any]:
        """Work that has begun first, then what waits, the longest first, then what is undecided."""
        order = self._in_order()
        rows = [self._open_row(one) for one in order]
        visits = np.zeros((len(order), len(self.names)), np.int64)
        for i, one in enumerate(order):
            for name in one.done:
                visits[i, self.names[name]] += 1
        at = np.zeros(len(order))
        for i, (_, _, a, p, _, elapsed, _) in enumerate(rows):
            if elapsed >= 0:
                spec = self.model.activities[a]
                row = self._work_of(spec, p) if p >= 0 else self.laws.row(spec.work)
                at[i] = rank_of(laws, row, elapsed)
        return {
            "opened": np.array(rows, np.int64).reshape(-1, 7), "opened_at": at,
            "opened_visits": visits,
        }  # fmt: skip

    def _in_order(self) -> list[OpenObject]:
        return sorted(self.model.under_way, key=self._place)

    def _place(self, one: OpenObject) -> tuple[int, int, str]:
        begun = one.pool is not None or (
            one.activity is not None
            and one.since is not None
            and self.model.activity(one.activity).automatic
        )
        kind = 0 if begun else 1 if one.activity is not None else 2
        return kind, utc_ns(one.since or self.model.begins_at), one.object

    def _open_row(self, one: OpenObject) -> list[int]:
        auto = self.autos[0]
        state = self.base[0] + auto.after(one.done)
        activity = NONE if one.activity is None else self.names[one.activity]
        since = min(utc_ns(one.since or self.model.begins_at) - self.begins, 0)
        of_class = NONE if one.of_class is None else self.classes[one.of_class]
        pool = NONE if one.pool is None else self.pools[one.pool]
        elapsed = NONE
        if self._place(one)[0] == 0 and one.activity is not None:
            spec = self.model.activity(one.activity)
            calendar = None if one.pool is None else self.model.pool(one.pool).calendar
            if calendar is None or spec.runs_through:
                elapsed = -since
            else:
                table = self.cal_tables[self._calendar(calendar)]
                then, now = table.work_ns(np.array([since, 0])).tolist()
                elapsed = now - then
        last = self.names[one.done[-1]] if one.done else NONE
        return [of_class, state, activity, pool, since, elapsed, last]
