"""How wide a text will be, and how to break it: Chinese characters are as wide as they are high."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
_NARROW = frozenset("iIjl|!.,:;'`()[]{}tfr ")
_WIDE = frozenset("mwMW@%")
_TOKENS = re.compile(
    r"[（《【「『]?[⺀-鿿가-힯豈-﫿︰-﹏＀-￯][，。、；：！？）》】」』]*|[^\s⺀-鿿가-힯豈-﫿＀-￯]+|\s+"
)
_BREAKS = re.compile(r"(?<=[_\-/.,:;+&)])|(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")


def text_width(text: str, size: float) -> float:
    """Width in px of a text in a bold sans-serif face of a size in px, rather too much than less.

    Which face will be used is known only where the text is shown, so the widest usual one counts.
    """
    return size * sum(_em(c) for c in text)


def _em(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if unicodedata.combining(char):
        return 0.0
    if char in _NARROW:
        return 0.4
    if char in _WIDE:
        return 1.0
    return 0.77 if char.isupper() else 0.67


def wrap(text: str, size: float, width: float, lines: int = 3) -> list[str]:
    """Break a text into at most so many lines of a width in px; the rest becomes an ellipsis."""
    broken: list[str] = [""]
    for piece in _pieces(text, size, width):
        candidate = broken[-1] + piece
        if text_width(candidate.rstrip(), size) <= width or not broken[-1]:
            broken[-1] = candidate
        else:
            broken.append(piece.lstrip())
    whole = [line.strip() for line in broken if line.strip()]
    if len(whole) <= lines:
        return whole or [""]
    return [*whole[: lines - 1], shorten("".join(broken[lines - 1 :]).strip(), size, width)]


def shorten(text: str, size: float, width: float) -> str:
    """The text, or its beginning with an ellipsis, within a width in px."""
    if text_width(text, size) <= width:
        return text
    kept = ""
    for char in text:
        if text_width(kept + char + ELLIPSIS, size) > width:
            break
        kept += char
    return kept.rstrip() + ELLIPSIS


def _pieces(text: str, size: float, width: float) -> list[str]:
    """Where a line may break: at blanks, between Chinese characters, after joints of long words."""
    found: list[str] = []
    for token in _TOKENS.findall(text):
        if text_width(token, size) <= width * 0.6:
            found.append(token)
            continue
        for part in _BREAKS.split(token):
            found += _chopped(part, size, width)
    return found


def _chopped(part: str, size: float, width: float) -> list[str]:
    if text_width(part, size) <= width:
        return [part]
    pieces = [""]
    for char in part:
        if text_width(pieces[-1] + char, size) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces
