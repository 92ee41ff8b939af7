"""Checks on cells that people typed: damaged characters, and text that looks like a formula."""

from __future__ import annotations

from collections import Counter

import polars as pl

from thalweg.records.attributes import column
from thalweg.records.intake import ROW
from thalweg.records.readers.notes import EXAMPLES, Notes
from thalweg.records.text.mojibake import Damage, diagnose, suspects


class TextChecks:
    """Looks at every text column; changes nothing unless repair is wanted."""

    def __init__(self, repair: bool, notes: Notes) -> None:
        self._repair, self._notes = repair, notes

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Count damaged and formula-like cells; give the rows back, repaired if so requested."""
        repaired = []
        for name, dtype in rows.schema.items():
            if dtype == pl.String and name != ROW:
                self._formulas(rows, name)
                if (mended := self._damage(rows, name)) is not None:
                    repaired.append(mended)
        return rows.with_columns(repaired) if repaired else rows

    def _formulas(self, rows: pl.DataFrame, name: str) -> None:
        """A cell such as =HYPERLINK(…) is only text here, but a spreadsheet would run it."""
        cell = column(name)
        marked = cell.str.starts_with("=") | cell.str.starts_with("@")
        few = rows.filter(marked).filter(cell.str.contains(r"^(=.|@[A-Za-z])"))
        self._notes.count_rows("formula_like_text", "note", few, name, len(rows))

    def _damage(self, rows: pl.DataFrame, name: str) -> pl.Series | None:
        found = {text: d for text in suspects(rows[name]) if (d := diagnose(text)) is not None}
        if not found:
            return None
        hit = rows[[ROW, name]].filter(column(name).is_in(list(found)))
        self._tell(hit, name, found, len(rows))
        if not self._repair:
            return None
        table = {text: d.before for text, d in found.items() if d.before is not None}
        return rows[name].replace(table)

    def _tell(self, hit: pl.DataFrame, name: str, found: dict[str, Damage], of: int) -> None:
        mended = [t for t, d in found.items() if d.before is not None] if self._repair else []
        is_mended = column(name).is_in(mended)
        for code, part in (
            ("text_repaired", hit.filter(is_mended)),
            ("text_damaged", hit.filter(~is_mended)),
        ):
            if part.is_empty():
                continue
            kinds = Counter(found[text].kind for text in part[name])
            examples = [
                self._notes.example(row, _shown(text, found[text]))
                for row, text in part.head(EXAMPLES).iter_rows()
            ]
            self._notes.add(
                code,
                "note" if code == "text_repaired" else "warning",
                len(part),
                of=of,
                where=name,
                examples=examples,
                detail={"kinds": dict(kinds)},
            )


def _shown(text: str, damage: Damage) -> str:
    return text if damage.before is None else f"{text} → {damage.before}"
