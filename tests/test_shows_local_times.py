"""Times are UTC inside, and shown in the zone that the source was stated to be in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import thalweg
from thalweg.records.mapping.flat import FlatMapping
from thalweg.surfaces.cli.map_text import print_map
from thalweg.surfaces.report.gather import gather

ROWS = "案例,活动,时间\n1,下单,2024-03-01 01:30\n1,付款,2024-03-01 23:30\n"
MAPPING = FlatMapping(case="案例", activity="活动", time="时间")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_a_stated_zone_is_the_book_s_zone(table, tmp_path):
    stated = thalweg.ingest(table, tmp_path / "a", mapping=MAPPING, timezone="Asia/Shanghai")
    silent = thalweg.ingest(table, tmp_path / "b", mapping=MAPPING)
    assert (stated.timezone, silent.timezone) == ("Asia/Shanghai", "UTC")
    assert stated.events(["@time"]).collect()["@time"][0] == datetime(
        2024, 2, 29, 17, 30, tzinfo=UTC
    )


def test_days_are_local_days(table, tmp_path, capsys):
    book = thalweg.ingest(table, tmp_path / "a", mapping=MAPPING, timezone="Asia/Shanghai")
    result = thalweg.map(book, every="day")
    assert result.tables["timeline"]["arrivals"].to_list() == [1]
    assert result.first == datetime(2024, 2, 29, 17, 30, tzinfo=UTC)
    print_map(result, "zh")
    assert "2024年3月1日 至 2024年3月1日" in capsys.readouterr().out


def test_hours_of_the_report_are_local_hours(table, tmp_path):
    book = thalweg.ingest(table, tmp_path / "a", mapping=MAPPING, timezone="Asia/Shanghai")
    got = gather(book, type=None, filters=(), made_at=datetime(2024, 4, 1, tzinfo=UTC))
    friday = 4
    assert got.hours.rows() == [(friday, 1, 1), (friday, 23, 1)]
    target = thalweg.write_report(book, tmp_path / "report.html", language="zh")
    page = target.read_text(encoding="utf-8")
    assert "一天中的小时（Asia/Shanghai）" in page and "2024年2月29日" not in page


def test_dates_in_filters_are_days_of_the_book_s_zone(table, tmp_path):
    book = thalweg.ingest(table, tmp_path / "a", mapping=MAPPING, timezone="Asia/Shanghai")
    within = "time.contained:2024-03-01..2024-03-02"
    assert thalweg.map(book, filters=[within]).objects == 1
    assert thalweg.map(book, filters=[within], timezone="UTC").objects == 0
    aware = "time.contained:2024-03-01T00:00+00:00..2024-03-02T00:00+00:00"
    assert thalweg.map(book, filters=[aware]).objects == 0
    asked = thalweg.map(book, filters=[within]).request["filters"]
    assert asked == ["time.contained:2024-02-29T16:00:00+00:00..2024-03-01T16:00:00+00:00"]
