"""What a ``judge`` was asked, in a form that can be named and repeated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from thalweg.records.profile.model import Profile


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What was asked; with the book's fingerprint it names the verdict.

    draws  of everything that is drawn: joint draws of the verdict, response, paths of money. The
           dates of roll-outs are dealt anew as often as ``prove`` does by default.
    """

    type: str | None
    unit: str | None
    filters: tuple[str, ...]
    draws: int
    seed: int
    confidence: float
    off_from: date | None

    def to_json(self, profile: Profile | None = None) -> dict[str, Any]:
        """As plain JSON, with the profile that was gone by, where it is known."""
        body: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        body["filters"] = list(self.filters)
        body["off_from"] = None if self.off_from is None else self.off_from.isoformat()
        body["profile"] = None if profile is None else profile.model_dump(mode="json")
        return body
