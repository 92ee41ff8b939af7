"""Pages of reports: read as trees, and opened in a browser that has no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from lxml import html


def page_of(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_text(encoding="utf-8"))


def words_of(element: html.HtmlElement) -> str:
    return " ".join(" ".join(element.itertext()).split())


def section(page: html.HtmlElement, key: str) -> str:
    return words_of(page.get_element_by_id(key))


def embedded(page: html.HtmlElement) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(page.get_element_by_id("data").text)
    return data


@pytest.fixture(scope="module")
def browser_fixture() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = which("chromium") or which("chromium-browser") or which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as running:
        opened_browser = running.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened_browser
        opened_browser.close()


class Visit:
    """A page in the browser, with everything that went wrong or over the network."""

    def __init__(self, browser: Any, path: Path, **how: Any) -> None:
        self.context = browser.new_context(offline=True, **how)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.problems.append(m.text))
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.goto(path.as_uri())

    def shown(self, what: str) -> set[int]:
        """Numbers of the boxes or arrows that can be seen on the current map."""
        script = f"""[...document.querySelectorAll('.drawing:not([hidden]) g[data-{what}]:not(.gone)')]
            .map((g) => Number(g.dataset.{what}))"""
        return set(self.page.evaluate(script))

    def slide(self, name: str, value: float) -> None:
        script = """([id, value]) => { const s = document.getElementById(id); s.value = value;
            s.dispatchEvent(new Event('input', { bubbles: true })); }"""
        self.page.evaluate(script, [f"slide-{name}", value])

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
