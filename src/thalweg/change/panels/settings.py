"""What a profile says about measuring: layers, windows, failed ends, value, working hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from thalweg.change.frame import Ints
from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile

KINDS = ("flow", "layer", "wait", "pair", "share", "count", "value")
KIND_OF = {
    "flow_h": "flow",
    "layer_h": "layer",
    "wait_h": "wait",
    "pair_h": "pair",
    "rework_share": "share",
    "broke_off_share": "share",
    "deviation_share": "share",
    "started_per_day": "count",
    "finished_per_day": "count",
    "value_per_day": "value",
    "value_per_object": "value",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured besides the records' own times.

    layers   ids with the activities of each, and declared windows in seconds.
    """

    layers: tuple[tuple[str, tuple[str, ...], float | None], ...] = ()
    within_s: float | None = None
    failed_ends: tuple[str, ...] = ()
    value: str | None = None
    currency: str | None = None
    hours: Calendar | None = None

    @staticmethod
    def of(profile: Profile | None) -> Settings:
        if profile is None:
            return Settings()
        given = profile.hours
        hours = None if given is None else Calendar.model_validate(given.model_dump())
        return Settings(
            tuple((layer.id, layer.activities, layer.within_s) for layer in profile.layers),
            profile.within_s,
            profile.failed_ends,
            profile.value,
            profile.currency,
            hours,
        )

    def layer_codes(self, activities: Sequence[str]) -> Ints:
        """Per activity code the number of its layer, -1 for none."""
        home = {name: at for at, (_, names, _) in enumerate(self.layers) for name in names}
        return np.array([home.get(name, -1) for name in activities], np.int64)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which outcomes were asked for: kinds, and single names within further kinds; None: all."""

    asked: tuple[str, ...] | None

    @staticmethod
    def of(outcomes: Sequence[str] | None) -> Wanted:
        """Raises RequestError where a word is neither a kind nor the beginning of a name."""
        for word in outcomes or ():
            if word not in KINDS and word.split(":", 1)[0] not in KIND_OF:
                raise RequestError(
                    f"There is no outcome {word!r}. Kinds are {', '.join(KINDS)}; names begin "
                    f"with {', '.join(KIND_OF)}."
                )
        return Wanted(None if outcomes is None else tuple(outcomes))

    def kind(self, kind: str) -> bool:
        """Whether anything of the kind is wanted."""
        return self.asked is None or any(
            word == kind or KIND_OF.get(word.split(":", 1)[0]) == kind for word in self.asked
        )

    def names(self, name: str) -> bool:
        """Whether an outcome of this name is wanted."""
        head = name.split(":", 1)[0]
        return self.asked is None or any(word in (name, head, KIND_OF[head]) for word in self.asked)

    def singled(self, head: str) -> tuple[str, ...]:
        """What is asked for by name after ``head:``."""
        return tuple(
            word.split(":", 1)[1] for word in self.asked or () if word.startswith(f"{head}:")
        )
