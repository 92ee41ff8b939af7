"""Words of a sustain result: amounts, months and names, notes on the accounts, reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from thalweg.economy.accounts.read import MARKETING
from thalweg.economy.metrics.units import NONE, REST
from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_money,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.prove_words import coded, figure
from thalweg.surfaces.texts import Texts, places

if TYPE_CHECKING:
    import polars as pl

    from thalweg.economy.result import SustainResult
    from thalweg.records.store.book import Book

Row = dict[str, Any]
_SPECIAL = {NONE: "none", REST: "rest"}
_BETTER = ("counted", "experimental")
"""Labels that need no reason why they are not better."""
_PLAIN = ("bounds_only", "not_identified")
"""Reasons that only say again what the label says, where others stand beside them."""
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class MoneyNames:
    """What the records call interventions, products and parties, by id."""

    interventions: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    parties: dict[str, str] = field(default_factory=dict)

    def channel(self, name: str, say: Texts) -> str:
        """A channel; the ledger's marketing, where no traffic table tells channels apart."""
        return coded("judge.accounts", name, say) if name == MARKETING else name

    def unit(self, by: str, name: str, result: SustainResult, say: Texts) -> str:
        """A row of the unit economics."""
        if name in _SPECIAL:
            return say(f"metrics.units.{_SPECIAL[name]}")
        if by == "cohort":
            return format_month(date.fromisoformat(f"{name}-01"), say.language)
        if by == "party":
            unnamed = result.facts["accounts"].get("platform_told_by") == "nothing"
            own = say("metrics.units.platform") if unnamed and name == "platform" else name
            return self.parties.get(name, own)
        return self.products.get(name, name) if by == "product" else name


def names_of(book: Book) -> MoneyNames:
    """The names that a book's tables give."""
    return MoneyNames(
        *(
            _names(table)
            for table in (book.interventions(), book.companion("products"), book.parties())
        )
    )


def _names(table: pl.DataFrame | None) -> dict[str, str]:
    if table is None or "name" not in table.columns:
        return {}
    key = next((name for name in ("id", "product") if name in table.columns), None)
    if key is None:
        return {}
    return dict(table.select(key, "name").drop_nulls().unique(key, keep="first").iter_rows())


class Words:
    """Figures in one currency and language."""

    def __init__(self, currency: str, say: Texts) -> None:
        self.currency, self.say = currency, say

    def month(self, at: date | str | None) -> str:
        if at is None:
            return UNKNOWN
        day = date.fromisoformat(at if len(at) > 7 else f"{at}-01") if isinstance(at, str) else at
        return format_month(day, self.say.language)

    def money(self, amount: float | None) -> str:
        return format_money(amount, self.currency, self.say.language)

    def more(self, amount: float | None) -> str:
        """A difference of money, with its sign."""
        text = self.money(amount)
        return f"+{text}" if amount is not None and amount > 0 else text

    def share(self, part: float | None) -> str:
        return format_share(part, self.say.language)

    def number(self, value: float | None) -> str:
        return format_number(value, self.say.language)

    def months(self, count: float | None) -> str:
        return self.say("sustain.months", count=self.number(count))

    def of_unit(self, unit: str | None) -> Callable[[Any], str]:
        """How values of a unit of the table ``metrics`` are written."""
        ways = {"share": self.share, "months": self.months, "ratio": self.number}
        return ways.get(unit or "", self.number if unit == "count" else self.money)

    def listed(self, names: Iterable[str]) -> str:
        return self.say("words.comma").join(names)

    def between(self, row: Row, shown: Callable[[Any], str], value: str = "value") -> str:
        """A figure with its interval where it has one; where it has nothing else, the range."""
        low, high = row.get("low"), row.get("high")
        if row[value] is None and low is not None and high is not None:
            return self.say("sustain.range", low=shown(low), high=shown(high))
        text = shown(row[value])
        if low is None or high is None or shown(low) == shown(high) == text:
            return text
        return self.say("sustain.interval", value=text, low=shown(low), high=shown(high))


def note_lines(result: SustainResult, say: Texts) -> list[str]:
    """Warnings, and all that was turned, spread, placed by its words or set aside."""
    lines = ["! " + coded("economy.warnings", code, say) for code in result.warnings]
    if "no_profile" in result.warnings:
        lines.append("  " + say("sustain.placed", placed=_placed(result, say)))
    notes = result.facts.get("notes", [])
    return lines + ["· " + note_text(one["code"], one["figures"], say) for one in notes]


def note_text(code: str, figures: dict[str, Any], say: Texts) -> str:
    """A note on the accounts (``economy.accounts.notes``) in words."""
    text = say.entries[f"metrics.notes.{code}"]
    return text.format(**{at: figure(at, figures, "level", say) for at in places(text)})


def _placed(result: SustainResult, say: Texts) -> str:
    """Which names of the ledger stand under which standard account."""
    by: dict[str, list[str]] = {}
    for name, account in sorted(result.facts["accounts"]["accounts"].items()):
        by.setdefault(account, []).append(name)
    told = []
    for account, names in sorted(by.items()):
        listed = say("words.comma").join(names[:_MOST_NAMES])
        if len(names) > _MOST_NAMES:
            more = format_count(len(names) - _MOST_NAMES, say.language)
            listed = say("sustain.and_more", names=listed, count=more)
        word = coded("judge.accounts", account, say)
        told.append(say("sustain.placed_each", account=word, names=listed))
    return say("judge.semicolon").join(told)


def reason_lines(result: SustainResult, say: Texts) -> list[str]:
    """Why what is bought is not known better, and what would help."""
    if result.facts["known"] in _BETTER:
        return []
    lines = []
    codes = result.facts["reasons"]
    for code in [one for one in codes if one not in _PLAIN] or codes:
        for room in ("response", "economy"):
            key = f"{room}.{'reasons' if room == 'response' else 'missing'}.{code}"
            if say.has(key):
                remedy = f"{room}.remedies.{code}"
                lines.append(say("sustain.why", reason=say(key)))
                if say.has(remedy):
                    lines.append("  " + say("sustain.remedy", remedy=say(remedy)))
                break
    return lines
