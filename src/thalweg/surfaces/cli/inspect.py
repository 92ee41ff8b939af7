"""``thalweg inspect``: look at an unknown file and propose a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import print_json
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.records.proposal.propose import Proposal


@app.command()
@interruptible
def inspect(
    source: Annotated[str, typer.Argument(help="File or database address to look at.")],
    save: Annotated[Path | None, typer.Option("--save", help="Write the mapping here.")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="Zone of times.")] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Encoding, if known.")] = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Propose which columns are case, activity, time and so on, with every guess stated."""
    from thalweg.records.intake import ReadRequest
    from thalweg.records.locate import locate
    from thalweg.records.mapping.flat import save_mapping
    from thalweg.records.proposal.propose import propose

    proposal = propose(locate([source])[0], ReadRequest(timezone=timezone, encoding=encoding))
    if save is not None:
        save_mapping(proposal.mapping, save)
    if as_json:
        print_json(proposal.to_json())
    else:
        print_proposal(proposal, language)


def print_proposal(proposal: Proposal, language: str, *, err: bool = False) -> None:
    """The proposal for people: the mapping as a file would hold it, and why."""
    from thalweg.surfaces.cli.proposal_text import proposal_text

    typer.echo(proposal_text(proposal, load(language)), err=err)
