"""New value: revenue of what was first sold not long ago, and how much of it displaced other revenue.

What a new product displaced is estimated like an effect: revenue of the products it can stand in
for, by unit and month, around the unit's first purchase of it. A unit that has not bought it yet is
the comparison; where all began at once there is none, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.answers.answer import Answer, Settings, answer
from thalweg.change.answers.grading import give_grades
from thalweg.change.answers.questions import About, Surroundings, question_of
from thalweg.change.frame import ALREADY, NEVER, Design, Floats, Ints, Outcome, Panel, Rollout
from thalweg.economy.frame import Accounts, GrowthPanel
from thalweg.records.profile.model import Profile

ALL = "*"
LAST_MONTHS = 12
FEWEST_UNITS = 4
"""Units with revenue of their own, among which a comparison can be looked for."""
FULL_AFTER = 1
"""Months from the first purchase to the first full one: the month of the purchase is partly old."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product, or all of them (``*``).

    revenue      of the last twelve months. share: of all revenue of those months.
    new          first sold within the months that the profile names; None: first sale not known.
    incremental  part of its revenue that displaced nothing of the same units' other revenue, with
                 its interval: 1 where it displaced nothing (other revenue that it brought along is
                 an effect, and no revenue of its own), below 0 where it displaced more than it
                 brought. None: not told, or anything from all to nothing.
    displaced    amount of other revenue that it displaced in the last twelve months.
    known        design grade of that comparison; "counted" for what is not new. missing: code of
                 why it is not told.
    """

    product: str
    name: str | None
    first_sale: date | None
    revenue: float
    share: float
    new: bool | None
    incremental: float | None = None
    low: float | None = None
    high: float | None = None
    displaced: float | None = None
    known: str = "counted"
    missing: str | None = None

    def to_row(self) -> dict[str, Any]:
        """A row of ``JudgeResult.new_value``."""
        names = ("product", "name", "first_sale", "revenue", "share", "new")
        more = ("incremental", "low", "high", "known")
        return {name: getattr(self, name) for name in (*names, *more)}


@dataclass(frozen=True, slots=True)
class NewValue:
    """All products, the row of all first; share: of new products in revenue, None without any.

    first, last  months that revenue is of. months: within which a product is new. missing: code of
    why there is no share, or why it may be larger.
    """

    products: tuple[Product, ...]
    share: float | None
    months: int
    first: date | None
    last: date | None
    missing: str | None = None

    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``JudgeResult.new_value``."""
        return [one.to_row() for one in self.products]


def new_value(
    accounts: Accounts,
    profile: Profile,
    growth: GrowthPanel | None = None,
    *,
    confidence: float = 0.95,
    draws: int = 399,
    seed: int = 0,
) -> NewValue:
    """Share of new products in the revenue of the last twelve months, and what of it is incremental.

    Takes    growth: spend and interventions by unit and month, to be taken out of what a new
             product is compared with; None: nothing is taken out. draws: dealings of first
             purchases.
    """
    within = profile.economy.new_months
    sold = accounts.lines.filter(pl.col("account") == "revenue")
    if not len(sold) or not accounts.months:
        return NewValue((), None, within, None, None, "no_revenue")
    last, first = accounts.months[-1], accounts.months[-min(LAST_MONTHS, len(accounts.months))]
    recent = sold.filter(pl.col("month") >= first)
    total = float(recent["amount"].sum())
    if not recent["product"].is_not_null().any() or total <= 0:
        return NewValue((), None, within, first, last, "no_products_in_ledger")
    products = _counted(accounts, recent, total, last, within)
    comparison = _Comparison(accounts, sold, growth, Settings(confidence, seed, draws))
    told = comparison.told([one for one in products if one.new])
    products = [told.get(one.product, one) for one in products]
    whole = _whole(products, total)
    unknown = "first_sale_unknown" if any(one.new is None for one in products) else None
    return NewValue((whole, *products), whole.share, within, first, last, unknown)


def _counted(
    accounts: Accounts, recent: pl.DataFrame, total: float, last: date, within: int
) -> list[Product]:
    """What each product brought, and whether it is new; in the order of their ids."""
    listed = {row["product"]: row for row in accounts.products.to_dicts()}
    by_product = (
        recent.drop_nulls("product")
        .group_by("product", maintain_order=True)
        .agg(pl.col("amount").sum())
    )
    found = []
    for product, amount in by_product.sort("product").iter_rows():
        row = listed.get(product, {})
        begun: date | None = row.get("first_sale")
        age = None if begun is None else 12 * (last.year - begun.year) + last.month - begun.month
        new = _is_new(age, within, len(accounts.months))
        share = float(amount) / total
        found.append(Product(product, row.get("name"), begun, float(amount), share, new))
    return found


def _is_new(age: int | None, within: int, recorded: int) -> bool | None:
    """A product without a first sale was sold from the ledger's first month on: it is as old as the
    ledger, or older."""
    if age is None:
        return False if recorded >= within else None
    return age < within


def _whole(products: Sequence[Product], total: float) -> Product:
    """The row of all new products; their errors are taken as independent."""
    new = [one for one in products if one.new]
    revenue = sum(one.revenue for one in new)
    plain = Product(ALL, None, None, revenue, revenue / total, True if new else None)
    if not new:
        return plain
    untold = [one for one in new if one.incremental is None]
    if untold or revenue <= 0:
        known = "N" if untold else "counted"
        return replace(plain, known=known, missing=untold[0].missing if untold else None)
    amounts = np.array([(one.incremental or 0.0) * one.revenue for one in new])
    below = np.array([((one.incremental or 0.0) - (one.low or 0.0)) * one.revenue for one in new])
    above = np.array([((one.high or 0.0) - (one.incremental or 0.0)) * one.revenue for one in new])
    middle = float(amounts.sum()) / revenue
    return replace(
        plain,
        incremental=middle,
        low=middle - float(np.sqrt((below**2).sum())) / revenue,
        high=middle + float(np.sqrt((above**2).sum())) / revenue,
        displaced=sum(one.displaced or 0.0 for one in new),
        known=max((one.known for one in new), key="ABCDN".index),
    )


class _Comparison:
    """Other revenue of the same units, around their first purchase of a new product."""

    def __init__(
        self,
        accounts: Accounts,
        sold: pl.DataFrame,
        growth: GrowthPanel | None,
        settings: Settings,
    ) -> None:
        self.accounts, self.growth, self.settings = accounts, growth, settings
        self.unit = {name: at for at, name in enumerate(accounts.units)}
        self.month = {name: at for at, name in enumerate(accounts.months)}
        rows = sold.filter(pl.col("party").is_in(list(self.unit))).drop_nulls("product")
        self.tables = {
            str(product): self._table(part)
            for (product,), part in rows.group_by("product", maintain_order=True)
        }

    def _table(self, rows: pl.DataFrame) -> Floats:
        table = np.zeros((len(self.unit), len(self.month)))
        for party, month, amount in rows.select("party", "month", "amount").iter_rows():
            table[self.unit[party], self.month[month]] += amount
        return table

    def told(self, new: Sequence[Product]) -> dict[str, Product]:
        """New products with what they displaced, or why that is not told."""
        names = {one.product for one in new}
        found: dict[str, Product] = {}
        asked: list[tuple[Product, Answer, Floats]] = []
        for one in new:
            old = self._old(one.product, names)
            if old is None or len(self.unit) < FEWEST_UNITS:
                code = "nothing_to_displace" if old is None else "no_units"
                found[one.product] = replace(one, known="N", missing=code)
                continue
            asked.append((one, self._answer(one, old), old))
        verdicts = give_grades([given for _, given, _ in asked])
        for (one, given, old), verdict in zip(asked, verdicts, strict=True):
            grade, reasons = verdict.graded.grade, verdict.graded.reasons
            found[one.product] = self._net(one, given, old, grade, reasons)
        return found

    def _old(self, product: str, new: set[str]) -> Floats | None:
        """(N, T) revenue that the product may stand in for: what the list of products says, else
        all that is not new."""
        listed = self.accounts.products.filter(pl.col("product") == product)["displaces"].to_list()
        stated = [name for some in listed for name in some or () if name in self.tables]
        names = stated or [name for name in self.tables if name not in new]
        if product not in self.tables or not names:
            return None
        return np.asarray(np.sum([self.tables[name] for name in names], axis=0))

    def _answer(self, one: Product, old: Floats) -> Answer:
        start = _first_month(self.tables[one.product])
        units, months = self.accounts.units, self.accounts.months
        begins = np.where(start == NEVER, NEVER, np.where(start == 0, ALREADY, start + FULL_AFTER))
        begins = np.where((begins != NEVER) & (begins >= len(months)), NEVER, begins)
        outcome = Outcome("revenue", "flow", self.accounts.currency, "log")
        objects = np.ones(old.shape, np.int64)
        late = (begins == NEVER)[:, None] & (np.arange(len(months)) >= start[:, None])
        value = np.where(late, np.nan, old)
        panel = Panel(outcome, units, months, value, objects, FULL_AFTER, "month")
        never = np.full(len(units), NEVER, np.int64)
        design = Design(
            panel, Rollout(one.product, units, begins, never), self._beside(one.product)
        )
        about = About(one.product, one.name or one.product, None)
        question = question_of(about, design, {}, (), Surroundings(), self.settings.seed)
        return answer(question, self.settings)

    def _beside(self, product: str) -> dict[str, Floats]:
        """Paid traffic and interventions of each unit, which move its revenue too; not the one
        that brought the product."""
        growth = self.growth
        if growth is None or growth.units != self.accounts.units:
            return {}
        rows = self.accounts.products.filter(pl.col("product") == product)["intervention"]
        own = set(rows.drop_nulls())
        beside: dict[str, Floats] = {}
        spent = growth.spend.sum(axis=0)
        if spent.any():
            beside["spend"] = np.log1p(spent / spent[spent > 0].mean())
        for at, name in enumerate(growth.interventions):
            if name not in own and np.ptp(growth.dose[at], axis=0).any():
                beside[name] = growth.dose[at]
        return beside

    def _net(
        self, one: Product, given: Answer, old: Floats, grade: str, reasons: Sequence[str]
    ) -> Product:
        """What is left of a product's revenue after what it displaced."""
        found = given.found
        if grade in ("D", "N") or found.low is None or found.high is None:
            code = reasons[0] if reasons else "not_identified"
            return replace(one, known=grade, missing=found.refused or code)
        months = np.arange(old.shape[1])
        start = _first_month(self.tables[one.product])[:, None]
        recent = (months >= start) & (months >= len(months) - LAST_MONTHS)
        seen = float((old * recent).sum())
        own = float((self.tables[one.product] * recent).sum())
        if own <= 0:
            return replace(one, known="N", missing="no_revenue")

        def left(effect: float) -> float:
            return min(1.0, 1.0 - seen * float(np.expm1(-effect)) / own)

        low, middle, high = left(found.low), left(found.att), left(found.high)
        if low <= 0.0 and high >= 1.0:
            return replace(one, known=grade, missing="interval_says_nothing")
        return replace(
            one,
            incremental=middle,
            low=low,
            high=high,
            displaced=own * (1.0 - middle),
            known=grade,
        )


def _first_month(table: Floats) -> Ints:
    """(N,) month of the first purchase, NEVER where there is none."""
    bought = table > 0
    return np.where(bought.any(axis=1), bought.argmax(axis=1), NEVER).astype(np.int64)
