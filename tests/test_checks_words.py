"""Every check, reason and remedy can be told in both languages, with its figures."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import thalweg
from checks_panels import LEVEL, after, noisy, panel_of, rolled_out, told
from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.grade import RULES
from thalweg.change.checks.lots import ODD, UNREMARKABLE
from thalweg.change.checks.run import run_checks, settle
from thalweg.change.frame import Design
from thalweg.surfaces.texts import LANGUAGES, load, places

ROOM = Path(thalweg.__file__).parent / "change"
JUDGED = {"pre_trend", "anticipation", "spill_over"}
FAULT = {"found", "hint", "weak", "quiet", "negligible", "cannot_show"}


def findings() -> set[tuple[str, str]]:
    """(check, finding) wherever a check is made in the program."""
    found = {(code, finding) for code in JUDGED for finding in FAULT}
    found |= {("anticipation", "allowed"), ("spill_over", "left_out")}
    found |= {(code, "leaning") for code in JUDGED}
    found |= {(code, "by_lot") for code in UNREMARKABLE} | {(code, "by_lot_odd") for code in ODD}
    for module in (ROOM / "checks").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Check"):
                continue
            code, _, finding, *_ = node.args
            if isinstance(code, ast.Constant):
                texts = [n.value for n in ast.walk(finding) if isinstance(n, ast.Constant)]
                found |= {(str(code.value), str(t)) for t in texts if isinstance(t, str)}
    found.discard(("timing", "by_"))
    return found | {("timing", f"by_{past}") for past in ("level", "slope", "shock")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_a_sentence_and_every_check_a_name_and_a_question(language: str) -> None:
    say, pairs = load(language), findings()
    assert len({code for code, _ in pairs}) == 17
    keys = [f"checks.findings.{code}.{finding}" for code, finding in sorted(pairs)]
    keys += [f"checks.{part}.{code}" for code, _ in pairs for part in ("names", "asked")]
    assert [key for key in keys if not say.has(key)] == []
    told_of = {tuple(key.split(".")) for key in say.under("checks.findings")}
    assert told_of - pairs == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_remedy_and_refusal_has_words(language: str) -> None:
    say = load(language)
    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOM / "estimates").glob("*.py"))
    refused = set(re.findall(r'_refused\([^)]*"(\w+)"\s*\)', sources))
    refused |= {"no_untreated_cells", "no_treated_cells", "not_identified", "too_few_donors"}
    assert "zero_standard_error" in refused
    reasons = {rule.reason for rule in RULES} | refused
    reasons |= {"drawn_by_lot", "staggered", "before_after", "one_date"}
    reasons |= {"no_inference", "no_credible_effect", "no_effect_that_matters", "no_effect_seen"}
    remedies = {rule.remedy for rule in RULES} | {"more_units", "stagger", "randomise"}
    assert [r for r in sorted(reasons) if not say.has(f"checks.reasons.{r}")] == []
    assert [r for r in sorted(remedies) if not say.has(f"checks.remedies.{r}")] == []


def designs() -> list[Design]:
    """Roll-outs that between them bring out most findings."""
    rollout = rolled_out(24, [10, 13])
    sound = noisy(24, 26, 3, sd=0.5) - 3 * after(rollout, 26)
    drift = rollout.treated[:, None] * np.arange(26) * -0.2
    early = -3 * (after(rollout, 26, lead=2) - after(rollout, 26))
    few = rolled_out(6, [4], never=2)
    return [
        panel_of(sound, rollout),
        panel_of(sound + drift, rollout),
        panel_of(sound + early, rollout),
        panel_of(noisy(6, 8, 1), few),
        panel_of(noisy(12, 8, 1), rolled_out(12, [3], never=0)),
    ]


@cache
def checks() -> tuple[Check, ...]:
    made: list[Check] = []
    for design in designs():
        links = np.ones((len(design.rollout.units),) * 2)
        links[::2] = 0
        context = Context(
            estimate=told(-3, 0.2),
            second=told(-2.9, 0.2),
            exposure=links,
            traits={"tonnes": design.panel.value + 1},
            placebo_outcomes=(design.panel,),
            others=(rolled_out(len(links), [5, 20], name="finance"),),
        )
        by_lot = replace(design, rollout=replace(design.rollout, randomised=True))
        for one in (design, by_lot):
            made += run_checks(settle(one, context), context)
    return tuple(made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_sentence_finds_the_figures_that_it_names(language: str) -> None:
    say = load(language)
    for check in checks():
        text = say.entries[f"checks.findings.{check.code}.{check.finding}"]
        assert places(text) <= check.figures.keys(), (check.code, check.finding)
    assert len({(check.code, check.finding) for check in checks()}) > 20


def test_figures_of_logarithms_are_told_as_parts() -> None:
    design = designs()[0]
    value = np.exp(design.panel.value / 30)
    logs = replace(
        design, panel=replace(design.panel, value=value, outcome=replace(LEVEL, scale="log"))
    )
    check = next(c for c in run_checks(settle(logs, Context()), Context()) if c.code == "influence")
    assert check.figures["effect_share"] == pytest.approx(np.expm1(-0.1), abs=0.01)
