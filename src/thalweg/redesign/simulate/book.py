"""A simulated log as files that ``thalweg ingest`` makes a book of, like any other records."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import yaml

from thalweg.errors import RequestError
from thalweg.process.models.files.write_text import write_text
from thalweg.records.mapping.flat import FlatMapping, ObjectMapping
from thalweg.redesign.model.model import Model
from thalweg.redesign.simulate.lived import Lived

ACTIVITY, STARTED, COMPLETED, RESOURCE = "activity", "started", "completed", "resource"
CLASS, PARENT = "class", "parent"
COLUMNS = (ACTIVITY, STARTED, COMPLETED, RESOURCE, CLASS, PARENT)


def write_log(
    lived: Lived, model: Model, path: str | Path, *, replication: int = 0
) -> tuple[Path, Path]:
    """Write the finished work of one replication, as Parquet or (``.csv``) as text, and its mapping.

    Takes    lived: simulated with ``log``. replication: from 0.
    Returns  the table and the mapping beside it. Each object type has a column of its ids; what
             an object was split off from is an attribute, as its work is not its parent's.
    Raises   RequestError: there is no log, no such replication, another suffix, or no way to write.
    """
    path = Path(path)
    if lived.log is None:
        raise RequestError("These replications kept no log. Simulate with log=True.")
    if not 0 <= replication < len(lived.objects):
        raise RequestError(
            f"There is no replication {replication}. Give one from 0 to {len(lived.objects) - 1}."
        )
    if path.suffix not in (".parquet", ".csv"):
        raise RequestError(f"{path.name} is neither .parquet nor .csv. Choose one of them.")
    columns = _type_columns(model)
    table = _table(lived.log.filter(pl.col("replication") == replication), columns)
    try:
        if path.suffix == ".parquet":
            table.write_parquet(path)
        else:
            table.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.9f%:z")
    except OSError as error:
        raise RequestError(
            f"{path} cannot be written: {error.strerror or error}. Check the folder and its rights."
        ) from error
    mapping = path.with_suffix(".yaml")
    write_text(mapping, _mapping(columns))
    return path, mapping


def _type_columns(model: Model) -> dict[str, str]:
    """The column of each object type's ids; none of them is a column of something else."""
    return {
        flow.type: f"{flow.type} id" if flow.type in COLUMNS else flow.type for flow in model.flows
    }


def _table(log: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    ended = log.filter(pl.col("end_ns").is_not_null())
    instant = pl.Datetime("ns", "UTC")
    return ended.select(
        *(
            pl.when(pl.col("type") == kind).then(pl.col("object")).alias(column)
            for kind, column in columns.items()
        ),
        pl.col("activity").alias(ACTIVITY),
        pl.col("start_ns").cast(instant).alias(STARTED),
        pl.col("end_ns").cast(instant).alias(COMPLETED),
        pl.col("pool").alias(RESOURCE),
        pl.col("of_class").alias(CLASS),
        pl.col("parent").alias(PARENT),
    )


def _mapping(columns: dict[str, str]) -> str:
    mapping = FlatMapping(
        objects=tuple(ObjectMapping(column=c, type=kind) for kind, c in columns.items()),
        activity=ACTIVITY,
        time=COMPLETED,
        start=STARTED,
        roles={"resource": RESOURCE},
        timezone="UTC",
    )
    data = mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump({"kind": "table", **data}, allow_unicode=True, sort_keys=False, width=100)
