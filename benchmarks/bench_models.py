"""The measurements of discovery, model quality and causes of waiting, beside their peers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ours_waiting
from generate import DATA, ensure
from measure import Reading, repeat, run

NOISE = 0.2
AT_LEAST = 10
"""PM4Py does not end on all variants of BPIC 2012; on those of so many objects or more it does."""
PEER_SECONDS = 600
Say = Callable[[str, Reading], dict[str, Any]]


def measure_discovery(millions: int, times: int, say: Say) -> dict[str, Any]:
    """The inductive miner on the synthetic log, as it was ingested for the other measurements."""
    source, book = str(ensure(millions)), str(DATA / f"book-{millions}m")
    print(f"discovery, {millions} million events", flush=True)
    given = {"book": book, "noise": NOISE}
    often = times if millions == 1 else 1
    return {
        "inductive": say("inductive", repeat(times, "ours_discovery.inductive", **given)),
        "inductive_from_counts": say(
            "from counts", repeat(times, "ours_discovery.inductive_from_counts", **given)
        ),
        "pm4py_inductive": say(
            "pm4py",
            repeat(often, "peers_discovery.pm4py_inductive", source=source, noise=NOISE),
        ),
    }


def measure_loans(source: Path, times: int, say: Say) -> dict[str, Any]:
    """BPI Challenge 2012: the miner with and without noise."""
    print("discovery, BPI Challenge 2012", flush=True)
    book = str(DATA / "book-bpic2012")
    found: dict[str, Any] = {}
    for name, noise in (("noise", NOISE), ("plain", 0.0)):
        found[f"inductive_{name}"] = say(
            f"inductive, {noise}", repeat(times, "ours_discovery.inductive", book=book, noise=noise)
        )
        found[f"pm4py_inductive_{name}"] = say(
            f"pm4py, {noise}",
            run("peers_discovery.pm4py_inductive_xes", source=str(source), noise=noise),
        )
    return found


def measure_quality(source: Path, times: int, say: Say) -> dict[str, Any]:
    """The four figures of one model, and alignments, on BPI Challenge 2012."""
    print("quality, BPI Challenge 2012", flush=True)
    book, model = str(DATA / "book-bpic2012"), str(DATA / "bpic2012.pnml")
    run("ours_quality.make_model", book=book, model=model, noise=NOISE)
    ours = {"book": book, "model": model}
    peers = {"source": str(source), "model": model, "seconds": PEER_SECONDS}
    top = {"at_least": AT_LEAST}
    return {
        "quality_all": say("quality", repeat(times, "ours_quality.quality", **ours)),
        "quality_top": say("quality, top", repeat(times, "ours_quality.quality", **ours, **top)),
        "alignments_all": say("alignments", repeat(times, "ours_quality.alignments", **ours)),
        "alignments_top": say(
            "alignments, top", repeat(times, "ours_quality.alignments", **ours, **top)
        ),
        "pm4py_quality_top": say("pm4py, top", run("peers_quality.pm4py_quality", **peers, **top)),
        "pm4py_token_replay": say(
            "pm4py, tokens", run("peers_quality.pm4py_token_replay", **peers)
        ),
        "r4pm_alignments_top": say(
            "r4pm, top", run("peers_quality.r4pm_alignments", **peers, **top)
        ),
    }


def measure_waiting(millions: int, say: Say) -> dict[str, Any]:
    """Causes of waiting on a queueing world with starts and ends."""
    print(f"causes of waiting, {millions} million pieces of work", flush=True)
    source, book = str(ours_waiting.ensure(millions)), str(DATA / f"book-waits-{millions}m")
    run("ours_waiting.ingest_waits", source=source, into=book)
    return {"waits": say("causes", run("ours_waiting.waits", book=book))}
