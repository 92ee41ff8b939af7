"""Small books with links between objects, by hand and at random."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from hypothesis import strategies as st

from process_helpers import SmallBook

Event = tuple[str, float, dict[str, list[str]]]
Links = list[tuple[str, str, str, str | None, str]]
"""source, its type, target, its type (None: not in the book), qualifier."""


@dataclass
class LinkedBook(SmallBook):
    links: Links = field(default_factory=list)
    idle: dict[str, list[str]] = field(default_factory=dict)

    def object_ids(self, kind: str) -> pl.Series:
        return pl.concat(
            [super().object_ids(kind), pl.Series(self.idle.get(kind, []), dtype=pl.String)]
        )

    def object_links(self) -> pl.DataFrame | None:
        columns = ["@source", "@source_type", "@target", "@target_type", "@qualifier"]
        if not self.links:
            return None
        frame = pl.DataFrame(self.links, schema=dict.fromkeys(columns, pl.String), orient="row")
        return frame.select("@source", "@target", "@qualifier", "@source_type", "@target_type")


def book_with(events: list[Event], links: Links | None = None, **idle: list[str]) -> Any:
    return LinkedBook([(a, t, o, {}) for a, t, o in events], links=links or [], idle=idle)


@st.composite
def linked_books(draw: Any) -> tuple[Any, list[Event], Links]:
    events = []
    for second in range(draw(st.integers(2, 7))):
        xs = draw(st.lists(st.sampled_from(["x1", "x2", "x3"]), max_size=2, unique=True))
        ys = draw(st.lists(st.sampled_from(["y1", "y2", "y3"]), max_size=2, unique=True))
        objects = {k: v for k, v in (("X", xs), ("Y", ys)) if v}
        tie = second - draw(st.integers(0, 1))
        events.append((draw(st.sampled_from("abc")), float(tie), objects))
    events += [("a", 20.0, {"X": ["x1"]}), ("b", 21.0, {"Y": ["y1"]}), ("c", 22.0, {"Y": ["y1"]})]
    here = {k: {o for e in events for o in e[2].get(k, [])} for k in "XY"}
    ends = [("X", "x1"), ("X", "x2"), ("X", "x3"), ("Y", "y1"), ("Y", "y2"), ("Y", "y3")]
    links: Links = [("x1", "X", "y1", "Y", "q")]
    for (k, a), (m, b) in draw(st.lists(st.tuples(*[st.sampled_from(ends)] * 2), max_size=6)):
        if a in here[k]:
            known = b in here[m]
            links.append((a, k, b, m if known else None, draw(st.sampled_from("qr"))))
    return book_with(events, links), events, links
