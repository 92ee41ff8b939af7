"""The economy in sections: growth, traffic off, capital, self-financing, units, responses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.surfaces import story_pictures
from thalweg.surfaces.economy_charts import part_name
from thalweg.surfaces.figure_words import check_text, known_text
from thalweg.surfaces.format_values import (
    UNKNOWN,
    format_money,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.prove_words import coded, figure
from thalweg.surfaces.report import money_columns
from thalweg.surfaces.report.money_columns import Columns, in_currency
from thalweg.surfaces.report.names import Names
from thalweg.surfaces.report.tables import Table
from thalweg.surfaces.report.writer import Section, Writer
from thalweg.surfaces.texts import places
from thalweg.verdict.evidence import Figure

if TYPE_CHECKING:
    from thalweg.economy.result import SustainResult
    from thalweg.verdict.result import JudgeResult

SECTIONS = ("growth", "traffic_off", "capital", "self_financing", "unit_economics", "response")
_DIFFERENCE = ("difference", "difference_low", "difference_high")
MOST_BESIDE = 6
"""Rows of a table that stands beside a chart; longer ones stand below it."""
REASONS_OF = {
    "growth": ("decomposition", "growth"),
    "traffic_off": ("traffic_off", "traffic_path"),
    "capital": ("capital_off", "capital", "runway"),
    "self_financing": ("self_financing", "break_even"),
    "unit_economics": ("unit_economics", "metrics"),
    "response": ("channels", "response"),
}
"""Figures, by the section that would tell them."""


def economy_sections(judged: JudgeResult, writer: Writer) -> list[Section]:
    """All sections of the economy; none where no money is on record."""
    found = judged.sustain
    if found is None:
        return []
    teller = Economy(found, Names(judged, writer.say), writer)
    sections = [getattr(teller, name)() for name in SECTIONS]
    return [one for one in sections if one is not None]


class Economy:
    """Puts a ``SustainResult`` into sections, in one language."""

    def __init__(self, found: SustainResult, names: Names, writer: Writer) -> None:
        self.found, self.names, self.writer, self.say = found, names, writer, writer.say
        self.currency = found.currency

    def growth(self) -> Section | None:
        table, named = self.found.decomposition, self.names.interventions
        parts = [
            part_name(p, n or "", named, self.say)
            for p, n in table.select("part", "name").iter_rows()
        ]
        figures = []
        if story_pictures.parts_known(self.found):
            chart = story_pictures.growth(self.found, named, self.say)
            figures.append(self.writer.figure("growth", chart, known=self._label(table)))
        shown = self._table(
            "growth_parts",
            self._labelled(table).with_columns(
                growth_part=pl.Series(parts, dtype=pl.String),
                amount_low="low",
                amount_high="high",
                growth_share="share",
            ),
            money_columns.GROWTH,
        )
        return self._section("growth", figures, shown)

    def traffic_off(self) -> Section | None:
        table, figures = self.found.traffic_off, []
        if not self.found.traffic_path.is_empty():
            chart = story_pictures.traffic_off(self.found, self.say)
            figures.append(self.writer.figure("traffic_off", chart, known=self._label(table)))
        shown = self._table(
            "traffic_off",
            self._labelled(table).with_columns(
                months_after="horizon_months", kept_low="low", kept_high="high"
            ),
            money_columns.TRAFFIC_OFF,
        )
        return self._section("traffic_off", figures, shown)

    def capital(self) -> Section | None:
        figures, notes = [], self._capital_notes()
        if not self.found.capital_off.is_empty():
            chart = story_pictures.cash(self.found, self.say)
            figures.append(self.writer.figure("cash", chart))
        return self._section("capital", figures, [], notes)

    def _capital_notes(self) -> list[str]:
        if self.found.capital.is_empty():
            return []
        row, say = self.found.capital.row(0, named=True), self.say
        notes = [
            say(
                "story.capital.cash",
                cash=format_money(row["cash"], self.currency, say.language),
                burn=format_money(row["net_burn_3m"], self.currency, say.language),
            )
        ]
        if row["cash_ends"] is not None:
            values = {
                name: format_month(row[at], say.language) if row[at] else UNKNOWN
                for name, at in (("month", "cash_ends"), ("low", "low"), ("high", "high"))
            }
            notes.append(say("story.capital.ends", **values))
        if row["alive_share"] is not None:
            notes.append(
                say("story.capital.alive", share=format_share(row["alive_share"], say.language))
            )
        return notes

    def self_financing(self) -> Section | None:
        table, figures = self.found.self_financing, []
        if not table.is_empty():
            chart = story_pictures.self_financing(self.found, self.say)
            figures.append(self.writer.figure("self_financing", chart, known=self._label(table)))
        return self._section("self_financing", figures, [], self._break_even_notes())

    def _break_even_notes(self) -> list[str]:
        notes, say = [], self.say
        for row in self.found.break_even.to_dicts():
            if row["month"] is None:
                chance = row["reached_share"]
                text = say(
                    f"story.break_even.{row['kind']}_open",
                    share=format_share(chance, say.language),
                )
            else:
                text = say(
                    f"story.break_even.{row['kind']}",
                    month=format_month(row["month"], say.language),
                    low=format_month(row["low"], say.language) if row["low"] else UNKNOWN,
                    high=format_month(row["high"], say.language) if row["high"] else UNKNOWN,
                )
            notes.append(text)
        return notes

    def unit_economics(self) -> Section | None:
        say, units, metrics = self.say, self.found.unit_economics, self.found.metrics
        shown = self._table(
            "unit_economics",
            units.with_columns(
                by=pl.Series(
                    [
                        say(f"story.by.{one}") if say.has(f"story.by.{one}") else one
                        for one in units["by"]
                    ],
                    dtype=pl.String,
                ),
                called=pl.Series(
                    [self._unit(one) for one in units["name"]],
                    dtype=pl.String,
                ),
                revenue_share="share",
            ),
            money_columns.UNIT_ECONOMICS,
        )
        shown += self._table("metrics", self._metrics(metrics), money_columns.METRICS)
        shown += self._table("scenarios", self._scenarios(), money_columns.SCENARIOS)
        return self._section("unit_economics", [], shown, self._account_notes())

    def _unit(self, name: str) -> str:
        """A name of the records; or of what stands for none or for the rest of them."""
        return coded("metrics.units", name[1:], self.say) if name.startswith("@") else name

    def _account_notes(self) -> list[str]:
        """What was assumed, turned or set aside in reading the accounts, and warnings."""
        notes = []
        for one in self.found.facts.get("notes") or []:
            key = f"metrics.notes.{one['code']}"
            if self.say.has(key):
                text = self.say.entries[key]
                filled = {at: figure(at, one["figures"], "level", self.say) for at in places(text)}
                notes.append(text.format(**filled))
        codes = self.found.warnings
        return notes + [coded("economy.warnings", code, self.say) for code in codes]

    def _metrics(self, metrics: pl.DataFrame) -> pl.DataFrame:
        say = self.say
        rows = [
            {
                "metric": coded("metrics.names", row["metric"], say),
                "told_value": self._metric_value(row),
                "defined": coded("metrics.defined", row["metric"], say)
                if say.has(f"metrics.defined.{row['metric']}")
                else UNKNOWN,
                "over": self._over(row),
            }
            for row in metrics.to_dicts()
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def _metric_value(self, row: dict[str, Any]) -> str:
        if row["value"] is None:
            return coded("economy.missing", row["missing"], self.say) or UNKNOWN
        return self._interval(row, ("value", "low", "high"), row["unit"])

    def _told(self, value: float | None, unit: str) -> str:
        language = self.say.language
        if unit == "share":
            return format_share(value, language)
        if unit.upper() == self.currency.upper():
            return format_money(value, self.currency, language)
        if unit in ("month", "months"):
            return self.say("story.months", value=format_number(value, language))
        return format_number(value, language)

    def _over(self, row: dict[str, Any]) -> str:
        if row["from"] is None or row["to"] is None:
            return UNKNOWN
        first, last = (_day(row[name]) for name in ("from", "to"))
        return self.say(
            "story.over",
            first=format_month(first, self.say.language),
            last=format_month(last, self.say.language),
        )

    def _scenarios(self) -> pl.DataFrame:
        say, rows = self.say, []
        for row in self.found.scenarios.to_dicts():
            unit = "share" if row["measure"].endswith("share") else self.currency
            as_is = row["scenario"] == "as_is"
            rows.append(
                {
                    "scenario": say("story.chart.scenarios.as_is") if as_is else row["scenario"],
                    "measure": coded("economy.measures", row["measure"], say),
                    "told_value": self._interval(row, ("value", "low", "high"), unit),
                    "told_difference": self._interval(row, _DIFFERENCE, unit),
                }
            )
        return pl.DataFrame(rows, infer_schema_length=None)

    def _interval(self, row: dict[str, Any], names: tuple[str, str, str], unit: str) -> str:
        value, low, high = (self._told(row[name], unit) for name in names)
        if row[names[1]] is None or row[names[2]] is None:
            return value
        return self.say("story.interval", value=value, low=low, high=high)

    def response(self) -> Section | None:
        figures = []
        if not self.found.response.is_empty():
            chart = story_pictures.response(self.found, {}, self.say)
            figures.append(
                self.writer.figure("response", chart, known=self._label(self.found.channels))
            )
        table = self._labelled(self.found.channels).with_columns(lift_low="low", lift_high="high")
        shown = self._table("channels", table, money_columns.CHANNELS)
        return self._section("response", figures, shown, self._checks())

    def _checks(self) -> list[str]:
        """What the checks of the economy found, in the words that its figures have them in."""
        said = []
        for row in self.found.checks.to_dicts():
            figures = json.loads(row["figures"] or "{}") | {"@status": row["status"]}
            code = row["check"]
            asked = Figure(code, None, checks={code: row["finding"]}, found={code: figures})
            said.append(check_text(asked, code, self.say, self.names.found.facts))
        return said

    def _table(self, key: str, frame: pl.DataFrame, columns: Columns) -> list[Table]:
        return self.writer.table(key, frame, in_currency(columns, self.currency))

    def _labelled(self, table: pl.DataFrame) -> pl.DataFrame:
        words = [known_text(one, self.say) for one in table["known"]]
        return table.with_columns(how_known=pl.Series(words, dtype=pl.String))

    def _label(self, table: pl.DataFrame) -> str:
        """How the figures of a table are known: the weakest of its labels is told first."""
        found = list(dict.fromkeys(known_text(one, self.say) for one in table["known"]))
        return self.say("words.comma").join(found) or UNKNOWN

    def _section(
        self,
        key: str,
        figures: Sequence[Any],
        shown: Sequence[Table],
        notes: Sequence[str] = (),
    ) -> Section | None:
        """None where there is nothing, not even a reason."""
        reasons = self._reasons(key)
        if not (figures or shown or notes or reasons):
            return None
        return self.writer.section(
            key,
            figures=figures,
            tables=shown,
            notes=[*notes, *reasons],
            beside=bool(figures) and all(len(one.rows) <= MOST_BESIDE for one in shown),
        )

    def _reasons(self, key: str) -> list[str]:
        """Why figures of this section cannot be told, and what would let them be told."""
        said = []
        for row in self.found.missing.to_dicts():
            if str(row["figure"]).partition(".")[0] in REASONS_OF[key]:
                reason = coded("economy.missing", row["reason"], self.say)
                remedy = coded("economy.remedies", row["remedy"], self.say)
                form = "story.missing_remedy" if remedy else "story.missing_reason"
                said.append(self.say(form, reason=reason, remedy=remedy))
        return list(dict.fromkeys(said))


def _day(value: Any) -> date:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value
