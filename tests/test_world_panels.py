"""What is measured from the records of a synthetic industry is what its truth is about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from thalweg.change.panels.panel import Panels, build_panels
from thalweg.industry.world.spec import WorldSpec
from thalweg.industry.world.truth import Truth, truth_of
from thalweg.industry.writing.demo import DemoRequest, make_demo

SPEC = WorldSpec(
    archetype="transition",
    firms=10,
    months=18,
    orders_per_firm_month=10,
    seed=5,
    interventions=("slitting",),
)
CUT_MONTHS = 1
"""Counts and values of the last month miss what had been asked or ordered but not yet recorded."""


@pytest.fixture(scope="module")
def truth() -> Truth:
    return truth_of(SPEC, money=False)


@pytest.fixture(scope="module")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Panels:
    folder: Path = tmp_path_factory.mktemp("demo") / "steel"
    demo = make_demo(DemoRequest(folder, SPEC, format="parquet", truth=False))
    kinds = ["flow", "layer", "share", "count", "value"]
    return build_panels(demo.book, outcomes=kinds, fewest_objects=1)


OUTCOMES = (
    *("flow_h", "rework_share", "broke_off_share", "started_per_day", "finished_per_day"),
    *("value_per_day", "value_per_object", "layer_h:lead", "layer_h:match", "layer_h:contract"),
    *("layer_h:production", "layer_h:warehousing", "layer_h:processing", "layer_h:quality"),
    *("layer_h:logistics", "layer_h:settlement", "layer_h:finance"),
)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_measured_cell_is_the_cell_of_the_uncensored_world(
    outcome: str, panels: Panels, truth: Truth
) -> None:
    measured = panels[outcome]
    cells = truth.cells.filter(pl.col("outcome") == outcome)
    lived = {
        (unit, month): value
        for unit, month, value in cells.select("unit", "month", "value_on").iter_rows()
    }
    compared = 0
    for unit, row in zip(measured.units, measured.value, strict=True):
        for month, value in list(zip(measured.periods, row, strict=True))[:-CUT_MONTHS]:
            if np.isfinite(value):
                assert value == pytest.approx(lived.get((unit, month), 0.0), rel=1e-9)
                compared += 1
    assert compared > 120
