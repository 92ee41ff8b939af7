"""Tables of a prove result, made from answers, panels and roll-outs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.answers.answer import Answer
from thalweg.change.answers.figures import Told, finite, point_row, relative_row, tell, treated_mean
from thalweg.change.answers.grading import Verdict
from thalweg.change.correction import benjamini_hochberg
from thalweg.change.estimates.estimate import PathPoint
from thalweg.change.estimates.path import Cohort
from thalweg.change.frame import ALREADY, Panel
from thalweg.change.schema import frame
from thalweg.process.result import plain

Row = dict[str, Any]


def effects_table(answers: Sequence[Answer], verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """A row per question: what was found, in figures, and what it may be called."""
    rows = [_effect(a, v) for a, v in zip(answers, verdicts, strict=True)]
    return frame("effects", rows)


def _effect(answer: Answer, verdict: Verdict) -> Row:
    question, found, second = answer.question, answer.found, answer.second
    outcome, about, graded = question.outcome, question.about, verdict.graded
    design = answer.design
    treated = design.treated_cells()
    told = told_of(answer)
    return {
        **key(answer),
        "name": about.name,
        "kind": about.kind,
        "outcome_kind": outcome.kind,
        "layer": outcome.layer,
        "role": question.role,
        "unit": outcome.unit,
        "scale": outcome.scale,
        "better": outcome.better,
        "units": int((treated | design.untreated_cells()).any(axis=1).sum()),
        "treated_units": int(treated.any(axis=1).sum()),
        "periods": len(design.panel.periods),
        "treated_cells": int(treated.sum()),
        "smallest_detectable": _smallest(answer),
        "att": finite(found.att),
        "se": found.se,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "p_holm": verdict.p_holm,
        "p_bh": verdict.p_bh,
        "relative": told.relative,
        "relative_low": told.relative_low,
        "relative_high": told.relative_high,
        "effect": told.effect,
        "effect_low": told.effect_low,
        "effect_high": told.effect_high,
        "treated_mean": told.treated_mean,
        "untreated_mean": told.untreated_mean,
        "method": found.method,
        "reference": found.reference,
        "freedom": found.freedom,
        "confidence": found.confidence,
        "second_method": None if second is None else second.method,
        "second_att": None if second is None else finite(second.att),
        "second_low": None if second is None else second.low,
        "second_high": None if second is None else second.high,
        "grade": graded.grade,
        "called_effect": graded.is_effect,
        "found": verdict.said,
        "reasons": list(graded.reasons),
        "remedy": graded.remedy,
        "refused": found.refused,
    }


def _smallest(answer: Answer) -> float | None:
    """The smallest detectable effect as a relative change in the direction one hopes for."""
    found, outcome = answer.smallest, answer.question.outcome
    if found is None or outcome.scale == "level":
        return finite(found)
    return -math.expm1(-found) if outcome.better == "lower" else math.expm1(found)


def told_of(answer: Answer) -> Told:
    """The estimate in figures that a person understands."""
    return tell(answer.question.outcome.scale, treated_mean(answer.design), answer.found)


def key(answer: Answer) -> Row:
    return {"intervention": answer.question.about.id, "outcome": answer.question.outcome.name}


def paths_table(answers: Sequence[Answer]) -> pl.DataFrame:
    rows = [
        {**key(answer), "method": path.method, "every": path.every, "horizon": point.horizon}
        | _point(answer, point)
        for answer in answers
        for path in answer.paths
        for point in path.points
    ]
    return frame("paths", rows)


def cohorts_table(answers: Sequence[Answer]) -> pl.DataFrame:
    rows = [
        {
            **key(answer),
            "cohort": answer.design.panel.periods[cohort.start],
            "units": cohort.units,
        }
        | _point(answer, cohort)
        for answer in answers
        for cohort in answer.cohorts
    ]
    return frame("cohorts", rows)


def _point(answer: Answer, point: PathPoint | Cohort) -> Row:
    return point_row(answer.question.outcome.scale, told_of(answer).untreated_mean, point)


def checks_table(answers: Sequence[Answer]) -> pl.DataFrame:
    rows = [
        {
            **key(answer),
            "check": check.code,
            "status": check.status,
            "finding": check.finding,
            "figures": json.dumps(plain(check.figures), sort_keys=True, ensure_ascii=False),
        }
        for answer in answers
        for check in answer.checks
    ]
    return frame("checks", rows)


def doses_table(answers: Sequence[Answer]) -> pl.DataFrame:
    """Slopes over intensity of all answers, corrected together."""
    rows = [
        {
            **key(answer),
            "units": dose.units,
            "att": finite(dose.slope),
            **{name: getattr(dose, name) for name in ("se", "low", "high", "p", "refused")},
        }
        for answer in answers
        if (dose := answer.dose) is not None and dose.refused != "no_intensity"
    ]
    return frame("doses", corrected(rows))


def traits_table(answers: Sequence[Answer]) -> pl.DataFrame:
    """Traits of all answers, corrected together."""
    rows = [
        {**key(answer)}
        | {name: getattr(row, name) for name in row.__slots__}
        | relative_row(
            answer.question.outcome.scale,
            told_of(answer).untreated_mean,
            row.att,
            row.low,
            row.high,
        )
        for answer in answers
        for row in answer.traits
    ]
    return frame("traits", corrected(rows))


def corrected(rows: Sequence[Row]) -> list[Row]:
    """The same rows with ``p_bh``, Benjamini and Hochberg's correction of ``p`` over all of them."""
    adjusted = benjamini_hochberg([row["p"] for row in rows])
    return [row | {"p_bh": p} for row, p in zip(rows, adjusted, strict=True)]


def sensitivity_table(answers: Sequence[Answer]) -> pl.DataFrame:
    rows = [
        {**key(answer), "mbar": mbar, "low": low, "high": high}
        for answer in answers
        if answer.sensitivity is not None
        for mbar, low, high in answer.sensitivity.curve
    ]
    return frame("sensitivity", rows)


def weights_table(answers: Sequence[Answer]) -> pl.DataFrame:
    """Weights of cells that have one, and of the comparisons that two-way effects would make."""
    return pl.concat([frame("weights", []), *map(_weights, answers)])


def _weights(answer: Answer) -> pl.DataFrame:
    panel, cells = answer.design.panel, answer.cells
    about = key(answer)
    compared = frame(
        "weights",
        [
            {
                **about,
                "kind": "comparison",
                "group": name,
                "weight": weight,
                "estimate": finite(estimate),
            }
            for name, weight, estimate in answer.comparisons
        ],
    )
    if cells is None:
        return compared
    unit, period = np.nonzero(cells.weight)
    begun = pl.Series([_day(panel, int(at)) for at in answer.design.rollout.start], dtype=pl.Date)
    own = pl.DataFrame(
        {
            "group": pl.Series(panel.units, dtype=pl.String).gather(unit),
            "cohort": begun.gather(unit),
            "period": pl.Series(panel.periods, dtype=pl.Date).gather(period),
            "treated": cells.treated[unit, period],
            "weight": cells.weight[unit, period],
        }
    ).with_columns(kind=pl.lit("cell"), **{name: pl.lit(value) for name, value in about.items()})
    missing = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in compared.schema.items()
        if name not in own.columns
    ]
    return pl.concat(
        [own.with_columns(missing).select(compared.columns).cast(compared.schema), compared]
    )


def raw_table(answers: Sequence[Answer]) -> pl.DataFrame:
    """Means of the units that began together, as recorded."""
    rows = [row for answer in answers for row in _raw(answer)]
    return frame("raw", rows)


def _raw(answer: Answer) -> Iterator[Row]:
    panel, start = answer.question.design.panel, answer.question.design.rollout.start
    for cohort in np.unique(start[start != ALREADY]):
        mine = start == cohort
        value, objects = panel.value[mine], panel.objects[mine]
        known = np.isfinite(value)
        count = known.sum(axis=0)
        total = np.where(known, value, 0.0).sum(axis=0)
        for at, period in enumerate(panel.periods):
            yield {
                **key(answer),
                "cohort": _day(panel, int(cohort)),
                "period": period,
                "mean": float(total[at] / count[at]) if count[at] else None,
                "units": int(count[at]),
                "objects": int(objects[:, at][known[:, at]].sum()),
            }


def _day(panel: Panel, start: int) -> date | None:
    """First day of the period in which units began; None for units that never did."""
    return panel.periods[start] if 0 <= start < len(panel.periods) else None


def rollout_table(rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Who got what from when to when, by unit, as recorded; days are local, the last included."""
    last = pl.col("to_at") - pl.duration(nanoseconds=1)
    days = rows.with_columns(
        day=pl.col("from_at").dt.convert_time_zone(zone).dt.date(),
        until=last.dt.convert_time_zone(zone).dt.date(),
    )
    found = [
        {
            "intervention": row["id"],
            "name": row.get("name") or row["id"],
            "unit": row["unit"],
            "from": row["day"],
            "to": row["until"],
            **{name: row.get(name) for name in ("intensity", "assignment", "reason")},
        }
        for row in days.sort("id", "from_at", "unit").to_dicts()
    ]
    return frame("rollout", found)


def panel_table(panels: Mapping[str, Panel]) -> pl.DataFrame:
    """All panels, one row per outcome, unit and period."""
    parts = [frame("panel", [])]
    for name, panel in sorted(panels.items()):
        units, periods = panel.value.shape
        parts.append(
            pl.DataFrame(
                {
                    "outcome": pl.repeat(name, units * periods, eager=True),
                    "unit": np.repeat(np.array(panel.units, dtype=object), periods).tolist(),
                    "period": list(panel.periods) * units,
                    "value": pl.Series(panel.value.ravel()).fill_nan(None),
                    "objects": panel.objects.ravel(),
                },
                schema=parts[0].schema,
            )
        )
    return pl.concat(parts)
