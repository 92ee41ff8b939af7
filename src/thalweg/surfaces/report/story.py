"""The first screen: the verdict in one sentence, the chart, what matters most, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from thalweg.surfaces import judge_words as words
from thalweg.surfaces import story_pictures
from thalweg.surfaces.format_values import format_number, format_share
from thalweg.surfaces.report.cite import Cited
from thalweg.surfaces.report.headlines import Headline
from thalweg.surfaces.report.names import Names
from thalweg.surfaces.report.writer import Figure, Writer

if TYPE_CHECKING:
    from thalweg.surfaces.texts import Texts
    from thalweg.verdict.evidence import Figure as EvidenceFigure
    from thalweg.verdict.result import JudgeResult

FINDINGS = 3
MOST_SETTLING = 3
"""Records or designs that are named as what would settle the verdict."""
DEEP = ("industrial_revolution", "transition")
PROCESS_TOPICS = ("causes", "waiting", "rework", "deviations", "drift", "duration", "flow")
"""Headlines of the process that may stand among the findings, the most telling first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that matters. figure, sentence: as HTML; link: where the page tells more.

    known: how the figure is known; empty of what is counted.
    """

    label: str
    figure: str
    sentence: str
    link: str
    known: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do, and why."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """The first screen; sentences are HTML.

    surface: how fine the numbers of visits and orders look, in a sentence; empty where not counted.
    stands: facts beside the verdict (label, HTML). settling: what would settle an open verdict.
    """

    verdict: str
    label: str
    sentence: str
    surface: str
    stands: tuple[tuple[str, str], ...]
    chart: Figure | None
    findings: tuple[Finding, ...]
    step: Step | None
    settling: tuple[str, ...]


def story(
    found: JudgeResult, cited: Cited, writer: Writer, process: Sequence[Headline] = ()
) -> Story:
    """The first screen of a verdict.

    Takes    process: headlines of the process, which fill up the findings where the money or the
             interventions are not on record.
    """
    say = writer.say
    label = say(f"judge.regions.{found.verdict}")
    sentence = cited.html(_after(label, words.verdict_sentence(found, say, cited.show)))
    settling = tuple(words.settle_text(code, say) for code in found.settle[:MOST_SETTLING])
    chart = None
    if story_pictures.placed(found):
        drawn = story_pictures.region(found, say)
        chart = writer.figure("region", drawn, **_thresholds(found, say))
    return Story(
        verdict=found.verdict,
        label=label,
        sentence=sentence,
        surface=_surface(found, cited, say),
        stands=_stands(found, cited, say),
        chart=chart,
        findings=_findings(found, cited, say, process),
        step=_step(found, cited, say),
        settling=settling if found.verdict == "not_enough_evidence" else (),
    )


def _after(label: str, sentence: str) -> str:
    """The sentence without the region at its beginning, which stands above it."""
    for colon in (": ", "："):
        if sentence.startswith(label + colon):
            rest = sentence.removeprefix(label + colon)
            return rest[:1].upper() + rest[1:]
    return sentence


def _thresholds(found: JudgeResult, say: Texts) -> dict[str, str]:
    names = ("depth", "dependence", "probability")
    return {name: format_share(found.thresholds[name], say.language) for name in names}


STANDS = (
    ("alive", ("capital_off.alive",)),
    ("break_even", ("break_even.cumulative",)),
    ("self_financing", ("self_financing",)),
    ("new_value", ("new_value.share",)),
)
"""What stands beside the verdict: the first figure of each that is known."""
_MOST_STANDS = 3


SURFACE = ("visits", "orders", "revenue")
"""What a platform likes to show, as metrics of growth."""


def _surface(found: JudgeResult, cited: Cited, say: Texts) -> str:
    """The growth that users see, where visits or orders were counted."""
    names = [(what, f"metric.{what}_growth") for what in SURFACE]
    known = [
        (what, name)
        for what, name in names
        if name in found.evidence and found.evidence[name].value is not None
    ]
    if not any(what in ("visits", "orders") for what, _ in known):
        return ""
    parts = [
        say(f"story.surface.{what}", growth=_signed(cited, name, cited.named(name)))
        for what, name in known
    ]
    return cited.html(say("story.surface.sentence", list=say("words.comma").join(parts)))


def _signed(cited: Cited, name: str, shown: str) -> str:
    value = cited.evidence[name].value
    return f"+{shown}" if isinstance(value, int | float) and value > 0 else shown


def _stands(found: JudgeResult, cited: Cited, say: Texts) -> tuple[tuple[str, str], ...]:
    rows = []
    for name, figures in STANDS:
        known = [one for one in figures if one in found.evidence]
        known = [one for one in known if found.evidence[one].value is not None]
        if known:
            label = say(f"story.stands.{name}", **_horizon(found, say))
            rows.append((label, cited.html(cited.named(known[0]))))
    return tuple(rows[:_MOST_STANDS])


def _horizon(found: JudgeResult, say: Texts) -> dict[str, str]:
    """How far ahead the paths of money go, for texts that name it."""
    months = None if found.sustain is None else found.sustain.request.get("horizon_months")
    return {"months": format_number(months, say.language)}


Found = tuple[str, str, str, dict[str, str]]
"""Topic, id of the figure shown, link, ids of further figures by their place in the sentence."""

TOPICS: dict[str, Found] = {
    "traffic_off": ("traffic_off", "traffic_off.12", "traffic_off", {"kept": "traffic_off.12"}),
    "depth": ("depth", "depth", "depth", {"depth": "depth"}),
    "capital": (
        "capital",
        "capital_off.cash_ends",
        "capital",
        {"ends": "capital_off.cash_ends", "alive": "capital_off.alive"},
    ),
    "alive": ("alive", "capital_off.alive", "capital", {"alive": "capital_off.alive"}),
    "bought": ("bought", "growth.bought", "growth", {"bought": "growth.bought"}),
    "break_even": (
        "break_even",
        "break_even.cumulative",
        "self_financing",
        {"month": "break_even.cumulative"},
    ),
    "new_value": (
        "new_value",
        "new_value.incremental",
        "new_value",
        {"share": "new_value.share", "incremental": "new_value.incremental"},
    ),
    "self_financing": (
        "self_financing",
        "self_financing",
        "self_financing",
        {"ratio": "self_financing"},
    ),
    "new_share": ("new_share", "new_value.share", "new_value", {"share": "new_value.share"}),
    "marketing": (
        "marketing",
        "metric.marketing_share",
        "unit_economics",
        {"share": "metric.marketing_share"},
    ),
    "margin": (
        "margin",
        "metric.gross_margin",
        "unit_economics",
        {"share": "metric.gross_margin"},
    ),
}
_BOUGHT = ("traffic_off", "depth", "capital", "alive", "bought", "break_even", "new_value")
_EARNED = ("depth", "traffic_off", "break_even", "alive", "capital", "new_value", "bought")
_LAST = ("self_financing", "new_share", "marketing", "margin")


def _findings(
    found: JudgeResult, cited: Cited, say: Texts, process: Sequence[Headline]
) -> tuple[Finding, ...]:
    order = (*(_EARNED if found.verdict in DEEP else _BOUGHT), *_LAST)
    picked: list[Finding] = []
    shown: set[str] = set()
    for topic in order:
        _, figure, link, places = TOPICS[topic]
        known = all(
            one in found.evidence and found.evidence[one].value is not None
            for one in (figure, *places.values())
        )
        if known and figure not in shown and len(picked) < FINDINGS:
            shown |= {figure, *places.values()}
            values = {place: cited.named(one) for place, one in places.items()} | _horizon(
                found, say
            )
            sentence = f"story.findings.{topic}.sentence"
            if _may_be_nothing(found.evidence[figure]) and say.has(f"{sentence}_none"):
                sentence += "_none"
            picked.append(
                Finding(
                    say(f"story.findings.{topic}.label"),
                    cited.html(_bare(cited, figure)),
                    cited.html(say(sentence, **values)),
                    link,
                    _how_known(found.evidence[figure], say),
                )
            )
    return (*picked, *_of_process(process, cited, FINDINGS - len(picked)))


def _may_be_nothing(figure: EvidenceFigure) -> bool:
    """Whether zero lies inside its interval."""
    low, high = figure.low, figure.high
    return isinstance(low, int | float) and isinstance(high, int | float) and low <= 0 <= high


def _how_known(figure: EvidenceFigure, say: Texts) -> str:
    return "" if figure.known in ("", "counted") else words.known_text(figure.known, say)


def _bare(cited: Cited, name: str) -> str:
    """The figure without its interval, which the sentence gives."""
    return words.figure_text(replace(cited.evidence[name], low=None, high=None), cited.say)


def _of_process(process: Sequence[Headline], cited: Cited, room: int) -> list[Finding]:
    by_topic = {one.topic: one for one in process}
    chosen = [by_topic[topic] for topic in PROCESS_TOPICS if topic in by_topic][:room]
    return [
        Finding(one.label, cited.html(one.figure), cited.html(one.sentence), one.link)
        for one in chosen
    ]


def _step(found: JudgeResult, cited: Cited, say: Texts) -> Step | None:
    """What to do next: settle what is open, spread what works, or change where most weight lies."""
    names = Names(found, say)
    rules: tuple[Callable[[JudgeResult, Cited, Texts, Names], Step | None], ...] = (
        _settle,
        _spread,
        _reach_further,
    )
    return next((step for rule in rules if (step := rule(found, cited, say, names))), None)


def _settle(found: JudgeResult, _cited: Cited, say: Texts, _: Names) -> Step | None:
    if found.verdict != "not_enough_evidence" or not found.settle:
        return None
    first = words.settle_text(found.settle[0], say)
    return Step(first[:1].upper() + first[1:], say("story.step.settle_why"))


def _spread(found: JudgeResult, cited: Cited, say: Texts, names: Names) -> Step | None:
    ready = found.technology.filter(pl.col("class") == "spread_ready").drop_nulls("effect")
    if ready.is_empty():
        return None
    row = ready.sort(pl.col("effect").abs(), descending=True).row(0, named=True)
    text = say(
        "story.step.spread_why",
        name=names.intervention(row["intervention"]),
        share=format_share(row["eligible_share"], say.language),
        grade=row["grade"],
    )
    return Step(
        say("story.step.spread", name=names.intervention(row["intervention"])), cited.html(text)
    )


def _reach_further(found: JudgeResult, cited: Cited, say: Texts, names: Names) -> Step | None:
    burden = found.facts.get("burden", "time")
    heavy = found.layers.filter(~pl.col("counted"), burden=burden).drop_nulls("weight")
    if heavy.is_empty():
        return None
    row = heavy.sort("weight", descending=True).row(0, named=True)
    name = names.layer(row["layer"])
    weight = format_share(row["weight"], say.language)
    why = say("story.step.reach_why", layer=name, weight=weight)
    return Step(say("story.step.reach", layer=name), cited.html(why[:1].upper() + why[1:]))
