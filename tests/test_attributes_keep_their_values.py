"""Attributes come back as they were, whatever their names and however far their times."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

import thalweg
from thalweg.records.attributes import normalised
from thalweg.records.mapping.flat import FlatMapping

MAPPING = FlatMapping(case="case", activity="activity", time="time")
NAMES = ["*", "^a.*$", "a", "a.b", "[x]", "价格 (元)", "col(1)"]


def log(**attributes: list[object]) -> pl.DataFrame:
    times = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)]
    return pl.DataFrame({"case": ["1", "1"], "activity": ["a", "b"], "time": times, **attributes})


def test_names_that_read_like_patterns_are_only_names(tmp_path):
    frame = log(**{name: [k, k + 1] for k, name in enumerate(NAMES)})
    frame.write_parquet(tmp_path / "log.parquet")
    book = thalweg.ingest(tmp_path / "log.parquet", tmp_path / "book", mapping=MAPPING)
    for k, name in enumerate(NAMES):
        assert book.event_column(name).to_list() == [k, k + 1]


@pytest.mark.parametrize(
    ("far", "text"),
    [
        (date(9999, 12, 31), "9999-12-31"),
        (datetime(9999, 12, 31, 1, 2, 3), "9999-12-31T01:02:03.000000"),
        (date(1500, 1, 1), "1500-01-01"),
    ],
)
def test_times_beyond_nanoseconds_are_kept_as_text(tmp_path, far, text):
    log(valid_until=[far, None]).write_parquet(tmp_path / "log.parquet")
    book = thalweg.ingest(tmp_path / "log.parquet", tmp_path / "book", mapping=MAPPING)
    assert book.event_column("valid_until").to_list() == [text, None]


def test_times_within_reach_become_utc_instants():
    near = pl.DataFrame({"d": [date(2024, 5, 1)], "t": [datetime(2024, 5, 1, 12)]})
    kept = normalised(near)
    assert kept.schema == {"d": pl.Datetime("ns", "UTC"), "t": pl.Datetime("ns", "UTC")}
    assert kept["t"][0] == datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_lists_and_structures_become_json_text():
    frame = pl.DataFrame({"l": [["x", None], []], "s": [{"k": 1}, None]})
    kept = normalised(frame)
    assert kept["l"].to_list() == ['["x",null]', "[]"]
    assert kept["s"].to_list() == ['{"k":1}', None]
