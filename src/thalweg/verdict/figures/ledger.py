"""What figures of the money share: rows of the ledger, what was asked, checks, reasons."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from thalweg.economy.result import SustainResult
from thalweg.verdict.evidence import Rows
from thalweg.verdict.figures.names import named
from thalweg.verdict.rows import STANDARD

FLOWS = ("revenue", "cost_of_sales", "marketing", "subsidy", "research", "rollout", "operations")


def ledger(found: SustainResult, *accounts: str) -> Rows:
    """All rows of standard accounts within the months of the result."""
    span = (found.first_month, found.last_month)
    return Rows("ledger", {STANDARD: accounts} if accounts else {}, {"month": span})


def asked_of(found: SustainResult) -> dict[str, Any]:
    """What was asked of the economy, without the profile, which stands in the verdict's request."""
    return {name: value for name, value in found.request.items() if name != "profile"}


def checks_of(found: SustainResult, channel: str | None = None) -> dict[str, Any]:
    """Checks of the economy with what they found; of one channel: without those of the others."""
    rows = [
        row
        for row in found.checks.to_dicts()
        if channel is None or row["check"].partition(":")[2] in ("", channel)
    ]
    figures = {
        row["check"]: json.loads(row["figures"] or "{}") | {"@status": row["status"]}
        for row in rows
    }
    return {"checks": {row["check"]: row["finding"] for row in rows}, "found": figures}


def missing_of(found: SustainResult, *figures: str) -> tuple[str, ...]:
    """Codes of why a figure is absent."""
    rows = found.missing.filter(pl.col("figure").is_in(list(figures)))
    return tuple(dict.fromkeys(rows["reason"].to_list()))


def account_ids(found: SustainResult, *accounts: str) -> tuple[str, ...]:
    held = set(found.accounts_table["account"].to_list())
    return tuple(named("accounts", one) for one in accounts if one in held and one != "cash")


def iso(day: Any) -> str | None:
    """A day as ISO text; a text as it is."""
    return day.isoformat() if isinstance(day, date) else day
