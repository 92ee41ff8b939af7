"""Sentences of a verdict: the verdict itself, the answer to each question, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thalweg.surfaces.figure_words import (
    adds_text,
    assumption_text,
    check_text,
    figure_line,
    figure_name,
    figure_text,
    known_text,
    method_text,
    missing_text,
    rows_text,
    settle_text,
    value_text,
    why_text,
)
from thalweg.surfaces.format_values import format_share
from thalweg.surfaces.prove_words import coded
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.verdict.evidence import Figure
    from thalweg.verdict.result import JudgeResult

__all__ = [
    "adds_text",
    "assumption_text",
    "check_text",
    "figure_line",
    "figure_name",
    "figure_text",
    "known_text",
    "method_text",
    "missing_sentence",
    "missing_text",
    "reasons_text",
    "rows_text",
    "settle_sentence",
    "settle_text",
    "thesis_sentence",
    "value_text",
    "verdict_sentence",
    "why_text",
]

Show = Callable[["Figure", Texts], str]
Row = dict[str, Any]
MOST_SETTLE = 3
EFFECTS = ("A", "B", "C")


def verdict_sentence(result: JudgeResult, say: Texts, show: Show = figure_text) -> str:
    """The verdict in a sentence or two; without a region, why, and where the draws lean."""
    named = result.verdict != "not_enough_evidence"
    told = [_named(result, say, show)] if named else _unnamed(result, say, show)
    alive = result.evidence.get("traffic_off.alive")
    if alive is not None and alive.value is not None:
        told.append(say("judge.sentence.alive", alive=show(alive, say)))
    return say("judge.join").join(told)


def _named(result: JudgeResult, say: Texts, show: Show) -> str:
    found = result.evidence
    shown = _above_zero(found["depth"])
    return say(
        "judge.sentence.named" if shown else "judge.sentence.named_none",
        region=say(f"judge.regions.{result.verdict}"),
        meaning=say(f"judge.meaning.{result.verdict}"),
        depth=show(found["depth"], say),
        dependence=show(found["dependence"], say),
        probability=show(found[f"probability.{result.verdict}"], say),
    )


def _above_zero(figure: Figure) -> bool:
    """Whether all of its interval lies above zero."""
    return isinstance(figure.low, int | float) and figure.low > 0


def _unnamed(result: JudgeResult, say: Texts, show: Show) -> list[str]:
    found = result.evidence
    told = [say("judge.sentence.unnamed", reasons=reasons_text(result, say))]
    told += [
        say(f"judge.sentence.{name}", **{name: show(found[name], say)})
        for name in ("depth", "dependence")
        if name in found and found[name].value is not None
    ]
    leaning = _leaning(result)
    if leaning is not None:
        enough = float(leaning.value or 0) >= result.thresholds["probability"]
        told.append(
            say(
                f"judge.sentence.{'pointing' if enough else 'leaning'}",
                region=say(f"judge.regions.{leaning.name}"),
                probability=show(leaning, say),
                threshold=format_share(result.thresholds["probability"], say.language),
            )
        )
    return told


def _leaning(result: JudgeResult) -> Figure | None:
    """The likeliest region, where regions have probabilities."""
    known = [
        one
        for one in result.evidence
        if one.id.startswith("probability.") and isinstance(one.value, int | float)
    ]
    return max(known, key=lambda one: float(one.value or 0), default=None)


def reasons_text(result: JudgeResult, say: Texts) -> str:
    """Why no region is named, or what the name rests on."""
    return say("judge.semicolon").join(coded("judge.reasons", one, say) for one in result.reasons)


def settle_sentence(result: JudgeResult, say: Texts) -> str:
    """What would settle it, the most telling first; empty where nothing is open."""
    listed = [settle_text(code, say) for code in result.settle[:MOST_SETTLE]]
    return say("judge.sentence.settle", list=say("judge.semicolon").join(listed)) if listed else ""


def missing_sentence(row: Row, say: Texts) -> str:
    """What a question still lacks, with what that would let one know; empty where nothing."""
    lacking: dict[str, list[str]] = {}
    for code, adds in zip(row["missing"], row["adds"], strict=True):
        lacking.setdefault(adds, []).append(missing_text(code, say))
    told = [
        say("judge.missing_line", adds=adds_text(adds, say), missing=say("judge.comma").join(codes))
        for adds, codes in lacking.items()
    ]
    return say("judge.join").join(told)


def thesis_sentence(result: JudgeResult, row: Row, say: Texts, show: Show = figure_text) -> str:
    """The answer to one question, from the figures that there are.

    Takes    row: of ``result.theses``. show: what stands for a figure inside the sentence.
    """
    from thalweg.surfaces.thesis_words import TOLD

    told = [text for tell in TOLD[row["thesis"]] if (text := tell(result, say, show))]
    return say("judge.join").join(told) if told else say("judge.nothing")
