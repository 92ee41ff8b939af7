"""What findings are drawn from, and how rows and objects become examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from thalweg.records.building.build import BookBuilder
from thalweg.records.building.finish import FinishedType, ObjectFacts
from thalweg.records.building.rows import Rows
from thalweg.records.building.tally import EXAMPLES
from thalweg.records.trust import Example, Finding, Severity

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that findings are drawn from.

    first_new   event row from which on this generation's rows stand.
    before_ns   latest time that the generation before held, or None.
    facts       later attribute values of objects, and links between objects.
    now_ns      what the clock says.
    """

    builder: BookBuilder
    types: Sequence[FinishedType]
    sources: Sequence[str]
    facts: ObjectFacts
    first_new: int
    before_ns: int | None
    now_ns: int

    @property
    def time_ns(self) -> NDArray[np.int64]:
        instants: NDArray[np.int64] = self.builder.time_ns.array()
        return instants

    def rows(self) -> Rows:
        return self.builder.rows()

    def examples(self, rows: NDArray[np.integer]) -> tuple[Example, ...]:
        """The first few rows as examples: source, row and what happened when."""
        frame = self.rows().frame(np.asarray(rows[:EXAMPLES], np.int64))
        return tuple(
            Example(self.sources[r["@source"]], r["@row"], f"{r['@activity']} {r['@time']}")
            for r in frame.iter_rows(named=True)
        )

    def object_examples(
        self, finished: FinishedType, places: NDArray[np.integer]
    ) -> tuple[Example, ...]:
        """The objects of the first few sequences, by id."""
        return self.id_examples(finished, finished.sequences.object[places[:EXAMPLES]])

    def id_examples(
        self, finished: FinishedType, codes: NDArray[np.integer]
    ) -> tuple[Example, ...]:
        names = self.builder.types[finished.record.name].coder.names()
        return tuple(Example(value=name) for name in names.gather(codes[:EXAMPLES]))


def flagged(
    code: str, severity: Severity, flags: Flags, evidence: Evidence, where: str = ""
) -> Iterator[Finding]:
    count = int(np.count_nonzero(flags))
    if count:
        found = evidence.examples(first_places(flags))
        yield Finding(code, severity, count, len(flags), where, found)


def first_places(flags: Flags) -> NDArray[np.int64]:
    """Places of the first few that are true, found piece by piece."""
    found: list[int] = []
    for lo in range(0, len(flags), 1 << 20):
        found += (lo + np.flatnonzero(flags[lo : lo + (1 << 20)])[:EXAMPLES]).tolist()
        if len(found) >= EXAMPLES:
            break
    return np.array(found[:EXAMPLES], np.int64)


def iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).isoformat()
