"""BPMN files of other tools: every public one is read, and nothing is left out in silence."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from model_tools import net_words
from thalweg.errors import RequestError, SourceError, UnsafeSourceError
from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.convert import bpmn_to_net
from thalweg.process.models.files.bpmn_read import read_bpmn
from thalweg.process.models.files.read import as_net, read_model

PUBLIC = [
    "BPIC15_1", "BPI_2012_W", "BPI_2017_W", "Credit_Application_Simulation", "Production",
    "PurchasingExample", "PurchasingExampleQBP", "declaration_documents", "receipt",
    "running-example",
]  # fmt: skip
NODES = ("task", "Event", "Gateway")


def document(*elements: str, more: str = "", prefix: str = "b") -> str:
    """A process of these elements; flows are written as ``a>b``."""
    body = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{item.split(">")[0]}" targetRef="{item.split(">")[1]}"/>'
        if ">" in item and not item.startswith("<")
        else item
        for n, item in enumerate(elements)
    )
    text = f'<process id="p" name="Ablauf">{body}</process>{more}'
    space = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    root = f'<definitions xmlns="{space}" xmlns:v="urn:vendor">{text}</definitions>'
    if not prefix:
        return root
    prefixed = root.replace("</", "\0").replace("<v:", "\1").replace("<", f"<{prefix}:")
    prefixed = prefixed.replace("\0v:", "</v:").replace("\0", f"</{prefix}:").replace("\1", "<v:")
    return prefixed.replace("xmlns=", f"xmlns:{prefix}=")


def read(folder: Path, *elements: str, **how: str) -> BpmnModel:
    path = folder / "model.bpmn"
    path.write_text(document(*elements, **how), encoding="utf-8")
    return read_bpmn(path)


def words(model: BpmnModel, longest: int = 4) -> set[str]:
    return {"".join(word) for word in net_words(bpmn_to_net(model), longest)}


START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'


def task(key: str, inside: str = "", tag: str = "task") -> str:
    return f'<{tag} id="{key}" name="{key}">{inside}</{tag}>'


@pytest.mark.parametrize("name", PUBLIC)
def test_every_node_flow_label_and_box_of_the_public_files_is_read(logs: Path, name: str) -> None:
    path = logs / "models" / f"{name}.bpmn"
    model, tree = read_bpmn(path), etree.parse(str(path))
    here = {"m": "http://www.omg.org/spec/BPMN/20100524/MODEL"}
    nodes = [
        e for e in tree.iterfind(".//m:process/*", here) if etree.QName(e).localname.endswith(NODES)
    ]
    flows = tree.findall(".//m:sequenceFlow", here)
    assert [n.id for n in model.nodes] == [e.get("id") for e in nodes]
    assert [(f.id, f.source, f.target) for f in model.flows] == [
        (e.get("id"), e.get("sourceRef"), e.get("targetRef")) for e in flows
    ]
    assert [n.label for n in model.nodes] == [e.get("name") or None for e in nodes]
    assert model.layout is not None
    assert set(model.layout.boxes) == {n.id for n in model.nodes}
    assert set(model.layout.routes) == {f.id for f in model.flows}


@pytest.mark.parametrize("name", PUBLIC)
def test_pm4py_reads_the_same_graph(logs: Path, name: str) -> None:
    pm4py = pytest.importorskip("pm4py")
    path = logs / "models" / f"{name}.bpmn"
    model, graph = read_bpmn(path), pm4py.read_bpmn(str(path))
    theirs = {n.get_id(): n for n in graph.get_nodes()}
    pools = {key for key in theirs if key.startswith(("Collaboration", "Participant"))}
    assert {n.id: n.label or "" for n in model.nodes} == {
        key: node.get_name() for key, node in theirs.items() if key not in pools
    }
    assert {(f.source, f.target) for f in model.flows} == {
        (f.get_source().get_id(), f.get_target().get_id()) for f in graph.get_flows()
    }


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - {"BPI_2017_W"}))
def test_public_files_become_nets_with_all_their_tasks(logs: Path, name: str) -> None:
    model = read_bpmn(logs / "models" / f"{name}.bpmn")
    net = as_net(model)
    tasks = {n.id: n.label for n in model.nodes if n.kind == "task"}
    assert {t.id: t.label for t in net.transitions if t.label is not None} == tasks


def test_running_example_is_the_net_of_its_pnml(logs: Path) -> None:
    models = [read_model(logs / "models" / f"running-example.{kind}") for kind in ("bpmn", "pnml")]
    nets = [as_net(model) for model in models]
    assert [(len(n.places), len(n.transitions)) for n in nets] == [(9, 10), (9, 10)]


def test_elements_of_vendors_lanes_and_data_are_counted(logs: Path) -> None:
    found = dict(read_bpmn(logs / "models" / "Credit_Application_Simulation.bpmn").left_out)
    assert found["qbp:processSimulationInfo"] == 1
    assert found["signavio:signavioMetaData"] == 26
    assert (found["association"], found["conditionExpression"], found["documentation"]) == (1, 4, 2)
    declared = dict(read_bpmn(logs / "models" / "declaration_documents.bpmn").left_out)
    assert declared == {"lane": 5, "participant": 1, "signalEventDefinition": 1}


@pytest.mark.parametrize("prefix", ["", "bpmn", "semantic"])
def test_any_prefix_will_do_and_foreign_flows_are_no_flows(tmp_path: Path, prefix: str) -> None:
    foreign = (
        '<extensionElements><v:sequenceFlow id="x"><v:y/></v:sequenceFlow></extensionElements>'
    )
    model = read(tmp_path, foreign, START, task("a"), END, "s>a", "a>e", prefix=prefix)
    assert (words(model), model.name) == ({"a"}, "Ablauf")
    assert model.left_out == (("v:sequenceFlow", 1),)


@pytest.mark.parametrize(
    "tag",
    [
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "callActivity",
    ],
)
def test_tasks_of_all_kinds_are_tasks(tmp_path: Path, tag: str) -> None:
    model = read(tmp_path, START, task("a", tag=tag), END, "s>a", "a>e")
    assert [n.kind for n in model.nodes] == ["start", "task", "end"]


def test_labels_keep_their_letters_and_lose_line_breaks(tmp_path: Path) -> None:
    model = read(
        tmp_path,
        '<task id="a" name="质检  &amp; 复检&#10;  合格"/>',
        '<task id="c" name=" "/>',
        "a>c",
    )
    assert [n.label for n in model.nodes] == ["质检  & 复检 合格", None]


def test_loop_and_multi_instance_tasks_may_repeat(tmp_path: Path) -> None:
    inside = ["<standardLoopCharacteristics/>", "<multiInstanceLoopCharacteristics/>"]
    model = read(
        tmp_path, START, task("a", inside[0]), task("b", inside[1]), END, "s>a", "a>b", "b>e"
    )
    assert [n.repeats for n in model.nodes] == [False, True, True, False]
    assert words(model, 3) == {"ab", "aab", "abb"}
    assert model.left_out == (("multiInstanceLoopCharacteristics", 1),)


def test_an_event_based_gateway_is_a_choice(tmp_path: Path) -> None:
    events = [f'<intermediateCatchEvent id="{k}"/>' for k in "xy"]
    model = read(
        tmp_path, START, '<eventBasedGateway id="g"/>', *events, task("a"), task("b"),
        "s>g", "g>x", "g>y", "x>a", "y>b",
    )  # fmt: skip
    assert words(model) == {"a", "b"}


def test_link_events_lead_on_where_their_partner_catches(tmp_path: Path) -> None:
    link = '<linkEventDefinition name="L"/>'
    model = read(
        tmp_path, START, task("a"), f'<intermediateThrowEvent id="t">{link}</intermediateThrowEvent>',
        f'<intermediateCatchEvent id="c">{link}</intermediateCatchEvent>', task("b"), END,
        "s>a", "a>t", "c>b", "b>e",
    )  # fmt: skip
    assert words(model) == {"ab"}


def test_an_interrupting_boundary_event_is_another_way_on(tmp_path: Path) -> None:
    event = '<boundaryEvent id="x" attachedToRef="a"><timerEventDefinition/></boundaryEvent>'
    model = read(tmp_path, START, task("a"), event, task("b"), task("c"), "s>a", "a>b", "x>c")
    assert words(model) == {"ab", "c"}
    assert model.left_out == (("timerEventDefinition", 1),)


def subprocess(*elements: str, more: str = "") -> str:
    flows = "".join(
        f'<sequenceFlow id="g{n}" sourceRef="{f[0]}" targetRef="{f[2]}"/>' if len(f) == 3 else f
        for n, f in enumerate(elements)
    )
    return f'<subProcess id="q" name="inner">{more}{flows}</subProcess>'


INNER = ['<startEvent id="i"/>', task("b"), task("c"), '<endEvent id="j"/>', '<endEvent id="k"/>']


def test_a_sub_process_is_laid_open(tmp_path: Path) -> None:
    inner = subprocess(*INNER[:4], "i>b", "b>c", "c>j")
    model = read(tmp_path, START, task("a"), inner, task("d"), END, "s>a", "a>q", "q>d", "d>e")
    assert words(model) == {"abcd"}
    assert model.layout is None


@pytest.mark.parametrize(
    ("split", "expected"),
    [("exclusive", {"abd", "acd"}), ("parallel", {"abcd", "acbd"})],
)
def test_ends_of_a_sub_process_meet_as_they_must(
    tmp_path: Path, split: str, expected: set[str]
) -> None:
    gateway = f'<{split}Gateway id="x"/>'
    inner = subprocess(*INNER, gateway, "i>x", "x>b", "x>c", "b>j", "c>k")
    model = read(tmp_path, START, task("a"), inner, task("d"), END, "s>a", "a>q", "q>d", "d>e")
    assert words(model) == expected


def test_a_sub_process_within_another_may_repeat(tmp_path: Path) -> None:
    loop = "<standardLoopCharacteristics/>"
    innermost = subprocess(task("b"), more=loop).replace('"q"', '"r"')
    inner = f'<subProcess id="q">{task("a")}{innermost}<sequenceFlow id="h" sourceRef="a" targetRef="r"/></subProcess>'
    model = read(tmp_path, START, inner, END, "s>q", "q>e")
    assert words(model, 3) == {"ab", "abb"}


def test_a_sub_process_without_contents_is_a_task(tmp_path: Path) -> None:
    model = read(tmp_path, START, '<subProcess id="q" name="z"/>', END, "s>q", "q>e")
    assert words(model) == {"z"}


def test_only_the_outermost_of_what_is_left_out_is_counted(tmp_path: Path) -> None:
    timer = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
    note = '<textAnnotation id="n"><text>why</text></textAnnotation>'
    silenced = '<subProcess id="q" triggeredByEvent="true"><task id="y"/></subProcess>'
    event = f'<intermediateCatchEvent id="x">{timer}</intermediateCatchEvent>'
    model = read(tmp_path, START, event, note, silenced, "s>x")
    assert model.left_out == (("subProcess", 1), ("textAnnotation", 1), ("timerEventDefinition", 1))


def test_a_process_without_any_namespace_is_read(tmp_path: Path) -> None:
    text = document(START, task("a"), "s>a", prefix="")
    bare = text.replace(' xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"', "")
    (tmp_path / "m.bpmn").write_text(bare)
    assert bare != text and words(read_bpmn(tmp_path / "m.bpmn")) == {"a"}


def test_ends_of_a_sub_process_that_meet_in_neither_way_are_refused(tmp_path: Path) -> None:
    gateways = ['<parallelGateway id="x"/>', '<exclusiveGateway id="y"/>', '<endEvent id="l"/>']
    inner = subprocess(*INNER, *gateways, "i>x", "x>b", "x>y", "y>c", "b>j", "c>k", "y>l")
    with pytest.raises(RequestError, match="sub-process 'inner' ends now at one"):
        read(tmp_path, START, inner, END, "s>q", "q>e")


BAD_INNER = subprocess(task("b"))
REFUSED: dict[str, tuple[str, list[str]]] = {
    "complex gateway": ("complexGateway 'g'", ['<complexGateway id="g"/>', task("a")]),
    "ad-hoc": ("adHocSubProcess 'g'", ['<adHocSubProcess id="g"/>', task("a")]),
    "not interrupting": (
        "does not interrupt",
        [task("a"), '<boundaryEvent id="x" attachedToRef="a" cancelActivity="false"/>'],
    ),
    "interrupted sub-process": (
        "interrupts the sub-process",
        [BAD_INNER, '<boundaryEvent id="x" attachedToRef="q"/>'],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_leaves_the_order_open_is_refused_by_name(tmp_path: Path, what: str) -> None:
    message, elements = REFUSED[what]
    with pytest.raises(RequestError, match=message):
        read(tmp_path, *elements)


def test_of_several_processes_one_must_be_chosen(tmp_path: Path) -> None:
    second = f'<process id="p2">{task("z")}</process>'
    pools = '<collaboration id="c"><participant id="l" name="Bank" processRef="p2"/><messageFlow id="m" sourceRef="z" targetRef="a"/></collaboration>'
    with pytest.raises(RequestError, match=r"2 processes.*process="):
        read(tmp_path, task("a"), more=second + pools)
    path = tmp_path / "model.bpmn"
    assert [n.id for n in read_bpmn(path, "Bank").nodes] == ["z"]
    assert read_bpmn(path, "p2").name == "Bank"
    assert dict(read_bpmn(path, "Ablauf").left_out) == {
        "messageFlow": 1,
        "participant": 1,
        "process": 1,
    }
    with pytest.raises(RequestError, match="2 processes"):
        read_bpmn(path, "Bonk")


def test_a_drawing_that_is_not_whole_is_left_alone(tmp_path: Path, logs: Path) -> None:
    text = (logs / "models" / "running-example.bpmn").read_text(encoding="utf-8")
    for before, after in (("omgdc:Bounds", "omgdc:Bonds"), ('x="812"', 'x="far"')):
        path = tmp_path / "model.bpmn"
        path.write_text(
            text.replace(before, after, 1).replace(f"</{before}", f"</{after}"), encoding="utf-8"
        )
        assert before not in path.read_text() or path.read_text() != text
        assert read_bpmn(path).layout is None


DAMAGE = {
    "a flow to nowhere": [task("a"), "a>nobody"],
    "the same id twice": [task("a"), task("a")],
    "no id": ["<task/>"],
    "nothing in it": [],
    "attached to nothing": ['<boundaryEvent id="x" attachedToRef="nobody"/>'],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_model_is_an_error(tmp_path: Path, damage: str) -> None:
    with pytest.raises(SourceError, match=r"model\.bpmn"):
        read(tmp_path, *DAMAGE[damage])


@pytest.mark.parametrize(
    ("text", "error", "what"),
    [
        ('<!DOCTYPE x [<!ENTITY a "ha">]><definitions/>', UnsafeSourceError, "document type"),
        ("<definitions>" * 1_000, UnsafeSourceError, "256 deep"),
        ("<definitions/>", SourceError, "has no process"),
        ("<html/>", SourceError, "is no BPMN"),
        ("<definitions>", SourceError, "not well-formed"),
        ("no xml", SourceError, "does not begin like XML"),
    ],
)
def test_harmful_and_foreign_files_are_refused(
    tmp_path: Path, text: str, error: type[Exception], what: str
) -> None:
    (tmp_path / "model.bpmn").write_text(text)
    with pytest.raises(error, match=what):
        read_model(tmp_path / "model.bpmn")


def test_compressed_and_chinese_encoded_files_are_read(tmp_path: Path) -> None:
    text = document(START, task("审批"), "s>审批")
    (tmp_path / "a.bpmn").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "b.bpmn").write_bytes(
        ('<?xml version="1.0" encoding="GB2312"?>' + text).encode("gb18030")
    )
    (tmp_path / "c.bpmn").write_bytes(text.encode("utf-16"))
    models: list[Any] = [read_model(path) for path in sorted(tmp_path.iterdir())]
    assert [words(model) for model in models] == [{"审批"}] * 3
