"""Events of a rule: times, activity, the objects they touch, and several rows made one event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from thalweg.errors import MappingError
from thalweg.records.intake import ACTIVITY, EVENT, ROW, START, TIME, UTC_NS, ObjectColumn
from thalweg.records.mapping.tables import EventRule, TimeSpec, Value
from thalweg.records.readers.joined.files import Table
from thalweg.records.readers.joined.join import Drawn
from thalweg.records.readers.joined.report import TIME_UNREADABLE, Ledger
from thalweg.records.text.dates import join_date_and_time, order_evidence, parse_times
from thalweg.records.trust import Example, Finding, Severity

SOURCE_TABLE = "source_table"
"""Attribute: the file or query that the event's row is from."""
_EXAMPLES = 5
_MOST_OBJECT_COLUMNS = 1_000
_LINKS = {"@group": pl.Int64, "type": pl.String, "qualifier": pl.String, "id": pl.String}


@dataclass(slots=True)
class Clock:
    """Reads times and remembers what had to be assumed. ``zone``: of times that carry none."""

    zone: str | None
    seen: int = 0
    zone_missing: dict[str, int] = field(default_factory=dict)
    ambiguous: int = 0
    nonexistent: int = 0
    without_clock: int = 0
    day_first_assumed: int = 0
    examples: list[str] = field(default_factory=list)
    _lost: list[Finding] = field(default_factory=list)

    def zone_name(self, own: str | None) -> str:
        return own or self.zone or "UTC"

    def read(self, spec: TimeSpec, drawn: Drawn, own_zone: str | None) -> Moments:
        """The times of every row."""
        if spec.column is not None:
            raw = drawn.column(spec.column)
        else:
            raw = drawn.column(str(spec.date))
            if spec.time is not None:
                raw = self._with_clock(raw, drawn.column(spec.time), spec)
        return self.parse(raw, spec.format, own_zone)

    def parse(self, raw: pl.Series, formats: tuple[str, ...], own_zone: str | None) -> Moments:
        zone = self.zone_name(own_zone)
        utc = pl.repeat(None, len(raw), dtype=UTC_NS, eager=True)
        rest, zone_missing = raw, 0
        for pattern in formats:
            order = order_evidence(rest) if pattern == "auto" else None
            times = parse_times(
                rest, zone=zone, pattern=pattern, order=(order and order.order) or "dmy"
            )
            if order is not None and order.order is None:
                self.day_first_assumed += order.undecided
            utc = utc.zip_with(utc.is_not_null(), times.utc)
            zone_missing += times.zone_missing
            self.ambiguous += times.ambiguous
            self.nonexistent += times.nonexistent
            rest = rest.zip_with(times.unreadable, _nothing(rest))
            unreadable = times.unreadable
        self.seen += len(raw) - raw.null_count()
        if zone_missing:
            stated = "" if (own_zone or self.zone) is None else zone
            self.zone_missing[stated] = self.zone_missing.get(stated, 0) + zone_missing
            if not self.examples:
                self.examples = [str(v) for v in raw.drop_nulls().head(_EXAMPLES)]
        return Moments(raw, utc, unreadable)

    def count_lost(self, where: str, moments: Moments) -> None:
        """Tell of times beside the event's own that could not be read, and are left empty."""
        if count := int(moments.unreadable.sum() or 0):
            values = moments.raw.filter(moments.unreadable).head(_EXAMPLES).cast(pl.String)
            examples = tuple(Example("", None, str(value)) for value in values)
            total = len(moments.raw)
            self._lost.append(Finding("cell_unreadable", "warning", count, total, where, examples))

    def findings(self) -> Iterator[Finding]:
        """What was assumed and lost, once all times are read."""
        yield from self._lost
        examples = tuple(Example("", None, text) for text in self.examples)
        for zone, count in self.zone_missing.items():
            code = "zone_stated" if zone else "zone_missing"
            severity: Severity = "note" if zone else "warning"
            taken = {"assumed": zone or "UTC"}
            yield Finding(code, severity, count, self.seen, "", examples, taken)
        for code, count in (
            ("time_ambiguous", self.ambiguous),
            ("time_nonexistent", self.nonexistent),
            ("time_of_day_missing", self.without_clock),
            ("date_order_ambiguous", self.day_first_assumed),
        ):
            if count:
                yield Finding(code, "warning", count, self.seen)

    def _with_clock(self, date: pl.Series, time: pl.Series, spec: TimeSpec) -> pl.Series:
        empty = time.is_null() | (time.cast(pl.String).str.strip_chars() == "")
        self.without_clock += int((empty & date.is_not_null()).sum() or 0)
        if spec.format == ("auto",):
            return join_date_and_time(date, time)
        frame = pl.DataFrame({"d": date.cast(pl.String), "t": time.cast(pl.String)})
        return frame.select(pl.concat_str("d", "t", separator=" "))["d"]


@dataclass(frozen=True, slots=True)
class Moments:
    """Times as written, as UTC, and which were written but cannot be read."""

    raw: pl.Series
    utc: pl.Series
    unreadable: pl.Series


@dataclass(frozen=True, slots=True)
class Made:
    """Events of one rule as a batch wants them."""

    events: pl.DataFrame
    object_columns: tuple[ObjectColumn, ...]


def readable(drawn: Drawn, moments: Moments, ledger: Ledger, *, events: bool) -> Drawn:
    """The rows whose time can be read; the others are entered in the ledger.

    A row that a join made several of is entered once, if they would have been one event.
    """
    bad = moments.unreadable
    if not bad.any():
        return drawn
    told = pl.DataFrame([drawn.places().alias("place"), moments.raw.alias("raw")]).filter(bad)
    if getattr(drawn.rule, "one_event_per", ()):
        told = told.unique("place", keep="first", maintain_order=True)
    ledger.set_aside(drawn.rule.from_, told["place"], TIME_UNREADABLE, told["raw"], events=events)
    return drawn.only(~bad)


def mark_used(drawn: Drawn, ledger: Ledger) -> None:
    """Something was made of the rows, and of the rows that were joined to them."""
    ledger.use(drawn.rule.from_, drawn.places())
    for join in drawn.rule.join:
        ledger.use(join.table, drawn.frame[f"@at:{join.alias}"])


def attribute(value: Value, name: str, drawn: Drawn, clock: Clock) -> pl.Series:
    """An attribute of every row: a plain column keeps its type, all else is text."""
    if value.column is None or value.translate:
        return drawn.value(value).alias(name)
    column = drawn.column(value.column)
    if column.dtype.is_temporal() and column.dtype != UTC_NS:
        moments = clock.parse(column, ("auto",), getattr(drawn.rule, "timezone", None))
        clock.count_lost(f"{drawn.path}.attributes.{name}", moments)
        column = moments.utc
    if column.dtype == pl.String:
        column = column.zip_with(column != "", _nothing(column))
    return column.alias(name)


def events_of(rule: EventRule, drawn: Drawn, table: Table, clock: Clock, ledger: Ledger) -> Made:
    """The events that a rule's rows make, in the order of the rows."""
    moments = clock.read(rule.time, drawn, rule.timezone)
    drawn = readable(drawn, moments, ledger, events=True)
    times = moments.utc.filter(~moments.unreadable)
    mark_used(drawn, ledger)
    group = _groups(rule, drawn)
    rows = _rows(rule, drawn, times, table, clock)
    _tell_differences(rule, rows, group, ledger)
    if (plain := _plain_columns(rule)) is not None:
        rows = rows.with_columns(group, *(drawn.value(v).alias(c.column) for c, v in plain.items()))
        columns = tuple(plain)
    else:
        links = _links(rule, drawn, group)
        rows = rows.with_columns(group).filter(group == pl.int_range(len(group), eager=True))
        rows, columns = _with_objects(rule, rows, links)
    if rule.duplicates == "drop":
        rows = _distinct(rule, rows, ledger)
    _tell_coverage(rule, rows, columns, ledger)
    return Made(rows.drop("@group"), columns)


def _rows(
    rule: EventRule, drawn: Drawn, times: pl.Series, table: Table, clock: Clock
) -> pl.DataFrame:
    """Everything about the events except their objects, one line for each row."""
    places = drawn.places()
    activity = rule.activity or Value(literal=rule.name)
    columns = [
        table.rows[ROW][places].alias(ROW),
        drawn.value(activity).alias(ACTIVITY),
        times.alias(TIME),
        table.source_of()[places].alias(SOURCE_TABLE),
    ]
    if rule.id is not None:
        columns.append(drawn.value(rule.id).alias(EVENT))
    if rule.start is not None:
        start = clock.read(rule.start, drawn, rule.timezone)
        clock.count_lost(f"{drawn.path}.start", start)
        columns.append(start.utc.alias(START))
    stated = {role: getattr(rule, role) for role in ("resource", "party", "lifecycle")}
    columns += [drawn.value(value).alias(role) for role, value in stated.items() if value]
    columns += [attribute(value, name, drawn, clock) for name, value in rule.attributes.items()]
    return pl.DataFrame(columns)


def _groups(rule: EventRule, drawn: Drawn) -> pl.Series:
    """For each row the first row of its event; a row with an empty key is an event of its own."""
    frame = drawn.frame.with_row_index("@group")
    place = pl.col("@group").cast(pl.Int64)
    if not rule.one_event_per:
        return frame.select(place)["@group"]
    keys = [pl.col(drawn.scope.physical(c)) for c in rule.one_event_per]
    empty = pl.any_horizontal([k.is_null() | (k.cast(pl.String) == "") for k in keys])
    event = pl.when(empty).then(place).otherwise(place.min().over(keys))
    return frame.select(event.alias("@group"))["@group"]


def _plain_columns(rule: EventRule) -> dict[ObjectColumn, Value] | None:
    """Object columns with one id in each cell, where every row is an event of its own.

    None where a cell may need several ids, or types and qualifiers stand in the rows.
    """
    columns: dict[ObjectColumn, Value] = {}
    for ref in rule.objects:
        qualifier = "" if ref.qualifier is None else ref.qualifier.literal
        if ref.type.literal is None or qualifier is None:
            return None
        name = _column_name(ref.type.literal, qualifier)
        columns[ObjectColumn(name, ref.type.literal, qualifier)] = ref.id
    return None if rule.one_event_per or len(columns) < len(rule.objects) else columns


def _column_name(kind: str, qualifier: str) -> str:
    return f"{kind}:{qualifier}" if qualifier else kind


def _links(rule: EventRule, drawn: Drawn, group: pl.Series) -> pl.DataFrame:
    """Distinct (@group, type, qualifier, id), in the order of the mapping and then of the rows."""
    frames = []
    for ref in rule.objects:
        columns = {
            "@group": group,
            "type": drawn.value(ref.type),
            "qualifier": "" if ref.qualifier is None else drawn.value(ref.qualifier),
            "id": drawn.value(ref.id),
        }
        frames.append(pl.DataFrame(columns, schema=_LINKS).drop_nulls(["type", "id"]))
    links = pl.concat(frames).with_columns(pl.col("qualifier").fill_null(""))
    return links.unique(maintain_order=True)


def _with_objects(
    rule: EventRule, rows: pl.DataFrame, links: pl.DataFrame
) -> tuple[pl.DataFrame, tuple[ObjectColumn, ...]]:
    """One list column for each object type and qualifier."""
    kinds = dict.fromkeys(
        (ref.type.literal, (ref.qualifier.literal or "") if ref.qualifier else "")
        for ref in rule.objects
        if ref.type.literal is not None
        and (ref.qualifier is None or ref.qualifier.literal is not None)
    )
    kinds |= dict.fromkeys(links.select("type", "qualifier").unique(maintain_order=True).rows())
    if len(kinds) > _MOST_OBJECT_COLUMNS:
        raise MappingError(
            f"events[{rule.name}].objects: {len(kinds):,} different types and qualifiers were "
            f"found, more than {_MOST_OBJECT_COLUMNS:,}. Check which columns they are read from."
        )
    columns = []
    for kind, qualifier in kinds:
        name = _column_name(str(kind), qualifier)
        if name in rows.columns:
            raise MappingError(
                f"events[{rule.name}].attributes: {name!r} is also an object type. "
                "Choose another name for the attribute."
            )
        chosen = links.filter((pl.col("type") == kind) & (pl.col("qualifier") == qualifier))
        lists = chosen.group_by("@group", maintain_order=True).agg(pl.col("id").alias(name))
        rows = rows.join(lists, on="@group", how="left", maintain_order="left")
        columns.append(ObjectColumn(name, str(kind), qualifier))
    return rows, tuple(columns)


def _distinct(rule: EventRule, rows: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    compared = [c for c in rows.columns if c not in {ROW, EVENT, "@group"}]
    first = rows.select(pl.struct(compared).is_first_distinct().alias("first"))["first"]
    if count := int((~first).sum()):
        where = f"events[{rule.name}]"
        detail = {"policy": rule.duplicates}
        shown = rows.filter(~first).head(_EXAMPLES)
        examples = tuple(
            Example(source, row, str(activity))
            for source, row, activity in shown.select(SOURCE_TABLE, ROW, ACTIVITY).iter_rows()
        )
        ledger.findings.append(
            Finding("table_event_duplicated", "loss", count, len(rows), where, examples, detail)
        )
    return rows.filter(first)


def _tell_differences(
    rule: EventRule, rows: pl.DataFrame, group: pl.Series, ledger: Ledger
) -> None:
    """Rows of one event that do not agree on its time or activity."""
    if not rule.one_event_per:
        return
    parts = rows.select(ROW, ACTIVITY, TIME, SOURCE_TABLE).with_columns(group)
    kinds = parts.group_by("@group", maintain_order=True).agg(
        pl.struct(ACTIVITY, TIME).n_unique().alias("kinds"), pl.col(ROW, SOURCE_TABLE).first()
    )
    differing = kinds.filter(pl.col("kinds") > 1)
    if len(differing):
        examples = tuple(
            Example(source, row, f"{kinds} different")
            for source, row, kinds in differing.head(_EXAMPLES)
            .select(SOURCE_TABLE, ROW, "kinds")
            .iter_rows()
        )
        where = f"events[{rule.name}]"
        ledger.findings.append(
            Finding("table_event_differs", "warning", len(differing), len(kinds), where, examples)
        )


def _tell_coverage(
    rule: EventRule, rows: pl.DataFrame, columns: tuple[ObjectColumn, ...], ledger: Ledger
) -> None:
    linked: dict[str, int] = {}
    for kind in dict.fromkeys(c.type for c in columns):
        cells = [pl.col(c.column).is_not_null() for c in columns if c.type == kind]
        linked[kind] = int(rows.select(pl.any_horizontal(cells).sum()).item())
    ledger.cover(rule, len(rows), linked)


def _nothing(like: pl.Series) -> pl.Series:
    return pl.repeat(None, len(like), dtype=like.dtype, eager=True)
