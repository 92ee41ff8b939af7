"""The options that ``thalweg judge`` and ``thalweg explain`` share: what is asked of a book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.output import note, step_bar
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile
    from thalweg.records.store.book import Book
    from thalweg.verdict.result import JudgeResult

Folder = Annotated[Path | None, typer.Argument(help="Folder of the book.")]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", help="Profile file: layers, accounts, thresholds.")
]
ObjectType = Annotated[str | None, typer.Option("--type", help="Object type that is measured.")]
Unit = Annotated[
    str | None,
    typer.Option("--unit", help="What names the unit: attribute:firm, role:party, …"),
]
Draws = Annotated[int | None, typer.Option("--draws", help="Of all that is drawn; default: 200.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of all draws by chance.")]
Confidence = Annotated[float, typer.Option("--confidence", help="Of all intervals, such as 0.95.")]
OffFrom = Annotated[
    str | None,
    typer.Option("--off-from", help="Month from which traffic and capital are thought away."),
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Workers; the result is the same.")
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Work it out anew, even where the verdict is kept.")
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was typed."""

    profile: Path | None
    type: str | None
    unit: str | None
    filters: list[str] | None
    draws: int | None
    seed: int
    confidence: float
    off_from: str | None
    threads: int | None
    fresh: bool

    def options(self) -> dict[str, Any]:
        """As ``judge_book`` takes it, without threads."""
        from thalweg.verdict.judge import DRAWS

        return {
            "type": self.type,
            "unit": self.unit,
            "filters": self.filters or [],
            "draws": DRAWS if self.draws is None else self.draws,
            "seed": self.seed,
            "confidence": self.confidence,
            "off_from": month_of(self.off_from),
        }

    def given_profile(self) -> Profile | None:
        from thalweg.records.profile.file import load_profile

        return None if self.profile is None else load_profile(self.profile)


def month_of(text: str | None) -> date | None:
    """The first day of a month, written 2025-01.

    Raises   RequestError: it is no month.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text if len(text) > len("2025-01") else f"{text}-01")
    except ValueError as error:
        raise RequestError(f"{text!r} is no month. Write it like 2025-01.") from error


def book_at(folder: Path | None, command: str, generation: int | None = None) -> Book:
    """The book of a command line.

    Raises   RequestError: none was named.
    """
    from thalweg.records.store.book import open_book

    if folder is None:
        raise RequestError(f"Which book? Name its folder: thalweg {command} BOOK")
    return open_book(folder, generation)


def verdict_of(book: Book, asked: Asked, language: str) -> JudgeResult:
    """The verdict that was asked for, from where it is kept or worked out; says which."""
    from thalweg.verdict.judge import judge_book, request_of
    from thalweg.verdict.kept import kept_or_judged

    say, profile, options = load(language), asked.given_profile(), asked.options()
    request = request_of(book, **options)

    def judge() -> JudgeResult:
        with step_bar(lambda step: say(f"judge.steps.{step}")) as told:
            return judge_book(
                book, profile=profile, threads=asked.threads, progress=told, **options
            )

    result, kept = kept_or_judged(book, request, profile, judge, fresh=asked.fresh)
    if kept:
        note(say("judge.kept"))
    return result
