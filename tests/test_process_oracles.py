"""Real logs against other programs: PM4Py for counts and times, DuckDB for exact quantiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import thalweg
from thalweg.process.map import map_book

LOGS = ["other/running-example.xes", "other/receipt.xes.gz", "other/Sepsis_Cases-Event_Log.xes.gz"]


@pytest.mark.parametrize("name", LOGS)
def test_pm4py_finds_the_same_pairs_starts_ends_and_variants(
    name: str, logs: Path, tmp_path: Path
) -> None:
    pm4py = pytest.importorskip("pm4py")
    log = pm4py.read_xes(str(logs / name), return_legacy_log_object=False)
    graph, starts, ends = pm4py.discover_dfg(log)
    times, _, _ = pm4py.discover_performance_dfg(log)
    variants = pm4py.get_variants(log)
    result = map_book(thalweg.ingest(logs / name, tmp_path / "book"), top=10**6)
    pairs = {(r["source"], r["target"]): r for r in result.pairs.to_dicts()}
    assert {key: row["count"] for key, row in pairs.items()} == dict(graph)
    assert dict(result.starts.select("activity", "objects").rows()) == dict(starts)
    assert dict(result.ends.select("activity", "objects").rows()) == dict(ends)
    found = {tuple(r["activities"]): r["objects"] for r in result.top_variants.to_dicts()}
    assert found == {key: n if isinstance(n, int) else len(n) for key, n in variants.items()}
    for key, row in pairs.items():
        assert row["mean_s"] == pytest.approx(times[key]["mean"], abs=1e-3)
        assert row["median_s"] == pytest.approx(times[key]["median"], abs=1e-3)
        assert row["min_s"] == pytest.approx(times[key]["min"], abs=1e-3)
        assert row["max_s"] == pytest.approx(times[key]["max"], abs=1e-3)


QUERY = """
with step as (
  select object, activity as target, time_ns,
         lag(activity) over w as source, lag(time_ns) over w as before_ns
  from entries window w as (partition by object order by place))
select source, target, count(*), count(distinct object), median(time_ns - before_ns) / 1e9,
       quantile_cont(time_ns - before_ns, 0.9) / 1e9, sum((time_ns - before_ns)::hugeint) / 1e9
from step where source is not null group by all
"""


def test_duckdb_finds_the_same_pair_statistics(logs: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    book = thalweg.ingest(logs / "bpic/BPI_2020_RequestForPayment.xes.gz", tmp_path / "book")
    view = book.perspective(book.types[0])
    entries = pl.DataFrame(
        {
            "object": np.repeat(np.arange(view.objects), np.diff(view.offsets)),
            "place": np.arange(view.entries),
            "activity": [view.activities[code] for code in view.activity],
            "time_ns": np.array(view.time_ns),
        }
    )
    with duckdb.connect() as connection:
        connection.register("entries", entries.to_arrow())
        rows = connection.sql(QUERY).fetchall()
    pairs = {(r["source"], r["target"]): r for r in map_book(book).pairs.to_dicts()}
    assert len(rows) == len(pairs)
    for source, target, count, objects, median_s, p90_s, total_s in rows:
        row = pairs[source, target]
        assert (row["count"], row["objects"]) == (count, objects)
        assert row["median_s"] == pytest.approx(median_s, rel=1e-9)
        assert row["p90_s"] == pytest.approx(p90_s, rel=1e-9)
        assert row["total_s"] == pytest.approx(float(total_s), rel=1e-12)
