"""BPMN files judged by others: the schema of the OMG, and bpmn-js in headless Chromium.

``bpmn_js`` and ``bpmn_schema`` are fixtures for a module to import; both skip, with the reason, where
what they need is missing. The library bpmn-js comes from npm (``tools/bpmn-js.sh``, which
``make test`` runs), the schema from the package SpiffWorkflow; tests use them, the package does not.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from lxml import etree

VIEWER = Path(__file__).parents[1] / ".venv" / "share" / "bpmn-js" / "bpmn-viewer.production.min.js"
_PAGE = "<!doctype html><meta charset=utf-8><div id=canvas style='width:1600px;height:900px'></div>"
_OPEN = """async (xml) => {
  document.getElementById('canvas').innerHTML = '';
  const viewer = new BpmnJS({ container: '#canvas' });
  try {
    const { warnings } = await viewer.importXML(xml);
    const { svg } = await viewer.saveSVG();
    viewer.get('canvas').zoom('fit-viewport');
    const drawn = viewer.get('elementRegistry').getAll().filter((e) => e.type !== 'label');
    return {
      warnings: warnings.map((w) => w.message), error: null, svg,
      shapes: drawn.filter((e) => e.parent && !e.waypoints).map((e) => e.id),
      edges: drawn.filter((e) => e.waypoints).map((e) => e.id),
    };
  } catch (error) {
    return { warnings: (error.warnings || []).map((w) => w.message), error: String(error),
             svg: '', shapes: [], edges: [] };
  }
}"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What bpmn-js made of a file: nothing in ``warnings`` and ``error`` if all is well.

    shapes, edges: ids of the BPMN elements drawn. console: what the page complained about.
    """

    warnings: list[str]
    error: str | None
    svg: str
    shapes: list[str]
    edges: list[str]
    console: list[str]


class BpmnJs:
    """Opens BPMN documents one after the other in one page."""

    def __init__(self, page: Any) -> None:
        self._page, self._console = page, list[str]()
        page.on("console", lambda message: self._console.append(message.text))
        page.on("pageerror", lambda error: self._console.append(str(error)))
        page.set_content(_PAGE)
        page.add_script_tag(path=str(VIEWER))

    def open(self, xml: str) -> Opened:
        self._console.clear()
        return Opened(**self._page.evaluate(_OPEN, xml), console=list(self._console))

    def picture(self, path: Path) -> None:
        """What is on the screen after ``open``, as PNG: for looking at a layout by hand."""
        self._page.locator("#canvas").screenshot(path=str(path))


@pytest.fixture(scope="module")
def bpmn_js() -> Iterator[BpmnJs]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = which("chromium") or which("chromium-browser") or which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    if not VIEWER.is_file():
        pytest.skip("bpmn-js is not there; fetch it with: tools/bpmn-js.sh .venv")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(offline=True, viewport={"width": 1600, "height": 900})
        yield BpmnJs(context.new_page())
        browser.close()


@pytest.fixture(scope="session")
def bpmn_schema() -> etree.XMLSchema:
    """BPMN 2.0 of the OMG, with its drawing parts."""
    found = importlib.util.find_spec("SpiffWorkflow")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the BPMN schema is not there; it comes with: pip install SpiffWorkflow")
    folder = Path(found.submodule_search_locations[0]) / "bpmn" / "parser" / "schema"
    return etree.XMLSchema(etree.parse(str(folder / "BPMN20.xsd")))


def assert_valid(schema: etree.XMLSchema, xml: str) -> None:
    """Fail with the first complaints of the schema."""
    valid = schema.validate(etree.fromstring(xml.encode()))
    assert valid, [str(error) for error in schema.error_log][:3]
