"""Text that was read in the wrong encoding before it reached us, recognised and undone.

Four kinds: ``lost`` (U+FFFD, 锟斤拷 and the like: the characters are gone for good),
``utf8_as_gbk`` (璁㈠崟 for 订单), ``gbk_as_latin`` (¶©µ¥ for 订单) and ``utf8_as_latin`` (Ã¼ for ü),
the last with ftfy's rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

DamageKind = Literal["lost", "utf8_as_gbk", "gbk_as_latin", "utf8_as_latin"]

_LOST = r"\uFFFD|锟斤拷|锟斤|斤拷|烫烫烫|屯屯屯"
_LATIN = r"[\u00A1-\u00FF\u20AC\u0152-\u0178\u2018-\u203A\u2122][\u0080-\u00FF\u0152-\u2122]"
_LEADS = range(0xE4, 0xEA)
"""First bytes of nearly all Chinese characters in UTF-8."""
_COMMON_ROWS = range(0xB0, 0xD8)
"""First bytes of the 3,755 most used characters in GB 2312."""
_LATIN_RUN = re.compile(r"[\u0080-\u00ff]+")
_LATIN_BYTES = "cp1252"


@dataclass(frozen=True, slots=True)
class Damage:
    """What happened to a text, and what it was before (None where that is lost)."""

    kind: DamageKind
    before: str | None


def suspects(values: pl.Series) -> pl.Series:
    """The different values of a text column that may be damaged: a quick, generous choice."""
    if _is_ascii(values):
        return values.clear()
    return values.filter(values.str.contains(_suspect_pattern()).fill_null(False)).unique(
        maintain_order=True
    )


def diagnose(text: str) -> Damage | None:
    """Tell whether a text is damaged, and how; None for sound text."""
    if re.search(_LOST, text):
        return Damage("lost", None)
    if before := _from_gbk(text):
        return Damage("utf8_as_gbk", before)
    if before := _gbk_from_latin(text):
        return Damage("gbk_as_latin", before)
    if before := _utf8_from_latin(text):
        return Damage("utf8_as_latin", before)
    return None


@cache
def _suspect_pattern() -> str:
    """One pattern for all kinds; for ``utf8_as_gbk`` the characters that such damage must hold."""
    typical = "".join(
        char
        for lead in _LEADS
        for second in range(0x80, 0xC0)
        if second != 0x7F and (char := bytes((lead, second)).decode("gbk", "ignore"))
    )
    return f"{_LOST}|{_LATIN}|[{typical}]"


def _is_ascii(values: pl.Series) -> bool:
    return values.str.len_bytes().sum() == values.str.len_chars().sum()


def _from_gbk(text: str) -> str | None:
    """UTF-8 bytes that were read as GBK: they must come back as Chinese in full."""
    try:
        before = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    return before if _is_common_chinese(before) else None


def _gbk_from_latin(text: str) -> str | None:
    """GBK bytes that were read as Latin: pairs that all give common characters."""
    runs = _LATIN_RUN.findall(text)
    if not runs or max(map(len, runs)) < 4 or re.search(r"[^\x00-\xff]", text):
        return None
    for run in runs:
        raw = run.encode("latin-1")
        if len(raw) % 2 or any(b not in _COMMON_ROWS for b in raw[::2]):
            return None
        if any(b < 0xA1 for b in raw[1::2]):
            return None
    return text.encode("latin-1").decode("gb18030", "replace")


def _utf8_from_latin(text: str) -> str | None:
    """UTF-8 bytes that were read as Latin-1, Windows-1252 or a relative of theirs."""
    import ftfy
    from ftfy.badness import is_bad

    for encoding in ("latin-1", _LATIN_BYTES):
        try:
            before = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if before != text:
            return before
    if not is_bad(text):
        return None
    fixed: str = ftfy.fix_encoding(text)
    return fixed if fixed != text else None


def _is_common_chinese(text: str) -> bool:
    """Every character beyond ASCII is in GB 2312 or Big5, and there is a hanzi among them."""
    if not re.search(r"[\u4e00-\u9fff]", text):
        return False
    for codec in ("gb2312", "big5"):
        try:
            text.encode(codec)
        except UnicodeError:
            continue
        return True
    return False
