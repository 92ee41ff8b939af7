"""The peers' side of the measurements of model quality, on the same log and the same PNML model.

PM4Py does not end on all variants of BPIC 2012 in a sensible time: it gets those of at least so
many objects, and a time after which it is stopped, part by part.
"""

from __future__ import annotations

import contextlib
import io
import signal
import time
from collections.abc import Iterator
from typing import Any

from measure import Reading


@contextlib.contextmanager
def _at_most(reading: Reading, part: str, seconds: int) -> Iterator[None]:
    """Time a part; one that takes too long has the limit as its time and is noted."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        with reading.clock(part), contextlib.redirect_stderr(io.StringIO()):
            yield
    except TimeoutError:
        reading.seconds[part] = float(seconds)
        reading.answers.setdefault("stopped", []).append(part)
    finally:
        signal.alarm(0)


def _counts(log: Any) -> dict[tuple[str, ...], int]:
    import pm4py

    found = pm4py.get_variants(log).items()
    return {variant: v if isinstance(v, int) else len(v) for variant, v in found}


def pm4py_quality(source: str, model: str, at_least: int, seconds: int = 600) -> Reading:
    """Alignment fitness, precision, generalisation and simplicity, of frequent variants."""
    import pm4py

    reading = Reading()
    with contextlib.redirect_stderr(io.StringIO()):
        log = pm4py.read_xes(source, return_legacy_log_object=False)
        kept = [v for v, count in _counts(log).items() if count >= at_least]
        log = pm4py.filter_variants(log, kept)
        made = pm4py.read_pnml(model)
    reading.answers["variants"] = len(kept)
    with _at_most(reading, "fitness", seconds):
        fitness = pm4py.fitness_alignments(log, *made)
        reading.answers["fitness"] = fitness["averageFitness"]
    with _at_most(reading, "precision", seconds):
        reading.answers["precision"] = pm4py.precision_alignments(log, *made)
    with _at_most(reading, "generalisation", seconds):
        reading.answers["generalisation"] = pm4py.generalization_tbr(log, *made)
    with _at_most(reading, "simplicity", seconds):
        reading.answers["simplicity"] = pm4py.simplicity_petri_net(*made)
    return reading


def pm4py_token_replay(source: str, model: str, seconds: int = 600) -> Reading:
    """PM4Py's quicker way to fitness and precision, on all variants."""
    import pm4py

    reading = Reading()
    with contextlib.redirect_stderr(io.StringIO()):
        log = pm4py.read_xes(source, return_legacy_log_object=False)
        made = pm4py.read_pnml(model)
    with _at_most(reading, "fitness", seconds):
        fitness = pm4py.fitness_token_based_replay(log, *made)
        reading.answers["fitness"] = fitness["average_trace_fitness"]
    with _at_most(reading, "precision", seconds):
        reading.answers["precision"] = pm4py.precision_token_based_replay(log, *made)
    return reading


def r4pm_alignments(source: str, model: str, at_least: int = 1, seconds: int = 600) -> Reading:
    """Each variant aligned once, the most frequent first, with the cost function of the others."""
    import pm4py
    from r4pm.bindings import align_trace

    reading = Reading()
    with contextlib.redirect_stderr(io.StringIO()):
        log = pm4py.read_xes(source, return_legacy_log_object=False)
        counts = {v: count for v, count in _counts(log).items() if count >= at_least}
        net = r4pm_net(*pm4py.read_pnml(model))
    names = ("log_move_cost", "model_move_cost", "silent_move_cost", "sync_move_cost")
    options = {"cost_fn": dict(zip(names, (1, 1, 0, 0), strict=True)), "max_states": None}
    done, cost = 0, 0
    begun = time.perf_counter()
    with reading.clock("align"):
        for sequence in sorted(counts, key=lambda s: -counts[s]):
            if time.perf_counter() - begun > seconds:
                reading.answers["stopped"] = ["align"]
                break
            cost += counts[sequence] * align_trace(net, list(sequence), options)["cost"]  # type: ignore[arg-type]
            done += 1
    reading.answers |= {"variants": done, "cost": cost}
    return reading


def r4pm_net(net: Any, initial: Any, final: Any) -> Any:
    """PM4Py's net in r4pm's JSON, which wants UUIDs."""
    place = {p: f"00000000-0000-4000-8000-{i:012}" for i, p in enumerate(net.places)}
    number = {t: f"00000000-0000-4000-9000-{i:012}" for i, t in enumerate(net.transitions)}
    arcs = []
    for arc in net.arcs:
        kind = "PlaceTransition" if arc.source in place else "TransitionPlace"
        ends = [(place | number)[arc.source], (place | number)[arc.target]]
        arcs.append({"from_to": {"type": kind, "nodes": ends}, "weight": arc.weight})
    return {
        "places": {p: {"id": p} for p in place.values()},
        "transitions": {n: {"id": n, "label": t.label} for t, n in number.items()},
        "arcs": arcs,
        "initial_marking": {place[p]: n for p, n in initial.items()},
        "final_markings": [{place[p]: n for p, n in final.items()}],
    }
