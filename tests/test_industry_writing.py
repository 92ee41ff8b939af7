"""What is written of a world is read back to the last link, in every form and both languages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import thalweg
from thalweg.industry.world.words import Language
from thalweg.industry.writing.damage import Damage, TextTable, WorkColumns, spoil
from thalweg.industry.writing.erp import Tables, erp_tables
from thalweg.industry.writing.files import write_csv, write_tables_mapping
from thalweg.industry.writing.layout import lay_out
from thalweg.industry.writing.log import Log
from thalweg.industry.writing.ocel import write_ocel, write_parquet
from thalweg.records.export.ocel_sqlite import table_suffixes
from thalweg.records.mapping.flat import load_mapping
from thalweg.records.store.book import Book
from writing_worlds import (
    TYPES,
    WORDS,
    content,
    content_of_book,
    link_content,
    object_content,
    random_log,
)

FORMS = ("erp", "parquet", "sqlite", "json")


@pytest.fixture(scope="module", params=["en", "zh"])
def log(request: pytest.FixtureRequest) -> Log:
    return random_log(3, 120, request.param)


def written_erp(log: Log, folder: Path, encoding: str = "utf-8", dirt: float = 0.0) -> Damage:
    """Write the ERP tables of a log; the mapping lies beside them."""
    made = erp_tables(log)
    tables, damage = spoil(list(made.tables.values()), dirt, 5, log.language)
    folder.mkdir()
    for table in tables:
        write_csv(table.rows, folder / f"{table.name}.csv", "gbk" if encoding == "gbk" else "utf-8")
    write_tables_mapping(made.mapping(), folder.with_suffix(".yaml"))
    return damage


def book_of(log: Log, form: str, folder: Path) -> Book:
    source = folder / form
    if form == "erp":
        written_erp(log, source)
    elif form == "parquet":
        source.mkdir()
        write_tables_mapping(write_parquet(log, source), source.with_suffix(".yaml"))
    else:
        source = folder / f"log.{form}"
        write_ocel(log, source)
    mapping = source.with_suffix(".yaml")
    stated = load_mapping(mapping) if mapping.exists() else None
    return thalweg.ingest(source, folder / "book", mapping=stated)


@pytest.mark.parametrize("form", FORMS)
def test_every_event_object_and_link_comes_back(log: Log, form: str, tmp_path: Path) -> None:
    book = book_of(log, form, tmp_path)
    assert content_of_book(book, log) == content(log)
    assert set(book.types) == set(log.objects)
    for kind, objects in log.objects.items():
        found = object_content(book.objects(kind).collect(), "@object")
        assert found == object_content(objects, "object")
    names = ["source", "source_type", "target", "target_type", "qualifier"]
    told = link_content(book.object_links(), [f"@{name}" for name in names])
    assert told == link_content(log.object_links, names)
    assert book.trust.rows_set_aside == 0
    assert [f.code for f in book.trust.findings if f.severity != "note"] == []
    assert {role.role for role in book.manifest.roles} == {"resource", "party"}


def test_a_large_log_is_cut_into_files(log: Log, tmp_path: Path) -> None:
    folder = tmp_path / "pieces"
    folder.mkdir()
    fields = write_parquet(log, folder, piece_events=len(log.events) // 3 + 1)
    mapping = write_tables_mapping(fields, tmp_path / "mapping.yaml")
    names = [path.name for path in folder.iterdir()]
    assert sum(name.startswith(log.name("file.events")) for name in names) == 3
    book = thalweg.ingest(folder, tmp_path / "book", mapping=mapping)
    assert content_of_book(book, log) == content(log)


@pytest.mark.parametrize("seed", range(8))
def test_tables_of_an_erp_hold_any_log(seed: int, tmp_path: Path) -> None:
    log = random_log(100 + seed, 3 + 9 * seed)
    assert content_of_book(book_of(log, "erp", tmp_path), log) == content(log)


def test_documents_hold_what_happens_once_and_the_journal_what_is_done_again(log: Log) -> None:
    order, coil, lorry, bill = TYPES[log.language]
    layout = lay_out(log)
    words = WORDS[log.language]
    homes = {"sold": order, "rolled": coil, "sent": lorry, "checked": coil, "paid": bill}
    assert {work.activity: work.type for work in layout.works} == {
        words[key]: kind for key, kind in homes.items()
    }
    rolled = log.events.filter(pl.col("tonnes").is_not_null())
    again = len(rolled) - layout.placed.filter(pl.col("type") == coil)["object"].n_unique()
    in_journal = rolled["event"].is_in(layout.journal.implode()).sum()
    assert in_journal == again > 0


def test_pm4py_reads_the_same_numbers_of_events_objects_and_links(log: Log, tmp_path: Path) -> None:
    pm4py = pytest.importorskip("pm4py")
    for name, read in (
        ("log.json", pm4py.read_ocel2_json),
        ("log.sqlite", pm4py.read_ocel2_sqlite),
    ):
        write_ocel(log, tmp_path / name)
        judged = read(str(tmp_path / name))
        assert len(judged.events) == len(log.events)
        assert len(judged.objects) == sum(map(len, log.objects.values()))
        assert len(judged.relations) == len(log.links)
        assert len(judged.o2o) == len(log.object_links)
        counts = judged.events["ocel:activity"].value_counts().to_dict()
        assert counts == dict(log.events["activity"].value_counts().iter_rows())


def test_the_json_keeps_to_the_schema_of_its_standard(log: Log, tmp_path: Path) -> None:
    write_ocel(log, tmp_path / "log.json")
    data = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert set(data) == {"eventTypes", "objectTypes", "events", "objects"}
    ids = {o["id"] for o in data["objects"]}
    assert all(r["objectId"] in ids for e in data["events"] for r in e["relationships"])
    assert all(isinstance(a["value"], str) for e in data["events"] for a in e["attributes"])
    assert len(table_suffixes(t["name"] for t in data["eventTypes"])) == len(data["eventTypes"])


SHARE = 0.08


@pytest.fixture(scope="module", params=["en", "zh"])
def spoilt(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Log, Damage, Book]:
    language: Language = request.param
    log = random_log(11, 400, language)
    folder = tmp_path_factory.mktemp("dirt") / "erp"
    damage = written_erp(log, folder, "gbk" if language == "zh" else "utf-8", SHARE)
    mapping = load_mapping(folder.with_suffix(".yaml"))
    book = thalweg.ingest(folder, folder.with_name("book"), mapping=mapping)
    return log, damage, book


class TestDirt:
    """Whatever is spoilt is counted twice: when it is spoilt, and in the trust report."""

    def test_the_trust_report_counts_every_loss(self, spoilt: tuple[Log, Damage, Book]) -> None:
        _, damage, book = spoilt
        trust = book.trust
        lost = damage.total("time_missing"), damage.total("time_undecided")
        assert min(lost) > 0
        assert trust.rows_set_aside == sum(lost)
        told = {code: sum(f.count for f in trust.findings if f.code == code) for code in TOLD}
        assert told["time_missing"] == lost[0]
        assert told["time_unreadable"] == lost[1]
        assert told["start_after_end"] == damage.total("start_after_end") > 0
        assert told["table_key_repeated"] == sum(
            n for name, n in damage.faults["row_repeated"].items() if name in log_types(spoilt[0])
        )
        assert told["table_event_duplicated"] == sum(damage.events_repeated.values()) > 0
        ten_thousands = damage.total("amount_in_ten_thousands")
        assert told["magnitude_words"] == ten_thousands > 0
        assert told["cell_unreadable"] == 0

    def test_what_is_only_spelt_otherwise_is_read_the_same(
        self, spoilt: tuple[Log, Damage, Book]
    ) -> None:
        log, damage, book = spoilt
        true, read = content(log), content_of_book(book, log)
        lost = damage.total("time_missing") + damage.total("time_undecided")
        turned = damage.total("start_after_end")
        assert sum((true - read).values()) == lost + turned
        assert sum((read - true).values()) == turned
        assert min(damage.total(f) for f in ("time_form", "trailing_blank", "row_late")) > 0
        if log.language == "zh":
            assert damage.total("full_width") > 0

    def test_a_file_in_gbk_is_recognised(self, spoilt: tuple[Log, Damage, Book]) -> None:
        log, _, book = spoilt
        found = {f.detail["encoding"] for f in book.trust.findings if f.code == "encoding_detected"}
        if log.language == "zh":
            assert found and all(name.lower().startswith("gb") for name in found)


TOLD = (
    *("time_missing", "time_unreadable", "start_after_end", "table_key_repeated"),
    *("table_event_duplicated", "magnitude_words", "cell_unreadable"),
)


def log_types(log: Log) -> set[str]:
    return set(log.objects)


def test_without_dirt_nothing_is_touched() -> None:
    made: Tables = erp_tables(random_log(1, 30))
    tables, damage = spoil(list(made.tables.values()), 0.0, 1, "en")
    assert all(a is b for a, b in zip(tables, made.tables.values(), strict=True))
    assert all(not counts for counts in damage.faults.values())


def test_the_same_seed_spoils_the_same_rows() -> None:
    tables = list(erp_tables(random_log(1, 60)).tables.values())
    one, again, other = (spoil(tables, 0.1, seed, "zh") for seed in (4, 4, 5))
    assert one[1] == again[1]
    assert all(a.rows.equals(b.rows) for a, b in zip(one[0], again[0], strict=True))
    assert any(not a.rows.equals(b.rows) for a, b in zip(one[0], other[0], strict=True))


def test_the_share_of_spoilt_rows_is_the_share_asked_for() -> None:
    rows = 20_000
    begin = pl.Series([f"2024-01-01 08:{n % 60:02d}:00" for n in range(rows)])
    table = TextTable(
        "work",
        pl.DataFrame({"begin": begin, "end": ["2024-01-02 09:00:00"] * rows}),
        (WorkColumns("end", "begin"),),
    )
    share = 0.05
    _, damage = spoil([table], share, 3, "en")
    faults = [damage.total(name) for name in ("time_missing", "time_undecided")]
    faults += [damage.total(n) for n in ("start_after_end", "row_repeated", "row_late")]
    spread = 4 * np.sqrt(rows * share * (1 - share))
    assert abs(sum(faults) - rows * share) < spread
    assert min(faults) > rows * share / 5 - spread
