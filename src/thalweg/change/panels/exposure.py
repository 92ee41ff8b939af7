"""Who deals with whom: how far a treatment at one unit could reach another through the objects.

A unit's objects pass through partners (other parties at work on them, or named by them), and the
partners serve other units too. What a partner does faster or slower for one unit may reach all of
them.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from thalweg.change.frame import Floats, Ints
from thalweg.process.conformance.rules.views import column_of
from thalweg.records.perspective import Perspective

COMMON = 0.5
"""A partner of more than this part of the units (a bank, the platform) reaches all of them alike:
what passes through it is taken out with the periods, and says nothing of who deals with whom."""


def exposure(
    view: Perspective, code: Ints, names: tuple[str, ...], parties: Collection[str] = ()
) -> Floats | None:
    """How much each unit's dealings lie with each other unit's.

    Takes    code: unit of each object, -1 for none; names: of the units. parties: ids that an
             object's attribute may name as a partner; the party role of events is always used.
    Returns  (N, N): element i, j is the chance that a random object of unit i, followed to one of
             its partners at random and from there to a random object, ends at unit j; a partner
             that is itself unit j counts in full. Zero on the diagonal. None where the records
             name no partners.
    """
    pairs = [*_by_events(view, code), *_by_attributes(view, code, set(parties))]
    if not pairs:
        return None
    ids = tuple(sorted({partner for _, table in pairs for partner in table}))
    place = {name: k for k, name in enumerate(ids)}
    shared = np.zeros((len(names), len(ids)))
    for unit, table in pairs:
        for partner, count in table.items():
            shared[unit, place[partner]] += count
    own = {name: k for k, name in enumerate(names)}
    for partner, k in place.items():
        if partner in own:
            shared[own[partner], k] = 0.0
    shared[:, (shared > 0).sum(axis=0) > COMMON * len(names)] = 0.0
    if not shared.any():
        return None
    return _walk(shared, [own.get(partner, -1) for partner in ids])


def _walk(shared: Floats, unit_of: list[int]) -> Floats:
    """From unit to partner to unit, each in proportion to objects; a partner may be a unit."""
    out = shared / np.maximum(shared.sum(axis=1, keepdims=True), 1e-300)
    back = (shared / np.maximum(shared.sum(axis=0, keepdims=True), 1e-300)).T
    for k, unit in enumerate(unit_of):
        if unit >= 0:
            back[k] = 0.0
            back[k, unit] = 1.0
    reach = np.asarray(out @ back)
    np.fill_diagonal(reach, 0.0)
    return reach


def _by_events(view: Perspective, code: Ints) -> list[tuple[int, dict[str, int]]]:
    coded = view.codes("party")
    if coded is None:
        return []
    codes, texts = coded
    table = pl.DataFrame(
        {
            "object": np.repeat(np.arange(view.objects), np.diff(view.offsets)),
            "partner": np.asarray(codes).astype(np.int64),
        }
    )
    once = table.filter(pl.col("partner") > 0).unique()
    return _counted(once["object"].to_numpy(), once["partner"].to_numpy(), code, texts)


def _by_attributes(
    view: Perspective, code: Ints, parties: set[str]
) -> list[tuple[int, dict[str, int]]]:
    if not parties:
        return []
    found = []
    schema = view.book.objects(view.type).collect_schema()
    for name, kind in schema.items():
        if name.startswith("@") or kind != pl.String:
            continue
        values = column_of(view.book, view.type, name).gather(np.asarray(view.object))
        texts = values.drop_nulls().unique().sort()
        if not len(texts) or not parties.issuperset(texts.to_list()):
            continue
        place = pl.DataFrame({"name": texts, "code": np.arange(len(texts))})
        joined = pl.DataFrame({"name": values}).join(
            place, on="name", maintain_order="left", how="left"
        )
        partner = joined["code"].fill_null(-1).to_numpy()
        at = np.flatnonzero(partner >= 0)
        found += _counted(at, partner[at], code, tuple(texts.to_list()))
    return found


def _counted(
    owner: Ints, partner: Ints, code: Ints, texts: tuple[str, ...]
) -> list[tuple[int, dict[str, int]]]:
    """Objects by unit and partner."""
    table = pl.DataFrame({"unit": code[owner], "partner": partner}).filter(pl.col("unit") >= 0)
    counted = table.group_by("unit", "partner").len().sort("unit", "partner")
    by_unit: dict[int, dict[str, int]] = {}
    for unit, name, count in counted.iter_rows():
        by_unit.setdefault(int(unit), {})[texts[int(name)]] = int(count)
    return list(by_unit.items())
