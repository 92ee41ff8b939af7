"""What a report tells beyond the map: model, deviations, causes of waiting, drift, effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.change.prove import prove_book
from thalweg.errors import RequestError
from thalweg.process.conformance.conform import conform_book
from thalweg.process.discovery.discover import NOISE, discover_book
from thalweg.process.discovery.object_centric import (
    ObjectCentricModel,
    discover_object_centric,
    type_views,
)
from thalweg.process.drift.drift import drift_book
from thalweg.process.waiting.waits import waits_book
from thalweg.records.store.book import STANDING_EVENTS

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult
    from thalweg.process.conformance.result import ConformResult
    from thalweg.process.discovery.result import DiscoverResult
    from thalweg.process.drift.drift import DriftResult
    from thalweg.process.filters import Filter
    from thalweg.process.result import MapResult
    from thalweg.process.waiting.result import WaitsResult
    from thalweg.records.store.book import Book

MOST_TYPES = 8
"""Object types in one net beyond which nobody can follow it."""
MOST_VARIANTS = 250_000
"""Beyond this, aligning every variant takes longer than a report may; ``thalweg conform`` does it."""
SEARCH_SECONDS = 60.0
"""Time for the searches of one model's alignments; what is left then has bounds."""
SAMPLE_FROM_VARIANTS, SAMPLE = 5_000, 2_000
"""With more variants than the first, the models' quality is measured on so many objects."""


@dataclass(frozen=True, slots=True)
class Deep:
    """Results beside the map; None where there is nothing to look at.

    conform: None also where there are too many variants, which ``too_many`` says.
    joint: of all object types whose objects pass through, the report's own first; None with fewer
    than two of them, with more than can be read, or with filters, which are about one type.
    """

    model: DiscoverResult
    joint: ObjectCentricModel | None
    conform: ConformResult | None
    waits: WaitsResult
    drift: DriftResult
    prove: ProveResult | None
    too_many: bool


def look_deep(
    book: Book,
    main: MapResult,
    filters: Sequence[Filter],
    *,
    model: str | Path | None = None,
    rules: str | Path | None = None,
    prove: ProveResult | None = None,
) -> Deep | None:
    """Discover, conform, waits, drift and effects of the report's object type.

    Takes    model: a file to hold the records against; None means the discovered model.
             rules: a file of rules to check as well. prove: effects that are known already.
    Returns  None where the filters leave no object.
    Raises   RequestError: a model or rules that make no sense, or more variants than a given
             model can be aligned with in a report.
    """
    if main.objects == 0:
        return None
    sample = quality_sample(main.variants, main.objects)
    found = discover_book(
        book,
        type=main.type,
        filters=filters,
        choose=True,
        sample=sample,
        total_seconds=SEARCH_SECONDS,
    )
    too_many = main.variants > MOST_VARIANTS
    if too_many and (model or rules):
        raise RequestError(
            f"There are {main.variants:,} variants; a report aligns up to {MOST_VARIANTS:,}. Use "
            "thalweg conform, or narrow the report with a filter."
        )
    conform = None
    if not too_many:
        conform = conform_book(
            book,
            type=main.type,
            filters=filters,
            model=found.tree if model is None else model,
            rules=rules,
            total_seconds=SEARCH_SECONDS,
        )
    return Deep(
        model=found,
        joint=None if filters else _joint(book, main.type),
        conform=conform,
        waits=waits_book(book, type=main.type, filters=filters),
        drift=drift_book(book, type=main.type, filters=filters).localised(),
        prove=_prove(book, main.type, filters) if prove is None else prove,
        too_many=too_many,
    )


def _prove(book: Book, name: str, filters: Sequence[Filter]) -> ProveResult | None:
    if book.interventions() is None:
        return None
    return prove_book(book, type=name, filters=filters)


def _joint(book: Book, first: str) -> ObjectCentricModel | None:
    views = type_views(book, [first, *book.types])
    passing = [v.type for v in views if v.entries <= STANDING_EVENTS * v.objects]
    if not 2 <= len(passing) <= MOST_TYPES:
        return None
    return discover_object_centric(book, passing, noise=NOISE)


def quality_sample(variants: int, objects: int) -> int | None:
    """On how many objects the quality of models is measured; None means on all."""
    return SAMPLE if variants > SAMPLE_FROM_VARIANTS and objects > SAMPLE else None
