"""The tree of commands, and what all of them share."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec, TypeVar

import typer

app = typer.Typer(
    name="thalweg",
    help="From an industry's own records to how its work really runs, and what changed it.",
    epilog="Exit codes: 0 done, 1 other error, 2 wrong call, 3 source unreadable, 4 source unsafe, "
    "5 mapping wrong, 6 strict mode, 7 book error, 8 book locked, 9 book damaged, 10 rules broken (--fail-on), 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
book_app = typer.Typer(
    help="Look after a book: info, verify, history, gc, export.", no_args_is_help=True
)
app.add_typer(book_app, name="book")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Language = Annotated[
    str, typer.Option("--language", envvar="THALWEG_LANGUAGE", help="Words in 'en' or 'zh'.")
]
_INTERRUPTED = 130

P = ParamSpec("P")
R = TypeVar("R")


def interruptible(command: Callable[P, R]) -> Callable[P, R]:
    """Let Ctrl-C end a command with one sentence and exit code 130."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            print("thalweg: interrupted; nothing was changed.", file=sys.stderr)  # noqa: T201
            raise typer.Exit(_INTERRUPTED) from None

    return run


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from thalweg import __version__

        typer.echo(f"thalweg {__version__}")
        raise typer.Exit
