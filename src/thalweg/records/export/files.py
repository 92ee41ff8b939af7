"""Writing an export aside and putting it in place in one step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thalweg.errors import BookError
from thalweg.records.store.files import flush_to_disk


@contextmanager
def put_in_place(target: Path) -> Iterator[Path]:
    """A path to write to; when the block ends well it becomes ``target``, else it vanishes.

    Raises   BookError: the operating system refuses (no room, no permission, no such folder).
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        yield aside
        flush_to_disk(aside)
        if aside.is_dir() and target.is_dir():
            raise FileExistsError(17, "the folder already exists", str(target))
        aside.replace(target)
        flush_to_disk(target.parent)
    except OSError as error:
        raise BookError(
            f"{target} cannot be written: {error.strerror or error}. "
            "Choose another place, or make room there."
        ) from error
    finally:
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink(missing_ok=True)
