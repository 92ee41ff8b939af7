"""Waiting causes at size: a queueing world with starts, ends and resources, and our time on it.

    python benchmarks/ours_waiting.py 1 10          millions of events, into benchmarks/data/

Cases follow the routing of ``generate``; each activity has servers of its own who work weekdays
from 9 to 17, serve first come, first served, and are busy 85 % of that time. Waits are therefore
off hours and queues, and nothing else: a remainder of zero is a check beside the clock. (A queue
shows as priority where cases begin: when they came is not recorded, so that their first work
counts as enabled when it starts.)
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit
from numpy.typing import NDArray

import thalweg
from generate import ACTIVITIES, CASES_PER_MILLION, DATA, LONGEST, SEED, SPAN_NS, START_NS, routing
from measure import Reading
from thalweg.process.waiting.waits import waits_book
from thalweg.records.ingest import ingest
from thalweg.records.mapping.flat import FlatMapping

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
UTILISATION = 0.85
WORKED = 5 * 8 / (7 * 24)
SERVICE_NS = 300 * 10**9
MAPPING = FlatMapping(
    case="case", activity="activity", time="end", start="start", roles={"resource": "resource"}
)


def log_path(millions: int, folder: Path = DATA) -> Path:
    return folder / f"waits-{millions}m.parquet"


@njit
def _duty(at: int) -> int:
    """The first instant on duty from here; 1970 began on a Thursday."""
    while True:
        day = at // DAY_NS
        weekday, clock = (day + 3) % 7, at - day * DAY_NS
        if weekday < 5 and clock < 17 * HOUR_NS:
            return max(at, day * DAY_NS + 9 * HOUR_NS)
        at = (day + 1) * DAY_NS


@njit
def _simulate(
    arrivals: NDArray[np.int64],
    table: NDArray[np.float64],
    first: NDArray[np.int64],
    most: int,
    seed: int,
) -> tuple[Any, ...]:
    """First come, first served: a heap of cases by the moment their next work is ready."""
    np.random.seed(seed)
    cases = len(arrivals)
    heap, ready = np.arange(cases), arrivals.copy()
    state, length = np.zeros(cases, np.int64), np.zeros(cases, np.int64)
    free = np.zeros(first[-1], np.int64)
    case_of, activity = np.empty(most, np.int32), np.empty(most, np.uint8)
    server_of, start, end = (
        np.empty(most, np.int32),
        np.empty(most, np.int64),
        np.empty(most, np.int64),
    )
    size, count = cases, 0
    while size > 0 and count < most:
        c = heap[0]
        a = state[c]
        server = first[a] + np.argmin(free[first[a] : first[a + 1]])
        begin = _duty(max(ready[c], free[server]))
        stop = begin + int(np.random.lognormal(0.0, 0.5) * SERVICE_NS * 0.88)
        case_of[count], activity[count], server_of[count] = c, a, server
        start[count], end[count] = begin, stop
        count += 1
        free[server], ready[c] = stop, stop
        length[c] += 1
        state[c] = np.searchsorted(table[a], np.random.random())
        if state[c] >= len(table) or length[c] >= LONGEST:
            size -= 1
            heap[0] = heap[size]
        k = 0
        moved = heap[0]
        while 2 * k + 1 < size:
            child = 2 * k + 1
            if child + 1 < size and ready[heap[child + 1]] < ready[heap[child]]:
                child += 1
            if ready[heap[child]] >= ready[moved]:
                break
            heap[k] = heap[child]
            k = child
        heap[k] = moved
    return case_of[:count], activity[:count], server_of[:count], start[:count], end[:count]


def ensure(millions: int, folder: Path = DATA) -> Path:
    """Write the log unless it is there."""
    path = log_path(millions, folder)
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    arrivals = np.sort(START_NS + rng.integers(0, SPAN_NS, millions * CASES_PER_MILLION))
    table = routing()
    most = millions * 1_000_000
    visits = _expected_visits(table)
    load = visits * len(arrivals) * SERVICE_NS / (SPAN_NS * WORKED * UTILISATION)
    first = np.concatenate(([0], np.cumsum(np.ceil(load).astype(np.int64))))
    case, activity, server, start, end = _simulate(arrivals, table, first, most, SEED)
    stamp = pa.timestamp("us", "UTC")
    names = {
        "activity": [f"Activity {a:02d}" for a in range(ACTIVITIES)],
        "resource": [f"Server {s:04d}" for s in range(int(first[-1]))],
    }
    columns = {
        "case": pa.array(case).cast(pa.string()),
        "activity": pa.DictionaryArray.from_arrays(activity, names["activity"]).cast(pa.string()),
        "resource": pa.DictionaryArray.from_arrays(server, names["resource"]).cast(pa.string()),
        "start": pa.array(start // 1000).cast(stamp),
        "end": pa.array(end // 1000).cast(stamp),
    }
    pq.write_table(pa.table(columns), path, row_group_size=1 << 20)
    return path


def _expected_visits(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean visits per case, from the fundamental matrix of the routing."""
    step = np.diff(table, axis=1, prepend=0.0)[:, : len(table)]
    visits: NDArray[np.float64] = np.linalg.inv(np.eye(len(table)) - step)[0]
    return visits


def ingest_waits(source: str, into: str) -> Reading:
    """The log to a finished book."""
    shutil.rmtree(into, ignore_errors=True)
    reading = Reading()
    with reading.clock("ingest"):
        book = ingest(source, into, mapping=MAPPING)
    reading.answers = {"events": book.n_events}
    return reading


def waits(book: str) -> Reading:
    """Causes of all waits, calendars learned, with tables and the costliest five."""
    reading = Reading()
    for part in ("fresh process", "just opened"):
        with reading.clock(part):
            result = waits_book(thalweg.open_book(book))
            result.to_json()
    shares = {row["cause"]: row["share"] for row in result.causes.to_dicts()}
    reading.answers = {
        "pieces": result.pieces,
        "hours": round(result.total_s / 3600),
        "shares": {name: share and round(share, 4) for name, share in shares.items()},
    }
    return reading


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write queueing logs and time the causes of waits."
    )
    parser.add_argument("millions", nargs="+", type=int, help="sizes in millions of events")
    from measure import run

    for millions in parser.parse_args().millions:
        source, into = str(ensure(millions)), str(DATA / f"book-waits-{millions}m")
        for task, given in (
            ("ingest_waits", {"source": source, "into": into}),
            ("waits", {"book": into}),
        ):
            print(millions, run(f"ours_waiting.{task}", **given))


if __name__ == "__main__":
    main()
