"""What is counted when a piece of work begins, when everything about it is known."""

from __future__ import annotations

from thalweg.redesign.simulate.compiled import compiled, inlined
from thalweg.redesign.simulate.hours import find, worked, worked_by
from thalweg.redesign.simulate.layout import (
    A_AUTO,
    A_RUNS,
    B_BUSY,
    B_QUEUE,
    E_ACT,
    E_CLASS,
    E_ENABLED,
    E_END,
    E_FLOW,
    E_OBJECT,
    E_PARENT,
    E_POOL,
    E_START,
    E_VISIT,
    HORIZON,
    K_BATCH,
    K_BEFORE,
    K_BLOCKED,
    K_CONTENTION,
    K_DELAY,
    K_OFF_DUTY,
    K_SETUP,
    LOGGING,
    N_HEAD,
    NEVER,
    NONE,
    O_CLASS,
    O_FLOW,
    O_PARENT_SERIAL,
    O_SERIAL,
    P_CAL,
    Q_FIRST,
    Q_UNION,
    ROWS,
    T_VISITS,
    T_WAITS,
    T_WORK,
    W_ACT,
    W_ADMITTED,
    W_BEFORE,
    W_DUTY,
    W_ENABLED,
    W_GATHERED,
    W_JOINED,
    W_MEMBER,
    W_NEXT,
    W_OBJ,
    W_POOL,
    W_VISIT,
    WARM,
    Net,
    State,
)

SECOND = 1e-9


@inlined
def tally(
    net: Net, st: State, p: int, now: int, start: int, end: int, setup: int, work: int
) -> None:
    """Count a piece, with its batch, that takes its place now."""
    a, pool = st.piece[p, W_ACT], st.piece[p, W_POOL]
    count_busy(net, st, p, now, end, setup + work)
    counted = now >= st.sc[WARM]
    if counted:
        st.by_act[a, T_WORK] += work * SECOND
    union, on_now = NONE, 0
    if net.act[a, A_AUTO] == 0:
        q = net.queue_of[a, st.obj[st.piece[p, W_OBJ], O_CLASS]]
        union = net.queue[q, Q_UNION]
        if union != NONE:
            on_now = worked_by(net.cal, net.hours, st.cursor, union, now)
    m = p
    while m != NONE:
        late = st.piece[m, W_GATHERED] > st.piece[p, W_JOINED]
        joined = st.piece[m, W_GATHERED] if late else st.piece[p, W_JOINED]
        if pool != NONE:
            add_queue(st, pool, joined, now)
        if counted:
            duty = st.piece[m if late else p, W_DUTY]
            on_duty = now - joined if union == NONE else on_now - duty
            add_waits(st, m, now, start, joined, on_duty)
        if st.sc[LOGGING] == 1:
            add_row(st, m, pool, st.piece[m, W_ENABLED], start, end)
        m = st.piece[m, W_MEMBER]


@inlined
def add_waits(st: State, m: int, now: int, start: int, joined: int, on_duty: int) -> None:
    a = st.piece[m, W_ACT]
    st.by_act[a, T_VISITS] += 1.0
    st.by_act[a, T_WAITS + K_BEFORE] += st.piece[m, W_BEFORE] * SECOND
    blocked = st.piece[m, W_ADMITTED] - st.piece[m, W_ENABLED]
    st.by_act[a, T_WAITS + K_BLOCKED] += blocked * SECOND
    st.by_act[a, T_WAITS + K_DELAY] += (st.piece[m, W_GATHERED] - st.piece[m, W_ADMITTED]) * SECOND
    st.by_act[a, T_WAITS + K_BATCH] += (joined - st.piece[m, W_GATHERED]) * SECOND
    st.by_act[a, T_WAITS + K_CONTENTION] += on_duty * SECOND
    st.by_act[a, T_WAITS + K_OFF_DUTY] += (now - joined - on_duty) * SECOND
    if start < NEVER:
        st.by_act[a, T_WAITS + K_SETUP] += (start - now) * SECOND


@inlined
def count_busy(net: Net, st: State, p: int, now: int, end: int, lasts: int) -> None:
    """Place-seconds of work and setup, together ``lasts``, that lie within the counted span."""
    pool = st.piece[p, W_POOL]
    if pool != NONE and now >= st.sc[WARM] and end <= st.sc[HORIZON]:
        st.by_pool[pool, B_BUSY] += lasts * SECOND
        return
    lo, hi = max(now, st.sc[WARM]), min(end, st.sc[HORIZON])
    if pool == NONE or hi <= lo:
        return
    c = net.pool[pool, P_CAL]
    if c == NONE or net.act[st.piece[p, W_ACT], A_RUNS] == 1:
        st.by_pool[pool, B_BUSY] += (hi - lo) * SECOND
        return
    first = worked(net.cal, net.hours, c, find(net.cal, net.hours, c, lo), lo)
    last = worked(net.cal, net.hours, c, find(net.cal, net.hours, c, hi), hi)
    st.by_pool[pool, B_BUSY] += (last - first) * SECOND


@inlined
def add_queue(st: State, pool: int, joined: int, until: int) -> None:
    lo, hi = max(joined, st.sc[WARM]), min(until, st.sc[HORIZON])
    if hi > lo:
        st.by_pool[pool, B_QUEUE] += (hi - lo) * SECOND


@inlined
def add_row(st: State, m: int, pool: int, enabled: int, start: int, end: int) -> None:
    row, o = st.sc[ROWS], st.piece[m, W_OBJ]
    st.sc[ROWS] += 1
    st.log[row, E_OBJECT] = st.obj[o, O_SERIAL]
    st.log[row, E_CLASS] = st.obj[o, O_CLASS]
    st.log[row, E_FLOW] = st.obj[o, O_FLOW]
    st.log[row, E_PARENT] = st.obj[o, O_PARENT_SERIAL]
    st.log[row, E_ACT] = st.piece[m, W_ACT]
    st.log[row, E_POOL] = pool
    st.log[row, E_VISIT] = st.piece[m, W_VISIT]
    st.log[row, E_ENABLED] = enabled
    st.log[row, E_START] = start
    st.log[row, E_END] = end


@compiled
def tally_waiting(net: Net, st: State) -> None:
    """At the horizon: those who still wait count for the pool that would take them most readily."""
    for q in range(len(net.queue)):
        p = st.line[q, N_HEAD]
        while p != NONE:
            m, left = p, st.sc[HORIZON]
            while m != NONE:
                joined = max(st.piece[p, W_JOINED], st.piece[m, W_GATHERED])
                add_queue(st, net.queue[q, Q_FIRST], joined, left)
                m = st.piece[m, W_MEMBER]
            p = st.piece[p, W_NEXT]
