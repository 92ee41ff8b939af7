"""``thalweg demo``: what a new user gets, in both languages, and what it never does."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

import thalweg
from thalweg.errors import RequestError
from thalweg.industry.world.mechanisms import FAILED_ENDS, LAYERS
from thalweg.industry.world.outcomes import WINDOWS_D
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import ARCHETYPES, WorldSpec
from thalweg.industry.world.words import Language, say
from thalweg.industry.writing import demo as demo_module
from thalweg.industry.writing.demo import Demo, DemoRequest, make_demo
from thalweg.industry.writing.folder import MARKER, filled, sign
from thalweg.industry.writing.log import log_of
from thalweg.records.mapping.flat import load_mapping
from thalweg.surfaces.cli import main
from writing_worlds import content, content_of_book, object_content

SMALL = WorldSpec(firms=8, months=12, orders_per_firm_month=3)
SIZE = ("--firms", "8", "--months", "12", "--orders", "3")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Call the command line in this process and catch what it prints and returns."""

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["thalweg", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        caught = capsys.readouterr()
        return Ran(int(ended.value.code or 0), caught.out, caught.err)

    return call


def bytes_of(folder: Path) -> dict[str, str]:
    """Hashes of all files except those of the book, which knows when it was made."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "book" not in path.relative_to(folder).parts
    }


class TestWhatAUserGets:
    def test_a_world_in_english(self, run: Callable[..., Ran], tmp_path: Path) -> None:
        folder = tmp_path / "demo"
        ran = run("demo", folder, *SIZE)
        assert ran.code == 0, ran.err
        assert ran.out.startswith("A revolution:")
        assert f"thalweg prove {folder}/book --truth {folder}/truth.json" in ran.out
        names = {path.name for path in folder.iterdir()}
        assert names >= {"book", "records", "parties.csv", "interventions.csv", "products.csv"}
        assert names >= {"ledger.csv", "traffic.csv", "profile.yaml", "truth.json", MARKER}

    def test_a_world_in_chinese_as_one_json_object(
        self, run: Callable[..., Ran], tmp_path: Path
    ) -> None:
        folder = tmp_path / "产业"
        options = ("--language", "zh", "--format", "erp", "--dirt", "0.02", "--json")
        ran = run("demo", folder, *SIZE, *options)
        told = json.loads(ran.out)
        book = thalweg.open_book(folder / "book")
        assert told["events_in_book"] == book.n_events
        assert told["objects"] == {t: len(book.object_ids(t)) for t in book.types}
        damage = {fault: sum(tables.values()) for fault, tables in told["damage"].items()}
        lost = damage["time_missing"] + damage["time_undecided"]
        assert book.trust.rows_set_aside == lost > 0
        assert told["events_in_book"] == told["events"] - lost
        assert told["interventions"][0]["name"] == "电子仓单"
        for name, rows in told["rows"].items():
            encoded = (folder / name).read_bytes().decode("gbk")
            assert len(encoded.splitlines()) == rows + 1
        assert (folder / "映射.yaml").exists()

    @pytest.mark.parametrize("archetype", ARCHETYPES)
    def test_every_archetype_is_written_and_explained(
        self, archetype: str, run: Callable[..., Ran], tmp_path: Path
    ) -> None:
        size = ("--firms", "8", "--months", "12", "--orders", "1", "--no-truth")
        ran = run("demo", tmp_path / "d", "--archetype", archetype, *size, "--format", "parquet")
        assert ran.code == 0, ran.err
        assert thalweg.open_book(tmp_path / "d" / "book").n_events > 500

    def test_an_unknown_archetype_is_refused_with_the_known_ones(
        self, run: Callable[..., Ran], tmp_path: Path
    ) -> None:
        ran = run("demo", tmp_path / "d", "--archetype", "utopia")
        assert ran.code == 2
        assert "utopia" in ran.err and "traffic_war" in ran.err
        assert not (tmp_path / "d").exists()


@pytest.fixture(scope="module", params=["en", "zh"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demonstration as tables of an ERP, with its truth and with workbooks."""
    folder = tmp_path_factory.mktemp("demo") / "d"
    return make_demo(DemoRequest(folder, SMALL, request.param, "erp", workbooks=True))


class TestWhatIsInTheBook:
    @pytest.mark.parametrize(
        ("form", "language"), [("ocel", "zh"), ("ocel-json", "en"), ("parquet", "zh")]
    )
    def test_all_that_happened_in_the_world(
        self, form: demo_module.Format, language: Language, tmp_path: Path
    ) -> None:
        request = DemoRequest(tmp_path / "d", SMALL, language, form, truth=False)
        self.check_book(make_demo(request))

    def test_all_that_happened_as_tables_of_an_erp(self, made: Demo) -> None:
        self.check_book(made)

    def check_book(self, made: Demo) -> None:
        log = log_of(run_world(SMALL), made.request.language)
        assert content_of_book(made.book, log) == content(log)
        for kind, objects in log.objects.items():
            found = object_content(made.book.objects(kind).collect(), "@object")
            assert found == object_content(objects, "object")
        links = made.book.object_links()
        assert links is not None and len(links) == len(log.object_links)
        assert [f.code for f in made.book.trust.findings if f.severity != "note"] == []

    def test_parties_interventions_and_profile(self, made: Demo) -> None:
        language = made.request.language
        records = run_world(SMALL)
        true = records.interventions
        told = made.book.interventions()
        assert told is not None
        columns = ["id", "kind", "layers", "unit", "from_day", "to_day", "intensity", "cost"]
        assert sorted(map(str, told.select(*columns, "assignment").iter_rows())) == sorted(
            map(
                str,
                true.select(
                    *("intervention", "kind", "layers", "unit", "from", "to", "intensity"),
                    *("cost_cny", "assignment"),
                ).iter_rows(),
            )
        )
        parties = made.book.parties()
        assert parties is not None
        assert parties["id"].to_list() == records.parties["party"].to_list()
        reached = parties.filter("eligible")["id"].to_list()
        members = records.parties.filter(pl.col("role") == "member")["party"].to_list()
        assert reached == members
        profile = made.book.profile()
        assert profile is not None
        assert profile.layers_by_activity() == {
            say(activity, language): layer for activity, layer in LAYERS.items()
        }
        assert set(profile.failed_ends) == {say(end, language) for end in FAILED_ENDS}
        assert {layer.id: layer.within_s for layer in profile.layers} == {
            layer: 86_400 * days for layer, days in WINDOWS_D.items() if layer != "flow"
        }

    def test_the_tables_beside_it_hold_every_figure(self, made: Demo) -> None:
        records = run_world(SMALL)
        true = {"ledger": records.ledger, "traffic": records.traffic}
        for key, table in true.items():
            for read in (pl.read_csv(made.sides[key]), _workbook(made.sides[key])):
                assert len(read) == len(table)
                own = [name for name, t in table.schema.items() if t.is_numeric()]
                places = [table.columns.index(name) for name in own]
                for name, place in zip(own, places, strict=True):
                    assert read.to_series(place).sum() == pytest.approx(table[name].sum())

    def test_the_book_can_be_made_again_from_what_was_written(
        self, made: Demo, tmp_path: Path
    ) -> None:
        assert made.mapping is not None
        mapping = load_mapping(made.mapping)
        again = thalweg.ingest(made.source, tmp_path / "again", mapping=mapping)
        log = log_of(run_world(SMALL), made.request.language)
        assert content_of_book(again, log) == content(log)

    def test_the_truth_lies_beside_the_data(self, made: Demo) -> None:
        truth = json.loads((made.request.folder / "truth.json").read_text(encoding="utf-8"))
        rolled_out = set(made.interventions["intervention"])
        assert {row["intervention"] for row in truth["effects"]} == rolled_out


def _workbook(path: Path) -> pl.DataFrame:
    return pl.read_excel(path.with_suffix(".xlsx"), engine="calamine")


@pytest.mark.parametrize("form", ["ocel", "erp"])
def test_the_same_seed_gives_the_same_bytes(form: demo_module.Format, tmp_path: Path) -> None:
    tables = form == "erp"
    found = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        spec = WorldSpec(firms=8, months=12, orders_per_firm_month=1, seed=seed)
        dirt = 0.05 if tables else 0.0
        options = {"format": form, "dirt": dirt, "truth": False, "workbooks": tables}
        make_demo(DemoRequest(tmp_path / name, spec, "zh", **options))  # type: ignore[arg-type]
        found.append(bytes_of(tmp_path / name))
    one, two, three = found
    assert one == two
    assert all(one[name] != three.get(name) for name in one if name.startswith("records/"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dirt": 0.7}, "0.7"),
        ({"dirt": 0.1, "format": "ocel"}, "--format erp"),
        ({"encoding": "gbk", "format": "parquet"}, "--format erp"),
        ({"format": "xes"}, "xes"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        DemoRequest(Path("d"), SMALL, **options)  # type: ignore[arg-type]


class TestFolder:
    """A demonstration never touches what it did not write."""

    def fill(self, folder: Path, *, replace: bool = False) -> None:
        with filled(folder, replace=replace) as home:
            (home / "records.csv").write_text("a,b")
            sign(home, {"seed": 1})

    def test_a_folder_with_other_things_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("mine")
        for replace in (False, True):
            with pytest.raises(RequestError, match=r"thesis\.txt"):
                self.fill(tmp_path, replace=replace)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "d").write_text("mine")
        with pytest.raises(RequestError, match="is a file"):
            self.fill(tmp_path / "d")

    def test_an_empty_folder_is_filled(self, tmp_path: Path) -> None:
        (tmp_path / "d").mkdir()
        self.fill(tmp_path / "d")
        assert {path.name for path in (tmp_path / "d").iterdir()} == {"records.csv", MARKER}

    def test_a_demonstration_is_made_anew_only_when_asked(self, tmp_path: Path) -> None:
        self.fill(tmp_path / "d")
        with pytest.raises(RequestError, match="--replace"):
            self.fill(tmp_path / "d")
        self.fill(tmp_path / "d", replace=True)
        assert [path.name for path in tmp_path.iterdir()] == ["d"]

    def test_what_a_user_added_is_not_replaced(self, tmp_path: Path) -> None:
        self.fill(tmp_path / "d")
        (tmp_path / "d" / "notes.md").write_text("mine")
        with pytest.raises(RequestError, match=r"notes\.md"):
            self.fill(tmp_path / "d", replace=True)
        assert (tmp_path / "d" / "notes.md").read_text() == "mine"

    def test_a_folder_that_another_run_is_writing_is_left_to_it(self, tmp_path: Path) -> None:
        with (
            filled(tmp_path / "d", replace=False) as home,
            pytest.raises(RequestError, match="is being written"),
        ):
            (home / "half").touch()
            self.fill(tmp_path / "d", replace=True)
        assert (tmp_path / "d" / "half").exists()

    @pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
    @pytest.mark.parametrize("before", ["nothing", "empty", "demo"])
    def test_a_run_that_fails_leaves_what_was_there(
        self,
        fault: type[BaseException],
        before: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        folder = tmp_path / "d"
        if before == "empty":
            folder.mkdir()
        if before == "demo":
            self.fill(folder)
        held = bytes_of(folder)

        def fails(*_: object, **__: object) -> None:
            raise fault

        monkeypatch.setattr(demo_module, "ingest", fails)
        with pytest.raises(fault):
            make_demo(DemoRequest(folder, SMALL, format="parquet", truth=False, replace=True))
        assert folder.exists() == (before != "nothing")
        assert bytes_of(folder) == held
        assert [path.name for path in tmp_path.iterdir()] == ([] if before == "nothing" else ["d"])

    def test_what_a_killed_run_left_is_mended(self, tmp_path: Path) -> None:
        folder = tmp_path / "d"
        self.fill(folder)
        held = bytes_of(folder)
        dies = "import os; from pathlib import Path; from thalweg.industry.writing import folder\n"
        dies += f"with folder.filled(Path({str(folder)!r}), replace=True) as home:\n"
        dies += "    (home / 'half').touch(); os._exit(9)"
        assert subprocess.run([sys.executable, "-c", dies]).returncode == 9
        assert (folder / "half").exists()
        with pytest.raises(RequestError, match="--replace"):
            self.fill(folder)
        assert bytes_of(folder) == held
        assert [path.name for path in tmp_path.iterdir()] == ["d"]
