"""What was asked of panels; with the book's fingerprint it names them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from thalweg.change.frame import Every, Ints
from thalweg.process.calendar import Calendar, calendar_json
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.filter_text import to_text
from thalweg.process.filters import Filter

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile


@dataclass(frozen=True, slots=True, eq=False)
class PanelsRequest:
    """A call of ``build_panels`` with everything that the book adds to it.

    adopted_ns: instants of adoption whose straddle is wanted, or None.
    """

    type: str
    profile: Profile | None
    unit: str | None
    level: str | None
    every: Every | Literal["auto"]
    outcomes: tuple[str, ...] | None
    filters: tuple[Filter, ...]
    parties: pl.DataFrame | None
    interventions: pl.DataFrame | None
    rules: RuleFile | None
    adopted_ns: Ints | None
    fewest_objects: int
    fewest_periods: int
    calendar: Calendar | None
    ends: tuple[str, ...] | None
    horizon: datetime | None
    timezone: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON; tables and rules by a digest of what they hold."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        rules, profile = self.rules, self.profile
        return given | {
            "profile": None if profile is None else profile.model_dump(mode="json"),
            "filters": [to_text(one) for one in self.filters],
            "outcomes": None if self.outcomes is None else list(self.outcomes),
            "parties": _table(self.parties),
            "interventions": _table(self.interventions),
            "rules": None if rules is None else _digest(rules.model_dump_json()),
            "adopted_ns": None if self.adopted_ns is None else self.adopted_ns.tolist(),
            "calendar": None if self.calendar is None else calendar_json(self.calendar),
            "ends": None if self.ends is None else list(self.ends),
            "horizon": None if self.horizon is None else self.horizon.isoformat(),
        }


def _table(table: pl.DataFrame | None) -> str | None:
    return None if table is None else _digest(table.write_json())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
