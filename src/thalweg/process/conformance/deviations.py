"""Deviations: where objects leave the model, and where they break the rules, in one shape.

From an alignment a log move is an activity that the model did not have there, a visible model move
one that it had and the object has not. An activity that is both in one object is *out of place*;
one that was done before in step with the model is *repeated*; the others are *inserted* and
*skipped*. Everything is worked out once per variant and spread over the objects of the variant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.alignment.alignments import Alignments
from thalweg.process.chunks import Ints
from thalweg.process.conformance.rules.check import RuleOutcome
from thalweg.process.conformance.rules.verdicts import NOTHING, VIOLATED
from thalweg.process.conformance.rules.views import RuleView
from thalweg.process.models.petri import PetriNet
from thalweg.process.weighted import WeightedVariants

Kind = Literal["skipped", "inserted", "repeated", "out_of_place", "rule"]
KINDS: tuple[Kind, ...] = ("skipped", "inserted", "repeated", "out_of_place", "rule")
Texts = Callable[[Ints], Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """One kind of deviation and all its occurrences.

    name: the activity, or the rule's id. after: the model step that it came after; None at the
    beginning, and for rules. object: place in ``looked``, one per occurrence. event: row in the
    book: what was done, or for what was not done the event before it; −1 for none. spent_ns: time
    from the event before (inserted), or beyond the limit (rule); −1 where there is none.
    of: the objects that could have it, as a mask; None means all.
    """

    kind: Kind
    name: str
    after: str | None
    severity: str | None
    looked: RuleView
    object: Ints
    event: Ints
    spent_ns: Ints
    of: NDArray[np.bool_] | None
    cost_column: str | None
    expected: Texts
    found: Texts

    @property
    def costed(self) -> Ints:
        """The events that an attribute's cost is read from: none for what was not done."""
        return np.full_like(self.event, -1) if self.kind == "skipped" else self.event

    @property
    def objects(self) -> Ints:
        """Places of the objects that have it, each once."""
        mark = np.zeros(self.looked.view.objects, bool)
        mark[self.object] = True
        return np.flatnonzero(mark)


@dataclass(frozen=True, slots=True, eq=False)
class VariantDeviations:
    """Deviations of variants: one row each. label: code into ``names``; after: −1 at the beginning.

    place: the event of the trace concerned, or the one before; −1 where there is none. trailing:
    the model would go on after the last event.
    """

    names: tuple[str, ...]
    variant: Ints
    kind: NDArray[np.uint8]
    label: Ints
    after: Ints
    place: Ints
    trailing: NDArray[np.bool_]


def deviations_of_variants(
    net: PetriNet, variants: WeightedVariants, aligned: Alignments
) -> VariantDeviations:
    """What each variant's alignment says."""
    names = (*variants.names, *sorted(net.labels() - set(variants.names)))
    code = {name: number for number, name in enumerate(names)}
    of_step = np.array(
        [-1 if t.label is None else code[t.label] for t in net.transitions] + [-1], np.int64
    )
    per_variant = np.diff(aligned.offsets)
    event = aligned.event.astype(np.int64)
    step = of_step[aligned.transition]
    moves = pl.DataFrame(
        {
            "variant": np.repeat(np.arange(len(per_variant)), per_variant),
            "event": event,
            "log": (event >= 0) & (aligned.transition < 0),
            "model": (event < 0) & (step >= 0),
            "label": np.where(event >= 0, event, step),
            "step": step,
            "move": np.arange(len(event)),
        }
    )
    ahead = pl.when(pl.col("step") >= 0).then(pl.col("step")).shift(1)
    moves = moves.with_columns(
        place=(pl.col("event") >= 0).cum_sum().over("variant").cast(pl.Int64) - 1,
        after=ahead.forward_fill().over("variant").fill_null(-1),
        synchronous=(pl.col("event") >= 0) & ~pl.col("log"),
    )
    moves = _later_of_equals(moves)
    moves = moves.with_columns(
        before=pl.col("synchronous").cum_sum().over("variant", "label") > 0,
        log_rank=pl.col("log").cum_sum().over("variant", "label"),
        model_rank=pl.col("model").cum_sum().over("variant", "label"),
        logs=pl.col("log").sum().over("variant", "label"),
        models=pl.col("model").sum().over("variant", "label"),
        length=(pl.col("event") >= 0).sum().over("variant").cast(pl.Int64),
    )
    moved = pl.col("log") & (pl.col("log_rank") <= pl.col("models"))
    absorbed = pl.col("model") & (pl.col("model_rank") <= pl.col("logs"))
    kind = (
        pl.when(moved)
        .then(KINDS.index("out_of_place"))
        .when(pl.col("log") & (pl.col("before") | pl.col("again")))
        .then(KINDS.index("repeated"))
        .when(pl.col("log"))
        .then(KINDS.index("inserted"))
        .otherwise(KINDS.index("skipped"))
    )
    found = moves.with_columns(kind=kind.cast(pl.UInt8)).filter(
        (pl.col("log") | pl.col("model")) & ~absorbed
    )
    trailing = pl.col("model") & (pl.col("place") == pl.col("length") - 1)
    return VariantDeviations(
        names,
        variant=found["variant"].to_numpy(),
        kind=found["kind"].to_numpy(),
        label=found["label"].to_numpy(),
        after=found["after"].to_numpy(),
        place=found["place"].to_numpy(),
        trailing=found.select(trailing).to_series().to_numpy(),
    )


def _later_of_equals(moves: pl.DataFrame) -> pl.DataFrame:
    """Of equal events in a row, take the first for the model's and the later ones for repetitions.

    An alignment may take them in any order, at the same cost; people call the later ones repeated.
    """
    events = moves.filter(pl.col("event") >= 0).with_columns(
        run=(pl.col("event") != pl.col("event").shift(1)).fill_null(True).cum_sum().over("variant")
    )
    run = ("variant", "run")
    logs = events.with_columns(
        matched=pl.col("synchronous").sum().over(run).cast(pl.Int64),
        start=pl.col("place").min().over(run),
        rank=pl.col("log").cum_sum().over(run).cast(pl.Int64),
    ).filter(pl.col("log") & (pl.col("matched") > 0))
    moved = logs.select(
        "variant",
        "move",
        new_place=pl.col("start") + pl.col("matched") + pl.col("rank") - 1,
        new_after=pl.col("event"),
    )
    return moves.join(
        moved, on=["variant", "move"], how="left", maintain_order="left"
    ).with_columns(
        place=pl.coalesce("new_place", "place"),
        after=pl.coalesce("new_after", "after"),
        again=pl.col("new_place").is_not_null(),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Objects grouped by variant, so that what holds of a variant is spread over its objects."""

    looked: RuleView
    order: Ints
    begin: Ints

    @staticmethod
    def of(looked: RuleView, variant: NDArray[Any], variants: int) -> Spread:
        counts = np.bincount(variant, minlength=variants)
        begin = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Spread(looked, np.argsort(variant, kind="stable").astype(np.int64), begin)

    def rows(self, variant: Ints) -> tuple[Ints, Ints]:
        """For variants, one after the other, their objects, and which of the rows each came from."""
        lengths = self.begin[variant + 1] - self.begin[variant]
        before = np.concatenate(([0], np.cumsum(lengths)))[:-1]
        at = np.arange(int(lengths.sum())) + np.repeat(self.begin[variant] - before, lengths)
        return self.order[at], np.repeat(np.arange(len(variant)), lengths)


def model_deviations(
    found: VariantDeviations, spread: Spread, cost_column: str | None
) -> tuple[list[Deviation], int]:
    """The deviations from a model, by kind, activity and place, and the number of steps that open
    objects have still to take (these are no deviations)."""
    key = np.stack((found.kind.astype(np.int64), found.label, found.after))
    groups, member = np.unique(key, axis=1, return_inverse=True)
    member = member.ravel()
    order = np.argsort(member, kind="stable")
    edges = np.searchsorted(member[order], np.arange(groups.shape[1] + 1))
    made, pending = [], 0
    for number in range(groups.shape[1]):
        rows = order[edges[number] : edges[number + 1]]
        one, waiting = _model_deviation(found, spread, rows, cost_column)
        pending += waiting
        if len(one.object):
            made.append(one)
    return made, pending


def _model_deviation(
    found: VariantDeviations, spread: Spread, rows: Ints, cost_column: str | None
) -> tuple[Deviation, int]:
    looked = spread.looked
    first = rows[0]
    kind = KINDS[found.kind[first]]
    owner, row = spread.rows(found.variant[rows])
    waits = found.trailing[rows][row] & ~looked.finished[owner]
    owner, row = owner[~waits], row[~waits]
    place = found.place[rows][row]
    entry = looked.offsets[owner] + place
    event = np.full(len(owner), -1, np.int64)
    known = place >= 0
    event[known] = np.asarray(looked.view.event)[entry[known]]
    spent = np.full(len(owner), -1, np.int64)
    if kind != "skipped":
        later = place > 0
        time_ns = looked.view.time_ns
        spent[later] = time_ns[entry[later]] - time_ns[entry[later] - 1]
    after = int(found.after[first])
    name = found.names[found.label[first]]
    step = None if after < 0 else found.names[after]
    wanted, done = (name, NOTHING) if kind == "skipped" else (NOTHING, name)
    deviation = Deviation(
        kind=kind,
        name=name,
        after=step,
        severity=None,
        looked=looked,
        object=owner,
        event=event,
        spent_ns=spent,
        of=None,
        cost_column=cost_column,
        expected=lambda at: [wanted] * len(at),
        found=lambda at: [done] * len(at),
    )
    return deviation, int(waits.sum())


def rule_deviation(one: RuleOutcome) -> Deviation:
    """The violations of a rule."""
    bad = one.checks.keep(one.checks.status == VIOLATED)
    of = np.zeros(one.looked.view.objects, bool)
    of[one.checks.object[one.checks.status <= VIOLATED]] = True
    return Deviation(
        kind="rule",
        name=one.rule.id,
        after=None,
        severity=one.rule.severity,
        looked=one.looked,
        object=bad.object,
        event=bad.event,
        spent_ns=bad.excess_ns,
        of=of,
        cost_column=one.cost_column,
        expected=bad.expected,
        found=bad.found,
    )
