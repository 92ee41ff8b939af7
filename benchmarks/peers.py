"""The peers' side of the measurements: the same questions, asked as each library's manual says.

PM4Py and r4pm are run, never imported by the package. Polars and DuckDB get the question as a
careful user would write it: sorted once, then windows and groups.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from measure import Reading


def pm4py_read_xes(source: str) -> Reading:
    """PM4Py's own reader, and the one that it takes where r4pm is installed beside it."""
    import pm4py

    reading = Reading()
    for part, variant in (("own reader", "iterparse"), ("through r4pm", "r4pm")):
        with reading.clock(part), contextlib.redirect_stderr(io.StringIO()):
            frame = pm4py.read_xes(source, variant=variant)
    reading.answers = {"events": len(frame)}
    return reading


def r4pm_read_xes(source: str) -> Reading:
    import r4pm
    import r4pm.df

    reading = Reading()
    with reading.clock("native"):
        r4pm.import_item("EventLog", source)
    with reading.clock("to Polars"):
        frame, _ = r4pm.df.import_xes(source)
    reading.answers = {"events": len(frame)}
    return reading


def pm4py_table(source: str) -> Reading:
    """Read and format, directly-follows counts, directly-follows times, variants."""
    import pandas as pd
    import pm4py

    reading = Reading()
    with reading.clock("read and format"):
        frame = pm4py.format_dataframe(
            pd.read_parquet(source),
            case_id="case",
            activity_key="activity",
            timestamp_key="timestamp",
        )
    with reading.clock("graph"):
        graph, _, _ = pm4py.discover_dfg(frame)
    with reading.clock("graph with times"):
        times, _, _ = pm4py.discover_performance_dfg(frame)
    with reading.clock("variants"):
        variants = pm4py.get_variants(frame)
    reading.answers = {
        "events": len(frame),
        "pairs": len(graph),
        "follows": sum(graph.values()),
        "mean_s": round(sum(t["mean"] for t in times.values()), 1),
        "median_s": round(sum(t["median"] for t in times.values()), 1),
        "variants": len(variants),
    }
    return reading


def r4pm_table(source: str) -> Reading:
    """r4pm counts pairs and variants; it gives no times of pairs."""
    import polars as pl
    import r4pm
    from r4pm.bindings import discover_dfg, get_num_variants, log_to_activity_projection

    names = {"case": "case:concept:name", "activity": "concept:name", "timestamp": "time:timestamp"}
    reading = Reading()
    with reading.clock("read and format"):
        frame = pl.read_parquet(source, columns=list(names)).rename(names)
        frame = frame.sort("case:concept:name", "time:timestamp")
        log = r4pm.import_item_from_df("EventLog", frame)
        del frame
    with reading.clock("graph"):
        graph: Any = discover_dfg(log)
    with reading.clock("variants"):
        variants = get_num_variants(log_to_activity_projection(log))
    follows = graph["directly_follows_relations"]
    counts = follows.values() if isinstance(follows, dict) else [row[1] for row in follows]
    reading.answers = {"pairs": len(follows), "follows": sum(counts), "variants": variants}
    return reading


def polars_table(source: str) -> Reading:
    """Read and sort, then pairs with times, then variants."""
    import polars as pl

    reading = Reading()
    with reading.clock("read and format"):
        frame = pl.read_parquet(source, columns=["case", "activity", "timestamp"])
        frame = frame.with_columns(pl.col("activity").cast(pl.Categorical))
        frame = frame.sort("case", "timestamp")
    with reading.clock("graph with times"):
        follows = pl.col("case") == pl.col("case").shift(-1)
        table = (
            frame.lazy()
            .select(
                source=pl.col("activity"),
                target=pl.col("activity").shift(-1),
                gap=pl.col("timestamp").shift(-1) - pl.col("timestamp"),
                follows=follows,
            )
            .filter("follows")
            .group_by("source", "target")
            .agg(
                count=pl.len(),
                mean=pl.col("gap").mean().dt.total_microseconds(fractional=True) / 1e6,
                median=pl.col("gap").median().dt.total_microseconds(fractional=True) / 1e6,
            )
            .collect()
        )
    with reading.clock("variants"):
        sequences = frame.group_by("case", maintain_order=True).agg(
            pl.col("activity").to_physical().implode().hash()
        )
        variants = sequences["activity"].n_unique()
    reading.answers = {
        "events": len(frame),
        "pairs": len(table),
        "follows": int(table["count"].sum()),
        "mean_s": round(float(table["mean"].sum()), 1),
        "median_s": round(float(table["median"].sum()), 1),
        "variants": variants,
    }
    return reading


def duckdb_table(source: str) -> Reading:
    """Load and sort, then pairs with times, then variants, in SQL."""
    import duckdb

    reading = Reading()
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    with reading.clock("read and format"):
        connection.execute(
            'CREATE TABLE log AS SELECT "case", activity, timestamp '
            f"FROM read_parquet('{source}') ORDER BY \"case\", timestamp"
        )
    with reading.clock("graph with times"):
        table = connection.execute(
            """
            SELECT activity, target, count(*), avg(gap), median(gap) FROM (
                SELECT activity,
                    lead(activity) OVER one AS target,
                    (epoch_us(lead(timestamp) OVER one) - epoch_us(timestamp)) / 1e6 AS gap
                FROM log WINDOW one AS (PARTITION BY "case" ORDER BY timestamp)
            ) WHERE target IS NOT NULL GROUP BY ALL
            """
        ).fetchall()
    with reading.clock("variants"):
        found = connection.execute(
            """
            SELECT count(DISTINCT variant) FROM (
                SELECT list(activity ORDER BY timestamp) AS variant FROM log GROUP BY "case"
            )
            """
        ).fetchone()
    reading.answers = {
        "pairs": len(table),
        "follows": sum(row[2] for row in table),
        "mean_s": round(sum(row[3] for row in table), 1),
        "median_s": round(sum(row[4] for row in table), 1),
        "variants": None if found is None else found[0],
    }
    return reading
