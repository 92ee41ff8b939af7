"""What the OCEL tests share: reading a file into frames, and comparing frames whole."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from thalweg.records.export.frames import frames_from_batch
from thalweg.records.export.model import OcelFrames, event_kinds, object_kinds
from thalweg.records.intake import Batch, Intake, Limits, ReadRequest
from thalweg.records.readers import read_source
from thalweg.records.sources import Source


def read_ocel(
    path: Path, timezone: str | None = None, limits: Limits | None = None
) -> tuple[Intake, Batch]:
    """The intake of a file and its one batch."""
    limits = limits or Limits()
    source = Source(path, None, limits)
    intake = read_source(source, ReadRequest(timezone=timezone, limits=limits))
    (batch,) = intake.batches
    return intake, batch


def read_text(folder: Path, name: str, text: str, **options: object) -> tuple[Intake, Batch]:
    """Write a small file and read it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_ocel(path, **options)  # type: ignore[arg-type]


def read_frames(path: Path, timezone: str | None = None) -> OcelFrames:
    intake, batch = read_ocel(path, timezone)
    return frames_from_batch(batch, intake.meta)


def finding(intake: Intake, code: str, where: str | None = None) -> int:
    """Count of a finding; 0 without one."""
    return sum(f.count for f in intake.findings if f.code == code and where in (None, f.where))


def assert_same_log(left: OcelFrames, right: OcelFrames) -> None:
    """Every table alike; rows of links and changes in any order, columns in any order."""
    events = left.events, right.events
    assert_frame_equal(*events, check_column_order=False)
    for name in ("links", "object_changes", "object_links"):
        one, other = (getattr(frames, name) for frames in (left, right))
        assert_frame_equal(one.sort(pl.all()), other.sort(pl.all()))
    assert left.objects.keys() == right.objects.keys()
    for kind, frame in left.objects.items():
        order = frame.columns[:1]
        assert_frame_equal(
            frame.sort(order), right.objects[kind].sort(order), check_column_order=False
        )
    assert event_kinds(left) == event_kinds(right)
    assert object_kinds(left) == object_kinds(right)
