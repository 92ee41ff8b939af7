"""The result of ``sustain``: what the money says, how it is known, and what it cannot say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from thalweg.economy.frame import Accounts, Floats, GrowthPanel, Response
from thalweg.process.result import plain
from thalweg.process.table_files import write_tables

SCHEMA = "thalweg.sustain/1"


@dataclass(frozen=True, slots=True, eq=False)
class SustainResult:
    """What a platform's money says; ``sustain_json_schema`` has all columns.

    fingerprint   names book and request together; the same give the same result.
    currency, first_month, last_month, units.
    accounts_table  month, account, amount: totals by month.
    metrics       metric, value, low, high, unit, known, from, to, missing (code).
    unit_economics  by (product, party, cohort, path, channel), name, revenue, cost_of_sales,
                  gross_profit, contribution, margin, orders, per_order, share.
    decomposition part (bought, earned, market, unexplained), name (channel, subsidy, intervention,
                  new products, all), amount, low, high, share, known; parts sum to the growth.
    channels      channel, spend, carry, half_life_months, lift_share, low, high, revenue_per_spend,
                  marginal_revenue_per_spend, known.
    mediation     intervention, direct_share, total_share, through_share, each with low and high,
                  known: of interventions that spend answers to.
    response      channel, spend, lift, low, high: the curve of one unit's mean month.
    traffic_off   horizon_months, kept_share, low, high, lost_share, known, path (past, ahead).
    traffic_path  month, revenue, without, low, high, path: what was observed against traffic-off
                  from a month of the past; of months to come where the record is too short.
    traffic_ahead month, revenue, without, kept_share: months to come, each with its interval.
    capital_off   scenario (as_is, capital_off, traffic_and_capital_off), month, cash, low, high:
                  observed (as_is), then to come.
    capital_past  the same scenarios from a month of the past on, over months that were observed.
    capital       one row: cash, net_burn_3m, runway_months, cash_ends (month or null), low, high,
                  alive_share (probability of being default alive), known, the same without paid
                  traffic (alive_traffic_off, …), opening (where the balance is from).
    self_financing  month, created, burned, ratio, created_cumulative, burned_cumulative,
                  created_low, created_high, known.
    break_even    kind (operating, cumulative), month, low, high, reached_share, known.
    scenarios     scenario, measure, value, low, high, difference, difference_low, difference_high.
    checks        check, status (passed, warning, failed, not_possible), finding, figures (JSON).
    missing       figure (code of what cannot be told) and reason (code), remedy (code).
    draws         name → (D,) draws: lost_12m, kept_12m, alive, … for the verdict's joint draws.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    currency: str
    first_month: str
    last_month: str
    units: int
    accounts_table: pl.DataFrame
    metrics: pl.DataFrame
    unit_economics: pl.DataFrame
    decomposition: pl.DataFrame
    channels: pl.DataFrame
    mediation: pl.DataFrame
    response: pl.DataFrame
    traffic_off: pl.DataFrame
    traffic_path: pl.DataFrame
    traffic_ahead: pl.DataFrame
    capital_off: pl.DataFrame
    capital_past: pl.DataFrame
    capital: pl.DataFrame
    self_financing: pl.DataFrame
    break_even: pl.DataFrame
    scenarios: pl.DataFrame
    checks: pl.DataFrame
    missing: pl.DataFrame
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)
    draws: dict[str, Floats] = field(default_factory=dict)
    kept: tuple[Accounts, GrowthPanel | None, Response | None] | None = None
    """What it was worked out from, for rooms that go on from here; not part of the JSON."""

    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables by name."""
        held = {name: getattr(self, name) for name in self.__slots__}
        return {name: one for name, one in held.items() if isinstance(one, pl.DataFrame)}

    def write_parquet(self, folder: str | Path) -> list[Path]:
        """Every table as ``<table>.parquet`` in a folder, which is made; the files written.

        Raises   RequestError: the folder cannot be written.
        """
        return write_tables(self.tables(), folder)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON: dates as ISO texts, unknown figures as null; without draws."""
        body: dict[str, Any] = {"schema": SCHEMA}
        hidden = ("draws", "kept")
        return body | {n: plain(getattr(self, n)) for n in self.__slots__ if n not in hidden}
