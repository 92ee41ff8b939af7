"""Matches: sums over linked objects that have to agree, such as order, receipt and invoice.

Each side is a sum per object and key; every further side is held against the first. Nothing is
added up across units, an amount that is missing is not taken for zero, and a document that belongs
to several objects is not counted for each: such checks are "not checkable", with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from thalweg.process.chunks import Ints
from thalweg.process.conformance.rules.kinds import Link, MatchRule, Side
from thalweg.process.conformance.rules.verdicts import (
    KEPT,
    PENDING,
    UNCHECKED,
    VIOLATED,
    Checks,
    join_checks,
    make_checks,
    reason_code,
)
from thalweg.process.conformance.rules.views import RuleView, Scene, column_of, places

ROUNDING = 1e-9
"""Part of the larger figure by which sums of decimal fractions may differ in binary arithmetic."""


def check_match(looked: RuleView, rule: MatchRule, scene: Scene) -> Checks:
    """One check per object, key and further side."""
    sums = [_summed(looked, rule, side, scene) for side in rule.sides]
    base = pl.DataFrame({"owner": np.arange(looked.view.objects)})
    keys = pl.concat([part.select("owner", "key") for part in sums]).unique()
    bare = base.join(keys, on="owner", how="anti").with_columns(key=pl.lit("", pl.String))
    frame = pl.concat([keys, bare]).sort("owner", "key")
    parts = [
        _compared(looked, rule, number, _beside(frame, sums[0], sums[number]))
        for number in range(1, len(sums))
    ]
    return join_checks(parts)


def _summed(looked: RuleView, rule: MatchRule, side: Side, scene: Scene) -> pl.DataFrame:
    """By owner and key: amount, unit, event, and the reason why the amount is unknown (0: known)."""
    rows = _members(looked, rule, side, scene)
    reason = (
        pl.when(pl.col("shared"))
        .then(reason_code("shared_object"))
        .when(pl.col("amount").is_null() & pl.col("present"))
        .then(reason_code("value_unreadable"))
        .when(pl.col("amount").is_null())
        .then(reason_code("value_missing"))
        .when(pl.col("key").is_null())
        .then(reason_code("key_missing"))
        .when(pl.col("unit").is_null())
        .then(reason_code("unit_missing"))
        .otherwise(0)
    )
    keyless = pl.col("key").is_null()
    rows = rows.with_columns(reason=reason, keyless=keyless, key=pl.col("key").fill_null(""))
    mixed = pl.col("unit").drop_nulls().n_unique() > 1
    return (
        rows.sort("owner", "key", "event", "amount")
        .group_by("owner", "key", maintain_order=True)
        .agg(
            amount=pl.col("amount").sum(),
            unit=pl.col("unit").first(),
            event=pl.col("event").max(),
            keyless=pl.col("keyless").any(),
            reason=pl.when(pl.col("reason").max() > 0)
            .then(pl.col("reason").max())
            .when(mixed)
            .then(reason_code("unit_differs"))
            .otherwise(0),
        )
    )


def _members(looked: RuleView, rule: MatchRule, side: Side, scene: Scene) -> pl.DataFrame:
    """What a side adds up: owner, amount, whether it is stated, unit, key, event, shared."""
    view = looked.view
    if side.activity is not None:
        entry = looked.entries(side.activity)
        event = np.asarray(view.event)[entry].astype(np.int64)
        owner = looked.owner(entry)
        columns = {
            name: scene.event_column(column).gather(event) for name, column in _columns(side)
        }
        counted = pl.DataFrame({"owner": owner, "event": event})
        shared = pl.col("owner").n_unique().over("event") > 1
    elif side.type is None:
        counted = pl.DataFrame(
            {"owner": np.arange(view.objects), "event": np.asarray(view.event)[looked.offsets[:-1]]}
        ).cast({"event": pl.Int64})
        columns = {name: scene.object_column(view, column) for name, column in _columns(side)}
        shared = pl.lit(False)
    else:
        counted, columns = _linked(looked, side, scene)
        shared = pl.col("others") > 1
    raw = columns["amount"]
    counted = counted.with_columns(
        amount=raw.cast(pl.Float64, strict=False),
        present=raw.is_not_null() & (raw.cast(pl.String).str.strip_chars() != ""),
        unit=columns["unit"].cast(pl.String) if "unit" in columns else pl.lit("", pl.String),
        key=columns["key"].cast(pl.String) if "key" in columns else pl.lit("", pl.String),
    )
    whole = rule.shared == "whole"
    return counted.with_columns(shared=pl.lit(False) if whole else shared).select(
        "owner", "amount", "present", "unit", "key", "event", "shared"
    )


def _linked(
    looked: RuleView, side: Side, scene: Scene
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Members of a linked type: owner, the first event of the member, and how many it belongs to."""
    kind = str(side.type)
    link = Link(type=kind, by=side.by, qualifier=side.qualifier, via=side.via)
    pairs = scene.pairs(looked.view.type, link)
    pairs = pairs.with_columns(others=pl.len().over("member"))
    seat = places(looked.view)
    code = pairs["owner"].to_numpy().astype(np.int64)
    place = np.where(code < len(seat), seat[np.minimum(code, len(seat) - 1)], -1)
    pairs = pairs.with_columns(owner=place).filter(pl.col("owner") >= 0)
    member = pairs["member"].to_numpy().astype(np.int64)
    other = scene.book.perspective(kind)
    first = np.full(max(int(member.max(initial=-1)) + 1, len(places(other))), -1, np.int64)
    first[np.asarray(other.object)] = np.asarray(other.event)[np.asarray(other.offsets)[:-1]]
    columns = {
        name: column_of(scene.book, kind, column).gather(member) for name, column in _columns(side)
    }
    return pairs.with_columns(event=first[member]), columns


def _columns(side: Side) -> list[tuple[str, str]]:
    given = (("amount", side.attribute), ("unit", side.unit), ("key", side.key))
    return [(name, column) for name, column in given if column is not None]


def _beside(frame: pl.DataFrame, first: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Every object and key with both sides; ``any_`` says whether a side has anything at all."""
    for name, part in (("a", first), ("b", other)):
        values = part.select("owner", "key", "amount", "unit", "event", "reason")
        renamed = values.rename({c: f"{c}_{name}" for c in ("amount", "unit", "event", "reason")})
        frame = frame.join(renamed, on=["owner", "key"], how="left", maintain_order="left")
        has = part.select("owner", pl.lit(True).alias(f"any_{name}")).unique()
        spoilt = part.group_by("owner").agg(pl.col("keyless").any().alias(f"keyless_{name}"))
        frame = frame.join(has, on="owner", how="left", maintain_order="left")
        frame = frame.join(spoilt, on="owner", how="left", maintain_order="left")
    return frame.with_columns(pl.col("any_a", "any_b", "keyless_a", "keyless_b").fill_null(False))


def _compared(looked: RuleView, rule: MatchRule, number: int, frame: pl.DataFrame) -> Checks:
    a, b = (frame[f"amount_{s}"].fill_null(0.0).to_numpy() for s in ("a", "b"))
    owner = frame["owner"].to_numpy()
    reason = _reasons(rule, frame)
    gap = b - a
    allowed = np.maximum(rule.tolerance.absolute, rule.tolerance.relative * np.abs(a))
    allowed = allowed + ROUNDING * np.maximum(np.abs(a), np.abs(b))
    low, high = gap < -allowed, gap > allowed
    wrong = {"equal": low | high, "not_above": high, "not_below": low}[rule.must]
    still_open = ~looked.finished[owner]
    absent = ~(frame["any_a"] & frame["any_b"]).to_numpy()
    waits = still_open & ((absent & (reason == reason_code("not_linked"))) | (wrong & low))
    status = np.where(wrong, VIOLATED, KEPT)
    status = np.where(reason > 0, UNCHECKED, status)
    status = np.where(
        waits & ((reason == 0) | (reason == reason_code("not_linked"))), PENDING, status
    )
    reason = np.where(status == UNCHECKED, reason, 0)
    names = [side.name for side in rule.sides]
    sign = {"equal": "=", "not_above": "≤", "not_below": "≥"}[rule.must]
    keys, units = frame["key"].to_list(), frame["unit_a"].fill_null("").to_list()

    def expected(rows: Ints) -> Sequence[str]:
        return [
            f"{names[number]} {sign} {names[0]} {_figure(a[k], units[k])}{_of_key(keys[k])}"
            for k in rows
        ]

    event = frame["event_b"].fill_null(-1).to_numpy()
    return make_checks(
        looked,
        owner,
        status,
        event=np.where(event >= 0, event, frame["event_a"].fill_null(-1).to_numpy()),
        reason=reason,
        amount=np.abs(gap),
        expected=expected,
        found=lambda rows: [_figure(b[k], units[k]) for k in rows],
    )


def _reasons(rule: MatchRule, frame: pl.DataFrame) -> Ints:
    """Why a pair of figures cannot be compared. A member without key spoils all keys of its owner."""
    no_key, differs = reason_code("key_missing"), reason_code("unit_differs")
    found = np.zeros(len(frame), np.int64)
    for side in ("a", "b"):
        own = frame[f"reason_{side}"].fill_null(0).to_numpy()
        spoilt = frame[f"keyless_{side}"].to_numpy()
        found = np.where(found > 0, found, np.where(own > 0, own, np.where(spoilt, no_key, 0)))
    clash = (frame["unit_a"] != frame["unit_b"]).fill_null(False).to_numpy()
    found = np.where((found == 0) & clash, differs, found)
    none = ~(frame["any_a"] & frame["any_b"]).to_numpy()
    if rule.absent == "not_checkable":
        found = np.where(none, reason_code("not_linked"), found)
    elif not (frame["any_a"] | frame["any_b"]).all():
        neither = ~(frame["any_a"] | frame["any_b"]).to_numpy()
        found = np.where(neither, reason_code("not_linked"), found)
    return found


def _figure(value: float, unit: str) -> str:
    number = f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()


def _of_key(key: str) -> str:
    return f" [{key}]" if key else ""
