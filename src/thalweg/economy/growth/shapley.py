"""Shares of a product's rise in its factors that depend on no order."""

from __future__ import annotations

import numpy as np

from thalweg.economy.frame import Floats


def product_shapley(start: Floats, ratios: Floats) -> Floats:
    """How much of ``start · Π ratios - start`` each factor brings, in the Shapley form.

    Takes    start: any shape; ratios: (F, *shape), what each factor multiplies ``start`` by.
    Returns  (F, *shape). The sum over factors is the whole rise; a factor of one brings nothing;
             equal factors bring the same; the order in which factors stand means nothing.
    Source   Shapley (1953). For the game v(S) = start · Π_{k in S} a_k the mean over all orders is
             start · (a_k - 1) · ∫ Π_{j≠k} (1 - u + u·a_j) du over u from 0 to 1, since the weight
             s!(F-1-s)!/F! of s others is ∫ u^s (1-u)^(F-1-s) du. The integrand is a polynomial of
             degree F - 1, for which Gauss and Legendre's rule with ⌈F/2⌉ points is exact: no
             subsets are enumerated and none are left out, however many factors there are.
    """
    factors = len(ratios)
    out = np.zeros_like(ratios)
    if not factors:
        return out
    nodes, weights = np.polynomial.legendre.leggauss((factors + 1) // 2)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        mixed = 1 - node + node * ratios
        out += weight * _others(mixed)
    return np.asarray(out * (ratios - 1) * start)


def _others(values: Floats) -> Floats:
    """(F, …) the product of all but each, without dividing."""
    before, after = np.ones_like(values), np.ones_like(values)
    np.cumprod(values[:-1], axis=0, out=before[1:])
    after[:-1] = np.cumprod(values[:0:-1], axis=0)[::-1]
    return before * after
