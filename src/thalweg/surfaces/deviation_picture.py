"""What conformance found, made ready for pictures: the model with its deviations, months."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from thalweg.errors import RequestError
from thalweg.process.conformance.deviations import Deviation
from thalweg.process.conformance.result import ConformResult
from thalweg.process.models.convert import tree_to_bpmn
from thalweg.process.models.tree import ProcessTree
from thalweg.surfaces.models.overlay import KINDS, ModelOverlay, overlay_of
from thalweg.surfaces.models.picture import draw_model


def draw_deviations(result: ConformResult, path: str | Path, *, language: str = "en") -> Path:
    """Draw the model of a result with what was skipped and what was done beside it.

    Takes    path: .svg or .png. A process tree is drawn as BPMN, other models as they are.
    Raises   RequestError: the result has no model, or the suffix is another.
    """
    model = result.lineage.model
    if model is None:
        raise RequestError(
            "There is no model to draw: only rules were checked. Add --model FILE or --noise."
        )
    drawn = tree_to_bpmn(model) if isinstance(model, ProcessTree) else model
    return draw_model(drawn, path, language=language, overlay=overlay(result))


def overlay(result: ConformResult) -> ModelOverlay:
    """Deviations by kind and activity, wherever they happened; each object once."""
    parts: dict[tuple[str, str], list[Deviation]] = {}
    for one in result.lineage.deviations:
        if one.kind in KINDS:
            parts.setdefault((one.kind, one.name), []).append(one)
    rows = [
        (
            kind,
            name,
            sum(len(one.object) for one in several),
            len(np.unique(np.concatenate([one.object for one in several]))),
        )
        for (kind, name), several in parts.items()
    ]
    schema = {
        "kind": pl.String,
        "activity": pl.String,
        "occurrences": pl.Int64,
        "objects": pl.Int64,
    }
    return overlay_of(
        pl.DataFrame(rows, schema=schema, orient="row"),
        occurrences=_events_by_activity(result),
        objects=result.objects,
    )


def months(result: ConformResult) -> pl.DataFrame | None:
    """Fitness by month in the zone of the result; None if it has no model or spans one month."""
    table = result.table("months")
    if table is None or len(table) < 2:
        return None
    return table.with_columns(pl.col("from").dt.convert_time_zone(result.request["timezone"]))


def _events_by_activity(result: ConformResult) -> dict[str, int]:
    view = result.lineage.costs.scene.view(result.type).view
    counts = np.bincount(np.asarray(view.activity), minlength=len(view.activities))
    return {name: int(n) for name, n in zip(view.activities, counts, strict=True) if n}
