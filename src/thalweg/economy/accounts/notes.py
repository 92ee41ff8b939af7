"""What a reader of the accounts must know: codes with the figures of their sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thalweg.economy.frame import Accounts, GrowthPanel

SHOWN = 5
SMALL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Note:
    """code: its words are ``metrics.notes.<code>``; figures: what they are filled with, names as
    lists."""

    code: str
    figures: dict[str, Any] = field(default_factory=dict)


def notes_of(accounts: Accounts, panel: GrowthPanel | None = None) -> tuple[Note, ...]:
    """All that was turned, spread, drafted, set aside or found missing, one note a kind."""
    if not accounts.months:
        return ()
    facts: dict[str, Any] = dict(accounts.facts)
    found = [*_of_names(facts), *_of_rows(facts)]
    if facts["currency_stated"] is False and accounts.currency == "XXX":
        found.append(Note("currency_not_stated"))
    if panel is not None:
        found += _of_panel(dict(panel.facts))
    return tuple(found)


def _of_names(facts: dict[str, Any]) -> list[Note]:
    """Facts that are tables by name."""
    found = []
    if flipped := facts["flipped"]:
        figures = {"names": _few(flipped), "rows": sum(flipped.values())}
        found.append(Note("flipped", figures))
    if mixed := facts["mixed_signs"]:
        found.append(Note("mixed_signs", {"names": _few(mixed)}))
    if drafted := facts["drafted"]:
        pairs = [f"{name} → {account}" for name, account in drafted.items()]
        found.append(Note("drafted", {"count": len(drafted), "names": _few(pairs)}))
    if unmapped := facts["unmapped"]:
        rows = sum(one["rows"] for one in unmapped.values())
        figures = {"count": len(unmapped), "names": _few(unmapped), "rows": rows}
        found.append(Note("unmapped", figures))
    if lost := facts["without_rate"]:
        found.append(Note("without_rate", {"names": _few(lost), "rows": sum(lost.values())}))
    bases = list(dict.fromkeys(one["basis"] for one in facts["revenue_basis"]))
    if len(bases) > 1:
        found.append(Note("revenue_basis", {"names": _few(bases)}))
    return found


def _of_rows(facts: dict[str, Any]) -> list[Note]:
    found = []
    if rows := facts["spread_rows"] + facts["spread_traffic_rows"]:
        found.append(Note("spread", {"rows": rows}))
    if months := facts["months_without_lines"]:
        shown = [month[:7] for month in months]
        found.append(Note("gaps", {"count": len(months), "months": _few(shown)}))
    if names := facts["first_sale_from_ledger"]:
        found.append(Note("first_sale_from_ledger", {"count": len(names), "names": _few(names)}))
    if rows := facts["pauses_not_by_lot"]:
        found.append(Note("pauses_not_by_lot", {"rows": rows}))
    return found


def _of_panel(facts: dict[str, Any]) -> list[Note]:
    found = []
    both = facts.get("ledger_against_traffic")
    if both and both["months_agree"] < both["months"]:
        figures = {
            "count": both["months"] - both["months_agree"],
            "months": both["months"],
            "difference_share": abs(both["difference_share"]),
        }
        found.append(Note("traffic_differs", figures))
    if facts["common_spend_share"] > SMALL_SHARE:
        found.append(Note("common_spend", {"common_share": facts["common_spend_share"]}))
    if rows := facts.get("interventions_unreached_rows", 0):
        found.append(Note("interventions_unreached", {"rows": rows}))
    return found


def _few(names: Any) -> list[str]:
    listed = [str(name) for name in names]
    return listed[:SHOWN] + ["…"] * (len(listed) > SHOWN)
