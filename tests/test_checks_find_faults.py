"""Each fault of a comparison is found where it was put, and not where it wasn't."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks_panels import LEVEL, after, noisy, panel_of, rolled_out, told
from thalweg.change.checks.anticipation import check_anticipation, leads
from thalweg.change.checks.concurrent import check_concurrent
from thalweg.change.checks.context import Context
from thalweg.change.checks.forbidden import check_forbidden
from thalweg.change.checks.grade import RULES
from thalweg.change.checks.measure import FOUND, look_for, untreated_fit
from thalweg.change.checks.outcomes import (
    check_composition,
    check_placebo_outcomes,
    check_volume,
)
from thalweg.change.checks.overlap import check_few_units, check_overlap
from thalweg.change.checks.placebo_dates import check_placebo_dates
from thalweg.change.checks.placebo_units import check_placebo_units
from thalweg.change.checks.pre_trend import check_pre_trend, slopes
from thalweg.change.checks.robustness import (
    check_agreement,
    check_influence,
    check_sensitivity,
    check_unit_trends,
)
from thalweg.change.checks.run import run_checks, settle
from thalweg.change.checks.spill_over import (
    LEANING,
    check_spill_over,
    exposed_share,
    near_share,
    nearest,
)
from thalweg.change.checks.timing import check_timing
from thalweg.change.checks.twoway import impute
from thalweg.change.estimates.estimate import estimate
from thalweg.change.frame import NEVER, Design, Floats
from thalweg.change.simulated import World, simulate

UNITS, PERIODS = 30, 30
STARTS = [14, 17, 20]
ROLLOUT = rolled_out(UNITS, STARTS)
EFFECT = -3.0
PLAIN = Context()


def world(extra: Floats | float = 0.0, *, seed: int = 3, straddle: int = 0) -> Design:
    values = noisy(UNITS, PERIODS, seed, sd=0.5) + EFFECT * after(ROLLOUT, PERIODS) + extra
    return panel_of(values, ROLLOUT, straddle=straddle)


def drift(slope: float) -> Floats:
    return np.asarray(slope * ROLLOUT.treated[:, None] * np.arange(PERIODS))


def in_pairs(units: int) -> Floats:
    """Unit 0 deals with unit 29, unit 1 with unit 28, and so on: ten treated with ten never."""
    return np.asarray(np.fliplr(np.eye(units)))


def test_a_sound_roll_out_passes() -> None:
    """With noise that leans nowhere: by chance one sound design in ten leans to a feared side."""
    design = world(seed=0)
    context = Context(
        exposure=in_pairs(UNITS),
        traits={"size": noisy(UNITS, PERIODS, 2)},
        placebo_outcomes=(replace(design.panel, value=noisy(UNITS, PERIODS, 3)),),
        estimate=told(EFFECT, 0.1),
        second=told(EFFECT + 0.1, 0.12),
    )
    found = run_checks(settle(design, context), context)
    assert {check.code: check.status for check in found if check.status != "passed"} == {}
    assert len({check.code for check in found}) == 17


def test_a_drift_before_the_roll_out_is_found() -> None:
    design = world(drift(-0.1))
    check = check_pre_trend(design, PLAIN)
    assert (check.status, check.finding) == ("failed", "found")
    steady = look_for(design, untreated_fit(design), slopes(design)[:1], seed=0)
    assert steady is not None
    assert abs(steady.size + 0.1) < 3 * steady.se


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_what_a_drift_adds_to_the_effect_is_exact_without_noise(kind: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(50, 5, (UNITS, 1)) + rng.normal(0, 1, PERIODS)
    shape = slopes(world())[kind]
    straight = values + EFFECT * after(ROLLOUT, PERIODS) - 0.1 * shape
    bent = panel_of(straight + 1e-6 * rng.normal(size=straight.shape), ROLLOUT)
    steady = look_for(bent, untreated_fit(bent), slopes(bent)[kind : kind + 1], seed=0)
    assert steady is not None
    assert steady.size == pytest.approx(-0.1, abs=1e-6)
    assert steady.bias == pytest.approx(impute(bent).att - EFFECT, abs=1e-5)


def test_units_that_set_out_in_the_year_before_their_start_are_found() -> None:
    """Flat for long, then falling for a year: the slope over all the past is hardly one."""
    rollout = rolled_out(UNITS, [30, 36, 42])
    ahead = np.where(rollout.treated, rollout.start, 60)[:, None] - np.arange(48)[None, :]
    lately = np.clip(12 - ahead, 0, None) * rollout.treated[:, None]
    assert np.array_equal(slopes(panel_of(noisy(UNITS, 48, 1), rollout))[2], lately)
    seen = []
    for seed in range(20):
        design = panel_of(noisy(UNITS, 48, seed) - 0.03 * lately, rollout)
        fit = untreated_fit(design)
        late = look_for(design, fit, slopes(design)[2:], seed)
        even = look_for(design, fit, slopes(design)[:1], seed)
        assert late is not None
        assert even is not None
        seen.append((late.p < 0.05, even.p < 0.05))
    late_seen, even_seen = np.sum(seen, axis=0)
    assert late_seen > even_seen


def test_a_drift_is_found_eight_times_in_ten_where_the_check_says_so() -> None:
    runs, context = 100, Context(estimate=told(EFFECT, 0.1))
    said = np.mean(
        [check_pre_trend(world(seed=s), context).figures["detectable_effect"] for s in range(20)]
    )
    found = 0
    for seed in range(runs):
        p = check_pre_trend(world(drift(float(said)), seed=seed), context).figures["p"]
        found += isinstance(p, float) and p < 0.05
    assert abs(found / runs - 0.8) < 0.13


def test_where_nobody_stays_untreated_a_drift_of_early_units_is_found() -> None:
    rollout = rolled_out(UNITS, [8, 14, 20, 26], never=0)
    early = (rollout.start.max() - rollout.start)[:, None] / 18
    values = noisy(UNITS, PERIODS, 4, sd=0.3) - 0.2 * early * np.arange(PERIODS)
    assert check_pre_trend(panel_of(values, rollout), PLAIN).finding == "found"


def test_too_short_a_past_cannot_show_a_drift() -> None:
    rollout = rolled_out(12, [2, 3])
    assert check_pre_trend(panel_of(noisy(12, 10, 1), rollout), PLAIN).finding == "too_short"


def test_anticipation_is_found_and_allowing_for_it_repairs_the_effect() -> None:
    design = world(EFFECT * (after(ROLLOUT, PERIODS, lead=2) - after(ROLLOUT, PERIODS)))
    naive = impute(design).att
    settled = settle(design, PLAIN)
    check = next(c for c in settled.checks if c.code == "anticipation")
    assert (check.status, check.finding, check.figures["leads"]) == ("warning", "allowed", 2)
    assert settled.leads == 2
    assert abs(naive - EFFECT) > 0.2
    assert abs(impute(settled.design).att - EFFECT) < 0.15
    # the naive effect is off by what the check says it is off by
    assert check_anticipation(design, PLAIN).figures["bias_effect"] == pytest.approx(
        naive - EFFECT, abs=0.2
    )


def test_leads_begin_before_the_straddled_periods() -> None:
    design = world(straddle=2)
    first = leads(design)[0]
    assert np.flatnonzero(first[0]).tolist() == [STARTS[0] - 3]
    assert not first[UNITS - 1].any()


def test_by_week_leads_reach_two_months_back() -> None:
    design = world()
    weekly = replace(design, panel=replace(design.panel, every="week"))
    assert leads(weekly)[:, 0].sum(axis=1).tolist() == [2, 4, 8]
    assert check_anticipation(weekly, PLAIN).figures["looked"] == 8


def test_spill_over_to_partners_is_found_and_exposed_units_are_left_out() -> None:
    exposure = in_pairs(UNITS)
    exposure[:5] = exposure[25:] = 0
    reached = exposed_share(world(), exposure) * (1 - after(ROLLOUT, PERIODS))
    extra = 0.4 * EFFECT * reached
    design, context = world(extra), Context(exposure=exposure)
    check = check_spill_over(design, context)
    assert check.finding in {"found", "hint"}
    assert check.figures["size_effect"] == pytest.approx(0.4 * EFFECT, abs=0.3)
    settled = settle(design, context)
    assert settled.left_out > 0
    assert abs(impute(settled.design).att - EFFECT) < abs(impute(design).att - EFFECT)
    assert abs(impute(settled.design).att - EFFECT) < 0.3


def test_near_dealings_by_hand() -> None:
    """Unit 0 deals with 1, 2 and 3 as 3 : 2 : 1; unit 1 starts first, then 2; 3 and 4 never."""
    rollout = rolled_out(5, [2, 4], never=3)
    order = np.array([2, 0, 1, 3, 4])
    rollout = replace(rollout, start=rollout.start[order])
    design = panel_of(noisy(5, 6, 1), rollout)
    exposure = np.zeros((5, 5))
    exposure[0] = [9.0, 0.3, 0.2, 0.1, 0.0]
    whole = 0.09 + 0.04 + 0.01
    wanted = [0, 0, 0.09 / whole, 0.09 / whole, 0.13 / whole, 0.13 / whole]
    assert near_share(design, exposure)[0] == pytest.approx(wanted)
    assert nearest(design, exposure)[0] == pytest.approx([0, 0, 1, 1, 1, 1])
    assert nearest(design, exposure[:, [0, 3, 2, 1, 4]])[0] == pytest.approx(
        [0, 0, 1 / 3] * 1 + [1 / 3, 2 / 3, 2 / 3]
    )
    assert not near_share(design, exposure)[1:].any()
    assert not nearest(design, exposure)[1:].any()


@pytest.mark.parametrize("size", [0.08, -0.08])
@pytest.mark.parametrize("fault", ["spill_over", "anticipation"])
def test_a_trace_counts_on_the_side_on_which_it_hides_a_part_of_the_effect(
    fault: str, size: float
) -> None:
    """What nearly moves as the treated units do is told; what nearly moves against them is not."""
    exposure = in_pairs(UNITS)
    full = after(ROLLOUT, PERIODS)
    ask, trace = {
        "spill_over": (check_spill_over, exposed_share(world(), exposure) * (1 - full)),
        "anticipation": (check_anticipation, after(ROLLOUT, PERIODS, lead=2) - full),
    }[fault]
    found = []
    for seed in range(20):
        values = noisy(UNITS, PERIODS, seed, sd=0.5) - 0.4 * full + size * trace
        check = ask(panel_of(values, ROLLOUT), Context(exposure=exposure))
        p = check.figures["p"]
        assert isinstance(p, float)
        if FOUND <= p < LEANING:
            found.append(check)
            bias = check.figures["bias_effect"]
            assert isinstance(bias, float)
            assert (check.finding == "leaning") == (bias > 0)
    assert found


def test_exposure_that_comes_to_all_alike_cannot_show_a_spill_over_and_forbids_a_b() -> None:
    """Every firm deals with every other one, save for a little: whatever reached all is unseen."""
    links = 1.0 + 0.02 * np.random.default_rng(1).random((UNITS, UNITS))
    check = check_spill_over(
        world(-0.95 * EFFECT * after(ROLLOUT, PERIODS)), Context(exposure=links)
    )
    assert (check.status, check.finding) == ("not_possible", "cannot_show")
    caps = {r.cap for r in RULES if r.code == "spill_over" and "cannot_show" in r.findings}
    assert caps == {"C"}


def test_without_links_spill_over_is_not_claimed_to_be_tested() -> None:
    assert check_spill_over(world(), PLAIN).status == "not_possible"


def test_dates_by_lot_are_unrelated_to_the_past_and_chosen_ones_are_not() -> None:
    lot = np.random.default_rng(5).permutation(ROLLOUT.start)
    values = noisy(UNITS, PERIODS, 6, sd=0.5)
    by_lot = panel_of(values, replace(ROLLOUT, start=lot))
    assert check_timing(by_lot, PLAIN).finding in {"unrelated", "hint"}
    order = np.argsort(values[:, : STARTS[0]].mean(axis=1))
    start = np.empty(UNITS, dtype=np.int64)
    start[order] = np.sort(ROLLOUT.start)
    best_first = check_timing(panel_of(values, replace(ROLLOUT, start=start)), PLAIN)
    assert (best_first.finding, best_first.figures["direction"]) == ("by_level", "lower")


def test_a_dip_before_the_start_is_found() -> None:
    last = after(ROLLOUT, PERIODS, lead=3) - after(ROLLOUT, PERIODS)
    check = check_timing(world(5.0 * last), PLAIN)
    assert (check.status, check.figures["direction"]) == ("failed", "higher")
    assert float(str(check.figures["shock_z"])) > 3


def test_the_score_of_dates_against_levels_is_that_of_hand_made_ranks() -> None:
    """Two of four start, the two lowest: ranks 0, 1 of 0..3 centred give −2; variance 5/3."""
    values = np.arange(4.0)[:, None] + noisy(4, 9, 0, sd=0.0) * 0
    values = values + 1e-3 * np.random.default_rng(0).normal(size=values.shape)
    rollout = replace(rolled_out(4, [6], never=2))
    check = check_timing(panel_of(values, replace(rollout)), Context())
    assert check.finding == "too_few_starts"
    values = np.vstack([values, values + 10.0])
    start = np.array([6, 6, NEVER, NEVER, 6, 6, NEVER, NEVER])
    rollout = replace(rolled_out(8, [6], never=4), start=start)
    check = check_timing(panel_of(values, rollout), Context())
    score = (0 + 1 + 4 + 5) - 4 * 3.5
    variance = 4 * 4 / 7 * np.var(np.arange(8))
    assert check.figures["level_z"] == pytest.approx(score / np.sqrt(variance))


def test_an_effect_at_a_placebo_date_is_found() -> None:
    early = after(ROLLOUT, PERIODS, lead=6)
    assert check_placebo_dates(world(), PLAIN).finding == "quiet"
    found = check_placebo_dates(world(2.0 * early), PLAIN)
    assert (found.finding, found.figures["earlier"]) == ("found", 6)
    assert found.figures["size_effect"] == pytest.approx(2.0, abs=0.4)


def test_placebo_units_tell_when_the_interval_is_too_narrow() -> None:
    design = world()
    honest = impute(design).se
    assert check_placebo_units(design, PLAIN).finding == "quiet"
    narrow = Context(estimate=told(EFFECT, honest / 4))
    assert check_placebo_units(design, narrow).finding == "noisier"


@pytest.mark.parametrize(
    "plain",
    [
        World(units=12, never=0.7),
        World(units=16, never=0.5, persistence=0.7),
        World(units=40, missing=0.3, unequal=0.4),
        World(units=60, never=0.15),
    ],
)
def test_chance_among_never_treated_units_is_what_the_standard_error_says(plain: World) -> None:
    """Two other interventions, at never-treated units as well, and missing cells: the ratio of the
    two is one on average, and the check warns of at most one sound roll-out in a hundred."""
    runs, ratios, warned = 25, [], 0
    for seed in range(runs):
        design = simulate(replace(plain, effect=-0.1), seed).design
        rng = np.random.default_rng(seed)
        at = np.arange(plain.periods)[None, :]
        when = rng.integers(4, plain.periods, (2, plain.units, 1))
        held = {str(k): (at >= when[k]) * 1.0 for k in range(2)}
        value = design.panel.value * np.exp(-0.5 * held["0"] + 0.3 * held["1"])
        design = replace(design, covariates=held, panel=replace(design.panel, value=value))
        told_of = Context(estimate=estimate(design, seed=seed, draws=99), seed=seed)
        check = check_placebo_units(design, told_of)
        warned += check.finding == "noisier"
        ratio = check.figures["noise_ratio"]
        assert isinstance(ratio, float)
        ratios.append(ratio)
    assert 0.75 < np.median(ratios) < 1.3
    assert warned <= 2


def test_an_outcome_that_should_not_have_moved_is_named() -> None:
    design = world()
    still = replace(LEVEL, name="rework_share")
    moving = replace(LEVEL, name="layer_h:finance")
    context = Context(
        placebo_outcomes=(
            replace(design.panel, outcome=still, value=noisy(UNITS, PERIODS, 7)),
            replace(
                design.panel,
                outcome=moving,
                value=noisy(UNITS, PERIODS, 8) + 2 * after(ROLLOUT, PERIODS),
            ),
        )
    )
    found = check_placebo_outcomes(design, context)
    assert (found.finding, found.figures["name"]) == ("found", "layer_h:finance")
    assert found.figures["clear"] == 1


def test_other_objects_after_the_start_are_found() -> None:
    size = noisy(UNITS, PERIODS, 9) + 3 * after(ROLLOUT, PERIODS)
    design = world()
    assert check_composition(design, Context(traits={"tonnes": size})).finding == "changed"
    more = np.where(after(ROLLOUT, PERIODS) > 0, 80, 40) + np.random.default_rng(0).poisson(
        3, (UNITS, PERIODS)
    )
    fuller = replace(design, panel=replace(design.panel, objects=more))
    found = check_volume(fuller, PLAIN)
    assert found.finding == "changed"
    assert found.figures["size_share"] == pytest.approx(0.93, abs=0.06)
    counted = replace(LEVEL, name="started_per_day", kind="count")
    own = replace(fuller, panel=replace(fuller.panel, outcome=counted))
    assert check_volume(own, PLAIN).finding == "is_the_outcome"


def test_another_intervention_with_the_same_dates_cannot_be_told_apart() -> None:
    twin = replace(ROLLOUT, intervention="finance")
    near = replace(twin, start=np.where(ROLLOUT.treated, ROLLOUT.start + 2, NEVER))
    far = replace(twin, start=np.where(np.arange(UNITS) % 2 == 0, 6, NEVER))
    design = world()
    found = [check_concurrent(design, Context(others=(o,))).finding for o in (twin, near, far)]
    assert found == ["inseparable", "near", "apart"]
    assert check_concurrent(design, PLAIN).finding == "none"


def test_what_began_everywhere_at_once_is_no_other_cause() -> None:
    everywhere = replace(ROLLOUT, intervention="signing", start=np.full(UNITS, STARTS[0] + 1))
    far = replace(
        ROLLOUT, intervention="finance", start=np.where(np.arange(UNITS) % 2 == 0, 6, NEVER)
    )
    found = check_concurrent(world(), Context(others=(everywhere,)))
    assert (found.status, found.finding, found.figures) == ("passed", "common", {"common": 1})
    both = check_concurrent(world(), Context(others=(everywhere, far)))
    assert (both.finding, both.figures["name"], both.figures["common"]) == ("apart", "finance", 1)


def test_a_near_start_is_called_modelled_only_where_the_model_holds_it() -> None:
    near = replace(ROLLOUT, intervention="finance", start=np.where(
        ROLLOUT.treated, ROLLOUT.start + 2, NEVER))  # fmt: skip
    held = np.asarray(np.arange(PERIODS)[None, :] >= near.start[:, None], dtype=np.float64)
    for name, finding in (("finance", "near_modelled"), ("another", "near")):
        design = replace(world(), covariates={name: held})
        assert check_concurrent(design, Context(others=(near,))).finding == finding


def test_nobody_to_compare_with_is_found() -> None:
    at_once = rolled_out(10, [6], never=0)
    design = panel_of(noisy(10, 12, 1), at_once)
    assert check_overlap(design, PLAIN).finding == "no_comparison"
    late = rolled_out(10, [12], never=2)
    assert check_overlap(panel_of(noisy(10, 12, 1), late), PLAIN).finding == "no_treated_cells"
    waves = rolled_out(12, [4, 10], never=0)
    partly = check_overlap(panel_of(noisy(12, 16, 1), waves), PLAIN)
    assert (partly.finding, partly.figures["lost_cells"]) == ("partly", 12 * 6)


@pytest.mark.parametrize(
    ("units", "never", "finding"), [(6, 3, "too_few"), (12, 4, "few"), (30, 10, "enough")]
)
def test_few_units_are_counted(units: int, never: int, finding: str) -> None:
    design = panel_of(noisy(units, 14, 1), rolled_out(units, [6, 8], never=never))
    check = check_few_units(design, PLAIN)
    assert (check.finding, check.figures["treated_units"]) == (finding, units - never)


def test_one_unit_that_makes_the_effect_is_named() -> None:
    extra = np.zeros((UNITS, PERIODS))
    extra[4] = 120 * after(ROLLOUT, PERIODS)[4]
    found = check_influence(world(extra), PLAIN)
    assert (found.finding, found.figures["unit"]) == ("one_unit", "firm 4")
    assert found.figures["without_effect"] == pytest.approx(EFFECT, abs=0.4)
    assert check_influence(world(), PLAIN).finding == "spread"


def test_estimators_that_disagree_are_told() -> None:
    agree = Context(estimate=told(-3, 0.2), second=told(-2.8, 0.3))
    apart = Context(estimate=told(-3, 0.2), second=told(-2.0, 0.3))
    found = [check_agreement(world(), c).finding for c in (agree, apart, PLAIN)]
    assert found == ["agree", "apart", "no_second"]


def test_trends_of_their_own_move_an_effect_that_is_a_trend() -> None:
    assert check_unit_trends(world(), PLAIN).finding == "unmoved"
    found = check_unit_trends(world(drift(-0.3)), PLAIN)
    assert found.finding == "moved"
    assert found.figures["trended_effect"] == pytest.approx(EFFECT, abs=0.8)


def test_a_large_effect_is_robust_and_a_small_one_fragile() -> None:
    assert check_sensitivity(world(), PLAIN).finding == "robust"
    assert check_sensitivity(world(-EFFECT * after(ROLLOUT, PERIODS)), PLAIN).finding == "fragile"


def test_a_plain_regression_is_misled_by_effects_that_grow() -> None:
    rollout = rolled_out(UNITS, [6, 12, 20], never=2)
    since = np.maximum(np.arange(PERIODS)[None, :] - rollout.start[:, None] + 1, 0)
    since = np.where(rollout.start[:, None] == NEVER, 0, since)
    design = panel_of(noisy(UNITS, PERIODS, 1, sd=0.1) - 0.5 * since, rollout)
    found = check_forbidden(design, PLAIN)
    assert found.finding == "misleading"
    plain, imputed = found.figures["plain_effect"], found.figures["imputed_effect"]
    assert isinstance(plain, float)
    assert isinstance(imputed, float)
    assert abs(plain) < 0.7 * abs(imputed)


def test_the_same_seed_gives_the_same_findings() -> None:
    context = Context(exposure=in_pairs(UNITS), seed=7)
    once, again = (run_checks(settle(world(), context), context) for _ in range(2))
    assert once == again
