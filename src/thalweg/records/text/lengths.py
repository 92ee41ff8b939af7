"""Lengths of time as people write them: 10 d, 48h, 2 weeks, 90 min, 10天, 2个星期."""

from __future__ import annotations

import re

_UNITS_S = {
    "s": ("s", "sec", "second", "seconds", "秒"),
    "min": ("min", "minute", "minutes", "分", "分钟"),
    "h": ("h", "hour", "hours", "小时", "时"),
    "d": ("d", "day", "days", "天", "日"),
    "w": ("w", "week", "weeks", "周", "星期"),
}
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BY_WORD = {word: _SECONDS[unit] for unit, words in _UNITS_S.items() for word in words}
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*个?\s*(\S+)\s*")


def length_s(text: str) -> float:
    """Seconds of a length such as ``10 d`` or ``10天``.

    Raises   ValueError: no length of time, or one of zero.
    """
    found = _LENGTH.fullmatch(text)
    unit = None if found is None else _BY_WORD.get(found[2].casefold())
    if found is None or unit is None or float(found[1]) == 0:
        raise ValueError(f"{text!r} is no length of time. Write 10 d, 48 h, 2 w, 90 min or 10天.")
    return float(found[1]) * unit
