"""MXML logs come in with every value that is written in them. The oracle is lxml."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree

from thalweg.records.intake import Batch, Intake, ReadRequest
from thalweg.records.readers.eventlog import mxml
from thalweg.records.sources import Source

DRIFT = "drift/[2 250]-[0, 259, 555].mxml.gz"


def read_all(path: Path, **request: Any) -> tuple[Intake, list[Batch]]:
    intake = mxml.read(Source(path), ReadRequest(**request))
    return intake, list(intake.batches)


def read_text(folder: Path, text: str, **request: Any) -> tuple[Intake, Batch]:
    path = folder / "log.mxml"
    path.write_text(text, encoding="utf-8")
    intake, batches = read_all(path, **request)
    return intake, batches[0]


def entry(activity: str = "a", stamp: str = "2020-01-01T00:00:00Z", more: str = "") -> str:
    return (
        f"<AuditTrailEntry>{more}<WorkflowModelElement> {activity}\n</WorkflowModelElement>"
        f"<EventType>complete</EventType><Timestamp>{stamp}</Timestamp></AuditTrailEntry>"
    )


def test_every_value_of_a_real_log_is_as_another_parser_reads_it(logs: Path) -> None:
    intake, (batch,) = read_all(logs / DRIFT)
    with gzip.open(logs / DRIFT) as stream:
        root = etree.parse(stream).getroot()
    rows = []
    for instance in root.iter("ProcessInstance"):
        for item in instance.iter("AuditTrailEntry"):
            own = {child.tag: child.text for child in item}
            at = datetime.fromisoformat(own.pop("Timestamp")).replace(tzinfo=UTC)
            rows.append((instance.get("id"), own.pop("WorkflowModelElement"), at, own))
    events = batch.events
    assert len(events) == len(rows) == 11_924
    assert events["@case"].to_list() == [r[0] for r in rows]
    assert events["@activity"].to_list() == [r[1] for r in rows]
    assert events["@time"].dt.cast_time_unit("us").to_list() == [r[2] for r in rows]
    assert events["lifecycle:transition"].to_list() == [r[3].pop("EventType") for r in rows]
    assert not any(r[3] for r in rows)
    assert events["@row"].to_list() == list(range(1, 11_925))
    cases = batch.objects["case"]
    assert len(cases) == 555
    assert cases["process"].unique().to_list() == ["in_6218715472653541734.bpmn"]
    assert [(f.code, f.count) for f in intake.findings] == [("zone_missing", 11_924)]
    said = {tree["key"]: tree["value"] for tree in intake.meta["attributes"]}
    assert said["app.name"] == "MXMLib"


def test_small_batches_give_the_same_log(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once, (whole,) = read_all(logs / DRIFT)
    monkeypatch.setattr("thalweg.records.readers.xml_scan.events._BLOCK_BYTES", 20_000)
    intake, batches = read_all(logs / DRIFT, batch_rows=500)
    assert len(batches) > 3
    assert intake.findings == once.findings
    assert pl.concat([b.events for b in batches]).equals(whole.events)
    cases = pl.concat([b.objects["case"] for b in batches])
    assert cases.equals(whole.objects["case"])


def test_data_resources_and_processes_are_kept(tmp_path: Path) -> None:
    more = """<Data><Attribute name="cost"> 12 </Attribute><Attribute name="note"><![CDATA[a<b]]> &amp; c</Attribute>
      <Attribute name="cost">13</Attribute></Data><Originator>Ann</Originator>"""
    text = f"""<?xml version="1.0"?><WorkflowLog description="two plants"><Source program="erp"/>
      <Data><Attribute name="v">1</Attribute></Data>
      <Process id="P"><Data><Attribute name="site">Linz</Attribute></Data>
        <ProcessInstance id="1" description="first"><Data><Attribute name="size">9</Attribute></Data>
          {entry(more=more)}{entry("中")}</ProcessInstance><ProcessInstance id="2"/></Process>
      <Process id="Q"><ProcessInstance id="1">{entry("b")}</ProcessInstance></Process></WorkflowLog>"""
    intake, batch = read_text(tmp_path, text)
    assert batch.events.select("@case", "@activity").rows() == [
        ("1", "a"),
        ("1", "中"),
        ("Q/1", "b"),
    ]
    shown = batch.events.select("cost", "cost#2", "note", "org:resource").row(0)
    assert shown == ("12", "13", "a<b & c", "Ann")
    assert batch.objects["case"].to_dicts() == [
        {"@object": "1", "process": "P", "description": "first", "size": "9"},
        {"@object": "2", "process": "P", "description": None, "size": None},
        {"@object": "Q/1", "process": "Q", "description": None, "size": None},
    ]
    assert {f.code: f.count for f in intake.findings} == {
        "case_name_shared": 1,
        "attribute_repeated": 1,
    }
    said = {tree["key"]: tree["value"] for tree in intake.meta["attributes"]}
    assert said == {"description": "two plants", "v": "1", "process P/site": "Linz"}
    assert intake.roles == {"resource": "org:resource", "lifecycle": "lifecycle:transition"}


def test_an_unknown_event_type_says_what_it_is(tmp_path: Path) -> None:
    known = entry()
    other = known.replace("<EventType>complete", '<EventType unknowntype="approved">unknown')
    text = f'<WorkflowLog><Process id="p"><ProcessInstance id="1">{known}{other}</ProcessInstance></Process></WorkflowLog>'
    _, batch = read_text(tmp_path, text)
    assert batch.events["lifecycle:transition"].to_list() == ["complete", "approved"]


def test_times_are_placed_or_set_aside_with_their_text(tmp_path: Path) -> None:
    stamps = ["2020-07-01T12:00:00.000+02:00", "2020-07-01T12:00:00.000", "noon"]
    entries = "".join(entry(stamp=stamp) for stamp in stamps)
    text = f'<WorkflowLog><Process id="p"><ProcessInstance id="1">{entries}</ProcessInstance></Process></WorkflowLog>'
    intake, batch = read_text(tmp_path, text, timezone="Asia/Shanghai")
    assert batch.events["@time"].dt.hour().to_list() == [10, 4]
    assert batch.events["@offset_min"].to_list() == [120, None]
    assert batch.rejects is not None
    assert batch.rejects.select("@row", "reason", "value").rows() == [
        (3, "time_unreadable", "noon")
    ]
    assert [(f.code, f.count) for f in intake.findings] == [("zone_stated", 1)]


def test_instances_without_a_name_or_named_twice(tmp_path: Path) -> None:
    instances = "".join(
        f"<ProcessInstance{i}>{entry()}</ProcessInstance>" for i in (' id="x"', "", ' id="x"')
    )
    text = f'<WorkflowLog><Process id="p">{instances}</Process></WorkflowLog>'
    intake, batch = read_text(tmp_path, text)
    assert batch.events["@case"].to_list() == ["x", "trace 2", "x"]
    assert batch.objects["case"]["@object"].to_list() == ["x", "trace 2"]
    found = {f.code: f.examples[0].row for f in intake.findings}
    assert found == {"case_name_missing": 2, "case_name_repeated": 3}
