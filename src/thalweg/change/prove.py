"""Prove: from a book and its interventions to what each of them changed, with its design grade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from thalweg.change.answers import tables
from thalweg.change.answers.answer import Answer, Settings, answer
from thalweg.change.answers.grading import Verdict, give_grades
from thalweg.change.answers.kept import Proved
from thalweg.change.answers.mechanism import Part, mechanism_table, part_of
from thalweg.change.answers.questions import (
    MECHANISM,
    ROLES,
    About,
    Question,
    Surroundings,
    question_of,
    role_of,
)
from thalweg.change.answers.traits import Trait
from thalweg.change.blas import one_blas_thread
from thalweg.change.candidates import candidates_table
from thalweg.change.frame import ALREADY, Every, Rollout
from thalweg.change.panels.composition import cell_traits
from thalweg.change.panels.exposure import exposure
from thalweg.change.panels.panel import Panels, build_panels
from thalweg.change.panels.rollouts import design_for, doubtful, rollouts, settled
from thalweg.change.panels.settings import KINDS
from thalweg.change.request import ProveRequest, profile_for, refuse_unknown, table_fingerprint
from thalweg.change.result import ProveResult
from thalweg.change.schema import COLUMNS, frame
from thalweg.errors import RequestError
from thalweg.process.chunks import each
from thalweg.process.filter_text import to_text
from thalweg.process.map import FilterLike, choose_type, read_filters, trust_summary
from thalweg.process.result import fingerprint_of
from thalweg.process.selection import apply_filters, pick
from thalweg.records.companions.reach import by_unit, traits_of, unreached
from thalweg.records.profile.model import Profile

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

EFFECTS = ("flow", "layer", "share", "count", "value")
"""Kinds of outcomes that may be effects; waits and pairs say how those came about."""
Progress = Callable[[str, int, int], None]
FEWEST_DRAWS = 99
FEW_OBJECTS = 5
"""Objects in a typical cell, below which a reader is told that cells are noisy."""
NO_TRAITS = ("unit", "id", "name", "parent", "role", "layer", "eligible")
"""Columns of the parties that say who they are, not what they are like."""


def prove_book(
    book: Book,
    *,
    interventions: pl.DataFrame | None = None,
    only: Sequence[str] | None = None,
    outcomes: Sequence[str] | None = None,
    profile: Profile | str | Path | None = None,
    type: str | None = None,  # noqa: A002
    unit: str | None = None,
    level: str | None = None,
    every: Every | None = None,
    filters: Sequence[FilterLike] = (),
    rules: str | Path | None = None,
    covariates: Literal["concurrent", "none"] = "concurrent",
    confidence: float = 0.95,
    seed: int = 0,
    draws: int = 999,
    candidates: bool = True,
    mechanism: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> ProveResult:
    """What each intervention changed, how sure that is, and what cannot be told and why.

    Takes    interventions: as ``Book.interventions`` gives them; None: the book's own. only: ids of
             those to look at; all others stay in the model. outcomes: kinds or names to show; checks
             look at all layers in any case. profile: the file, or what was read from it; None: the
             book's, or a draft from the names of its activities. type, unit, level, every, filters:
             as in ``build_panels``; every None: weeks where months would be few.
             rules: a file of rules whose breaches make ``deviation_share``.
             covariates: "concurrent" puts other interventions in force at the same units into the
             model of the untreated outcome. confidence: of all intervals; one less it is the level
             of all corrected tests. seed: of all draws; draws: permuted roll-outs.
             candidates: look for changes that no intervention explains as well. mechanism: ask how
             effects came about; the causes of waits take longest by far.
             progress: called with (step, done, all).
    Returns  the same for the same book and request, whatever the number of threads.
    Raises   RequestError: an intervention, outcome, type, unit or filter that doesn't exist, a
             confidence or number of draws out of range.
    """
    if not 0.5 < confidence < 1:
        raise RequestError(
            f"A confidence lies between 0.5 and 1, such as 0.95; not {confidence:g}."
        )
    if draws < FEWEST_DRAWS:
        raise RequestError(f"{draws} draws are too few for a p-value: give {FEWEST_DRAWS} or more.")
    zone = book.timezone
    table = book.interventions() if interventions is None else interventions
    aside = book.companion_set_aside("interventions") if interventions is None else None
    table = None if table is None else settled(table, zone)
    request = ProveRequest(
        only=None if only is None else tuple(sorted(set(only))),
        outcomes=None if outcomes is None else tuple(sorted(set(outcomes))),
        type=type,
        unit=unit,
        level=level,
        every=every,
        filters=tuple(to_text(one) for one in read_filters(filters, zone)),
        rules=None if rules is None else str(rules),
        covariates=covariates,
        confidence=confidence,
        seed=seed,
        draws=draws,
        candidates=candidates,
        mechanism=mechanism,
    )
    chain, drafted = profile_for(book, profile, type)
    proving = _Proving(book, request, chain, table, filters, threads, progress or _silent, aside)
    return proving.result(drafted)


def _aside(
    what: str, count: int, intervention: str | None = None, outcome: str | None = None
) -> dict[str, Any]:
    return {"intervention": intervention, "outcome": outcome, "what": what, "count": int(count)}


def _inseparable(answers: Sequence[Answer]) -> dict[str, list[str]]:
    """By intervention the others that cannot be told apart from it in some outcome."""
    found: dict[str, set[str]] = {}
    for one in answers:
        if one.question.design.inseparable:
            found.setdefault(one.question.about.id, set()).update(one.question.design.inseparable)
    return {name: sorted(others) for name, others in sorted(found.items())}


def _rank(question: Question) -> tuple[int, int, str]:
    """Headlines first, the whole flow before its layers; placebos last."""
    outcome = question.outcome
    return ROLES.index(question.role), KINDS.index(outcome.kind), outcome.name


def _silent(_step: str, _done: int, _all: int) -> None:
    """No progress is told."""


class _Proving:
    """One request on its way from panels to tables."""

    def __init__(
        self,
        book: Book,
        request: ProveRequest,
        profile: Profile,
        table: pl.DataFrame | None,
        filters: Sequence[FilterLike],
        threads: int | None,
        progress: Progress,
        set_aside: pl.DataFrame | None,
    ) -> None:
        self.book, self.request, self.profile = book, request, profile
        self.filters, self.threads, self.progress = filters, threads, progress
        self.settings = Settings(request.confidence, request.seed, request.draws)
        self.table = None if table is None or not len(table) else table
        self.warnings: list[str] = []
        self.aside: list[dict[str, Any]] = []
        self.unusable = set_aside
        self.names: dict[str, str] = {}
        self.looked_at: int | None = None
        self.parties = book.parties()

    def result(self, drafted: bool) -> ProveResult:
        if self.table is None:
            return self._without_interventions()
        with one_blas_thread():
            return self._proved(self.table, drafted)

    def _proved(self, table: pl.DataFrame, drafted: bool) -> ProveResult:
        if drafted:
            self.warnings.append("no_profile")
        panels = self._panels(table)
        refuse_unknown(self.request.outcomes, panels, [one.id for one in self.profile.layers])
        abouts, everyone = self._abouts(table), self._rollouts(panels, table)
        self.names = {one.id: one.name for one in abouts}
        around = self._around(panels)
        chosen = abouts if self.request.only is None else self._chosen(abouts)
        questions, parts = self._questions(panels, chosen, everyone, around)
        answers = self._answers(questions)
        verdicts = give_grades(answers)
        mechanism = self._mechanism(answers, verdicts, parts)
        self._notice(panels, everyone)
        told = self._assemble(panels, answers, verdicts, mechanism, chosen)
        return replace(told, kept=Proved(panels, everyone, tuple(answers), tuple(verdicts)))

    def _panels(self, table: pl.DataFrame) -> Panels:
        self.progress("panels", 0, 0)
        asked = self.request
        named = None if asked.outcomes is None else [*EFFECTS, *MECHANISM, *asked.outcomes]
        if not asked.mechanism:
            named = [*EFFECTS, *(asked.outcomes or ())]
        return build_panels(
            self.book,
            type=asked.type,
            profile=self.profile,
            unit=asked.unit,
            level=asked.level,
            every=asked.every or "auto",
            outcomes=named,
            filters=self.filters,
            parties=self.parties,
            interventions=table,
            rules=asked.rules,
            threads=self.threads,
        )

    def _abouts(self, table: pl.DataFrame) -> list[About]:
        """The interventions, in the order of their ids."""
        known = {layer.id for layer in self.profile.layers}
        found = []
        for name in sorted(table["id"].unique().to_list()):
            rows = table.filter(pl.col("id") == name).to_dicts()
            layers = {layer for row in rows for layer in row.get("layers") or ()}
            if layers - known:
                self.aside.append(_aside("layers_not_in_profile", len(layers - known), name))
            label, kind = rows[0].get("name") or name, rows[0].get("kind")
            found.append(About(name, label, kind, tuple(sorted(layers & known))))
        return found

    def _chosen(self, abouts: Sequence[About]) -> list[About]:
        by_word = {word: one for one in abouts for word in (one.name, one.id)}
        wanted = [pick(word, list(by_word), "intervention") for word in self.request.only or ()]
        ids = {by_word[word].id for word in wanted}
        return [one for one in abouts if one.id in ids]

    def _rollouts(self, panels: Panels, table: pl.DataFrame) -> dict[str, Rollout]:
        found = rollouts(table, panels, set_aside=self.unusable)
        doubt = doubtful(table, self.unusable, panels)
        self.rows = by_unit(table, panels.units, panels.parties)
        missed = unreached(table, panels.units, panels.parties)
        for name, count in missed.group_by("id").len().sort("id").iter_rows():
            self.aside.append(_aside("units_not_in_records", count, name))
        for name, rollout in sorted(found.items()):
            unsure = len(doubt.get(name, ()))
            early = int((rollout.start == ALREADY).sum()) - unsure
            self.aside.append(_aside("in_doubt", unsure, name))
            self.aside.append(_aside("already_treated", early, name))
        return found

    def _around(self, panels: Panels) -> Surroundings:
        """Dealings between units, what cells' objects are like, and traits of the units."""
        view = apply_filters(
            self.book.perspective(panels.type), read_filters(self.filters, panels.grid.zone)
        )
        place = {name: at for at, name in enumerate(panels.units)}
        kept = np.array([place.get(name, -1) for name in panels.source.names] + [-1], np.int64)
        code = kept[panels.source.code]
        ids = [] if self.parties is None else self.parties["id"].to_list()
        return Surroundings(
            exposure(view, code, panels.units, ids),
            cell_traits(view, code, len(panels.units), panels.grid),
            self._party_traits(panels),
        )

    def _party_traits(self, panels: Panels) -> dict[str, Trait]:
        if self.parties is None or self.request.level is not None:
            return {}
        table = traits_of(self.parties, panels.units)
        plain = (pl.String, pl.Boolean)
        return {
            name: table[name].to_list()
            for name, kind in table.schema.items()
            if name not in NO_TRAITS
            and not name.startswith("@")
            and (kind.is_numeric() or kind in plain)
        }

    def _questions(
        self,
        panels: Panels,
        abouts: Sequence[About],
        everyone: Mapping[str, Rollout],
        around: Surroundings,
    ) -> tuple[list[Question], list[Question]]:
        """What is asked for effects, and for how they came about."""
        asked: list[Question] = []
        parts: list[Question] = []
        for about in abouts:
            rollout = everyone[about.id]
            others = tuple(one for name, one in sorted(everyone.items()) if name != about.id)
            held = others if self.request.covariates == "concurrent" else ()
            designs = {
                name: design_for(panels, name, rollout, held) for name in sorted(panels.panels)
            }
            placebos = {
                name: design
                for name, design in designs.items()
                if role_of(design.panel.outcome, about) == "placebo"
            }
            for name, design in designs.items():
                kind = design.panel.outcome.kind
                ask = partial(question_of, about, design, others=others, around=around)
                if kind in MECHANISM and not self._named(name):
                    parts.append(ask(placebos={}, seed=self.request.seed))
                elif self._shown(name, kind):
                    asked.append(ask(placebos=placebos, seed=self.request.seed))
        asked.sort(key=lambda one: (one.about.id, _rank(one)))
        return asked, parts

    def _named(self, outcome: str) -> bool:
        return self.request.outcomes is not None and outcome in self.request.outcomes

    def _shown(self, outcome: str, kind: str) -> bool:
        wanted = self.request.outcomes
        if wanted is None:
            return kind in EFFECTS
        return any(word in (outcome, kind, outcome.partition(":")[0]) for word in wanted)

    def _answers(self, questions: Sequence[Question]) -> list[Answer]:
        done = []
        work = partial(answer, settings=self.settings)
        for found in each(work, questions, self.threads):
            done.append(found)
            self.progress("effects", len(done), len(questions))
        return done

    def _mechanism(
        self, answers: Sequence[Answer], verdicts: Sequence[Verdict], parts: Sequence[Question]
    ) -> pl.DataFrame:
        """Waits and steps of the interventions that have an effect to explain."""
        leads: dict[str, int] = {}
        for found, verdict in zip(answers, verdicts, strict=True):
            if found.question.role == "headline" and verdict.graded.is_effect:
                name = found.question.about.id
                leads[name] = max(leads.get(name, 0), found.leads)
        wanted = [one for one in parts if one.about.id in leads]

        def work(one: Question) -> Part:
            return part_of(one, leads[one.about.id], self.settings)

        done = []
        for part in each(work, wanted, self.threads):
            done.append(part)
            self.progress("mechanism", len(done), len(wanted))
        return mechanism_table(done, self.request.confidence)

    def _notice(self, panels: Panels, everyone: Mapping[str, Rollout]) -> None:
        """What a reader should know of all effects, and what was left out."""
        if panels.typical_objects() < FEW_OBJECTS:
            self.warnings.append("few_objects")
        window = panels.windows.get("flow_h")
        if window is not None and window.basis != "declared":
            self.warnings.append("window_chosen")
        if not any(one.randomised for one in everyone.values()):
            self.warnings.append("dates_not_lot")
        self.aside += [_aside(f"objects_{what}", count) for what, count in panels.aside.items()]
        self.aside.append(_aside("units_without_cells", len(panels.dropped)))
        for row in panels.cells.to_dicts():
            self.aside += [
                _aside(f"{what}_cells", row[what], outcome=row["outcome"])
                for what in ("empty", "thin", "immature")
            ]

    def _assemble(
        self,
        panels: Panels,
        answers: Sequence[Answer],
        verdicts: Sequence[Verdict],
        mechanism: pl.DataFrame,
        chosen: Sequence[About],
    ) -> ProveResult:
        window = panels.windows.get("flow_h")
        ids = {one.id for one in chosen}
        rows = self.rows.filter(pl.col("id").is_in(ids))
        shown = {a.question.outcome.name for a in answers}
        return self._result(
            type=panels.type,
            every=panels.grid.every,
            units=len(panels.units),
            periods=len(panels.grid),
            within_s=None if window is None else window.within_s,
            effects=tables.effects_table(answers, verdicts),
            paths=tables.paths_table(answers),
            cohorts=tables.cohorts_table(answers),
            checks=tables.checks_table(answers),
            doses=tables.doses_table(answers),
            traits=tables.traits_table(answers),
            mechanism=mechanism,
            rollout=tables.rollout_table(rows, panels.grid.zone),
            raw=tables.raw_table(answers),
            weights=tables.weights_table(answers),
            sensitivity=tables.sensitivity_table(answers),
            panel=tables.panel_table(
                {name: one for name, one in panels.panels.items() if name in shown}
            ),
            candidates=self._candidates(panels.type, self.rows),
            facts=self._facts(panels, chosen) | {"inseparable": _inseparable(answers)},
        )

    def _result(self, **given: Any) -> ProveResult:
        asked = self.request.to_json() | {
            "profile": self.profile.model_dump(mode="json"),
            "interventions": None if self.table is None else table_fingerprint(self.table),
        }
        return ProveResult(
            fingerprint=fingerprint_of(self.book.fingerprint, asked),
            book=self.book.fingerprint,
            request=asked,
            set_aside=frame("set_aside", [row for row in self.aside if row["count"]]),
            warnings=tuple(self.warnings),
            trust=trust_summary(self.book),
            **given,
        )

    def _candidates(self, type: str, rows: pl.DataFrame | None) -> pl.DataFrame:  # noqa: A002
        if not self.request.candidates:
            return frame("candidates", [])
        self.progress("candidates", 0, 0)
        begun: dict[str, list[Any]] = {}
        if rows is not None:
            for name, at in rows.select("id", "from_at").iter_rows():
                begun.setdefault(name, []).append(at)
        table, untested, self.looked_at = candidates_table(
            self.book,
            type=type,
            filters=self.filters,
            begun=begun,
            seed=self.request.seed,
            threads=self.threads,
        )
        if untested and not len(table):
            self.warnings.append("drift_untested")
        return table

    def _facts(self, panels: Panels | None, chosen: Sequence[About]) -> dict[str, Any]:
        profile = self.profile
        return {
            "layers": {one.id: one.name.model_dump() for one in profile.layers},
            "kinds": {one.id: one.name.model_dump() for one in profile.kinds},
            "currency": profile.currency,
            "interventions": {
                one.id: {"name": one.name, "kind": one.kind, "layers": list(one.layers)}
                for one in chosen
            },
            "all_interventions": dict(self.names),
            "unit_source": None if panels is None else panels.source.source,
            "unit_coverage_share": None if panels is None else panels.source.coverage,
            "value_source": None if panels is None else panels.value_source,
            "missing": {} if panels is None else panels.missing,
            "candidates_from_objects": self.looked_at,
            "windows_s": {}
            if panels is None
            else {name: one.within_s for name, one in panels.windows.items()},
        }

    def _without_interventions(self) -> ProveResult:
        """Nothing to prove: candidates alone."""
        self.warnings.append("no_interventions")
        kind = choose_type(self.book, self.request.type or self.profile.type)
        empty = {
            name: frame(name, []) for name in COLUMNS if name not in ("candidates", "set_aside")
        }
        return self._result(
            type=kind,
            every=self.request.every or "month",
            units=0,
            periods=0,
            within_s=self.profile.within_s,
            candidates=self._candidates(kind, None),
            facts=self._facts(None, []),
            **empty,
        )
