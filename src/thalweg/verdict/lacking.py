"""What the records of a book lack, as codes: the reasons why a question stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thalweg.verdict.parts import Parts
    from thalweg.verdict.weighed import Weighed

ALWAYS = ("no_simulation_yet",)
EFFECTS = ("A", "B", "C")
TABLES = ("traffic", "products", "pauses")
STATED = "ledger_balance"
"""Where a balance of cash comes from that the ledger states."""


def lacking(parts: Parts, weighed: Weighed) -> tuple[str, ...]:
    """Codes of everything that is missing, without those that a more basic one explains."""
    found = [*ALWAYS, *_of_process(parts), *_of_change(parts), *_of_money(parts, weighed)]
    return tuple(dict.fromkeys(found))


def _of_process(parts: Parts) -> list[str]:
    if parts.map is None:
        return ["no_events"]
    found = ["layers_drafted"] if parts.drafted else []
    if parts.waits is not None and parts.waits.kind == "sojourn":
        found.append("no_start_times")
    return found


def _of_change(parts: Parts) -> list[str]:
    if parts.book.interventions() is None:
        return ["no_interventions"]
    if parts.prove is None:
        return ["no_units"]
    graded = parts.prove.effects["grade"].is_in(EFFECTS).any()
    return [] if graded else ["no_effect_identified"]


def _nothing_bought(weighed: Weighed) -> bool:
    """Whether nothing is spent on traffic and subsidy, so that there is nothing to pause."""
    return len(weighed.axes.filter(axis="dependence", known="counted")) > 0


def _of_money(parts: Parts, weighed: Weighed) -> list[str]:
    held = {one.table for one in parts.book.manifest.companions}
    if "ledger" not in held:
        return ["no_ledger", *(["no_traffic"] if "traffic" not in held else [])]
    asked = ("traffic", "products") if _nothing_bought(weighed) else TABLES
    found = [f"no_{name}" for name in asked if name not in held]
    accounts: set[str] = set()
    if parts.sustain is not None:
        accounts = set(parts.sustain.accounts_table["account"].to_list())
        if parts.sustain.facts.get("opening") != STATED:
            found.append("no_cash")
        if "capital_in" not in accounts:
            found.append("no_capital")
    if len(weighed.technology) and not weighed.technology["spend"].is_not_null().any():
        found.append("no_costs")
    if "no_products" not in found and not weighed.new_value["incremental"].is_not_null().any():
        found.append("no_design_for_products")
    return found
