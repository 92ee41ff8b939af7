"""Which standard account a ledger's name is: as the profile says, else as its words tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from thalweg.economy.frame import Account
from thalweg.records.profile.model import Profile
from thalweg.records.profile.words import likely_account

OTHER = "other"
STANDARD: tuple[str, ...] = get_args(Account)


@dataclass(frozen=True, slots=True)
class Naming:
    """Standard account by the ledger's name, and how that is known.

    drafted   names that no profile maps and whose words tell the account.
    unmapped  names that nothing tells; they stand under ``other``.
    """

    account: dict[str, str]
    drafted: tuple[str, ...]
    unmapped: tuple[str, ...]


def naming_of(names: Iterable[str], profile: Profile | None) -> Naming:
    """Find the standard account of each name.

    The profile's names come first (capitals and blanks at the ends do not count), then the
    standard accounts' own names. Words are asked only where the profile maps no account at all:
    a profile that maps some says that the rest is something else.
    """
    stated = {} if profile is None else _stated(profile)
    account: dict[str, str] = {}
    drafted: list[str] = []
    unmapped: list[str] = []
    for name in names:
        word = name.strip().casefold()
        found = stated.get(word) or (word if word in STANDARD else None)
        if found is None and not stated:
            found = likely_account(name)
            if found is not None:
                drafted.append(name)
        if found is None:
            unmapped.append(name)
        account[name] = found or OTHER
    return Naming(account, tuple(drafted), tuple(unmapped))


def _stated(profile: Profile) -> dict[str, str]:
    return {
        name.strip().casefold(): account
        for account, names in profile.accounts.items()
        for name in names
    }
