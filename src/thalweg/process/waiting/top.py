"""The waits that cost most, each with who it lies between and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints
from thalweg.process.map import instant
from thalweg.process.waiting.causes import CAUSES
from thalweg.process.waiting.pieces import Pieces
from thalweg.process.waiting.tally import WaitArrays, single_waits
from thalweg.records.perspective import Perspective

BETWEEN, EXAMPLES = 3, 3


@dataclass(frozen=True, slots=True, eq=False)
class Who:
    """Who did each piece: code per piece (0: not named) and names; parties, else resources."""

    role: str
    code: NDArray[np.int64]
    names: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """What single waits are read from. pair: per piece the number of its pair of activities."""

    view: Perspective
    pieces: Pieces
    source: Ints
    arrays: WaitArrays
    pair: NDArray[np.int64]
    who: Who

    def rows(self, pair: int, cause: int) -> tuple[Ints, Ints]:
        """Pieces of a pair with some wait by a cause, and that wait in ns."""
        counted = self.arrays.counted
        mine = np.flatnonzero((self.pair == pair) & counted)
        held = single_waits(self.arrays, mine)[:, cause]
        return mine[held > 0], held[held > 0]


def top_table(
    pair_causes: pl.DataFrame, pair_of: dict[tuple[str, str], int], detail: Detail, top: int
) -> pl.DataFrame:
    """The costliest rows of ``pair_causes``, by cost where it is known, else by time."""
    by = "cost" if pair_causes["cost"].null_count() < len(pair_causes) else "total_s"
    order = [by, "source", "target", "cause"]
    rows = pair_causes.sort(order, descending=[True, False, False, False], nulls_last=True)
    found = []
    for rank, row in enumerate(rows.head(top).to_dicts(), 1):
        cause = CAUSES.index(row["cause"])
        pieces, held = detail.rows(pair_of[row["source"], row["target"]], cause)
        found.append(
            {"rank": rank}
            | row
            | {
                "between": _between(detail, pieces, held),
                "examples": _examples(detail, pieces, held),
            }
        )
    return pl.DataFrame(found, schema=_schema(rows), strict=False)


def _schema(rows: pl.DataFrame) -> dict[str, Any]:
    between = {
        "source": pl.String(),
        "target": pl.String(),
        "total_s": pl.Float64(),
        "share": pl.Float64(),
    }
    example = {
        "object": pl.String(),
        "from_event": pl.Int64(),
        "to_event": pl.Int64(),
        "waited_from": pl.Datetime("us", "UTC"),
        "waited_to": pl.Datetime("us", "UTC"),
        "cause_s": pl.Float64(),
    }
    return {
        "rank": pl.Int64(),
        **rows.schema,
        "between": pl.List(pl.Struct(between)),
        "examples": pl.List(pl.Struct(example)),
    }


def _between(detail: Detail, pieces: Ints, held: Ints) -> list[dict[str, Any]]:
    who, source = detail.who, detail.source[pieces]
    whole = max(float(held.sum(dtype=np.float64)), 1.0)
    table = (
        pl.DataFrame({"giver": who.code[source], "taker": who.code[pieces], "ns": held * 1.0})
        .group_by("giver", "taker")
        .agg(pl.col("ns").sum())
        .sort(["ns", "giver", "taker"], descending=[True, False, False])
        .head(BETWEEN)
    )
    return [
        {
            "source": who.names[row["giver"]] or None,
            "target": who.names[row["taker"]] or None,
            "total_s": row["ns"] / SECOND_NS,
            "share": min(row["ns"] / whole, 1.0),
        }
        for row in table.to_dicts()
    ]


def _examples(detail: Detail, pieces: Ints, held: Ints) -> list[dict[str, Any]]:
    longest = np.lexsort((pieces, -held))[:EXAMPLES]
    work = detail.pieces
    found = []
    ids = detail.view.object_ids() if len(longest) else pl.Series(dtype=pl.String)
    for n in longest:
        piece = int(pieces[n])
        before = int(detail.source[piece])
        number = int(np.searchsorted(work.offsets, piece, side="right")) - 1
        found.append(
            {
                "object": ids[number],
                "from_event": int(work.event[before]),
                "to_event": int(work.begun[piece]),
                "waited_from": instant(work.end_ns[before]),
                "waited_to": instant(work.start_ns[piece]),
                "cause_s": int(held[n]) / SECOND_NS,
            }
        )
    return found
