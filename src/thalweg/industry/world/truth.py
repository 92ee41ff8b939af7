"""What each intervention truly did: the same world lived again with it alone switched off.

Both worlds share all chance, so a cell's effect is the difference of two histories of the same
orders, not of two samples. Everything is taken from the uncensored course of events; the treated
cells are those that are fully treated and mature at the cut.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.industry.world.calendars import month_after
from thalweg.industry.world.course import ACTIVITIES
from thalweg.industry.world.life import Lived, live
from thalweg.industry.world.mechanisms import FAILED_ENDS, rolled_out
from thalweg.industry.world.money import capital_of, cash_of, revenue_of
from thalweg.industry.world.outcomes import (
    HOUR_S,
    LAYER_NAMES,
    WINDOWS_D,
    cells_of,
    items_of,
    steps_of,
    window_of,
)
from thalweg.industry.world.rollout import NEVER_DAY, Plan
from thalweg.industry.world.spec import Switches, WorldSpec

OFF_AT_SHARE = 0.6
"""Of the months: when traffic, subsidy or capital end in the worlds without them."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The truth of a world.

    windows_d   layer, or "flow" → days within which it is followed.
    cells       intervention, outcome, unit, month, objects, value_on, value_off, effect (on the
                scale of the outcome), treated, scale (log or level): a row for every firm and
                month that has objects in both worlds.
    effects     intervention, outcome, scale, group, cells, units, att, relative, absolute. group
                "treated": the mean over treated cells. group "others": over cells of firms that
                were not (yet) treated, since the first roll-out; not zero only where it spills.
                relative: exp(att) - 1 for logs, att / mean without it for levels.
    by_cohort   intervention, outcome, cohort (first fully treated month), cells, att.
    by_unit     intervention, outcome, unit, cells, att.
    burdens     layer, hours_per_order_h (with nothing rolled out), burden_share, loops_per_order,
                broke_off_share.
    money       switch, month, revenue_cny, capital_cny, net_cash_cny, cash_cny (summed up). switch
                "none", "channels", "subsidy", "channels_and_subsidy", "capital" (ended on
                ``off_from``) or "interventions" (none was ever rolled out).
    """

    spec: WorldSpec
    windows_d: dict[str, int]
    off_from: date
    cells: pl.DataFrame
    effects: pl.DataFrame
    by_cohort: pl.DataFrame
    by_unit: pl.DataFrame
    burdens: pl.DataFrame
    money: pl.DataFrame

    def effect(self, intervention: str, outcome: str) -> dict[str, Any]:
        """The row of ``effects`` for the treated cells."""
        found = self.effects.filter(
            (pl.col("intervention") == intervention)
            & (pl.col("outcome") == outcome)
            & (pl.col("group") == "treated")
        )
        return found.row(0, named=True)

    def to_json(self) -> str:
        """All but the cells, as one JSON object; dates as ISO texts, unknown figures as null."""
        tables = ("effects", "by_cohort", "by_unit", "burdens", "money")
        spec = asdict(self.spec)
        body = {
            "spec": spec,
            "windows_d": self.windows_d,
            "off_from": self.off_from,
            **{name: getattr(self, name).fill_nan(None).to_dicts() for name in tables},
        }
        return json.dumps(body, default=str, ensure_ascii=False, indent=1)


def truth_of(
    spec: WorldSpec,
    *,
    interventions: tuple[str, ...] | None = None,
    windows_d: dict[str, int] | None = None,
    money: bool = True,
) -> Truth:
    """Live the world once as it is, and once without each intervention.

    interventions  to take the truth of; None: all that are rolled out.
    windows_d      other windows than ``WINDOWS_D``, for some layers or "flow".
    money          also live it without traffic, subsidy, capital and all interventions.
    """
    windows = WINDOWS_D | (windows_d or {})
    world = live(spec)
    on = cells_of(world, windows)
    pieces = []
    for name in rolled_out(spec) if interventions is None else interventions:
        off = cells_of(live(spec, Switches(off=frozenset({name}))), windows)
        pieces.append(_joined(world.plans[name], on, off, world, windows))
    cells = pl.concat(pieces) if pieces else _no_cells(on, world, windows)
    bare = live(spec, Switches(off=frozenset(rolled_out(spec))))
    scale = pl.col("outcome").str.ends_with("_share")
    cells = cells.with_columns(scale=pl.when(scale).then(pl.lit("level")).otherwise(pl.lit("log")))
    known = cells.filter(pl.col("effect").is_finite())
    treated = known.filter("treated")
    mean = (pl.len().alias("cells"), pl.col("effect").mean().alias("att"))
    return Truth(
        spec=spec,
        windows_d=windows,
        off_from=off_from_of(spec),
        cells=cells.drop("cohort", "others"),
        effects=_effects(known),
        by_cohort=treated.group_by("intervention", "outcome", "cohort")
        .agg(*mean)
        .sort("intervention", "outcome", "cohort"),
        by_unit=treated.group_by("intervention", "outcome", "unit")
        .agg(*mean)
        .sort("intervention", "outcome", "unit"),
        burdens=_burdens(bare, windows),
        money=_money(spec, world, bare) if money else _money_rows("none", world),
    )


def _no_cells(on: pl.DataFrame, world: Lived, windows_d: dict[str, int]) -> pl.DataFrame:
    nobody = np.full(world.spec.firms, NEVER_DAY, dtype=np.int64)
    plan = Plan("", nobody, nobody, np.zeros(world.spec.firms), "", "")
    return _joined(plan, on, on, world, windows_d).clear()


def _joined(
    plan: Plan, on: pl.DataFrame, off: pl.DataFrame, world: Lived, windows_d: dict[str, int]
) -> pl.DataFrame:
    """Both worlds cell by cell, with what each cell is to the intervention."""
    keys = ("outcome", "firm", "month")
    both = on.rename({"value": "value_on"}).join(
        off.select(*keys, value_off="value"), on=keys, how="inner"
    )
    a, b = pl.col("value_on"), pl.col("value_off")
    level = pl.col("outcome").str.ends_with("_share")
    effect = pl.when(level).then(a - b).when((a > 0) & (b > 0)).then(a.log() - b.log())
    starts = [world.clock.month_start(month) for month in range(world.clock.months + 1)]
    months = pl.Series(starts, dtype=pl.Date)
    roll = _months_of(plan, world)
    joined = both.join(roll, on="firm").with_columns(
        effect=effect, mature=_mature(world, windows_d)
    )
    month, first = pl.col("month"), pl.col("first")
    return joined.select(
        intervention=pl.lit(plan.name),
        outcome="outcome",
        unit=pl.format("F{}", (pl.col("firm") + 1).cast(pl.String).str.zfill(3)),
        month=months.gather(joined["month"].cast(pl.UInt32)),
        objects="objects",
        value_on="value_on",
        value_off="value_off",
        effect="effect",
        treated=(month >= first) & (month < pl.col("last")) & pl.col("mature"),
        cohort=months.gather(joined["first"].clip(upper_bound=world.clock.months).cast(pl.UInt32)),
        others=(month < pl.col("touched")) & (month >= pl.col("earliest")) & pl.col("mature"),
    )


def _months_of(plan: Plan, world: Lived) -> pl.DataFrame:
    """firm, first (fully treated month), last (first no longer so), touched, earliest of all."""
    clock = world.clock
    first = np.searchsorted(clock.first_days, plan.begins, side="left")
    last = np.searchsorted(clock.first_days, plan.ends, side="right") - 1
    touched = np.searchsorted(clock.first_days, plan.begins, side="right") - 1
    touched = np.where(plan.begins < NEVER_DAY, touched, clock.months)
    return pl.DataFrame(
        {
            "firm": np.arange(len(first)),
            "first": first,
            "last": np.where(plan.ends < NEVER_DAY, last, clock.months),
            "touched": touched,
            "earliest": np.full(len(first), touched.min(initial=clock.months)),
        },
        schema={
            "firm": pl.Int64,
            **dict.fromkeys(("first", "last", "touched", "earliest"), pl.Int64),
        },
    )


def _mature(world: Lived, windows_d: dict[str, int]) -> pl.Expr:
    """Whether all of a cell's objects can be followed for the window before the cut."""
    first_days = world.clock.first_days
    ends = pl.col("month").replace_strict(
        {month: int(first_days[month + 1]) for month in range(world.clock.months)},
        return_dtype=pl.Int64,
    )
    names = ["flow_h", "started_per_day", *(f"layer_h:{name}" for name in LAYER_NAMES)]
    window = pl.col("outcome").replace_strict(
        {name: window_of(name, windows_d) for name in names},
        default=pl.when(pl.col("outcome").str.ends_with("_per_day"))
        .then(0)
        .otherwise(windows_d["flow"]),
        return_dtype=pl.Int64,
    )
    return ends + window <= int(first_days[-1])


def _effects(known: pl.DataFrame) -> pl.DataFrame:
    """The mean effect over treated cells, and over those of firms not (yet) treated."""
    mean_off, gap = pl.col("value_off").mean(), pl.col("value_on") - pl.col("value_off")
    att = pl.col("effect").mean()
    pieces = []
    for group, chosen in (("treated", "treated"), ("others", "others")):
        pieces.append(
            known.filter(chosen)
            .group_by("intervention", "outcome", "scale")
            .agg(
                group=pl.lit(group),
                cells=pl.len().cast(pl.Int64),
                units=pl.col("unit").n_unique().cast(pl.Int64),
                att=att,
                relative=pl.when(pl.col("scale").first() == "log")
                .then(att.exp() - 1)
                .otherwise(att / mean_off),
                absolute=gap.mean(),
            )
        )
    return pl.concat(pieces).sort(
        "intervention", "outcome", "group", descending=[False, False, True]
    )


def _burdens(bare: Lived, windows_d: dict[str, int]) -> pl.DataFrame:
    """What each layer costs an order while nothing is rolled out."""
    steps = steps_of(bare)
    orders = steps["order"].n_unique()
    failing = [ACTIVITIES.index(name) for name in FAILED_ENDS]
    repeated = steps.select(
        "layer",
        again=pl.col("activity").cum_count().over("order", "activity") > 1,
        failed=pl.col("activity").is_in(failing),
    )
    counts = repeated.group_by("layer").agg(pl.col("again", "failed").sum())
    hours = items_of(steps, windows_d).group_by("layer").agg(h=pl.col("stay_s").sum() / HOUR_S)
    table = hours.join(counts, on="layer").sort("layer")
    names = pl.Series(LAYER_NAMES)
    return table.select(
        layer=names.gather(table["layer"].cast(pl.UInt32)),
        hours_per_order_h=pl.col("h") / orders,
        burden_share=pl.col("h") / pl.col("h").sum(),
        loops_per_order=pl.col("again") / orders,
        broke_off_share=pl.col("failed") / orders,
    )


def off_from_of(spec: WorldSpec) -> date:
    """The day from which traffic, subsidy or capital are off in the worlds without them."""
    return month_after(spec.start, round(OFF_AT_SHARE * spec.months))


def money_of(spec: WorldSpec) -> pl.DataFrame:
    """The table ``money`` of the truth alone."""
    bare = Switches(off=frozenset(rolled_out(spec)))
    return _money(spec, live(spec), live(spec, bare))


def _money(spec: WorldSpec, world: Lived, bare: Lived) -> pl.DataFrame:
    """Revenue and cash by month, as it was and with something ended."""
    off_from = off_from_of(spec)
    without = {
        "channels": Switches(channels_off_from=off_from),
        "subsidy": Switches(subsidy_off_from=off_from),
        "channels_and_subsidy": Switches(channels_off_from=off_from, subsidy_off_from=off_from),
        "capital": Switches(capital_off_from=off_from),
    }
    rows = [_money_rows("none", world), _money_rows("interventions", bare)]
    rows += [_money_rows(name, live(spec, switches)) for name, switches in without.items()]
    return pl.concat(rows)


def _money_rows(switch: str, lived: Lived) -> pl.DataFrame:
    revenue, capital, net = revenue_of(lived), capital_of(lived), cash_of(lived)
    return pl.DataFrame(
        {
            "switch": [switch] * len(net),
            "month": [lived.clock.month_start(month) for month in range(len(net))],
            "revenue_cny": revenue.round(2),
            "capital_cny": capital.round(2),
            "net_cash_cny": net.round(2),
            "cash_cny": np.cumsum(net).round(2),
        }
    )
