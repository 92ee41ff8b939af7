"""Counts that grow while sources stream by, with a few examples of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from thalweg.records.trust import Example, Finding, Severity, TrustReport

EXAMPLES = 5
Unit = Literal["rows", "links", "declarations"]
_UNIT = "counted"
_NOTES: dict[str, tuple[Unit, Severity]] = {
    "row_already_known": ("rows", "note"),
    "link_already_known": ("links", "note"),
    "link_repeated": ("links", "note"),
    "object_repeated": ("declarations", "note"),
    "object_conflict": ("declarations", "warning"),
    "object_change_repeated": ("declarations", "note"),
    "object_link_repeated": ("declarations", "note"),
}


@dataclass
class Count:
    unit: Unit
    severity: Severity
    count: int = 0
    of: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, count: int, examples: list[Example]) -> None:
        self.count += count
        self.examples += examples[: EXAMPLES - len(self.examples)]


@dataclass
class SourceTally:
    name: str
    rows_kept: int = 0
    rows_set_aside: int = 0
    rows_known: int = 0

    @property
    def rows_read(self) -> int:
        return self.rows_kept + self.rows_set_aside + self.rows_known


@dataclass
class Tally:
    """Rows by source; set-aside rows and links by reason; what was met twice."""

    sources: list[SourceTally] = field(default_factory=list)
    counts: dict[tuple[str, str], Count] = field(default_factory=dict)
    earlier_rows: int = 0
    links_read: int = 0

    @property
    def source(self) -> str:
        return self.sources[-1].name

    def start_source(self, name: str) -> None:
        self.sources.append(SourceTally(name))

    def resume(self, trust: TrustReport) -> None:
        """Go on from the report of the generation before."""
        self.earlier_rows = trust.rows_read
        for finding in filter(is_tallied, trust.findings):
            count = self._count(finding.code, finding.where)
            count.unit = finding.detail[_UNIT]
            count.of = finding.of
            count.add(finding.count, list(finding.examples))
            if count.unit == "links":
                self.links_read = finding.of

    def keep_rows(self, count: int) -> None:
        self.sources[-1].rows_kept += count

    def set_rows_aside(self, rejects: pl.DataFrame) -> None:
        self.sources[-1].rows_set_aside += len(rejects)
        self._count_rejects(rejects)

    def set_links_aside(self, rejects: pl.DataFrame) -> None:
        self._count_rejects(rejects)

    def skip_known_rows(self, rows: pl.DataFrame) -> None:
        """Rows that are held already; ``@row``, ``@activity`` and ``@time`` for examples."""
        self.sources[-1].rows_known += len(rows)
        shown = rows.head(EXAMPLES).select("@row", "@activity", "@time").rows()
        examples = [Example(self.source, row, f"{name} {time}") for row, name, time in shown]
        self.note("row_already_known", len(rows), examples)

    def note(
        self, code: str, count: int, examples: list[Example], where: str = "", of: int = 0
    ) -> None:
        """Something that happened ``count`` times, ``of`` so many that could."""
        if count:
            found = self._count(code, where)
            found.add(count, examples)
            found.of += of

    def findings(self) -> list[Finding]:
        """One finding for each code and place, losses first."""
        rows = self.earlier_rows + sum(s.rows_read for s in self.sources)
        totals = {"rows": rows, "links": self.links_read}
        return [
            Finding(
                code=code,
                severity=c.severity,
                count=c.count,
                of=totals.get(c.unit, c.of),
                where=where,
                examples=tuple(c.examples),
                detail={_UNIT: c.unit},
            )
            for (code, where), c in sorted(
                self.counts.items(), key=lambda item: (item[1].severity, item[0])
            )
        ]

    def _count_rejects(self, rejects: pl.DataFrame) -> None:
        for (code,), group in rejects.group_by("reason", maintain_order=True):
            shown = [
                Example(self.source, r["@row"], r["value"] or (r["record"] or "")[:200])
                for r in group.head(EXAMPLES).iter_rows(named=True)
            ]
            self._count(str(code), "").add(len(group), shown)

    def _count(self, code: str, where: str) -> Count:
        unit, severity = _kind(code)
        return self.counts.setdefault((code, where), Count(unit, severity))


def is_tallied(finding: Finding) -> bool:
    """Whether the tally goes on counting this from generation to generation."""
    return _UNIT in finding.detail


def _kind(code: str) -> tuple[Unit, Severity]:
    return _NOTES.get(code, ("links" if code.startswith("link_") else "rows", "loss"))
