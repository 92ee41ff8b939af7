"""How a delimited text is written: its separator, its quote and its header."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.errors import SourceError, UnsafeSourceError

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """separator, quote    characters.
    header_lines         lines up to and including the header.
    columns              names, made unique and never empty.
    renamed              columns whose name in the file was empty or taken: new name to old.
    """

    separator: str
    quote: str
    header_lines: int
    columns: tuple[str, ...]
    renamed: dict[str, str]


def sniff(text: str, name: str, separator: str | None = None) -> Dialect:
    """Judge the first lines of a text.

    Raises   SourceError: there is no header. UnsafeSourceError: a header that no table has.
    """
    hint = 0
    first = text.split("\n", 1)[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        separator, hint = separator or first[4], 1
        text = text.split("\n", 1)[1] if "\n" in text else ""
    if not text.strip("\r\n"):
        raise SourceError(f"{name} is empty. Export it with its header.")
    quote = _quote(text)
    separator = separator or max(SEPARATORS, key=lambda s: _fit(text, s, quote))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
        header = next(row for row in reader if row)
    except csv.Error as error:
        raise UnsafeSourceError(
            f"{name} has no header that a table could have: {error}. Check its quotes."
        ) from error
    rows = _rows(text, separator, quote)[1:]
    if _ends_in_separators(rows, len(header)):
        header = [*header, ""]
    columns, renamed = unique_names(header)
    return Dialect(separator, quote, reader.line_num + hint, columns, renamed)


def _ends_in_separators(rows: list[list[str]], width: int) -> bool:
    """Every row has one empty cell more than the header: each line ends in a separator."""
    return bool(rows) and all(len(row) == width + 1 and not row[-1] for row in rows)


def _fit(text: str, separator: str, quote: str) -> tuple[float, int]:
    """Share of rows as wide as the header, and that width; a width of one fits nothing."""
    rows = _rows(text, separator, quote)
    width = len(rows[0]) if rows else 1
    if width == 1:
        return (0.0, 1)
    if _ends_in_separators(rows[1:], width):
        return (1.0, width)
    return (round(sum(len(row) == width for row in rows) / len(rows), 2), width)


def _rows(text: str, separator: str, quote: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        return rows
    return rows[:-1] if 2 < len(rows) <= _SAMPLE_ROWS else rows


def _quote(text: str) -> str:
    """The double quote, unless the text has none and most of its cells stand in single ones."""
    if '"' in text or "'" not in text:
        return '"'
    cells = [c.strip() for line in text.split("\n")[:_SAMPLE_ROWS] for c in _split(line)]
    given = [c for c in cells if c]
    quoted = sum(len(c) > 1 and c[0] == c[-1] == "'" for c in given)
    return "'" if quoted > len(given) / 2 else '"'


def _split(line: str) -> list[str]:
    return line.split(max(SEPARATORS, key=line.count))


def unique_names(header: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Column names as they stand, blanks and zero bytes trimmed; and those that differ: new name to old.

    Empty and repeated names get a number; names that start with ``@``, which belong to
    Thalweg, get a prefix.
    """
    names: list[str] = []
    renamed: dict[str, str] = {}
    stripped = [cell.replace("\x00", "").strip() for cell in header]
    for place, given in enumerate(stripped, 1):
        name, count = own_name(given) or f"column_{place}", 1
        while name in names or (name != given and name in stripped):
            count += 1
            name = f"{given or 'column'}_{count}"
        if name != given:
            renamed[name] = given
        names.append(name)
    return tuple(names), renamed


def own_name(name: str) -> str:
    """The name under which a source's column goes; ``@`` at its start is Thalweg's own."""
    return f"attribute:{name}" if name.startswith("@") else name
