"""Numbers and amounts in the forms that people export: 1.234,56, ￥1,200, 11.5万元, (3.40), 12 %.

What the decimal mark is can often be seen from a value alone (1.234,56; 0,5; 1,234,567). Values
that leave it open, such as 1,234, are read as the rest of the column says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

DecimalMark = Literal[".", ","]

MISSING = ("", "null", "none", "nan", "n/a", "na", "-", "--", "?", "\\n", "无")

_FULL_WIDTH = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)} | {"￥": "¥", "\u2212": "-"}
_MAGNITUDES = {
    "万亿": 1e12,
    "亿": 1e8,
    "億": 1e8,
    "千万": 1e7,
    "百万": 1e6,
    "万": 1e4,
    "萬": 1e4,
    "千": 1e3,
    "百": 1e2,
}
_CURRENCIES = {
    "人民币": "CNY",
    "RMB": "CNY",
    "CNY": "CNY",
    "元": "CNY",
    "圆": "CNY",
    "¥": "CNY",
    "US$": "USD",
    "USD": "USD",
    "美元": "USD",
    "$": "USD",
    "EUR": "EUR",
    "欧元": "EUR",
    "€": "EUR",
    "GBP": "GBP",
    "英镑": "GBP",
    "£": "GBP",
    "JPY": "JPY",
    "日元": "JPY",
    "円": "JPY",
    "HKD": "HKD",
    "HK$": "HKD",
    "港元": "HKD",
    "CHF": "CHF",
}


def _any_of(words: dict[str, object]) -> str:
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(word.replace("$", r"\$") for word in longest_first)


_NUMBER = (
    r"^(?<open>\()?(?<s1>[+-])?(?:(?<c1>" + _any_of({**_CURRENCIES}) + r")(?<s2>[+-])?)?"
    r"(?<n>\d[\d.,]*|[.,]\d+)(?:E(?<e>[+-]?\d{1,3}))?(?<g>" + _any_of({**_MAGNITUDES}) + r")?"
    r"(?<c2>" + _any_of({**_CURRENCIES}) + r")?(?<p>%|‰)?(?<s3>-)?(?<close>\))?$"
)
_SHAPES: tuple[tuple[str, str], ...] = (
    ("whole", r"^\d+$"),
    ("point", r"^\d{1,4}(?:,\d{2,4})+\.\d*$"),
    ("comma", r"^\d{1,4}(?:\.\d{2,4})+,\d*$"),
    ("point", r"^\d{1,3}(?:,\d{3}){2,}$"),
    ("comma", r"^\d{1,3}(?:\.\d{3}){2,}$"),
    ("open_point", r"^[1-9]\d{0,2}\.\d{3}$"),
    ("open_comma", r"^[1-9]\d{0,2},\d{3}$"),
    ("point", r"^\d*\.\d*$"),
    ("comma", r"^\d*,\d*$"),
    ("both_point", r"^\d{1,3}(?:\.\d{3})+\.\d{1,2}$"),
    ("both_comma", r"^\d{1,3}(?:,\d{3})+,\d{1,2}$"),
)
"""What a value's digits and marks tell: the decimal mark, or that it stays open, or that one
mark serves for both thousands and decimals."""


@dataclass(frozen=True, slots=True)
class DecimalEvidence:
    """How many values show which decimal mark, and how many leave it open.

    both counts the values (also in point or comma) that use one mark in two meanings.
    """

    point: int = 0
    comma: int = 0
    undecided: int = 0
    both: int = 0

    def __add__(self, other: DecimalEvidence) -> DecimalEvidence:
        return DecimalEvidence(
            self.point + other.point,
            self.comma + other.comma,
            self.undecided + other.undecided,
            self.both + other.both,
        )

    @property
    def mark(self) -> DecimalMark | None:
        """The mark that more values show, or None where nothing tells."""
        if self.point == self.comma:
            return None
        return "." if self.point > self.comma else ","


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, read.

    values      Float64; percentages as shares (12 % is 0.12), magnitude words multiplied out.
    currency    String: ISO code, null where none is written.
    unreadable  Boolean: there was a value, but no number could be read from it.
    magnitudes  how many values carried which magnitude word.
    percent     how many were percentages or per mille.
    """

    values: pl.Series
    currency: pl.Series
    unreadable: pl.Series
    magnitudes: dict[str, int]
    percent: int = 0


def parse_numbers(
    values: pl.Series, *, decimal: DecimalMark = ".", strict: bool = False
) -> Numbers:
    """Read a column of numbers or amounts.

    Takes    values: text or numbers. decimal: the mark for values that leave it open.
             strict: values that show another mark than ``decimal`` are unreadable.
    Returns  Numbers of the same length.
    """
    if values.dtype.is_numeric():
        nothing = pl.repeat(None, len(values), dtype=pl.String, eager=True)
        none_bad = pl.repeat(False, len(values), dtype=pl.Boolean, eager=True)
        return Numbers(values.cast(pl.Float64), nothing, none_bad, {})
    frame = _parts(values)
    frame = frame.select(_value(decimal, strict), _currency(), "t", "g", "p")
    bad = frame["t"].is_not_null() & frame["value"].is_null()
    words = frame["g"].filter(~bad).drop_nulls().value_counts(sort=True)
    percent = len(frame) - frame["p"].null_count()
    return Numbers(
        frame["value"].alias(values.name),
        frame["currency"],
        bad.alias("unreadable"),
        dict(words.iter_rows()),
        percent,
    )


def decimal_evidence(values: pl.Series) -> DecimalEvidence:
    """Count what the values of a column tell about its decimal mark."""
    if values.dtype != pl.String:
        return DecimalEvidence()
    shapes = _parts(values)["shape"].drop_nulls().value_counts()
    seen = dict(shapes.iter_rows())
    both_point, both_comma = seen.get("both_point", 0), seen.get("both_comma", 0)
    return DecimalEvidence(
        seen.get("point", 0) + both_point,
        seen.get("comma", 0) + both_comma,
        seen.get("open_point", 0) + seen.get("open_comma", 0),
        both_point + both_comma,
    )


def _parts(values: pl.Series) -> pl.DataFrame:
    """Normal text (null where missing), its parts by the names in the pattern, and its shape."""
    text = values.cast(pl.String).str.strip_chars()
    gone = text.str.to_lowercase().is_in(list(MISSING))
    plain = text.str.replace_many(_FULL_WIDTH).str.replace_all(r"[\s'’\u00a0\u202f]", "")
    plain = plain.str.to_uppercase()
    frame = pl.DataFrame({"t": plain, "gone": gone})
    frame = frame.select(pl.when(~pl.col("gone")).then(pl.col("t")).alias("t"))
    frame = frame.with_columns(pl.col("t").str.extract_groups(_NUMBER).alias("x")).unnest("x")
    shape = pl.lit(None, pl.String)
    for name, pattern in reversed(_SHAPES):
        shape = pl.when(pl.col("n").str.contains(pattern)).then(pl.lit(name)).otherwise(shape)
    return frame.with_columns(shape.alias("shape"))


def _value(decimal: DecimalMark, strict: bool) -> pl.Expr:
    digits, shape = pl.col("n"), pl.col("shape")
    by_point = digits.str.replace_all(",", "", literal=True)
    by_comma = digits.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    opened = by_point if decimal == "." else by_comma
    last_is_decimal = digits.str.replace_all(r"[.,]", "").cast(pl.Float64, strict=False) / (
        pl.lit(10.0).pow(digits.str.extract(r"[.,](\d{1,2})$", 1).str.len_bytes())
    )
    shows_other = ["comma", "both_comma", "both_point"]
    if decimal == ",":
        shows_other[0:2] = ["point", "both_point", "both_comma"]
    plain = (
        pl.when(pl.lit(strict) & shape.is_in(shows_other))
        .then(None)
        .when(shape.is_in(["whole", "open_point", "open_comma"]))
        .then(opened.cast(pl.Float64, strict=False))
        .when(shape == "point")
        .then(by_point.cast(pl.Float64, strict=False))
        .when(shape == "comma")
        .then(by_comma.cast(pl.Float64, strict=False))
        .when(shape.is_in(["both_point", "both_comma"]))
        .then(last_is_decimal)
    )
    power = pl.when(pl.col("e").is_null()).then(1.0)
    scaled = plain * power.otherwise(pl.lit(10.0).pow(pl.col("e").cast(pl.Float64, strict=False)))
    factor = pl.col("g").replace_strict(_MAGNITUDES, default=1.0, return_dtype=pl.Float64)
    share = pl.col("p").replace_strict({"%": 100.0, "‰": 1000.0}, default=1.0)
    minus = (
        (pl.coalesce("s1", "s2", "s3") == "-").fill_null(False)
        | (pl.col("open").is_not_null() & pl.col("close").is_not_null())
    ).cast(pl.Float64)
    lopsided = pl.col("open").is_null() != pl.col("close").is_null()
    signed = scaled * factor / share * (1.0 - 2.0 * minus)
    return pl.when(~lopsided).then(signed).alias("value")


def _currency() -> pl.Expr:
    word = pl.coalesce("c1", "c2")
    return word.replace_strict(_CURRENCIES, default=None, return_dtype=pl.String).alias("currency")
