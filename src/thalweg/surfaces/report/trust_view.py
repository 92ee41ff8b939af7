"""The trust report and the lineage in words."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.records.trust import Example, Finding, TrustReport
from thalweg.surfaces.format_values import format_count, format_instant, format_share
from thalweg.surfaces.report import tables
from thalweg.surfaces.report.headlines import counted, trust_verdict
from thalweg.surfaces.report.tables import Table, table
from thalweg.surfaces.texts import FindingText, Texts

if TYPE_CHECKING:
    from thalweg.surfaces.report.gather import Gathered

_ORDER = {"loss": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding as the page shows it. details: further figures as they were recorded."""

    text: FindingText
    severity: str
    severity_label: str
    count: str
    share: str
    where: str
    examples: tuple[Example, ...]
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TrustView:
    verdict: str
    verdict_label: str
    sentence: str
    totals: str
    counts: tuple[tuple[str, str, str], ...]
    findings: tuple[FindingView, ...]


def trust_view(trust: TrustReport, say: Texts) -> TrustView:
    """The whole trust report, the gravest findings first."""
    language = say.language
    ordered = sorted(trust.findings, key=lambda f: (_ORDER[f.severity], -f.count, f.code, f.where))
    verdict = trust_verdict(trust)
    return TrustView(
        verdict,
        say(f"trust.verdict.{verdict}"),
        say(f"trust.verdict_means.{verdict}"),
        say(
            "trust.totals",
            read=format_count(trust.rows_read, language),
            kept=format_count(trust.rows_kept, language),
            aside=format_count(trust.rows_set_aside, language),
        ),
        tuple((s, say(f"trust.severity.{s}"), str(n)) for s, n in counted(trust)),
        tuple(_finding(one, say) for one in ordered),
    )


def _finding(finding: Finding, say: Texts) -> FindingView:
    language = say.language
    share = finding.share
    shown = ""
    if share is not None:
        shown = say(
            "trust.share",
            share=format_share(share, language),
            of=format_count(finding.of, language),
        )
    return FindingView(
        say.finding(finding),
        finding.severity,
        say(f"trust.severity.{finding.severity}"),
        format_count(finding.count, language),
        shown,
        say.kind(finding.where),
        tuple(replace(e, source=file_name(e.source)) for e in finding.examples),
        tuple((name, _plain(value)) for name, value in finding.detail.items()),
    )


def file_name(source: str) -> str:
    """The name of a source without its folders, which say more about the machine than the data."""
    return source.replace("\\", "/").rsplit("/", 1)[-1]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the figures come from: names with values, the sources, and the request as JSON."""

    facts: tuple[tuple[str, str], ...]
    sources: Table
    request: str


def lineage(got: Gathered, say: Texts) -> Lineage:
    """From the page back to the rows."""
    from thalweg import __version__

    manifest, result, judged = got.book.manifest, got.main, got.judged
    facts = (
        ("book", got.book.path.name),
        ("generation", f"{manifest.generation} · {manifest.action} · {manifest.created_at_utc}"),
        ("book_fingerprint", got.book.fingerprint),
        *((("fingerprint", result.fingerprint),) if result is not None else ()),
        *((("verdict_fingerprint", judged.fingerprint),) if judged is not None else ()),
        ("made_at", format_instant(got.made_at, say.language)),
        ("made_by", f"Thalweg {__version__}"),
    )
    rows = [
        {name: getattr(s, name) for name, _ in tables.SOURCES} | {"name": file_name(s.name)}
        for s in manifest.sources
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    request = {
        name: one.request for name, one in (("map", result), ("judge", judged)) if one is not None
    }
    return Lineage(
        tuple((say(f"lineage.{key}"), value) for key, value in facts),
        table("sources", frame, tables.SOURCES, say),
        json.dumps(request, ensure_ascii=False, default=str, indent=1),
    )
