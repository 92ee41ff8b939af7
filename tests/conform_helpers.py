"""Rules checked on small hand-made books."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from process_helpers import SmallBook
from thalweg.process.conformance.rules.check import RuleOutcome, check_rules
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.conformance.rules.verdicts import KEPT, PENDING, UNCHECKED, VIOLATED
from thalweg.process.conformance.rules.views import Scene

DAY, HOUR = 86_400, 3_600
FAR = datetime(1971, 1, 1, tzinfo=UTC)


def outcome(
    book: SmallBook,
    rule: dict[str, Any],
    *,
    kind: str = "case",
    ends: tuple[str, ...] | None = ("end",),
    horizon: datetime | None = FAR,
    **file: Any,
) -> RuleOutcome:
    """What one rule comes to; names that the book lacks are taken for known."""
    words = [rule.get(k) for k in ("first", "then", "from", "to", "activity", "before", "after")]
    words += rule.get("activities", [])
    names = [n for w in words if w for n in ([w] if isinstance(w, str) else w)]
    given = {"id": "r", **rule}
    rules = RuleFile.model_validate({"rules": [given], "activities": names, **file})
    scene = Scene(book, kind, ends=ends, horizon=horizon)  # type: ignore[arg-type]
    return check_rules(scene, rules)[0]


def counts(one: RuleOutcome) -> tuple[int, int, int, int]:
    """Checks kept, violated, pending, not checkable."""
    return tuple(one.checks.count(s) for s in (KEPT, VIOLATED, PENDING, UNCHECKED))  # type: ignore[return-value]


def violating(one: RuleOutcome) -> set[str]:
    """Ids of the objects with a violation."""
    ids = one.looked.view.object_ids().to_list()
    return {ids[o] for o in one.checks.object[one.checks.status == VIOLATED]}


def shown(one: RuleOutcome, status: int = VIOLATED) -> list[tuple[int, str, str]]:
    """Event row, expected and found of the checks with a status."""
    at = np.flatnonzero(one.checks.status == status)
    events = one.checks.event[at].tolist()
    return list(zip(events, one.checks.expected(at), one.checks.found(at), strict=True))
