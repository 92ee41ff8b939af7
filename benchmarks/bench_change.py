"""Panels at size: every default outcome by unit and month, beside two engines doing two of them.

    python benchmarks/bench_change.py 1 10          millions of events, into benchmarks/data/

The log is the queueing world of ``ours_waiting``, spread over five years by moving cases by whole
weeks, so that working hours stay what they are; cases are dealt to 500 firms, and the few that the
log cuts off are left out. DuckDB and Polars
compute restricted flow and layer times from the same Parquet file, with the windows that we chose;
their figures must be ours.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import thalweg
from generate import ACTIVITIES, DATA
from measure import Reading, run
from ours_waiting import ensure as ensure_waits
from results import table
from thalweg.change.panels.panel import Panels, build_panels
from thalweg.records.ingest import ingest
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.profile.model import Layer, Profile

FIRMS = 500
BLOCKS, BLOCK_WEEKS = 3, 79
LAYERS = 5
ENDS = tuple(f"Activity {a:02d}" for a in range(ACTIVITIES - 3, ACTIVITIES))
FEWEST = 5
INTERVENTIONS = 10
SHOWN = (
    *("events", "outcomes", "units", "periods", "known"),
    *("interventions", "rows", "called_effects"),
)
MAPPING = FlatMapping(
    case="case",
    activity="activity",
    time="end",
    start="start",
    roles={"resource": "resource", "party": "firm"},
)
PROFILE = Profile(
    name="benchmark",
    layers=tuple(
        Layer(
            id=f"layer_{k}",
            activities=tuple(f"Activity {a:02d}" for a in range(k, ACTIVITIES, LAYERS)),
        )
        for k in range(LAYERS)
    ),
)


def log_path(millions: int, folder: Path = DATA) -> Path:
    return folder / f"change-{millions}m.parquet"


def ensure(millions: int, folder: Path = DATA) -> Path:
    """Write the log unless it is there."""
    path = log_path(millions, folder)
    if path.exists():
        return path
    source = ensure_waits(millions, folder)
    case = pl.col("case").cast(pl.Int64)
    moved = pl.duration(weeks=BLOCK_WEEKS) * (case % BLOCKS)
    firm = (case * 2_654_435_761 % 2**32 % FIRMS).cast(pl.String).str.zfill(3)
    log = pl.scan_parquet(source)
    last = log.group_by("case").agg(pl.col("activity").sort_by("end").last())
    done = last.filter(pl.col("activity").is_in(ENDS)).select("case")
    log.join(done, on="case", how="semi").with_columns(
        pl.col("start") + moved, pl.col("end") + moved, firm=pl.lit("Firm ") + firm
    ).sink_parquet(path)
    return path


def ingest_change(source: str, into: str) -> Reading:
    """The log to a finished book."""
    shutil.rmtree(into, ignore_errors=True)
    reading = Reading()
    with reading.clock("ingest"):
        book = ingest(source, into, mapping=MAPPING)
    reading.answers = {"events": book.n_events}
    return reading


def _answers(panels: Panels) -> dict[str, float]:
    """Hours in all known cells of the outcomes that the peers compute too."""
    found = {}
    for name, panel in panels.panels.items():
        if panel.outcome.kind in ("flow", "layer"):
            known = np.isfinite(panel.value)
            found[name] = round(float((panel.value[known] * panel.objects[known]).sum()), 2)
    return found


def panels(book: str) -> Reading:
    """All default outcomes by firm and month; a second time in the same process."""
    reading = Reading()
    for part in ("fresh process", "just opened"):
        with reading.clock(part):
            made = build_panels(thalweg.open_book(book), profile=PROFILE, unit="role:party")
    reading.answers = {
        "outcomes": len(made.panels),
        "units": len(made.units),
        "periods": len(made.grid),
        "known": int(made.cells["known"].sum()),
    } | _answers(made)
    return reading


def panels_alike(book: str) -> Reading:
    """Flow and layers only, as the peers."""
    reading = Reading()
    for part in ("fresh process", "just opened"):
        with reading.clock(part):
            made = build_panels(
                thalweg.open_book(book),
                profile=PROFILE,
                unit="role:party",
                outcomes=("flow", "layer"),
                fewest_objects=FEWEST,
                fewest_periods=1,
                ends=ENDS,
            )
    reading.answers = _answers(made) | {
        f"within:{name}": window.within_s for name, window in made.windows.items()
    }
    first, last = made.grid.edges[[0, -1]].tolist()
    reading.answers |= {"horizon_ns": made.horizon_ns, "first_ns": first, "last_ns": last}
    return reading


def _layers() -> pl.DataFrame:
    rows = [(name, layer.id) for layer in PROFILE.layers for name in layer.activities]
    return pl.DataFrame(rows, schema=["activity", "layer"], orient="row")


def _windows(answers: dict[str, float]) -> pl.DataFrame:
    """Item, and its window in microseconds."""
    rows = [
        (name.removeprefix("within:"), round(seconds * 1e6))
        for name, seconds in answers.items()
        if name.startswith("within:")
    ]
    return pl.DataFrame(rows, schema=["item", "within"], orient="row")


def _totals(items: pl.LazyFrame, horizon_us: int, periods: tuple[int, int]) -> dict[str, float]:
    """Hours of the cells that are neither thin nor immature.

    Takes    items: item, firm, entered and time (µs), within (µs).
    """
    month = pl.from_epoch("entered", time_unit="us").dt.truncate("1mo")
    inside = items.with_columns(month=month).filter(pl.col("entered").is_between(*periods))
    keyed = inside.group_by("item", "month", "firm").agg(
        pl.len(), pl.col("time").sum(), pl.col("entered").max(), pl.col("within").first()
    )
    cells = keyed.collect()
    late = cells.with_columns(late=pl.col("entered") + pl.col("within") > horizon_us)
    bad = late.group_by("item").agg(since=pl.col("month").filter(pl.col("late")).min())
    kept = cells.join(bad, on="item").filter(
        (pl.col("len") >= FEWEST)
        & (pl.col("since").is_null() | (pl.col("month") < pl.col("since")))
    )
    sums = kept.group_by("item").agg(pl.col("time").sum() / 3.6e9).sort("item")
    return {item: round(hours, 2) for item, hours in sums.iter_rows()}


def peer_polars(source: str, given: dict[str, float]) -> Reading:
    """Restricted flow and layer times with Polars, from Parquet to cells."""
    reading = Reading()
    windows = _windows(given).lazy()
    with reading.clock("flow and layers"):
        events = pl.scan_parquet(source).select(
            "case",
            "firm",
            "activity",
            start=pl.col("start").dt.timestamp("us"),
            end=pl.col("end").dt.timestamp("us"),
        )
        cases = events.group_by("case").agg(
            pl.col("firm").first(), entered=pl.col("start").min(), stop=pl.col("end").max()
        )
        flow = cases.with_columns(item=pl.lit("flow_h"), spent=pl.col("stop") - pl.col("entered"))
        ordered = events.sort("case", "end").join(
            _layers().lazy(), on="activity", how="left", maintain_order="left"
        )
        begun = pl.col("end").shift(1).over("case").fill_null(pl.col("start").min().over("case"))
        gaps = ordered.with_columns(begun=begun, item="layer_h:" + pl.col("layer"))
        own = gaps.join(windows, on="item").with_columns(
            entered=pl.col("begun").min().over("case", "item")
        )
        until = pl.min_horizontal("end", pl.col("entered") + pl.col("within"))
        layers = own.group_by("case", "item").agg(
            pl.col("firm").first(),
            pl.col("entered").first(),
            pl.col("within").first(),
            time=(until - pl.col("begun")).clip(lower_bound=0).sum(),
        )
        items = flow.join(windows, on="item").select(
            "item", "firm", "entered", "within", time=pl.min_horizontal("spent", "within")
        )
        both = pl.concat([items, layers.select("item", "firm", "entered", "within", "time")])
        reading.answers = _totals(both, int(given["horizon_ns"]) // 1000, _span(given))
    return reading


def _span(given: dict[str, float]) -> tuple[int, int]:
    """First and last microsecond of the panels' periods."""
    return int(given["first_ns"]) // 1000, int(given["last_ns"]) // 1000 - 1


SQL = """
with events as (
    select "case", firm, 'layer_h:' || layer as item, epoch_us("start") as begun,
           epoch_us("end") as ended
    from read_parquet('{source}') join layers using (activity)
), cases as (
    select "case", any_value(firm) as firm, min(begun) as entered, max(ended) as stop
    from events group by "case"
), gaps as (
    select e.*, within, coalesce(
        lag(ended) over (partition by "case" order by ended), min(begun) over (partition by "case")
    ) as since
    from events e join windows using (item)
), own as (
    select *, min(since) over (partition by "case", item) as entered from gaps
)
select 'flow_h' as item, firm, entered, within, least(stop - entered, within) as time
from cases, windows where item = 'flow_h'
union all
select item, any_value(firm), any_value(entered), any_value(within),
       sum(greatest(least(ended, entered + within) - since, 0))::bigint
from own group by "case", item
"""


def peer_duckdb(source: str, given: dict[str, float]) -> Reading:
    """Restricted flow and layer times with DuckDB, from Parquet to cells."""
    import duckdb

    reading = Reading()
    base = duckdb.connect()
    base.register("layers", _layers().to_arrow())
    base.register("windows", _windows(given).to_arrow())
    with reading.clock("flow and layers"):
        items = pl.from_arrow(base.execute(SQL.format(source=source)).to_arrow_table())
        reading.answers = _totals(items.lazy(), int(given["horizon_ns"]) // 1000, _span(given))
    return reading


def made_up(units: tuple[str, ...], first: date, months: int) -> pl.DataFrame:
    """Ten roll-outs that do nothing: four fifths of the firms each, over the middle of the time."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(INTERVENTIONS):
        reached = rng.permutation(len(units))[: len(units) * 4 // 5]
        waves = months // 3 + 2 * rng.integers(0, months // 6, len(reached))
        for unit, month in zip(reached.tolist(), waves.tolist(), strict=True):
            year, place = divmod(first.month - 1 + month, 12)
            day = date(first.year + year, place + 1, 1)
            layer = f"layer_{number % LAYERS}"
            rows.append((f"roll_out_{number}", [layer], units[unit], day, "randomised", "by lot"))
    names = ("id", "layers", "unit", "from", "assignment", "reason")
    return pl.DataFrame(rows, schema=list(names), orient="row")


def prove(book: str) -> Reading:
    """Ten interventions against ten outcomes with all checks, on the panels' firms and months."""
    reading = Reading()
    opened = thalweg.open_book(book)
    built = build_panels(opened, profile=PROFILE, unit="role:party", outcomes=["count"])
    table = made_up(built.units, built.grid.first[0], len(built.grid))
    with reading.clock("prove"):
        found = thalweg.prove(
            opened, interventions=table, profile=PROFILE, unit="role:party", every="month",
            candidates=False,
        )  # fmt: skip
    called = found.effects.filter("called_effect")
    reading.answers = {
        "interventions": found.effects["intervention"].n_unique(),
        "outcomes": found.effects["outcome"].n_unique(),
        "units": found.units,
        "periods": found.periods,
        "rows": len(found.effects),
        "called_effects": len(called),
    }
    return reading


Say = Callable[[str, Reading], dict[str, Any]]


def measure_change(millions: int, say: Say) -> dict[str, Any]:
    """Panels and effects at one size, with the two engines doing a part; all say the same hours."""
    source, into = str(ensure(millions)), str(DATA / f"book-change-{millions}m")
    print(f"panels and effects, {millions} million events", flush=True)
    found = {}

    def note(task: str, reading: Reading) -> None:
        kept = {name: reading.answers[name] for name in SHOWN if name in reading.answers}
        hours = sum(v for name, v in reading.answers.items() if name in given)
        found[task] = say(task, reading) | {"answers": kept | ({"hours": hours} if hours else {})}

    given: dict[str, float] = {}
    note("change_ingest", run("bench_change.ingest_change", source=source, into=into))
    note("change_panels", run("bench_change.panels", book=into))
    alike = run("bench_change.panels_alike", book=into)
    given = {name: v for name, v in alike.answers.items() if name.startswith(("flow", "layer"))}
    note("change_alike", alike)
    for peer in ("duckdb", "polars"):
        reading = run(f"bench_change.peer_{peer}", source=source, given=alike.answers)
        if any(abs(v - reading.answers.get(name, 0.0)) >= 0.1 for name, v in given.items()):
            reading.failed = reading.failed or "other hours than Thalweg's"
        note(f"change_{peer}", reading)
    note("change_prove", run("bench_change.prove", book=into))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Time panels and effects.")
    parser.add_argument("millions", nargs="+", type=int, help="sizes in millions of events")
    for millions in parser.parse_args().millions:
        found = measure_change(millions, lambda _, reading: asdict(reading))
        print(*table(found), sep="\n")


if __name__ == "__main__":
    main()
