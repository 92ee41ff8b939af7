"""Live a world: from its spec to everything that happens in it."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.industry.world.calendars import Clock, clock_of
from thalweg.industry.world.course import Course
from thalweg.industry.world.demand import Traffic, inquiries_of, traffic_of
from thalweg.industry.world.firms import Firms, firms_of
from thalweg.industry.world.levels import Dials, dials_of
from thalweg.industry.world.plant import plant_of
from thalweg.industry.world.river import flow
from thalweg.industry.world.rollout import Plan, plans_of
from thalweg.industry.world.spec import Switches, WorldSpec


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """A world and everything that happened in it, uncensored."""

    spec: WorldSpec
    switches: Switches
    clock: Clock
    firms: Firms
    plans: dict[str, Plan]
    dials: Dials
    traffic: Traffic
    course: Course


def live(spec: WorldSpec, switches: Switches | None = None) -> Lived:
    """Live the world of ``spec`` to the end of its last order."""
    off = Switches() if switches is None else switches
    clock, firms = clock_of(spec.start, spec.months), firms_of(spec)
    plans = plans_of(spec, firms, clock)
    full = dials_of(spec, firms, plans, clock, Switches())
    most = traffic_of(spec, firms, full, clock, Switches())
    plant = plant_of(spec, firms, full, most, clock)
    dials, traffic = full, most
    if off != Switches():
        dials = dials_of(spec, firms, plans, clock, off)
        traffic = traffic_of(spec, firms, dials, clock, off)
    asked = inquiries_of(spec, firms, dials, most, traffic, clock)
    course = flow(spec, firms, clock, dials, plant, asked)
    return Lived(spec, off, clock, firms, plans, dials, traffic, course)
