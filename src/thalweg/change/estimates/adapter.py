"""The only module that knows diff-diff: designs in, small results of ours out.

diff-diff averages over t ≥ g − anticipation, so with its ``anticipation`` alone the straddled
periods would count as treated. Here their rows are left out, and for Callaway–Sant'Anna the window
is declared as well, which moves the base period before it and keeps units out of the controls that
are about to be treated. Warnings of the library become codes; what has no standard error is
refused by name.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, TypeVar

import numpy as np

from thalweg.change.estimates.fitted import (
    Comparisons,
    Fitted,
    Synthetic,
)
from thalweg.change.estimates.imputation import covariates, fit, impute
from thalweg.change.frame import NEVER, Design, Floats, Mask
from thalweg.errors import MissingExtraError

T = TypeVar("T")
Control = Literal["not_yet_treated", "never_treated"]
Method = Literal["dr", "reg", "ipw"]
REMEMBERED = 8
"""Designs whose fit is kept: those that the threads are busy with."""
COLUMNS = {"outcome": "y", "unit": "unit", "time": "time", "first_treat": "first"}

WARNINGS: tuple[tuple[str, str], ...] = (
    ("Unbalanced panel", "cells_missing"),
    ("could not be estimated", "cells_not_estimable"),
    ("Rank condition violated", "effects_not_identified"),
    ("treated in all observed periods", "always_treated"),
    ("single positive-weight unit", "single_unit_groups"),
    ("single-unit", "single_unit_groups"),
    ("leave_one_out", "single_unit_groups"),
    ("Rank-deficient", "covariates_collinear"),
    ("rank-deficient", "covariates_collinear"),
    ("singular", "singular_covariance"),
    ("pre-treatment fit", "poor_fit_before"),
    ("Pre-treatment fit", "poor_fit_before"),
    ("Insufficient", "few_units"),
    ("[Ff]ew", "few_units"),
)


def library() -> Any:
    """The module diff_diff, or an error that says how to get it."""
    try:
        import diff_diff
    except ImportError as error:
        raise MissingExtraError("diff-diff", "effects") from error
    return diff_diff


def _listen(act: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
    """Do it; hand back what it gave and the codes of what the library warned of."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        done = act()
    found = set()
    for warning in heard:
        text = str(warning.message)
        code = next((code for part, code in WARNINGS if re.search(part, text)), "other")
        found.add(code)
    return done, tuple(sorted(found))


def _rows(design: Design, cells: Mask, y: Floats) -> Any:
    """Long table of the chosen cells; times from 1, first treated time 0 for controls."""
    import pandas as pd

    unit, period = np.nonzero(cells)
    start = design.rollout.start[unit]
    return pd.DataFrame(
        {
            "unit": unit,
            "time": period + 1,
            "y": y[unit, period],
            "first": np.where(start == NEVER, 0, start + 1),
        }
    )


def _usable(design: Design) -> tuple[Mask, Floats]:
    """Cells that are either untreated or treated, and the outcome with covariates taken out.

    Slopes of covariates come from the untreated cells. Treated cells whose covariates those do
    not tell apart are left out.
    """
    y = design.panel.scaled()
    if not design.covariates:
        return design.untreated_cells() | design.treated_cells(), y
    fitted = impute(design)
    values = np.where(fitted.untreated, y, 0.0)
    _, _, slope = fit(values, fitted.untreated, covariates(design))
    return fitted.untreated | fitted.identified, y - np.tensordot(slope, fitted.x, axes=1)


def _error(value: float) -> tuple[float | None, str | None]:
    """A standard error, or the code of why it is none."""
    if not np.isfinite(value):
        return None, "no_standard_error"
    if value <= 1e-12:
        return None, "zero_standard_error"
    return float(value), None


def _nothing(code: str) -> Fitted:
    empty = np.zeros(0)
    return Fitted(np.nan, None, code, (), np.zeros(0, np.int64), empty, np.zeros((0, 0)), {})


def _missing_part(design: Design, cells: Mask) -> str | None:
    treated = design.treated_cells() & cells
    if not treated.any():
        return "no_treated_cells"
    return None if (cells & ~treated).any() else "no_untreated_cells"


def callaway_santanna(
    design: Design,
    *,
    control: Control = "not_yet_treated",
    given: Floats | None = None,
    method: Method = "reg",
) -> Fitted:
    """Callaway and Sant'Anna (2021), path against the last period before straddle, and cohorts.

    given: (N, K) traits of units on which trends are conditioned. The same design is fitted once for
    its average, its path by months and that by quarters.
    """
    if given is None:
        return _fitted_once(library(), design, control, method)
    return _callaway_santanna(library(), design, control, given, method)


@lru_cache(maxsize=REMEMBERED)
def _fitted_once(engine: Any, design: Design, control: Control, method: Method) -> Fitted:
    return _callaway_santanna(engine, design, control, None, method)


def _callaway_santanna(
    engine: Any, design: Design, control: Control, given: Floats | None, method: Method
) -> Fitted:
    cells, y = _usable(design)
    code = _missing_part(design, cells)
    if code is None and control == "never_treated" and not (design.rollout.start == NEVER).any():
        code = "no_never_treated"
    if code:
        return _nothing(code)
    rows = _rows(design, cells, y)
    names = None
    if given is not None:
        names = [f"given{at}" for at in range(given.shape[1])]
        for at, name in enumerate(names):
            rows[name] = given[rows["unit"], at]
    model = engine.CallawaySantAnna(
        control_group=control,
        anticipation=design.panel.straddle,
        base_period="universal",
        estimation_method=method,
    )

    def act() -> tuple[Any, Any, Any]:
        found = model.fit(rows, covariates=names, **COLUMNS)
        return found, found.aggregate("event_study"), found.aggregate("group")

    try:
        (found, path, groups), heard = _listen(act)
    except ValueError:
        return _nothing("not_estimable")
    se, refused = _error(found.overall_se)
    if refused == "no_standard_error" and not np.isfinite(found.overall_att):
        refused = "not_estimable"
    kept = ~np.asarray(path.is_reference) & np.isfinite(path.att) & np.isfinite(path.se)
    order = list(path.vcov_index)
    places = [order.index(time) for time in path.event_time[kept]]
    return Fitted(
        att=float(found.overall_att),
        se=se,
        refused=refused,
        warnings=heard if len(path.reference_event_times or ()) < 2 else (*heard, "bases_differ"),
        horizon=np.asarray(path.event_time[kept], dtype=np.int64),
        path=np.asarray(path.att[kept], dtype=np.float64),
        covariance=np.asarray(path.vcov)[np.ix_(places, places)],
        groups=_groups(groups.to_dataframe()),
    )


def _groups(table: Any) -> dict[int, tuple[float, float | None]]:
    return {
        int(row.label) - 1: (float(row.att), _error(float(row.se))[0])
        for row in table.itertuples()
        if np.isfinite(row.att)
    }


def imputation(design: Design, *, leave_one_out: bool = True) -> Fitted:
    """diff-diff's imputation estimator, as judge of ours; its path carries no covariance."""
    model = library().ImputationDiD(leave_one_out=leave_one_out)
    cells, y = _usable(design)
    code = _missing_part(design, cells)
    if code:
        return _nothing(code)
    rows = _rows(design, cells, y)

    def act() -> tuple[Any, Any, Any]:
        found = model.fit(rows, **COLUMNS)
        return found, found.aggregate("event_study"), found.aggregate("group")

    (found, path, groups), heard = _listen(act)
    se, refused = _error(found.overall_se)
    kept = ~np.asarray(path.is_reference) & np.isfinite(path.att) & np.isfinite(path.se)
    spread = np.asarray(path.se, dtype=np.float64)[kept]
    return Fitted(
        att=float(found.overall_att),
        se=se,
        refused=refused,
        warnings=heard,
        horizon=np.asarray(path.event_time[kept], dtype=np.int64),
        path=np.asarray(path.att[kept], dtype=np.float64),
        covariance=np.diag(spread**2),
        groups=_groups(groups.to_dataframe()),
    )


def bacon(design: Design) -> Comparisons | str:
    """What a two-way fixed effects regression would compare; units with gaps are left out."""
    whole = np.isfinite(design.panel.scaled()).all(axis=1)
    whole &= np.asarray(design.rollout.stop == NEVER) & np.asarray(design.rollout.start >= 0)
    kept = design.keep_units(np.asarray(whole))
    if not kept.rollout.treated.any() or len(np.unique(kept.rollout.start)) < 2:
        return "no_complete_units"
    y = kept.panel.scaled()
    rows = _rows(kept, np.ones(y.shape, dtype=np.bool_), y)
    try:
        found, _ = _listen(lambda: library().BaconDecomposition().fit(rows, **COLUMNS))
    except ValueError:
        return "not_estimable"
    return Comparisons(
        twfe=float(found.twfe_estimate),
        never=float(found.total_weight_treated_vs_never),
        later=float(found.total_weight_earlier_vs_later),
        forbidden=float(found.total_weight_later_vs_earlier),
        forbidden_effect=float(found.weighted_avg_later_vs_earlier or 0.0),
        units=int(whole.sum()),
    )


def synthetic_control(
    treated: Floats, donors: Floats, names: tuple[str, ...], before: int
) -> Synthetic:
    """Abadie, Diamond and Hainmueller (2010) on all outcomes before, evenly weighted; no error."""
    rows, post = _blocks(treated.mean(axis=0, keepdims=True), donors, before)
    rows["treated"] *= rows["time"] >= before
    model = library().SyntheticControl(
        v_method="custom", custom_v=np.ones(before), standardize="none", seed=0
    )
    found, heard = _listen(
        lambda: model.fit(
            rows, "y", "treated", "unit", "time",
            post_periods=post, pre_period_outcomes="all",
        )
    )  # fmt: skip
    return Synthetic(
        att=float(found.att),
        se=None,
        refused="no_standard_error",
        warnings=heard,
        donors=names,
        weights=np.asarray([found.donor_weights.get(1 + at, 0.0) for at in range(len(names))]),
        fit_rmse=float(found.pre_rmspe),
    )


def _blocks(treated: Floats, donors: Floats, before: int) -> tuple[Any, list[int]]:
    import pandas as pd

    both = np.vstack([treated, donors])
    unit, time = np.divmod(np.arange(both.size), both.shape[1])
    rows = pd.DataFrame(
        {"unit": unit, "time": time, "y": both.ravel(), "treated": (unit < len(treated)) * 1}
    )
    return rows, list(range(before, both.shape[1]))
