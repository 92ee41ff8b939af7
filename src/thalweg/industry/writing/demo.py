"""A whole demonstration: a world lived, written out, and read into a book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from thalweg.errors import RequestError
from thalweg.industry.world.records import Records
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import WorldSpec
from thalweg.industry.world.truth import truth_of
from thalweg.industry.world.words import Language
from thalweg.industry.writing.damage import Damage, spoil
from thalweg.industry.writing.erp import erp_tables
from thalweg.industry.writing.files import (
    Encoding,
    write_csv,
    write_tables_mapping,
    write_workbook,
)
from thalweg.industry.writing.folder import filled, sign
from thalweg.industry.writing.headers import header
from thalweg.industry.writing.log import ZONE, Log, log_of
from thalweg.industry.writing.ocel import write_ocel, write_parquet
from thalweg.industry.writing.sides import profile_of, side_tables
from thalweg.records.ingest import ingest
from thalweg.records.mapping.tables import TablesMapping
from thalweg.records.profile.file import profile_text
from thalweg.records.store.book import Book

Format = Literal["ocel", "ocel-json", "erp", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
Step = Literal["live", "truth", "write", "ingest"]
STEPS: tuple[Step, ...] = get_args(Step)
MOST_DIRT = 0.5
MOST_EVENTS_OF_OCEL = 400_000
"""Beyond it a log is written as Parquet where no format is asked for: OCEL 2.0 in SQLite takes
five times as long to write and to read."""
SIDES = ("parties", "interventions", "products", "ledger", "traffic", "pauses", "totals")
RECORDS, BOOK, TRUTH = "records", "book", "truth.json"


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """What to make, and where.

    format     of the log; None: OCEL 2.0, or tables where dirt is wanted, or Parquet where it is
               large.
    dirt       share of the rows of ERP tables that get a fault, 0 to 0.5 (``damage``).
    encoding   of CSV files; None: UTF-8, and GBK for Chinese tables with dirt.
    workbooks  write the tables beside the events as XLSX too.
    truth      find out what each intervention really did, by living the world without it.
    replace    make a demonstration anew that is there already.
    """

    folder: Path
    spec: WorldSpec = field(default_factory=WorldSpec)
    language: Language = "en"
    format: Format | None = None
    dirt: float = 0.0
    encoding: Encoding | None = None
    workbooks: bool = False
    truth: bool = True
    replace: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.dirt <= MOST_DIRT:
            raise RequestError(
                f"The share of dirt is {self.dirt:g}. Choose one from 0 to {MOST_DIRT:g}, such as "
                "0.02."
            )
        if self.format is not None and self.format not in FORMATS:
            raise RequestError(
                f"There is no format {self.format!r}. Choose one of: {', '.join(FORMATS)}."
            )
        for what, wanted in (("dirt", self.dirt > 0), ("an encoding", self.encoding is not None)):
            if wanted and self.format not in (None, "erp"):
                raise RequestError(
                    f"The format {self.format} knows no {what.removeprefix('an ')}; tables of an "
                    "ERP do. Choose --format erp."
                )


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """What was made.

    events         of the world, before any dirt. interventions: as in ``Records``.
    rows           by file (within the folder), how many rows it has.
    """

    request: DemoRequest
    format: Format
    events: int
    interventions: pl.DataFrame
    rows: dict[str, int]
    source: Path
    mapping: Path | None
    damage: Damage
    book: Book

    @property
    def sides(self) -> dict[str, Path]:
        """Files with the tables beside the events, by key; a table without rows has none."""
        return _side_files(self.request)


def make_demo(request: DemoRequest, tell: Callable[[Step], None] = lambda _: None) -> Demo:
    """Live the world, write everything, and read it into ``FOLDER/book``.

    Takes    tell: hears of each step as it begins.
    Returns  what was made. A failure or an interruption leaves the folder as it was.
    Raises   RequestError: the folder holds something else; SourceError, BookError: as ``ingest``.
    """
    with filled(request.folder, replace=request.replace) as folder:
        tell("live")
        records = run_world(request.spec)
        if request.truth:
            tell("truth")
            _write_truth(request.spec, folder / TRUTH)
        tell("write")
        beside = _write_sides(records, request)
        events, interventions = len(records.events), records.interventions
        chosen = _format(request, events)
        log = log_of(records, request.language)
        del records
        source, mapping, rows, damage = _write_log(log, request, chosen)
        del log  # of ten million events it takes gigabytes, which reading them needs
        profile = folder / f"{header('file.profile', request.language)}.yaml"
        profile.write_text(profile_text(profile_of(request.language)), encoding="utf-8")
        tell("ingest")
        sides = _side_files(request)
        book = ingest(
            source,
            folder / BOOK,
            mapping=mapping and mapping[1],
            profile=profile,
            timezone=ZONE,
            parties=sides.get("parties"),
            interventions=sides.get("interventions"),
            products=sides.get("products"),
            ledger=sides.get("ledger"),
            traffic=sides.get("traffic"),
            pauses=sides.get("pauses"),
            totals=sides.get("totals"),
        )
        sign(folder, _about(request, chosen, damage))
    path = None if mapping is None else mapping[0]
    return Demo(request, chosen, events, interventions, rows | beside, source, path, damage, book)


def _format(request: DemoRequest, events: int) -> Format:
    if request.format is not None:
        return request.format
    if request.dirt > 0 or request.encoding is not None:
        return "erp"
    return "ocel" if events <= MOST_EVENTS_OF_OCEL else "parquet"


def _write_truth(spec: WorldSpec, path: Path) -> None:
    path.write_text(truth_of(spec).to_json(), encoding="utf-8")


Written = tuple[Path, tuple[Path, TablesMapping] | None, dict[str, int], Damage]


def _write_log(log: Log, request: DemoRequest, chosen: Format) -> Written:
    """Where the log is, its mapping if it needs one, rows by file, and what was spoilt."""
    home = request.folder / RECORDS
    home.mkdir()
    mapping = request.folder / f"{header('file.mapping', log.language)}.yaml"
    if chosen == "erp":
        made = erp_tables(log)
        tables, damage = spoil(
            list(made.tables.values()), request.dirt, request.spec.seed, log.language
        )
        encoding = _encoding(request)
        rows = {}
        for table in tables:
            name = made.file_name(table.name)
            write_csv(table.rows, home / name, encoding)
            rows[f"{RECORDS}/{name}"] = len(table.rows)
        return home, (mapping, write_tables_mapping(made.mapping(), mapping)), rows, damage
    if chosen == "parquet":
        read_back = write_tables_mapping(write_parquet(log, home), mapping)
        rows = {
            f"{RECORDS}/{path.name}": pl.scan_parquet(path).select(pl.len()).collect().item()
            for path in sorted(home.iterdir())
        }
        return home, (mapping, read_back), rows, Damage()
    ending = "sqlite" if chosen == "ocel" else "json"
    path = home / f"{header('file.log', log.language)}.{ending}"
    write_ocel(log, path)
    return path, None, {f"{RECORDS}/{path.name}": len(log.events)}, Damage()


def _encoding(request: DemoRequest) -> Encoding:
    if request.encoding is not None:
        return request.encoding
    return "gbk" if request.language == "zh" and request.dirt > 0 else "utf-8"


def _side_file(request: DemoRequest, key: str) -> Path:
    return request.folder / f"{header(f'file.{key}', request.language)}.csv"


def _side_files(request: DemoRequest) -> dict[str, Path]:
    paths = {key: _side_file(request, key) for key in SIDES}
    return {key: path for key, path in paths.items() if path.exists()}


def _write_sides(records: Records, request: DemoRequest) -> dict[str, int]:
    language = request.language
    tables = side_tables(records, language)
    rows = {}
    for key in SIDES:
        path = _side_file(request, key)
        if tables[key].is_empty():
            continue
        write_csv(tables[key], path, _encoding(request))
        rows[path.name] = len(tables[key])
        if request.workbooks:
            write_workbook(tables[key], path.with_suffix(".xlsx"))
            rows[path.with_suffix(".xlsx").name] = len(tables[key])
    return rows


def _about(request: DemoRequest, chosen: Format, damage: Damage) -> dict[str, Any]:
    """Everything that is needed to make the same demonstration again."""
    spec = request.spec
    return {
        "archetype": spec.archetype,
        "firms": spec.firms,
        "months": spec.months,
        "orders_per_firm_month": spec.orders_per_firm_month,
        "seed": spec.seed,
        "start": spec.start.isoformat(),
        "language": request.language,
        "format": chosen,
        "dirt": request.dirt,
        "encoding": _encoding(request),
        "damage": damage.to_json(),
    }
