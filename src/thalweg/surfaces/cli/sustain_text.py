"""A sustain result for people: what the money says, how each figure is known, and what is missing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from thalweg.surfaces.cli.output import print_table
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
    import polars as pl

    from thalweg.economy.result import SustainResult

Row = dict[str, Any]
_MOST_ROWS = 12
"""Rows of a table that are printed; the rest stands in --json and --save."""


def print_sustain(result: SustainResult, language: str) -> None:
    """Metrics, growth, traffic-off, capital-off, break-even, scenarios, and what cannot be told."""
    say = load(language)
    told = _Told(result, say)
    typer.echo(
        say(
            "sustain.headline",
            units=format_count(result.units, say.language),
            first=told.month(result.first_month),
            last=told.month(result.last_month),
            currency=result.currency,
        )
    )
    for code in result.warnings:
        typer.echo("! " + coded("economy.warnings", code, say))
    told.growth()
    told.traffic()
    told.capital()
    told.break_even()
    told.scenarios()
    told.metrics()
    told.economics()
    told.missing()
    typer.echo("\n" + say("sustain.legend"))
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


class _Told:
    """One result in one language, part by part; a part without rows says nothing."""

    def __init__(self, result: SustainResult, say: Texts) -> None:
        self.result, self.say = result, say

    def month(self, at: date | str | None) -> str:
        if at is None:
            return UNKNOWN
        day = date.fromisoformat(at if len(at) > 7 else f"{at}-01") if isinstance(at, str) else at
        return format_month(day, self.say.language)

    def money(self, amount: float | None) -> str:
        return format_money(amount, self.result.currency, self.say.language)

    def share(self, part: float | None) -> str:
        return format_share(part, self.say.language)

    def between(self, row: Row, shown: Any, value: str = "value") -> str:
        """A figure with its interval where it has one."""
        text: str = shown(row[value])
        if row.get("low") is None or row.get("high") is None or row["low"] == row["high"]:
            return text
        low, high = shown(row["low"]), shown(row["high"])
        return self.say("sustain.interval", value=text, low=low, high=high)

    def known(self, row: Row) -> str:
        return coded("economy.known", row["known"], self.say)

    def title(self, key: str, **values: str) -> None:
        typer.echo("\n" + self.say(f"sustain.titles.{key}", **values))

    def heads(self, *keys: str) -> list[str]:
        return [self.say(f"sustain.columns.{key}") for key in keys]

    def growth(self) -> None:
        table = self.result.decomposition
        if table.is_empty():
            return
        about = self.result.facts.get("growth") or {}
        self.title(
            "growth",
            first=self.month(about.get("from")),
            last=self.month(about.get("to")),
            before=self.money(about.get("before")),
            after=self.money(about.get("after")),
        )
        rows = [self.heads("part", "of", "amount", "share", "known")]
        for row in table.to_dicts():
            name = self._part(row)
            amount = self.between(row, self.money, "amount")
            part = coded("economy.parts", row["part"], self.say)
            rows.append([part, name, amount, self.share(row["share"]), self.known(row)])
        print_table(rows, indent=2, right=[2, 3])

    def _part(self, row: Row) -> str:
        name: str = row["name"]
        return coded("economy.of", name, self.say)

    def traffic(self) -> None:
        table = self.result.traffic_off
        if table.is_empty():
            return
        about = self.result.facts.get("traffic_off") or {}
        self.title("traffic_off", first=self.month(about.get("from")))
        for row in table.to_dicts():
            kept = self.between(row, self.share, "kept_share")
            line = self.say("sustain.kept", months=row["horizon_months"], kept=kept)
            typer.echo("  " + self.say("sustain.with_label", line=line, known=self.known(row)))

    def capital(self) -> None:
        for row in self.result.capital.to_dicts():
            self.title("capital_off")
            values = {
                "cash": self.money(row["cash"]),
                "burn": self.money(row["net_burn_3m"]),
                "alive": self.share(row["alive_share"]),
                "ends": self.month(row["cash_ends"]),
                "runway": format_number(row["runway_months"], self.say.language),
            }
            typer.echo("  " + self.say("sustain.cash", **values))
            for key in ("runway_months", "cash_ends", "alive_share"):
                if row[key] is not None:
                    typer.echo("  " + self.say(f"sustain.{key}", **values))

    def break_even(self) -> None:
        table = self.result.break_even
        if table.is_empty():
            return
        self.title("break_even")
        for row in table.to_dicts():
            kind = coded("economy.break_even", row["kind"], self.say)
            if row["month"] is None:
                reached = self.share(row["reached_share"])
                line = self.say("sustain.not_reached", kind=kind, reached=reached)
            else:
                when = self.between(row, self.month, "month")
                line = self.say("sustain.reached", kind=kind, when=when)
            typer.echo("  " + self.say("sustain.with_label", line=line, known=self.known(row)))

    def scenarios(self) -> None:
        table = self.result.scenarios
        if table.is_empty():
            return
        self.title("scenarios")
        rows = [self.heads("scenario", "measure", "value", "difference")]
        for row in table.to_dicts():
            shown = self._shown_as(row.get("unit"), row["measure"])
            gap = {
                "value": row["difference"],
                "low": row["difference_low"],
                "high": row["difference_high"],
            }
            difference = UNKNOWN if gap["value"] is None else self.between(gap, shown)
            measure = coded("economy.measures", row["measure"], self.say)
            rows.append([row["scenario"], measure, self.between(row, shown), difference])
        print_table(rows, indent=2, right=[2, 3])

    def _shown_as(self, unit: str | None, measure: str) -> Any:
        language = self.say.language
        if unit == "share" or measure.endswith("_share"):
            return self.share
        if unit == "month" or measure.endswith("_months"):
            return lambda x: format_number(x, language)
        if unit in ("ratio", "count"):
            return lambda x: format_number(x, language)
        return self.money

    def metrics(self) -> None:
        table = self.result.metrics
        if table.is_empty():
            return
        self.title("metrics")
        rows = []
        for row in table.to_dicts():
            if row["value"] is not None:
                shown = self._shown_as(row["unit"], row["metric"])
                name = coded("metrics.names", row["metric"], self.say)
                rows.append([name, self.between(row, shown), self.known(row)])
        print_table(rows, indent=2, right=[1])

    def economics(self) -> None:
        table = self.result.unit_economics
        for (by,), part in table.group_by(["by"], maintain_order=True):
            typer.echo("\n" + coded("metrics.by", str(by), self.say))
            self._economics(part)

    def _economics(self, part: pl.DataFrame) -> None:
        rows = [self.heads("name", "revenue", "gross_profit", "contribution", "margin", "share")]
        rows += [
            [
                str(row["name"]),
                *(self.money(row[key]) for key in ("revenue", "gross_profit", "contribution")),
                *(self.share(row[key]) for key in ("margin", "share")),
            ]
            for row in part.head(_MOST_ROWS).to_dicts()
        ]
        print_table(rows, indent=2, right=[1, 2, 3, 4, 5])
        if len(part) > _MOST_ROWS:
            more = format_count(len(part) - _MOST_ROWS, self.say.language)
            typer.echo("  " + self.say("sustain.more", count=more))

    def missing(self) -> None:
        table = self.result.missing
        if table.is_empty():
            return
        self.title("missing")
        for row in table.to_dicts():
            line = self.say(
                "sustain.cannot",
                figure=coded("economy.figures", row["figure"], self.say),
                reason=coded("economy.missing", row["reason"], self.say),
            )
            typer.echo("  " + line)
            if row["remedy"]:
                remedy = coded("economy.remedies", row["remedy"], self.say)
                typer.echo("    " + self.say("sustain.remedy", remedy=remedy))
