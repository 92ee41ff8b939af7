"""From accounts, panel and response to all tables of a result; it has never heard of a book."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from thalweg.economy.coverage import Coverage, coverage_of
from thalweg.economy.frame import Accounts, Floats, GrowthPanel, Response
from thalweg.economy.growth.decomposition import Growth, Span, counted_growth, decompose
from thalweg.economy.growth.mediation import mediation_rows
from thalweg.economy.known import UNTOLD, Standing, lack, lacking, standing_of
from thalweg.economy.paths.base import Base, base_of
from thalweg.economy.paths.cash import Cash, cash_of
from thalweg.economy.paths.cash_tables import cash_tables
from thalweg.economy.paths.costs import Flows, costs_of, flows_of
from thalweg.economy.paths.forward import learn
from thalweg.economy.paths.ground import Ground
from thalweg.economy.paths.interval import interval
from thalweg.economy.paths.plan import as_it_is
from thalweg.economy.paths.reshaping import reshaping_tables
from thalweg.economy.paths.scenario import read_scenario
from thalweg.economy.paths.scenario_tables import scenario_tables
from thalweg.economy.paths.traffic_tables import traffic_tables
from thalweg.economy.request import SustainRequest
from thalweg.economy.response.curves import channels_table, curves
from thalweg.errors import RequestError

Rows = list[dict[str, Any]]
Progress = Callable[[str, int, int], None]
OBSERVED_AFTER = 12
FEWEST_BEFORE = 6
"""Months before paid traffic is thought away, without which nothing says what it brought."""


@dataclass(slots=True)
class Appraisal:
    """Rows by table, and all else that a result holds."""

    tables: dict[str, Rows] = field(default_factory=dict)
    draws: dict[str, Floats] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def appraise(
    accounts: Accounts,
    panel: GrowthPanel | None,
    response: Response | None,
    request: SustainRequest,
    progress: Progress,
) -> Appraisal:
    """All that can be told; what cannot stands in the table ``missing``."""
    base = base_of(accounts, panel, response, request.draws)
    coverage, flows = coverage_of(accounts), flows_of(accounts)
    cash = cash_of(accounts, flows, coverage.flows)
    standing = standing_of(base, panel, response, flows, coverage)
    found = Appraisal()
    if response is not None and response.draws:
        kept = 0 if base.response is None else base.response.draws
        found.facts["response_draws"] = {"fitted": response.draws, "sound": kept}
        if kept < response.draws:
            found.warnings.append("response_draws_set_aside")
    if not standing.told:
        base = replace(base, response=None)
    found.tables["missing"] = lacking(coverage, base, flows, standing, cash.opening)
    span = coverage.span()
    changed = span is not None and not coverage.one_basis(span)
    growth = growth_of(base, standing, None if changed else span, request.confidence)
    found.tables["decomposition"] = growth.rows if growth is not None else []
    if growth is None:
        reason = "too_few_months" if coverage.observed else "months_spread"
        reason = "basis_changed" if changed else reason
        found.tables["missing"].append(lack("decomposition", reason))
    else:
        found.draws |= {f"growth_{part}": draws for part, draws in growth.draws.items()}
        found.facts["growth"] = _growth_facts(base, growth, request.confidence)
    found.tables |= _channels(base, panel, response, request.confidence)
    found.tables["mediation"] = []
    if panel is not None and base.response is not None:
        rows = mediation_rows(panel, base.response, request.confidence, request.seed)
        found.tables["mediation"] = rows
    progress("paths", 0, 0)
    ground = _ground(base, flows, cash, standing, coverage, request)
    _paths(found, accounts, ground, request, progress)
    found.tables["checks"] = _checks(accounts, growth, response)
    found.facts |= {"known": standing.known, "reasons": list(standing.reasons)}
    return found


def _channels(
    base: Base, panel: GrowthPanel | None, response: Response | None, confidence: float
) -> dict[str, Rows]:
    """What each channel brings and how it answers; of channels that are not identified, the spend."""
    if panel is None or response is None or not base.revenue.any():
        return {"channels": [], "response": []}
    sound = base.response or response
    rows = channels_table(sound, panel, confidence=confidence).to_dicts()
    told = {row["channel"] for row in rows if row["known"] not in UNTOLD}
    spent = ("channel", "spend", "known")
    shown = [row if row["channel"] in told else {name: row[name] for name in spent} for row in rows]
    lines = curves(sound, panel, confidence=confidence).to_dicts()
    return {"channels": shown, "response": [row for row in lines if row["channel"] in told]}


def growth_of(
    base: Base, standing: Standing, span: Span | None, confidence: float
) -> Growth | None:
    """The growth in parts; counted only, where nothing separates them. None: no two periods."""
    if span is None:
        return None
    if not standing.told or base.response is None:
        return counted_growth(base, span, standing.bounds)
    known = base.response.label if standing.known == "counted" else standing.known
    if known in UNTOLD:
        known = "model_only"
    return decompose(base, span, known=known, confidence=confidence)


def _growth_facts(base: Base, growth: Growth, confidence: float) -> dict[str, Any]:
    """Periods and amounts; parts: bought, earned and market as a whole, each with its interval."""
    span = growth.span
    parts = {}
    for part, draws in growth.draws.items():
        found = interval(draws, confidence)
        amount = sum(row["amount"] for row in growth.rows if row["part"] == part)
        parts[part] = {"amount": amount, "low": found.low, "high": found.high}
    return {
        "from": base.months[span.first].isoformat(),
        "to": base.months[span.last + span.months - 1].isoformat(),
        "months": span.months,
        "before": growth.start,
        "after": growth.start + growth.growth,
        "amount": growth.growth,
        "parts": parts,
    }


def _ground(
    base: Base,
    flows: Flows,
    cash: Cash,
    standing: Standing,
    coverage: Coverage,
    request: SustainRequest,
) -> Ground:
    costs = costs_of(flows, base.draws, request.seed)
    months = request.horizon_months
    learnt = None
    if coverage.unknown_ahead is None:
        learnt = learn(base, costs, months, request.seed)
    at = off_place(base.months, request.off_from)
    return Ground(
        base=base,
        flows=flows,
        cash=cash,
        standing=standing,
        coverage=coverage,
        costs=costs,
        learnt=learnt,
        plan=as_it_is(base, flows, months),
        off_at=at if coverage.observed else None,
        horizon=months,
        confidence=request.confidence,
    )


def _paths(
    found: Appraisal,
    accounts: Accounts,
    ground: Ground,
    request: SustainRequest,
    progress: Progress,
) -> None:
    base, missing = ground.base, found.tables["missing"]
    scenarios = [read_scenario(t, base.channels, base.interventions) for t in request.scenarios]
    as_is = None if ground.learnt is None else ground.play(ground.plan)
    if as_is is None:
        reason = ground.coverage.unknown_ahead or "too_few_months"
        figures = ("capital_off", "break_even", "scenarios")
        missing += [lack(figure, reason) for figure in figures]
    for told, draws in (
        traffic_tables(ground, as_is),
        cash_tables(ground, as_is),
        reshaping_tables(ground, as_is),
    ):
        found.tables |= told
        found.draws |= draws
    found.tables["scenarios"] = []
    if as_is is not None:
        progress("scenarios", 0, len(scenarios))
        rows, untold, warnings = scenario_tables(ground, accounts, as_is, scenarios)
        found.tables["scenarios"] = rows
        found.warnings += warnings
        missing += untold
    began = ground.ahead[0] if ground.off_at is None else base.months[ground.off_at]
    found.facts["traffic_off"] = {"from": began.isoformat()}
    found.facts |= {"opening": ground.cash.opening, "ahead_from": ground.ahead[0].isoformat()}


def off_place(months: tuple[date, ...], asked: date | None) -> int | None:
    """Place of the month from which traffic and capital are thought away in the past.

    Unasked: the twelfth from the end, where six come before it. None: no month of the past.
    Raises   RequestError: the month lies outside the record, or too few months come before it.
    """
    if asked is None:
        at = len(months) - OBSERVED_AFTER
        return at if at >= FEWEST_BEFORE else None
    if asked not in months or months.index(asked) < FEWEST_BEFORE:
        first = months[min(FEWEST_BEFORE, len(months) - 1)]
        raise RequestError(
            f"Paid traffic cannot be thought away from {asked:%Y-%m}. Give a month from "
            f"{first:%Y-%m} to {months[-1]:%Y-%m}: {FEWEST_BEFORE} months of the record come before."
        )
    return months.index(asked)


def _checks(accounts: Accounts, growth: Growth | None, response: Response | None) -> Rows:
    rows: Rows = []
    if response is not None:
        rows += [_check(code, dict(finding)) for code, finding in response.checks.items()]
    if growth is not None:
        parts = sum(row["amount"] or 0.0 for row in growth.rows)
        exact = parts == growth.growth
        finding = "sums_exactly" if exact else "does_not_sum"
        figures = {"parts": parts, "growth": growth.growth}
        rows.append(_row("additivity", "passed" if exact else "failed", finding, figures))
    spread = "spread_over_months" if accounts.spread else "as_booked"
    rows.append(_row("months", "warning" if accounts.spread else "passed", spread, {}))
    return rows


def _check(code: str, finding: dict[str, object]) -> dict[str, Any]:
    status = str(finding.pop("status", "warning"))
    return _row(code, status, str(finding.pop("finding", code)), finding)


def _row(code: str, status: str, finding: str, figures: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(figures, default=str, sort_keys=True, ensure_ascii=False)
    return {"check": code, "status": status, "finding": finding, "figures": text}


def accounts_rows(accounts: Accounts) -> Rows:
    """Totals by month and standard account; cash: the balance."""
    sums = (
        accounts.lines.group_by("month", "account", maintain_order=True)
        .agg(pl.col("amount").sum())
        .sort("month", "account")
    )
    return sums.to_dicts()


def silent(_step: str, _done: int, _all: int) -> None:
    """No progress is told."""
