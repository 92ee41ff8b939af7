"""The signs of BPMN and Petri nets as SVG."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from math import hypot

from thalweg.process.models.bpmn import Box, NodeKind, Point
from thalweg.surfaces import palette
from thalweg.surfaces.format_values import Language, format_count
from thalweg.surfaces.lettering import text_width, wrap
from thalweg.surfaces.map_svg import escape

LABEL_PX, SMALL_PX = 12.0, 11.0
LINE_PX = 15.0
BADGES = {
    "skipped": (palette.RUST, "M-4 0H4"),
    "inserted": ("#7d4f91", "M-4 0H4M0 -4V4"),
    "repeated": ("#237878", "M3.6 -1.6A4 4 0 1 0 4 1.2M4.4 -4.4L3.8 -1.3L0.8 -2"),
    "out_of_place": ("#8a6a14", "M-4 -2H4L1.8 -4.2M4 2H-4L-1.8 4.2"),
}
"""Colour and sign of each kind of deviation."""
_SIGN_PX = 11.0
_CORNER = 6.0
_HEAD_LENGTH, _HEAD_HALF = 9.0, 4.2


def outline(kind: NodeKind, box: Box) -> str:
    """An event or a gateway without its label."""
    x, y, r = box.x + box.width / 2, box.y + box.height / 2, box.width / 2
    if kind == "start":
        return _ring(x, y, r, palette.MOSS, 1.8, "#eef5f0")
    if kind == "end":
        return _ring(x, y, r - 1.2, palette.INK, 3.8, palette.MIST)
    if kind == "event":
        return _ring(x, y, r, palette.INK, 1.4) + _ring(x, y, r - 3.5, palette.INK, 1.4)
    points = f"{x:.1f},{box.y:.1f} {box.x + box.width:.1f},{y:.1f} {x:.1f},{box.y + box.height:.1f} {box.x:.1f},{y:.1f}"
    diamond = (
        f'<polygon points="{points}" fill="{palette.PAPER}" stroke="{palette.INK}" '
        'stroke-width="1.5" stroke-linejoin="round"/>'
    )
    return diamond + _sign(kind, x, y, r * 0.36)


def _ring(
    x: float, y: float, r: float, colour: str, width: float, fill: str = palette.PAPER
) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}" stroke="{colour}" '
        f'stroke-width="{width}"/>'
    )


def _sign(kind: NodeKind, x: float, y: float, arm: float) -> str:
    if kind == "inclusive":
        return _ring(x, y, arm * 1.05, palette.INK, 2.4, "none")
    if kind == "parallel":
        arm *= 1.15
        path = f"M{x - arm:.1f} {y:.1f}H{x + arm:.1f}M{x:.1f} {y - arm:.1f}V{y + arm:.1f}"
    else:
        arm *= 0.8
        path = (
            f"M{x - arm:.1f} {y - arm:.1f}L{x + arm:.1f} {y + arm:.1f}"
            f"M{x - arm:.1f} {y + arm:.1f}L{x + arm:.1f} {y - arm:.1f}"
        )
    return (
        f'<path d="{path}" fill="none" stroke="{palette.INK}" stroke-width="2.8" '
        'stroke-linecap="round"/>'
    )


def rounded(box: Box, fill: str, radius: float) -> str:
    """A task or a transition without its label."""
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{radius}" fill="{fill}" stroke="{palette.DEEP}" stroke-width="1.3"/>'
    )


def centred(lines: list[str], x: float, middle: float, ink: str, figure: str = "") -> str:
    """Lines of a label around a height, with a figure in smaller type below them."""
    whole = LINE_PX * len(lines) + (LINE_PX if figure else 0)
    top = middle - whole / 2 + LABEL_PX * 0.92
    parts = [
        f'<text x="{x:.1f}" y="{top + LINE_PX * n:.1f}" text-anchor="middle" fill="{ink}" '
        f'font-size="{LABEL_PX}" font-weight="600">{escape(line)}</text>'
        for n, line in enumerate(lines)
    ]
    if figure:
        y = top + LINE_PX * len(lines)
        parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{ink}" '
            f'font-size="{SMALL_PX}">{escape(figure)}</text>'
        )
    return "".join(parts)


def caption(
    text: str, box: Box, taken: Collection[str], colour: str = palette.INK, weight: int = 400
) -> str:
    """A name beside an event or a gateway: below, or above where lines are below.

    Takes    taken: "above" and "below", where flows are docked, and "right", where others stand.
    """
    lines = wrap(text, SMALL_PX, 112.0, 2)
    x, y, anchor = box.x + box.width / 2, box.y + box.height + 13.0, "middle"
    if "below" in taken and "above" not in taken:
        y = box.y - 5 - 13.0 * (len(lines) - 1)
    elif "right" in taken:
        x, anchor = x - 9, "end"
    elif "below" in taken:
        x, anchor = x + 9, "start"
    return "".join(
        f'<text x="{x:.1f}" y="{y + 13 * n:.1f}" text-anchor="{anchor}" font-size="{SMALL_PX}" '
        f'font-weight="{weight}" fill="{colour}" {HALO}>{escape(line)}</text>'
        for n, line in enumerate(lines)
    )


HALO = f'stroke="{palette.PAPER}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"'


def line(route: tuple[Point, ...], colour: str, width: float, *, double: bool = False) -> str:
    """A flow with rounded corners and a head at its end; a double one is open in its middle."""
    (x0, y0), (x1, y1) = route[-2], route[-1]
    length = hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    head = _HEAD_LENGTH + width * 0.8
    half = _HEAD_HALF + width * 0.6
    bx, by = x1 - ux * head, y1 - uy * head
    short = (*route[:-1], (x1 - ux * head * 0.8, y1 - uy * head * 0.8))
    path = _rounded_path(short)
    gap = (
        f'<path d="{path}" fill="none" stroke="{palette.PAPER}" stroke-width="{width * 0.42:.2f}"/>'
        if double
        else ""
    )
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.2f}"/>{gap}'
        f'<path d="M{x1:.1f} {y1:.1f}L{bx - uy * half:.1f} {by + ux * half:.1f}'
        f'L{bx + uy * half:.1f} {by - ux * half:.1f}z" fill="{colour}"/>'
    )


def _rounded_path(route: tuple[Point, ...]) -> str:
    path = [f"M{route[0][0]:.1f} {route[0][1]:.1f}"]
    for before, at, after in zip(route, route[1:], route[2:], strict=False):
        into, out = (
            hypot(at[0] - before[0], at[1] - before[1]),
            hypot(after[0] - at[0], after[1] - at[1]),
        )
        r = min(_CORNER, into / 2, out / 2)
        a = tuple(at[i] + (before[i] - at[i]) * r / into for i in (0, 1))
        b = tuple(at[i] + (after[i] - at[i]) * r / out for i in (0, 1))
        path.append(f"L{a[0]:.1f} {a[1]:.1f}Q{at[0]:.1f} {at[1]:.1f} {b[0]:.1f} {b[1]:.1f}")
    return "".join([*path, f"L{route[-1][0]:.1f} {route[-1][1]:.1f}"])


def word_on(route: tuple[Point, ...], text: str, away: float = 1.0, *, end: bool = False) -> str:
    """A word above the longest level piece of a flow (the first one, or with ``end`` the last)."""
    pieces = [(a, b) for a, b in itertools.pairwise(route) if a[1] == b[1]]
    if not pieces:
        x, y = route[0][0] + 5, (route[0][1] + route[1][1]) / 2
        return _word(text, x, y, "start")
    a, b = max(reversed(pieces) if end else pieces, key=lambda p: abs(p[0][0] - p[1][0]))
    head = _HEAD_LENGTH if (a, b) == (route[-2], route[-1]) else 0.0
    middle = (a[0] + b[0]) / 2 + (head / 2 if b[0] < a[0] else -head / 2)
    return _word(text, middle, a[1] - 4 - away, "middle")


def _word(text: str, x: float, y: float, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="10.5" '
        f'fill="{palette.MUTED}" {HALO}>{escape(text)}</text>'
    )


def badge_width(count: int, language: Language) -> float:
    """Width in px of a badge."""
    return text_width(format_count(count, language), 10.5) * 0.92 + _SIGN_PX + 15


def badge(kind: str, count: int, left: float, middle: float, language: Language) -> str:
    """A pill with the sign of a kind of deviation, and how often it happened."""
    width = badge_width(count, language)
    return (
        f'<g class="badge" data-kind="{kind}" data-count="{count}">'
        f"{pill(kind, left, middle, width)}"
        f'<text x="{left + width - 7:.1f}" y="{middle + 3.8:.1f}" text-anchor="end" '
        f'font-size="10.5" font-weight="700" fill="{palette.PAPER}">'
        f"{escape(format_count(count, language))}</text></g>"
    )


def pill(kind: str, left: float, middle: float, width: float) -> str:
    """The ground and sign of a badge."""
    colour, sign = BADGES[kind]
    return (
        f'<rect x="{left:.1f}" y="{middle - 9:.1f}" width="{width:.1f}" height="18" rx="9" '
        f'fill="{colour}" stroke="{palette.PAPER}" stroke-width="1.6"/>'
        f'<path transform="translate({left + 11:.1f} {middle:.1f})" d="{sign}" fill="none" '
        f'stroke="{palette.PAPER}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>'
    )


def loop_sign(x: float, y: float, ink: str) -> str:
    """The marker of a task that may be done several times."""
    return (
        f'<path transform="translate({x:.1f} {y:.1f})" d="{BADGES["repeated"][1]}" fill="none" '
        f'stroke="{ink}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/>'
    )


def place(
    box: Box, tokens: int, final: bool, colour: str = palette.INK, fill: str = palette.PAPER
) -> str:
    """A place with its tokens; a ring inside it marks the end."""
    x, y, r = box.x + box.width / 2, box.y + box.height / 2, box.width / 2
    inner = _ring(x, y, r - 4, colour, 1.4, "none") if final else ""
    return f"{_ring(x, y, r, colour, 1.5, fill)}{inner}{token_dots(tokens, x, y, colour)}"


def bar(box: Box, colour: str = palette.INK) -> str:
    """A silent transition."""
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="1.5" fill="{colour}"/>'
    )


def token_dots(count: int, x: float, y: float, colour: str = palette.INK) -> str:
    """Tokens in a place: dots up to four, else a number."""
    if count > 4:
        return (
            f'<text x="{x:.1f}" y="{y + 4.5:.1f}" text-anchor="middle" font-size="13" '
            f'font-weight="700" fill="{colour}">{count}</text>'
        )
    away = {1: [(0, 0)], 2: [(-6, 0), (6, 0)], 3: [(0, -6), (-6, 5), (6, 5)]}
    square = [(-6, -6), (6, -6), (-6, 6), (6, 6)]
    return "".join(
        f'<circle cx="{x + dx:.1f}" cy="{y + dy:.1f}" r="{5.5 if count == 1 else 4.2}" fill="{colour}"/>'
        for dx, dy in away.get(count, square)[:count]
    )
