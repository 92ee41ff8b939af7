"""Synthetic event logs of any size: the same rows for the same size and seed, on any machine.

A log has 25 activities with Markov routing (steps ahead, skips, returns), log-normal gaps and
about 16 events a case. Its rows are shuffled over the whole file, the hardest order for a reader.
Memory stays below 1 GB at any size: cases are drawn in blocks, rows are dealt to piles on disk,
and each pile is shuffled by itself into one row group.

    python benchmarks/generate.py 1 10          millions of events, into benchmarks/data/
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parent / "data"
SEED = 20_261_123
ACTIVITIES = 25
RESOURCES = 60
CASES_PER_MILLION = 62_500
BLOCK_CASES = 50_000
PILE_ROWS = 1_000_000
DECISION = (0.30, 0.03, 0.60, 0.07)
ROUTINE = (0.88, 0.10, 0.01, 0.01)
"""Chances of one, two, three activities ahead and of three back; chosen for 16 events a case and
as many variants per case as large real logs have."""
LONGEST = 400
"""No case grows beyond this many events (the routing ends nearly all far earlier)."""
START_NS = 1_672_531_200 * 10**9
SPAN_NS = 2 * 365 * 86_400 * 10**9
ROW = np.dtype(
    [("case", "i4"), ("activity", "u1"), ("time", "i8"), ("resource", "u1"), ("amount", "f8")]
)
SCHEMA = pa.schema(
    {
        "case": pa.string(),
        "activity": pa.string(),
        "timestamp": pa.timestamp("us", "UTC"),
        "resource": pa.string(),
        "amount": pa.float64(),
    }
)


def log_path(millions: int, folder: Path = DATA) -> Path:
    return folder / f"log-{millions}m.parquet"


def routing() -> NDArray[np.float64]:
    """Cumulative probabilities of the next activity, one row each; beyond the last is the end.

    Every third activity is a decision: mostly two steps are skipped, sometimes work returns.
    """
    chances = np.zeros((ACTIVITIES, ACTIVITIES + 3))
    for now in range(ACTIVITIES):
        ahead_1, ahead_2, ahead_3, back = DECISION if now % 3 == 0 else ROUTINE
        chances[now, now + 1 : now + 4] = ahead_1, ahead_2, ahead_3
        chances[now, max(now - 3, 0)] += back
    shares: NDArray[np.float64] = chances.cumsum(axis=1) / chances.sum(axis=1, keepdims=True)
    return shares


def draw_cases(first: int, cases: int, rng: np.random.Generator) -> NDArray[np.void]:
    """Rows of the cases numbered from ``first``, in no useful order."""
    table = routing()
    alive = np.arange(cases)
    state = np.zeros(cases, np.int64)
    clock = START_NS + rng.integers(0, SPAN_NS, cases)
    pace = rng.lognormal(0.0, 0.5, cases)
    parts = []
    for _ in range(LONGEST):
        rows = np.empty(len(alive), ROW)
        rows["case"], rows["activity"], rows["time"] = first + alive, state, clock
        rows["resource"] = (state * 7 + rng.integers(0, 12, len(alive))) % RESOURCES
        rows["amount"] = rng.lognormal(6.0, 1.0, len(alive)).round(2)
        parts.append(rows)
        state = (rng.random(len(alive))[:, None] > table[state]).sum(axis=1)
        hours = rng.lognormal(1.0, 1.2, len(alive)) * pace * (1 + state % 5)
        clock = clock + (hours * 3.6e9).astype(np.int64) * 1_000
        going = state < ACTIVITIES
        alive, state, clock, pace = alive[going], state[going], clock[going], pace[going]
        if len(alive) == 0:
            break
    return np.concatenate(parts)


def deal(cases: int, piles: int, folder: Path, seed: int) -> None:
    """Draw all cases and spread their rows at random over ``piles`` files."""
    blocks = -(-cases // BLOCK_CASES)
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(blocks)):
        rng = np.random.default_rng(child)
        first = number * BLOCK_CASES
        rows = draw_cases(first, min(BLOCK_CASES, cases - first), rng)
        pile = rng.integers(0, piles, len(rows))
        order = np.argsort(pile, kind="stable")
        bounds = np.searchsorted(pile[order], np.arange(piles + 1))
        for at in range(piles):
            with (folder / f"{at}.rows").open("ab") as out:
                rows[order[bounds[at] : bounds[at + 1]]].tofile(out)


def as_table(rows: NDArray[np.void]) -> pa.Table:
    """Rows with names instead of numbers, as a user's file has them."""
    activities = pa.array([f"Activity {code:02d}" for code in range(ACTIVITIES)])
    resources = pa.array([f"Resource {code:02d}" for code in range(RESOURCES)])
    case = np.char.add("C", np.char.zfill(rows["case"].astype("U9"), 8))
    return pa.table(
        {
            "case": pa.array(case),
            "activity": activities.take(pa.array(rows["activity"])),
            "timestamp": pa.array(rows["time"] // 1_000).cast(SCHEMA.field("timestamp").type),
            "resource": resources.take(pa.array(rows["resource"])),
            "amount": pa.array(rows["amount"]),
        },
        schema=SCHEMA,
    )


def write_log(path: Path, cases: int, seed: int = SEED) -> int:
    """Write a log of ``cases`` cases as Parquet; gives the number of events.

    The file appears under its name only when it is whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    piles = max(1, round(cases / CASES_PER_MILLION * 1_000_000 / PILE_ROWS))
    partial = path.with_suffix(".partial")
    events = 0
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder = Path(name)
        deal(cases, piles, folder, seed)
        children = np.random.SeedSequence([seed, 1]).spawn(piles)
        with pq.ParquetWriter(partial, SCHEMA) as writer:
            for at, child in enumerate(children):
                pile = folder / f"{at}.rows"
                rows = np.fromfile(pile, ROW)
                pile.unlink()
                np.random.default_rng(child).shuffle(rows)
                writer.write_table(as_table(rows), row_group_size=PILE_ROWS * 2)
                events += len(rows)
    partial.replace(path)
    return events


def ensure(millions: int, folder: Path = DATA) -> Path:
    """The log of that size, written if it is not there yet."""
    path = log_path(millions, folder)
    if not path.exists():
        events = write_log(path, millions * CASES_PER_MILLION)
        print(f"{path.name}: {events:,} events, {millions * CASES_PER_MILLION:,} cases")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Write synthetic logs for the benchmarks.")
    parser.add_argument("millions", nargs="+", type=int, help="sizes in millions of events")
    for millions in parser.parse_args().millions:
        ensure(millions)


if __name__ == "__main__":
    main()
