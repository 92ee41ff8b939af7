"""Tables that would do harm are refused with a reason, and nothing is unpacked for them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tables_tools import read, written
from thalweg.errors import SourceError, ThalwegError, UnsafeSourceError
from thalweg.records.intake import Limits, ReadRequest
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.proposal.propose import propose
from thalweg.records.readers import read_source
from thalweg.records.sources import Source

SIMPLE = FlatMapping(case="c", activity="a", time="t")


def draw(path: Path, limits: Limits) -> int:
    source = Source(path, None, limits)
    intake = read_source(source, ReadRequest(mapping=SIMPLE, limits=limits))
    return sum(len(batch.events) for batch in intake.batches)


def test_a_cell_beyond_the_limit_is_refused_and_one_within_is_read(tmp_path: Path) -> None:
    limits = Limits(cell_bytes=1_000)
    path = written(tmp_path, "x.csv", f"c,a,t,x\n1,A,2021-01-01,{'x' * 1_001}\n")
    with pytest.raises(UnsafeSourceError, match=r"cell of 1,001 bytes in column 'x'"):
        draw(path, limits)
    assert draw(written(tmp_path, "y.csv", f"c,a,t,x\n1,A,2021-01-01,{'x' * 1_000}\n"), limits) == 1


@pytest.mark.parametrize("before", ["", "1,A,2021-01-01,\n"])
def test_a_record_without_end_is_refused_in_bounded_memory(tmp_path: Path, before: str) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as out:
        out.write(f"c,a,t,x\n{before}2,B,2021-01-01,".encode())
        for _ in range(40):
            out.write(b"x" * 1024**2)
        out.write(b"\n3,C,2021-01-02,\n")
    with pytest.raises(UnsafeSourceError, match="bytes"):
        draw(path, Limits())


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", b'c,a,t,"' + b"x" * 600_000 + b'"\n1,A,2021-01-01,y\n')
    with pytest.raises(UnsafeSourceError, match="header"):
        draw(path, Limits())


def test_formulas_are_text_and_nothing_more(tmp_path: Path) -> None:
    text = "c,a,t\n=1+1,\"=cmd|' /C calc'!A0\",2021-01-01\n"
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)
    assert seen.events.select("c", "@activity").rows() == [("=1+1", "=cmd|' /C calc'!A0")]


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["c", "a", "t"])
    sheet.append(["1", "A", "2021-01-01"])
    book.save(path)
    return path


def rewritten(path: Path, change: dict[str, bytes]) -> Path:
    """The workbook with some of its parts replaced or added."""
    with zipfile.ZipFile(path) as old:
        parts = {info.filename: old.read(info) for info in old.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in (parts | change).items():
            new.writestr(name, data)
    return path


def test_a_workbook_that_expands_out_of_proportion_is_refused(tmp_path: Path) -> None:
    path = rewritten(workbook(tmp_path / "x.xlsx"), {"xl/media/x.bin": bytes(100 * 1024**2)})
    with pytest.raises(UnsafeSourceError, match=r"expands to 10\d,\d{3},\d{3} bytes"):
        draw(path, Limits(expansion_ratio=100))
    with pytest.raises(UnsafeSourceError, match="expands"):
        draw(path, Limits(expanded_bytes=50 * 1024**2))


def test_a_workbook_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx")
    path = rewritten(path, {"xl/media/x.bin": bytes(1024**2)})
    raw = bytearray(path.read_bytes())
    size = (1024**2).to_bytes(4, "little")
    lie = (10).to_bytes(4, "little")
    assert raw.count(size) >= 1
    path.write_bytes(raw.replace(size, lie))
    with pytest.raises(SourceError, match="damaged"):
        draw(path, Limits())


def test_a_workbook_whose_cells_span_the_whole_sheet_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    stray = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = rewritten(path, {"xl/worksheets/sheet1.xml": sheet.replace(b"</sheetData>", stray)})
    with pytest.raises(UnsafeSourceError, match=r"spans 1,048,576 rows and 16,384 columns"):
        draw(path, Limits())


def test_a_file_that_only_pretends_to_be_a_workbook_is_named(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(SourceError, match=r"x\.xlsx"):
        draw(written(tmp_path, "x.xlsx", out.getvalue()), Limits())


def test_absurd_nesting_in_json_is_refused(tmp_path: Path) -> None:
    def nested(depth: int) -> str:
        return (
            '{"c":"1","a":"A","t":"2021-01-01","x":' + '{"y":' * depth + "1" + "}" * depth + "}\n"
        )

    assert draw(written(tmp_path, "x.jsonl", nested(20)), Limits()) == 1
    for depth in (100, 100_000):
        with pytest.raises(UnsafeSourceError, match="64 deep"):
            draw(written(tmp_path, "y.jsonl", nested(depth)), Limits())
    with pytest.raises(UnsafeSourceError, match="64 deep"):
        draw(
            written(tmp_path, "z.jsonl", '{"x":' + "[" * 100_000 + "]" * 100_000 + "}\n"), Limits()
        )


def test_an_endless_line_of_json_is_refused(tmp_path: Path) -> None:
    line = json.dumps({"c": "1", "a": "A", "t": "2021-01-01", "x": "y" * 5_000})
    assert draw(written(tmp_path, "x.jsonl", line), Limits(cell_bytes=10_000)) == 1
    with pytest.raises(UnsafeSourceError, match="line 1, is longer than 1,000 bytes"):
        draw(written(tmp_path, "x.jsonl", line), Limits(cell_bytes=1_000))


def test_json_with_keys_that_are_values_is_refused(tmp_path: Path) -> None:
    lines = "".join(json.dumps({f"k{i}_{j}": 1 for j in range(100)}) + "\n" for i in range(60))
    with pytest.raises(UnsafeSourceError, match="different fields"):
        draw(written(tmp_path, "x.jsonl", lines), Limits())


SEEDS = (
    b"c,a,t\n1,A,2021-01-01\n2,B,2021-01-02\n",
    '订单号;活动;时间\n1;"A\nb";2021年1月1日\n2;c;2021/1/2\n'.encode("gbk"),
    "c\ta\tt\n'1'\t''\t12/12/2020\n".encode("utf-16"),
)
JSON_SEED = b'{"c":"1","a":"A","t":"2021-01-01"}\n{"c":"2","a":["x"],"t":{"y":1}}\n'
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from([b'"', b",", b"\n", b"\r\n", b"\x00", b"\xff\xfe", b";", b"", b"["])
        | st.binary(min_size=1, max_size=2),
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@example(seed=SEEDS[2], changes=[(1, b"\xff\xfe")])
@given(seed=st.sampled_from([*SEEDS, JSON_SEED]), changes=CHANGES)
def test_damaged_bytes_are_read_or_refused_and_never_crash(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, changes: list[tuple[int, bytes]]
) -> None:
    content = bytearray(seed)
    for place, what in changes:
        at = place % len(content)
        content[at : at + 1] = what
        content = content or bytearray(b"x")
    name = "x.jsonl" if seed is JSON_SEED else "x.csv"
    path = written(tmp_path_factory.mktemp("fuzz"), name, bytes(content))
    try:
        proposal = propose(Source(path), ReadRequest())
        columns = [c.name for c in proposal.columns] or ["none"]
        mapping = FlatMapping(case=columns[0], activity=columns[-1], time=columns[-1])
        seen = read(path, mapping, batch_rows=2)
    except ThalwegError as error:
        assert len(str(error)) > 20
    else:
        lines = bytes(content).count(b"\n") + 1
        assert len(seen.events) + len(seen.rejects) <= lines


@pytest.mark.parametrize("place", range(0, 4_000, 97))
def test_damaged_workbooks_are_read_or_refused(tmp_path: Path, place: int) -> None:
    path = workbook(tmp_path / "x.xlsx")
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 0x55
    path.write_bytes(content)
    try:
        assert draw(path, Limits()) == 1
    except ThalwegError as error:
        assert "x.xlsx" in str(error)
