"""The published answers of two public panels come out of our own panels and roll-outs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from effect_designs import castle, design, mpdta, of_frame
from thalweg.change.estimates import adapter
from thalweg.change.estimates.estimate import estimate, second_opinion
from thalweg.change.estimates.fitted import Comparisons
from thalweg.change.estimates.imputation import impute
from thalweg.change.estimates.path import event_study
from thalweg.change.frame import NEVER, Design


@pytest.fixture(scope="module")
def counties() -> pd.DataFrame:
    return mpdta()


@pytest.fixture(scope="module")
def employment(counties: pd.DataFrame) -> Design:
    return of_frame(counties, "countyreal", "year", "lemp", "first.treat")


@pytest.fixture(scope="module")
def homicide() -> Design:
    return of_frame(castle(), "sid", "year", "l_homicide", "effyear")


def test_employment_against_counties_never_treated(employment: Design) -> None:
    found = adapter.callaway_santanna(employment, control="never_treated")
    assert (round(found.att, 10), round(found.se or 0, 10)) == (-0.0399512752, 0.0120340128)
    late = [round(float(one), 4) for one in found.path[found.horizon >= 0]]
    assert late == [-0.0199, -0.0510, -0.1373, -0.1008]
    assert found.warnings == ()


def test_employment_against_counties_not_yet_treated(employment: Design) -> None:
    found = adapter.callaway_santanna(employment)
    assert (round(found.att, 8), round(found.se or 0, 8)) == (-0.03976363, 0.01205242)
    again = second_opinion(employment)
    assert (again.att, again.se, again.method) == (found.att, found.se, "callaway_santanna")


def test_employment_given_the_population(employment: Design, counties: pd.DataFrame) -> None:
    people = counties.groupby("countyreal")["lpop"].first().to_numpy()[:, None]
    found = adapter.callaway_santanna(
        employment, control="never_treated", given=people, method="reg"
    )
    assert round(found.att, 8) == -0.04196861


def test_castle_doctrine(homicide: Design) -> None:
    never = adapter.callaway_santanna(homicide, control="never_treated")
    later = adapter.callaway_santanna(homicide)
    assert (round(never.att, 4), round(never.se or 0, 4)) == (0.1104, 0.0387)
    assert round(later.att, 4) == 0.1094
    compared = adapter.bacon(homicide)
    assert isinstance(compared, Comparisons)
    assert round(compared.twfe, 4) == 0.0818
    assert compared.never + compared.later + compared.forbidden == pytest.approx(1.0)


def test_castle_doctrine_is_not_significant_once_dates_are_dealt_anew(homicide: Design) -> None:
    found = estimate(homicide)
    assert round(found.att, 5) == 0.07980
    assert found.reference == "randomisation"
    assert found.p is not None and found.p > 0.05


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_two_stage_of_pyfixest_gives_the_same_effect(counties: pd.DataFrame) -> None:
    """Without the cohort of 2004, whose single year before pyfixest cannot use."""
    pyfixest = pytest.importorskip("pyfixest")
    kept = counties[counties["first.treat"] != 2004].copy()
    kept["treated"] = (kept["first.treat"] > 0) & (kept["year"] >= kept["first.treat"])
    theirs = pyfixest.did2s(
        kept, yname="lemp", first_stage="~ 0 | countyreal + year", second_stage="~ i(treated)",
        treatment="treated", cluster="countyreal",
    )  # fmt: skip
    ours = impute(of_frame(kept, "countyreal", "year", "lemp", "first.treat"))
    effect = theirs.coef()
    assert ours.att == pytest.approx(float(effect.iloc[-1]), abs=1e-6)


def test_csdid_gives_the_same_effect_by_group_and_time(counties: pd.DataFrame) -> None:
    att_gt = pytest.importorskip("csdid.att_gt")
    frame = counties.rename(columns={"first.treat": "first"})
    theirs = att_gt.ATTgt(
        yname="lemp", gname="first", idname="countyreal", tname="year", xformla="lemp~1",
        data=frame, control_group=["notyettreated"],
    ).fit(est_method="reg", bstrap=False)  # fmt: skip
    simple = theirs.aggte("simple", bstrap=False, cband=False).atte
    ours = adapter.callaway_santanna(of_frame(frame, "countyreal", "year", "lemp", "first"))
    assert ours.att == pytest.approx(float(np.squeeze(simple["overall_att"])), abs=1e-8)


def test_two_units_in_two_periods_by_hand() -> None:
    """(5 − 2) − (4 − 3) = 2, by every estimator."""
    two = design([[2.0, 5.0], [3.0, 4.0]], [1, NEVER])
    assert impute(two).att == pytest.approx(2.0)
    assert adapter.callaway_santanna(two).att == pytest.approx(2.0)
    points = event_study(two)
    assert [(one.horizon, round(one.att, 12), one.se) for one in points] == [(0, 2.0, None)]
