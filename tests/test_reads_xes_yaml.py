"""XES in YAML: a stream of documents as process engines write it. The oracle is PyYAML."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Batch, Intake, Limits, ReadRequest
from thalweg.records.readers.eventlog import xes_yaml
from thalweg.records.sources import Source

HEAD = """---
log:
  xes: {creator: an engine, features: nested-attributes}
  extension:
    time: http://www.xes-standard.org/time.xesext
    cpee: http://cpee.org/cpee.xesext
  global:
    trace: {concept:name: __NOTSPECIFIED__}
    event: {concept:name: __NOTSPECIFIED__, lifecycle:transition: complete}
  classifier: {Data: concept:name}
  trace:
    concept:name: 160
    cpee:name: Turn 铸件
    cpee:instance: 9a2b
"""
EVENT = """---
event:
  concept:instance: 160
  concept:name: Fetch
  id:id: a1
  cpee:activity_uuid: bf93
  lifecycle:transition: start
  cpee:lifecycle:transition: activity/calling
  list:
    data_receiver:
    - name: temperature
      data: {value: 21.5, unit: "°C"}
    - just text
  weight: 2.5e3
  ok: true
  nothing:
  answer: no
  at: 12:30:45
  day: 2018-05-03
  time:timestamp: '2018-05-03T14:08:14.251+02:00'
"""


def read_text(folder: Path, text: str, **request: Any) -> tuple[Intake, list[Batch]]:
    path = folder / "log.xes.yaml"
    path.write_text(text, encoding="utf-8")
    intake = xes_yaml.read(Source(path), ReadRequest(**request))
    return intake, list(intake.batches)


def test_a_stream_becomes_a_case_with_events(tmp_path: Path) -> None:
    intake, (batch,) = read_text(tmp_path, HEAD + EVENT)
    row = batch.events.to_dicts()[0]
    assert (row["@row"], row["@case"], row["@activity"]) == (1, "160", "Fetch")
    assert row["@time"] == datetime(2018, 5, 3, 12, 8, 14, 251_000, UTC)
    assert row["@offset_min"] == 120
    assert (row["weight"], row["ok"], row["concept:instance"]) == (2500.0, True, 160)
    assert (row["answer"], row["at"], row["day"]) == ("no", "12:30:45", "2018-05-03")
    assert "nothing" not in row
    received = yaml.safe_load(EVENT)["event"]["list"]["data_receiver"]
    assert json.loads(row["list/data_receiver"]) == received
    assert batch.objects["case"].to_dicts() == [
        {"@object": "160", "cpee:name": "Turn 铸件", "cpee:instance": "9a2b"}
    ]
    assert intake.roles == {"lifecycle": "lifecycle:transition", "instance": "cpee:activity_uuid"}
    assert intake.findings == []


def test_what_a_log_says_about_itself_is_kept(tmp_path: Path) -> None:
    intake, _ = read_text(tmp_path, HEAD + EVENT)
    meta = json.loads(json.dumps(intake.meta))
    assert meta["log"] == {"xes.creator": "an engine", "xes.features": "nested-attributes"}
    assert [e["prefix"] for e in meta["extensions"]] == ["time", "cpee"]
    assert meta["classifiers"] == [{"name": "Data", "keys": "concept:name"}]
    assert [g["key"] for g in meta["globals"]["event"]] == ["concept:name", "lifecycle:transition"]


def test_many_events_and_traces_agree_with_pyyaml(tmp_path: Path) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    documents: list[dict[str, Any]] = []
    for case in range(20):
        documents.append({"log": {"trace": {"concept:name": f"c{case}", "size": case}}})
        for i in range(case):
            at = (start + timedelta(seconds=case * 1000 + i)).isoformat()
            attributes = {"concept:name": f"a{i % 3}", "time:timestamp": at, "n": i, "x": i / 7}
            documents.append({"event": attributes | {"deep": {"er": {"est": f"v{i}"}}}})
    text = yaml.safe_dump_all(documents, explicit_start=True)
    _, batches = read_text(tmp_path, text, batch_rows=50)
    assert len(batches) > 2
    rows = [row for batch in batches for row in batch.events.to_dicts()]
    expected = [d["event"] for d in yaml.safe_load_all(text) if "event" in d]
    assert [r["@row"] for r in rows] == list(range(1, len(expected) + 1))
    assert [r["@activity"] for r in rows] == [e["concept:name"] for e in expected]
    assert [r["@time"].isoformat() for r in rows] == [e["time:timestamp"] for e in expected]
    assert [r["n"] for r in rows] == [e["n"] for e in expected]
    assert [r["x"] for r in rows] == [e["x"] for e in expected]
    assert [r["deep/er/est"] for r in rows] == [e["deep"]["er"]["est"] for e in expected]
    cases = [c for batch in batches for c in batch.objects["case"]["@object"]]
    assert cases == [f"c{i}" for i in range(20)]


def test_events_alone_name_their_case(tmp_path: Path) -> None:
    event = EVENT.replace("  ok: true\n", "  trace:id: '7'\n")
    intake, (batch,) = read_text(tmp_path, event + event.replace("'7'", "'8'") + event + EVENT)
    assert batch.events["@case"].to_list() == ["7", "8", "7", None]
    assert batch.objects["case"]["@object"].to_list() == ["7", "8"]
    assert intake.findings == []


def test_repeated_keys_names_and_foreign_documents_are_told(tmp_path: Path) -> None:
    text = HEAD + EVENT.replace("  ok: true\n", "  id:id: a2\n") + "---\nhello: 1\n" + HEAD
    intake, (batch,) = read_text(tmp_path, text)
    assert batch.events.select("id:id", "id:id#2").rows() == [("a1", "a2")]
    assert {f.code: f.count for f in intake.findings} == {
        "document_unread": 1,
        "case_name_repeated": 1,
    }


def test_honest_aliases_are_followed(tmp_path: Path) -> None:
    text = HEAD + EVENT.replace("ok: true", "a: &x [1, 2]\n  b: *x")
    _, (batch,) = read_text(tmp_path, text)
    assert batch.events.select("a", "b").rows() == [("[1, 2]", "[1, 2]")]


def test_harmful_streams_are_refused(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n  "
    bomb += "\n  ".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9))
    with pytest.raises(UnsafeSourceError, match="stands for more than 1,000,000 values"):
        read_text(tmp_path, HEAD + EVENT.replace("ok: true", bomb))
    deep = "deep: " + "[" * 500 + "]" * 500
    with pytest.raises(UnsafeSourceError, match="line 29 nests values more than 64 deep"):
        read_text(tmp_path, HEAD + EVENT.replace("ok: true", deep))
    with pytest.raises(UnsafeSourceError, match="a value of more than 1,024 bytes"):
        big = EVENT.replace("Fetch", "F" * 2_000)
        read_text(tmp_path, HEAD + big, limits=Limits(cell_bytes=1_024))
    with pytest.raises(SourceError, match="refers to 'me', which is not defined before"):
        read_text(tmp_path, HEAD + EVENT.replace("ok: true", "ok: &me [*me]"))


@pytest.mark.parametrize(
    "damage",
    [
        HEAD + EVENT.replace("  ok: true", " ok: [true"),
        HEAD + EVENT.replace("'2018", '"2018'),
        HEAD + "---\nevent: {a: 1",
        HEAD + "\x07",
    ],
)
def test_damaged_streams_are_errors(tmp_path: Path, damage: str) -> None:
    with pytest.raises(SourceError, match="is not well-formed YAML"):
        read_text(tmp_path, damage)


def test_other_yaml_and_other_encodings_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none of its documents begins with 'log:'"):
        read_text(tmp_path, "kind: table\ncase: a\n")
    path = tmp_path / "log.yaml"
    path.write_bytes(HEAD.encode("gb18030"))
    with pytest.raises(SourceError):
        list(xes_yaml.read(Source(path), ReadRequest()).batches)
    intake = xes_yaml.read(Source(path), ReadRequest(encoding="gb18030"))
    assert next(intake.batches).objects["case"]["cpee:name"].to_list() == ["Turn 铸件"]
