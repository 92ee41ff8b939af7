"""Times as XML writes them, read at the speed of their bytes.

Only the plain form with a zone is read here (2012-01-31T23:59:59.123+01:00 or Z); whatever
differs goes to ``text.dates``, which knows every other form and how to place zone-less times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.records.intake import UTC_NS
from thalweg.records.readers.xml_scan.tokens import Bytes
from thalweg.records.text.dates import parse_times

_OTHER, _READ, _TOO_FAR = range(3)
_FIRST_YEAR, _LAST_YEAR = 1678, 2261
"""Whole years that nanoseconds since 1970 can hold."""
_YEAR = r"^\s*(-?\d{4,})-"


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of times, read.

    utc           Datetime(ns, UTC), null where missing or not readable.
    offset_min    Int16, the offset written beside the time; null where none was.
    unreadable, out_of_range   Boolean: there was a value, but no time came of it.
    zone_missing  how many values carried no zone.
    ambiguous, nonexistent     among them, those in the doubled or skipped hour of their zone.
    """

    utc: pl.Series
    offset_min: pl.Series
    unreadable: pl.Series
    out_of_range: pl.Series
    zone_missing: int
    ambiguous: int
    nonexistent: int


@njit(cache=True, nogil=True)
def _number(data: Bytes, at: int, digits: int) -> int:
    """A run of digits, or a number below -1,000,000 if one of them is none."""
    value = 0
    for i in range(at, at + digits):
        digit = int(np.int64(data[i])) - 48
        if digit < 0 or digit > 9:
            return -1_000_000_000
        value = value * 10 + digit
    return value


@njit(cache=True, nogil=True)
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar, counting years from March."""
    if month <= 2:
        year -= 1
        month += 12
    leaps = year // 4 - year // 100 + year // 400
    return 365 * year + leaps + (153 * (month - 3) + 2) // 5 + day - 719_469


@njit(cache=True, nogil=True)
def _days_in(year: int, month: int) -> int:
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@njit(cache=True, nogil=True)
def _offset(data: Bytes, at: int, end: int) -> int:
    """Minutes of ``Z``, ``+01:00`` or ``+0100``; a number below -1,000,000 for anything else."""
    if end - at == 1 and data[at] == 90:
        return 0
    sign = data[at] if end > at else 0
    if sign != 43 and sign != 45:
        return -1_000_000_000
    if end - at == 6 and data[at + 3] == 58:
        minutes = _number(data, at + 4, 2)
    elif end - at == 5:
        minutes = _number(data, at + 3, 2)
    else:
        return -1_000_000_000
    hours = _number(data, at + 1, 2)
    if hours < 0 or minutes < 0 or hours > 18 or minutes > 59:
        return -1_000_000_000
    total = 60 * hours + minutes
    return -total if sign == 45 else total


@njit(cache=True, nogil=True)
def _read_one(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """Status, nanoseconds since 1970 and minutes of offset of one value."""
    if end - at < 20 or data[at + 4] != 45 or data[at + 7] != 45:
        return _OTHER, 0, 0
    if (data[at + 10] != 84 and data[at + 10] != 32) or data[at + 13] != 58 or data[at + 16] != 58:
        return _OTHER, 0, 0
    year, month, day = _number(data, at, 4), _number(data, at + 5, 2), _number(data, at + 8, 2)
    hour, minute = _number(data, at + 11, 2), _number(data, at + 14, 2)
    second = _number(data, at + 17, 2)
    if year < 0 or month < 1 or month > 12 or day < 1 or day > _days_in(year, month):
        return _OTHER, 0, 0
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return _OTHER, 0, 0
    p, fraction, unit = at + 19, 0, 1_000_000_000
    if data[p] == 46:
        p += 1
        while p < end and 48 <= data[p] <= 57:
            if unit > 1:
                unit //= 10
                fraction += unit * (int(np.int64(data[p])) - 48)
            elif data[p] != 48:
                return _OTHER, 0, 0
            p += 1
    offset = _offset(data, p, end)
    if offset < -1_000_000:
        return _OTHER, 0, 0
    if year < _FIRST_YEAR or year > _LAST_YEAR:
        return _TOO_FAR, 0, 0
    seconds = _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60
    return _READ, seconds * 1_000_000_000 + fraction, offset


@njit(cache=True, nogil=True)
def _read_all(
    data: Bytes, offsets: NDArray[np.int64],
    ns: NDArray[np.int64], minutes: NDArray[np.int16], status: NDArray[np.uint8],
) -> None:  # fmt: skip
    for i in range(len(offsets) - 1):
        status[i], ns[i], minutes[i] = _read_one(data, offsets[i], offsets[i + 1])


def read_instants(text: pl.Series, zone: str | None) -> Instants:
    """Read a column of text as times; blank text counts as missing.

    Takes    zone: zone of values that carry none; None is UTC.
    """
    n = len(text)
    ns, minutes, status = np.zeros(n, np.int64), np.zeros(n, np.int16), np.zeros(n, np.uint8)
    _read_all(*_bytes_of(text), ns, minutes, status)
    read = pl.Series(status == _READ)
    utc = pl.Series(ns).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    utc, offset = _where(read, utc), _where(read, pl.Series(minutes))
    too_far = pl.Series(status == _TOO_FAR)
    other = ~read & ~too_far & text.is_not_null()
    if not other.any():
        return Instants(utc, offset, ~read & ~text.is_null() & ~too_far, too_far, 0, 0, 0)
    times = parse_times(_where(other, text), zone=zone or "UTC")
    utc = utc.zip_with(read, times.utc.cast(UTC_NS))
    if times.offset_min is not None:
        offset = offset.zip_with(read, times.offset_min.cast(pl.Int16))
    year = text.str.extract(_YEAR).cast(pl.Int64, strict=False)
    outside = (year < _FIRST_YEAR) | (year > _LAST_YEAR)
    too_far = too_far | (times.unreadable & outside.fill_null(False))
    unreadable = times.unreadable & ~too_far
    return Instants(
        utc, offset, unreadable, too_far, times.zone_missing, times.ambiguous, times.nonexistent
    )


def _where(condition: pl.Series, values: pl.Series) -> pl.Series:
    """The values where the condition holds, null elsewhere."""
    if condition.all():
        return values
    return values.zip_with(condition, values.clear(len(values)))


def _bytes_of(text: pl.Series) -> tuple[Bytes, NDArray[np.int64]]:
    """Bytes and offsets of a column of text."""
    array = text.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    at = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8), at
