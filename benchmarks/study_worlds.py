"""Does ``prove`` find the truth of whole worlds: lived, exported, read into a book, measured, told.

One intervention a world; its truth is the same world lived again without it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from thalweg.change.prove import prove_book
from thalweg.change.result import ProveResult
from thalweg.industry.world.mechanisms import INTERVENTION_TABLE
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import Archetype, WorldSpec
from thalweg.industry.world.truth import truth_of
from thalweg.industry.writing.files import write_csv, write_tables_mapping
from thalweg.industry.writing.log import ZONE, log_of
from thalweg.industry.writing.ocel import write_parquet
from thalweg.industry.writing.sides import profile_of, side_tables
from thalweg.records.ingest import ingest
from thalweg.records.store.book import Book

INTERVENTIONS = ("e_receipts", "slitting", "matching", "supply_finance", "pooled_dispatch")
"""Taken in turn: one a world. Those that act on the time of a layer."""
SIZES = (8, 15, 30, 100)
ORDERS = {8: 15.0, 15: 15.0, 30: 15.0, 100: 12.0}
"""Orders a firm and month: the smallest firms have about half as many."""
MONTHS = 36
FAULTS: tuple[Archetype, ...] = ("confounded", "pre_trend", "anticipation", "spill_over")
FAULT_SIZES = (30, 100)
PLACEBO_SIZES = (15, 30)
PART = 5
"""One of so many runs is made for each line: a line lives three worlds and proves one a run."""
DRAWS = 399
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one outcome of a world, and what was true.

    own      the layer that the intervention names first; else the whole flow.
    truth    mean effect on all treated cells of the world. same: on those cells alone that were
             estimated. naive: p below 5 % before any correction.
    """

    intervention: str
    own: bool
    truth: float
    same: float
    att: float | None
    low: float | None
    high: float | None
    p: float | None
    grade: str
    called: bool
    reasons: tuple[str, ...]
    refused: str | None
    smallest: float | None

    @property
    def held(self) -> bool | None:
        """Whether the interval holds the truth; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.truth <= self.high

    @property
    def passed(self) -> bool:
        """Whether called an effect with grade A or B."""
        return self.called and self.grade in "AB"


def book_of(spec: WorldSpec, folder: Path) -> Book:
    """A world's orders as Parquet tables, its parties and interventions as CSV, and their book.

    Other objects (coils, shipments, …) are left out: nothing that is measured here needs them.
    """
    records = run_world(spec)
    log = log_of(records, "en")
    profile = profile_of("en")
    kind = str(profile.type)
    links = log.links.filter(pl.col("type") == kind)
    events = log.events.join(links.select("event").unique(), on="event", how="semi")
    orders = replace(
        log,
        events=events,
        links=links,
        objects={kind: log.objects[kind]},
        object_links=log.object_links.clear(),
    )
    source = folder / "records"
    source.mkdir()
    mapping = write_tables_mapping(write_parquet(orders, source), folder / "mapping.yaml")
    beside = {key: folder / f"{key}.csv" for key in ("parties", "interventions")}
    tables = side_tables(records, "en")
    for key, path in beside.items():
        write_csv(tables[key], path)
    return ingest(
        source,
        folder / "book",
        mapping=mapping,
        profile=profile,
        timezone=ZONE,
        parties=beside["parties"],
        interventions=beside["interventions"],
    )


def proved(spec: WorldSpec, draws: int = DRAWS) -> ProveResult:
    """The headlines of a world's only intervention, as ``thalweg prove`` tells them."""
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(spec, Path(folder))
        return prove_book(
            book,
            outcomes=["flow_h", f"layer_h:{own_layer(spec)}"],
            draws=draws,
            candidates=False,
            mechanism=False,
            threads=1,
        )


def own_layer(spec: WorldSpec) -> str:
    (name,) = spec.interventions or ()
    return INTERVENTION_TABLE[name].layers[-1 if name == "supply_finance" else 0]


def told_of(spec: WorldSpec) -> list[Told]:
    """One world: what was told of the flow and of the intervention's layer, and the truth."""
    (name,) = spec.interventions or ()
    result = proved(spec)
    truth = truth_of(spec, money=False)
    found = []
    for row in result.effects.iter_rows(named=True):
        outcome = row["outcome"]
        cells = truth.cells.filter(pl.col("treated") & (pl.col("outcome") == outcome))
        known = result.panel.filter(pl.col("outcome") == outcome)
        same = cells.join(known, left_on=("unit", "month"), right_on=("unit", "period"), how="semi")
        found.append(
            Told(
                intervention=name,
                own=outcome != "flow_h",
                truth=truth.effect(name, outcome)["att"],
                same=float(same["effect"].mean() or np.nan),  # type: ignore[arg-type]
                att=row["att"],
                low=row["low"],
                high=row["high"],
                p=row["p"],
                grade=row["grade"],
                called=bool(row["called_effect"]),
                reasons=tuple(row["reasons"]),
                refused=row["refused"],
                smallest=row["smallest_detectable"],
            )
        )
    return found


def worlds(
    archetype: Archetype, firms: int, runs: int, seed: int, *, months: int = MONTHS
) -> list[WorldSpec]:
    """Specs that differ in their seed and their intervention."""
    seeds = np.random.SeedSequence([seed, firms, len(archetype)]).generate_state(runs)
    return [
        WorldSpec(
            archetype=archetype,
            firms=firms,
            months=months,
            orders_per_firm_month=ORDERS[firms],
            seed=int(own),
            interventions=(INTERVENTIONS[at % len(INTERVENTIONS)],),
        )
        for at, own in enumerate(seeds)
    ]


@cache
def study(archetype: Archetype, firms: int, runs: int, seed: int) -> tuple[Told, ...]:
    """Many worlds of one kind, on two processes."""
    specs = worlds(archetype, firms, runs, seed)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        return tuple(one for told in pool.map(told_of, specs) for one in told)


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    part = max(runs // PART, 10)
    yield f"## Whole worlds: is the truth found, and are faults refused, {part} worlds a line\n"
    yield (
        "Worlds of 36 months with one intervention each (electronic receipts, slitting, matching, "
        "supply finance and pooled dispatch in turn), lived, exported, read into a book and proved; "
        "truth: the same world without the intervention. Held: intervals that hold the truth, of "
        "all and of those that were not refused (N).\n"
    )
    yield from _coverage(part, seed)
    yield from _nothing(part, seed)
    yield from _faulty(part, seed)


def _coverage(part: int, seed: int) -> Iterator[str]:
    yield (
        "| firms | outcome | true effect | held, all | held, graded | off by | sd | p < .05 "
        "| A | B | C | D | N | refused for |"
    )
    yield "| --- |" + " --- |" * 13
    for firms in SIZES:
        done = study("revolution", firms, part, seed)
        for own in (True, False):
            yield f"| {firms} | {_outcome(own)} | {_line([o for o in done if o.own == own])} |"
    yield ""
    for firms in SIZES:
        held = [one.held for one in study("revolution", firms, part, seed) if one.held is not None]
        yield f"- {firms} firms: {np.mean(held):.3f} of {len(held)} intervals hold the truth"
    yield ""


def _line(done: Sequence[Told]) -> str:
    answered = [one for one in done if one.held is not None]
    graded = [one for one in answered if one.grade != "N"]
    off = [one.att - one.truth for one in answered if one.att is not None]
    grades = Counter(one.grade for one in done)
    why = Counter(one.reasons[0] for one in done if one.grade == "N")
    figures = [
        f"{np.mean([one.truth for one in done]):.3f}",
        _share([one.held for one in answered]),
        _share([one.held for one in graded]),
        f"{np.mean(off):+.3f}" if off else "–",
        f"{np.std(off):.3f}" if off else "–",
        _share([one.p is not None and one.p < LEVEL for one in answered]),
        *(f"{grades[g] / len(done):.2f}" for g in "ABCDN"),
        ", ".join(f"{name} {count}" for name, count in why.most_common(3)) or "–",
    ]
    return " | ".join(figures)


def _nothing(part: int, seed: int) -> Iterator[str]:
    """Worlds in which nothing that is rolled out does anything."""
    yield "Placebo worlds: p below 0.05 as estimated, and told as an effect (grades A to C).\n"
    yield "| firms | outcome | p < .05 | p < .05, graded | told as an effect | A or B |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for firms in PLACEBO_SIZES:
        for own in (True, False):
            done = [o for o in study("placebo", firms, part, seed) if o.own == own]
            answered = [one for one in done if one.p is not None]
            figures = [
                _share([(one.p or 0.0) < LEVEL for one in answered]),
                _share([(one.p or 0.0) < LEVEL for one in answered if one.grade != "N"]),
                _share([one.called for one in done]),
                _share([one.called and one.grade in "AB" for one in done]),
            ]
            yield f"| {firms} | {_outcome(own)} | " + " | ".join(figures) + " |"
    yield ""


def _faulty(part: int, seed: int) -> Iterator[str]:
    yield (
        "Faulty worlds. Passed: called an effect with grade A or B; wrong: so, while the interval "
        "misses the truth. Told and wrong: as an effect of any grade (A to C), while the interval "
        "misses the truth. Off by: effect as told less the truth.\n"
    )
    yield (
        "| fault | firms | outcome | true effect | off by | sd | held, all | passed | "
        "passed and wrong | told and wrong | C | N | refused for |"
    )
    yield "| --- |" + " --- |" * 12
    every: list[Told] = []
    of_fault: dict[str, Sequence[Told]] = {}
    for fault in FAULTS:
        of_fault[fault] = [one for firms in FAULT_SIZES for one in study(fault, firms, part, seed)]
        every += of_fault[fault]
        for firms in FAULT_SIZES:
            done = study(fault, firms, part, seed)
            for own in (True, False):
                yield _fault(fault, firms, own, [one for one in done if one.own == own])
    yield ""
    for name, told in {**of_fault, "all faults": every}.items():
        passed = [one.passed for one in told]
        wrong = [one.passed and one.held is False for one in told]
        yield f"- {name}: {np.mean(passed):.3f} passed, {np.mean(wrong):.3f} passed and wrong"


def _fault(name: str, firms: int, own: bool, done: Sequence[Told]) -> str:
    off = [one.att - one.truth for one in done if one.att is not None]
    passed = [one.passed for one in done]
    wrong = [one.passed and one.held is False for one in done]
    grades = Counter(one.grade for one in done)
    why = Counter(one.reasons[0] for one in done if one.grade == "N")
    figures = [
        f"{np.mean([one.truth for one in done]):.3f}",
        f"{np.mean(off):+.3f}",
        f"{np.std(off):.3f}",
        _share([one.held for one in done if one.held is not None]),
        _share(passed),
        _share(wrong),
        _share([one.called and one.held is False for one in done]),
        *(f"{grades[g] / len(done):.2f}" for g in "CN"),
        ", ".join(f"{reason} {count}" for reason, count in why.most_common(3)) or "–",
    ]
    return f"| {name} | {firms} | {_outcome(own)} | " + " | ".join(figures) + " |"


def _outcome(own: bool) -> str:
    return "own layer" if own else "whole flow"


def _share(found: Sequence[bool | None]) -> str:
    return f"{np.mean([bool(one) for one in found]):.2f}" if found else "–"
