"""Checking a file of rules against a book: every rule, each time that it applies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RuleError
from thalweg.process.chunks import SECOND_NS
from thalweg.process.conformance.costs import Cost, Costs
from thalweg.process.conformance.rules.kinds import (
    MatchRule,
    MustRule,
    NeverRule,
    OrderRule,
    PeopleRule,
    Rule,
    RuleFile,
    TimeRule,
    ValueRule,
    WhoRule,
)
from thalweg.process.conformance.rules.matches import check_match
from thalweg.process.conformance.rules.order import check_must, check_never, check_order
from thalweg.process.conformance.rules.people import check_people, check_value, check_who
from thalweg.process.conformance.rules.times import check_time
from thalweg.process.conformance.rules.verdicts import (
    KEPT,
    PENDING,
    REASONS,
    UNCHECKED,
    VIOLATED,
    Checks,
)
from thalweg.process.conformance.rules.views import RuleView, Scene
from thalweg.process.contrasts import wilson

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class RuleOutcome:
    """A rule, what it looked at, and all its checks."""

    rule: Rule
    looked: RuleView
    checks: Checks
    cost: Cost
    cost_column: str | None

    @property
    def settled(self) -> int:
        """Objects with at least one check that was kept or violated."""
        return self._objects(self.checks.status <= VIOLATED)

    @property
    def violating(self) -> int:
        return self._objects(self.checks.status == VIOLATED)

    def _objects(self, wanted: NDArray[np.bool_]) -> int:
        mark = np.zeros(self.looked.view.objects, bool)
        mark[self.checks.object[wanted]] = True
        return int(mark.sum())


def check_rules(
    scene: Scene,
    file: RuleFile,
    *,
    cost: str | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[RuleOutcome, ...]:
    """All rules of a file.

    Takes    cost: the column that costs are read from where a rule names none, as
             ``object:NAME`` or ``attribute:NAME``. told: is given each rule's id as it begins.
    Raises   RuleError, RequestError: a rule names a type, activity or attribute that the book
             does not have.
    """
    costs = Costs(scene)
    outcomes = []
    for rule in file.rules:
        told(rule.id)
        outcomes.append(_outcome(scene, file, rule, costs, cost))
    return tuple(outcomes)


def _outcome(
    scene: Scene, file: RuleFile, rule: Rule, costs: Costs, cost: str | None
) -> RuleOutcome:
    looked = scene.view(rule.type or file.type or scene.kind, rule.links)
    _know_activities(rule, file, looked)
    checks = _check(scene, file, rule, looked)
    applies = scene.selected(looked, rule.when)[checks.object]
    if rule.since is not None:
        applies &= checks.at_ns >= scene.day_ns(rule.since)
    if rule.until is not None:
        applies &= checks.at_ns < scene.day_ns(rule.until, after=True)
    checks = checks.keep(applies)
    bad = checks.status == VIOLATED
    column = rule.cost or cost
    if column == "difference":
        found = Cost(float(checks.amount[bad].sum()), 0, None)
    elif column is not None and not bad.any():
        found = Cost(0.0, 0, None)
    else:
        found = costs.total(looked.view, column, checks.object[bad], checks.event[bad])
    return RuleOutcome(rule, looked, checks, found, column)


def _check(scene: Scene, file: RuleFile, rule: Rule, looked: RuleView) -> Checks:
    match rule:
        case OrderRule():
            return check_order(looked, rule)
        case TimeRule():
            return check_time(looked, rule, scene, file.calendars)
        case PeopleRule():
            return check_people(looked, rule)
        case WhoRule():
            return check_who(looked, rule, file)
        case MustRule():
            return check_must(looked, rule)
        case NeverRule():
            return check_never(looked, rule)
        case ValueRule():
            return check_value(looked, rule, scene, file)
        case MatchRule():
            return check_match(looked, rule, scene)


def _know_activities(rule: Rule, file: RuleFile, looked: RuleView) -> None:
    known = looked.view.activities
    sides = rule.sides if isinstance(rule, MatchRule) else ()
    named = [*rule.activities(), *(name for side in sides for name in side.activity or ())]
    for name in named:
        if name not in known and name not in file.activities:
            near = get_close_matches(name, known, 5, 0.3) or list(known)[:8]
            raise RuleError(
                f"Rule {rule.id!r} names an activity {name!r} that the book does not have. "
                f"Nearest: {', '.join(near)}. Correct it, or list it under 'activities' if it is "
                "right and never happened."
            )


def rules_table(outcomes: Sequence[RuleOutcome]) -> pl.DataFrame:
    """One row per rule, in the order of the file."""
    rows = [_row(one) for one in outcomes]
    return pl.DataFrame(rows, schema=RULES_SCHEMA, orient="row")


RULES_SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "rule": pl.String,
    "kind": pl.String,
    "severity": pl.String,
    "type": pl.String,
    "text_en": pl.String,
    "text_zh": pl.String,
    "checked": pl.Int64,
    "violated": pl.Int64,
    "pending": pl.Int64,
    "not_checkable": pl.Int64,
    "objects": pl.Int64,
    "objects_violating": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "excess_total_s": pl.Float64,
    "excess_median_s": pl.Float64,
    "cost": pl.Float64,
    "cost_unknown": pl.Int64,
    "cost_reason": pl.String,
}


def _row(one: RuleOutcome) -> tuple[object, ...]:
    checks, rule = one.checks, one.rule
    objects, violating = one.settled, one.violating
    low, high = wilson(violating, objects, CONFIDENCE) if objects else (None, None)
    excess = checks.excess_ns[(checks.status == VIOLATED) & (checks.excess_ns >= 0)]
    return (
        rule.id,
        rule.kind,
        rule.severity,
        one.looked.view.type,
        rule.text.en,
        rule.text.zh,
        checks.count(KEPT) + checks.count(VIOLATED),
        checks.count(VIOLATED),
        checks.count(PENDING),
        checks.count(UNCHECKED),
        objects,
        violating,
        violating / objects if objects else None,
        low,
        high,
        sum(excess.tolist()) / SECOND_NS if len(excess) else None,
        float(np.median(excess)) / SECOND_NS if len(excess) else None,
        one.cost.total,
        one.cost.unknown,
        one.cost.reason,
    )


def unchecked_table(outcomes: Sequence[RuleOutcome]) -> pl.DataFrame:
    """Per rule and reason, the checks that could not be made, and an object for example."""
    rows: list[tuple[str, str, int, str]] = []
    for one in outcomes:
        hit = one.checks.status == UNCHECKED
        reason = one.checks.reason[hit]
        owner = one.checks.object[hit]
        ids = one.looked.view.object_ids() if hit.any() else None
        for code in np.unique(reason):
            mine = owner[reason == code]
            example = "" if ids is None else str(ids[int(mine[0])])
            rows.append((one.rule.id, REASONS[code], len(mine), example))
    schema = {"rule": pl.String, "reason": pl.String, "count": pl.Int64, "example": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
