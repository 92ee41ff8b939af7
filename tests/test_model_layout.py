"""Models are laid out so that people can read them: no overlaps, and lines that go around boxes."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.process.models.bpmn import Box, BpmnFlow, BpmnModel, BpmnNode, Layout, NodeKind, Point
from thalweg.process.models.convert import tree_to_bpmn
from thalweg.process.models.files.read import read_model
from thalweg.process.models.layout.arrange import (
    arc_key,
    box_width,
    layout_bpmn,
    layout_net,
    place_key,
    transition_key,
)
from thalweg.process.models.layout.simplex import shortest_positions
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.tree import (
    SILENT,
    ProcessTree,
    activity,
    choice,
    loop,
    parallel,
    sequence,
)

KINDS: tuple[NodeKind, ...] = (
    "start",
    "end",
    "task",
    "event",
    "exclusive",
    "parallel",
    "inclusive",
)
LABELS = (
    None,
    "a",
    "check the ticket",
    "W_Nabellen incomplete dossiers",
    "审核采购订单并通知供应商",
)
HAIR_PX = 0.01
"""Rounding of decimals; nothing visible."""


def model_of(kinds: str | list[NodeKind], pairs: list[tuple[int, int]]) -> BpmnModel:
    names: dict[str, NodeKind] = {"s": "start", "e": "end", "t": "task", "x": "exclusive"}
    chosen = [names[k] for k in kinds] if isinstance(kinds, str) else kinds
    nodes = tuple(BpmnNode(f"n{i}", k, f"step {i}") for i, k in enumerate(chosen))
    flows = tuple(BpmnFlow(f"f{i}", f"n{u}", f"n{v}") for i, (u, v) in enumerate(pairs))
    return BpmnModel(nodes, flows)


@st.composite
def models(draw: st.DrawFn) -> BpmnModel:
    """Any graph of nodes: cycles, self-loops, double flows and loose parts among them."""
    n = draw(st.integers(1, 14))
    nodes = [
        BpmnNode(f"n{i}", draw(st.sampled_from(KINDS)), draw(st.sampled_from(LABELS)))
        for i in range(n)
    ]
    end = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(end, end), max_size=2 * n))
    flows = tuple(BpmnFlow(f"f{i}", f"n{u}", f"n{v}") for i, (u, v) in enumerate(pairs))
    tasks = [node.id for node in nodes if node.kind == "task"]
    for i in range(draw(st.integers(0, 2 * len(tasks)))):
        host = draw(st.sampled_from(tasks))
        nodes.append(BpmnNode(f"b{i}", "event", draw(st.sampled_from(LABELS)), attached=host))
        for k in range(draw(st.integers(0, 2))):
            flows += (BpmnFlow(f"g{i}_{k}", f"b{i}", f"n{draw(end)}"),)
    return BpmnModel(tuple(nodes), flows)


def overlapping(boxes: list[Box]) -> list[tuple[Box, Box]]:
    return [
        (a, b)
        for a, b in combinations(boxes, 2)
        if a.x < b.x + b.width and b.x < a.x + a.width
        if a.y < b.y + b.height and b.y < a.y + a.height
    ]


def on_border(point: Point, box: Box, kind: NodeKind) -> bool:
    """Whether a point lies on the outline that the node is drawn with."""
    across = abs(point[0] - box.x - box.width / 2) / (box.width / 2)
    along = abs(point[1] - box.y - box.height / 2) / (box.height / 2)
    away = {"task": max(across, along), "start": (across**2 + along**2) ** 0.5}
    away["end"] = away["event"] = away["start"]
    return abs(away.get(kind, across + along) - 1) < HAIR_PX


def crossed(route: tuple[Point, ...], box: Box) -> bool:
    """Whether a line of level and upright pieces runs through the inside of a box."""
    return any(
        min(a[0], b[0]) < box.x + box.width - HAIR_PX
        and max(a[0], b[0]) > box.x + HAIR_PX
        and min(a[1], b[1]) < box.y + box.height - HAIR_PX
        and max(a[1], b[1]) > box.y + HAIR_PX
        for a, b in pairwise(route)
    )


def check(model: BpmnModel, layout: Layout) -> None:
    kinds = {node.id: node.kind for node in model.nodes}
    assert list(layout.boxes) == list(kinds)
    assert list(layout.routes) == [flow.id for flow in model.flows]
    riders = {node.id: node.attached for node in model.nodes if node.attached is not None}
    assert not overlapping([box for name, box in layout.boxes.items() if name not in riders])
    for event, host in riders.items():
        box, below = layout.boxes[event], layout.boxes[host]
        assert box.y + box.height / 2 == below.y + below.height
        assert below.x < box.x + box.width / 2 < below.x + below.width
    for flow in model.flows:
        route = layout.routes[flow.id]
        assert len(route) >= 2
        for (x0, y0), (x1, y1) in pairwise(route):
            assert (x0 == x1) != (y0 == y1), "a piece is upright or level, and not a point"
        assert on_border(route[0], layout.boxes[flow.source], kinds[flow.source])
        assert on_border(route[-1], layout.boxes[flow.target], kinds[flow.target])
        for name, box in layout.boxes.items():
            if name not in (flow.source, flow.target) and name not in riders:
                if name == riders.get(flow.source):
                    box = _core(box)
                assert not crossed(route, box), (flow, name)
    assert min((b.x for b in layout.boxes.values()), default=0) >= 0
    assert all(y >= 0 for r in layout.routes.values() for _, y in r)


@settings(max_examples=250, deadline=None)
@given(models())
def test_any_model_is_laid_out_without_overlaps_and_with_lines_around_boxes(
    model: BpmnModel,
) -> None:
    check(model, layout_bpmn(model))


@settings(max_examples=60, deadline=None)
@given(models())
def test_no_line_runs_through_the_middle_of_its_own_ends(model: BpmnModel) -> None:
    layout = layout_bpmn(model)
    for flow in model.flows:
        for end in (flow.source, flow.target):
            if flow.source.startswith("b"):
                continue
            box = layout.boxes[end]
            assert not crossed(layout.routes[flow.id], _core(box))


def _core(box: Box) -> Box:
    return Box(box.x + box.width * 0.45, box.y + box.height * 0.45, box.width / 10, box.height / 10)


@settings(max_examples=250, deadline=None)
@given(models())
def test_lines_lie_on_one_another_only_where_they_begin_or_end_at_the_same_node(
    model: BpmnModel,
) -> None:
    layout = layout_bpmn(model)
    ends = {flow.id: {("from", flow.source), ("to", flow.target)} for flow in model.flows}
    for one, other in combinations(ends, 2):
        if not ends[one] & ends[other]:
            assert not overlaps(layout.routes[one], layout.routes[other]), (one, other)


def overlaps(one: tuple[Point, ...], other: tuple[Point, ...]) -> bool:
    """Whether two lines have more than a point in common."""
    for a, b in pairwise(one):
        for c, d in pairwise(other):
            for on, along in ((0, 1), (1, 0)):
                if a[on] == b[on] == c[on] == d[on]:
                    low = max(min(a[along], b[along]), min(c[along], d[along]))
                    high = min(max(a[along], b[along]), max(c[along], d[along]))
                    if high - low > HAIR_PX:
                        return True
    return False


TREES = st.recursive(
    st.sampled_from([activity("a"), activity("check the ticket"), SILENT]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda c: sequence(*c)),
        st.lists(inner, min_size=2, max_size=4).map(lambda c: choice(*c)),
        st.lists(inner, min_size=2, max_size=4).map(lambda c: parallel(*c)),
        st.lists(inner, min_size=2, max_size=3).map(lambda c: loop(*c)),
    ),
    max_leaves=16,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_a_model_of_nested_blocks_has_no_crossing(tree: ProcessTree) -> None:
    model = tree_to_bpmn(tree)
    layout = layout_bpmn(model)
    check(model, layout)
    assert not crossing(layout)


def crossing(layout: Layout) -> list[tuple[str, str]]:
    """Pairs of flows of which one crosses the other."""
    pieces = [
        (flow, *sorted(piece)) for flow, route in layout.routes.items() for piece in pairwise(route)
    ]
    level = [p for p in pieces if p[1][1] == p[2][1]]
    upright = [p for p in pieces if p[1][0] == p[2][0]]
    return [
        (flow, other)
        for flow, (x0, y), (x1, _) in level
        for other, (x, y0), (_, y1) in upright
        if flow != other and x0 < x < x1 and y0 < y < y1
    ]


@pytest.mark.parametrize(
    ("file", "most"),
    [("running-example", 0), ("receipt", 0), ("declaration_documents", 0), ("BPI_2012_W", 1)],
)
def test_public_models_are_laid_out_with_hardly_a_crossing(
    logs: Path, file: str, most: int
) -> None:
    model = read_model(logs / "models" / f"{file}.bpmn")
    assert isinstance(model, BpmnModel)
    layout = layout_bpmn(model)
    check(model, layout)
    assert len(crossing(layout)) <= most


@settings(max_examples=40, deadline=None)
@given(models())
def test_equal_models_are_laid_out_alike(model: BpmnModel) -> None:
    assert layout_bpmn(model) == layout_bpmn(model)


def test_a_sequence_is_one_straight_line() -> None:
    layout = layout_bpmn(model_of("sttte", [(0, 1), (1, 2), (2, 3), (3, 4)]))
    assert all(len(route) == 2 for route in layout.routes.values())
    assert len({y for route in layout.routes.values() for _, y in route}) == 1
    lefts = [layout.boxes[f"n{i}"].x for i in range(5)]
    assert lefts == sorted(lefts)


def test_the_way_past_an_optional_task_goes_around_it_below() -> None:
    layout = layout_bpmn(model_of("sxtxe", [(0, 1), (1, 3), (1, 2), (2, 3), (3, 4)]))
    task, past = layout.boxes["n2"], layout.routes["f1"]
    assert len(past) == 4
    assert max(y for _, y in past) > task.y + task.height
    assert all(len(layout.routes[f]) == 2 for f in ("f0", "f2", "f3", "f4"))


def test_a_way_back_runs_below_what_is_repeated_and_ends_in_the_first_gateway() -> None:
    layout = layout_bpmn(model_of("sxtxe", [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)]))
    back = layout.routes["f3"]
    assert back[0][0] > back[-1][0]
    assert len(back) == 4
    assert back[1][1] > layout.boxes["n2"].y + layout.boxes["n2"].height


def test_a_task_on_the_way_back_stands_below_what_is_repeated() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 1), (3, 5)]
    layout = layout_bpmn(model_of("sxtxte", pairs))
    assert layout.boxes["n1"].x < layout.boxes["n4"].x < layout.boxes["n3"].x
    assert layout.boxes["n4"].y > layout.boxes["n2"].y + layout.boxes["n2"].height
    assert layout.boxes["n5"].x > layout.boxes["n3"].x


def test_nested_choices_are_drawn_without_any_crossing() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (2, 4), (3, 5), (4, 5), (5, 11), (1, 6), (6, 7), (6, 8)]
    pairs += [(7, 9), (8, 9), (9, 11), (1, 10), (10, 11), (11, 12)]
    layout = layout_bpmn(model_of("sxxttxxttxtxe", pairs))
    assert not crossing(layout)


def test_an_event_on_a_task_sits_on_its_border_and_its_way_leaves_below() -> None:
    model = model_of("stte", [(0, 1), (1, 3), (2, 3)])
    event = BpmnNode("b", "event", None, attached="n1")
    out = BpmnFlow("g", "b", "n2")
    layout = layout_bpmn(BpmnModel((*model.nodes, event), (*model.flows, out)))
    task, box, route = layout.boxes["n1"], layout.boxes["b"], layout.routes["g"]
    assert box.y < task.y + task.height < box.y + box.height
    assert route[0] == (box.x + 18, box.y + 36)
    assert route[1][1] > route[0][1] + 5
    assert layout.boxes["n2"].y > task.y


def test_parts_that_do_not_hang_together_lie_below_one_another() -> None:
    layout = layout_bpmn(model_of("stet", [(0, 1), (1, 2)]))
    first = max(layout.boxes[f"n{i}"].y + layout.boxes[f"n{i}"].height for i in range(3))
    assert layout.boxes["n3"].y > first


def test_an_empty_model_has_an_empty_layout() -> None:
    assert layout_bpmn(BpmnModel((), ())) == Layout({}, {})


def test_sizes_are_those_that_bpmn_editors_expect() -> None:
    layout = layout_bpmn(model_of("stxe", [(0, 1), (1, 2), (2, 3)]))
    sizes = [(b.width, b.height) for b in layout.boxes.values()]
    assert sizes == [(36, 36), (100, 80), (50, 50), (36, 36)]
    assert box_width("a") == 100
    assert 100 < box_width("Nabellen van incomplete dossiers van aanvragers en offertes") <= 160


def test_a_net_keeps_places_and_transitions_apart_even_if_they_share_names() -> None:
    steps = (
        Transition("a", "a", ((0, 1),), ((1, 1),)),
        Transition("a", None, ((1, 1),), ((0, 1), (1, 1))),
    )
    layout = layout_net(PetriNet(("a", "a"), steps, (1, 0), ((0, 1),)))
    keys = [place_key(0), place_key(1), transition_key(0), transition_key(1)]
    assert list(layout.boxes) == keys
    assert arc_key(place_key(0), transition_key(0)) in layout.routes
    assert len(layout.routes) == 5
    assert not overlapping(list(layout.boxes.values()))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_positions_are_as_cheap_as_the_best_that_trying_all_finds(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 5))
    spans = [
        (u, u + 1, data.draw(st.integers(0, 2)), data.draw(st.integers(0, 3))) for u in range(n - 1)
    ]
    for _ in range(data.draw(st.integers(0, 4))):
        u, v = sorted(
            data.draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True))
        )
        spans.append((u, v, data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))))
    x = shortest_positions(n, spans)
    assert all(x[v] - x[u] >= least for u, v, least, _ in spans)
    assert _cost(x, spans) == min(_cost(list(y), spans) for y in _all_positions(n, spans))


def _cost(x: list[int], spans: list[tuple[int, int, int, int]]) -> int:
    return sum((x[v] - x[u]) * weight for u, v, _, weight in spans)


def _all_positions(n: int, spans: list[tuple[int, int, int, int]]) -> list[tuple[int, ...]]:
    """Every allowed choice of whole positions up to the longest way there can be."""
    most = sum(least for _, _, least, _ in spans)
    found: list[tuple[int, ...]] = [(0,)]
    for v in range(1, n):
        found = [
            (*x, at)
            for x in found
            for at in range(most + 1)
            if all(at - x[u] >= least for u, w, least, _ in spans if w == v)
        ]
    return found


@pytest.mark.parametrize("width", [12, 40])
def test_a_wide_choice_keeps_its_order_and_its_spacing(width: int) -> None:
    pairs = [p for i in range(2, width + 2) for p in ((0, i), (i, 1))]
    layout = layout_bpmn(model_of("xx" + "t" * width, pairs))
    tops = [layout.boxes[f"n{i}"].y for i in range(2, width + 2)]
    assert tops == sorted(tops)
    assert {round(b - a) for a, b in pairwise(tops)} == {110}
