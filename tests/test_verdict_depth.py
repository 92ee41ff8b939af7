"""Depth is the part of the burden that is gone: by hand, by property, and where the truth is known."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.change.answers.kept import Proved
from thalweg.change.estimates.imputation import impute
from thalweg.change.estimates.variance import conservative, scores
from thalweg.change.frame import ALREADY, NEVER, Floats
from thalweg.verdict.depth.baseline import Baseline, two_way, typical
from thalweg.verdict.depth.effects import Pair, drawn, horizon_effect
from thalweg.verdict.depth.measure import Depth, measure_depth
from thalweg.verdict.depth.removed import BY_ITSELF, Part, removed_from
from verdict_panels import LAYERS, hours, panels, profile, proved, staggered, with_objects

UNITS, PERIODS = 24, 30
EFFECTS = {"tool": -0.4, "idle": 0.0}
STARTS = {"tool": staggered(UNITS, 16, 10, 22, 1), "idle": staggered(UNITS, 14, 9, 20, 2)}
DECLARED = {"tool": ("finance",), "idle": ("match", "finance")}


def pair(
    effect: float,
    reached: list[bool],
    *,
    measured: bool = True,
    described: float | None = None,
    early: list[bool] | None = None,
    scale: str = "log",
    error: float = 0.0,
) -> Pair:
    count = len(reached)
    return Pair(
        intervention="x",
        outcome="layer_h:match",
        scale=scale,
        grade="C" if measured else "N",
        declared=True,
        measured=measured,
        effect=effect if measured else float("nan"),
        scores=np.zeros(count),
        error=error,
        reached=np.array(reached),
        early=np.array(early or [False] * count),
        p=None,
        described=described,
    )


def part(cost: list[float], *pairs: Pair, scale: str = "log") -> Part:
    baseline = Baseline(np.array(cost), np.ones(len(cost)), np.zeros(len(cost), np.bool_))
    return Part(scale, baseline, pairs)  # type: ignore[arg-type]


def gone(one: Part) -> float:
    return removed_from(one, np.zeros((2, len(one.pairs)))).depth


def test_one_intervention_is_treated_share_times_change() -> None:
    one = part([3.0, 1.0, 4.0], pair(np.log(0.8), [True, True, False]))
    assert gone(one) == pytest.approx(0.5 * 0.2)
    assert one.treated_share == pytest.approx(0.5)


def test_two_interventions_multiply_where_they_meet() -> None:
    both = part(
        [1.0, 1.0],
        pair(np.log(0.5), [True, True]),
        pair(np.log(0.8), [True, False]),
    )
    assert gone(both) == pytest.approx(1 - (0.5 * 0.5 * 0.8 + 0.5 * 0.5))


def test_harm_counts_against() -> None:
    assert gone(part([1.0, 1.0], pair(np.log(1.5), [True, False]))) == pytest.approx(-0.25)


def test_shares_are_taken_off_in_points() -> None:
    """Of 0.4 + 0.2 failures an object, 0.1 points at the first unit are a sixth."""
    one = part([0.4, 0.2], pair(-0.1, [True, False], scale="level"), scale="level")
    assert gone(one) == pytest.approx(0.1 / 0.6)


def test_what_is_not_measured_widens_the_bounds_and_not_the_depth() -> None:
    hidden = part([1.0, 1.0], pair(0.0, [True, False], measured=False, described=np.log(0.8)))
    found = removed_from(hidden, np.zeros((1, 1)))
    assert found.depth == 0.0
    assert found.most[0] == pytest.approx(0.5 * (1 - 0.8 / BY_ITSELF))
    assert found.least[0] == 0.0
    assert hidden.unmeasured_share == pytest.approx(0.5)


def test_what_is_seen_clearly_bounds_from_one_side_only() -> None:
    """Halved: at worst it did nothing that counts. Doubled: at best nothing."""
    for seen, least, most in ((0.9, 0.0, 0.2), (0.5, 0.0, 1 / 3), (2.0, -1.0, 0.0)):
        hidden = pair(0.0, [True, False], measured=False, described=float(np.log(seen)))
        found = removed_from(part([1.0, 1.0], hidden), np.zeros((1, 1)))
        assert found.least[0] == pytest.approx(least)
        assert found.most[0] == pytest.approx(most)


def test_harm_needs_a_sign_of_it() -> None:
    pairs = [
        pair(0.0, [True], measured=False, described=float(np.log(seen))) for seen in (0.9, 1.1)
    ]
    found = removed_from(part([1.0], *pairs), np.zeros((1, 2)))
    assert found.least[0] == pytest.approx(1 - 1.1 * BY_ITSELF)
    assert found.most[0] == pytest.approx(1 - 0.9 / BY_ITSELF)


def test_what_was_never_seen_before_may_have_removed_all_or_doubled_it() -> None:
    hidden = part([1.0, 3.0], pair(0.0, [True, False], measured=False))
    found = removed_from(hidden, np.zeros((1, 1)))
    assert found.most[0] == pytest.approx(0.25)
    assert found.least[0] == pytest.approx(0.25 * (1 - 2 * BY_ITSELF))


def test_units_that_had_it_before_the_records_are_bounded_around_what_others_show() -> None:
    one = part([1.0, 1.0], pair(np.log(0.6), [False, True], early=[True, False]))
    found = removed_from(one, np.full((1, 1), np.log(0.6)))
    assert found.depth == pytest.approx(0.5 * 0.4)
    assert found.most[0] == pytest.approx(0.5 * 0.4 + 0.5 * (1 - 0.6 / BY_ITSELF))


amounts = st.floats(0.01, 100, allow_nan=False)
changes = st.floats(-2.0, 1.0, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_order_of_interventions_does_not_matter(data: st.DataObject) -> None:
    cost = data.draw(st.lists(amounts, min_size=1, max_size=5))
    flags = st.lists(st.booleans(), min_size=len(cost), max_size=len(cost))
    pairs = [pair(data.draw(changes), data.draw(flags)) for _ in range(3)]
    found = {round(gone(part(cost, *order)), 12) for order in itertools.permutations(pairs)}
    assert max(found) - min(found) < 1e-11


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_units_and_interventions_without_effect_never_raise_a_depth(data: st.DataObject) -> None:
    cost = data.draw(st.lists(amounts, min_size=1, max_size=5))
    reached = data.draw(st.lists(st.booleans(), min_size=len(cost), max_size=len(cost)))
    effect = data.draw(st.floats(-2.0, 0.0))
    before = gone(part(cost, pair(effect, reached)))
    more = data.draw(st.lists(amounts, min_size=1, max_size=4))
    wider = part([*cost, *more], pair(effect, [*reached, *[False] * len(more)]))
    assert gone(wider) <= before + 1e-12
    useless = part(cost, pair(effect, reached), pair(0.0, [True] * len(cost)))
    assert gone(useless) == pytest.approx(before, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_depth_lies_within_its_bounds_draw_by_draw(data: st.DataObject) -> None:
    cost = data.draw(st.lists(amounts, min_size=2, max_size=5))
    flags = st.lists(st.booleans(), min_size=len(cost), max_size=len(cost))
    scale = data.draw(st.sampled_from(["log", "level"]))
    known = pair(data.draw(changes), data.draw(flags), scale=scale)
    seen = data.draw(st.one_of(st.none(), changes))
    hidden = pair(0.0, data.draw(flags), measured=False, described=seen, scale=scale)
    one = part(cost, known, hidden, scale=scale)
    found = removed_from(one, np.array([[known.effect, 0.0], [known.effect - 0.1, 0.0]]))
    assert (found.least <= found.draws + 1e-12).all()
    assert (found.draws <= found.most + 1e-12).all()
    assert (found.most <= 1 + 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_two_factors_have_the_margins_of_the_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside = rng.uniform(size=(5, 7)) < 0.7
    inside[:, 0], inside[0] = True, True
    total = np.where(inside, rng.gamma(2.0, size=(5, 7)), 0.0)
    unit, period = two_way(total, inside)
    fitted = np.outer(unit, period) * inside
    assert fitted.sum(axis=1) == pytest.approx(total.sum(axis=1), rel=1e-5)
    assert fitted.sum(axis=0) == pytest.approx(total.sum(axis=0), rel=1e-5)


def test_common_growth_does_not_favour_those_untouched_longest() -> None:
    unit, growth = np.array([1.0, 2.0, 5.0]), 1.05 ** np.arange(12)
    total = np.outer(unit, growth)
    untouched = np.ones((3, 12), np.bool_)
    untouched[0, 4:] = False
    cost, guessed = typical(total, np.ones((3, 12), np.bool_), untouched)
    assert cost / cost[0] == pytest.approx(unit)
    assert not guessed.any()


def test_the_horizon_is_the_first_four_quarters(world: Proved) -> None:
    one = next(a for a in world.answers if a.question.about.id == "tool")
    effect, own = horizon_effect(one.design, np.ones(UNITS))
    found = impute(one.design)
    since = one.design.horizon()
    cells = found.identified & (since >= 0) & (since < 12)
    assert effect == pytest.approx(found.effect[cells].mean())
    even = found.weights(found.even(np.where(cells, 1.0, 0.0)))
    assert np.sqrt((own**2).sum()) == pytest.approx(conservative(found, even))
    assert own == pytest.approx(scores(found, even))


def test_draws_spread_as_the_errors_and_move_together_as_the_scores() -> None:
    rng = np.random.default_rng(3)
    base = rng.standard_normal((3, 40))
    base[1] = base[0] + 0.2 * base[1]
    pairs = [
        Pair("x", "o", "log", "C", True, True, mean, own, error, *[np.ones(40, np.bool_)] * 2, None)
        for own, mean, error in zip(base, (-0.3, 0.1, 0.0), (0.1, 0.2, 0.3), strict=True)
    ]
    found = drawn(pairs, 20_000, 5)
    assert found.mean(axis=0) == pytest.approx([-0.3, 0.1, 0.0], abs=1e-12)
    assert found.std(axis=0) == pytest.approx([0.1, 0.2, 0.3], rel=0.03)
    wanted = np.corrcoef(base @ base.T)[0, 1]
    cosine = base[0] @ base[1] / np.linalg.norm(base[0]) / np.linalg.norm(base[1])
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(cosine, abs=0.03)
    assert wanted > 0
    assert (drawn(pairs, 100, 5) == drawn(pairs, 100, 5)).all()


def values(seed: int = 4) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    made = {}
    for layer, level in zip(LAYERS, (2.0, 20.0, 60.0), strict=True):
        here = {name: EFFECTS[name] for name, named in DECLARED.items() if layer in named}
        made[layer] = hours(rng, level, STARTS, here, PERIODS)
    return made


OBJECTS = np.random.default_rng(6).integers(5, 40, (UNITS, 1)) * np.ones((1, PERIODS), np.int64)


@pytest.fixture(scope="module")
def world() -> Proved:
    return proved(panels(values(), OBJECTS), STARTS, DECLARED)


@pytest.fixture(scope="module")
def depth(world: Proved) -> Depth:
    return measure_depth(world, profile())


def test_depth_of_a_platform_is_found(depth: Depth) -> None:
    finance = next(one for one in depth.of("time") if one.layer == "finance")
    reached = STARTS["tool"] != NEVER
    share = float(OBJECTS[reached, 0].sum() / OBJECTS[:, 0].sum())
    true = share * (1 - np.exp(-0.4))
    assert finance.low < true < finance.high
    assert finance.treated_share > share
    assert depth.platform is not None
    assert depth.platform.low < finance.weight * true < depth.platform.high
    assert sum(one.weight for one in depth.of("time")) == pytest.approx(1.0)


def test_units_that_had_it_before_the_records_are_no_part_of_a_depth(world: Proved) -> None:
    starts = {name: start.copy() for name, start in STARTS.items()}
    early = np.flatnonzero(starts["tool"] != NEVER)[:4]
    starts["tool"][early] = ALREADY
    found = measure_depth(proved(world.panels, starts, DECLARED), profile())
    finance = next(one for one in found.of("time") if one.layer == "finance")
    tool = next(pair for pair in finance.pairs if pair.intervention == "tool")
    assert np.flatnonzero(tool.early).tolist() == early.tolist()
    assert not (tool.early & tool.reached).any()
    assert finance.unmeasured_share > 0
    assert finance.most > finance.high


def test_layers_that_nothing_reaches_count_with_a_depth_of_zero(depth: Depth) -> None:
    lead = next(one for one in depth.of("time") if one.layer == "lead")
    assert (lead.depth, lead.low, lead.high, lead.known) == (0.0, 0.0, 0.0, "counted")
    assert lead.weight > 0


def test_null_effects_enter_like_all_others(depth: Depth) -> None:
    match = next(one for one in depth.of("time") if one.layer == "match")
    assert [one.intervention for one in match.pairs] == ["idle"]
    assert match.pairs[0].measured
    assert match.depth != 0.0


def test_more_work_at_treated_units_does_not_raise_a_depth(world: Proved, depth: Depth) -> None:
    """Ten times the objects in every treated cell, and nothing else: the same depth to the bit."""
    busy = OBJECTS.copy()
    for start in STARTS.values():
        busy[np.arange(PERIODS)[None, :] >= start[:, None]] *= 10
    more = proved(with_objects(world.panels, busy), STARTS, DECLARED)
    found = measure_depth(more, profile())
    assert found.platform is not None
    assert depth.platform is not None
    assert found.platform.depth == pytest.approx(depth.platform.depth, abs=1e-12)


def test_a_depth_is_the_same_for_the_same_seed(world: Proved, depth: Depth) -> None:
    again = measure_depth(world, profile())
    assert again.platform is not None
    assert depth.platform is not None
    assert (again.platform.draws == depth.platform.draws).all()
    other = measure_depth(world, profile(), seed=1)
    assert other.platform is not None
    assert other.platform.depth == depth.platform.depth
    assert (other.platform.draws != depth.platform.draws).any()


def test_a_layer_without_a_panel_has_no_weight_and_is_named(world: Proved) -> None:
    found = measure_depth(world, profile(*LAYERS, "quality"))
    assert found.platform is not None
    assert found.platform.layers_missing == ("quality",)
    assert found.missing["failures"] == "no_share_measured"
    assert found.missing["money"] == "no_value"


def test_an_intervention_that_was_not_asked_about_is_not_measured(world: Proved) -> None:
    """Not a depth of zero by count: nobody knows what it did."""
    kept = [at for at, one in enumerate(world.answers) if one.question.about.id != "tool"]
    less = replace(
        world,
        answers=tuple(world.answers[at] for at in kept),
        verdicts=tuple(world.verdicts[at] for at in kept),
    )
    lead = next(one for one in measure_depth(less, profile()).of("time") if one.layer == "lead")
    assert (lead.known, lead.missing) == ("N", "not_asked")
    assert lead.most > 0.3
