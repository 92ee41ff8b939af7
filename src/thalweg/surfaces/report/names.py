"""What a verdict's layers, interventions, kinds, channels and products are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.verdict.result import JudgeResult


class Names:
    """Names in the reader's language, as the profile and the records give them; else the ids."""

    def __init__(self, found: JudgeResult, say: Texts) -> None:
        self.found, self.say = found, say
        facts = found.facts
        known: dict[str, Any] = facts.get("all_interventions") or {}
        told = known | (facts.get("interventions") or {})
        self.interventions: dict[str, str] = {
            code: str(one["name"] if isinstance(one, dict) else one) for code, one in told.items()
        }

    def layer(self, code: str) -> str:
        """A layer of the chain; or a way to fail, which the burden of failures has for layers."""
        way = f"story.failures.{code}"
        return self.say(way) if self.say.has(way) else self._worded("layers", code)

    def kind(self, code: str | None) -> str:
        return "" if code is None else self._worded("kinds", code)

    def intervention(self, code: str) -> str:
        return self.interventions.get(code, code)

    @property
    def layers(self) -> dict[str, str]:
        return {code: self.layer(code) for code in self.found.layers["layer"].unique()}

    def _worded(self, what: str, code: str) -> str:
        names = (self.found.facts.get(what) or {}).get(code) or {}
        other = "en" if self.say.language == "zh" else "zh"
        return str(names.get(self.say.language) or names.get(other) or code)
