"""The part of RESULTS.md on discovery, model quality and causes of waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from results_bar import Bar

QUALITY_PARTS = ("fitness", "precision", "generalisation", "simplicity")
NAMES = {
    "inductive": "Thalweg, variants and inductive miner, noise 0.2",
    "inductive_from_counts": "Thalweg, counts and the miner on counts, noise 0.2",
    "pm4py_inductive": "PM4Py, inductive miner, noise 0.2",
    "inductive_noise": "Thalweg, variants and inductive miner, noise 0.2",
    "inductive_plain": "Thalweg, variants and inductive miner, no noise",
    "pm4py_inductive_noise": "PM4Py, inductive miner, noise 0.2",
    "pm4py_inductive_plain": "PM4Py, inductive miner, no noise",
    "quality_all": "Thalweg, the four figures, all 4,366 variants",
    "quality_top": "Thalweg, the four figures, variants of ten objects or more",
    "alignments_all": "Thalweg, alignments, all variants",
    "alignments_top": "Thalweg, alignments, variants of ten objects or more",
    "pm4py_quality_top": "PM4Py, the four figures by alignments, variants of ten objects or more",
    "pm4py_token_replay": "PM4Py, fitness and precision by token replay, all variants",
    "r4pm_alignments_top": "r4pm, alignments, variants of ten objects or more",
    "waits": "Thalweg, causes of waiting, calendars learned",
}
Table = Callable[[dict[str, Any]], Iterator[str]]


def model_bars(kept: dict[str, Any]) -> Iterator[Bar]:
    """Bars of discovery, quality and waiting that the figures at hand can judge."""
    found = kept.get("models", {})
    rule = "PM4Py / 30"
    for size, one in sorted(found.get("discovery", {}).items(), key=lambda item: int(item[0])):
        theirs = one["pm4py_inductive"]["seconds"]["inductive"]
        for part in ("just opened", "fresh process"):
            ours = one["inductive"]["seconds"][part]
            yield Bar(f"inductive miner, {size} M, noise 0.2, {part}", rule, ours, theirs, 1 / 30)
    loans = found.get("loans", {})
    for name, words in (("noise", "noise 0.2"), ("plain", "no noise")):
        if loans:
            ours = loans[f"inductive_{name}"]["seconds"]["fresh process"]
            theirs = loans[f"pm4py_inductive_{name}"]["seconds"]["inductive"]
            work = f"inductive miner, BPIC 2012, {words}, fresh process"
            yield Bar(work, rule, ours, theirs, 1 / 30)
    yield from _quality_bars(found.get("quality", {}))
    if "waiting" in found:
        reading = found["waiting"]["waits"]
        ours = reading["seconds"]["fresh process"]
        yield Bar("causes of waiting, 10 M pieces", "under a minute", ours, 60.0, 1)
        peak = reading["peak_mb"]
        yield Bar("causes of waiting, 10 M, peak memory", "under 4 GB", peak, 4_000, 1, "MB")


def _quality_bars(found: dict[str, Any]) -> Iterator[Bar]:
    if not found:
        return
    rule = "a tenth of PM4Py's"
    theirs = sum(found["pm4py_quality_top"]["seconds"][part] for part in QUALITY_PARTS)
    ours = found["quality_top"]["seconds"]["fresh process"]
    yield Bar(
        "quality figures, BPIC 2012, variants of ten objects or more, same method",
        rule,
        ours,
        theirs,
        1 / 10,
    )
    tokens = sum(found["pm4py_token_replay"]["seconds"].values())
    ours = found["quality_all"]["seconds"]["fresh process"]
    work = "quality figures, BPIC 2012, all variants by alignment, against token replay"
    yield Bar(work, rule, ours, tokens, 1 / 10)


def model_pages(kept: dict[str, Any], table: Table) -> Iterator[str]:
    """The tables behind these bars."""
    found = kept.get("models")
    if found is None:
        return
    for size, one in sorted(found["discovery"].items(), key=lambda item: int(item[0])):
        yield f"\n## Discovery, {size} million events, {found['date']}\n"
        yield from table(one)
    if "loans" in found:
        yield f"\n## Discovery, BPI Challenge 2012, {found['date']}\n"
        yield from table(found["loans"])
        yield f"\n## Quality of the model of BPI Challenge 2012 at noise 0.2, {found['date']}\n"
        yield (
            "PM4Py is stopped after 600 s a figure (`stopped`). Its token replay answers another, "
            "cheaper question; it stands here because it is what ends on all variants.\n"
        )
        yield from table(found["quality"])
    yield f"\n## Causes of waiting, 10 million pieces of work, {found['date']}\n"
    yield (
        "A queueing world in which all waiting is contention and off hours; the remainder is a "
        "check. No open tool that splits waiting into causes installs here to be measured beside.\n"
    )
    yield from table(found["waiting"])
