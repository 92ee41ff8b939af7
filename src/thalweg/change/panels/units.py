"""Which unit (firm, site, region) each object belongs to.

A unit is named by an attribute of the objects, by a role or column of their events (the one with
most of the object's events counts, the earliest among equals), or by linked objects of another
type. Without a word from the user it is the source whose values name the units of the
interventions best.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.change.frame import Mask
from thalweg.errors import RequestError
from thalweg.process.chunks import Ints, chunk_offsets, object_chunks
from thalweg.process.conformance.rules.views import column_of
from thalweg.process.selection import pick
from thalweg.records.attributes import column
from thalweg.records.companions.interventions import EVERY_UNIT
from thalweg.records.companions.reach import by_unit, party_of_units, traits_of
from thalweg.records.perspective import Perspective

KINDS = ("attribute", "role", "linked", "event")
ROLES = ("party", "resource")
COVERED = 0.5
"""A source is taken by itself when its values name at least this part of the units."""
NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The unit of each object.

    names      of the units, sorted. code: per object, -1 for none.
    source     ``attribute:NAME`` (of objects), ``role:party``, ``linked:TYPE`` or ``event:COLUMN``.
    strangers  units that were set aside because they are no eligible party.
    level      column of the parties that units were joined by, or None.
    coverage   part of the units named elsewhere that the source knows, or None.
    aside      objects left without a unit, by reason, and those whose unit was ambiguous (kept).
    """

    names: tuple[str, ...]
    code: Ints
    source: str
    level: str | None
    coverage: float | None
    aside: dict[str, int]
    strangers: tuple[str, ...] = ()


def find_units(
    view: Perspective,
    *,
    unit: str | None = None,
    level: str | None = None,
    interventions: pl.DataFrame | None = None,
    parties: pl.DataFrame | None = None,
) -> Units:
    """The unit of every object of a perspective.

    Takes    unit: a source (see ``Units``) or the bare name of one; None finds it by the units
             that the ``interventions`` name, else by the ``parties`` (tables as ``Book`` gives
             them). level: a column of the parties whose values become the units. Units that are
             no party, or one that is not eligible, are set aside where there are parties.
    Raises   RequestError: no such source or column, or none that names half of the units.
    """
    known = sources_of(view)
    sought = _Sought.of(interventions, parties)
    if unit is None:
        source, coverage = _best(view, known, sought)
    else:
        source, coverage = _named(unit, known), None
        if interventions is not None:
            coverage = sought.coverage(_values(view, source))
    found = replace(_coded(view, source), coverage=coverage)
    if parties is not None:
        found = _eligible(found, parties)
    if level is not None:
        found = _raised(found, parties, level)
    return _compact(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """The units that a source should name: those of the interventions, else all parties."""

    interventions: pl.DataFrame | None
    parties: pl.DataFrame | None
    wanted: tuple[str, ...]
    words: frozenset[str]

    @staticmethod
    def of(interventions: pl.DataFrame | None, parties: pl.DataFrame | None) -> _Sought:
        words: set[str] = set()
        if parties is not None:
            words |= set(parties["id"].to_list()) | set(parties["name"].to_list())
            wanted = parties["id"].to_list()
        if interventions is not None:
            given = set(interventions["unit"].drop_nulls().to_list()) - {EVERY_UNIT}
            if given or parties is None:
                interventions = interventions.filter(pl.col("unit") != EVERY_UNIT)
                return _Sought(
                    interventions, parties, tuple(sorted(given)), frozenset(words | given)
                )
        if parties is None:
            return _Sought(None, None, (), frozenset())
        return _Sought(None, parties, tuple(wanted), frozenset(words))

    def coverage(self, values: set[str]) -> float:
        """Part of the wanted units that are among the values, or stand above some of them."""
        units = sorted(values & self.words)
        if not self.wanted or not units:
            return 0.0
        if self.interventions is None:
            return len(set(party_of_units(self.parties, units).values())) / len(self.wanted)
        reached = by_unit(self.interventions, units, self.parties)
        return reached["given"].n_unique() / len(self.wanted)


def sources_of(view: Perspective) -> tuple[str, ...]:
    """Everything that could name the unit of an object."""
    book = view.book
    table = book.objects(view.type).collect_schema()
    text = (pl.String, pl.Int64, pl.Boolean)
    attributes = [n for n, t in table.items() if not n.startswith("@") and t in text]
    roles = [r for r in ROLES if book.role_codes(r) is not None]
    linked = [name for name in book.types if name != view.type]
    events = [
        n for n, t in book.event_schema().items() if not n.startswith("@") and t in (text[0],)
    ]
    every = zip(KINDS, (attributes, roles, linked, events), strict=True)
    return tuple(f"{kind}:{name}" for kind, names in every for name in names)


def _named(unit: str, known: tuple[str, ...]) -> str:
    if unit in known:
        return unit
    if unit.startswith("attribute:") and f"event:{unit[10:]}" in known:
        return f"event:{unit[10:]}"
    bare = [one for one in known if one.split(":", 1)[1] == unit]
    return bare[0] if bare else pick(unit, known, "source of units")


def _best(view: Perspective, known: tuple[str, ...], sought: _Sought) -> tuple[str, float]:
    """The source that covers most of the wanted units; the first among equals."""
    if not sought.wanted:
        raise RequestError(
            "No interventions or parties say what the units are. Name their source with unit=, "
            f"one of: {', '.join(known) or 'none'}."
        )
    covered = [(sought.coverage(_values(view, source)), source) for source in known]
    covered.sort(key=lambda pair: -pair[0])
    if not covered or covered[0][0] < COVERED:
        near = ", ".join(f"{source} ({share:.0%})" for share, source in covered[:3]) or "none"
        raise RequestError(
            f"No attribute or role of {view.type} names half of the {len(sought.wanted)} units "
            f"({', '.join(sought.wanted[:3])}, …). Nearest: {near}. Name the source with unit=, "
            "or correct the units of the interventions."
        )
    return covered[0][1], covered[0][0]


def _values(view: Perspective, source: str) -> set[str]:
    """Distinct values of a source, whoever bears them."""
    kind, name = source.split(":", 1)
    if kind == "attribute":
        values = column_of(view.book, view.type, name).cast(pl.String).unique().drop_nulls()
        return set(values.to_list())
    if kind == "linked":
        return set(view.book.object_ids(name).to_list())
    if kind == "role":
        coded = view.book.role_codes(name)
        return set() if coded is None else set(coded[1]) - {""}
    return set(view.book.event_column(name).unique().drop_nulls().to_list())


def _coded(view: Perspective, source: str) -> Units:
    kind, name = source.split(":", 1)
    if kind == "attribute":
        values = column_of(view.book, view.type, name).gather(np.asarray(view.object))
        names, code = _codes(values.cast(pl.String))
        return Units(names, code, source, None, None, _aside(code, 0))
    if kind == "linked":
        names, code, ambiguous = _linked(view, name)
        return Units(names, code, source, None, None, _aside(code, ambiguous))
    if kind == "role":
        codes, texts = view.codes(name) or (np.zeros(view.entries, np.uint32), ("",))
        names = texts
        entry = np.asarray(codes).astype(np.int64)
    else:
        texts, rows = _codes(view.book.event_column(name))
        names, entry = ("", *texts), rows[np.asarray(view.event)] + 1
    code, several = most_events(np.asarray(view.offsets), entry, len(names))
    return Units(
        names, np.where(code > 0, code, NONE), source, None, None, _aside(code - 1, several)
    )


def _codes(values: pl.Series) -> tuple[tuple[str, ...], Ints]:
    """Sorted names and a code per value, -1 where there is none or the text is empty."""
    texts = values.cast(pl.String).replace("", None)
    names = texts.drop_nulls().unique().sort()
    table = pl.DataFrame({"name": names, "code": np.arange(len(names))})
    joined = pl.DataFrame({"name": texts}).join(table, on="name", how="left", maintain_order="left")
    return tuple(names.to_list()), joined["code"].fill_null(NONE).to_numpy().astype(np.int64)


def _aside(code: Ints, ambiguous: int) -> dict[str, int]:
    return {"without_unit": int((code < 0).sum()), "ambiguous_unit": ambiguous}


def most_events(offsets: Ints, code: Ints, codes: int) -> tuple[Ints, int]:
    """Per object the code (above 0) that most of its entries have, the earliest among equals; 0
    where none has any. And how many objects have several."""
    found, several = np.zeros(len(offsets) - 1, np.int64), np.zeros(len(offsets) - 1, np.bool_)
    for chunk in object_chunks(offsets):
        run = slice(chunk.first, chunk.last)
        _most(
            chunk_offsets(offsets, chunk),
            np.ascontiguousarray(code[chunk.lo : chunk.hi]),
            np.zeros(codes, np.int64),
            found[run],
            several[run],
        )
    return found, int(several.sum())


@njit(cache=True, nogil=True)
def _most(offsets: Ints, code: Ints, count: Ints, found: Ints, several: NDArray[np.bool_]) -> None:
    for i in range(len(offsets) - 1):
        first = np.int64(0)
        for j in range(offsets[i], offsets[i + 1]):
            c = code[j]
            if c > 0:
                if first == 0:
                    first = c
                several[i] |= c != first
                count[c] += 1
        best = first
        for j in range(offsets[i], offsets[i + 1]):
            if code[j] > 0 and count[code[j]] > count[best]:
                best = code[j]
        found[i] = best
        for j in range(offsets[i], offsets[i + 1]):
            count[code[j]] = 0


def _linked(view: Perspective, kind: str) -> tuple[tuple[str, ...], Ints, int]:
    """Units that are objects: by shared events, and by recorded links for objects without any."""
    ids = view.book.object_ids(kind)
    shared = _by_events(view, view.book.perspective(kind))
    recorded = _by_links(view, kind, ids).join(shared, on="owner", how="anti")
    pairs = pl.concat([shared, recorded]).sort(
        ["owner", "events", "first", "member"], descending=[False, True, False, False]
    )
    ambiguous = int((pairs.group_by("owner").len()["len"] > 1).sum())
    best = pairs.unique("owner", keep="first", maintain_order=True)
    code = np.full(view.objects, NONE, np.int64)
    code[best["owner"].to_numpy()] = best["member"].to_numpy()
    return tuple(ids.to_list()), code, ambiguous


def _by_events(view: Perspective, other: Perspective) -> pl.DataFrame:
    """owner (place in the view), member (code), events they share, and place of the first."""
    mine = pl.DataFrame(
        {
            "event": np.asarray(view.event).astype(np.int64),
            "owner": np.repeat(np.arange(view.objects), np.diff(view.offsets)),
            "at": np.arange(view.entries),
        }
    )
    theirs = pl.DataFrame(
        {
            "event": np.asarray(other.event).astype(np.int64),
            "member": np.repeat(np.asarray(other.object).astype(np.int64), np.diff(other.offsets)),
        }
    )
    joined = mine.lazy().join(theirs.lazy(), on="event").group_by("owner", "member")
    counted = joined.agg(events=pl.len().cast(pl.Int64), first=pl.col("at").min())
    return counted.collect()


def _by_links(view: Perspective, kind: str, ids: pl.Series) -> pl.DataFrame:
    none = pl.DataFrame(schema=dict.fromkeys(("owner", "member", "events", "first"), pl.Int64))
    links = view.book.object_links()
    if links is None:
        return none
    owners = pl.DataFrame({"a": view.object_ids(), "owner": np.arange(view.objects)})
    members = pl.DataFrame({"b": ids, "member": np.arange(len(ids))})
    found = [none]
    for source, target in (("@source", "@target"), ("@target", "@source")):
        mine = links.filter(
            (pl.col(f"{source}_type") == view.type) & (pl.col(f"{target}_type") == kind)
        ).select(a=pl.col(source), b=pl.col(target))
        pairs = mine.join(owners, on="a").join(members, on="b").select("owner", "member")
        found.append(pairs.with_columns(events=pl.lit(0, pl.Int64), first=pl.lit(0, pl.Int64)))
    return pl.concat(found).unique()


def _eligible(units: Units, parties: pl.DataFrame) -> Units:
    """Units that are a party, and not one that a roll-out could never reach."""
    barred = set(parties.filter(~pl.col("eligible"))["id"].to_list())
    party = party_of_units(parties, units.names)
    keep: Mask = np.array([n in party and party[n] not in barred for n in units.names], bool)
    used = np.unique(units.code[units.code >= 0])
    strangers = tuple(units.names[k] for k in used.tolist() if not keep[k])
    out = (units.code >= 0) & ~keep[np.maximum(units.code, 0)]
    aside = units.aside | {"not_eligible": int(out.sum())}
    return replace(units, code=np.where(out, NONE, units.code), aside=aside, strangers=strangers)


def _raised(units: Units, parties: pl.DataFrame | None, level: str) -> Units:
    if parties is None:
        raise RequestError(
            f"Units are to be joined by {level!r}, but the book has no parties. Give a table of "
            f"parties with a column {level!r}."
        )
    traits = [name for name in parties.columns if name not in ("id", "@row")]
    pick(level, traits, "column of the parties")
    upper = traits_of(parties, units.names).select(column(level)).to_series()
    names, code = _codes(upper)
    raised = np.where(units.code >= 0, code[np.maximum(units.code, 0)], NONE)
    lost = int(((units.code >= 0) & (raised < 0)).sum())
    aside = units.aside | {"without_level": lost}
    return replace(units, names=names, code=raised, level=level, aside=aside)


def _compact(units: Units) -> Units:
    """Only units that have objects, in the order of their names."""
    used = np.unique(units.code[units.code >= 0])
    if len(used) == 0:
        raise RequestError(
            f"No object has a unit by {units.source}. Name another source with unit=, or check "
            "the parties."
        )
    ordered = sorted(used.tolist(), key=lambda k: units.names[k])
    place = np.full(len(units.names), NONE, np.int64)
    place[ordered] = np.arange(len(ordered))
    code: NDArray[Any] = np.where(units.code >= 0, place[np.maximum(units.code, 0)], NONE)
    return replace(units, names=tuple(units.names[k] for k in ordered), code=code)
