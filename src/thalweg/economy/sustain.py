"""Sustain: is growth bought or earned, and how long does it live without the buying?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.change.blas import one_blas_thread
from thalweg.change.request import profile_for
from thalweg.economy.accounts.linked import paths_of, revenue_by_object
from thalweg.economy.accounts.notes import notes_of
from thalweg.economy.accounts.panel import growth_panel
from thalweg.economy.accounts.read import read_accounts
from thalweg.economy.accounts.volume import order_values
from thalweg.economy.appraise import Appraisal, Progress, accounts_rows, appraise, silent
from thalweg.economy.frame import Accounts, GrowthPanel, Response
from thalweg.economy.metrics.table import metrics_table
from thalweg.economy.metrics.units import unit_economics_table
from thalweg.economy.request import SustainRequest, request_of
from thalweg.economy.response import fit_response
from thalweg.economy.result import SustainResult
from thalweg.economy.schema import COLUMNS, frame
from thalweg.errors import RequestError
from thalweg.process.map import trust_summary
from thalweg.process.result import fingerprint_of
from thalweg.records.profile.model import Profile

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

FEWEST_UNITS = 2
"""With revenue of their own, among which a response can be looked for."""


def can_sustain(book: Book) -> tuple[str, ...]:
    """Codes of what is missing for ``sustain_book``; nothing: it can be asked."""
    return () if book.companion("ledger") is not None else ("no_ledger",)


def sustain_book(
    book: Book,
    *,
    profile: Profile | str | Path | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    off_from: str | date | None = None,
    scenarios: Sequence[str] = (),
    draws: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
    horizon_months: int = 24,
    threads: int | None = None,
    progress: Progress | None = None,
) -> SustainResult:
    """What growth consists of, and how revenue and cash go on without traffic or capital.

    Takes    profile: the file, or what was read from it; None: the book's, or a draft. since, until:
             first and last month to look at, as ``2024-01``; None: all. off_from: month of the past
             from which paid traffic, subsidy and capital are thought away; None: the twelfth from
             the end. scenarios: texts such as ``marketing=-50%``, ``marketing.search_ads=0``,
             ``subsidy=-100%``, ``rollout.NAME=2026-06``, ``capital=0`` or ``operations=+10%``; those
             joined by commas hold together. draws: of all that is not known; seed: of all chance.
             confidence: of all intervals. horizon_months: how far ahead.
             progress: called with (step, done, all).
    Returns  the same for the same book and request, whatever the number of threads.
    Raises   RequestError: there is no ledger, a scenario or month cannot be read or laid over the
             record, or a figure is out of range.
    """
    if can_sustain(book):
        raise RequestError(
            "The book has no ledger, from which money is told. Give one with "
            "thalweg ingest --ledger FILE."
        )
    chain, drafted = profile_for(book, profile, None)
    asked = request_of(
        since=since,
        until=until,
        off_from=off_from,
        scenarios=scenarios,
        draws=draws,
        seed=seed,
        confidence=confidence,
        horizon_months=horizon_months,
        profile=_named(chain),
    )
    tell = progress or silent
    with one_blas_thread():
        tell("accounts", 0, 0)
        accounts, panel = _read(book, chain, asked)
        tell("response", 0, 0)
        response = respond(panel, draws=draws, seed=seed, threads=threads)
        found = appraise(accounts, panel, response, asked, tell)
    if drafted:
        found.warnings.insert(0, "no_profile")
    found.tables["accounts_table"] = accounts_rows(accounts)
    counted = {
        "metrics": metrics_table(accounts, _goods(book, chain, accounts)),
        "unit_economics": unit_economics_table(accounts, _paths(book, accounts)),
    }
    return _assemble(book, asked, (accounts, panel, response), found, counted)


def respond(
    panel: GrowthPanel | None, *, draws: int, seed: int, threads: int | None
) -> Response | None:
    """The response of a panel with units enough, else None."""
    if panel is None or len(panel.units) < FEWEST_UNITS:
        return None
    return fit_response(panel, draws=draws, seed=seed, threads=threads)


def _read(
    book: Book, profile: Profile, asked: SustainRequest
) -> tuple[Accounts, GrowthPanel | None]:
    accounts = within(read_accounts(book, profile), asked.since, asked.until)
    return accounts, growth_panel(book, accounts, profile)


def _notes(accounts: Accounts, panel: GrowthPanel | None) -> list[dict[str, Any]]:
    """What was turned, spread, drafted or set aside on the way from the ledger to the accounts."""
    return [{"code": one.code, "figures": one.figures} for one in notes_of(accounts, panel)]


def _goods(book: Book, profile: Profile, accounts: Accounts) -> pl.DataFrame | None:
    """month, value of what was ordered, within the months of the accounts."""
    values = order_values(book, profile)
    if values is None or profile.currency != accounts.currency:
        return None
    inside = values.filter(pl.col("month").is_in(list(accounts.months)))
    return inside.group_by("month", maintain_order=True).agg(pl.col("value").sum()).sort("month")


def _paths(book: Book, accounts: Accounts) -> pl.DataFrame | None:
    """The process path behind each document, where documents name objects."""
    linked = revenue_by_object(book, accounts)
    return paths_of(linked) if len(linked) else None


def within(accounts: Accounts, since: date | None, until: date | None) -> Accounts:
    """The months asked for.

    Raises   RequestError: none of them are in the record.
    """
    months = tuple(
        one
        for one in accounts.months
        if (since is None or one >= since) and (until is None or one <= until)
    )
    if months == accounts.months:
        return accounts
    if not months:
        raise RequestError(
            f"No month of the ledger lies there. It runs from {accounts.months[0]:%Y-%m} to "
            f"{accounts.months[-1]:%Y-%m}."
        )
    inside = pl.col("month").is_between(months[0], months[-1])
    return replace(
        accounts,
        months=months,
        lines=accounts.lines.filter(inside),
        traffic=accounts.traffic.filter(inside),
        paused=accounts.paused.filter(inside),
    )


def _named(profile: Profile) -> str:
    text = json.dumps(profile.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _assemble(
    book: Book,
    asked: SustainRequest,
    kept: tuple[Accounts, GrowthPanel | None, Response | None],
    found: Appraisal,
    counted: dict[str, pl.DataFrame],
) -> SustainResult:
    tables: dict[str, Any] = {name: frame(name, found.tables.get(name, [])) for name in COLUMNS}
    accounts, request = kept[0], asked.to_json()
    return SustainResult(
        fingerprint=fingerprint_of(book.fingerprint, request),
        book=book.fingerprint,
        request=request,
        currency=accounts.currency,
        first_month=accounts.months[0].isoformat(),
        last_month=accounts.months[-1].isoformat(),
        units=len(accounts.units),
        **tables | counted,
        facts=found.facts | {"accounts": accounts.facts, "notes": _notes(accounts, kept[1])},
        warnings=tuple(dict.fromkeys(found.warnings)),
        trust=trust_summary(book),
        draws=found.draws,
        kept=kept,
    )
