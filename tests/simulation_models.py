"""Small models that tests of simulation share."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from thalweg.redesign.model.model import Model

BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
"""A Monday."""
HOUR = 3600.0

ORDERS = """\
schema: thalweg.model/1
name: orders
zone: Europe/Berlin
begins_at: 2024-01-01T00:00:00Z
classes: {rush: 0.2, plain: 0.8}
activities:
- name: enter
  work: {of: {law: lognormal, median_s: 300, sigma: 0.5}}
  urgent: [rush]
- name: check
  work: {of: {law: gamma, mean_s: 600, shape: 2}, zero_share: 0.1}
  beside: [credit]
- name: credit
  work: {of: {law: exponential, mean_s: 3600}}
  automatic: true
- name: pack
  work: {of: {law: uniform, low_s: 60, high_s: 120}}
  batch: {least: 2, most: 5, longest_wait_s: 7200}
- name: ship
  work: {of: {law: constant, value_s: 900}}
  delay: {of: {law: quantiles, values_s: [0, 1800, 7200]}}
  buffer: 20
pools:
- name: clerks
  count: 3
  skills: {enter: 1, check: 2}
  calendar: office
- name: hall
  count: 2
  skills: {pack: 1, ship: 1}
calendars:
  office: {zone: Europe/Berlin, hours: {mon: ['09:00-17:00'], tue: ['09:00-17:00']}}
flows:
- type: order
  routing:
  - {after: [(start)], next: {enter: 1}}
  - {after: [enter], next: {check: 1}}
  - {after: [check], next: {credit: 1}}
  - {after: [credit], next: {ship: 0.9, enter: 0.1}}
  - {after: [ship], next: {(end): 1}}
  splits:
  - {activity: enter, into: item, count: {1: 0.5, 3: 0.5}, joins: ship}
- type: item
  routing:
  - {after: [(start)], next: {pack: 1}}
  - {after: [pack], next: {(end): 1}}
arrivals: {kind: gaps, gap: {of: {law: exponential, mean_s: 1200}}, calendar: office}
learned: {events: 120, share: 0.5, from: '0012'}
"""
"""An order that is checked while its credit is asked for, and whose items are packed apart."""


def exponential(mean_s: float) -> dict[str, Any]:
    return {"of": {"law": "exponential", "mean_s": mean_s}}


def constant(value_s: float) -> dict[str, Any]:
    return {"of": {"law": "constant", "value_s": value_s}}


def line(*activities: str, **shares: dict[str, float]) -> list[dict[str, Any]]:
    """Routing through activities one after the other; ``shares`` replace what follows one."""
    names = ["(start)", *activities, "(end)"]
    return [
        {"after": [one], "next": shares.get(one, {following: 1.0})}
        for one, following in pairwise(names)
    ]


def a_model(**parts: Any) -> Model:
    """A model of one flow; what is not given is one activity ``a`` of one server in pool ``p``."""
    given: dict[str, Any] = {
        "name": "small",
        "begins_at": BEGINS,
        "activities": [{"name": "a", "work": exponential(HOUR)}],
        "pools": [{"name": "p", "skills": {"a": 1}}],
        "arrivals": {"kind": "gaps", "gap": exponential(2 * HOUR)},
    }
    given.update(parts)
    if "routing" in given:
        given["flows"] = [{"type": "case", "routing": given.pop("routing")}]
    given.setdefault("flows", [{"type": "case", "routing": line("a")}])
    return Model.model_validate(given)
