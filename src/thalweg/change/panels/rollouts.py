"""Who got which intervention when, in the periods of panels; and designs that say what else held."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from thalweg.change.frame import (
    ALREADY,
    NEVER,
    UNKNOWN_NS,
    Design,
    Floats,
    Ints,
    Panel,
    Rollout,
)
from thalweg.change.panels.apart import Concurrent, standings
from thalweg.change.panels.grid import TOUCHED, Grid, first_full, straddling
from thalweg.change.panels.panel import Panels
from thalweg.errors import RequestError
from thalweg.process.calendar import zone_of
from thalweg.process.timeline import midnight_ns
from thalweg.records.attributes import column
from thalweg.records.companions.interventions import EVERY_UNIT
from thalweg.records.companions.reach import by_unit, in_doubt, unreached

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

RANDOMISED = "randomised"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rollouts(
    source: Book | pl.DataFrame,
    panels: Panels,
    *,
    parties: pl.DataFrame | None = None,
    set_aside: pl.DataFrame | None = None,
) -> dict[str, Rollout]:
    """Each intervention's first and last full periods at the units of the panels.

    Takes    source: a book, or its table of interventions (``id``, ``unit``, ``from_at`` and
             ``to_at`` in UTC, or local days ``from`` and ``to``; optional ``intensity`` and
             ``assignment``). A unit ``*`` is every eligible unit; a parent, the units below it.
             parties: None means those of the panels. set_aside: rows of the table that could not be
             used (``Book.companion_set_aside``); None means those of a book, and none of a table.
    Returns  by intervention. Units that it never names are ``NEVER``; so are those that adopt
             after the last period has begun. Those in force before the first full period is over
             are ``ALREADY``, as are units in ``doubtful``. Of several times in force the first counts, with what follows it
             without a gap. Rows that reach no unit of the panels are left out (see ``unreached``
             of the companions).
    Raises   RequestError: there are no interventions, a column is missing, or units are joined by
             a ``level`` and an intervention is at a unit below it: part of a joined unit would be
             treated, which is neither treatment nor its absence.
    """
    table = source if isinstance(source, pl.DataFrame) else source.interventions()
    if table is None:
        raise RequestError(
            "The book has no interventions. Give them with thalweg ingest --interventions FILE."
        )
    if set_aside is None and not isinstance(source, pl.DataFrame):
        set_aside = source.companion_set_aside("interventions")
    known = panels.parties if parties is None else parties
    rows = by_unit(settled(table, panels.grid.zone), panels.units, known)
    place = {name: at for at, name in enumerate(panels.units)}
    _refuse_below(table, panels, known)
    found = {}
    for name in table["id"].unique(maintain_order=True).to_list():
        mine = rows.filter(pl.col("id") == name)
        found[name] = _rollout(name, mine, place, panels)
    for name, units in doubtful(table, set_aside, panels, parties=parties).items():
        start = found[name].start.copy()
        start[[place[unit] for unit in units]] = ALREADY
        found[name] = replace(found[name], start=start)
    return found


def _refuse_below(table: pl.DataFrame, panels: Panels, parties: pl.DataFrame | None) -> None:
    level = panels.source.level
    if level is None or parties is None:
        return
    inside = parties.filter(column(level).cast(pl.String).is_in(list(panels.units)))
    words = {*inside["id"], *inside["name"]}
    missed = unreached(settled(table, panels.grid.zone), panels.units, parties)
    below = missed.filter(pl.col("unit").is_in(list(words)))
    if len(below):
        name, unit = below["id"][0], below["unit"][0]
        raise RequestError(
            f"Units are joined by {level!r}, and the intervention {name!r} is at {unit!r}, which is "
            f"part of one. A joined unit of which part is treated is no use as treated or as "
            f"control. Leave the level out, or give the intervention by {level!r}, once it holds in "
            f"all of it."
        )


def doubtful(
    table: pl.DataFrame,
    set_aside: pl.DataFrame | None,
    panels: Panels,
    *,
    parties: pl.DataFrame | None = None,
) -> dict[str, tuple[str, ...]]:
    """By intervention the units of which it is not known when, or whether, they got it.

    A row of theirs was set aside, which says nothing of the unit: it is neither treated nor a
    control. A row set aside for every unit leaves no doubt of units that a usable row names.
    """
    if set_aside is None or not len(set_aside) or "unit" not in set_aside.columns:
        return {}
    known = panels.parties if parties is None else parties
    rows = settled(table, panels.grid.zone)
    named = by_unit(rows.filter(pl.col("unit") != EVERY_UNIT), panels.units, known)
    general = set_aside.filter(pl.col("unit") == EVERY_UNIT)
    single = set_aside.filter(pl.col("unit") != EVERY_UNIT)
    everyone = in_doubt(general, panels.units, known).join(named, on=["id", "unit"], how="anti")
    pairs = pl.concat([in_doubt(single, panels.units, known), everyone]).unique()
    pairs = pairs.filter(pl.col("id").is_in(table["id"].unique().implode())).sort("id", "unit")
    return {
        str(name): tuple(rows["unit"])
        for (name,), rows in pairs.group_by("id", maintain_order=True)
    }


def settled(table: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The rows with instants, whatever their days and times were given as."""
    for needed in ("id", "unit"):
        if needed not in table.columns:
            raise RequestError(f"Interventions have no column {needed!r}. Every row needs one.")
    if "@row" not in table.columns:
        table = table.with_row_index("@row", 1).cast({"@row": pl.Int64})
    if "from_at" not in table.columns:
        if "from" not in table.columns:
            raise RequestError("Interventions have no column 'from'. Every row needs a first day.")
        ends = table["to"].to_list() if "to" in table.columns else [None] * len(table)
        stamps = {
            "from_at": [_instant(value, zone, 0) for value in table["from"].to_list()],
            "to_at": [_instant(value, zone, 1) for value in ends],
        }
        utc = pl.Datetime("ns", "UTC")
        table = table.with_columns(
            *(pl.Series(name, ns, dtype=pl.Int64).cast(utc) for name, ns in stamps.items())
        )
    return table


def _instant(value: Any, zone: str, days: int) -> int | None:
    """A local day (its beginning, or with ``days`` its end) or a time, as UTC ns."""
    if value is None:
        return None
    if isinstance(value, datetime):
        place = zone_of(zone)
        aware = value.replace(tzinfo=place) if value.tzinfo is None else value
        return (aware - _EPOCH) // timedelta(microseconds=1) * 1000
    if isinstance(value, date):
        return midnight_ns(value + timedelta(days=days), zone_of(zone))
    raise RequestError(f"{value!r} is no day of an intervention. Write 2024-03-01.")


def _rollout(name: str, rows: pl.DataFrame, place: Mapping[str, int], panels: Panels) -> Rollout:
    grid, units = panels.grid, panels.units
    adopted, ended = np.full(len(units), UNKNOWN_NS), np.full(len(units), UNKNOWN_NS)
    dose = np.full(len(units), np.nan)
    ordered = rows.sort("unit", "from_at", "@row")
    doses = ordered["intensity"].to_list() if "intensity" in rows.columns else [None] * len(rows)
    begins = ordered["from_at"].dt.timestamp("ns").to_list()
    ends = ordered["to_at"].dt.timestamp("ns").to_list()
    for unit, begin, end, amount in zip(ordered["unit"], begins, ends, doses, strict=True):
        at, until = place[unit], UNKNOWN_NS if end is None else end
        if adopted[at] == UNKNOWN_NS:
            adopted[at], ended[at] = begin, until
            dose[at] = np.nan if amount is None else amount
        elif begin <= ended[at]:
            ended[at] = max(int(ended[at]), until)
    start, stop = _periods(grid, adopted, ended)
    drawn = "assignment" in rows.columns and len(rows) > 0
    return Rollout(
        intervention=name,
        units=units,
        start=start,
        stop=stop,
        intensity=dose if np.isfinite(dose).any() else None,
        randomised=drawn and bool((rows["assignment"] == RANDOMISED).all()),
        adopted_ns=adopted,
        ended_ns=ended,
    )


def _periods(grid: Grid, adopted_ns: Ints, ended_ns: Ints) -> tuple[Ints, Ints]:
    """First full treated period, and the first that is no longer treated throughout."""
    start = first_full(grid, adopted_ns)
    start = np.where(start <= 0, ALREADY, start)
    start = np.where(start >= len(grid), NEVER, start)
    stop = grid.period(ended_ns)
    gone = (ended_ns != UNKNOWN_NS) & (stop < len(grid))
    stop = np.where(gone, stop, NEVER)
    start = np.where(gone & (start != NEVER) & (stop <= start), ALREADY, start)
    return start.astype(np.int64), stop.astype(np.int64)


def design_for(
    panels: Panels, outcome: str, rollout: Rollout, others: Collection[Rollout] = ()
) -> Design:
    """One intervention against one outcome.

    ``Panel.straddle`` follows from the instants of adoption and the outcome's window; cells that
    an adoption too late for a full period has touched are unknown; treated cells end where
    objects would outlive the treatment. Other interventions become covariates where that can
    separate them; those that cannot be told apart are named in ``Design.inseparable``, with how
    much of their own effect is counted as this one's. ``concurrent`` says how each stands.
    """
    design = _design(panels, outcome, rollout)
    held = _held(panels, design, others)
    said = standings(design, held)
    return replace(
        design,
        covariates={
            one.intervention: held[one.intervention] for one in said if one.standing == "covariate"
        },
        inseparable={one.intervention: one.left for one in said if one.standing == "inseparable"},
    )


def concurrent(
    panels: Panels, outcome: str, rollout: Rollout, others: Collection[Rollout]
) -> tuple[Concurrent, ...]:
    """How each other intervention stands to the effect of this one, in the order given."""
    design = _design(panels, outcome, rollout)
    return standings(design, _held(panels, design, others))


def _within_ns(panel: Panel) -> int:
    return round((panel.outcome.within_s or 0.0) * 1e9)


def _design(panels: Panels, outcome: str, rollout: Rollout) -> Design:
    panel, grid = panels[outcome], panels.grid
    if rollout.units != panel.units:
        raise RequestError(
            f"The roll-out of {rollout.intervention!r} is of other units than the panels. "
            "Make it with rollouts() of these panels."
        )
    if rollout.adopted_ns is None or rollout.ended_ns is None:
        return Design(panel, rollout)
    within = _within_ns(panel)
    touched = grid.after(rollout.adopted_ns, within) > TOUCHED
    late = (rollout.start == NEVER)[:, None] & touched
    value = np.where(late, np.nan, panel.value)
    outlived = grid.after(rollout.ended_ns, within) > TOUCHED
    first = np.where(outlived.any(axis=1), outlived.argmax(axis=1), NEVER)
    straddle = straddling(grid, rollout.adopted_ns[rollout.treated], panel.outcome.within_s)
    return Design(
        replace(panel, value=value, straddle=straddle),
        replace(rollout, stop=np.minimum(rollout.stop, first)),
    )


def _held(panels: Panels, design: Design, others: Collection[Rollout]) -> dict[str, Floats]:
    """(N, T) part of each cell's time in which another intervention held, by its name."""
    grid, within = panels.grid, _within_ns(design.panel)
    found = {}
    for other in others:
        if other.intervention == design.rollout.intervention:
            continue
        if other.adopted_ns is None or other.ended_ns is None:
            at = np.arange(len(grid))[None, :]
            begin = np.where(other.start == ALREADY, 0, other.start)[:, None]
            held = ((at >= begin) & (at < other.stop[:, None])).astype(float)
        else:
            held = grid.after(other.adopted_ns, within) - grid.after(other.ended_ns, within)
        found[other.intervention] = np.maximum(held, 0.0)
    return found
