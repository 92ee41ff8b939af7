"""Conform: from a book and a model, a file of rules, or both, to where work leaves them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.errors import RequestError
from thalweg.process.alignment.alignments import (
    MAX_SECONDS,
    MAX_STATES,
    TOTAL_SECONDS,
    Alignments,
    align,
)
from thalweg.process.calendar import zone_of
from thalweg.process.conformance.costs import Costs, settle_cost
from thalweg.process.conformance.deviations import (
    Deviation,
    Spread,
    deviations_of_variants,
    model_deviations,
    rule_deviation,
)
from thalweg.process.conformance.deviations_table import deviations_table
from thalweg.process.conformance.fitness import (
    fitness_rows,
    months_table,
    object_fitness,
    parties_table,
    variants_table,
)
from thalweg.process.conformance.result import ConformResult, Lineage
from thalweg.process.conformance.rules.check import (
    RuleOutcome,
    check_rules,
    rules_table,
    unchecked_table,
)
from thalweg.process.conformance.rules.file import load_rules
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.conformance.rules.views import RuleView, Scene
from thalweg.process.discovery.inductive import discover_tree
from thalweg.process.filter_text import to_text
from thalweg.process.map import FilterLike, choose_type, instant, read_filters, trust_summary
from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.check import check_net
from thalweg.process.models.files.read import Model, as_net, read_model
from thalweg.process.models.fit import fit_labels
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.result import fingerprint_of
from thalweg.process.weighted import WeightedVariants, weigh_variants

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

NOISE = 0.2
TOP_VARIANTS = 20
FEW_OBJECTS = 30
_MOST_MARKINGS = 5_000
"""How many states of a net are searched for its faults."""
Told = Callable[[str, int, int], None]


def conform_book(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    model: str | Path | Model | None = None,
    noise: float | None = None,
    rules: str | Path | RuleFile | None = None,
    cost: str | None = None,
    ends: Sequence[str] | None = None,
    horizon: datetime | None = None,
    timezone: str | None = None,
    top: int = TOP_VARIANTS,
    max_states: int = MAX_STATES,
    max_seconds: float = MAX_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    threads: int | None = None,
    told: Told = lambda _step, _done, _all: None,
) -> ConformResult:
    """Hold the records against a model and against rules.

    Takes    model: a file, or a model; noise: the share with which one is discovered instead. With
             neither, and without rules, one is discovered at NOISE. rules: a file or its rules.
             cost: column that says what a deviation costs, ``object:NAME``, ``attribute:NAME`` or
             a bare name. ends, horizon: who is finished, see ``map_book``. top: variants to list.
             max_states, max_seconds: caps of one variant's alignment, total_seconds of all. told: is given the step that
             goes on (a code), and how much of it is done.
    Raises   RequestError: a name that the book does not have, or model and noise together.
             RuleError: the rules are wrong.
    """
    if model is not None and noise is not None:
        raise RequestError("Give a model or a noise threshold to discover one, not both.")
    kind = choose_type(book, type)
    zone = timezone or book.timezone
    zone_of(zone)
    chosen = read_filters(filters, zone)
    scene = Scene(book, kind, chosen, zone=zone, ends=ends, horizon=horizon)
    column = settle_cost(scene, kind, cost)
    file = load_rules(rules) if isinstance(rules, str | Path) else rules
    if model is None and noise is None and file is None:
        noise = NOISE
    request = {
        "type": kind,
        "filters": [to_text(one) for one in chosen],
        "model": _named(model),
        "noise": noise,
        "rules": None if file is None else _digest(file.model_dump_json().encode()),
        "cost": column,
        "ends": None if ends is None else list(ends),
        "horizon": None if horizon is None else horizon.isoformat(),
        "timezone": zone,
        "top": top,
        "max_states": max_states,
        "max_seconds": max_seconds,
        "total_seconds": total_seconds,
    }
    looked = scene.view(kind)
    caps = _Caps(max_states, max_seconds, total_seconds, threads, told)
    replayed = None
    if model is not None or noise is not None:
        replayed = _replay(looked, model, noise, column, caps)
    outcomes: tuple[RuleOutcome, ...] = ()
    if file is not None:
        outcomes = _checked(scene, file, column, told)
    told("deviations", 0, 0)
    return _result(scene, looked, request, replayed, outcomes if file is not None else None, top)


def _checked(
    scene: Scene, file: RuleFile, column: str | None, told: Told
) -> tuple[RuleOutcome, ...]:
    total = len(file.rules)
    at = iter(range(total))
    outcomes = check_rules(
        scene, file, cost=column, told=lambda _rule: told("rules", next(at), total)
    )
    told("rules", total, total)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Caps:
    max_states: int
    max_seconds: float
    total_seconds: float
    threads: int | None
    told: Told


@dataclass(frozen=True, slots=True, eq=False)
class _Replayed:
    """A model held against one type of object."""

    model: Model
    net: PetriNet
    told: dict[str, Any]
    variants: WeightedVariants
    aligned: Alignments
    objects: pl.DataFrame
    deviations: list[Deviation]
    pending: int


def _replay(
    looked: RuleView,
    model: str | Path | Model | None,
    noise: float | None,
    cost_column: str | None,
    caps: _Caps,
) -> _Replayed:
    variants, groups = weigh_variants(looked.view, caps.threads)
    source = _named(model)
    if model is None:
        caps.told("discover", 0, 0)
        model = discover_tree(variants, noise or 0.0)
    elif isinstance(model, str | Path):
        model = read_model(model)
    model, fitted = fit_labels(model, variants.names)
    net = as_net(model)
    caps.told("align", 0, variants.variants)
    aligned = align(
        net,
        variants,
        max_states=caps.max_states,
        max_seconds=caps.max_seconds,
        total_seconds=caps.total_seconds,
        tree=model if isinstance(model, ProcessTree) else None,
        threads=caps.threads,
        progress=lambda done, total: caps.told("align", done, total),
    )
    objects = object_fitness(looked, aligned, groups)
    found = deviations_of_variants(net, variants, aligned)
    spread = Spread.of(looked, groups.variant, variants.variants)
    deviations, pending = model_deviations(found, spread, cost_column)
    told = {
        "source": source,
        "noise": noise,
        "places": len(net.places),
        "transitions": len(net.transitions),
        "arcs": net.arcs,
        "activities": sorted(net.labels()),
        "unknown_to_model": sorted(set(variants.names) - net.labels()),
        "never_done": sorted(net.labels() - set(variants.names)),
        "labels_fitted": dict(fitted),
        "assumed": list(net.assumed),
        "left_out": dict(model.left_out) if isinstance(model, BpmnModel) else {},
        "faults": [asdict(finding) for finding in check_net(net, _MOST_MARKINGS)],
        "tree": str(model) if isinstance(model, ProcessTree) else None,
        "shortest_run": aligned.model_cost,
        "variants": variants.variants,
        "variants_exact": int(aligned.exact.sum()),
    }
    return _Replayed(model, net, told, variants, aligned, objects, deviations, pending)


def _result(
    scene: Scene,
    looked: RuleView,
    request: dict[str, Any],
    replayed: _Replayed | None,
    outcomes: tuple[RuleOutcome, ...] | None,
    top: int,
) -> ConformResult:
    tables: dict[str, pl.DataFrame] = {}
    missing: dict[str, str] = {}
    deviations: list[Deviation] = []
    whole = finished = None
    objects = None
    if replayed is None:
        missing["model"] = "not_asked"
    else:
        objects = replayed.objects
        deviations += replayed.deviations
        whole = _single(fitness_rows(objects))
        finished = _single(fitness_rows(objects.filter("finished")))
        tables["variants"] = variants_table(objects, replayed.variants, looked.view, top)
        tables["months"] = months_table(objects, looked, scene.zone)
        role = "party" if scene.book.role_codes("party") is not None else "resource"
        parties = parties_table(objects, looked, role)
        if parties is None:
            missing["parties"] = "no_party"
        else:
            tables["parties"] = parties.with_columns(role=pl.lit(role))
        objects = objects.with_columns(object=looked.view.object_ids())
    if outcomes is None:
        missing["rules"] = "not_asked"
    else:
        tables["rules"] = rules_table(outcomes)
        tables["not_checkable"] = unchecked_table(outcomes)
        deviations += [rule_deviation(one) for one in outcomes]
    costs = Costs(scene)
    rule_costs = {one.rule.id: one.cost for one in outcomes or ()}
    return ConformResult(
        fingerprint=fingerprint_of(scene.book.fingerprint, request),
        book=scene.book.fingerprint,
        request=request,
        type=looked.view.type,
        objects=looked.view.objects,
        unfinished=int((~looked.finished).sum()),
        horizon=instant(looked.horizon_ns) if looked.view.objects else None,
        model=None if replayed is None else replayed.told,
        fitness=whole,
        fitness_finished=finished,
        pending_steps=0 if replayed is None else replayed.pending,
        deviations=deviations_table(deviations, costs, rule_costs),
        tables=tables,
        lineage=Lineage(
            tuple(deviations),
            costs,
            None if replayed is None else replayed.net,
            None if replayed is None else replayed.model,
            None if replayed is None else replayed.aligned,
            objects,
        ),
        missing=missing,
        warnings=_warnings(scene, looked, replayed, outcomes),
        trust=trust_summary(scene.book),
    )


def _warnings(
    scene: Scene,
    looked: RuleView,
    replayed: _Replayed | None,
    outcomes: tuple[RuleOutcome, ...] | None,
) -> tuple[str, ...]:
    cut = any(
        "events" in (getattr(one, "level", ""), getattr(one, "mode", "")) for one in scene.filters
    )
    told = {
        "events_filtered": cut,
        "no_objects": looked.view.objects == 0,
        "few_objects": 0 < looked.view.objects < FEW_OBJECTS,
        "none_finished": looked.view.objects > 0 and not looked.finished.any(),
        "capped_alignments": replayed is not None and not replayed.aligned.exact.all(),
        "filters_only_for_type": bool(scene.filters)
        and any(one.looked.view.type != looked.view.type for one in outcomes or ()),
        "rules_never_applied": any(not len(one.checks.object) for one in outcomes or ()),
    }
    return tuple(code for code, true in told.items() if true)


def _single(rows: pl.DataFrame) -> dict[str, Any] | None:
    return rows.to_dicts()[0] if len(rows) else None


def _named(model: str | Path | Model | None) -> str | None:
    """A model's name and content, as part of the request."""
    if model is None:
        return None
    if isinstance(model, str | Path):
        path = Path(model)
        try:
            return f"{path.name}:{_digest(path.read_bytes())}"
        except OSError as error:
            raise RequestError(f"{path} cannot be read: {error.strerror}.") from error
    return f"{model.__class__.__name__}:{_digest(repr(model).encode())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
