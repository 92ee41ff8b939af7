"""What a reader of many effects may rely on: p-values corrected for how many were tried."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from thalweg.change.correction import benjamini_hochberg, holm

P = st.lists(st.floats(0, 1), min_size=1, max_size=7)
ROUNDING = 1e-12


def closed_bonferroni(p: list[float]) -> list[float]:
    """Holm's procedure by its meaning: a hypothesis falls when every set that holds it falls."""
    everyone = range(len(p))
    sets = list(chain.from_iterable(combinations(everyone, n) for n in range(1, len(p) + 1)))
    worst = {s: min(1.0, len(s) * min(p[k] for k in s)) for s in sets}
    return [max(worst[s] for s in sets if k in s) for k in everyone]


@given(P)
def test_holm_is_the_closure_of_bonferroni(p: list[float]) -> None:
    assert holm(p) == pytest.approx(closed_bonferroni(p), abs=ROUNDING)


@given(P)
def test_benjamini_hochberg_is_what_scipy_gives(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), abs=ROUNDING)


def test_hand_arithmetic() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


@given(P, st.randoms())
def test_an_effect_without_p_value_is_no_test(p: list[float], chance: object) -> None:
    with_gaps: list[float | None] = [*p, None, float("nan")]
    assert holm(with_gaps)[: len(p)] == holm(p)
    assert benjamini_hochberg(with_gaps)[: len(p)] == benjamini_hochberg(p)
    assert holm(with_gaps)[len(p)] is None
    assert holm([None, None]) == benjamini_hochberg([None, None]) == [None, None]


def test_the_order_of_tests_is_irrelevant() -> None:
    p = np.random.default_rng(7).random(40) ** 3
    order = np.random.default_rng(8).permutation(40)
    for correct in (holm, benjamini_hochberg):
        assert np.array_equal(np.array(correct(p.tolist()))[order], correct(p[order].tolist()))
