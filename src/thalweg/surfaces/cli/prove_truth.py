"""The truth of a made-up world, set beside what was found in its records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import expm1
from pathlib import Path
from typing import Any

from thalweg.errors import RequestError
from thalweg.surfaces.prove_words import points, signed
from thalweg.surfaces.texts import Texts

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Truth:
    """True mean effects on the treated cells, on the scale of the outcome, by intervention and
    outcome."""

    att: dict[tuple[str, str], float]

    def beside(self, row: Row) -> tuple[float | None, bool | None]:
        """The true effect of a row, and whether its interval covers it; None where not known, or
        where the row is no effect and so claims no interval."""
        true = self.att.get((row["intervention"], row["outcome"]))
        if true is None or row["low"] is None or row["grade"] in ("D", "N"):
            return true, None
        return true, row["low"] <= true <= row["high"]

    def text(self, row: Row, true: float, say: Texts) -> str:
        """A true effect as the effects are shown: relative, or in points."""
        return signed(expm1(true), say) if row["scale"] == "log" else points(true, say)


def read_truth(path: Path) -> Truth:
    """The truth file that ``thalweg demo`` writes.

    Raises   RequestError: it cannot be read, or isn't one.
    """
    try:
        rows = json.loads(path.read_bytes())["effects"]
        found = {
            (row["intervention"], row["outcome"]): float(row["att"])
            for row in rows
            if row["group"] == "treated" and row["att"] is not None
        }
    except OSError as error:
        why = error.strerror or type(error).__name__
    except (ValueError, KeyError, TypeError):
        why = "it is no truth file"
    else:
        return Truth(found)
    raise RequestError(
        f"The truth file {path} cannot be read: {why}. Name the truth.json that thalweg demo wrote."
    )
