"""The drawn pauses as a file that ingesting reads back: ``thalweg ingest --pauses FILE``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from thalweg.economy.pauses.plan import PausePlan
from thalweg.errors import MissingExtraError, RequestError

SUFFIXES = (".csv", ".xlsx", ".parquet")


def pauses_frame(plan: PausePlan) -> pl.DataFrame:
    """A row for each pause: party, month (YYYY-MM), channel, assignment, stratum, seed, design.

    Pauses that the records hold already come first, without seed and design: a new table of pauses
    takes the place of the old one.
    """
    new = plan.assignment.with_columns(
        seed=pl.lit(plan.request["seed"], pl.Int64), design=pl.lit(plan.fingerprint[:16])
    )
    whole = pl.concat([plan.earlier, new], how="diagonal")
    return whole.with_columns(month=pl.col("month").dt.strftime("%Y-%m"))


def write_pauses(plan: PausePlan, path: str | Path) -> Path:
    """Write the pauses as CSV (UTF-8), workbook or Parquet, by the suffix of the path.

    Raises   RequestError: another suffix, or a folder that does not exist.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in SUFFIXES:
        raise RequestError(
            f"Pauses cannot be written as {target.suffix or target.name!r}. "
            f"Choose one of: {', '.join(SUFFIXES)}."
        )
    if not target.parent.is_dir():
        raise RequestError(f"There is no folder {str(target.parent)!r} to write {target.name} to.")
    table = pauses_frame(plan)
    if kind == ".csv":
        table.write_csv(target)
    elif kind == ".parquet":
        table.write_parquet(target)
    else:
        try:
            table.write_excel(target, autofit=True)
        except ModuleNotFoundError as error:
            raise MissingExtraError("XlsxWriter, which writes workbooks,", "excel") from error
    return target
