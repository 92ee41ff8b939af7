"""Replications of a model: each on its own, in threads, with the same answer for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import SECOND_NS, thread_count
from thalweg.redesign.model.model import Model
from thalweg.redesign.simulate.arrivals import Drawn, draw_arrivals
from thalweg.redesign.simulate.compile import Compiled, compile_model
from thalweg.redesign.simulate.kernel import DONE, GROW, SPARE, open_up, run
from thalweg.redesign.simulate.layout import (
    A_KIDS,
    B_BUSY,
    B_QUEUE,
    E_COLUMNS,
    EVENTS,
    FREE_OBJ,
    FREE_PIECE,
    G_COLUMNS,
    G_HEAD,
    G_QUEUED,
    G_TAIL,
    HEAP,
    HIGH_OBJ,
    HIGH_PIECE,
    HORIZON,
    IN_PROGRESS,
    LIVE_PIECES,
    LOGGING,
    LUCK,
    N_HEAD,
    N_TAIL,
    NONE,
    O_COLUMNS,
    P_CAP,
    P_SETUP,
    R_HEAD,
    R_TAIL,
    ROWS,
    SCALARS,
    SCRAPPED,
    SERIAL,
    T_VISITS,
    T_WAITS,
    T_WORK,
    W_COLUMNS,
    W_SIZE,
    WARM,
    Z_LAST,
    Floats,
    Ints,
    Net,
    State,
)
from thalweg.redesign.simulate.lived import WAITS, Lived
from thalweg.redesign.simulate.luck import hashed
from thalweg.redesign.simulate.rows import log_frame

BUDGET = 200_000
"""Events between two looks at whether to stop: some tenths of a second."""
AWAKE_S = 0.1
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Replication:
    """One replication: its arrivals and its tables at the horizon."""

    drawn: Drawn
    state: State


class Stop:
    wanted = False


def simulate(
    model: Model,
    *,
    span_s: float,
    runs: int,
    seed: int,
    warm_up_s: float = 0.0,
    log: bool = False,
    threads: int | None = None,
    arrivals: Sequence[Drawn] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Lived:
    """Live through ``span_s`` from the model's beginning, ``runs`` times.

    Takes    warm_up_s: time at the beginning that no statistic counts; within ``span_s``.
             arrivals: of each replication, where they were drawn before (``draw_arrivals``), as for
             plans that leave them alone. progress: is told (replications done, of how many).
    Returns  statistics of each replication, and with ``log`` every piece of work that began.
    Raises   RequestError: a span or a number that makes no sense, a model that cannot be simulated.
    """
    _sensible(span_s, runs, seed, warm_up_s, arrivals)
    compiled = compile_model(model, span_s=span_s)
    stop = Stop()

    def live(number: int) -> Replication:
        drawn = arrivals[number] if arrivals else draw_arrivals(compiled, seed=seed, run=number)
        return replicate(compiled, drawn, seed, number, warm_up_s, log=log, stop=stop)

    done = _in_threads(live, runs, min(thread_count(threads), runs), stop, progress)
    return _gathered(compiled, done, warm_up_s, log=log)


def _sensible(
    span_s: float, runs: int, seed: int, warm_up_s: float, arrivals: Sequence[Drawn] | None
) -> None:
    if not 0 < span_s < 1e9:
        raise RequestError(f"A span of {span_s:g} s makes no sense. Give 1 s up to thirty years.")
    if not 0 <= warm_up_s < span_s:
        raise RequestError(f"A warm-up of {warm_up_s:g} s is not within the span. Shorten it.")
    if runs < 1 or seed < 0:
        raise RequestError(f"{runs} runs with seed {seed} make no sense. Give 1 and 0, or more.")
    if arrivals is not None and len(arrivals) != runs:
        raise RequestError(
            f"{len(arrivals)} streams of arrivals do not fit {runs} runs. Draw one for each."
        )


def _in_threads(
    live: Callable[[int], Replication],
    runs: int,
    threads: int,
    stop: Stop,
    progress: Callable[[int, int], None] | None,
) -> list[Replication]:
    """All replications; an interrupt stops them within ``BUDGET`` events."""
    with ThreadPoolExecutor(threads, "thalweg-replication") as pool:
        tasks: list[Future[Replication]] = [pool.submit(live, number) for number in range(runs)]
        try:
            waiting = set(tasks)
            while waiting:
                ready, waiting = wait(waiting, AWAKE_S, FIRST_COMPLETED)
                for task in ready:
                    task.result()
                if progress is not None and ready:
                    progress(runs - len(waiting), runs)
        except BaseException:
            stop.wanted = True
            for task in tasks:
                task.cancel()
            raise
    return [task.result() for task in tasks]


def replicate(
    compiled: Compiled,
    drawn: Drawn,
    seed: int,
    number: int,
    warm_up_s: float = 0.0,
    *,
    log: bool = False,
    stop: Stop | None = None,
) -> Replication:
    """One replication up to the horizon."""
    net = compiled.net._replace(arrival=drawn.time_ns, key=drawn.key)
    state = new_state(net, log=log)
    state.sc[WARM] = round(warm_up_s * SECOND_NS)
    state.sc[HORIZON] = round(compiled.span_s * SECOND_NS)
    state.sc[LUCK] = hashed(hashed(0, seed), number)
    open_up(net, state)
    while (told := run(net, state, BUDGET)) != DONE:
        if told == GROW:
            state = grown(net, state)
        if stop is not None and stop.wanted:
            raise KeyboardInterrupt
    return Replication(drawn, state)


def new_state(net: Net, *, log: bool) -> State:
    """Tables of a replication that has not begun."""
    activities, opened, roots = len(net.act), len(net.opened), len(net.arrival)
    sc = np.zeros(SCALARS, np.int64)
    sc[[FREE_OBJ, FREE_PIECE]] = NONE
    sc[LOGGING], sc[SERIAL] = log, roots
    objects = opened + SPARE
    pieces = (objects + SPARE) * (activities + 1)
    line = np.zeros((len(net.queue), 3), np.int64)
    line[:, [N_HEAD, N_TAIL]] = NONE
    post = np.stack([net.pool[:, P_CAP], np.zeros(len(net.pool), np.int64)], 1)
    places = int(net.pool[net.pool[:, P_SETUP] == 1, P_CAP].sum())
    place = np.zeros((places, 2), np.int64)
    place[:, Z_LAST] = NONE
    group = np.zeros((1 + int(net.group_of.max(initial=-1)), G_COLUMNS), np.int64)
    group[:, [G_HEAD, G_TAIL, G_QUEUED]] = NONE
    room = np.zeros((activities, 4), np.int64)
    room[:, [R_HEAD, R_TAIL]] = NONE
    return State(
        sc=sc,
        real=np.zeros(2),
        obj=np.full((objects, O_COLUMNS), NONE, np.int64),
        visits=np.zeros((objects, activities), np.int32),
        kids=np.zeros((objects, len(net.split)), np.int32),
        worth=np.ones(objects),
        piece=np.full((pieces, W_COLUMNS), NONE, np.int64),
        heap=np.zeros((2 * pieces + 3 * len(group) + len(post) + activities, 2), np.int64),
        line=line,
        post=post,
        place=place,
        group=group,
        room=room,
        cursor=net.cal[:-1] - 1,
        by_act=np.zeros((activities, T_WAITS + len(WAITS))),
        by_pool=np.zeros((len(net.pool), 2)),
        finish=np.full(roots, NONE, np.int64),
        of_class=np.full(roots, NONE, np.int32),
        log=np.zeros((2 * pieces if log else 0, E_COLUMNS), np.int64),
    )


def grown(net: Net, state: State) -> State:
    """The same replication with larger tables, by half and by what one event can need."""
    largest = int(state.piece[: state.sc[HIGH_PIECE], W_SIZE].max(initial=1))
    kids = 1 + int(net.act[:, A_KIDS].max(initial=0))
    objects = _larger(len(state.obj), int(state.sc[HIGH_OBJ]), largest * kids + 1)
    need = (largest * (kids + 1) + 1) * (len(net.act) + 1)
    pieces = _larger(len(state.piece), int(state.sc[HIGH_PIECE]), need)
    fixed = 3 * len(state.group) + len(state.post) + len(net.act)
    live = int(state.sc[LIVE_PIECES])
    heap = _larger(len(state.heap), int(state.sc[HEAP]), 2 * need + live + fixed)
    logged = len(state.log)
    if state.sc[LOGGING]:
        logged = _larger(logged, int(state.sc[ROWS]), need + live)
    return state._replace(
        obj=_longer(state.obj, objects),
        visits=_longer(state.visits, objects),
        kids=_longer(state.kids, objects),
        worth=_longer(state.worth, objects),
        piece=_longer(state.piece, pieces),
        heap=_longer(state.heap, heap),
        log=_longer(state.log, logged),
    )


def _larger(size: int, used: int, need: int) -> int:
    return size if used + need <= size else max(size + size // 2, used + need)


def _longer(table: NDArray[Any], rows: int) -> NDArray[Any]:
    if rows == len(table):
        return table
    longer = np.zeros((rows, *table.shape[1:]), table.dtype)
    longer[: len(table)] = table
    return longer


def _gathered(compiled: Compiled, done: list[Replication], warm_up_s: float, *, log: bool) -> Lived:
    model, counted_s = compiled.model, compiled.span_s - warm_up_s
    warm = round(warm_up_s * SECOND_NS)
    roots = [_roots(compiled, one, warm) for one in done]
    by_act = np.stack([one.state.by_act for one in done])
    by_pool = np.stack([one.state.by_pool for one in done])
    real = np.stack([one.state.real for one in done])
    on_duty_s = _on_duty_s(compiled, warm)
    people = np.array([pool.count for pool in model.pools], float)
    hourly = np.array([pool.cost_per_hour for pool in model.pools])
    each = np.array([one.cost for one in model.activities])
    duty_s = on_duty_s * np.array([pool.count * pool.places for pool in model.pools])
    staffing = float((on_duty_s * people * hourly).sum() / HOUR_S)
    return Lived(
        activities=tuple(one.name for one in model.activities),
        pools=tuple(pool.name for pool in model.pools),
        span_s=counted_s,
        objects=np.array([one.objects for one in roots], np.int64),
        finished=np.array([len(one.cycle_s) for one in roots], np.int64),
        cycle_s=tuple(one.cycle_s for one in roots),
        arrived_ns=tuple(one.arrived_ns for one in roots),
        of_class=tuple(one.of_class for one in roots),
        key=tuple(one.key for one in roots),
        work_s=by_act[:, :, T_WORK],
        visits=np.rint(by_act[:, :, T_VISITS]).astype(np.int64),
        wait_s=by_act[:, :, T_WAITS:],
        busy_s=by_pool[:, :, B_BUSY],
        duty_s=np.tile(duty_s, (len(done), 1)),
        queue=by_pool[:, :, B_QUEUE] / counted_s,
        in_progress=real[:, IN_PROGRESS] / counted_s,
        cost=by_act[:, :, T_VISITS] @ each + staffing,
        scrapped=real[:, SCRAPPED],
        log=log_frame(compiled, [one.state for one in done]) if log else None,
        facts={"events": sum(int(one.state.sc[EVENTS]) for one in done)},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Roots:
    objects: int
    cycle_s: Floats
    arrived_ns: Ints
    of_class: NDArray[np.int32]
    key: Ints


def _roots(compiled: Compiled, one: Replication, warm: int) -> _Roots:
    """Of the root objects that arrived after the warm-up, those that finished."""
    arrived, finish = one.drawn.time_ns, one.state.finish
    counted = arrived >= warm
    ended = counted & (finish >= 0)
    classes = one.state.of_class[ended]
    return _Roots(
        int(counted.sum()),
        (finish[ended] - arrived[ended]) / SECOND_NS,
        arrived[ended] + compiled.begins_ns,
        classes if compiled.model.classes else np.full_like(classes, NONE),
        one.drawn.key[ended],
    )


def _on_duty_s(compiled: Compiled, warm: int) -> Floats:
    """Time on duty of each pool's calendar after the warm-up."""
    edges = np.array([warm, round(compiled.span_s * SECOND_NS)], np.int64)
    found = []
    for pool in compiled.model.pools:
        at = edges if pool.calendar is None else compiled.tables[pool.calendar].work_ns(edges)
        found.append((at[1] - at[0]) / SECOND_NS)
    return np.array(found)
