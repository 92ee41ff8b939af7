"""Colours and typefaces, once for maps, charts and the report.

Two scales carry meaning: blue for how many, blue-grey to rust for how long. They differ in hue and
in lightness, so that they can be told apart with any colour vision and in grey print.
"""

from __future__ import annotations

import math
from typing import Final

INK: Final = "#17324a"
MUTED: Final = "#557084"
LINE: Final = "#cbdae3"
MIST: Final = "#f2f7f9"
PAPER: Final = "#ffffff"
RIVER: Final = "#1f6f95"
DEEP: Final = "#0e4a69"
RUST: Final = "#b04a17"
SAND: Final = "#d9a441"
MOSS: Final = "#4f7f63"
SLATE: Final = "#5f6f7a"

COUNT_SCALE: Final = ("#e6f1f6", "#a8cfe0", "#5c9fbf", "#27708f", "#0e4a69")
"""From few to many."""
TIME_SCALE: Final = ("#86adbd", "#c4b87a", "#dd9a3a", "#b9521a", "#74200f")
"""From short to long."""
CATEGORIES: Final = ("#1f6f95", "#c9822b", "#4f7f63", "#8a5a9c", "#a23b3b", "#5f6f7a", "#2b9c9c")

_LATIN = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', 'Noto Sans', 'DejaVu Sans'"
_CHINESE = (
    "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'PingFang SC', 'Hiragino Sans GB', "
    "'Microsoft YaHei'"
)


def fonts(language: str) -> str:
    """Faces by preference; those of the other script follow, so that names in it are drawn too.

    In Chinese the Chinese faces come first: quotation marks exist in both and differ in width.
    """
    order = (_CHINESE, _LATIN) if language == "zh" else (_LATIN, _CHINESE)
    return f"{', '.join(order)}, sans-serif"


def mix(scale: tuple[str, ...], position: float) -> str:
    """The colour at a position from 0 to 1 of a scale."""
    place = min(max(position, 0.0), 1.0) * (len(scale) - 1)
    at = min(int(place), len(scale) - 2)
    low, high = _rgb(scale[at]), _rgb(scale[at + 1])
    part = place - at
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high, strict=True))


def categories(count: int) -> list[str]:
    """Colours for so many kinds: those of ``CATEGORIES``, then lighter and darker ones of them."""
    rounds = [CATEGORIES, *(tuple(mix((c, o), 0.45) for c in CATEGORIES) for o in (PAPER, INK))]
    colours = [colour for one in rounds for colour in one]
    return [colours[n % len(colours)] for n in range(count)]


_NIGHT = "#00060c"
"""Nearly black: of a lighter ink and white, neither could be read on the middle of the scales."""


def ink_on(colour: str) -> str:
    """Dark or white text, whichever has more contrast on the colour (4.5 at least, WCAG 2)."""
    dark = contrast(colour, _NIGHT)
    return _NIGHT if dark >= contrast(colour, PAPER) else PAPER


def shade(colour: str, least: float = 5.0) -> str:
    """The colour, darkened until text in it can be read on paper and on a tint of itself."""
    dark = colour
    while contrast(dark, PAPER) < least + 1:
        dark = mix((dark, _NIGHT), 0.08)
    return dark


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance from 0 (black) to 1 (white), as WCAG 2 defines it."""
    parts = [c / 255 for c in _rgb(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def time_position(seconds: float, shortest: float, longest: float) -> float:
    """Place of a duration between the shortest and the longest, on a logarithmic scale."""
    low, high = math.log1p(shortest), math.log1p(longest)
    return 0.0 if high <= low else (math.log1p(max(seconds, 0.0)) - low) / (high - low)


def count_position(count: float, most: float) -> float:
    """Place of a count between 0 and the most, by its square root."""
    return math.sqrt(count / most) if most > 0 else 0.0


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
