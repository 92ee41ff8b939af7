"""Plain Parquet: a folder with the tables of a log, or one flat file for one object type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from thalweg.errors import RequestError
from thalweg.records.export.files import put_in_place
from thalweg.records.export.model import OcelFrames, attributes_of
from thalweg.records.intake import ACTIVITY, EVENT, OBJECT, QUALIFIER, TIME, TYPE
from thalweg.records.trust import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

_CASE, _ACTIVITY, _TIME = "case", "activity", "time"


def write_parquet(frames: OcelFrames, folder: Path) -> tuple[Finding, ...]:
    """Write the tables of the log as Parquet files into a new folder.

    ``events``, ``links``, ``objects_<type>``, ``object_changes`` and ``object_links``, with the
    columns of ``OcelFrames``. The folder appears when it is complete.

    Returns  what had to be changed.
    Raises   RequestError: the folder is there already. BookError: it cannot be written.
    """
    if folder.exists():
        raise RequestError(f"{folder} is there already. Name a new folder, or remove it first.")
    with put_in_place(folder) as aside:
        aside.mkdir()
        frames.events.write_parquet(aside / "events.parquet")
        frames.links.write_parquet(aside / "links.parquet")
        frames.object_changes.write_parquet(aside / "object_changes.parquet")
        frames.object_links.write_parquet(aside / "object_links.parquet")
        names = file_names(frames.objects)
        for kind, frame in frames.objects.items():
            named = frame.with_columns(pl.lit(kind).alias(TYPE))
            own = attributes_of(frame)
            named[[TYPE, OBJECT, *own]].write_parquet(aside / names[kind])
    return frames.notes


def write_flat_parquet(
    frames: OcelFrames,
    path: Path,
    *,
    type: str | None = None,  # noqa: A002
) -> tuple[Finding, ...]:
    """Write one object type as a flat table: ``case``, ``activity``, ``time`` and attributes.

    Attributes of the objects are called ``object_…``, those of events ``event_…`` where they would
    be called like another column. An event with several objects of the type
    gives several rows (the finding ``export_event_repeated`` counts them); events without one
    are left out (``export_event_without_object``). Rows are in event order.

    Takes    type: the object type; may be left out if there is only one.
    Raises   RequestError: no such type, or several and none named. BookError: as above.
    """
    kind = _only_type(frames, type)
    taken = {_CASE, _ACTIVITY, _TIME}
    of_event = _free_names(attributes_of(frames.events), "", "event_", taken)
    of_object = _free_names(attributes_of(frames.objects[kind]), "object_", "object_", taken)
    links = frames.links.filter(pl.col(TYPE) == kind).unique([EVENT, OBJECT], maintain_order=True)
    events = frames.events.rename(of_event).with_row_index("@at")
    flat = events.join(links.drop(QUALIFIER, TYPE), on=EVENT, how="inner", maintain_order="left")
    objects = frames.objects[kind].rename(of_object)
    flat = flat.join(objects, on=OBJECT, how="left", maintain_order="left")
    usual = {OBJECT: _CASE, ACTIVITY: _ACTIVITY, TIME: _TIME}
    wanted = [*usual, *of_event.values(), *of_object.values()]
    table = flat.sort("@at", maintain_order=True)[wanted].rename(usual)
    with put_in_place(path) as aside:
        table.write_parquet(aside)
    return (*frames.notes, *_flat_findings(frames, flat, kind))


def _free_names(names: list[str], usual: str, clash: str, taken: set[str]) -> dict[str, str]:
    """A column name for each attribute: with the usual prefix, or with another if that is taken."""
    found = {}
    for name in names:
        fresh = f"{usual}{name}"
        while fresh in taken:
            fresh = f"{clash}{fresh}"
        taken.add(fresh)
        found[name] = fresh
    return found


def file_names(types: Iterable[str]) -> dict[str, str]:
    """A file name for each type: its letters and digits, numbered where two would be alike."""
    taken: set[str] = set()
    found = {}
    for name in types:
        base = re.sub(r"[^\w-]+", "_", name) or "type"
        stem, number = base, 1
        while stem.lower() in taken:
            number += 1
            stem = f"{base}-{number}"
        taken.add(stem.lower())
        found[name] = f"objects_{stem}.parquet"
    return found


def _only_type(frames: OcelFrames, kind: str | None) -> str:
    known = ", ".join(frames.objects) or "none"
    if kind is None and len(frames.objects) == 1:
        return next(iter(frames.objects))
    if kind is None:
        raise RequestError(f"A flat table holds one object type. Name one of: {known}.")
    if kind not in frames.objects:
        raise RequestError(f"There is no object type {kind!r}. There are: {known}.")
    return kind


def _flat_findings(frames: OcelFrames, flat: pl.DataFrame, kind: str) -> list[Finding]:
    events, used = len(frames.events), flat[EVENT].n_unique()
    found = []
    if used < events:
        found.append(Finding("export_event_without_object", "loss", events - used, events, kind))
    if len(flat) > used:
        found.append(Finding("export_event_repeated", "warning", len(flat) - used, used, kind))
    return found
