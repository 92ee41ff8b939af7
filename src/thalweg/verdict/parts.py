"""What a verdict is put together from: the results of the other rooms, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult
    from thalweg.economy.result import SustainResult
    from thalweg.process.conformance.result import ConformResult
    from thalweg.process.result import MapResult
    from thalweg.process.waiting.result import WaitsResult
    from thalweg.records.profile.model import Profile
    from thalweg.records.store.book import Book


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Everything that the records could carry; None for what they could not.

    drafted  whether the profile is a draft of our own from names of activities.
    missing  part → code of why it is not there.
    """

    book: Book
    profile: Profile
    drafted: bool
    type: str | None
    filters: tuple[str, ...]
    map: MapResult | None
    waits: WaitsResult | None
    conform: ConformResult | None
    prove: ProveResult | None
    sustain: SustainResult | None
    missing: dict[str, str]
