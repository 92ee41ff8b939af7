"""The simulator once more in plain Python, to be read and to judge the compiled one.

It takes the model as it is written, with names, objects and lists; only chance and the quantiles
of laws are shared. The same model, arrivals and seed give the same pieces of work in the same order,
to the nanosecond.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from thalweg.process.calendar import WorkTable, work_table
from thalweg.process.chunks import SECOND_NS
from thalweg.redesign.model.model import END, Activity, Batch, OpenObject, Pool, Time
from thalweg.redesign.model.routing import Automaton, automaton
from thalweg.redesign.simulate.arrivals import Drawn
from thalweg.redesign.simulate.compile import DAY_NS, Compiled, utc_ns
from thalweg.redesign.simulate.laws import Laws, law_ns, rank_of
from thalweg.redesign.simulate.layout import (
    FOR_CHILD,
    FOR_CLASS,
    FOR_COUNT,
    FOR_DELAY,
    FOR_POOL,
    FOR_QUEUE,
    FOR_ROUTE,
    FOR_SETUP,
    FOR_WORK,
    NEVER,
)
from thalweg.redesign.simulate.luck import chance, hashed
from thalweg.redesign.simulate.plain import (
    Intervals,
    after,
    drawn_from,
    intervals,
    next_on,
    on,
    picked,
    worked,
)
from thalweg.redesign.simulate.things import Buffer, Desk, Gathering, Piece, Place, Row, Thing


class Twin:
    """One replication; ``rows`` are its pieces of work in the order in which they began, ``ended``
    the ends of root objects by their place in the order of arrival."""

    def __init__(self, compiled: Compiled, drawn: Drawn, seed: int, number: int) -> None:
        self.compiled, self.model, self.drawn = compiled, compiled.model, drawn
        self.luck = hashed(hashed(0, seed), number)
        self.horizon = round(compiled.span_s * SECOND_NS)
        self.autos: list[Automaton] = [automaton(flow) for flow in self.model.flows]
        self.spec = {one.name: one for one in self.model.activities}
        self.code = {one.name: i for i, one in enumerate(self.model.activities)}
        self.beside = {(a.name, b) for a in self.model.activities for b in a.beside if a.name != b}
        splits = [(f, one) for f, flow in enumerate(self.model.flows) for one in flow.splits]
        self.splits = sorted(splits, key=lambda pair: self.code[pair[1].activity])
        self.desks = [self._desk(pool) for pool in self.model.pools]
        self.queues: dict[str, list[Piece]] = {name: [] for name in self.spec}
        self.gatherings: dict[tuple[object, ...], Gathering] = {}
        self.buffers = {name: Buffer() for name in self.spec}
        self.laid: dict[int, Intervals] = {}
        self.heap: list[tuple[int, int, Callable[[int], None]]] = []
        self.order = 0
        self.serial = len(drawn.time_ns)
        self.rows: list[Row] = []
        self.ended: dict[int, int] = {}

    def run(self) -> Twin:
        self._open_up()
        arrivals = list(enumerate(self.drawn.time_ns.tolist()))
        while True:
            arrival = arrivals[0][1] if arrivals else NEVER
            planned = self.heap[0][0] if self.heap else NEVER
            if min(arrival, planned) > self.horizon:
                return self
            if planned < arrival:
                now, _, act = heapq.heappop(self.heap)
                act(now)
            else:
                root, now = arrivals.pop(0)
                luck = hashed(self.luck, int(self.drawn.key[root]))
                thing = self._thing(root, luck, 0, self._class(luck))
                thing.root = root
                self._draw_next(thing, len(self.spec), 0)
                self._proceed(thing, None, now)

    def _desk(self, pool: Pool) -> Desk:
        table = None if pool.calendar is None else self.compiled.tables[pool.calendar]
        count = pool.count * pool.places
        has_setup = any(self.spec[name].setup is not None for name in pool.skills)
        places = [Place() for _ in range(count)] if has_setup else []
        return Desk(pool, count, None if table is None else intervals(table), places)

    # Objects

    def _thing(self, name: int, luck: int, flow: int, of_class: str | None) -> Thing:
        return Thing(name, luck, flow, of_class, self.autos[flow].start)

    def _class(self, luck: int) -> str | None:
        if not self.model.classes:
            return None
        return picked(list(self.model.classes.items()), chance(luck, 0, 0, FOR_CLASS))

    def _draw_next(self, thing: Thing, code: int, visit: int) -> None:
        choice = self.autos[thing.flow].choice(thing.state, thing.of_class)
        thing.coming = None
        if choice is None:
            return
        allowed = [
            (name, share)
            for name, share in choice.next.items()
            if name == END
            or (bound := self.spec[name].most_visits) is None
            or thing.visits.get(name, 0) < bound
        ]
        left = chance(thing.luck, code, visit, FOR_ROUTE) * sum(share for _, share in allowed)
        for name, share in allowed:
            if share > 0:
                thing.coming = None if name == END else name
                left -= share
                if left < 0:
                    return

    def _proceed(self, thing: Thing, holder: Piece | None, now: int) -> None:
        while thing.coming is not None:
            name = thing.coming
            if not self._may_begin(thing, name):
                return
            piece = self._piece(thing, name, now)
            self._draw_next(thing, self.code[name], thing.visits[name])
            self._enter(piece, holder, now)
        if not thing.unfinished:
            self._finish(thing, now)

    def _may_begin(self, thing: Thing, name: str) -> bool:
        for piece in thing.unfinished:
            other = piece.spec.name
            if (other, name) not in self.beside and (name, other) not in self.beside:
                return False
        return not any(
            split.joins == name and thing.children.get(s, 0) > 0
            for s, (_, split) in enumerate(self.splits)
        )

    def _piece(self, thing: Thing, name: str, enabled: int) -> Piece:
        thing.visits[name] = thing.visits.get(name, 0) + 1
        thing.state = self.autos[thing.flow].move(thing.state, name)
        piece = Piece(thing, self.spec[name], thing.visits[name], enabled)
        thing.unfinished.append(piece)
        return piece

    def _finish(self, thing: Thing, now: int) -> None:
        if thing.done:
            return
        thing.done = True
        parent = thing.parent
        if parent is not None and not parent.done:
            parent.children[thing.split] -= 1
            if parent.children[thing.split] == 0:
                self._plan(now, lambda t: self._resume(parent, t))
        if thing.root is not None:
            self.ended[thing.root] = now

    def _resume(self, thing: Thing, now: int) -> None:
        if not thing.done:
            self._proceed(thing, None, now)

    # Buffers, delays and batches

    def _enter(self, piece: Piece, holder: Piece | None, now: int) -> None:
        buffer, limit = self.buffers[piece.spec.name], piece.spec.buffer
        if limit is not None and buffer.inside >= limit:
            buffer.before.append(piece)
            piece.holder = holder
            if holder is not None:
                holder.held += 1
            return
        buffer.inside += 1
        self._admit(piece, now)

    def _make_room(self, name: str, now: int) -> None:
        buffer, limit = self.buffers[name], self.spec[name].buffer
        buffer.asked = False
        while buffer.before and limit is not None and buffer.inside < limit:
            piece = buffer.before.pop(0)
            buffer.inside += 1
            holder = piece.holder
            self._admit(piece, now)
            if holder is not None:
                holder.held -= 1
                if holder.held == 0:
                    self._release(holder, now)

    def _admit(self, piece: Piece, now: int) -> None:
        spec = piece.spec
        if spec.delay is not None:
            since = piece.enabled if now == 0 else now
            delay = self._draw(piece, spec.delay, FOR_DELAY)
            if spec.delay_at is None:
                until = since + delay
            else:
                until = after(intervals(self.compiled.tables[spec.delay_at]), since, delay)
            if until > now:
                if until <= self.horizon:
                    self._plan(until, lambda t: self._gather(piece, t))
                return
        self._gather(piece, now)

    def _gather(self, piece: Piece, now: int) -> None:
        piece.gathered, piece.members = now, [piece]
        batch = piece.spec.batch
        if batch is None:
            self._queue_up(piece, now)
            return
        gathering = self._gathering(piece, batch)
        gathering.waiting.append(piece)
        self._check(gathering, now)

    def _gathering(self, piece: Piece, batch: Batch) -> Gathering:
        apart = piece.thing.of_class if batch.by_class else tuple(self._able(piece))
        return self.gatherings.setdefault((piece.spec.name, apart), Gathering(batch))

    def _check(self, one: Gathering, now: int) -> None:
        while one.waiting and one.queued is None:
            first, batch = one.waiting[0], one.batch
            due = NEVER
            if batch.longest_wait_s is not None:
                due = first.gathered + round(batch.longest_wait_s * SECOND_NS)
            if len(one.waiting) < batch.least and now < due:
                if due < NEVER and not one.timer:
                    one.timer = True
                    self._plan(due, lambda t: self._again(one, "timer", t))
                return
            hours = None if batch.at is None else self._hours_of(batch)
            if not on(hours, now):
                opens = next_on(hours or [], now)
                if opens < NEVER and not one.opening:
                    one.opening = True
                    self._plan(opens, lambda t: self._again(one, "opening", t))
                return
            if hours is not None or first.spec.automatic:
                first.members, one.waiting = one.waiting[: batch.most], one.waiting[batch.most :]
            else:
                one.queued = first
            self._queue_up(first, now)

    def _again(self, one: Gathering, flag: str, now: int) -> None:
        setattr(one, flag, False)
        self._check(one, now)

    def _hours_of(self, batch: Batch) -> Intervals:
        if id(batch) not in self.laid and batch.at is not None:
            begins = self.compiled.begins_ns
            table = work_table(batch.at, begins - DAY_NS, begins + self.horizon + DAY_NS)
            shifted = WorkTable(table.start - begins, table.end - begins, table.before)
            self.laid[id(batch)] = intervals(shifted)
        return self.laid[id(batch)]

    # Queues and pools

    def _able(self, piece: Piece) -> list[int]:
        """Desks that may do the piece."""
        return [
            d
            for d, desk in enumerate(self.desks)
            if piece.spec.name in desk.pool.skills
            and (not desk.pool.serves or piece.thing.of_class in desk.pool.serves)
        ]

    def _queue_up(self, piece: Piece, now: int) -> None:
        self.order += 1
        piece.order = self.order
        spec = piece.spec
        if spec.automatic:
            self._begin(piece, None, now)
            return
        able = self._able(piece)
        free = [d for d in able if self._ready(self.desks[d], now)]
        if free:
            weights = [(d, self.desks[d].pool.skills[spec.name]) for d in free]
            u = chance(piece.thing.luck, self.code[spec.name], piece.visit, FOR_POOL)
            total = sum((weight for _, weight in weights), 0.0)
            chosen = free[0] if len(free) == 1 else drawn_from(weights, u * total)
            self._begin(piece, self.desks[chosen], now)
            return
        self.queues[spec.name].append(piece)
        for d in able:
            if self.desks[d].free > 0:
                self._wake(self.desks[d], now)

    def _ready(self, desk: Desk, now: int) -> bool:
        return desk.free > 0 and not desk.waking and on(desk.hours, now)

    def _wake(self, desk: Desk, now: int) -> None:
        if desk.waking or on(desk.hours, now):
            return
        t = next_on(desk.hours or [], now)
        if t < NEVER:
            desk.waking = True
            self._plan(t, lambda at: self._woken(desk, at))

    def _woken(self, desk: Desk, now: int) -> None:
        desk.waking = False
        self._dispatch(desk, now)

    def _dispatch(self, desk: Desk, now: int) -> None:
        while desk.free > 0 and not desk.waking:
            firsts = [first for name in desk.pool.skills if (first := self._first(desk, name))]
            if not firsts:
                return
            if not on(desk.hours, now):
                self._wake(desk, now)
                return
            best = min(firsts, key=lambda one: (-one.spec.priority, one.order))
            self.queues[best.spec.name].remove(best)
            self._begin(best, desk, now)

    def _first(self, desk: Desk, name: str) -> Piece | None:
        """Who is next in an activity, of those that the desk may serve: by urgency, then in the
        order of each queue; a queue is of one urgency and one set of desks."""
        spec = self.spec[name]
        heads: dict[tuple[object, ...], Piece] = {}
        d = self.desks.index(desk)
        for piece in self.queues[name]:
            able = self._able(piece)
            if d not in able:
                continue
            key = (self._rank(piece), *able)
            if key not in heads or self._before(spec, piece, heads[key]):
                heads[key] = piece
        return min(heads.values(), key=lambda one: (self._rank(one), one.order), default=None)

    def _rank(self, piece: Piece) -> int:
        urgent = piece.spec.urgent
        return urgent.index(piece.thing.of_class) if piece.thing.of_class in urgent else len(urgent)

    def _before(self, spec: Activity, piece: Piece, other: Piece) -> bool:
        if spec.queue == "lifo":
            return piece.order > other.order
        if spec.queue == "random":
            return self._lot(piece) < self._lot(other)
        return piece.order < other.order

    def _lot(self, piece: Piece) -> tuple[float, int]:
        code = self.code[piece.spec.name]
        return chance(piece.thing.luck, code, piece.visit, FOR_QUEUE), piece.order

    # Work

    def _begin(self, piece: Piece, desk: Desk | None, now: int) -> None:
        spec, batch = piece.spec, piece.spec.batch
        if batch is not None:
            self._take_batch(piece, batch, now)
        law = spec.work if desk is None else spec.work_by.get(desk.pool.name, spec.work)
        work = self._draw(piece, law, FOR_WORK)
        if batch is not None:
            work += round(batch.each_s * SECOND_NS) * (len(piece.members) - 1)
        setup = self._take_place(piece, desk)
        if desk is None or spec.runs_through or desk.hours is None:
            start, end = now + setup, now + setup + work
        else:
            start = after(desk.hours, now, setup)
            end = after(desk.hours, now, setup + work)
        for one in piece.members:
            self._row(one, desk, one.enabled, start, end)
        if spec.buffer is not None:
            buffer = self.buffers[spec.name]
            buffer.inside -= len(piece.members)
            if buffer.before and not buffer.asked:
                buffer.asked = True
                self._plan(now, lambda t: self._make_room(spec.name, t))
        if end <= self.horizon:
            self._plan(end, lambda t: self._end(piece, t))

    def _row(self, one: Piece, desk: Desk | None, enabled: int, start: int, end: int) -> None:
        pool = None if desk is None else desk.pool.name
        self.rows.append((one.thing.name, one.spec.name, pool, one.visit, enabled, start, end))

    def _take_batch(self, piece: Piece, batch: Batch, now: int) -> None:
        one = self._gathering(piece, batch)
        if one.queued is not piece:
            return
        piece.members, one.waiting = one.waiting[: batch.most], one.waiting[batch.most :]
        one.queued = None
        if one.waiting and not one.check:
            one.check = True
            self._plan(now, lambda t: self._again(one, "check", t))

    def _take_place(self, piece: Piece, desk: Desk | None) -> int:
        piece.pool = None if desk is None else desk.pool
        if desk is None:
            return 0
        desk.free -= 1
        free = [place for place in desk.places if not place.busy]
        if not free:
            return 0
        name = piece.spec.name
        place = next((one for one in free if one.last == name), free[0])
        before, place.last, place.busy, piece.place = place.last, name, True, place
        if before in (None, name) or piece.spec.setup is None:
            return 0
        return self._draw(piece, piece.spec.setup, FOR_SETUP)

    def _end(self, piece: Piece, now: int) -> None:
        holder = piece if piece.pool is not None else None
        for one in piece.members:
            self._leave(one, holder, now)
        if holder is not None and piece.held == 0:
            self._release(piece, now)

    def _leave(self, one: Piece, holder: Piece | None, now: int) -> None:
        thing, name = one.thing, one.spec.name
        thing.unfinished.remove(one)
        for s, (flow, split) in enumerate(self.splits):
            if flow != thing.flow or split.activity != name:
                continue
            u = chance(thing.luck, s, one.visit, FOR_COUNT)
            count = picked(sorted(split.count.items()), u)
            into = [other.type for other in self.model.flows].index(split.into)
            for number in range(count):
                about = (s << 20) + (one.visit << 8) + FOR_CHILD
                luck = hashed(hashed(thing.luck, about), number)
                child = self._thing(self.serial, luck, into, thing.of_class)
                self.serial += 1
                child.parent, child.split = thing, s
                thing.children[s] = thing.children.get(s, 0) + 1
                self._draw_next(child, len(self.spec), 0)
                self._proceed(child, holder, now)
        self._proceed(thing, holder, now)

    def _release(self, piece: Piece, now: int) -> None:
        desk = next(one for one in self.desks if one.pool is piece.pool)
        if piece.place is not None:
            piece.place.busy = False
        desk.free += 1
        self._dispatch(desk, now)

    # Objects under way

    def _open_up(self) -> None:
        by_name = {one.object: one for one in self.model.under_way}
        for i, name in enumerate(self.compiled.opened):
            self._open(by_name[name], -1 - i)

    def _open(self, opened: OpenObject, name: int) -> None:
        luck = hashed(self.luck, name)
        thing = self._thing(name, luck, 0, opened.of_class or self._class(luck))
        thing.state = self.autos[0].after(opened.done)
        for done in opened.done:
            thing.visits[done] = thing.visits.get(done, 0) + 1
        if opened.activity is None:
            last = opened.done[-1] if opened.done else None
            code = len(self.spec) if last is None else self.code[last]
            self._draw_next(thing, code, 0 if last is None else thing.visits[last])
            self._proceed(thing, None, 0)
            return
        begins = self.compiled.begins_ns
        since = min(0, utc_ns(opened.since) - begins) if opened.since is not None else 0
        piece = self._piece(thing, opened.activity, since)
        self._draw_next(thing, self.code[opened.activity], piece.visit)
        begun = opened.pool is not None or (piece.spec.automatic and opened.since is not None)
        if begun:
            self._continue(piece, opened.pool, since)
        else:
            self._enter(piece, None, 0)
        self._proceed(thing, None, 0)

    def _continue(self, piece: Piece, pool: str | None, since: int) -> None:
        desk = next((one for one in self.desks if one.pool.name == pool), None)
        spec = piece.spec
        law = spec.work if desk is None else spec.work_by.get(desk.pool.name, spec.work)
        hours = None if desk is None or spec.runs_through else desk.hours
        elapsed = -since if hours is None else worked(hours, 0) - worked(hours, since)
        laws = Laws()
        row = laws.row(law)
        tables = laws.arrays()
        at = rank_of(tables, row, elapsed)
        u = chance(piece.thing.luck, self.code[spec.name], piece.visit, FOR_WORK)
        left = max(0, law_ns(*tables, row, at + (1.0 - at) * u) - elapsed)
        piece.members = [piece]
        self._take_place(piece, desk)
        end = left if hours is None else after(hours, 0, left)
        self._row(piece, desk, since, since, end)
        if end <= self.horizon:
            self._plan(end, lambda t: self._end(piece, t))

    def _draw(self, piece: Piece, time: Time, purpose: int) -> int:
        laws = Laws()
        row = laws.row(time)
        u = chance(piece.thing.luck, self.code[piece.spec.name], piece.visit, purpose)
        return int(law_ns(*laws.arrays(), row, u))

    def _plan(self, t: int, act: Callable[[int], None]) -> None:
        self.order += 1
        heapq.heappush(self.heap, (t, self.order, act))
