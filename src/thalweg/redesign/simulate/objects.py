"""Objects inside the kernel: they arrive, draw what comes next, split, join and end."""

from __future__ import annotations

import numpy as np

from thalweg.redesign.simulate.compiled import compiled, inlined
from thalweg.redesign.simulate.heap import push
from thalweg.redesign.simulate.layout import (
    A_BOUND,
    A_JOINS,
    A_SPLIT_HI,
    A_SPLIT_LO,
    CHANGED,
    FOR_CHILD,
    FOR_CLASS,
    FOR_COUNT,
    FOR_ROUTE,
    HORIZON,
    IN_PROGRESS,
    NO_PARENT,
    NONE,
    O_CLASS,
    O_FIRST,
    O_FLOW,
    O_HASH,
    O_NEXT,
    O_PARENT,
    O_PARENT_SERIAL,
    O_REACHED,
    O_ROOT,
    O_SERIAL,
    O_SPLIT,
    O_STATE,
    OVER,
    RESUME,
    ROOTS,
    SERIAL,
    UNDRAWN,
    W_ACT,
    W_SIBLING,
    WARM,
    X_FLOW,
    X_HI,
    X_INTO,
    X_JOINS,
    X_LO,
    Net,
    State,
)
from thalweg.redesign.simulate.luck import chance, hashed
from thalweg.redesign.simulate.slots import free_object, take_object

SECOND = 1e-9


@inlined
def count_roots(st: State, now: int, change: int) -> None:
    """Root objects under way become more or fewer."""
    since = max(st.sc[CHANGED], st.sc[WARM])
    until = min(now, st.sc[HORIZON])
    if until > since:
        st.real[IN_PROGRESS] += st.sc[ROOTS] * ((until - since) * SECOND)
    st.sc[CHANGED] = now
    st.sc[ROOTS] += change


@inlined
def new_object(net: Net, st: State, luck: int, flow: int, serial: int) -> int:
    """An object at the beginning of a flow, of no class yet, with nothing drawn."""
    o = take_object(st.sc, st.obj)
    st.obj[o, O_HASH] = luck
    st.obj[o, O_SERIAL] = serial
    st.obj[o, O_FLOW] = flow
    st.obj[o, O_CLASS] = 0
    st.obj[o, O_STATE] = net.start[flow]
    st.obj[o, O_NEXT] = UNDRAWN
    st.obj[o, O_REACHED] = NONE
    st.obj[o, O_PARENT] = NONE
    st.obj[o, O_PARENT_SERIAL] = NO_PARENT
    st.obj[o, O_SPLIT] = NONE
    st.obj[o, O_ROOT] = NONE
    st.worth[o] = 1.0
    for a in range(st.visits.shape[1]):
        st.visits[o, a] = 0
    for s in range(st.kids.shape[1]):
        st.kids[o, s] = 0
    return o


@inlined
def drawn_class(net: Net, luck: int) -> int:
    last = len(net.class_share) - 1
    if last == 0:
        return 0
    u = chance(luck, 0, 0, FOR_CLASS)
    c = 0
    while c < last and u >= net.class_share[c]:
        c += 1
    return c


@inlined
def draw_next(net: Net, st: State, o: int, activity: int, visit: int) -> None:
    """What comes after a visit of an activity: by the shares of those that are still allowed."""
    st.obj[o, O_NEXT] = OVER
    c = net.choice_of[st.obj[o, O_STATE], st.obj[o, O_CLASS]]
    if c == NONE:
        return
    total = 0.0
    for i in range(net.choice[c, 0], net.choice[c, 1]):
        if allowed(net, st, o, net.option[i]):
            total += net.share[i]
    left = chance(st.obj[o, O_HASH], activity, visit, FOR_ROUTE) * total
    for i in range(net.choice[c, 0], net.choice[c, 1]):
        a = net.option[i]
        if net.share[i] > 0.0 and allowed(net, st, o, a):
            st.obj[o, O_NEXT] = a
            left -= net.share[i]
            if left < 0.0:
                return


@inlined
def allowed(net: Net, st: State, o: int, a: int) -> bool:
    return a == OVER or net.act[a, A_BOUND] == NONE or st.visits[o, a] < net.act[a, A_BOUND]


@inlined
def may_begin(net: Net, st: State, o: int, a: int) -> bool:
    """Whether all that an activity of the object waits for is done."""
    p = st.obj[o, O_FIRST]
    while p != NONE:
        if net.beside[st.piece[p, W_ACT], a] == 0:
            return False
        p = st.piece[p, W_SIBLING]
    if net.act[a, A_JOINS] == 1:
        for s in range(len(net.split)):
            if net.split[s, X_JOINS] == a and st.kids[o, s] > 0:
                return False
    return True


@inlined
def finish(st: State, o: int, now: int) -> None:
    """The object is done; a parent that waits for the last of its children goes on."""
    parent = st.obj[o, O_PARENT]
    if parent != NONE:
        if st.obj[parent, O_FLOW] >= 0 and st.obj[parent, O_SERIAL] == st.obj[o, O_PARENT_SERIAL]:
            split = st.obj[o, O_SPLIT]
            st.kids[parent, split] -= 1
            if st.kids[parent, split] == 0:
                push(st.heap, st.sc, now, RESUME, parent)
    else:
        count_roots(st, now, -1)
        if st.obj[o, O_ROOT] >= 0:
            st.finish[st.obj[o, O_ROOT]] = now
    free_object(st.sc, st.obj, o)


@inlined
def count_of_split(net: Net, st: State, o: int, s: int, visit: int) -> int:
    """Into how many an object splits; 0 for the splits of other flows."""
    if net.split[s, X_FLOW] != st.obj[o, O_FLOW]:
        return 0
    u = chance(st.obj[o, O_HASH], s, visit, FOR_COUNT)
    at, last = net.split[s, X_LO], net.split[s, X_HI] - 1
    while at < last and u >= net.split_share[at]:
        at += 1
    return int(net.split_count[at])


@compiled
def split_off(net: Net, st: State, o: int, s: int, visit: int, number: int) -> int:
    """One object more of a split; it has its parent's class and worth, and luck of its own."""
    luck = hashed(hashed(st.obj[o, O_HASH], (s << 20) + (visit << 8) + FOR_CHILD), number)
    child = new_object(net, st, luck, net.split[s, X_INTO], st.sc[SERIAL])
    st.sc[SERIAL] += 1
    st.obj[child, O_CLASS] = st.obj[o, O_CLASS]
    st.obj[child, O_PARENT] = o
    st.obj[child, O_PARENT_SERIAL] = st.obj[o, O_SERIAL]
    st.obj[child, O_SPLIT] = s
    st.kids[o, s] += 1
    return child


@inlined
def splits_of(net: Net, a: int) -> tuple[int, int]:
    return net.act[a, A_SPLIT_LO], net.act[a, A_SPLIT_HI]


@inlined
def root_of(net: Net, st: State, luck: int, root: int) -> int:
    """A root object that arrives."""
    luck = hashed(luck, net.key[root])
    o = new_object(net, st, luck, 0, root)
    st.obj[o, O_CLASS] = drawn_class(net, luck)
    st.obj[o, O_ROOT] = root
    st.of_class[root] = np.int32(st.obj[o, O_CLASS])
    return o
