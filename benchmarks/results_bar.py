"""One bar of a benchmark: what was measured, against what, and whether it is met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what was measured, against what, and how the two must relate.

    ``ratio`` is ours over theirs; it must stay at or below ``limit``.
    """

    work: str
    rule: str
    ours: float
    theirs: float
    limit: float
    unit: str = "s"

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    def row(self) -> str:
        met = "met" if self.ratio <= self.limit else "**not met**"
        shown = f"1 / {1 / self.ratio:.1f}" if self.ratio < 1 else f"{self.ratio:.2f}"
        ours, theirs = (f"{figure(v)} {self.unit}" for v in (self.ours, self.theirs))
        return f"| {self.work} | {self.rule} | {ours} | {theirs} | {shown} | {met} |"


def figure(value: float) -> str:
    """Three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"
