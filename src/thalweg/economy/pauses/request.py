"""What is asked of a plan of pauses, and what cannot be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from thalweg.economy.frame import GrowthPanel
from thalweg.economy.pauses.cost import subsidy_share
from thalweg.errors import RequestError
from thalweg.records.companions.pauses import SUBSIDY
from thalweg.records.mapping.flat import nearest

FEWEST_UNITS, FEWEST_MONTHS, MOST_MONTHS = 4, 3, 60
MOST_SHARE = 0.5
SUBSIDY_MATTERS = 0.03
"""Of the last year's revenue, above which subsidy is paused too unless that is asked otherwise."""


@dataclass(frozen=True, slots=True)
class PauseRequest:
    """share: of unit-months. channels: those that pause; None: all. subsidy: whether it pauses."""

    share: float
    months: int
    seed: int
    channels: tuple[str, ...] | None
    subsidy: bool
    most_in_a_row: int
    first: date
    confidence: float

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        listed = None if self.channels is None else list(self.channels)
        return asdict(self) | {"channels": listed, "first": self.first.isoformat()}


def refuse(panel: GrowthPanel, asked: PauseRequest) -> None:
    """Raise RequestError for what cannot be planned."""
    if not panel.channels and not asked.subsidy:
        raise RequestError(
            "There is no paid traffic to pause: the records hold no spend. Add a table of traffic, "
            "or map the ledger's marketing account in the profile."
        )
    if len(panel.units) < FEWEST_UNITS:
        raise RequestError(
            f"{len(panel.units)} units are too few to pause some and not others; {FEWEST_UNITS} are "
            "needed. With a single firm, pause regions or segments: give the ledger a party for each."
        )
    for name, value, low, high in (
        ("share", asked.share, 0.01, MOST_SHARE),
        ("months", asked.months, FEWEST_MONTHS, MOST_MONTHS),
        ("most_in_a_row", asked.most_in_a_row, 1, MOST_MONTHS),
        ("confidence", asked.confidence, 0.5, 0.999),
    ):
        if not low <= value <= high:
            raise RequestError(
                f"{name} is {value:g}. A plan needs {name} from {low:g} to {high:g}."
            )
    for channel in asked.channels or ():
        if channel not in panel.channels:
            raise RequestError(
                f"There is no paid channel {channel!r}. {nearest(channel, panel.channels)}"
            )
    if asked.first.day != 1:
        raise RequestError(f"Pauses begin on the first day of a month, not on {asked.first}.")


def channels_of(panel: GrowthPanel, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The channels that pause, each once."""
    return panel.channels if wanted is None else tuple(dict.fromkeys(wanted))


def subsidy_too(panel: GrowthPanel, wanted: bool | None) -> bool:
    """Whether subsidy pauses: as asked, else where there is much of it.

    Raises   RequestError: it is asked for, and the records hold none, or a paid channel has its name.
    """
    if wanted and not panel.subsidy.any():
        raise RequestError(
            "There is no subsidy to pause: the ledger holds none. Map its account in the profile."
        )
    if wanted and SUBSIDY in panel.channels:
        raise RequestError(
            f"A paid channel is called {SUBSIDY!r}, so pauses of subsidy could not be told from its "
            "own. Give the channel another name in the table of traffic."
        )
    much = SUBSIDY not in panel.channels and subsidy_share(panel) > SUBSIDY_MATTERS
    return much if wanted is None else wanted
