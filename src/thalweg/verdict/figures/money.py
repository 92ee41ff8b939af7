"""Figures of the money: accounts, metrics, growth, traffic-off, capital-off, break-even."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.economy.result import SustainResult
from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.names import named
from thalweg.verdict.rows import STANDARD

if TYPE_CHECKING:
    from thalweg.verdict.parts import Parts

FLOWS = ("revenue", "cost_of_sales", "marketing", "subsidy", "research", "rollout", "operations")
MODEL = ("spend_in_the_model", "carry_over_geometric", "base_goes_on")


def money_figures(parts: Parts) -> Iterator[Figure]:
    """What the ledger and the traffic say."""
    found = parts.sustain
    if found is None:
        return
    yield from _accounts(found)
    yield from _metrics(found)
    yield from _growth(found)
    yield from _channels(found)
    yield from _traffic_off(found)
    yield from _capital_off(found)
    yield from _created(found)
    yield from _break_even(found)


def ledger(found: SustainResult, *accounts: str) -> Rows:
    """All rows of standard accounts within the months of the result."""
    span = (found.first_month, found.last_month)
    return Rows("ledger", {STANDARD: accounts} if accounts else {}, {"month": span})


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
            request=_asked(found),
            name=account,
        )


def _asked(found: SustainResult) -> dict[str, Any]:
    """What was asked of the economy, without the profile, which stands in the verdict's request."""
    return {name: value for name, value in found.request.items() if name != "profile"}


def _checks(found: SustainResult) -> dict[str, Any]:
    rows = found.checks.to_dicts()
    figures = {
        row["check"]: json.loads(row["figures"] or "{}") | {"@status": row["status"]}
        for row in rows
    }
    return {"checks": {row["check"]: row["finding"] for row in rows}, "found": figures}


def _missing(found: SustainResult, *figures: str) -> tuple[str, ...]:
    """Codes of why a figure is absent."""
    rows = found.missing.filter(pl.col("figure").is_in(list(figures)))
    return tuple(dict.fromkeys(rows["reason"].to_list()))


def _account_ids(found: SustainResult, *accounts: str) -> tuple[str, ...]:
    held = set(found.accounts_table["account"].to_list())
    return tuple(named("accounts", one) for one in accounts if one in held and one != "cash")


def _metrics(found: SustainResult) -> Iterator[Figure]:
    for row in found.metrics.to_dicts():
        span = {"from": iso(row["from"]), "to": iso(row["to"])}
        yield Figure(
            named("metric", row["metric"]),
            row["value"],
            row["low"],
            row["high"],
            unit=row["unit"] or "",
            known=row["known"] or "counted",
            method=f"metric_{row['metric']}",
            assumptions=("accounts_as_mapped",),
            inputs=_account_ids(found, *FLOWS),
            rows=(Rows("ledger", {}, _between(row["from"], row["to"])),),
            request=_asked(found) | span,
            missing=() if row["missing"] is None else (row["missing"],),
            name=row["metric"],
        )


def _between(first: Any, last: Any) -> dict[str, tuple[Any, Any]]:
    if first is None or last is None:
        return {}
    return {"month": (iso(first), iso(last))}


def iso(day: Any) -> str | None:
    """A day as ISO text; a text as it is."""
    return day.isoformat() if isinstance(day, date) else day


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
            inputs=members if whole and members else _account_ids(found, "revenue"),
            rows=(ledger(found, "revenue", "marketing", "subsidy"),),
            request=_asked(found) | {"share": row["share"]},
            name=None if whole else row["name"],
            **_checks(found),
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
            inputs=_account_ids(found, "revenue"),
            rows=(Rows("traffic", {"channel": (row["channel"],)}),),
            request=_asked(found),
            name=row["channel"],
            **_checks(found),
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
            inputs=(*channels, *_account_ids(found, "revenue", "marketing", "subsidy")),
            rows=(ledger(found, "revenue", "subsidy"),),
            request=_asked(found),
            missing=_missing(found, "traffic_off") if row["kept_share"] is None else (),
            **_checks(found),
        )
    if not len(found.traffic_off):
        yield Figure(
            "traffic_off.12",
            None,
            unit="share",
            known="not_identified",
            method="traffic_off",
            assumptions=MODEL,
            request=_asked(found),
            missing=_missing(found, "traffic_off") or ("not_identified",),
        )


def _capital_off(found: SustainResult) -> Iterator[Figure]:
    if not len(found.capital):
        yield Figure(
            "runway",
            None,
            unit="months",
            method="runway",
            request=_asked(found),
            missing=_missing(found, "capital_off", "runway", "capital") or ("no_cash",),
        )
        return
    row = found.capital.row(0, named=True)
    flows = _account_ids(found, *FLOWS, "capital_in", "capital_out", "other")
    cash = (ledger(found),)
    common: dict[str, Any] = {"rows": cash, "request": _asked(found)}
    yield Figure("cash", row["cash"], unit=found.currency.lower(), method="cash_at_end", **common)
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
        inputs=("cash", "net_burn_3m"),
        missing=_missing(found, "runway") if row["runway_months"] is None else (),
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
        assumptions=("base_goes_on",),
        **modelled,
    )
    yield Figure(
        "capital_off.alive",
        row["alive_share"],
        unit="share",
        method="default_alive",
        assumptions=("base_goes_on",),
        missing=_missing(found, "capital_off") if row["alive_share"] is None else (),
        **modelled,
    )


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
        inputs=_account_ids(found, "revenue", "marketing", "subsidy", "research", "rollout"),
        rows=(ledger(found, "marketing", "subsidy", "research", "rollout"),),
        request=_asked(found),
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
            else _account_ids(found, *FLOWS),
            rows=(ledger(found),),
            request=_asked(found) | {"reached_share": row["reached_share"]},
            missing=("not_reached",) if row["month"] is None else (),
        )
