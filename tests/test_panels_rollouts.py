"""Which periods an intervention treats, which it touches, and what else held meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panel_tools import DAY, Plain, book_of, profile_of
from thalweg.change.answers.answer import inflation
from thalweg.change.frame import ALREADY, NEVER, Floats, Rollout
from thalweg.change.panels.apart import MOST_INFLATION, taken_out
from thalweg.change.panels.grid import TOUCHED, Grid, lay_grid, straddling
from thalweg.change.panels.panel import Panels, build_panels
from thalweg.change.panels.rollouts import concurrent, design_for, doubtful, rollouts
from thalweg.errors import RequestError

FIRMS = ("F1", "F2", "F3", "F4")
ZONE = "Asia/Shanghai"


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(ZONE)).timestamp())


@pytest.fixture(scope="module")
def panels() -> Panels:
    """A year of four firms with three orders a month that take two days."""
    objects = []
    for month in range(1, 13):
        for day in ("01", "10", "20"):
            for firm in FIRMS:
                begun = at(f"2024-{month:02d}-{day}")
                objects.append(Plain(firm, [("A", begun), ("E", begun + 2 * DAY)]))
    objects[-1].events[-1] = ("E", at("2024-12-31"))
    profile = profile_of({"make": ("E",)}, {"flow": "20 d", "make": "5 d"})
    return build_panels(
        book_of(objects, ZONE),  # type: ignore[arg-type]
        profile=profile,
        unit="firm",
        ends=["E"],
        outcomes=["flow", "layer", "count"],
        fewest_objects=1,
    )


def table(*rows: tuple[str, str, str, str | None]) -> pl.DataFrame:
    """Rows of intervention, unit, first and last day."""
    parsed = [(i, u, *(d and date.fromisoformat(d) for d in days)) for i, u, *days in rows]
    names = {"id": pl.String, "unit": pl.String, "from": pl.Date, "to": pl.Date}
    return pl.DataFrame(parsed, schema=names, orient="row")


def test_the_first_full_period_follows_an_adoption_inside_one(panels: Panels) -> None:
    found = rollouts(
        table(
            ("i", "F1", "2024-03-01", None),
            ("i", "F2", "2024-03-02", None),
            ("i", "F3", "2023-06-01", None),
        ),
        panels,
    )["i"]
    assert found.units == FIRMS
    assert found.start.tolist() == [2, 3, ALREADY, NEVER]
    assert found.stop.tolist() == [NEVER] * 4
    assert found.treated.tolist() == [True, True, False, False]


def test_adoption_too_late_for_a_full_period_is_never_but_its_cells_are_unknown(
    panels: Panels,
) -> None:
    late = rollouts(table(("i", "F1", "2024-12-10", None), ("i", "F2", "2025-03-01", None)), panels)
    assert late["i"].start.tolist() == [NEVER] * 4
    value = design_for(panels, "started_per_day", late["i"]).panel.value
    assert np.isnan(value).sum(axis=1).tolist() == [1, 0, 0, 0]
    assert np.isnan(value[0, 11])


def test_treatment_ends_with_its_last_day(panels: Panels) -> None:
    rows = table(("i", "F1", "2024-03-01", "2024-06-30"), ("i", "F2", "2024-03-01", "2024-06-29"))
    found = rollouts(rows, panels)["i"]
    assert found.stop.tolist() == [6, 5, NEVER, NEVER]
    assert design_for(panels, "started_per_day", found).rollout.stop.tolist()[:2] == [6, 5]
    assert design_for(panels, "flow_h", found).rollout.stop.tolist()[:2] == [5, 5]


def test_times_in_force_are_joined_where_no_gap_lies_between(panels: Panels) -> None:
    rows = table(
        ("i", "F1", "2024-02-01", "2024-03-31"),
        ("i", "F1", "2024-04-01", "2024-05-31"),
        ("i", "F2", "2024-02-01", "2024-03-31"),
        ("i", "F2", "2024-06-01", None),
    )
    assert rollouts(rows, panels)["i"].stop.tolist()[:2] == [5, 3]


def test_every_unit_a_parent_and_dice_are_understood(panels: Panels) -> None:
    parties = pl.DataFrame(
        {
            "id": [*FIRMS, "G"],
            "name": [*FIRMS, "Group"],
            "parent": ["G", "G", None, None, None],
            "eligible": [True, True, True, False, True],
        }
    )
    rows = table(("all", "*", "2024-05-01", None), ("all", "F2", "2024-07-01", None))
    rows = pl.concat([rows, table(("group", "Group", "2024-04-01", None))])
    rows = rows.with_columns(assignment=pl.Series(["randomised", "randomised", "planned"]))
    found = rollouts(rows, panels, parties=parties)
    assert found["all"].start.tolist() == [4, 6, 4, NEVER]
    assert found["all"].randomised
    assert found["group"].start.tolist() == [3, 3, NEVER, NEVER]
    assert not found["group"].randomised


def test_a_unit_whose_row_could_not_be_used_is_neither_treated_nor_a_control(
    panels: Panels,
) -> None:
    """F1 has a usable row as well; the row for everybody leaves no doubt of units with their own."""
    rows = table(("i", "F1", "2024-03-01", None), ("i", "F2", "2024-05-01", None))
    rows = pl.concat([rows, table(("all", "F3", "2024-05-01", None))])
    aside = pl.DataFrame(
        {
            "@row": [4, 5, 6, 7],
            "id": ["i", "i", "all", "never_read"],
            "unit": ["F1", "F4", "*", "F2"],
            "reason": ["cell_unreadable"] * 4,
        }
    )
    found = rollouts(rows, panels, set_aside=aside)
    assert found["i"].start.tolist() == [ALREADY, 4, NEVER, ALREADY]
    assert found["all"].start.tolist() == [ALREADY, ALREADY, 4, ALREADY]
    assert doubtful(rows, aside, panels) == {"all": ("F1", "F2", "F4"), "i": ("F1", "F4")}
    assert doubtful(rows, None, panels) == doubtful(rows, aside.clear(), panels) == {}
    usable = design_for(panels, "flow_h", found["i"])
    assert not (usable.untreated_cells() | usable.treated_cells())[[0, 3]].any()


def test_an_intervention_at_part_of_a_joined_unit_is_refused(panels: Panels) -> None:
    """Nobody in North is a control only because the table names firms."""
    parties = pl.DataFrame(
        {
            "id": ["f1", "f2", "f3"],
            "name": ["F1", "F2", "F3"],
            "parent": [None, None, None],
            "eligible": [True, True, True],
            "region": ["North", "North", "South"],
        },
        schema_overrides={"parent": pl.String},
    )
    begun = [at("2024-01-01") + k * 5 * DAY for k in range(72)]
    firms = ("F1", "F2", "F3")
    objects = [Plain(firms[k % 3], [("A", t), ("E", t + DAY)]) for k, t in enumerate(begun)]
    how = {"unit": "firm", "outcomes": ["count"], "ends": ["E"], "level": "region"}
    joined = build_panels(book_of(objects, ZONE), parties=parties, **how)  # type: ignore[arg-type]
    assert joined.units == ("North", "South")
    with pytest.raises(RequestError, match="'i' is at 'F2'"):
        rollouts(table(("i", "F2", "2024-05-01", None)), joined)
    weekly = build_panels(book_of(objects, ZONE), parties=parties, every="week", **how)  # type: ignore[arg-type]
    rows = table(("i", "North", "2024-05-01", None), ("i", "elsewhere", "2024-05-01", None))
    for built, start in ((joined, 4), (weekly, 18)):
        found = rollouts(rows, built)["i"].start.tolist()
        assert found == [start, NEVER]


def test_doses_stand_beside_their_units(panels: Panels) -> None:
    rows = table(("i", "F1", "2024-03-01", None), ("i", "F3", "2024-03-01", None))
    found = rollouts(rows.with_columns(intensity=pl.Series([0.5, 2.0])), panels)["i"]
    assert found.intensity is not None
    np.testing.assert_array_equal(found.intensity, [0.5, np.nan, 2.0, np.nan])


def test_interventions_without_a_day_are_refused(panels: Panels) -> None:
    with pytest.raises(RequestError, match="no column 'from'"):
        rollouts(table(("i", "F1", "2024-03-01", None)).drop("from"), panels)
    with pytest.raises(RequestError, match="thalweg ingest --interventions"):
        rollouts(book_of([Plain("a", [("A", 0)])]), panels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "outcome", "expected"),
    [
        ("2024-03-01", "started_per_day", 0),
        ("2024-03-15", "started_per_day", 1),
        ("2024-03-01", "layer_h:make", 1),
        ("2024-03-15", "layer_h:make", 1),
        ("2024-03-01", "flow_h", 1),
        ("2024-03-15", "flow_h", 2),
    ],
)
def test_periods_are_touched_as_far_as_orders_live_into_the_treatment(
    panels: Panels, day: str, outcome: str, expected: int
) -> None:
    """Of February's orders those of its last 20 days live into March; into mid-March, six days'."""
    found = rollouts(table(("i", "F1", day, None)), panels)["i"]
    assert design_for(panels, outcome, found).panel.straddle == expected


GRID = lay_grid(
    np.array([at("2024-01-01"), at("2025-12-31")]) * 10**9, at("2025-12-31") * 10**9, "month", ZONE
)


@settings(max_examples=40, deadline=None)
@given(st.integers(40, 600), st.integers(0, 86_399), st.integers(0, 80))
def test_untouched_periods_hold_hardly_any_treated_time(day: int, clock: int, within: int) -> None:
    """Against orders that begin every hour and are followed for the window."""
    instant = at("2024-01-01") + day * DAY + clock
    straddle = straddling(GRID, np.array([instant * 10**9]), float(within * DAY))
    start = int(np.searchsorted(GRID.edges, (instant - DAY) * 10**9, side="right"))
    for period in range(start):
        begun = np.arange(GRID.edges[period], GRID.edges[period + 1], 3600 * 10**9) / 1e9
        if within:
            treated = np.clip((begun + within * DAY - instant) / (within * DAY), 0, 1).mean()
        else:
            treated = (begun >= instant).mean()
        if period < start - straddle:
            assert treated <= TOUCHED + 1e-3
        elif period == start - straddle:
            assert treated >= TOUCHED - 1e-3


def rollout(name: str, days: list[int | None], grid: Grid) -> Rollout:
    """By hand: the months (counted from 0) on whose first days units adopt."""
    start = np.array([NEVER if d is None else d for d in days])
    never = np.full(len(days), np.iinfo(np.int64).max)
    adopted = np.where(start == NEVER, never, grid.edges[np.minimum(start, len(grid))])
    stop = np.full(len(days), NEVER)
    return Rollout(name, FIRMS, start, stop, adopted_ns=adopted, ended_ns=never)


def test_another_intervention_is_a_covariate_only_where_it_can_be_told_apart(
    panels: Panels,
) -> None:
    own = rollout("own", [4, 6, None, None], panels.grid)
    others = [
        rollout("everybody", [5, 5, 5, 5], panels.grid),
        rollout("together", [4, 6, None, None], panels.grid),
        rollout("apart", [2, None, 8, 5], panels.grid),
        rollout("apart_again", [2, None, 8, 5], panels.grid),
        rollout("nobody", [None, None, None, None], panels.grid),
    ]
    said = concurrent(panels, "started_per_day", own, others)
    assert [(one.intervention, one.standing) for one in said] == [
        ("everybody", "absorbed"),
        ("together", "inseparable"),
        ("apart", "covariate"),
        ("apart_again", "absorbed"),
        ("nobody", "absent"),
    ]
    assert said[1].share == 1.0
    assert said[1].left == pytest.approx(1.0)
    design = design_for(panels, "started_per_day", own, [own, *others])
    assert list(design.covariates) == ["apart"]
    assert list(design.inseparable) == ["together"]
    dummy = design.covariates["apart"]
    assert dummy[0].tolist() == [0.0] * 2 + [1.0] * 10
    assert dummy[1].sum() == 0


def test_a_covariate_is_the_part_of_the_period_in_which_it_held(panels: Panels) -> None:
    own = rollout("own", [4, None, None, None], panels.grid)
    rows = table(("half", "F2", "2024-06-16", "2024-08-31"), ("half", "F3", "2024-04-01", None))
    half = rollouts(rows, panels)["half"]
    dummy = design_for(panels, "started_per_day", own, [half]).covariates["half"]
    assert dummy[1].round(6).tolist() == [0, 0, 0, 0, 0, 0.5, 1, 1, 0, 0, 0, 0]


def test_a_rollout_of_other_units_is_refused(panels: Panels) -> None:
    other = replace(rollout("own", [4, None, None, None], panels.grid), units=tuple("abcd"))
    with pytest.raises(RequestError, match="other units"):
        design_for(panels, "flow_h", other)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_what_can_be_taken_out_is_that_of_least_squares_on_dummies(seed: int) -> None:
    """Rest, mean left in the treated cells, and the variance of the mean effect."""
    rng = np.random.default_rng(seed)
    units, periods = rng.integers(3, 8, 2)
    values: Floats = rng.normal(size=(2, units, periods))
    untreated = rng.random((units, periods)) < 0.7
    untreated[0], untreated[:, 0] = True, True
    treated = ~untreated & (rng.random((units, periods)) < 0.8)
    if not treated.any():
        return
    at, t = np.nonzero(untreated), np.nonzero(treated)
    dummies = np.hstack([np.eye(units)[at[0]], np.eye(periods)[at[1]]])
    wanted = np.hstack([np.eye(units)[t[0]], np.eye(periods)[t[1]]])
    rests, lefts, variance = taken_out(values, untreated, treated)
    for k in range(2):
        fit = np.linalg.lstsq(dummies, values[k][untreated], rcond=None)[0]
        expected = values[k][untreated] - dummies @ fit
        np.testing.assert_allclose(rests[k][untreated], expected, atol=1e-9)
        np.testing.assert_allclose(lefts[k], (values[k][treated] - wanted @ fit).mean(), atol=1e-9)
        assert not rests[k][~untreated].any()
    mean = wanted.mean(axis=0)
    law = 1 / len(wanted) + mean @ np.linalg.pinv(dummies.T @ dummies) @ mean
    assert variance == pytest.approx(law)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_no_other_intervention_that_is_taken_out_leaves_noise(panels: Panels, seed: int) -> None:
    """Against the weights of the estimator itself; the others begin near the treatment's dates."""
    rng = np.random.default_rng(seed)
    own = rollout("own", [4, 6, 7, None], panels.grid)
    shifts = rng.integers(-1, 2, (3, 4))
    others = [
        rollout(
            f"other {k}",
            [max(d + int(s), 1) for d, s in zip((4, 6, 7), shift, strict=False)]
            + [None if rng.random() < 0.5 else 11],
            panels.grid,
        )
        for k, shift in enumerate(shifts)
    ]
    design = design_for(panels, "started_per_day", own, others)
    assert inflation(design) <= MOST_INFLATION * (1 + 1e-9)
    said = concurrent(panels, "started_per_day", own, others)
    assert set(design.covariates) == {s.intervention for s in said if s.standing == "covariate"}
    assert all(abs(left) > 0.05 for left in design.inseparable.values())


def test_a_panel_that_knows_adoptions_counts_their_straddle(panels: Panels) -> None:
    begun = [at("2024-01-01") + k * 5 * DAY for k in range(72)]
    book = book_of([Plain("a", [("A", t), ("E", t + DAY)]) for t in begun], ZONE)
    how = {"unit": "firm", "outcomes": ["flow"], "ends": ["E"], "fewest_objects": 1}
    how["profile"] = profile_of({"make": ("E",)}, {"flow": "20 d"})
    plain = build_panels(book, **how)["flow_h"]  # type: ignore[arg-type]
    middle = datetime(2024, 3, 15, tzinfo=ZoneInfo(ZONE)) + timedelta(hours=1)
    aware = build_panels(book, adoption={"a": [middle]}, **how)["flow_h"]  # type: ignore[arg-type]
    assert (plain.straddle, aware.straddle) == (1, 2)
