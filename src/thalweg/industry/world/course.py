"""What happened, as plain arrays: the rows from which records are written and truth is taken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from thalweg.industry.world.chance import Floats, Ints
from thalweg.industry.world.mechanisms import LAYERS
from thalweg.industry.world.plant import POOL_NAMES
from thalweg.industry.world.stations import Rounds

ACTIVITIES = tuple(LAYERS)
CODE = {name: code for code, name in enumerate(ACTIVITIES)}
MOST_SERVERS = 1_000
NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """One row an inquiry, in order of time. Local seconds; -1 where it never came to that.

    key: the number of the order. Codes of firm, source, grade, buyer, mill; shipment: the key of its leading order.
    """

    key: Ints
    firm: Ints
    source: Ints
    arrive_s: Ints
    grade: Ints
    coils: Ints
    tonnes: Floats
    buyer: Ints
    mill: Ints
    shipment: Ints
    placed_s: Ints
    signed_s: Ints
    worked_s: Ints
    receipt_s: Ints
    delivered_s: Ints
    paid_s: Ints
    repaid_s: Ints
    invoices: Ints
    financed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Rows of (order, event). order: place in ``orders``; activity: place in ``ACTIVITIES``.

    shared    number of the shipment whose event this is (one event, several rows), or -1.
    resource  (pool · firms + firm) · ``MOST_SERVERS`` + server, or -1.
    """

    orders: Orders
    order: NDArray[np.int32]
    activity: NDArray[np.uint8]
    start_s: Ints
    end_s: Ints
    shared: NDArray[np.int32]
    resource: NDArray[np.int32]


Piece = tuple[
    NDArray[np.int32], NDArray[np.uint8], Ints, Ints, NDArray[np.int32], NDArray[np.int32]
]


@dataclass(slots=True)
class Journal:
    """Collects what stations did."""

    firms: int
    pieces: list[Piece] = field(default_factory=list)

    def note(
        self,
        activity: str,
        order: Ints,
        start_s: Ints,
        end_s: Ints,
        pool: str | None,
        firm: Ints | None = None,
        server: Ints | None = None,
        shared: Ints | None = None,
    ) -> None:
        n = len(order)
        who = np.full(n, NOBODY, np.int32)
        if pool is not None and firm is not None and server is not None:
            place = POOL_NAMES.index(pool) * self.firms + firm
            who = (place * MOST_SERVERS + server).astype(np.int32)
        which = np.full(n, NOBODY, np.int32) if shared is None else shared.astype(np.int32)
        code = np.full(n, CODE[activity], np.uint8)
        self.pieces.append((order.astype(np.int32), code, start_s, end_s, which, who))

    def note_rounds(
        self,
        activity: str,
        order: Ints,
        rounds: Rounds,
        pool: str,
        firm: Ints,
        *,
        later: str | None = None,
        second: bool = False,
    ) -> Ints:
        """Note each round at the first (or ``second``) pool; returns when the last round ended.

        later: the activity from the second round on, where it has another name.
        """
        starts, ends = rounds.start_a, rounds.end_a
        servers = rounds.server_a
        if second:
            starts, ends, servers = rounds.start_b, rounds.end_b, rounds.server_b
        for visit in range(int(rounds.visits.max(initial=0))):
            has = rounds.visits > visit
            name = later if later is not None and visit > 0 else activity
            start, end = starts[has, visit], ends[has, visit]
            self.note(name, order[has], start, end, pool, firm[has], servers[has, visit])
        return np.asarray(rounds.end_b[np.arange(len(order)), rounds.visits - 1])

    def note_shared(
        self,
        activity: str,
        order: Ints,
        load: Ints,
        start_s: Ints,
        end_s: Ints,
        pool: str | None,
        firm: Ints | None,
        server: Ints | None,
    ) -> None:
        """One event for each load, a row for each of its orders."""
        who = None if firm is None else firm[load]
        where = None if server is None else server[load]
        self.note(activity, order, start_s[load], end_s[load], pool, who, where, load)

    def course(self, orders: Orders) -> Course:
        order, activity, start, end, shared, who = (
            np.concatenate(column) for column in zip(*self.pieces, strict=True)
        )
        return Course(orders, order, activity, start, end, shared, who)
