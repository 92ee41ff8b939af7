"""Does ``sustain`` find what worlds really lose, hold and create: lived again without the buying.

A world's ledger, traffic, products, roll-outs and pauses become accounts directly, without writing
an event log and reading it back. Truth: the same world without channels and subsidy, or without
interventions, from the same chances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from thalweg.change.blas import one_blas_thread
from thalweg.economy.accounts.panel import panel_from
from thalweg.economy.accounts.read import accounts_from
from thalweg.economy.appraise import Appraisal, appraise, silent
from thalweg.economy.frame import Accounts, Floats, GrowthPanel
from thalweg.economy.request import after, request_of
from thalweg.economy.sustain import respond, within
from thalweg.industry.world.chance import DAY_S
from thalweg.industry.world.life import Lived, live
from thalweg.industry.world.mechanisms import INTERVENTION_TABLE, PRODUCTS, rolled_out
from thalweg.industry.world.money import (
    FOREVER_S,
    amounts_of,
    ledger_of,
    pauses_table,
    products_of,
    traffic_table,
)
from thalweg.industry.world.parties import parties_of
from thalweg.industry.world.run import cut_of
from thalweg.industry.world.spec import Archetype, Switches, WorldSpec
from thalweg.industry.world.truth import off_from_of
from thalweg.industry.world.writing import _interventions

KINDS: dict[str, tuple[Archetype, float]] = {
    "traffic_war": ("traffic_war", 1.0),
    "transition": ("transition", 1.0),
    "revolution": ("revolution", 1.0),
    "revolution, effects × 2.5": ("revolution", 2.5),
    "shelf_technology": ("shelf_technology", 1.0),
    "quiet_trade": ("quiet_trade", 1.0),
}
"""Line of the table → archetype and scale of effects. The larger ones break even in the record."""
STANDARD = {
    "cost_of_service": "cost_of_sales",
    "traffic_spend": "marketing",
    "staff": "operations",
    "capital_raised": "capital_in",
}
FIRMS, ORDERS = 30, 15.0
DRAWS = 100
CONFIDENCE = 0.95
PART = 10
"""One of so many runs is made for each line: a line lives three worlds and fits two responses."""
HORIZONS = (3, 6, 12)


def accounts_of(
    lived: Lived, last: date | None = None, paid_out: tuple[date, float] | None = None
) -> tuple[Accounts, GrowthPanel | None]:
    """A world's money as ``sustain`` reads it from a book.

    last: as if the record ended there. paid_out: from when on owners take out how much a month.
    """
    spec, clock = lived.spec, lived.clock
    cut_s = int(cut_of(spec).timestamp()) - clock.epoch_s
    parties, amount = parties_of(spec, lived.firms, clock), amounts_of(lived)
    traffic = traffic_table(lived, parties, cut_s)
    ledger = ledger_of(lived, parties, amount, cut_s).rename({"amount_cny": "amount"})
    if paid_out is not None:
        months = [clock.month_start(at) for at in range(clock.months)]
        rows = [
            {"month": month, "account": "capital_out", "amount": -paid_out[1]}
            for month in months
            if month >= paid_out[0]
        ]
        ledger = pl.concat([ledger, pl.DataFrame(rows)], how="diagonal")
    products = products_of(lived, cut_s)
    brought = {name: by for name, (_, by) in PRODUCTS.items() if by in INTERVENTION_TABLE}
    by = pl.col("product").replace_strict(brought, default=None, return_dtype=pl.String)
    tables = {
        "ledger": ledger.with_columns(pl.col("account").replace(STANDARD)),
        "traffic": traffic.rename({"spend_cny": "spend"}),
        "products": products.with_columns(intervention=by),
        "pauses": pauses_table(lived, parties, cut_s).with_columns(assignment=pl.lit("randomised")),
    }
    known = parties.table.rename({"party": "id"}).with_columns(
        name=pl.col("id"), eligible=pl.col("role") == "member"
    )
    names = {"intervention": "id", "from": "from_day", "to": "to_day"}
    rolled = _numbered(_interventions(lived, parties).rename(names))
    accounts = accounts_from(
        {name: _numbered(table) for name, table in tables.items()}, parties=known
    )
    accounts = within(accounts, None, last)
    return accounts, panel_from(accounts, rolled, known, _values(lived, amount))


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_row_index("@row", offset=1).with_columns(pl.col("@row").cast(pl.Int64))


def _values(lived: Lived, amount: Floats) -> pl.DataFrame:
    """party, month, value of the orders placed, by the month in which they were."""
    orders, clock = lived.course.orders, lived.clock
    parties = parties_of(lived.spec, lived.firms, clock)
    placed = np.flatnonzero(orders.placed_s >= 0)
    month = clock.months_of_days[orders.placed_s[placed] // DAY_S]
    table = pl.DataFrame(
        {
            "party": [parties.member(firm) for firm in orders.firm[placed].tolist()],
            "month": [clock.month_start(at) for at in month.tolist()],
            "value": amount[placed],
        }
    )
    return table.group_by("party", "month").agg(pl.col("value").sum()).sort("party", "month")


def flows_of(lived: Lived) -> dict[str, Floats]:
    """account → (months,) as it truly was."""
    parties = parties_of(lived.spec, lived.firms, lived.clock)
    ledger = ledger_of(lived, parties, amounts_of(lived), FOREVER_S)
    starts = [lived.clock.month_start(month) for month in range(lived.clock.months)]
    place = {day: at for at, day in enumerate(starts)}
    out: dict[str, Floats] = {}
    for account, day, amount in ledger.select("account", "month", "amount_cny").iter_rows():
        name = STANDARD.get(account, account)
        out.setdefault(name, np.zeros(len(starts)))[place[day]] += amount
    return out


@dataclass(frozen=True, slots=True)
class Held:
    """One figure of one world: what was true, the interval, and the middle of it."""

    truth: float
    low: float
    high: float
    value: float

    @property
    def inside(self) -> bool:
        return self.low <= self.truth <= self.high


@dataclass(slots=True)
class Told:
    """What was told of a world by figure; known: how what is bought is known."""

    known: str
    reasons: tuple[str, ...]
    figures: dict[str, Held] = field(default_factory=dict)

    def add(self, name: str, truth: float, draws: Floats) -> None:
        """NaN stands for "not within the record", which comes after every month of it."""
        tail = (1 - CONFIDENCE) / 2
        late = np.where(np.isnan(draws), np.inf, draws)
        low, middle, high = np.quantile(late, [tail, 0.5, 1 - tail], method="inverted_cdf")
        real = np.inf if np.isnan(truth) else truth
        slack = 1e-9 * max(1.0, abs(real)) if np.isfinite(real) else 0.0
        self.figures[name] = Held(
            float(real), float(low) - slack, float(high) + slack, float(middle)
        )


def told_of(spec: WorldSpec) -> Told:
    """One world told and compared with the truth."""
    off = off_from_of(spec)
    lived = live(spec)
    stopped = live(spec, Switches(channels_off_from=off, subsidy_off_from=off))
    plain = live(spec, Switches(off=frozenset(rolled_out(spec)) - {"live_selling"}))
    truth, without, bare = flows_of(lived), flows_of(stopped), flows_of(plain)
    at = next(t for t in range(spec.months) if lived.clock.month_start(t) == off)
    balance = _balance(truth, without, at)
    payout = _payout(balance, truth, at)
    balance = balance - payout * np.arange(1, len(balance) + 1)
    accounts, panel = accounts_of(lived, paid_out=(off, payout))
    found = _told(accounts, panel, off)
    out = Told(found.facts["known"], tuple(found.facts["reasons"]))
    if f"lost_{HORIZONS[0]}m" not in found.draws:
        return out
    share = 1 - without["revenue"] / truth["revenue"]
    for horizon in HORIZONS:
        out.add(f"lost_{horizon}m", share[at + horizon - 1], found.draws[f"lost_{horizon}m"])
    _cash(out, found, balance)
    _created(out, found, truth, bare, len(accounts.months))
    accounts, panel = accounts_of(lived, after(off, -1))
    ahead = _told(accounts, panel, None)
    if "kept_12m_ahead" in ahead.draws:
        out.add("lost_12m_ahead", share[at + 11], 1 - ahead.draws["kept_12m_ahead"])
    return out


def _told(accounts: Accounts, panel: GrowthPanel | None, off: date | None) -> Appraisal:
    with one_blas_thread():
        response = respond(panel, draws=DRAWS, seed=1, threads=1)
        return appraise(
            accounts, panel, response, request_of(draws=DRAWS, seed=1, off_from=off), silent
        )


def _balance(truth: dict[str, Floats], without: dict[str, Floats], at: int) -> Floats:
    """(months from ``at`` on,) cash without traffic, subsidy and new capital."""
    before = sum(flow[:at].sum() for flow in truth.values())
    later = sum(flow[at:] for name, flow in without.items() if name != "capital_in")
    return np.asarray(before + np.cumsum(later))


def _payout(balance: Floats, truth: dict[str, Floats], at: int) -> float:
    """What owners take out a month, such that cash would truly end after 60 % of the rest."""
    start = float(sum(flow[:at].sum() for flow in truth.values()))
    middle = round(0.6 * len(balance))
    there = float(balance[middle - 1])
    return round(1.03 * max(there, 0.0) / middle, 2) if start > 0 else 0.0


def _cash(out: Told, found: Appraisal, balance: Floats) -> None:
    """When cash ends without traffic, subsidy and capital, and what is left in the last month."""
    if "past_cash_last" not in found.draws:
        return
    below = np.flatnonzero(balance < 0)
    end = float(below[0] + 1) if len(below) else np.nan
    out.add("cash_ends", end, found.draws["past_cash_ends_months"])
    out.add("cash_last", float(balance[-1]), found.draws["past_cash_last"])


def _created(
    out: Told, found: Appraisal, truth: dict[str, Floats], bare: dict[str, Floats], months: int
) -> None:
    """Gross profit that interventions brought, against all that was spent; when it outweighs it."""
    made = truth["revenue"] + truth["cost_of_sales"] - bare["revenue"] - bare["cost_of_sales"]
    none = np.zeros(months)
    names = ("marketing", "subsidy", "research", "rollout")
    spent = np.asarray(-sum(truth.get(name, none) for name in names))
    if spent.sum() > 0 and "self_financing" in found.draws:
        out.add("self_financing", float(made.sum() / spent.sum()), found.draws["self_financing"])
    gap = np.cumsum(made) - np.cumsum(spent)
    below = np.flatnonzero(gap < 0)
    since = float(below[-1] + 1) if len(below) else 0.0
    place = since if since < months else np.nan
    draws = found.draws["cumulative_break_even"]
    out.add("break_even", place, np.where(draws < months, draws, np.nan))


def worlds(kind: str, runs: int, seed: int) -> list[WorldSpec]:
    archetype, scale = KINDS[kind]
    seeds = np.random.SeedSequence([seed, 51, len(archetype)]).generate_state(runs)
    return [
        WorldSpec(
            archetype=archetype,
            firms=FIRMS,
            orders_per_firm_month=ORDERS,
            seed=int(own),
            effect_scale=scale,
        )
        for own in seeds
    ]


@cache
def study(kind: str, runs: int, seed: int) -> tuple[Told, ...]:
    return tuple(told_of(spec) for spec in worlds(kind, runs, seed))


FIGURES = {
    "lost_3m": "revenue lost after 3 months",
    "lost_6m": "after 6 months",
    "lost_12m": "after 12 months",
    "lost_12m_ahead": "after 12 months, told beforehand",
    "cash_last": "cash left without traffic and capital",
    "cash_ends": "month in which it ends",
    "self_financing": "self-financing ratio",
    "break_even": "cumulative break-even",
}


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    part = max(runs // PART, 4)
    yield f"## Sustain on whole worlds: nominal 95% intervals, {part} worlds a kind\n"
    yield (
        f"Worlds of {FIRMS} firms and 36 months as they are made (paid traffic paused by lot in 6 % "
        "of firm-months). Paid traffic and subsidy, and with them outside capital, end after 60 % of "
        "the months; truth: the same world lived without them, or without interventions. Told "
        "beforehand: from the record up to that day alone. A month beyond the record counts as "
        "later than all its months. Off by: mean of the middle less the truth, where both are "
        "figures. From then on owners take out so much a month that cash truly lasts for 60 % of the rest. "
        "What live selling brings, it brings through the spend of its channel: it stays in both "
        "worlds of what was created.\n"
    )
    yield "| kind | figure | told | mean truth | off by | sd | held |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    everything: dict[str, list[Held]] = {}
    for kind in KINDS:
        done = study(kind, part, seed)
        for name, text in FIGURES.items():
            held = [one.figures[name] for one in done if name in one.figures]
            everything.setdefault(name, []).extend(held)
            yield f"| {kind} | {text} | {len(held)} of {len(done)} | {_line(held)} |"
    for name, text in FIGURES.items():
        held = everything[name]
        yield f"| all | {text} | {len(held)} of {part * len(KINDS)} | {_line(held)} |"
    yield ""
    kinds = {kind: [one.known for one in study(kind, part, seed)] for kind in KINDS}
    words = [
        f"{kind}: " + ", ".join(f"{known} {all_.count(known)}" for known in sorted(set(all_)))
        for kind, all_ in kinds.items()
    ]
    yield f"How what is bought is known: {'; '.join(words)}."


def _line(held: Sequence[Held]) -> str:
    if not held:
        return "– | – | – | –"
    both = [one for one in held if np.isfinite(one.truth) and np.isfinite(one.value)]
    off = [one.value - one.truth for one in both]
    share = np.mean([one.inside for one in held])
    if not both:
        return f"beyond | – | – | {share:.2f}"
    truth = np.mean([one.truth for one in both])
    large = abs(truth) >= 1_000
    shown = [f"{truth:,.0f}" if large else f"{truth:.3f}"]
    shown += [f"{np.mean(off):+,.0f}" if large else f"{np.mean(off):+.3f}"]
    shown += [f"{np.std(off):,.0f}" if large else f"{np.std(off):.3f}", f"{share:.2f}"]
    return " | ".join(shown)
