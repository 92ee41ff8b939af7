"""Lists of deviations as files that people act on: Parquet, CSV or a workbook.

One row per occurrence. Times are local, with the offset from UTC beside them; to the nanosecond in
Parquet, to the millisecond in the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from thalweg.surfaces.row_files import LOCAL_TIME, check_row_file, write_rows
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult


def write_deviations(
    result: ConformResult, path: str | Path, *, language: str | None = None
) -> int:
    """Write every occurrence of every deviation; gives the number of rows.

    Takes    path: ends with .parquet, .csv or .xlsx. language: of headers, kinds and severities;
             None leaves the names of ``OCCURRENCES`` and codes.
    Raises   RequestError: another suffix, or more rows than a workbook holds.
             BookError: the file cannot be written.
    """
    path = check_row_file(path)
    frame = _local(
        result.occurrences(),
        str(result.request["timezone"]),
        plain=path.suffix.lower() != ".parquet",
    )
    if language is not None:
        frame = _worded(frame, language)
    return write_rows(frame, path, times=LOCAL_TIME)


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
