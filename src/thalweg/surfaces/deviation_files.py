"""Lists of deviations as files that people act on: Parquet, CSV or a workbook.

One row per occurrence. Times are local, with the offset from UTC beside them; to the nanosecond in
Parquet, to the millisecond in the others. CSV begins with a
byte order mark, so that Excel shows Chinese; text that a spreadsheet would run as a formula is
written with an apostrophe before it in CSV, and as plain text in a workbook.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.errors import MissingExtraError, RequestError
from thalweg.records.attributes import column
from thalweg.records.export.files import put_in_place
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult

SUFFIXES = (".parquet", ".csv", ".xlsx")
WORKBOOK_ROWS = 1_048_576
"""Rows of a worksheet, its header included."""
WORKBOOK_CELL = 32_767
"""Characters of a cell."""
_FORMULA = r"^[=+\-@\t\r]"


def check_deviation_file(path: str | Path) -> Path:
    """The path, if its suffix says how to write it.

    Raises   RequestError: it does not. MissingExtraError: workbooks need the extra ``excel``.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise RequestError(
            f"{path.name} says not how to write the list. End it with {', '.join(SUFFIXES)}."
        )
    if path.suffix.lower() == ".xlsx":
        _xlsxwriter()
    return path


def write_deviations(
    result: ConformResult, path: str | Path, *, language: str | None = None
) -> int:
    """Write every occurrence of every deviation; gives the number of rows.

    Takes    path: ends with .parquet, .csv or .xlsx. language: of headers, kinds and severities;
             None leaves the names of ``OCCURRENCES`` and codes.
    Raises   RequestError: another suffix, or more rows than a workbook holds.
             BookError: the file cannot be written.
    """
    path = check_deviation_file(path)
    suffix = path.suffix.lower()
    frame = _local(
        result.occurrences(), str(result.request["timezone"]), plain=suffix != ".parquet"
    )
    if suffix == ".xlsx" and len(frame) > WORKBOOK_ROWS - 1:
        raise RequestError(
            f"The list has {len(frame):,} rows, and a workbook holds {WORKBOOK_ROWS - 1:,} below "
            "its header. Write a .csv or .parquet file, or narrow with --filter."
        )
    if language is not None:
        frame = _worded(frame, language)
    with put_in_place(path) as aside:
        if suffix == ".parquet":
            frame.write_parquet(aside)
        elif suffix == ".csv":
            _harmless(frame).write_csv(
                aside, include_bom=True, datetime_format="%Y-%m-%d %H:%M:%S%.3f"
            )
        else:
            _write_workbook(frame, aside)
    return len(frame)


def _local(frame: pl.DataFrame, zone: str, *, plain: bool) -> pl.DataFrame:
    """Times in the zone, and what they are ahead of UTC; plain: without a zone of their own."""
    local = pl.col("time").dt.convert_time_zone(zone)
    offset = pl.lit("UTC") + local.dt.to_string("%:z")
    wanted = local.dt.replace_time_zone(None).dt.cast_time_unit("us") if plain else local
    at = frame.columns.index("time") + 1
    return frame.with_columns(time=wanted).insert_column(
        at, frame.select(utc_offset=offset).to_series()
    )


def _worded(frame: pl.DataFrame, language: str) -> pl.DataFrame:
    say = load(language)
    kinds, severities = say.under("conform.kinds"), say.under("conform.severities")
    words = frame.with_columns(
        pl.col("kind").replace(kinds), pl.col("severity").replace(severities)
    )
    return words.rename({name: say(f"conform.columns.{name}") for name in frame.columns})


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [column(name) for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep()
        for text in texts
    )


def _write_workbook(frame: pl.DataFrame, path: Path) -> None:
    texts = [column(name) for name, dtype in frame.schema.items() if dtype == pl.String]
    short = frame.with_columns(text.str.head(WORKBOOK_CELL) for text in texts)
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with _xlsxwriter().Workbook(str(path), options) as book:
        short.write_excel(
            book,
            freeze_panes=(1, 0),
            autofit=len(frame) <= 10_000,
            dtype_formats={pl.Datetime: "yyyy-mm-dd hh:mm:ss"},
        )


def _xlsxwriter() -> Any:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtraError("XlsxWriter, which writes workbooks,", "excel") from error
    return xlsxwriter
