"""The causes of waiting, and the rule by which causes that hold together share a second.

At every moment of a wait after the event was enabled, each of four conditions holds or does not:
the resource is busy with work enabled no later (contention), busy with work enabled later
(priority), outside its calendar (unavailable), or the wait belongs to a batch that is not complete
yet (batching). The sweep measures how long each combination held; a rule turns combinations into
causes. Every rule divides a moment wholly, so that causes sum to the wait.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from thalweg.process.chunks import Ints

CAUSES = (
    "synchronisation",
    "batching",
    "contention",
    "priority",
    "unavailable",
    "handover",
    "remainder",
)
SYNCHRONISATION, BATCHING, CONTENTION, PRIORITY, UNAVAILABLE, HANDOVER, REMAINDER = range(7)
SPLIT = (BATCHING, CONTENTION, PRIORITY, UNAVAILABLE)
"""Causes that the sweep over resources measures, in the order of its columns."""

BUSY_EARLIER, BUSY_LATER, OFF, GATHERING = 1, 2, 4, 8
"""Conditions as bits: contention, priority, unavailable, batching."""
COMBINATIONS = 16
PARTS = 12
"""Weights are whole numbers of twelfths: four causes or fewer share a second evenly."""

Overlaps = Literal["shared", "state", "precedence"]


def rule_weights(rule: Overlaps) -> Ints:
    """For each combination of conditions the twelfths that each cause of ``SPLIT`` gets.

    shared      all that hold share evenly, which is the Shapley value of the game in which any
                one of them suffices to keep the work waiting; batching counts where no other
                holds, because a resource that is busy or away could not have begun anyway, and
                work taken from a queue one after the other looks like a batch.
    state       what the resource was doing decides: off duty, else busy (contention before
                priority), else free while a batch was gathering.
    precedence  batching, contention, priority, unavailable: the first that holds
                (Lashkevich and others, 2023).
    """
    column = {
        GATHERING: SPLIT.index(BATCHING),
        BUSY_EARLIER: SPLIT.index(CONTENTION),
        BUSY_LATER: SPLIT.index(PRIORITY),
        OFF: SPLIT.index(UNAVAILABLE),
    }
    order = {
        "shared": (BUSY_EARLIER, BUSY_LATER, OFF),
        "state": (OFF, BUSY_EARLIER, BUSY_LATER, GATHERING),
        "precedence": (GATHERING, BUSY_EARLIER, BUSY_LATER, OFF),
    }[rule]
    weights = np.zeros((COMBINATIONS, len(SPLIT)), np.int64)
    for combination in range(1, COMBINATIONS):
        holding = [bit for bit in order if combination & bit] or [GATHERING]
        sharing = holding if rule == "shared" else holding[:1]
        for bit in sharing:
            weights[combination, column[bit]] = PARTS // len(sharing)
    return weights


def combination_name(combination: int) -> str:
    """The causes that held together, joined by "+"; "none" where no condition held."""
    bits = {
        GATHERING: "batching",
        BUSY_EARLIER: "contention",
        BUSY_LATER: "priority",
        OFF: "unavailable",
    }
    return "+".join(name for bit, name in bits.items() if combination & bit) or "none"
