"""What to know of a model before its figures: what its file did not say, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult

_NAMES = 6


def model_doubts(result: ConformResult, say: Texts) -> list[str]:
    """Sentences on the model of a conform result; none where there is nothing to know."""
    model = result.model
    if model is None:
        return []
    told = [say(f"models.assumed.{code}") for code in model["assumed"]]
    told += [_fault(one["code"], one["count"], one["examples"], say) for one in model["faults"]]
    if model["left_out"]:
        kinds = [
            say("models.left_out_kind", kind=kind, count=count)
            for kind, count in model["left_out"].items()
        ]
        told.append(say("models.left_out", kinds=say("words.comma").join(kinds)))
    fitted = [f"“{label}” → “{name}”" for label, name in model["labels_fitted"].items()]
    if fitted:
        told.append(say("models.labels_fitted", pairs=_listed(fitted, say)))
    if model["unknown_to_model"]:
        told.append(say("conform.unknown", names=_listed(model["unknown_to_model"], say)))
    if model["never_done"]:
        told.append(say("models.never_done", names=_listed(model["never_done"], say)))
    return told


def _fault(code: str, count: int, examples: list[str], say: Texts) -> str:
    key = f"models.net.{code}"
    one = f"{key}_one"
    words = {"count": format_count(count, say.language), "examples": _listed(examples, say)}
    return say(one if count == 1 and say.has(one) else key, **words)


def _listed(names: list[str], say: Texts) -> str:
    more = [] if len(names) <= _NAMES else ["…"]
    return say("words.comma").join([*names[:_NAMES], *more])
