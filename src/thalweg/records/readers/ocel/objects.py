"""Objects of an OCEL draft: first known values, later changes, and what does not fit.

OCEL stamps the values that an object begins with at 1970-01-01. Writers that forget the zone
shift that stamp by some hours, so a single stamp within 14 hours of it means the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from thalweg.records.intake import (
    ATTRIBUTE,
    CHANGES_SCHEMA,
    OBJECT,
    TIME,
    UTC_NS,
    VALUE,
    VALUE_TYPE,
)
from thalweg.records.readers.ocel.draft import Column, Draft, same_or_not
from thalweg.records.readers.ocel.values import (
    Clock,
    ValueType,
    json_text,
    read_typed,
    text_series,
    type_of,
    widest,
    write_as_text,
)

_WINDOW_NS: Final = 14 * 3_600 * 1_000_000_000
_AT, _STAMP = "at", "stamp"


@dataclass(frozen=True, slots=True)
class Objects:
    """Frames by type (``@object`` and first values), changes, and attribute types by type."""

    frames: dict[str, pl.DataFrame]
    changes: pl.DataFrame | None
    types: dict[str, dict[str, str]]


def build_objects(draft: Draft, clock: Clock) -> Objects:
    """Objects by type with the values that they begin with; later values as changes."""
    ids = text_series(draft.object_ids)
    kept = _kept_positions(draft)
    stamps = {key: _stamps(draft, column, clock) for key, column in draft.object_columns.items()}
    initial = _initial_stamps(draft, list(stamps.values()))
    positions: dict[str, list[int]] = {}
    for at in kept:
        positions.setdefault(draft.object_types[at] or "", []).append(at)
    frames, changes = {}, []
    types: dict[str, dict[str, str]] = {
        kind or "": {name: t or "string" for name, t in attributes.items()}
        for kind, attributes in draft.declared_objects.items()
    }
    for kind, owners in positions.items():
        frame = pl.DataFrame({_AT: pl.Series(owners, dtype=pl.Int64)})
        columns = {OBJECT: ids.gather(owners)}
        types.setdefault(kind, {})
        if draft.version == "2.0" and kind not in draft.declared_objects:
            draft.note("ocel_undeclared", "warning", "object type", value=kind)
        for name in _attributes(draft, kind):
            values = _values(draft, kind, name, clock, stamps.get((kind, name)))
            values = values.join(frame, on=_AT, how="semi", maintain_order="left")
            types[kind][name] = type_of(values.schema[VALUE])
            first, later = _split(draft, values, initial, f"{kind}.{name}")
            columns[name] = frame.join(first, on=_AT, how="left", maintain_order="left")[VALUE]
            changes.append(_as_changes(later, name))
        frames[kind] = pl.DataFrame(columns)
    joined = _join_changes(changes, ids)
    if joined is not None:
        _note_changes_without_value(draft, joined)
    return Objects(frames, joined, types)


def _attributes(draft: Draft, kind: str) -> list[str]:
    declared = dict.fromkeys(draft.declared_objects.get(kind, {}))
    return list(declared | dict.fromkeys(n for k, n in draft.object_columns if k == kind))


def _kept_positions(draft: Draft) -> list[int]:
    """Positions of objects with an id and a type; of a repeated id only the first."""
    first: dict[str, int] = {}
    kept, repeated = [], []
    for at, (object_id, kind) in enumerate(zip(draft.object_ids, draft.object_types, strict=True)):
        if object_id is None or kind is None:
            what = "object_id_missing" if object_id is None else "object_type_missing"
            record = {"id": object_id, "type": kind}
            draft.rejects.append((at + 1, what, object_id or kind or "", json_text(record)))
        elif object_id in first:
            repeated.append(at)
        else:
            first[object_id] = at
            kept.append(at)
    if repeated:
        contents = _contents(
            draft, {*repeated, *(first[draft.object_ids[at] or ""] for at in repeated)}
        )
        for at in repeated:
            _note_repeated(draft, at, first[draft.object_ids[at] or ""], contents)
    return kept


Content = list[tuple[str, str | None, str | None]]


def _contents(draft: Draft, positions: set[int]) -> dict[int, Content]:
    found: dict[int, Content] = {at: [] for at in positions}
    for (_, name), column in draft.object_columns.items():
        for owner, text, time in zip(column.owners, column.texts, column.times, strict=True):
            if owner in found:
                found[owner].append((name, time, text))
    return found


def _note_repeated(draft: Draft, at: int, first: int, contents: dict[int, Content]) -> None:
    object_id = draft.object_ids[at] or ""
    same = (draft.object_types[at], contents[at]) == (draft.object_types[first], contents[first])
    where, severity = same_or_not(same)
    draft.note("ocel_repeated_object", severity, where, row=at + 1, value=object_id)
    if not same:
        record = {"id": object_id, "type": draft.object_types[at], "attributes": contents[at]}
        draft.rejects.append((at + 1, "object_id_repeated", object_id, json_text(record)))


def _stamps(draft: Draft, column: Column, clock: Clock) -> pl.Series:
    """When each value began to hold; null for "from the beginning"."""
    texts = text_series(column.times)
    times = clock.read(texts).utc
    for at in (times.is_null() & texts.is_not_null()).arg_true():
        owner = column.owners[at]
        record = {"id": draft.object_ids[owner], "value": column.texts[at], "time": texts[at]}
        draft.rejects.append((owner + 1, "time_unreadable", texts[at], json_text(record)))
    return times


def _initial_stamps(draft: Draft, stamps: list[pl.Series]) -> list[int]:
    """The stamps (UTC ns) that mean "from the beginning" in this file."""
    near: set[int] = set()
    for series in stamps:
        at_ns = series.cast(pl.Int64).drop_nulls()
        near |= set(at_ns.filter(at_ns.abs() <= _WINDOW_NS).unique().to_list())
    shifted = near - {0}
    if len(shifted) != 1:
        return [0]
    stamp = next(iter(shifted))
    draft.note("ocel_initial_stamp", "note", value=str(stamp), shift_min=stamp // 60_000_000_000)
    return [0, stamp]


def _values(
    draft: Draft, kind: str, name: str, clock: Clock, stamps: pl.Series | None
) -> pl.DataFrame:
    """All values of an attribute: owner ``at``, ``stamp`` and the typed value."""
    column = draft.object_columns.get((kind, name), Column())
    declared = draft.declared_objects.get(kind, {})
    if draft.version == "2.0" and name not in declared and column.owners:
        draft.note("ocel_undeclared", "warning", "object attribute", value=f"{kind}.{name}")
    value_type: ValueType = declared.get(name) or widest(column.kinds)
    texts = text_series(column.texts)
    frame = pl.DataFrame(
        {
            _AT: pl.Series(column.owners, dtype=pl.Int64),
            _STAMP: stamps if stamps is not None else pl.Series([], dtype=UTC_NS),
            VALUE: read_typed(texts, value_type, clock, draft.notes, f"{kind}.{name}"),
        }
    )
    unreadable = text_series(column.times)
    return frame.filter(~(frame[_STAMP].is_null() & unreadable.is_not_null()))


def _split(
    draft: Draft, values: pl.DataFrame, initial: list[int], where: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """First values (one for each object) and changes."""
    is_first = pl.col(_STAMP).is_null() | pl.col(_STAMP).cast(pl.Int64).is_in(initial)
    first = values.filter(is_first & pl.col(VALUE).is_not_null())
    later = values.filter(~is_first)
    repeated = first.unique([_AT, VALUE], keep="first", maintain_order=True)
    for at, _, value in repeated.filter(~pl.col(_AT).is_first_distinct()).iter_rows():
        record = {"id": draft.object_ids[at], where: value}
        draft.rejects.append((at + 1, "initial_value_repeated", str(value), json_text(record)))
    return first.filter(pl.col(_AT).is_first_distinct()).drop(_STAMP), later


def _as_changes(later: pl.DataFrame, name: str) -> pl.DataFrame:
    return later.select(
        _AT,
        pl.col(_STAMP).alias(TIME),
        pl.lit(name).alias(ATTRIBUTE),
        write_as_text(later[VALUE]).alias(VALUE),
        pl.lit(type_of(later.schema[VALUE])).alias(VALUE_TYPE),
    )


def _join_changes(changes: list[pl.DataFrame], ids: pl.Series) -> pl.DataFrame | None:
    """Changes of all attributes, by object in file order, then time."""
    joined = pl.concat(changes) if changes else pl.DataFrame()
    if joined.is_empty():
        return None
    joined = joined.sort(_AT, TIME, maintain_order=True)
    named = joined.with_columns(ids.gather(joined[_AT]).alias(OBJECT))
    return named.select(list(CHANGES_SCHEMA))


def _note_changes_without_value(draft: Draft, changes: pl.DataFrame) -> None:
    """Such a change says that, and not to what, an attribute changed; it is kept."""
    without = changes.filter(pl.col(VALUE).is_null())
    if len(without):
        by_attribute = without[ATTRIBUTE].value_counts(sort=True)
        draft.note(
            "ocel_change_without_value",
            "warning",
            count=len(without),
            value=without[ATTRIBUTE][0],
            of=len(changes),
            by_attribute=dict(by_attribute.iter_rows()),
        )
