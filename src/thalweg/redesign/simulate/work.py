"""Pieces of work inside the kernel: from the moment they are possible to the moment they begin."""

from __future__ import annotations

from thalweg.redesign.simulate.compiled import compiled, inlined
from thalweg.redesign.simulate.heap import push
from thalweg.redesign.simulate.hours import after, find, is_on, next_on, seek, worked_by
from thalweg.redesign.simulate.laws import law_ns
from thalweg.redesign.simulate.layout import (
    A_AT,
    A_AUTO,
    A_BATCH,
    A_BUFFER,
    A_DELAY,
    A_DELAY_AT,
    A_EACH,
    A_KIND,
    A_LEAST,
    A_LONGEST,
    A_MOST,
    A_RUNS,
    A_SETUP,
    A_WORK,
    CHECK,
    D_FREE,
    D_WAKE,
    END_OF_DELAY,
    END_OF_WORK,
    FIFO,
    FOR_DELAY,
    FOR_POOL,
    FOR_QUEUE,
    FOR_SETUP,
    FOR_WORK,
    G_CHECK,
    G_COUNT,
    G_HEAD,
    G_OPEN,
    G_QUEUED,
    G_TAIL,
    G_TIMER,
    HORIZON,
    N_HEAD,
    NEVER,
    NONE,
    O_CLASS,
    O_HASH,
    OPENING,
    P_CAL,
    P_CAP,
    P_PLACE_LO,
    P_SERVE_HI,
    P_SERVE_LO,
    P_SETUP,
    Q_ACT,
    Q_RANK,
    Q_SKILL_HI,
    Q_SKILL_LO,
    Q_UNION,
    R_ASKED,
    R_COUNT,
    R_HEAD,
    ROOM,
    S_LAW,
    S_POOL,
    SEQ,
    TIMER,
    V_LEVEL,
    V_QUEUE,
    V_SKILL,
    W_ACT,
    W_ADMITTED,
    W_DUTY,
    W_ENABLED,
    W_GATHERED,
    W_JOINED,
    W_KEY,
    W_MEMBER,
    W_OBJ,
    W_PLACE,
    W_POOL,
    W_SEQ,
    W_SIZE,
    W_VISIT,
    WAKE,
    Z_BUSY,
    Z_LAST,
    Net,
    State,
)
from thalweg.redesign.simulate.luck import chance
from thalweg.redesign.simulate.slots import line_up, next_in_line
from thalweg.redesign.simulate.tally import tally

KEYS = 2.0**53


@inlined
def draw_ns(net: Net, st: State, p: int, row: int, purpose: int) -> int:
    luck = st.obj[st.piece[p, W_OBJ], O_HASH]
    u = chance(luck, st.piece[p, W_ACT], st.piece[p, W_VISIT], purpose)
    return law_ns(net.law, net.param, net.table, row, u)


@inlined
def queue_of(net: Net, st: State, p: int) -> int:
    return int(net.queue_of[st.piece[p, W_ACT], st.obj[st.piece[p, W_OBJ], O_CLASS]])


@inlined
def admit(net: Net, st: State, p: int, now: int) -> None:
    """There is room for the piece: its delay begins."""
    a = st.piece[p, W_ACT]
    st.piece[p, W_ADMITTED] = now
    if net.act[a, A_DELAY] != NONE:
        # Objects under way at the beginning have been waiting since before the clock began.
        since = min(now, st.piece[p, W_ENABLED]) if now == 0 else now
        delay = draw_ns(net, st, p, net.act[a, A_DELAY], FOR_DELAY)
        c = net.act[a, A_DELAY_AT]
        if c == NONE:
            until = since + delay
        else:
            until = after(net.cal, net.hours, c, find(net.cal, net.hours, c, since), since, delay)
        if until > now:
            if until <= st.sc[HORIZON]:
                push(st.heap, st.sc, until, END_OF_DELAY, p)
            return
    gather(net, st, p, now)


@inlined
def gather(net: Net, st: State, p: int, now: int) -> None:
    """The delay is over: the piece joins its batch, or its queue."""
    a = st.piece[p, W_ACT]
    st.piece[p, W_GATHERED] = now
    st.piece[p, W_MEMBER] = NONE
    st.piece[p, W_SIZE] = 1
    if net.act[a, A_BATCH] == 0:
        queue_up(net, st, p, now)
        return
    union = net.queue[queue_of(net, st, p), Q_UNION]
    if union != NONE:
        st.piece[p, W_DUTY] = worked_by(net.cal, net.hours, st.cursor, union, now)
    g = net.group_of[a, st.obj[st.piece[p, W_OBJ], O_CLASS]]
    if st.group[g, G_COUNT] == 0:
        st.group[g, G_HEAD] = p
    else:
        st.piece[st.group[g, G_TAIL], W_MEMBER] = p
    st.group[g, G_TAIL] = p
    st.group[g, G_COUNT] += 1
    check_batch(net, st, g, now)


@compiled
def check_batch(net: Net, st: State, g: int, now: int) -> None:
    """Release what is due of a batch, or plan to look again.

    Without hours of release the first piece queues for all who gather while it waits.
    """
    while st.group[g, G_COUNT] > 0 and st.group[g, G_QUEUED] == NONE:
        first = st.group[g, G_HEAD]
        a = st.piece[first, W_ACT]
        longest = net.act[a, A_LONGEST]
        due = NEVER if longest == NONE else st.piece[first, W_GATHERED] + longest
        if st.group[g, G_COUNT] < net.act[a, A_LEAST] and now < due:
            if due < NEVER and st.group[g, G_TIMER] == 0:
                st.group[g, G_TIMER] = 1
                push(st.heap, st.sc, due, TIMER, g)
            return
        at = net.act[a, A_AT]
        if not is_on(net.cal, net.hours, st.cursor, at, now):
            opens = next_on(net.cal, net.hours, st.cursor, at, now)
            if opens < NEVER and st.group[g, G_OPEN] == 0:
                st.group[g, G_OPEN] = 1
                push(st.heap, st.sc, opens, OPENING, g)
            return
        if at != NONE or net.act[a, A_AUTO] == 1:
            cut(st, g, net.act[a, A_MOST])
        else:
            st.group[g, G_QUEUED] = first
        queue_up(net, st, first, now)


@inlined
def cut(st: State, g: int, most: int) -> None:
    """The first pieces of a batch leave it together, as a chain behind the first."""
    first = st.group[g, G_HEAD]
    n = min(st.group[g, G_COUNT], most)
    last = first
    for _ in range(n - 1):
        last = st.piece[last, W_MEMBER]
    st.group[g, G_HEAD] = st.piece[last, W_MEMBER]
    st.group[g, G_COUNT] -= n
    st.piece[last, W_MEMBER] = NONE
    st.piece[first, W_SIZE] = n


@compiled
def queue_up(net: Net, st: State, p: int, now: int) -> None:
    """Begin at once where a pool is free, else wait in line."""
    a = st.piece[p, W_ACT]
    st.sc[SEQ] += 1
    st.piece[p, W_SEQ] = st.sc[SEQ]
    st.piece[p, W_JOINED] = now
    if net.act[a, A_AUTO] == 1:
        begin(net, st, p, NONE, NONE, now)
        return
    q = queue_of(net, st, p)
    union = net.queue[q, Q_UNION]
    if union != NONE:
        st.piece[p, W_DUTY] = worked_by(net.cal, net.hours, st.cursor, union, now)
    k = choose(net, st, q, p, now)
    if k != NONE:
        begin(net, st, p, net.skill[k, S_POOL], k, now)
        return
    order = net.act[a, A_KIND]
    if order > FIFO:
        luck = st.obj[st.piece[p, W_OBJ], O_HASH]
        st.piece[p, W_KEY] = int(chance(luck, a, st.piece[p, W_VISIT], FOR_QUEUE) * KEYS)
    line_up(st.line, st.piece, q, p, order)
    for k in range(net.queue[q, Q_SKILL_LO], net.queue[q, Q_SKILL_HI]):
        pool = net.skill[k, S_POOL]
        if st.post[pool, D_FREE] > 0:
            wake(net, st, pool, now)


@inlined
def choose(net: Net, st: State, q: int, p: int, now: int) -> int:
    """A skill of a pool that is free, by chance in proportion to their weights; or none."""
    total, last, n = 0.0, NONE, 0
    for k in range(net.queue[q, Q_SKILL_LO], net.queue[q, Q_SKILL_HI]):
        if ready(net, st, net.skill[k, S_POOL], now):
            total += net.weight[k]
            last = k
            n += 1
    if n < 2:
        return last
    luck = st.obj[st.piece[p, W_OBJ], O_HASH]
    left = total * chance(luck, st.piece[p, W_ACT], st.piece[p, W_VISIT], FOR_POOL)
    for k in range(net.queue[q, Q_SKILL_LO], last):
        if ready(net, st, net.skill[k, S_POOL], now):
            left -= net.weight[k]
            if left < 0.0:
                return k
    return last


@inlined
def ready(net: Net, st: State, pool: int, now: int) -> bool:
    """A place is free, on duty, and not about to be given to somebody who waits."""
    if st.post[pool, D_FREE] <= 0 or st.post[pool, D_WAKE] == 1:
        return False
    return is_on(net.cal, net.hours, st.cursor, net.pool[pool, P_CAL], now)


@inlined
def wake(net: Net, st: State, pool: int, now: int) -> None:
    """Plan to give out the pool's places when it comes on duty."""
    c = net.pool[pool, P_CAL]
    if st.post[pool, D_WAKE] == 1 or is_on(net.cal, net.hours, st.cursor, c, now):
        return
    t = next_on(net.cal, net.hours, st.cursor, c, now)
    if t < NEVER:
        st.post[pool, D_WAKE] = 1
        push(st.heap, st.sc, t, WAKE, pool)


@compiled
def dispatch(net: Net, st: State, pool: int, now: int) -> None:
    """Give the pool's free places to those who wait."""
    if st.post[pool, D_WAKE] == 1:
        return
    while st.post[pool, D_FREE] > 0:
        best = best_in_line(net, st, pool)
        if best == NONE:
            return
        if not is_on(net.cal, net.hours, st.cursor, net.pool[pool, P_CAL], now):
            wake(net, st, pool, now)
            return
        p = next_in_line(st.line, st.piece, net.serve[best, V_QUEUE])
        begin(net, st, p, pool, net.serve[best, V_SKILL], now)


@inlined
def best_in_line(net: Net, st: State, pool: int) -> int:
    """The queue to serve next, as a row of ``serve``: of the highest priority the one whose first came
    first; within one activity urgent classes before others."""
    best, level, seq, act, rank = NONE, 0, 0, NONE, 0
    for i in range(net.pool[pool, P_SERVE_LO], net.pool[pool, P_SERVE_HI]):
        q = net.serve[i, V_QUEUE]
        head = st.line[q, N_HEAD]
        if head == NONE:
            continue
        if best != NONE and net.serve[i, V_LEVEL] > level:
            break
        if net.queue[q, Q_ACT] == act and net.queue[q, Q_RANK] > rank:
            continue
        act, rank = net.queue[q, Q_ACT], net.queue[q, Q_RANK]
        if best == NONE or st.piece[head, W_SEQ] < seq:
            best, level, seq = i, net.serve[i, V_LEVEL], st.piece[head, W_SEQ]
    return best


@compiled
def begin(net: Net, st: State, p: int, pool: int, k: int, now: int) -> None:
    """A piece, with its batch, takes a place and is planned to its end."""
    a = st.piece[p, W_ACT]
    if net.act[a, A_BATCH] == 1:
        take_batch(net, st, p, now)
    work = draw_ns(net, st, p, net.act[a, A_WORK] if k == NONE else net.skill[k, S_LAW], FOR_WORK)
    work += net.act[a, A_EACH] * (st.piece[p, W_SIZE] - 1)
    setup = take_place(net, st, p, pool)
    if pool == NONE or net.act[a, A_RUNS] == 1 or net.pool[pool, P_CAL] == NONE:
        start, end = now + setup, now + setup + work
    else:
        c = net.pool[pool, P_CAL]
        at = seek(net.cal, net.hours, st.cursor, c, now)
        start = after(net.cal, net.hours, c, at, now, setup)
        end = after(net.cal, net.hours, c, at, now, setup + work)
    tally(net, st, p, now, start, end, setup, work)
    if net.act[a, A_BUFFER] != NONE:
        st.room[a, R_COUNT] -= st.piece[p, W_SIZE]
        if st.room[a, R_HEAD] != NONE and st.room[a, R_ASKED] == 0:
            st.room[a, R_ASKED] = 1
            push(st.heap, st.sc, now, ROOM, a)
    if end <= st.sc[HORIZON]:
        push(st.heap, st.sc, end, END_OF_WORK, p)


@inlined
def take_batch(net: Net, st: State, p: int, now: int) -> None:
    """All who have gathered behind a piece that queued for them go with it."""
    a = st.piece[p, W_ACT]
    g = net.group_of[a, st.obj[st.piece[p, W_OBJ], O_CLASS]]
    if st.group[g, G_QUEUED] != p:
        return
    cut(st, g, net.act[a, A_MOST])
    st.group[g, G_QUEUED] = NONE
    if st.group[g, G_COUNT] > 0 and st.group[g, G_CHECK] == 0:
        st.group[g, G_CHECK] = 1
        push(st.heap, st.sc, now, CHECK, g)


@inlined
def take_place(net: Net, st: State, p: int, pool: int) -> int:
    """Seize a place, one that did the same before if there is one; the setup it needs."""
    st.piece[p, W_POOL] = pool
    st.piece[p, W_PLACE] = NONE
    if pool == NONE:
        return 0
    st.post[pool, D_FREE] -= 1
    if net.pool[pool, P_SETUP] == 0:
        return 0
    a, found = st.piece[p, W_ACT], NONE
    lo = net.pool[pool, P_PLACE_LO]
    for place in range(lo, lo + net.pool[pool, P_CAP]):
        if st.place[place, Z_BUSY] == 0:
            if st.place[place, Z_LAST] == a:
                found = place
                break
            if found == NONE:
                found = place
    if found == NONE:
        return 0
    before = st.place[found, Z_LAST]
    st.place[found, Z_BUSY], st.place[found, Z_LAST] = 1, a
    st.piece[p, W_PLACE] = found
    if before in (NONE, a) or net.act[a, A_SETUP] == NONE:
        return 0
    return draw_ns(net, st, p, net.act[a, A_SETUP], FOR_SETUP)
