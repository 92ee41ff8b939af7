"""A proposed mapping for an unknown table, with every guess stated and a reason for it.

Names decide first, values confirm or refuse, and where names say nothing the values decide
alone, with less confidence. The same source always gives the same proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any

import polars as pl

from thalweg.records.intake import ROW, ReadRequest, Role
from thalweg.records.locate import Located
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.proposal.choice import Choice, Guess, Question, choose
from thalweg.records.proposal.profile import ColumnProfile, profile
from thalweg.records.readers import format_of
from thalweg.records.readers.tabular.flat import Table
from thalweg.records.sources import Source

_SAMPLE_ROWS = 50_000
_SHOWN_ROWS = 5
_SURE = 0.8
_READERS = {
    "csv": "tabular.delimited",
    "jsonl": "tabular.jsonlines",
    "xlsx": "tabular.excel",
    "parquet": "tabular.parquet",
    "sql": "tabular.database",
}
_XES_ROLES: dict[Role, str] = {
    "resource": "org:resource",
    "lifecycle": "lifecycle:transition",
    "instance": "concept:instance",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an unknown source seems to be.

    mapping      the proposed mapping; incomplete where ``is_log`` is false.
    guesses      field by field: the column, how sure (0 to 1), and why.
    questions    what the user should decide or know.
    is_standard  all names are those that a format or a well-known tool writes: no need to ask.
    is_log       there is something to make events of.
    columns      every column in figures; rows_sampled of them were looked at, from the start.
    """

    source: str
    format: str
    mapping: FlatMapping
    guesses: tuple[Guess, ...] = ()
    questions: tuple[Question, ...] = ()
    is_standard: bool = False
    is_log: bool = True
    encoding: str | None = None
    delimiter: str | None = None
    rows_sampled: int = 0
    whole_source: bool = True
    sample: tuple[dict[str, str | None], ...] = ()
    columns: tuple[ColumnProfile, ...] = ()
    roles: dict[Role, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The proposal as plain data; ``mapping`` as a mapping file would hold it."""
        mapping = {"kind": "table", **self.mapping.model_dump(mode="json", exclude_defaults=True)}
        return {
            "source": self.source,
            "format": self.format,
            "is_log": self.is_log,
            "is_standard": self.is_standard,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "rows_sampled": self.rows_sampled,
            "whole_source": self.whole_source,
            "mapping": mapping,
            "roles": dict(self.roles),
            "guesses": [asdict(guess) for guess in self.guesses],
            "questions": [asdict(question) for question in self.questions],
            "columns": [column.to_json() for column in self.columns],
            "sample": [dict(row) for row in self.sample],
        }


def propose(source: Located, request: ReadRequest) -> Proposal:
    """Look at a source and propose how to read it.

    Raises   SourceError, UnsafeSourceError: as reading it would.
    """
    form = format_of(source)
    if form not in _READERS:
        roles = _XES_ROLES if form in {"xes", "xes-yaml", "mxml"} else {}
        return Proposal(source.name, form, FlatMapping(), is_standard=True, roles=dict(roles))
    reader = import_module(f"thalweg.records.readers.{_READERS[form]}")
    looking = replace(request, batch_rows=_SAMPLE_ROWS, progress=lambda _: None)
    place = source if isinstance(source, Source) else source.uri
    table: Table = reader.open_table(place, looking)
    rows = _first_rows(table)
    columns = tuple(profile(rows, name) for name in table.columns)
    choice = choose(rows, columns)
    questions = (*_about_reading(table), *_about_zone(choice, columns, request.timezone))
    return Proposal(
        source.name,
        form,
        _with_sheet(choice.mapping, request),
        choice.guesses,
        (*choice.questions, *questions),
        is_standard=choice.is_standard,
        is_log=choice.is_log,
        encoding=table.about.get("encoding"),
        delimiter=table.about.get("delimiter"),
        rows_sampled=len(rows),
        whole_source=len(rows) < _SAMPLE_ROWS,
        sample=_shown(rows),
        columns=columns,
        roles=dict(choice.mapping.roles),
    )


def _with_sheet(mapping: FlatMapping, request: ReadRequest) -> FlatMapping:
    sheet = getattr(request.mapping, "sheet", None)
    return mapping if sheet is None else mapping.model_copy(update={"sheet": sheet})


def _first_rows(table: Table) -> pl.DataFrame:
    """The first rows of a table, as they stand."""
    parts: list[pl.DataFrame] = []
    count = 0
    chunks = table.chunks(table.notes)
    for chunk in chunks:
        parts.append(chunk.rows)
        count += len(chunk.rows)
        if count >= _SAMPLE_ROWS:
            break
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    if not parts:
        return pl.DataFrame(schema={ROW: pl.Int64, **dict.fromkeys(table.columns, pl.String)})
    return pl.concat(parts).head(_SAMPLE_ROWS)


def _shown(rows: pl.DataFrame) -> tuple[dict[str, str | None], ...]:
    few = rows.head(_SHOWN_ROWS).drop(ROW).to_dicts()
    return tuple({k: None if v is None else str(v) for k, v in row.items()} for row in few)


def _about_reading(table: Table) -> Sequence[Question]:
    """Doubts about the encoding, and text that was damaged before."""
    found = table.notes.findings()
    doubts = [
        Question("encoding_uncertain", (), f.detail)
        for f in found
        if f.code == "encoding_detected" and f.detail["confidence"] < _SURE
    ]
    damaged = [
        Question("encoding_damaged", (), {"count": f.count})
        for f in found
        if f.code == "encoding_damaged"
    ]
    return [*doubts, *damaged]


def _about_zone(
    choice: Choice, columns: Sequence[ColumnProfile], timezone: str | None
) -> Sequence[Question]:
    """Times without a zone, when nobody has stated one."""
    if timezone is not None:
        return []
    times = {guess.column for guess in choice.guesses if guess.field in _TIME_FIELDS}
    bare = tuple(
        c.name for c in columns if c.name in times and c.zoned_share < 1.0 and not c.counted_share
    )
    return [Question("zone_missing", bare, {"assumed": "UTC"})] if bare else []


_TIME_FIELDS = ("time", "start", "milestones")
