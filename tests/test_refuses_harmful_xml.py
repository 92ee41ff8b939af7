"""Event logs in XML that could do harm are refused, and damaged ones never half read."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Intake, Limits, ReadRequest
from thalweg.records.readers.eventlog import mxml, xes
from thalweg.records.sources import Source

Read = Callable[[Source, ReadRequest], Intake]

XES = """<log><trace><string key="concept:name" value="c"/>
<event><string key="concept:name" value="a"/>
<date key="time:timestamp" value="2020-01-01T00:00:00Z"/></event></trace>
</log>"""
MXML = """<WorkflowLog><Process id="p"><ProcessInstance id="c">
<AuditTrailEntry><WorkflowModelElement>a</WorkflowModelElement>
<Timestamp>2020-01-01T00:00:00Z</Timestamp></AuditTrailEntry></ProcessInstance></Process>
</WorkflowLog>"""
FORMATS = pytest.mark.parametrize(("reader", "log"), [(xes.read, XES), (mxml.read, MXML)])


def drain(reader: Read, path: Path, limits: Limits | None = None) -> int:
    limits = limits or Limits()
    batches = reader(Source(path, None, limits), ReadRequest(limits=limits)).batches
    return sum(len(batch.events) for batch in batches)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "log.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@FORMATS
def test_the_sound_log_is_read(tmp_path: Path, reader: Read, log: str) -> None:
    assert drain(reader, written(tmp_path, log)) == 1


@FORMATS
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE log [<!ENTITY secret SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE log SYSTEM "http://example.org/log.dtd">',
        "<!DOCTYPE log>",
    ],
)
def test_document_types_are_refused(tmp_path: Path, reader: Read, log: str, doctype: str) -> None:
    path = written(tmp_path, '<?xml version="1.0"?>\n' + doctype + log)
    with pytest.raises(UnsafeSourceError, match="line 2 declares a document type"):
        drain(reader, path)


@FORMATS
def test_deep_nesting_is_refused(tmp_path: Path, reader: Read, log: str) -> None:
    tag = '<string key="k" value="v">' if reader is xes.read else "<x>"
    nested = tag * 100_000 + "</x>" * 100_000
    first = "<trace>" if reader is xes.read else '<Process id="p">'
    path = written(tmp_path, log.replace(first, first + "\n" + nested, 1))
    with pytest.raises(UnsafeSourceError, match="line 2 nests elements more than 64 deep"):
        drain(reader, path)


@FORMATS
def test_enormous_values_are_refused(tmp_path: Path, reader: Read, log: str) -> None:
    big = log.replace('"c"', '"' + "c" * 5_000 + '"')
    with pytest.raises(UnsafeSourceError, match="a value of more than 4,096 bytes"):
        drain(reader, written(tmp_path, big), Limits(cell_bytes=4_096))


def test_an_endless_value_is_refused_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thalweg.records.readers.xml_scan.chunks.CHUNK_BYTES", 10_000)
    path = written(tmp_path, '<log><trace><string key="k" value="' + "v" * 1_000_000)
    with pytest.raises(UnsafeSourceError, match="a value of more than 4,096 bytes"):
        drain(xes.read, path, Limits(cell_bytes=4_096))


def test_tags_with_very_many_attributes_are_refused(tmp_path: Path) -> None:
    crowd = "".join(f' a{i}="1"' for i in range(100_000))
    path = written(tmp_path, XES.replace("<trace>", f"<trace{crowd}>"))
    with pytest.raises(UnsafeSourceError, match="line 1 has more than 1,000 attributes in one tag"):
        drain(xes.read, path)


def test_too_many_keys_are_refused(tmp_path: Path) -> None:
    keys = "".join(f'<int key="k{i}" value="1"/>' for i in range(20_000))
    path = written(tmp_path, XES.replace("</event>", keys + "</event>"))
    with pytest.raises(UnsafeSourceError, match="more than 16,384 different attribute keys"):
        drain(xes.read, path)


DAMAGE = {
    "cut off": XES[:-20],
    "cut off in a tag": XES[:60],
    "cut off after the start": "<log>",
    "nothing": "",
    "not XML": "case,activity\n1,a\n",
    "wrong end": XES.replace("</trace>", "</tracer>"),
    "crossed": XES.replace("</event></trace>", "</trace></event>"),
    "unquoted": XES.replace('"c"', "c"),
    "bare ampersand": XES.replace('"c"', '"c & d"'),
    "unknown entity": XES.replace('"c"', '"&c;"'),
    "null character": XES.replace('"c"', '"&#0;"'),
    "surrogate": XES.replace('"c"', '"&#xD800;"'),
    "control character": XES.replace('"c"', '"\x07"'),
    "less-than in a value": XES.replace('"c"', '"<"'),
    "attributes run together": XES.replace('"concept:name" v', '"concept:name"v', 1),
    "second root": XES + "<log/>",
    "text after the end": XES + "x",
    "text before": "x" + XES,
    "bad comment": XES.replace("<trace>", "<!- x -><trace>"),
    "CDATA end in text": XES.replace("<trace>", "]]><trace>"),
    "two hyphens in a comment": XES.replace("<trace>", "<!-- a -- b --><trace>"),
    "late declaration": "\n<?xml version='1.0'?>" + XES,
    "nameless instruction": XES.replace("<trace>", "<? x?><trace>"),
    "the same attribute twice": XES.replace("<trace>", '<trace a="1" b="2" a="1">'),
    "key twice": XES.replace('value="c"', 'key="c"'),
    "nameless": XES.replace("<trace>", "< trace>"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_xes_is_an_error_and_never_half_a_log(tmp_path: Path, damage: str) -> None:
    with pytest.raises(SourceError, match=r"line [1-9]"):
        drain(xes.read, written(tmp_path, DAMAGE[damage]))
    assert not is_sound_log(DAMAGE[damage])


def test_the_line_of_the_damage_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = XES.splitlines()
    events = [f'<event><string key="n" value="{i}"/></event>' for i in range(3_000)]
    events[2_345] = '<event><string key="n" value="2345/></event>'
    path = written(tmp_path, "\n".join([lines[0], *events, *lines[1:]]))
    for size in (2_000, 16 * 1024**2):
        monkeypatch.setattr("thalweg.records.readers.xml_scan.chunks.CHUNK_BYTES", size)
        with pytest.raises(SourceError, match=r"line 2,347 is not well-formed"):
            drain(xes.read, path)


@FORMATS
def test_a_damaged_archive_is_an_error(tmp_path: Path, reader: Read, log: str) -> None:
    packed = gzip.compress((log + " " * 10_000).encode())
    for content in (packed[:-12], packed[:40], packed[:30] + b"\0\0\0" + packed[33:]):
        with pytest.raises(SourceError, match="damaged"):
            drain(reader, written(tmp_path, content))


@FORMATS
def test_bytes_of_another_encoding_are_an_error(tmp_path: Path, reader: Read, log: str) -> None:
    path = written(tmp_path, log.replace('"c"', '"检验"').encode("gb18030"))
    with pytest.raises(SourceError, match=r"line [12] is not UTF-8.*--encoding"):
        drain(reader, path)
    path = written(tmp_path, '<?xml version="1.0" encoding="klingon"?>' + log)
    with pytest.raises(SourceError, match="'klingon', which is no known encoding"):
        drain(reader, path)


@FORMATS
def test_another_kind_of_xml_is_an_error(tmp_path: Path, reader: Read, log: str) -> None:
    other = MXML if reader is xes.read else XES
    with pytest.raises(SourceError, match="outermost element"):
        drain(reader, written(tmp_path, other))


SOUND = {
    "CDATA": XES.replace("<trace>", "<![CDATA[ a ] b ]] c > <event> ]]]><trace>"),
    "brackets": XES.replace("<trace>", "] > ]] > ]>]<trace>"),
    "comments": XES.replace("<trace>", "<!----><!-- - -> > <trace> --><trace>"),
    "instructions": "<?xml version='1.0' ?>"
    + XES.replace("<trace>", "<?xmla > ? <trace> ?><trace>"),
    "spaces": XES.replace("</trace>", "</trace\n >").replace('value="c"', "value\n=\t'c' "),
    "colons": XES.replace("<date", "<:date").replace("<event>", '<event x:key="1" y:key="2">'),
}


@pytest.mark.parametrize("form", SOUND)
def test_odd_but_sound_xml_is_read(tmp_path: Path, form: str) -> None:
    assert is_sound_log(SOUND[form])
    assert drain(xes.read, written(tmp_path, SOUND[form])) == 1


PIECES = st.sampled_from(
    ["<", ">", "/", "</trace>", "<event>", "</event>", "&", "&#65;", '"', "'", "=", " ", "<!--", "-->",
     "<![CDATA[", "]]>", "<?", "?>", "\n", "key", "é", "<log>", "</log>", "x:", "\x00"]
)  # fmt: skip


def is_sound_log(text: str) -> bool:
    """Whether expat finds the text well formed, with a log outermost."""
    names: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: names.append(name)
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError:
        return False
    return names[0].rpartition(":")[2] == "log"


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(XES)), st.integers(0, 12), PIECES)
def test_whatever_is_cut_in_or_out_another_parser_agrees(
    tmp_path_factory: pytest.TempPathFactory, at: int, gone: int, piece: str
) -> None:
    text = XES[:at] + piece + XES[at + gone :]
    path = written(tmp_path_factory.getbasetemp(), text)
    try:
        drain(xes.read, path)
        accepted = True
    except SourceError:
        accepted = False
    assert accepted == is_sound_log(text)
