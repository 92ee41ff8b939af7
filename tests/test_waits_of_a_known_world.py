"""Every minute of a simulated workshop's waits is given to the cause that it truly had."""

from __future__ import annotations

from collections import defaultdict

import pytest

from thalweg.process.waiting.causes import CAUSES, Overlaps
from thalweg.process.waiting.waits import waits_book
from waits_tools import RULES
from waits_world import MINUTE, Workshop

SEEDS = range(4)


def expected(world: Workshop, rule: Overlaps) -> dict[tuple[str, str, str], float]:
    """Minutes by pair and cause, those above zero."""
    found: dict[tuple[str, str, str], float] = defaultdict(float)
    for (pair, held), minutes in world.held.items():
        split = RULES[rule](held & set(CAUSES[1:5])) or {next(iter(held)): 1.0}
        for cause, share in split.items():
            found[(*pair, cause)] += share * minutes
    return {key: value for key, value in found.items() if value > 0}


@pytest.mark.parametrize("rule", ["shared", "state"])
@pytest.mark.parametrize("seed", SEEDS)
def test_with_the_true_hours_every_minute_has_its_cause(seed: int, rule: Overlaps) -> None:
    world = Workshop(seed)
    result = waits_book(world.book(), type="item", calendar=world.calendars(), overlaps=rule)
    got = {
        (row["source"], row["target"], row["cause"]): row["total_s"] / MINUTE
        for row in result.pair_causes.to_dicts()
    }
    assert got == pytest.approx(expected(world, rule), abs=1e-6)
    assert {cause for *_, cause in got} == set(CAUSES)
    assert result.awaited == ("item", "box")


def test_learned_hours_come_near_the_true_ones() -> None:
    """Hours are learned from 300 items in three weeks: off hours within 2 % of all waiting."""
    world = Workshop(9, items=300, days=40)
    truth = waits_book(world.book(), type="item", calendar=world.calendars())
    learned = waits_book(world.book(), type="item")
    shares = [
        dict(zip(r.causes["cause"], r.causes["share"], strict=True)) for r in (truth, learned)
    ]
    for cause in CAUSES:
        assert shares[0][cause] == pytest.approx(shares[1][cause], abs=0.02)
