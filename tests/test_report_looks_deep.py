"""Beyond the map the report shows a model, deviations from it, why work waits, and changes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from lxml import html

import thalweg
from thalweg.errors import RequestError
from thalweg.industry.sample import write_sample
from thalweg.process.conformance.rules.file import example_rules
from thalweg.process.discovery.discover import discover_book
from thalweg.process.discovery.object_centric import discover_object_centric
from thalweg.process.drift.drift import drift_book
from thalweg.process.map import map_book, read_filters
from thalweg.process.models.files.write import write_model
from thalweg.process.waiting.waits import waits_book
from thalweg.records.store.book import Book
from thalweg.surfaces.report import deep, deep_sections, write_report
from thalweg.surfaces.texts import LANGUAGES, load

SECTIONS = ("causes", "model", "deviations", "drift")
ORDERS = 120


@pytest.fixture(scope="module")
def trade(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("trade")
    sample = write_sample(folder, orders=ORDERS)
    mapping = thalweg.load_mapping(sample.english_mapping)
    return thalweg.ingest(sample.english, into=folder / "book", mapping=mapping)


@pytest.fixture(scope="module", params=LANGUAGES)
def page(
    request: pytest.FixtureRequest, trade: Book, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, html.HtmlElement]:
    folder = tmp_path_factory.mktemp("page")
    rules = folder / "rules.yaml"
    rules.write_text(example_rules("en"), encoding="utf-8")
    written = write_report(
        trade, folder / "r.html", language=request.param, type="order", rules=rules
    )
    return request.param, html.fromstring(written.read_text(encoding="utf-8"))


def text_of(page: html.HtmlElement, section: str) -> str:
    return " ".join(page.get_element_by_id(section).text_content().split())


def test_each_section_has_a_figure_and_is_named_in_the_contents(
    page: tuple[str, html.HtmlElement],
) -> None:
    language, tree = page
    links = {a.get("href") for a in tree.xpath("//nav//a")}
    for key in SECTIONS:
        part = tree.get_element_by_id(key)
        assert part.xpath(".//figure//*[local-name()='svg']"), key
        assert f"#{key}" in links
        assert load(language)(f"section.{key}.title") in part.text_content()


def test_the_model_is_drawn_with_all_its_activities(
    page: tuple[str, html.HtmlElement], trade: Book
) -> None:
    _, tree = page
    found = discover_book(trade, type="order", choose=True)
    pictures = tree.get_element_by_id("model").xpath(".//*[@class='model-picture']")
    drawn = pictures[0].xpath(".//*[@data-activity]")
    assert {g.get("data-activity") for g in drawn} == found.tree.labels()


def test_all_object_types_are_drawn_together(
    page: tuple[str, html.HtmlElement], trade: Book
) -> None:
    language, tree = page
    part = tree.get_element_by_id("model")
    assert load(language)("figure.joint_model.title") in part.text_content()
    (joint,) = part.xpath(".//*[@class='model-picture'][.//*[@data-variable]]")
    places = joint.xpath(".//*[@class='place']/@data-type")
    assert set(places) == set(trade.types) == {"order", "coil", "shipment", "invoice"}
    net = discover_object_centric(trade, noise=0.2)
    assert len(places) == len(net.places)


def test_types_are_not_drawn_together_where_that_would_say_nothing(
    trade: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = map_book(trade, type="order")
    asked = read_filters(["activity=Place order"])
    looked = deep.look_deep(trade, map_book(trade, type="order", filters=asked), asked)
    assert looked is not None and looked.joint is None
    monkeypatch.setattr(deep, "MOST_TYPES", 3)
    looked = deep.look_deep(trade, result, [])
    assert looked is not None and looked.joint is None
    monkeypatch.undo()
    monkeypatch.setattr(deep_sections, "MOST_NODES", 40)
    page = write_report(trade, tmp_path / "r.html", type="order")
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    assert not tree.xpath("//*[@data-variable]")
    assert "thalweg discover --object-centric" in text_of(tree, "model")


def test_the_waits_that_cost_most_are_listed_in_order(
    page: tuple[str, html.HtmlElement], trade: Book
) -> None:
    language, tree = page
    top = waits_book(trade, type="order").top
    rows = tree.xpath("//*[@data-table='top_waits']//tbody/tr")
    shown = [[cell.text_content() for cell in row.xpath("td")][1:4] for row in rows]
    say = load(language)
    wanted = [[r["source"], r["target"], say(f"waits.causes.{r['cause']}")] for r in top.to_dicts()]
    assert shown == wanted
    assert len(wanted) == 5


def test_rules_are_told_in_the_readers_language(page: tuple[str, html.HtmlElement]) -> None:
    language, tree = page
    rows = tree.xpath("//*[@data-table='rules']//tbody/tr")
    assert rows
    words = " ".join(row.text_content() for row in rows)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in words) == (language == "zh")


def test_changes_are_told_or_their_absence_is(
    page: tuple[str, html.HtmlElement], trade: Book
) -> None:
    language, tree = page
    found = drift_book(trade, type="order")
    told, say = text_of(tree, "drift"), load(language)
    tested = found.groups.filter(pl.col("reason").is_null())
    assert (say("drift.none") in told) == (found.changes.is_empty() and not tested.is_empty())
    assert found.changes.is_empty() or "1." in told


def test_a_given_model_is_what_deviations_are_counted_from(trade: Book, tmp_path: Path) -> None:
    strict = discover_book(trade, type="order", noise=0.5)
    write_model(strict.tree, tmp_path / "strict.bpmn")
    page = write_report(trade, tmp_path / "r.html", type="order", model=tmp_path / "strict.bpmn")
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    assert load("en").under("conform.kinds")["inserted"] in text_of(tree, "deviations")


def test_too_many_variants_are_not_aligned_in_a_report(
    trade: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep, "MOST_VARIANTS", 1)
    page = write_report(trade, tmp_path / "r.html", type="order")
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    assert load("en")("note.too_many_variants").strip() in text_of(tree, "deviations")
    with pytest.raises(RequestError, match="thalweg conform"):
        write_report(trade, tmp_path / "r.html", type="order", model=tmp_path / "any.bpmn")
