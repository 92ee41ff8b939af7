"""The report: one file, offline, in one language, with figures that the measures gave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html

import thalweg
from book_helpers import book_of, opened, simple
from report_pages import Visit, browser_fixture, embedded, page_of, section
from thalweg.errors import RequestError
from thalweg.process.map import map_book
from thalweg.records.intake import Batch, ObjectColumn
from thalweg.records.store.book import Book
from thalweg.records.trust import Example, Finding
from thalweg.surfaces.map_elements import END, START, legible_shares, shown_elements
from thalweg.surfaces.report import write_report

browser = browser_fixture
AT = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
SMALL_BYTES = 5_000_000
HOSTILE = '</script><img src=x onerror=alert(1)> "quoted" & {{ braces }}'
HOUR = 3600
ENGLISH_SENTENCE = re.compile(r"(?:\b[a-z]{2,}\b[ ,]+){3,}", re.IGNORECASE)
CJK = re.compile(r"[\u3400-\u9fff]")


def clock() -> datetime:
    return AT


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Forty orders, a day apart: received, checked (every fourth twice), shipped unless among the
    last ten.

    99 % of continuing orders go on within two days, so that of the last ten only the last three,
    which have not been silent for longer, are open.
    """
    rows: list[tuple[str | None, str | None, int | None]] = []
    for n in range(40):
        start = n * 24 * HOUR
        rows += [(f"o{n}", "接单", start), (f"o{n}", "质检", start + HOUR)]
        if n % 4 == 0:
            rows.append((f"o{n}", "质检", start + 3 * HOUR))
        if n < 30:
            rows.append((f"o{n}", "发货", start + 48 * HOUR))
    rows.append((None, "质检", 5))
    doubt = Finding(
        "zone_missing", "warning", 3, 121, "time", (Example("a.csv", 17, "2024-01-01"),)
    )
    source = opened(Batch(simple(*rows), (ObjectColumn("case", "订单"),)), findings=[doubt])
    return book_of(tmp_path_factory.mktemp("orders") / "订单册", source)


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Book:
    into = tmp_path_factory.mktemp("types") / "p2p"
    return thalweg.ingest(logs / "ocel2" / "ocel2-p2p.sqlite.gz", into)


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Book:
    into = tmp_path_factory.mktemp("loans") / "loans"
    return thalweg.ingest(logs / "bpic" / "BPI_Challenge_2012.xes.gz", into)


Reports = Callable[[Book, str], Path]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Writes each report once."""
    folder, written = tmp_path_factory.mktemp("reports"), {}

    def of(book: Book, language: str) -> Path:
        key = (book.fingerprint, language)
        if key not in written:
            target = folder / f"{len(written)}.html"
            written[key] = write_report(book, target, language=language, clock=clock)  # type: ignore[arg-type]
        return written[key]

    return of


def test_the_first_minute_says_what_the_records_hold(orders: Book, reports: Reports) -> None:
    said = section(page_of(reports(orders, "en")), "summary")
    assert "40 objects of type “订单” with 120 events in 3 activities" in said
    assert "Half are finished within 2 days" in said
    assert "3 (7.5%) are still open and count as “at least this long”" in said
    assert "“质检” comes back in 10 of the 40 objects that have it (25%), 10 times in all" in said
    assert "From the first to the last time lie 2 h on average" in said
    assert "120 of 121 rows were used, 1 set aside" in said


def test_the_longest_wait_is_named_with_its_share(orders: Book, reports: Reports) -> None:
    said = section(page_of(reports(orders, "en")), "summary")
    whole = 40 * 1 + 10 * 2 + 30 * 47 - 8 * 2
    wait = 30 * 47 - 8 * 2
    assert (
        f"{100 * wait / whole:.1f}% of all time between events lies between “质检” and “发货”"
        in said
    )


def test_chinese_readers_get_chinese(orders: Book, reports: Reports) -> None:
    page = page_of(reports(orders, "zh"))
    assert page.get("lang") == "zh-CN"
    said = section(page, "summary")
    assert "40 个“订单”对象，120 个事件，3 种活动" in said
    assert "半数在 2 天内完成" in said
    assert "另有 3 个（7.5%）尚未完成" in said


def test_no_sentence_of_the_other_language_stands_on_a_page(orders: Book, reports: Reports) -> None:
    for language, foreign in (("zh", ENGLISH_SENTENCE), ("en", CJK)):
        page = page_of(reports(orders, language))
        for element in page.iter("script", "style", "code", "pre"):
            element.text = ""
        shown = [*page.itertext(), *page.xpath("//@aria-label | //@title | //@placeholder")]
        own = [
            text
            for text in shown
            if not any(name in text for name in ("接单", "质检", "发货", "订单"))
        ]
        assert [text for text in own if foreign.search(text)] == []
        words = json.dumps(
            embedded(page_of(reports(orders, language)))["words"], ensure_ascii=False
        )
        assert not re.search(r'": "[^"]*' + foreign.pattern, words)


def test_the_page_asks_for_nothing_outside_itself(orders: Book, reports: Reports) -> None:
    text = reports(orders, "en").read_text(encoding="utf-8")
    page = html.fromstring(text)
    assert page.xpath("//link | //img | //iframe | //script[@src] | //object | //base") == []
    assert {href[0] for href in page.xpath("//@href")} == {"#"}
    outside = set(re.findall(r"https?://[^\s\"'<)]+", text))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in text and "url(http" not in text


def test_every_link_leads_to_a_place_on_the_page(types: Book, reports: Reports) -> None:
    page = page_of(reports(types, "en"))
    places = set(page.xpath("//@id"))
    assert {href[1:] for href in page.xpath("//@href")} <= places


def test_the_same_book_gives_the_same_page(orders: Book, tmp_path: Path, reports: Reports) -> None:
    again = write_report(orders, tmp_path / "again.html", language="en", clock=clock)
    assert again.read_bytes() == reports(orders, "en").read_bytes()


def test_trust_is_told_in_words_with_file_and_line(orders: Book, reports: Reports) -> None:
    said = section(page_of(reports(orders, "en")), "trust")
    assert "Usable with care" in said
    assert "121 rows were read, 120 used, 1 set aside." in said
    assert "Times without a time zone" in said and "3 2.5% of 121" in said
    assert "a.csv 17 2024-01-01" in said
    assert "Events without any object" in said
    assert "zone_missing" not in said


def test_figures_lead_back_to_sources_and_request(orders: Book, reports: Reports) -> None:
    said = section(page_of(reports(orders, "en")), "lineage")
    result = map_book(orders, calendar="learn", top=100)
    assert orders.manifest.sources[0].sha256 in said
    assert result.fingerprint in said
    assert orders.fingerprint in said
    assert "3 Feb 2026 04:05 UTC" in said


def test_tables_hold_what_was_measured(orders: Book, reports: Reports) -> None:
    data = embedded(page_of(reports(orders, "en")))["tables"]
    pairs = map_book(orders).pairs
    shown = {(row[0], row[1]): row[2][1] for row in data["pairs"]["rows"]}
    assert shown == {(s, t): n for s, t, n in pairs.select("source", "target", "count").iter_rows()}
    assert data["activities"]["total"] == 3
    assert [row[2][1] for row in data["variants"]["rows"]][:1] == [22]


def test_what_the_records_cannot_tell_is_said_with_what_is_missing(
    orders: Book, reports: Reports
) -> None:
    page = page_of(reports(orders, "en"))
    assert "A column with the start of work would show it" in section(page, "waiting")
    assert "The records do not say who did the work" in section(page, "handovers")


def test_names_from_the_records_cannot_break_or_script_the_page(tmp_path: Path) -> None:
    rows = [
        (f"o{n}", name, n * HOUR + i) for n in range(3) for i, name in enumerate((HOSTILE, "b"))
    ]
    book = book_of(tmp_path / "book", simple(*rows))
    page = page_of(write_report(book, tmp_path / "r.html", clock=clock))
    assert page.xpath("//img") == []
    assert len(page.xpath("//script")) == 2
    assert HOSTILE in section(page, "summary")
    assert embedded(page)["maps"][0]["boxes"][0]["name"] == HOSTILE


def test_a_filter_that_leaves_nothing_gives_a_page_that_says_so(
    orders: Book, tmp_path: Path
) -> None:
    path = write_report(orders, tmp_path / "empty.html", filters=["duration>9999d"], clock=clock)
    page = page_of(path)
    assert "No object is left to show" in section(page, "summary")


def test_an_unknown_type_or_language_is_refused(orders: Book, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="订单"):
        write_report(orders, tmp_path / "r.html", type="订货")
    with pytest.raises(RequestError, match=r"'fr'.*en, zh"):
        write_report(orders, tmp_path / "r.html", language="fr")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_several_types_come_with_a_map_each_and_how_they_hang_together(
    types: Book, reports: Reports
) -> None:
    page = page_of(reports(types, "en"))
    assert [m["type"] for m in embedded(page)["maps"]] == [*types.types, ""]
    assert len(page.xpath("//*[@data-map]")) == len(types.types) + 1
    tables = embedded(page)["tables"]
    assert {"types", "delays", "synchronisation", "interactions", "convergence"} <= tables.keys()
    assert [row[0] for row in tables["types"]["rows"]] == types.types


def test_the_report_of_a_quarter_million_events_stays_small(loans: Book, reports: Reports) -> None:
    for language in ("en", "zh"):
        assert reports(loans, language).stat().st_size < SMALL_BYTES


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_works_without_network_and_without_complaint(
    browser: Any, types: Book, reports: Reports, language: str
) -> None:
    path = reports(types, language)
    with Visit(browser, path) as visit:
        visit.page.wait_for_timeout(200)
        assert visit.problems == []
        assert visit.requests == [path.as_uri()]
        assert visit.page.locator(".tools").is_visible()


@pytest.mark.browser
def test_the_map_first_shows_exactly_what_the_measures_keep(
    browser: Any, loans: Book, reports: Reports
) -> None:
    result = map_book(loans)
    kept = shown_elements(result, *legible_shares(result))
    with Visit(browser, reports(loans, "en")) as visit:
        data = embedded(page_of(reports(loans, "en")))["maps"][0]
        names = [box["name"] for box in data["boxes"]]
        arrows = {
            (names[a["from"]] if a["from"] >= 0 else START, names[a["to"]] if a["to"] >= 0 else END)
            for a in (data["arrows"][n] for n in visit.shown("arrow"))
        }
        assert {names[n] for n in visit.shown("box")} == {box.name for box in kept.boxes}
        assert arrows == {(a.source, a.target) for a in kept.arrows}


@pytest.mark.browser
def test_sliders_hide_what_is_rare_and_keep_the_rest_connected(
    browser: Any, loans: Book, reports: Reports
) -> None:
    data = embedded(page_of(reports(loans, "en")))["maps"][0]
    with Visit(browser, reports(loans, "en")) as visit:
        before = visit.shown("arrow")
        visit.slide("activities", 8)
        visit.slide("paths", 0)
        assert visit.shown("box") == set(range(8))
        left = visit.shown("arrow")
        assert len(left) < len(before)
        joined = {end for n in left for end in (data["arrows"][n]["from"], data["arrows"][n]["to"])}
        assert set(range(8)) <= joined
        visit.slide("activities", len(data["boxes"]))
        visit.slide("paths", 100)
        assert visit.shown("arrow") == set(range(len(data["arrows"])))
        assert "24 of 24 activities" in visit.page.inner_text("#map-hidden")


@pytest.mark.browser
def test_the_switch_changes_figures_and_colours(
    browser: Any, orders: Book, reports: Reports
) -> None:
    with Visit(browser, reports(orders, "zh")) as visit:
        box = visit.page.locator('#map-view g[data-activity="发货"]')
        assert box.locator(".box-figure").text_content() == "30"
        colour = box.locator("rect").get_attribute("fill")
        visit.page.click('[data-measure="1"]')
        assert "小时" in (box.locator(".box-figure").text_content() or "")
        assert box.locator("rect").get_attribute("fill") != colour
        assert visit.page.locator("#legend-wait").is_visible()
        assert not visit.page.locator("#legend-box").is_visible()


@pytest.mark.browser
def test_a_click_or_enter_shows_the_details_of_an_activity_and_a_path(
    browser: Any, orders: Book, reports: Reports
) -> None:
    with Visit(browser, reports(orders, "en")) as visit:
        details = visit.page.locator("#map-details")
        visit.page.click('#map-view g[data-activity="质检"] rect')
        assert details.locator("h4").inner_text() == "质检"
        assert "50" in details.locator("dd").first.inner_text()
        assert "接单" in details.inner_text() and "发货" in details.inner_text()
        details.locator("button", has_text="发货").click()
        assert details.locator("h4").inner_text() == "质检 → 发货"
        assert details.locator("dd").first.inner_text() == "30"
        visit.page.locator('#map-view g[data-activity="接单"]').focus()
        visit.page.keyboard.press("Enter")
        assert details.locator("h4").inner_text() == "接单"
        visit.page.keyboard.press("Escape")
        assert details.locator("h4").count() == 0


@pytest.mark.browser
def test_wheel_buttons_and_keys_zoom_and_move(browser: Any, orders: Book, reports: Reports) -> None:
    with Visit(browser, reports(orders, "en")) as visit:
        view = visit.page.locator(".drawing:not([hidden]) svg")

        def size() -> list[float]:
            return [float(v) for v in view.get_attribute("viewBox").split()]

        first = size()
        visit.page.click('[data-zoom="in"]')
        nearer = size()
        assert nearer[2] < first[2]
        visit.page.locator("#map-view").focus()
        visit.page.keyboard.press("ArrowRight")
        assert size()[0] > nearer[0]
        visit.page.locator("#map-view").hover()
        visit.page.mouse.wheel(0, -200)
        visit.page.wait_for_timeout(50)
        assert size()[2] < nearer[2]
        visit.page.keyboard.press("0")
        assert size()[2] >= first[2] * 0.9


@pytest.mark.browser
def test_another_object_type_brings_its_own_map(
    browser: Any, types: Book, reports: Reports
) -> None:
    with Visit(browser, reports(types, "en")) as visit:
        choose = visit.page.locator("#map-type")
        assert choose.locator("option").all_inner_texts() == [*types.types, "All types together"]
        before = visit.page.inner_text("#map-hidden")
        choose.select_option(label="purchase_order")
        assert visit.page.inner_text("#map-hidden") != before
        expected = map_book(types, type="purchase_order").activities["activity"].to_list()
        drawn = visit.page.eval_on_selector_all(
            ".drawing:not([hidden]) g[data-box]", "gs => gs.map((g) => g.dataset.activity)"
        )
        assert sorted(drawn) == sorted(expected)


@pytest.mark.browser
def test_all_types_share_one_map_with_a_colour_each(
    browser: Any, types: Book, reports: Reports
) -> None:
    with Visit(browser, reports(types, "en")) as visit:
        visit.page.locator("#map-type").select_option(label="All types together")
        drawn = {
            (g[0], g[1], g[2], g[3])
            for g in visit.page.eval_on_selector_all(
                ".drawing:not([hidden]) g[data-arrow]:not(.gone)",
                "gs => gs.map((g) => [g.dataset.source, g.dataset.target, Number(g.dataset.count),"
                " g.getAttribute('stroke')])",
            )
        }
        colour = dict(embedded(page_of(reports(types, "en")))["maps"][-1]["kinds"])
        graph = map_book(types).tables["graph"]
        known = {
            (source, target, count, colour[kind])
            for kind, source, target, count in graph.select(
                "type", "source", "target", "count"
            ).iter_rows()
        }
        inner = {arrow for arrow in drawn if arrow[0] and arrow[1]}
        assert len(inner) > 15
        assert inner <= known
        boxes = visit.page.eval_on_selector_all(
            ".drawing:not([hidden]) g[data-box]",
            "gs => gs.map((g) => [g.dataset.activity, Number(g.dataset.events)])",
        )
        counted = types.events(["@activity"]).group_by("@activity").len().collect()
        assert dict(boxes) == dict(counted.iter_rows())
        assert visit.page.locator("#legend-kinds").is_visible()
        visit.page.click('[data-measure="1"]')
        assert not visit.page.locator("#legend-kinds").is_visible()
        assert visit.problems == []


@pytest.mark.browser
def test_tables_sort_search_and_grow(browser: Any, loans: Book, reports: Reports) -> None:
    with Visit(browser, reports(loans, "en")) as visit:
        table = visit.page.locator('[data-table="pairs"]')
        rows = table.locator("tbody tr")
        assert rows.count() == 12
        table.locator("th button", has_text="Count").click()
        counts = [
            int(t.replace(",", ""))
            for t in table.locator("tbody td:nth-child(3)").all_inner_texts()
        ]
        assert counts == sorted(map_book(loans).pairs["count"].to_list(), reverse=True)[:12]
        table.locator("th button", has_text="Count").click()
        assert table.locator("tbody td:nth-child(3)").first.inner_text() == "1"
        table.locator(".more").click()
        assert rows.count() == 62
        table.locator("input").fill("fraude")
        assert all("fraude" in text for text in rows.all_inner_texts())
        assert 0 < rows.count() < 13


@pytest.mark.browser
def test_a_narrow_screen_needs_no_sideways_scrolling(
    browser: Any, types: Book, reports: Reports
) -> None:
    with Visit(browser, reports(types, "zh"), viewport={"width": 400, "height": 800}) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_fit_their_boxes_as_the_browser_draws_them(
    browser: Any, orders: Book, loans: Book, reports: Reports, language: str
) -> None:
    script = """[...document.querySelectorAll('g[data-box]')].map((g) => {
        const room = g.querySelector('rect').getBBox().width;
        const texts = [...g.querySelectorAll('text')].map((t) => t.getBBox().width);
        return [g.dataset.activity, room - Math.max(...texts)]; })"""
    for book in (orders, loans):
        with Visit(browser, reports(book, language)) as visit:
            spare = visit.page.evaluate(script)
            assert spare and all(rest >= 2 for _, rest in spare), spare


@pytest.mark.browser
def test_on_paper_everything_is_opened_and_nothing_is_a_button(
    browser: Any, orders: Book, reports: Reports
) -> None:
    with Visit(browser, reports(orders, "en")) as visit:
        visit.page.emulate_media(media="print")
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not visit.page.locator(".tools").is_visible()
        assert not visit.page.locator("nav.contents").is_visible()
        assert visit.page.locator("details.finding:not([open])").count() == 0
