"""Records of a lived world: events, links, objects and their relations, parties, interventions.

Everything ``until`` an instant: an event that ends later is not known, nor is what only it told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.industry.world.chance import Floats, Ints
from thalweg.industry.world.course import ACTIVITIES, CODE, MOST_SERVERS, Course
from thalweg.industry.world.firms import GRADES
from thalweg.industry.world.life import Lived
from thalweg.industry.world.mechanisms import INTERVENTION_TABLE, SOURCES
from thalweg.industry.world.money import (
    FOREVER_S,
    amounts_of,
    ledger_of,
    pauses_table,
    products_of,
    rollout_cost,
    traffic_table,
)
from thalweg.industry.world.parties import Parties, parties_of
from thalweg.industry.world.plant import POOL_NAMES
from thalweg.industry.world.records import OBJECT_TYPES, Records
from thalweg.industry.world.rollout import NEVER_DAY

SECOND_NS = 1_000_000_000
PREFIX = {
    "inquiry": "IQ",
    "order": "SO",
    "contract": "CT",
    "coil": "CL",
    "warehouse_receipt": "WR",
    "job": "JB",
    "shipment": "SH",
    "invoice": "IV",
    "payment": "PM",
    "loan": "LN",
}
_LEAD = ("receive_inquiry", "search_supply", "send_quotation", "close_inquiry", "place_order")
_CONTRACT = ("draft_contract", "amend_contract", "sign_contract", "roll_coils")
_COILS = (
    *("roll_coils", "receive_coils", "issue_receipt", "slit_coils", "inspect_quality"),
    *("load_goods", "deliver_goods"),
)
TOUCHES: dict[str, tuple[str, ...]] = {
    "inquiry": _LEAD,
    "order": tuple(name for name in ACTIVITIES if name != "repay_loan"),
    "contract": _CONTRACT,
    "coil": _COILS,
    "warehouse_receipt": ("issue_receipt", "slit_coils", "settle_receipt", "apply_loan"),
    "job": ("slit_coils", "inspect_quality"),
    "shipment": ("load_goods", "deliver_goods"),
    "invoice": ("issue_invoice", "dispute_invoice", "send_reminder", "receive_payment"),
    "payment": ("receive_payment",),
    "loan": ("apply_loan", "grant_loan", "repay_loan"),
}
"""Object type → the activities whose events are about such an object."""
_PAID = ("place_order", "sign_contract", "issue_invoice", "receive_payment", "grant_loan")
AMOUNTED = (*_PAID, "repay_loan")
_BY_FIRM = (
    *("receive_inquiry", "send_quotation", "close_inquiry", "draft_contract", "amend_contract"),
    *("settle_receipt", "issue_invoice", "apply_loan", "send_reminder", "receive_payment"),
    "repay_loan",
)
PERFORMER: dict[str, str] = {
    **dict.fromkeys(_BY_FIRM, "member"),
    "search_supply": "platform",
    **dict.fromkeys(("place_order", "cancel_order", "sign_contract", "dispute_invoice"), "buyer"),
    "roll_coils": "mill",
    **dict.fromkeys(("receive_coils", "issue_receipt"), "warehouse"),
    **dict.fromkeys(("slit_coils", "inspect_quality", "load_goods"), "service_centre"),
    "deliver_goods": "carrier",
    "grant_loan": "bank",
}
LOAN_PART = 0.8
"""Of the invoice that a loan advances."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a course that are known, in order of their events.

    row: place in the course; event: (rows,) number of its event; first: (events,) its first row.
    """

    row: NDArray[np.int64]
    event: Ints
    first: Ints


def records_of(lived: Lived, until: datetime | None) -> Records:
    """Write down what is known ``until`` an instant (None: everything)."""
    clock = lived.clock
    cut_s = FOREVER_S if until is None else int(until.timestamp()) - clock.epoch_s
    parties = parties_of(lived.spec, lived.firms, clock)
    rows = _rows(lived.course, cut_s)
    amount = amounts_of(lived)
    ids = {kind: _ids(kind, lived) for kind in OBJECT_TYPES if kind != "coil"}
    return Records(
        spec=lived.spec,
        switches=lived.switches,
        observed_until=until,
        events=_events(lived, rows, parties, amount),
        links=_links(lived.course, rows, ids),
        objects=_objects(lived, cut_s, ids, parties, amount),
        object_links=_object_links(lived, cut_s, ids),
        parties=parties.table,
        interventions=_interventions(lived, parties),
        products=products_of(lived, cut_s),
        ledger=ledger_of(lived, parties, amount, cut_s),
        traffic=traffic_table(lived, parties, cut_s),
        pauses=pauses_table(lived, parties, cut_s),
    )


def _rows(course: Course, cut_s: int) -> Rows:
    """Number the events in order of end, start, activity and order."""
    known = np.flatnonzero(course.end_s <= cut_s)
    order = np.lexsort(
        (
            course.order[known],
            course.shared[known],
            course.activity[known],
            course.start_s[known],
            course.end_s[known],
        )
    )
    row = known[order]
    shared, activity = course.shared[row], course.activity[row]
    new = np.ones(len(row), np.bool_)
    new[1:] = (shared[1:] < 0) | (shared[1:] != shared[:-1]) | (activity[1:] != activity[:-1])
    return Rows(row, np.cumsum(new) - 1, np.flatnonzero(new))


def _instants(seconds: Ints, lived: Lived) -> pl.Series:
    utc = (seconds + lived.clock.epoch_s) * SECOND_NS
    return pl.Series(utc).cast(pl.Datetime("ns", "UTC"))


def _coded(codes: NDArray[np.integer], names: tuple[str, ...]) -> pl.Series:
    """An Enum of ``names``; negative codes are null."""
    wide = pl.Series(codes.astype(np.int64))
    wide = wide.set(wide < 0, None) if (codes < 0).any() else wide
    return wide.cast(pl.UInt32).cat.to(pl.Enum(names))


def _events(lived: Lived, rows: Rows, parties: Parties, amount: Floats) -> pl.DataFrame:
    course, orders = lived.course, lived.course.orders
    row = rows.row[rows.first]
    activity, order = course.activity[row], course.order[row].astype(np.int64)
    party = np.empty(len(row), np.int64)
    money, tonnes = np.full(len(row), np.nan), np.full(len(row), np.nan)
    weight = np.bincount(rows.event, orders.tonnes[course.order[rows.row]], len(row))
    for name, code in CODE.items():
        at = np.flatnonzero(activity == code)
        party[at] = parties.of(PERFORMER[name], orders, order[at])
        if name in AMOUNTED:
            part = LOAN_PART if name.endswith("loan") else 1.0
            money[at] = np.round(amount[order[at]] * part, 2)
        if name in _COILS:
            tonnes[at] = np.round(weight[at], 2)
    resources, codes = _resources(course.resource[row], lived.firms.count)
    return pl.DataFrame(
        {
            "event": np.arange(len(row), dtype=np.int64),
            "activity": _coded(activity, ACTIVITIES),
            "start": _instants(course.start_s[row], lived),
            "end": _instants(course.end_s[row], lived),
            "resource": _coded(codes, resources),
            "party": _coded(party, parties.ids),
            "amount_cny": pl.Series(money, nan_to_null=True),
            "tonnes": pl.Series(tonnes, nan_to_null=True),
        }
    )


def _resources(codes: NDArray[np.int32], firms: int) -> tuple[tuple[str, ...], Ints]:
    """Keys such as ``line-F012-1`` of the resources that occur, and each row's place among them."""
    known, place = np.unique(codes, return_inverse=True)
    names = []
    for code in known[known >= 0].tolist():
        where, server = divmod(code, MOST_SERVERS)
        pool, firm = divmod(where, firms)
        names.append(f"{POOL_NAMES[pool]}-F{firm + 1:03d}-{server + 1}")
    nobody = int((known < 0).sum())
    return tuple(names), np.asarray(place, dtype=np.int64) - nobody


def _ids(kind: str, lived: Lived) -> pl.Series:
    """(orders,) the id of the object of this kind that an order may have."""
    orders = lived.course.orders
    key = orders.shipment if kind == "shipment" else orders.key
    numbers = pl.Series(key + 1).cast(pl.String).str.zfill(7)
    return pl.Series(kind, PREFIX[kind] + numbers)


def _links(course: Course, rows: Rows, ids: dict[str, pl.Series]) -> pl.DataFrame:
    activity, order = course.activity[rows.row], course.order[rows.row].astype(np.int64)
    pieces = []
    for place, kind in enumerate(OBJECT_TYPES):
        wanted = np.zeros(len(ACTIVITIES), np.bool_)
        wanted[[CODE[name] for name in TOUCHES[kind]]] = True
        at = np.flatnonzero(wanted[activity])
        if kind == "shipment":
            at = at[np.isin(at, rows.first)]
        event, whose = rows.event[at], order[at]
        if kind == "coil":
            which, number = _each_coil(course, whose)
            event, objects = event[which], _coil_ids(course, whose[which], number)
        else:
            objects = ids[kind].gather(pl.Series(whose))
        types = _coded(np.full(len(event), place), OBJECT_TYPES)
        pieces.append(pl.DataFrame({"event": event, "type": types, "object": objects}))
    return pl.concat(pieces).sort("event", "type", maintain_order=True)


def _each_coil(course: Course, order: Ints) -> tuple[Ints, Ints]:
    """For a list of orders: the place in the list and the number (1..) of each of their coils."""
    coils = course.orders.coils[order]
    which = np.repeat(np.arange(len(order), dtype=np.int64), coils)
    number = np.arange(len(which)) - np.repeat(np.cumsum(coils) - coils, coils) + 1
    return which, number


def _coil_ids(course: Course, order: Ints, number: Ints) -> pl.Series:
    known = pl.Series(course.orders.key + 1).cast(pl.String).str.zfill(7)
    ending = pl.Series([f"-{place}" for place in range(int(number.max(initial=0)) + 1)])
    return PREFIX["coil"] + known.gather(pl.Series(order)) + ending.gather(pl.Series(number))


def _first_seen(lived: Lived) -> dict[str, Ints]:
    """Type → (orders,) local second from which an order has such an object, or -1."""
    course, orders = lived.course, lived.course.orders
    n = len(orders.key)

    def ended(*names: str) -> Ints:
        """When the first event of these activities ended."""
        at = np.isin(course.activity, [CODE[name] for name in names])
        first = np.full(n, FOREVER_S, np.int64)
        np.minimum.at(first, course.order[at], course.end_s[at])
        return np.where(first == FOREVER_S, -1, first)

    drafted, slit, billed = ended("draft_contract"), ended("slit_coils"), ended("issue_invoice")
    asked = ended("receive_inquiry")
    return {
        "inquiry": asked,
        "order": asked,
        "contract": drafted,
        "coil": ended("roll_coils"),
        "warehouse_receipt": orders.receipt_s,
        "job": slit,
        "shipment": ended("load_goods"),
        "invoice": billed,
        "payment": orders.paid_s,
        "loan": ended("apply_loan"),
    }


def _objects(
    lived: Lived, cut_s: int, ids: dict[str, pl.Series], parties: Parties, amount: Floats
) -> dict[str, pl.DataFrame]:
    """The objects that some known event is about, with what is known of them."""
    orders, seen = lived.course.orders, _first_seen(lived)
    every = np.arange(len(orders.key), dtype=np.int64)
    ordered = (orders.placed_s >= 0) & (orders.placed_s <= cut_s)
    facts: dict[str, pl.Series] = {
        "grade": _coded(orders.grade, GRADES),
        "tonnes": pl.Series(orders.tonnes),
        "coils": pl.Series(orders.coils),
        "amount_cny": pl.Series(np.where(ordered, amount, np.nan), nan_to_null=True),
        "channel": _coded(orders.source, SOURCES),
        "firm": _coded(parties.of("member", orders, every), parties.ids),
    }
    for role in ("buyer", "mill", "warehouse", "service_centre", "carrier", "bank"):
        facts[role] = _coded(parties.of(role, orders, every), parties.ids)
    loaned = pl.Series(np.round(amount * LOAN_PART, 2))
    tables = {}
    for kind, columns in ATTRIBUTES.items():
        at = np.flatnonzero((seen[kind] >= 0) & (seen[kind] <= cut_s))
        named = {"firm": facts["firm"]} | {name: facts[name] for name in columns}
        if kind == "loan":
            named["amount_cny"] = loaned
        if kind == "coil":
            tables[kind] = _coil_table(lived, at, named)
            continue
        if kind == "shipment":
            tables[kind] = _shipment_table(at, ids[kind], named)
            continue
        table = pl.DataFrame({"object": ids[kind], **named})
        tables[kind] = table[at]
    return tables


ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "inquiry": ("channel", "buyer", "grade", "tonnes"),
    "order": (
        *("grade", "tonnes", "coils", "amount_cny", "channel", "buyer", "mill", "warehouse"),
        *("service_centre", "carrier"),
    ),
    "contract": ("buyer", "amount_cny"),
    "coil": ("grade", "tonnes", "mill"),
    "warehouse_receipt": ("warehouse", "tonnes"),
    "job": ("service_centre", "grade", "tonnes"),
    "shipment": ("carrier", "service_centre", "tonnes"),
    "invoice": ("buyer", "amount_cny"),
    "payment": ("buyer", "amount_cny"),
    "loan": ("bank", "amount_cny"),
}


def _coil_table(lived: Lived, at: Ints, named: dict[str, pl.Series]) -> pl.DataFrame:
    """A row a coil: an order's weight is shared evenly."""
    which, number = _each_coil(lived.course, at)
    rows = pl.Series(at[which])
    table = pl.DataFrame({name: values.gather(rows) for name, values in named.items()})
    each = (table["tonnes"] / pl.Series(lived.course.orders.coils[at[which]])).round(3)
    coils = _coil_ids(lived.course, at[which], number)
    return table.with_columns(tonnes=each).insert_column(0, coils.alias("object"))


def _shipment_table(at: Ints, ids: pl.Series, named: dict[str, pl.Series]) -> pl.DataFrame:
    rows = pl.Series(at)
    table = pl.DataFrame({"object": ids, **named})[rows]
    facts = [pl.col(name).first() for name in named if name != "tonnes"]
    weight = pl.col("tonnes").sum().round(2)
    grouped = table.group_by("object", maintain_order=True).agg(*facts, weight)
    return grouped.select("object", *named).sort("object")


RELATIONS: tuple[tuple[str, str, str], ...] = (
    ("inquiry", "order", "asks_for"),
    ("order", "contract", "agreed_in"),
    ("order", "coil", "contains"),
    ("coil", "warehouse_receipt", "stored_under"),
    ("coil", "job", "worked_in"),
    ("order", "shipment", "shipped_in"),
    ("order", "invoice", "billed_by"),
    ("invoice", "payment", "settled_by"),
    ("invoice", "loan", "financed_by"),
)
"""Type, type, qualifier of the relations between objects."""


def _object_links(lived: Lived, cut_s: int, ids: dict[str, pl.Series]) -> pl.DataFrame:
    seen, kinds = _first_seen(lived), OBJECT_TYPES
    pieces = []
    for source, target, qualifier in RELATIONS:
        both = np.minimum(seen[source], seen[target]) >= 0
        both &= np.maximum(seen[source], seen[target]) <= cut_s
        at = np.flatnonzero(both)
        which, number = _each_coil(lived.course, at)
        sides = []
        for kind in (source, target):
            if kind == "coil":
                sides.append(_coil_ids(lived.course, at[which], number))
            else:
                rows = at[which] if "coil" in (source, target) else at
                sides.append(ids[kind].gather(pl.Series(rows)))
        n = len(sides[0])
        pieces.append(
            pl.DataFrame(
                {
                    "source": sides[0],
                    "source_type": _coded(np.full(n, kinds.index(source)), kinds),
                    "target": sides[1],
                    "target_type": _coded(np.full(n, kinds.index(target)), kinds),
                    "qualifier": pl.Series([qualifier], dtype=pl.String).new_from_index(0, n),
                }
            )
        )
    return pl.concat(pieces)


def _interventions(lived: Lived, parties: Parties) -> pl.DataFrame:
    """A row for each firm that each intervention reaches."""
    rows = []
    for name, plan in lived.plans.items():
        if name in lived.switches.off:
            continue
        row = INTERVENTION_TABLE[name]
        for firm in plan.treated[np.argsort(plan.begins[plan.treated], kind="stable")].tolist():
            begins = lived.clock.start + timedelta(days=int(plan.begins[firm]))
            ends = None
            if plan.ends[firm] < NEVER_DAY:
                ends = lived.clock.start + timedelta(days=int(plan.ends[firm]))
            rows.append(
                {
                    "intervention": name,
                    "kind": row.kind,
                    "layers": list(row.layers),
                    "unit": parties.member(firm),
                    "from": begins,
                    "to": ends,
                    "intensity": float(plan.intensity[firm]),
                    "cost_cny": rollout_cost(lived, name, firm),
                    "assignment": plan.assignment,
                    "reason": plan.reason,
                }
            )
    schema: dict[str, pl.DataType] = {
        "intervention": pl.String(),
        "kind": pl.String(),
        "layers": pl.List(pl.String()),
        "unit": pl.String(),
        "from": pl.Date(),
        "to": pl.Date(),
        "intensity": pl.Float64(),
        "cost_cny": pl.Float64(),
        "assignment": pl.String(),
        "reason": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema)
