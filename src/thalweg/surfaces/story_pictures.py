"""Pictures of a verdict and of its economy: what the report shows and ``thalweg chart`` draws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl

from thalweg.errors import RequestError
from thalweg.surfaces import economy_charts, verdict_charts
from thalweg.surfaces.chart_frame import Chart
from thalweg.surfaces.figure_words import missing_text
from thalweg.surfaces.format_values import format_month
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.economy.result import SustainResult
    from thalweg.verdict.result import JudgeResult

Named = Mapping[str, str]
Ends = tuple[tuple[str, float], tuple[str, float]]
BURDENS = ("time", "money", "failures")


def region(found: JudgeResult, say: Texts) -> Chart:
    """Depth against bought dependence.

    Raises   RequestError: neither is known.
    """
    if not placed(found):
        raise RequestError(_because(found.reasons, say))
    return verdict_charts.region_chart(
        found.draws, found.axes, found.regions, found.thresholds, found.verdict, say
    )


def placed(found: JudgeResult) -> bool:
    """Whether anything is known of the place on the chart of depth by dependence."""
    axes = found.axes.filter(pl.col("axis").is_in(["depth", "dependence"]))
    known = axes.select(pl.any_horizontal(pl.col("value", "low", "least").is_not_null()))
    return len(found.draws) > 0 or bool(known.to_series().any())


def depth(found: JudgeResult, burden: str, names: Named, say: Texts) -> Chart:
    """Depth by layer, of one burden.

    Raises   RequestError: no layer of it is measured.
    """
    mine = found.layers.filter(burden=burden).drop_nulls("weight")
    if not mine["depth"].is_not_null().any():
        raise RequestError(say("story.depth.unmeasured"))
    return verdict_charts.depth_chart(mine, dict(names), say)


def measured_burdens(found: JudgeResult) -> list[str]:
    """Burdens of which a layer's depth is known."""
    known = found.layers.drop_nulls(["weight", "depth"])
    return [one for one in BURDENS if not known.filter(burden=one).is_empty()]


def growth(found: SustainResult, names: Named, say: Texts) -> Chart:
    """Growth in its parts, between two months where those are known.

    Raises   RequestError: there are none, or only their bounds are known.
    """
    if not parts_known(found):
        _refuse(found, say)
    return economy_charts.growth_chart(
        found.decomposition, found.currency, dict(names), say, growth_ends(found, say)
    )


def parts_known(found: SustainResult) -> bool:
    """Whether every part of the growth has an amount, not bounds alone."""
    amounts = found.decomposition["amount"]
    return not amounts.is_empty() and amounts.is_not_null().all()


def growth_ends(found: SustainResult, say: Texts) -> Ends | None:
    """The months that growth is told between: their names, and their revenue."""
    facts: dict[str, Any] = found.facts.get("growth") or {}
    if any(facts.get(name) is None for name in ("before", "after", "from", "to")):
        return None
    months = int(facts.get("months") or 1)
    year = "_months" if months > 1 else ""
    before, after = (
        say(
            f"story.chart.{name}{year}", n=months, month=format_month(_day(facts[at]), say.language)
        )
        for name, at in (("before", "from"), ("after", "to"))
    )
    return (before, float(facts["before"])), (after, float(facts["after"]))


def traffic_off(found: SustainResult, say: Texts) -> Chart:
    """Revenue with and without paid traffic and subsidy."""
    _there(found, "traffic_path", say)
    begun = (found.facts.get("traffic_off") or {}).get("from")
    return economy_charts.traffic_off_chart(
        found.traffic_path, found.currency, say, off_from=None if begun is None else _day(begun)
    )


def cash(found: SustainResult, say: Texts) -> Chart:
    """Cash with and without outside capital."""
    _there(found, "capital_off", say)
    return economy_charts.cash_chart(found.capital_off, found.currency, say)


def self_financing(found: SustainResult, say: Texts) -> Chart:
    """Created against spent, with the month of break-even."""
    _there(found, "self_financing", say)
    reached = found.break_even.filter(kind="cumulative").drop_nulls("month")
    return economy_charts.self_financing_chart(
        found.self_financing,
        found.currency,
        say,
        reached=None if reached.is_empty() else reached["month"][0],
    )


def response(found: SustainResult, names: Named, say: Texts) -> Chart:
    """Response curves of the channels."""
    _there(found, "response", say)
    return economy_charts.response_chart(found.response, found.currency, dict(names), say)


def _there(found: SustainResult, table: str, say: Texts) -> None:
    """Raises   RequestError: the table is empty; says why."""
    if found.tables()[table].is_empty():
        _refuse(found, say)


def _refuse(found: SustainResult, say: Texts) -> NoReturn:
    """Raises   RequestError: with the reasons that the result gives."""
    reasons = dict.fromkeys(found.missing["reason"].drop_nulls())
    raise RequestError(_because(tuple(reasons), say))


def _because(codes: tuple[str, ...], say: Texts) -> str:
    told = [missing_text(code, say) for code in codes]
    return say("story.no_picture", reasons=say("words.semicolon").join(told))


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
