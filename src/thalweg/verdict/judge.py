"""Judge: from a book to a verdict, every figure of which leads back to its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thalweg.change.blas import one_blas_thread
from thalweg.errors import RequestError
from thalweg.process.filter_text import to_text
from thalweg.process.map import FilterLike, read_filters, trust_summary
from thalweg.process.result import fingerprint_of, plain
from thalweg.records.profile.file import load_profile
from thalweg.records.profile.model import Profile
from thalweg.verdict.evidence import Evidence, Figure
from thalweg.verdict.figures.depth import verdict_figures
from thalweg.verdict.figures.effects import effect_figures
from thalweg.verdict.figures.money import money_figures
from thalweg.verdict.figures.names import distinct
from thalweg.verdict.figures.process import process_figures
from thalweg.verdict.figures.technology import new_value_figures, technology_figures
from thalweg.verdict.gather import gather
from thalweg.verdict.lacking import lacking
from thalweg.verdict.parts import Parts
from thalweg.verdict.request import JudgeRequest
from thalweg.verdict.result import JudgeResult
from thalweg.verdict.theses import theses_table
from thalweg.verdict.weighed import TABLES, Weighed
from thalweg.verdict.weighing import weigh

if TYPE_CHECKING:
    from thalweg.economy.result import SustainResult
    from thalweg.records.store.book import Book

Progress = Callable[[str, int, int], None]
FEWEST_DRAWS, DRAWS = 50, 200


def judge_book(
    book: Book,
    *,
    profile: Profile | str | Path | None = None,
    type: str | None = None,  # noqa: A002
    unit: str | None = None,
    filters: Sequence[FilterLike] = (),
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
    off_from: date | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> JudgeResult:
    """How deep the change reaches, how dependent it is, and what each figure rests on.

    Takes    profile: the file, or what was read from it; None: the book's, or a draft from the
             names of its activities. type, unit, filters: as for ``prove_book``. draws: of all that
             is drawn; seed: of all draws. confidence: of all intervals. off_from: first month
             without paid traffic, subsidy and capital; None: the month after the last.
             progress: called with (step, done, all).
    Returns  what the records carry. What they do not carry is named, with what it would add; the
             same for the same book and request, whatever the number of threads.
    Raises   RequestError: a type, unit or filter that the book does not have, a confidence or a
             number of draws out of range, or a book without events.
    """
    request = request_of(
        book,
        type=type,
        unit=unit,
        filters=filters,
        draws=draws,
        seed=seed,
        confidence=confidence,
        off_from=off_from,
    )
    given = load_profile(profile) if isinstance(profile, str | Path) else profile
    parts = gather(book, given, request, threads, progress or _silent)
    if progress is not None:
        progress("weigh", 0, 0)
    with one_blas_thread():
        weighed = weigh(parts, request)
    return _assemble(parts, weighed, request)


def request_of(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    unit: str | None = None,
    filters: Sequence[FilterLike] = (),
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
    off_from: date | None = None,
) -> JudgeRequest:
    """What was asked, checked.

    Raises   RequestError: a confidence or a number of draws out of range, or a wrong filter.
    """
    if not 0.5 < confidence < 1:
        raise RequestError(
            f"A confidence lies between 0.5 and 1, such as 0.95; not {confidence:g}."
        )
    if draws < FEWEST_DRAWS:
        raise RequestError(
            f"{draws} draws are too few for an interval: give {FEWEST_DRAWS} or more."
        )
    texts = tuple(to_text(one) for one in read_filters(filters, book.timezone))
    return JudgeRequest(type, unit, texts, draws, seed, confidence, off_from)


def _silent(_step: str, _done: int, _all: int) -> None:
    """No progress is told."""


def _figures(parts: Parts, weighed: Weighed, asked: dict[str, Any]) -> Iterator[Figure]:
    """From the verdict down to what it was made from."""
    yield from verdict_figures(parts, weighed, asked)
    yield from effect_figures(parts)
    yield from money_figures(parts)
    yield from new_value_figures(weighed, asked)
    yield from technology_figures(parts, weighed, asked)
    yield from process_figures(parts)


def _assemble(parts: Parts, weighed: Weighed, request: JudgeRequest) -> JudgeResult:
    asked = request.to_json()
    evidence = connected(Evidence(distinct(_figures(parts, weighed, asked))))
    whole = request.to_json(parts.profile)
    return JudgeResult(
        fingerprint=fingerprint_of(parts.book.fingerprint, whole),
        book=parts.book.fingerprint,
        request=whole,
        verdict=weighed.verdict,
        reasons=weighed.reasons,
        settle=weighed.settle,
        thresholds=parts.profile.thresholds.model_dump(),
        theses=theses_table(evidence, lacking(parts, weighed)),
        evidence=evidence,
        prove=parts.prove,
        sustain=parts.sustain,
        facts=_facts(parts, weighed),
        warnings=_warnings(parts, weighed),
        trust=trust_summary(parts.book),
        **{name: getattr(weighed, name) for name in TABLES},
    )


def connected(evidence: Evidence) -> Evidence:
    """The same figures, whose inputs are all among them: what no room gave is not pointed at."""
    return Evidence(
        figure.with_inputs(tuple(one for one in figure.inputs if one in evidence))
        for figure in evidence
    )


def _facts(parts: Parts, weighed: Weighed) -> dict[str, Any]:
    """Names and scales that words need, the measured records at a glance; as plain JSON."""
    profile, found = parts.profile, parts.map
    known = {} if parts.prove is None else parts.prove.facts
    facts = {
        "type": parts.type,
        "objects": None if found is None else found.objects,
        "events": None if found is None else found.events,
        "first": None if found is None else found.first,
        "last": None if found is None else found.last,
        "drafted": parts.drafted,
        "layers": {one.id: one.name.model_dump() for one in profile.layers},
        "kinds": {one.id: one.name.model_dump() for one in profile.kinds},
        "currency": profile.currency,
        "interventions": known.get("interventions", {}),
        "all_interventions": known.get("all_interventions", {}),
        "units": 0 if parts.prove is None else parts.prove.units,
        "waits_kind": None if parts.waits is None else parts.waits.kind,
        "money": None if parts.sustain is None else _money(parts.sustain),
        "missing_parts": parts.missing,
    }
    told: dict[str, Any] = plain(facts | weighed.facts)
    return told


def _money(found: SustainResult) -> dict[str, Any]:
    """Which months the money is of."""
    names = ("currency", "first_month", "last_month", "units")
    return {name: getattr(found, name) for name in names}


def _warnings(parts: Parts, weighed: Weighed) -> tuple[str, ...]:
    drafted = ("layers_drafted",) if parts.drafted and parts.map is not None else ()
    sustain = () if parts.sustain is None else parts.sustain.warnings
    return tuple(dict.fromkeys((*drafted, *weighed.warnings, *sustain)))
