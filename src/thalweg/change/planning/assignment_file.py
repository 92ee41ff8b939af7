"""The drawn dates as a file that ingesting reads back as a table of interventions."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from thalweg.change.planning.result import PlanningResult
from thalweg.errors import MissingExtraError, RequestError

SUFFIXES = (".csv", ".xlsx", ".parquet")
COLUMNS = (
    *("id", "name", "kind", "layers", "unit", "from", "assignment", "reason"),
    *("wave", "stratum", "seed", "design"),
)
"""Columns of the file: those of a table of interventions, and what was drawn how."""
_REASONS = {
    "drawn": "drawn by lot for wave {wave}, stratum {stratum}, seed {seed}",
    "bound_to_first": "bound to the first wave by whoever planned it; not drawn",
}
_CONTROLS = "-controls"


def assignment_frame(result: PlanningResult) -> pl.DataFrame:
    """A row for each unit that begins, with the columns ``COLUMNS``."""
    asked = result.request
    rows = result.assignment.filter(pl.col("from").is_not_null()).to_dicts()
    plain = {
        "id": asked["intervention"],
        "name": asked["intervention"],
        "kind": asked["kind"],
        "layers": ";".join(asked["layers"]) or None,
        "seed": asked["seed"],
        "design": result.fingerprint[:16],
    }
    told = [
        plain
        | {name: row[name] for name in ("unit", "from", "assignment", "wave", "stratum")}
        | {
            "reason": _REASONS[row["why"]].format(
                wave=row["wave"], stratum=row["stratum"] or "all", seed=asked["seed"]
            )
        }
        for row in rows
    ]
    kinds = {"wave": pl.Int64, "seed": pl.Int64, "from": pl.Date}
    return pl.DataFrame(told, schema={name: kinds.get(name, pl.String) for name in COLUMNS})


def without_date(result: PlanningResult) -> pl.DataFrame:
    """Units that get no date: controls, who must stay without to the end, and who takes no part."""
    return result.assignment.filter(pl.col("from").is_null()).select("unit", "stratum", "why")


def write_assignment(result: PlanningResult, path: str | Path) -> list[Path]:
    """Write the dates as CSV (UTF-8), workbook or Parquet, by the suffix of the path.

    Units without a date cannot stand in a table of interventions; they go into a second file
    beside it, named ``…-controls``.
    Returns  the files written.
    Raises   RequestError: another suffix, or a folder that does not exist.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise RequestError(
            f"An assignment cannot be written as {target.suffix or target.name!r}. "
            f"Choose one of: {', '.join(SUFFIXES)}."
        )
    if not target.parent.is_dir():
        raise RequestError(f"There is no folder {str(target.parent)!r} to write {target.name} to.")
    written = [_write(assignment_frame(result), target)]
    others = without_date(result)
    if len(others):
        beside = target.with_name(f"{target.stem}{_CONTROLS}{target.suffix}")
        written.append(_write(others, beside))
    return written


def _write(table: pl.DataFrame, path: Path) -> Path:
    kind = path.suffix.lower()
    if kind == ".csv":
        table.write_csv(path)
    elif kind == ".parquet":
        table.write_parquet(path)
    else:
        try:
            table.write_excel(path, autofit=True)
        except ModuleNotFoundError as error:
            raise MissingExtraError("XlsxWriter, which writes workbooks,", "excel") from error
    return path
