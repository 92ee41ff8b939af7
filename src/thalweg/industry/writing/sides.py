"""The tables beside the events in one language: parties, interventions, products, ledger, traffic,
pauses of paid traffic, control totals.

Columns carry the names that ``thalweg ingest`` knows; so do the words of assignments and layers.
"""

from __future__ import annotations

import polars as pl

from thalweg.industry.world.mechanisms import (
    FAILED_ENDS,
    INTERVENTION_TABLE,
    LAYERS,
    PRODUCTS,
)
from thalweg.industry.world.outcomes import WINDOWS_D
from thalweg.industry.world.parties import PLATFORM
from thalweg.industry.world.records import Records
from thalweg.industry.world.words import Language, say
from thalweg.industry.writing.headers import header
from thalweg.industry.writing.log import party_names, words_of
from thalweg.records.profile.model import Layer, Profile, Words

_WORDED: dict[str, tuple[str, ...]] = {
    "parties": ("role", "region", "layer"),
    "interventions": ("kind", "assignment", "reason"),
    "products": (),
    "ledger": ("account",),
    "traffic": ("channel",),
    "pauses": ("channel", "assignment"),
    "totals": ("account",),
}
"""Columns whose keys are said as words."""
LAYER_IDS = (
    *("lead", "match", "contract", "warehousing", "logistics"),
    *("processing", "production", "quality", "settlement", "finance"),
)
MEASURED = "order"
ACCOUNTS: dict[str, tuple[str, ...]] = {
    "revenue": ("revenue",),
    "cost_of_sales": ("cost_of_service",),
    "marketing": ("traffic_spend",),
    "subsidy": ("subsidy",),
    "research": ("research",),
    "rollout": ("rollout",),
    "operations": ("staff",),
    "capital_in": ("capital_raised",),
}
"""The world's accounts by the standard ones."""


def side_tables(records: Records, language: Language) -> dict[str, pl.DataFrame]:
    """Each table by its key, with words and headers of the language."""
    tables = {
        "parties": _parties(records.parties, language),
        "interventions": _interventions(records, language),
        "products": _products(records.products, language),
        "ledger": records.ledger,
        "traffic": records.traffic,
        "pauses": records.pauses.with_columns(pl.lit("randomised").alias("assignment")),
        "totals": totals_of(records.ledger),
    }
    return {key: _worded(key, table, language) for key, table in tables.items()}


def _parties(parties: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Parties with their names, and whether the platform's roll-outs can reach them."""
    named = parties.join(party_names(parties, language), on="party", maintain_order="left")
    yes, no = ("是", "否") if language == "zh" else ("yes", "no")
    reached = pl.when(pl.col("role") == "member").then(pl.lit(yes)).otherwise(pl.lit(no))
    first = ("party", "name")
    return named.select(*first, pl.exclude(*first), reached.alias("eligible"))


def _products(products: pl.DataFrame, language: Language) -> pl.DataFrame:
    name = words_of(products["product"], lambda key: say(key, language)).alias("name")
    brought = {product: by for product, (_, by) in PRODUCTS.items() if by in INTERVENTION_TABLE}
    by = pl.col("product").replace_strict(brought, default=None, return_dtype=pl.String)
    return products.select("product", name, pl.exclude("product"), by.alias("intervention"))


def totals_of(ledger: pl.DataFrame) -> pl.DataFrame:
    """What the ledger comes to by month and account, as its bookkeeper would sign for it."""
    sums = ledger.group_by("month", "account").agg(pl.col("amount_cny").sum().round(2))
    return sums.sort("month", "account")


def _interventions(records: Records, language: Language) -> pl.DataFrame:
    """A row for each unit, with layers joined and the currency of the cost beside it."""
    table = records.interventions
    word = {layer: say(layer, language) for layer in LAYER_IDS}
    joint = "、" if language == "zh" else "; "
    layers = [joint.join(word[layer] for layer in some) for some in table["layers"]]
    last = ("cost_cny", "assignment", "reason")
    return table.select(
        "intervention",
        words_of(table["intervention"], lambda key: say(key, language)).alias("name"),
        "kind",
        pl.Series("layers", layers, dtype=pl.String),
        pl.exclude("intervention", "kind", "layers", *last),
        pl.col("cost_cny").alias("cost"),
        pl.lit("CNY").alias("currency"),
        *last[1:],
    )


def _worded(key: str, table: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Keys as words, and the headers of the language."""
    plain = table.with_columns(
        words_of(table[name], lambda key: say(key, language)) for name in _WORDED[key]
    )
    return plain.rename({name: header(f"{key}.{name}", language) for name in plain.columns})


def profile_of(language: Language) -> Profile:
    """The profile of the world's industry in the words of its records.

    Its windows are those of the truth, so that an effect and its truth are of the same thing.
    """
    layers = tuple(
        Layer(
            id=layer,
            name=Words(en=say(layer, "en"), zh=say(layer, "zh")),
            within=f"{WINDOWS_D[layer]} d",
            activities=tuple(say(a, language) for a, home in LAYERS.items() if home == layer),
        )
        for layer in LAYER_IDS
    )
    return Profile(
        name=say("steel_chain", language),
        type=say(MEASURED, language),
        unit=f"attribute:{header('firm', language)}",
        within=f"{WINDOWS_D['flow']} d",
        layers=layers,
        failed_ends=tuple(say(activity, language) for activity in FAILED_ENDS),
        placed=say("place_order", language),
        value=header("amount_cny", language),
        currency="CNY",
        platform=PLATFORM,
        accounts={
            standard: tuple(say(account, language) for account in accounts)
            for standard, accounts in ACCOUNTS.items()
        },
    )
