"""Figures of the money: accounts, metrics, growth, traffic-off, capital-off, break-even."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from thalweg.economy.result import SustainResult
from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.ledger import (
    FLOWS,
    account_ids,
    asked_of,
    checks_of,
    iso,
    ledger,
    missing_of,
)
from thalweg.verdict.figures.metrics import metric_figures
from thalweg.verdict.figures.names import named

if TYPE_CHECKING:
    from thalweg.verdict.parts import Parts

OPENING = {"cumulated_flows": ("cash_from_flows",), "unknown": ("balance_unknown",)}
"""What is assumed by where a balance of cash comes from, where the ledger does not state it."""
MODEL = ("spend_in_the_model", "carry_over_geometric", "base_goes_on")


def money_figures(parts: Parts) -> Iterator[Figure]:
    """What the ledger and the traffic say."""
    found = parts.sustain
    if found is None:
        return
    yield from _accounts(found)
    yield from metric_figures(found)
    yield from _growth(found)
    yield from _channels(found)
    yield from _traffic_off(found)
    yield from _capital_off(found)
    yield from _created(found)
    yield from _break_even(found)


def _accounts(found: SustainResult) -> Iterator[Figure]:
    """Total of each standard account over all months, as counted from the ledger's rows."""
    table = found.accounts_table
    held = table["account"].unique(maintain_order=True).to_list() if len(table) else []
    for account in held:
        if account == "cash":
            continue
        yield Figure(
            named("accounts", account),
            float(table.filter(account=account)["amount"].sum()),
            unit=found.currency.lower(),
            method="summed_ledger",
            assumptions=("accounts_as_mapped",),
            rows=(ledger(found, account),),
            request=asked_of(found),
            name=account,
        )


def _growth(found: SustainResult) -> Iterator[Figure]:
    """Parts of growth; a part that consists of others names them as its inputs."""
    rows = found.decomposition.to_dicts()
    for row in rows:
        whole = row["name"] in (None, "", "all")
        members = tuple(
            _growth_id(one) for one in rows if one["part"] == row["part"] and one is not row
        )
        yield Figure(
            _growth_id(row),
            row["amount"],
            row["low"],
            row["high"],
            unit=found.currency.lower(),
            known=row["known"],
            method="growth_shapley",
            assumptions=MODEL,
            inputs=members if whole and members else account_ids(found, "revenue"),
            rows=(ledger(found, "revenue", "marketing", "subsidy"),),
            request=asked_of(found) | {"share": row["share"]},
            missing=missing_of(found, "decomposition") if row["amount"] is None else (),
            name=None if whole else row["name"],
            **checks_of(found),
        )
    yield from _growth_parts(found, rows)


def _growth_parts(found: SustainResult, rows: list[dict[str, Any]]) -> Iterator[Figure]:
    """Each part as a whole, where it consists of several."""
    parts = found.facts.get("growth", {}).get("parts", {})
    whole = {row["part"] for row in rows if row["name"] in (None, "", "all")}
    for part, amounts in parts.items():
        members = [row for row in rows if row["part"] == part]
        if part in whole or not members:
            continue
        yield Figure(
            named("growth", part),
            amounts["amount"],
            amounts["low"],
            amounts["high"],
            unit=found.currency.lower(),
            known=members[0]["known"],
            method="growth_shapley",
            assumptions=MODEL,
            inputs=tuple(_growth_id(row) for row in members),
            request=asked_of(found),
            **checks_of(found),
        )


def _growth_id(row: dict[str, Any]) -> str:
    whole = row["name"] in (None, "", "all")
    return named("growth", row["part"], "" if whole else row["name"])


def _channels(found: SustainResult) -> Iterator[Figure]:
    for row in found.channels.to_dicts():
        yield Figure(
            named("channel", row["channel"]),
            row["lift_share"],
            row["low"],
            row["high"],
            unit="share",
            known=row["known"],
            method="channel_lift",
            assumptions=MODEL,
            inputs=account_ids(found, "revenue"),
            rows=(Rows("traffic", {"channel": (row["channel"],)}),),
            request=asked_of(found),
            missing=missing_of(found, "channels") if row["lift_share"] is None else (),
            name=row["channel"],
            **checks_of(found, row["channel"]),
        )


def _traffic_off(found: SustainResult) -> Iterator[Figure]:
    channels = tuple(named("channel", name) for name in found.channels["channel"])
    for row in found.traffic_off.to_dicts():
        yield Figure(
            named("traffic_off", row["horizon_months"]),
            row["kept_share"],
            row["low"],
            row["high"],
            unit="share",
            known=row["known"],
            method="traffic_off",
            assumptions=MODEL,
            inputs=(*channels, *account_ids(found, "revenue", "marketing", "subsidy")),
            rows=(ledger(found, "revenue", "subsidy"),),
            request=asked_of(found),
            missing=missing_of(found, "traffic_off") if row["kept_share"] is None else (),
            **checks_of(found),
        )
    if not len(found.traffic_off):
        yield Figure(
            "traffic_off.12",
            None,
            unit="share",
            known="not_identified",
            method="traffic_off",
            assumptions=MODEL,
            request=asked_of(found),
            missing=missing_of(found, "traffic_off") or ("not_identified",),
        )


def _capital_off(found: SustainResult) -> Iterator[Figure]:
    if not len(found.capital):
        yield Figure(
            "runway",
            None,
            unit="months",
            method="runway",
            request=asked_of(found),
            missing=missing_of(found, "capital_off", "runway", "capital") or ("no_cash",),
        )
        return
    row = found.capital.row(0, named=True)
    flows = account_ids(found, *FLOWS, "capital_in", "capital_out", "other")
    cash = (ledger(found),)
    assumed = OPENING.get(str(found.facts.get("opening")), ())
    common: dict[str, Any] = {"rows": cash, "request": asked_of(found)}
    yield Figure(
        "cash",
        row["cash"],
        unit=found.currency.lower(),
        method="cash_at_end",
        assumptions=assumed,
        inputs=flows,
        rows=cash if assumed else (ledger(found, "cash"),),
        request=asked_of(found),
        missing=_none(found, row["cash"], "cash"),
    )
    yield Figure(
        "net_burn_3m",
        row["net_burn_3m"],
        unit=found.currency.lower(),
        method="net_burn",
        inputs=flows,
        **common,
    )
    yield Figure(
        "runway",
        row["runway_months"],
        unit="months",
        method="runway",
        assumptions=assumed,
        inputs=("cash", "net_burn_3m"),
        missing=_none(found, row["runway_months"], "runway", "cash") or _burns(row),
        **common,
    )
    modelled: dict[str, Any] = common | {"known": row["known"], "inputs": ("cash", *flows)}
    yield Figure(
        "capital_off.cash_ends",
        iso(row["cash_ends"]),
        iso(row["low"]),
        iso(row["high"]),
        unit="month",
        method="capital_off",
        assumptions=("base_goes_on", *assumed),
        missing=_never(found, row),
        **modelled,
    )
    least = row["alive_share"] if row["known"] == "bounds" else None
    yield Figure(
        "capital_off.alive",
        row["alive_share"],
        least,
        None if least is None else 1.0,
        unit="share",
        method="default_alive",
        assumptions=("base_goes_on", *assumed),
        missing=_none(found, row["alive_share"], "capital_off", "cash"),
        **modelled,
    )
    yield from _both_off(found, row, modelled, ("base_goes_on", "response_goes_on", *assumed))


def _both_off(
    found: SustainResult, row: dict[str, Any], modelled: dict[str, Any], assumed: tuple[str, ...]
) -> Iterator[Figure]:
    """Without paid traffic, subsidy and new capital together: the headline beside the verdict."""
    known = row["known_traffic_off"]
    further = {"known": known, "inputs": (*modelled["inputs"], "traffic_off.12")}
    why = ("traffic_off", "capital_off", "cash")
    yield Figure(
        "traffic_off.alive",
        row["alive_traffic_off"],
        unit="share",
        method="default_alive",
        assumptions=assumed,
        missing=_none(found, row["alive_traffic_off"], *why),
        **modelled | further,
    )
    ends = row["traffic_off_cash_ends"]
    alive = row["alive_traffic_off"] is not None
    lasts = ("cash_does_not_end",) if alive else _none(found, None, *why)
    yield Figure(
        "traffic_off.cash_ends",
        iso(ends),
        iso(row["traffic_off_low"]),
        iso(row["traffic_off_high"]),
        unit="month",
        method="capital_off",
        assumptions=assumed,
        missing=() if ends is not None else lasts,
        **modelled | further,
    )


def _none(found: SustainResult, value: object, *figures: str) -> tuple[str, ...]:
    """Why a value is not there; nothing where it is."""
    if value is not None:
        return ()
    return missing_of(found, *figures)


def _burns(row: dict[str, Any]) -> tuple[str, ...]:
    """Without a net burn, cash lasts for ever, and no number of months says so."""
    unknown = row["runway_months"] is None
    return ("burns_nothing" if row["net_burn_3m"] is not None else "no_costs",) if unknown else ()


def _never(found: SustainResult, row: dict[str, Any]) -> tuple[str, ...]:
    """Why cash has no end: it does not end within the horizon, or nobody can tell."""
    if row["cash_ends"] is not None:
        return ()
    if row["alive_share"] is not None:
        return ("cash_does_not_end",)
    return missing_of(found, "capital_off", "cash") or ("not_identified",)


def _created(found: SustainResult) -> Iterator[Figure]:
    """The self-financing ratio of all months together."""
    table = found.self_financing
    if not len(table):
        return
    row = table.sort("month").row(-1, named=True)
    burned = row["burned_cumulative"]
    value = row["created_cumulative"] / burned if burned else None
    yield Figure(
        "self_financing",
        value,
        unit="ratio",
        known=row["known"],
        method="self_financing",
        assumptions=("effects_as_measured",),
        inputs=account_ids(found, "revenue", "marketing", "subsidy", "research", "rollout"),
        rows=(ledger(found, "marketing", "subsidy", "research", "rollout"),),
        request=asked_of(found),
        missing=() if value is not None else ("nothing_spent",),
    )


def _break_even(found: SustainResult) -> Iterator[Figure]:
    for row in found.break_even.to_dicts():
        yield Figure(
            named("break_even", row["kind"]),
            iso(row["month"]),
            iso(row["low"]),
            iso(row["high"]),
            unit="month",
            known=row["known"],
            method=f"break_even_{row['kind']}",
            assumptions=("base_goes_on", "effects_as_measured"),
            inputs=("self_financing",)
            if row["kind"] == "cumulative" and len(found.self_financing)
            else account_ids(found, *FLOWS),
            rows=(ledger(found),),
            request=asked_of(found) | {"reached_share": row["reached_share"]},
            missing=("not_reached",) if row["month"] is None else (),
        )
