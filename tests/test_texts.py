"""Readers meet one language at a time, and every code of the trust report in plain words."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import thalweg
from thalweg.errors import RequestError
from thalweg.records.trust import Finding
from thalweg.surfaces.format_values import (
    format_count,
    format_date,
    format_duration,
    format_instant,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import LANGUAGES, load, places

RECORDS = Path(thalweg.__file__).parent / "records"
CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+|convergence|divergence")
SEVERITIES = {"note", "warning", "loss"}
SAYING = {
    "Finding",
    "_flagged",
    "_dangling",
    "_rejects",
    "add",
    "note",
    "count_rows",
    "repeat",
    "_tell",
}
NAMES = {"code", "what", "reason", "conflict", "again"}
CONSTANTS = {
    "JOIN_EMPTY",
    "JOIN_AMBIGUOUS",
    "TIME_UNREADABLE",
    "ID_MISSING",
    "NOT_MATCHED",
    "NOT_REACHED",
}
OTHER_MEANINGS = {"skip_known", "set_aside", "event_types", "object_types"}
"""Strings at such places that are no codes."""
PLACE = re.compile(r"\{\w+\}")
CJK = re.compile(r"[\u3400-\u9fff]")
ENGLISH_SENTENCE = re.compile(r"(?:\b[a-z]{2,}\b[ ,]+){3,}", re.IGNORECASE)


def codes_in(module: ast.Module) -> set[str]:
    """Codes of findings and of rejects, by the places where they stand in the program."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            found |= _codes_of_call(node)
        elif isinstance(node, ast.Assign) and (
            _names(node.targets) & NAMES or _is_name_of_code(node)
        ):
            found |= set(_strings(node.value))
        elif isinstance(node, ast.For) and _names([node.target]) & NAMES:
            found |= {next(iter(_strings(t)), "") for t in _tuples(node.iter)}
        elif isinstance(node, ast.AnnAssign) and _names([node.target]) & {"_NOTES", "outcomes"}:
            found |= set(_strings(node.value)) if node.value is not None else set()
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            reasons = [v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "reason"]
            found |= {s for value in reasons for s in _strings(value)}
    return {code for code in found if CODE.fullmatch(code)} - OTHER_MEANINGS


def _is_name_of_code(node: ast.Assign) -> bool:
    """A constant such as JOIN_EMPTY = "join_found_nothing"."""
    return (
        isinstance(node.value, ast.Constant)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in CONSTANTS
    )


def _codes_of_call(call: ast.Call) -> set[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if name in {"then", "otherwise", "_reason_if"}:
        return {s for a in call.args for s in _strings(a)}
    if name in SAYING or SEVERITIES & set(given):
        first = [s for a in call.args[:2] for s in _strings(a)]
        return {s for s in first if s not in SEVERITIES}
    if name == "append" and call.args and isinstance(call.args[0], ast.Tuple):
        return {s for item in call.args[0].elts[:2] for s in _strings(item)}
    return set()


def _names(targets: list[ast.expr]) -> set[str]:
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def _strings(tree: ast.AST) -> list[str]:
    constants = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def _tuples(tree: ast.AST) -> list[ast.Tuple]:
    return [n for n in getattr(tree, "elts", []) if isinstance(n, ast.Tuple)]


def collected() -> set[str]:
    paths = [p for p in RECORDS.rglob("*.py") if not p.name.startswith("propos")]
    return {code for p in paths for code in codes_in(ast.parse(p.read_text(encoding="utf-8")))}


def test_every_code_of_the_trust_report_has_its_own_words_in_both_languages() -> None:
    codes = collected()
    assert {"time_tied", "zone_missing", "row_ragged", "link_event_unknown", "divergence"} <= codes
    assert len(codes) > 100
    for language in LANGUAGES:
        assert sorted(codes - load(language).findings.keys()) == []


def test_every_reason_and_warning_of_a_map_has_words() -> None:
    source = (RECORDS.parent / "process" / "map.py").read_text(encoding="utf-8")
    fixed = re.findall(r'missing\["(\w+)"\] = "(\w+)"', source)
    assert ("service", "no_start_times") in fixed
    learned = (RECORDS.parent / "process" / "calendar.py").read_text(encoding="utf-8")
    reasons = re.findall(r'LearnedCalendar\(None, "(\w+)"', learned)
    keys = [f"missing.{measure}.{code}" for measure, code in fixed]
    keys += [f"missing.calendar.{code}" for code in reasons]
    keys += [f"missing.handovers_{role}.no_{role}" for role in ("resource", "party")]
    told = re.search(r"told = \{(.*?)\}", source, re.DOTALL)
    assert told is not None
    keys += [f"warning.{code}" for code in re.findall(r'"(\w+)":', told[1])]
    assert len(keys) > 12
    for language in LANGUAGES:
        assert [key for key in keys if not load(language).has(key)] == []


def test_both_catalogues_have_the_same_keys_and_places() -> None:
    en, zh = load("en"), load("zh")
    singular = {key for key in en.entries if key.endswith("_one")}
    assert en.entries.keys() - singular == zh.entries.keys()
    assert en.findings.keys() == zh.findings.keys()
    for key, text in zh.entries.items():
        assert places(text) == places(en.entries[key]), key


def test_the_chinese_catalogue_holds_no_english_sentence_and_the_english_no_chinese() -> None:
    zh, en = load("zh"), load("en")
    for key, text in zh.entries.items():
        assert not ENGLISH_SENTENCE.search(text), key
        assert CJK.search(text) or not re.search(r"[A-Za-z]{4,}", PLACE.sub("", text)), key
    for code, text in zh.findings.items():
        for part in (text.title, text.meaning, text.advice):
            assert CJK.search(part) and not ENGLISH_SENTENCE.search(part), code
    amounts = {"magnitude_words"}
    for code, text in en.findings.items():
        assert code in amounts or not CJK.search(text.title + text.meaning + text.advice), code
    assert [key for key, text in en.entries.items() if CJK.search(text)] == []


def test_a_finding_is_told_with_count_share_and_place() -> None:
    tied = Finding("time_tied", "note", 25, 200, where="order")
    en, zh = load("en"), load("zh")
    assert en.finding_line(tied) == "Events at the same instant: 25 (12.5%) [order]"
    assert zh.finding_line(tied) == "同一时刻的事件：25 (12.5%) [order]"
    assert en.finding(tied).advice.startswith("Nothing, if the file’s order is right")


def test_a_code_from_a_newer_version_is_shown_and_not_hidden() -> None:
    text = load("en").finding(Finding("brand_new", "warning", 1))
    assert text.title == "brand_new"
    assert "newer version" in text.meaning


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"'fr'.*en, zh"):
        load("fr")


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.0, "0 s", "0 秒"),
        (0.25, "0.25 s", "0.25 秒"),
        (45.0, "45 s", "45 秒"),
        (100.0, "1.7 min", "1.7 分钟"),
        (11_520.0, "3.2 h", "3.2 小时"),
        (432_000.0, "5 days", "5 天"),
        (86_400.0 * 2, "2 days", "2 天"),
        (31_556_952.0 * 2.5, "2.5 years", "2.5 年"),
        (-7_200.0, "−2 h", "−2 小时"),
        (None, "–", "–"),
        (float("nan"), "–", "–"),
    ],
)
def test_durations_come_in_the_unit_that_reads_best(
    seconds: float | None, english: str, chinese: str
) -> None:
    assert format_duration(seconds, "en") == english
    assert format_duration(seconds, "zh") == chinese


def test_counts_shares_numbers_and_dates_read_naturally() -> None:
    assert format_count(13_087) == "13,087"
    assert format_count(12_345_678) == "12.3 million"
    assert format_count(12_345_678, "zh") == "1,235 万"
    assert format_count(320_000_000, "zh") == "3.2 亿"
    assert [format_share(x) for x in (0, 0.0001, 0.123, 0.99999, 1)] == [
        "0%", "<0.1%", "12.3%", ">99.9%", "100%",
    ]  # fmt: skip
    assert format_share(0.0001, "zh") == "低于 0.1%"
    assert [format_number(x) for x in (0.25, 3.14159, 17.26, 1234.5)] == [
        "0.25",
        "3.1",
        "17.3",
        "1,234",
    ]
    at = datetime(2012, 3, 14, 9, 5, tzinfo=UTC)
    assert (format_date(at), format_date(at, "zh")) == ("14 Mar 2012", "2012年3月14日")
    assert format_instant(at) == "14 Mar 2012 09:05 UTC"
    shanghai = at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert format_instant(shanghai, "zh") == "2012年3月14日 17:05 UTC+08:00"
