"""What a person at a terminal, or a script, gets from each command."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from thalweg.errors import ThalwegError
from thalweg.surfaces.cli import main

ROWS = [
    ("o1", "order", "2024-01-01 08:00"),
    ("o1", "pay", "2024-01-02 08:00"),
    ("o2", "order", "2024-01-01 09:00"),
    ("o2", "ship", "2024-01-03 09:00"),
    ("o2", "pay", "2024-01-05 09:00"),
    ("o3", "order", ""),
]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command line in this process and catch what it prints and returns."""

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["thalweg", *map(str, arguments)])
        monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        caught = capsys.readouterr()
        return Ran(int(ended.value.code or 0), caught.out, caught.err)

    return call


def write_table(path: Path, header: str, rows: list[tuple[str, ...]] = ROWS) -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "orders.csv", "case_id,activity,timestamp")


@pytest.fixture
def book(run, table: Path, tmp_path: Path) -> Path:
    target = tmp_path / "book"
    assert run("ingest", table, "--into", target).code == 0
    return target


def test_standard_column_names_are_taken_without_asking(run, table, tmp_path):
    ran = run("ingest", table, "--into", tmp_path / "book", "--json")
    assert ran.code == 0
    told = ran.json()
    assert told["events"] == 5
    assert told["trust"]["rows_set_aside"] == 1
    assert told["types"] == [{"type": "case", "objects": 2, "sequences": 2, "entries": 5}]


def test_a_guess_is_shown_and_refused_when_nobody_can_confirm_it(run, tmp_path):
    table = write_table(tmp_path / "log.csv", "Auftrag,Schritt,Zeitpunkt")
    ran = run("ingest", table, "--into", tmp_path / "book")
    assert ran.code == 2
    assert "Auftrag" in ran.err and "--yes" in ran.err
    assert not (tmp_path / "book").exists()


def test_a_guess_is_taken_with_yes(run, tmp_path):
    table = write_table(tmp_path / "log.csv", "Auftrag,Schritt,Zeitpunkt")
    assert run("ingest", table, "--into", tmp_path / "book", "--yes").code == 0


def test_a_saved_proposal_can_be_used_as_the_mapping(run, tmp_path):
    table = write_table(tmp_path / "log.csv", "Auftrag,Schritt,Zeitpunkt")
    mapping = tmp_path / "mapping.yaml"
    assert run("inspect", table, "--save", mapping).code == 0
    ran = run("ingest", table, "--into", tmp_path / "book", "--mapping", mapping, "--json")
    assert ran.json()["events"] == 5


def test_columns_can_be_named_as_options(run, tmp_path):
    table = write_table(tmp_path / "log.csv", "a,b,c")
    options = ("--case", "a", "--activity", "b", "--time", "c")
    ran = run("ingest", table, "--into", tmp_path / "book", *options, "--json")
    assert ran.json()["activities"] == 3


def test_a_column_that_does_not_exist_is_named_with_the_nearest(run, table, tmp_path):
    options = ("--case", "case_id", "--activity", "activty", "--time", "timestamp")
    ran = run("ingest", table, "--into", tmp_path / "book", *options)
    assert ran.code == 5
    assert "'activty'" in ran.err and "'activity'" in ran.err


@pytest.mark.parametrize(("language", "word"), [("en", "judged by all"), ("zh", "依据全部")])
def test_inspect_states_its_guesses_in_both_languages(run, table, language, word):
    ran = run("inspect", table, "--language", language)
    assert word in ran.out and "case: case_id" in ran.out


def test_every_reason_and_question_of_a_proposal_has_words():
    from thalweg.records.proposal.choice import Query, Reason
    from thalweg.surfaces.texts import load

    for language in ("en", "zh"):
        say = load(language)
        assert set(say.under("proposal.reasons")) == set(get_args(Reason))
        assert set(say.under("proposal.questions")) == set(get_args(Query))


def test_inspect_prints_one_json_object(run, table):
    told = run("inspect", table, "--json").json()
    assert told["is_standard"] is True
    assert told["mapping"]["case"] == "case_id"


def test_the_map_as_json_has_the_documented_fields(run, book):
    told = run("map", book, "--json").json()
    fields = {"type", "events", "objects", "activities", "pairs", "starts", "ends", "variants"}
    assert fields | {"top_variants"} <= set(told)
    assert told["variants"] == 2
    pairs = {(p["source"], p["target"]): p for p in told["pairs"]}
    assert pairs["order", "ship"]["mean_s"] == 2 * 86_400
    assert {"count", "objects", "median_s", "p90_s"} <= set(pairs["order", "pay"])


def test_the_schema_needs_no_book(run):
    assert "properties" in run("map", "--schema").json()
    assert run("map").code == 2


def test_the_map_can_be_filtered(run, book):
    told = run("map", book, "--filter", "activity=ship", "--json").json()
    assert (told["objects"], told["events"]) == (1, 3)


@pytest.mark.parametrize(("language", "words"), [("en", "no effect"), ("zh", "不等于效果")])
def test_two_groups_are_set_side_by_side_with_a_warning(run, book, language, words):
    groups = ("activity=ship", "activity!=ship")
    assert words in run("map", book, "--compare", *groups, "--language", language).out
    told = run("map", book, "--compare", *groups, "--json").json()
    assert "difference_is_no_effect" in told["warnings"]
    assert told["trust"]["rows_set_aside"] == 1
    assert (told["left"]["objects"], told["right"]["objects"]) == (1, 1)


@pytest.mark.parametrize(("language", "word"), [("en", "Activities"), ("zh", "活动")])
def test_the_map_reads_in_both_languages(run, book, language, word):
    ran = run("map", book, "--language", language)
    assert word in ran.out and "order → ship" in ran.out


def test_a_picture_is_drawn(run, book, tmp_path):
    target = tmp_path / "map.svg"
    assert run("map", book, "--picture", target).code == 0
    assert target.read_text().lstrip().startswith("<svg")


@pytest.mark.parametrize(
    "kind",
    ["durations", "timeline", "variants", "dotted", "waiting", "activities", "hours"],
)
def test_each_chart_is_drawn(run, book, tmp_path, kind):
    target = tmp_path / f"{kind}.svg"
    assert run("chart", book, "--kind", kind, "-o", target, "--language", "zh").code == 0
    assert "<svg" in target.read_text()[:200]


def test_a_chart_that_the_records_cannot_give_says_what_is_missing(run, book, tmp_path):
    ran = run("chart", book, "--kind", "service", "-o", tmp_path / "service.png")
    assert ran.code == 2 and "start of work" in ran.err


def test_the_report_is_one_file(run, book, tmp_path):
    target = tmp_path / "report.html"
    ran = run("report", book, "-o", target, "--language", "zh", "--json")
    assert ran.json()["bytes"] == target.stat().st_size > 10_000


def test_a_book_is_looked_after(run, book, table):
    assert run("book", "info", book, "--json").json()["generation"] == 1
    assert run("book", "verify", book).code == 0
    assert run("ingest", table, "--into", book, "--append").code == 0
    history = run("book", "history", book, "--json").json()["generations"]
    assert [g["generation"] for g in history] == [1, 2]
    assert run("book", "info", book, "--json").json()["events"] == 5
    run("book", "gc", book)
    assert len(run("book", "history", book, "--json").json()["generations"]) == 1


def test_an_altered_file_is_found(run, book):
    victim = next((book / "data").glob("time-*.npy"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"\x7f")
    assert run("book", "verify", book).code == 9


@pytest.mark.parametrize("name", ["log.jsonocel", "log.xmlocel", "log.sqlite", "log.xes", "folder"])
def test_a_book_is_exported_and_read_again(run, book, tmp_path, name):
    target = tmp_path / name
    assert run("book", "export", book, "--to", target).code == 0
    if target.is_file():
        again = run("ingest", target, "--into", tmp_path / "again", "--json").json()
        assert again["events"] == 5


def test_a_name_that_tells_no_format_is_refused(run, book, tmp_path):
    assert run("book", "export", book, "--to", tmp_path / "log.json.gz").code == 2
    assert run("book", "export", book, "--to", tmp_path / "log.xes.gz").code == 0


def test_each_error_has_its_exit_code(run, book, table, tmp_path):
    (tmp_path / "bad.yaml").write_text("kind: table\ncasse: x\n")
    bad_mapping = ("--mapping", tmp_path / "bad.yaml")
    assert run("map", book, "--type", "nothing").code == 2
    assert run("ingest", tmp_path / "none.csv", "--into", tmp_path / "b").code == 3
    assert run("ingest", table, "--into", tmp_path / "b", *bad_mapping).code == 5
    assert run("ingest", table, "--into", tmp_path / "b", "--strict").code == 6
    assert run("map", tmp_path / "nobook").code == 7


def test_exit_codes_are_distinct_and_documented():
    def tree(cls: type[ThalwegError]) -> list[type[ThalwegError]]:
        return [cls, *(s for sub in cls.__subclasses__() for s in tree(sub))]

    from thalweg.surfaces import cli
    from thalweg.surfaces.cli.app import app

    codes = {error.exit_code for error in tree(ThalwegError)}
    assert codes == set(range(1, 10))
    for code in codes:
        assert f"{code} " in str(cli.__doc__) and f"{code} " in str(app.info.epilog)


def test_help_loads_none_of_the_heavy_libraries():
    probe = (
        "import sys; sys.argv = ['thalweg', '--help']\n"
        "from thalweg.surfaces.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'polars', 'numba', 'numpy', 'pyarrow', 'pydantic', 'altair', 'pygraphviz'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert ran.stdout.strip().endswith("LOADED []")


def test_nothing_but_the_result_goes_to_standard_output(run, table, tmp_path):
    ran = run("ingest", table, "--into", tmp_path / "book", "--json")
    json.loads(ran.out)
    assert ran.err == ""


def test_completion_can_be_installed(run):
    assert "--install-completion" in run("--help").out
