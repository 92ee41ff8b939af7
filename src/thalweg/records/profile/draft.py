"""A profile to begin with, drafted from the activities of a book and the accounts of its ledger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from thalweg.errors import RequestError
from thalweg.records.profile.model import ACCOUNTS, Layer, Profile, Words
from thalweg.records.profile.words import (
    LAYERS,
    OTHER,
    likely_account,
    likely_layer,
    sounds_failed,
)
from thalweg.records.store.book import Book


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted profile, and how much of it rests on known words.

    known   activities whose name holds a word of one layer.
    other   activities that no word tells, put into the layer ``other``.
    accounts  names of the ledger whose words tell their standard account.
    unmapped  names of the ledger that no word tells; they stand in no account of the draft.
    """

    profile: Profile
    known: tuple[str, ...]
    other: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()


def draft_profile(book: Book, type: str | None = None) -> Draft:  # noqa: A002
    """Sort activities into layers, and a ledger's accounts under standard ones, by their words.

    Takes    type: the object type measured; None: the book's first.
    Returns  a draft with the layers that have activities, in the order of the chain (of a book
             without events: the usual layers, empty); failed ends are activities that end objects
             of the type and whose name speaks of failure. The platform is the one party whose role
             says so, the currency the only one of the ledger. Unit, value and windows are left
             open: names do not tell them.
    Raises   RequestError: no such object type, or a book without events and without a ledger.
    """
    ledger = book.companion("ledger")
    if not book.activities and ledger is None:
        raise RequestError(
            "A profile is drafted from activities, and the book has none. See: "
            "thalweg profile --example"
        )
    measured = (type or book.types[0]) if book.activities else None
    layers = {name: likely_layer(name) for name in book.activities}
    homes = {key: tuple(name for name, layer in layers.items() if layer == key) for key in LAYERS}
    accounts, unmapped = _accounts(ledger)
    profile = Profile(
        name=book.path.name,
        type=measured,
        layers=tuple(
            Layer(id=key, name=Words(en=LAYERS[key][0], zh=LAYERS[key][1]), activities=names)
            for key, names in homes.items()
            if names or (not layers and key != OTHER)
        ),
        failed_ends=()
        if measured is None
        else tuple(name for name in _last_activities(book, measured) if sounds_failed(name)),
        currency=_currency(ledger),
        platform=_platform(book),
        accounts=accounts,
    )
    known = tuple(name for name, layer in layers.items() if layer != OTHER)
    mapped = tuple(name for names in accounts.values() for name in names)
    return Draft(profile, known, homes[OTHER], mapped, unmapped)


def _accounts(
    ledger: pl.DataFrame | None,
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Names by standard account, those with most lines first, and the names that no word tells."""
    if ledger is None:
        return {}, ()
    counted = ledger["account"].value_counts().sort("count", "account", descending=[True, False])
    told = {name: likely_account(name) for name in counted["account"]}
    homes = {key: tuple(n for n, account in told.items() if account == key) for key in ACCOUNTS}
    unmapped = tuple(name for name, account in told.items() if account is None)
    return _once({key: names for key, names in homes.items() if names}), unmapped


def _once(accounts: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Names that differ in capitals alone stand once: the profile does not tell them apart."""
    return {
        key: tuple({name.casefold(): name for name in reversed(names)}.values())[::-1]
        for key, names in accounts.items()
    }


def _currency(ledger: pl.DataFrame | None) -> str | None:
    """The currency of the ledger, where it has one only."""
    codes = [] if ledger is None else ledger["currency"].drop_nulls().unique().to_list()
    return str(codes[0]) if len(codes) == 1 else None


def _platform(book: Book) -> str | None:
    """The party whose role says that it is the platform, where there is one only."""
    parties = book.parties()
    if parties is None or "role" not in parties.columns:
        return None
    role = pl.col("role").str.to_lowercase()
    named = parties.filter(role.str.contains("platform") | role.str.contains("平台"))
    return str(named["id"][0]) if len(named) == 1 else None


def _last_activities(book: Book, type: str) -> list[str]:  # noqa: A002
    """Activities that end an object, in the order of their codes."""
    view = book.perspective(type)
    ends = np.unique(np.asarray(view.activity)[np.asarray(view.offsets)[1:] - 1])
    return [book.activities[int(code)] for code in ends]
