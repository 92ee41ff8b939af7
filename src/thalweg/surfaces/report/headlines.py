"""The first minute: a few sentences, each with its figure, its unit and where to look further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.records.trust import TrustReport
from thalweg.surfaces.effect_pictures import by_clarity, label_of
from thalweg.surfaces.format_values import (
    format_count,
    format_date,
    format_duration,
    format_number,
    format_share,
)
from thalweg.surfaces.prove_words import size_with_interval
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.result import MapResult
    from thalweg.surfaces.report.deep import Deep

LOSS_SHARE = 0.01
"""Above this part of the rows set aside, the records need a look before the figures are used."""
TOP_WAYS = 10
PROVEN = ("improved", "worsened", "changed")
"""What may be found of an effect that is one."""
FIRM = ("A", "B")
"""Grades of effects that stand on a firm comparison; C is an effect with doubts."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One thing to know. link: the section that carries the detail."""

    topic: str
    label: str
    figure: str
    sentence: str
    link: str


def headlines(
    result: MapResult, trust: TrustReport, say: Texts, deep: Deep | None = None
) -> list[Headline]:
    """What a manager should know first, in order."""
    if result.objects == 0:
        return [_headline("scope", say, "0", "nothing", "trust"), _trust(trust, say)]
    found = [
        _scope(result, say),
        _effects(deep, say),
        _duration(result, say),
        _waiting(result, say),
        _causes(deep, say),
        _rework(result, say),
        _ways(result, say),
        _deviations(deep, say),
        _flow(result, say),
        _drift(deep, say),
        _trust(trust, say),
    ]
    return [one for one in found if one is not None]


def _headline(
    topic: str, say: Texts, figure: str, sentence: str, link: str, **values: Any
) -> Headline:
    text = say(f"headline.{topic}.{sentence}", **values)
    return Headline(topic, say(f"headline.{topic}.label"), figure, text, link)


def _scope(result: MapResult, say: Texts) -> Headline:
    language = say.language
    return _headline(
        "scope",
        say,
        format_count(result.objects, language),
        "sentence",
        "map",
        objects=say.objects(result.objects, result.type),
        events=format_count(result.events, language),
        activities=format_count(len(result.activities), language),
        first=format_date(result.first, language),
        last=format_date(result.last, language),
    )


def _duration(result: MapResult, say: Texts) -> Headline:
    language, figures = say.language, result.durations

    def shown(name: str) -> str:
        return format_duration(figures.get(name), language)

    median = figures.get("median_s")
    if median is None:
        return _headline(
            "duration", say, "–", "unknown", "durations",
            open=format_count(figures["unfinished"], language),
            share=format_share(figures["unfinished"] / result.objects, language),
        )  # fmt: skip
    text = say("headline.duration.median", median=shown("median_s"))
    if figures.get("p90_s") is not None:
        text += say("headline.duration.p90", p90=shown("p90_s"))
    unfinished = figures["unfinished"]
    tail = "open" if unfinished else "all_done"
    text += say(
        f"headline.duration.{tail}",
        open=format_count(unfinished, language),
        share=format_share(unfinished / result.objects, language),
    )
    label = say("headline.duration.label")
    return Headline("duration", label, shown("median_s"), text, "durations")


def _waiting(result: MapResult, say: Texts) -> Headline | None:
    language = say.language
    ranked = result.pairs.sort(["total_s", "source", "target"], descending=[True, False, False])
    if ranked.is_empty() or ranked["total_s"][0] <= 0:
        return None
    top = ranked.row(0, named=True)
    return _headline(
        "waiting",
        say,
        format_share(top["wait_share"], language),
        "within" if top["source"] == top["target"] else "between",
        "waiting",
        source=top["source"],
        target=top["target"],
        share=format_share(top["wait_share"], language),
        count=format_count(top["count"], language),
        mean=format_duration(top["mean_s"], language),
        median=format_duration(top["median_s"], language),
    )


def _causes(deep: Deep | None, say: Texts) -> Headline | None:
    if deep is None or deep.waits.kind != "waiting":
        return None
    known = deep.waits.causes.filter(pl.col("identified") & (pl.col("total_s") > 0))
    if known.is_empty():
        return None
    top = known.sort("total_s", descending=True).row(0, named=True)
    language = say.language
    return _headline(
        "causes",
        say,
        format_share(top["share"], language),
        "sentence",
        "causes",
        cause=say(f"waits.causes.{top['cause']}"),
        share=format_share(top["share"], language),
        total=format_duration(deep.waits.total_s, language),
    )


def _deviations(deep: Deep | None, say: Texts) -> Headline | None:
    if deep is None or deep.conform is None or deep.conform.fitness is None:
        return None
    language, figures, table = say.language, deep.conform.fitness, deep.conform.deviations
    sentence = "none" if table.is_empty() else "sentence"
    top = {} if table.is_empty() else table.row(0, named=True)
    kind = say(f"conform.kinds.{top['kind']}") if top else ""
    return _headline(
        "deviations",
        say,
        format_share(figures["fitting_share"], language),
        sentence,
        "deviations",
        share=format_share(figures["fitting_share"], language),
        name=top.get("name", ""),
        kind=kind,
        objects=format_count(top.get("objects", 0), language),
    )


def _drift(deep: Deep | None, say: Texts) -> Headline | None:
    if deep is None or deep.drift.changes.is_empty():
        return None
    changes = deep.drift.changes.sort("p_adjusted", "change")
    first = changes.row(0, named=True)
    one = "_one" if len(changes) == 1 and say.has("headline.drift.sentence_one") else ""
    return _headline(
        "drift",
        say,
        format_count(len(changes), say.language),
        f"sentence{one}",
        "drift",
        n=len(changes),
        kind=say(f"drift.kinds.{first['kind']}"),
        date=format_date(first["at"], say.language),
    )


def _effects(deep: Deep | None, say: Texts) -> Headline | None:
    found = None if deep is None else deep.prove
    if found is None or found.effects.is_empty():
        return None
    headline = found.effects.filter(pl.col("found").is_in(PROVEN), role="headline")
    proven = by_clarity(headline)
    values: dict[str, Any] = {
        "n": found.effects["intervention"].n_unique(),
        "proven": proven["intervention"].n_unique(),
        "firm": proven.filter(pl.col("grade").is_in(FIRM))["intervention"].n_unique(),
    }
    figure = say("headline.effects.figure", **values)
    if proven.is_empty():
        return _headline("effects", say, figure, "none", "effects", **values)
    first = proven.row(0, named=True)
    return _headline(
        "effects",
        say,
        figure,
        "sentence",
        "effects",
        label=label_of(found, first, say),
        effect=size_with_interval(first, say),
        grade=first["grade"],
        **values,
    )


def _rework(result: MapResult, say: Texts) -> Headline:
    language = say.language
    loops = result.table("loops")
    if loops is None or loops.is_empty():
        return _headline("rework", say, "0", "none", "rework")
    top = loops.row(0, named=True)
    activity = result.activities.filter(pl.col("activity") == top["activity"]).row(0, named=True)
    return _headline(
        "rework",
        say,
        format_share(activity["rework_share"], language),
        "sentence",
        "rework",
        activity=top["activity"],
        objects=format_count(top["objects"], language),
        all=format_count(activity["objects"], language),
        share=format_share(activity["rework_share"], language),
        repeats=format_count(activity["repeats"], language),
        mean=format_duration(top["lost_s"] / top["objects"], language),
    )


def _ways(result: MapResult, say: Texts) -> Headline:
    language = say.language
    shares = result.top_variants["share"].to_list()
    return _headline(
        "ways",
        say,
        format_count(result.variants, language),
        "one" if result.variants == 1 else "sentence",
        "variants",
        ways=format_count(result.variants, language),
        first=format_share(shares[0], language),
        n=min(TOP_WAYS, len(shares)),
        together=format_share(min(sum(shares[:TOP_WAYS]), 1.0), language),
    )


def _flow(result: MapResult, say: Texts) -> Headline | None:
    timeline = result.table("timeline")
    if timeline is None or timeline.is_empty():
        return None
    language = say.language
    watched = timeline.filter(pl.col("observed_share") > 0)
    weight = (watched["to"] - watched["from"]).dt.total_seconds() * watched["observed_share"]
    mean = float((watched["wip_mean"] * weight).sum()) / max(float(weight.sum()), 1e-9)
    peak = watched.sort(["wip_mean", "from"], descending=[True, False]).row(0, named=True)
    return _headline(
        "flow",
        say,
        format_number(mean, language),
        "sentence",
        "flow",
        mean=format_number(mean, language),
        peak=format_number(peak["wip_mean"], language),
        when=format_date(peak["from"], language),
        open=format_count(result.durations["unfinished"], language),
    )


def trust_verdict(trust: TrustReport) -> str:
    """sound, careful or check: by what was set aside and what was doubted."""
    if trust.rows_read and trust.rows_set_aside / trust.rows_read > LOSS_SHARE:
        return "check"
    doubts = any(f.severity != "note" for f in trust.findings)
    return "careful" if doubts or trust.rows_set_aside else "sound"


def counted(trust: TrustReport) -> Iterator[tuple[str, int]]:
    """Findings by severity, the gravest first."""
    for severity in ("loss", "warning", "note"):
        yield severity, sum(f.severity == severity for f in trust.findings)


def _trust(trust: TrustReport, say: Texts) -> Headline:
    language, found = say.language, dict(counted(trust))
    verdict = trust_verdict(trust)
    return Headline(
        "trust",
        say("headline.trust.label"),
        say(f"trust.verdict.{verdict}"),
        say(
            "headline.trust.sentence",
            read=format_count(trust.rows_read, language),
            kept=format_count(trust.rows_kept, language),
            aside=format_count(trust.rows_set_aside, language),
            warnings=found["warning"] + found["loss"],
            notes=found["note"],
        ),
        "trust",
    )
