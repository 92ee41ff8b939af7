"""Words of a prove result: names of outcomes, sizes of effects, checks, reasons."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_date,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import Texts, places

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult

Row = dict[str, Any]
_MINUS = "−"
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
    """A share with its sign: +12.3%, −4%."""
    if x is None:
        return UNKNOWN
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


def verdict(row: Row, say: Texts) -> str:
    """What may be said, in a word or two."""
    if row["grade"] == "N":
        return say("prove.said.cannot_be_told")
    if row["grade"] == "D":
        return say("prove.said.before_after")
    if row["found"] == "no_change_shown":
        return say("prove.said.no_change_shown")
    way = "lower" if row["att"] < 0 else "higher"
    return say(f"prove.said.{_GROUP[row['outcome_kind']]}_{way}")


def absolute(row: Row, say: Texts) -> str:
    """What is, against what would have been, in the unit of the outcome."""
    unit = (
        say(f"prove.units.{row['unit']}") if say.has(f"prove.units.{row['unit']}") else row["unit"]
    )
    factor = 100.0 if row["unit"] == "share" else 1.0
    values = (row["treated_mean"], row["untreated_mean"])
    shown = [UNKNOWN if v is None else format_number(v * factor, say.language) for v in values]
    return say("prove.absolute", value=shown[0], without=shown[1], unit=unit)


def coded(room: str, code: str | None, say: Texts, **values: object) -> str:
    """The words of a code below a key; the code itself where there are none."""
    if code is None:
        return ""
    key = f"{room}.{code}"
    return say(key, **values) if say.has(key) else code


def check_sentence(row: Row, say: Texts) -> str:
    """A check in plain words: what was checked, what was found, what it means."""
    key = f"checks.findings.{row['check']}.{row['finding']}"
    name = coded("checks.names", row["check"], say)
    if not say.has(key):
        return say("prove.check_bare", name=name, finding=row["finding"])
    text = say.entries[key]
    figures = json.loads(row["figures"])
    filled = {place: figure(place, figures.get(place), say) for place in places(text)}
    return say("prove.check_named", name=name, sentence=text.format(**filled))


def figure(name: str, value: object, say: Texts) -> str:
    """A figure of a finding, by the unit in its name."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool | str):
        return coded("checks.words", str(value), say)
    number = float(str(value))
    if name.endswith("share") or name in {"power", "level"}:
        return format_share(number, say.language)
    if name == "p" or name.startswith("p_") or name.endswith("_p"):
        return "<0.001" if number < 0.001 else f"{number:.3f}"
    if isinstance(value, int):
        return format_count(number, say.language)
    return format_number(number, say.language)


def day_text(day: Any, say: Texts) -> str:
    """A day, or the day of an instant: 1 Mar 2024, 2024年3月1日."""
    return (
        UNKNOWN
        if day is None
        else format_date(datetime(day.year, day.month, day.day), say.language)
    )
