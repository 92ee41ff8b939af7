"""Every sentence that a person reads, one catalogue per language.

Catalogues are YAML files beside this module: ``<language>.yaml`` for the map's pictures and report,
``findings.<language>.yaml`` for the trust report's codes, and ``<room>.<language>.yaml`` for every
other room of ``ROOMS``. No key may stand in two of them. Keys are dotted paths; a text may hold
``{names}`` that the caller fills.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, get_args

import yaml

from thalweg.errors import RequestError
from thalweg.records.trust import Finding
from thalweg.surfaces.format_values import Language, format_count, format_share

LANGUAGES: tuple[Language, ...] = get_args(Language)
ROOMS = (
    *("cli", "report", "models", "discover", "conform", "waits", "drift"),
    *("prove", "checks", "planning", "effects", "demo"),
    *("economy", "response", "metrics", "judge", "evidence", "story", "sustain"),
)


@dataclass(frozen=True, slots=True)
class FindingText:
    """A finding in words: what it is, what it means, and what to do about it."""

    title: str
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language."""

    language: Language
    entries: dict[str, str]
    findings: dict[str, FindingText]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its places filled.

        Raises   KeyError: no such key, or a place without a value (a fault of the program).
        """
        return self.entries[key].format(**values)

    def has(self, key: str) -> bool:
        return key in self.entries

    def under(self, prefix: str) -> dict[str, str]:
        """All texts below a prefix, by the rest of their key."""
        start = prefix + "."
        return {k[len(start) :]: v for k, v in self.entries.items() if k.startswith(start)}

    def finding(self, finding: Finding) -> FindingText:
        """A finding in words; an unknown code is shown as it is, with the general advice."""
        found = self.findings.get(finding.code)
        if found is not None:
            return found
        return FindingText(
            finding.code, self("trust.unknown_meaning"), self("trust.unknown_advice")
        )

    def reason(self, code: str) -> str:
        """A short name for a code: of a finding, or of why rows were set aside."""
        found = self.findings.get(code)
        return code if found is None else found.title

    def finding_line(self, finding: Finding) -> str:
        """One line: title, count and share, place."""
        title = self.finding(finding).title
        count = format_count(finding.count, self.language)
        share = finding.share
        counted = count if share is None else f"{count} ({format_share(share, self.language)})"
        place = f" [{finding.where}]" if finding.where else ""
        return self("trust.line", title=title, counted=counted, place=place)

    def kind(self, name: str) -> str:
        """The name of an object type for a heading; the type of case logs has a word of its own."""
        return self("words.case") if name == "case" else name

    def objects(self, count: int, kind: str) -> str:
        """A counted object type: 1,050 cases; 868 个“订单”."""
        shown = format_count(count, self.language)
        key = "words.cases" if kind == "case" else "words.objects_of"
        if count == 1 and self.has(f"{key}_one"):
            key += "_one"
        return self(key, count=shown, type=kind)


def places(text: str) -> set[str]:
    """Names of the places that a text leaves open."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@cache
def load(language: str) -> Texts:
    """The catalogue of a language.

    Raises   RequestError: there is no such language.
    """
    if language not in LANGUAGES:
        raise RequestError(
            f"There is no language {language!r}. Choose one of: {', '.join(LANGUAGES)}."
        )
    chosen: Language = "zh" if language == "zh" else "en"
    entries: dict[str, str] = {}
    for name in (f"{chosen}.yaml", *(f"{room}.{chosen}.yaml" for room in ROOMS)):
        entries |= _flat(_read(name))
    findings = {k: FindingText(**v) for k, v in _read(f"findings.{chosen}.yaml").items()}
    return Texts(chosen, entries, findings)


def _read(name: str) -> dict[str, Any]:
    text = (files(__name__) / name).read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def _flat(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            found += _flat(value, path + ".")
        else:
            found.append((path, str(value)))
    return found
