"""Findings that grow while an OCEL file is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from thalweg.records.trust import Example, Finding, Severity

_EXAMPLES = 5


@dataclass(slots=True)
class Tally:
    """One finding for each code and place, counted up with its first examples.

    A detail named ``of`` is the total that the count refers to.
    """

    source: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    severities: dict[str, Severity] = field(default_factory=dict)
    examples: dict[tuple[str, str], list[Example]] = field(default_factory=dict)
    details: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(
        self,
        code: str,
        severity: Severity,
        where: str = "",
        *,
        count: int = 1,
        row: int | None = None,
        value: str | None = None,
        **detail: Any,
    ) -> None:
        key = code, where
        self.counts[key] += count
        self.severities[code] = severity
        kept = self.examples.setdefault(key, [])
        if value is not None and len(kept) < _EXAMPLES:
            kept.append(Example(self.source, row, value[:200]))
        self.details.setdefault(key, {}).update(detail)

    def findings(self) -> list[Finding]:
        return [
            Finding(
                code,
                self.severities[code],
                count,
                self.details[code, where].get("of", 0),
                where,
                examples=tuple(self.examples[code, where]),
                detail={k: v for k, v in self.details[code, where].items() if k != "of"},
            )
            for (code, where), count in self.counts.items()
        ]


def same_or_not(same: bool) -> tuple[str, Severity]:
    """Place and severity of a repeated record: an identical one loses nothing."""
    return ("identical", "note") if same else ("different", "loss")
