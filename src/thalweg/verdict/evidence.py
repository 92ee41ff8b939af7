"""What a figure rests on: its method, assumptions, checks, the figures it came from, and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from thalweg.errors import RequestError
from thalweg.process.result import plain
from thalweg.records.mapping.flat import nearest


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a book behind a figure.

    table    events, objects, parties, interventions, ledger, traffic, products, rates, pauses.
    where    column → values of which a row has one; a month as ISO date; empty: all rows.
    between  column → first and last value, both included; times and months as ISO texts.

    ``verdict/rows.py`` fetches them, and names the columns that it adds to those of the records.
    """

    table: str
    where: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    between: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"table": self.table, "where": plain(self.where), "between": plain(self.between)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Rows:
        """The rows that ``to_json`` gave."""
        where = {name: tuple(values) for name, values in data["where"].items()}
        between = {name: (first, last) for name, (first, last) in data["between"].items()}
        return Rows(data["table"], where, between)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that is told, with everything that stands behind it.

    id           dotted and stable: ``depth``, ``depth.layer.processing``, ``effect.slitting.flow_h``,
                 ``traffic_off.12``, ``metric.gross_margin``.
    value, low, high   in ``unit``; None where it is not known, or has no interval (counted).
    unit         share, cny or another currency's code in small letters, h, months, ratio, count,
                 date, text (a code).
    known        how it is known: a label of the economy, or a design grade A to D, N.
    method       code of the method; its words name the page of the methods.
    assumptions  codes. checks: check → finding, codes; found: check → the finding's figures.
    inputs       ids of the figures that it was made from.
    rows         rows of the book that it was made from directly.
    request      what was asked, in full: the same request of the same book gives the same figure.
    missing      codes of why there is no value.
    """

    id: str
    value: float | str | None
    low: float | str | None = None
    high: float | str | None = None
    unit: str = ""
    known: str = "counted"
    method: str = ""
    assumptions: tuple[str, ...] = ()
    checks: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    rows: tuple[Rows, ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    name: str | None = None
    """What it is of, where a user named that: an intervention, a product, a channel, a layer."""
    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_inputs(self, inputs: tuple[str, ...]) -> Figure:
        return replace(self, inputs=inputs)

    def to_json(self) -> dict[str, Any]:
        """All fields as plain JSON, rows among them."""
        body = {n: plain(getattr(self, n)) for n in self.__slots__ if n != "rows"}
        return body | {"rows": [one.to_json() for one in self.rows]}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Figure:
        """The figure that ``to_json`` gave."""
        lists = {n: tuple(data[n]) for n in ("assumptions", "inputs", "missing")}
        return Figure(**data | lists | {"rows": tuple(Rows.from_json(r) for r in data["rows"])})


class Evidence:
    """All figures of a verdict, by id."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._by_id = {figure.id: figure for figure in figures}

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._by_id.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_id

    def __getitem__(self, name: str) -> Figure:
        if name not in self._by_id:
            raise RequestError(f"There is no figure {name!r}. {nearest(name, self._by_id)}")
        return self._by_id[name]

    def get(self, name: str) -> Figure | None:
        return self._by_id.get(name)

    def chain(self, name: str) -> list[tuple[int, Figure]]:
        """The figure, then all that it was made from, depth first, each once, with its depth."""
        found: list[tuple[int, Figure]] = []
        seen: set[str] = set()

        def walk(one: str, depth: int) -> None:
            if one in seen:
                return
            seen.add(one)
            found.append((depth, self[one]))
            for before in self[one].inputs:
                walk(before, depth + 1)

        walk(name, 0)
        return found
