"""``thalweg profile``: what the industry calls its things, drafted from a book or as an example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.output import note, print_json
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.records.profile.draft import Draft
    from thalweg.surfaces.texts import Texts


@app.command()
@interruptible
def profile(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="The commented example for a trade in steel.")
    ] = False,
    type: Annotated[  # noqa: A002
        str | None, typer.Option("--type", help="Object type that is measured.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write it here, if no such file exists.")
    ] = None,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Print or write the profile of a book: the one it holds, else a draft from its activities.

    A draft puts activities into layers by the words in their names; those that no word tells are
    counted and stand in the layer "other". So it does with the accounts of a ledger; those that no
    word tells are named. Look through it before you ingest it.
    """
    from thalweg.records.profile.draft import draft_profile
    from thalweg.records.profile.file import example_profile, parse_profile, profile_text
    from thalweg.records.store.book import open_book

    draft: Draft | None = None
    if example == (book is not None):
        raise RequestError("Name a book, or give --example: one of the two.")
    if book is None:
        text = example_profile(language)
        shown = parse_profile(text)
    else:
        opened = open_book(book)
        held = opened.profile() if type is None else None
        if held is not None:
            shown = held
        else:
            draft = draft_profile(opened, type)
            shown = draft.profile
        text = profile_text(shown)
    if save is not None:
        _write(save, text)
    if as_json:
        names = ("known", "other", "accounts", "unmapped")
        rests_on = {name: getattr(draft, name) for name in names} if draft else None
        print_json({"profile": shown.model_dump(mode="json"), "draft": rests_on})
    elif save is None:
        typer.echo(text.rstrip())
    if draft is not None:
        _tell(draft, load(language))


def _write(path: Path, text: str) -> None:
    """Write a new file; one that is there may hold somebody's work."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise RequestError(f"{path} is already there. Name another file.") from error
    except OSError as error:
        raise RequestError(
            f"{path} cannot be written: {error.strerror}. Check the path."
        ) from error


def _tell(draft: Draft, say: Texts) -> None:
    """How much of a draft rests on known words, on standard error."""
    known, all_ = len(draft.known), len(draft.known) + len(draft.other)
    if all_:
        note(say("cli.profile_draft", known=known, all=all_))
    if draft.other:
        note(say("cli.profile_other", count=len(draft.other), names=_some(draft.other, say)))
    mapped, names = len(draft.accounts), len(draft.accounts) + len(draft.unmapped)
    if names:
        note(say("cli.profile_accounts", known=mapped, all=names))
    if draft.unmapped:
        some = _some(draft.unmapped, say)
        note(say("cli.profile_unmapped", count=len(draft.unmapped), names=some))


def _some(names: tuple[str, ...], say: Texts) -> str:
    return say("words.comma").join(names[:10]) + ("…" if len(names) > 10 else "")
