"""A mapping held against a log that is known to be right.

Both logs are multisets of (case, activity, time, …): the same event twice counts twice, and the
order of rows does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from thalweg.records.intake import ACTIVITY, TIME, Batch

CASE = "case"
"""Column of the object that an event is compared for; null: the event is tied to none."""


_NO_IDS = pl.lit(None, pl.List(pl.String))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a log that was found agrees with the true one.

    by_activity  activity; true, found (events); matched; missing_unlinked (the event was found,
                 but without its object); missing_absent (not found at all); extra (tied to an
                 object, but not in the true log); precision = matched / (matched + extra) and
                 recall = matched / true, null where nothing can be divided.
    missing, extra   the keys with the number of events on one side only.
    """

    by_activity: pl.DataFrame
    missing: pl.DataFrame
    extra: pl.DataFrame

    @property
    def matched(self) -> int:
        return int(self.by_activity["matched"].sum())


def events_by_object(batches: Iterable[Batch], kind: str) -> pl.DataFrame:
    """The events of an intake with one line for each object of a type.

    Returns  case (id of the object; null where an event has none), activity, time (UTC) and
             resource (null where the source has none), in record order.
    """
    frames = []
    for batch in batches:
        columns = [c.column for c in batch.object_columns if c.type == kind]
        if not len(batch.events):
            continue
        ids = [_as_list(batch.events[c]) for c in columns]
        case = pl.concat_list(ids).list.drop_nulls() if ids else _NO_IDS
        known = "resource" in batch.events.columns
        frames.append(
            batch.events.select(
                case.alias(CASE),
                pl.col(ACTIVITY).alias("activity"),
                pl.col(TIME).alias("time"),
                (pl.col("resource") if known else pl.lit(None, pl.String)).alias("resource"),
            ).explode(CASE, empty_as_null=True)
        )
    return pl.concat(frames)


def _as_list(ids: pl.Series) -> pl.Expr:
    column = pl.col(ids.name)
    return column.fill_null([]) if isinstance(ids.dtype, pl.List) else column


def compare_logs(
    found: pl.DataFrame, truth: pl.DataFrame, *, on: Sequence[str] = (CASE, "activity", "time")
) -> Comparison:
    """Count the events that two logs share, activity by activity.

    Takes    found, truth: frames that hold the columns ``on``, of equal types; ``case`` and
             ``activity`` are among them. Null equals null, except that an event without a case
             matches nothing.
    """
    keys = list(on)
    rest = [k for k in keys if k != CASE]
    linked = found.filter(pl.col(CASE).is_not_null())
    both = _counts(linked, keys, "found").join(
        _counts(truth, keys, "true"), on=keys, how="full", coalesce=True, nulls_equal=True
    )
    both = both.with_columns(pl.col("found", "true").fill_null(0)).with_columns(
        matched=pl.min_horizontal("found", "true")
    )
    missing = both.filter(pl.col("true") > pl.col("matched")).select(
        *keys, events=pl.col("true") - pl.col("matched")
    )
    extra = both.filter(pl.col("found") > pl.col("matched")).select(
        *keys, events=pl.col("found") - pl.col("matched")
    )
    loose = _counts(found.filter(pl.col(CASE).is_null()), rest, "loose")
    explained = (
        missing.group_by(rest)
        .agg(pl.col("events").sum())
        .join(loose, on=rest, how="left", nulls_equal=True)
    )
    explained = explained.with_columns(
        unlinked=pl.min_horizontal("events", pl.col("loose").fill_null(0))
    )
    by_activity = _by_activity(found, both, explained)
    return Comparison(by_activity, missing.sort(keys), extra.sort(keys))


def _by_activity(found: pl.DataFrame, both: pl.DataFrame, explained: pl.DataFrame) -> pl.DataFrame:
    table = (
        both.group_by("activity")
        .agg(
            pl.col("true", "matched").sum(),
            (pl.col("found") - pl.col("matched")).sum().alias("extra"),
        )
        .join(
            found.group_by("activity").agg(found=pl.len()), on="activity", how="full", coalesce=True
        )
        .join(
            explained.group_by("activity").agg(pl.col("unlinked").sum()), on="activity", how="left"
        )
        .with_columns(pl.selectors.numeric().fill_null(0).cast(pl.Int64))
    )
    tied = pl.col("matched") + pl.col("extra")
    return table.select(
        "activity",
        "true",
        "found",
        "matched",
        missing_unlinked="unlinked",
        missing_absent=pl.col("true") - pl.col("matched") - pl.col("unlinked"),
        extra="extra",
        precision=pl.when(tied > 0).then(pl.col("matched") / tied),
        recall=pl.when(pl.col("true") > 0).then(pl.col("matched") / pl.col("true")),
    ).sort("true", "activity", descending=[True, False])


def _counts(frame: pl.DataFrame, keys: Sequence[str], name: str) -> pl.DataFrame:
    return frame.group_by(keys).agg(pl.len().alias(name))
