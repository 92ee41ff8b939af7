"""Tables of an ERP, or of any database, joined into an object-centric log by a mapping.

``@row`` of an event is its place in the file of its driving table (the line of a text, the row of
anything else, counted from 1), and the attribute ``source_table`` names that file. Batches come in the mapping's order: objects, links between
them and their changes, then the events rule by rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import polars as pl

from thalweg.errors import MappingError
from thalweg.records.intake import (
    ACTIVITY,
    ATTRIBUTE,
    CHANGES_SCHEMA,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
    OBJECT_LINKS_SCHEMA,
    QUALIFIER,
    ROW,
    TIME,
    UTC_NS,
    VALUE,
    VALUE_TYPE,
    Batch,
    Intake,
    ReadRequest,
    Role,
)
from thalweg.records.mapping.tables import (
    ChangeRule,
    EventRule,
    ObjectLinkRule,
    ObjectRule,
    Rule,
    TablesMapping,
)
from thalweg.records.mapping.tables_columns import Schema, check_mapping, scope_of, used_columns
from thalweg.records.readers.joined.events import (
    SOURCE_TABLE,
    Clock,
    Made,
    attribute,
    events_of,
    mark_used,
    readable,
)
from thalweg.records.readers.joined.files import Table, open_tables, sources_of
from thalweg.records.readers.joined.join import Drawn, draw
from thalweg.records.readers.joined.report import ID_MISSING, Ledger, alike_together
from thalweg.records.sources import Source
from thalweg.records.trust import Example, Finding

_ROLES: tuple[Role, ...] = ("resource", "party", "lifecycle")
_EXAMPLES = 5
_NO_EVENTS: Schema = {ROW: pl.Int64(), ACTIVITY: pl.String(), TIME: UTC_NS}
_CHANGES = cast(Schema, CHANGES_SCHEMA)
_OBJECT_LINKS = cast(Schema, OBJECT_LINKS_SCHEMA)


def read_tables(
    mapping: TablesMapping,
    origin: Path | Sequence[Source] | str,
    request: ReadRequest | None = None,
    *,
    where: str = "the mapping",
) -> Intake:
    """Open the tables of a mapping and check the mapping against their columns.

    Takes    origin: a folder, a zip archive or the sources themselves; or, as text, the URI of
             the database that ``table`` and ``sql`` refer to. where: the mapping's name for
             messages.
    Returns  an Intake of format "tables". Findings, among them those of ``report``, are
             complete once the batches are drawn.
    Raises   MappingError: the mapping does not fit the tables. SourceError: a table cannot be
             read.
    """
    request = request or ReadRequest()
    database = origin if isinstance(origin, str) else None
    sources = [] if isinstance(origin, str) else sources_of(origin, request)
    root = origin if isinstance(origin, Path) and origin.is_dir() else None
    try:
        tables = open_tables(mapping, sources, root, database, request)
    except MappingError as error:
        raise MappingError(f"{where}: {error}") from error
    check_mapping(mapping, {name: t.schema for name, t in tables.items()}, where)
    roles: dict[Role, str] = {
        role: role
        for role in _ROLES
        if any(getattr(event, role) is not None for event in mapping.events)
    }
    intake = Intake(format="tables", batches=iter(()), roles=roles)
    intake.meta["tables"] = {name: list(table.labels) for name, table in tables.items()}
    intake.batches = _Reading(mapping, tables, request, intake.findings).batches()
    return intake


class _Reading:
    """One run through the rules of a mapping."""

    def __init__(
        self,
        mapping: TablesMapping,
        tables: dict[str, Table],
        request: ReadRequest,
        findings: list[Finding],
    ) -> None:
        self.mapping, self.tables, self.request, self.findings = mapping, tables, request, findings
        self.schemas = {name: table.schema for name, table in tables.items()}
        self.used = used_columns(mapping, self.schemas)
        self.clock = Clock(mapping.timezone or request.timezone)
        self.known: dict[str, pl.Series] = {}

    def batches(self) -> Iterator[Batch]:
        """Objects and their links and changes first, then the events of each rule."""
        zone = self.clock.zone_name(None)
        opened = [
            finding
            for name, table in self.tables.items()
            for finding in table.read(self.used[name], self.request, zone)
        ]
        self.findings += alike_together(opened)
        self.ledger = Ledger(self.mapping, self.tables)
        yield Batch(
            pl.DataFrame(schema=_NO_EVENTS),
            objects={
                kind: self._objects(kind, rules) for kind, rules in self.mapping.objects.items()
            },
            object_links=self._object_links(),
            object_changes=self._changes(),
            rejects=self._no_rows(),
        )
        for rule in self.mapping.events:
            yield from self._events(rule)
        self.findings += self.ledger.conclude(self.used)
        self.findings += self._shared_ids()
        self.findings += self.clock.findings()

    def _no_rows(self) -> pl.DataFrame | None:
        """Lines of the tables that could not be parsed as rows."""
        parts = [part for table in self.tables.values() for part in table.parts]
        rejects = [frame for part in parts for frame in part.rejects if len(frame)]
        return pl.concat(rejects) if rejects else None

    def _draw(self, path: str, rule: Rule) -> Drawn:
        return draw(path, rule, scope_of(rule, self.schemas), self.tables, self.ledger)

    def _events(self, rule: EventRule) -> Iterator[Batch]:
        drawn = self._draw(f"events[{rule.name}]", rule)
        made = events_of(rule, drawn, self.tables[rule.from_], self.clock, self.ledger)
        self.findings += self._unknown_objects(rule, made)
        rejects = self.ledger.take_rejects()
        for start in range(0, max(1, len(made.events)), self.request.batch_rows):
            rows = made.events.slice(start, self.request.batch_rows)
            yield Batch(rows, made.object_columns, rejects=rejects)
            rejects = None

    def _objects(self, kind: str, rules: Sequence[ObjectRule]) -> pl.DataFrame:
        """Objects of one type: of several rows with one id the first counts."""
        frames = []
        for path, rule in self.mapping.rules():
            if not any(rule is one for one in rules) or not isinstance(rule, ObjectRule):
                continue
            drawn = self._draw(path, rule)
            drawn, ids = self._with_id(drawn, drawn.value(rule.id))
            mark_used(drawn, self.ledger)
            values = [attribute(v, n, drawn, self.clock) for n, v in rule.attributes.items()]
            frames.append(pl.DataFrame([ids.alias(OBJECT), *values]))
        rows = pl.concat(frames, how="diagonal_relaxed")
        first = rows.unique(OBJECT, keep="first", maintain_order=True)
        if differing := len(rows.unique()) - len(first):
            self.findings.append(
                Finding("table_object_differs", "warning", differing, len(rows), kind)
            )
        self.known[kind] = first[OBJECT]
        return first

    def _object_links(self) -> pl.DataFrame:
        frames = [pl.DataFrame(schema=_OBJECT_LINKS)]
        for path, rule in self.mapping.rules():
            if not isinstance(rule, ObjectLinkRule):
                continue
            drawn = self._draw(path, rule)
            drawn, _ = self._with_id(drawn, drawn.value(rule.source.id))
            drawn, target = self._with_id(drawn, drawn.value(rule.target.id))
            mark_used(drawn, self.ledger)
            qualifier = "" if rule.qualifier is None else drawn.value(rule.qualifier).fill_null("")
            ends = {LINK_SOURCE: drawn.value(rule.source.id), LINK_TARGET: target}
            frames.append(pl.DataFrame({**ends, QUALIFIER: qualifier}, schema=_OBJECT_LINKS))
        return pl.concat(frames).unique(maintain_order=True)

    def _changes(self) -> pl.DataFrame:
        frames = [pl.DataFrame(schema=_CHANGES)]
        for path, rule in self.mapping.rules():
            if not isinstance(rule, ChangeRule):
                continue
            drawn = self._draw(path, rule)
            drawn, _ = self._with_id(drawn, drawn.value(rule.object.id))
            moments = self.clock.read(rule.time, drawn, rule.timezone)
            drawn = readable(drawn, moments, self.ledger, events=False)
            mark_used(drawn, self.ledger)
            columns = {
                OBJECT: drawn.value(rule.object.id),
                TIME: moments.utc.filter(~moments.unreadable),
                ATTRIBUTE: drawn.value(rule.attribute),
                VALUE: drawn.value(rule.value),
                VALUE_TYPE: rule.value_type,
            }
            frames.append(pl.DataFrame(columns, schema=_CHANGES))
        return pl.concat(frames)

    def _with_id(self, drawn: Drawn, ids: pl.Series) -> tuple[Drawn, pl.Series]:
        """The rows whose id is there; the others are entered in the ledger."""
        gone = ids.is_null()
        if not gone.any():
            return drawn, ids
        places = drawn.places().filter(gone)
        self.ledger.set_aside(drawn.rule.from_, places, ID_MISSING, ids.filter(gone), events=False)
        return drawn.only(~gone), ids.filter(~gone)

    def _unknown_objects(self, rule: EventRule, made: Made) -> Iterator[Finding]:
        """Objects that events name and the rules for the type's objects do not give."""
        for column in made.object_columns:
            if column.type not in self.known:
                continue
            named = made.events.select(ROW, SOURCE_TABLE, pl.col(column.column).alias("id"))
            if isinstance(named["id"].dtype, pl.List):
                named = named.explode("id")
            named = named.drop_nulls("id")
            unknown = named.filter(~pl.col("id").is_in(self.known[column.type].implode()))
            if len(unknown):
                first = unknown.unique("id", keep="first", maintain_order=True)
                examples = tuple(
                    Example(source, row, text)
                    for row, source, text in first.head(_EXAMPLES).iter_rows()
                )
                where = f"events[{rule.name}]: {column.type}"
                detail = {"objects": len(first)}
                yield Finding(
                    "table_object_unknown",
                    "warning",
                    len(unknown),
                    len(named),
                    where,
                    examples,
                    detail,
                )

    def _shared_ids(self) -> Iterator[Finding]:
        """Ids that objects of several types carry: links between objects cannot tell them apart."""
        if not (self.mapping.object_links or self.mapping.changes) or len(self.known) < 2:
            return
        counted = pl.concat(list(self.known.values())).value_counts(name="types")
        shared = counted.filter(pl.col("types") > 1).sort(OBJECT)
        if len(shared):
            examples = tuple(Example("", None, text) for text in shared[OBJECT].head(_EXAMPLES))
            yield Finding("object_id_shared", "warning", len(shared), len(counted), "", examples)
