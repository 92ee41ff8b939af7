"""Which world, and what is switched off in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from thalweg.errors import RequestError

Archetype = Literal[
    "traffic_war",
    "revolution",
    "transition",
    "quiet_trade",
    "shelf_technology",
    "placebo",
    "confounded",
    "pre_trend",
    "anticipation",
    "spill_over",
]
ARCHETYPES: tuple[Archetype, ...] = get_args(Archetype)

INTERVENTIONS = (
    "e_receipts",
    "slitting",
    "matching",
    "supply_finance",
    "pooled_dispatch",
    "live_selling",
    "e_signing",
    "ai_inspection",
)
"""Keys of all that the platform can roll out; ``mechanisms`` says what each does."""

FEWEST_FIRMS, MOST_FIRMS = 8, 500
FEWEST_MONTHS, MOST_MONTHS = 12, 96
FIRST_START, LAST_START = date(2018, 1, 1), date(2026, 1, 1)
"""Starts for which the public holidays are known until the last order is paid."""


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """A world, in full: the same spec gives the same bytes.

    archetype              what kind of platform it is (``mechanisms.ARCHETYPE_TABLE``).
    firms                  member trading firms, the units of roll-outs, 8 to 500.
    months                 local months observed, 12 to 96, from ``start`` (a first of month).
    orders_per_firm_month  mean number of order files opened (inquiries received) by a firm of mean
                           size in a month, before growth.
    seed                   of all chance.
    interventions          those that are rolled out; None: those of the archetype.
    effect_scale           multiplies every effect (on the logarithm); 0 makes a placebo of any
                           world. The archetype has a factor of its own beside it.
    treated_share          share of the firms that get each staggered intervention within the
                           months; None: 0.75, or as the archetype has it.
    noise                  multiplies the firm-by-month shocks.
    mid_month              roll-outs begin inside months instead of on the first day.
    pauses                 share of firm-months and channels in which paid traffic pauses by lot.
    subsidy_pauses         share of firm-months in which subsidy pauses, by a lot of its own.
    spend_follows          elasticity of traffic budgets to a firm's own demand, seasons and market
                           apart; 0: budgets know nothing of demand.
    spend_follows_months   months after which they follow: 0 this month's demand, 1 last month's.
    """

    archetype: Archetype = "revolution"
    firms: int = 40
    months: int = 36
    orders_per_firm_month: float = 20.0
    seed: int = 7
    start: date = date(2022, 1, 1)
    interventions: tuple[str, ...] | None = None
    effect_scale: float = 1.0
    treated_share: float | None = None
    noise: float = 1.0
    mid_month: bool = False
    pauses: float = 0.06
    subsidy_pauses: float = 0.06
    spend_follows: float = 0.0
    spend_follows_months: int = 1

    def __post_init__(self) -> None:
        _within("firms", self.firms, FEWEST_FIRMS, MOST_FIRMS)
        _within("months", self.months, FEWEST_MONTHS, MOST_MONTHS)
        _within("orders_per_firm_month", self.orders_per_firm_month, 1.0, 5_000.0)
        _within("effect_scale", self.effect_scale, -3.0, 3.0)
        _within("noise", self.noise, 0.0, 5.0)
        _within("pauses", self.pauses, 0.0, 0.9)
        _within("subsidy_pauses", self.subsidy_pauses, 0.0, 0.9)
        _within("spend_follows", self.spend_follows, -5.0, 5.0)
        _within("spend_follows_months", self.spend_follows_months, 0, 6)
        if self.treated_share is not None:
            _within("treated_share", self.treated_share, 0.0, 1.0)
        _within("seed", self.seed, 0, 2**63 - 1)
        _one_of("archetype", self.archetype, ARCHETYPES)
        for name in self.interventions or ():
            _one_of("interventions", name, INTERVENTIONS)
        if self.start.day != 1 or not FIRST_START <= self.start <= LAST_START:
            raise RequestError(
                f"A world cannot start on {self.start}. Give the first day of a month from "
                f"{FIRST_START} to {LAST_START}, for which public holidays are known."
            )


@dataclass(frozen=True, slots=True)
class Switches:
    """What is switched off when the world is lived again; all other chance stays as it was.

    off                interventions that never happen.
    channels_off_from  paid traffic ends on this day (carry-over decays after it).
    subsidy_off_from   subsidy ends on this day.
    capital_off_from   no outside capital comes in from this day on.
    """

    off: frozenset[str] = frozenset()
    channels_off_from: date | None = None
    subsidy_off_from: date | None = None
    capital_off_from: date | None = None

    def __post_init__(self) -> None:
        for name in self.off:
            _one_of("off", name, INTERVENTIONS)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise RequestError(f"{name} is {value:g}. A world needs {name} from {low:g} to {high:g}.")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise RequestError(f"{name}: there is no {value!r}. Known: {', '.join(known)}.")
