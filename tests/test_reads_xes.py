"""XES logs come in with every value that is written in them.

The oracle is a plain reading with lxml, ``datetime`` and ``float``: none of the reader's code.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pm4py
import polars as pl
import pytest
import r4pm
from lxml import etree

from thalweg.errors import MappingError
from thalweg.records.export.xes import write_xes_frames
from thalweg.records.intake import Batch, Intake, ReadRequest
from thalweg.records.readers.eventlog import xes
from thalweg.records.sources import Source

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CASES = 400
"""How many traces of a log are compared value by value: the first ones."""

COUNTS = {
    "bpic/BPI_Challenge_2012.xes.gz": (262_200, 13_087),
    "bpic/BPI_Challenge_2017_W_Two_TS_filtered.xes.gz": (127_528, 8_941),
    "bpic/BPI_2020_DomesticDeclarations.xes.gz": (56_437, 10_500),
    "bpic/BPI_2020_PermitLog.xes.gz": (86_581, 7_065),
    "bpic/BPI_2020_RequestForPayment.xes.gz": (36_796, 6_886),
    "bpic/BPIC15_1.xes.gz": (52_217, 1_199),
    "bpic/bpi_challenge_2013_incidents.xes.gz": (65_533, 7_554),
    "drift/ConditionalMove_timestamp_sorted.xes.gz": (232_855, 9_999),
    "manufacturing/Production.xes.gz": (9_906, 225),
    "other/Road_Traffic_Fine_Management_Process.xes.gz": (561_470, 150_370),
    "other/Sepsis_Cases-Event_Log.xes.gz": (15_214, 1_050),
    "other/helpdesk.xes.gz": (21_348, 4_580),
    "other/receipt.xes.gz": (8_577, 1_434),
    "other/repairExample.xes.gz": (11_855, 1_104),
    "other/running-example.xes": (42, 6),
    "procurement/16_bpic2019_1t_per_variant.xes.gz": (338_247, 11_973),
}
"""Events and cases of each log, as the README of the data counts them."""
LARGE = [
    "bpic/BPI_Challenge_2012.xes.gz",
    "bpic/BPI_Challenge_2017_W_Two_TS_filtered.xes.gz",
    "other/Road_Traffic_Fine_Management_Process.xes.gz",
]


def read_all(path: Path, **request: Any) -> tuple[Intake, Batch]:
    """The whole log as one batch."""
    intake = xes.read(Source(path), ReadRequest(**request))
    batches = list(intake.batches)
    assert len(batches) == 1
    return intake, batches[0]


def read_text(folder: Path, text: str | bytes, **request: Any) -> tuple[Intake, Batch]:
    path = folder / "log.xes"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_all(path, **request)


def finding(intake: Intake, code: str) -> Any:
    found = [f for f in intake.findings if f.code == code]
    assert len(found) == 1, [f.code for f in intake.findings]
    return found[0]


def typed(kind: str, value: str) -> Any:
    if kind == "date":
        whole, dot, rest = value.partition(".")
        fraction = rest.rstrip("Z").split("+")[0].split("-")[0] if dot else ""
        at = datetime.fromisoformat(value.replace("." + fraction, "") if dot else whole)
        assert at.tzinfo is not None
        delta = at - EPOCH
        seconds = delta.days * 86_400 + delta.seconds
        return seconds * 10**9 + int(fraction.ljust(9, "0") or 0)
    return {"int": int, "float": float, "boolean": "true".__eq__}.get(kind, str)(value)


def oracle(path: Path) -> Iterator[tuple[dict[str, tuple[str, str]], list[Any]]]:
    """Per trace its attributes and its events, each attribute as (type, text), nested ones too."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        for _, element in etree.iterparse(stream, events=("end",), tag="{*}trace"):
            events = [attributes(e) for e in element if name(e) == "event"]
            yield attributes(element), events
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def attributes(element: Any, path: str = "") -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for child in element:
        if name(child) in ("string", "date", "int", "float", "boolean", "id"):
            key = path + child.get("key")
            key = key if key not in found else f"{key}#{name(child)}"
            found[key] = (name(child), child.get("value"))
            found |= attributes(child, key + "/")
    return found


def assert_same(row: dict[str, Any], written: dict[str, tuple[str, str]], mixed: set[str]) -> None:
    """A row has exactly what is written, value by value."""
    given = {k: v for k, v in row.items() if v is not None}
    assert given.keys() == written.keys()
    for key, (kind, text) in written.items():
        expected = text if key in mixed else typed(kind, text)
        same = given[key] == expected
        assert same or (isinstance(expected, float) and math.isnan(expected)), (key, text)


def plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    times = [c for c, d in frame.schema.items() if isinstance(d, pl.Datetime)]
    return frame.with_columns(pl.col(times).to_physical()).to_dicts()


@pytest.mark.parametrize("log", COUNTS)
def test_every_value_is_as_another_parser_reads_it(logs: Path, log: str) -> None:
    intake, batch = read_all(logs / log)
    objects = batch.objects["case"]
    assert (len(batch.events), len(objects)) == COUNTS[log]
    assert batch.rejects is None
    filled = {f.where for f in intake.findings if f.code == "global_filled"}
    assert not filled
    mixed = {
        f.where.removeprefix("case.") for f in intake.findings if f.code == "attribute_types_vary"
    }
    renamed = {"time:timestamp": "@time", "concept:name": "@activity"}
    row = 0
    for case, (trace, events) in enumerate(islice(oracle(logs / log), CASES)):
        own = plain(objects.slice(case, 1))[0]
        own["concept:name"] = own.pop("@object")
        assert_same(own, trace, mixed)
        for event, got in zip(events, plain(batch.events.slice(row, len(events))), strict=True):
            row += 1
            assert got.pop("@row") == row
            assert got.pop("@case") == trace["concept:name"][1]
            zone = got.pop("@offset_min")
            hours, minutes = divmod(abs(zone), 60)
            tail = f"{'-' if zone < 0 else '+'}{hours:02}:{minutes:02}"
            assert event["time:timestamp"][1].replace("Z", "+00:00").endswith(tail)
            assert_same(got, {renamed.get(k, k): v for k, v in event.items()}, mixed)
    assert row


@pytest.mark.parametrize("log", LARGE)
def test_whole_large_logs_agree_with_another_reader(logs: Path, log: str) -> None:
    """Every event to the last, across all chunks: case, activity, time and resource as in r4pm."""
    _, batch = read_all(logs / log)
    theirs, _ = r4pm.df.import_xes(str(logs / log))
    pairs = {
        "@case": "case:concept:name",
        "@activity": "concept:name",
        "org:resource": "org:resource",
        "lifecycle:transition": "lifecycle:transition",
    }
    assert len(theirs) == len(batch.events)
    for ours, column in pairs.items():
        assert (ours in batch.events.columns) == (column in theirs.columns)
        if column in theirs.columns:
            assert batch.events[ours].eq_missing(theirs[column]).all()
    at = theirs["time:timestamp"].dt.cast_time_unit("ns").dt.replace_time_zone("UTC")
    assert (batch.events["@time"] == at).all()


@pytest.mark.parametrize("log", ["other/running-example.xes", "other/receipt.xes.gz"])
def test_pm4py_reads_the_same_log(logs: Path, log: str) -> None:
    _, batch = read_all(logs / log)
    theirs = pm4py.read_xes(str(logs / log), variant="iterparse", show_progress_bar=False)
    theirs = theirs if hasattr(theirs, "columns") else pm4py.convert_to_dataframe(theirs)
    ours = batch.events.join(batch.objects["case"], left_on="@case", right_on="@object")
    assert ours["@activity"].to_list() == theirs["concept:name"].to_list()
    assert ours["@case"].to_list() == theirs["case:concept:name"].to_list()
    assert ours["org:resource"].to_list() == theirs["org:resource"].to_list()
    assert ours["@time"].to_physical().to_list() == [t.value for t in theirs["time:timestamp"]]


HEAD = '<?xml version="1.0"?><log xes.version="1.0">'
STAMP = '<date key="time:timestamp" value="2020-02-03T04:05:06.789+01:00"/>'


def log_of(*traces: str, head: str = "") -> str:
    return HEAD + head + "".join(f"<trace>{t}</trace>" for t in traces) + "</log>"


def event_of(*attributes: str, activity: str = "a", stamp: str = STAMP) -> str:
    return f'<event><string key="concept:name" value="{activity}"/>{stamp}{"".join(attributes)}</event>'


def named(case: str) -> str:
    return f'<string key="concept:name" value="{case}"/>'


def test_types_of_xes_become_types_of_columns(tmp_path: Path) -> None:
    event = event_of(
        '<int key="i" value="-42"/><float key="f" value="1.5E-3"/><float key="inf" value="-INF"/>',
        '<boolean key="b" value="true"/><id key="u" value="0e8400"/><string key="s" value="007"/>',
        '<date key="d" value="1969-12-31T23:59:59.999999999Z"/>',
    )
    _, batch = read_text(tmp_path, log_of(named("c") + event))
    row = plain(batch.events)[0]
    assert (row["i"], row["f"], row["inf"], row["b"]) == (-42, 0.0015, -math.inf, True)
    assert (row["u"], row["s"], row["d"]) == ("0e8400", "007", -1)
    assert row["@time"] == 1_580_699_106_789_000_000
    assert row["@offset_min"] == 60
    assert batch.events.schema["d"] == pl.Datetime("ns", "UTC")


def test_xml_is_read_in_all_its_spellings(tmp_path: Path) -> None:
    text = """<?xml version='1.0'?><?note x?><!-- <trace> --><x:log xmlns:x='http://x'>
      <x:trace><!-- a > b --><x:string value = 'c &amp; &#x4E2D;&#25991;' key='concept:name' ></x:string>
      <![CDATA[ <event> ]]>
      <x:event><x:string key="concept:name" value='say "hi" &lt;&gt;&apos;&quot;'/>
      <x:date value="2020-01-01T00:00:00Z" key="time:timestamp"/>
      <x:string key='with	tab
and line' value='a
b	c&#10;d'/><x:string key="empty" value=""/>
      <x:string key="&#97;&amp;b" value="采购"/></x:event></x:trace></x:log><!-- end -->
"""
    _, batch = read_text(tmp_path, text)
    row = batch.events.to_dicts()[0]
    assert row["@case"] == "c & 中文"
    assert row["@activity"] == 'say "hi" <>\'"'
    root = etree.fromstring(text.encode())
    strings = root.findall(".//{http://x}event/{http://x}string")
    for element in strings[1:]:
        assert row[element.get("key")] == element.get("value")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "gb18030", "iso-8859-1"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    name = "Prüfung" if encoding == "iso-8859-1" else "检验"
    declared = encoding.removesuffix("-sig")
    text = log_of(named(name) + event_of(activity=name)).replace(
        "?>", f' encoding="{declared}"?>', 1
    )
    intake, batch = read_text(tmp_path, text.encode(encoding))
    assert batch.events["@activity"].to_list() == [name]
    assert batch.events["@case"].to_list() == [name]
    told = [f.detail["encoding"] for f in intake.findings if f.code == "encoding_detected"]
    names = {"utf-8-sig": [], "utf-16": ["utf-16-le"], "iso-8859-1": ["iso8859-1"]}
    assert told == names.get(encoding, [encoding])


def test_a_stated_encoding_goes_before_the_declared_one(tmp_path: Path) -> None:
    text = log_of(named("检验") + event_of()).replace("?>", ' encoding="UTF-8"?>', 1)
    intake, batch = read_text(tmp_path, text.encode("gb18030"), encoding="gbk")
    assert batch.events["@case"].to_list() == ["检验"]
    assert finding(intake, "encoding_stated").detail == {"encoding": "gb18030"}


def test_nested_attributes_are_columns_of_their_own(tmp_path: Path) -> None:
    nested = '<string key="p" value="v"><int key="q" value="1"><string key="r" value="deep"/></int></string>'
    name = '<string key="concept:name" value="c"><string key="src" value="ERP"/></string>'
    intake, batch = read_text(tmp_path, log_of(name + event_of(nested) + event_of()))
    assert batch.events["p"].to_list() == ["v", None]
    assert batch.events["p/q"].to_list() == [1, None]
    assert batch.events["p/q/r"].to_list() == ["deep", None]
    assert batch.objects["case"].to_dicts() == [{"@object": "c", "concept:name/src": "ERP"}]
    assert intake.meta["columns"]["event"]["p/q/r"] == {"path": ["p", "q", "r"], "type": "string"}


def test_lists_and_containers_are_json_text(tmp_path: Path) -> None:
    old = '<list key="l"><int key="a" value="1"/><string key="b" value="&lt;中"/></list>'
    new = '<list key="l"><values><int key="a" value="1"/><string key="b" value="&lt;中"/></values></list>'
    box = '<container key="k"><list key="in"><values/></list></container>'
    _, batch = read_text(tmp_path, log_of(named("c") + event_of(old, box) + event_of(new)))
    content = [
        {"key": "a", "type": "int", "value": "1"},
        {"key": "b", "type": "string", "value": "<中"},
    ]
    assert [json.loads(v) for v in batch.events["l"]] == [content, content]
    assert json.loads(batch.events["k"][0]) == [{"key": "in", "type": "list"}]


def test_what_a_log_says_about_itself_is_kept(tmp_path: Path) -> None:
    head = """<extension name="Time" prefix="time" uri="http://t"/>
      <global scope="trace"><string key="concept:name" value="?"/></global>
      <global scope="event"><int key="cost" value="0"/></global>
      <classifier name="A" keys="concept:name lifecycle:transition"/>
      <string key="source" value="ERP"><int key="version" value="7"/></string>"""
    text = log_of(named("c") + event_of(), head=head).replace(
        "</log>", '<float key="late" value="1.0"/></log>'
    )
    intake, _ = read_text(tmp_path, text)
    meta = json.loads(json.dumps(intake.meta))
    assert meta["log"] == {"xes.version": "1.0"}
    assert meta["extensions"] == [{"name": "Time", "prefix": "time", "uri": "http://t"}]
    assert meta["classifiers"] == [{"name": "A", "keys": "concept:name lifecycle:transition"}]
    assert meta["globals"]["event"] == [{"key": "cost", "type": "int", "value": "0"}]
    assert meta["attributes"] == [
        {
            "key": "source",
            "type": "string",
            "value": "ERP",
            "children": [{"key": "version", "type": "int", "value": "7"}],
        },
        {"key": "late", "type": "float", "value": "1.0"},
    ]


def test_globals_fill_what_is_missing_but_placeholders_do_not(tmp_path: Path) -> None:
    head = """<global scope="event"><int key="cost" value="5"/><string key="org:role" value="UNKNOWN"/>
      <date key="due" value="1970-01-01T00:00:00Z"/><string key="plant" value="Linz"/></global>"""
    events = event_of('<int key="cost" value="3"/>') + event_of()
    intake, batch = read_text(tmp_path, log_of(named("c") + events, head=head))
    assert batch.events["cost"].to_list() == [3, 5]
    assert batch.events["plant"].to_list() == ["Linz", "Linz"]
    assert "org:role" not in batch.events.columns
    assert "due" not in batch.events.columns
    counts = {(f.code, f.where): f.count for f in intake.findings}
    assert counts == {
        ("global_filled", "cost"): 1,
        ("global_filled", "plant"): 2,
        ("global_not_filled", "org:role"): 2,
        ("global_not_filled", "due"): 2,
    }


def test_the_date_is_the_time_of_events_with_two_stamps(logs: Path) -> None:
    intake, batch = read_all(logs / "drift/ConditionalMove_timestamp_sorted.xes.gz")
    assert finding(intake, "time_repeated").count == 232_855
    text = batch.events["time:timestamp#string"]
    assert text.null_count() == 0
    assert batch.events["@offset_min"].unique().to_list() == [60]
    assert (text.str.to_datetime("%+", time_zone="UTC") == batch.events["@time"]).all()


def test_a_classifier_can_name_the_activity(logs: Path, tmp_path: Path) -> None:
    mapping = SimpleNamespace(activity_columns=("concept:name", "lifecycle:transition"))
    intake, batch = read_all(logs / "bpic/bpi_challenge_2013_incidents.xes.gz", mapping=mapping)
    assert batch.events["@activity"].n_unique() == 13
    joined = batch.events["concept:name"] + "+" + batch.events["lifecycle:transition"]
    assert (batch.events["@activity"] == joined).all()
    out = tmp_path / "out.xes"
    write_xes_frames(out, cases=batch.objects["case"], events=batch.events, meta=intake.meta)
    assert read_all(out, mapping=mapping)[1].events.equals(batch.events)
    wrong = SimpleNamespace(activity_columns=("concept:nam",))
    with pytest.raises(MappingError, match=r"'concept:nam'.*Did you mean 'concept:name'"):
        read_text(tmp_path, log_of(named("c") + event_of()), mapping=wrong)


def test_traces_without_a_name_or_with_the_same_name(tmp_path: Path) -> None:
    size = '<int key="size" value="{}"/>'.format
    text = log_of(
        named("x") + size(1) + event_of(), event_of(), named("x") + size(2) + event_of(), named("y")
    )
    intake, batch = read_text(tmp_path, text)
    assert batch.events["@case"].to_list() == ["x", "trace 2", "x"]
    assert batch.objects["case"]["@object"].to_list() == ["x", "trace 2", "y"]
    assert batch.objects["case"]["size"].to_list() == [1, None, None]
    assert finding(intake, "case_name_missing").examples[0].row == 2
    repeated = finding(intake, "case_name_repeated")
    assert (repeated.count, repeated.examples[0].row, repeated.examples[0].value) == (1, 3, "x")
    assert repeated.detail == {"attributes_differing": 1}


def test_times_without_a_zone_are_placed_in_the_stated_one(tmp_path: Path) -> None:
    stamp = STAMP.replace("+01:00", "")
    text = log_of(named("c") + event_of(stamp=stamp) + event_of())
    intake, batch = read_text(tmp_path, text)
    assert finding(intake, "zone_missing").count == 1
    assert batch.events["@time"].dt.hour().to_list() == [4, 3]
    assert batch.events["@offset_min"].to_list() == [None, 60]
    intake, batch = read_text(tmp_path, text, timezone="Asia/Shanghai")
    assert finding(intake, "zone_stated").detail == {"assumed": "Asia/Shanghai"}
    assert batch.events["@time"].dt.hour().to_list() == [20, 3]


def test_times_that_cannot_be_read_are_set_aside_with_their_text(tmp_path: Path) -> None:
    stamps = ["2020-02-30T00:00:00Z", "1066-10-14T09:00:00Z", "soon", "2300-01-01T00:00:00Z"]
    events = [
        event_of(activity=f"a{i}", stamp=STAMP.replace("2020-02-03T04:05:06.789+01:00", s))
        for i, s in enumerate(stamps)
    ]
    _, batch = read_text(tmp_path, log_of(named("c") + "".join(events) + event_of(stamp="")))
    assert batch.rejects is not None
    assert batch.rejects.select("@row", "reason", "value").rows() == [
        (1, "time_unreadable", stamps[0]),
        (2, "time_out_of_range", stamps[1]),
        (3, "time_unreadable", stamps[2]),
        (4, "time_out_of_range", stamps[3]),
    ]
    assert json.loads(batch.rejects["record"][2]) == {"@case": "c", "@activity": "a2"}
    assert batch.events["@row"].to_list() == [5]
    assert batch.events["@time"].to_list() == [None]


def test_values_that_are_not_of_their_type_stay_as_text(tmp_path: Path) -> None:
    values = ["1", "many", "", " 7 "]
    events = "".join(event_of(f'<int key="n" value="{v}"/>') for v in values)
    intake, batch = read_text(tmp_path, log_of(named("c") + events))
    assert batch.events["n"].to_list() == [1, None, None, 7]
    assert batch.events["n#text"].to_list() == [None, "many", None, None]
    assert finding(intake, "value_unreadable").examples[0].row == 2
    assert finding(intake, "value_empty").examples[0].row == 3


def test_a_key_of_several_types_becomes_text(tmp_path: Path) -> None:
    a, b = '<int key="n" value="007"/>', '<string key="n" value="x"/>'
    intake, batch = read_text(tmp_path, log_of(named("c") + event_of(a) + event_of(b)))
    assert batch.events["n"].to_list() == ["007", "x"]
    assert finding(intake, "attribute_types_vary").detail == {"types": {"int": 1, "string": 1}}
    intake, batch = read_text(tmp_path, log_of(named("c") + event_of(a, b, b)))
    assert batch.events.select("n", "n#string", "n#2").rows() == [(7, "x", "x")]
    assert {f.code for f in intake.findings} == {"attribute_repeated"}


def test_what_is_not_xes_is_counted(tmp_path: Path) -> None:
    odd = '<event><string value="no key"/><blob key="b"/>text</event>'
    text = log_of(named("c") + event_of() + odd, head="<owner/>").replace(
        "</log>", event_of() + "</log>"
    )
    intake, batch = read_text(tmp_path, text)
    assert {f.code: f.count for f in intake.findings} == {
        "element_unknown": 2,
        "attribute_without_key": 1,
        "text_between_elements": 1,
        "event_outside_trace": 1,
    }
    assert batch.events["@case"].to_list() == ["c", "c", None]


def test_keys_cannot_pass_for_columns_of_thalweg(tmp_path: Path) -> None:
    text = log_of(
        named("c")
        + event_of(
            '<string key="@time" value="x"/>',
            '<int key="a/b" value="1"/>',
            '<int key="a" value="2"><int key="b" value="3"/></int>',
        )
    )
    _, batch = read_text(tmp_path, text)
    assert batch.events["_@time"].to_list() == ["x"]
    assert batch.events.select("a/b", "a", "a/b#2").rows() == [(1, 2, 3)]


def test_small_chunks_and_batches_give_the_same_log(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = logs / "manufacturing/Production.xes.gz"
    once, whole = read_all(path)
    monkeypatch.setattr("thalweg.records.readers.xml_scan.chunks.CHUNK_BYTES", 30_000)
    intake = xes.read(Source(path), ReadRequest(batch_rows=1_000))
    batches = list(intake.batches)
    assert len(batches) > 5
    assert intake.findings == once.findings
    assert [f.code for f in once.findings] == ["global_not_filled"]
    events = pl.concat([b.events for b in batches], how="diagonal")
    cases = pl.concat([b.objects["case"] for b in batches], how="diagonal")
    assert events.equals(whole.events.select(events.columns))
    assert cases.equals(whole.objects["case"].select(cases.columns))


def test_names_repeated_in_a_later_batch_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thalweg.records.readers.xml_scan.chunks.CHUNK_BYTES", 1_000)
    path = tmp_path / "log.xes"
    path.write_text(log_of(*(named(f"c{i % 70}") + event_of() for i in range(100))))
    intake = xes.read(Source(path), ReadRequest(batch_rows=10))
    assert len(list(intake.batches)) > 5
    repeated = finding(intake, "case_name_repeated")
    assert (repeated.count, repeated.of) == (30, 100)
    assert repeated.examples[0].row == 71


def test_an_empty_log_gives_no_events(tmp_path: Path) -> None:
    for text in ("<log/>", "<log></log>", "<log><trace/></log>"):
        path = tmp_path / "log.xes"
        path.write_text(text)
        batches = list(xes.read(Source(path), ReadRequest()).batches)
        assert sum(len(b.events) for b in batches) == 0
