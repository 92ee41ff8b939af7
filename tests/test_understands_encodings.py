"""Text in any encoding reads the same; what is damaged is counted and repaired on request only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables_tools import read, written
from thalweg.errors import RequestError
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.sources import Source
from thalweg.records.text.encoding import detect_bytes, detect_encoding
from thalweg.records.text.mojibake import diagnose

SIMPLIFIED = "订单号,活动,时间\nP1,采购申请,2021/3/5 8:05\nP2,仓库发货,2021/3/6\n"
TRADITIONAL = "訂單號,活動,時間\nP1,採購申請,2021/3/5 8:05\nP2,倉庫發貨,2021/3/6\n"
COMMON = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严"
MAPPING = FlatMapping(case="订单号", activity="活动", time="时间")


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32-le"),
        ("utf-32-be", "utf-32-be"),
        ("gbk", "gbk"),
        ("gb18030", "gbk"),
    ],
)
def test_chinese_text_reads_alike_in_every_encoding(tmp_path: Path, codec: str, name: str) -> None:
    seen = read(written(tmp_path, "x.csv", SIMPLIFIED.encode(codec)), MAPPING)

    assert seen.events["@activity"].to_list() == ["采购申请", "仓库发货"]
    assert seen.events["订单号"].to_list() == ["P1", "P2"]
    assert seen.finding("encoding_detected").detail["encoding"] == name
    assert seen.finding("encoding_detected").detail["bom"] == (
        codec in {"utf-8-sig", "utf-16", "utf-32"}
    )


def test_big5_is_told_from_gbk(tmp_path: Path) -> None:
    mapping = FlatMapping(case="訂單號", activity="活動", time="時間")
    seen = read(written(tmp_path, "x.csv", TRADITIONAL.encode("big5")), mapping)
    assert seen.finding("encoding_detected").detail["encoding"] == "big5"
    assert seen.events["@activity"].to_list() == ["採購申請", "倉庫發貨"]


@pytest.mark.parametrize("word", ["订单号", "活动", "时间", "案例", "完成时间", "处理人"])
def test_a_single_header_is_enough_to_know_gbk(word: str) -> None:
    assert detect_bytes(word.encode("gbk")).codec == "gb18030"


def test_characters_beyond_gbk_need_gb18030(tmp_path: Path) -> None:
    text = SIMPLIFIED.replace("采购申请", "㐂𠮷采购")
    seen = read(written(tmp_path, "x.csv", text.encode("gb18030")), MAPPING)
    assert seen.finding("encoding_detected").detail["encoding"] == "gb18030"
    assert seen.events["@activity"][0] == "㐂𠮷采购"


def test_the_first_foreign_byte_may_come_late(tmp_path: Path) -> None:
    lines = "P0,start,2021-01-01\n" * 120_000
    content = ("c,a,t\n" + lines + "P1,采购申请,2021-01-02\n").encode("gbk")
    assert len(content) > 2 * 1024**2
    seen = read(written(tmp_path, "x.csv", content), FlatMapping(case="c", activity="a", time="t"))
    assert seen.events["@activity"][-1] == "采购申请"


def test_western_text_without_unicode_reads_too(tmp_path: Path) -> None:
    content = "c,a,t\n1,Prüfung größer,2021-01-01\n2,Élodie,2021-01-02\n".encode("cp1252")
    seen = read(written(tmp_path, "x.csv", content), FlatMapping(case="c", activity="a", time="t"))
    assert seen.events["@activity"].to_list() == ["Prüfung größer", "Élodie"]


def test_the_public_gbk_file_is_recognised(logs: Path) -> None:
    found = detect_encoding(Source(logs / "chinese/data_wuliu.csv"))
    assert (found.name, found.codec) == ("gbk", "gb18030")
    assert found.confidence > 0.95


def test_a_stated_encoding_is_obeyed_and_a_wrong_name_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "c,a,t\n1,Ж,2021-01-01\n".encode("cp1251"))
    mapping = FlatMapping(case="c", activity="a", time="t")
    seen = read(path, mapping, encoding="cp1251")
    assert seen.events["@activity"][0] == "Ж"
    assert seen.finding("encoding_stated").detail["encoding"] == "cp1251"
    with pytest.raises(RequestError, match="no encoding 'utf-9'"):
        read(path, mapping, encoding="utf-9")


def test_damaged_bytes_are_counted_with_their_lines(tmp_path: Path) -> None:
    good = SIMPLIFIED.encode()
    content = good + b"P3,\xff\xfe,2021-01-01\n" + SIMPLIFIED.split("\n", 1)[1].encode() * 5
    seen = read(written(tmp_path, "x.csv", content), MAPPING)

    damaged = seen.finding("encoding_damaged")
    assert damaged.count == 2
    assert {e.row for e in damaged.examples} == {4}
    assert len(seen.events) == 13
    assert seen.finding("text_damaged", "活动").detail == {"kinds": {"lost": 1}}


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from("订单采购发货客户公司工序开始完成时间ab1,\n"), min_size=8))
def test_what_was_written_is_what_is_read(text: str) -> None:
    """Whole sentences of common characters come back from GBK and UTF-8 unharmed."""
    for codec in ("utf-8", "gbk"):
        raw = text.encode(codec)
        found = detect_bytes(raw)
        if sum(c > "\x7f" for c in text) >= 4 or raw.isascii():
            assert raw.decode(found.codec) == text


# Text that was damaged before


@pytest.mark.parametrize(
    ("text", "kind", "before"),
    [
        ("订单".encode().decode("gbk"), "utf8_as_gbk", "订单"),
        ("采购".encode("gbk").decode("latin-1"), "gbk_as_latin", "采购"),
        ("Müller".encode().decode("latin-1"), "utf8_as_latin", "Müller"),
        ("Größe – klein".encode().decode("cp1252"), "utf8_as_latin", "Größe – klein"),
        ("锟斤拷锟斤拷", "lost", None),
        ("烫烫烫", "lost", None),
        ("a\ufffdb", "lost", None),
    ],
)
def test_damaged_text_is_recognised(text: str, kind: str, before: str | None) -> None:
    found = diagnose(text)
    assert found is not None
    assert (found.kind, found.before) == (kind, before)


@pytest.mark.parametrize(
    "text",
    ["订单号", "鍵盤", "Müller & Söhne", "naïve café", "Œuvre", "“quoted” – text", "Ærøskøbing",
     "ÄÖÜ", "货品3", "10 °C ± 2", "São João", "绗缝被", "鐵路"],
)  # fmt: skip
def test_sound_text_is_left_in_peace(text: str) -> None:
    assert diagnose(text) is None


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from(COMMON), min_size=2, max_size=8))
def test_common_chinese_is_never_taken_for_damage(text: str) -> None:
    assert diagnose(text) is None


def test_damaged_cells_are_reported_and_repaired_on_request_only(tmp_path: Path) -> None:
    wrong = "采购申请".encode().decode("gb18030")
    path = written(tmp_path, "x.csv", SIMPLIFIED.replace("采购申请", wrong))

    as_is = read(path, MAPPING)
    assert as_is.events["@activity"].to_list() == [wrong, "仓库发货"]
    finding = as_is.finding("text_damaged", "活动")
    assert (finding.count, finding.severity, finding.examples[0].row) == (1, "warning", 2)
    assert finding.examples[0].value == f"{wrong} → 采购申请"

    repaired = read(path, MAPPING, repair_text=True)
    assert repaired.events["@activity"].to_list() == ["采购申请", "仓库发货"]
    assert repaired.finding("text_repaired", "活动").count == 1
    assert "text_damaged" not in repaired.codes()
