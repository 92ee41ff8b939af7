"""The ten questions: each with its answer, the figures behind it, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thalweg.surfaces import judge_words as words
from thalweg.surfaces.report.cite import Cited, told_in

if TYPE_CHECKING:
    from thalweg.surfaces.texts import Texts
    from thalweg.verdict.result import JudgeResult

MOST_FIGURES = 4
LINKS = {
    "T1": ("depth", "summary"),
    "T2": ("new_value",),
    "T3": ("waiting", "summary"),
    "T4": ("traffic_off",),
    "T5": ("effects", "technology"),
    "T6": ("self_financing",),
    "T7": ("technology",),
    "T8": ("capital", "growth"),
    "T9": ("verdict",),
    "T10": ("causes", "waiting"),
}
"""Where the page tells more; the first of those that are there."""


@dataclass(frozen=True, slots=True)
class Question:
    """One of the ten. answer, figures (those that the answer does not tell): HTML; missing: what
    lacks, with what it would add."""

    code: str
    title: str
    asked: str
    status: str
    status_label: str
    answer: str
    figures: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    links: tuple[str, ...]


def questions(found: JudgeResult, cited: Cited, say: Texts) -> list[Question]:
    """T1 to T10, in their order."""
    return [_question(found, row, cited, say) for row in found.theses.to_dicts()]


def _question(found: JudgeResult, row: dict[str, object], cited: Cited, say: Texts) -> Question:
    code, status = str(row["thesis"]), str(row["status"])
    answer = words.thesis_sentence(found, row, say, cited.show)
    told = told_in(answer)
    figures = [one for one in _listed(row["figures"]) if one not in told]
    known = [one for one in figures if one in found.evidence][:MOST_FIGURES]
    missing, adds = _listed(row["missing"]), _listed(row["adds"])
    lacks = zip(missing, [*adds, *([""] * len(missing))], strict=False)
    return Question(
        code=code,
        title=say(f"story.questions.{code}.title"),
        asked=say(f"judge.theses.{code}"),
        status=status,
        status_label=say(f"judge.status.{status}"),
        answer=cited.html(answer),
        figures=tuple(
            (words.figure_name(cited.evidence[one], say, found.facts), cited.html(cited.named(one)))
            for one in known
        ),
        missing=tuple(_lacking(lack, add, say) for lack, add in lacks),
        links=LINKS.get(code, ()),
    )


def _lacking(lack: str, add: str, say: Texts) -> str:
    missing = words.missing_text(lack, say)
    if not add:
        return missing
    return say("story.to_know", adds=words.adds_text(add, say), missing=missing)


def _listed(values: object) -> list[str]:
    return [str(one) for one in values] if isinstance(values, list | tuple) else []
