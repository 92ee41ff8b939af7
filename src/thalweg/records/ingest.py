"""Ingestion: sources in, a book out, and nothing lost without a count."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import thalweg
from thalweg.errors import BookError, RequestError, StrictError
from thalweg.records.appraisal.appraise import appraise
from thalweg.records.appraisal.evidence import Evidence
from thalweg.records.building.ahead import reading_ahead
from thalweg.records.building.build import BookBuilder
from thalweg.records.building.finish import (
    finish_object_facts,
    finish_roles,
    finish_start,
    finish_types,
)
from thalweg.records.building.resume import Known, resume
from thalweg.records.companions.attach import (
    Beside,
    attached,
    beside_from,
    left_out,
    lost_tables,
    put_beside,
)
from thalweg.records.companions.tables import MONEY
from thalweg.records.intake import ReadRequest
from thalweg.records.locate import Located, locate
from thalweg.records.profile.model import Profile
from thalweg.records.readers import Opened, open_intakes
from thalweg.records.store.book import Book, open_book
from thalweg.records.store.manifest import POINTER, Manifest, SourceRecord
from thalweg.records.store.transaction import Transaction, writing
from thalweg.records.trust import Finding, TrustReport

Clock = Callable[[], datetime]


_CREATED_BY = f"thalweg {thalweg.__version__}"


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat()


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest, and how.

    append    add to the book that is there; rows that it already holds are counted and skipped.
    replace   start the book's next generation from these sources alone.
    strict    refuse as soon as the trust report would hold a warning or a loss.
    beside    tables and a profile to put beside the events; alone, into a book that is there, or,
              where there is money among them, into a new one without events. The stated encoding
              is that of the sources, or of the tables where they come alone.
    """

    sources: tuple[Located, ...]
    into: Path
    reading: ReadRequest = field(default_factory=ReadRequest)
    append: bool = False
    replace: bool = False
    strict: bool = False
    clock: Clock = utc_now
    beside: Beside = field(default_factory=Beside)


@dataclass(frozen=True, slots=True)
class _Read:
    """One source after reading."""

    record: SourceRecord
    findings: tuple[Finding, ...]
    meta: dict[str, Any]


def ingest(
    sources: str | Path | Sequence[str | Path] = (),
    into: str | Path | None = None,
    *,
    parties: str | Path | None = None,
    interventions: str | Path | None = None,
    ledger: str | Path | None = None,
    traffic: str | Path | None = None,
    products: str | Path | None = None,
    rates: str | Path | None = None,
    pauses: str | Path | None = None,
    totals: str | Path | None = None,
    columns: str | Path | None = None,
    profile: str | Path | Profile | None = None,
    mapping: Any = None,
    timezone: str | None = None,
    append: bool = False,
    replace: bool = False,
    strict: bool = False,
    repair_text: bool = False,
    encoding: str | None = None,
    clock: Clock = utc_now,
) -> Book:
    """Read sources into a book and open it.

    Takes    sources: files (plain, gzipped or zipped), folders of tables, or database
             addresses; none to put tables beside the events of a book that is there, or to make
             one of tables of money alone. into: folder of the book. parties, interventions,
             ledger, traffic, products, rates, pauses, totals: files or database addresses of
             tables beside the events; columns: a mapping file that names their columns. profile: a ``Profile`` or its file.
             mapping: a ``FlatMapping`` or ``TablesMapping`` for tables. timezone: zone of times
             that carry none. The flags are those of ``IngestRequest``.
    Returns  the book at its new generation.
    Raises   SourceError, MappingError: a source cannot be read. StrictError: strict mode.
             ProfileError: the profile is wrong, or does not fit the book.
             BookError: the book cannot be written. The book that was there stays as it was.
    """
    if into is None:
        raise RequestError("Name the folder of the book: into=…")
    paths = [sources] if isinstance(sources, str | Path) else list(sources)
    tables = {
        "parties": parties,
        "interventions": interventions,
        "ledger": ledger,
        "traffic": traffic,
        "products": products,
        "rates": rates,
        "pauses": pauses,
        "totals": totals,
    }
    reading = ReadRequest(
        timezone=timezone, mapping=mapping, repair_text=repair_text, encoding=encoding
    )
    return run_ingest(
        IngestRequest(
            sources=locate(paths),
            into=Path(into),
            reading=reading,
            append=append,
            replace=replace,
            strict=strict,
            clock=clock,
            beside=beside_from(tables, columns, profile),
        )
    )


def run_ingest(request: IngestRequest) -> Book:
    """Carry a request out in one transaction."""
    if not request.sources and request.beside:
        money = any(table in MONEY for table in request.beside.tables)
        return without_events(request) if money and not _holds_book(request) else attach(request)
    if not request.sources:
        raise RequestError("There is nothing to ingest. Name at least one file.")
    return write_book(open_intakes(request.sources, request.reading), request)


def without_events(request: IngestRequest) -> Book:
    """A new book of tables of money alone."""
    _check(request)
    with writing(request.into) as transaction, closing(BookBuilder(transaction)) as builder:
        builder.flush()
        manifest = _finish(builder, Known(), [], request, 1, builder.events)
        _commit(transaction, manifest, None, request)
    return open_book(request.into)


def _holds_book(request: IngestRequest) -> bool:
    return (request.into / POINTER).exists()


def write_book(opened: Iterable[Opened], request: IngestRequest) -> Book:
    """Write what was opened into the book: ``run_ingest`` for sources of any origin."""
    _check(request)
    with writing(request.into) as transaction, closing(BookBuilder(transaction)) as builder:
        parent = _parent(request)
        known = resume(builder, parent) if request.append and parent else Known()
        first_new = builder.events
        generation = (parent.manifest.generation if parent else 0) + 1
        reads: list[_Read] = []
        for item in opened:
            builder.start_source(item.name, len(known.sources) + len(reads))
            hashes = {s.sha256 for s in (*known.sources, *(r.record for r in reads))}
            reads.append(_read(builder, item, generation, hashes))
        builder.flush()
        manifest = _finish(builder, known, reads, request, generation, first_new)
        tables = dataclasses.replace(request.reading, encoding=None)
        _commit(transaction, manifest, parent, dataclasses.replace(request, reading=tables))
    return open_book(request.into)


def attach(request: IngestRequest) -> Book:
    """Put tables or a profile beside the events of a book, which stay as they are.

    Raises   BookError: no book there. RequestError: a new beginning without sources.
    """
    if request.replace:
        raise RequestError(
            "--replace starts from the sources alone, and none is named. Leave it out: a table that "
            "is given takes the place of the one of its kind."
        )
    with writing(request.into) as transaction:
        book = open_book(request.into)
        manifest = attached(
            book, book.manifest.generation + 1, _stamp(request.clock()), _CREATED_BY
        )
        _commit(transaction, manifest, book, request)
    return open_book(request.into)


def _commit(
    transaction: Transaction, manifest: Manifest, parent: Book | None, request: IngestRequest
) -> None:
    """Add what stands beside the events, judge the whole, and make it current."""
    held = None if parent is None or request.replace else parent.manifest
    left = lost_tables(parent.manifest, request.beside) if parent and request.replace else []
    whole, trust = put_beside(
        transaction, manifest, held, request.beside, request.reading, left_out(left)
    )
    if request.strict:
        refuse_doubts(trust)
    transaction.commit(whole)


def _check(request: IngestRequest) -> None:
    if request.append and request.replace:
        raise RequestError("--append and --replace exclude each other. Choose one.")
    exists = _holds_book(request)
    if exists and not (request.append or request.replace):
        raise BookError(
            f"{request.into} already holds a book. Add to it with --append, or start its next "
            "generation from these sources alone with --replace."
        )
    if request.append and not exists:
        raise BookError(f"There is no book at {request.into} to append to. Leave --append out.")


def _parent(request: IngestRequest) -> Book | None:
    return open_book(request.into) if _holds_book(request) else None


def _read(builder: BookBuilder, opened: Opened, generation: int, hashes: set[str]) -> _Read:
    """Draw a source to its end, unless the book has the very same bytes already."""
    digest = opened.sha256()
    if digest in hashes:
        again = Finding("source_already_known", "note", 1, where=opened.name)
        return _Read(_record(opened, digest, builder, generation), (again,), {})
    with reading_ahead(opened) as drawing:
        for batch, roles in drawing.batches():
            builder.add(batch, roles)
    builder.end_source()
    intake = drawing.intake
    record = _record(opened, digest, builder, generation)
    return _Read(record, tuple(intake.findings), {intake.format: intake.meta})


def _record(opened: Opened, digest: str, builder: BookBuilder, generation: int) -> SourceRecord:
    tally = builder.tally.sources[-1]
    return SourceRecord(
        name=opened.name,
        format=opened.format,
        sha256=digest,
        rows_read=tally.rows_read,
        rows_kept=tally.rows_kept,
        rows_set_aside=tally.rows_set_aside,
        generation=generation,
    )


def _finish(
    builder: BookBuilder,
    known: Known,
    reads: list[_Read],
    request: IngestRequest,
    generation: int,
    first_new: int,
) -> Manifest:
    now = request.clock()
    types = finish_types(builder)
    facts = finish_object_facts(builder)
    sources = known.sources + tuple(read.record for read in reads)
    evidence = Evidence(
        builder=builder,
        types=types,
        sources=[s.name for s in sources],
        facts=facts,
        first_new=first_new,
        before_ns=known.last_time_ns,
        now_ns=int(now.timestamp() * 1e9),
    )
    found = [f for read in reads for f in read.findings]
    trust = _trust(sources, (*known.findings, *found, *appraise(evidence)))
    meta: dict[str, Any] = dict(known.meta)
    for read in reads:
        meta |= read.meta
    keep = builder.transaction
    return Manifest(
        generation=generation,
        created_at_utc=_stamp(now),
        created_by=_CREATED_BY,
        action="append" if request.append else "ingest",
        events=builder.events,
        columns=builder.column_types(),
        sources=sources,
        parts=tuple(builder.parts),
        activities=keep.keep_frame(builder.activities.names().to_frame(), "activities"),
        types=tuple(finished.record for finished in types),
        roles=finish_roles(builder),
        trust=keep.keep_json(trust.to_json(), "trust"),
        start=finish_start(builder),
        object_changes=facts.changes_file,
        object_links=facts.links_file,
        set_aside=tuple(builder.set_aside),
        meta=builder.transaction.keep_json(meta, "meta"),
    )


def _trust(sources: Iterable[SourceRecord], findings: tuple[Finding, ...]) -> TrustReport:
    sources = tuple(sources)
    return TrustReport(
        rows_read=sum(s.rows_read for s in sources),
        rows_kept=sum(s.rows_kept for s in sources),
        rows_set_aside=sum(s.rows_set_aside for s in sources),
        findings=findings,
    )


def refuse_doubts(trust: TrustReport) -> None:
    """Raise StrictError when anything in the report is more than a note."""
    doubts = [f for f in trust.findings if f.severity != "note"]
    if doubts:
        shown = ", ".join(f"{f.code} ({f.count:,})" for f in doubts)
        raise StrictError(
            f"Strict mode met {len(doubts)} doubts: {shown}. Nothing was written. "
            "Mend the source, or ingest without --strict to see them in the trust report."
        )
