"""The interactive map of one object type: its drawing, and what the page needs to work it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg.surfaces import palette
from thalweg.surfaces.format_values import format_count, format_duration, format_share
from thalweg.surfaces.map_elements import (
    END,
    START,
    Arrow,
    Box,
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
             activities, share of paths), totals and the ends of the scales.
    """
    widest = legible_shares(
        result, most_activities=MOST_ACTIVITIES, most_arrows=MOST_ARROWS, flow=1
    )
    first = legible_shares(result)
    elements = shown_elements(result, *widest)
    main = shown_elements(result, *first)
    whole = all_elements(result)
    shaping = shown_elements(result, widest[0], _HARDLY_ANY)
    scales = Scales.of(elements)
    nowhere = Layout(0, 0, (), ())
    by_count = Drawing(elements, nowhere, scales, say, "count")
    by_time = Drawing(elements, nowhere, scales, say, "time")
    layout = lay_out(
        elements,
        label_width=label_room(elements, (by_count, by_time)),
        main={(a.source, a.target) for a in (*main.arrows, *shaping.arrows)},
    )
    drawing = Drawing(elements, layout, scales, say, "count")
    title = say("map.picture_title", objects=say.objects(result.objects, result.type))
    places = {box.name: n for n, box in enumerate(elements.boxes)}
    columns = result.activities.select("activity", "rework_share", "repeats")
    rework = {name: (share, repeats) for name, share, repeats in columns.iter_rows()}
    among = {b.name for b in main.boxes} | {START, END}
    reachable = sum(a.source in among and a.target in among for a in elements.arrows)
    asked = first[1] * sum(a.source in among and a.target in among for a in whole.arrows)
    return {
        "type": result.type,
        "label": say.kind(result.type),
        "svg": drawing.svg(title=title, description=describe(result, elements, say), legend=False),
        "boxes": [_box(b, by_count, by_time, rework[b.name]) for b in elements.boxes],
        "arrows": [_arrow(a, places, by_count, by_time) for a in elements.arrows],
        "at": {
            "activities": len(main.boxes),
            "paths": min(100.0, 100 * round(asked) / max(reachable, 1)),
        },
        "all": {"activities": elements.all_boxes, "paths": elements.all_arrows},
        "scale": _scale(scales, say),
    }


def _box(
    box: Box, by_count: Drawing, by_time: Drawing, rework: tuple[float, int]
) -> dict[str, Any]:
    say = by_count.texts
    fills = [by_count.scales.box_colour(box, m) for m in ("count", "time")]
    return {
        "name": box.name,
        "figure": [by_count.box_figure(box), by_time.box_figure(box)],
        "fill": fills,
        "ink": [palette.ink_on(colour) for colour in fills],
        "facts": [
            [say("column.events"), format_count(box.events, say.language)],
            [say("column.objects"), format_count(box.objects, say.language)],
            [say("column.rework_share"), format_share(rework[0], say.language)],
            [say("column.repeats"), format_count(rework[1], say.language)],
            [say("column.wait_before_s"), format_duration(box.wait_s, say.language)],
        ],
    }


def _arrow(
    arrow: Arrow, places: dict[str, int], by_count: Drawing, by_time: Drawing
) -> dict[str, Any]:
    say = by_count.texts
    language = say.language
    facts = [
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
