"""The interactive maps: their drawings, and what the page needs to work them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from thalweg.surfaces import palette
from thalweg.surfaces.format_values import format_count, format_duration, format_share
from thalweg.surfaces.map_elements import (
    END,
    FLOW_SHARE,
    LEGIBLE_ARROWS,
    START,
    Arrow,
    Box,
    Elements,
    all_elements,
    legible_shares,
    shown_elements,
)
from thalweg.surfaces.map_layout import Layout, lay_out
from thalweg.surfaces.map_svg import Drawing, Scales, label_room
from thalweg.surfaces.process_map import describe
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.result import MapResult

MOST_ACTIVITIES, MOST_ARROWS = 45, 150
"""What the sliders can reach; beyond it a picture on a screen says nothing."""
_HARDLY_ANY = 1e-6
"""A share of paths that leaves only the widest ways."""


def map_view(result: MapResult, say: Texts) -> dict[str, Any]:
    """The drawing of a type with figures, colours and texts for each element.

    Returns  type, label, svg, boxes, arrows, at (the sliders' first position: number of
             activities, share of paths), totals, the ends of the scales, and colours by type.
    """
    widest = legible_shares(
        result, most_activities=MOST_ACTIVITIES, most_arrows=MOST_ARROWS, flow=1
    )
    first = legible_shares(result)
    elements = shown_elements(result, *widest)
    main = shown_elements(result, *first)
    shaping = shown_elements(result, widest[0], _HARDLY_ANY)
    columns = result.activities.select("activity", "objects", "rework_share", "repeats")
    facts = {name: _box_facts(row, say) for name, *row in columns.iter_rows()}
    view = _view(elements, {a.key for a in (*main.arrows, *shaping.arrows)}, {}, facts, say)
    among = {b.name for b in main.boxes} | {START, END}
    asked = first[1] * sum({a.source, a.target} <= among for a in all_elements(result).arrows)
    reachable = sum({a.source, a.target} <= among for a in elements.arrows)
    at = {"activities": len(main.boxes), "paths": _percent(round(asked), reachable)}
    title = say("map.picture_title", objects=say.objects(result.objects, result.type))
    svg = view.drawing.svg(title=title, description=describe(result, elements, say), legend=False)
    return view.json | {"type": result.type, "label": say.kind(result.type), "svg": svg, "at": at}


def joint_view(
    results: Sequence[MapResult], events: Mapping[str, int], say: Texts
) -> dict[str, Any]:
    """All types on one map: each activity once, the paths of each type in its colour.

    Takes    events: events by activity in the whole book.
    """
    each = max(8, MOST_ARROWS // len(results)), max(6, LEGIBLE_ARROWS // len(results))
    wide = [_of_type(r, each[0], 1.0) for r in results]
    main = [_of_type(r, each[1], FLOW_SHARE) for r in results]
    elements = _joined(wide, events)
    shaping = {a.key for part in main for a in part.arrows}
    kinds = dict(zip((r.type for r in results), palette.categories(len(results)), strict=True))
    facts: dict[str, list[list[str]]] = {name: [] for name in events}
    for result in results:
        for name, objects in result.activities.select("activity", "objects").iter_rows():
            facts[name].append([say.kind(result.type), format_count(objects, say.language)])
    view = _view(elements, shaping, kinds, facts, say)
    at = {"activities": len(elements.boxes), "paths": _percent(len(shaping), len(elements.arrows))}
    title = say("map.joint_title", n=len(results))
    svg = view.drawing.svg(title=title, description=title, legend=False)
    return view.json | {"type": "", "label": say("page.all_types"), "svg": svg, "at": at}


def _of_type(result: MapResult, most_arrows: int, flow: float) -> Elements:
    shares = legible_shares(
        result, most_activities=MOST_ACTIVITIES, most_arrows=most_arrows, flow=flow
    )
    shown = shown_elements(result, *shares)
    arrows = tuple(replace(a, kind=result.type) for a in shown.arrows)
    return replace(shown, arrows=arrows)


def _joined(parts: Sequence[Elements], events: Mapping[str, int]) -> Elements:
    arrows = sorted((a for part in parts for a in part.arrows), key=lambda a: (-a.count, a.key))
    spent: dict[str, list[float]] = {}
    for arrow in arrows:
        if arrow.total_s is not None:
            sums = spent.setdefault(arrow.target, [0.0, 0.0])
            sums[0], sums[1] = sums[0] + arrow.total_s, sums[1] + arrow.count
    names = {box.name: box.objects for part in parts for box in part.boxes}
    boxes = [
        Box(name, events[name], objects, spent[name][0] / spent[name][1] if name in spent else None)
        for name, objects in names.items()
    ]
    boxes.sort(key=lambda b: (-b.events, b.name))
    return Elements(tuple(boxes), tuple(arrows), len(events), sum(p.all_arrows for p in parts))


def _percent(part: int, whole: int) -> float:
    return min(100.0, 100 * part / max(whole, 1))


@dataclass(frozen=True, slots=True)
class _View:
    drawing: Drawing
    json: dict[str, Any]


def _view(
    elements: Elements,
    shaping: Container[tuple[str, str, str]],
    kinds: Mapping[str, str],
    facts: Mapping[str, list[list[str]]],
    say: Texts,
) -> _View:
    scales = Scales.of(elements)
    nowhere = Layout(0, 0, (), ())
    by_count = Drawing(elements, nowhere, scales, say, "count", kinds)
    by_time = Drawing(elements, nowhere, scales, say, "time", kinds)
    room = label_room(elements, (by_count, by_time))
    drawing = replace(by_count, layout=lay_out(elements, label_width=room, main=shaping))
    places = {box.name: n for n, box in enumerate(elements.boxes)}
    json = {
        "boxes": [_box(b, by_count, by_time, facts[b.name]) for b in elements.boxes],
        "arrows": [_arrow(a, places, by_count, by_time) for a in elements.arrows],
        "all": {"activities": elements.all_boxes, "paths": elements.all_arrows},
        "scale": _scale(scales, say),
        "kinds": [[say.kind(name), colour] for name, colour in kinds.items()],
    }
    return _View(drawing, json)


def _box_facts(row: Sequence[Any], say: Texts) -> list[list[str]]:
    objects, rework_share, repeats = row
    return [
        [say("column.objects"), format_count(objects, say.language)],
        [say("column.rework_share"), format_share(rework_share, say.language)],
        [say("column.repeats"), format_count(repeats, say.language)],
    ]


def _box(box: Box, by_count: Drawing, by_time: Drawing, facts: list[list[str]]) -> dict[str, Any]:
    say = by_count.texts
    fills = [by_count.scales.box_colour(box, m) for m in ("count", "time")]
    return {
        "name": box.name,
        "figure": [by_count.box_figure(box), by_time.box_figure(box)],
        "fill": fills,
        "ink": [palette.ink_on(colour) for colour in fills],
        "facts": [
            [say("column.events"), format_count(box.events, say.language)],
            *facts,
            [say("column.wait_before_s"), format_duration(box.wait_s, say.language)],
        ],
    }


def _arrow(
    arrow: Arrow, places: dict[str, int], by_count: Drawing, by_time: Drawing
) -> dict[str, Any]:
    say = by_count.texts
    language = say.language
    facts = [[say("column.type"), say.kind(arrow.kind)]] if arrow.kind else []
    facts += [
        [say("column.count"), format_count(arrow.count, language)],
        [say("column.objects"), format_count(arrow.objects, language)],
    ]
    if arrow.median_s is not None:
        facts += [
            [say(f"column.{name}"), format_duration(getattr(arrow, name), language)]
            for name in ("median_s", "mean_s", "p90_s", "total_s")
        ]
    return {
        "from": places.get(arrow.source, -1),
        "to": places.get(arrow.target, -1),
        "count": arrow.count,
        "figure": [by_count.arrow_figure(arrow), by_time.arrow_figure(arrow)],
        "colour": [by_count.arrow_colour(arrow), by_time.arrow_colour(arrow)],
        "title": by_count.arrow_title(arrow),
        "facts": facts,
    }


def _scale(scales: Scales, say: Texts) -> dict[str, str]:
    language = say.language
    return {
        "events": format_count(scales.most_events, language),
        "passages": format_count(scales.most_passages, language),
        "shortest": format_duration(scales.shortest_s, language),
        "longest": format_duration(scales.longest_s, language),
    }
