"""Profiles as files: read with checks, written, and the examples that come along."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from thalweg.errors import ProfileError, RequestError
from thalweg.records.profile.model import KINDS, Profile
from thalweg.records.text.yaml_fields import parse_record, read_record


def load_profile(path: str | Path) -> Profile:
    """The profile that a YAML file states.

    Raises   ProfileError: no such file, no YAML, or a field that is wrong; the message names the
             file, the line, the field, the value and the nearest valid names.
    """
    return read_record(path, Profile, ProfileError)


def parse_profile(text: str, where: str = "the profile") -> Profile:
    """The profile that a YAML text states; see ``load_profile`` for the errors."""
    return parse_record(text, where, Profile, ProfileError)


def profile_text(profile: Profile) -> str:
    """A profile as YAML: what is not stated is left out, and reading it gives the same profile."""
    data = _stated(profile.model_dump(mode="json"))
    if profile.kinds == KINDS:
        del data["kinds"]
    for name in ("economy", "thresholds"):
        if getattr(profile, name) == Profile.model_fields[name].default:
            del data[name]
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)


def _stated(data: Any) -> Any:
    if isinstance(data, dict):
        return {k: _stated(v) for k, v in data.items() if v not in (None, [], {})}
    return [_stated(one) for one in data] if isinstance(data, list) else data


def example_profile(language: str) -> str:
    """A commented profile file to begin with, for a trade in steel.

    Raises   RequestError: there is none in this language.
    """
    if language not in ("en", "zh"):
        raise RequestError(f"There is no example in {language!r}. Choose one of: en, zh.")
    folder = resources.files("thalweg.records.profile") / "shipped"
    return (folder / f"steel_trade.{language}.yaml").read_text(encoding="utf-8")


def shipped_profile(language: str) -> Profile:
    """The profile for a trade in steel, with activities in English or Chinese."""
    return parse_profile(example_profile(language), f"steel_trade.{language}.yaml")
