"""Petri nets in PNML, the interchange format of ISO/IEC 15909-2 (place/transition nets).

What the standard has no place for is written as ProM and PM4Py do: final markings in
``finalmarkings``, silent transitions by a tool-specific ``activity="$invisible$"``. Both are read
as well, with several pages, pages within pages, and references between them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from thalweg.errors import SourceError
from thalweg.process.models.files.markup import Element, Markup, one_line, read_markup
from thalweg.process.models.files.write_text import Ids, text_of, write_text
from thalweg.process.models.petri import PetriNet, Transition

INVISIBLE = "$invisible$"
FROM_SINKS, FROM_SOURCES = "final_marking_from_sinks", "initial_marking_from_sources"
AMPERSANDS = "bare_ampersands_as_text"
_SPACE = "http://www.pnml.org/version-2009/grammar/pnml"
_TYPE = "http://www.pnml.org/version-2009/grammar/ptnet"
_COLOURED = ("hlinitialMarking", "hlinscription", "condition", "declaration")


def read_pnml(path: str | Path) -> PetriNet:
    """The Petri net of a PNML file.

    Returns  places and transitions in the order of the file. A transition without a name, or
             marked as invisible, is silent. Places go by their names where these are given and
             differ, else by their ids. ``assumed`` says which markings the file did not give:
             places without a way in then hold a token at first, those without a way out in the end.
    Raises   SourceError: no PNML, a net of another kind, or arcs that lead nowhere.
             UnsafeSourceError: see ``read_markup``.
    """
    return pnml_net(read_markup(path), str(path))


def pnml_net(markup: Markup, name: str) -> PetriNet:
    """The net of a document that has been read; name: of the file, for messages."""
    root = markup.root
    nets = [element for element in root.walk() if element.name == "net"]
    if root.name != "pnml" or len(nets) != 1:
        what = f"has {len(nets)} nets" if root.name == "pnml" else f"begins with <{root.name}>"
        raise SourceError(f"{name} {what}; a PNML file with one net is needed. Export one net.")
    return _Reading(nets[0], name, markup.mended).net()


class _Reading:
    def __init__(self, net: Element, name: str, mended: int) -> None:
        self.element, self.name = net, name
        self.assumed: tuple[str, ...] = (AMPERSANDS,) if mended else ()
        parts = [part for page in _pages(net) for part in page.children]
        self.places = {p.get("id"): p for p in parts if p.name == "place"}
        self.transitions = {t.get("id"): t for t in parts if t.name == "transition"}
        self.arcs = [arc for arc in parts if arc.name == "arc"]
        references = [p for p in parts if p.name in ("referencePlace", "referenceTransition")]
        self.references = {p.get("id"): p.get("ref") for p in references}
        self.number = {place: at for at, place in enumerate(self.places)}
        for key, times in Counter(
            p.get("id") for p in parts if p.name in ("place", "transition")
        ).items():
            if times > 1 or not key:
                raise SourceError(
                    f"{name} gives the id {key!r} to {times} places or transitions. Each needs an "
                    "id of its own; export the net again."
                )
        coloured = next((e for p in parts for e in p.children if e.name in _COLOURED), None)
        if coloured is not None:
            raise SourceError(
                f"{name}, line {coloured.line:,}: <{coloured.name}> belongs to a net with coloured "
                "tokens. Only place/transition nets can be read; export the net as one."
            )

    def net(self) -> PetriNet:
        if not self.transitions:
            raise SourceError(f"{self.name} has a net without transitions. Export the net again.")
        inputs, outputs = self._arcs()
        transitions = tuple(
            Transition(
                key,
                _label(element),
                tuple(sorted(inputs[key].items())),
                tuple(sorted(outputs[key].items())),
            )
            for key, element in self.transitions.items()
        )
        initial = tuple(
            self._tokens(_text(place, "initialMarking"), place) for place in self.places.values()
        )
        assumed = self.assumed
        if not any(initial):
            initial = _unmet(len(self.places), [t.outputs for t in transitions])
            assumed += (FROM_SOURCES,)
        finals = self._finals()
        if not finals:
            finals = (_unmet(len(self.places), [t.inputs for t in transitions]),)
            assumed += (FROM_SINKS,)
        title = _text(self.element, "name") or self.element.get("id") or "net"
        return PetriNet(self._place_names(), transitions, initial, finals, title, assumed)

    def _place_names(self) -> tuple[str, ...]:
        names = tuple(_text(place, "name") for place in self.places.values())
        return names if all(names) and len(set(names)) == len(names) else tuple(self.places)

    def _arcs(self) -> tuple[dict[str, dict[int, int]], dict[str, dict[int, int]]]:
        inputs: dict[str, dict[int, int]] = {key: {} for key in self.transitions}
        outputs: dict[str, dict[int, int]] = {key: {} for key in self.transitions}
        for arc in self.arcs:
            source, target = self._end(arc, "source"), self._end(arc, "target")
            kind = _text(arc, "arctype").strip() or arc.get("type") or "normal"
            if kind != "normal":
                raise SourceError(
                    f"{self.name}, line {arc.line:,}: an arc of type {kind!r}. "
                    "Only plain arcs with weights can be read; model it without such arcs."
                )
            weight = self._tokens(_text(arc, "inscription") or "1", arc)
            if source in self.number and target in self.transitions:
                row, place = inputs[target], self.number[source]
            elif source in self.transitions and target in self.number:
                row, place = outputs[source], self.number[target]
            else:
                raise SourceError(
                    f"{self.name}, line {arc.line:,}: an arc from {source!r} to {target!r} does "
                    "not join a place and a transition of the net. Repair or remove it."
                )
            row[place] = row.get(place, 0) + weight
        return inputs, outputs

    def _end(self, arc: Element, which: str) -> str:
        key, seen = arc.get(which), set[str]()
        while key in self.references and key not in seen:
            seen.add(key)
            key = self.references[key]
        return key

    def _finals(self) -> tuple[tuple[int, ...], ...]:
        """The markings in ``finalmarkings``; one without any token is none."""
        found: dict[tuple[int, ...], None] = {}
        for markings in (e for e in self.element.walk() if e.name == "finalmarkings"):
            for marking in markings.all("marking"):
                tokens = [0] * len(self.places)
                for place in marking.all("place"):
                    key = place.get("idref")
                    if key not in self.number:
                        raise SourceError(
                            f"{self.name}, line {place.line:,}: a final marking names the place "
                            f"{key!r}, which the net has not. Export the net again."
                        )
                    tokens[self.number[key]] += self._tokens(_text(place), place)
                if any(tokens):
                    found[tuple(tokens)] = None
        return tuple(found)

    def _tokens(self, text: str, element: Element) -> int:
        text = text.strip()
        if not text:
            return 0
        if not text.isdecimal():
            raise SourceError(
                f"{self.name}, line {element.line:,}: {text!r} should be a number of tokens. "
                "Only place/transition nets can be read."
            )
        return int(text)


def _pages(net: Element) -> list[Element]:
    """The net and its pages, at any depth: whatever may hold places."""
    return [net, *(e for e in net.walk() if e.name == "page")]


def _text(element: Element, name: str | None = None) -> str:
    """The text in a label: in its child ``text``, or written straight into it."""
    label = element.first(name) if name else element
    if label is None:
        return ""
    inner = label.first("text")
    return one_line(inner.text if inner is not None else label.text)


def _label(transition: Element) -> str | None:
    hidden = any(t.get("activity") == INVISIBLE for t in transition.all("toolspecific"))
    return None if hidden else _text(transition, "name") or None


def _unmet(places: int, arcs: list[tuple[tuple[int, int], ...]]) -> tuple[int, ...]:
    """One token in each place that no arc names."""
    named = {place for row in arcs for place, _ in row}
    return tuple(int(place not in named) for place in range(places))


def write_pnml(net: PetriNet, path: str | Path) -> None:
    """Write a net as PNML; a failed write leaves what was there.

    Ids that XML does not allow are replaced; labels and names of places are kept as they are.

    Raises   RequestError: the file cannot be written.
    """
    write_text(path, pnml_text(net))


def pnml_text(net: PetriNet) -> str:
    """The net as a PNML document."""
    ids = Ids()
    places = [ids.take(place, "p") for place in net.places]
    transitions = [ids.take(t.id, "t") for t in net.transitions]
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        f'<pnml xmlns="{_SPACE}">',
        f'  <net id="{ids.take("net", "net")}" type="{_TYPE}">',
        f"    {_named(net.name)}",
        f'    <page id="{ids.take("page", "page")}">',
    ]
    for key, place, tokens in zip(places, net.places, net.initial, strict=True):
        marking = f"<initialMarking><text>{tokens}</text></initialMarking>" if tokens else ""
        lines.append(f'      <place id="{key}">{_named(place)}{marking}</place>')
    for key, step in zip(transitions, net.transitions, strict=True):
        hidden = f'<toolspecific tool="ProM" version="6.4" activity="{INVISIBLE}"/>'
        tail = hidden if step.label is None else ""
        shown = key if step.label is None else step.label
        lines.append(f'      <transition id="{key}">{_named(shown)}{tail}</transition>')
    arcs = [
        arc
        for key, step in zip(transitions, net.transitions, strict=True)
        for arc in (
            *((places[p], key, weight) for p, weight in step.inputs),
            *((key, places[p], weight) for p, weight in step.outputs),
        )
    ]
    for source, target, weight in arcs:
        more = f"<inscription><text>{weight}</text></inscription>" if weight != 1 else ""
        key = ids.take("", "a")
        lines.append(f'      <arc id="{key}" source="{source}" target="{target}">{more}</arc>')
    lines += ["    </page>", *_final_lines(net, places), "  </net>", "</pnml>", ""]
    return "\n".join(lines)


def _final_lines(net: PetriNet, places: list[str]) -> list[str]:
    lines = ["    <finalmarkings>"]
    for final in net.finals:
        tokens = "".join(
            f'<place idref="{key}"><text>{count}</text></place>'
            for key, count in zip(places, final, strict=True)
            if count
        )
        lines.append(f"      <marking>{tokens}</marking>")
    return [*lines, "    </finalmarkings>"]


def _named(text: str) -> str:
    return f"<name><text>{text_of(text)}</text></name>"
