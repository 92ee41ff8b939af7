"""What each intervention does, and what kind of platform each archetype is: stated, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from thalweg.industry.world.spec import Archetype, WorldSpec

Kind = Literal["technology", "model", "application"]
Assignment = Literal["randomised", "planned", "chosen", "volunteered"]

DIALS = (
    "demand",
    "live_leads",
    "won",
    "search_work",
    "search_again",
    "decide",
    "draft_work",
    "amend_again",
    "sign",
    "roll_work",
    "receive_work",
    "receipt",
    "slit_work",
    "slit_again",
    "inspect_work",
    "pool",
    "road",
    "settle",
    "invoice_work",
    "pay",
    "loan",
)
"""What can be turned, per firm and day. Times, shares of loops and demand: added to the logarithm.
``won``: to the log odds. ``live_leads``, ``pool`` and ``loan``: a share, added."""
DIAL = {name: place for place, name in enumerate(DIALS)}

LAYERS: dict[str, str] = {
    "receive_inquiry": "lead",
    "search_supply": "match",
    "send_quotation": "match",
    "place_order": "match",
    "close_inquiry": "match",
    "cancel_order": "contract",
    "draft_contract": "contract",
    "amend_contract": "contract",
    "sign_contract": "contract",
    "roll_coils": "production",
    "receive_coils": "warehousing",
    "issue_receipt": "warehousing",
    "slit_coils": "processing",
    "inspect_quality": "quality",
    "load_goods": "logistics",
    "deliver_goods": "logistics",
    "settle_receipt": "settlement",
    "issue_invoice": "settlement",
    "dispute_invoice": "settlement",
    "apply_loan": "finance",
    "grant_loan": "finance",
    "send_reminder": "finance",
    "receive_payment": "finance",
    "repay_loan": "finance",
}
"""Activity → layer of the chain. ``repay_loan`` concerns the loan, not the order."""
FAILED_ENDS = ("close_inquiry", "cancel_order")

FAMILIES: dict[str, tuple[str, ...]] = {
    "trade": ("search_work", "decide", "draft_work", "sign"),
    "yard": ("receive_work", "receipt"),
    "shop": ("slit_work", "inspect_work"),
    "road": ("road",),
    "office": ("settle", "invoice_work"),
    "money": ("pay",),
}
"""Dials that share a firm's own level and its monthly shocks."""
FAMILY_LAYERS: dict[str, tuple[str, ...]] = {
    "trade": ("match", "contract"),
    "yard": ("warehousing",),
    "shop": ("processing", "quality"),
    "road": ("logistics",),
    "office": ("settlement",),
    "money": ("finance",),
}
"""Where each family's times are spent."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """A row of the table.

    effects     dial → what is added to it at full dose.
    ramp_days   from the first day of use to full dose.
    by_size     the dose is times 1 + by_size · log(size of the firm).
    doses       intensity differs between firms (0.6 to 1.0) and multiplies the dose.
    pilots      so many firms only. at_once: all firms on one day. fades: some firms stop.
    """

    kind: Kind
    layers: tuple[str, ...]
    effects: dict[str, float]
    ramp_days: int
    assignment: Assignment
    reason: str
    research_cny: float
    rollout_cny: float
    by_size: float = 0.0
    doses: bool = False
    pilots: int = 0
    at_once: bool = False
    fades: bool = False


INTERVENTION_TABLE: dict[str, Intervention] = {
    "e_receipts": Intervention(
        "technology",
        ("warehousing", "settlement"),
        {"receipt": -0.70, "settle": -0.45},
        30,
        "planned",
        "region_first",
        500_000,
        14_000,
    ),
    "slitting": Intervention(
        "technology",
        ("processing", "quality"),
        {"slit_work": -0.25, "slit_again": -0.50},
        30,
        "randomised",
        "drawn_by_lot",
        700_000,
        30_000,
        by_size=0.15,
        doses=True,
    ),
    "matching": Intervention(
        "technology",
        ("match",),
        {"search_work": -0.45, "search_again": -0.50, "won": 0.20},
        60,
        "planned",
        "largest_first",
        800_000,
        10_000,
    ),
    "supply_finance": Intervention(
        "model",
        ("settlement", "finance"),
        {"loan": 0.40, "demand": 0.06},
        60,
        "volunteered",
        "asked_for_it",
        250_000,
        9_000,
    ),
    "pooled_dispatch": Intervention(
        "model",
        ("logistics",),
        {"pool": 0.60, "road": -0.10},
        30,
        "chosen",
        "carrier_ready",
        300_000,
        12_000,
        doses=True,
    ),
    "live_selling": Intervention(
        "application",
        ("lead",),
        {"live_leads": 0.18},
        0,
        "volunteered",
        "wanted_leads",
        150_000,
        6_000,
        fades=True,
    ),
    "e_signing": Intervention(
        "application",
        ("contract",),
        {"sign": -0.60, "amend_again": -0.20},
        0,
        "planned",
        "all_at_once",
        250_000,
        1_000,
        at_once=True,
    ),
    "ai_inspection": Intervention(
        "technology",
        ("quality",),
        {"inspect_work": -0.50},
        30,
        "chosen",
        "pilot_site",
        900_000,
        120_000,
        pilots=2,
    ),
}


@dataclass(frozen=True, slots=True)
class Platform:
    """A row of the archetypes.

    scale       of the effects of interventions. treated_share: of firms, unless the spec says.
    only        interventions rolled out, unless the spec says; () is all.
    traffic     spend on channels beside a plain platform's, for a reach of so many times the leads;
                subsidy: share of the order's value.
    capital     outside capital raised in all, millions of CNY per 40 firms of mean size and 36
                months; growth: of the market and the firms, per month, on the logarithm.
    research    multiplies research costs. new_products: cut-to-size goods are launched.
    drift       sd of the firms' own trends of working times, a month, on the logarithm.
    improving   treated firms improve by so much a month in the nine months before they begin.
    early_days  firms act so many days before the recorded date.
    spill       share of the dose that reaches firms at the same service centre and warehouse.
    """

    scale: float = 1.0
    treated_share: float = 0.75
    only: tuple[str, ...] = ()
    traffic: float = 1.0
    reach: float = 1.0
    subsidy: float = 0.001
    capital: float = 30.0
    growth: float = 0.006
    research: float = 1.0
    new_products: bool = False
    drift: float = 0.0
    improving: float = 0.0
    early_days: int = 0
    spill: float = 0.0


ARCHETYPE_TABLE: dict[Archetype, Platform] = {
    "traffic_war": Platform(
        scale=0.1, traffic=5.0, reach=3.5, subsidy=0.012, capital=70.0, growth=0.002, research=0.6
    ),
    "revolution": Platform(
        scale=1.3, traffic=0.4, subsidy=0.0, capital=15.0, growth=0.008, new_products=True
    ),
    "transition": Platform(
        traffic=5.0, reach=3.0, subsidy=0.011, capital=42.0, growth=0.006, new_products=True
    ),
    "quiet_trade": Platform(
        scale=0.15,
        treated_share=0.5,
        only=("e_receipts", "pooled_dispatch", "e_signing"),
        traffic=0.0,
        subsidy=0.0,
        capital=0.0,
        growth=0.003,
    ),
    "shelf_technology": Platform(treated_share=0.12, traffic=1.5, research=6.0, capital=40.0),
    "placebo": Platform(scale=0.0),
    "confounded": Platform(drift=0.010),
    "pre_trend": Platform(improving=0.018),
    "anticipation": Platform(early_days=61),
    "spill_over": Platform(spill=0.30, treated_share=0.5),
}


def platform_of(spec: WorldSpec) -> Platform:
    return ARCHETYPE_TABLE[spec.archetype]


def rolled_out(spec: WorldSpec) -> tuple[str, ...]:
    """The interventions of a world, in the order of the table."""
    chosen = spec.interventions
    if chosen is None:
        chosen = platform_of(spec).only or tuple(INTERVENTION_TABLE)
    return tuple(name for name in INTERVENTION_TABLE if name in chosen)


CHANNELS: dict[str, tuple[float, float, float, float]] = {
    "search_ads": (0.35, 0.20, 1.0, 0.75),
    "field_sales": (0.75, 0.15, 1.3, 1.00),
    "live_streams": (0.30, 0.25, 1.0, 0.55),
}
"""Paid channel → share of last month's pull that carries over; most leads it can bring, as a share
of a firm's own; power of the Hill curve; chance of winning its leads, beside the others'."""
ORGANIC = "organic"
SOURCES = (ORGANIC, *CHANNELS)
SPEND_CNY_PER_LEAD = 220.0
"""A firm's plain monthly spend on a channel is this times its own inquiries in a month times the
channel's share; the Hill curve is half full at three times as much."""
SUBSIDY_PULL = 30.0
"""Log demand per unit of subsidy (share of the order's value)."""

PRODUCTS: dict[str, tuple[bool, str | None]] = {
    "brokerage": (True, None),
    "slitting_service": (True, None),
    "freight_service": (True, None),
    "receipt_service": (True, "e_receipts"),
    "match_service": (True, "matching"),
    "finance_service": (True, "supply_finance"),
    "cut_to_size": (False, "launch"),
}
"""Product → whether it is a service, and the intervention that brings it (None: sold before)."""
