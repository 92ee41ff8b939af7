"""What a design may be called: the rules of the grades, and how often they are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks_panels import after, noisy, panel_of, rolled_out, told
from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.grade import ORDER, RULES, Rule, grade
from thalweg.change.checks.lots import by_lot
from thalweg.change.checks.measure import Fault, judge, leans
from thalweg.change.checks.run import run_checks, settle
from thalweg.change.checks.spill_over import exposed_share
from thalweg.change.estimates.estimate import Estimate, estimate
from thalweg.change.simulated import World, simulate

ROLLOUT = rolled_out(30, [10, 14])
BY_LOT = replace(ROLLOUT, randomised=True)
FOUND = told(-0.2, 0.03)
QUIET = [
    Check("overlap", "passed", "covered"),
    Check("few_units", "passed", "enough"),
    Check("pre_trend", "passed", "quiet"),
    Check("anticipation", "passed", "quiet"),
    Check("timing", "passed", "unrelated"),
    Check("sensitivity", "passed", "robust"),
]


def but(code: str, finding: str) -> list[Check]:
    return [c for c in QUIET if c.code != code] + [Check(code, "warning", finding)]


def test_a_sound_staggered_roll_out_with_an_effect_is_b_and_by_lot_a() -> None:
    staggered = grade(QUIET, FOUND, ROLLOUT, True)
    assert (staggered.grade, staggered.reasons, staggered.is_effect) == ("B", ("staggered",), True)
    lot = grade(QUIET, FOUND, BY_LOT, True)
    assert (lot.grade, lot.reasons, lot.remedy) == ("A", ("drawn_by_lot",), None)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.code}-{r.reason}")
def test_each_rule_lowers_the_grade_to_its_cap_and_says_why(rule: object) -> None:
    assert isinstance(rule, type(RULES[0]))
    for finding in rule.findings:
        graded = grade(but(rule.code, finding), FOUND, ROLLOUT, True)
        assert (graded.grade, graded.remedy) == (rule.cap, rule.remedy)
        assert rule.reason in graded.reasons


@pytest.mark.parametrize(
    ("code", "finding", "expected"),
    [
        ("pre_trend", "hint", "A"),
        ("sensitivity", "fragile", "A"),
        ("few_units", "few", "A"),
        ("few_units", "too_few", "N"),
        ("anticipation", "allowed", "C"),
        ("spill_over", "found", "N"),
        ("anticipation", "found", "N"),
        ("anticipation", "weak", "A"),
        ("anticipation", "hint", "C"),
        ("anticipation", "leaning", "C"),
        ("spill_over", "leaning", "C"),
        ("spill_over", "hint", "C"),
        ("spill_over", "weak", "A"),
        ("spill_over", "left_out", "C"),
        ("pre_trend", "found", "A"),
        ("placebo_dates", "found", "A"),
        ("unit_trends", "moved", "A"),
        ("composition", "changed", "C"),
        ("timing", "by_level", "A"),
        ("timing", "by_slope", "A"),
    ],
)
def test_a_lot_answers_for_the_dates_and_for_nothing_else(
    code: str, finding: str, expected: str
) -> None:
    graded = grade(but(code, finding), FOUND, BY_LOT, True)
    assert graded.grade == expected


def test_two_hints_of_one_fault_refuse_what_either_alone_would_weaken() -> None:
    """A drift that may be chance, and outcomes that should have stayed still: firms on their way."""
    both = [*but("pre_trend", "hint"), Check("placebo_outcomes", "warning", "found")]
    graded = grade(both, FOUND, ROLLOUT, True)
    assert (graded.grade, graded.remedy, graded.is_effect) == ("N", "randomise", False)
    assert graded.reasons == ("drift_hint", "placebo_outcomes")
    for check in both[-2:]:
        alone = grade([*QUIET[:2], check, *QUIET[3:]], FOUND, ROLLOUT, True)
        assert alone.grade == "C"
    assert grade(both, FOUND, BY_LOT, True).grade == "A"


@pytest.mark.parametrize("rule", [r for r in RULES if r.by_lot], ids=lambda r: r.reason)
def test_what_costs_a_lottery_its_grade_is_not_told_as_chance(rule: Rule) -> None:
    for finding in rule.findings:
        check = Check(rule.code, "warning", finding)
        assert by_lot(check) == check


def test_a_lot_is_never_told_to_draw_lots() -> None:
    for rule in RULES:
        for finding in rule.findings:
            checks = but(rule.code, finding)
            for significant in (True, False):
                assert grade(checks, FOUND, BY_LOT, significant).remedy != "randomise"


DRIFT = rolled_out(30, [14, 17, 20])


def test_a_lottery_with_a_drift_before_it_keeps_grade_a_and_is_told_of_it() -> None:
    """The drift of a lot that went badly: with chosen dates it is refused."""
    values = noisy(30, 30, 3, sd=0.5) - 3.0 * after(DRIFT, 30)
    values = values - 0.1 * DRIFT.treated[:, None] * np.arange(30)
    grades = {}
    for drawn in (False, True):
        design = panel_of(values, replace(DRIFT, randomised=drawn))
        found = run_checks(settle(design, Context()), Context())
        graded = grade(found, told(-3.0, 0.1), design.rollout, True)
        check = next(c for c in found if c.code == "pre_trend")
        grades[drawn] = (graded.grade, check.status, check.finding)
    assert grades == {
        False: ("N", "failed", "found"),
        True: ("A", "warning", "by_lot_odd"),
    }


def test_a_spill_over_that_is_really_there_costs_a_lottery_its_grade() -> None:
    exposure = np.fliplr(np.eye(30))
    exposure[:5] = exposure[25:] = 0
    design = panel_of(noisy(30, 30, 3, sd=0.5), replace(DRIFT, randomised=True))
    reached = exposed_share(design, exposure) * (1 - after(DRIFT, 30))
    values = design.panel.value - 3.0 * after(DRIFT, 30) - 1.5 * reached
    design = replace(design, panel=replace(design.panel, value=values))
    context = Context(exposure=exposure)
    found = run_checks(settle(design, context), context)
    graded = grade(found, told(-3.0, 0.1), design.rollout, True)
    assert (graded.grade, graded.reasons) == ("C", ("spill_over_left_out",))


def test_no_credible_effect_is_c_and_no_effect_and_is_not_refused() -> None:
    missing = Estimate(0.001, 0.01, -0.02, 0.02, 0.9, "imputation", "student")
    graded = grade(QUIET, missing, ROLLOUT, False)
    assert (graded.grade, graded.reasons, graded.is_effect) == ("C", ("no_credible_effect",), False)
    assert grade(QUIET, missing, BY_LOT, False).grade == "A"
    assert not grade(QUIET, missing, BY_LOT, False).is_effect
    ruled_out = grade(QUIET, missing, ROLLOUT, False, matters=0.05)
    assert ruled_out.reasons == ("no_effect_that_matters",)
    assert grade(QUIET, missing, ROLLOUT, False, matters=0.01).reasons == ("no_effect_seen",)


def test_a_before_after_is_a_description_and_no_interval_is_no_identification() -> None:
    series = replace(FOUND, method="interrupted_series")
    described = grade(but("overlap", "no_comparison"), series, ROLLOUT, True)
    assert (described.grade, described.is_effect, described.remedy) == ("D", False, "stagger")
    refused = Estimate(
        -0.2, None, None, None, None, "imputation", None, refused="zero_standard_error"
    )
    assert grade(QUIET, refused, ROLLOUT, False).reasons == ("zero_standard_error",)
    assert grade(QUIET, None, ROLLOUT, False).grade == "N"


def test_one_unit_with_a_synthetic_twin_is_fragile_and_not_refused() -> None:
    twin = replace(FOUND, method="synthetic_control", reference="placebo")
    checks = but("few_units", "too_few")
    assert grade(checks, twin, rolled_out(30, [10], never=29), True).grade == "C"
    assert grade(checks, FOUND, rolled_out(30, [10], never=29), True).grade == "N"


def test_dates_that_are_all_the_same_are_not_staggered() -> None:
    graded = grade(QUIET, FOUND, rolled_out(30, [10]), True)
    assert (graded.grade, graded.reasons) == ("C", ("one_date",))


def test_rules_stand_from_the_gravest_to_the_mildest() -> None:
    ranks = [ORDER.index(rule.cap) for rule in RULES]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize(
    ("bias", "se", "p", "expected"),
    [
        (0.30, 0.05, 0.001, ("failed", "found")),
        (0.15, 0.05, 0.001, ("warning", "hint")),
        (0.30, 0.05, 0.04, ("warning", "hint")),
        (0.05, 0.02, 0.001, ("passed", "negligible")),
        (0.10, 0.30, 0.5, ("warning", "weak")),
        (0.10, 0.10, 0.5, ("passed", "quiet")),
    ],
)
def test_a_fault_is_judged_by_its_size_next_to_the_effect_and_by_what_could_be_unseen(
    bias: float, se: float, p: float, expected: tuple[str, str]
) -> None:
    """Against an effect of −1: 25 % breaks, 10 % is negligible, half may not go unseen."""
    check = judge("pre_trend", Fault(bias, se, p, bias, 1.0, 0), (-1.0, 0.1), {})
    assert (check.status, check.finding) == expected


@pytest.mark.parametrize(
    ("bias", "p", "side", "unseen", "expected"),
    [
        (-0.1, 0.15, 1, 0.3, True),
        (-0.1, 0.15, -1, 0.3, False),
        (0.1, 0.15, -1, 0.3, True),
        (0.1, 0.25, -1, 0.3, False),
        (0.05, 0.15, -1, 0.09, False),
    ],
)
def test_a_fault_leans_to_one_side_and_only_where_it_could_matter(
    bias: float, p: float, side: int, unseen: float, expected: bool
) -> None:
    """Beside an effect of −1, at a level of 0.2."""
    assert leans(Fault(bias, 0.1, p, bias, 1.0, 0), (-1.0, 0.1), 0.2, side, unseen) == expected


@pytest.mark.parametrize(("sign", "unseen"), [(1, 0.1 + 1.645 * 0.1), (-1, 1.645 * 0.1 - 0.1)])
def test_what_may_be_taken_for_the_effect_lies_on_its_side(sign: int, unseen: float) -> None:
    fault = Fault(0.1 * sign, 0.1, 0.5, 0.1 * sign, 1.0, 0)
    assert fault.bound_towards(2.0) == pytest.approx(unseen, abs=1e-4)
    assert fault.bound_towards(-2.0) == pytest.approx(0.329 - unseen, abs=1e-3)


def test_next_to_no_effect_a_fault_is_held_against_the_noise() -> None:
    check = judge("pre_trend", Fault(0.01, 0.01, 0.001, 0.01, 1.0, 0), (0.0, 0.1), {})
    assert check.finding == "hint"


def passed(world: World, seed: int) -> tuple[str, bool]:
    """Grade of a world whose dates were not declared to be drawn by lot, and whether an effect."""
    drawn = simulate(world, seed)
    design = replace(drawn.design, rollout=replace(drawn.design.rollout, randomised=False))
    links = np.zeros((world.units, world.units))
    one, other = drawn.partners.T
    links[one, other] = links[other, one] = 1.0
    context = Context(exposure=links, seed=seed)
    settled = settle(design, context)
    found = estimate(settled.design, seed=seed, draws=199)
    context = replace(context, estimate=found)
    p = found.p
    graded = grade(
        run_checks(settled, context), found, settled.design.rollout, p is not None and p < 0.05
    )
    return graded.grade, graded.is_effect


FAULTS = {
    "trending": World(units=40, effect=-0.1, trend=-0.004),
    "confounded": World(units=40, effect=-0.1, confounded=0.004),
    "anticipating": World(units=40, effect=-0.1, anticipation=2),
    "spilling": World(units=40, effect=-0.1, spill=0.3),
}


def test_hardly_any_faulty_world_passes_and_most_sound_ones_with_a_large_effect_do() -> None:
    """At most 8 % may pass: 3.3 standard deviations above that for 60 worlds."""
    runs = 15
    grades = [passed(world, seed)[0] for world in FAULTS.values() for seed in range(runs)]
    share = np.mean([g in "AB" for g in grades])
    assert share <= 0.08 + 3.3 * np.sqrt(0.08 * 0.92 / len(grades))
    sound = [passed(World(units=60, effect=-0.29), seed)[0] for seed in range(20)]
    assert np.mean([g == "B" for g in sound]) > 0.3


def test_worlds_without_an_effect_are_rarely_called_one() -> None:
    runs = 60
    called = [passed(World(units=24, effect=0.0), seed)[1] for seed in range(runs)]
    assert np.mean(called) <= 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / runs)
