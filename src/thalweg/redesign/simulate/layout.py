"""Columns of the tables that the kernel works on, and the tables themselves.

All times are int64 nanoseconds after the model's beginning, so that the compiled kernel and the
plain one agree to the last event; sums of time are float64 seconds. -1 stands for none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEVER = 1 << 62
"""An instant beyond every horizon."""
NONE = -1
NO_PARENT = -(1 << 40)
"""Serial of no object: those under way at the beginning have -1 downwards."""

# Activities (Net.act).
(A_AUTO, A_RUNS, A_DELAY, A_DELAY_AT, A_WORK, A_SETUP, A_BATCH, A_LEAST, A_MOST, A_LONGEST) = range(
    10
)
A_AT, A_EACH, A_BUFFER, A_KIND, A_BOUND, A_JOINS, A_SPLIT_LO, A_SPLIT_HI, A_KIDS = range(10, 19)
A_COLUMNS = 19
FIFO, LIFO, RANDOM = range(3)

# Queues (Net.queue): one for an activity, a rank of classes, and the pools that may serve them.
Q_ACT, Q_RANK, Q_SKILL_LO, Q_SKILL_HI, Q_UNION, Q_FIRST = range(6)
# Skills (Net.skill) of the pools of a queue, and what a pool serves (Net.serve), best first.
S_POOL, S_LAW = range(2)
V_QUEUE, V_LEVEL, V_SKILL = range(3)
# Pools (Net.pool).
P_CAP, P_CAL, P_SETUP, P_PLACE_LO, P_SERVE_LO, P_SERVE_HI = range(6)
# Laws (Net.law) and their parameters (Net.param).
L_KIND, L_LO, L_SIZE = range(3)
CONSTANT, UNIFORM, EXPONENTIAL, LOGNORMAL, SCALED, QUANTILES = range(6)
# Splits (Net.split).
X_INTO, X_JOINS, X_LO, X_HI, X_FLOW = range(5)
# Objects under way at the beginning (Net.opened).
U_CLASS, U_STATE, U_ACT, U_POOL, U_SINCE, U_ELAPSED, U_LAST = range(7)

# Scalars of a run (State.sc) and their floats (State.real).
(SEQ, HEAP, ARRIVED, SERIAL, FREE_OBJ, FREE_PIECE, LIVE_PIECES, ROWS) = range(8)
(ROOTS, CHANGED, WARM, HORIZON, LOGGING, EVENTS, HIGH_OBJ, HIGH_PIECE, LUCK) = range(8, 17)
SCALARS = 17
IN_PROGRESS, SCRAPPED = range(2)
# Objects (State.obj).
(O_HASH, O_SERIAL, O_FLOW, O_CLASS, O_STATE, O_NEXT, O_REACHED, O_FIRST, O_PARENT) = range(9)
O_PARENT_SERIAL, O_SPLIT, O_ROOT, O_COLUMNS = range(9, 13)
OVER, UNDRAWN = -1, -2
"""Values of O_NEXT beside an activity."""
FREE = -9
"""O_FLOW of a slot that nobody uses."""
# Pieces of work (State.piece).
(W_OBJ, W_ACT, W_VISIT, W_BEFORE, W_ENABLED, W_ADMITTED, W_GATHERED, W_JOINED, W_DUTY) = range(9)
(W_SEQ, W_KEY, W_POOL, W_PLACE, W_NEXT, W_SIBLING, W_MEMBER, W_SIZE, W_HELD, W_HOLDER) = range(
    9, 19
)
W_COLUMNS = 19
# Queues (State.line), pools (State.post), places (State.place), batches (State.group), buffers
# (State.room).
N_HEAD, N_TAIL, N_COUNT = range(3)
D_FREE, D_WAKE = range(2)
Z_LAST, Z_BUSY = range(2)
G_HEAD, G_TAIL, G_COUNT, G_QUEUED, G_TIMER, G_OPEN, G_CHECK, G_COLUMNS = range(8)
R_COUNT, R_HEAD, R_TAIL, R_ASKED = range(4)
# Kinds of events.
END_OF_WORK, END_OF_DELAY, WAKE, TIMER, OPENING, CHECK, ROOM, RESUME = range(8)
# What a chance is for.
(FOR_ROUTE, FOR_WORK, FOR_DELAY, FOR_SETUP, FOR_POOL, FOR_QUEUE, FOR_CLASS, FOR_COUNT) = range(8)
FOR_CHILD, FOR_ARRIVAL = range(8, 10)
# Statistics of activities (State.by_act; then the waits) and pools (State.by_pool).
T_VISITS, T_WORK, T_WAITS = range(3)
(K_BEFORE, K_DELAY, K_BATCH, K_CONTENTION, K_OFF_DUTY, K_SETUP, K_BLOCKED) = range(7)
B_BUSY, B_QUEUE = range(2)
# Log (State.log).
(E_OBJECT, E_CLASS, E_FLOW, E_PARENT, E_ACT, E_POOL, E_VISIT, E_ENABLED, E_START, E_END) = range(10)
E_COLUMNS = 10


class Net(NamedTuple):
    """A model as tables; nothing in it changes while it runs."""

    act: Ints
    queue: Ints
    queue_of: Ints
    group_of: Ints
    skill: Ints
    weight: Floats
    pool: Ints
    serve: Ints
    law: Ints
    param: Floats
    table: Floats
    move: Ints
    choice_of: Ints
    choice: Ints
    option: Ints
    share: Floats
    start: Ints
    split: Ints
    split_count: Ints
    split_share: Floats
    beside: Ints
    class_share: Floats
    scrap: Floats
    cal: Ints
    hours: Ints
    opened: Ints
    opened_at: Floats
    opened_visits: Ints
    arrival: Ints
    key: Ints


class State(NamedTuple):
    """One replication: everything that changes."""

    sc: Ints
    real: Floats
    obj: Ints
    visits: NDArray[np.int32]
    kids: NDArray[np.int32]
    worth: Floats
    piece: Ints
    heap: Ints
    line: Ints
    post: Ints
    place: Ints
    group: Ints
    room: Ints
    cursor: Ints
    by_act: Floats
    by_pool: Floats
    finish: Ints
    of_class: NDArray[np.int32]
    log: Ints
