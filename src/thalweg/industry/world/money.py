"""Money of the platform: revenue by product, costs, subsidy, traffic, research and capital.

Revenue and the cost of service follow from what happened in the chain, so switching something off
moves them; budgets (traffic, subsidy rates, research, staff, rounds of capital) are planned.
Costs are negative. A member firm's rows carry its id; what belongs to no firm is the platform's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.industry.world.chance import DAY_S, Floats, Ints, stream, uniforms
from thalweg.industry.world.course import CODE
from thalweg.industry.world.life import Lived
from thalweg.industry.world.mechanisms import (
    CHANNELS,
    INTERVENTION_TABLE,
    ORGANIC,
    PRODUCTS,
    platform_of,
)
from thalweg.industry.world.parties import PLATFORM, Parties, parties_of
from thalweg.industry.world.rollout import NEVER_DAY

Mask = NDArray[np.bool_]
FOREVER_S = 1 << 60
PRICE_CNY = (3_900.0, 4_450.0, 4_250.0, 4_700.0)
"""A tonne of each grade at the beginning; the market moves them together."""
PRICE_SD, PRICE_RHO = 0.03, 0.9
BROKERAGE_SHARE, CUT_SHARE = 0.009, 0.021
SLITTING_CNY_T, FREIGHT_CNY_T, RECEIPT_CNY_T, MATCH_CNY = 38.0, 30.0, 6.0, 180.0
INTEREST_YEAR = 0.065
SLIT_COST_CNY_T, FREIGHT_COST_CNY_T, OTHER_COST_SHARE, INTEREST_COST_SHARE = 20.0, 24.0, 0.25, 0.6
STAFF_CNY_PER_ORDER = 900.0
"""Of planned volume a month: staff is kept whatever happens."""
LAUNCH_SHARE, LAUNCH_RAMP_DAYS, LAUNCH_MOST = 0.4, 240, 0.25
"""When cut-to-size goods are launched, and the share of orders that take them in the end."""
ROUNDS = ((0.0, 0.3), (0.34, 0.4), (0.67, 0.3))
"""Outside capital: share of the months at which a round closes, and its part of the whole."""
RESEARCH_MONTHS = 10
VISITS_PER_LEAD = 26.0


@dataclass(frozen=True, slots=True, eq=False)
class Sale:
    """What one product brings: (n,) firm, instant, revenue and cost of service in CNY."""

    product: str
    firm: Ints
    at_s: Ints
    revenue: Floats
    cost: Floats


def amounts_of(lived: Lived) -> Floats:
    """(orders,) value of the goods in CNY, at the price of the month of the inquiry."""
    orders, clock = lived.course.orders, lived.clock
    rng = np.random.default_rng(np.random.SeedSequence([lived.spec.seed, 16]))
    steps = PRICE_SD * rng.standard_normal(clock.months)
    log = np.zeros(clock.months)
    for at in range(1, clock.months):
        log[at] = PRICE_RHO * log[at - 1] + steps[at]
    month = clock.months_of_days[orders.arrive_s // DAY_S]
    price = np.array(PRICE_CNY)[orders.grade] * np.exp(log[month])
    return np.asarray(np.round(price * orders.tonnes, 2))


def launch_day(lived: Lived) -> int:
    """Day on which cut-to-size goods are first offered; far away where they never are."""
    if not platform_of(lived.spec).new_products:
        return NEVER_DAY
    return int(lived.clock.first_days[round(LAUNCH_SHARE * lived.spec.months)])


def sales_of(lived: Lived, amount: Floats) -> list[Sale]:
    """All that the platform sold, product by product."""
    orders, course = lived.course.orders, lived.course
    slits = np.bincount(
        course.order[course.activity == CODE["slit_coils"]], minlength=len(orders.key)
    )
    day = np.maximum(orders.placed_s, 0) // DAY_S
    since = (day - launch_day(lived)) / LAUNCH_RAMP_DAYS
    draw = uniforms(stream(lived.spec.seed, "cut_to_size"), orders.key, 0)
    cut = draw < LAUNCH_MOST * np.clip(since, 0, 1)
    tonnes, base = orders.tonnes, amount
    years = np.maximum(orders.repaid_s - orders.paid_s, 0) / DAY_S / 365
    interest = base * 0.8 * INTEREST_YEAR * np.maximum(years, 3 / 365)
    financed = orders.financed & _in_use(lived, "supply_finance", orders.paid_s)

    def sale(product: str, when: Ints, who: Mask, revenue: Floats, cost: Floats) -> Sale:
        at = np.flatnonzero((when >= 0) & who)
        return Sale(product, orders.firm[at], when[at], revenue[at], cost[at])

    def plain(product: str, when: Ints, who: Mask, revenue: Floats) -> Sale:
        return sale(product, when, who, revenue, OTHER_COST_SHARE * revenue)

    everyone = np.ones(len(base), np.bool_)
    receipts = _in_use(lived, "e_receipts", orders.receipt_s)
    matched = _in_use(lived, "matching", orders.placed_s)
    slit_cost = SLIT_COST_CNY_T * tonnes * slits
    return [
        plain("brokerage", orders.signed_s, ~cut, BROKERAGE_SHARE * base),
        plain("cut_to_size", orders.signed_s, cut, CUT_SHARE * base),
        sale("slitting_service", orders.worked_s, everyone, SLITTING_CNY_T * tonnes, slit_cost),
        sale(
            "freight_service",
            orders.delivered_s,
            everyone,
            FREIGHT_CNY_T * tonnes,
            FREIGHT_COST_CNY_T * tonnes,
        ),
        plain("receipt_service", orders.receipt_s, receipts, RECEIPT_CNY_T * tonnes),
        plain("match_service", orders.placed_s, matched, np.full(len(base), MATCH_CNY)),
        sale(
            "finance_service", orders.repaid_s, financed, interest, INTEREST_COST_SHARE * interest
        ),
    ]


def _in_use(lived: Lived, name: str, at_s: Ints) -> Mask:
    """(orders,) whether a firm used an intervention at an instant (its own, not a neighbour's)."""
    if name not in lived.plans or name in lived.switches.off:
        return np.zeros(len(at_s), np.bool_)
    plan, firm, day = lived.plans[name], lived.course.orders.firm, at_s // DAY_S
    return np.asarray((day >= plan.begins[firm]) & (day < plan.ends[firm]))


@dataclass(slots=True)
class _Book:
    """Sums by party and month, written as rows."""

    lived: Lived
    parties: Parties
    pieces: list[pl.DataFrame]

    def by_firm(self, product: str | None, account: str, table: Floats) -> None:
        """table: (firms, months)."""
        firm, month = np.nonzero(np.round(table, 2))
        self._add([self.parties.member(f) for f in firm.tolist()], month, product, account, table)

    def by_platform(self, product: str | None, account: str, series: Floats) -> None:
        """series: (months,)."""
        month = np.flatnonzero(np.round(series, 2))
        self._add([PLATFORM] * len(month), month, product, account, series[None, :])

    def _add(
        self, party: list[str], month: Ints, product: str | None, account: str, table: Floats
    ) -> None:
        amounts = np.round(table, 2)
        starts = [self.lived.clock.month_start(m) for m in range(self.lived.clock.months)]
        self.pieces.append(
            pl.DataFrame(
                {
                    "party": pl.Series(party, dtype=pl.String),
                    "month": pl.Series([starts[m] for m in month.tolist()], dtype=pl.Date),
                    "product": pl.Series([product] * len(party), dtype=pl.String),
                    "account": pl.Series([account] * len(party), dtype=pl.String),
                    "amount_cny": amounts[amounts != 0.0],
                }
            )
        )


def by_month(lived: Lived, firm: Ints, at_s: Ints, amount: Floats, cut_s: int) -> Floats:
    """(firms, months) sums of what happened up to the cut and within the months."""
    clock = lived.clock
    last_s = min(cut_s, int(clock.first_days[-1]) * DAY_S - 1)
    known = (at_s >= 0) & (at_s <= last_s)
    month = clock.months_of_days[at_s[known] // DAY_S]
    table = np.zeros((lived.firms.count, clock.months))
    np.add.at(table, (firm[known], month), amount[known])
    return table


def ledger_of(lived: Lived, parties: Parties, amount: Floats, cut_s: int) -> pl.DataFrame:
    """Party, month, product, account, amount: up to the cut, within the months."""
    book = _Book(lived, parties, [])
    clock = lived.clock
    for sale in sales_of(lived, amount):
        revenue = by_month(lived, sale.firm, sale.at_s, sale.revenue, cut_s)
        book.by_firm(sale.product, "revenue", revenue)
        cost = by_month(lived, sale.firm, sale.at_s, sale.cost, cut_s)
        book.by_firm(sale.product, "cost_of_service", -cost)
    book.by_firm(None, "subsidy", -subsidy_paid(lived, amount, cut_s))
    known = clock.first_days[:-1] * DAY_S <= cut_s
    book.by_firm(None, "traffic_spend", -lived.traffic.spend_cny.sum(axis=0) * known)
    own = lived.spec.orders_per_firm_month * lived.spec.firms
    book.by_platform(None, "staff", np.full(clock.months, -STAFF_CNY_PER_ORDER * own) * known)
    for name in (name for name in lived.plans if name not in lived.switches.off):
        book.by_platform(name, "research", -research_of(lived, name) * known)
        book.by_firm(name, "rollout", -_rollout_costs(lived, name) * known)
    book.by_platform(None, "capital_raised", capital_of(lived) * known)
    return pl.concat(book.pieces).sort("month", "party", "account", "product")


def subsidy_paid(lived: Lived, amount: Floats, cut_s: int) -> Floats:
    """(firms, months) a share of the value of the orders placed, while there is subsidy."""
    orders, clock, off = lived.course.orders, lived.clock, lived.switches.subsidy_off_from
    month = clock.months_of_days[np.maximum(orders.placed_s, 0) // DAY_S]
    paid = amount * lived.dials.subsidy[orders.firm, month]
    if off is not None:
        paid = np.where(orders.placed_s < clock.day(off) * DAY_S, paid, 0.0)
    return by_month(lived, orders.firm, orders.placed_s, paid, cut_s)


def _scale(lived: Lived) -> float:
    """How large the platform is beside one of 40 firms with 20 orders a month."""
    return lived.spec.firms / 40 * lived.spec.orders_per_firm_month / 20


def research_of(lived: Lived, name: str) -> Floats:
    """(months,) paid in the months before the first firm begins, and a fifth of it after."""
    plan, clock = lived.plans[name], lived.clock
    total = INTERVENTION_TABLE[name].research_cny * platform_of(lived.spec).research
    total *= _scale(lived) ** 0.5
    first = plan.begins.min(initial=NEVER_DAY)
    at = clock.months // 2
    if first < NEVER_DAY:
        at = max(1, int(np.searchsorted(clock.first_days, first, side="right")) - 1)
    out = np.zeros(clock.months)
    out[max(0, at - RESEARCH_MONTHS) : at] = 0.8 * total / min(at, RESEARCH_MONTHS)
    out[at:] = 0.2 * total / max(1, clock.months - at)
    return out


def rollout_cost(lived: Lived, name: str, firm: int) -> float:
    """CNY for bringing an intervention to a firm."""
    row = INTERVENTION_TABLE[name]
    return round(row.rollout_cny * math.sqrt(lived.firms.size[firm]), -2)


def _rollout_costs(lived: Lived, name: str) -> Floats:
    plan, clock = lived.plans[name], lived.clock
    table = np.zeros((lived.firms.count, clock.months))
    for firm in plan.treated.tolist():
        month = int(clock.months_of_days[plan.begins[firm]])
        table[firm, month] += rollout_cost(lived, name, firm)
    return table


def capital_of(lived: Lived) -> Floats:
    """(months,) outside capital, in rounds; none from the day on which it is switched off."""
    clock, off = lived.clock, lived.switches.capital_off_from
    total = platform_of(lived.spec).capital * 1e6 * _scale(lived) * lived.spec.months / 36
    out = np.zeros(clock.months)
    for share, part in ROUNDS:
        month = int(share * clock.months)
        if off is None or clock.month_start(month) < off:
            out[month] += round(part * total, -3)
    return out


def revenue_of(lived: Lived) -> Floats:
    """(months,) of all products."""
    total = np.zeros(lived.clock.months)
    for sale in sales_of(lived, amounts_of(lived)):
        total += by_month(lived, sale.firm, sale.at_s, sale.revenue, FOREVER_S).sum(axis=0)
    return total


def cash_of(lived: Lived) -> Floats:
    """(months,) all that comes in less all that goes out."""
    parties = parties_of(lived.spec, lived.firms, lived.clock)
    ledger = ledger_of(lived, parties, amounts_of(lived), FOREVER_S)
    first = np.array([(day - lived.clock.start).days for day in ledger["month"].to_list()])
    month = lived.clock.months_of_days[first]
    amount = ledger["amount_cny"].to_numpy()
    return np.asarray(np.bincount(month, amount, lived.clock.months), dtype=np.float64)


def products_of(lived: Lived, cut_s: int) -> pl.DataFrame:
    """The products and services that were sold by the cut, with the day of the first sale."""
    clock = lived.clock
    rows: list[tuple[str, bool, date]] = []
    for sale in sales_of(lived, amounts_of(lived)):
        service, new = PRODUCTS[sale.product]
        known = sale.at_s[sale.at_s <= cut_s]
        if not len(known):
            continue
        first = clock.start + timedelta(days=int(known.min()) // DAY_S)
        rows.append((sale.product, service, first if new else clock.start - timedelta(days=1_200)))
    schema = {"product": pl.String, "service": pl.Boolean, "first_sale": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def traffic_table(lived: Lived, parties: Parties, cut_s: int) -> pl.DataFrame:
    """Visits, leads (inquiries), orders placed and spend, by firm, month and channel."""
    orders, spec, months = lived.course.orders, lived.spec, lived.clock.months
    ones = np.ones(len(orders.key))
    starts = [lived.clock.month_start(month) for month in range(months)]
    firm, month = (place.ravel() for place in np.indices((spec.firms, months)))
    cells = np.arange(len(firm), dtype=np.int64)
    pieces = []
    for place, name in enumerate((ORGANIC, *CHANNELS)):
        mine = orders.source == place
        asked = np.where(mine, orders.arrive_s, -1)
        won = np.where(mine, orders.placed_s, -1)
        leads = by_month(lived, orders.firm, asked, ones, cut_s).ravel()
        placed = by_month(lived, orders.firm, won, ones, cut_s).ravel()
        spend = np.zeros(len(firm)) if not place else lived.traffic.spend_cny[place - 1].ravel()
        draw = uniforms(stream(spec.seed, "visits"), cells, place)
        visits = np.round(leads * VISITS_PER_LEAD * (0.7 + 0.6 * draw) + spend / 25)
        some = np.flatnonzero(visits > 0)
        pieces.append(
            pl.DataFrame(
                {
                    "party": [parties.member(f) for f in firm[some].tolist()],
                    "month": [starts[m] for m in month[some].tolist()],
                    "channel": pl.Series([name] * len(some), dtype=pl.String),
                    "visits": visits[some].astype(np.int64),
                    "leads": leads[some].astype(np.int64),
                    "orders": placed[some].astype(np.int64),
                    "spend_cny": spend[some],
                },
                schema_overrides={"party": pl.String, "month": pl.Date},
            )
        )
    return pl.concat(pieces).sort("month", "party", "channel")


def pauses_table(lived: Lived, parties: Parties, cut_s: int) -> pl.DataFrame:
    """Party, month and channel where paid traffic was paused by lot, in months begun by the cut;
    pauses of subsidy stand under the channel ``subsidy``."""
    clock, names = lived.clock, [*CHANNELS, "subsidy"]
    begun = clock.first_days[:-1] * DAY_S <= cut_s
    paused = np.concatenate((lived.traffic.paused, lived.dials.subsidy_paused[None]))
    channel, firm, month = np.nonzero(paused & begun)
    table = pl.DataFrame(
        {
            "party": [parties.member(f) for f in firm.tolist()],
            "month": [clock.month_start(m) for m in month.tolist()],
            "channel": [names[c] for c in channel.tolist()],
        },
        schema={"party": pl.String, "month": pl.Date, "channel": pl.String},
    )
    return table.sort("month", "party", "channel")
