"""Who gets what when, and why: fixed by the spec alone, so that no switch moves a date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.industry.world.calendars import Clock
from thalweg.industry.world.chance import Floats, Ints, stream, uniforms
from thalweg.industry.world.firms import CLUSTER, Firms
from thalweg.industry.world.mechanisms import INTERVENTION_TABLE, platform_of, rolled_out
from thalweg.industry.world.spec import INTERVENTIONS, WorldSpec

NEVER_DAY = 1 << 40
FIRST_SHARE, LAST_SHARE = 0.36, 0.80
"""Of the months: roll-outs begin and end here, so that there is a before and an after."""
FADES_SHARE, FADES_AFTER_DAYS = 0.2, 240
NO_LOT = ("confounded", "pre_trend")
"""Archetypes whose firms begin when they are on their way already: nobody drew those dates."""
QUIET_CLUSTERS = 0.3
"""Share of service centres whose firms get nothing in a world that spills over, so that somebody
is out of reach."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The roll-out of one intervention.

    begins, ends  (firms,) day of the world, ``NEVER_DAY``. intensity: (firms,) 0 where untreated.
    assignment and reason as recorded.
    """

    name: str
    begins: Ints
    ends: Ints
    intensity: Floats
    assignment: str
    reason: str

    @property
    def treated(self) -> Ints:
        return np.flatnonzero(self.begins < NEVER_DAY)


def plans_of(spec: WorldSpec, firms: Firms, clock: Clock) -> dict[str, Plan]:
    return {name: _plan(name, spec, firms, clock) for name in rolled_out(spec)}


def _plan(name: str, spec: WorldSpec, firms: Firms, clock: Clock) -> Plan:
    row = INTERVENTION_TABLE[name]
    keys = np.arange(spec.firms, dtype=np.int64)
    place = INTERVENTIONS.index(name)
    order = _queue(name, spec, firms)
    months = _months(name, spec, order)
    begins = np.full(spec.firms, NEVER_DAY, dtype=np.int64)
    got = months >= 0
    begins[got] = clock.first_days[months[got]]
    if spec.mid_month:
        shift = uniforms(stream(spec.seed, "rollout_day"), keys, 0 if row.at_once else place)
        late = 4 + np.floor(20 * (shift[:1].repeat(spec.firms) if row.at_once else shift))
        begins[got] += late[got].astype(np.int64)
    ends = np.full(spec.firms, NEVER_DAY, dtype=np.int64)
    if row.fades:
        stops = uniforms(stream(spec.seed, "rollout_day"), keys, 100 + place) < FADES_SHARE
        ends[got & stops] = begins[got & stops] + FADES_AFTER_DAYS
    draw = uniforms(stream(spec.seed, "intensity"), keys, place)
    intensity = np.where(got, np.round(0.6 + 0.4 * draw, 2) if row.doses else 1.0, 0.0)
    assignment, reason = row.assignment, row.reason
    if spec.archetype in NO_LOT and not row.at_once and not row.pilots:
        assignment, reason = "chosen", "most_ready_first"
    return Plan(name, begins, ends, intensity, assignment, reason)


def _queue(name: str, spec: WorldSpec, firms: Firms) -> Ints:
    """The firms, the first to be reached first; those who cannot be reached at the end."""
    row = INTERVENTION_TABLE[name]
    keys = np.arange(spec.firms, dtype=np.int64)
    lot = uniforms(stream(spec.seed, "rollout"), keys, INTERVENTIONS.index(name))
    score = lot
    if spec.archetype == "confounded" and not row.at_once and not row.pilots:
        score = firms.trend + 1e-4 * lot
    elif row.reason == "region_first":
        score = (firms.region + INTERVENTIONS.index(name)) % firms.regions + lot
    elif row.reason == "largest_first":
        score = lot - 0.5 * np.log(firms.size)
    elif row.reason == "carrier_ready":
        score = (firms.carrier * 7 % 5) / 5 + lot
    return np.asarray(np.argsort(score, kind="stable"), dtype=np.int64)


def _months(name: str, spec: WorldSpec, order: Ints) -> Ints:
    """(firms,) month in which each begins, or -1."""
    row, platform = INTERVENTION_TABLE[name], platform_of(spec)
    months = np.full(spec.firms, -1, dtype=np.int64)
    first, last = round(FIRST_SHARE * spec.months), round(LAST_SHARE * spec.months)
    if row.at_once:
        months[:] = (first + last) // 2
        return months
    if row.pilots:
        months[order[: row.pilots]] = first + 2
        return months
    if platform.spill > 0:
        order = _outside_quiet_clusters(spec, order)
    share = platform.treated_share if spec.treated_share is None else spec.treated_share
    count = min(round(share * spec.firms), len(order))
    if count:
        rank = np.arange(count)
        months[order[:count]] = first + rank * (last - first) // count
    return months


def _outside_quiet_clusters(spec: WorldSpec, order: Ints) -> Ints:
    cluster = order // CLUSTER
    draw = uniforms(stream(spec.seed, "rollout"), cluster, 1_000)
    quiet = draw < QUIET_CLUSTERS
    if quiet.all() or not quiet.any():
        quiet = cluster == int(cluster[np.argmin(draw)])
    return order[~quiet]
