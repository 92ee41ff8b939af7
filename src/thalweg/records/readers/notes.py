"""Findings that grow while a source streams by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from thalweg.records.intake import ROW
from thalweg.records.trust import Example, Finding, Severity

EXAMPLES = 5
_LONGEST_EXAMPLE = 120


@dataclass(slots=True)
class _Note:
    severity: Severity
    count: int = 0
    of: int = 0
    examples: list[Example] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Notes:
    """Counts by code and place; ``detail`` values that are numbers add up, others are replaced."""

    source: str
    _notes: dict[tuple[str, str], _Note] = field(default_factory=dict)

    def add(
        self,
        code: str,
        severity: Severity,
        count: int,
        *,
        of: int = 0,
        where: str = "",
        examples: Iterable[Example] = (),
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        note = self._notes.setdefault((code, where), _Note(severity))
        note.count += count
        note.of += of
        note.examples.extend(list(examples)[: EXAMPLES - len(note.examples)])
        for name, value in (detail or {}).items():
            note.detail[name] = _grown(note.detail.get(name), value)

    def count_rows(
        self, code: str, severity: Severity, rows: pl.DataFrame, column: str, of: int
    ) -> None:
        """Count rows (with ``@row``) where something was seen in a column, if any."""
        if len(rows):
            few = rows.select(ROW, pl.col(column).cast(pl.String)).head(EXAMPLES).iter_rows()
            examples = [self.example(row, value) for row, value in few]
            self.add(code, severity, len(rows), of=of, where=column, examples=examples)

    def example(self, row: int | None, value: object) -> Example:
        text = "" if value is None else str(value)
        cut = text if len(text) <= _LONGEST_EXAMPLE else text[:_LONGEST_EXAMPLE] + "…"
        return Example(self.source, row, cut)

    def findings(self) -> list[Finding]:
        """In order of first appearance."""
        return [
            Finding(code, n.severity, n.count, n.of, where, tuple(n.examples), n.detail)
            for (code, where), n in self._notes.items()
        ]


def _grown(known: Any, value: Any) -> Any:
    if isinstance(value, dict):
        old = known if isinstance(known, dict) else {}
        return {**old, **{k: _grown(old.get(k), v) for k, v in value.items()}}
    if isinstance(value, int) and not isinstance(value, bool) and isinstance(known, int):
        return known + value
    return value
