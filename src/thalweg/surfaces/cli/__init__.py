"""The command line: parse, call one function, print.

Exit codes   0 done; 1 other error; 2 wrong call; 3 source unreadable; 4 source refused as unsafe;
             5 mapping wrong; 6 strict mode met a doubt; 7 book error; 8 book locked;
             9 book damaged; 10 rules broken (conform --fail-on); 130 interrupted. Results go to
             standard output, all else to standard error; ``--json`` prints exactly one JSON object.
"""

from __future__ import annotations

import sys

from thalweg.errors import ThalwegError
from thalweg.surfaces.cli.app import app

INTERRUPTED = 130


def main() -> None:
    """Run the command line; deliberate errors become one message and their exit code."""
    from thalweg.surfaces.cli import commands  # noqa: F401

    try:
        app()
    except ThalwegError as error:
        print(f"thalweg: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)


__all__ = ["app", "main"]
