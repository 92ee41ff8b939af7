"""The answers to the ten questions, one function a sentence; None where it cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from thalweg.surfaces.figure_words import figure_name, known_text, value_text, with_facts
from thalweg.surfaces.judge_words import EFFECTS, Show, verdict_sentence
from thalweg.surfaces.prove_words import outcome_name
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.verdict.evidence import Figure
    from thalweg.verdict.result import JudgeResult

Tell = Callable[["JudgeResult", Texts, Show], str | None]


def _number(figure: Figure) -> float:
    return float(figure.value) if isinstance(figure.value, int | float) else 0.0


def _under(result: JudgeResult, start: str, end: str = "") -> list[Figure]:
    """Figures with a number whose ids begin and end so, the largest first."""
    found = [
        one
        for one in result.evidence
        if one.id.startswith(start) and one.id.endswith(end) and isinstance(one.value, int | float)
    ]
    return sorted(found, key=lambda one: (-_number(one), one.id))


def _one(key: str, name: str) -> Tell:
    """A sentence with one figure."""

    def tell(result: JudgeResult, say: Texts, show: Show) -> str | None:
        if name not in result.evidence or result.evidence[name].value is None:
            return None
        figure = result.evidence[name]
        known = known_text(figure.known, say)
        return say(f"judge.told.{key}", value=show(figure, say), known=known)

    return tell


def _unless(key: str, name: str, other: str) -> Tell:
    """A sentence with one figure, where another one that says more has no value."""
    tell_one = _one(key, name)

    def tell(result: JudgeResult, say: Texts, show: Show) -> str | None:
        more = result.evidence.get(other)
        return None if more is not None and more.value is not None else tell_one(result, say, show)

    return tell


def _operations(result: JudgeResult, say: Texts, show: Show) -> str | None:
    """What operations brought or took over the months of the metric."""
    figure = result.evidence.get("metric.operating_cash")
    if figure is None or not isinstance(figure.value, int | float):
        return None
    ends = {end: value_text(figure.request[f"{end}"], "month", say) for end in ("from", "to")}
    key = "operations" if figure.value >= 0 else "operations_took"
    return say(f"judge.told.{key}", value=show(figure, say), first=ends["from"], last=ends["to"])


def _above(key: str, name: str) -> Tell:
    """A sentence with one figure, where it is above zero."""
    tell_one = _one(key, name)

    def tell(result: JudgeResult, say: Texts, show: Show) -> str | None:
        if name not in result.evidence or not _number(result.evidence[name]) > 0:
            return None
        return tell_one(result, say, show)

    return tell


def _largest(key: str, start: str, end: str = "", above: float = 0.0) -> Tell:
    """A sentence with the largest of several shares, and what it is of."""

    def tell(result: JudgeResult, say: Texts, show: Show) -> str | None:
        shares = [one for one in _under(result, start, end) if one.unit == "share" and one.name]
        found = [one for one in shares if _number(one) > above]
        if not found:
            return None
        return say(f"judge.told.{key}", what=_of(found[0], result, say), value=show(found[0], say))

    return tell


def _of(figure: Figure, result: JudgeResult, say: Texts) -> str:
    """What a figure is of: a layer, a cause, a pair of steps, an activity."""
    layers = result.facts.get("layers", {})
    if figure.name in layers:
        names = layers[figure.name]
        return str(names.get(say.language) or names.get("en") or names.get("zh") or figure.name)
    cause = f"waits.causes.{figure.name}"
    if figure.id.startswith("waits.cause.") and say.has(cause):
        return say(cause)
    return figure.name or figure_name(figure, say, result.facts)


def _cause(result: JudgeResult, say: Texts, show: Show) -> str | None:
    """The largest known cause of waiting; what remains unexplained is none."""
    found = [
        one
        for one in _under(result, "waits.cause.")
        if one.name != "remainder" and _number(one) > 0
    ]
    if not found:
        return None
    return say("judge.told.cause", what=_of(found[0], result, say), value=show(found[0], say))


def _loop(result: JudgeResult, say: Texts, show: Show) -> str | None:
    """The activity whose repetitions take most time."""
    found = _under(result, "loops.", ".lost_h")
    if not found or _number(found[0]) <= 0:
        return None
    share = result.evidence[found[0].id.removesuffix(".lost_h")]
    return say("judge.told.loop", what=_of(share, result, say), value=show(share, say))


def _depth(result: JudgeResult, say: Texts, show: Show) -> str | None:
    """How much of the burden is gone, or that none is shown to be."""
    figure = result.evidence.get("depth")
    if figure is None or figure.value is None:
        return None
    key = "depth" if isinstance(figure.low, int | float) and figure.low > 0 else "depth_none"
    return say(f"judge.told.{key}", value=show(figure, say))


def _deepest(result: JudgeResult, say: Texts, show: Show) -> str | None:
    burden = result.facts.get("burden", "time")
    end = "" if burden == "time" else f".{burden}"
    depth = 3 if burden == "time" else 4
    found = [
        one
        for one in _under(result, "depth.layer.", end)
        if one.id.count(".") == depth - 1 and isinstance(one.low, int | float) and one.low > 0
    ]
    if not found:
        return None
    return say("judge.told.deepest", what=_of(found[0], result, say), value=show(found[0], say))


def _reach(result: JudgeResult, say: Texts, show: Show) -> str | None:
    name = f"reach.{result.facts.get('burden', 'time')}"
    if name not in result.evidence or not result.evidence[name].value:
        return None
    figure = result.evidence[name]
    return say("judge.told.reach", value=show(figure, say), of=figure.request["of_layers"])


def _effects(result: JudgeResult, say: Texts, show: Show) -> str | None:
    """How many interventions have a proven effect on a headline outcome, and the surest."""
    names = result.facts.get("interventions", {})
    if not names:
        return None
    proven = [one for one in result.evidence if _proven(one)]
    every = {one.request["intervention"] for one in proven}
    told = {"count": len(every), "all": len(names)}
    if not proven:
        return say("judge.told.effects_none", **told)
    best = min(proven, key=lambda one: (EFFECTS.index(one.known), -abs(_number(one)), one.id))
    outcome = outcome_name(with_facts(result.facts), best.request["outcome"], say)
    what = say("prove.section", name=best.name or "", about=outcome)
    return say("judge.told.effects", what=what, value=show(best, say), **told)


def _proven(figure: Figure) -> bool:
    return figure.id.startswith("effect.") and bool(figure.request.get("proven"))


def _new_none(result: JudgeResult, say: Texts, _show: Show) -> str | None:
    if "new_value.share" in result.evidence and result.evidence["new_value.share"].value == 0:
        return say("judge.told.new_none")
    return None


def _new_share(result: JudgeResult, say: Texts, show: Show) -> str | None:
    if "new_value.share" not in result.evidence or not result.evidence["new_value.share"].value:
        return None
    return say("judge.told.new_share", value=show(result.evidence["new_value.share"], say))


def _candidates(result: JudgeResult, say: Texts, show: Show) -> str | None:
    name = "candidates.count"
    if name not in result.evidence or result.evidence[name].value is None:
        return None
    figure = result.evidence[name]
    if figure.value == 0:
        return say("judge.told.candidates_none")
    if figure.value == 1 and say.has("judge.told.candidates_one"):
        return say("judge.told.candidates_one")
    return say("judge.told.candidates", value=show(figure, say))


def _bounds(result: JudgeResult, say: Texts, _show: Show) -> str | None:
    """The range of what would be lost, where nothing better is known."""
    figure = result.evidence.get("dependence")
    if figure is None or figure.value is not None or figure.known != "bounds":
        return None
    ends = {end: value_text(figure.request.get(end), "share", say) for end in ("least", "most")}
    return say("judge.told.bounds", **ends)


def _no_break_even(result: JudgeResult, say: Texts, _show: Show) -> str | None:
    name = "break_even.cumulative"
    if name in result.evidence and result.evidence[name].missing == ("not_reached",):
        return say("judge.told.no_break_even")
    return None


def _classes(result: JudgeResult, say: Texts, show: Show) -> str | None:
    """Technologies by class, in the order of the classes."""
    by_class: dict[str, list[str]] = {}
    for one in result.evidence:
        if one.id.startswith("technology.") and one.unit == "text" and one.value is not None:
            by_class.setdefault(show(one, say), []).append(one.name or one.id)
    told = [
        say("judge.told.classes", what=what, list=say("judge.comma").join(names))
        for what, names in by_class.items()
    ]
    return say("judge.join").join(told) or None


def _verdict(result: JudgeResult, say: Texts, show: Show) -> str | None:
    return verdict_sentence(result, say, show)


_PAIR = ("waits.pair.", ".share")

TOLD: dict[str, tuple[Tell, ...]] = {
    "T1": (
        _depth,
        _deepest,
        _reach,
        _largest("burden", "burden.", ".share"),
    ),
    "T2": (_new_share, _new_none, _one("new_incremental", "new_value.incremental")),
    "T3": (
        _effects,
        _largest("pair", *_PAIR),
        _cause,
        _loop,
        _above("silent", "breaks_off.silent"),
        _above("failed", "breaks_off.failed"),
        _one("deviations", "deviations.share"),
        _candidates,
    ),
    "T4": (
        _one("traffic_off", "traffic_off.12"),
        _bounds,
        _one("bought", "growth.bought"),
        _one("earned", "growth.earned"),
        _one("marketing", "metric.marketing_share"),
        _one("subsidy", "metric.subsidy_share"),
    ),
    "T5": (_effects, _classes),
    "T6": (
        _one("break_even", "break_even.cumulative"),
        _no_break_even,
        _one("operating", "break_even.operating"),
        _operations,
        _one("self_financing", "self_financing"),
    ),
    "T7": (_one("match", "match_ratio"), _classes),
    "T8": (
        _one("alive", "capital_off.alive"),
        _one("cash_ends", "capital_off.cash_ends"),
        _one("runway", "runway"),
        _unless("cash", "metric.cash", "runway"),
        _one("burn", "metric.burn_multiple"),
        _one("bought", "growth.bought"),
    ),
    "T9": (_verdict,),
    "T10": (_largest("place", *_PAIR),),
}
