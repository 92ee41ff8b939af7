"""Each variant gets the cheapest alignment with a model, or honest bounds on its cost."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align_helpers import block_nets, cheapest, fire, from_pm4py, net_of, nets, traces
from thalweg.errors import RequestError
from thalweg.process.alignment.alignments import Alignments, align, label_codes
from thalweg.process.alignment.room import Room, StopFlag
from thalweg.process.models.petri import PetriNet
from thalweg.process.weighted import WeightedVariants

DRAWN = settings(max_examples=60, deadline=None)
SHOP = net_of("i > order > p; p > _ > q r; q > pay > s; r > ship > t; s t > _ > o", "i", "o")
WIDE = net_of(
    "i > _ > a b c d e f;"
    + ";".join(f"{p} > {p}1 > {p}x; {p}x > {p}2 > {p}y; {p}y > _ > {p}" for p in "abcdef")
    + "; ay by cy dy ey fy > _ > o",
    "i",
    "o",
)


def weigh(*sequences: tuple[str, ...]) -> WeightedVariants:
    return WeightedVariants.of_sequences(dict.fromkeys(sequences, 1))


def search(net: PetriNet, trace: tuple[str, ...], states: int = 10**6) -> Any:
    """The best-first search alone, without the list of markings."""
    variants = weigh(trace)
    code = label_codes(net, variants)
    known = [code[name] if name in net.labels() else -1 for name in trace]
    room = Room.of(net, code)
    return room.align(np.array(known, np.int32), states, float("inf"), StopFlag())


def check_moves(net: PetriNet, variants: WeightedVariants, found: Alignments) -> None:
    """The moves tell the trace and a run of the net, and cost what is claimed."""
    for variant in range(variants.variants):
        marking, events, cost = net.initial, [], 0
        for event, number in found.moves(variant):
            if event >= 0:
                events.append(variants.names[event])
            if number >= 0:
                transition = net.transitions[number]
                reached = {t.id: after for t, after in fire(net, marking)}
                marking = reached[transition.id]
                if event >= 0:
                    assert transition.label == events[-1]
                cost += event < 0 and transition.label is not None
            else:
                cost += 1
        assert tuple(events) == variants.sequence(variant)
        assert marking in net.finals
        assert cost == found.high[variant]


def test_a_worked_order_process() -> None:
    variants = weigh(
        ("order", "pay", "ship"),
        ("order", "ship", "pay"),
        ("order", "pay"),
        ("pay", "order", "ship", "gift"),
        (),
    )
    found = align(SHOP, variants)
    assert found.high.tolist() == [0, 0, 1, 3, 3]
    assert found.exact.all()
    assert found.model_cost == 3
    check_moves(SHOP, variants, found)


@DRAWN
@given(nets(), st.lists(traces, min_size=1, max_size=4, unique=True))
def test_costs_are_those_of_a_plain_search_on_any_net(
    net: PetriNet, sequences: list[tuple[str, ...]]
) -> None:
    costs = [cheapest(net, trace, 3000) for trace in sequences]
    variants = weigh(*sequences)
    found = align(net, variants)
    assert found.exact.all()
    assert found.high.tolist() == costs
    check_moves(net, variants, found)


@DRAWN
@given(block_nets(), traces)
def test_both_ways_find_the_costs_of_a_plain_search_on_sound_nets(
    net: PetriNet, trace: tuple[str, ...]
) -> None:
    cost = cheapest(net, trace)
    variants = weigh(trace)
    found = align(net, variants)
    assert found.high.tolist() == [cost]
    check_moves(net, variants, found)
    alone = search(net, trace)
    assert (alone.low, alone.high) == (cost, cost)


@DRAWN
@given(block_nets(), traces, st.integers(1, 60))
def test_a_cap_leaves_bounds_that_hold(net: PetriNet, trace: tuple[str, ...], cap: int) -> None:
    cost = cheapest(net, trace)
    variants = weigh(trace)
    found = align(net, variants, max_states=cap)
    assert found.low[0] <= cost <= found.high[0]
    assert found.exact[0] == (found.low[0] == found.high[0])
    check_moves(net, variants, found)


def test_a_search_that_is_cut_off_says_so_and_still_explains_the_trace() -> None:
    trace = ("f2", "e1", "d2", "c1", "b2", "a1", "a1", "b1", "c2", "d1", "e2", "f1") * 2
    variants = weigh(trace)
    found = align(WIDE, variants, max_states=12)
    exact = search(WIDE, trace)
    assert not found.exact[0]
    assert found.low[0] <= exact.high <= found.high[0]
    assert exact.low == exact.high
    check_moves(WIDE, variants, found)


def test_time_ends_a_search_too() -> None:
    trace = ("f2", "e1", "d2", "c1", "b2", "a1", "a1", "b1", "c2", "d1", "e2", "f1") * 40
    net = net_of(
        "i > _ > " + " ".join(f"p{i:02}" for i in range(12)) + ";"
        + ";".join(f"p{i:02} > {x}{k} > p{i:02}" for i, x in enumerate("abcdefabcdef") for k in (1, 2))
        + "; " + " ".join(f"p{i:02}" for i in range(12)) + " > z > o",
        "i",
        "o",
    )  # fmt: skip
    found = align(net, weigh(trace), max_seconds=1e-9, max_states=10**5)
    assert found.low[0] <= found.high[0]
    assert found.high[0] >= 1


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(threads: int) -> None:
    chance = np.random.default_rng(7)
    names = [f"{p}{k}" for p in "abcdef" for k in (1, 2)]
    sequences = {tuple(chance.choice(names, chance.integers(0, 9)).tolist()) for _ in range(90)}
    variants = weigh(*sorted(sequences))
    one = align(WIDE, variants, threads=1, max_states=40)
    other = align(WIDE, variants, threads=threads, max_states=40)
    for name in ("low", "high", "exact", "states", "offsets", "event", "transition"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_an_interrupt_ends_the_work_cleanly() -> None:
    def interrupt(done: int, every: int) -> None:
        raise KeyboardInterrupt

    variants = weigh(*[("order",) * n for n in range(200)])
    with pytest.raises(KeyboardInterrupt):
        align(SHOP, variants, progress=interrupt)
    seen: list[tuple[int, int]] = []
    align(SHOP, variants, progress=lambda done, every: seen.append((done, every)))
    assert seen[-1] == (200, 200)


def test_a_signal_ends_a_long_search() -> None:
    """The net has no state-machine part, so that its search would take minutes.

    Kernels are compiled before: an interruption while they are is lost in the compiler. Programs
    started in the background ignore the signal, so the handler is set here.
    """
    forks = range(14)
    net = net_of(
        f"i > _ > w w {' '.join(f'p{n}' for n in forks)}; w w > _ > v v;"
        + ";".join(f"p{n} > a{n} > q{n}; q{n} > b{n} > p{n}" for n in forks)
        + f"; v v {' '.join(f'q{n}' for n in forks)} > z > o; i > skip > o",
        "i",
        "o",
    )
    variants = weigh(tuple(f"b{n % 14}" for n in range(60)))
    align(net, variants, max_states=10)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            align(net, variants, max_states=10**9, max_seconds=300)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_model_that_never_completes_is_refused() -> None:
    with pytest.raises(RequestError, match="cannot reach a final marking"):
        align(net_of("i > a > p; q > b > o", "i", "o"), weigh(("a",)))
    with pytest.raises(RequestError, match="has no final marking"):
        align(net_of("i > a > o", "i"), weigh(("a",)))
    with pytest.raises(RequestError, match="at least one state"):
        align(SHOP, weigh(("a",)), max_states=0)


def test_a_model_that_makes_tokens_without_end_is_refused() -> None:
    net = net_of("i > _ > i p; i > a > o; p > b > p; p > _ > ", "i", "o")
    with pytest.raises(RequestError, match="whose places are bounded"):
        align(net, weigh(("b", "b", "a"), ("a",)))


@pytest.mark.parametrize(
    ("name", "noise", "most"),
    [
        ("other/running-example.xes", 0.0, 99),
        ("other/repairExample.xes.gz", 0.2, 77),
        ("other/helpdesk.xes.gz", 0.2, 80),
        ("other/receipt.xes.gz", 0.2, 25),
    ],
)
def test_costs_equal_pm4pys(logs: Path, name: str, noise: float, most: int) -> None:
    pm4py = pytest.importorskip("pm4py")
    from pm4py.algo.conformance.alignments.petri_net import algorithm
    from pm4py.objects.log.obj import Event, Trace

    log = pm4py.read_xes(str(logs / name), return_legacy_log_object=False)
    tree = pm4py.discover_process_tree_inductive(log, noise_threshold=noise)
    made = pm4py.convert_to_petri_net(tree)
    sequences = sorted(pm4py.get_variants(log), key=lambda s: (len(s), s))[:most]
    variants = weigh(*sequences)
    found = align(from_pm4py(*made), variants)
    assert found.exact.all()
    for row, sequence in enumerate(sequences):
        trace = Trace([Event({"concept:name": a}) for a in sequence])
        assert found.high[row] == algorithm.apply(trace, *made)["cost"] // 10_000


def r4pm_net(net: PetriNet) -> dict[str, Any]:
    """The net as r4pm's JSON, which wants UUIDs."""
    place = [f"00000000-0000-4000-8000-{i:012}" for i in range(len(net.places))]
    number = [f"00000000-0000-4000-9000-{i:012}" for i in range(len(net.transitions))]
    arcs = []
    for t, transition in zip(number, net.transitions, strict=True):
        into = [("PlaceTransition", [place[p], t], w) for p, w in transition.inputs]
        out = [("TransitionPlace", [t, place[p]], w) for p, w in transition.outputs]
        arcs += [{"from_to": {"type": k, "nodes": n}, "weight": w} for k, n, w in into + out]
    marked = [{place[p]: n for p, n in enumerate(m) if n} for m in (net.initial, *net.finals)]
    labels = zip(number, net.transitions, strict=True)
    return {
        "places": {p: {"id": p} for p in place},
        "transitions": {t: {"id": t, "label": x.label} for t, x in labels},
        "arcs": arcs,
        "initial_marking": marked[0],
        "final_markings": marked[1:],
    }


def test_costs_equal_r4pms() -> None:
    bindings = pytest.importorskip("r4pm.bindings")
    names = ("a", "b", "c", "d")
    chance = np.random.default_rng(3)
    net = net_of("i > _ > p q; p > a > r; r > b > p; q > c > s; q > _ > s; p s > d > o", "i", "o")
    sequences = sorted({tuple(chance.choice(names, n % 8).tolist()) for n in range(60)})
    found = align(net, weigh(*sequences))
    theirs = r4pm_net(net)
    for row, sequence in enumerate(sequences):
        assert found.high[row] == bindings.align_trace(theirs, list(sequence))["cost"]
