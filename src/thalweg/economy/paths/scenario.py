"""What a user sets, such as ``marketing=-50%``, read from text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Literal

from thalweg.errors import RequestError

Budget = Literal["marketing", "subsidy", "research", "operations", "cost_of_sales", "capital"]
BUDGETS: tuple[Budget, ...] = (
    *("marketing", "subsidy", "research", "operations", "cost_of_sales", "capital"),
)
_PART = re.compile(r"\s*([^=\s]+)\s*=\s*(\S+)\s*")
_PERCENT = re.compile(r"([+\-−]?)(\d+(?:\.\d+)?)[%％]")
_AMOUNT = re.compile(r"\d+(?:\.\d+)?")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Change:
    """One setting. budget: what is set, "rollout" for an intervention; name: channel or intervention.

    factor: multiplies it; amount: a month, in the currency; from_month: a roll-out is in force from.
    """

    budget: Budget | Literal["rollout"]
    name: str | None = None
    factor: float | None = None
    amount: float | None = None
    from_month: date | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes that hold together, and how they were written."""

    text: str
    changes: tuple[Change, ...]


def read_scenario(text: str, channels: Sequence[str], interventions: Sequence[str]) -> Scenario:
    """Read one scenario: settings joined by commas.

    Takes    ``marketing=-50%``, ``marketing.CHANNEL=0``, ``subsidy=-100%``, ``research=+20%``,
             ``operations=+10%``, ``cost_of_sales=-5%``, ``capital=0`` (outside capital that comes
             in), ``rollout.INTERVENTION=2026-06``: in force from that month at all units that do not
             have it. A number without a sign is an amount a month, in the currency.
    Raises   RequestError: with the nearest names or an example of what can be written.
    """
    parts = [part for part in re.split(r"[,，]", text) if part.strip()]
    changes = tuple(_change(part, channels, interventions) for part in parts)
    if not changes:
        raise RequestError("A scenario is empty. Write, for example, marketing=-50%.")
    targets = [(one.budget, one.name) for one in changes]
    for target in targets:
        if targets.count(target) > 1 or (target[1] and (target[0], None) in targets):
            raise RequestError(
                f"The scenario {text!r} sets {target[0]!r} twice. Leave one of the two."
            )
    return Scenario(",".join("=".join(_halves(part)) for part in parts), changes)


def _halves(part: str) -> tuple[str, str]:
    found = _PART.fullmatch(part)
    if found is None:
        raise RequestError(
            f"The scenario part {part.strip()!r} is no setting. Write NAME=VALUE, such as "
            "marketing=-50% or rollout.NAME=2026-06."
        )
    return found[1], found[2]


def _change(part: str, channels: Sequence[str], interventions: Sequence[str]) -> Change:
    target, value = _halves(part)
    head, _, name = target.partition(".")
    if head == "rollout":
        return _rollout(name, value, interventions)
    if head not in BUDGETS:
        raise RequestError(
            f"A scenario cannot set {head!r}. {_nearest(head, [*BUDGETS, 'rollout.INTERVENTION'])}"
        )
    if name and head != "marketing":
        raise RequestError(f"{head!r} has no parts to set. Write {head}={value}.")
    if name and name not in channels:
        raise RequestError(f"There is no channel {name!r}. {_nearest(name, channels)}")
    factor, amount = _level(target, value)
    budget = next(one for one in BUDGETS if one == head)
    return Change(budget, name or None, factor, amount)


def _level(target: str, value: str) -> tuple[float | None, float | None]:
    """A factor, or an amount."""
    if value == "0":
        return 0.0, None
    found = _PERCENT.fullmatch(value)
    if found is not None and found[1]:
        change = float(found[2]) / 100 * (1 if found[1] == "+" else -1)
        if change < -1:
            raise RequestError(
                f"{target}={value} takes away more than there is. Give -100% at most."
            )
        return 1 + change, None
    if _AMOUNT.fullmatch(value):
        return None, float(value)
    raise RequestError(
        f"{target}={value} cannot be read. Write a change with its sign, such as -50% or +10%, 0 "
        "for none, or an amount a month."
    )


def _rollout(name: str, value: str, interventions: Sequence[str]) -> Change:
    if name not in interventions:
        raise RequestError(
            f"There is no intervention {name!r} to roll out. {_nearest(name, interventions)}"
        )
    found = _MONTH.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= 12:
        raise RequestError(f"rollout.{name}={value} names no month. Write rollout.{name}=2026-06.")
    return Change("rollout", name, from_month=date(int(found[1]), int(found[2]), 1))


def _nearest(word: str, known: Sequence[str]) -> str:
    if not known:
        return "There are none in this book."
    near = get_close_matches(word, known, 3, 0.4) or list(known)[:8]
    return f"Nearest: {', '.join(near)}."
