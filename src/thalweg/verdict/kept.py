"""Verdicts kept beside a book, so that a figure is explained without working all out anew.

A kept verdict is named by everything that it depends on: the content of the generation, the request
and the profile gone by, and the program itself with the libraries that it counts with. It is no part
of the book: no manifest names it, it may be deleted at any time, and where the folder cannot be
written there is simply none.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import thalweg
from thalweg.verdict.evidence import Evidence, Figure
from thalweg.verdict.gather import chain_for
from thalweg.verdict.result import JudgeResult
from thalweg.verdict.schema import COLUMNS, frame

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile
    from thalweg.records.store.book import Book
    from thalweg.verdict.request import JudgeRequest

FOLDER = "cache"
MOST_KEPT = 8
LIBRARIES = ("numpy", "scipy", "polars", "numba", "diff-diff")
_SCALARS = ("fingerprint", "book", "request", "verdict", "thresholds", "facts", "trust")
_LISTS = ("reasons", "settle", "warnings")


def kept_or_judged(
    book: Book,
    request: JudgeRequest,
    profile: Profile | None,
    judge: Callable[[], JudgeResult],
    *,
    fresh: bool = False,
) -> tuple[JudgeResult, bool]:
    """The verdict of a request, and whether it was kept.

    Takes    judge: works it out. fresh: work it out even where it is kept.
    """
    path = path_of(book, request, profile)
    found = None if fresh else _read(path)
    if found is not None:
        return found, True
    result = judge()
    _write(path, result)
    return result, False


def path_of(book: Book, request: JudgeRequest, profile: Profile | None) -> Path:
    """Where the verdict of a request is kept."""
    chain, drafted = chain_for(book, profile, request.type)
    asked = request.to_json(chain) | {"drafted": drafted, "with": program()}
    hashes = [stored.sha256 for stored in book.manifest.files()]
    text = json.dumps([book.fingerprint, hashes, asked], sort_keys=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    return book.path / FOLDER / f"judge-{name}.json"


@cache
def program() -> str:
    """Names the program: its own text, and the versions of what it counts with."""
    digest = hashlib.sha256(sys.version.encode())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    folder = Path(thalweg.__file__).parent
    for module in sorted(folder.rglob("*.py")):
        if "surfaces" not in module.relative_to(folder).parts:
            digest.update(module.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> JudgeResult | None:
    """What is kept; None where nothing is, or where it is not whole."""
    try:
        held = json.loads(path.read_bytes())
        if held["sha256"] != _digest(held["body"]):
            return None
        return from_json(held["body"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, result: JudgeResult) -> None:
    """Keep a verdict, and let the oldest ones go; in silence where that cannot be."""
    body = result.to_json()
    text = json.dumps({"sha256": _digest(body), "body": body}, ensure_ascii=False)
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}.tmp")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
        kept = sorted(path.parent.glob("judge-*.json"), key=lambda one: one.stat().st_mtime_ns)
        for old in kept[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def _digest(body: dict[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def from_json(body: dict[str, Any]) -> JudgeResult:
    """The verdict that ``JudgeResult.to_json`` gave, without the results that it was made from."""
    held: dict[str, Any] = {name: body[name] for name in _SCALARS}
    held |= {name: tuple(body[name]) for name in _LISTS}
    held |= {name: frame(name, _dated(name, body[name])) for name in COLUMNS}
    return JudgeResult(
        **held,
        evidence=Evidence(Figure.from_json(one) for one in body["figures"]),
    )


def _dated(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with days as days, which are texts in JSON."""
    days = [name for name, kind in frame(table, []).schema.items() if kind == pl.Date]
    return [
        row | {name: None if row[name] is None else date.fromisoformat(row[name]) for name in days}
        for row in rows
    ]
