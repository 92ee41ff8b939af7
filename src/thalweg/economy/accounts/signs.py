"""One sign for all: what comes in is positive, what goes out negative, however a ledger writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

INFLOWS = ("revenue", "capital_in")
OUTFLOWS = (
    *("cost_of_sales", "marketing", "subsidy", "research", "rollout", "operations"),
    "capital_out",
)
MIXED_SHARE = 0.2
"""A name of which more than this part, by amount, has the rarer sign is told of."""
_AGAINST = re.compile(
    r"refund|\breturns?\b|revers|charge-?back|退款|退货|退回|冲销|冲回|红冲", re.IGNORECASE
)
"""Names of what goes back: their money runs against their account's."""


@dataclass(slots=True)
class Signs:
    """What was turned: name → rows; and names of mixed sign: name → share of the rarer one."""

    flipped: dict[str, int] = field(default_factory=dict)
    mixed: dict[str, float] = field(default_factory=dict)


def signed(lines: pl.DataFrame) -> tuple[pl.DataFrame, Signs]:
    """Sign amounts as cash.

    A ledger may write costs as positive figures, or revenue as negative ones. Each name of an
    outflow is judged by its sum: a positive one shows that the name is written without a sign, and
    all its lines are turned, so that refunds among them keep theirs. Names of inflows are judged
    together, for a single one may rightly be negative (discounts). Names that speak of what goes
    back run the other way. Balances of cash and what no account claims stay as they are written.

    Takes    lines: account, name, amount.
    """
    plus = pl.col("amount").clip(lower_bound=0).sum()
    sums = lines.group_by("account", "name", maintain_order=True).agg(
        rows=pl.len(), plus=plus, minus=-pl.col("amount").clip(upper_bound=0).sum()
    )
    found, turned = Signs(), []
    inward = _inward(sums)
    for account, name, rows, up, down in sums.sort("account", "name").iter_rows():
        if account not in INFLOWS + OUTFLOWS or up == down:
            continue
        if min(up, down) > MIXED_SHARE * (up + down):
            found.mixed[name] = min(up, down) / (up + down)
        if _against(name):
            wrong = (up > down) == (account in INFLOWS)
        elif account in INFLOWS:
            wrong = account in inward
        else:
            wrong = up > down
        if wrong:
            found.flipped[name] = rows
            turned.append(name)
    if not turned:
        return lines, found
    sign = pl.when(pl.col("name").is_in(turned)).then(-1.0).otherwise(1.0)
    return lines.with_columns(pl.col("amount") * sign), found


def _inward(sums: pl.DataFrame) -> set[str]:
    """Inflow accounts whose names, but for refunds, add up to less than nothing."""
    usual = sums.filter(~pl.col("name").map_elements(_against, return_dtype=pl.Boolean))
    total = usual.group_by("account", maintain_order=True).agg(
        (pl.col("plus") - pl.col("minus")).sum().alias("net")
    )
    return {name for name, net in total.iter_rows() if name in INFLOWS and net < 0}


def _against(name: str) -> bool:
    return _AGAINST.search(name) is not None
