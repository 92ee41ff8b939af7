"""The peers' side of the measurements of discovery: PM4Py, as its manual says."""

from __future__ import annotations

from typing import Any

from measure import Reading


def _mine(reading: Reading, frame: Any, noise: float) -> None:
    import pm4py

    with reading.clock("inductive"):
        tree = pm4py.discover_process_tree_inductive(frame, noise_threshold=noise)
    leaves, operators, todo = 0, 0, [tree]
    while todo:
        node = todo.pop()
        todo.extend(node.children)
        leaves += node.label is not None
        operators += node.operator is not None
    reading.answers = {"activities": leaves, "operators": operators}


def pm4py_inductive(source: str, noise: float) -> Reading:
    """A synthetic Parquet log, read and formatted before the clock of the miner starts."""
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
    _mine(reading, frame, noise)
    return reading


def pm4py_inductive_xes(source: str, noise: float) -> Reading:
    """An XES file, read before the clock of the miner starts."""
    import contextlib
    import io

    import pm4py

    reading = Reading()
    with reading.clock("read"), contextlib.redirect_stderr(io.StringIO()):
        frame = pm4py.read_xes(source)
    _mine(reading, frame, noise)
    return reading
