"""Every code that a sustain result can carry has words in both languages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import thalweg
from thalweg.economy.frame import Label
from thalweg.economy.known import REMEDIES
from thalweg.economy.paths.cash import Opening
from thalweg.economy.paths.forward import Ahead
from thalweg.economy.paths.scenario_tables import measures
from thalweg.economy.schema import COLUMNS
from thalweg.surfaces.texts import LANGUAGES, load

ROOM = Path(thalweg.__file__).parent / "economy"
FILES = [ROOM / "appraise.py", ROOM / "known.py", *sorted((ROOM / "paths").glob("*.py"))]


def called(name: str) -> list[list[str]]:
    """Texts among the arguments of every call of a function, all branches of a choice."""
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                found.append([text for text in texts if isinstance(text, str)])
    return found


def listed(name: str, file: str) -> set[str]:
    """Texts of a local tuple."""
    tree = ast.parse((ROOM / file).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(getattr(node, "value", None), ast.Tuple) and any(
            getattr(t, "id", "") == name for t in getattr(node, "targets", [])
        ):
            found |= {
                n.value
                for n in ast.walk(node)
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            }
    return found


def codes() -> dict[str, set[str]]:
    zeros = np.zeros((2, 12))
    lacks = {texts[0] for texts in called("lack") if texts}
    figures = {text for text in lacks if ":" not in text and text not in REMEDIES} | {"scenario"}
    figures |= listed("figures", "known.py") | listed("figures", "appraise.py")
    return {
        "known": set(get_args(Label)),
        "known_meaning": set(get_args(Label)),
        "missing": set(REMEDIES),
        "remedies": set(REMEDIES.values()),
        "measures": set(measures(Ahead(*[zeros] * 6))),
        "opening": set(get_args(Opening)),
        "parts": set(COLUMNS["decomposition"]["part"][0]["enum"]),
        "paths": set(COLUMNS["traffic_off"]["path"][0]["enum"]),
        "break_even": set(COLUMNS["break_even"]["kind"][0]["enum"]),
        "names": {"all", "subsidy", "new_products", "units_came", "units_left", "of_no_unit"},
        "scenarios": {"as_is", "capital_off", "traffic_and_capital_off"},
        "figures": figures - {"scenario:"},
        "warnings": {
            "no_profile",
            "response_draws_set_aside",
            "scenario_beyond_what_was_seen",
            "scenario_reaches_no_unit",
        },
        "check_names": {"additivity", "months"},
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_and_every_word_a_code(language: str) -> None:
    say = load(language)
    for group, known in codes().items():
        told = {key.rpartition(".")[2] for key in say.under(f"economy.{group}")}
        assert told == known, group


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_has_its_findings(language: str) -> None:
    say = load(language)
    told = {tuple(key.split(".")[-2:]) for key in say.under("economy.checks")}
    assert told == {
        ("additivity", "sums_exactly"),
        ("additivity", "does_not_sum"),
        ("months", "as_booked"),
        ("months", "spread_over_months"),
    }


def test_every_reason_in_the_program_has_a_remedy() -> None:
    reasons = {text for texts in called("lack") for text in texts[1:]}
    standing = {text for texts in called("Standing") for text in texts}
    assert reasons | (standing - set(get_args(Label))) <= set(REMEDIES)
