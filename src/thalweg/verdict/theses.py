"""Ten questions to the records: which are answered, which in part, and what is missing for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

import polars as pl

from thalweg.verdict.evidence import Evidence, Figure
from thalweg.verdict.schema import THESES, frame

Status = Literal["answered", "partly", "missing"]
EFFECTS = ("A", "B", "C")
IDENTIFIED = ("counted", "experimental", "event_based")
"""Ways of knowing what is left without traffic; counted: nothing was ever spent on it."""
LEADING = (None, "headline")
"""Roles of effects that answer a question: on what an intervention was meant for."""
BALANCE_UNSTATED = {"cash_from_flows", "balance_unknown"}
MOST = 12
"""Figures that a thesis names: the first of each kind; all others hang on them."""


@dataclass(frozen=True, slots=True)
class Thesis:
    """How a question is answered.

    answers  ids, or patterns of ids with ``*``, of figures that answer it.
    further  the same of figures that say something of it without answering it.
    needs    codes of what must be there, each with what it adds.
    settled  whether the figures that are there answer it; None: when one of ``answers`` has a value.
    """

    answers: tuple[str, ...]
    further: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    settled: Callable[[Sequence[Figure]], bool] | None = None


def _identified(figures: Sequence[Figure]) -> bool:
    return any(one.value is not None and one.known in IDENTIFIED for one in figures)


def _told_by_month(figures: Sequence[Figure]) -> bool:
    """A month, or none within the horizon: both are answers."""
    return any(one.value is not None or one.missing == ("not_reached",) for one in figures)


def _balance_stated(figures: Sequence[Figure]) -> bool:
    """Told from a balance of cash in the ledger, not from flows alone."""
    return any(
        one.value is not None and not {*one.assumptions} & BALANCE_UNSTATED for one in figures
    )


def _graded(figures: Sequence[Figure]) -> bool:
    return any(one.known in EFFECTS for one in figures)


ASKED: dict[str, Thesis] = {
    "T1": Thesis(
        ("depth",),
        ("depth.layer.*", "reach.*", "beyond_lead.*", "burden.*.share"),
        (
            ("no_events", "what_each_layer_gained"),
            ("no_interventions", "what_each_layer_gained"),
            ("no_effect_identified", "what_each_layer_gained"),
            ("no_units", "who_to_compare"),
            ("layers_drafted", "your_own_layers"),
        ),
    ),
    "T2": Thesis(
        ("new_value.incremental",),
        ("new_value.share", "new_value.*"),
        (
            ("no_ledger", "share_of_new_products"),
            ("no_products", "share_of_new_products"),
            ("no_design_for_products", "what_change_caused"),
        ),
    ),
    "T3": Thesis(
        ("effect.*",),
        (
            "waits.cause.*",
            "waits.pair.*.share",
            "loops.*",
            "breaks_off.*",
            "deviations.*",
            "candidates.*",
        ),
        (
            ("no_events", "where_it_waits"),
            ("no_interventions", "what_change_did"),
            ("no_effect_identified", "what_change_did"),
            ("no_start_times", "why_it_waits"),
            ("no_traffic", "what_marketing_did"),
        ),
        _graded,
    ),
    "T4": Thesis(
        ("traffic_off.12", "traffic_off.6", "traffic_off.3"),
        (
            "traffic_off.alive",
            "growth.bought",
            "growth.earned",
            "growth.*",
            "channel.*",
            "metric.marketing_share",
            "metric.subsidy_share",
        ),
        (
            ("no_ledger", "what_is_left_without_traffic"),
            ("no_traffic", "what_is_left_without_traffic"),
            ("no_pauses", "surer_of_what_is_left"),
        ),
        _identified,
    ),
    "T5": Thesis(
        ("effect.*",),
        ("adoption.*", "technology.*"),
        (
            ("no_interventions", "what_each_did_and_cost"),
            ("no_effect_identified", "what_each_did_and_cost"),
            ("no_costs", "what_each_cost"),
        ),
        _graded,
    ),
    "T6": Thesis(
        ("break_even.cumulative",),
        ("break_even.operating", "self_financing", "metric.operating_cash"),
        (
            ("no_ledger", "when_value_passes_spending"),
            ("no_interventions", "value_of_reshaping"),
        ),
        _told_by_month,
    ),
    "T7": Thesis(
        ("match_ratio",),
        ("technology.*", "adoption.*"),
        (
            ("no_interventions", "which_technology_is_used"),
            ("no_costs", "which_technology_is_paid_for"),
            ("no_effect_identified", "which_technology_works"),
        ),
    ),
    "T8": Thesis(
        ("capital_off.alive", "capital_off.cash_ends"),
        (
            "runway",
            "self_financing",
            "metric.cash",
            "metric.burn_multiple",
            "growth.bought",
            "dependence.capital",
        ),
        (
            ("no_ledger", "how_long_without_capital"),
            ("no_cash", "how_long_without_capital"),
            ("no_capital", "what_capital_bought"),
        ),
        _balance_stated,
    ),
    "T9": Thesis(
        ("verdict",),
        ("depth", "dependence", "traffic_off.alive", "probability.*"),
        (
            ("no_events", "how_deep"),
            ("no_interventions", "how_deep"),
            ("no_effect_identified", "how_deep"),
            ("no_ledger", "how_dependent"),
            ("no_traffic", "how_dependent"),
        ),
    ),
    "T10": Thesis(
        (),
        ("waits.pair.*.share", "burden.*.share", "candidates.*"),
        (("no_events", "where_it_waits"), ("no_simulation_yet", "what_to_change_next")),
        lambda _: False,
    ),
}


def theses_table(evidence: Evidence, lacking: Iterable[str]) -> pl.DataFrame:
    """One row a thesis: see ``JudgeResult``.

    Takes    lacking: codes of everything that the records lack.
    """
    codes = set(lacking)
    return frame("theses", [_row(name, ASKED[name], evidence, codes) for name in THESES])


def _row(name: str, asked: Thesis, evidence: Evidence, lacking: set[str]) -> dict[str, Any]:
    named = _named(asked.answers, evidence)
    answers = [one for one in named if one.value is not None]
    further = [one for one in _named(asked.further, evidence) if one.value is not None]
    settled = bool(answers) if asked.settled is None else asked.settled(named)
    told = list(dict.fromkeys(one.id for one in (*answers, *further)))
    status: Status = "answered" if settled else "partly" if told else "missing"
    needs = [(code, adds) for code, adds in asked.needs if code in lacking]
    return {
        "thesis": name,
        "status": status,
        "figures": told[:MOST],
        "missing": [code for code, _ in needs],
        "adds": [adds for _, adds in needs],
    }


def _named(patterns: Iterable[str], evidence: Evidence) -> list[Figure]:
    """Figures in the order of the patterns, then of the evidence."""
    found: dict[str, Figure] = {}
    for pattern in patterns:
        if "*" in pattern:
            chosen = (one for one in evidence if fnmatchcase(one.id, pattern))
            found |= {one.id: one for one in chosen if one.request.get("role") in LEADING}
        elif pattern in evidence:
            found[pattern] = evidence[pattern]
    return list(found.values())
