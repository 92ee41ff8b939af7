"""What writers of model files share: whole files or none, ids and texts that XML allows."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from thalweg.errors import RequestError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")
_OTHER, _NEAR = re.compile(r"[^A-Za-z0-9_.\-]"), re.compile("[A-Za-z0-9]")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_text(path: str | Path, text: str) -> None:
    """Write a file as a whole: it is put beside the old one first, and then takes its place.

    Raises   RequestError: the folder is missing or cannot be written; the old file is as it was.
    """
    path = Path(path)
    fresh: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        fresh = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        fresh.chmod(mode & 0o777)
        fresh.replace(path)
    except OSError as error:
        raise RequestError(
            f"{path} cannot be written: {error.strerror or error}. Check the folder and its rights."
        ) from error
    finally:
        if fresh is not None:
            fresh.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def text_of(text: str) -> str:
    """A text as XML holds it, also within double quotes.

    Raises   RequestError: it has control characters, which XML has no way to write.
    """
    bad = _ILLEGAL.search(text)
    if bad is not None:
        raise RequestError(
            f"The name {text!r} has the character {bad[0]!r}, which XML cannot hold. "
            "Rename the activity."
        )
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


class Ids:
    """Ids of one document: names that XML allows, none of them twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def take(self, wanted: str, prefix: str) -> str:
        """The wanted id if it is allowed and free, else one near it, else a numbered one."""
        key = wanted if _NAME.match(wanted) else f"{prefix}_{_OTHER.sub('_', wanted)}"
        if not _NEAR.search(wanted):
            key = ""
        while key in self._taken or not _NAME.match(key):
            self._last[prefix] = self._last.get(prefix, 0) + 1
            key = f"{prefix}{self._last[prefix]}"
        self._taken.add(key)
        return key
