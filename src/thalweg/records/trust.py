"""The trust report: what was read, what was set aside, and what to be careful with.

A finding is a code with figures, never prose: the surfaces put it into words in the reader's
language, and nothing that happened to the data goes without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["note", "warning", "loss"]
"""note: a fact; warning: an assumption or a doubt; loss: rows that are not in the book's tables."""
BESIDE = "beside"
"""Key of a finding's detail that names the table beside the events that it is about."""


@dataclass(frozen=True, slots=True)
class Example:
    """One place where it happened: source file, line or row, and the value found there."""

    source: str = ""
    row: int | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A counted observation.

    ``count`` out of ``of`` (rows, events, links or objects as the code says; 0 when a share
    makes no sense). ``where`` names the object type, column or file concerned; ``detail`` holds
    further figures under names with units.
    """

    code: str
    severity: Severity
    count: int
    of: int = 0
    where: str = ""
    examples: tuple[Example, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class TrustReport:
    """All findings about a book's sources, with the totals they refer to."""

    rows_read: int
    rows_kept: int
    rows_set_aside: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"findings": [asdict(f) | {"share": f.share} for f in self.findings]}

    @staticmethod
    def from_json(data: dict[str, Any]) -> TrustReport:
        findings = tuple(
            Finding(
                **{k: v for k, v in f.items() if k not in {"share", "examples"}},
                examples=tuple(Example(**e) for e in f["examples"]),
            )
            for f in data["findings"]
        )
        return TrustReport(**{**data, "findings": findings})

    def find(self, code: str, where: str | None = None) -> Finding | None:
        """The first finding of a code (and place), or None."""
        for finding in self.findings:
            if finding.code == code and where in (None, finding.where):
                return finding
        return None


def zone_stated(findings: Iterable[Finding]) -> str:
    """The zone that times were stated to be in, if it is one; else UTC.

    The events' zone comes first; where their times carry offsets of their own, it is the one that
    the tables beside them were read in.
    """
    stated = [finding for finding in findings if finding.code == "zone_stated"]
    of_events = [finding for finding in stated if BESIDE not in finding.detail]
    zones = {finding.detail.get("assumed") for finding in of_events or stated}
    only = zones.pop() if len(zones) == 1 else None
    return str(only) if only else "UTC"
