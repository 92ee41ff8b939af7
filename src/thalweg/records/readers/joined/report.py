"""What became of every row of every table, and what the tables do not carry.

Findings   table_rows_unused      rows that nothing was made of, by reason
           table_columns_unused   columns that no rule names
           table_key_repeated     rows whose declared key another row has too
           table_join_empty       rows whose key finds nothing in the other table
           table_join_ambiguous   rows whose key finds several rows where one was expected
           table_object_unknown   objects of events that the type's own table does not hold
           table_object_coverage  events that are tied to an object of the type, rule by rule
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.intake import REJECTS_SCHEMA, ROW
from thalweg.records.mapping.tables import EventRule, JoinSpec, TablesMapping
from thalweg.records.readers.joined.files import FILE, Table
from thalweg.records.trust import Example, Finding, Severity

JOIN_EMPTY = "join_found_nothing"
JOIN_AMBIGUOUS = "join_ambiguous"
TIME_UNREADABLE = "time_unreadable"
ID_MISSING = "id_missing"
NOT_MATCHED = "no_rule_matches"
NOT_REACHED = "no_join_reaches"

_REASONS = (JOIN_EMPTY, JOIN_AMBIGUOUS, TIME_UNREADABLE, ID_MISSING)
_EXAMPLES = 5


def alike_together(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without examples that differ in nothing but their place, made one."""
    together: dict[str, Finding] = {}
    for number, finding in enumerate(findings):
        alike = f"{finding.code} {finding.severity} {sorted(finding.detail.items())}"
        key = f"{number}" if finding.examples or finding.of else alike
        known = together.get(key)
        together[key] = (
            finding
            if known is None
            else replace(
                known, count=known.count + finding.count, where=f"{known.where}, {finding.where}"
            )
        )
    return list(together.values())


@dataclass(slots=True)
class _Account:
    """One table: which rows something was made of, and the first reason why not (0: none yet)."""

    used: NDArray[np.bool_]
    reason: NDArray[np.uint8]


@dataclass(slots=True)
class Ledger:
    """Accounts of all tables, filled while the rules are carried out."""

    mapping: TablesMapping
    tables: Mapping[str, Table]
    findings: list[Finding] = field(default_factory=list)
    accounts: dict[str, _Account] = field(init=False)
    _rejects: list[pl.DataFrame] = field(default_factory=list)
    _coverage: dict[str, dict[str, int]] = field(default_factory=dict)
    _objects: dict[str, set[str] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts = {
            name: _Account(np.zeros(n, np.bool_), np.zeros(n, np.uint8))
            for name, n in ((name, len(table.rows)) for name, table in self.tables.items())
        }

    def use(self, table: str, places: pl.Series) -> None:
        """Something was made of these rows."""
        self.accounts[table].used[places.drop_nulls().to_numpy()] = True

    def set_aside(
        self, table: str, places: pl.Series, reason: str, values: pl.Series, *, events: bool
    ) -> None:
        """Nothing can be made of these rows; of an event rule they also become rejects."""
        places, values = places.rechunk(), values.cast(pl.String)
        if places.is_empty():
            return
        codes = self.accounts[table].reason
        at = places.to_numpy()
        codes[at] = np.where(codes[at] == 0, _REASONS.index(reason) + 1, codes[at])
        if events:
            self._rejects.append(self._as_rejects(table, places, reason, values))

    def take_rejects(self) -> pl.DataFrame | None:
        """Rejects since the last call."""
        if not self._rejects:
            return None
        rejects, self._rejects = pl.concat(self._rejects), []
        return rejects

    def joined(
        self,
        path: str,
        table: str,
        join: JoinSpec,
        places: pl.Series,
        keys: pl.Series,
        none: pl.Series,
        many: pl.Series,
    ) -> None:
        """Tell how a join went and enter the rows that it sets aside."""
        events = path.startswith("events[")
        outcomes: tuple[tuple[str, str, pl.Series, str], ...] = (
            ("table_join_empty", JOIN_EMPTY, none, join.if_none),
            ("table_join_ambiguous", JOIN_AMBIGUOUS, many, join.if_many),
        )
        for code, reason, hit, policy in outcomes:
            if not (count := int(hit.sum() or 0)):
                continue
            examples = self._examples(table, places.filter(hit), keys.filter(hit))
            where = f"{path}: {table} → {join.table}"
            severity: Severity = "loss" if policy == "set_aside" else "warning"
            detail = {"policy": policy, "on": dict(join.on)}
            self.findings.append(
                Finding(code, severity, count, len(places), where, examples, detail)
            )
            if policy == "set_aside":
                self.set_aside(table, places.filter(hit), reason, keys.filter(hit), events=events)

    def cover(self, rule: EventRule, events: int, linked: Mapping[str, int]) -> None:
        """Count the events of a rule that are tied to an object of each type."""
        for kind in {*self.mapping.objects, *linked}:
            self._coverage.setdefault(kind, {})
        for kind, counts in self._coverage.items():
            counts[rule.name] = counts.get(rule.name, 0) + linked.get(kind, 0)
        total = self._coverage.setdefault("", {})
        total[rule.name] = total.get(rule.name, 0) + events

    def conclude(self, used_columns: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        """All that can be said once every rule has been carried out."""
        yield from self.findings
        for name, table in self.tables.items():
            yield from self._key_repeated(table)
            yield from self._rows_unused(name, table)
            idle = [c for c in table.schema if c not in used_columns[name]]
            if idle:
                detail = {"columns": idle}
                yield Finding(
                    "table_columns_unused", "note", len(idle), len(table.schema), name, (), detail
                )
        yield from self._covered()

    def _covered(self) -> Iterator[Finding]:
        totals = self._coverage.pop("", {})
        for kind, counts in self._coverage.items():
            linked, events = sum(counts.values()), sum(totals.values())
            detail = {
                "linked_by_rule": {rule: counts.get(rule, 0) for rule in totals},
                "events_by_rule": totals,
            }
            yield Finding("table_object_coverage", "note", linked, events, kind, (), detail)

    def _key_repeated(self, table: Table) -> Iterator[Finding]:
        key = list(table.spec.key)
        if not key:
            return
        again = ~table.rows.select(pl.struct(key).is_first_distinct().alias("first"))["first"]
        if count := int(again.sum()):
            places = pl.int_range(len(table.rows), eager=True).filter(again)
            shown = table.rows.filter(again).select(pl.concat_str(key, separator=" / ").alias("k"))
            examples = self._examples(table.name, places, shown["k"])
            yield Finding(
                "table_key_repeated",
                "warning",
                count,
                len(again),
                table.name,
                examples,
                {"key": key},
            )

    def _rows_unused(self, name: str, table: Table) -> Iterator[Finding]:
        account = self.accounts[name]
        idle = np.flatnonzero(~account.used)
        if not len(idle):
            return
        drives = any(rule.from_ == name for _, rule in self.mapping.rules())
        words = (NOT_MATCHED if drives else NOT_REACHED, *_REASONS)
        codes, counts = np.unique(account.reason[idle], return_counts=True)
        reasons = {words[int(code)]: int(n) for code, n in zip(codes, counts, strict=True)}
        severity: Severity = "loss" if any(r in _REASONS for r in reasons) else "note"
        examples = tuple(
            Example(*self._place(table, int(i)), words[int(account.reason[i])])
            for i in idle[:_EXAMPLES]
        )
        yield Finding(
            "table_rows_unused", severity, len(idle), len(table.rows), name, examples, reasons
        )

    def _examples(self, table: str, places: pl.Series, values: pl.Series) -> tuple[Example, ...]:
        pairs = zip(places.head(_EXAMPLES), values.head(_EXAMPLES), strict=True)
        return tuple(
            Example(*self._place(self.tables[table], int(i)), "" if v is None else str(v))
            for i, v in pairs
        )

    def _place(self, table: Table, at: int) -> tuple[str, int]:
        file, row = table.rows.select(FILE, ROW).row(at)
        return table.labels[file], int(row)

    def _as_rejects(
        self, table: str, places: pl.Series, reason: str, values: pl.Series
    ) -> pl.DataFrame:
        rows = self.tables[table].rows[places]
        source = self.tables[table].source_of()[places].alias("source_table")
        record = rows.drop(ROW, FILE).insert_column(0, source)
        return pl.DataFrame(
            {
                ROW: rows[ROW],
                "reason": pl.repeat(reason, len(rows), eager=True),
                "value": values.fill_null(""),
                "record": record.select(pl.struct(pl.all()).struct.json_encode().alias("r"))["r"],
            },
            schema=REJECTS_SCHEMA,
        )
