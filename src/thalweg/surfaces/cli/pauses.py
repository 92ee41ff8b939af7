"""``thalweg sustain --pauses``: plan months without paid traffic or subsidy, drawn by lot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import typer

from thalweg.records.companions.pauses import SUBSIDY
from thalweg.surfaces.cli.output import note, print_json, print_table, working
from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_count,
    format_money,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.prove_words import coded
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    from thalweg.economy.frame import GrowthPanel, Response
    from thalweg.economy.pauses.plan import PausePlan


def pauses_command(
    book: Path,
    *,
    share: float,
    months: int,
    subsidy: bool | None,
    profile: Path | None,
    seed: int,
    confidence: float,
    save: Path | None,
    as_json: bool,
    language: str,
) -> None:
    """Draw the pauses on a book's records, print what they will tell and cost, write who pauses when."""
    from thalweg.economy.pauses.plan import plan_pauses

    say = load(language)
    with working(say("cli.working")):
        panel, response = _responded(book, profile, seed)
        plan = plan_pauses(
            panel,
            share=share,
            months=months,
            seed=seed,
            subsidy=subsidy,
            confidence=confidence,
            response=response,
        )
    if as_json:
        print_json(plan.to_json())
    else:
        print_pauses(plan, say)
    if save is not None:
        from thalweg.economy.pauses.assignment_file import write_pauses

        path = write_pauses(plan, save)
        note(say("sustain.pauses.saved", path=path))
        note(say("sustain.pauses.go_on", path=path, book=book))


def _responded(book: Path, profile: Path | None, seed: int) -> tuple[GrowthPanel, Response]:
    """The panel of a book's money, and how revenue answers in it."""
    from thalweg.change.request import profile_for
    from thalweg.economy.accounts.panel import growth_panel
    from thalweg.economy.accounts.read import read_accounts
    from thalweg.economy.response.respond import fit_response
    from thalweg.errors import RequestError
    from thalweg.records.store.book import open_book

    opened = open_book(book)
    chain, _ = profile_for(opened, profile, None)
    panel = growth_panel(opened, read_accounts(opened, chain), chain)
    if panel is None:
        raise RequestError(
            "There is no money in this book to plan pauses with. Add the ledger and the traffic: "
            "thalweg ingest --into BOOK --ledger FILE --traffic FILE"
        )
    return panel, fit_response(panel, seed=seed)


def print_pauses(plan: PausePlan, say: Texts) -> None:
    """How many pauses fall where, what they will tell, and what they cost."""
    language = say.language

    def money(amount: float | None) -> str:
        return format_money(amount, plan.currency, language)

    subsidy = pl.col("channel") == SUBSIDY
    counts = [plan.assignment.filter(one).select("party", "month") for one in (~subsidy, subsidy)]
    kinds = {False: "traffic", True: "subsidy"}
    told = "both" if all(map(len, counts)) else kinds[len(counts[0]) == 0]
    typer.echo(
        say(
            f"sustain.pauses.headline.{told}",
            pauses=format_count(counts[0].n_unique(), language),
            subsidy=format_count(len(counts[1]), language),
            units=format_count(plan.units, language),
            first=format_month(plan.first_month, language),
            last=format_month(plan.last_month, language),
            channels=say("words.comma").join(plan.facts["channels"]),
        )
    )
    for code in plan.warnings:
        typer.echo("! " + coded("metrics.pauses.warnings", code, say))
    typer.echo("\n" + say("sustain.pauses.precision"))
    keys = ("paused", "share", "months", "carry", "width", "smallest")
    rows = [[say(f"sustain.pauses.columns.{key}") for key in keys] + [""]]
    for row in plan.precision.to_dicts():
        mark = say("sustain.pauses.this") if row["chosen"] else ""
        shares = [format_share(row[key], language) for key in ("half_width", "smallest_loss")]
        rows.append(
            [
                say(f"sustain.pauses.paused.{row['paused']}"),
                format_share(row["share"], language),
                format_count(row["months"], language),
                UNKNOWN if row["carry"] is None else format_number(row["carry"], language),
                f"± {shares[0]}",
                shares[1],
                mark,
            ]
        )
    print_table(rows, indent=2, right=[1, 2, 3, 4, 5])
    cost = plan.cost
    saved = {key: money(cost[f"{key}_saved"]) for key in ("spend", "subsidy")}
    typer.echo("\n" + say(f"sustain.pauses.saves.{told}", **saved))
    forgone = "forgone" if cost["revenue_forgone"] is not None else "forgone_unknown"
    typer.echo(
        say(
            f"sustain.pauses.{forgone}",
            revenue=money(cost["revenue_paused"]),
            forgone=money(cost["revenue_forgone"]),
            low=money(cost["revenue_forgone_low"]),
            high=money(cost["revenue_forgone_high"]),
        )
    )
    typer.echo("\n" + say("sustain.pauses.assumes"))
    for code in plan.assumptions:
        typer.echo("  " + coded("metrics.pauses.assumptions", code, say))
