"""Times in the forms that people export: recognised value by value, converted column by column.

Uniform ISO columns take a short way through Polars' own parser; everything else is normalised
(full-width digits, 年月日, 上午/下午) and matched against the forms below. Both ways end in the
same native parser, so they give the same values.

Forms    2021-03-05T08:05:00.123456789+01:00, 2021/3/5 8:05, 2021.3.5, 20210305, 20210305 080500,
         16.01.2017 13:29, 01/02/2017, 2021年3月5日 下午3:05, 12:30 PM after a date, seconds to
         nanoseconds since 1970, and spreadsheet serial days (since 1899-12-30).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

from thalweg.records.intake import UTC_NS

DateOrder = Literal["dmy", "mdy"]

_MISSING = ("null", "none", "nan", "nat", "n/a", "na", "-", "?", "\\n", "无", "00000000")
"""Spellings of "no time"; 00000000 is how SAP writes an empty date."""

_FULL_WIDTH = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)} | {"\u3000": " "}
_WORDS = {"年": "-", "月": "-", "日": " ", "号": " ", "號": " ", "时": ":", "時": ":", "点": ":"}
_WORDS |= {"點": ":", "分": ":", "秒": "", "上午": " AM ", "下午": " PM ", "\u2212": "-"}

_ISO = re.compile(
    r"[0-9]{4}(?P<s>[-/])[0-9][0-9][-/][0-9][0-9](?:(?P<t>[T ])[0-9][0-9]:[0-9][0-9](?P<sec>:[0-9][0-9](?P<f>\.[0-9]{1,9})?)?"
    r"(?P<z>Z|[+-](?:0[0-9]|1[0-8]):[0-5][0-9])?)?"
)
_GENERAL = (
    r"^(?:(?<y>[0-9]{4})(?<s1>[-/.])(?<m>[0-9]{1,2})[-/.](?<d>[0-9]{1,2})"
    r"|(?<a>[0-9]{1,2})(?<s2>[-/.])(?<b>[0-9]{1,2})[-/.](?<c>[0-9]{4}))"
    r"(?:(?:T|\s)\s*(?:(?<p1>AM|PM)\s*)?(?<H>[0-9]{1,2})"
    r"(?::(?<M>[0-9]{1,2})(?::(?<S>[0-9]{1,2})(?:[.,](?<f>[0-9]{1,9})0*)?)?)?:?\s*(?<p2>AM|PM)?)?"
    r"\s*(?<z>Z|UTC|GMT|[+-](?:0[0-9]|1[0-8])(?::?[0-5][0-9])?)?$"
)
_COMPACT = (
    r"^(?<y>(?:1[6-9]|2[0-2])[0-9]{2})(?<m>0[1-9]|1[0-2])(?<d>[0-3][0-9])"
    r"(?:[T ]?(?<H>[0-9]{2}):?(?<M>[0-9]{2})(?::?(?<S>[0-9]{2}))?(?<z>Z)?)?$"
)
_NUMBER_FORMS: tuple[tuple[str, str, float], ...] = (
    ("excel_serial", r"^[2-7][0-9]{4}(?:\.[0-9]+)?$", 86_400e9),
    ("epoch_s", r"^[0-9]{9,10}(?:\.[0-9]+)?$", 1e9),
    ("epoch_ms", r"^[0-9]{12,13}(?:\.[0-9]+)?$", 1e6),
    ("epoch_us", r"^[0-9]{15,16}$", 1e3),
    ("epoch_ns", r"^[0-9]{18,19}$", 1.0),
)
_EXCEL_EPOCH_DAYS = 25_569
_FIRST_YEAR, _LAST_YEAR = 1678, 2261
"""Whole years that nanoseconds since 1970 can hold."""
_GAP_MIN = 24 * 60
_STEM = len("2021-03-05T08:05:00")


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times, read.

    utc          Datetime(ns, UTC); null where missing or unreadable.
    unreadable   Boolean: there was a value, but no time could be read from it.
    offset_min   Int16: the offset that stood beside the time; None when none had one.
    forms        how many values had which form.
    zone_missing, ambiguous, nonexistent   values without a zone; among them those that fall
                 in the doubled or the skipped hour of the zone they were read in. Of two
                 possible instants the earlier is taken.
    """

    utc: pl.Series
    unreadable: pl.Series
    offset_min: pl.Series | None
    forms: dict[str, int]
    zone_missing: int = 0
    ambiguous: int = 0
    nonexistent: int = 0


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """What the values of a column say about 01/02/2017: how many must be read which way."""

    day_first: int = 0
    month_first: int = 0
    undecided: int = 0

    def __add__(self, other: OrderEvidence) -> OrderEvidence:
        return OrderEvidence(
            self.day_first + other.day_first,
            self.month_first + other.month_first,
            self.undecided + other.undecided,
        )

    @property
    def order(self) -> DateOrder | None:
        """The reading that fits more values, or None where nothing tells them apart."""
        if self.day_first == self.month_first:
            return None
        return "dmy" if self.day_first > self.month_first else "mdy"


def parse_times(
    values: pl.Series,
    *,
    zone: str = "UTC",
    pattern: str = "auto",
    order: DateOrder = "dmy",
) -> Times:
    """Read a column of times.

    Takes    values: text, numbers or typed times. zone: zone of values that carry none.
             pattern: a strptime pattern, or "auto". order: reading of 01/02/2017.
    Returns  Times of the same length.
    """
    if values.dtype.is_temporal() and values.dtype != pl.Time:
        return _typed(values, zone)
    text = _present(values)
    if pattern != "auto":
        local = _by_pattern(text, pattern)
    else:
        local = _uniform_iso(text) or _mixed(text, order)
    return _located(text, local, zone)


def order_evidence(values: pl.Series) -> OrderEvidence:
    """Count what decides between day first and month first (dates such as 01/02/2017)."""
    if values.dtype != pl.String:
        return OrderEvidence()
    parts = _normal(_present(values)).str.extract_groups(
        r"^([0-9]{1,2})[-/]([0-9]{1,2})[-/][0-9]{4}\b"
    )
    found = parts.struct.unnest().cast(pl.Int32)
    first, second = pl.col(found.columns[0]), pl.col(found.columns[1])
    day, month, rest = found.select(
        ((first > 12) & (second <= 12)).sum().alias("day"),
        ((second > 12) & (first <= 12)).sum().alias("month"),
        ((first <= 12) & (second <= 12)).sum().alias("rest"),
    ).row(0)
    return OrderEvidence(int(day or 0), int(month or 0), int(rest or 0))


def join_date_and_time(date: pl.Series, time: pl.Series) -> pl.Series:
    """One column of text from a date column and a time-of-day column (HHMMSS or H:MM[:SS])."""
    clock = time.cast(pl.String).str.strip_chars()
    if time.dtype.is_integer():
        clock = clock.str.zfill(6)
    frame = pl.DataFrame({"d": date.cast(pl.String).str.strip_chars(), "t": clock})
    day, at = pl.col("d"), pl.col("t")
    colons = pl.when(at.str.contains(r"^\d{6}$")).then(
        pl.concat_str(at.str.slice(0, 2), at.str.slice(2, 2), at.str.slice(4, 2), separator=":")
    )
    compact = day.str.contains(r"^\d{8}$")
    spread = pl.concat_str(
        day.str.slice(0, 4), day.str.slice(4, 2), day.str.slice(6), separator="-"
    )
    whole_day = pl.when(compact & (day != "00000000")).then(spread).otherwise(day)
    empty = at.is_null() | (at == "")
    joined = pl.when(empty).then(whole_day).otherwise(whole_day + " " + colons.otherwise(at))
    dated = ~day.is_in(["", "00000000"])
    return frame.select(pl.when(dated).then(joined).alias(date.name)).to_series()


@dataclass(frozen=True, slots=True)
class _Local:
    """Wall-clock times (Datetime ns, no zone), minutes of offset where written, and forms."""

    naive: pl.Series
    offset_min: pl.Series | None
    forms: dict[str, int]


def _present(values: pl.Series) -> pl.Series:
    """Text without surrounding blanks; null where it says that there is no time."""
    text = values.cast(pl.String).str.strip_chars()
    lowered_small = text.str.len_bytes() <= 8
    if not bool(((text.str.len_bytes() <= 4) | (text == "00000000")).any()):
        return text
    gone = (text == "") | (lowered_small & text.str.to_lowercase().is_in(list(_MISSING)))
    return text.to_frame("t").select(pl.when(~gone).then(pl.col("t"))).to_series()


def _uniform_iso(text: pl.Series) -> _Local | None:
    """The short way: every value has the shape of the first; None if not so."""
    given = text.drop_nulls()
    if given.is_empty():
        return _Local(_no_times(len(text)), None, {})
    shape = _ISO.fullmatch(str(given[0]))
    if shape is None:
        return None
    s, t, zone = shape["s"], shape["t"], shape["z"]
    two = "[0-9]{2}"
    stem, pattern = f"[0-9]{{4}}{s}{two}{s}{two}", f"%Y{s}%m{s}%d"
    if t:
        stem, pattern = f"{stem}{t}{two}:{two}", f"{pattern}{t}%H:%M"
    if shape["sec"]:
        stem, pattern = rf"{stem}:{two}(?:\.[0-9]{{1,9}})?", f"{pattern}:%S"
    tail = {None: "", "Z": "Z"}.get(zone, "[+-](?:0[0-9]|1[0-8]):[0-5][0-9]")
    if not text.str.contains(f"^{stem}{tail}$").all():
        return None
    body = text if zone is None else text.str.head(-len(zone))
    if not t:
        naive = _native(body + " 00:00", pattern + " %H:%M")
    elif shape["sec"]:
        naive = _native(body.str.head(_STEM), pattern, body.str.slice(_STEM + 1))
    else:
        naive = _native(body, pattern)
    if naive.null_count() != text.null_count():
        return None
    offset = None if zone is None else _offset_min(text.str.tail(len(zone)))
    return _Local(naive, offset, {f"y{s}m{s}d": len(given)})


def _native(text: pl.Series, pattern: str, fraction: pl.Series | None = None) -> pl.Series:
    """Polars' parser, kept to the years that nanoseconds can hold (others become null).

    ``fraction`` holds the digits behind the second, up to nine of them.
    """
    coarse = text.str.to_datetime(pattern, time_unit="us", strict=False)
    fits = coarse.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)
    if not bool(fits.all()):
        coarse = coarse.zip_with(fits, coarse.clear(len(coarse)))
    fine = coarse.cast(pl.Datetime("ns"))
    if fraction is None or not bool((fraction != "").any()):
        return fine
    ns = fraction.fill_null("").str.pad_end(9, "0").cast(pl.Int64)
    return (fine.cast(pl.Int64) + ns).cast(pl.Datetime("ns"))


def _by_pattern(text: pl.Series, pattern: str) -> _Local:
    given = len(text) - text.null_count()
    if re.search(r"%[:#]*z|%\+", pattern):
        fine = text.str.to_datetime(pattern, time_unit="ns", strict=False, time_zone="UTC")
        zero = pl.repeat(0, len(text), dtype=pl.Int16, eager=True)
        return _Local(fine.dt.replace_time_zone(None), zero, {pattern: given})
    if re.search(r"%[.369]*f", pattern):
        coarse = text.str.to_datetime(pattern, time_unit="us", strict=False)
        fine = text.str.to_datetime(pattern, time_unit="ns", strict=False)
        fits = coarse.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)
        return _Local(fine.zip_with(fits, _no_times(len(text))), None, {pattern: given})
    if not re.search(r"%[HIkTRrX+s]", pattern):
        text, pattern = text + " 00:00", pattern + " %H:%M"
    return _Local(_native(text, pattern), None, {pattern.removesuffix(" %H:%M"): given})


def _normal(text: pl.Series) -> pl.Series:
    """Half-width characters, signs instead of 年月日时分秒, AM and PM in capitals."""
    if not bool(text.str.contains(r"[^\x00-\x7F]").any()):
        return text.str.to_uppercase()
    plain = text.str.replace_many(_FULL_WIDTH).str.replace_many(_WORDS)
    plain = plain.str.to_uppercase().str.replace_all(r"\s+", " ")
    return plain.str.strip_chars().str.strip_chars_end(":")


def _mixed(text: pl.Series, order: DateOrder) -> _Local:
    """Every form, value by value."""
    normal = _normal(text)
    found = pl.DataFrame(
        {
            "text": text,
            "normal": normal,
            "g": normal.str.extract_groups(_GENERAL),
            "k": normal.str.extract_groups(_COMPACT),
        }
    )
    fraction = pl.col("g").struct.field("f").alias("fraction")
    frame = found.select(_iso_text(order), fraction, _form(order), _zone_text(), "normal")
    naive = _native(frame["iso"], "%Y-%m-%dT%H:%M:%S", frame["fraction"])
    numbers = _numbers(frame["normal"].zip_with(frame["form"].is_null(), _blank(text)))
    if numbers is None:
        forms = frame["form"]
    else:
        forms = frame["form"].zip_with(frame["form"].is_not_null(), numbers["form"])
        naive = naive.zip_with(frame["form"].is_not_null(), numbers["naive"])
    zones = frame["zone"]
    if numbers is not None:
        zones = zones.zip_with(frame["form"].is_not_null(), numbers["zone"])
    offset = _offset_min(zones) if zones.null_count() < len(zones) else None
    counted = forms.filter(naive.is_not_null()).drop_nulls().value_counts(sort=True)
    return _Local(naive, offset, dict(counted.iter_rows()))


def _blank(like: pl.Series) -> pl.Series:
    return pl.repeat(None, len(like), dtype=pl.String, eager=True)


def _iso_text(order: DateOrder) -> pl.Expr:
    """The normalised parts put together as YYYY-MM-DDTHH:MM:SS; null where no form fits."""
    g, k = pl.col("g").struct.field, pl.col("k").struct.field
    day, month = (g("a"), g("b")) if order == "dmy" else (g("b"), g("a"))

    def two(part: pl.Expr) -> pl.Expr:
        return part.fill_null("00").str.zfill(2)

    half = pl.coalesce(g("p1"), g("p2"))
    hour = g("H").cast(pl.Int32)
    in_half = hour.is_between(1, 12)
    clock = (
        pl.when(half.is_null())
        .then(hour)
        .when(in_half & (half == "AM"))
        .then(hour % 12)
        .when(in_half & (half == "PM"))
        .then(hour % 12 + 12)
        .when((hour == 0) & (half == "AM"))
        .then(hour)
        .when((half == "PM") & hour.is_between(13, 23))
        .then(hour)
    )
    hour_text = pl.when(g("H").is_null()).then(pl.lit("00")).otherwise(clock.cast(pl.String))
    general = pl.concat_str(
        pl.coalesce(g("y"), g("c")),
        pl.lit("-"),
        two(pl.coalesce(g("m"), month)),
        pl.lit("-"),
        two(pl.coalesce(g("d"), day)),
        pl.lit("T"),
        hour_text.str.zfill(2),
        pl.lit(":"),
        two(g("M")),
        pl.lit(":"),
        two(g("S")),
    )
    date = pl.concat_str(k("y"), k("m"), k("d"), separator="-")
    time = pl.concat_str(two(k("H")), two(k("M")), two(k("S")), separator=":")
    return pl.coalesce(general, date + "T" + time).alias("iso")


def _form(order: DateOrder) -> pl.Expr:
    """The name of each value's form; null where none fits."""
    g, k = pl.col("g").struct.field, pl.col("k").struct.field
    first, second = ("d", "m") if order == "dmy" else ("m", "d")
    sep = g("s2")
    year_first = "y" + g("s1") + "m" + g("s1") + "d"
    year_last = first + sep + second + sep + "y"
    base = (
        pl.when(pl.col("text").str.contains("年", literal=True) & g("y").is_not_null())
        .then(pl.lit("年月日"))
        .when(g("y").is_not_null())
        .then(year_first)
        .when(g("c").is_not_null())
        .then(year_last)
        .when(k("y").is_not_null())
        .then(pl.lit("yyyymmdd"))
    )
    half = pl.coalesce(g("p1"), g("p2")).is_not_null()
    return pl.when(half).then(base + " AM/PM").otherwise(base).alias("form")


def _zone_text() -> pl.Expr:
    g, k = pl.col("g").struct.field, pl.col("k").struct.field
    return pl.coalesce(g("z"), k("z")).alias("zone")


def _numbers(rest: pl.Series) -> pl.DataFrame | None:
    """Counts since 1970 and spreadsheet days among the values that no other form fits."""
    if rest.null_count() == len(rest):
        return None
    frame = rest.to_frame("t")
    whole = pl.col("t").str.extract(r"^(\d+)", 1).cast(pl.Int64, strict=False)
    part = pl.lit("0") + pl.col("t").str.extract(r"^\d+(\.\d+)$", 1).fill_null(".0")
    ns, form, zone = pl.lit(None, pl.Int64), pl.lit(None, pl.String), pl.lit(None, pl.String)
    for name, pattern, unit_ns in _NUMBER_FORMS:
        fits = pl.col("t").str.contains(pattern)
        days = _EXCEL_EPOCH_DAYS if name == "excel_serial" else 0
        fraction_ns = (part.cast(pl.Float64) * unit_ns).round(0).cast(pl.Int64)
        if days:
            fraction_ns = (fraction_ns / 1e6).round(0).cast(pl.Int64) * 1_000_000
        ns = pl.when(fits).then((whole - days) * int(unit_ns) + fraction_ns).otherwise(ns)
        form = pl.when(fits).then(pl.lit(name)).otherwise(form)
        if not days:
            zone = pl.when(fits).then(pl.lit("Z")).otherwise(zone)
    return frame.select(
        ns.cast(pl.Datetime("ns")).alias("naive"), form.alias("form"), zone.alias("zone")
    )


def _offset_min(zones: pl.Series) -> pl.Series:
    """Minutes east of UTC from Z, UTC, +01:00, +0100 or +01."""
    different = zones.unique().drop_nulls().to_list()
    table = {zone: _minutes(zone) for zone in different}
    return zones.replace_strict(table, default=None, return_dtype=pl.Int16)


def _minutes(zone: str) -> int:
    if zone in {"Z", "UTC", "GMT"}:
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes


def _typed(values: pl.Series, zone: str) -> Times:
    """Times that the source already keeps as times."""
    naive, offset = values, None
    written = getattr(values.dtype, "time_zone", None)
    if written is not None:
        naive = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        offset = pl.repeat(0, len(values), dtype=pl.Int16, eager=True)
    if naive.dtype != pl.Datetime("ns"):
        if bool(naive.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR).all()):
            naive = naive.cast(pl.Datetime("ns"))
        else:
            naive = naive.cast(pl.Datetime("ns"), strict=False)
    given = len(values) - values.null_count()
    located = _located(values, _Local(naive, offset, {"typed": given}), zone)
    return Times(
        located.utc,
        located.unreadable,
        None,
        located.forms,
        located.zone_missing,
        located.ambiguous,
        located.nonexistent,
    )


def _located(given: pl.Series, local: _Local, zone: str) -> Times:
    """From wall-clock times to instants."""
    naive, offset = local.naive, local.offset_min
    if offset is not None and offset.null_count() == given.null_count():
        shift = offset.cast(pl.Int64) * 60_000_000_000
        utc = naive if bool((shift == 0).all()) else _minus(naive, shift)
        return _times(given, utc, local, (0, 0, 0))
    bare = naive if offset is None else naive.zip_with(offset.is_null(), _no_times(len(naive)))
    placed, ambiguous, nonexistent = _place(bare, zone)
    if offset is not None:
        shift = offset.cast(pl.Int64) * 60_000_000_000
        placed = placed.zip_with(offset.is_null(), _minus(naive, shift))
    missing = len(bare) - bare.null_count()
    return _times(given, placed, local, (missing, ambiguous, nonexistent))


def _minus(naive: pl.Series, shift_ns: pl.Series) -> pl.Series:
    return (naive.cast(pl.Int64) - shift_ns).cast(pl.Datetime("ns"))


def _place(naive: pl.Series, zone: str) -> tuple[pl.Series, int, int]:
    """Wall-clock times of a zone as UTC (still without zone mark), doubled and skipped counted."""
    if zone in {"UTC", "Etc/UTC", "GMT", "Z"} or naive.null_count() == len(naive):
        return naive, 0, 0
    early = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    late = naive.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    doubled = int((early != late).sum() or 0)
    skipped = early.null_count() - naive.null_count()
    utc = early.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if skipped:
        utc = utc.zip_with(utc.is_not_null(), _after_gap(naive, zone))
    return utc, doubled, skipped


def _after_gap(naive: pl.Series, zone: str) -> pl.Series:
    """Skipped wall-clock times by the offset that holds a day later: the earlier instant."""
    day = naive.dt.offset_by(f"{_GAP_MIN}m")
    later = day.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return later.dt.convert_time_zone("UTC").dt.replace_time_zone(None).dt.offset_by("-1440m")


def _times(
    given: pl.Series, naive_utc: pl.Series, local: _Local, counts: tuple[int, int, int]
) -> Times:
    utc = naive_utc.dt.replace_time_zone("UTC").cast(UTC_NS).alias(given.name)
    unreadable = (given.is_not_null() & utc.is_null()).alias("unreadable")
    return Times(utc, unreadable, local.offset_min, local.forms, *counts)


def _no_times(length: int) -> pl.Series:
    return pl.repeat(None, length, dtype=pl.Datetime("ns"), eager=True)
