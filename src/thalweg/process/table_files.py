"""Tables of a result as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from thalweg.errors import RequestError


def write_tables(tables: Mapping[str, pl.DataFrame], folder: str | Path) -> list[Path]:
    """Every table as ``<table>.parquet`` in a folder, which is made; the files written.

    Raises   RequestError: the folder cannot be written.
    """
    target = Path(folder)
    paths = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            paths.append(target / f"{name}.parquet")
            table.write_parquet(paths[-1])
    except OSError as error:
        raise RequestError(
            f"The tables cannot be written to {target}: {error}. Name another folder."
        ) from error
    return paths
