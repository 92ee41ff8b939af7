"""Applying filters: from a perspective to a smaller one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import (
    SECOND_NS,
    Chunk,
    Codes,
    Ints,
    chunk_codes,
    chunk_offsets,
    chunk_times,
    each,
    object_chunks,
)
from thalweg.process.durations import object_spans
from thalweg.process.filters import (
    ActivityFilter,
    AttributeFilter,
    DurationFilter,
    Filter,
    ObjectFilter,
    Operator,
    PathFilter,
    RoleFilter,
    TimeFilter,
    Value,
    VariantFilter,
)
from thalweg.process.variants import group_variants
from thalweg.records.perspective import Perspective

Mask = NDArray[np.bool_]
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pick(name: str, known: Sequence[str], what: str) -> str:
    """``name`` if it is known, else an error that shows the nearest known ones."""
    if name in known:
        return name
    near = get_close_matches(name, known, 5, 0.3) or list(known)[:8]
    raise RequestError(f"There is no {what} {name!r}. Nearest: {', '.join(near) or 'none'}.")


def apply_filters(view: Perspective, filters: Sequence[Filter]) -> Perspective:
    """The perspective that the filters leave, one after the other.

    Raises   RequestError: a filter names something that the book does not have.
    """
    for one in filters:
        view = _apply(view, one)
    return view


def _apply(view: Perspective, one: Filter) -> Perspective:
    match one:
        case TimeFilter():
            return _by_time(view, one)
        case ActivityFilter():
            names = [pick(n, view.activities, "activity") for n in one.names]
            wanted = np.array([n in names for n in view.activities], bool)
            return _by_entries(view, wanted[view.activity], one.without, one.level)
        case RoleFilter():
            return _by_entries(view, _role_mask(view, one), one.without, one.level)
        case AttributeFilter():
            hits = _attribute_mask(view, one)
            return _by_entries(view, hits, one.operator == "!=", one.level)
        case ObjectFilter():
            return keep_objects(view, _object_mask(view, one))
        case VariantFilter():
            return keep_objects(view, _variant_mask(view, one))
        case DurationFilter():
            return keep_objects(view, _duration_mask(view, one))
        case PathFilter():
            return keep_objects(view, _path_mask(view, one))


def keep_objects(view: Perspective, keep: Mask) -> Perspective:
    """The perspective of some objects."""
    if keep.all():
        return view
    lengths = np.diff(view.offsets)
    return _cut(view, np.repeat(keep, lengths), keep, lengths[keep])


def keep_entries(view: Perspective, keep: Mask) -> Perspective:
    """The perspective of some entries; objects without any disappear."""
    if view.entries == 0 or keep.all():
        return view
    left = np.add.reduceat(keep, view.offsets[:-1], dtype=np.int64)
    alive = left > 0
    return _cut(view, keep, alive, left[alive])


def _cut(view: Perspective, entries: Mask, objects: Mask, lengths: Ints) -> Perspective:
    return replace(
        view,
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        activity=view.activity[entries],
        time_ns=view.time_ns[entries],
        event=view.event[entries],
        object=view.object[objects],
    )


def _any(view: Perspective, entries: Mask) -> Mask:
    if view.entries == 0:
        return np.zeros(0, bool)
    return np.logical_or.reduceat(entries, view.offsets[:-1])


def _by_entries(view: Perspective, hits: Mask, without: bool, level: str) -> Perspective:
    if level == "events":
        return keep_entries(view, hits ^ without)
    return keep_objects(view, _any(view, hits) ^ without)


def _by_time(view: Perspective, one: TimeFilter) -> Perspective:
    lo = _LOWEST if one.start is None else _nanoseconds(one.start)
    hi = _HIGHEST if one.end is None else _nanoseconds(one.end)
    if one.mode == "events":
        return keep_entries(view, (view.time_ns >= lo) & (view.time_ns < hi))
    first, last = view.time_ns[view.offsets[:-1]], view.time_ns[view.offsets[1:] - 1]
    keep = {
        "contained": (first >= lo) & (last < hi),
        "intersecting": (last >= lo) & (first < hi),
        "started": (first >= lo) & (first < hi),
        "finished": (last >= lo) & (last < hi),
    }[one.mode]
    return keep_objects(view, keep)


def _nanoseconds(instant: datetime) -> int:
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
    span = aware - _EPOCH
    return (span.days * 86_400 + span.seconds) * SECOND_NS + span.microseconds * 1000


def _role_mask(view: Perspective, one: RoleFilter) -> Mask:
    coded = view.book.role_codes(one.role)
    if coded is None:
        raise RequestError(
            f"The book has no {one.role}. Name the column that holds it when you ingest."
        )
    codes, names = coded
    if one.role == "lifecycle":
        known = [n.casefold() for n in names]
        wanted = {pick(n.casefold(), known, "lifecycle transition") for n in one.names}
        hit = np.array([n in wanted for n in known], bool)
    else:
        wanted = {pick(n, names, one.role) for n in one.names}
        hit = np.array([n in wanted for n in names], bool)
    return np.asarray(hit[codes[view.event]])


def _attribute_mask(view: Perspective, one: AttributeFilter) -> Mask:
    known = [name for name in view.book.event_schema() if not name.startswith("@")]
    values = view.book.event_column(pick(one.name, known, "event attribute"))
    operator: Operator = "=" if one.operator == "!=" else one.operator
    return np.asarray(matches(values, operator, one.values)[view.event])


def _object_mask(view: Perspective, one: ObjectFilter) -> Mask:
    table = view.book.objects(view.type)
    known = [name for name in table.collect_schema() if not name.startswith("@")]
    name = pick(one.name, known, f"attribute of {view.type}")
    values = table.select(name).collect()[name].gather(view.object)
    return matches(values, one.operator, one.values)


def matches(values: pl.Series, operator: Operator, wanted: Sequence[Value]) -> Mask:
    """Which values match: any of ``wanted`` for ``=``, none for ``!=``, all bounds otherwise."""
    ordered = operator in ("<", "<=", ">", ">=")
    if ordered and values.dtype == pl.String:
        values = values.cast(pl.Float64, strict=False)
    try:
        typed = [_as_type(value, values.dtype) for value in wanted]
    except ValueError as error:
        raise RequestError(
            f"{', '.join(map(str, wanted))!r} cannot be compared with {values.name!r}, "
            f"which holds {values.dtype}."
        ) from error
    if not ordered:
        hit = values.is_in(pl.Series(typed, dtype=values.dtype).implode()).fill_null(False)
        return np.asarray(hit.to_numpy() ^ (operator == "!="))
    mask = np.ones(len(values), bool)
    for bound in typed:
        compared = {
            "<": values < bound,
            "<=": values <= bound,
            ">": values > bound,
            ">=": values >= bound,
        }[operator]
        mask &= compared.fill_null(False).to_numpy()
    return mask


def _as_type(value: Value, dtype: pl.DataType) -> Any:
    if dtype == pl.Boolean:
        words = {"true": True, "1": True, "false": False, "0": False}
        if str(value).casefold() not in words:
            raise ValueError(value)
        return words[str(value).casefold()]
    if dtype.is_integer():
        return int(value) if float(value) == int(float(value)) else float(value)
    if dtype.is_numeric():
        return float(value)
    if isinstance(dtype, pl.Datetime):
        instant = datetime.fromisoformat(str(value))
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return str(value)


def _variant_mask(view: Perspective, one: VariantFilter) -> Mask:
    if sum((one.top is not None, one.share is not None, bool(one.sequences))) != 1:
        raise RequestError("A variant filter takes exactly one of top, share and sequences.")
    groups = group_variants(np.asarray(view.offsets), view.activity, view.activities)
    if one.top is not None:
        return np.asarray(groups.variant < one.top)
    if one.share is not None:
        covered = np.cumsum(groups.count) / max(view.objects, 1)
        return np.asarray(groups.variant <= np.searchsorted(covered, one.share - 1e-12))
    wanted = [
        tuple(pick(name, view.activities, "activity") for name in sequence)
        for sequence in one.sequences
    ]
    code = {name: number for number, name in enumerate(view.activities)}
    keep = np.zeros(groups.variants, bool)
    length = np.diff(view.offsets)[groups.first]
    for sequence in wanted:
        codes = np.array([code[name] for name in sequence], np.int64)
        for variant in np.flatnonzero(length == len(codes)):
            at = view.offsets[groups.first[variant]]
            keep[variant] |= np.array_equal(view.activity[at : at + len(codes)], codes)
    return np.asarray(keep[groups.variant])


def _duration_mask(view: Perspective, one: DurationFilter) -> Mask:
    begun, stop = object_spans(view)
    span = stop - begun
    bound = round(one.seconds * SECOND_NS)
    compared: dict[str, Mask] = {
        "<": span < bound,
        "<=": span <= bound,
        ">": span > bound,
        ">=": span >= bound,
    }
    return compared[one.operator]


def _path_mask(view: Perspective, one: PathFilter) -> Mask:
    known = list(view.activities)
    source = known.index(pick(one.source, known, "activity"))
    target = known.index(pick(one.target, known, "activity"))
    low = 0 if one.min_s is None else round(one.min_s * SECOND_NS)
    high = _HIGHEST if one.max_s is None else round(one.max_s * SECOND_NS)
    found = np.zeros(view.objects, bool)
    offsets = np.asarray(view.offsets)

    def work(chunk: Chunk) -> None:
        _find_path(
            chunk_offsets(offsets, chunk),
            chunk_codes(view.activity, chunk),
            chunk_times(view.time_ns, chunk),
            source,
            target,
            one.relation == "directly",
            low,
            high,
            found[chunk.first : chunk.last],
        )

    for _ in each(work, object_chunks(offsets)):
        pass
    return found ^ one.never


@njit(cache=True, nogil=True)
def _find_path(
    offsets: Ints,
    code: Codes,
    time_ns: Ints,
    source: int,
    target: int,
    directly: bool,
    low: int,
    high: int,
    found: Mask,
) -> None:
    """Is there a source before a target with low ≤ time between ≤ high?

    For ``eventually`` the latest source that is early enough decides: no other lies nearer.
    """
    for i in range(len(offsets) - 1):
        begin = offsets[i]
        latest, k = -1, begin
        for j in range(begin + 1, offsets[i + 1]):
            if directly:
                gap = time_ns[j] - time_ns[j - 1]
                if code[j - 1] == source and code[j] == target and low <= gap <= high:
                    found[i] = True
                    break
                continue
            if code[j] != target:
                continue
            while k < j and time_ns[j] - time_ns[k] >= low:
                if code[k] == source:
                    latest = k
                k += 1
            if latest >= 0 and time_ns[j] - time_ns[latest] <= high:
                found[i] = True
                break
