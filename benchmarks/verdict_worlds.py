"""Worlds as ``judge`` meets them, without writing and reading their records.

Cells are taken from the lived world; a test of the project holds them equal to those measured from
its exported records (tests/test_world_panels.py). From there on everything is as in ``prove``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from study_sustain import accounts_of
from thalweg.change.answers.answer import Answer, Settings, answer, estimated
from thalweg.change.answers.grading import give_grades
from thalweg.change.answers.kept import Proved
from thalweg.change.answers.questions import About, Question, Surroundings, question_of, role_of
from thalweg.change.blas import one_blas_thread
from thalweg.change.checks.grade import RULES, TOGETHER
from thalweg.change.checks.lots import by_lot
from thalweg.change.checks.run import BEYOND, GROUND, ask, settle
from thalweg.change.frame import Floats, Mask, Outcome, Panel, Rollout
from thalweg.change.panels.grid import Grid
from thalweg.change.panels.panel import FEWEST_OBJECTS, FEWEST_PERIODS, Panels, fewest_by_unit
from thalweg.change.panels.rollouts import design_for, rollouts
from thalweg.change.panels.units import Units
from thalweg.economy.appraise import appraise, silent
from thalweg.economy.request import request_of
from thalweg.economy.sustain import respond
from thalweg.industry.world.chance import DAY_S
from thalweg.industry.world.life import Lived, live
from thalweg.industry.world.mechanisms import INTERVENTION_TABLE, rolled_out
from thalweg.industry.world.money import revenue_of
from thalweg.industry.world.outcomes import WINDOWS_D, cells_of, window_of
from thalweg.industry.world.rollout import NEVER_DAY
from thalweg.industry.world.spec import Switches
from thalweg.industry.writing.log import ZONE
from thalweg.verdict.dependence import (
    MONTHS,
    NOTHING_BOUGHT,
    TOLD,
    Dependence,
    most_by_money,
    told,
    told_in_parts,
    traffic_alone,
)

SECOND_NS = 1_000_000_000
COMMON = 0.5


def panels_of(lived: Lived, names: tuple[str, ...]) -> Panels:
    """Panels of a world's outcomes, thin and immature cells unknown, as measured from records."""
    clock, firms = lived.clock, lived.spec.firms
    months = clock.months
    units = tuple(f"F{firm + 1:03d}" for firm in range(firms))
    days = tuple(clock.month_start(month) for month in range(months))
    edges = (clock.first_days * DAY_S + clock.epoch_s) * SECOND_NS
    grid = Grid("month", ZONE, edges, days, np.diff(clock.first_days).astype(float))
    table = cells_of(lived, WINDOWS_D).filter(pl.col("outcome").is_in(names))
    made = {}
    for (name,), rows in table.group_by("outcome", maintain_order=True):
        value = np.full((firms, months), np.nan)
        objects = np.zeros((firms, months), np.int64)
        at = rows["firm"].to_numpy(), rows["month"].to_numpy()
        value[at], objects[at] = rows["value"].to_numpy(), rows["objects"].to_numpy()
        followed = clock.first_days[1:] + window_of(str(name), WINDOWS_D) <= clock.first_days[-1]
        thin = objects < fewest_by_unit(objects, FEWEST_OBJECTS)[:, None]
        value[thin | ~followed[None, :]] = np.nan
        value[np.isfinite(value).sum(axis=1) < FEWEST_PERIODS] = np.nan
        made[str(name)] = Panel(_outcome(str(name)), units, days, value, objects)
    source = Units(units, np.zeros(0, np.int64), "attribute:firm", None, 1.0, {})
    return Panels(
        fingerprint="",
        book="",
        request={},
        type="order",
        units=units,
        grid=grid,
        panels=made,
        windows={},
        source=source,
        objects=len(lived.course.orders.key),
        aside={},
        cells=pl.DataFrame(),
        dropped=(),
        horizon_ns=int(edges[-1]),
    )


def _outcome(name: str) -> Outcome:
    kind, _, layer = name.partition(":")
    within = float(window_of(name, WINDOWS_D) * DAY_S) or None
    if kind == "layer_h":
        return Outcome(name, "layer", "h", "log", "lower", layer, within)
    if kind == "flow_h":
        return Outcome(name, "flow", "h", "log", "lower", None, within)
    if kind.endswith("_share"):
        return Outcome(name, "share", "share", "level", "lower", None, within)
    return Outcome(name, "value", "CNY", "log", "higher")


def interventions_of(lived: Lived) -> pl.DataFrame:
    """The table of interventions as a platform would keep it."""
    clock, rows = lived.clock, []
    for name, plan in lived.plans.items():
        for firm in plan.treated.tolist():
            ends = int(plan.ends[firm])
            rows.append(
                {
                    "id": name,
                    "unit": f"F{firm + 1:03d}",
                    "from": clock.start + timedelta(days=int(plan.begins[firm])),
                    "to": None if ends >= NEVER_DAY else clock.start + timedelta(days=ends - 1),
                    "intensity": float(plan.intensity[firm]),
                    "assignment": plan.assignment,
                }
            )
    kinds = {"from": pl.Date, "to": pl.Date}
    return pl.DataFrame(rows, schema_overrides=kinds)


def exposure_of(lived: Lived) -> Floats:
    """Who deals with whom, through mills, buyers, carriers, warehouses and service centres."""
    orders, firms = lived.course.orders, lived.firms
    owner = orders.firm
    roles = [orders.mill, orders.buyer, firms.cluster[owner], firms.cluster[owner]]
    roles.append(firms.carrier[owner])
    tables = []
    for partner in roles:
        seen = partner >= 0
        table = np.zeros((firms.count, int(partner.max()) + 1))
        np.add.at(table, (owner[seen], partner[seen]), 1.0)
        tables.append(table)
    shared = np.concatenate(tables, axis=1)
    shared[:, (shared > 0).sum(axis=0) > COMMON * firms.count] = 0.0
    out = shared / np.maximum(shared.sum(axis=1, keepdims=True), 1e-300)
    back = (shared / np.maximum(shared.sum(axis=0, keepdims=True), 1e-300)).T
    reach = out @ back
    np.fill_diagonal(reach, 0.0)
    return np.asarray(reach)


def proved_of(lived: Lived, *, draws: int = 199, whole: bool = False) -> Proved:
    """A world's interventions against the layers that they name, asked and graded as in ``prove``.

    Takes    whole: ask everything that ``prove`` asks; else only what can refuse an effect, which
             is all that depth and the verdict go by, at a fifth of the time.
    """
    layers = [f"layer_h:{layer}" for layer in WINDOWS_D if layer != "flow"]
    panels = panels_of(lived, ("flow_h", *layers, "value_per_object"))
    everyone = rollouts(interventions_of(lived), panels)
    around = Surroundings(exposure_of(lived))
    asked: list[Question] = []
    for name in sorted(everyone):
        row = INTERVENTION_TABLE[name]
        about = About(name, name, row.kind, row.layers)
        asked += _questions(about, panels, everyone, around)
    settings = Settings(0.95, 0, draws)
    answers = tuple((answer if whole else _briefly)(one, settings) for one in asked)
    return Proved(panels, everyone, answers, tuple(give_grades(answers)))


def _briefly(question: Question, settings: Settings) -> Answer:
    """The answer with the checks that can refuse it."""
    settled = settle(question.design, question.context)
    found = estimated(question, settled.design, settings)
    checks = settled.checks
    if all(check.status != "failed" for check in checks[: len(GROUND)]):
        context = replace(question.context, estimate=found)
        more = [ask(one, settled.design, context) for one in BEYOND if _refuses(one.__name__)]
        lot = settled.design.rollout.randomised
        checks = (*checks, *(by_lot(check) if lot else check for check in more))
    return Answer(question, settled.design, found, settled.leads, checks=checks)


def _refuses(check: str) -> bool:
    codes = {rule.code for rule in RULES if rule.cap == "N"} | {code for code, _ in TOGETHER}
    return check.removeprefix("check_") in codes


def _questions(
    about: About,
    panels: Panels,
    everyone: dict[str, Rollout],
    around: Surroundings,
) -> list[Question]:
    others = tuple(one for name, one in sorted(everyone.items()) if name != about.id)
    rollout = everyone[about.id]
    named = [n for n, panel in sorted(panels.panels.items()) if panel.outcome.kind == "layer"]
    designs = {name: design_for(panels, name, rollout, others) for name in named}
    placebos = {n: d for n, d in designs.items() if role_of(d.panel.outcome, about) == "placebo"}
    return [
        question_of(about, design, placebos, others, around, 0)
        for name, design in designs.items()
        if role_of(design.panel.outcome, about) == "headline"
    ]


def dependence_of_world(lived: Lived, *, draws: int = 200) -> Dependence:
    """What the world's money says of dependence on paid traffic and subsidy, as in ``sustain``."""
    accounts, panel = accounts_of(lived)
    with one_blas_thread():
        response = respond(panel, draws=draws, seed=1, threads=1)
        request = request_of(draws=draws, seed=1, horizon_months=1)
        found = appraise(accounts, panel, response, request, silent)
    known = found.facts["known"]
    if known == "counted":
        return NOTHING_BOUGHT
    lost = found.draws.get(f"lost_{MONTHS}m", np.zeros(0))
    most = most_by_money(accounts)
    if not len(lost):
        return Dependence(None, None, None, known, missing=f"dependence_{known}", by_money=most)
    low, high = np.quantile(lost, [0.025, 0.975])
    whole = told(known, lost, float(lost.mean()), (float(low), float(high)))
    since = found.facts["traffic_off"]["from"]
    traffic = traffic_alone(accounts, panel, response, since, draws)
    if traffic is not None and known not in TOLD:
        whole = told_in_parts(whole, traffic)
    return replace(whole, by_money=most)


def true_dependence(lived: Lived) -> float:
    """Share of the last month's revenue that is lost when traffic and subsidy ended a year before."""
    off = lived.clock.month_start(lived.clock.months - MONTHS)
    bare = live(lived.spec, Switches(channels_off_from=off, subsidy_off_from=off))
    return float(1.0 - revenue_of(bare)[-1] / revenue_of(lived)[-1])


@dataclass(frozen=True, slots=True, eq=False)
class DepthTruth:
    """The true depth of a world.

    lived    burden removed by all interventions together, in the last year, from the world without.
    weight   layer → its part of the burden. share: layer → (N,) of each unit in it.
    effects  (intervention, layer) → (N,) true effect in quarters 0 to 3, zero where not in force.
    """

    lived: float
    weight: dict[str, float]
    share: dict[str, Floats]
    effects: dict[tuple[str, str], Floats]

    def of(self, layer: str, interventions: Iterable[str]) -> float:
        """Depth of a layer, by the definition, of some of the interventions."""
        share = self.share[layer]
        total = sum((self.effects[name, layer] for name in interventions), np.zeros(len(share)))
        return float(share @ (1 - np.exp(total)))

    def stated(self, measured: Mapping[str, Iterable[str]]) -> float:
        """Depth of the platform, by the definition, of the interventions of each layer."""
        return sum(self.weight[layer] * self.of(layer, names) for layer, names in measured.items())

    def whole(self) -> float:
        """The same with all interventions on the layers that they name."""
        named: dict[str, list[str]] = {}
        for name, layer in self.effects:
            named.setdefault(layer, []).append(name)
        return self.stated(named)


def depth_truth(world: Lived) -> DepthTruth:
    """The true depth of a world: it is lived again without each intervention, and without all."""
    spec, names = world.spec, rolled_out(world.spec)
    on, bare = _hours(world), _hours(live(spec, Switches(off=frozenset(names))))
    alone = {name: _hours(live(spec, Switches(off=frozenset({name})))) for name in names}
    months, lived = world.clock.months, 0.0
    whole = sum(float(np.nansum(hours * items)) for hours, items in bare.values())
    weight, share, effects = {}, {}, {}
    for layer, (off_h, items) in bare.items():
        cost = off_h * items
        unit = np.nansum(cost, axis=1)
        share[layer] = unit / unit.sum()
        weight[layer] = float(unit.sum() / whole)
        recent = slice(months - 13, months - 1)
        both = np.isfinite(on[layer][0][:, recent]) & np.isfinite(off_h[:, recent])
        now = np.where(both, on[layer][0][:, recent] * items[:, recent], 0.0).sum(axis=1)
        was = np.where(both, cost[:, recent], 0.0).sum(axis=1)
        kept = np.divide(now, was, out=np.ones(len(was)), where=was > 0)
        lived += weight[layer] * float(share[layer] @ (1 - kept))
        for name in names:
            if layer in INTERVENTION_TABLE[name].layers:
                effects[name, layer] = _true_effect(
                    world, name, on[layer][0], alone[name][layer][0], items.sum(axis=1)
                )
    return DepthTruth(lived, weight, share, effects)


def lived_depth(world: Lived) -> float:
    """``DepthTruth.lived`` alone, which takes one further life."""
    spec = world.spec
    on, bare = _hours(world), _hours(live(spec, Switches(off=frozenset(rolled_out(spec)))))
    recent = slice(world.clock.months - 13, world.clock.months - 1)
    gone = 0.0
    whole = sum(float(np.nansum(hours * items)) for hours, items in bare.values())
    for layer, (off_h, items) in bare.items():
        cost = np.nansum(off_h * items, axis=1)
        both = np.isfinite(on[layer][0][:, recent]) & np.isfinite(off_h[:, recent])
        now = np.where(both, on[layer][0][:, recent] * items[:, recent], 0.0).sum(axis=1)
        was = np.where(both, off_h[:, recent] * items[:, recent], 0.0).sum(axis=1)
        kept = np.divide(now, was, out=np.ones(len(was)), where=was > 0)
        gone += float(cost @ (1 - kept)) / whole
    return gone


def _hours(lived: Lived) -> dict[str, tuple[Floats, Floats]]:
    """Layer → (firms, months) hours an item, NaN where there is none, and items."""
    table = cells_of(lived, WINDOWS_D).filter(pl.col("outcome").str.starts_with("layer_h:"))
    shape = (lived.spec.firms, lived.clock.months)
    found = {}
    for (name,), rows in table.group_by("outcome", maintain_order=True):
        hours, items = np.full(shape, np.nan), np.zeros(shape)
        at = rows["firm"].to_numpy(), rows["month"].to_numpy()
        hours[at], items[at] = rows["value"].to_numpy(), rows["objects"].to_numpy()
        found[str(name).removeprefix("layer_h:")] = (hours, items)
    return found


def _true_effect(world: Lived, name: str, on: Floats, off: Floats, unit: Floats) -> Floats:
    """(N,) mean true effect over quarters 0 to 3, by volume, where it is in force at the end."""
    plan, clock = world.plans[name], world.clock
    first = np.searchsorted(clock.first_days, plan.begins, side="left")
    month = np.arange(clock.months)[None, :]
    inside = (month >= first[:, None]) & (month < first[:, None] + 12)
    inside &= clock.first_days[1:][None, :] <= plan.ends[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(on) - np.log(off)
    known: Mask = inside & np.isfinite(effect)
    weight = known * unit[:, None]
    if not weight.sum() > 0:
        return np.zeros(len(unit))
    mean = float((weight * np.where(known, effect, 0.0)).sum() / weight.sum())
    kept = (plan.begins < clock.first_days[-1]) & (plan.ends >= clock.first_days[-1])
    return np.asarray(np.where(kept, mean, 0.0))
