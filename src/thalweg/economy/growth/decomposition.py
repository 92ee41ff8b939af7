"""Growth between two periods, split into what was bought, what was earned, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.economy.frame import Floats, Label, Mask
from thalweg.economy.growth.exact import exact_parts
from thalweg.economy.growth.factors import Factors, factors_of
from thalweg.economy.growth.shapley import product_shapley
from thalweg.economy.paths.base import Base
from thalweg.economy.paths.interval import interval

YEAR, QUARTER = 12, 3
NEW, REST = ("earned", "new_products"), ("unexplained", "all")


@dataclass(frozen=True, slots=True)
class Span:
    """Months of the first and of the last period, as places: ``first:first + months`` and so on."""

    first: int
    last: int
    months: int

    def of(self, table: Floats) -> tuple[Floats, Floats]:
        """(…, months) of the first and of the last period."""
        first = table[..., self.first : self.first + self.months]
        return first, table[..., self.last : self.last + self.months]

    def sums(self, table: Floats) -> tuple[Floats, Floats]:
        first, last = self.of(table)
        return first.sum(axis=-1), last.sum(axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Rows of the table ``decomposition``, and (D,) draws of bought, earned and market.

    start: revenue of the first period; growth: by how much that of the last is more.
    """

    span: Span
    start: float
    growth: float
    rows: list[dict[str, Any]]
    draws: dict[str, Floats]


def decompose(base: Base, span: Span, *, known: Label, confidence: float) -> Growth:
    """Split the growth of revenue from the first period of a span to its last.

    For each unit with revenue in half of the months of both periods at least, the factors that move
    from the first period to the last are each channel, subsidy, each intervention, new products,
    the market (the months' common level), and what is left unexplained of the unit; the n-th months
    of both periods are compared, and shares are Shapley's. Units that came or left meanwhile, and
    revenue of no unit, stand under what is unexplained.

    Returns  rows whose amounts (means over draws) sum to the growth to the last bit; each interval
             is of the part's own draws.
    """
    start, end = (float(one) for one in span.sums(base.total))
    stayed = _stayed(base, span)
    found = [shares_of(base, factors_of(base, draw), span, stayed) for draw in range(base.draws)]
    names = _names(base)
    parts = np.array([[one.get(name, 0.0) for name in names] for one in found])
    rows, growth = _rows(names, parts, _fixed(base, span, stayed), end - start, known, confidence)
    groups = np.array([part for part, _ in names])
    draws = {
        part: np.asarray(parts[:, groups == part].sum(axis=1))
        for part in ("bought", "earned", "market")
    }
    return Growth(span, start, growth, rows, draws)


def counted_growth(base: Base, span: Span, bounds: tuple[float, float] | None) -> Growth:
    """The growth where nothing separates its parts: all of it unexplained, bought within bounds.

    bounds: smallest and largest share of revenue that is bought at any time.
    """
    start, end = (float(one) for one in span.sums(base.total))
    low = high = None
    if bounds is not None:
        low, high = end * bounds[0] - start * bounds[1], end * bounds[1] - start * bounds[0]
    growth = end - start
    rows = [
        _row(
            "bought", "all", None, low, high, growth, "not_identified" if low is None else "bounds"
        ),
        _row("earned", "all", None, None, None, growth, "not_identified"),
        _row("market", "all", None, None, None, growth, "not_identified"),
        _row("unexplained", "all", growth, None, None, growth, "counted"),
    ]
    return Growth(span, start, growth, rows, {})


def shares_of(
    base: Base, factors: Factors, span: Span, stayed: Mask
) -> dict[tuple[str, str], float]:
    """What each factor brings in all over the units that stayed, in one draw.

    A unit's expected revenue is a sum of products of factors, so its Shapley shares are the sums of
    those of the products. What the expected does not explain multiplies all of them.
    """
    first, last = span.of(factors.moves[:, stayed])
    new, common = _new_products(base, span, stayed)
    last = np.concatenate((last[:-1], last[-1:] / common))
    ratios = np.concatenate((last / first, np.broadcast_to(new[:, None], first.shape[1:])[None]))
    own = first.prod(axis=0)
    paid, paid_last = span.of(factors.lifts[:, stayed])
    expected = (
        (own.sum(axis=1) + paid.sum(axis=(0, 2))),
        ((own * ratios.prod(axis=0)).sum(axis=1) + paid_last.sum(axis=(0, 2))),
    )
    revenue = span.sums(base.revenue[stayed])
    constant = revenue[0] / expected[0]
    rest = np.broadcast_to((revenue[1] / expected[1] / constant)[:, None], own.shape)
    brought = product_shapley(constant[:, None] * own, np.concatenate((ratios, rest[None])))
    names = (*factors.names, NEW, REST)
    shares = dict(zip(names, brought.sum(axis=(1, 2)).tolist(), strict=True))
    for channel, before, after in zip(base.channels, paid, paid_last, strict=False):
        grown = constant[:, None] * (after - before) * (1 + rest) / 2
        drifted = constant[:, None] * (rest - 1) * (before + after) / 2
        shares["bought", channel] = float(grown.sum())
        shares[REST] += float(drifted.sum())
    return shares


def _new_products(base: Base, span: Span, stayed: Mask) -> tuple[Floats, float]:
    """(units,) by how much new products multiply revenue, from first to last; and all units' own.

    The common level of the months holds the latter already, which is taken out of the market.
    """
    revenue = base.revenue[stayed]
    whole, old = span.sums(revenue), span.sums(revenue - base.fresh[stayed])
    ratio = whole[1] / old[1] / (whole[0] / old[0])
    common = whole[1].sum() / old[1].sum() / (whole[0].sum() / old[0].sum()) if len(ratio) else 1.0
    return np.asarray(ratio), float(common)


def _stayed(base: Base, span: Span) -> Mask:
    """(N,) units that sell what they always sold in half of the months of both periods at least."""
    old = base.revenue - base.fresh
    sells = span.sums((old > 0).astype(np.float64))
    amounts = span.sums(old)
    enough = [(2 * m >= span.months) & (a > 0) for m, a in zip(sells, amounts, strict=True)]
    return np.asarray(enough[0] & enough[1])


def _fixed(base: Base, span: Span, stayed: Mask) -> list[tuple[str, str, float]]:
    """Counted parts of what is unexplained."""
    left, came = span.sums(base.revenue[~stayed].sum(axis=0))
    before, after = span.sums(base.apart)
    parts = (("units_came", came), ("units_left", -left), ("of_no_unit", after - before))
    return [("unexplained", name, float(amount)) for name, amount in parts if amount != 0]


def _names(base: Base) -> list[tuple[str, str]]:
    return [
        *(("bought", name) for name in base.channels),
        ("bought", "subsidy"),
        *(("earned", name) for name in base.interventions),
        NEW,
        ("market", "all"),
        REST,
    ]


def _rows(
    names: list[tuple[str, str]],
    parts: Floats,
    fixed: list[tuple[str, str, float]],
    growth: float,
    known: Label,
    confidence: float,
) -> tuple[list[dict[str, Any]], float]:
    means = [float(one) for one in parts.mean(axis=0)[:-1]] + [amount for *_, amount in fixed]
    whole, kept, rest = exact_parts(growth, means)
    rows = []
    for at, (part, name) in enumerate(names[:-1]):
        found = interval(parts[:, at], confidence)
        still = part in ("bought", "earned") and not parts[:, at].any()
        label: Label = "counted" if still else known
        rows.append(_row(part, name, kept[at], found.low, found.high, whole, label))
    for (part, name, _), amount in zip(fixed, kept[len(names) - 1 :], strict=True):
        rows.append(_row(part, name, amount, amount, amount, whole, "counted"))
    found = interval(parts[:, -1], confidence)
    rows.append(_row(*REST, rest, found.low, found.high, whole, known))
    return rows, whole


def _row(
    part: str,
    name: str,
    amount: float | None,
    low: float | None,
    high: float | None,
    whole: float,
    known: Label,
) -> dict[str, Any]:
    share = amount / whole if amount is not None and whole else None
    figures = {"amount": amount, "low": low, "high": high, "share": share}
    return {"part": part, "name": name, **figures, "known": known}
