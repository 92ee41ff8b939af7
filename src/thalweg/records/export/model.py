"""What an export writes: the tables of one object-centric log, free of codes and row numbers.

``frames`` makes them from a book or a batch; the writers beside this module turn them into files.
Frames hold text ids; an object is named by its id alone, as OCEL wants it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from thalweg.records.intake import (
    ACTIVITY,
    ATTRIBUTE,
    CHANGES_SCHEMA,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
    OBJECT_LINKS_SCHEMA,
    QUALIFIER,
    TYPE,
    VALUE_TYPE,
)
from thalweg.records.readers.ocel.values import ValueType, type_of, value_type, widest
from thalweg.records.trust import Example, Finding

if TYPE_CHECKING:
    pass

SOURCE_TYPE, TARGET_TYPE = "@source_type", "@target_type"
EVENT_LINKS: Final = {
    EVENT: pl.String,
    OBJECT: pl.String,
    TYPE: pl.String,
    QUALIFIER: pl.String,
}
CHANGES: Final[dict[str, Any]] = {**CHANGES_SCHEMA, TYPE: pl.String}
OBJECT_LINKS: Final[dict[str, Any]] = {
    **OBJECT_LINKS_SCHEMA,
    SOURCE_TYPE: pl.String,
    TARGET_TYPE: pl.String,
}
_NEW: Final = "@new"

Kinds = dict[str, dict[str, ValueType]]
"""Attributes and their OCEL types by event or object type."""


@dataclass(frozen=True, slots=True)
class OcelFrames:
    """One object-centric log.

    events          ``@event``, ``@activity``, ``@time`` and attributes; ids are unique.
    links           ``@event``, ``@object``, ``@type`` (null: no such object), ``@qualifier``.
    objects         by type: ``@object`` and attributes as first known.
    object_changes  CHANGES: later values, as canonical text.
    object_links    OBJECT_LINKS: object to object; an end without type does not exist.
    meta            ``event_types`` and ``object_types`` as the source declared them.
    notes           what had to be changed to fit the model, for the report of an export.
    """

    events: pl.DataFrame
    links: pl.DataFrame
    objects: dict[str, pl.DataFrame]
    object_changes: pl.DataFrame
    object_links: pl.DataFrame
    meta: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()


def attributes_of(frame: pl.DataFrame) -> list[str]:
    """Names of the columns that are the source's own."""
    return [name for name in frame.columns if not name.startswith("@")]


def event_kinds(frames: OcelFrames) -> Kinds:
    """Event types with the attributes that they declare or use."""
    declared = frames.meta.get("event_types", {})
    kinds: Kinds = {kind: {} for kind in declared}
    names = attributes_of(frames.events)
    given = [frames.events[name].is_not_null().alias(str(at)) for at, name in enumerate(names)]
    used = pl.DataFrame([frames.events[ACTIVITY], *given]).group_by(ACTIVITY, maintain_order=True)
    present = {
        row[0]: dict(zip(names, row[1:], strict=True))
        for row in used.agg(pl.all().any()).iter_rows()
    }
    for kind in dict.fromkeys([*declared, *present]):
        own = list(declared.get(kind, {}))
        own += [n for n, has in present.get(kind, {}).items() if has and n not in own]
        kinds[kind] = {
            name: type_of(frames.events.schema[name])
            if name in names
            else value_type(declared[kind][name]) or "string"
            for name in own
        }
    return kinds


def object_kinds(frames: OcelFrames) -> Kinds:
    """Object types with the attributes that they declare, begin with or take on later."""
    declared = frames.meta.get("object_types", {})
    kinds: Kinds = {}
    changed: dict[str, dict[str, set[ValueType]]] = {}
    distinct = frames.object_changes.select(TYPE, ATTRIBUTE, VALUE_TYPE).unique(maintain_order=True)
    for kind, name, text in distinct.iter_rows():
        changed.setdefault(kind, {}).setdefault(name, set()).add(value_type(text) or "string")
    for kind in dict.fromkeys([*declared, *frames.objects]):
        schema = frames.objects[kind].schema if kind in frames.objects else {}
        names = [*declared.get(kind, {}), *(n for n in schema if not n.startswith("@"))]
        own: dict[str, ValueType] = {}
        for name in dict.fromkeys([*names, *changed.get(kind, {})]):
            types = set(changed.get(kind, {}).get(name, set()))
            if name in schema:
                types.add(type_of(schema[name]))
            own[name] = widest(types) if types else value_type(declared[kind][name]) or "string"
        kinds[kind] = own
    return kinds


def with_unique_ids(frames: OcelFrames) -> OcelFrames:
    """Frames in which an id names one object: shared ids become ``type:id``, and a note says so."""
    owners = pl.concat(
        [f.select(OBJECT, pl.lit(k).alias(TYPE)) for k, f in frames.objects.items()]
        or [pl.DataFrame(schema={OBJECT: pl.String, TYPE: pl.String})]
    )
    shared = owners.filter(pl.col(OBJECT).is_duplicated())
    if shared.is_empty():
        return frames
    taken = set(owners[OBJECT])
    renamed: dict[tuple[str, str], str] = {}
    for name, kind in shared.iter_rows():
        fresh = f"{kind}:{name}"
        while fresh in taken:
            fresh = f"{kind}:{fresh}"
        taken.add(fresh)
        renamed[kind, name] = fresh
    new = pl.DataFrame(
        [(kind, name, fresh) for (kind, name), fresh in renamed.items()],
        schema={TYPE: pl.String, OBJECT: pl.String, _NEW: pl.String},
        orient="row",
    )
    examples = tuple(Example(value=fresh) for fresh in list(renamed.values())[:5])
    note = Finding("export_id_renamed", "note", len(renamed), len(owners), "object", examples)
    ends = _renamed(frames.object_links, new, LINK_SOURCE, SOURCE_TYPE)
    return replace(
        frames,
        links=_renamed(frames.links, new, OBJECT, TYPE),
        objects={
            kind: _renamed(frame.with_columns(pl.lit(kind).alias(TYPE)), new, OBJECT, TYPE).drop(
                TYPE
            )
            for kind, frame in frames.objects.items()
        },
        object_changes=_renamed(frames.object_changes, new, OBJECT, TYPE),
        object_links=_renamed(ends, new, LINK_TARGET, TARGET_TYPE),
        notes=(*frames.notes, note),
    )


def _renamed(frame: pl.DataFrame, new: pl.DataFrame, name: str, kind: str) -> pl.DataFrame:
    joined = frame.join(
        new, left_on=[kind, name], right_on=[TYPE, OBJECT], how="left", maintain_order="left"
    )
    return joined.with_columns(pl.coalesce(_NEW, name).alias(name))[frame.columns]
