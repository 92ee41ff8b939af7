"""The river of stations: an order flows from lead to finance, each station fed by the one before.

Nothing flows back, so each station is solved for all firms at once, exactly, in order of time
(``stations``). Loops live inside a station.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.industry.world.calendars import CALENDAR, Clock, check_horizon, opened, worked_off
from thalweg.industry.world.chance import DAY_S, Floats, Ints, Levels, lasting, stream, uniforms
from thalweg.industry.world.course import Course, Journal, Orders
from thalweg.industry.world.demand import Inquiries
from thalweg.industry.world.firms import GRADE_SHARES, Firms
from thalweg.industry.world.levels import Dials
from thalweg.industry.world.mechanisms import CHANNELS
from thalweg.industry.world.plant import Plant
from thalweg.industry.world.spec import WorldSpec
from thalweg.industry.world.stations import (
    NO_QUEUE,
    Loop,
    Pool,
    Rounds,
    by_queue,
    fill_lorries,
    go_round,
    next_release,
    serve,
)

H = 3_600
DAY_H = 24
WON_ORGANIC, CANCELLED = 0.72, 0.025
AGAIN = {"search_again": 0.14, "amend_again": 0.16, "slit_again": 0.18, "dispute": 0.05}
LORRY_ORDERS = 4
DISPATCH_S, INVOICE_S = 13 * H, 9 * H
DISPATCH_DAYS = ((0, 3), (1, 4), (2, 4))
INVOICE_DAYS = ((0, 3), (1, 4))
EVERY_DAY = (0, 1, 2, 3, 4, 5)
CAMPAIGNS = tuple((day, (day + 3) % 7) for day in range(7))
"""Weekdays on which a mill rolls a grade."""
REMIND_DAYS = (9, 18)
LOAN_SHARE = 0.08


@dataclass(slots=True)
class River:
    """The world while it is lived; ``at`` and ``at_s`` are local seconds at which orders are now."""

    spec: WorldSpec
    firms: Firms
    clock: Clock
    dials: Dials
    plant: Plant
    orders: Orders
    journal: Journal

    def head(self, purpose: str) -> np.uint64:
        return stream(self.spec.seed, purpose)

    def times(
        self,
        purpose: str,
        rows: Ints,
        at_s: Ints,
        median_h: float,
        sigma: float,
        dial: str | None = None,
        tail: bool = False,
    ) -> Ints:
        """(n,) seconds drawn for the orders ``rows``."""
        level: Levels = np.zeros((self.firms.count, 1), np.float32)
        if dial is not None:
            level = self.dials.of(dial)
        key, firm = self.orders.key[rows], self.orders.firm[rows]
        return np.asarray(
            lasting(self.head(purpose), key, median_h * H, sigma, level, firm, at_s, tail)
        )

    def after(self, calendar: str, at_s: Ints, work_s: Ints) -> Ints:
        c = self.clock
        return np.asarray(worked_off(c.worked, c.opens, CALENDAR[calendar], at_s, work_s))

    def now(self, dial: str, rows: Ints, at_s: Ints) -> Floats:
        """(n,) how a dial stands for each order at an instant."""
        day = np.minimum(at_s // DAY_S, self.clock.days - 1)
        return np.asarray(self.dials.of(dial)[self.orders.firm[rows], day], dtype=np.float64)

    def open(self, calendar: str, at_s: Ints) -> Ints:
        c = self.clock
        return np.asarray(opened(c.worked, c.opens, CALENDAR[calendar], at_s))

    def queue(self, activity: str, pool: str, rows: Ints, at_s: Ints, work_s: Ints) -> Ints:
        """Let orders be served by their firms' pool; note it; when each was done."""
        firm, key = self.orders.firm[rows], self.orders.key[rows]
        order = by_queue(firm, at_s, key)
        start, end, server = serve(
            firm[order],
            at_s[order],
            work_s[order],
            self.plant.calendar[pool],
            self.plant.servers[pool],
            self.clock.worked,
            self.clock.opens,
        )
        self.journal.note(activity, rows[order], start, end, pool, firm[order], server)
        done = np.empty_like(end)
        done[order] = end
        return done

    def pool(
        self, name: str, purpose: str, median_h: float, sigma: float, dial: str, tail: bool = False
    ) -> Pool:
        return Pool(
            self.head(purpose),
            median_h * H,
            sigma,
            self.dials.of(dial),
            self.plant.calendar[name],
            self.plant.servers[name],
            tail,
        )

    def pause(self, calendar: str, purpose: str, median_h: float, sigma: float, dial: str) -> Pool:
        """Waiting for somebody outside, for whom nobody queues."""
        n = self.firms.count
        hours = np.full(n, CALENDAR[calendar], np.int64)
        servers = np.full(n, NO_QUEUE, np.int64)
        level = self.dials.of(dial)
        return Pool(self.head(purpose), median_h * H, sigma, level, hours, servers, True)

    def loop(self, again: str, rows: Ints, at_s: Ints, a: Pool, b: Pool) -> tuple[Ints, Rounds]:
        """Rounds of the orders ``rows``, and the order in which they are given."""
        key, firm = self.orders.key[rows], self.orders.firm[rows]
        order = by_queue(firm, at_s, key)
        loop = Loop(self.head(again), AGAIN[again], self.dials.of(again))
        c = self.clock
        rounds = go_round(firm[order], key[order], at_s[order], a, b, loop, c.worked, c.opens)
        return rows[order], rounds


def flow(
    spec: WorldSpec, firms: Firms, clock: Clock, dials: Dials, plant: Plant, asked: Inquiries
) -> Course:
    """Live every inquiry to its end."""
    orders = _orders(spec, firms, asked)
    river = River(spec, firms, clock, dials, plant, orders, Journal(firms.count))
    everyone = np.arange(len(asked.key), dtype=np.int64)
    rows, at = _lead_and_match(river, everyone, asked.arrive_s)
    rows, at = _contract(river, rows, at)
    at = _production_and_warehouse(river, rows, at)
    rows, at = _processing(river, rows, at)
    at = _logistics(river, rows, at)
    at = _settlement(river, rows, at)
    _finance(river, rows, at)
    course = river.journal.course(orders)
    check_horizon(clock, int(course.end_s.max(initial=0)))
    return course


def _orders(spec: WorldSpec, firms: Firms, asked: Inquiries) -> Orders:
    """What each order is about, drawn for all inquiries."""
    key, firm = asked.key, asked.firm

    def chance(purpose: str) -> Floats:
        return np.asarray(uniforms(stream(spec.seed, purpose), key, 0))

    coils = 1 + np.searchsorted(np.cumsum((0.35, 0.35, 0.2, 0.1))[:-1], chance("coils"), "right")
    grade = np.searchsorted(np.cumsum(GRADE_SHARES)[:-1], chance("grade"), "right")
    weight = np.round((16 + 14 * chance("tonnes")) * coils, 2)
    near = np.floor(chance("buyer") ** 1.6 * 8).astype(np.int64)
    buyer = (firm * 5 + near * 7) % firms.buyers
    mill = np.floor(chance("mill") * firms.mills).astype(np.int64)
    n = len(key)
    blank = np.full(n, -1, np.int64)
    return Orders(
        key=key,
        firm=firm,
        source=asked.source,
        arrive_s=asked.arrive_s,
        grade=grade.astype(np.int64),
        coils=coils.astype(np.int64),
        tonnes=weight,
        buyer=buyer,
        mill=mill,
        shipment=blank.copy(),
        placed_s=blank.copy(),
        signed_s=blank.copy(),
        worked_s=blank.copy(),
        receipt_s=blank.copy(),
        delivered_s=blank.copy(),
        paid_s=blank.copy(),
        repaid_s=blank.copy(),
        invoices=np.zeros(n, np.int64),
        financed=np.zeros(n, np.bool_),
    )


def _lead_and_match(r: River, rows: Ints, at: Ints) -> tuple[Ints, Ints]:
    """From the inquiry to the order, or to its loss."""
    work = r.times("inquiry_work", rows, at, 0.4, 0.5)
    at = r.queue("receive_inquiry", "sales", rows, at, work)
    search = r.pool("matching", "search_work", 1.5, 0.6, "search_work")
    reply = r.pause("office", "reply", 2.0, 0.8, "search_work")
    rows, rounds = r.loop("search_again", rows, at, search, reply)
    at = r.journal.note_rounds("search_supply", rows, rounds, "matching", r.orders.firm[rows])
    end = r.after("office", at, r.times("quote", rows, at, 0.4, 0.5))
    r.journal.note("send_quotation", rows, r.open("office", at), end, None)
    decided = r.open("office", end + r.times("decide", rows, end, 9.0, 0.8, "decide", True))
    won = _wins(r, rows, decided)
    lost = ~won
    r.journal.note("close_inquiry", rows[lost], decided[lost], decided[lost], None)
    r.journal.note("place_order", rows[won], decided[won], decided[won], None)
    r.orders.placed_s[rows[won]] = decided[won]
    return rows[won], decided[won]


def _wins(r: River, rows: Ints, at: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(n,) whether the buyer orders: log odds of the channel and of what firms offer."""
    factors = np.array([1.0, *(win for *_, win in CHANNELS.values())])
    share = WON_ORGANIC * factors[r.orders.source[rows]]
    odds = share / (1 - share) * np.exp(r.now("won", rows, at))
    draw = uniforms(r.head("won"), r.orders.key[rows], 0)
    return np.asarray(draw < odds / (1 + odds))


def _contract(r: River, rows: Ints, at: Ints) -> tuple[Ints, Ints]:
    """From the order to the signed contract; a few are cancelled."""
    gone = uniforms(r.head("cancel"), r.orders.key[rows], 0) < CANCELLED
    left = r.after("office", at[gone], r.times("cancel_after", rows[gone], at[gone], 12.0, 0.7))
    r.journal.note("cancel_order", rows[gone], left, left, None)
    rows, at = rows[~gone], at[~gone]
    draft = r.pool("legal", "draft_work", 0.8, 0.5, "draft_work")
    sign = r.pause("office", "sign", 4.5, 0.8, "sign")
    rows, rounds = r.loop("amend_again", rows, at, draft, sign)
    firm = r.orders.firm[rows]
    r.journal.note_rounds("draft_contract", rows, rounds, "legal", firm, later="amend_contract")
    end = rounds.end_b[np.arange(len(rows)), rounds.visits - 1]
    r.journal.note("sign_contract", rows, end, end, None)
    r.orders.signed_s[rows] = end
    return rows, end


def _production_and_warehouse(r: River, rows: Ints, at: Ints) -> Ints:
    """From the contract to the warehouse receipt: rolled in campaigns, hauled, received."""
    days = np.stack([r.clock.next_days(week) for week in CAMPAIGNS])
    pattern = (r.orders.mill[rows] * 3 + r.orders.grade[rows]) % len(CAMPAIGNS)
    start = next_release(at, pattern, days, 0)
    start = start + r.times("roll_turn", rows, start, 4.0, 0.6)
    end = start + r.times("roll_work", rows, start, 3.0, 0.4, "roll_work")
    r.journal.note("roll_coils", rows, start, end, None)
    there = end + r.times("haul", rows, end, 8.0, 0.4)
    work = r.times("receive_work", rows, there, 0.6, 0.4, "receive_work")
    at = r.queue("receive_coils", "dock", rows, there, work)
    at = r.after("office", at, r.times("receipt", rows, at, 5.0, 0.7, "receipt", True))
    end = r.after("office", at, r.times("receipt_work", rows, at, 0.2, 0.3))
    r.journal.note("issue_receipt", rows, r.open("office", at), end, None)
    r.orders.receipt_s[rows] = end
    return end


def _processing(r: River, rows: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Slit and inspect until the quality is right."""
    line = r.pool("line", "slit_work", 1.6, 0.5, "slit_work")
    lab = r.pool("lab", "inspect_work", 0.5, 0.4, "inspect_work")
    rows, rounds = r.loop("slit_again", rows, at, line, lab)
    firm = r.orders.firm[rows]
    r.journal.note_rounds("slit_coils", rows, rounds, "line", firm)
    at = r.journal.note_rounds("inspect_quality", rows, rounds, "lab", firm, second=True)
    r.orders.worked_s[rows] = at
    return rows, at


def _logistics(r: River, rows: Ints, at: Ints) -> Ints:
    """Load what waits on dispatch afternoons, and drive it to the buyer."""
    firm, key = r.orders.firm[rows], r.orders.key[rows]
    pooled = uniforms(r.head("pool"), key, 0) < r.now("pool", rows, at)
    pattern = np.where(pooled, len(DISPATCH_DAYS), firm % len(DISPATCH_DAYS))
    days = np.stack([r.clock.next_days(week) for week in (*DISPATCH_DAYS, EVERY_DAY)])
    leaves = next_release(at, pattern, days, DISPATCH_S)
    zone = r.orders.buyer[rows] % 3
    order = np.lexsort((key, zone, pooled, leaves, firm))
    group = np.stack((firm, leaves, pooled, zone))[:, order]
    new = np.any(np.diff(group, prepend=-1) != 0, axis=0)
    load, first = fill_lorries(np.cumsum(new), LORRY_ORDERS)
    leader = rows[order][first]
    ready = leaves[order][first]
    work = r.times("load_work", leader, ready, 0.4, 0.4)
    queue = by_queue(r.orders.firm[leader], ready, r.orders.key[leader])
    start, end, server = serve(
        r.orders.firm[leader][queue],
        ready[queue],
        work[queue],
        r.plant.calendar["bay"],
        r.plant.servers["bay"],
        r.clock.worked,
        r.clock.opens,
    )
    loaded, begun, bay = np.empty_like(end), np.empty_like(end), np.empty_like(end)
    loaded[queue], begun[queue], bay[queue] = end, start, server
    arrived = loaded + r.times("road", leader, loaded, 8.0, 0.5, "road", True)
    here = r.open("yard", arrived)
    members = rows[order]
    r.orders.shipment[members] = r.orders.key[leader][load]
    note = r.journal.note_shared
    note("load_goods", members, load, begun, loaded, "bay", r.orders.firm[leader], bay)
    note("deliver_goods", members, load, here, here, None, None, None)
    done = np.empty_like(at)
    done[order] = here[load]
    r.orders.delivered_s[rows] = done
    return done


def _settlement(r: River, rows: Ints, at: Ints) -> Ints:
    """Settle against the receipt, invoice in runs; some invoices are disputed and written anew."""
    at = r.after("office", at, r.times("settle", rows, at, 5.0, 0.8, "settle", True))
    work = r.times("settle_work", rows, at, 0.4, 0.4)
    at = r.queue("settle_receipt", "clerk", rows, at, work)
    days = np.stack([r.clock.next_days(week) for week in INVOICE_DAYS])
    run = next_release(at, r.orders.firm[rows] % len(INVOICE_DAYS), days, INVOICE_S)
    draw = uniforms(r.head("dispute"), r.orders.key[rows], 0)
    disputed = draw < AGAIN["dispute"]
    wrong = r.after("office", run, r.times("invoice_work", rows, run, 0.15, 0.3) + H)
    upset = r.after("office", wrong, r.times("dispute_after", rows, wrong, 8.0, 0.6))
    again = next_release(upset, r.orders.firm[rows] % len(INVOICE_DAYS), days, INVOICE_S)
    first = r.open("office", run)
    r.journal.note("issue_invoice", rows[disputed], first[disputed], wrong[disputed], None)
    r.journal.note("dispute_invoice", rows[disputed], upset[disputed], upset[disputed], None)
    at = np.where(disputed, again, run)
    work = r.times("invoice_work", rows, at, 0.15, 0.3, "invoice_work")
    end = r.queue("issue_invoice", "accounts", rows, at, work)
    r.orders.invoices[rows] = 1 + disputed
    return end


def _finance(r: River, rows: Ints, at: Ints) -> None:
    """The buyer pays, or a loan against the receipt pays the firm first."""
    key = r.orders.key[rows]
    share = LOAN_SHARE + r.now("loan", rows, at)
    draw = uniforms(r.head("loan"), key, 0)
    own = r.open("office", at + r.times("pay", rows, at, 4.2 * DAY_H, 0.6, "pay", True))
    asked = r.after("office", at, r.times("loan_apply", rows, at, 1.0, 0.6))
    granted = r.after("office", asked, r.times("loan_grant", rows, asked, 6.0, 0.5))
    drawn = r.after("office", granted, np.full(len(rows), H, np.int64))
    financed = (draw < share) & (drawn < own)
    some = rows[financed]
    r.journal.note("apply_loan", some, asked[financed], asked[financed], None)
    r.journal.note("grant_loan", some, granted[financed], granted[financed], None)
    r.journal.note("repay_loan", some, own[financed], own[financed], None)
    r.orders.repaid_s[some] = own[financed]
    paid = np.where(financed, drawn, own)
    for days in REMIND_DAYS:
        due = r.open("office", at + days * DAY_S)
        late = due < paid
        r.journal.note("send_reminder", rows[late], due[late], due[late], None)
    r.journal.note("receive_payment", rows, paid, paid, None)
    r.orders.paid_s[rows] = paid
    r.orders.financed[rows] = financed
