"""A proposal for people: a mapping file with its reasons as comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thalweg.records.mapping.flat import to_yaml
from thalweg.surfaces.format_values import format_count, format_share
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.records.proposal.choice import Guess, Question
    from thalweg.records.proposal.propose import Proposal

_MARKS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def proposal_text(proposal: Proposal, say: Texts) -> str:
    """The mapping as a file would hold it, every guess stated, questions marked."""
    lines = [f"# {proposal.source}: {_form(proposal, say)}"]
    if proposal.rows_sampled:
        key = "judged_by_all" if proposal.whole_source else "judged_by_first"
        rows = format_count(proposal.rows_sampled, say.language)
        lines.append(f"# {say(f'proposal.{key}', rows=rows)}")
    if not proposal.is_log:
        lines.append(f"# {say('proposal.no_log')}")
    lines += [f"# {_guess(guess, say)}" for guess in proposal.guesses]
    lines += [f"# ? {_question(question, say)}" for question in proposal.questions]
    if proposal.is_log and proposal.columns:
        lines.append(to_yaml(proposal.mapping).rstrip())
    return "\n".join(lines)


def _form(proposal: Proposal, say: Texts) -> str:
    parts = [proposal.format]
    if proposal.encoding:
        parts.append(proposal.encoding)
    if proposal.delimiter:
        mark = _MARKS.get(proposal.delimiter)
        shown = say(f"proposal.marks.{mark}") if mark else repr(proposal.delimiter)
        parts.append(say("proposal.separated", mark=shown))
    return ", ".join(parts)


def _guess(guess: Guess, say: Texts) -> str:
    return say(
        "proposal.guess",
        field=guess.field,
        column=guess.column,
        sure=format_share(guess.confidence, say.language),
        reason=say(f"proposal.reasons.{guess.reason_code}"),
    )


def _question(question: Question, say: Texts) -> str:
    asked = say(f"proposal.questions.{question.code}")
    return f"{asked} ({', '.join(question.columns)})" if question.columns else asked
