"""Words of a prove result: names of outcomes, sizes of effects, checks, reasons."""

from __future__ import annotations

import json
from datetime import datetime
from math import expm1
from typing import TYPE_CHECKING, Any

from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_date,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import Texts, places

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult

Row = dict[str, Any]
_MINUS = "−"
NOTHING = 0.0005
"""Changes below this are told as 0%."""
_GROUP = {
    "flow": "time",
    "layer": "time",
    "wait": "time",
    "pair": "time",
    "share": "share",
    "count": "amount",
    "value": "amount",
}
"""Kinds of outcomes that are spoken of alike: faster, rarer, less."""


def outcome_name(result: ProveResult, outcome: str, say: Texts) -> str:
    """An outcome as a person calls it: whole flow, Warehousing, waiting: contention."""
    kind, _, what = outcome.partition(":")
    key = f"prove.outcomes.{kind}"
    if not say.has(key):
        return outcome
    if kind == "layer_h":
        what = layer_name(result, what, say)
    elif kind == "wait_h" and say.has(f"waits.causes.{what}"):
        what = say(f"waits.causes.{what}")
    return say(key, what=what)


def layer_name(result: ProveResult, layer: str, say: Texts) -> str:
    """The name of a layer in the profile, in the reader's language; its id where it has none."""
    names = result.facts.get("layers", {}).get(layer, {})
    found = names.get(say.language) or names.get("en") or names.get("zh")
    return str(found or layer)


def kind_name(result: ProveResult, kind: str | None, say: Texts) -> str:
    names = result.facts.get("kinds", {}).get(kind, {})
    return str(names.get(say.language) or names.get("en") or kind or UNKNOWN)


def signed(x: float | None, say: Texts) -> str:
    """A share with its sign: +12.3%, −4%; what rounds to nothing has none."""
    if x is None:
        return UNKNOWN
    if abs(x) < NOTHING:
        return "0%"
    text = format_share(abs(x), say.language)
    return f"{_MINUS if x < 0 else '+'}{text}"


def points(x: float | None, say: Texts) -> str:
    """A difference of shares in points, with its sign."""
    if x is None:
        return UNKNOWN
    sign = _MINUS if x < 0 else "+"
    return say("prove.points", value=sign + format_number(abs(x) * 100, say.language))


def size(row: Row, which: str, say: Texts) -> str:
    """One figure of an effect: relative, or in points for shares of objects.

    which: "" the effect, "_low" or "_high" an end of its interval.
    """
    if row["scale"] == "log":
        return signed(row[f"relative{which}"], say)
    return points(row[f"effect{which}"], say)


def size_with_interval(row: Row, say: Texts) -> str:
    """−12.3% (−15.2% to −9.1%); without inference the figure alone."""
    value = size(row, "", say)
    if row["low"] is None:
        return value
    low, high = size(row, "_low", say), size(row, "_high", say)
    return say("prove.interval", value=value, low=low, high=high)


def relative_with_interval(row: Row, say: Texts) -> str:
    """The same of the tables that hold relative figures only; levels as they are, in points."""
    names = ("relative", "relative_low", "relative_high")
    shown = signed
    if row["relative"] is None:
        names, shown = ("att", "low", "high"), points
    value, low, high = (row[name] for name in names)
    if low is None:
        return shown(value, say)
    return say(
        "prove.interval", value=shown(value, say), low=shown(low, say), high=shown(high, say)
    )


def smallest(row: Row, say: Texts) -> str:
    """The smallest change that the design finds: ±4%, or points."""
    found = row["smallest_detectable"]
    if found is None:
        return UNKNOWN
    if row["scale"] == "log":
        return say("prove.smallest_value", value=format_share(found, say.language))
    value = say("prove.points", value=format_number(found * 100, say.language))
    return say("prove.smallest_value", value=value)


def only_alone(row: Row) -> bool:
    """Whether an interval leaves out zero, and the correction for many tests takes that back."""
    if row["found"] != "no_change_shown" or row["low"] is None:
        return False
    return bool(row["low"] > 0 or row["high"] < 0)


def verdict(row: Row, say: Texts) -> str:
    """What may be said, in a word or two."""
    if row["grade"] == "N":
        return say("prove.said.cannot_be_told")
    if row["grade"] == "D":
        return say("prove.said.before_after")
    if row["found"] == "no_change_shown":
        alone = only_alone(row)
        return say(f"prove.said.{'not_after_correction' if alone else 'no_change_shown'}")
    way = "lower" if row["att"] < 0 else "higher"
    return say(f"prove.said.{_GROUP[row['outcome_kind']]}_{way}")


def absolute(row: Row, say: Texts) -> str:
    """What is, against what would have been, each in the unit of the outcome."""
    values = (row["treated_mean"], row["untreated_mean"])
    shown = [_in_unit(value, row["unit"], say) for value in values]
    return say("prove.absolute", value=shown[0], without=shown[1])


def _in_unit(value: float | None, unit: str, say: Texts) -> str:
    """A figure with its unit: 30.9 h, 26.5%, 0.17 a day, CNY 31,409 a day."""
    if value is None:
        return UNKNOWN
    if unit == "share":
        return format_share(value, say.language)
    number, key = format_number(value, say.language), f"prove.measured.{unit}"
    if say.has(key):
        return say(key, value=number)
    money, slash, _ = unit.partition("/")
    name = f"prove.currencies.{money}"
    money = say(name) if say.has(name) else money
    return say("prove.money_per_day" if slash else "prove.money", value=number, currency=money)


def coded(room: str, code: str | None, say: Texts, **values: object) -> str:
    """The words of a code below a key; the code itself where there are none."""
    if code is None:
        return ""
    key = f"{room}.{code}"
    return say(key, **values) if say.has(key) else code


def check_answer(result: ProveResult, row: Row, scale: str, say: Texts) -> str:
    """What a check found and what it means, in plain words."""
    text = say.entries[f"checks.findings.{row['check']}.{row['finding']}"]
    figures = json.loads(row["figures"])
    if figures.get("name") is not None:
        figures["name"] = _called(result, row["check"], figures["name"], say)
    told = text.format(**{place: figure(place, figures, scale, say) for place in places(text)})
    return told.replace("= <", "< ")


def _called(result: ProveResult, check: str, name: str, say: Texts) -> str:
    """The name in a finding: an outcome, an intervention, or a trait as recorded."""
    if check == "placebo_outcomes":
        return outcome_name(result, name, say)
    known = result.facts.get("all_interventions", {})
    return str(known.get(name, name)) if check == "concurrent" else name


def figure(place: str, figures: dict[str, Any], scale: str, say: Texts) -> str:
    """A figure of a finding. ``x_share`` is filled by ``x_share``, or by an effect ``x_effect`` or
    ``x`` on the scale of estimation, as a part or in points."""
    base = place.removesuffix("_share")
    if place.endswith("_share") and place not in figures:
        value = figures.get(f"{base}_effect", figures.get(base))
        return UNKNOWN if value is None else _change(float(value), scale, say)
    value = figures.get(place)
    if value is None:
        return UNKNOWN
    if isinstance(value, list):
        return say("words.comma").join(value)
    if isinstance(value, str):
        return coded("checks.words", value, say)
    if place.endswith("share") or place == "power":
        return format_share(float(value), say.language)
    if place == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    return (format_count if isinstance(value, int) else format_number)(value, say.language)


def _change(value: float, scale: str, say: Texts) -> str:
    """An effect inside a sentence: −12%, 3%, or points for levels."""
    if scale == "log":
        return format_share(expm1(value), say.language)
    return say("prove.points", value=format_number(value * 100, say.language))


def candidates_from(result: ProveResult, say: Texts) -> str:
    """In how many objects unrecorded changes were looked for."""
    count = format_count(result.facts["candidates_from_objects"], say.language)
    return say("prove.candidates_from", count=count)


def period_text(day: Any, every: str, say: Texts) -> str:
    """A period by its first day: a month is Mar 2024 or 2024年3月, a week its first day."""
    return format_month(day, say.language) if every == "month" else day_text(day, say)


def day_text(day: Any, say: Texts) -> str:
    """A day, or the day of an instant: 1 Mar 2024, 2024年3月1日."""
    return (
        UNKNOWN
        if day is None
        else format_date(datetime(day.year, day.month, day.day), say.language)
    )
