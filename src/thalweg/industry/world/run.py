"""The records of a world, as somebody would have them on the day of the export."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from thalweg.industry.world.calendars import clock_of
from thalweg.industry.world.life import live
from thalweg.industry.world.records import Records
from thalweg.industry.world.spec import Switches, WorldSpec
from thalweg.industry.world.writing import records_of


def cut_of(spec: WorldSpec) -> datetime:
    """The instant of the export: local midnight after the last month, in UTC."""
    clock = clock_of(spec.start, spec.months)
    local = timedelta(days=int(clock.first_days[-1]))
    return datetime.fromtimestamp(clock.epoch_s, UTC) + local


def run_world(
    spec: WorldSpec,
    switches: Switches | None = None,
    *,
    until: datetime | Literal["cut"] | None = "cut",
) -> Records:
    """The records of a world.

    until  events that end later are not in the records: an instant, "cut" (the midnight after the
           last month) or None for everything.
    """
    lived = live(spec, switches)
    return records_of(lived, cut_of(spec) if until == "cut" else until)
