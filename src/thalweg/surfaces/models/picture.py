"""Models as pictures: BPMN in its standard notation, and Petri nets."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from thalweg.process.models.bpmn import Box, BpmnModel, BpmnNode, Layout, NodeKind, Point
from thalweg.process.models.layout.arrange import (
    arc_key,
    layout_bpmn,
    layout_net,
    place_key,
    transition_key,
)
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.surfaces import palette
from thalweg.surfaces import texts as catalogue
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.lettering import wrap
from thalweg.surfaces.map_svg import escape
from thalweg.surfaces.models import glyphs
from thalweg.surfaces.models.frame import Placed, Scene, Sign, counted, document, overlay_signs
from thalweg.surfaces.models.overlay import Deviation, ModelOverlay
from thalweg.surfaces.process_map import write_picture
from thalweg.surfaces.texts import Texts

Notation = Literal["bpmn", "petri"]
_PLAIN, _THINNEST, _THICKEST = 1.4, 1.2, 6.0
_NAMELESS = ("", "process", "net")
"""What models are called that have no name of their own."""
_MACHINE_NAME = re.compile(r"(?=(?:\D*\d){4})[a-z]{0,8}[-_]?[0-9a-f]+(?:[-_.][0-9a-f]+)*")
"""Ids that programs give: proc_1413965034, sid-e138ad92-53db-4474-a117-cf3a5074182e."""
_BELOW = 15.0
"""Px in a task for a loop marker or for events on its border."""
_CORNERS = {
    "skipped": (True, False),
    "inserted": (True, True),
    "repeated": (False, True),
    "out_of_place": (False, False),
}
"""Where a badge sits: on the right or left, and below or above."""
_ROLES: tuple[NodeKind, ...] = (
    "start",
    "event",
    "end",
    "task",
    "exclusive",
    "parallel",
    "inclusive",
)


def draw_model(
    model: BpmnModel | PetriNet,
    path: str | Path,
    *,
    language: str = "en",
    overlay: ModelOverlay | None = None,
) -> Path:
    """Draw a model into a file, SVG or PNG by its suffix.

    Takes    model: drawn as BPMN or as a Petri net, as it is. overlay: figures to draw on it.
    Raises   RequestError: a suffix or language that makes no sense. MissingExtraError: a PNG is
             asked for and the extra ``pictures`` is not installed.
    """

    def draw() -> str:
        if isinstance(model, BpmnModel):
            return bpmn_svg(model, language=language, overlay=overlay)
        return net_svg(model, language=language, overlay=overlay)

    return write_picture(path, draw)


def bpmn_svg(model: BpmnModel, *, language: str = "en", overlay: ModelOverlay | None = None) -> str:
    """A BPMN model as SVG text, with its own layout if that is complete and no boxes overlap."""
    say = catalogue.load(language)
    layout = _own_layout(model) or layout_bpmn(model)
    canvas = _Canvas(layout, overlay, say)
    for f in model.flows:
        canvas.dock(f.source, canvas.routes[f.id][0])
        canvas.dock(f.target, canvas.routes[f.id][-1])
    body = [canvas.flow(f.id, f.source, f.target) for f in model.flows]
    body += [canvas.flow_words(f.id, f.label) for f in model.flows]
    canvas.hosts = {node.attached for node in model.nodes if node.attached is not None}
    body += [canvas.node(n) for n in sorted(model.nodes, key=lambda n: n.attached is not None)]
    kinds = {node.kind for node in model.nodes}
    signs = [_bpmn_sign(kind, say) for kind in _ROLES if kind in kinds]
    tasks = [n for n in model.nodes if n.kind == "task"]
    known = {n.label for n in tasks if n.label} | {n.id for n in tasks}
    counts = {
        "tasks": len(tasks),
        "gateways": sum(n.kind in ("exclusive", "parallel", "inclusive") for n in model.nodes),
        "flows": len(model.flows),
    }
    return canvas.document(model.name, "bpmn", counts, body, signs, known)


def net_svg(net: PetriNet, *, language: str = "en", overlay: ModelOverlay | None = None) -> str:
    """A Petri net as SVG text."""
    say = catalogue.load(language)
    canvas = _Canvas(layout_net(net), overlay, say)
    final = {p for marking in net.finals for p, tokens in enumerate(marking) if tokens}
    arcs = [arc for t in range(len(net.transitions)) for arc in _arcs(net, t)]
    body = [canvas.flow(arc_key(a, b), a, b) for a, b, _ in arcs]
    body += [canvas.flow_words(arc_key(a, b), f"{w}" if w > 1 else None) for a, b, w in arcs]
    body += [canvas.place(p, net.initial[p], p in final) for p in range(len(net.places))]
    body += [canvas.transition(n, t) for n, t in enumerate(net.transitions)]
    known = net.labels() | {t.id for t in net.transitions}
    counts = {
        "transitions": len(net.transitions),
        "silent": sum(t.label is None for t in net.transitions),
        "places": len(net.places),
        "arcs": net.arcs,
    }
    return canvas.document(net.name, "petri", counts, body, _net_signs(net, final, say), known)


def _own_layout(model: BpmnModel) -> Layout | None:
    """The layout of the model's file, if it places every node and flow, and no box on another.

    Some programs write a point of a flow twice; it is taken once.
    """
    layout = model.layout
    if layout is None or not model.nodes:
        return None
    routes = {
        key: tuple(point for point, _ in itertools.groupby(route))
        for key, route in layout.routes.items()
    }
    whole = all(node.id in layout.boxes for node in model.nodes)
    whole &= all(len(routes.get(flow.id, ())) > 1 for flow in model.flows)
    riders = {node.id for node in model.nodes if node.attached is not None}
    boxes = [layout.boxes[n.id] for n in model.nodes if whole and n.id not in riders]
    clear = not any(_overlap(a, b) for a, b in itertools.combinations(boxes, 2))
    return Layout(layout.boxes, routes) if whole and clear else None


def _overlap(a: Box, b: Box) -> bool:
    across = a.x < b.x + b.width and b.x < a.x + a.width
    return across and a.y < b.y + b.height and b.y < a.y + a.height


def _arcs(net: PetriNet, number: int) -> Iterator[tuple[str, str, int]]:
    transition, own = net.transitions[number], transition_key(number)
    for p, weight in transition.inputs:
        yield place_key(p), own, weight
    for p, weight in transition.outputs:
        yield own, place_key(p), weight


class _Canvas:
    """Draws the parts of one model where its layout puts them."""

    def __init__(self, layout: Layout, overlay: ModelOverlay | None, say: Texts) -> None:
        self.overlay, self.say = overlay, say
        placed = Placed.of(layout)
        self.boxes, self.routes, self.extent = placed.boxes, placed.routes, placed.extent
        self.docked: dict[str, set[str]] = {}
        self.hosts: set[str] = set()

    def dock(self, key: str, point: Point) -> None:
        """Note that a flow meets a node above or below, where its name could stand."""
        box = self.boxes[key]
        if abs(point[0] - box.x - box.width / 2) < box.width * 0.4:
            above = point[1] < box.y + box.height / 2
            self.docked.setdefault(key, set()).add("above" if above else "below")

    def document(
        self,
        name: str,
        notation: Notation,
        counts: dict[str, int],
        body: list[str],
        signs: list[Sign],
        known: set[str],
    ) -> str:
        say, overlay = self.say, self.overlay
        shown = {key: format_count(n, say.language) for key, n in counts.items()}
        subtitle = say(f"model_picture.{notation}_counts", **shown)
        description = say(f"model_picture.{notation}_description", counts=subtitle)
        if overlay is not None and overlay.objects is not None:
            compared = say(
                "model_picture.compared", objects=format_count(overlay.objects, say.language)
            )
            subtitle = say("model_picture.joined", one=subtitle, other=compared)
        strangers = overlay.strangers(known) if overlay is not None else []
        title = say(f"model_picture.{notation}")
        nameless = name.casefold() in {*_NAMELESS, title.casefold()}
        if not nameless and not _MACHINE_NAME.fullmatch(name.casefold()):
            title = say("model_picture.title", notation=title, name=name)
        signs = [*signs, *overlay_signs(overlay, say)]
        scene = Scene(body, self.extent, title, subtitle, description, signs, strangers)
        return document(scene, say)

    def flow(self, key: str, source: str, target: str) -> str:
        title = ""
        if self.overlay is not None and self.overlay.flows:
            count = format_count(self.overlay.flows.get(key, 0), self.say.language)
            title = f"<title>{escape(count)}</title>"
        return (
            f'<g class="flow" data-flow="{escape(key)}" data-source="{escape(source)}" '
            f'data-target="{escape(target)}">{title}'
            f"{glyphs.line(self.routes[key], palette.MUTED, self._thickness(key))}</g>"
        )

    def _thickness(self, key: str) -> float:
        if self.overlay is None or not self.overlay.flows:
            return _PLAIN
        most = max(self.overlay.flows.values())
        place = palette.count_position(self.overlay.flows.get(key, 0), most)
        return _THINNEST + (_THICKEST - _THINNEST) * place

    def flow_words(self, key: str, label: str | None) -> str:
        words = ""
        if self.overlay is not None and key in self.overlay.flows:
            count = format_count(self.overlay.flows[key], self.say.language)
            away = self._thickness(key) / 2
            words += glyphs.word_on(self.routes[key], count, away, end=True)
        if label:
            words += glyphs.word_on(self.routes[key], label)
        return words

    def node(self, node: BpmnNode) -> str:
        box = self.boxes[node.id]
        label = node.label or ""
        if node.kind == "task":
            return self._step("task", node.id, label, box, 9, repeats=node.repeats)
        words = ""
        if label:
            taken = self.docked.get(node.id, set())
            if node.attached in self.boxes:
                host = self.boxes[node.attached]
                left = box.x + box.width / 2 < host.x + host.width / 2
                taken = {"above", "below", "right"} if left else {"above", "below"}
            words = glyphs.caption(label, box, taken)
        kind = self.say(f"model_picture.{node.kind}")
        told = f"{kind}: {label}" if label else kind
        return (
            f'<g class="{node.kind}" data-node="{escape(node.id)}"><title>{escape(told)}</title>'
            f"{glyphs.outline(node.kind, box)}{words}</g>"
        )

    def place(self, number: int, tokens: int, final: bool) -> str:
        box = self.boxes[place_key(number)]
        return (
            f'<g class="place" data-node="{place_key(number)}" data-tokens="{tokens}">'
            f"{glyphs.place(box, tokens, final)}</g>"
        )

    def transition(self, number: int, transition: Transition) -> str:
        box = self.boxes[transition_key(number)]
        if transition.label is not None:
            return self._step("transition", transition.id, transition.label, box, 2)
        return (
            f'<g class="silent" data-node="{escape(transition.id)}">'
            f"<title>{escape(self.say('model_picture.silent'))}</title>{glyphs.bar(box)}</g>"
        )

    def _told(self, kind: str, deviation: Deviation) -> str:
        language = self.say.language
        count = format_count(deviation.occurrences, language)
        words = self.say(f"model_picture.told_{kind}", count=count)
        if deviation.objects is None:
            return words
        return self.say(
            counted("told_objects", deviation.objects, self.say),
            told=words,
            objects=format_count(deviation.objects, language),
        )

    def _step(
        self, shape: str, key: str, label: str, box: Box, radius: float, *, repeats: bool = False
    ) -> str:
        language = self.say.language
        fill, figure, extra = "#eaf3f7", "", ""
        told = [label]
        overlay = self.overlay or ModelOverlay()
        if overlay.occurrences:
            count = overlay.occurrences.get(key, overlay.occurrences.get(label, 0))
            place = palette.count_position(count, max(overlay.occurrences.values()))
            fill = palette.mix(palette.COUNT_SCALE, place)
            figure = format_count(count, language)
            told.append(self.say("model_picture.told_count", count=figure))
        for kind, (right, low) in _CORNERS.items():
            deviation = overlay.deviation(kind, key, label)
            if deviation is not None and deviation.occurrences:
                width = glyphs.badge_width(deviation.occurrences, language)
                left = box.x + box.width + 10 - width if right else box.x - 10
                middle = box.y + box.height if low else box.y
                extra += glyphs.badge(kind, deviation.occurrences, left, middle, language)
                told.append(self._told(kind, deviation))
        below = _BELOW if repeats or key in self.hosts else 0.0
        room = box.height - 6 - below - (glyphs.LINE_PX if figure else 0)
        lines = wrap(label, glyphs.LABEL_PX, box.width - 10, int(room // glyphs.LINE_PX))
        middle, ink = box.y + (box.height - below) / 2, palette.ink_on(fill)
        words = glyphs.centred(lines, box.x + box.width / 2, middle, ink, figure)
        if repeats:
            words += glyphs.loop_sign(box.x + box.width / 2, box.y + box.height - 10, ink)
        return (
            f'<g class="{shape}" data-node="{escape(key)}" data-activity="{escape(label)}">'
            f"<title>{escape(self.say('words.semicolon').join(told))}</title>"
            f"{glyphs.rounded(box, fill, radius)}{words}{extra}</g>"
        )


def _bpmn_sign(kind: NodeKind, say: Texts) -> Sign:
    def draw(x: float, y: float) -> str:
        if kind == "task":
            return glyphs.rounded(Box(x, y - 9, 28, 18), "#eaf3f7", 4)
        size = 20 if kind in ("start", "end", "event") else 25
        scaled = Box(0, 0, 2 * size, 2 * size)
        return (
            f'<g transform="translate({x:.1f} {y - size / 2:.1f}) scale(0.5)">'
            f"{glyphs.outline(kind, scaled)}</g>"
        )

    width = {"task": 28, "start": 20, "end": 20, "event": 20}.get(kind, 25)
    return Sign(width, draw, say(f"model_picture.{kind}"))


def _net_signs(net: PetriNet, final: set[int], say: Texts) -> list[Sign]:
    def place(tokens: int, end: bool) -> Sign:
        key = "place_initial" if tokens else "place_final" if end else "place"
        return Sign(
            22,
            lambda x, y: glyphs.place(Box(x, y - 11, 22, 22), tokens, end),
            say(f"model_picture.{key}"),
        )

    signs = [place(1, False)] if any(net.initial) else []
    signs.append(place(0, False))
    signs += [place(0, True)] if final else []
    if net.labels():
        signs.append(
            Sign(
                28,
                lambda x, y: glyphs.rounded(Box(x, y - 9, 28, 18), "#eaf3f7", 1.5),
                say("model_picture.transition"),
            )
        )
    if any(t.label is None for t in net.transitions):
        signs.append(
            Sign(7, lambda x, y: glyphs.bar(Box(x, y - 11, 7, 22)), say("model_picture.silent"))
        )
    return signs
