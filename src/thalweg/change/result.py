"""The result of ``prove``: what each intervention changed, how sure that is, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from thalweg.change.answers.kept import Proved
from thalweg.change.frame import Every
from thalweg.change.schema import COLUMNS, SCHEMA
from thalweg.process.result import plain
from thalweg.process.table_files import write_tables


@dataclass(frozen=True, slots=True, eq=False)
class ProveResult:
    """Every intervention against every relevant outcome; ``prove_json_schema`` has all columns.

    Only rows of ``effects`` with grade A, B or C are effects. ``within_s``: the window of the flow
    time's restricted mean, None where no flow time was asked for.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    every: Every
    units: int
    periods: int
    within_s: float | None
    effects: pl.DataFrame
    paths: pl.DataFrame
    cohorts: pl.DataFrame
    checks: pl.DataFrame
    doses: pl.DataFrame
    traits: pl.DataFrame
    mechanism: pl.DataFrame
    rollout: pl.DataFrame
    raw: pl.DataFrame
    weights: pl.DataFrame
    sensitivity: pl.DataFrame
    set_aside: pl.DataFrame
    candidates: pl.DataFrame
    panel: pl.DataFrame
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)
    kept: Proved | None = None
    """What it was worked out from, for rooms that go on from here; not part of the JSON."""

    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables by name."""
        return {name: getattr(self, name) for name in COLUMNS}

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON: times in ISO 8601 UTC, unknown figures as null."""
        body: dict[str, Any] = {"schema": SCHEMA}
        return body | {n: plain(getattr(self, n)) for n in self.__slots__ if n != "kept"}

    def write_parquet(self, folder: str | Path) -> list[Path]:
        """Every table as ``<table>.parquet`` in a folder, which is made; the files written.

        Raises   RequestError: the folder cannot be written.
        """
        return write_tables(self.tables(), folder)
