"""How the events of a log lie in ERP tables: one document table for each type of object.

An activity lies in the table of the type that it happens to once: its dates and people are columns
of that row, as in an order table with the columns "signed on" and "signed by". What it touches
besides is named by foreign keys, or by a table of lines where it is several. Events that do not
fit so (a piece of work that is done again, mostly) lie in a journal, a row each. The layout is
found from the log itself, and reading it back gives the same events to the last link.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from thalweg.industry.writing.log import Log

FITS_SHARE = 0.5
"""An activity carries a link to another type where at least this share of its events has it."""


@dataclass(frozen=True, slots=True)
class Work:
    """An activity in the table of its type.

    single   types of which the row's foreign key is what the event touches.
    several  types of which the lines of the row are what the event touches.
    """

    activity: str
    type: str
    single: tuple[str, ...]
    several: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where everything lies.

    works     in the order of the log.
    placed    event, type, object: the row of each event that fits its table.
    keys      by (type, other type): object, other: the foreign key of each row.
    lines     by (type, other type): object, other: the lines.
    journal   events that lie in the journal.
    """

    works: tuple[Work, ...]
    placed: pl.DataFrame
    keys: dict[tuple[str, str], pl.DataFrame]
    lines: dict[tuple[str, str], pl.DataFrame]
    journal: pl.Series


def lay_out(log: Log) -> Layout:
    """Find the layout of a log."""
    links = log.links.join(log.events.select("event", "activity"), on="event")
    homes = _homes(links, list(log.objects))
    placed = _first_of_each(log, links, homes)
    others = links.join(placed.select("event", home="type", row="object"), on="event").filter(
        pl.col("type") != pl.col("home")
    )
    sets = others.group_by("event", "activity", "home", "row", "type", maintain_order=True).agg(
        pl.col("object").unique().sort()
    )
    usual = _usual(sets, placed)
    keys, lines = _held(sets, usual)
    works = _works(usual, homes, placed)
    fitting = _fitting(placed, sets, works, keys, lines)
    kept = placed.filter(pl.col("event").is_in(fitting.implode()))
    journal = log.events["event"].filter(~log.events["event"].is_in(kept["event"].implode()))
    return Layout(works, kept, keys, lines, journal)


def _homes(links: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """activity, type: where each activity lies.

    Of the types of which each of its events has exactly one object, that to whose objects it
    happens most rarely again; of several such types the one with the fewest activities, which is
    about this one most, and then the one that comes last in the chain.
    """
    events = links.group_by("activity").agg(pl.col("event").n_unique().alias("events"))
    counted = links.group_by("activity", "type", "event").len()
    each = counted.group_by("activity", "type").agg(pl.len().alias("with"), pl.col("len").max())
    objects = links.group_by("activity", "type").agg(pl.col("object").n_unique().alias("objects"))
    about = links.group_by("type").agg(pl.col("activity").n_unique().alias("activities"))
    chosen = (
        each.join(events, on="activity")
        .join(about, on="type")
        .join(objects, on=["activity", "type"])
        .filter((pl.col("with") == pl.col("events")) & (pl.col("len") == 1))
        .with_columns(pl.col("type").cast(pl.Enum(order)).to_physical().alias("place"))
    )
    keys = ["objects", "activities", "place", "activity"]
    best = chosen.sort(keys, descending=[True, False, True, False])
    return best.unique("activity", keep="first", maintain_order=True).select("activity", "type")


def _first_of_each(log: Log, links: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """event, activity, type, object: the first event of an activity at each of its objects."""
    at_home = links.join(homes, on=["activity", "type"], how="semi")
    timed = at_home.join(log.events.select("event", "end"), on="event").sort("end", "event")
    first = timed.unique(["activity", "object"], keep="first", maintain_order=True)
    return first.select("event", "activity", "type", "object").sort("event")


def _usual(sets: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """activity, home, type, several: what an activity usually touches besides its own row."""
    events = placed.group_by("activity").agg(pl.len().alias("events"))
    counted = sets.group_by("activity", "home", "type").agg(
        pl.len().alias("with"), (pl.col("object").list.len().max() > 1).alias("several")
    )
    some = counted.join(events, on="activity")
    usual = some.filter(pl.col("with") >= FITS_SHARE * pl.col("events"))
    together = pl.col("several").any().over("home", "type")
    return usual.with_columns(together).sort("activity", "type")


def _held(
    sets: pl.DataFrame, usual: pl.DataFrame
) -> tuple[dict[tuple[str, str], pl.DataFrame], dict[tuple[str, str], pl.DataFrame]]:
    """Foreign keys and lines of each row: what the first event that has any touches."""
    held = sets.join(usual.select("activity", "type", "several"), on=["activity", "type"])
    first = held.sort("event").unique(["home", "row", "type"], keep="first", maintain_order=True)
    keys: dict[tuple[str, str], pl.DataFrame] = {}
    lines: dict[tuple[str, str], pl.DataFrame] = {}
    for (home, kind), rows in first.group_by("home", "type", maintain_order=True):
        flat = rows.select(pl.col("row").alias("object"), pl.col("object").alias("other"))
        target = lines if rows["several"][0] else keys
        target[str(home), str(kind)] = flat.explode("other")
    return keys, lines


def _works(usual: pl.DataFrame, homes: pl.DataFrame, placed: pl.DataFrame) -> tuple[Work, ...]:
    kinds = dict(homes.iter_rows())
    touched: dict[str, tuple[list[str], list[str]]] = {}
    for activity, kind, several in usual.select("activity", "type", "several").iter_rows():
        touched.setdefault(activity, ([], []))[several].append(kind)
    first = placed.unique("activity", keep="first", maintain_order=True)["activity"]
    return tuple(
        Work(activity, kinds[activity], *map(tuple, touched.get(activity, ((), ()))))
        for activity in first
    )


def _fitting(
    placed: pl.DataFrame,
    sets: pl.DataFrame,
    works: tuple[Work, ...],
    keys: dict[tuple[str, str], pl.DataFrame],
    lines: dict[tuple[str, str], pl.DataFrame],
) -> pl.Series:
    """Events that touch exactly what their row says that they touch."""
    said = [
        placed.filter(pl.col("activity") == work.activity)
        .join((keys | lines)[work.type, other], on="object")
        .select("event", pl.lit(other).alias("type"), pl.col("other").alias("object"))
        for work in works
        for other in (*work.single, *work.several)
        if (work.type, other) in (keys | lines)
    ]
    schema = {"event": placed.schema["event"], "type": pl.String(), "object": pl.String()}
    claimed = pl.concat([pl.DataFrame(schema=schema), *said])
    true = sets.select("event", "type", "object").explode("object").cast({"type": pl.String})
    names = ["event", "type", "object"]
    wrong = pl.concat(
        [claimed.join(true, on=names, how="anti"), true.join(claimed, on=names, how="anti")]
    )["event"]
    return placed["event"].filter(~placed["event"].is_in(wrong.implode()))
