"""Words and figures of a planned roll-out, for screens and pictures alike."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from thalweg.records.profile.words import LAYERS
from thalweg.surfaces.format_values import UNKNOWN, format_date, format_number, format_share
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.change.planning.result import PlanningResult


def effect(result: PlanningResult, value: float | None, say: Texts, *, signed: bool = True) -> str:
    """An effect as a share of the baseline where it is relative, else in the outcome's unit."""
    if value is None:
        return UNKNOWN
    sign = "+" if signed and value > 0 else ""
    if result.outcome["scale"] == "log":
        return sign + format_share(value, say.language)
    return f"{sign}{format_number(value, say.language)} {outcome_unit(result, say)}".rstrip()


def absolute(value: float | None, say: Texts) -> str:
    """A difference in the outcome's unit, with its sign."""
    shown = format_number(value, say.language)
    return f"+{shown}" if value is not None and value > 0 else shown


def outcome_name(result: PlanningResult, say: Texts) -> str:
    """The outcome in words, where there are any."""
    name = str(result.outcome["name"])
    head, _, what = name.partition(":")
    if head == "layer_h" and what in LAYERS:
        what = LAYERS[what][say.language == "zh"]
    key = f"prove.outcomes.{head}"
    return say(key, what=what) if say.has(key) else name


def outcome_unit(result: PlanningResult, say: Texts) -> str:
    unit = str(result.outcome["unit"])
    key = f"prove.units.{unit}"
    return say(key) if say.has(key) else unit


def part_of_ten(power: float) -> str:
    return f"{10 * power:g}"


def day(at: str | date | None, say: Texts) -> str:
    if at is None:
        return UNKNOWN
    whole = date.fromisoformat(at) if isinstance(at, str) else at
    return format_date(datetime(whole.year, whole.month, whole.day), say.language)


def design_name(row: dict[str, Any], say: Texts) -> str:
    """A design in words."""
    parts = {
        key: say(f"planning.{key}.{row[key]}") if row[key] is not None else ""
        for key in ("shares", "drawing")
    }
    return say(f"planning.designs.{row['design']}", **parts)
