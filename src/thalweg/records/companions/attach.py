"""Putting tables and a profile beside the events of a generation in the making.

A table that is given takes the place of the one of its kind; others stay. All is checked against
the events as they will be, and nothing shows before the generation is committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from thalweg.errors import RequestError
from thalweg.records.companions.around import surroundings
from thalweg.records.companions.columns import TableColumns, load_columns
from thalweg.records.companions.faults import remarks_of
from thalweg.records.companions.read import Companion, read_companion
from thalweg.records.companions.schema import Judgement, Surroundings
from thalweg.records.companions.tables import SCHEMAS, schema_of
from thalweg.records.intake import ReadRequest
from thalweg.records.locate import Address, Located, locate
from thalweg.records.mapping.flat import check_timezone
from thalweg.records.profile.file import load_profile
from thalweg.records.profile.fit import PROFILE, fit_findings, refuse_unfit
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book
from thalweg.records.store.manifest import CompanionRecord, Manifest
from thalweg.records.store.transaction import Transaction
from thalweg.records.trust import BESIDE, Finding, TrustReport, zone_stated

NO_EVENTS, EVENTS = "no_events", "events"


@dataclass(frozen=True, slots=True)
class Beside:
    """What to put beside the events: tables by kind, how to read them, and a profile."""

    tables: Mapping[str, Located] = field(default_factory=dict)
    columns: Mapping[str, TableColumns] = field(default_factory=dict)
    profile: Profile | None = None
    profile_name: str = "the profile"

    def __bool__(self) -> bool:
        return bool(self.tables) or self.profile is not None


def table_source(table: str, name: str | Path) -> Located:
    """The one file or database behind a name.

    Raises   RequestError: no kind of table, or an archive or folder of several files.
             SourceError: no such file.
    """
    schema_of(table)
    found = locate([name])
    if len(found) != 1:
        raise RequestError(
            f"The table of {table} is one file (CSV, XLSX, Parquet, JSON lines or SQLite) or the "
            f"address of a database, and {name} holds {len(found)} files. Name one."
        )
    return found[0]


def beside_from(
    tables: Mapping[str, str | Path | None],
    columns: str | Path | None,
    profile: str | Path | Profile | None,
) -> Beside:
    """What to put beside the events, from the names that a user gives.

    Raises   RequestError, SourceError: see ``table_source``; columns without a table.
             MappingError, ProfileError: the file of columns or the profile is wrong.
    """
    if columns is not None and not any(tables.values()):
        raise RequestError(
            f"{columns} names the columns of tables beside the events, and none of them is given. "
            "Name one, such as --interventions FILE or --ledger FILE."
        )
    given = profile is None or isinstance(profile, Profile)
    return Beside(
        tables={
            table: table_source(table, name) for table, name in tables.items() if name is not None
        },
        columns={} if columns is None else load_columns(columns),
        profile=profile
        if isinstance(profile, Profile) or profile is None
        else load_profile(profile),
        profile_name="the profile" if given else str(profile),
    )


def put_beside(
    transaction: Transaction,
    manifest: Manifest,
    parent: Manifest | None,
    wanted: Beside,
    reading: ReadRequest,
    also: Sequence[Finding] = (),
) -> tuple[Manifest, TrustReport]:
    """The manifest with tables and profile, and the trust report of the whole.

    Takes    manifest: of the events, its files kept. parent: the generation whose tables and
             profile stay where nothing takes their place; None to start without any. also:
             further findings.
    Raises   SourceError, MappingError, ProfileError: a table or the profile cannot be used.
    """
    book = Book(transaction.book, manifest)
    held = () if parent is None else parent.companions
    nothing = not wanted and not held and (parent is None or parent.profile is None)
    if nothing and not also:
        return manifest, book.trust
    work = _Work(transaction, book, wanted, reading, parent)
    records = work.tables(held)
    profile = None if parent is None else parent.profile
    if wanted.profile is not None:
        profile = transaction.keep_json(wanted.profile.model_dump(mode="json"), PROFILE)
    without = [] if book.n_events else [Finding(NO_EVENTS, "note", 1, detail={BESIDE: EVENTS})]
    findings = (*without, *work.carried(), *work.findings, *work.profile_findings(), *also)
    trust = replace(book.trust, findings=findings)
    kept = transaction.keep_json(trust.to_json(), "trust")
    return replace(manifest, companions=records, profile=profile, trust=kept), trust


class _Work:
    """One generation's tables: read, judged again, or kept as they are."""

    def __init__(
        self,
        transaction: Transaction,
        book: Book,
        wanted: Beside,
        reading: ReadRequest,
        parent: Manifest | None,
    ) -> None:
        self._transaction, self._book, self._wanted = transaction, book, wanted
        self._reading = reading
        self._held = None if parent is None else Book(transaction.book, parent)
        self._profile = wanted.profile or (self._held.profile() if self._held else None)
        self._read_now: dict[str, pl.DataFrame | None] = {}
        self._zone = self._known_zone()
        self.findings: list[Finding] = []
        first_events = self._held is not None and not self._held.n_events
        if self._profile is not None and (wanted.profile is not None or first_events):
            refuse_unfit(self._profile, book, wanted.profile_name)

    def _known_zone(self) -> str | None:
        """The stated zone, else the one that other times were stated to be in, if any."""
        if self._reading.timezone is not None:
            check_timezone(self._reading.timezone)
            return self._reading.timezone
        findings = self._book.trust.findings
        return zone_stated(findings) if any(f.code == "zone_stated" for f in findings) else None

    def tables(self, held: Iterable[CompanionRecord]) -> tuple[CompanionRecord, ...]:
        """Records of all tables, in the order of the schemas; unknown kinds stay as they are."""
        found = {record.table: record for record in held}
        for table, schema in SCHEMAS.items():
            if table in self._wanted.tables:
                found[table] = self._read(table)
            elif table in found and schema.recheck is not None:
                self._recheck(found[table])
        order = [*SCHEMAS, *(table for table in found if table not in SCHEMAS)]
        return tuple(found[table] for table in order if table in found)

    def _read(self, table: str) -> CompanionRecord:
        source = self._wanted.tables[table]
        how = self._wanted.columns.get(table, TableColumns())
        schema = schema_of(table)
        read = read_companion(schema, source, how, self._reading, self._around, self._zone)
        self._read_now[table] = read.rows
        self.findings += read.findings
        return self._kept(read)

    def _kept(self, read: Companion) -> CompanionRecord:
        table, keep = read.schema.table, self._transaction.keep_frame
        aside = read.set_aside
        return CompanionRecord(
            table=table,
            source=read.source.name,
            format=read.format,
            sha256="" if isinstance(read.source, Address) else read.source.sha256(),
            rows_read=read.rows_read,
            rows=len(read.rows),
            rows_set_aside=read.rows_set_aside,
            generation=self._book.manifest.generation,
            file=keep(read.rows, table),
            set_aside=None if aside.is_empty() else keep(aside, f"{table}_set_aside"),
        )

    def _recheck(self, record: CompanionRecord) -> None:
        """Say again of a held table what depends on the events."""
        assert self._held is not None
        rows, schema = self._table(record.table), schema_of(record.table)
        assert rows is not None and schema.recheck is not None
        judged = Judgement()
        schema.recheck(rows, self._around(self._zone or "UTC"), judged)
        for finding in remarks_of(judged, schema, record.source, record.rows_read):
            self.findings.append(replace(finding, detail=finding.detail | {BESIDE: record.table}))

    def _around(self, zone: str) -> Surroundings:
        return surroundings(self._book, zone, self._profile, self._table)

    def _table(self, table: str) -> pl.DataFrame | None:
        """A table as the generation will hold it, read once."""
        if table not in self._read_now:
            self._read_now[table] = None if self._held is None else self._held.companion(table)
        return self._read_now[table]

    def carried(self) -> list[Finding]:
        """Findings that still hold: of the events, and of tables that stay, less what is said anew."""
        gone = {*self._wanted.tables, PROFILE, EVENTS}
        again = {(table, code) for table, s in SCHEMAS.items() for code in s.rechecked}
        return [
            finding
            for finding in self._book.trust.findings
            if (about := finding.detail.get(BESIDE)) not in gone
            and (about, finding.code) not in again
        ]

    def profile_findings(self) -> list[Finding]:
        return [] if self._profile is None else list(fit_findings(self._profile, self._book))


def attached(book: Book, generation: int, created_at_utc: str, created_by: str) -> Manifest:
    """The manifest of the next generation with the same events."""
    return replace(
        book.manifest,
        generation=generation,
        created_at_utc=created_at_utc,
        created_by=created_by,
        action="attach",
    )


def lost_tables(parent: Manifest, wanted: Beside) -> list[str]:
    """Tables (and the profile) that a new beginning leaves behind, since it does not give them."""
    tables = [c.table for c in parent.companions if c.table not in wanted.tables]
    profile = [PROFILE] if parent.profile is not None and wanted.profile is None else []
    return tables + profile


def left_out(tables: Sequence[str]) -> list[Finding]:
    """A warning that tables of the generation before are not in the new one."""
    if not tables:
        return []
    detail = {"tables": list(tables)}
    return [Finding("tables_left_out", "warning", len(tables), detail=detail)]
