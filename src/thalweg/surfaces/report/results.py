"""The report as JSON: every result that its page is made from, whole."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from thalweg.surfaces.report.gather import Gathered

SCHEMA = "thalweg.report/1"


def results_json(got: Gathered) -> str:
    """One JSON object: map, discover, conform, waits, drift, prove, sustain and judge.

    Each is what its command prints with ``--json``, and null where the records do not carry it.
    """
    deep, judged = got.deep, got.judged
    prove = None if deep is None else deep.prove
    if judged is not None and judged.prove is not None:
        prove = judged.prove
    results = {
        "map": got.main,
        "discover": None if deep is None else deep.model,
        "conform": None if deep is None else deep.conform,
        "waits": None if deep is None else deep.waits,
        "drift": None if deep is None else deep.drift,
        "prove": prove,
        "sustain": None if judged is None else judged.sustain,
        "judge": judged,
    }
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "book": got.book.path.name,
        "book_fingerprint": got.book.fingerprint,
        "made_at": got.made_at.isoformat(),
        "filters": list(got.filters),
    }
    body |= {name: None if one is None else one.to_json() for name, one in results.items()}
    return json.dumps(body, ensure_ascii=False, indent=1, default=_plain, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
