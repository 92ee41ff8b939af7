"""A sustain result for people: what the money says, how each figure is known, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from thalweg.economy.metrics.units import NONE
from thalweg.economy.paths.interval import interval
from thalweg.economy.paths.scenario_tables import AS_IS
from thalweg.surfaces.cli.output import print_table
from thalweg.surfaces.cli.sustain_words import MoneyNames, Words, note_lines, reason_lines
from thalweg.surfaces.format_values import UNKNOWN, format_count, format_number
from thalweg.surfaces.prove_words import coded, points
from thalweg.surfaces.texts import Texts, load

if TYPE_CHECKING:
    import polars as pl

    from thalweg.economy.result import SustainResult

Row = dict[str, Any]
_MOST_ROWS = 12
"""Rows of a table that are printed; the rest stands in --json and --save."""


def print_sustain(result: SustainResult, language: str, names: MoneyNames | None = None) -> None:
    """Growth, traffic-off, capital-off, break-even, scenarios, metrics, and what cannot be told.

    Takes    names: of interventions, products and parties, by id; None: the ids themselves.
    """
    say = load(language)
    told = _Told(result, say, names or MoneyNames())
    told.headline()
    for line in note_lines(result, say):
        typer.echo(line)
    told.growth()
    told.traffic()
    told.channels()
    told.mediation()
    told.capital()
    told.break_even()
    told.scenarios()
    told.metrics()
    told.economics()
    told.missing()
    confidence = told.words.share(float(result.request["confidence"]))
    typer.echo("\n" + say("sustain.legend", confidence=confidence))
    typer.echo(say("cli.fingerprint", fingerprint=result.fingerprint[:16], book=result.book))


class _Told:
    """One result in one language, part by part; a part without rows says nothing."""

    def __init__(self, result: SustainResult, say: Texts, names: MoneyNames) -> None:
        self.result, self.say, self.names = result, say, names
        self.words = Words(result.currency, say)

    def title(self, key: str, **values: str) -> None:
        typer.echo("\n" + self.say(f"sustain.titles.{key}", **values))

    def line(self, key: str, *, known: str | None = None, **values: object) -> None:
        text = self.say(f"sustain.{key}", **values)
        if known is not None:
            label = coded("economy.known", known, self.say)
            text = self.say("sustain.with_label", line=text, known=label)
        typer.echo("  " + text)

    def heads(self, *keys: str) -> list[str]:
        return [self.say(f"sustain.columns.{key}") for key in keys]

    def known(self, row: Row) -> str:
        return coded("economy.known", row["known"], self.say)

    def headline(self) -> None:
        typer.echo(
            self.say(
                "sustain.headline" if self.result.units else "sustain.headline_alone",
                units=format_count(self.result.units, self.say.language),
                first=self.words.month(self.result.first_month),
                last=self.words.month(self.result.last_month),
                currency=self.result.currency,
            )
        )

    def growth(self) -> None:
        table = self.result.decomposition
        if table.is_empty():
            return
        about = self.result.facts["growth"]
        self.title(
            "growth",
            months=str(about["months"]),
            first=self.words.month(about["from"]),
            last=self.words.month(about["to"]),
            before=self.words.money(about["before"]),
            after=self.words.money(about["after"]),
        )
        rows = [self.heads("part", "of", "amount", "share", "known")]
        for row in table.to_dicts():
            bounded = row["amount"] is None and row["low"] is not None
            if row["amount"] is None and not bounded:
                rows.append([self._part(row), *[UNKNOWN] * 3, self.known(row)])
                continue
            amount = self.words.between(row, self.words.money, "amount")
            share = self.words.share(row["share"])
            rows.append([self._part(row), self._of(row), amount, share, self.known(row)])
        print_table(rows, indent=2, right=[2, 3])

    def _part(self, row: Row) -> str:
        return coded("economy.parts", row["part"], self.say)

    def _of(self, row: Row) -> str:
        name: str = row["name"]
        return self.names.interventions.get(name) or coded("economy.names", name, self.say)

    def traffic(self) -> None:
        table = self.result.traffic_off
        if table.is_empty():
            return
        about = self.result.facts.get("traffic_off") or {}
        first = about.get("from") if "past" in table["path"] else self.result.facts["ahead_from"]
        self.title("traffic_off", first=self.words.month(first))
        for row in table.to_dicts():
            kept = self.words.between(row, self.words.share, "kept_share")
            self.line("kept", months=row["horizon_months"], kept=kept, known=row["known"])
        for line in reason_lines(self.result, self.say):
            typer.echo("  " + line)

    def channels(self) -> None:
        table = self.result.channels
        if table.is_empty():
            return
        self.title("channels")
        rows = [self.heads("channel", "spend", "lift", "per_spend", "last_unit", "known")]
        for row in table.to_dicts():
            per, last = (
                format_number(row[name], self.say.language)
                for name in ("revenue_per_spend", "marginal_revenue_per_spend")
            )
            lift = self.words.between(row, self.words.share, "lift_share")
            name = self.names.channel(row["channel"], self.say)
            rows.append([name, self.words.money(row["spend"]), lift, per, last, self.known(row)])
        print_table(rows, indent=2, right=[1, 2, 3, 4])

    def mediation(self) -> None:
        table = self.result.mediation
        if table.is_empty():
            return
        self.title("mediation")
        rows = [self.heads("intervention", "direct", "total", "through", "known")]
        for row in table.to_dicts():
            cells = [self.names.interventions.get(row["intervention"], row["intervention"])]
            for part in ("direct", "total", "through"):
                edges = {"low": row[f"{part}_low"], "high": row[f"{part}_high"]}
                shown = {"value": row[f"{part}_share"], **edges}
                cells.append(self.words.between(shown, self.words.share))
            rows.append([*cells, self.known(row)])
        print_table(rows, indent=2, right=[1, 2, 3])

    def capital(self) -> None:
        for row in self.result.capital.to_dicts():
            if all(row[key] is None for key in ("cash", "net_burn_3m", "alive_share")):
                continue
            self.title("capital_off")
            self._cash(row)
            self._without(row, "alive_share", "cash_ends", ("low", "high"), "known", "")
            ends = ("traffic_off_low", "traffic_off_high")
            both = ("alive_traffic_off", "traffic_off_cash_ends", ends, "known_traffic_off")
            self._without(row, *both, "_both")

    def _cash(self, row: Row) -> None:
        if row["cash"] is None:
            self.line("cash_unknown")
        else:
            opening = coded("economy.opening", row["opening"], self.say)
            self.line("cash", cash=self.words.money(row["cash"]), opening=opening)
        burn = row["net_burn_3m"]
        if burn is not None:
            key = "burn" if burn > 0 else "brings"
            self.line(key, amount=self.words.money(abs(burn)))
        if row["runway_months"] is not None:
            self.line("runway_months", runway=self.words.months(row["runway_months"]))

    def _without(
        self, row: Row, alive: str, ends: str, edges: tuple[str, str], known: str, way: str
    ) -> None:
        """How likely it lives on, and when cash ends, under one way of stopping."""
        if row[alive] is not None:
            least = "_least" if row[known] == "bounds" else ""
            told = self.words.share(row[alive])
            horizon = self.result.request["horizon_months"]
            self.line(f"alive{way}{least}", alive=told, months=horizon, known=row[known])
        if row[ends] is not None:
            shown = {"value": row[ends], "low": row[edges[0]], "high": row[edges[1]]}
            when = self.words.between(shown, self.words.month)
            self.line(f"cash_ends{way}", ends=when, known=row[known])

    def break_even(self) -> None:
        told = [
            row for row in self.result.break_even.to_dicts() if row["reached_share"] is not None
        ]
        ratio = self.result.draws.get("self_financing")
        if not told and ratio is None:
            return
        self.title("break_even")
        for row in told:
            kind = coded("economy.break_even", row["kind"], self.say)
            if row["month"] is None:
                reached = self.words.share(row["reached_share"])
                key = "not_reached" if row["reached_share"] else "never_reached"
                self.line(key, kind=kind, reached=reached, known=row["known"])
            else:
                when = self.words.between(row, self.words.month, "month")
                key = "reached_counted" if row["known"] == "counted" else "reached"
                self.line(key, kind=kind, when=when, known=row["known"])
        if ratio is not None:
            found = interval(ratio, float(self.result.request["confidence"]))
            row = {"value": found.value, "low": found.low, "high": found.high}
            known = self.result.self_financing["known"][-1]
            self.line(
                "self_financing", ratio=self.words.between(row, self.words.number), known=known
            )

    def scenarios(self) -> None:
        table = self.result.scenarios
        if table.is_empty():
            return
        alone = table["scenario"].n_unique() == 1
        self.title("outlook" if alone else "scenarios")
        heads = ("measure", "value") if alone else ("scenario", "measure", "value", "difference")
        rows, before = [self.heads(*heads)], ""
        for row in table.to_dicts():
            shown = self._of_measure(row["measure"])
            cells = [coded("economy.measures", row["measure"], self.say)]
            cells.append(self.words.between(row, shown))
            if not alone:
                name = coded("economy.scenarios", row["scenario"], self.say)
                cells = ["" if row["scenario"] == before else name, *cells, self._gap(row)]
            before = row["scenario"]
            rows.append(cells)
        print_table(rows, indent=2, right=[1] if alone else [2, 3])

    def _of_measure(self, measure: str) -> Any:
        return self.words.share if measure.endswith("_share") else self.words.money

    def _gap(self, row: Row) -> str:
        """How a scenario differs from things as they are: shares in points."""
        if row["scenario"] == AS_IS or row["difference"] is None:
            return UNKNOWN
        edges = {"low": row["difference_low"], "high": row["difference_high"]}
        shown = self._of_measure(row["measure"])
        if shown == self.words.share:
            return points(row["difference"], self.say)
        return self.words.between({"value": row["difference"], **edges}, self.words.more)

    def metrics(self) -> None:
        told = [row for row in self.result.metrics.to_dicts() if row["value"] is not None]
        if not told:
            return
        span = told[0]
        self.title(
            "metrics", first=self.words.month(span["from"]), last=self.words.month(span["to"])
        )
        rows = []
        for row in told:
            name = coded("metrics.names", row["metric"], self.say)
            rows.append([name, self.words.between(row, self.words.of_unit(row["unit"]))])
        print_table(rows, indent=2, right=[1])
        self._metrics_untold()

    def _metrics_untold(self) -> None:
        why: dict[str, list[str]] = {}
        for row in self.result.metrics.to_dicts():
            if row["value"] is None:
                name = coded("metrics.names", row["metric"], self.say)
                why.setdefault(row["missing"], []).append(name)
        for code, names in why.items():
            reason = coded("metrics.missing", code, self.say)
            self.line("untold", names=self.words.listed(names), reason=reason)

    def economics(self) -> None:
        for (by,), part in self.result.unit_economics.group_by(["by"], maintain_order=True):
            alone = part["name"].to_list()
            if len(alone) == 1 and (alone[0] == NONE or by in ("party", "cohort")):
                continue
            typer.echo("\n" + coded("metrics.by", str(by), self.say))
            self._economics(str(by), part)

    def _economics(self, by: str, part: pl.DataFrame) -> None:
        words = self.words
        ways: dict[str, Callable[[float | None], str]] = {
            **dict.fromkeys(("revenue", "gross_profit", "contribution"), words.money),
            **dict.fromkeys(("margin", "share"), words.share),
        }
        shown = {key: way for key, way in ways.items() if part[key].is_not_null().any()}
        rows = [self.heads("name", *shown)]
        for row in part.head(_MOST_ROWS).to_dicts():
            name = self.names.unit(by, row["name"], self.result, self.say)
            rows.append([name, *(way(row[key]) for key, way in shown.items())])
        print_table(rows, indent=2, right=range(1, len(shown) + 1))
        if len(part) > _MOST_ROWS:
            more = format_count(len(part) - _MOST_ROWS, self.say.language)
            self.line("more", count=more)

    def missing(self) -> None:
        """What cannot be told: one line a reason, with all figures that want for it."""
        why: dict[tuple[str, str | None], list[str]] = {}
        for row in self.result.missing.to_dicts():
            code, _, text = row["figure"].partition(":")
            figure = coded("economy.figures", code, self.say)
            if text:
                figure = self.say("sustain.scenario", name=text)
            why.setdefault((row["reason"], row["remedy"]), []).append(figure)
        if why:
            self.title("missing")
        for (reason, remedy), figures in why.items():
            told = coded("economy.missing", reason, self.say)
            self.line("cannot", figure=self.words.listed(figures), reason=told)
            if remedy:
                help_ = coded("economy.remedies", remedy, self.say)
                typer.echo("    " + self.say("sustain.remedy", remedy=help_))
