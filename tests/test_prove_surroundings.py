"""What the checks of an effect are told: who deals with whom, and what the work is like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prove_worlds import FLOW, staggered
from thalweg.change.answers.answer import Answer, Settings, answer, inflation
from thalweg.change.answers.figures import canonical_order, reordered, tell, treated_mean
from thalweg.change.answers.grading import give_grades
from thalweg.change.answers.questions import About, Role, Surroundings, question_of, role_of
from thalweg.change.blas import _switch, one_blas_thread
from thalweg.change.estimates.cells import cells_of
from thalweg.change.estimates.estimate import Estimate
from thalweg.change.frame import NEVER, Design, Outcome
from thalweg.change.panels.exposure import _walk
from thalweg.change.schema import COLUMNS, frame, prove_json_schema

SETTINGS = Settings(0.95, 0, 199)
ABOUT = About("scanner", "Scanner", None, ("processing",))


def answered(design: Design) -> Answer:
    return answer(question_of(ABOUT, design, {}, (), Surroundings(), 0), SETTINGS)


@pytest.mark.parametrize(
    ("outcome", "role"),
    [
        (FLOW, "headline"),
        (Outcome("layer_h:processing", "layer", "h", "log", "lower", "processing"), "headline"),
        (Outcome("layer_h:lead", "layer", "h", "log", "lower", "lead"), "placebo"),
        (Outcome("rework_share", "share", "share", "level", "lower"), "relevant"),
        (Outcome("wait_h:batching", "wait", "h", "log", "lower"), "other"),
    ],
)
def test_an_outcome_has_a_role_for_an_intervention(outcome: Outcome, role: Role) -> None:
    assert role_of(outcome, ABOUT) == role


def test_without_named_layers_no_layer_is_a_placebo() -> None:
    lead = Outcome("layer_h:lead", "layer", "h", "log", "lower", "lead")
    assert role_of(lead, replace(ABOUT, layers=())) == "relevant"


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_units_is_found_again_however_they_stand(seed: int) -> None:
    design = staggered(12, 10, never=3, seed=seed % 7)
    shuffled = reordered(design, np.random.default_rng(seed).permutation(12))
    one = reordered(design, canonical_order(design))
    two = reordered(shuffled, canonical_order(shuffled))
    assert one.panel.units == two.panel.units
    assert np.array_equal(one.panel.value, two.panel.value)
    assert np.array_equal(one.rollout.start, two.rollout.start)


def test_another_currency_leaves_relative_effects_alone() -> None:
    value = Outcome("value_per_day", "value", "CNY", "log", "higher")
    cny = staggered(outcome=value, seed=2)
    usd = Design(replace(cny.panel, value=cny.panel.value / 7.1), cny.rollout)
    told = []
    for design in (cny, usd):
        found = answered(design).found
        told.append(tell("log", treated_mean(design), found))
    assert told[0].relative == pytest.approx(told[1].relative, rel=1e-9)
    assert told[0].relative_low == pytest.approx(told[1].relative_low, rel=1e-6)
    assert told[0].effect == pytest.approx(7.1 * (told[1].effect or 0), rel=1e-9)


def test_an_effect_in_hours_is_what_is_less_what_would_have_been() -> None:
    design = staggered(noise=0.0, effect=np.log(0.8))
    told = tell("log", treated_mean(design), answered_exactly(design))
    assert told.relative == pytest.approx(-0.2)
    assert told.untreated_mean == pytest.approx((told.treated_mean or 0) / 0.8)
    assert told.effect == pytest.approx((told.treated_mean or 0) - (told.untreated_mean or 0))


def answered_exactly(design: Design) -> Estimate:
    att = cells_of(design).att
    assert att is not None
    return Estimate(att, None, None, None, None, "imputation", None)


def test_dealings_end_where_a_walk_through_partners_ends() -> None:
    """Two partners: one serves units 0 and 1 evenly, the other unit 2 alone; by hand."""
    shared = np.array([[4.0, 0.0], [4.0, 4.0], [0.0, 12.0]])
    reach = _walk(shared, [-1, -1])
    assert reach[0].tolist() == pytest.approx([0.0, 0.5, 0.0])
    assert reach[1].tolist() == pytest.approx([0.25, 0.0, 0.5 * 0.75])
    assert reach[2].tolist() == pytest.approx([0.0, 0.25, 0.0])


def test_a_partner_that_is_a_unit_counts_in_full() -> None:
    reach = _walk(np.array([[0.0, 2.0], [0.0, 0.0]]), [0, 1])
    assert reach.tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_only_a_strict_correction_gives_the_second_best_grade() -> None:
    """Of many placebo rows beside it, a weak find survives neither correction."""
    answers = [answered(staggered(40, 30, never=14, seed=s, effect=0.0)) for s in range(6)]
    verdicts = give_grades(answers)
    assert {v.graded.grade for v in verdicts} <= {"C", "D", "N"}
    assert all(
        v.said in ("no_change_shown", "not_an_effect") for v in verdicts if (v.p_bh or 1) > 0.05
    )


def test_linear_algebra_has_its_threads_back_afterwards() -> None:
    found = _switch("numpy._core._multiarray_umath")
    if found is None:
        pytest.skip("NumPy is not linked with OpenBLAS here")
    ask, _ = found
    before = ask()
    with one_blas_thread():
        assert ask() == 1
    assert ask() == before


def test_an_empty_table_has_the_columns_of_a_full_one() -> None:
    for name in COLUMNS:
        assert frame(name, []).columns == list(COLUMNS[name])
    row = {"at": datetime(2024, 1, 1, tzinfo=UTC), "kind": "times"}
    assert frame("candidates", [row]).schema == frame("candidates", []).schema
    rolled = frame("rollout", [{"intervention": "a", "from": date(2024, 1, 1)}])
    assert rolled.schema == frame("rollout", []).schema
    assert set(COLUMNS) <= set(prove_json_schema()["properties"])


def test_an_intervention_that_cannot_be_told_from_another_is_refused() -> None:
    """The other one differs from it by a hair in one untreated cell: enough to divide by."""
    design = staggered(24, 18, never=6, seed=8)
    other = (np.isfinite(design.panel.value) & (design.horizon() >= 0)).astype(float)
    other[design.rollout.start == NEVER] = 0.0
    other[:2, 4] = 0.001
    beside = Design(design.panel, design.rollout, {"other": other})
    found = answered(beside)
    assert (found.found.refused, found.found.p) == ("inseparable", None)
    verdict = give_grades([found])[0].graded
    assert (verdict.grade, verdict.remedy) == ("N", "separate_dates")
    assert inflation(design) == 1.0
