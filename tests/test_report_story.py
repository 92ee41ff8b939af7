"""The report tells the whole story: verdict first, every figure with what stands behind it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
import pytest
from lxml import html

import thalweg
from book_helpers import book_of, simple
from report_pages import Visit, browser_fixture, embedded, page_of, section
from report_results import judged, log_only, sustained
from thalweg.errors import RequestError
from thalweg.records.store.book import Book
from thalweg.surfaces import palette
from thalweg.surfaces.cli import main
from thalweg.surfaces.report import FORMATS, report_format, write_report
from thalweg.surfaces.report.economy_sections import SECTIONS
from thalweg.surfaces.report.gather import Gathered, gather
from thalweg.surfaces.report.markdown import markdown_text
from thalweg.surfaces.report.page import render
from thalweg.surfaces.report.questions import LINKS
from thalweg.surfaces.report.results import results_json
from thalweg.surfaces.report.story import STANDS, TOPICS
from thalweg.surfaces.report.workbook import write_workbook
from thalweg.surfaces.texts import LANGUAGES, load
from thalweg.verdict.evidence import Evidence
from thalweg.verdict.result import JudgeResult

browser = browser_fixture
AT = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = '=1+1 </script><img src=x onerror=alert(1)> | "quoted"'
LEAST_CONTRAST = 4.5
"""Of text on its ground: WCAG 2.2, level AA."""
Pages = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    rows = [(f"o{n}", name, n * 3600 + i) for n in range(12) for i, name in enumerate(("a", "b"))]
    return book_of(tmp_path_factory.mktemp("story") / "trade", simple(*rows))


@pytest.fixture(scope="module")
def got(book: Book) -> Gathered:
    """A small trade, judged by hand: figures without rows, for these records are not theirs."""
    return gather(book, type=None, filters=(), made_at=AT)


def with_verdict(got: Gathered, found: JudgeResult) -> Gathered:
    bare = Evidence(replace(one, rows=()) for one in found.evidence)
    return replace(got, judged=replace(found, evidence=bare))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, got: Gathered) -> Pages:
    """Pages by verdict (war, open) and language, each made once."""
    folder, made = tmp_path_factory.mktemp("pages"), {}
    kinds = {"war": judged, "open": log_only}

    def of(kind: str, language: str) -> Path:
        key = (kind, language)
        if key not in made:
            made[key] = folder / f"{kind}.{language}.html"
            told = with_verdict(got, kinds[kind]())
            told = told if kind == "open" else replace(told, main=None, others=(), deep=None)
            made[key].write_text(render(told, load(language)), encoding="utf-8")
        return made[key]

    return of


def test_the_first_screen_gives_verdict_chart_findings_and_next_step(pages: Pages) -> None:
    page = page_of(pages("war", "en"))
    first, said = page.get_element_by_id("verdict"), section(page, "verdict")
    assert first.xpath("./div//h2")[0].text == "Traffic war"
    assert "2.1% (−1.2% to 5.2%)" in said and "54% (41% to 66%)" in said
    assert first.xpath(".//figure//*[local-name()='svg']")
    assert len(first.xpath(".//article")) == 3
    assert "46% (34% to 59%) of revenue is left" in re.sub(r"\s*\u2060\d+", "", said)
    assert "Spread One-stop settlement further" in said
    surface = re.sub(r"\s*\u2060\d+|\s", "", said)
    assert "Onthesurface,ontheyearbefore:visits+42%,orders−2%,revenue+13%." in surface


def test_the_first_screen_reads_natively_in_chinese(pages: Pages) -> None:
    said = section(page_of(pages("war", "zh")), "verdict")
    assert "流量战争" in said and "2.1%（−1.2% 至 5.2%）" in said and "2025年9月" in said
    economy = section(page_of(pages("war", "zh")), "chapter-economy")
    assert "1.82 亿元" in economy and "1,600 万元" in economy


def test_an_open_verdict_says_what_would_settle_it_and_what_the_process_shows(
    pages: Pages,
) -> None:
    page = page_of(pages("open", "en"))
    said = section(page, "verdict")
    assert "Not enough evidence" in said and "What would settle it" in said
    assert "a table of interventions" in said
    findings = page.get_element_by_id("verdict").xpath(".//article/h4")
    assert len(findings) == 3 and not page.xpath("//*[@id='chapter-economy']")


@pytest.mark.parametrize("kind", ["war", "open"])
def test_all_ten_questions_stand_there_with_what_is_missing(pages: Pages, kind: str) -> None:
    page = page_of(pages(kind, "en"))
    asked = page.get_element_by_id("questions").xpath(".//article")
    assert [one.get("id") for one in asked] == [f"T{n}" for n in range(1, 11)]
    rows = (judged() if kind == "war" else log_only()).theses.to_dicts()
    for row, shown in zip(rows, asked, strict=True):
        assert f"status-{row['status']}" in shown.get("class").split()
        assert len(shown.xpath(".//*[@class='lacks']//li")) == len(row["missing"])


def test_every_figure_told_leads_to_its_evidence(pages: Pages) -> None:
    page = page_of(pages("war", "en"))
    links = page.xpath("//a[contains(@class, 'fig')]")
    known = embedded(page)["figures"]
    assert len(links) > 20
    for link in links:
        name = link.get("data-figure")
        note = page.get_element_by_id(link.get("href")[1:])
        assert known[name]["name"] in note.text_content()
        assert known[name]["number"] == int(note.get("value"))
        assert link.xpath("./sup")[0].text == f"\u2060{note.get('value')}"


def test_evidence_tells_method_assumptions_checks_and_what_it_was_made_from(pages: Pages) -> None:
    known = embedded(page_of(pages("war", "en")))["figures"]
    assert known["depth"]["inputs"][0][0] == "depth.layer.settlement"
    assert len(known["depth.layer.settlement"]["checks"]) == 2
    assert known["dependence"]["method"] and known["traffic_off.12"]["assumptions"]
    assert known["break_even.cumulative"]["missing"]
    assert '"seed": 0' in known["depth"]["request"]


def test_rows_behind_a_figure_are_counted_in_the_book(book: Book, got: Gathered) -> None:
    found = got.judged
    assert found is not None
    page = html.fromstring(render(got, load("en")))
    told = {name: one["rows"] for name, one in embedded(page)["figures"].items() if one["rows"]}
    assert told
    counts = [int(n.replace(",", "")) for rows in told.values() for n in _counted(rows)]
    assert counts and max(counts) == book.n_events == 24


def _counted(rows: list[str]) -> Iterator[str]:
    for one in rows:
        yield from re.findall(r": ([\d,]+) rows$", one)


def test_headings_descend_without_gaps(pages: Pages) -> None:
    for kind in ("war", "open"):
        levels = [int(h.tag[1]) for h in page_of(pages(kind, "en")).iter("h1", "h2", "h3", "h4")]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))


def test_every_topic_section_and_question_has_words_in_both_languages() -> None:
    keys = [f"story.findings.{topic}.{part}" for topic in TOPICS for part in ("label", "sentence")]
    keys += [f"{part}.{name}" for name in SECTIONS for part in ("nav",)]
    keys += [f"section.{name}.{part}" for name in SECTIONS for part in ("title", "lead")]
    keys += [f"story.questions.{code}.title" for code in LINKS]
    keys += [f"story.stands.{name}" for name, _ in STANDS]
    keys += [f"story.by.{name}" for name in ("product", "party", "cohort", "path", "channel")]
    for language in LANGUAGES:
        assert [key for key in keys if not load(language).has(key)] == []


def test_a_part_of_the_records_gets_no_verdict_and_is_told_so(book: Book, tmp_path: Path) -> None:
    page = page_of(write_report(book, tmp_path / "r.html", filters=["activity=a"]))
    assert not page.xpath("//*[@id='verdict']")
    assert load("en")("story.no_verdict") in page.text_content()


def test_a_book_of_money_alone_is_told_too(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.csv"
    lines = [
        f"2023-{m:02},revenue,{1000 + 10 * m}\n2023-{m:02},cost of sales,-600" for m in range(1, 13)
    ]
    lines += [
        f"2024-{m:02},revenue,{1200 + 10 * m}\n2024-{m:02},cost of sales,-700" for m in range(1, 13)
    ]
    ledger.write_text("month,account,amount\n" + "\n".join(lines), encoding="utf-8")
    thalweg.ingest((), into=tmp_path / "book", ledger=ledger)
    written = write_report(thalweg.open_book(tmp_path / "book"), tmp_path / "r.html", language="zh")
    page = page_of(written)
    assert "毛利率" in section(page, "chapter-economy")
    assert not page.xpath("//*[@id='chapter-process']")


def test_the_ending_names_the_format_and_the_option_overrides_it() -> None:
    assert [report_format(f"r.{name}") for name in FORMATS] == list(FORMATS)
    assert report_format("r.HTM") == report_format("report") == report_format("r.txt") == "html"
    assert report_format("slides.txt", "md") == "md"
    with pytest.raises(RequestError, match="pdf"):
        report_format("r.pdf", "pdf")


def test_markdown_tells_the_story_as_text(got: Gathered) -> None:
    text = markdown_text(with_verdict(got, judged()), load("en"))
    assert "## Verdict: Traffic war" in text
    assert "2.1% (−1.2% to 5.2%)" in text and "54% (41% to 66%)" in text
    asked = [line[4:7].strip() for line in text.splitlines() if re.match(r"### T\d", line)]
    assert asked == [f"T{n}" for n in range(1, 11)]
    assert "| CNY 16 million | CNY 11 million | CNY 21 million | 34.8% |" in text
    assert "| traffic\\_off.12 |" in text
    assert not re.search(r"<(a|sup|div|svg)\b", text)
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_json_holds_every_result_whole(got: Gathered) -> None:
    body = json.loads(results_json(with_verdict(got, judged())))
    assert body["schema"] == "thalweg.report/1"
    assert body["judge"]["verdict"] == "traffic_war"
    assert body["map"]["events"] == 24
    assert {"discover", "conform", "waits", "drift", "prove"} <= body.keys()
    amounts = [row["amount"] for row in body["sustain"]["decomposition"]]
    assert sum(amounts) == pytest.approx(46e6)


def test_a_workbook_holds_figures_as_numbers_and_names_as_texts(
    got: Gathered, tmp_path: Path
) -> None:
    found = judged()
    channels = found.sustain.channels.with_columns(channel=pl.lit(HOSTILE))  # type: ignore[union-attr]
    found = replace(found, sustain=sustained(channels=channels))
    path = tmp_path / "r.xlsx"
    write_workbook(with_verdict(got, found), load("en"), path)
    book = fastexcel.read_excel(path)
    assert book.sheet_names[:3] == ["Summary", "Ten questions", "Figures"]
    figures = book.load_sheet("Figures", column_names=None).to_polars()
    row = figures.filter(pl.col("Id") == "traffic_off.12").row(0, named=True)
    assert (row["Value"], row["From"], row["To"], row["Unit"]) == ("0.46", "0.34", "0.59", "share")
    parts = book.load_sheet("Parts of the growth").to_polars()
    assert parts["Amount"].sum() == pytest.approx(46e6)
    assert set(book.load_sheet("Channels").to_polars()["Channel"]) == {HOSTILE}
    assert book.load_sheet("Products and services").to_polars()["First sold"][0].year == 2022


def test_names_from_the_records_cannot_script_the_story(got: Gathered, tmp_path: Path) -> None:
    found = judged(facts=judged().facts | {"interventions": {"one_stop_settlement": HOSTILE}})
    path = tmp_path / "r.html"
    path.write_text(render(replace(with_verdict(got, found), main=None, deep=None), load("en")))
    page = page_of(path)
    assert page.xpath("//img") == [] and len(page.xpath("//script")) == 2
    assert HOSTILE.split("|")[0] in section(page, "verdict").replace("  ", " ")
    text = markdown_text(with_verdict(got, found), load("en"))
    assert "\\<img" in text and "<img" not in text.replace("\\<img", "")


def test_the_report_command_writes_the_format_of_the_ending(
    book: Book,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "r.md"
    words = ["thalweg", "report", str(book.path), "-o", str(target), "--json"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert json.loads(capsys.readouterr().out)["format"] == "md"
    assert target.read_text(encoding="utf-8").startswith("# trade")


def _colours(rule: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", rule))


def _six(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])


def test_text_can_be_read_on_its_ground_by_day_and_by_night() -> None:
    css = (files("thalweg.surfaces.report") / "report.css").read_text(encoding="utf-8")
    day = _colours(css.split("@media", 1)[0])
    night = day | _colours(css.split("prefers-color-scheme:dark", 1)[1].split("}}", 1)[0])
    for scheme in (day, night):
        for ink in ("ink", "muted", "river", "deep", "rust", "moss"):
            for ground in ("paper", "mist"):
                pair = (_six(scheme[ink]), _six(scheme[ground]))
                assert palette.contrast(*pair) >= LEAST_CONTRAST, (ink, ground)


@pytest.mark.browser
def test_a_click_shows_what_stands_behind_a_figure_and_walks_down_to_it(
    browser: Any, pages: Pages
) -> None:
    with Visit(browser, pages("war", "en")) as visit:
        page, panel = visit.page, visit.page.locator("#evidence-panel")
        page.locator("#verdict .sentence a.fig").first.click()
        assert panel.is_visible()
        assert panel.locator(".value").inner_text() == "2.1% (−1.2% to 5.2%)"
        assert "thalweg explain" in panel.inner_text()
        panel.locator(".inner").first.click()
        assert "2.4%" in panel.locator(".value").inner_text()
        panel.get_by_text("Back").click()
        assert "2.1%" in panel.locator(".value").inner_text()
        assert visit.problems == [] and len(visit.requests) == 1


@pytest.mark.browser
def test_the_keyboard_opens_and_closes_evidence_and_returns_to_its_figure(
    browser: Any, pages: Pages
) -> None:
    with Visit(browser, pages("war", "zh")) as visit:
        page, panel = visit.page, visit.page.locator("#evidence-panel")
        page.locator("#T4 a.fig").first.focus()
        page.keyboard.press("Enter")
        assert panel.is_visible()
        assert page.evaluate("document.activeElement.id") == "evidence-title"
        page.keyboard.press("Escape")
        assert not panel.is_visible()
        assert page.evaluate("document.activeElement.closest('#T4') !== null")


@pytest.mark.browser
def test_without_a_script_figures_lead_to_notes(browser: Any, pages: Pages) -> None:
    with Visit(browser, pages("war", "en"), java_script_enabled=False) as visit:
        visit.page.locator("#verdict a.fig").first.click()
        assert visit.page.url.endswith("#figure-depth")
        assert visit.page.locator("#figure-depth").is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["war", "open"])
def test_the_story_fits_a_narrow_screen(
    browser: Any, pages: Pages, kind: str, language: str
) -> None:
    size = {"width": 390, "height": 844}
    with Visit(browser, pages(kind, language), viewport=size) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert visit.problems == []


@pytest.mark.browser
def test_on_paper_figures_carry_the_numbers_of_their_notes(browser: Any, pages: Pages) -> None:
    with Visit(browser, pages("war", "en")) as visit:
        number = visit.page.locator("#verdict .sentence a.fig sup").first
        assert not number.is_visible()
        visit.page.emulate_media(media="print")
        assert number.is_visible()
        assert not visit.page.locator("nav.local").first.is_visible()


@pytest.mark.browser
def test_the_first_screen_stands_on_a_wide_screen_without_scrolling(
    browser: Any, pages: Pages
) -> None:
    for language in LANGUAGES:
        with Visit(
            browser, pages("war", language), viewport={"width": 1280, "height": 900}
        ) as visit:
            end = visit.page.evaluate(
                "document.querySelector('#verdict .step').getBoundingClientRect().bottom"
            )
            assert end <= 900
