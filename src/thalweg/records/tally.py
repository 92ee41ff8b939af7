"""Counts that grow while sources stream by, with a few examples of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from thalweg.records.trust import Example, Finding

EXAMPLES = 5


@dataclass
class Reason:
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass
class SourceTally:
    name: str
    rows_kept: int = 0
    rows_set_aside: int = 0
    rows_known: int = 0


@dataclass
class Tally:
    """Rows by source and set-aside rows by reason."""

    sources: list[SourceTally] = field(default_factory=list)
    rows: dict[str, Reason] = field(default_factory=dict)
    links: dict[str, Reason] = field(default_factory=dict)
    earlier_rows: int = 0

    @property
    def source(self) -> str:
        return self.sources[-1].name

    def start_source(self, name: str) -> None:
        self.sources.append(SourceTally(name))

    def count_rows(self, kept: int, set_aside: pl.DataFrame) -> None:
        self.sources[-1].rows_kept += kept
        self.sources[-1].rows_set_aside += len(set_aside)
        self._count(self.rows, set_aside)

    def count_links_set_aside(self, rejects: pl.DataFrame) -> None:
        self._count(self.links, rejects)

    def findings(self) -> list[Finding]:
        """One finding for each reason why rows or links were set aside."""
        total = self.earlier_rows + sum(s.rows_kept + s.rows_set_aside for s in self.sources)
        rows = [
            Finding(code, "loss", reason.count, total, examples=tuple(reason.examples))
            for code, reason in sorted(self.rows.items())
        ]
        links = [
            Finding(code, "loss", reason.count, examples=tuple(reason.examples))
            for code, reason in sorted(self.links.items())
        ]
        known = sum(s.rows_known for s in self.sources)
        repeats = [Finding("row_already_known", "note", known, total + known)] if known else []
        return rows + links + repeats

    def _count(self, reasons: dict[str, Reason], rejects: pl.DataFrame) -> None:
        for (code,), group in rejects.group_by("reason", maintain_order=True):
            reason = reasons.setdefault(str(code), Reason())
            reason.count += len(group)
            for row in group.head(EXAMPLES - len(reason.examples)).iter_rows(named=True):
                shown = row["value"] or row["record"][:200]
                reason.examples.append(Example(self.source, row["@row"], shown))
