"""From an OCEL draft to the one batch that the gate takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    LINKS_SCHEMA,
    OBJECT,
    OBJECT_LINKS_SCHEMA,
    OFFSET_MIN,
    QUALIFIER,
    REJECTS_SCHEMA,
    ROW,
    START,
    TIME,
    Batch,
    Intake,
    ReadRequest,
    Role,
)
from thalweg.records.readers.ocel.draft import Column, Draft, same_or_not
from thalweg.records.readers.ocel.objects import build_objects
from thalweg.records.readers.ocel.values import (
    DTYPES,
    Clock,
    ValueType,
    json_text,
    read_typed,
    text_series,
    widest,
)

_ROLE_NAMES: Final[dict[Role, tuple[str, ...]]] = {
    "resource": ("org:resource", "resource"),
    "party": ("party",),
    "lifecycle": ("lifecycle:transition", "lifecycle"),
    "instance": ("concept:instance",),
}
_START_NAME: Final = "start_timestamp"
"""The usual name of the time at which the work of an event began."""
_AT: Final = "@at"
"""Position in the draft, while rows are being sorted out."""


def intake(draft: Draft, request: ReadRequest, name: str) -> Intake:
    """The draft as an intake of format ``name`` with a single batch."""
    clock = Clock(request.timezone)
    events, event_types = _build_events(draft, clock)
    roles = _roles(draft, events.columns)
    events = _with_start(draft, events)
    objects = build_objects(draft, clock)
    batch = Batch(
        events=events,
        links=_build_links(draft),
        objects=objects.frames,
        object_changes=objects.changes,
        object_links=_build_object_links(draft),
        rejects=_build_rejects(draft),
    )
    _note_empty_types(draft)
    result = Intake(format=name, batches=_once(batch), roles=roles)
    result.findings = [*clock.findings(draft.source), *draft.notes.findings()]
    result.meta["ocel"] = {
        "version": draft.version,
        "event_types": event_types,
        "object_types": objects.types,
        **draft.meta,
    }
    return result


def _roles(draft: Draft, columns: list[str]) -> dict[Role, str]:
    """Roles that attributes have by their usual names; each is named in a finding."""
    found: dict[Role, str] = {}
    for role, names in _ROLE_NAMES.items():
        for name in names:
            if name in columns and role not in found:
                found[role] = name
                draft.note("role_assumed", "note", name, value=role)
    return found


def _with_start(draft: Draft, events: pl.DataFrame) -> pl.DataFrame:
    """The events with the start of their work, if times stand under its name; a finding says so."""
    if events.schema.get(_START_NAME) != DTYPES["time"]:
        return events
    draft.note("role_assumed", "note", _START_NAME, value="start")
    return events.rename({_START_NAME: START})


def _once(batch: Batch) -> Iterator[Batch]:
    yield batch


def _build_events(draft: Draft, clock: Clock) -> tuple[pl.DataFrame, dict[str, dict[str, str]]]:
    """Event rows with one column for each attribute name, and the types as they came out."""
    times = clock.read(text_series(draft.event_times))
    frame = pl.DataFrame(
        {
            _AT: pl.int_range(len(draft.event_ids), dtype=pl.Int64, eager=True),
            ROW: pl.Series([draft.row(at) for at in range(len(draft.event_ids))], dtype=pl.Int64),
            EVENT: text_series(draft.event_ids),
            ACTIVITY: text_series(draft.activities),
            TIME: times.utc,
        }
    )
    if times.offset_min is not None and (times.offset_min != 0).any():
        frame = frame.with_columns(times.offset_min.alias(OFFSET_MIN))
    columns = {}
    for name in _event_attributes(draft):
        columns[_own_name(draft, name)] = _event_attribute(draft, name, clock)
    frame = frame.with_columns(**columns) if columns else frame
    kept = _without_repeats(draft, _without_unreadable(draft, frame)).drop(_AT)
    return kept, _event_types(draft, {name: _short(s.dtype) for name, s in columns.items()})


def _event_attributes(draft: Draft) -> list[str]:
    names: dict[str, None] = {}
    for attributes in draft.event_types.values():
        names |= dict.fromkeys(attributes)
    return list(names | dict.fromkeys(name for _, name in draft.event_columns))


def _own_name(draft: Draft, name: str) -> str:
    """Names that start with @ belong to Thalweg, so an attribute of such a name is renamed."""
    if not name.startswith("@"):
        return name
    draft.note("attribute_renamed", "warning", name, value=f"attribute:{name}")
    return f"attribute:{name}"


def _event_attribute(draft: Draft, name: str, clock: Clock) -> pl.Series:
    """One column over all events, of the widest type that the activities declare or show."""
    parts = {key: column for key, column in draft.event_columns.items() if key[1] == name}
    kinds: set[ValueType] = set()
    for activity, attributes in draft.event_types.items():
        if name in attributes and (activity, name) not in parts:
            kinds.add(attributes[name] or "string")
    for (activity, _), column in parts.items():
        declared = draft.event_types.get(activity, {})
        if draft.version == "2.0" and name not in declared:
            draft.note("ocel_undeclared", "warning", "event attribute", value=name)
        kinds.add(declared.get(name) or widest(column.kinds))
    kind = widest(kinds)
    if len(kinds) > 1:
        draft.note("ocel_type_conflict", "note", name, types=sorted(kinds), taken=kind)
    owners = [owner for column in parts.values() for owner in column.owners]
    texts = [text for column in parts.values() for text in column.texts]
    return _spread(draft, Column(owners, texts), kind, name, clock)


def _spread(draft: Draft, column: Column, kind: ValueType, name: str, clock: Clock) -> pl.Series:
    values = read_typed(text_series(column.texts), kind, clock, draft.notes, name)
    given = pl.DataFrame({_AT: pl.Series(column.owners, dtype=pl.Int64), "value": values})
    repeated = given.filter(~pl.col(_AT).is_first_distinct())
    for at, value in repeated.iter_rows():
        draft.rejects.append(
            (draft.row(at), "attribute_repeated", str(value), json_text({name: value}))
        )
    rows = pl.DataFrame({_AT: pl.int_range(len(draft.event_ids), dtype=pl.Int64, eager=True)})
    first = given.filter(pl.col(_AT).is_first_distinct())
    return rows.join(first, on=_AT, how="left", maintain_order="left")["value"]


def _without_unreadable(draft: Draft, frame: pl.DataFrame) -> pl.DataFrame:
    """Set events aside that have no id, or a time that is no time."""
    raw = text_series(draft.event_times)
    unreadable = frame[TIME].is_null() & raw.is_not_null() & (raw.str.strip_chars() != "")
    nameless = frame[EVENT].is_null()
    for at in (unreadable | nameless).arg_true():
        reason = "event_id_missing" if nameless[at] else "time_unreadable"
        row = frame.drop(_AT).row(at, named=True)
        record = {name: value for name, value in row.items() if value is not None}
        value = "" if nameless[at] else str(raw[at])
        draft.rejects.append((draft.row(at), reason, value, json_text(record)))
    return frame.filter(~(unreadable | nameless))


def _without_repeats(draft: Draft, frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the first event of each id; a repeated one that says something else is set aside."""
    repeated = frame.filter(pl.col(EVENT).is_duplicated())
    if repeated.is_empty():
        return frame
    links = _links_by_owner(draft, set(repeated[_AT]))
    first: dict[str, tuple[object, ...]] = {}
    gone: set[int] = set()
    for values in repeated.iter_rows(named=True):
        at, row, event = values.pop(_AT), values.pop(ROW), values[EVENT]
        beside = draft.event_contents[at : at + 1]
        content = (*values.values(), *beside, *sorted(links.get(at, [])))
        if event not in first:
            first[event] = content
            continue
        gone.add(at)
        where, severity = same_or_not(content == first[event])
        draft.note("ocel_repeated_event", severity, where, row=row, value=event)
        if content != first[event]:
            record = {**values, "links": links.get(at, []) or beside}
            draft.rejects.append((row, "event_id_repeated", event, json_text(record)))
    _drop_links(draft, gone)
    return frame.filter(~pl.col(_AT).is_in(list(gone)))


def _links_by_owner(draft: Draft, owners: set[int]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    for at, owner in enumerate(draft.link_owners):
        if owner in owners:
            link = draft.link_objects[at] or "", draft.link_qualifiers[at]
            found.setdefault(owner, []).append(link)
    return found


def _drop_links(draft: Draft, owners: set[int]) -> None:
    keep = [at for at, owner in enumerate(draft.link_owners) if owner not in owners]
    draft.link_events = [draft.link_events[at] for at in keep]
    draft.link_objects = [draft.link_objects[at] for at in keep]
    draft.link_qualifiers = [draft.link_qualifiers[at] for at in keep]
    draft.link_rows = [draft.link_rows[at] for at in keep]
    draft.link_owners = [draft.link_owners[at] for at in keep]


def _event_types(draft: Draft, dtypes: dict[str, str]) -> dict[str, dict[str, str]]:
    """Declared and used event types with the types that their attributes have in the batch."""
    types: dict[str, dict[str, str]] = {}
    for activity, attributes in draft.event_types.items():
        types[activity or ""] = {name: dtypes[_stored(name)] for name in attributes}
    for activity in dict.fromkeys(draft.activities):
        if activity is None or activity in draft.event_types:
            continue
        types[activity] = {}
        if draft.version == "2.0":
            draft.note("ocel_undeclared", "warning", "event type", value=activity)
    for activity, name in draft.event_columns:
        types.setdefault(activity or "", {})[name] = dtypes[_stored(name)]
    return types


def _stored(name: str) -> str:
    return f"attribute:{name}" if name.startswith("@") else name


def _short(dtype: pl.DataType) -> str:
    return next(kind for kind, known in DTYPES.items() if known == dtype)


def _build_links(draft: Draft) -> pl.DataFrame:
    return pl.DataFrame(
        {
            EVENT: text_series(draft.link_events),
            OBJECT: text_series(draft.link_objects),
            QUALIFIER: text_series(list(draft.link_qualifiers)),
            ROW: pl.Series(draft.link_rows, dtype=pl.Int64),
        },
        schema=LINKS_SCHEMA,
    )


def _build_object_links(draft: Draft) -> pl.DataFrame | None:
    if not draft.object_links:
        return None
    sources, targets, qualifiers = zip(*draft.object_links, strict=True)
    return pl.DataFrame(
        {
            LINK_SOURCE: text_series(list(sources)),
            LINK_TARGET: text_series(list(targets)),
            QUALIFIER: text_series(list(qualifiers)),
        },
        schema=OBJECT_LINKS_SCHEMA,
    )


def _build_rejects(draft: Draft) -> pl.DataFrame | None:
    if not draft.rejects:
        return None
    return pl.DataFrame(draft.rejects, schema=REJECTS_SCHEMA, orient="row")


def _note_empty_types(draft: Draft) -> None:
    used = {"event type": set(draft.activities), "object type": set(draft.object_types)}
    declared = {"event type": draft.event_types, "object type": draft.declared_objects}
    for where, kinds in declared.items():
        for name in kinds:
            if name not in used[where]:
                draft.note("ocel_empty_type", "note", where, value=name or "")
