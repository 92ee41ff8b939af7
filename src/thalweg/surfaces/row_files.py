"""Rows as files that people go on with: Parquet, CSV or a workbook.

CSV begins with a byte order mark, so that Excel shows Chinese; text that a spreadsheet would run as
a formula is written with an apostrophe before it in CSV, and as plain text in a workbook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from thalweg.errors import MissingExtraError, RequestError
from thalweg.records.attributes import column
from thalweg.records.export.files import put_in_place

SUFFIXES = (".parquet", ".csv", ".xlsx")
WORKBOOK_ROWS = 1_048_576
"""Rows of a worksheet, its header included."""
WORKBOOK_CELL = 32_767
"""Characters of a cell."""
WORKBOOK_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
"""Texts stay texts, whatever they look like."""
LOCAL_TIME, UTC_TIME = "%Y-%m-%d %H:%M:%S%.3f", "%Y-%m-%dT%H:%M:%S%.3fZ"
_FORMULA = r"^[=+\-@\t\r]"


def check_row_file(path: str | Path) -> Path:
    """The path, if its suffix says how to write it.

    Raises   RequestError: it does not. MissingExtraError: workbooks need the extra ``excel``.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise RequestError(
            f"{path.name} says not how to write the list. End it with {', '.join(SUFFIXES)}."
        )
    if path.suffix.lower() == ".xlsx":
        load_xlsxwriter()
    return path


def write_rows(frame: pl.DataFrame, path: str | Path, *, times: str = UTC_TIME) -> int:
    """Write a table; gives the number of its rows.

    Takes    path: ends with .parquet, .csv or .xlsx. times: how CSV writes them. Lists are joined
             by ; where a file has no place for them, and times of a workbook are those of UTC.
    Raises   RequestError: another suffix, or more rows than a workbook holds.
             BookError: the file cannot be written.
    """
    path = check_row_file(path)
    suffix = path.suffix.lower()
    if suffix == ".xlsx" and len(frame) > WORKBOOK_ROWS - 1:
        raise RequestError(
            f"The list has {len(frame):,} rows, and a workbook holds {WORKBOOK_ROWS - 1:,} below "
            "its header. Write a .csv or .parquet file, or narrow with --filter."
        )
    with put_in_place(path) as aside:
        if suffix == ".parquet":
            frame.write_parquet(aside)
        elif suffix == ".csv":
            _harmless(_flat(frame)).write_csv(aside, include_bom=True, datetime_format=times)
        else:
            _write_workbook(_flat(frame), aside)
    return len(frame)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists as text, and times without a zone."""
    lists = [column(name) for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    zoned = [
        column(name)
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime) and kind.time_zone is not None
    ]
    return frame.with_columns(
        *(one.cast(pl.List(pl.String)).list.join(";") for one in lists),
        *(one.dt.convert_time_zone("UTC").dt.replace_time_zone(None) for one in zoned),
    )


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [column(name) for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep()
        for text in texts
    )


def _write_workbook(frame: pl.DataFrame, path: Path) -> None:
    texts = [column(name) for name, dtype in frame.schema.items() if dtype == pl.String]
    short = frame.with_columns(text.str.head(WORKBOOK_CELL) for text in texts)
    with load_xlsxwriter().Workbook(str(path), WORKBOOK_OPTIONS) as book:
        short.write_excel(
            book,
            freeze_panes=(1, 0),
            autofit=len(frame) <= 10_000,
            dtype_formats={pl.Datetime: "yyyy-mm-dd hh:mm:ss"},
        )


def load_xlsxwriter() -> Any:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtraError("XlsxWriter, which writes workbooks,", "excel") from error
    return xlsxwriter
