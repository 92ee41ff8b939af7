"""Small tables of money as people export them, and the remarks that reading them leaves."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

import thalweg
from companion_helpers import table
from thalweg.records.profile.model import Layer, Profile
from thalweg.records.store.book import Book
from thalweg.records.trust import Finding

LEDGER = """party,month,product,account,amount,document
F1,2024-01,steel,Revenue,100,SO1
F1,2024-02,steel,Revenue,110,SO2
F2,2024-01,steel,Revenue,50,
,2024-02,,Marketing,-30,
"""


def profile(**fields: Any) -> Profile:
    """A profile with one layer and the accounts of ``LEDGER``."""
    accounts = {"revenue": ("Revenue",), "marketing": ("Marketing",)}
    return Profile(
        name="p",
        layers=(Layer(id="match"),),
        **({"accounts": accounts, "currency": "CNY"} | fields),
    )


def money_book(folder: Path, *, form: Profile | None = None, **texts: str) -> Book:
    """A book without events of tables given as CSV text."""
    paths = {name: table(folder, text, f"{name}.csv") for name, text in texts.items()}
    return thalweg.ingest((), folder / "book", profile=form, **paths)


def rows(book: Book, name: str) -> pl.DataFrame:
    found = book.companion(name)
    assert found is not None
    return found


def told(book: Book, code: str, where: str | None = None) -> Finding:
    found = book.trust.find(code, where)
    assert found is not None, f"{code} not among {sorted({f.code for f in book.trust.findings})}"
    return found


def codes(book: Book) -> set[str]:
    return {finding.code for finding in book.trust.findings}


def day(text: str) -> date:
    return date.fromisoformat(text)
