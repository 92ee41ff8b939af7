"""Small economies whose answers are known: revenue made by the response itself, draw by draw."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from thalweg.economy.frame import (
    LINE_COLUMNS,
    PRODUCT_COLUMNS,
    TRAFFIC_COLUMNS,
    Accounts,
    Floats,
    GrowthPanel,
    Response,
)

CHANNELS = ("ads", "sales")
INTERVENTIONS = ("receipts", "matching")
FIRST = date(2022, 1, 1)


def months_from(count: int, first: date = FIRST) -> tuple[date, ...]:
    places = [first.year * 12 + first.month - 1 + at for at in range(count)]
    return tuple(date(place // 12, place % 12 + 1, 1) for place in places)


def response_for(
    units: int, months: int, draws: int, *, adds: bool = True, seed: int = 1, spread: float = 0.0
) -> Response:
    """Draws around fixed values; spread 0: all of them the same."""
    rng = np.random.default_rng(seed)

    def around(values: list[float]) -> Floats:
        wide = rng.standard_normal((draws, len(values)))
        return np.array(values) * (1 + spread * wide)

    season = 0.2 * np.sin(np.arange(months) * np.pi / 6) + 0.01 * np.arange(months)
    return Response(
        label="experimental",
        form="hill",
        channels=CHANNELS,
        interventions=INTERVENTIONS,
        scale=np.array([50.0, 30.0]),
        carry=np.clip(around([0.3, 0.7]), 0, 0.95),
        beta=around([0.6, 0.4]),
        half=np.full((draws, 2), 1.5),
        power=np.ones((draws, 2)),
        subsidy_pull=around([5.0])[:, 0],
        tau=around([0.2, 0.1]),
        months_kept=months,
        size=np.linspace(0.5, 1.5, units),
        adds=np.full(draws, adds),
        base=np.tile(season, (draws, 1)),
        volume=np.full((units, months), 1_000.0),
    )


def panel_for(response: Response, units: int, months: int, *, noise: float = 0.0) -> GrowthPanel:
    """Spend that rises, staggered roll-outs, and the revenue that the first draw expects of them."""
    rng = np.random.default_rng(7)
    spend = rng.uniform(20, 80, (2, units, months)) * np.linspace(0.5, 1.5, months)
    spend[rng.uniform(size=spend.shape) < 0.1] = 0.0
    subsidy = rng.uniform(0, 40, (units, months)) * np.linspace(0, 1, months)
    starts = rng.integers(months // 4, months, (2, units))
    dose = (np.arange(months) >= starts[:, :, None]).astype(np.float64)
    level = response.level(0, spend, subsidy, dose)
    constant = 1_000.0 * response.size[:, None]
    revenue = constant * level * np.exp(noise * rng.standard_normal(level.shape))
    return GrowthPanel(
        currency="CNY",
        units=tuple(f"F{at:03d}" for at in range(units)),
        months=months_from(months),
        channels=CHANNELS,
        interventions=INTERVENTIONS,
        revenue=revenue,
        new=np.zeros_like(revenue),
        spend=spend,
        subsidy=subsidy,
        dose=dose,
        paused=np.zeros(spend.shape, np.bool_),
    )


def accounts_for(
    panel: GrowthPanel,
    *,
    staff: float = 9_000.0,
    cost_share: float = 0.3,
    capital: dict[int, float] | None = None,
    cash: float | None = None,
    more: list[dict[str, object]] | None = None,
) -> Accounts:
    """A ledger that agrees with the panel: revenue, cost of sales, marketing, subsidy, staff."""
    rows: list[dict[str, object]] = []
    for unit, name in enumerate(panel.units):
        for at, month in enumerate(panel.months):
            revenue = float(np.nan_to_num(panel.revenue[unit, at]))
            spent = float(panel.spend[:, unit, at].sum())
            for account, amount in (
                ("revenue", revenue),
                ("cost_of_sales", -cost_share * revenue),
                ("marketing", -spent),
                ("subsidy", -float(panel.subsidy[unit, at])),
            ):
                if amount:
                    rows.append(line(name, month, account, amount))
    for at, month in enumerate(panel.months):
        rows.append(line("platform", month, "operations", -staff))
        if capital and at in capital:
            rows.append(line("platform", month, "capital_in", capital[at]))
    if cash is not None:
        rows.append(line("platform", panel.months[-1], "cash", cash))
    return accounts_of(rows + (more or []), panel.months, panel.units, panel.currency)


def line(
    party: str, month: date, account: str, amount: float, product: str | None = None
) -> dict[str, object]:
    return {
        "party": party,
        "month": month,
        "product": product,
        "account": account,
        "name": account,
        "amount": amount,
    }


def accounts_of(
    rows: list[dict[str, object]],
    months: tuple[date, ...],
    units: tuple[str, ...] = (),
    currency: str = "CNY",
) -> Accounts:
    lines = pl.DataFrame(
        [{"@row": at, "document": None, **row} for at, row in enumerate(rows)], schema=LINE_COLUMNS
    )
    return Accounts(
        currency=currency,
        months=months,
        units=units,
        platform="platform",
        lines=lines,
        traffic=pl.DataFrame(schema=TRAFFIC_COLUMNS),
        products=pl.DataFrame(schema=PRODUCT_COLUMNS),
        paused=pl.DataFrame(schema={"party": pl.String, "month": pl.Date, "channel": pl.String}),
    )


def in_currency(
    panel: GrowthPanel, response: Response, rate: float
) -> tuple[GrowthPanel, Response]:
    """The same economy counted in another currency."""
    other = replace(
        panel,
        currency="USD",
        revenue=panel.revenue * rate,
        new=panel.new * rate,
        spend=panel.spend * rate,
        subsidy=panel.subsidy * rate,
    )
    return other, replace(response, scale=response.scale * rate, volume=response.volume * rate)
