"""Run what the records of a book can carry: process, effects, economy."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from thalweg.change.prove import prove_book
from thalweg.change.request import profile_for
from thalweg.errors import RequestError
from thalweg.process.conformance.conform import conform_book
from thalweg.process.map import choose_type, map_book
from thalweg.process.waiting.waits import waits_book
from thalweg.records.profile.model import Layer, Profile
from thalweg.records.profile.words import OTHER
from thalweg.verdict.parts import Parts

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult
    from thalweg.economy.result import SustainResult
    from thalweg.process.conformance.result import ConformResult
    from thalweg.process.result import MapResult
    from thalweg.records.store.book import Book
    from thalweg.verdict.request import JudgeRequest

Progress = Callable[[str, int, int], None]
MOST_STATES = 20_000
"""Of the search for one variant's alignment; what is left then counts as leaving the usual way."""
MOST_VARIANTS = 5_000
"""Beyond this, holding every variant against a model takes longer than all the rest together."""


def gather(
    book: Book,
    profile: Profile | None,
    request: JudgeRequest,
    threads: int | None,
    progress: Progress,
) -> Parts:
    """All results that the book gives, one after the other.

    Raises   RequestError: a type, unit or filter that the book does not have, or a book that holds
             neither events nor a ledger.
    """
    if not book.types and book.companion_record("ledger") is None:
        raise RequestError(
            f"{book.path} holds neither events nor a ledger, and a verdict needs one of them. "
            "Give some: thalweg ingest FILE --into BOOK"
        )
    missing: dict[str, str] = {}
    chain, drafted = chain_for(book, profile, request.type)
    found = waits = conform = prove = None
    kind = None
    if book.types:
        kind = choose_type(book, request.type or chain.type)
        progress("map", 0, 0)
        found = map_book(book, type=kind, filters=request.filters, threads=threads)
        progress("waits", 0, 0)
        waits = waits_book(book, type=kind, filters=request.filters, threads=threads)
        conform = _conform(book, kind, found, request, threads, progress, missing)
        prove = _prove(book, chain, kind, request, threads, progress, missing)
    else:
        missing["effects"] = "no_events"
    return Parts(
        book=book,
        profile=chain,
        drafted=drafted,
        type=kind,
        filters=request.filters,
        map=found,
        waits=waits,
        conform=conform,
        prove=prove,
        sustain=_sustain(book, chain, request, threads, progress, missing),
        missing=missing,
    )


def chain_for(
    book: Book,
    profile: Profile | None,
    type: str | None,  # noqa: A002
) -> tuple[Profile, bool]:
    """The profile to go by, and whether it is a draft; without events there is nothing to draft."""
    if profile is None and not book.activities and book.profile() is None:
        return Profile(name=book.path.name, layers=(Layer(id=OTHER),)), True
    return profile_for(book, profile, type)


def _conform(
    book: Book,
    kind: str,
    found: MapResult,
    request: JudgeRequest,
    threads: int | None,
    progress: Progress,
    missing: dict[str, str],
) -> ConformResult | None:
    """Deviations from what is usual. Searches end by states alone: a clock gives no two equal
    answers."""
    if not found.objects or found.variants > MOST_VARIANTS:
        missing["conform"] = "too_many_variants" if found.objects else "no_objects"
        return None
    progress("conform", 0, 0)
    return conform_book(
        book,
        type=kind,
        filters=request.filters,
        max_states=MOST_STATES,
        max_seconds=inf,
        total_seconds=inf,
        threads=threads,
    )


def _prove(
    book: Book,
    profile: Profile,
    kind: str,
    request: JudgeRequest,
    threads: int | None,
    progress: Progress,
    missing: dict[str, str],
) -> ProveResult | None:
    """Effects on all outcomes; without interventions, changes that nobody recorded."""
    if book.interventions() is None:
        missing["effects"] = "no_interventions"
    try:
        return prove_book(
            book,
            profile=profile,
            type=kind,
            unit=request.unit,
            filters=request.filters,
            confidence=request.confidence,
            seed=request.seed,
            mechanism=False,
            threads=threads,
            progress=progress,
        )
    except RequestError as error:
        if request.unit is not None or book.interventions() is None:
            raise
        missing |= {"effects": "no_units", "effects_refused": str(error)}
        return None


def _sustain(
    book: Book,
    profile: Profile,
    request: JudgeRequest,
    threads: int | None,
    progress: Progress,
    missing: dict[str, str],
) -> SustainResult | None:
    """What the money says; nothing without a ledger."""
    if book.companion_record("ledger") is None:
        missing["economy"] = "no_ledger"
        return None
    from thalweg.economy.sustain import sustain_book

    return sustain_book(
        book,
        profile=profile,
        off_from=request.off_from,
        draws=request.draws,
        seed=request.seed,
        confidence=request.confidence,
        threads=threads,
        progress=progress,
    )
