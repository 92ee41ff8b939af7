"""How revenue answers to spend: judged by other libraries, by theory and by known truths."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest
import pytest
from scipy.optimize import minimize

import thalweg
from thalweg.economy.frame import Floats, GrowthPanel, Response, delayed, saturated
from thalweg.economy.response import channels_table, curves, fit_response
from thalweg.economy.response.features import delay_of, features_of, shaped
from thalweg.economy.response.fit import CARRIES, LOGISTIC, begin, chosen, grid_of, rescore
from thalweg.economy.response.kernel import STEPS, score
from thalweg.economy.response.posterior import draw_shares
from thalweg.economy.response.simulated import SpendDrawn, SpendWorld, simulate_spend
from thalweg.economy.response.spread import Known, apart, known_of, together
from thalweg.errors import RequestError
from thalweg.industry.world.life import live
from thalweg.industry.world.spec import WorldSpec
from thalweg.surfaces.texts import LANGUAGES, load, places

SMALL = SpendWorld(units=12, months=18, paused=0.1)
PAUSED = SpendWorld(units=30, paused=0.12, subsidy=0.1)
NONE = np.zeros((1, 1))


@pytest.fixture(scope="module")
def drawn() -> SpendDrawn:
    return simulate_spend(PAUSED, 3)


@pytest.fixture(scope="module")
def response(drawn: SpendDrawn) -> Response:
    return fit_response(drawn.panel, draws=60, seed=1)


def lost(response: Response, one: SpendDrawn, month: int) -> Floats:
    """(D,) share of a month's revenue missing when spend and subsidy end at ``off``."""
    panel, off = one.panel, one.off
    spend, subsidy = panel.spend.copy(), panel.subsidy.copy()
    spend[:, :, off:], subsidy[:, off:] = 0.0, 0.0
    out = []
    for draw in range(response.draws):
        now = response.level(draw, panel.spend, panel.subsidy, panel.dose)[:, month]
        then = response.level(draw, spend, subsidy, panel.dose)[:, month]
        out.append(1 - (panel.revenue[:, month] * then / now).sum() / panel.revenue[:, month].sum())
    return np.array(out)


def frame_of(revenue: Floats, columns: Floats) -> pd.DataFrame:
    units, months = revenue.shape
    unit, month = (place.ravel() for place in np.indices((units, months)))
    named = {f"x{p}": one.ravel() for p, one in enumerate(columns)}
    return pd.DataFrame({"y": revenue.ravel(), "unit": unit, "month": month, **named})


def test_paid_revenue_that_multiplies_is_the_poisson_regression_of_another_library() -> None:
    one = simulate_spend(SMALL, 1)
    feats = features_of(one.panel)
    grid = grid_of(feats, np.zeros_like(one.panel.spend), np.zeros(2, np.bool_), ((1.2, 1.0),))
    fit = begin(grid, False, 0)
    rescore(grid, np.ones(12), fit, STEPS)
    columns = np.concatenate((grid.other, chosen(grid.tables, fit.places)))
    formula = "y ~ " + " + ".join(f"x{p}" for p in range(len(columns))) + " | unit + month"
    other = pyfixest.fepois(formula, frame_of(one.panel.revenue, columns), vcov={"CRV1": "unit"})
    ours = np.concatenate((fit.slopes, fit.beta))
    assert ours == pytest.approx(other.coef().to_numpy(), abs=1e-5)
    known = known_of(grid, fit)
    ratio = np.sqrt(np.diag(known.covariance)) / known.shares * fit.beta
    assert np.all(ratio > 0.9 * other.se().to_numpy()[-2:])
    assert np.all(ratio < 1.6 * other.se().to_numpy()[-2:])


def test_paid_revenue_that_adds_is_as_likely_as_can_be() -> None:
    rng = np.random.default_rng(4)
    shape = (5, 6)
    h, z = rng.uniform(0.2, 1, (1, *shape)), (rng.uniform(size=(1, *shape)) < 0.4) * 1.0
    mean = np.exp(0.2 * rng.standard_normal(shape[1])[None] + 0.3 * z[0]) + 0.8 * h[0]
    revenue = rng.poisson(30 * mean).astype(np.float64)

    def deviance(free: Floats) -> float:
        months = np.concatenate(([0.0], free[:5]))
        level = np.exp(months[None] + free[5] * z[0]) + free[6] * h[0]
        if (level <= 0).any():
            return 1e12
        level = level * (revenue.sum(axis=1) / level.sum(axis=1))[:, None]
        logs = np.where(revenue > 0, revenue * np.log(np.maximum(revenue, 1) / level), 0.0)
        return float(2 * logs.sum())

    found = minimize(
        deviance,
        np.full(7, 0.1),
        method="Nelder-Mead",
        options={
            "maxiter": 40_000,
            "maxfev": 40_000,
            "xatol": 1e-9,
            "fatol": 1e-10,
            "adaptive": True,
        },
    )
    months, slopes, beta = np.zeros(6), np.zeros(1), np.zeros(1)
    ours = score(revenue, np.ones(shape), np.ones(5), z, h, True, months, slopes, beta, 0, STEPS)
    assert ours == pytest.approx(found.fun, abs=1e-5)
    assert beta[0] == pytest.approx(found.x[6], abs=2e-3)


def test_an_instrument_foretells_spend_as_two_stage_least_squares_does() -> None:
    one = simulate_spend(SMALL, 2)
    feats, panel = features_of(one.panel), one.panel
    rng = np.random.default_rng(5)
    lever = rng.uniform(size=panel.spend.shape) * feats.size[None, :, None]
    grid = grid_of(feats, lever, np.array([True, False]), ((1.2, 1.0),))
    place = 3
    answer = shaped(feats.relative[0], CARRIES[place], 1.2, feats.late)
    z = shaped(lever[0] / feats.size[:, None] / feats.scale[0], CARRIES[place], 1.2, feats.late)
    unit, month = (at.ravel() for at in np.indices(answer.shape))
    dummies = np.column_stack((np.eye(12)[unit], np.eye(18)[month]))
    x = np.column_stack((z.ravel(), *(dose.ravel() for dose in grid.other), dummies))
    told = x @ np.linalg.lstsq(x, answer.ravel(), rcond=None)[0]
    assert grid.tables[0, place].ravel() == pytest.approx(told, abs=1e-8)
    assert np.array_equal(grid.tables[1], grid.plain[1])


def test_shares_are_drawn_from_the_law_that_data_and_prior_make() -> None:
    rng = np.random.default_rng(6)
    mean, error, prior = 0.05, 0.1, 0.2
    drawn = [
        draw_shares(np.array([mean]), np.array([[error**2]]), np.array([prior]), 1e9, rng)[0]
        for _ in range(4_000)
    ]
    at = np.linspace(0, 0.97, 20_001)
    density = np.exp(-0.5 * ((at - mean) / error) ** 2 - at / prior)
    first = (at * density).sum() / density.sum()
    spread = np.sqrt(((at - first) ** 2 * density).sum() / density.sum())
    assert np.mean(drawn) == pytest.approx(first, abs=4 * spread / np.sqrt(4_000))
    assert np.std(drawn) == pytest.approx(spread, rel=0.06)
    nothing = draw_shares(np.zeros(1), np.array([[1.0]]), np.zeros(1), 10, rng)
    assert nothing[0] == 0.0


def test_what_was_spent_decays_and_what_is_brought_comes_late() -> None:
    spend = np.array([[8.0, 0.0, 0.0, 0.0]])
    stock = np.array([4.0, 2.0, 1.0, 0.5])
    assert shaped(spend, 0.5, 2.0, 0.0)[0] == pytest.approx(stock / (stock + 2))
    assert shaped(spend, 0.5, float("nan"), 0.0)[0] == pytest.approx(np.log1p(stock))
    assert delayed(np.array([1.0, 3.0, 5.0]), 0.25) == pytest.approx([1.0, 2.5, 4.5])


def test_the_delay_of_revenue_is_found_from_the_orders_that_bring_it() -> None:
    rng = np.random.default_rng(7)
    volume = np.exp(0.4 * rng.standard_normal((20, 30)))
    revenue = 0.02 * delayed(volume, 0.3)
    assert delay_of(revenue, volume) == pytest.approx(0.3, abs=0.01)


def test_pauses_by_lot_make_it_experimental_and_the_truth_is_held(
    drawn: SpendDrawn, response: Response
) -> None:
    assert response.label == "experimental"
    assert response.known == ("experimental", "experimental")
    assert response.subsidy_known == "model_only"
    held = 0
    for seed in range(6):
        one = simulate_spend(replace(PAUSED, follows="this" if seed % 2 else "nothing"), 20 + seed)
        low, high = np.quantile(
            lost(fit_response(one.panel, draws=60), one, one.off + 11), (0.025, 0.975)
        )
        held += low <= one.lost[one.off + 11] <= high
    assert held >= 5


@pytest.mark.parametrize(
    ("world", "label", "reason"),
    [
        (SpendWorld(follows="last"), "bounds", "follows_demand"),
        (SpendWorld(flat=True), "bounds", "no_variation"),
        (SpendWorld(), "model_only", "no_pauses"),
        (SpendWorld(paused=0.002), "model_only", "pauses_too_few"),
        (SpendWorld(together=1.0), "model_only", "channels_together"),
        (SpendWorld(units=1, months=24, paused=0.2), "bounds", "few_units"),
        (SpendWorld(units=20, months=10, paused=0.2), "bounds", "few_months"),
        (SpendWorld(bought=(0.2,), paused=0.1, cost=0.001), "model_only", "prior_decides"),
        (SpendWorld(bought=(0.0, 0.0)), "counted", "no_spend"),
    ],
)
def test_how_spend_moved_decides_what_is_claimed(
    world: SpendWorld, label: str, reason: str
) -> None:
    found = fit_response(simulate_spend(world, 14).panel, draws=20)
    assert (found.label, reason in found.reasons) == (label, True), found.reasons
    assert (found.bounds is not None) == (label == "bounds")
    if found.bounds is not None:
        assert 0 <= found.bounds[0] < found.bounds[1] <= 0.97


def test_channels_that_go_together_are_told_in_sum() -> None:
    found = fit_response(simulate_spend(SpendWorld(together=1.0), 14).panel, draws=20)
    assert found.known == ("bounds", "bounds")
    assert found.checks["channel:search_ads"]["partner"] == "field_sales"


def test_without_revenue_nothing_is_said_and_bad_panels_are_refused(drawn: SpendDrawn) -> None:
    panel = drawn.panel
    found = fit_response(replace(panel, revenue=np.zeros_like(panel.revenue)), draws=5)
    assert (found.label, found.draws, found.reasons) == ("not_identified", 0, ("no_revenue",))
    with pytest.raises(RequestError, match="negative"):
        fit_response(replace(panel, subsidy=panel.subsidy - 1e9))
    with pytest.raises(RequestError, match="its units and months make"):
        fit_response(replace(panel, dose=panel.dose[:, :, 1:]))
    with pytest.raises(RequestError, match="at least one"):
        fit_response(panel, draws=0)


def test_months_without_rows_and_months_without_revenue_are_borne(drawn: SpendDrawn) -> None:
    revenue = drawn.panel.revenue.copy()
    revenue[:4, :10] = np.nan
    revenue[4:8, 3] = 0.0
    found = fit_response(replace(drawn.panel, revenue=revenue), draws=60)
    assert found.label == "experimental"
    level = found.level(0, drawn.panel.spend, drawn.panel.subsidy, drawn.panel.dose)
    assert np.isfinite(level).all() and (level > 0).all()


def test_the_value_of_orders_tells_what_subsidy_brings(drawn: SpendDrawn) -> None:
    blind = fit_response(replace(drawn.panel, volume=None), draws=30)
    assert blind.subsidy_known == "bounds"
    assert "subsidy_rate_unknown" in blind.reasons
    known = fit_response(drawn.panel, draws=30)
    assert known.checks["subsidy"]["share"] == pytest.approx(PAUSED.subsidy, abs=0.1)


def test_seeds_decide_and_threads_do_not(drawn: SpendDrawn) -> None:
    one, two = (fit_response(drawn.panel, draws=12, seed=4, threads=n) for n in (1, 3))
    other = fit_response(drawn.panel, draws=12, seed=5, threads=1)
    assert np.array_equal(one.beta, two.beta) and np.array_equal(one.tau, two.tau)
    assert not np.array_equal(one.beta, other.beta)


def test_another_currency_changes_no_ratio(drawn: SpendDrawn, response: Response) -> None:
    panel, by = drawn.panel, 7.0
    assert panel.volume is not None
    money = {n: getattr(panel, n) * by for n in ("revenue", "new", "spend", "subsidy", "volume")}
    there = replace(drawn, panel=replace(panel, **money))
    found = fit_response(there.panel, draws=60, seed=1)
    month = drawn.off + 11
    assert lost(found, there, month) == pytest.approx(lost(response, drawn, month), abs=1e-6)


def test_longer_paths_go_on_from_the_last_year(drawn: SpendDrawn, response: Response) -> None:
    panel = drawn.panel
    longer = [
        np.concatenate((t, t[..., -3:]), axis=-1) for t in (panel.spend, panel.subsidy, panel.dose)
    ]
    level = response.level(0, *longer)
    assert level.shape == (30, 39)
    assert level[:, :36] == pytest.approx(response.level(0, panel.spend, panel.subsidy, panel.dose))


def test_tables_say_what_a_channel_brings(drawn: SpendDrawn, response: Response) -> None:
    table = channels_table(response, drawn.panel)
    assert table["channel"].to_list() == list(drawn.panel.channels)
    for row in table.iter_rows(named=True):
        assert row["low"] <= row["lift_share"] <= row["high"]
        spend, whole = row["spend"], np.nansum(drawn.panel.revenue)
        assert row["revenue_per_spend"] == pytest.approx(row["lift_share"] * whole / spend)
        assert 0 < row["marginal_revenue_per_spend"] < row["revenue_per_spend"]
    curve = curves(response, drawn.panel)
    for _, part in curve.group_by("channel", maintain_order=True):
        assert part["lift"][0] == 0.0
        assert np.all(np.diff(part["lift"].to_numpy()) > 0)
        assert np.all(np.diff(part["lift"].to_numpy(), 2) < 1e-9)


def test_worlds_pause_by_lot_and_budgets_follow_demand_where_they_are_told_to() -> None:
    plain = WorldSpec(archetype="traffic_war", firms=16, months=18, orders_per_firm_month=5)
    traffic = live(plain).traffic
    assert 0.03 < traffic.paused[:2].mean() < 0.1
    assert (traffic.spend_cny[traffic.paused] == 0).all()
    assert (traffic.spend_cny[:2][~traffic.paused[:2]] > 0).all()
    never = live(replace(plain, pauses=0.0)).traffic
    assert not never.paused.any()
    same = ~traffic.paused
    assert np.array_equal(never.spend_cny[same], traffic.spend_cny[same])
    world = live(replace(plain, spend_follows=2.0, spend_follows_months=0))
    use = (world.traffic.spend_cny[0] > 0) & same[0]
    ratio = np.log(world.traffic.spend_cny[0][use] / traffic.spend_cny[0][use])
    first = world.clock.first_days
    daily = world.dials.most_demand[:, : first[-1]].astype(np.float64)
    demand = np.add.reduceat(daily, first[:-1], axis=1) / np.diff(first)
    demand = demand - demand.mean(axis=1, keepdims=True)
    demand = demand - demand.mean(axis=0, keepdims=True)
    assert np.polyfit(demand[use], ratio, 1)[0] == pytest.approx(2.0, abs=0.01)


ROOM = Path(thalweg.__file__).parent / "economy" / "response"


def codes() -> set[str]:
    """Reasons wherever one is given in the program."""
    text = "".join(path.read_text(encoding="utf-8") for path in ROOM.glob("*.py"))
    found = set(re.findall(r'because\(\s*"(\w+)"', text))
    for node in ast.walk(ast.parse((ROOM / "gate.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "because":
            found |= {str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant)}
    return found | {"no_revenue", "few_months"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_label_and_finding_has_words(language: str, response: Response) -> None:
    say = load(language)
    assert len(codes()) > 10
    assert codes() == set(say.under("response.reasons")) == set(say.under("response.remedies"))
    labels = ("counted", "experimental", "event_based", "model_only", "bounds", "not_identified")
    assert set(say.under("response.label")) == set(labels)
    for name, check in response.checks.items():
        room = name.split(":")[0]
        assert say.has(f"response.names.{room}")
        text = say.entries[f"response.findings.{room}.{check['finding']}"]
        assert places(text) <= check.keys()
        assert text.format(**check)
    told = {key.split(".")[0] for key in say.under("response.findings")}
    assert told == set(say.under("response.names"))


def test_noise_that_shapes_do_not_share_is_counted_once() -> None:
    """Estimates of shapes err by a part in common and parts of their own; the truth is the same."""
    rng = np.random.default_rng(31)
    units, shapes, runs = 60, 40, 300
    inside, spreads, middles = 0, [], []
    for _ in range(runs):
        noise = rng.standard_normal((units, 1)) + rng.standard_normal((units, shapes))
        pulls = 0.1 * noise / units**0.5
        known = [
            Known(
                np.array([0.3 + one.sum()]), np.array([[one @ one]]), one[:, None], NONE, 1.0, 1.0
            )
            for one in pulls.T
        ]
        error = np.sqrt(together(known)[0, 0] + apart(known).var())
        middle = apart(known).mean()
        inside += abs(middle - 0.3) < 1.96 * error
        spreads.append(error)
        middles.append(middle)
    assert np.mean(spreads) == pytest.approx(np.std(middles), rel=0.15)
    assert 0.91 < inside / runs < 0.98


def test_shapes_that_differ_beyond_chance_stay_apart() -> None:
    pulls = np.full((50, 1), 1e-6)
    known = [
        Known(np.array([share]), pulls.T @ pulls, pulls, NONE, 1.0, 1.0)
        for share in (0.1, 0.2, 0.6)
    ]
    assert apart(known)[:, 0] == pytest.approx([0.1, 0.2, 0.6], abs=1e-6)


def test_the_logistic_curve_is_half_full_at_half_and_that_of_the_exponentials() -> None:
    stock, half = np.linspace(0, 5, 40), 0.9
    rate = np.log(3) / half
    written = (1 - np.exp(-rate * stock)) / (1 + np.exp(-rate * stock))
    assert saturated(stock, half, LOGISTIC) == pytest.approx(written, abs=1e-12)
    assert saturated(np.array([half]), half, LOGISTIC) == pytest.approx([0.5])
    assert saturated(np.array([half]), half, 1.5) == pytest.approx([0.5])


def test_subsidy_paused_by_lot_is_told_though_its_rate_follows_demand() -> None:
    world = replace(PAUSED, subsidy=0.12, subsidy_paused=0.1, subsidy_follows=True)
    held, by_lot, blind = 0, [], []
    for seed in range(6):
        one = simulate_spend(world, 500 + seed)
        for panel, errors in (
            (one.panel, by_lot),
            (replace(one.panel, subsidy_paused=None), blind),
        ):
            found = fit_response(panel, draws=60, seed=seed)
            brings = without_subsidy(found, panel)
            errors.append(brings.mean() - one.by_subsidy)
            if errors is by_lot:
                assert found.subsidy_known == "experimental"
                assert found.checks["subsidy"]["finding"] == "by_lot"
                low, high = np.quantile(brings, (0.025, 0.975))
                held += bool(low <= one.by_subsidy <= high)
            else:
                assert found.subsidy_known == "model_only"
    assert held >= 5
    assert np.mean(blind) > 0.04 > 2 * abs(np.mean(by_lot))


def without_subsidy(response: Response, panel: GrowthPanel) -> Floats:
    """(D,) share of all revenue that is missing without subsidy."""
    out = []
    for draw in range(response.draws):
        now = response.level(draw, panel.spend, panel.subsidy, panel.dose)
        then = response.level(draw, panel.spend, 0 * panel.subsidy, panel.dose)
        out.append((panel.revenue * (1 - then / now)).sum() / panel.revenue.sum())
    return np.array(out)


def test_pauses_of_subsidy_stand_in_for_orders_that_are_not_recorded() -> None:
    world = replace(PAUSED, subsidy=0.12, subsidy_paused=0.1)
    one = simulate_spend(world, 77)
    found = fit_response(replace(one.panel, volume=None), draws=60)
    assert found.subsidy_known == "experimental"
    assert "subsidy_rate_unknown" not in found.reasons
    few = np.zeros_like(one.panel.paused[0])
    few[0, 5:9] = True
    weak = replace(one.panel, volume=None, subsidy_paused=few)
    assert fit_response(weak, draws=10).subsidy_known == "bounds"


def test_stops_count_by_the_reason_that_the_records_give() -> None:
    panel = simulate_spend(SpendWorld(units=30, spend_noise=0.4), 14).panel
    stopped = np.random.default_rng(3).uniform(size=panel.spend.shape) < 0.1
    quiet = replace(panel, spend=panel.spend * ~stopped)
    none = np.zeros_like(stopped)
    plain = fit_response(quiet, draws=10)
    assert plain.label == "event_based" and "stops_unexplained" in plain.reasons
    given = replace(quiet, stopped_by_event=stopped, stopped_by_demand=none)
    told = fit_response(given, draws=10)
    assert told.label == "event_based" and "stops_unexplained" not in told.reasons
    wanting = replace(quiet, stopped_by_event=none, stopped_by_demand=stopped)
    assert fit_response(wanting, draws=10).label == "model_only"
