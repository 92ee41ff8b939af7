"""Models in files: the suffix decides what is written, the contents what is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from model_tools import net_words, random_trees, tree_words
from thalweg.errors import RequestError, SourceError, UnsafeSourceError
from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.convert import tree_to_bpmn, tree_to_net
from thalweg.process.models.files.read import as_net, read_model
from thalweg.process.models.files.write import write_model
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import SILENT, ProcessTree, activity, parse_tree, sequence

TREE = parse_tree("→('接单', ∧('it\\'s', ×('b', τ)), ↺('c', 'd', 'e'))")
WORDS = tree_words(TREE, 5)


@pytest.mark.parametrize("suffix", [".bpmn", ".pnml", ".ptree", ".ptml"])
def test_a_tree_is_written_in_any_format_and_keeps_its_words(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    write_model(TREE, path)
    assert net_words(as_net(read_model(path)), 5) == WORDS


@settings(max_examples=50, deadline=None)
@given(random_trees())
def test_trees_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, tree: ProcessTree
) -> None:
    folder = tmp_path_factory.mktemp("trees")
    write_model(tree, folder / "a.ptree")
    assert read_model(folder / "a.ptree") == tree
    write_model(tree, folder / "a.ptml")
    again = read_model(folder / "a.ptml")
    assert isinstance(again, ProcessTree)
    assert tree_words(again, 4) == tree_words(tree, 4)


@pytest.mark.parametrize("suffix", [".bpmn", ".pnml"])
def test_nets_and_drawings_are_written_as_either(tmp_path: Path, suffix: str) -> None:
    for model in (tree_to_net(TREE), tree_to_bpmn(TREE)):
        path = tmp_path / f"model{suffix}"
        write_model(model, path)
        again = read_model(path)
        assert isinstance(again, BpmnModel if suffix == ".bpmn" else PetriNet)
        assert net_words(as_net(again), 5) == WORDS


def test_what_is_no_tree_is_not_written_as_one(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"Choose \.bpmn or \.pnml"):
        write_model(tree_to_net(TREE), tmp_path / "model.ptree")


def test_an_unknown_suffix_is_an_error_that_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"\.bpmn, \.pnml, \.ptree, \.ptml"):
        write_model(TREE, tmp_path / "model.docx")


def test_contents_decide_where_the_suffix_does_not(tmp_path: Path) -> None:
    for name, suffix in (("a.xml", ".bpmn"), ("b.model", ".pnml"), ("c.txt", ".ptree")):
        write_model(TREE, tmp_path / f"m{suffix}")
        (tmp_path / f"m{suffix}").rename(tmp_path / name)
    kinds = [type(read_model(path)) for path in sorted(tmp_path.iterdir())]
    assert kinds == [BpmnModel, PetriNet, ProcessTree]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pnml"
    write_model(TREE, path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RequestError, match="cannot be written: No space left"):
        write_model(SILENT, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_or_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be written"):
        write_model(TREE, tmp_path / "nowhere" / "model.bpmn")
    for path in (tmp_path / "nothing.bpmn", tmp_path):
        with pytest.raises(SourceError, match="cannot be read"):
            read_model(path)


def test_rights_of_a_file_that_is_written_anew_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "model.ptree"
    write_model(TREE, path)
    path.chmod(0o640)
    write_model(SILENT, path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_texts_that_are_no_model_are_errors(tmp_path: Path) -> None:
    for content, error, what in (
        (b"\xff\x00\x80nonsense", SourceError, "no model"),
        (b"hello", RequestError, "should be an operator"),
        (("→(" * 100_000).encode(), UnsafeSourceError, "too deep"),
    ):
        (tmp_path / "model.ptree").write_bytes(content)
        with pytest.raises(error, match=what):
            read_model(tmp_path / "model.ptree")


def test_pm4py_reads_our_ptml_as_the_same_tree_and_we_read_its(tmp_path: Path) -> None:
    pm4py: Any = pytest.importorskip("pm4py")
    write_model(TREE, tmp_path / "ours.ptml")
    theirs = pm4py.read_ptml(str(tmp_path / "ours.ptml"))
    assert len(theirs.children) == 3
    pm4py.write_ptml(theirs, str(tmp_path / "theirs.ptml"))
    assert tree_words(read_model(tmp_path / "theirs.ptml"), 5) == WORDS  # type: ignore[arg-type]


PTML = """<ptml><processTree id="t" name="t" root="1">
<xorLoop id="1" name=""/><manualTask id="2" name="a"/><automaticTask id="3" name=""/>
<manualTask id="4" name="z"/><parentsNode id="5" sourceId="1" targetId="2"/>
<parentsNode id="6" sourceId="1" targetId="3"/><parentsNode id="7" sourceId="1" targetId="4"/>
</processTree></ptml>"""


def test_the_last_child_of_a_loop_in_ptml_follows_the_loop(tmp_path: Path) -> None:
    (tmp_path / "m.ptml").write_text(PTML)
    loop = ProcessTree("loop", None, (activity("a"), SILENT))
    assert read_model(tmp_path / "m.ptml") == sequence(loop, activity("z"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('root="1"', 'root="9"'),
        ("xorLoop", "or"),
        ('targetId="4"', 'targetId="1"'),
        ("processTree", "something"),
    ],
)
def test_damaged_ptml_is_an_error(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "m.ptml").write_text(PTML.replace(before, after))
    with pytest.raises(SourceError, match=r"m\.ptml"):
        read_model(tmp_path / "m.ptml")


def test_deep_ptml_is_refused(tmp_path: Path) -> None:
    nodes = "".join(f'<sequence id="{n}" name=""/>' for n in range(5_000))
    links = "".join(
        f'<parentsNode id="l{n}" sourceId="{n}" targetId="{n + 1}"/>' for n in range(5_000)
    )
    text = f'<ptml><processTree id="t" name="t" root="0">{nodes}{links}</processTree></ptml>'
    (tmp_path / "m.ptml").write_text(text)
    with pytest.raises(UnsafeSourceError, match="256 deep"):
        read_model(tmp_path / "m.ptml")
