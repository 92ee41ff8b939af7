"""What a ``prove`` was asked, in a form that can be named and repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.change.frame import Every
from thalweg.change.panels.settings import KINDS
from thalweg.errors import RequestError
from thalweg.process.result import plain
from thalweg.process.selection import pick
from thalweg.records.profile.draft import draft_profile
from thalweg.records.profile.file import load_profile
from thalweg.records.profile.model import Profile

if TYPE_CHECKING:
    from thalweg.change.panels.panel import Panels
    from thalweg.records.store.book import Book


_NONE = "nothing of it is in the records"
_WHY_MISSING = {
    "no_rules": "it needs a file of rules (--rules)",
    "no_value": "the profile names no attribute that holds the value (value: ...)",
    "value_unknown": "no object carries the attribute that the profile names as value",
    "no_items": "no object passes through it",
    "never": "it never happens",
    "no_known_cell": "no unit has objects enough in any period",
    "too_many_activities": "there are too many activities to tell all pairs apart",
}
"""Why a panel is missing, by its code."""


@dataclass(frozen=True, slots=True)
class ProveRequest:
    """What was asked; with the book's fingerprint it names the result."""

    only: tuple[str, ...] | None
    outcomes: tuple[str, ...] | None
    type: str | None
    unit: str | None
    level: str | None
    every: Every | None
    filters: tuple[str, ...]
    rules: str | None
    covariates: str
    confidence: float
    seed: int
    draws: int
    candidates: bool
    mechanism: bool

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def profile_for(
    book: Book,
    profile: Profile | str | Path | None,
    type: str | None,  # noqa: A002
) -> tuple[Profile, bool]:
    """The profile to go by, and whether it is a draft of our own."""
    if isinstance(profile, Profile):
        return profile, False
    if profile is not None:
        return load_profile(profile), False
    kept = book.profile()
    return (kept, False) if kept is not None else (draft_profile(book, type).profile, True)


def refuse_unknown(asked: Sequence[str] | None, panels: Panels, layers: Sequence[str]) -> None:
    """Raise RequestError for a layer or cause of waiting that isn't there, naming those that are.

    Outcomes that could be there but have no figures say why not.
    """
    known = {
        "layer_h": list(layers),
        "wait_h": [name.partition(":")[2] for name in panels.panels if name[:7] == "wait_h:"],
    }
    for word in asked or ():
        head, _, what = word.partition(":")
        if what and known.get(head) and what not in known[head]:
            pick(what, known[head], "layer" if head == "layer_h" else "cause of waiting")
        shown = [name for name in panels.panels if word in (name, name.partition(":")[0])]
        if not shown and word not in KINDS:
            code = panels.missing.get(word) or panels.missing.get(head) or ""
            there = sorted(n for n in panels.panels if n.partition(":")[0] not in known)
            raise RequestError(
                f"The outcome {word!r} has no figures here: {_WHY_MISSING.get(code, code or _NONE)}. "
                f"There are: {', '.join(there)}."
            )


def table_fingerprint(table: pl.DataFrame) -> str:
    """Names the content of a table, whatever the order of its rows."""
    plainly = table.select(sorted(c for c in table.columns if c != "@row"))
    rows = sorted(json.dumps(plain(row), sort_keys=True, default=str) for row in plainly.to_dicts())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
