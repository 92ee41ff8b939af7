"""OCEL 1.0 in JSON, XML, CSV and SQLite: the same log in each, and nothing lost."""

from __future__ import annotations

import gzip
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ocel_tools import assert_same_log, finding, read_frames, read_ocel, read_text
from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.export.model import OcelFrames
from thalweg.records.intake import Limits
from thalweg.records.readers.ocel.common import detect
from thalweg.records.readers.ocel.csv import split_list
from thalweg.records.sources import Source

EXAMPLE = ("example_log.csv", "example_log.jsonocel", "example_log.xmlocel", "example_log.sqlite")
NEW = ("newocel.csv", "newocel.jsonocel", "newocel.sqlite")


@pytest.fixture
def small(logs: Path) -> Path:
    return logs / "ocel_small"


def without_attributes(frames: OcelFrames) -> tuple[list[object], ...]:
    """Events, links and objects as plain sorted rows."""
    events = frames.events.select("@event", "@activity", "@time").rows()
    links = sorted(frames.links.rows())
    objects = sorted((kind, name) for kind, f in frames.objects.items() for name in f["@object"])
    return events, links, objects


@pytest.mark.parametrize(
    ("name", "events", "objects", "activities", "links"),
    [
        *((name, 23, 15, 15, 39) for name in EXAMPLE),
        *((name, 20, 15, 10, 51) for name in NEW),
        ("order_process.jsonocel.gz", 2391, 796, 11, 4381),
        ("example_log_2.csv", 29, 26, 9, 48),
    ],
)
def test_a_log_is_read_with_all_its_events_objects_and_links(
    small: Path, name: str, events: int, objects: int, activities: int, links: int
) -> None:
    intake, batch = read_ocel(small / name)
    frames = read_frames(small / name)

    assert len(batch.events) == events
    assert sum(map(len, frames.objects.values())) == objects
    assert batch.events["@activity"].n_unique() == activities
    assert len(frames.links) == links
    assert batch.rejects is None
    assert frames.links["@type"].null_count() == 0
    assert set(frames.links["@qualifier"]) == {""}
    assert intake.format.startswith("ocel1-")


@pytest.mark.parametrize("names", [EXAMPLE, NEW], ids=["example_log", "newocel"])
def test_the_same_log_is_the_same_in_every_format(small: Path, names: tuple[str, ...]) -> None:
    zone = {"newocel.csv": "Europe/Berlin"}

    first, *others = (without_attributes(read_frames(small / n, zone.get(n))) for n in names)

    for other in others:
        assert other == first


def test_attributes_agree_where_the_formats_carry_them(small: Path) -> None:
    from_json = read_frames(small / "example_log.jsonocel")
    from_sqlite = read_frames(small / "example_log.sqlite")

    assert from_json.events["prova"].to_list() == from_sqlite.events["prova"].to_list()
    assert from_json.events["prova2"].drop_nulls().to_list() == [456]
    assert from_sqlite.events["prova2"].drop_nulls().to_list() == [456.0]
    for kind, frame in from_json.objects.items():
        other = from_sqlite.objects[kind]
        assert frame.sort("@object").rows() == other.sort("@object").rows()
    assert ("i1", "due", 2.0) in from_json.objects["element"].rows()


def test_order_process_equals_a_plain_json_reading(small: Path) -> None:
    path = small / "order_process.jsonocel.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    expected_events = [
        (name, e["ocel:activity"], datetime.fromisoformat(e["ocel:timestamp"]).replace(tzinfo=UTC))
        for name, e in document["ocel:events"].items()
    ]
    expected_links = sorted(
        (name, target, document["ocel:objects"][target]["ocel:type"], "")
        for name, event in document["ocel:events"].items()
        for target in event["ocel:omap"]
    )

    frames = read_frames(path)

    assert frames.events.select("@event", "@activity", "@time").rows() == expected_events
    assert sorted(frames.links.rows()) == expected_links


@pytest.mark.parametrize("name", ["example_log.jsonocel", "example_log.xmlocel", "newocel.sqlite"])
def test_events_and_links_equal_those_of_pm4py(small: Path, name: str) -> None:
    pm4py = pytest.importorskip("pm4py")
    theirs = pm4py.read_ocel(str(small / name))

    ours = read_frames(small / name)

    stamps = [t.to_pydatetime().replace(tzinfo=UTC) for t in theirs.events["ocel:timestamp"]]
    expected = zip(theirs.events["ocel:eid"], theirs.events["ocel:activity"], stamps, strict=True)
    assert sorted(ours.events.select("@event", "@activity", "@time").rows()) == sorted(expected)
    pairs = zip(theirs.relations["ocel:eid"], theirs.relations["ocel:oid"], strict=True)
    assert sorted(ours.links.select("@event", "@object").rows()) == sorted(pairs)


def test_times_without_zone_take_the_stated_zone_or_utc_and_say_so(small: Path) -> None:
    path = small / "example_log.xmlocel"

    assumed, in_utc = read_ocel(path)
    stated, in_berlin = read_ocel(path, "Europe/Berlin")

    assert in_utc.events["@time"][0] == datetime(1980, 1, 1, tzinfo=UTC)
    assert in_berlin.events["@time"][0] == datetime(1979, 12, 31, 23, tzinfo=UTC)
    (found,) = (f for f in assumed.findings if f.code == "zone_missing")
    assert (found.severity, found.count, found.of) == ("warning", 23, 23)
    (found,) = (f for f in stated.findings if f.code == "zone_stated")
    assert (found.severity, found.detail["assumed"]) == ("note", "Europe/Berlin")


def test_csv_rows_carry_their_line_and_longer_rows_are_named(small: Path) -> None:
    intake, batch = read_ocel(small / "example_log_2.csv")

    assert batch.events["@row"].to_list() == list(range(2, 31))
    assert finding(intake, "row_length", "more cells than columns") == 10
    assert batch.events["ocel:type:po"][28].to_list() == ["PO6", "PO7"]


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("", []),
        ("[]", []),
        ("o1", ["o1"]),
        ("['i4', 'i1']", ["i4", "i1"]),
        ('["i4","i1"]', ["i4", "i1"]),
        ("[1, 2]", ["1", "2"]),
        (r"['it\'s', \"a,b\", '订单[1]']".replace('\\"', '"'), ["it's", "a,b", "订单[1]"]),
        (r"['\u8ba2\x41\n']", ["订A\n"]),
        ("['a' 'b']", None),
        ("['a'", None),
        ("[['a']]", None),
        ("[__import__('os')]", None),
    ],
)
def test_cells_hold_lists_as_python_or_json_write_them(cell: str, ids: list[str] | None) -> None:
    assert split_list(cell) == ids


def test_rows_of_csv_that_make_no_sense_are_set_aside_with_line_and_reason(tmp_path: Path) -> None:
    text = (
        "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order,cost\n"
        "e1,A,2020-01-01 10:00,['o1'],5\n"
        "e2,A,2020-01-01 10:00,['o1,7\n"
        "e3,A,no time,['o1'],7\n"
        ",A,2020-01-01 10:00,['o1'],7\n"
        "e5,A,2020-01-01 10:00,['o1'],7,8\n"
        "\n"
        "e1,A,2020-01-01 10:00,['o2'],5\n"
        "e1,A,2020-01-01 10:00,['o1'],5\n"
        "e8,A,2020-01-01 11:00\n"
    )

    intake, batch = read_text(tmp_path, "log.csv", text)

    assert batch.rejects is not None
    assert sorted(batch.rejects.select("@row", "reason", "value").rows()) == [
        (3, "object_list_broken", "['o1"),
        (4, "time_unreadable", "no time"),
        (5, "event_id_missing", ""),
        (6, "wrong_number_of_cells", "6 cells under 5 columns"),
        (8, "event_id_repeated", "e1"),
    ]
    assert batch.events["@row"].to_list() == [2, 10]
    assert finding(intake, "ocel_repeated_event", "identical") == 1
    assert finding(intake, "row_length", "fewer cells than columns") == 1


def test_an_event_without_objects_is_kept_in_every_format(tmp_path: Path) -> None:
    lone = '"e1": {"ocel:activity": "A", "ocel:timestamp": "2020-01-01T00:00:00Z", "ocel:omap": []}'
    texts = {
        "log.jsonocel": f'{{"ocel:objects": {{}}, "ocel:events": {{{lone}}}}}',
        "log.csv": "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:o\ne1,A,2020-01-01T00:00:00Z,[]\n",
    }

    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        frames = read_frames(tmp_path / name)
        assert frames.events["@event"].to_list() == ["e1"], name
        assert frames.links.is_empty()


def test_a_value_of_another_type_keeps_the_column_as_text(tmp_path: Path) -> None:
    events = {
        str(n): {"ocel:activity": "A", "ocel:timestamp": f"2020-01-0{n}T00:00:00Z",
                 "ocel:omap": [], "ocel:vmap": {"v": value, "n": number}}
        for n, (value, number) in enumerate([(1, 1), ("x", 2.5), (True, 3)], 1)
    }  # fmt: skip

    _, batch = read_text(
        tmp_path, "log.jsonocel", json.dumps({"ocel:events": events, "ocel:objects": {}})
    )

    assert batch.events["v"].to_list() == ["1", "x", "true"]
    assert batch.events["n"].to_list() == [1.0, 2.5, 3.0]


def test_a_key_that_stands_twice_is_kept_once_and_the_other_set_aside(tmp_path: Path) -> None:
    text = (
        '{"ocel:objects": {}, "ocel:events": {'
        '"e1": {"ocel:activity": "A", "ocel:timestamp": "2020-01-01T00:00:00Z", "ocel:omap": []},'
        '"e1": {"ocel:activity": "B", "ocel:timestamp": "2020-01-01T00:00:00Z", "ocel:omap": []}}}'
    )

    intake, batch = read_text(tmp_path, "log.jsonocel", text)

    assert batch.events["@activity"].to_list() == ["A"]
    assert finding(intake, "ocel_repeated_key", "different") == 1
    assert batch.rejects is not None
    assert '"B"' in batch.rejects["record"][0]


def test_typed_xml_values_come_out_typed(tmp_path: Path) -> None:
    text = """<log><global scope="log"><list key="object-types"><string key="object-type" value="o"/>
      <string key="object-type" value="never used"/></list></global>
      <objects><object><string key="id" value="o1"/><string key="type" value="o"/>
        <list key="ovmap"><float key="weight" value="1.5"/></list></object></objects>
      <events><event><string key="id" value="e1"/><string key="activity" value="审批"/>
        <date key="timestamp" value="2020-01-01T08:00:00.000000001+08:00"/>
        <list key="omap"><string key="object-id" value="o1"/></list>
        <list key="vmap"><int key="n" value="7"/><boolean key="b" value="true"/>
          <date key="d" value="2020-01-02T00:00:00Z"/><string key="s" value="x"/></list>
      </event></events></log>"""

    intake, batch = read_text(tmp_path, "log.xmlocel", text)

    row = batch.events.row(0, named=True)
    assert (row["n"], row["b"], row["s"]) == (7, True, "x")
    assert row["d"] == datetime(2020, 1, 2, tzinfo=UTC)
    assert row["@activity"] == "审批"
    assert batch.events["@time"].cast(pl.Int64)[0] == 1_577_836_800_000_000_001
    assert row["@offset_min"] == 480
    assert batch.objects["o"].rows() == [("o1", 1.5)]
    assert finding(intake, "ocel_empty_type", "object type") == 1


def test_a_log_without_a_needed_table_or_column_names_it(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with sqlite3.connect(path) as db:
        for table in ("EVENTS", "OBJECTS", "RELATIONS"):
            db.execute(f'CREATE TABLE {table} ("ocel:eid" TEXT)')
    db.close()

    with pytest.raises(SourceError, match="OBJECTS has no column ocel:oid, ocel:type"):
        read_ocel(path)


def test_a_cell_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    text = "ocel:eid,ocel:activity,ocel:timestamp\ne1," + "x" * 5000 + ",2020-01-01\n"

    with pytest.raises(UnsafeSourceError, match="line 2"):
        read_text(tmp_path, "log.csv", text, limits=Limits(cell_bytes=1000))


def test_gbk_csv_is_read_when_its_encoding_is_named_and_refused_otherwise(tmp_path: Path) -> None:
    from thalweg.records.intake import ReadRequest
    from thalweg.records.readers.ocel import csv as ocel_csv

    path = tmp_path / "log.csv"
    text = "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:订单\ne1,签订合同,2020-01-01 08:00,['甲']\n"
    path.write_bytes(text.encode("gb18030"))

    with pytest.raises(SourceError, match="gb18030"):
        ocel_csv.read(Source(path), ReadRequest())
    (batch,) = ocel_csv.read(Source(path), ReadRequest(encoding="gb18030")).batches

    assert batch.events["@activity"].to_list() == ["签订合同"]
    assert batch.object_columns[0].type == "订单"


def test_every_small_log_is_recognised_and_other_files_are_not(logs: Path) -> None:
    for name in (*EXAMPLE, *NEW, "example_log_2.csv", "order_process.jsonocel.gz"):
        assert str(detect(Source(logs / "ocel_small" / name))).startswith("ocel1-"), name
    for name in ("other/running-example.xes", "chinese/data_wuliu.csv", "models/receipt.bpmn"):
        assert detect(Source(logs / name)) is None


def test_reading_twice_gives_the_same(small: Path) -> None:
    path = small / "example_log.jsonocel"

    assert_same_log(read_frames(path), read_frames(path))
