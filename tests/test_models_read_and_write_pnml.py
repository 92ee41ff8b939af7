"""PNML files: what other tools write is read alike, and what we write they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from model_tools import net_of_pm4py, net_shape, random_trees
from thalweg.errors import RequestError, SourceError, UnsafeSourceError
from thalweg.process.models.convert import tree_to_net
from thalweg.process.models.files.pnml import pnml_text, read_pnml, write_pnml
from thalweg.process.models.files.read import read_model
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.tree import ProcessTree, parse_tree

TREE = parse_tree("→('接单', ∧('a & b', ×('c<d', τ)), ↺('e', 'f \"g\"'))")
PAGES = """<?xml version="1.0"?>
<p:pnml xmlns:p="http://www.pnml.org/version-2009/grammar/pnml">
 <p:net id="n" type="http://www.pnml.org/version-2009/grammar/ptnet">
  <p:page id="one">
   <p:place id="in"><p:initialMarking><p:text> 2 </p:text></p:initialMarking></p:place>
   <p:transition id="go"><p:name><p:text>go
      on</p:text></p:name></p:transition>
   <p:arc id="x" source="in" target="go">
     <p:inscription><p:text>2</p:text></p:inscription></p:arc>
   <p:page id="within"><p:transition id="quiet"/><p:place id="out"/>
     <p:referencePlace id="again" ref="middle"/>
     <p:arc id="y" source="again" target="quiet"/>
     <p:arc id="z" source="quiet" target="out"/></p:page>
  </p:page>
  <p:page id="two"><p:place id="middle"/><p:arc id="w" source="go" target="middle"/></p:page>
 </p:net>
</p:pnml>"""


def written(folder: Path, text: str) -> Path:
    path = folder / "model.pnml"
    path.write_text(text, encoding="utf-8")
    return path


@settings(max_examples=50, deadline=None)
@given(random_trees())
def test_a_net_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, tree: ProcessTree
) -> None:
    net, path = tree_to_net(tree), tmp_path_factory.mktemp("net") / "net.pnml"
    write_pnml(net, path)
    assert read_pnml(path) == net


def test_weights_several_ends_and_awkward_names_come_back(tmp_path: Path) -> None:
    net = PetriNet(
        ("begin", "p", "two words", "结束"),
        (
            Transition("t1", " 登记  & <prüfen>", ((0, 2),), ((1, 3),)),
            Transition("t2", None, ((1, 3),), ((2, 1),)),
            Transition("t3", "t3", ((2, 1),), ((3, 1),)),
        ),
        (2, 0, 0, 0),
        ((0, 0, 1, 0), (0, 0, 0, 1)),
        "流程",
    )
    write_pnml(net, tmp_path / "net.pnml")
    assert read_pnml(tmp_path / "net.pnml") == net


def test_ids_that_xml_forbids_are_replaced_and_labels_kept(tmp_path: Path) -> None:
    net = PetriNet(
        ("a b", "a_b"),
        (
            Transition("1 go", "go", ((0, 1),), ((1, 1),)),
            Transition("审", None, ((0, 1),), ((1, 1),)),
        ),
        (1, 0),
        ((0, 1),),
    )
    write_pnml(net, tmp_path / "net.pnml")
    again = read_pnml(tmp_path / "net.pnml")
    assert again.places == net.places
    assert [t.id for t in again.transitions] == ["t_1_go", "t1"]
    assert [t.label for t in again.transitions] == ["go", None]


def test_pages_references_prefixes_and_weights_are_read(tmp_path: Path) -> None:
    net = read_pnml(written(tmp_path, PAGES))
    assert net.places == ("in", "out", "middle")
    assert net.transitions == (
        Transition("go", "go on", ((0, 2),), ((2, 1),)),
        Transition("quiet", None, ((2, 1),), ((1, 1),)),
    )
    assert net.initial == (2, 0, 0)


def test_a_missing_final_marking_is_taken_from_the_sinks_and_said_so(tmp_path: Path) -> None:
    net = read_pnml(written(tmp_path, PAGES))
    assert (net.finals, net.assumed) == (((0, 1, 0),), ("final_marking_from_sinks",))


def test_a_missing_initial_marking_is_taken_from_the_sources_and_said_so(tmp_path: Path) -> None:
    text = pnml_text(tree_to_net(TREE)).replace(
        "<initialMarking><text>1</text></initialMarking>", ""
    )
    net = read_pnml(written(tmp_path, text))
    assert net == tree_to_net(TREE)
    assert net.assumed == ("initial_marking_from_sources",)


@pytest.mark.parametrize("name", ["running-example.pnml", "roadtraffic.pnml"])
def test_pm4py_reads_the_public_files_alike(logs: Path, name: str) -> None:
    path = logs / "models" / name
    assert net_shape(read_model(path)) == pm4pys_shape(path)  # type: ignore[arg-type]


def test_bare_ampersands_are_text_and_said_so(logs: Path) -> None:
    """ProM wrote this file; other readers refuse it as not well-formed."""
    net = read_pnml(logs / "models" / "Production.pnml")
    assert (len(net.places), len(net.transitions), net.arcs) == (11, 33, 66)
    assert "SETUP     Turning & Milling" in net.labels()
    assert net.assumed == ("bare_ampersands_as_text",)


def test_pm4py_reads_our_file_as_the_same_net(tmp_path: Path) -> None:
    net = tree_to_net(TREE)
    write_pnml(net, tmp_path / "net.pnml")
    assert pm4pys_shape(tmp_path / "net.pnml") == net_shape(net)


def test_r4pm_reads_our_file_as_the_same_net(tmp_path: Path) -> None:
    r4pm = pytest.importorskip("r4pm")
    net = tree_to_net(TREE)
    write_pnml(net, tmp_path / "net.pnml")
    theirs = r4pm.petri_net.import_pnml(str(tmp_path / "net.pnml"))
    assert len(theirs["places"]) == len(net.places)
    labels = sorted(str(t["label"]) for t in theirs["transitions"].values())
    assert labels == sorted(str(t.label) for t in net.transitions)
    assert len(theirs["arcs"]) == net.arcs
    assert [sum(m.values()) for m in (theirs["initial_marking"], *theirs["final_markings"])] == [
        1,
        1,
    ]


def pm4pys_shape(path: Path) -> Any:
    pm4py = pytest.importorskip("pm4py")
    return net_shape(net_of_pm4py(*pm4py.read_pnml(str(path))))


DAMAGE = {
    "another root": ("<pnml", "<xnml"),
    "no net": ("<net ", "<nut "),
    "an arc to nowhere": ('target="p1"', 'target="p99"'),
    "a transition twice": ('id="t2"', 'id="t1"'),
    "an inhibitor": ("<page", '<arc id="i" source="p1" target="t1" type="inhibitor"/><page'),
    "coloured tokens": ("<page", '<place id="c"><hlinitialMarking/></place><page'),
    "tokens that are no number": ("<text>1</text>", "<text>one</text>"),
    "a final marking of nothing": ('idref="sink"', 'idref="drain"'),
    "cut off": ("</pnml>", ""),
    "an unknown entity": ("<text>e</text>", "<text>&e;</text>"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_an_error(tmp_path: Path, damage: str) -> None:
    before, after = DAMAGE[damage]
    text = pnml_text(tree_to_net(TREE)).replace("</net>", "</nut>") if damage == "no net" else ""
    text = (text or pnml_text(tree_to_net(TREE))).replace(before, after)
    assert text != pnml_text(tree_to_net(TREE))
    with pytest.raises(SourceError, match=r"model\.pnml"):
        read_pnml(written(tmp_path, text))


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ('<!DOCTYPE pnml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><pnml/>', "document type"),
        (
            '<!DOCTYPE pnml [<!ENTITY a SYSTEM "file:///etc/passwd">]><pnml>&a;</pnml>',
            "document type",
        ),
        ("<pnml>" * 100_000, "nests elements more than 256 deep"),
        ("<pnml><net id='" + "x" * 2_000_000 + "'/></pnml>", "a value of more than"),
        ("<pnml>" + "x" * 2_000_000 + "</pnml>", "a value of more than"),
    ],
)
def test_harmful_files_are_refused(tmp_path: Path, harm: str, what: str) -> None:
    with pytest.raises(UnsafeSourceError, match=what):
        read_model(written(tmp_path, harm))


def test_control_characters_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = written(tmp_path, "old")
    with pytest.raises(RequestError, match="XML cannot hold"):
        write_pnml(tree_to_net(parse_tree("'a\x07b'")), path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
