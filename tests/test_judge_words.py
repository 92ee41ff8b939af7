"""Every code that a verdict can carry has words in both languages, and every method has a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import thalweg
from thalweg.change.estimates.estimate import Method
from thalweg.economy.frame import Account, Label
from thalweg.surfaces.figure_words import (
    check_text,
    figure_line,
    figure_name,
    figure_text,
    method_text,
    rows_text,
    value_text,
)
from thalweg.surfaces.texts import LANGUAGES, load
from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.methods import FOLDER, PAGES, page_of
from thalweg.verdict.region import SETTLES
from thalweg.verdict.result import REGIONS
from thalweg.verdict.rows import TABLES
from thalweg.verdict.schema import AXES, BURDENS, CLASSES, THESES
from thalweg.verdict.theses import ASKED

ROOM = Path(thalweg.__file__).parent / "verdict"
ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def sources() -> str:
    paths = sorted([*ROOM.glob("*.py"), *(ROOM / "figures").glob("*.py")])
    return "".join(path.read_text(encoding="utf-8") for path in paths)


def literal(pattern: str) -> set[str]:
    return set(re.findall(pattern, sources()))


def methods() -> set[str]:
    """Methods that figures name; those that are made up of parts, in full."""
    found = literal(r'method=f?"(\w+)"') | literal(r'"method": "(\w+)"')
    found |= literal(r'method = "(\w+)" if') | {"sojourn_causes", "effect_refused"}
    found |= {f"effect_{one}" for one in Method.__args__}  # type: ignore[attr-defined]
    found |= {f"weight_by_{burden}" for burden in BURDENS} | {f"axis_{axis}" for axis in AXES}
    return found | {"break_even_operating", "break_even_cumulative"}


def assumptions() -> set[str]:
    text = sources()
    blocks = re.findall(r"assum\w*(?:=|: \w+ = | = )\(([^)]*)\)", text)
    blocks += re.findall(r'"assumptions": \(([^)]*)\)', text)
    blocks += re.findall(r"(?:DEPTH|MODEL) = \(([^)]*)\)", text)
    blocks += re.findall(r'OPENING = \{"\w+": \(([^)]*)\), "\w+": \(([^)]*)\)', text)[0]
    blocks += re.findall(r"return \((\"[^)]*)\)\n\n\ndef _rows", text)
    found = {code for block in blocks for code in re.findall(r'"(\w+)"', block)}
    found.discard("codes")
    return found | {"dates_by_lot", "no_spill_over", "nothing_else_changed", "no_anticipation"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_method_has_words_and_a_page_that_is_there(language: str) -> None:
    say = load(language)
    named = methods()
    assert len(named) > 35
    assert [m for m in sorted(named) if not say.has(f"evidence.methods.{m}")] == []
    assert named <= PAGES.keys()
    assert PAGES.keys() == named, PAGES.keys() ^ named


def test_every_page_has_the_heading_that_is_named() -> None:
    for method in sorted([*PAGES, "metric_revenue"]):
        page = page_of(method)
        assert page is not None
        path, _, heading = page.partition("#")
        assert path.startswith(FOLDER)
        text = (ROOT / path).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in HEADING.findall(text)
        }
        assert not heading or heading in headings, page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_assumption_has_words(language: str) -> None:
    say, named = load(language), assumptions()
    assert len(named) > 20
    told = set(say.under("evidence.assumptions_of"))
    assert named <= told, named - told
    text = sources()
    assert [code for code in told if f'"{code}"' not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_status_need_and_axis_has_words(language: str) -> None:
    say = load(language)
    keys = [f"judge.theses.{name}" for name in THESES]
    keys += [f"judge.status.{status}" for status in ("answered", "partly", "missing")]
    keys += [f"judge.regions.{one}" for one in (*REGIONS, "not_enough_evidence")]
    keys += [f"judge.meaning.{one}" for one in REGIONS]
    keys += [f"judge.axes.{one}" for one in AXES] + [f"judge.burdens.{one}" for one in BURDENS]
    keys += [f"judge.classes.{one}" for one in CLASSES]
    keys += [f"evidence.tables.{one}" for one in TABLES]
    keys += [f"judge.accounts.{one}" for one in Account.__args__]  # type: ignore[attr-defined]
    keys += [f"evidence.known.{one}" for one in (*Label.__args__, *"ABCDN")]  # type: ignore[attr-defined]
    for thesis in ASKED.values():
        for code, adds in thesis.needs:
            keys += [f"judge.missing.{code}", f"judge.adds.{adds}"]
    for reason, settles in SETTLES.items():
        keys += [f"judge.reasons.{reason}", *(f"judge.settle.{one}" for one in settles)]
    assert [key for key in keys if not say.has(key)] == []
    adds = {adds for thesis in ASKED.values() for _, adds in thesis.needs}
    assert set(say.under("judge.adds")) == adds


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_why_there_is_no_value_has_words(language: str) -> None:
    say = load(language)
    codes = literal(r'missing=\("(\w+)",\)') | literal(r'else \("(\w+)",\)')
    codes |= literal(r'or \("(\w+)",\)') | literal(r'missing\["\w+"\] = "(\w+)"')
    codes |= {"burns_nothing", "no_costs", "cash_does_not_end"}
    assert len(codes) > 8
    rooms = ("judge.missing", "judge.reasons", "metrics.missing", "economy.missing")
    codes -= set(say.under("evidence.assumptions_of"))
    told = [code for code in codes if not any(say.has(f"{room}.{code}") for room in rooms)]
    assert told == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_has_a_name_and_a_definition(language: str) -> None:
    say = load(language)
    metrics = say.under("metrics.names")
    assert len(metrics) > 25
    for metric in metrics:
        figure = Figure(
            f"metric.{metric}", 1.0, unit="ratio", method=f"metric_{metric}", name=metric
        )
        assert figure_name(figure, say) != metric
        assert say(f"metrics.defined.{metric}") in method_text(figure, say)


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("depth.layer.quality", "Depth in Quality", "质检环节的深度"),
        ("depth.layer.quality.money", "Depth in Quality, in money", "质检环节的深度（按金额）"),
        ("weight.quality", "Weight of Quality in the chain", "质检环节在全链中的权重"),
        ("burden.quality.share", "Time share of Quality", "质检环节的时间占比"),
        ("dependence.capital", "Dependence on capital", "资本依赖度"),
        ("growth.bought", "Growth: bought", "增长：买来"),
        (
            "capital_off.alive",
            "Chance to live on without outside capital",
            "没有外部资本仍能存活的概率",
        ),
        ("accounts.revenue", "Ledger: revenue", "账目：收入"),
    ],
)
def test_figures_are_called_by_what_they_are_of(name: str, english: str, chinese: str) -> None:
    facts = {"layers": {"quality": {"en": "Quality", "zh": "质检"}}}
    layer = "quality" if "quality" in name else None
    figure = Figure(name, 0.5, unit="share", name=layer)
    assert figure_name(figure, load("en"), facts) == english
    assert figure_name(figure, load("zh"), facts) == chinese


@pytest.mark.parametrize(
    ("value", "unit", "english", "chinese"),
    [
        (0.1234, "share", "12.3%", "12.3%"),
        (-0.2, "change", "−20%", "−20%"),
        (0.031, "points", "+3.1 points", "+3.1 个百分点"),
        (31.4, "h", "31.4 h", "31.4 小时"),
        (14.0, "months", "14 months", "14 个月"),
        ("2026-03-01", "month", "Mar 2026", "2026年3月"),
        ("2026-03-07", "date", "7 Mar 2026", "2026年3月7日"),
        (123_000_000.0, "cny", "CNY 123 million", "1.23 亿元"),
        ("shelf", "text", "on the shelf", "束之高阁"),
        (None, "share", "–", "–"),
    ],
)
def test_values_read_natively(
    value: float | str | None, unit: str, english: str, chinese: str
) -> None:
    assert value_text(value, unit, load("en")) == english
    assert value_text(value, unit, load("zh")) == chinese


def test_a_line_tells_interval_and_how_it_is_known() -> None:
    figure = Figure("dependence", 0.54, 0.41, 0.66, "share", "experimental")
    assert figure_line(figure, load("en")) == "Bought dependence: 54% (41% to 66%) · experimental"
    assert figure_line(figure, load("zh")) == "购买依赖度：54%（41% 至 66%） · 有实验依据"
    unknown = Figure("dependence", None, unit="share", missing=("no_ledger",))
    assert "cannot be told" in figure_text(unknown, load("en"))


def test_checks_of_the_economy_are_told_with_their_figures() -> None:
    checks = {"channel:search": "moved", "feedback": "follows", "prior": "data", "new": "unheard"}
    found: dict[str, dict[str, object]] = {
        "channel:search": {"moved": 0.36, "@status": "warning"},
        "feedback": {"elasticity": -0.2, "p": 0.012, "@status": "failed"},
        "prior": {"share": 0.1, "share_by_data": None, "error_by_data": float("nan")},
    }
    figure = Figure("channel.search", 0.1, checks=checks, found=found)
    told = [check_text(figure, check, load("en")) for check in checks]
    assert told[0].startswith("hint · How a channel’s spend moved: search: spend moved by 36%")
    assert "−20% of what revenue" in told[1]
    assert "(p = 0.012)" in told[1]
    assert "brings 10% of revenue; the data alone say – ± –" in told[2]
    assert told[3] == "passed · new: unheard"
    chinese = [check_text(figure, check, load("zh")) for check in list(checks)[:3]]
    assert all("{" not in line and "：" in line for line in chinese)


def test_rows_are_told_in_words() -> None:
    rows = Rows("ledger", {"@standard": ("revenue", "subsidy")}, {"month": ("2024-01", "2024-12")})
    english = "ledger (account: revenue, subsidy; months: 2024-01 to 2024-12)"
    assert rows_text(rows, load("en")) == english
    assert rows_text(rows, load("zh")) == "账目（科目：收入、补贴；月份：2024-01 至 2024-12）"
    many = Rows("ledger", {"party": tuple("abcdef")})
    assert rows_text(many, load("en")).endswith("a, b, c, d, … (6 in all))")
