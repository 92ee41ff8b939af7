"""Names of parties in a table: spelled as the rest of the book spells them, and those unknown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import polars as pl

from thalweg.records.companions.schema import (
    EXAMPLES_KEPT,
    Judgement,
    Remark,
    Surroundings,
    near_words,
)
from thalweg.records.intake import ROW

EVERY = "*"
"""Stands for every party, unit or channel."""


def folded(word: str) -> str:
    """A name without differences of width, case and blanks: Ｆ００１ and f 001 are F001."""
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())


def party_words(parties: pl.DataFrame | None) -> tuple[set[str], dict[str, list[str]]]:
    """Ids of the parties, and the ids behind each name."""
    names: dict[str, list[str]] = {}
    if parties is None:
        return set(), names
    for key, name in parties.select("id", "name").iter_rows():
        names.setdefault(name, []).append(key)
    return set(parties["id"]), names


def respelled(
    rows: pl.DataFrame, column: str, around: Surroundings, found: Judgement
) -> pl.DataFrame:
    """Parties as the records spell them, where width, case and blanks are all that differs.

    A word that fits two known names stays as it is, and so is unknown.
    """
    strange = strangers(rows[column], around)
    if not strange:
        return rows
    ids, names = party_words(around.parties)
    meant: dict[str, set[str]] = {}
    for word in (*ids, *names, *around.names()):
        meant.setdefault(folded(word), set()).add(word)
    fits = {name: meant.get(folded(name), set()) for name in sorted(strange)}
    mended = {name: next(iter(words)) for name, words in fits.items() if len(words) == 1}
    changed = rows.filter(pl.col(column).is_in(list(mended)))
    shown = ", ".join(f"{name} → {word}" for name, word in list(mended.items())[:3])
    found.note("unit_respelled", "note", changed[ROW], column, shown)
    return rows.with_columns(pl.col(column).replace(mended))


def strangers(given: pl.Series, around: Surroundings) -> set[str]:
    """Names that are neither a party nor occur in the records."""
    ids, names = party_words(around.parties)
    strange = set(given.drop_nulls().unique()) - ids - names.keys() - {EVERY}
    return strange - around.known(sorted(strange)) if strange else strange


def note_unknown(
    code: str,
    rows: pl.DataFrame,
    column: str,
    unknown: Iterable[str],
    valid: Iterable[str],
    found: Judgement,
) -> None:
    """Warn of rows with unknown names, with each name's first row and the nearest valid ones."""
    names = sorted(set(unknown))
    if not names:
        return
    hit = rows.lazy().filter(pl.col(column).is_in(names))
    first = hit.group_by(column).agg(pl.col(ROW).min(), pl.len().alias("n")).collect()
    first = first.sort(ROW)
    valid = list(valid)
    examples = []
    for name, row in first.select(column, ROW).head(EXAMPLES_KEPT).iter_rows():
        near = near_words(name, valid)
        examples.append((row, f"{name} → {' / '.join(near)}?" if near else name))
    detail = {"names": first[column].head(20).to_list(), "names_count": len(first)}
    count = int(first["n"].sum())
    found.remark(Remark(code, "warning", count, tuple(examples), column, detail=detail))


def parties_known(
    rows: pl.DataFrame, around: Surroundings, found: Judgement, column: str = "party"
) -> None:
    """Warn of rows whose party nothing else knows; silent where nothing could know parties."""
    if around.parties is None and around.span_ns is None:
        return
    unknown = strangers(rows[column], around)
    if around.profile is not None and around.profile.platform is not None:
        unknown -= {around.profile.platform}
    ids, names = party_words(around.parties)
    valid = [*ids, *names, *(around.names() if unknown else ())]
    note_unknown("party_unlisted", rows, column, unknown, valid, found)
