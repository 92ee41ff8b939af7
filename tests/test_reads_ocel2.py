"""OCEL 2.0 in JSON, XML and SQLite: every dialect understood, every doubt named."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree

from ocel_tools import assert_same_log, finding, read_frames, read_ocel, read_text
from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Limits
from thalweg.records.readers.ocel.common import detect
from thalweg.records.sources import Source

EXAMPLE = ("ocel20_example.jsonocel", "ocel20_example.xmlocel", "ocel20_example.sqlite")
ZONE = "Europe/Berlin"


def document(**parts: list[dict[str, Any]]) -> str:
    whole: dict[str, Any] = {"eventTypes": [], "objectTypes": [], "events": [], "objects": []}
    return json.dumps(whole | parts, ensure_ascii=False)


def kind(name: str, **attributes: str) -> dict[str, Any]:
    declared = [{"name": key, "type": value} for key, value in attributes.items()]
    return {"name": name, "attributes": declared}


def thing(name: str, of: str, *values: tuple[str, str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "type": of,
        "attributes": [{"name": n, "time": t, "value": v} for n, t, v in values],
    }


def event(
    name: str, of: str = "A", time: str = "2020-01-01T00:00:00Z", **values: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "type": of,
        "time": time,
        "attributes": [{"name": n, "value": v} for n, v in values.items()],
        "relationships": [],
    }


# --- the public logs ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "events", "objects", "types", "links", "object_links", "changes"),
    [
        *((f"ocel_small/{name}", 13, 9, 4, 20, 7, 3) for name in EXAMPLE),
        ("ocel2/ocel2-p2p.sqlite.gz", 14_671, 9_543, 7, 35_927, 20_402, 33_475),
        ("ocel2/running-example.sqlite.gz", 18_211, 10_031, 6, 35_857, 25_336, 120),
    ],
)
def test_a_log_is_read_with_all_its_parts(
    logs: Path, name: str, events: int, objects: int, types: int, links: int, object_links: int,
    changes: int,
) -> None:  # fmt: skip
    intake, batch = read_ocel(logs / name)

    assert len(batch.events) == events
    assert batch.events["@time"].null_count() == 0
    assert sum(map(len, batch.objects.values())) == objects
    assert len(batch.objects) == types
    assert batch.links is not None
    assert len(batch.links) == links
    assert batch.object_links is not None
    assert len(batch.object_links) == object_links
    assert batch.object_changes is not None
    assert len(batch.object_changes) == changes
    assert batch.rejects is None
    assert intake.format.startswith("ocel2-")


def test_the_example_is_the_same_in_all_formats_once_its_zone_is_stated(logs: Path) -> None:
    from_json, from_xml, from_sqlite = (
        read_frames(logs / "ocel_small" / name, ZONE) for name in EXAMPLE
    )

    assert_same_log(from_json, from_xml)
    assert_same_log(from_json, from_sqlite)
    assert from_json.events["@time"][0] == datetime(2022, 1, 9, 14, tzinfo=UTC)


def test_without_a_zone_the_example_is_an_hour_off_and_says_so(logs: Path) -> None:
    intake, batch = read_ocel(logs / "ocel_small" / "ocel20_example.xmlocel")

    assert batch.events["@time"][0] == datetime(2022, 1, 9, 15, tzinfo=UTC)
    assert finding(intake, "zone_missing") == 13 + 3
    assert batch.objects["Invoice"]["is_blocked"].to_list() == ["No", "No", "No"]
    intake, batch = read_ocel(logs / "ocel_small" / "ocel20_example.sqlite")
    assert finding(intake, "ocel_initial_stamp") == 1
    assert batch.objects["Purchase Order"].rows() == [
        ("PO1", "Cows", "500"),
        ("PO2", "Notebooks", "1"),
    ]


def test_the_example_in_xml_equals_what_lxml_sees(logs: Path) -> None:
    path = logs / "ocel_small" / "ocel20_example.xmlocel"
    root = etree.parse(path).getroot()
    expected_links = [
        (e.get("id"), r.get("object-id"), r.get("qualifier"))
        for e in root.iterfind("events/event")
        for r in e.iterfind("objects/relationship")
    ]
    expected_values = {
        (e.get("id"), a.get("name")): a.text
        for e in root.iterfind("events/event")
        for a in e.iterfind("attributes/attribute")
    }

    _, batch = read_ocel(path)

    assert batch.links is not None
    assert batch.links.select("@event", "@object", "@qualifier").rows() == expected_links
    names = [n for n in batch.events.columns if not n.startswith("@")]
    found = batch.events.unpivot(names, index="@event").drop_nulls("value")
    assert {(e, n): v for e, n, v in found.iter_rows()} == expected_values


@pytest.mark.parametrize("name", EXAMPLE)
def test_the_example_equals_what_r4pm_reads(logs: Path, name: str) -> None:
    r4pm = pytest.importorskip("r4pm")
    path = logs / "ocel_small" / name
    theirs = r4pm.df.import_ocel(str(path))

    ours = read_frames(path)

    pairs = theirs["relations"].select("ocel:eid", "ocel:oid", "ocel:type", "ocel:qualifier")
    mine = ours.links.select("@event", "@object", "@type", "@qualifier")
    assert sorted(mine.rows()) == sorted(pairs.rows())
    stamps = dict(theirs["events"].select("ocel:eid", "ocel:timestamp").rows())
    assert {e: t.replace(tzinfo=None) for e, t in ours.events.select("@event", "@time").rows()} == {
        e: t.replace(tzinfo=None) for e, t in stamps.items()
    }
    assert len(theirs["object_changes"]) == len(ours.object_changes)
    assert len(theirs["o2o"]) == len(ours.object_links)


def test_procure_to_pay_equals_plain_sql(logs: Path, tmp_path: Path) -> None:
    packed = logs / "ocel2" / "ocel2-p2p.sqlite.gz"
    _, batch = read_ocel(packed)
    assert batch.links is not None
    assert batch.object_links is not None
    with closing(_unpacked(packed, tmp_path)) as db:
        links = db.execute(
            "SELECT ocel_event_id, ocel_object_id, ocel_qualifier FROM event_object"
        ).fetchall()
        dangling = db.execute(
            "SELECT count(*) FROM object_object WHERE ocel_target_id NOT IN "
            "(SELECT ocel_id FROM object) OR ocel_source_id NOT IN (SELECT ocel_id FROM object)"
        ).fetchone()[0]
        times = dict(db.execute("SELECT ocel_id, ocel_time FROM event_ExecutePayment"))

    assert batch.links.select("@event", "@object", "@qualifier").rows() == links
    ids = pl.concat([f["@object"] for f in batch.objects.values()]).implode()
    unknown = batch.object_links.filter(
        ~pl.col("@source").is_in(ids) | ~pl.col("@target").is_in(ids)
    )
    assert (len(unknown), dangling) == (2_028, 2_028)
    linked = batch.links["@object"].unique().implode()
    assert len(batch.objects["material"].filter(~pl.col("@object").is_in(linked))) == 489
    paid = batch.events.filter(pl.col("@activity") == "Execute Payment")
    expected = {e: datetime.fromisoformat(t) for e, t in times.items()}
    assert dict(paid.select("@event", "@time").rows()) == expected


def test_changes_without_a_value_are_kept_and_counted(logs: Path) -> None:
    intake, batch = read_ocel(logs / "ocel2" / "ocel2-p2p.sqlite.gz")

    assert batch.object_changes is not None
    assert batch.object_changes["@value"].null_count() == 33_475
    assert batch.object_changes["@time"].min() > datetime(2022, 1, 1, tzinfo=UTC)
    assert finding(intake, "ocel_change_without_value") == 33_475
    (found,) = (f for f in intake.findings if f.code == "ocel_change_without_value")
    assert found.detail["by_attribute"]["MovementTypeMSEGBWART"] == 4_042


def test_ids_are_text_and_declared_types_without_events_are_kept(logs: Path) -> None:
    intake, batch = read_ocel(logs / "ocel2" / "running-example.sqlite.gz", ZONE)

    assert batch.objects["items"]["@object"][0] == "880001"
    empty = next(f for f in intake.findings if f.code == "ocel_empty_type")
    assert {e.value for e in empty.examples} == {"pay order", "package delivered", "reorder item"}
    assert set(intake.meta["ocel"]["event_types"]) >= {"pay order", "place order"}
    assert finding(intake, "ocel_unread_part", "object_") == 0
    assert batch.object_changes is not None
    changed = batch.object_changes.filter(pl.col("@object") == "iPad Pro")
    assert changed.row(0)[1:] == (
        datetime(2023, 6, 2, 9, 39, 36, tzinfo=UTC), "price", "1113.51", "float",
    )  # fmt: skip


def test_every_log_is_recognised(logs: Path) -> None:
    for name in EXAMPLE:
        suffix = {".jsonocel": "json", ".xmlocel": "xml"}.get(Path(name).suffix, "sqlite")
        assert detect(Source(logs / "ocel_small" / name)) == f"ocel2-{suffix}"
    for name in ("ocel2-p2p.sqlite.gz", "running-example.sqlite.gz"):
        assert detect(Source(logs / "ocel2" / name)) == "ocel2-sqlite"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"events": [{"id": "e1", "type": "A", "time": "2020-01-01T00:00:00Z"}]}', "ocel2-json"),
        ('\ufeff {"objects": [{"id": "o1", "type": "o", "relationships": []}]}', "ocel2-json"),
        ('{"events": [{"name": "e1", "type": "A"}]}', None),
        ('{"trace": []}', None),
        ('<log><object-types/></log>', "ocel2-xml"),
        ('<?xml version="1.0"?><log><events><event id="e" type="A"/></events></log>', "ocel2-xml"),
        ('<log><global scope="object"/></log>', "ocel1-xml"),
        ('<log xes.version="1.0"><trace><event/></trace></log>', None),
        ("id,activity\n", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_format_is_told_by_its_first_bytes(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    path = tmp_path / "unknown"
    path.write_text(text, encoding="utf-8")

    assert detect(Source(path)) == expected


def _unpacked(packed: Path, folder: Path) -> sqlite3.Connection:
    path = folder / "log.sqlite"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return sqlite3.connect(path)


# --- types and values -----------------------------------------------------------------------


def test_values_are_read_as_their_declared_type_however_they_are_written(tmp_path: Path) -> None:
    declared = {"s": "string", "i": "integer", "f": "float", "b": "boolean", "t": "time"}
    values = [
        {"s": 500, "i": "500", "f": "1.5", "b": "true", "t": "2020-01-02 08:00:00"},
        {"s": "007", "i": 7.0, "f": 2, "b": 0, "t": "2020-01-02T08:00:00.123456789+08:00"},
        {"s": True, "i": "", "f": "1e400", "b": "False", "t": None},
    ]
    text = document(
        eventTypes=[kind("A", **declared)],
        events=[event(f"e{n}", **row) for n, row in enumerate(values)],
    )

    intake, batch = read_text(tmp_path, "log.json", text)

    frame = batch.events
    assert frame["s"].to_list() == ["500", "007", "true"]
    assert frame["i"].to_list() == [500, 7, None]
    assert frame["f"].to_list() == [1.5, 2.0, float("inf")]
    assert frame["b"].to_list() == [True, False, False]
    assert frame["t"].cast(pl.Int64).to_list() == [
        1_577_952_000_000_000_000, 1_577_923_200_123_456_789, None,
    ]  # fmt: skip
    assert finding(intake, "zone_missing") == 1
    assert finding(intake, "ocel_value_type") == 0


def test_hours_that_the_clock_repeats_or_skips_are_counted(tmp_path: Path) -> None:
    times = ("2022-10-30T02:30:00", "2022-03-27T02:30:00", "2022-01-01T02:30:00")
    events = [event(f"e{n}", time=time) for n, time in enumerate(times)]

    intake, batch = read_text(tmp_path, "log.json", document(events=events), timezone=ZONE)

    assert batch.events["@time"].dt.to_string("%H:%M").to_list() == ["00:30", "00:30", "01:30"]
    assert finding(intake, "time_ambiguous") == finding(intake, "time_nonexistent") == 1
    assert finding(intake, "zone_stated") == 3


def test_times_in_other_forms_than_iso_are_read_and_named(tmp_path: Path) -> None:
    times = ("2022年3月5日 8:05", "2022/3/6 8:05", "2022-03-07T08:05:00Z")
    events = [event(f"e{n}", time=time) for n, time in enumerate(times)]

    intake, batch = read_text(tmp_path, "log.json", document(events=events))

    assert batch.events["@time"].dt.day().to_list() == [5, 6, 7]
    assert finding(intake, "date_forms") == 3
    assert batch.rejects is None


@pytest.mark.parametrize(
    ("declared", "value"),
    [("integer", "12 t"), ("integer", "0012"), ("integer", str(2**70)), ("float", "1,5"),
     ("boolean", "maybe"), ("time", "yesterday"), ("time", "2020-02-30T00:00:00Z")],
)  # fmt: skip
def test_a_value_that_does_not_fit_keeps_the_column_as_text(
    tmp_path: Path, declared: str, value: str
) -> None:
    text = document(eventTypes=[kind("A", x=declared)], events=[event("e1", x=value)])

    intake, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["x"].to_list() == [value]
    assert finding(intake, "ocel_value_type", "x") == 1
    assert intake.meta["ocel"]["event_types"]["A"] == {"x": "string"}


def test_one_name_declared_with_two_types_becomes_the_wider_one(tmp_path: Path) -> None:
    text = document(
        eventTypes=[kind("A", x="integer", y="integer"), kind("B", x="float", y="boolean")],
        events=[event("e1", "A", x=1, y=1), event("e2", "B", x=2.5, y=True)],
    )

    intake, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["x"].to_list() == [1.0, 2.5]
    assert batch.events["y"].to_list() == ["1", "true"]
    assert finding(intake, "ocel_type_conflict") == 2


def test_booleans_of_sqlite_are_ones_and_zeros(tmp_path: Path) -> None:
    path = _sqlite(tmp_path, 'CREATE TABLE event_A (ocel_id, ocel_time, "ok" BOOLEAN)')
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO event VALUES ('e1', 'a'), ('e2', 'a')")
        db.execute("INSERT INTO event_map_type VALUES ('a', 'A')")
        db.execute(
            "INSERT INTO event_A VALUES ('e1', '2020-01-01T00:00:00Z', 1), ('e2', '2020-01-01', 0)"
        )
        db.commit()

    _, batch = read_ocel(path)

    assert batch.events["ok"].to_list() == [True, False]


@pytest.mark.parametrize(
    "stamp", ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00", "1969-12-31T16:00:00Z"]
)
def test_initial_values_are_known_by_their_stamp_even_shifted(tmp_path: Path, stamp: str) -> None:
    later = "2020-05-01T00:00:00Z"
    text = document(
        objectTypes=[kind("o", x="integer", y="string")],
        objects=[thing("o1", "o", ("x", stamp, 1), ("y", stamp, "a"), ("x", later, 2)),
                 thing("o2", "o", ("x", later, 3))],
    )  # fmt: skip

    _, batch = read_text(tmp_path, "log.json", text)

    assert batch.objects["o"].rows() == [("o1", 1, "a"), ("o2", None, None)]
    assert batch.object_changes is not None
    when = datetime(2020, 5, 1, tzinfo=UTC)
    assert batch.object_changes.rows() == [
        ("o1", when, "x", "2", "integer"), ("o2", when, "x", "3", "integer"),
    ]  # fmt: skip


def test_several_stamps_near_1970_are_real_times(tmp_path: Path) -> None:
    text = document(
        objectTypes=[kind("o", x="string")],
        objects=[thing("o1", "o", ("x", "1970-01-01T00:00:00Z", "a"),
                       ("x", "1970-01-01T02:00:00Z", "b"), ("x", "1970-01-01T03:00:00Z", "c"))],
    )  # fmt: skip

    _, batch = read_text(tmp_path, "log.json", text)

    assert batch.objects["o"]["x"].to_list() == ["a"]
    assert batch.object_changes is not None
    assert batch.object_changes["@value"].to_list() == ["b", "c"]


# --- what files get wrong -------------------------------------------------------------------


def test_repeated_ids_keep_the_first_and_set_a_different_second_aside(tmp_path: Path) -> None:
    first = event("e1", x="1") | {"relationships": [{"objectId": "o1", "qualifier": "q"}]}
    text = document(
        eventTypes=[kind("A", x="string")],
        objectTypes=[kind("o", v="string"), kind("p")],
        events=[first, first, event("e1", x="1"), event("e2")],
        objects=[thing("o1", "o", ("v", "1970-01-01T00:00:00Z", "a")), thing("o1", "p"),
                 thing("o1", "o", ("v", "1970-01-01T00:00:00Z", "a"))],
    )  # fmt: skip

    intake, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["@row"].to_list() == [1, 4]
    assert batch.links is not None
    assert batch.links.rows() == [("e1", "o1", "q", 1)]
    assert {k: f.rows() for k, f in batch.objects.items()} == {"o": [("o1", "a")]}
    assert batch.rejects is not None
    assert batch.rejects.select("@row", "reason", "value").rows() == [
        (3, "event_id_repeated", "e1"),
        (2, "object_id_repeated", "o1"),
    ]
    assert finding(intake, "ocel_repeated_event", "identical") == 1
    assert finding(intake, "ocel_repeated_object", "identical") == 1


def test_broken_times_ids_and_repeated_attributes_are_set_aside(tmp_path: Path) -> None:
    twice = event("e4", x="1")
    twice["attributes"].append({"name": "x", "value": "2"})
    text = document(
        eventTypes=[kind("A", x="string")],
        objectTypes=[kind("o", v="string")],
        events=[event("e1", time="soon"), event("e2") | {"id": None}, event("e3") | {"time": None}, twice],
        objects=[thing("o1", "o", ("v", "never", "a")), thing("o2", "o") | {"type": None}],
    )  # fmt: skip

    _, batch = read_text(tmp_path, "log.json", text)

    assert batch.events.select("@event", "@time", "x").rows()[0] == ("e3", None, None)
    assert batch.events["x"].to_list() == [None, "1"]
    assert batch.rejects is not None
    assert sorted(batch.rejects.select("@row", "reason", "value").rows()) == [
        (1, "time_unreadable", "never"),
        (1, "time_unreadable", "soon"),
        (2, "event_id_missing", ""),
        (2, "object_type_missing", "o2"),
        (4, "attribute_repeated", "2"),
    ]


def test_undeclared_types_and_attributes_are_read_and_named(tmp_path: Path) -> None:
    text = document(events=[event("e1", n=5)], objects=[thing("o1", "o", ("v", "1970-01-01", 2.5))])

    intake, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["n"].to_list() == [5]
    assert batch.objects["o"]["v"].to_list() == [2.5]
    assert {f.where for f in intake.findings if f.code == "ocel_undeclared"} == {
        "event type", "event attribute", "object type", "object attribute",
    }  # fmt: skip


def test_attributes_called_like_our_own_columns_are_renamed_and_named(tmp_path: Path) -> None:
    text = document(
        eventTypes=[kind("A", **{"@time": "string"})], events=[event("e1", **{"@time": "x"})]
    )

    intake, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["attribute:@time"].to_list() == ["x"]
    assert finding(intake, "attribute_renamed") == 1


@pytest.mark.parametrize(
    ("reference", "dialects"),
    [
        ('<relationship object-id="o1" qualifier="q"/>', 0),
        ('<object object-id="o1" type="o" qualifier="q"/>', 2),
        ('<relationship object-id="o1" relationship="q"/>', 2),
        ('<object object-id="o1" relationship="q"/>', 4),
    ],
)
def test_all_dialects_of_xml_references_are_understood(
    tmp_path: Path, reference: str, dialects: int
) -> None:
    text = f"""<?xml version="1.0"?><log xmlns="urn:any">
      <object-types><object-type name="o"><attributes/></object-type></object-types>
      <event-types><event-type name="A"><attributes/></event-type></event-types>
      <objects><object id="o1" type="o"><objects>{reference}</objects></object></objects>
      <events><event id="e1" type="A" time="2020-01-01T00:00:00Z">
        <attributes/><objects>{reference}</objects></event></events></log>"""

    intake, batch = read_text(tmp_path, "log.xml", text)

    assert batch.links is not None
    assert batch.links.rows() == [("e1", "o1", "q", 1)]
    assert batch.object_links is not None
    assert batch.object_links.rows() == [("o1", "o1", "q")]
    assert finding(intake, "ocel_dialect") == dialects


def test_lone_surrogates_in_json_do_not_stop_the_reading(tmp_path: Path) -> None:
    text = document(
        events=[event("e1", of="@@"), event("e2", time="@@"), event("e3", **{"@@": "@@"})]
    )
    text = text.replace("@@", "A\\ud800\\ud83d\\ude00")

    intake, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["@activity"][0] == "A\ufffd😀"
    assert batch.events["A\ufffd😀"].to_list() == [None, "A\ufffd😀"]
    assert batch.rejects is not None
    assert batch.rejects["value"].to_list() == ["A\ufffd😀"]
    assert finding(intake, "text_damaged") == 4


def test_gb18030_xml_and_utf16_json_are_read(tmp_path: Path) -> None:
    xml = tmp_path / "log.xml"
    xml.write_bytes(
        '<?xml version="1.0" encoding="GB18030"?><log><objects/><events>'
        '<event id="e1" type="签订" time="2020-01-01T00:00:00Z"/></events></log>'.encode("gb18030")
    )
    text = tmp_path / "log.json"
    text.write_bytes(document(events=[event("e1", of="签订")]).encode("utf-16"))

    for path in (xml, text):
        _, batch = read_ocel(path)
        assert batch.events["@activity"].to_list() == ["签订"]


def _sqlite(folder: Path, *statements: str, without: str = "") -> Path:
    tables = {
        "event": "ocel_id TEXT, ocel_type TEXT",
        "object": "ocel_id TEXT, ocel_type TEXT",
        "event_object": "ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT",
        "object_object": "ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT",
        "event_map_type": "ocel_type TEXT, ocel_type_map TEXT",
        "object_map_type": "ocel_type TEXT, ocel_type_map TEXT",
    }
    path = folder / "log.sqlite"
    with closing(sqlite3.connect(path)) as db:
        for name, columns in tables.items():
            if name != without:
                db.execute(f"CREATE TABLE {name} ({columns})")
        for statement in statements:
            db.execute(statement)
        db.commit()
    return path


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no table object_map_type"):
        read_ocel(_sqlite(tmp_path, without="object_map_type"))


def test_the_missing_table_of_a_used_type_is_named(tmp_path: Path) -> None:
    path = _sqlite(
        tmp_path,
        "INSERT INTO event VALUES ('e1', 'place order')",
        "INSERT INTO event_map_type VALUES ('place order', 'PlaceOrder')",
    )

    with pytest.raises(SourceError, match="event_PlaceOrder of type 'place order'"):
        read_ocel(path)


def test_rows_of_type_tables_that_belong_to_nothing_are_set_aside(tmp_path: Path) -> None:
    path = _sqlite(
        tmp_path,
        "INSERT INTO event VALUES ('e1', 'a')",
        "INSERT INTO object VALUES ('o1', 'o')",
        "INSERT INTO event_map_type VALUES ('a', 'A')",
        "INSERT INTO object_map_type VALUES ('o', 'O')",
        "CREATE TABLE event_A (ocel_id, ocel_time)",
        "INSERT INTO event_A VALUES ('e1', '2020-01-01T00:00:00Z'), ('e9', '2020-01-01T00:00:00Z')",
        "INSERT INTO event_A VALUES ('e1', '2021-01-01T00:00:00Z')",
        "CREATE TABLE object_O (ocel_id, ocel_time, ocel_changed_field, x INTEGER, y INTEGER)",
        "INSERT INTO object_O VALUES ('o1', '1970-01-01', NULL, 1, 2), ('o9', '1970-01-01', NULL, 1, 2)",
        "INSERT INTO object_O VALUES ('o1', '2020-01-01', 'x', 5, 2)",
        "CREATE TABLE notes (text)",
        "INSERT INTO notes VALUES ('hello')",
    )

    intake, batch = read_ocel(path)

    assert batch.rejects is not None
    assert batch.rejects.select("reason", "value").rows() == [
        ("event_row_without_event", "e9"),
        ("event_row_repeated", "e1"),
        ("object_row_without_object", "o9"),
    ]
    assert batch.objects["o"].rows() == [("o1", 1, 2)]
    assert batch.object_changes is not None
    assert batch.object_changes["@value"].to_list() == ["5"]
    assert finding(intake, "ocel_value_beside_change") == 1
    assert finding(intake, "ocel_unread_part", "notes") == 1


# --- what means harm ------------------------------------------------------------------------

BOMB = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "text",
    [
        f"{BOMB}<log><events><event id='&b;' type='A'/></events></log>",
        '<!DOCTYPE log SYSTEM "file:///etc/passwd"><log><events/></log>',
        '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log><events>&x;</events></log>',
    ],
)
def test_xml_with_a_document_type_is_refused(tmp_path: Path, text: str) -> None:
    from thalweg.records.intake import ReadRequest
    from thalweg.records.readers.ocel import xml as ocel_xml

    path = tmp_path / "log.xml"
    path.write_text(text)

    with pytest.raises(UnsafeSourceError, match="DOCTYPE"):
        ocel_xml.read(Source(path), ReadRequest())


def test_xml_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    deep = "<log><events><event id='e'>" + "<a>" * 100_000

    with pytest.raises(UnsafeSourceError, match="64 levels"):
        read_text(tmp_path, "log.xml", deep)


def test_xml_with_an_endless_text_is_refused(tmp_path: Path) -> None:
    long = "<log><events><event id='e'><attributes><attribute name='x'>" + "y" * 100_000

    with pytest.raises(UnsafeSourceError, match="10,000"):
        read_text(tmp_path, "log.xml", long, limits=Limits(cell_bytes=10_000))


@pytest.mark.parametrize("depth", [65, 100_000])
def test_json_nested_too_deeply_is_refused(tmp_path: Path, depth: int) -> None:
    text = '{"eventTypes": [], "events": ' + "[" * depth + "]" * depth + "}"

    with pytest.raises(UnsafeSourceError, match="64 levels"):
        read_text(tmp_path, "log.json", text)


def test_brackets_inside_texts_are_not_nesting(tmp_path: Path) -> None:
    name = '[{"\\' * 100
    text = document(eventTypes=[kind(name)], events=[event("e1", of=name)])

    _, batch = read_text(tmp_path, "log.json", text)

    assert batch.events["@activity"].to_list() == [name]


def test_a_view_in_place_of_a_table_is_not_run(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, x FROM n"
    path = _sqlite(tmp_path, f"CREATE VIEW event(ocel_id, ocel_type) AS {endless}", without="event")

    with pytest.raises(SourceError, match="no table event"):
        read_ocel(path)


def test_a_cell_of_sqlite_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = _sqlite(tmp_path, f"INSERT INTO event VALUES ('{'e' * 5000}', 'a')")

    with pytest.raises(UnsafeSourceError, match="too large"):
        read_ocel(path, limits=Limits(cell_bytes=1000))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.json", b'{"eventTypes": [', "not valid JSON"),
        ("log.json", b'{"eventTypes": [], "events": {}}', "events should be a list"),
        ("log.json", b'{"eventTypes": [], "events": [1]}', "should be an object"),
        ("log.json", '{"eventTypes": [], "events": [], "x": "审批"}'.encode("gb18030"), "gb18030"),
        ("log.xml", b"<log><object-types/><events></log>", "line 1, column"),
        ("log.sqlite", b"SQLite format 3\x00" + b"\x00" * 200, "SQLite"),
    ],
)
def test_damaged_files_say_what_and_where(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    from importlib import import_module

    from thalweg.records.intake import ReadRequest

    path = tmp_path / name
    path.write_bytes(content)
    reader = import_module(f"thalweg.records.readers.ocel.{Path(name).suffix[1:]}")

    with pytest.raises(SourceError, match=message):
        reader.read(Source(path), ReadRequest())


def test_a_file_is_never_changed_by_reading(tmp_path: Path) -> None:
    path = _sqlite(tmp_path)
    before = path.read_bytes()
    path.chmod(0o444)

    read_ocel(path)

    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["log.sqlite"]


def test_sqlite_of_writers_that_leave_columns_out_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);
            CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
            CREATE TABLE event_pay (ocel_id TEXT, ocel_time TIMESTAMP);
            CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
            CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
            CREATE TABLE object_order (ocel_id TEXT, price REAL);
            CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT);
            CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT);
            INSERT INTO event VALUES ('e1', 'pay');
            INSERT INTO event_map_type VALUES ('pay', 'pay');
            INSERT INTO event_pay VALUES ('e1', '2024-01-01T00:00:00Z');
            INSERT INTO object VALUES ('o1', 'order');
            INSERT INTO object_map_type VALUES ('order', 'order');
            INSERT INTO object_order VALUES ('o1', 2.5);
            INSERT INTO event_object VALUES ('e1', 'o1');
            INSERT INTO object_object VALUES ('o1', 'o1');
            """
        )
    import thalweg

    book = thalweg.ingest(path, tmp_path / "book")
    assert book.trust.rows_set_aside == 0
    assert book.objects("order").collect().rows() == [("o1", 2.5)]
    assert book.links("order").collect().rows() == [(0, 0, "")]
    told = [f for f in book.trust.findings if f.code == "ocel_dialect"]
    assert sum(f.count for f in told) == 3
