"""Words of figures: their names and values, how they are known, what they rest on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from math import isfinite
from string import Formatter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_money,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.prove_words import check_answer, coded, day_text, outcome_name, signed
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.verdict.evidence import Figure, Rows

Facts = Mapping[str, Any]
MOST_REASONS = 2
"""Reasons of why there is no value that are told; the JSON has all."""
MOST_VALUES = 4
"""Values of a condition on rows that are listed."""
_BURDENS = ("money", "failures")
_WHY = (
    *("judge.reasons", "economy.missing", "metrics.missing", "response.reasons"),
    *("checks.reasons", "waits.reasons", "judge.missing"),
)
"""Where words of codes of why there is no value stand, the nearest first."""
_OF_MONEY = {
    *("traffic_off", "growth_shapley", "channel_lift", "axis_dependence", "self_financing"),
    *("axis_capital_dependence", "capital_off", "default_alive", "runway", "cash_at_end"),
}
"""Methods whose reasons the economy has words for: ``no_units`` says something else there."""
_ENDS = {"share": "_share", "lost_h": "_lost_h", "spend": "_spend", "use": "_use"}


def figure_name(figure: Figure, say: Texts, facts: Facts | None = None) -> str:
    """What a figure is of, for people.

    Takes    facts: of the verdict, where layers and outcomes have their names.
    """
    key, what = _kind(figure)
    told = {"name": figure.name or "", "what": _what(figure, key, what, say, facts or {})}
    if key == "depth_layer" or key == "weight":
        burden = what.rpartition(".")[2]
        key += f"_{burden}" if burden in _BURDENS else ""
    if key == "growth_of":
        told["name"] = coded("economy.names", figure.name, say)
    found = f"evidence.names.{key}"
    return say(found, **told) if say.has(found) else figure.id


def _kind(figure: Figure) -> tuple[str, str]:
    """The key of a figure's name, and the rest of its id."""
    head, _, rest = figure.id.partition(".")
    if head == "depth" and rest:
        return "depth_layer", rest.partition(".")[2]
    if rest in ("alive", "cash_ends"):
        return f"{head}_{rest}", rest
    if head in ("dependence", "flow", "breaks_off", "break_even"):
        return (f"{head}_{rest}" if rest else head), rest
    if head == "new_value" and rest in ("share", "incremental"):
        return f"new_value_{rest}", rest
    if (head == "candidates" and rest == "count") or figure.id == "deviations.share":
        return f"{head}_{rest}", rest
    if head == "waits":
        part, _, rest = rest.partition(".")
        head = f"waits_{part}"
    if figure.id == "burden.without_layer.share":
        return "burden_without_layer_share", ""
    if head == "growth" and figure.name:
        return "growth_of", rest
    end = rest.rpartition(".")[2]
    if head in ("burden", "waits_pair", "loops", "technology") and end in _ENDS and "." in rest:
        return head + _ENDS[end], rest
    return head, rest


def _what(figure: Figure, key: str, rest: str, say: Texts, facts: Facts) -> str:
    """The word for what an id says in code."""
    first = rest.partition(".")[0]
    if key.startswith(("depth_layer", "weight", "burden")):
        return _layer(figure.name or first, say, facts)
    if key == "effect":
        return outcome_name(with_facts(facts), str(figure.request.get("outcome", rest)), say)
    rooms = {
        "probability": "judge.regions",
        "reach": "judge.burdens",
        "beyond_lead": "judge.burdens",
        "accounts": "judge.accounts",
        "metric": "metrics.names",
        "growth": "judge.parts",
        "growth_of": "judge.parts",
        "waits_cause": "waits.causes",
        "deviations": "conform.kinds",
    }
    return coded(rooms[key], first, say) if key in rooms else first


def with_facts(facts: Facts) -> Any:
    """Facts in the shape in which words of ``prove`` look names up."""
    return SimpleNamespace(facts=facts)


def _layer(layer: str, say: Texts, facts: Facts) -> str:
    names = facts.get("layers", {}).get(layer, {})
    return str(names.get(say.language) or names.get("en") or names.get("zh") or layer)


def figure_text(figure: Figure, say: Texts) -> str:
    """Its value with unit and interval; why there is none, where there is none."""
    if figure.value is None:
        first = "economy.missing" if figure.method in _OF_MONEY else None
        reasons = [why_text(code, say, first) for code in figure.missing[:MOST_REASONS]]
        if not reasons:
            return say("evidence.unknown")
        return say("evidence.because", reasons=say("judge.semicolon").join(reasons))
    value = value_text(figure.value, figure.unit, say)
    if figure.low is None or figure.high is None:
        return value
    low, high = (value_text(end, figure.unit, say) for end in (figure.low, figure.high))
    if low == value == high:
        return value
    return say("prove.interval", value=value, low=low, high=high)


def value_text(value: float | str | None, unit: str, say: Texts) -> str:
    """A value with its unit: 12.3%, 31 h, 1.23 亿元, Mar 2026, +4.2 points."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return _text_of(value, unit, say)
    plain: dict[str, Callable[[float], str]] = {
        "share": lambda x: format_share(x, say.language),
        "change": lambda x: signed(x, say),
        "points": lambda x: say("evidence.points", value=_signed_points(x, say)),
        "count": lambda x: format_count(x, say.language),
        "h": lambda x: say("evidence.hours", value=format_number(x, say.language)),
        "months": lambda x: say("evidence.months", value=format_number(x, say.language)),
        "ratio": lambda x: format_number(x, say.language),
        "": lambda x: format_number(x, say.language),
    }
    if unit in plain:
        return plain[unit](float(value))
    return format_money(float(value), unit.upper(), say.language)


def _signed_points(x: float, say: Texts) -> str:
    sign = "−" if x < 0 else "+"
    return sign + format_number(abs(x) * 100, say.language)


def _text_of(value: str, unit: str, say: Texts) -> str:
    if unit == "month":
        return format_month(date.fromisoformat(value[:10]), say.language)
    if unit == "date":
        return day_text(date.fromisoformat(value[:10]), say)
    for room in ("judge.regions", "judge.classes"):
        if say.has(f"{room}.{value}"):
            return say(f"{room}.{value}")
    return value


def figure_line(figure: Figure, say: Texts, facts: Facts | None = None) -> str:
    """One line: name, value with interval, how it is known."""
    told = {"name": figure_name(figure, say, facts), "value": figure_text(figure, say)}
    if figure.value is None or figure.known in ("counted", ""):
        return say("evidence.line", **told)
    return say("evidence.line_known", **told, known=known_text(figure.known, say))


def known_text(known: str, say: Texts) -> str:
    return coded("evidence.known", known, say)


def method_text(figure: Figure, say: Texts) -> str:
    """How a figure was made, in a sentence."""
    if figure.method.startswith("metric_"):
        definition = coded("metrics.defined", figure.method.removeprefix("metric_"), say)
        return say("evidence.methods.metric", definition=definition)
    return coded("evidence.methods", figure.method, say)


def assumption_text(code: str, say: Texts) -> str:
    return coded("evidence.assumptions_of", code, say)


def missing_text(code: str, say: Texts) -> str:
    """What is missing, as a thing that one could add: a ledger (revenue, costs and capital)."""
    key = f"judge.missing.{code}"
    return say(key) if say.has(key) else why_text(code, say)


def why_text(code: str, say: Texts, first: str | None = None) -> str:
    """Why there is no value; the code itself where nobody has words for it.

    Takes    first: the room that is asked for words before all others.
    """
    rooms = _WHY if first is None else (first, *_WHY)
    key = next((f"{room}.{code}" for room in rooms if say.has(f"{room}.{code}")), None)
    return code if key is None else say(key)


def adds_text(code: str, say: Texts) -> str:
    return coded("judge.adds", code, say)


def settle_text(code: str, say: Texts) -> str:
    return coded("judge.settle", code, say)


def check_text(figure: Figure, check: str, say: Texts, facts: Facts | None = None) -> str:
    """What a check of a figure found: its status, its name, its answer."""
    figures = dict(figure.found.get(check, {}))
    status, scale = figures.pop("@status", "passed"), figures.pop("@scale", None)
    finding = figure.checks[check]
    if scale is not None:
        row = {"check": check, "finding": finding, "figures": json.dumps(figures)}
        answer = check_answer(with_facts(facts or {}), row, scale, say)
        name = say(f"checks.names.{check}")
    else:
        name, answer = _elsewhere(check, finding, figures, say)
    told = {"status": coded("evidence.status", status, say), "name": name, "answer": answer}
    return say("evidence.check_line", **told)


_FOUND_IN = {
    "economy": ("economy.checks", "economy.check_names"),
    "response": ("response.findings", "response.names"),
}
"""By room: findings by check, and names of checks. A check of one channel ends in its name."""


def _elsewhere(check: str, finding: str, figures: dict[str, Any], say: Texts) -> tuple[str, str]:
    """Name and answer of a check of the economy, with words of its own room."""
    base, _, channel = check.partition(":")
    for findings, names in _FOUND_IN.values():
        key = f"{findings}.{base}.{finding}"
        if say.has(key):
            told = ({"channel": channel} if channel else {}) | figures
            return coded(names, base, say), _Gentle(say).vformat(say.entries[key], (), told)
    return check, finding


class _Gentle(Formatter):
    """Fills places as their text asks; figures without a form of their own as people write them,
    and those that are not known as such."""

    def __init__(self, say: Texts) -> None:
        self.say = say

    def get_value(self, key: Any, _args: Any, kwargs: Any) -> Any:
        return kwargs.get(key)

    def format_field(self, value: Any, form: str) -> Any:
        if value is None or (isinstance(value, float) and not isfinite(value)):
            return UNKNOWN
        told = format(value, form) if form else _plain("", value, self.say)
        return f"−{told[1:]}" if told.startswith("-") else told


def _plain(place: str, value: Any, say: Texts) -> str:
    if isinstance(value, bool) or value is None:
        return UNKNOWN if value is None else str(value)
    if isinstance(value, int | float):
        if place.endswith(("share", "power")):
            return format_share(float(value), say.language)
        return (format_count if isinstance(value, int) else format_number)(value, say.language)
    if isinstance(value, list | tuple):
        return say("judge.comma").join(_plain(place, one, say) for one in value)
    return str(value)


def rows_text(rows: Rows, say: Texts) -> str:
    """Which rows these are: ledger (account: revenue; months: 2024-01-01 to 2025-12-01)."""
    told = [
        say("evidence.where", column=_column(name, say), values=_listed(values, say))
        for name, values in rows.where.items()
    ]
    told += [
        say("evidence.between", column=_column(name, say), first=first, last=last)
        for name, (first, last) in rows.between.items()
    ]
    table = coded("evidence.tables", rows.table, say)
    if not told:
        return table
    return say("prove.section", name=table, about=say("judge.semicolon").join(told))


def _column(name: str, say: Texts) -> str:
    return coded("evidence.columns", name.removeprefix("@"), say)


def _listed(values: Iterable[Any], say: Texts) -> str:
    every = [coded("judge.accounts", str(value), say) for value in values]
    shown = say("judge.comma").join(every[:MOST_VALUES])
    if len(every) <= MOST_VALUES:
        return shown
    return say("evidence.more_values", values=shown, count=len(every))
