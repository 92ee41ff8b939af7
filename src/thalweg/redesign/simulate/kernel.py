"""The event loop: one heap, one clock; returns now and then, so that tables can grow."""

from __future__ import annotations

from thalweg.redesign.simulate.compiled import compiled, inlined
from thalweg.redesign.simulate.heap import drop, index_of, kind_of, push
from thalweg.redesign.simulate.hours import after, seek
from thalweg.redesign.simulate.laws import law_ns
from thalweg.redesign.simulate.layout import (
    A_BUFFER,
    A_KIDS,
    A_RUNS,
    A_WORK,
    ARRIVED,
    CHECK,
    D_FREE,
    D_WAKE,
    END_OF_DELAY,
    END_OF_WORK,
    EVENTS,
    FOR_WORK,
    FREE,
    G_CHECK,
    G_OPEN,
    G_TIMER,
    HEAP,
    HIGH_OBJ,
    HIGH_PIECE,
    HORIZON,
    LIVE_PIECES,
    LOGGING,
    LUCK,
    NEVER,
    NONE,
    O_CLASS,
    O_FIRST,
    O_FLOW,
    O_HASH,
    O_NEXT,
    O_REACHED,
    O_STATE,
    OPENING,
    OVER,
    P_CAL,
    Q_SKILL_HI,
    Q_SKILL_LO,
    R_ASKED,
    R_COUNT,
    R_HEAD,
    R_TAIL,
    RESUME,
    ROOM,
    ROWS,
    S_LAW,
    S_POOL,
    SCRAPPED,
    TIMER,
    U_ACT,
    U_CLASS,
    U_ELAPSED,
    U_LAST,
    U_POOL,
    U_SINCE,
    U_STATE,
    UNDRAWN,
    W_ACT,
    W_BEFORE,
    W_ENABLED,
    W_HELD,
    W_HOLDER,
    W_MEMBER,
    W_NEXT,
    W_OBJ,
    W_PLACE,
    W_POOL,
    W_SIZE,
    W_VISIT,
    WAKE,
    WARM,
    Z_BUSY,
    Net,
    State,
)
from thalweg.redesign.simulate.luck import chance, hashed
from thalweg.redesign.simulate.objects import (
    count_of_split,
    count_roots,
    draw_next,
    drawn_class,
    finish,
    may_begin,
    new_object,
    root_of,
    split_off,
    splits_of,
)
from thalweg.redesign.simulate.slots import forget_piece, free_piece, take_piece
from thalweg.redesign.simulate.tally import add_row, count_busy, tally_waiting
from thalweg.redesign.simulate.work import (
    admit,
    check_batch,
    dispatch,
    gather,
    queue_of,
    take_place,
)

DONE, GROW, PAUSE = range(3)
SPARE = 64


@compiled
def proceed(net: Net, st: State, o: int, holder: int, now: int) -> None:
    """Begin whatever the object can begin; ``holder``: the work whose place it still holds."""
    while st.obj[o, O_NEXT] != OVER:
        a = st.obj[o, O_NEXT]
        if not may_begin(net, st, o, a):
            return
        p = new_piece(net, st, o, a, now)
        draw_next(net, st, o, a, st.visits[o, a])
        enter(net, st, p, holder, now)
    if st.obj[o, O_FIRST] == NONE:
        finish(st, o, now)


@inlined
def new_piece(net: Net, st: State, o: int, a: int, now: int) -> int:
    """The object comes to an activity."""
    p = take_piece(st.sc, st.obj, st.piece, o)
    st.visits[o, a] += 1
    st.obj[o, O_STATE] = net.move[st.obj[o, O_STATE], a]
    st.piece[p, W_ACT] = a
    st.piece[p, W_VISIT] = st.visits[o, a]
    st.piece[p, W_ENABLED] = now
    reached = st.obj[o, O_REACHED]
    st.piece[p, W_BEFORE] = 0 if reached == NONE else now - reached
    st.piece[p, W_HELD] = 0
    st.piece[p, W_HOLDER] = NONE
    st.piece[p, W_MEMBER] = NONE
    st.piece[p, W_SIZE] = 1
    st.obj[o, O_REACHED] = NONE
    return p


@inlined
def enter(net: Net, st: State, p: int, holder: int, now: int) -> None:
    """Into the buffer of the activity, or before it until there is room."""
    a = st.piece[p, W_ACT]
    if net.act[a, A_BUFFER] == NONE:
        admit(net, st, p, now)
        return
    if st.room[a, R_COUNT] < net.act[a, A_BUFFER]:
        st.room[a, R_COUNT] += 1
        admit(net, st, p, now)
        return
    st.piece[p, W_NEXT] = NONE
    if st.room[a, R_HEAD] == NONE:
        st.room[a, R_HEAD] = p
    else:
        st.piece[st.room[a, R_TAIL], W_NEXT] = p
    st.room[a, R_TAIL] = p
    st.piece[p, W_HOLDER] = holder
    if holder != NONE:
        st.piece[holder, W_HELD] += 1


@compiled
def make_room(net: Net, st: State, a: int, now: int) -> None:
    """Let in those who wait before a buffer, and free the places that they held."""
    st.room[a, R_ASKED] = 0
    while st.room[a, R_HEAD] != NONE and st.room[a, R_COUNT] < net.act[a, A_BUFFER]:
        p = st.room[a, R_HEAD]
        st.room[a, R_HEAD] = st.piece[p, W_NEXT]
        st.room[a, R_COUNT] += 1
        holder = st.piece[p, W_HOLDER]
        admit(net, st, p, now)
        if holder != NONE:
            st.piece[holder, W_HELD] -= 1
            if st.piece[holder, W_HELD] == 0:
                release(net, st, holder, now)


@inlined
def release(net: Net, st: State, p: int, now: int) -> None:
    """A piece gives its place back, and the pool turns to the next."""
    pool = st.piece[p, W_POOL]
    if st.piece[p, W_PLACE] != NONE:
        st.place[st.piece[p, W_PLACE], Z_BUSY] = 0
    free_piece(st.sc, st.piece, p)
    st.post[pool, D_FREE] += 1
    dispatch(net, st, pool, now)


@inlined
def end_work(net: Net, st: State, p: int, now: int) -> None:
    """Work is done: its objects go on first, then its place is offered."""
    holder = p if st.piece[p, W_POOL] != NONE else NONE
    m = p
    while m != NONE:
        following = st.piece[m, W_MEMBER]
        leave(net, st, m, holder, now)
        if m != p:
            free_piece(st.sc, st.piece, m)
        m = following
    if holder == NONE:
        free_piece(st.sc, st.piece, p)
    elif st.piece[p, W_HELD] == 0:
        release(net, st, p, now)


@inlined
def leave(net: Net, st: State, m: int, holder: int, now: int) -> None:
    """One object's part of the work is done: it splits, and goes on."""
    o, a = st.piece[m, W_OBJ], st.piece[m, W_ACT]
    forget_piece(st.obj, st.piece, m)
    if net.scrap[a] > 0.0:
        lost = st.worth[o] * net.scrap[a]
        st.worth[o] -= lost
        if now >= st.sc[WARM]:
            st.real[SCRAPPED] += lost
    coming = st.obj[o, O_NEXT]
    if coming >= 0 and st.obj[o, O_REACHED] == NONE and net.beside[a, coming] == 0:
        st.obj[o, O_REACHED] = now
    lo, hi = splits_of(net, a)
    visit = st.piece[m, W_VISIT]
    for s in range(lo, hi):
        for number in range(count_of_split(net, st, o, s, visit)):
            child = split_off(net, st, o, s, visit, number)
            st.worth[child] = st.worth[o]
            draw_next(net, st, child, len(net.act), 0)
            proceed(net, st, child, holder, now)
    proceed(net, st, o, holder, now)


@inlined
def handle(net: Net, st: State, kind: int, i: int, now: int) -> None:
    """One event of the heap."""
    if kind == END_OF_WORK:
        end_work(net, st, i, now)
    elif kind == END_OF_DELAY:
        gather(net, st, i, now)
    elif kind == WAKE:
        st.post[i, D_WAKE] = 0
        dispatch(net, st, i, now)
    elif kind == TIMER:
        st.group[i, G_TIMER] = 0
        check_batch(net, st, i, now)
    elif kind == OPENING:
        st.group[i, G_OPEN] = 0
        check_batch(net, st, i, now)
    elif kind == CHECK:
        st.group[i, G_CHECK] = 0
        check_batch(net, st, i, now)
    elif kind == ROOM:
        make_room(net, st, i, now)
    elif kind == RESUME and st.obj[i, O_FLOW] != FREE:
        proceed(net, st, i, NONE, now)


@inlined
def arrive(net: Net, st: State, root: int, now: int) -> None:
    count_roots(st, now, 1)
    o = root_of(net, st, st.sc[LUCK], root)
    draw_next(net, st, o, len(net.act), 0)
    proceed(net, st, o, NONE, now)


@inlined
def has_room(net: Net, st: State, size: int, kids: int) -> bool:
    """Whether the tables have room for whatever one event about ``size`` objects can bring."""
    sc, n = st.sc, len(net.act)
    objects = size * kids + 1
    pieces = (objects + size) * (n + 1)
    planned = pieces + objects + 3 * len(st.group) + len(st.post) + n
    return bool(
        sc[HIGH_OBJ] + objects <= len(st.obj)
        and sc[HIGH_PIECE] + pieces <= len(st.piece)
        and sc[HEAP] + planned + sc[LIVE_PIECES] <= len(st.heap)
        and (sc[LOGGING] == 0 or sc[ROWS] + sc[LIVE_PIECES] + pieces <= len(st.log))
    )


@compiled
def run(net: Net, st: State, budget: int) -> int:
    """Events up to the horizon, or ``budget`` of them.

    Returns  DONE; PAUSE: the budget is spent; GROW: a table may be too small for the next event.
    """
    sc, arrivals = st.sc, net.arrival
    while budget > 0:
        budget -= 1
        arrival = arrivals[sc[ARRIVED]] if sc[ARRIVED] < len(arrivals) else NEVER
        planned = st.heap[0, 0] if sc[HEAP] > 0 else NEVER
        if min(arrival, planned) > sc[HORIZON]:
            count_roots(st, sc[HORIZON], 0)
            tally_waiting(net, st)
            return DONE
        size, kids, code = 1, 0, 0
        if planned < arrival:
            code = st.heap[0, 1]
            if kind_of(code) == END_OF_WORK:
                p = index_of(code)
                size, kids = st.piece[p, W_SIZE], net.act[st.piece[p, W_ACT], A_KIDS]
        if not has_room(net, st, size, kids):
            return GROW
        sc[EVENTS] += 1
        if planned < arrival:
            drop(st.heap, sc)
            handle(net, st, kind_of(code), index_of(code), planned)
        else:
            sc[ARRIVED] += 1
            arrive(net, st, sc[ARRIVED] - 1, arrival)
    return PAUSE


@compiled
def open_up(net: Net, st: State) -> None:
    """Objects under way at the beginning: what has begun, what waits, what is undecided."""
    n = len(net.opened)
    for i in range(n):
        luck = hashed(st.sc[LUCK], -1 - i)
        o = new_object(net, st, luck, 0, -1 - i)
        c = net.opened[i, U_CLASS]
        st.obj[o, O_CLASS] = drawn_class(net, luck) if c == NONE else c
        st.obj[o, O_STATE] = net.opened[i, U_STATE]
        for a in range(len(net.act)):
            st.visits[o, a] = net.opened_visits[i, a]
        count_roots(st, 0, 1)
        a, last = net.opened[i, U_ACT], net.opened[i, U_LAST]
        if a == NONE:
            visit = 0 if last == NONE else st.visits[o, last]
            draw_next(net, st, o, len(net.act) if last == NONE else last, visit)
            proceed(net, st, o, NONE, 0)
            continue
        st.obj[o, O_NEXT] = UNDRAWN
        p = new_piece(net, st, o, a, net.opened[i, U_SINCE])
        st.piece[p, W_BEFORE] = 0
        draw_next(net, st, o, a, st.visits[o, a])
        if net.opened[i, U_ELAPSED] >= 0:
            continue_work(net, st, p, i)
        else:
            enter(net, st, p, NONE, 0)
        proceed(net, st, o, NONE, 0)


@compiled
def continue_work(net: Net, st: State, p: int, i: int) -> None:
    """Work that had begun lasts as long as such work that has lasted so long."""
    a, pool = st.piece[p, W_ACT], net.opened[i, U_POOL]
    row = net.act[a, A_WORK]
    if pool != NONE:
        q = queue_of(net, st, p)
        for k in range(net.queue[q, Q_SKILL_LO], net.queue[q, Q_SKILL_HI]):
            if net.skill[k, S_POOL] == pool:
                row = net.skill[k, S_LAW]
    at = net.opened_at[i]
    u = chance(st.obj[st.piece[p, W_OBJ], O_HASH], a, st.piece[p, W_VISIT], FOR_WORK)
    work = law_ns(net.law, net.param, net.table, row, at + (1.0 - at) * u)
    left = max(0, work - net.opened[i, U_ELAPSED])
    take_place(net, st, p, pool)
    end = left
    if pool != NONE and net.act[a, A_RUNS] == 0 and net.pool[pool, P_CAL] != NONE:
        c = net.pool[pool, P_CAL]
        end = after(net.cal, net.hours, c, seek(net.cal, net.hours, st.cursor, c, 0), 0, left)
    count_busy(net, st, p, 0, end, left)
    if st.sc[LOGGING] == 1:
        add_row(st, p, pool, net.opened[i, U_SINCE], net.opened[i, U_SINCE], end)
    if end <= st.sc[HORIZON]:
        push(st.heap, st.sc, end, END_OF_WORK, p)
