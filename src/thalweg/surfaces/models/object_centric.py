"""Object-centric Petri nets as pictures: a colour for each object type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thalweg.process.discovery.object_centric import (
    ObjectCentricModel,
    SharedTransition,
    TypedPlace,
)
from thalweg.process.models.bpmn import Box, Layout, Point
from thalweg.process.models.layout.arrange import arc_key, layout_net, place_key, transition_key
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.surfaces import palette
from thalweg.surfaces import texts as catalogue
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.lettering import wrap
from thalweg.surfaces.map_svg import escape
from thalweg.surfaces.models import glyphs
from thalweg.surfaces.models.frame import Placed, Scene, Sign, counted, document
from thalweg.surfaces.process_map import write_picture
from thalweg.surfaces.texts import Texts

_SINGLE, _DOUBLE = 1.5, 4.6
_BAND = 9.0
"""Px at the top of a transition that carry the colours of its types."""
_TINT = 0.9
_EDGE = 46.0
"""Half the width of the names below the first places must fit in it."""
_APART = 7.0
"""Px between lines of different types that meet a transition at one point."""


def draw_object_centric(
    model: ObjectCentricModel, path: str | Path, *, language: str = "en"
) -> Path:
    """Draw an object-centric Petri net into a file, SVG or PNG by its suffix.

    Raises   RequestError: a suffix or language that makes no sense. MissingExtraError: a PNG is
             asked for and the extra ``pictures`` is not installed.
    """
    return write_picture(path, lambda: object_centric_svg(model, language=language))


def object_centric_svg(
    model: ObjectCentricModel,
    *,
    language: str = "en",
    colours: Mapping[str, str] | None = None,
) -> str:
    """An object-centric Petri net as SVG text.

    Takes    colours: by object type, so that the picture agrees with others; None means those of
             ``palette.categories`` in the order of the model's types.
    Source   van der Aalst and Berti, "Discovering object-centric Petri nets" (2020): a colour for
             each type, double lines for arcs along which any number of objects moves.
    """
    say = catalogue.load(language)
    canvas = _Canvas(model, dict(colours or type_colours(model.types)), say)
    silent = sum(one.label is None for one in model.transitions)
    counts = {
        "types": len(model.types),
        "transitions": len(model.transitions),
        "silent": silent,
        "places": len(model.places),
        "arcs": sum(len(one.inputs) + len(one.outputs) for one in model.transitions),
    }
    shown = {key: format_count(n, say.language) for key, n in counts.items()}
    subtitle = say(counted("object_centric_counts", len(model.types), say), **shown)
    names = say("words.comma").join(say.kind(name) for name in model.types)
    scene = Scene(
        canvas.body(),
        canvas.placed.extent,
        say("model_picture.object_centric"),
        subtitle,
        say("model_picture.object_centric_description", counts=subtitle, names=names),
        _signs(model, canvas.colours, say),
        (),
    )
    return document(scene, say)


def type_colours(types: Sequence[str]) -> dict[str, str]:
    """A colour for each object type, by the order of the types."""
    return dict(zip(types, palette.categories(len(types)), strict=True))


class _Canvas:
    """Draws the parts of one net where its layout puts them."""

    def __init__(self, model: ObjectCentricModel, colours: dict[str, str], say: Texts) -> None:
        self.model, self.colours, self.say = model, colours, say
        named = {p for p, place in enumerate(model.places) if place.initial}
        layout = layout_net(_plain(model), named)
        self.placed = Placed.of(Layout(layout.boxes, _spread(model, layout)), _EDGE)
        ends = [route[n] for route in self.placed.routes.values() for n in (0, -1)]
        self.low = {(round(x), round(y)) for x, y in ends}

    def body(self) -> list[str]:
        parts = []
        for number, step in enumerate(self.model.transitions):
            own = transition_key(number)
            parts += [self._arc(place_key(p), own, p, step) for p in step.inputs]
            parts += [self._arc(own, place_key(p), p, step) for p in step.outputs]
        parts += [self._place(n, place) for n, place in enumerate(self.model.places)]
        parts += [self._transition(n, step) for n, step in enumerate(self.model.transitions)]
        return parts

    def _arc(self, source: str, target: str, place: int, step: SharedTransition) -> str:
        kind = self.model.places[place].type
        variable = kind in step.variable
        told = self.say(
            "model_picture.told_arc_variable" if variable else "model_picture.told_arc",
            type=self.say.kind(kind),
        )
        drawn = glyphs.line(
            self.placed.routes[arc_key(source, target)],
            self.colours[kind],
            _DOUBLE if variable else _SINGLE,
            double=variable,
        )
        return (
            f'<g class="flow" data-source="{source}" data-target="{target}" '
            f'data-type="{escape(kind)}" data-variable="{str(variable).lower()}">'
            f"<title>{escape(told)}</title>{drawn}</g>"
        )

    def _place(self, number: int, place: TypedPlace) -> str:
        key, colour = place_key(number), self.colours[place.type]
        box, name = self.placed.boxes[key], self.say.kind(place.type)
        below = (round(box.x + box.width / 2), round(box.y + box.height)) in self.low
        taken = ("below",) if below else ()
        words = glyphs.caption(name, box, taken, colour, 700) if place.initial else ""
        return (
            f'<g class="place" data-node="{key}" data-type="{escape(place.type)}" '
            f'data-initial="{str(place.initial).lower()}" data-final="{str(place.final).lower()}">'
            f"<title>{escape(name)}</title>"
            f"{glyphs.place(box, int(place.initial), place.final, colour, _tint(colour))}{words}</g>"
        )

    def _transition(self, number: int, step: SharedTransition) -> str:
        key = transition_key(number)
        box, colours = self.placed.boxes[key], [self.colours[kind] for kind in step.types]
        types = self.say("words.comma").join(self.say.kind(kind) for kind in step.types)
        if step.label is None:
            words = f"{self.say('model_picture.silent')} ({types})"
            return (
                f'<g class="silent" data-node="{key}" data-types="{escape(types)}">'
                f"<title>{escape(words)}</title>{glyphs.bar(box, colours[0])}</g>"
            )
        told = [step.label, self.say("model_picture.told_types", types=types)]
        if step.variable:
            many = self.say("words.comma").join(self.say.kind(kind) for kind in step.variable)
            told.append(self.say("model_picture.told_variable", types=many))
        room = box.height - _BAND - 6
        lines = wrap(step.label, glyphs.LABEL_PX, box.width - 10, int(room // glyphs.LINE_PX))
        middle = box.y + (box.height + _BAND) / 2
        return (
            f'<g class="transition" data-node="{key}" data-activity="{escape(step.label)}" '
            f'data-types="{escape(types)}">'
            f"<title>{escape(self.say('words.semicolon').join(told))}</title>"
            f"{_coloured(box, colours, _BAND)}"
            f"{glyphs.centred(lines, box.x + box.width / 2, middle, palette.INK)}</g>"
        )


def _plain(model: ObjectCentricModel) -> PetriNet:
    """The net without types, for the layout."""
    steps = [
        Transition(
            one.id,
            one.label,
            tuple((p, 1) for p in one.inputs),
            tuple((p, 1) for p in one.outputs),
        )
        for one in model.transitions
    ]
    return PetriNet(
        tuple(place.id for place in model.places),
        tuple(steps),
        tuple(int(place.initial) for place in model.places),
        (tuple(int(place.final) for place in model.places),),
    )


def _spread(model: ObjectCentricModel, layout: Layout) -> dict[str, tuple[Point, ...]]:
    """The routes, with those of different types drawn apart where they meet a transition at one
    point: the first or last piece of each is moved to the side, and the piece beside it follows."""
    routes = {key: list(route) for key, route in layout.routes.items()}
    for number, step in enumerate(model.transitions):
        own = transition_key(number)
        meeting: dict[Point, list[_End]] = {}
        for outward, places in ((False, step.inputs), (True, step.outputs)):
            for p in places:
                ends = (own, place_key(p)) if outward else (place_key(p), own)
                end = _End(routes[arc_key(*ends)], outward, model.places[p].type)
                meeting.setdefault(end.at(0), []).append(end)
        for found in meeting.values():
            _draw_apart(found)
    return {key: tuple(route) for key, route in routes.items()}


@dataclass(frozen=True, slots=True)
class _End:
    """Where a route meets a transition: at its beginning, or else at its end."""

    route: list[Point]
    first: bool
    type: str

    def at(self, nth: int) -> Point:
        """Points by their distance from the transition."""
        return self.route[nth if self.first else -1 - nth]

    def order(self) -> tuple[int, float]:
        """Sides to which the route turns: the sooner it turns, the further on that side."""
        if len(self.route) < 3:
            return 0, 0.0
        level = self._level()
        side = self.at(2)[level] - self.at(1)[level]
        length = abs(self.at(1)[1 - level] - self.at(0)[1 - level])
        return (-1, length) if side < 0 else (1, -length)

    def move(self, away: float) -> None:
        level = self._level()
        for nth in (0, 1):
            point = list(self.at(nth))
            point[level] += away
            self.route[nth if self.first else -1 - nth] = (point[0], point[1])

    def _level(self) -> int:
        """The coordinate in which the first piece can be moved: 0 if it is upright, else 1."""
        return 0 if self.at(0)[0] == self.at(1)[0] else 1


def _draw_apart(ends: list[_End]) -> None:
    """Lines of one type stay together; a straight line, which cannot move, stays in the middle."""
    kinds = sorted(
        {e.type for e in ends}, key=lambda k: min(e.order() for e in ends if e.type == k)
    )
    straight = [kinds.index(e.type) for e in ends if len(e.route) < 3]
    middle = float(straight[0]) if straight else (len(kinds) - 1) / 2
    for end in ends:
        away = (kinds.index(end.type) - middle) * _APART
        if away and len(end.route) > 2:
            end.move(away)


def _tint(colour: str) -> str:
    return palette.mix((colour, palette.PAPER), _TINT)


def _coloured(box: Box, colours: Sequence[str], band: float) -> str:
    """A transition with the colours of its types side by side at its top."""
    lone = len(colours) == 1
    edge, fill = (colours[0], _tint(colours[0])) if lone else (palette.INK, palette.PAPER)
    width = box.width / len(colours)
    pieces = "".join(
        f'<rect class="type-band" x="{box.x + n * width:.1f}" y="{box.y:.1f}" width="{width:.1f}" '
        f'height="{band:.1f}" fill="{colour}"/>'
        for n, colour in enumerate(colours)
    )
    shape = (
        f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="2"'
    )
    return (
        f'<rect {shape} fill="{fill}"/>{pieces}'
        f'<rect {shape} fill="none" stroke="{edge}" stroke-width="1.3"/>'
    )


def _signs(model: ObjectCentricModel, colours: Mapping[str, str], say: Texts) -> list[Sign]:
    signs = [_type_sign(colours[name], say.kind(name)) for name in model.types]
    marks = [(1, False, "place_initial"), (0, False, "place"), (0, True, "place_final")]
    signs += [
        _place_sign(tokens, final, say(f"model_picture.{key}"), leads=bool(tokens))
        for tokens, final, key in marks
    ]
    shared = [one for one in model.transitions if len(one.types) > 1]
    if shared:
        pair = [colours[kind] for kind in shared[0].types[:2]]
        signs.append(
            Sign(
                28,
                lambda x, y: _coloured(Box(x, y - 9, 28, 18), pair, 6),
                say("model_picture.shared"),
            )
        )
    if any(one.label is None for one in model.transitions):
        signs.append(
            Sign(
                7,
                lambda x, y: glyphs.bar(Box(x, y - 11, 7, 22), palette.MUTED),
                say("model_picture.silent"),
            )
        )
    signs.append(_arc_sign(say("model_picture.single_arc"), double=False))
    if any(one.variable for one in model.transitions):
        signs.append(_arc_sign(say("model_picture.variable_arc"), double=True))
    return signs


def _type_sign(colour: str, words: str) -> Sign:
    return Sign(
        18,
        lambda x, y: (
            f'<rect x="{x:.1f}" y="{y - 7:.1f}" width="18" height="14" rx="3" fill="{colour}"/>'
        ),
        words,
    )


def _place_sign(tokens: int, final: bool, words: str, *, leads: bool) -> Sign:
    return Sign(
        22,
        lambda x, y: glyphs.place(Box(x, y - 11, 22, 22), tokens, final, palette.MUTED),
        words,
        leads,
    )


def _arc_sign(words: str, *, double: bool) -> Sign:
    width = _DOUBLE if double else _SINGLE
    return Sign(
        44,
        lambda x, y: glyphs.line(((x, y), (x + 44, y)), palette.MUTED, width, double=double),
        words,
    )
