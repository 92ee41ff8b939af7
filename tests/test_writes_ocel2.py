"""OCEL 2.0 written as JSON, XML and SQLite comes back as it was, in any order of formats."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from ocel_tools import assert_same_log, read_frames, read_text
from thalweg.errors import BookError, RequestError
from thalweg.records.export.frames import frames_from_batch, frames_from_book
from thalweg.records.export.model import (
    CHANGES,
    EVENT_LINKS,
    OBJECT_LINKS,
    OcelFrames,
    with_unique_ids,
)
from thalweg.records.export.ocel_json import write_ocel_json
from thalweg.records.export.ocel_sqlite import table_suffixes, write_ocel_sqlite
from thalweg.records.export.ocel_xml import write_ocel_xml
from thalweg.records.ingest import ingest
from thalweg.records.intake import UTC_NS
from thalweg.records.readers.ocel.values import DTYPES, ValueType, write_as_text
from thalweg.records.trust import Finding

Writer = Callable[[OcelFrames, Path], tuple[Finding, ...]]
WRITERS: dict[str, Writer] = {
    "json": write_ocel_json,
    "xml": write_ocel_xml,
    "sqlite": write_ocel_sqlite,
}
LOGS = (
    "ocel_small/example_log.csv",
    "ocel_small/example_log.jsonocel",
    "ocel_small/example_log.sqlite",
    "ocel_small/example_log.xmlocel",
    "ocel_small/example_log_2.csv",
    "ocel_small/newocel.csv",
    "ocel_small/newocel.jsonocel",
    "ocel_small/newocel.sqlite",
    "ocel_small/ocel20_example.jsonocel",
    "ocel_small/ocel20_example.sqlite",
    "ocel_small/ocel20_example.xmlocel",
    "ocel_small/order_process.jsonocel.gz",
    "ocel2/ocel2-p2p.sqlite.gz",
    "ocel2/running-example.sqlite.gz",
)


def around(frames: OcelFrames, folder: Path) -> None:
    """Write and read in a ring of all formats; every stop must equal the start."""
    now = frames
    for number, suffix in enumerate(("json", "xml", "sqlite", "json")):
        path = folder / f"{number}.{suffix}"
        WRITERS[suffix](now, path)
        now = read_frames(path)
        assert_same_log(frames, now)


# --- round trips ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOGS)
def test_a_public_log_survives_the_ring_of_formats(logs: Path, tmp_path: Path, name: str) -> None:
    around(read_frames(logs / name, "Europe/Berlin"), tmp_path)


@pytest.mark.parametrize("name", ["ocel_small/ocel20_example.xmlocel", "ocel2/ocel2-p2p.sqlite.gz"])
def test_a_book_gives_its_source_back(logs: Path, tmp_path: Path, name: str) -> None:
    book = ingest(logs / name, tmp_path / "book", timezone="Europe/Berlin")

    frames = frames_from_book(book)

    assert frames.notes == ()
    assert_same_log(frames, _told_once(read_frames(logs / name, "Europe/Berlin")))


def _told_once(frames: OcelFrames) -> OcelFrames:
    """The log as a book keeps it: what is said twice in the same words, once."""
    names = ("links", "object_changes", "object_links")
    return replace(frames, **{name: getattr(frames, name).unique() for name in names})


def test_a_book_of_a_case_log_becomes_ocel_with_made_ids(logs: Path, tmp_path: Path) -> None:
    book = ingest(logs / "other" / "running-example.xes", tmp_path / "book")

    frames = frames_from_book(book)

    assert frames.events["@event"].to_list() == [f"e{n}" for n in range(1, 43)]
    assert (len(frames.links), len(frames.objects["case"])) == (42, 6)
    around(frames, tmp_path)


TEXTS = st.text(
    st.one_of(
        st.sampled_from("ab 采购订单:：'\"<>&\\/[]{}%\n\r\t;,.#*é\u00a0\u3000😀"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    ),
    min_size=1,
    max_size=8,
)
TIMES = st.integers(-8_500_000_000, 7_000_000_000).flatmap(
    lambda s: st.integers(0, 999_999_999).map(lambda ns: s * 1_000_000_000 + ns)
)
LATER = st.integers(10**15, 7 * 10**18)
VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    "string": st.one_of(TEXTS, st.just("")),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(),
    "boolean": st.booleans(),
    "time": TIMES,
}


def _names(prefix: str = "") -> st.SearchStrategy[str]:
    plain = TEXTS.filter(lambda n: not n.startswith("@") and not n.lower().startswith("ocel_"))
    return plain.map(lambda n: f"{prefix}{n}")


def _attributes() -> st.SearchStrategy[dict[str, ValueType]]:
    pairs = st.tuples(_names(), st.sampled_from(list(VALUES)))
    return st.lists(pairs, max_size=3, unique_by=lambda p: p[0].lower()).map(dict)


def _column(draw: st.DrawFn, kind: ValueType, rows: int) -> pl.Series:
    values = draw(st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows))
    return pl.Series(values, dtype=pl.Int64 if kind == "time" else DTYPES[kind]).cast(DTYPES[kind])


@st.composite
def logs_of_any_kind(draw: st.DrawFn) -> OcelFrames:
    activities = draw(st.lists(_names(), min_size=1, max_size=3, unique=True))
    kinds = draw(st.lists(_names(), min_size=1, max_size=3, unique=True))
    event_attributes = draw(_attributes())
    object_attributes = {kind: draw(_attributes()) for kind in kinds}
    event_ids = draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
    object_ids = draw(st.lists(TEXTS, min_size=1, max_size=6, unique=True))
    owners = {name: draw(st.sampled_from(kinds)) for name in object_ids}
    rows = len(event_ids)
    events = pl.DataFrame(
        {
            "@event": event_ids,
            "@activity": [draw(st.sampled_from(activities)) for _ in event_ids],
            "@time": pl.Series([draw(TIMES) for _ in event_ids], dtype=pl.Int64).cast(UTC_NS),
            **{name: _column(draw, kind, rows) for name, kind in event_attributes.items()},
        }
    )
    objects = {}
    for kind in kinds:
        own = [name for name in object_ids if owners[name] == kind]
        if own:
            columns = {n: _column(draw, t, len(own)) for n, t in object_attributes[kind].items()}
            objects[kind] = pl.DataFrame({"@object": own, **columns})
    ends = st.one_of(st.sampled_from(object_ids), TEXTS)
    links = draw(
        st.lists(st.tuples(st.sampled_from(event_ids), ends, TEXTS | st.just("")), max_size=8)
    )
    between = draw(
        st.lists(st.tuples(st.sampled_from(object_ids), ends, TEXTS | st.just("")), max_size=5)
    )
    return OcelFrames(
        events=events,
        links=_frame([(e, o, owners.get(o), q) for e, o, q in links], EVENT_LINKS),
        objects=objects,
        object_changes=_changes(draw, objects, object_attributes),
        object_links=_frame(
            [(s, t, q, owners[s], owners.get(t)) for s, t, q in between], OBJECT_LINKS
        ),
        meta={
            "event_types": dict.fromkeys(activities, event_attributes),
            "object_types": object_attributes,
        },
    )


def _frame(rows: list[Any], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def _changes(
    draw: st.DrawFn, objects: dict[str, pl.DataFrame], attributes: dict[str, dict[str, ValueType]]
) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=CHANGES)]
    for kind, frame in objects.items():
        for name, value_type in attributes[kind].items():
            owners = draw(st.lists(st.sampled_from(frame["@object"].to_list()), max_size=3))
            stamps = [draw(LATER) for _ in owners]
            values = write_as_text(_column(draw, value_type, len(owners)))
            rows = list(zip(owners, values, strict=True))
            part = pl.DataFrame(
                {
                    "@object": [owner for owner, _ in rows],
                    "@time": pl.Series(stamps, dtype=pl.Int64).cast(UTC_NS),
                    "@attribute": [name] * len(rows),
                    "@value": [value for _, value in rows],
                    "@value_type": [value_type] * len(rows),
                    "@type": [kind] * len(rows),
                },
                schema=CHANGES,
            )
            parts.append(part)
    return pl.concat(parts)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs_of_any_kind())
def test_any_small_log_survives_the_ring_of_formats(frames: OcelFrames) -> None:
    with TemporaryDirectory() as folder:
        around(frames, Path(folder))


def test_names_that_mean_patterns_elsewhere_are_plain_names(tmp_path: Path) -> None:
    odd = ["*", "^.*$", "new", "at", "value", "id", "time"]
    frames = OcelFrames(
        events=pl.DataFrame(
            {"@event": ["e1"], "@activity": ["*"], "@time": [datetime(2020, 1, 1, tzinfo=UTC)],
             **{name: [name] for name in odd}}
        ).with_columns(pl.col("@time").cast(UTC_NS)),
        links=_frame([("e1", "1", "^a$", "*")], EVENT_LINKS),
        objects={kind: pl.DataFrame({"@object": ["1"], **{n: [n] for n in odd}}) for kind in ("^a$", "*")},
        object_changes=pl.DataFrame(schema=CHANGES),
        object_links=pl.DataFrame(schema=OBJECT_LINKS),
    )  # fmt: skip

    around(with_unique_ids(frames), tmp_path)


# --- read by others -------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(
    "name", ["ocel_small/ocel20_example.jsonocel", "ocel2/running-example.sqlite.gz"]
)
def test_r4pm_reads_what_was_written(logs: Path, tmp_path: Path, name: str, suffix: str) -> None:
    r4pm = pytest.importorskip("r4pm")
    frames = read_frames(logs / name, "Europe/Berlin")
    path = tmp_path / {"json": "log.jsonocel", "xml": "log.xmlocel", "sqlite": "log.sqlite"}[suffix]
    WRITERS[suffix](frames, path)

    theirs = r4pm.df.import_ocel(str(path))

    assert len(theirs["objects"]) == sum(map(len, frames.objects.values()))
    assert len(theirs["o2o"]) == len(frames.object_links)
    assert len(theirs["object_changes"]) == len(frames.object_changes)
    pairs = theirs["relations"].select("ocel:eid", "ocel:oid", "ocel:type", "ocel:qualifier")
    mine = frames.links.select("@event", "@object", "@type", "@qualifier")
    assert sorted(mine.rows()) == sorted(pairs.rows())
    stamps = {
        e: t.replace(tzinfo=None)
        for e, t in theirs["events"].select("ocel:eid", "ocel:timestamp").rows()
    }
    assert {
        e: t.replace(tzinfo=None) for e, t in frames.events.select("@event", "@time").rows()
    } == stamps


def test_pm4py_reads_the_sqlite_with_its_events_and_links(logs: Path, tmp_path: Path) -> None:
    pm4py = pytest.importorskip("pm4py")
    frames = read_frames(logs / "ocel_small" / "ocel20_example.jsonocel")
    write_ocel_sqlite(frames, tmp_path / "log.sqlite")

    theirs = pm4py.read_ocel2(str(tmp_path / "log.sqlite"))

    assert (len(theirs.events), len(theirs.objects)) == (13, 9)
    assert (len(theirs.relations), len(theirs.o2o), len(theirs.object_changes)) == (20, 7, 3)


# --- the shape that the standard asks for ---------------------------------------------------


@pytest.fixture
def typed() -> OcelFrames:
    """One event of an activity, one object that changes, and a type of each that is not used."""
    when = pl.Series([1_577_836_800_000_000_001], dtype=pl.Int64).cast(UTC_NS)
    return OcelFrames(
        events=pl.DataFrame({"@event": ["e1"], "@activity": ["签订"], "@time": when, "n": [5], "ok": [True]}),
        links=_frame([("e1", "o1", "o", "q")], EVENT_LINKS),
        objects={"o": pl.DataFrame({"@object": ["o1"], "w": [1.5]})},
        object_changes=pl.DataFrame(
            {"@object": ["o1"], "@time": when, "@attribute": ["w"], "@value": ["2.5"],
             "@value_type": ["float"], "@type": ["o"]}, schema=CHANGES,
        ),
        object_links=_frame([("o1", "gone", "r", "o", None)], OBJECT_LINKS),
        meta={"event_types": {"unused": {"d": "time"}}, "object_types": {"empty": {}}},
    )  # fmt: skip


def test_json_declares_types_and_writes_values_as_text(typed: OcelFrames, tmp_path: Path) -> None:
    assert write_ocel_json(typed, tmp_path / "log.json") == ()

    document = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert document == {
        "objectTypes": [
            {"name": "empty", "attributes": []},
            {"name": "o", "attributes": [{"name": "w", "type": "float"}]},
        ],
        "eventTypes": [
            {"name": "unused", "attributes": [{"name": "d", "type": "time"}]},
            {
                "name": "签订",
                "attributes": [{"name": "n", "type": "integer"}, {"name": "ok", "type": "boolean"}],
            },
        ],
        "objects": [
            {
                "id": "o1",
                "type": "o",
                "attributes": [
                    {"name": "w", "time": "1970-01-01T00:00:00Z", "value": "1.5"},
                    {"name": "w", "time": "2020-01-01T00:00:00.000000001Z", "value": "2.5"},
                ],
                "relationships": [{"objectId": "gone", "qualifier": "r"}],
            }
        ],
        "events": [
            {
                "id": "e1",
                "type": "签订",
                "time": "2020-01-01T00:00:00.000000001Z",
                "attributes": [{"name": "n", "value": "5"}, {"name": "ok", "value": "true"}],
                "relationships": [{"objectId": "o1", "qualifier": "q"}],
            }
        ],
    }


def test_xml_has_the_parts_in_the_order_of_the_schema(typed: OcelFrames, tmp_path: Path) -> None:
    write_ocel_xml(typed, tmp_path / "log.xml")

    root = etree.parse(tmp_path / "log.xml").getroot()
    assert [part.tag for part in root] == ["object-types", "event-types", "objects", "events"]
    (event,) = root.iterfind("events/event")
    assert [part.tag for part in event] == ["attributes", "objects"]
    assert dict(event.find("objects/relationship").attrib) == {"object-id": "o1", "qualifier": "q"}
    assert [a.get("type") for a in root.iterfind("event-types/event-type/attributes/attribute")] == [
        "time", "integer", "boolean",
    ]  # fmt: skip


def test_sqlite_has_the_tables_and_types_of_the_standard(typed: OcelFrames, tmp_path: Path) -> None:
    write_ocel_sqlite(typed, tmp_path / "log.sqlite")

    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as db:
        tables = {
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        columns = {row[1]: row[2] for row in db.execute('PRAGMA table_info("event_签订")')}
        rows = db.execute('SELECT ocel_time, ocel_changed_field, w FROM "object_o"').fetchall()
        broken = db.execute("PRAGMA foreign_key_check").fetchall()
    assert tables == {
        "event", "object", "event_object", "object_object", "event_map_type", "object_map_type",
        "event_unused", "event_签订", "object_empty", "object_o",
    }  # fmt: skip
    assert columns == {"ocel_id": "TEXT", "ocel_time": "TIMESTAMP", "n": "INTEGER", "ok": "BOOLEAN"}
    assert rows == [
        ("1970-01-01T00:00:00Z", None, 1.5),
        ("2020-01-01T00:00:00.000000001Z", "w", 2.5),
    ]
    assert [row[0] for row in broken] == ["object_object"]


def test_table_names_never_collide() -> None:
    names = [
        "place order",
        "PlaceOrder",
        "place_order",
        "object",
        "map_type",
        "!!!",
        "??",
        "a_2",
        "a",
        "A",
    ]

    suffixes = table_suffixes(names)

    lowered = [s.lower() for s in suffixes.values()]
    assert len(set(lowered)) == len(names)
    assert not {"object", "map_type"} & set(lowered)


# --- what has to be changed or refused ------------------------------------------------------


def test_an_id_of_two_types_is_written_with_its_type_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order,ocel:type:item\n"
        "e1,A,2020-01-01T00:00:00Z,['1'],\"['1', '2', 'order:1']\"\n"
    )
    book = ingest(path, tmp_path / "book")

    frames = frames_from_book(book)

    assert sorted(frames.links.select("@object", "@type").rows()) == [
        ("2", "item"), ("item:1", "item"), ("order:1", "item"), ("order:order:1", "order"),
    ]  # fmt: skip
    (note,) = frames.notes
    assert (note.code, note.count, note.where) == ("export_id_renamed", 2, "object")
    around(frames, tmp_path)


def test_changes_and_object_links_follow_a_renamed_id() -> None:
    frames = OcelFrames(
        events=pl.DataFrame(schema={"@event": pl.String, "@activity": pl.String, "@time": UTC_NS}),
        links=pl.DataFrame(schema=EVENT_LINKS),
        objects={k: pl.DataFrame({"@object": ["1"]}) for k in ("a", "b")},
        object_changes=_frame(
            [("1", datetime(2020, 1, 1, tzinfo=UTC), "x", "v", "string", "b")], CHANGES
        ),
        object_links=_frame([("1", "1", "q", "a", "b")], OBJECT_LINKS),
    )

    unique = with_unique_ids(frames)

    assert unique.object_changes["@object"].to_list() == ["b:1"]
    assert unique.object_links.select("@source", "@target").rows() == [("a:1", "b:1")]


def test_made_event_ids_keep_clear_of_given_ones(logs: Path, tmp_path: Path) -> None:
    names = ("other/running-example.xes", "ocel_small/newocel.jsonocel")
    book = ingest([logs / name for name in names], tmp_path / "book")

    frames = frames_from_book(book)

    ids = frames.events["@event"]
    assert ids.n_unique() == len(frames.events) == 42 + 20
    assert ids[42:].to_list() == [f"e{n}" for n in range(1, 21)]
    assert (ids[0], ids[41]) == ("e1~", "e42")
    (note,) = (n for n in frames.notes if n.where == "event")
    assert (note.code, note.count, note.of) == ("export_id_made", 42, 62)
    around(frames, tmp_path)


def test_xml_refuses_what_it_cannot_hold_and_leaves_nothing_behind(tmp_path: Path) -> None:
    _, batch = read_text(
        tmp_path, "in.json",
        '{"eventTypes": [], "events": [{"id": "e\\u0001", "type": "A", "time": "2020-01-01T00:00:00Z"}]}',
    )  # fmt: skip
    frames = frames_from_batch(batch)

    with pytest.raises(RequestError, match=r"U\+0001"):
        write_ocel_xml(frames, tmp_path / "log.xml")

    assert [p.name for p in tmp_path.iterdir()] == ["in.json"]


def test_sqlite_refuses_names_that_differ_in_case_alone(typed: OcelFrames, tmp_path: Path) -> None:
    frames = replace(typed, events=typed.events.with_columns(N=pl.lit(1)))

    with pytest.raises(RequestError, match="'N' of '签订'"):
        write_ocel_sqlite(frames, tmp_path / "log.sqlite")

    assert list(tmp_path.iterdir()) == []


def test_object_links_from_nowhere_are_reported_where_they_have_no_place(
    typed: OcelFrames, tmp_path: Path
) -> None:
    lost = _frame([("ghost", "o1", "r", None, "o")], OBJECT_LINKS)
    frames = replace(typed, object_links=lost)

    for suffix in ("json", "xml"):
        (note,) = WRITERS[suffix](frames, tmp_path / f"log.{suffix}")
        assert (note.code, note.count, note.severity) == ("export_link_without_source", 1, "loss")
    assert write_ocel_sqlite(frames, tmp_path / "log.sqlite") == ()
    assert read_frames(tmp_path / "log.sqlite").object_links.rows() == lost.rows()


@pytest.mark.parametrize("suffix", WRITERS)
def test_an_old_file_stays_whole_until_the_new_one_is_complete(
    typed: OcelFrames, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"log.{suffix}"
    path.write_text("old")
    broken = replace(typed, object_changes=typed.object_changes.drop("@value"))

    with pytest.raises(Exception):  # noqa: B017
        WRITERS[suffix](broken, path)
    assert path.read_text() == "old"

    WRITERS[suffix](typed, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert read_frames(path).events["@event"].to_list() == ["e1"]


def test_a_place_that_cannot_be_written_is_named(typed: OcelFrames, tmp_path: Path) -> None:
    for suffix, write in WRITERS.items():
        with pytest.raises(BookError, match=f"nowhere/log.{suffix} cannot be written"):
            write(typed, tmp_path / "nowhere" / f"log.{suffix}")
