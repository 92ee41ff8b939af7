"""What a ``sustain`` was asked, in a form that can be named and repeated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from thalweg.errors import RequestError

FEWEST_DRAWS = 50
MOST_MONTHS = 120
_MONTH = re.compile(r"(\d{4})-(\d{1,2})(?:-\d{1,2})?")


@dataclass(frozen=True, slots=True)
class SustainRequest:
    """What was asked; with the book's fingerprint it names the result. Months are first days."""

    since: date | None
    until: date | None
    off_from: date | None
    scenarios: tuple[str, ...]
    draws: int
    seed: int
    confidence: float
    horizon_months: int
    profile: str
    """Names the profile's content."""

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            plain[name] = value.isoformat() if isinstance(value, date) else value
        return plain | {"scenarios": list(self.scenarios)}


def request_of(
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    off_from: str | date | None = None,
    scenarios: Sequence[str] = (),
    draws: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
    horizon_months: int = 24,
    profile: str = "",
) -> SustainRequest:
    """Raises   RequestError: a month, confidence, number of draws or of months out of range."""
    if not 0.5 < confidence < 1:
        raise RequestError(
            f"A confidence lies between 0.5 and 1, such as 0.95; not {confidence:g}."
        )
    if draws < FEWEST_DRAWS:
        raise RequestError(
            f"{draws} draws are too few for an interval: give {FEWEST_DRAWS} or more."
        )
    if not 1 <= horizon_months <= MOST_MONTHS:
        raise RequestError(
            f"A horizon of {horizon_months} months cannot be looked at. Give 1 to {MOST_MONTHS}."
        )
    return SustainRequest(
        since=month_of("since", since),
        until=month_of("until", until),
        off_from=month_of("off_from", off_from),
        scenarios=tuple(scenarios),
        draws=draws,
        seed=seed,
        confidence=confidence,
        horizon_months=horizon_months,
        profile=profile,
    )


def month_of(what: str, value: str | date | None) -> date | None:
    """The first day of a month written as ``2025-01``, or of a date."""
    if value is None:
        return None
    if isinstance(value, date):
        return date(value.year, value.month, 1)
    found = _MONTH.fullmatch(value.strip())
    if found is None or not 1 <= int(found[2]) <= 12:
        raise RequestError(f"{what} is {value!r}, which names no month. Write {what}=2025-01.")
    return date(int(found[1]), int(found[2]), 1)


def after(month: date, count: int) -> date:
    """The first day of the month so many months later."""
    place = month.year * 12 + month.month - 1 + count
    return date(place // 12, place % 12 + 1, 1)
