"""What a ``prove`` was asked, in a form that can be named and repeated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.change.frame import Every
from thalweg.process.result import plain
from thalweg.records.profile.draft import draft_profile
from thalweg.records.profile.file import load_profile
from thalweg.records.profile.model import Profile

if TYPE_CHECKING:
    from thalweg.records.store.book import Book


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


def table_fingerprint(table: pl.DataFrame) -> str:
    """Names the content of a table, whatever the order of its rows."""
    plainly = table.select(sorted(c for c in table.columns if c != "@row"))
    rows = sorted(json.dumps(plain(row), sort_keys=True, default=str) for row in plainly.to_dicts())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
