"""Pauses: months in which paid traffic was stopped at a party, by lot or otherwise."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.interventions import ASSIGNMENTS, UNKNOWN
from thalweg.records.companions.money import MONTH, PARTY, months_in_records
from thalweg.records.companions.names import EVERY, note_unknown, parties_known, respelled
from thalweg.records.companions.schema import (
    Column,
    Fault,
    Judgement,
    Schema,
    Surroundings,
    near_words,
)
from thalweg.records.companions.traffic import CHANNEL
from thalweg.records.intake import ROW
from thalweg.records.mapping.flat import nearest

RANDOMISED, OTHER = "randomised", "other"
_OTHER = "other notrandom notrandomised notrandomized 其他 其它 非随机 人工 人为"
_WORDS = {
    RANDOMISED: ASSIGNMENTS[RANDOMISED].split(),
    OTHER: [
        *_OTHER.split(),
        *(w for k in ("planned", "chosen", "volunteered") for w in ASSIGNMENTS[k].split()),
    ],
    UNKNOWN: ASSIGNMENTS[UNKNOWN].split(),
}


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of pauses against what can be true; see ``schema.Check``."""
    rows = respelled(rows, "party", around, found)
    rows = _assignments(rows, found)
    usable = rows.filter(~pl.col(ROW).is_in(list(found.bad_rows())))
    recheck(usable, around, found)
    return rows


def _assignments(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    known = {word: name for name, words in _WORDS.items() for word in words}
    told: list[str] = []
    for row, value in rows.select(ROW, "assignment").iter_rows():
        word = "" if value is None else "".join(c for c in value.casefold() if c.isalpha())
        if value is not None and word not in known:
            cure, near = nearest(value, list(_WORDS)), near_words(value, _WORDS)
            found.faults.append(Fault(row, "assignment_unknown", "assignment", value, cure, near))
        told.append(known.get(word, UNKNOWN))
    silent = rows.filter(pl.col("assignment").is_null())[ROW]
    found.note("pause_assignment_not_stated", "warning", silent, "assignment")
    return rows.with_columns(pl.Series("assignment", told, dtype=pl.String))


def recheck(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Parties and channels are known, and nothing was spent where it was paused."""
    parties_known(rows, around, found)
    months_in_records(rows, around, found)
    traffic = around.tables("traffic")
    if traffic is None:
        return
    channels = set(traffic["channel"].unique())
    unknown = set(rows["channel"].unique()) - channels - {EVERY}
    note_unknown("channel_unlisted", rows, "channel", unknown, sorted(channels), found)
    spent = traffic.filter(pl.col("spend") > 0).select("party", "month", "channel").unique()
    broken = []
    for by_party in (True, False):
        for by_channel in (True, False):
            every = (pl.col("party") != EVERY) == by_party
            every &= (pl.col("channel") != EVERY) == by_channel
            on = ["month", *["party"] * by_party, *["channel"] * by_channel]
            broken.append(rows.filter(every).join(spent, on=on, how="semi")[ROW])
    found.note("pause_with_spend", "warning", pl.concat(broken).sort(), "channel")


SCHEMA = Schema(
    "pauses",
    (
        Column("party", "text", "party, or * for every one", PARTY, required=True),
        Column("month", "month", "month, such as 2024-03", MONTH, required=True),
        Column("channel", "text", "channel, or * for all", CHANNEL, required=True),
        Column(
            "assignment",
            "text",
            "randomised or other",
            "assignment assignedby allocation 分配方式 分配 安排方式 选择方式 指派方式",
        ),
    ),
    keys=("party", "month", "channel"),
    check=check,
    recheck=recheck,
    rechecked=(
        *("party_unlisted", "rows_outside_records", "channel_unlisted", "pause_with_spend"),
    ),
)
