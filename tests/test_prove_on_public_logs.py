"""Public records in which something is known to have changed, attempted honestly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import thalweg
from thalweg.change.prove import prove_book
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.profile.model import Layer, Profile
from thalweg.records.store.book import Book

LOAN = {"few": "fewRes_9-5", "many": "infRes_9-5", "long": "fewRes_24-7"}
PILOTS = ("organizational unit 65455", "organizational unit 65458")
"""The two departments whose permits of 2017 are in the log by the hundred."""


def loans(folder: Path, logs: Path, before: str, after: str) -> Book:
    """One lender's cases of one scenario, and after a year those of another."""
    parts = []
    for years, name in enumerate((before, after)):
        path = logs / "intervention_loanapp" / f"LoanApp_{LOAN[name]}_noTimers.CSV.gz"
        rows = pl.read_csv(path, infer_schema=False)
        stamp = pl.col("start_time", "end_time").str.slice(0, 19).str.replace("T", " ")
        stamp = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S").dt.offset_by(f"{years * 52}w")
        labelled = rows.with_columns(stamp, case_id=pl.lit(f"{name} ") + pl.col("case_id"))
        parts.append(labelled.select("case_id", "start_time", "end_time", "Activity", "Resource"))
    rows = pl.concat(parts).with_columns(lender=pl.lit("lender"))
    times = pl.col("start_time", "end_time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows.with_columns(times).write_csv(folder / "loans.csv")
    mapping = FlatMapping(
        case="case_id",
        activity="Activity",
        time="end_time",
        start="start_time",
        roles={"resource": "Resource"},
    )
    return thalweg.ingest([folder / "loans.csv"], folder / "book", mapping=mapping)


@pytest.mark.parametrize(
    ("after", "within", "mean_h"), [("many", "90 d", 247.4), ("long", "10 d", 11.0)]
)
def test_another_year_with_more_hands_is_a_before_and_after(
    tmp_path: Path, logs: Path, after: str, within: str, mean_h: float
) -> None:
    """The true means are 817.6 h before, and as given after (measured on the whole files)."""
    book = loans(tmp_path, logs, "few", after)
    activities = tuple(book.activities)
    profile = Profile(
        name="loans", within=within, layers=(Layer(id="finance", activities=activities),)
    )
    table = pl.DataFrame(
        {
            "id": ["staff"],
            "name": ["More hands"],
            "unit": ["lender"],
            "from": [date(2017, 12, 25)],
            "assignment": ["chosen"],
            "reason": ["one lender, one date"],
        }
    )
    found = prove_book(
        book,
        interventions=table,
        profile=profile,
        unit="event:lender",
        every="week",
        outcomes=["flow_h"],
        candidates=False,
    ).effects.row(0, named=True)
    assert (found["grade"], found["called_effect"]) == ("D", False)
    assert found["low"] is None
    assert found["relative"] < -0.5
    assert found["treated_mean"] == pytest.approx(mean_h, rel=0.1)


def test_a_roll_out_whose_records_begin_with_it_cannot_be_judged(
    tmp_path: Path, logs: Path
) -> None:
    """Travel permits were recorded from each department's own beginning on: nothing before it."""
    log = logs / "bpic" / "BPI_2020_PermitLog.xes.gz"
    book = thalweg.ingest([log], tmp_path / "book")
    objects = book.objects("case").select("OrganizationalEntity").collect()
    units = objects["OrganizationalEntity"].drop_nulls().unique().sort().to_list()
    starts = [datetime(2017 if unit in PILOTS else 2018, 1, 1, tzinfo=UTC) for unit in units]
    table = pl.DataFrame(
        {
            "id": ["new system"] * len(units),
            "unit": units,
            "from": starts,
            "assignment": ["planned"] * len(units),
            "reason": ["pilot, then everybody"] * len(units),
        }
    )
    found = prove_book(
        book,
        interventions=table,
        unit="attribute:OrganizationalEntity",
        every="month",
        outcomes=["flow_h"],
        candidates=False,
    ).effects.row(0, named=True)
    assert (found["grade"], found["called_effect"]) == ("N", False)
    assert found["att"] is None
    assert found["reasons"]
    assert found["remedy"] is not None
