"""What is written as XES reads back as the same log, here and in other tools."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import r4pm
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from book_helpers import book_of, opened, simple
from thalweg.errors import BookError, RequestError
from thalweg.records.export.xes import write_xes, write_xes_frames
from thalweg.records.ingest import ingest
from thalweg.records.intake import Batch, Intake, ObjectColumn, ReadRequest
from thalweg.records.readers.eventlog import mxml, xes
from thalweg.records.sources import Source

LOGS = [
    "bpic/BPI_2020_PermitLog.xes.gz",
    "bpic/BPIC15_1.xes.gz",
    "bpic/bpi_challenge_2013_incidents.xes.gz",
    "drift/ConditionalMove_timestamp_sorted.xes.gz",
    "manufacturing/Production.xes.gz",
    "other/Sepsis_Cases-Event_Log.xes.gz",
    "other/helpdesk.xes.gz",
    "other/receipt.xes.gz",
    "other/repairExample.xes.gz",
    "other/running-example.xes",
]


def read_one(path: Path, reader: Any = xes.read) -> tuple[Intake, Batch]:
    intake = reader(Source(path), ReadRequest())
    (batch,) = intake.batches
    return intake, batch


def written(path: Path, intake: Intake, batch: Batch) -> tuple[Intake, Batch]:
    """The log after it was written and read again."""
    meta = json.loads(json.dumps(intake.meta))
    found = write_xes_frames(path, cases=batch.objects["case"], events=batch.events, meta=meta)
    assert found == ()
    return read_one(path)


def assert_same_log(one: Batch, two: Batch) -> None:
    assert two.events.schema == one.events.schema
    assert two.events.equals(one.events)
    assert two.objects["case"].schema == one.objects["case"].schema
    assert two.objects["case"].equals(one.objects["case"])


@pytest.mark.parametrize("log", LOGS)
def test_real_logs_come_back_equal_in_every_value(logs: Path, log: str, tmp_path: Path) -> None:
    before, batch = read_one(logs / log)
    after, again = written(tmp_path / "log.xes", before, batch)
    assert_same_log(batch, again)
    for part in ("extensions", "globals", "classifiers", "attributes", "columns"):
        assert after.meta[part] == before.meta[part]
    told = [(f.code, f.count, f.where) for f in before.findings]
    left = [(f.code, f.count, f.where) for f in after.findings]
    assert left == [t for t in told if t[0] != "attribute_types_vary"]


def test_nested_lists_and_odd_values_come_back(tmp_path: Path) -> None:
    text = """<log xes.version="1.0"><extension name="T" prefix="t" uri="u?a=1&amp;b=2"/>
    <classifier name="A" keys="concept:name 'life cycle'"/>
    <string key="a&lt;b" value="&quot;&#10;"><list key="l"><int key="i" value="1"/></list></string>
    <trace><string key="concept:name" value="c &amp; d"><string key="x" value="y"/></string></trace>
    <trace><string key="concept:name" value="中&#9;文"/><float key="f" value="INF"/>
      <event><string key="concept:name" value="a&#13;&#10;b"><int key="code" value="7"><string key="unit" value=""/></int></string>
        <date key="time:timestamp" value="2020-01-01T00:00:00.123456789-11:30"/><date key="due" value="1969-12-31T23:59:59.999999999Z"/>
        <list key="items"><values><string key="p" value="&lt;&quot;&gt;"/><container key="q"><int key="n" value="2"/></container></values></list>
        <int key="n" value="many"/><int key="n" value="1"/><float key="g" value="NaN"/><boolean key="b" value="true"/></event>
      <event><date key="time:timestamp" value="2020-01-01T00:00:00+14:00"/><int key="n" value="2"/><float key="g" value="1E-300"/>
        <container key="box"><id key="u" value="0"/></container><string key="@row" value="mine"/></event></trace>
    <trace/></log>"""
    path = tmp_path / "in.xes"
    path.write_text(text)
    before, batch = read_one(path)
    after, again = written(tmp_path / "out.xes", before, batch)
    assert_same_log(batch, again)
    assert after.meta["attributes"] == before.meta["attributes"]
    assert after.meta["classifiers"] == before.meta["classifiers"]
    assert batch.events["@offset_min"].to_list() == [-690, 840]
    assert batch.events["concept:name/code/unit"].to_list() == ["", None]
    assert json.loads(again.events["items"][0])[1]["key"] == "q"


VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(VALUES, min_size=3, max_size=3),
    st.lists(st.floats(allow_nan=False), min_size=3, max_size=3),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="@#/\ufffe\uffff"),
        min_size=1,
    ),
)
def test_any_text_and_number_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str | None], floats: list[float], ints: list[int], key: str,
) -> None:  # fmt: skip
    events = pl.DataFrame(
        {
            "@case": ["c"] * 3,
            "@activity": ["a", "b", "c"],
            "@time": pl.Series([0, 1, 2**60]).cast(pl.Datetime("ns", "UTC")),
            f"{key}.t": pl.Series(texts, dtype=pl.String),
            "f": floats,
            "i": ints,
        }
    )
    path = tmp_path_factory.getbasetemp() / "any.xes"
    write_xes_frames(path, cases=pl.DataFrame({"@object": ["c"]}), events=events, meta={})
    _, batch = read_one(path)
    wanted = [c for c in events.columns if events[c].null_count() < 3]
    assert batch.events.select(wanted).equals(events.select(wanted))


def test_another_reader_finds_the_same_log(logs: Path, tmp_path: Path) -> None:
    before, batch = read_one(logs / "other/receipt.xes.gz")
    out = tmp_path / "log.xes.gz"
    written(out, before, batch)
    assert out.read_bytes()[:2] == b"\x1f\x8b"
    ours, _ = r4pm.df.import_xes(str(out))
    source, _ = r4pm.df.import_xes(str(logs / "other/receipt.xes.gz"))
    assert set(ours.columns) == set(source.columns)
    assert ours.select(sorted(ours.columns)).equals(source.select(sorted(ours.columns)))
    with gzip.open(out) as stream:
        root = etree.parse(stream).getroot()
    assert len(root.findall("{*}trace/{*}event")) == 8_577


def test_large_logs_are_written_portion_by_portion(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, batch = read_one(logs / "manufacturing/Production.xes.gz")
    whole, parts = tmp_path / "whole.xes", tmp_path / "parts.xes"
    written(whole, before, batch)
    monkeypatch.setattr("thalweg.records.export.xes._EVENTS_AT_ONCE", 100)
    written(parts, before, batch)
    assert parts.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    "log", ["manufacturing/Production.xes.gz", "other/Sepsis_Cases-Event_Log.xes.gz"]
)
def test_a_book_made_from_xes_is_written_back(logs: Path, log: str, tmp_path: Path) -> None:
    book = ingest([logs / log], into=tmp_path / "book")
    assert write_xes(book, tmp_path / "log.xes") == ()
    before, batch = read_one(logs / log)
    after, again = read_one(tmp_path / "log.xes")
    assert after.meta["globals"] == before.meta["globals"]
    names = batch.events.columns
    assert again.events.select(names).equals(batch.events)
    cases = batch.objects["case"]
    assert again.objects["case"].select(cases.columns).sort("@object").equals(cases.sort("@object"))


def test_an_mxml_log_becomes_xes(logs: Path, tmp_path: Path) -> None:
    before, batch = read_one(logs / "drift/[2 250]-[0, 259, 555].mxml.gz", mxml.read)
    _, again = written(tmp_path / "log.xes", before, batch)
    names = ["@case", "@activity", "@time", "lifecycle:transition"]
    assert again.events.select(names).equals(batch.events.select(names))
    assert again.objects["case"].equals(batch.objects["case"])


def test_a_book_without_xes_behind_it_becomes_plain_xes(tmp_path: Path) -> None:
    frame = simple(("b", "x", 5), ("a", "y", 3), ("b", "z", 1)).with_columns(
        n=pl.Series([1, None, 3]), start_timestamp=pl.lit("own")
    )
    book = book_of(tmp_path / "book", frame)
    assert write_xes(book, tmp_path / "log.xes") == ()
    _, batch = read_one(tmp_path / "log.xes")
    assert batch.events.select("@case", "@activity", "n").rows() == [
        ("b", "x", 1),
        ("b", "z", 3),
        ("a", "y", None),
    ]
    assert batch.events["@time"][0] == datetime(2023, 11, 14, 22, 13, 25, tzinfo=UTC)
    root = etree.parse(tmp_path / "log.xes").getroot()
    assert [e.get("prefix") for e in root.findall("{*}extension")] == [
        "concept",
        "time",
        "org",
        "lifecycle",
    ]


def test_events_of_several_objects_or_none_are_told(tmp_path: Path) -> None:
    frame = simple((None, "x", 1), (None, "y", 2), (None, "z", 3)).drop("case")
    frame = frame.with_columns(
        order=pl.Series([["o1", "o2"], ["o1"], []], dtype=pl.List(pl.String)),
        item=pl.Series(["i1", "i1", "i2"]),
    )
    columns = (ObjectColumn("order", "order"), ObjectColumn("item", "item"))
    book = book_of(tmp_path / "book", opened(Batch(frame, columns)))
    with pytest.raises(RequestError, match=r"one object type, the case\. Name one of: order, item"):
        write_xes(book, tmp_path / "log.xes")
    with pytest.raises(RequestError, match="no object type 'orders'"):
        write_xes(book, tmp_path / "log.xes", type="orders")
    found = write_xes(book, tmp_path / "log.xes", type="order")
    assert [(f.code, f.severity, f.count, f.of) for f in found] == [
        ("export_event_without_object", "loss", 1, 3),
        ("export_event_repeated", "warning", 1, 2),
    ]
    _, batch = read_one(tmp_path / "log.xes")
    assert batch.events.select("@case", "@activity").rows() == [
        ("o1", "x"),
        ("o1", "y"),
        ("o2", "x"),
    ]


def test_characters_that_xml_cannot_carry_are_counted(tmp_path: Path) -> None:
    book = book_of(tmp_path / "book", simple(("c\x07", "a\x00b", 1)))
    (finding,) = write_xes(book, tmp_path / "log.xes")
    assert (finding.code, finding.count) == ("export_character_replaced", 2)
    _, batch = read_one(tmp_path / "log.xes")
    assert batch.events.select("@case", "@activity").row(0) == ("c\ufffd", "a\ufffdb")


def test_not_a_number_comes_back(tmp_path: Path) -> None:
    book = book_of(tmp_path / "book", simple(("c", "a", 1)).with_columns(x=pl.lit(math.nan)))
    write_xes(book, tmp_path / "log.xes")
    _, batch = read_one(tmp_path / "log.xes")
    assert math.isnan(batch.events["x"][0])


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    book = book_of(tmp_path / "book", simple(("c", "a", 1)))
    with pytest.raises(BookError, match="cannot be written"):
        write_xes(book, tmp_path / "nowhere" / "log.xes")
    path = tmp_path / "log.xes"
    path.write_text("old")
    broken = {"columns": {"event": {"x": {"path": [], "type": "int"}}}}
    events = pl.DataFrame(
        {"@case": ["c"], "@activity": ["a"], "@time": [datetime(2020, 1, 1, tzinfo=UTC)], "x": [1]}
    )
    with pytest.raises(IndexError):
        write_xes_frames(path, cases=pl.DataFrame({"@object": ["c"]}), events=events, meta=broken)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["log.xes"]
