"""Metrics that need totals by account and month alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from thalweg.economy.metrics.metric import MONEY, Metric, over, told, untold
from thalweg.economy.metrics.monthly import OUTFLOWS, YEAR, Monthly, Window, outflow

BURN_MONTHS = 3
BASIS_DIFFERS = "basis_differs"
GROWTH = ("revenue_growth", "revenue_growth_yearly", "burn_multiple", "rule_of_40")
"""Metrics that compare revenue of two windows: untold where its basis is not the same in both."""


def standard_metrics(monthly: Monthly, window: Window) -> Iterator[Metric]:
    """Metrics of the latest months, and of them against the year before."""
    yield from _margins(monthly, window)
    yield from _shares(monthly, window)
    yield from _growth(monthly, window)
    yield from _burn(monthly, window)


def _margins(monthly: Monthly, window: Window) -> Iterator[Metric]:
    span = monthly.span(window)
    revenue = monthly.total("revenue", window)
    yield told("revenue", revenue, MONEY, span)
    lack = monthly.lacks("cost_of_sales", window)
    gross = revenue + monthly.total("cost_of_sales", window)
    yield from _pair("gross_profit", "gross_margin", gross, revenue, lack, monthly, window)
    lack = lack or monthly.lacks("marketing", window)
    own = gross + monthly.total("marketing", window) + monthly.total("subsidy", window)
    yield from _pair("contribution", "contribution_margin", own, revenue, lack, monthly, window)
    lack = costs_lack(monthly, window)
    net = monthly.operating(window)
    yield from _pair("operating_cash", "operating_margin", net, revenue, lack, monthly, window)


def _pair(
    amount: str,
    margin: str,
    value: float,
    revenue: float,
    lack: str | None,
    monthly: Monthly,
    window: Window,
) -> Iterator[Metric]:
    span = monthly.span(window)
    if lack is not None:
        yield untold(amount, MONEY, lack, span)
        yield untold(margin, "share", lack, span)
        return
    yield told(amount, value, MONEY, span)
    yield over(margin, value, revenue, "share", span, "no_revenue")


def _shares(monthly: Monthly, window: Window) -> Iterator[Metric]:
    span = monthly.span(window)
    revenue = monthly.total("revenue", window)
    for account in ("marketing", "subsidy", "research"):
        lack = monthly.lacks(account, window)
        spent = outflow(monthly, (account,), window)
        name = f"{account}_share"
        if lack is not None:
            yield untold(name, "share", lack, span)
        else:
            yield over(name, spent, revenue, "share", span, "no_revenue")
    name = "research_to_selling"
    lack = monthly.lacks("research", window) or monthly.lacks("marketing", window)
    if lack is not None:
        yield untold(name, "ratio", lack, span)
        return
    research, selling = (outflow(monthly, (n,), window) for n in ("research", "marketing"))
    yield over(name, research, selling, "ratio", span, "nothing_spent")


def _growth(monthly: Monthly, window: Window) -> Iterator[Metric]:
    span, before = monthly.span(window), window.back(YEAR)
    revenue = monthly.total("revenue", window)
    name = "revenue_growth"
    growth: float | None = None
    if not monthly.covered(before):
        yield untold(name, "share", "no_year_before", span)
    else:
        found = over(name, revenue, monthly.total("revenue", before), "share", span, "no_revenue")
        growth = None if found.value is None else found.value - 1
        yield found if growth is None else told(name, growth, "share", span)
    yield _yearly(monthly, window)
    yield _burn_multiple(monthly, window, before)
    lack = costs_lack(monthly, window)
    name = "rule_of_40"
    if growth is None or lack is not None:
        yield untold(name, "share", lack or "no_year_before", span)
    elif not revenue > 0:
        yield untold(name, "share", "no_revenue", span)
    else:
        yield told(name, growth + monthly.operating(window) / revenue, "share", span)


def _yearly(monthly: Monthly, window: Window) -> Metric:
    """Growth a year since the earliest window of the same calendar months, two years or more ago."""
    name, early = "revenue_growth_yearly", window
    while early.first >= YEAR:
        early = early.back(YEAR)
    while early.first < window.first and not monthly.covered(early):
        early = early.back(-YEAR)
    years = (window.first - early.first) // YEAR
    span = (monthly.span(early)[0], monthly.span(window)[1])
    if years < 2:
        return untold(name, "share", "history_too_short", monthly.span(window))
    first, last = monthly.total("revenue", early), monthly.total("revenue", window)
    if not (first > 0 and last > 0):
        return untold(name, "share", "no_revenue", span)
    return told(name, (last / first) ** (1 / years) - 1, "share", span)


def _burn_multiple(monthly: Monthly, window: Window, before: Window) -> Metric:
    """What was burned for each unit of gross profit more than a year before."""
    name, span = "burn_multiple", monthly.span(window)
    if not monthly.covered(before):
        return untold(name, "ratio", "no_year_before", span)
    lack = next((code for code in _both(monthly.lacks, "cost_of_sales", window, before)), None)
    lack = lack or costs_lack(monthly, window)
    if lack is not None:
        return untold(name, "ratio", lack, span)
    burned = -monthly.operating(window)
    if burned <= 0:
        return untold(name, "ratio", "burns_nothing", span)
    more = _gross(monthly, window) - _gross(monthly, before)
    return over(name, burned, more, "ratio", span, "gross_profit_did_not_rise")


def _gross(monthly: Monthly, window: Window) -> float:
    return monthly.total("revenue", window) + monthly.total("cost_of_sales", window)


def _both(
    asked: Callable[[str, Window], str | None], account: str, *windows: Window
) -> Iterator[str]:
    for window in windows:
        code = asked(account, window)
        if code is not None:
            yield code


def _burn(monthly: Monthly, window: Window) -> Iterator[Metric]:
    """By month over the last three; zero or less where operations bring cash in."""
    late = monthly.late(window, BURN_MONTHS)
    span, lack = monthly.span(late), costs_lack(monthly, late)
    if lack is not None:
        yield untold("net_burn", MONEY, lack, span)
        yield untold("gross_burn", MONEY, lack, span)
    else:
        spent = outflow(monthly, OUTFLOWS, late)
        yield told("net_burn", -monthly.operating(late) / late.length, MONEY, span)
        yield told("gross_burn", spent / late.length, MONEY, span)
    name, growing = "operating_cover", ("marketing", "subsidy", "research", "rollout")
    span, lack = monthly.span(window), costs_lack(monthly, window)
    spent = outflow(monthly, growing, window)
    if lack is not None:
        yield untold(name, "ratio", lack, span)
    else:
        earned = monthly.operating(window) + spent
        yield over(name, earned, spent, "ratio", span, "nothing_spent")


def costs_lack(monthly: Monthly, window: Window) -> str | None:
    """Why the sum of all costs is not known.

    A ledger without cost of sales and without running costs is not whole; where months are not
    observed one by one, every account that it has must be there.
    """
    if not any(name in monthly.by for name in ("cost_of_sales", "operations")):
        return "no_costs"
    there = (name for name in OUTFLOWS if name in monthly.by)
    return next((code for name in there if (code := monthly.lacks(name, window))), None)
