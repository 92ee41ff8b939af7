"""Reading small tables in tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from thalweg.records.intake import REJECTS_SCHEMA, Intake, ReadRequest
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.proposal.propose import propose
from thalweg.records.readers import read_source
from thalweg.records.sources import Source, expand
from thalweg.records.trust import Finding


@dataclass(frozen=True)
class Read:
    """A source after all its batches were drawn."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    intake: Intake
    batches: int

    def finding(self, code: str, where: str | None = None) -> Finding:
        """The only finding of a code (and place)."""
        found = [f for f in self.intake.findings if f.code == code and where in (None, f.where)]
        assert len(found) == 1, (code, [(f.code, f.where) for f in self.intake.findings])
        return found[0]

    def codes(self) -> set[str]:
        return {f.code for f in self.intake.findings}


def read(source: Source | Path, mapping: Any, **request: Any) -> Read:
    if isinstance(source, Path):
        source = expand(source)[0]
    intake = read_source(source, ReadRequest(mapping=mapping, **request))
    batches = list(intake.batches)
    rejects = [b.rejects for b in batches if b.rejects is not None]
    return Read(
        pl.concat([b.events for b in batches], how="diagonal_relaxed"),
        pl.concat([pl.DataFrame(schema=REJECTS_SCHEMA), *rejects]),
        intake,
        len(batches),
    )


def proposed(path: Path) -> FlatMapping:
    return propose(Source(path), ReadRequest()).mapping


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
