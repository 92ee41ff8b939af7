"""Discover: from a book to a model of one object type, and how far it can be believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from thalweg.errors import RequestError
from thalweg.process.alignment.alignments import TOTAL_SECONDS
from thalweg.process.alignment.quality import Quality, model_quality
from thalweg.process.constraints.mining import mine_constraints
from thalweg.process.discovery.choose import THRESHOLDS, choose_row
from thalweg.process.discovery.counts import discover_tree_from_counts
from thalweg.process.discovery.follows import count_follows
from thalweg.process.discovery.inductive import discover_tree
from thalweg.process.discovery.result import DiscoverResult, quality_figures
from thalweg.process.filter_text import to_text
from thalweg.process.map import FilterLike, choose_type, read_filters, trust_summary
from thalweg.process.models.convert.tree_net import tree_to_net
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.result import fingerprint_of
from thalweg.process.selection import apply_filters
from thalweg.process.weighted import WeightedVariants, weigh_variants
from thalweg.records.appraisal.lifecycle import COMPLETE, START, transition_kinds
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

NOISE = 0.2
FEW_OBJECTS = 30
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    noise: float
    tree: ProcessTree
    net: PetriNet
    quality: Quality


def discover_book(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    noise: float | None = None,
    choose: bool = False,
    from_counts: bool = False,
    declare: bool = False,
    sample: int | None = None,
    seed: int = 0,
    total_seconds: float = TOTAL_SECONDS,
    threads: int | None = None,
    told: Told = lambda _step, _done, _all: None,
) -> DiscoverResult:
    """Discover a process tree of one object type, and measure it.

    Takes    noise: the miner's threshold, 0 to 1; None means NOISE. choose: walk THRESHOLDS
             instead, and take the model of ``choose_row``. from_counts: use the counts of
             directly-follows pairs alone. declare: mine DECLARE constraints as well.
             sample, seed: see ``model_quality``. total_seconds: for each model, see ``align``.
             told: is given the step that goes on (a code), and how much of it is done.
    Raises   RequestError: nothing to discover from, noise and choose together, or a name that the
             book does not have.
    """
    if noise is not None and choose:
        raise RequestError("Give a noise threshold, or let it be chosen, not both.")
    kind, chosen = choose_type(book, type), read_filters(filters, book.timezone)
    request: dict[str, Any] = {
        "type": kind,
        "filters": [to_text(one) for one in chosen],
        "noise": NOISE if noise is None and not choose else noise,
        "choose": choose,
        "from_counts": from_counts,
        "declare": declare,
        "sample": sample,
        "seed": seed,
        "total_seconds": total_seconds,
    }
    view = apply_filters(book.perspective(kind), chosen)
    if view.objects == 0:
        raise RequestError(f"The filters leave no {kind}, so there is nothing to discover from.")
    told("variants", 0, 0)
    variants, _ = weigh_variants(view, threads)
    thresholds = THRESHOLDS if choose else (request["noise"],)
    found: list[_Candidate] = []
    for number, threshold in enumerate(thresholds):
        told("model", number, len(thresholds))
        tree = _tree(view, variants, threshold, from_counts, threads)
        found.append(
            _measured(threshold, tree, found, variants, sample, seed, total_seconds, threads)
        )
    curve = _curve(found, variants)
    best = choose_row(curve) if choose else 0
    curve = curve.with_columns(chosen=pl.int_range(len(found)) == best)
    taken = found[best]
    return DiscoverResult(
        fingerprint=fingerprint_of(book.fingerprint, request),
        book=book.fingerprint,
        request=request,
        type=kind,
        objects=view.objects,
        entries=view.entries,
        variants=variants.variants,
        noise=taken.noise,
        tree=taken.tree,
        net=taken.net,
        quality=quality_figures(taken.quality),
        left_out=tuple(sorted(set(variants.names) - taken.tree.labels())),
        curve=curve if choose else curve.clear(),
        constraints=mine_constraints(variants, threads=threads) if declare else None,
        occurrences=_occurrences(view),
        warnings=_warnings(view, taken, request),
        trust=trust_summary(book),
    )


def _occurrences(view: Perspective) -> dict[str, int]:
    """Entries by activity."""
    tally = np.bincount(np.asarray(view.activity), minlength=len(view.activities))
    return {name: int(n) for name, n in zip(view.activities, tally, strict=True) if n}


def _tree(
    view: Perspective,
    variants: WeightedVariants,
    noise: float,
    from_counts: bool,
    threads: int | None,
) -> ProcessTree:
    if from_counts:
        return discover_tree_from_counts(count_follows(view, threads), noise)
    return discover_tree(variants, noise)


def _measured(
    noise: float,
    tree: ProcessTree,
    before: Sequence[_Candidate],
    variants: WeightedVariants,
    sample: int | None,
    seed: int,
    total_seconds: float,
    threads: int | None,
) -> _Candidate:
    """The tree with its figures; a tree that was met before is not measured again."""
    for one in before:
        if one.tree == tree:
            return _Candidate(noise, tree, one.net, one.quality)
    net = tree_to_net(tree)
    return _Candidate(
        noise,
        tree,
        net,
        model_quality(
            net,
            variants,
            tree=tree,
            sample=sample,
            seed=seed,
            total_seconds=total_seconds,
            threads=threads,
        ),
    )


def _curve(found: Sequence[_Candidate], variants: WeightedVariants) -> pl.DataFrame:
    known = set(variants.names)
    return pl.DataFrame(
        [
            {
                "noise": one.noise,
                "activities": len(known & one.tree.labels()),
                "transitions": len(one.net.transitions),
                **quality_figures(one.quality),
                "chosen": False,
                "tree": str(one.tree),
            }
            for one in found
        ],
        infer_schema_length=None,
    )


def _warnings(view: Perspective, taken: _Candidate, request: dict[str, Any]) -> tuple[str, ...]:
    told = {
        "few_objects": view.objects < FEW_OBJECTS,
        "starts_and_completions": _mixes_transitions(view),
        "quality_sampled": taken.quality.sampled < taken.quality.objects,
        "alignments_capped": taken.quality.fitness.exact_share < 1,
        "no_precision": taken.quality.precision is None,
        "from_counts": bool(request["from_counts"]),
    }
    return tuple(code for code, true in told.items() if true)


def _mixes_transitions(view: Perspective) -> bool:
    """Whether starts and completions of work both stand in the sequences."""
    coded = view.codes("lifecycle")
    if coded is None:
        return False
    codes, names = coded
    kinds = transition_kinds(names)[np.unique(codes)]
    return {START, COMPLETE} <= set(kinds.tolist())
