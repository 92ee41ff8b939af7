"""Pauses: months in which paid traffic or subsidy was stopped at a party, by lot or otherwise."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.interventions import ASSIGNMENTS, UNKNOWN
from thalweg.records.companions.ledger import account_home
from thalweg.records.companions.money import MONTH, PARTY, months_covered, months_in_records
from thalweg.records.companions.names import (
    EVERY,
    folded,
    note_unknown,
    parties_known,
    respelled,
)
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
from thalweg.records.profile.words import likely_account

RANDOMISED, OTHER = "randomised", "other"
SUBSIDY = "subsidy"
"""The channel of a pause that says: no subsidy at this party in this month."""
_SUBSIDIES = (
    "subsidy subsidies 补贴 补贴款 平台补贴 用户补贴 客户补贴 商户补贴 补贴暂停 停补贴 停发补贴"
)
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
    rows = _assignments(_subsidies(rows, around), found)
    usable = rows.filter(~pl.col(ROW).is_in(list(found.bad_rows())))
    recheck(usable, around, found)
    return rows


def _subsidies(rows: pl.DataFrame, around: Surroundings) -> pl.DataFrame:
    """Subsidy under its one name, whatever the word for it; a channel of traffic keeps its own."""
    paid = _channels(around)
    words = {
        name: SUBSIDY
        for name in rows["channel"].drop_nulls().unique().sort()
        if folded(name) in _SUBSIDIES.split() and name not in paid
    }
    return rows.with_columns(pl.col("channel").replace(words))


def _channels(around: Surroundings) -> set[str]:
    """Channels of the traffic table; none where there is no table."""
    traffic = around.tables("traffic")
    return set() if traffic is None else set(traffic["channel"].drop_nulls().unique())


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
    """Parties and channels are known, and nothing was spent or given where it was paused."""
    parties_known(rows, around, found)
    months_in_records(rows, around, found)
    _no_spend(rows, around, found)
    _no_subsidy(rows, around, found)


def _no_spend(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Channels are those of the traffic, which shows no spend where they were paused."""
    traffic = around.tables("traffic")
    if traffic is None:
        return
    channels = _channels(around)
    unknown = set(rows["channel"].unique()) - channels - {EVERY, SUBSIDY}
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


def _no_subsidy(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """The ledger holds no line of subsidy where subsidy was paused."""
    ledger = around.tables("ledger")
    paused = rows.filter(pl.col("channel") == SUBSIDY)
    if ledger is None or paused.is_empty() or SUBSIDY in _channels(around):
        return
    stated = {} if around.profile is None else around.profile.accounts
    home = account_home(stated)
    names = [
        name
        for name in ledger["account"].drop_nulls().unique()
        if home.get(name.strip().casefold(), "" if stated else likely_account(name)) == "subsidy"
    ]
    booked = months_covered(
        ledger.filter(pl.col("account").is_in(names) & (pl.col("amount") != 0.0))
    ).collect()
    broken = [
        paused.filter((pl.col("party") == EVERY) == every).join(
            booked, on=["month"] if every else ["party", "month"], how="semi"
        )[ROW]
        for every in (False, True)
    ]
    found.note("pause_with_subsidy", "warning", pl.concat(broken).sort(), "channel")


SCHEMA = Schema(
    "pauses",
    (
        Column("party", "text", "party, or * for every one", PARTY, required=True),
        Column("month", "month", "month, such as 2024-03", MONTH, required=True),
        Column(
            "channel", "text", "paid channel, * for all of them, or subsidy", CHANNEL, required=True
        ),
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
        "pause_with_subsidy",
    ),
)
