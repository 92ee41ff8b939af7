"""Pauses are drawn evenly, what they will tell is foretold rightly, and the file comes back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_tools import line, month, profile_of, table
from thalweg.economy.accounts.panel import panel_from
from thalweg.economy.accounts.read import accounts_from
from thalweg.economy.frame import Floats, GrowthPanel
from thalweg.economy.pauses.assignment_file import pauses_frame, write_pauses
from thalweg.economy.pauses.drawing import draw_both, draw_pauses, lots_of
from thalweg.economy.pauses.plan import PausePlan, plan_pauses
from thalweg.economy.pauses.precision import (
    Noise,
    Question,
    demeaned,
    pull_of,
    standard_errors,
)
from thalweg.errors import RequestError

PASSED, PLANNED, CARRY, FALL, RHO, SD = 24, 6, 0.5, -0.3, 0.5, 0.1


def panel(units: int = 20, months: int = PASSED, seed: int = 1, channels: int = 2) -> GrowthPanel:
    """Log revenue by unit, month and a noise that persists; spend a fifth of revenue."""
    log = noisy(units, months, np.random.default_rng(seed))
    revenue = np.exp(log)
    spend = (
        np.stack([0.2 * revenue / channels] * channels)
        if channels
        else np.zeros((0, units, months))
    )
    days = tuple(month(at) for at in range(months))
    return GrowthPanel(
        currency="CNY",
        units=tuple(f"u{at:02}" for at in range(units)),
        months=days,
        channels=tuple(f"c{at}" for at in range(channels)),
        interventions=(),
        revenue=revenue,
        new=np.zeros_like(revenue),
        spend=spend,
        subsidy=np.zeros_like(revenue),
        dose=np.zeros((0, units, months)),
        paused=np.zeros(spend.shape, np.bool_),
    )


def noisy(units: int, months: int, rng: np.random.Generator) -> Floats:
    noise = np.zeros((units, months))
    noise[:, 0] = rng.normal(0, SD, units)
    for at in range(1, months):
        fresh = rng.normal(0, SD * np.sqrt(1 - RHO**2), units)
        noise[:, at] = RHO * noise[:, at - 1] + fresh
    return np.asarray(rng.normal(10, 0.6, (units, 1)) + rng.normal(0, 0.2, (1, months)) + noise)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(4, 60),
    st.integers(3, 24),
    st.floats(0.02, 0.5),
    st.integers(1, 3),
    st.integers(0, 10**6),
)
def test_every_stratum_has_its_share_and_nobody_pauses_too_long(
    units: int, months: int, share: float, most: int, seed: int
) -> None:
    lots = lots_of(np.linspace(1, 9, units), most)
    paused = draw_pauses(lots, share, months, np.random.default_rng(seed))
    longest = max(
        (len(run) for row in paused for run in "".join("x" if p else " " for p in row).split()),
        default=0,
    )
    assert longest <= most
    for stratum in range(lots.strata):
        mine = paused[lots.stratum == stratum]
        assert len(mine) >= 4
        drawn, due = mine.sum(), share * len(mine) * months
        assert drawn < due + 1
        if most * (1 - share) > 1:
            assert drawn > due - 1 - share * months


def test_all_units_of_a_stratum_and_all_months_are_alike() -> None:
    lots = lots_of(np.ones(8), 2)
    rng = np.random.default_rng(5)
    tally = sum(draw_pauses(lots, 0.25, 6, rng).astype(int) for _ in range(3_000))
    expected = 3_000 * 0.25
    assert np.abs(np.asarray(tally) - expected).max() < 4.5 * np.sqrt(expected * 0.75)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    plans = [plan_pauses(panel(), seed=seed).assignment for seed in (3, 3, 4)]
    assert plans[0].equals(plans[1]) and not plans[0].equals(plans[2])


def test_larger_units_stand_in_the_first_stratum_and_pauses_begin_after_the_records() -> None:
    plan = plan_pauses(panel(), share=0.2, months=6)
    assert (plan.first_month, plan.last_month) == (month(24), month(29))
    means = plan.strata["revenue_month"].to_list()
    assert means == sorted(means, reverse=True)
    assert plan.strata["units"].sum() == 20
    assert plan.strata["pauses"].sum() == len(plan.assignment)
    assert set(plan.assignment["channel"]) == {"*"}
    one = plan_pauses(panel(), channels=["c1"])
    assert set(one.assignment["channel"]) == {"c1"}
    assert one.cost["spend_saved"] == pytest.approx(
        (plan_pauses(panel()).cost["spend_saved"] or 0) / 2
    )


def test_the_cost_is_that_of_the_cells_paused() -> None:
    given_panel = panel()
    plan = plan_pauses(given_panel, share=0.2)
    times = Counter(plan.assignment["party"].to_list())
    mean = given_panel.revenue[:, -12:].mean(axis=1)
    worth = sum(mean[at] * times[name] for at, name in enumerate(given_panel.units))
    assert plan.cost["revenue_paused"] == pytest.approx(worth)
    last_year = 0.2 * worth
    assert plan.cost["spend_saved"] == pytest.approx(last_year)
    assert plan.cost["revenue_forgone"] is None


def estimates(units: int, share: float, times: int) -> tuple[Floats, Floats]:
    """What the pauses tell in worlds to come, and what was foretold, each from a world of its own."""
    rng = np.random.default_rng(11)
    found, foretold, still = [], [], panel(units)
    for world in range(times):
        log = noisy(units, PASSED + PLANNED, rng)
        past = replace(still, revenue=np.exp(log[:, :PASSED]))
        lots = lots_of(np.exp(log[:, :PASSED]).mean(axis=1), 2)
        paused = draw_pauses(lots, share, PLANNED, np.random.default_rng(world))
        pull = pull_of(paused, PASSED, CARRY)
        x, y = demeaned(pull), demeaned(log + FALL * pull)
        found.append((x * y).sum() / (x**2).sum())
        if world < 20:
            asked = [Question("traffic", CARRY)]
            foretold += standard_errors(Noise.of(past), lots, share, PLANNED, asked, 0)
    return np.array(found), np.array(foretold, dtype=float)


def test_the_precision_foretold_is_the_one_that_comes_out() -> None:
    found, foretold = estimates(24, 0.1, 600)
    assert found.mean() == pytest.approx(FALL, abs=3 * found.std() / np.sqrt(len(found)))
    assert foretold.mean() == pytest.approx(found.std(), rel=0.15)
    half = 2.07 * foretold.mean()
    assert 0.90 <= np.mean(np.abs(found - FALL) <= half) <= 0.99


def test_the_precision_of_both_is_foretold_rightly_when_both_pause() -> None:
    """Judged by ordinary least squares on both pulls at once, in worlds where both act."""
    rng = np.random.default_rng(12)
    still, share, fall = panel(24), 0.15, np.array([FALL, -0.1])
    asked = [Question("traffic", CARRY), Question("subsidy", 0.0)]
    found, foretold = [], []
    for world in range(400):
        log = noisy(24, PASSED + PLANNED, rng)
        lots = lots_of(np.exp(log[:, :PASSED]).mean(axis=1), 2)
        draws = np.random.default_rng(world)
        drawn = draw_both(lots, share, PLANNED, draws, traffic=True, subsidy=True)
        pulls = [pull_of(drawn.traffic, PASSED, CARRY), pull_of(drawn.subsidy, PASSED, 0.0)]
        moved = log + sum(f * pull for f, pull in zip(fall, pulls, strict=True))
        x = np.stack([demeaned(pull).ravel() for pull in pulls], axis=1)
        found.append(np.linalg.lstsq(x, demeaned(moved).ravel(), rcond=None)[0])
        if world < 20:
            past = Noise.of(replace(still, revenue=np.exp(log[:, :PASSED])))
            foretold.append(standard_errors(past, lots, share, PLANNED, asked, 0))
    table, ahead = np.array(found), np.array(foretold, dtype=float).mean(axis=0)
    spread = table.std(axis=0)
    np.testing.assert_array_less(np.abs(table.mean(axis=0) - fall), 3 * spread / np.sqrt(400))
    np.testing.assert_allclose(ahead, spread, rtol=0.15)


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 60), st.integers(3, 24), st.floats(0.02, 0.5), st.integers(0, 10**6))
def test_pauses_of_subsidy_cross_those_of_paid_traffic(
    units: int, months: int, share: float, seed: int
) -> None:
    """Of the cells of a stratum with a pause, and of those without, no more than the share and one."""
    lots = lots_of(np.linspace(1, 9, units), 2)
    rng = np.random.default_rng(seed)
    drawn = draw_both(lots, share, months, rng, traffic=True, subsidy=True)
    for stratum in range(lots.strata):
        mine = lots.stratum == stratum
        for cells in (drawn.traffic[mine], ~drawn.traffic[mine]):
            assert (drawn.subsidy[mine] & cells).sum() < share * cells.sum() + 1


def test_lots_are_the_same_with_subsidy_and_without() -> None:
    alone, both = (plan_pauses(rich(), seed=3, subsidy=asked).assignment for asked in (False, True))
    assert both.filter(pl.col("channel") == "*").equals(alone)
    assert both.filter(pl.col("channel") == "subsidy").height > 5


def rich(share: float = 0.1) -> GrowthPanel:
    """A panel with a subsidy of so much of revenue."""
    plain = panel()
    return replace(plain, subsidy=share * plain.revenue)


def test_subsidy_pauses_where_there_is_much_of_it_or_where_that_is_asked() -> None:
    assert "subsidy" in set(plan_pauses(rich(0.05)).assignment["channel"])
    assert set(plan_pauses(rich(0.02)).assignment["channel"]) == {"*"}
    asked = plan_pauses(rich(0.02), subsidy=True)
    assert set(asked.assignment["channel"]) == {"*", "subsidy"}
    assert "subsidy_not_paused" in plan_pauses(rich(0.05), subsidy=False).warnings
    with pytest.raises(RequestError, match="no subsidy to pause"):
        plan_pauses(panel(), subsidy=True)
    named = replace(rich(), channels=("c0", "subsidy"))
    with pytest.raises(RequestError, match="A paid channel is called 'subsidy'"):
        plan_pauses(named, subsidy=True)
    assert set(plan_pauses(named).assignment["channel"]) == {"*"}


def test_without_paid_traffic_subsidy_pauses_alone() -> None:
    plain = panel(channels=0)
    plan = plan_pauses(replace(plain, subsidy=0.1 * plain.revenue))
    assert set(plan.assignment["channel"]) == {"subsidy"}
    assert set(plan.precision["paused"]) == {"subsidy"} and plan.cost["spend_saved"] == 0
    assert plan.strata["pauses"].sum() == 0 < plan.strata["subsidy_pauses"].sum()


def test_what_pauses_of_subsidy_save_is_the_subsidy_of_the_cells() -> None:
    given_panel = rich(0.1)
    plan = plan_pauses(given_panel, share=0.2)
    mean = given_panel.revenue[:, -12:].mean(axis=1)
    place = {name: at for at, name in enumerate(given_panel.units)}
    paused = plan.assignment.filter(pl.col("channel") == "subsidy")
    worth = sum(mean[place[name]] for name in paused["party"])
    assert plan.cost["subsidy_saved"] == pytest.approx(0.1 * worth)
    cells = plan.assignment.select("party", "month").unique()
    assert plan.cost["revenue_paused"] == pytest.approx(
        sum(mean[place[name]] for name in cells["party"])
    )


def test_more_pauses_and_more_months_tell_more() -> None:
    plan = plan_pauses(panel(40))
    error = {
        (r["share"], r["months"], r["carry"]): r["error_log"] for r in plan.precision.to_dicts()
    }
    assert error[0.05, 6, 0.5] > error[0.1, 6, 0.5] > error[0.2, 6, 0.5] > error[0.2, 12, 0.5]
    assert plan.chosen["carry"] == 0.7
    assert "wide" not in plan_pauses(panel(40), share=0.3, months=18).warnings


def test_what_cannot_be_planned_is_refused_with_the_cure() -> None:
    with pytest.raises(RequestError, match="There is no paid traffic to pause"):
        plan_pauses(panel(channels=0))
    with pytest.raises(RequestError, match="3 units are too few"):
        plan_pauses(panel(3))
    with pytest.raises(RequestError, match=r"share is 0.7. A plan needs share from 0.01 to 0.5"):
        plan_pauses(panel(), share=0.7)
    with pytest.raises(RequestError, match="no paid channel 'c9'"):
        plan_pauses(panel(), channels=["c9"])
    with pytest.raises(RequestError, match="first day of a month"):
        plan_pauses(panel(), first=date(2025, 1, 2))


def test_too_short_a_history_leaves_the_precision_open() -> None:
    plan = plan_pauses(panel(months=7))
    assert plan.precision.filter("chosen")["error_log"].is_null().all()
    assert "precision_unknown" in plan.warnings


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_the_file_is_read_back_as_pauses_drawn_by_lot(suffix: str, tmp_path: Path) -> None:
    from thalweg import ingest
    from thalweg.records.store.book import open_book

    plan = plan_pauses(panel(8), share=0.2)
    file = write_pauses(plan, tmp_path / f"pauses{suffix}")
    ledger = tmp_path / "ledger.csv"
    rows = [line("Sales", 5.0, at, party=f"u{n:02}") for n in range(8) for at in range(30)]
    rows += [line("Ads", -1.0, at, party=f"u{n:02}") for n in range(8) for at in range(24)]
    table(rows).select("party", "month", "account", "amount").write_csv(ledger)
    ingest((), tmp_path / "book", ledger=ledger, pauses=file)
    book = open_book(tmp_path / "book")
    stored = book.companion("pauses")
    assert stored is not None
    wanted = ["party", "month", "channel", "assignment"]
    assert stored.select(wanted).sort(wanted).equals(plan.assignment.select(wanted).sort(wanted))


def test_pauses_on_record_go_into_the_next_file() -> None:
    given_panel = panel(8)
    given_panel.paused[1, 3, 20] = True
    lots = np.zeros(given_panel.subsidy.shape, np.bool_)
    lots[2, 21] = True
    file = pauses_frame(plan_pauses(replace(given_panel, subsidy_paused=lots)))
    first, second = file.row(0, named=True), file.row(1, named=True)
    assert (second["party"], second["month"], second["channel"]) == ("u02", "2024-10", "subsidy")
    assert (first["party"], first["month"], first["channel"]) == ("u03", "2024-09", "c1")
    assert first["assignment"] == "randomised" and first["design"] is None
    assert file["design"].is_not_null().sum() == len(file) - 2


def test_pauses_reach_the_next_panel() -> None:
    plain = panel(8)
    plan = plan_pauses(replace(plain, subsidy=0.1 * plain.revenue), share=0.2)
    rows = [line("Sales", 5.0, at, party=f"u{n:02}") for n in range(8) for at in range(30)]
    rows += [line("Ads", -1.0, at, party=f"u{n:02}") for n in range(8) for at in range(30)]
    accounts = accounts_from({"ledger": table(rows), "pauses": plan.assignment}, profile_of())
    found = panel_from(accounts)
    assert found is not None
    assert found.subsidy_paused is not None and found.subsidy_paused.sum() > 5
    assert found.paused.sum() + found.subsidy_paused.sum() == len(plan.assignment)
    assert not found.paused[:, :, :24].any()


def test_a_plan_is_plain_json() -> None:
    import json

    plan: PausePlan = plan_pauses(panel())
    body = json.loads(json.dumps(plan.to_json()))
    assert body["schema"] == "thalweg.pauses/1"
    assert body["assignment"][0]["month"] == "2025-01-01"
    assert pl.DataFrame(body["precision"])["chosen"].sum() == 3
