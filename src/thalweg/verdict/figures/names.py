"""Ids of figures: parts with dots between them, each as its owner writes it, without blanks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from thalweg.verdict.evidence import Figure

_NO_PART = re.compile(r"[^\w:→-]+")


def part(text: object) -> str:
    """One part of an id: letters and digits of any script, all else as ``_``.

    ``Create order (manual)`` becomes ``Create_order_manual``.
    """
    return _NO_PART.sub("_", str(text)).strip("_") or "_"


def named(room: str, *parts: object) -> str:
    """An id: ``named("effect", "slitting", "layer_h:quality")`` is effect.slitting.layer_h.quality.

    Takes    room: the beginning, dots and all. parts: what the records call things; empty ones are
             left out.
    """
    told = [piece for one in parts for piece in str(one).split(":") if piece]
    return ".".join((room, *(part(piece) for piece in told)))


def distinct(figures: Iterable[Figure]) -> Iterator[Figure]:
    """The same figures; of several with one id, all but the first get ``~2``, ``~3``, …"""
    seen: Counter[str] = Counter()
    for figure in figures:
        seen[figure.id] += 1
        again = seen[figure.id]
        yield figure if again == 1 else replace(figure, id=f"{figure.id}~{again}")
