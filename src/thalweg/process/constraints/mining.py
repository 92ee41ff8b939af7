"""Mining and checking DECLARE constraints from their tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import Ints
from thalweg.process.columns import COUNT, MAYBE, RATIO, SHARE, TEXT, Columns
from thalweg.process.constraints.reduction import reduce_constraints
from thalweg.process.constraints.tables import DeclareTables, count_declare
from thalweg.process.constraints.templates import (
    TEMPLATES,
    Constraint,
    Figures,
    figures,
)
from thalweg.process.contrasts import wilson_bounds
from thalweg.process.selection import pick
from thalweg.process.weighted import WeightedVariants

Floats = NDArray[np.float64]

CONSTRAINT_COLUMNS: Columns = {
    "template": (TEXT, "Name of the template"),
    "source": (TEXT, "First activity"),
    "target": (MAYBE, "Second activity, or null"),
    "n": ({"type": ["integer", "null"], "minimum": 1}, "Number of events, of counted templates"),
    "activations": (COUNT, "Events that put the constraint to the test, or objects"),
    "violations": (COUNT, "Of these, how many broke it"),
    "objects": (COUNT, "All objects"),
    "activated_objects": (COUNT, "Objects with an activation"),
    "violating_objects": (COUNT, "Objects with a violation"),
    "support": (SHARE, "Objects that are activated and have no violation, of all objects"),
    "confidence": (SHARE, "Of the activated objects, those without violation"),
    "low": (SHARE, "Lower end of the interval of the confidence"),
    "high": (SHARE, "Upper end of the interval of the confidence"),
    "event_confidence": (SHARE, "Of the activations, those without violation"),
    "lift": (RATIO, "Confidence, compared with activities that know nothing of one another"),
    "expected": (RATIO, "Violating objects if the activities knew nothing of one another"),
}
"""Of the tables that mining and checking return."""


_TELLING = (
    "init",
    "end",
    "chain_succession",
    "alternate_succession",
    "succession",
    "chain_response",
    "chain_precedence",
    "alternate_response",
    "alternate_precedence",
    "response",
    "precedence",
    "co_existence",
    "responded_existence",
    "exclusive_choice",
    "not_co_existence",
    "not_succession",
    "not_response",
    "not_precedence",
    "not_chain_succession",
    "exactly",
    "existence",
    "choice",
    "absence",
)
"""Templates in the order of how much they say, for constraints that are equally certain."""


@dataclass(frozen=True, slots=True)
class MiningOptions:
    """What a constraint must show in order to be listed.

    min_support, min_confidence: shares of objects. most: largest n that is tried. level: of the
    intervals. simultaneous: the intervals hold for all candidates at once (Bonferroni).
    """

    min_support: float = 0.05
    min_confidence: float = 0.95
    most: int = 3
    level: float = 0.95
    simultaneous: bool = False
    reduced: bool = True
    transitive: bool = False


def mine_constraints(
    variants: WeightedVariants,
    options: MiningOptions | None = None,
    *,
    templates: Sequence[str] | None = None,
    threads: int | None = None,
) -> pl.DataFrame:
    """The constraints that hold for nearly all objects.

    Takes    templates: names, None for all.
    Returns  the columns of ``CONSTRAINT_COLUMNS``; the most certain first, then those that say
             most, then the best supported.
    Raises   RequestError: no such template, or a threshold outside 0 to 1.
    Source   Support, confidence and interest (here ``lift``) after Maggi, Bose and van der Aalst
             (2012), by objects; ``event_confidence`` is the support of Di Ciccio and Mecella
             (2015). A constraint that forbids something is listed only if significantly fewer
             objects break it than would by chance (``expected``).
    """
    return mine_tables(count_declare(variants, threads), options, templates=templates)


def mine_tables(
    tables: DeclareTables,
    options: MiningOptions | None = None,
    *,
    templates: Sequence[str] | None = None,
) -> pl.DataFrame:
    """As ``mine_constraints``, from tables, which may have been merged."""
    asked = _checked(options or MiningOptions())
    known = list(TEMPLATES)
    wanted = known if templates is None else [pick(t, known, "template") for t in templates]
    jobs = [(name, n) for name in wanted for n in _numbers(name, asked.most)]
    level = asked.level
    if asked.simultaneous:
        tried = sum(len(_candidates(tables, name)[0]) for name, _ in jobs)
        level = 1 - (1 - level) / max(tried, 1)
    frames = [_mined(tables, name, n, asked, level) for name, n in jobs]
    found = pl.concat(frames) if frames else _frame(tables, [], level)
    telling = pl.col("template").replace_strict(_TELLING, range(len(_TELLING)), default=None)
    found = found.sort(
        ["confidence", telling, "support", "source", "target", "n"],
        descending=[True, False, True, False, False, False],
    )
    if asked.reduced or asked.transitive:
        listed = constraints_of(found)
        kept = reduce_constraints(listed, tables.names, transitive=asked.transitive)
        found = found.filter(pl.Series([one in kept for one in listed], dtype=pl.Boolean))
    return found


def check_constraints(
    variants: WeightedVariants,
    constraints: Iterable[Constraint] | pl.DataFrame,
    *,
    level: float = 0.95,
    threads: int | None = None,
) -> pl.DataFrame:
    """The figures of given constraints, in their order.

    Takes    constraints: records, or a table with template, source, target and n. An activity
             that no object has is taken at its word: it never occurs.
    Returns  the columns of ``CONSTRAINT_COLUMNS``; confidence null where nothing activates it.
    Raises   RequestError: a constraint that makes no sense.
    """
    return check_tables(count_declare(variants, threads), constraints, level=level)


def check_tables(
    tables: DeclareTables,
    constraints: Iterable[Constraint] | pl.DataFrame,
    *,
    level: float = 0.95,
) -> pl.DataFrame:
    """As ``check_constraints``, from tables, which may have been merged."""
    given = constraints_of(constraints) if isinstance(constraints, pl.DataFrame) else constraints
    listed = [one.checked() for one in given]
    named = {name for one in listed for name in (one.source, one.target) if name is not None}
    return _frame(tables.named(sorted({*tables.names, *named})), listed, level)


def constraints_of(table: pl.DataFrame) -> list[Constraint]:
    """Constraints from the columns template, source, target and n (the latter two optional)."""
    columns = [name for name in ("template", "source", "target", "n") if name in table.columns]
    return [Constraint(**row) for row in table.select(columns).to_dicts()]


def _checked(options: MiningOptions) -> MiningOptions:
    for name in ("min_support", "min_confidence"):
        if not 0 <= getattr(options, name) <= 1:
            raise RequestError(f"{name} is a share from 0 to 1, not {getattr(options, name)}.")
    if not 0 < options.level < 1:
        raise RequestError(f"level is a share between 0 and 1, not {options.level}.")
    if options.most < 1:
        raise RequestError(f"most is a number of 1 or more, not {options.most}.")
    return options


def _numbers(template: str, most: int) -> list[int | None]:
    """Numbers that are tried; that an activity never occurs is no rule of its process."""
    if not TEMPLATES[template].counted:
        return [None]
    first = 2 if template == "absence" else 1
    return list(range(first, max(most, first) + 1))


def _candidates(tables: DeclareTables, template: str) -> tuple[Ints, Ints]:
    form, names = TEMPLATES[template], len(tables.names)
    if form.arity == 1:
        return np.arange(names), np.arange(names)
    if form.symmetric:
        order = np.array(tables.names, dtype=object)
        rows, cols = np.nonzero(order[:, None] < order[None, :])
        return rows, cols
    rows, cols = np.nonzero(~np.eye(names, dtype=bool))
    return rows, cols


def _mined(
    tables: DeclareTables, template: str, n: int | None, asked: MiningOptions, level: float
) -> pl.DataFrame:
    rows, cols = _candidates(tables, template)
    values = _at(figures(tables, template, n), rows, cols)
    satisfied = values.activated - values.violating
    keep = values.activated > 0
    keep &= satisfied >= asked.min_support * tables.objects
    keep &= satisfied >= asked.min_confidence * values.activated
    low = wilson_bounds(satisfied, values.activated, level)[0]
    by_chance = values.activated * (1 - low) >= values.expected
    keep &= ~((values.expected >= 0) & by_chance)
    names = tables.names
    pair = TEMPLATES[template].arity == 2
    listed = [
        Constraint(template, names[a], names[b] if pair else None, n)
        for a, b in zip(rows[keep], cols[keep], strict=True)
    ]
    return _frame(tables, listed, level)


def _at(found: Figures, rows: Ints, cols: Ints) -> Figures:
    at = rows if found.activations.ndim == 1 else (rows, cols)
    return Figures(*(getattr(found, name)[at] for name in Figures.__slots__))


def _frame(tables: DeclareTables, listed: Sequence[Constraint], level: float) -> pl.DataFrame:
    place = {name: code for code, name in enumerate(tables.names)}
    whole: dict[tuple[str, int | None], Figures] = {}
    for one in listed:
        key = (one.template, one.n)
        if key not in whole:
            whole[key] = figures(tables, *key)
    picked = [
        _at(
            whole[one.template, one.n],
            np.array([place[one.source]]),
            np.array([place[one.target or one.source]]),
        )
        for one in listed
    ]

    def column(name: str) -> NDArray[np.generic]:
        return np.concatenate([np.empty(0, np.int64), *(getattr(f, name) for f in picked)])

    counts = {name: column(name).astype(np.int64) for name in Figures.__slots__[:5]}
    return _with_measures(tables, listed, counts, column("expected").astype(float), level)


def _with_measures(
    tables: DeclareTables,
    listed: Sequence[Constraint],
    counts: dict[str, Ints],
    expected: Floats,
    level: float,
) -> pl.DataFrame:
    activated, violating = counts["activated"], counts["violating"]
    low, high = wilson_bounds(activated - violating, activated, level)
    objects = tables.objects
    confidence = _share(activated - violating, activated)
    target_share = _share(counts["target"], np.full(len(listed), objects))
    lift = np.where(counts["target"] > 0, confidence / np.maximum(target_share, 1e-300), np.nan)
    both = _both_sides(tables, listed)
    lift = np.where(np.isnan(both), lift, (activated - violating) / max(objects, 1) / both)
    table = pl.DataFrame(
        {
            "template": pl.Series([one.template for one in listed], dtype=pl.String),
            "source": pl.Series([one.source for one in listed], dtype=pl.String),
            "target": pl.Series([one.target for one in listed], dtype=pl.String),
            "n": pl.Series([one.n for one in listed], dtype=pl.Int64),
            "activations": counts["activations"],
            "violations": counts["violations"],
            "objects": np.full(len(listed), objects, np.int64),
            "activated_objects": activated,
            "violating_objects": violating,
            "support": _share(activated - violating, np.full(len(listed), objects)),
            "confidence": confidence,
            "low": low,
            "high": high,
            "event_confidence": 1 - _share(counts["violations"], counts["activations"]),
            "lift": lift,
            "expected": np.where(expected >= 0, expected, np.nan),
        }
    )
    return table.with_columns(pl.selectors.float().fill_nan(None))


def _share(part: Ints, whole: Ints) -> Floats:
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), np.nan))


def _both_sides(tables: DeclareTables, listed: Sequence[Constraint]) -> Floats:
    """Share of objects with both activities under independence, where both activate."""
    place = {name: code for code, name in enumerate(tables.names)}
    holders, objects = tables.holders, max(tables.objects, 1)
    out = np.full(len(listed), np.nan)
    for row, one in enumerate(listed):
        form = TEMPLATES[one.template]
        if not form.negative and len(form.rules) == 2 and one.target is not None:
            a, b = int(holders[place[one.source]]), int(holders[place[one.target]])
            if a and b:
                out[row] = a / objects * (b / objects)
    return out
