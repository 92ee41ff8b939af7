"""Numbers, shares, durations and dates as people write them in English and in Chinese."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Literal

Language = Literal["en", "zh"]
UNKNOWN = "–"

MINUTE_S, HOUR_S, DAY_S, YEAR_S = 60.0, 3600.0, 86_400.0, 31_556_952.0
_UNITS: tuple[tuple[float, float, str, str], ...] = (
    (90.0, 1.0, "s", "秒"),
    (90 * MINUTE_S, MINUTE_S, "min", "分钟"),
    (48 * HOUR_S, HOUR_S, "h", "小时"),
    (2 * YEAR_S, DAY_S, "days", "天"),
    (math.inf, YEAR_S, "years", "年"),
)
"""Up to (seconds), one unit in seconds, English name, Chinese name."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "−"


def format_duration(seconds: float | None, language: Language = "en") -> str:
    """A length of time in the unit that reads best: 45 s, 12 min, 3.2 h, 5 days, 2.5 years."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    sign, size = (_MINUS if seconds < 0 else ""), abs(seconds)
    _, unit_s, english, chinese = next(unit for unit in _UNITS if size < unit[0])
    number = _short(size / unit_s)
    if language == "zh":
        return f"{sign}{number} {chinese}"
    name = english[:-1] if number == "1" and len(english) > 3 else english
    return f"{sign}{number} {name}"


def duration_unit(longest_s: float, language: Language = "en") -> tuple[float, str]:
    """The unit for an axis that reaches so far: its seconds and its name."""
    _, unit_s, english, chinese = next(unit for unit in _UNITS if longest_s < unit[0])
    return unit_s, chinese if language == "zh" else english


def format_count(n: float | None, language: Language = "en") -> str:
    """A whole number in full with thousands marks; from ten million on in millions or 亿."""
    if n is None or not math.isfinite(n):
        return UNKNOWN
    sign, size = (_MINUS if n < 0 else ""), abs(round(n))
    if size < 10_000_000:
        return f"{sign}{size:,}"
    if language == "zh":
        return f"{sign}{size / 1e8:.3g} 亿" if size >= 1e8 else f"{sign}{size / 1e4:,.0f} 万"
    if size >= 1e9:
        return f"{sign}{size / 1e9:.3g} billion"
    return f"{sign}{size / 1e6:.3g} million"


def format_number(x: float | None, language: Language = "en") -> str:
    """A measured number with three significant digits."""
    if x is None or not math.isfinite(x):
        return UNKNOWN
    if abs(x) >= 1000:
        return format_count(x, language)
    return (_MINUS if x < 0 else "") + _short(abs(x))


_MONEY_ZH: tuple[tuple[float, str], ...] = ((1e8, "亿"), (1e4, "万"))
_MONEY_EN: tuple[tuple[float, str], ...] = ((1e9, "billion"), (1e6, "million"))
_CURRENCIES_ZH = {
    "CNY": "元",
    "USD": "美元",
    "EUR": "欧元",
    "JPY": "日元",
    "HKD": "港元",
    "GBP": "英镑",
    "KRW": "韩元",
    "SGD": "新加坡元",
}


def format_money(x: float | None, currency: str, language: Language = "en") -> str:
    """An amount with three or four digits and its currency: CNY 12.3 million, 1,230 万元."""
    if x is None or not math.isfinite(x):
        return UNKNOWN
    sign, size = (_MINUS if x < 0 else ""), abs(x)
    scale, word = _money_step(size, language)
    number = _three(size / scale)
    if language == "zh":
        return f"{sign}{number} {word}{currency_name(currency, language)}"
    return f"{sign}{currency_name(currency, language)} {number}{' ' if word else ''}{word}"


def money_unit(largest: float, currency: str, language: Language = "en") -> tuple[float, str]:
    """The unit for an axis of amounts that reaches so far: its size and its name, such as 万元."""
    scale, word = _money_step(abs(largest) if math.isfinite(largest) else 0.0, language)
    name = currency_name(currency, language)
    return scale, f"{word}{name}" if language == "zh" else f"{name} {word}".strip()


def currency_name(currency: str, language: Language = "en") -> str:
    """A currency as it is written beside an amount: CNY, 元; its code where it has no word."""
    code = currency.upper()
    return _CURRENCIES_ZH.get(code, code) if language == "zh" else code


def _money_step(size: float, language: Language) -> tuple[float, str]:
    steps = _MONEY_ZH if language == "zh" else _MONEY_EN
    return next(((scale, word) for scale, word in steps if size >= scale), (1.0, ""))


def _three(x: float) -> str:
    """Three significant digits, and all digits before the point: 1.23, 12.3, 123, 1,234."""
    if x >= 100 or x == 0:
        return f"{x:,.0f}"
    text = f"{x:.2f}" if x < 10 else f"{x:.1f}"
    return text.rstrip("0").rstrip(".")


def format_share(x: float | None, language: Language = "en") -> str:
    """A part of a whole: 12.3%; tiny and almost-whole parts are not rounded to 0 or 100."""
    if x is None or not math.isfinite(x):
        return UNKNOWN
    if 0 < x < 0.0005:
        return "<0.1%" if language == "en" else "低于 0.1%"
    if 0.9995 < x < 1:
        return ">99.9%" if language == "en" else "超过 99.9%"
    return f"{_MINUS if x < 0 else ''}{abs(x) * 100:.1f}".removesuffix(".0") + "%"


def format_date(at: datetime | None, language: Language = "en") -> str:
    """A day in UTC: 14 Mar 2012, 2012年3月14日."""
    if at is None:
        return UNKNOWN
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def format_month(day: date, language: Language = "en") -> str:
    """A month by one of its days: Mar 2012, 2012年3月."""
    if language == "zh":
        return f"{day.year}年{day.month}月"
    return f"{_MONTHS[day.month - 1]} {day.year}"


def format_instant(at: datetime | None, language: Language = "en") -> str:
    """A day and minute in the zone of the instant, with its distance from UTC."""
    if at is None:
        return UNKNOWN
    zone = f"{at:%z}" if at.utcoffset() else ""
    offset = f"{zone[:3]}:{zone[3:5]}" if zone else ""
    return f"{format_date(at, language)} {at.hour:02d}:{at.minute:02d} UTC{offset}"


def _short(x: float) -> str:
    """Up to three significant digits, no needless zeros: 0.25, 3.2, 12, 487."""
    if x == 0:
        return "0"
    if x >= 100:
        return f"{x:,.0f}"
    if x >= 10:
        return f"{x:.1f}".removesuffix(".0")
    if x >= 0.1:
        text = f"{x:.1f}" if x >= 1 else f"{x:.2f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{x:.1g}" if x >= 0.001 else "<0.001"
