"""The folder of a demonstration: never somebody else's, and never left half written.

A finished folder holds ``thalweg-demo.json``, which says how it was made and names what belongs
to it. What was there before waits beside it while a folder is written anew.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thalweg.errors import RequestError

MARKER, _WRITING = "thalweg-demo.json", ".thalweg-demo-writing"


@contextmanager
def filled(folder: Path, *, replace: bool) -> Iterator[Path]:
    """A new folder to write into, at ``folder``; what fails leaves what was there as it was.

    The block ends by writing ``MARKER`` with ``sign``.

    Raises   RequestError: the folder holds something else, or a demonstration and ``replace`` is
             not wanted, or it cannot be written.
    """
    home = folder.resolve()
    before = home.with_name(f".{home.name}.before")
    try:
        _mend(home, before)
        _refuse_foreign(home, folder, replace)
        existed = home.exists()
        if existed and any(home.iterdir()):
            home.rename(before)
        home.mkdir(parents=True, exist_ok=True)
        (home / _WRITING).write_text(str(os.getpid()))
    except OSError as error:
        raise RequestError(
            f"{folder} cannot be written: {error.strerror or error}. Name another folder."
        ) from error
    try:
        yield folder
        (home / _WRITING).unlink()
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        if before.exists():
            before.rename(home)
        elif existed:
            home.mkdir()
        raise
    shutil.rmtree(before, ignore_errors=True)


def sign(folder: Path, about: dict[str, Any]) -> None:
    """Say how the folder was made, and what belongs to it: everything that is in it now."""
    own = sorted(path.name for path in folder.iterdir() if path.name != _WRITING)
    text = json.dumps({**about, "holds": own}, ensure_ascii=False, indent=2)
    (folder / MARKER).write_text(text + "\n", encoding="utf-8")


def _mend(home: Path, before: Path) -> None:
    """Undo what a run left that was killed.

    Raises   RequestError: the run is still alive.
    """
    dead = (home / _WRITING).exists()
    if dead:
        writer = (home / _WRITING).read_text()
        if writer.isdecimal() and _alive(int(writer)):
            raise RequestError(
                f"{home} is being written by another run (process {writer}). Wait for it, or name "
                "another folder."
            )
        shutil.rmtree(home)
    if before.exists():
        if dead or not home.exists():
            before.rename(home)
        else:
            shutil.rmtree(before)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_foreign(home: Path, folder: Path, replace: bool) -> None:
    if not home.exists():
        return
    if not home.is_dir():
        raise RequestError(f"{folder} is a file. Name a folder for the demonstration.")
    found = {path.name for path in home.iterdir()}
    if not found:
        return
    if MARKER not in found:
        raise RequestError(
            f"{folder} holds other things, such as {min(found)}, and nothing was written. "
            "Name a new folder."
        )
    own = set(json.loads((home / MARKER).read_text(encoding="utf-8")).get("holds", ()))
    if strange := found - own - {MARKER}:
        raise RequestError(
            f"{folder} holds {min(strange)}, which the demonstration did not write. "
            "Move it away, or name a new folder."
        )
    if not replace:
        raise RequestError(
            f"{folder} already holds a demonstration. Add --replace to make it anew, or name "
            "another folder."
        )
