"""The project's own promises: public names, tasks, documents, and which room may know which."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import thalweg

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "thalweg"
MODULES = sorted(PACKAGE.rglob("*.py"))
TASKS = ("demo", "test", "bench", "study", "lint", "clean")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MAY_KNOW = {
    "records": {"records"},
    "process": {"process", "records"},
    "change": {"change", "process", "records"},
    "economy": {"economy", "change", "process", "records"},
    "redesign": {"redesign", "economy", "change", "process", "records"},
    "verdict": {"verdict", "redesign", "economy", "change", "process", "records"},
    "industry": {"industry", "records"},
    "surfaces": {
        *("surfaces", "verdict", "redesign", "economy"),
        *("change", "process", "records", "industry"),
    },
}
"""Rooms that a room may import: back along the arrow only."""
MOST_LINES = 500


def imports(module: Path) -> Iterator[str]:
    """Full names of the modules that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def named(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def first_commands(document: Path) -> list[str]:
    """Commands of the first shell block of a document, without their comments."""
    block = re.search(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return [line.split("#")[0].strip() for line in block[1].splitlines() if line.strip()]


def test_the_public_names_are_these() -> None:
    assert sorted(thalweg.__all__) == [
        "FlatMapping",
        "__version__",
        "conform",
        "discover",
        "drift",
        "ingest",
        "judge",
        "load_mapping",
        "map",
        "open_book",
        "prove",
        "sustain",
        "waits",
        "write_report",
    ]


@pytest.mark.parametrize("name", sorted(thalweg.__all__))
def test_a_public_name_leads_somewhere(name: str) -> None:
    assert getattr(thalweg, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'unheard'"):
        thalweg.unheard  # noqa: B018


def test_importing_the_package_loads_no_engine() -> None:
    code = "import sys, thalweg; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"polars", "numba", "numpy", "pyarrow", "pydantic", "typer", "altair"}
    assert not heavy & set(done.stdout.split())


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == thalweg.__version__


def test_the_package_does_not_depend_on_what_only_tests_may_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    shipped = " ".join([*project["dependencies"], *extras["pictures"], *extras["sql"]])
    assert "pm4py" not in shipped
    assert "r4pm" not in shipped


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_is_described_short_and_free_of_agpl_code(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= MOST_LINES
    assert not any(name.split(".")[0] == "pm4py" for name in imports(module))


@pytest.mark.parametrize("room", sorted(MAY_KNOW))
def test_imports_run_back_along_the_arrow(room: str) -> None:
    forward = [
        f"{named(module)} imports {name}"
        for module in MODULES
        if named(module).startswith(f"{room}{os.sep}")
        for name in imports(module)
        if name.startswith("thalweg.") and name.split(".")[1] in MAY_KNOW.keys() - MAY_KNOW[room]
    ]
    assert forward == []


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_listed_and_can_be_planned(task: str) -> None:
    help_text = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert f"make {task} " in help_text
    plan = subprocess.run(["make", "--dry-run", task], cwd=ROOT, capture_output=True, text=True)
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout


def test_continuous_integration_runs_exactly_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "exec make test"


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_a_readme_opens_with_the_two_commands(readme: str) -> None:
    assert first_commands(ROOT / readme) == ["make demo", "make test"]


def test_contributing_opens_with_ten_commands_that_exist() -> None:
    commands = first_commands(ROOT / "CONTRIBUTING.md")
    assert len(commands) == 10
    for command in commands:
        program, *arguments = command.split()
        if program == "make":
            assert arguments[0] in TASKS
        else:
            assert program in {".venv/bin/ruff", ".venv/bin/python"}
            files = [ROOT / word for word in arguments if word.endswith(".py")]
            assert all(file.exists() for file in files)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_links_only_to_what_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [t for t in targets if t and "://" not in t and not (document.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "README.zh.md", "ARCHITECTURE.md", "FORMAT.md", "METHODS.md"),
        *("CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "benchmarks/RESULTS.md"),
    ],
)
def test_a_document_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200


def test_no_file_names_a_place_of_the_machine_it_was_written_on() -> None:
    places = re.compile("/" + "work/|/" + "root/|/tmp/" + "bash")
    folders = ("src", "tests", "benchmarks", "tools", "docs")
    texts = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".sh", ".json", ".yaml", ".txt", ".html"}
        and "data" not in path.relative_to(ROOT).parts
    ]
    found = [
        str(path.relative_to(ROOT))
        for path in [*texts, *DOCUMENTS, ROOT / "Makefile"]
        if places.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
