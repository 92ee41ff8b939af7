"""Models in files: YAML for people, JSON for programs; errors that name line, field and cure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from thalweg.errors import RequestError
from thalweg.process.models.files.write_text import write_text
from thalweg.records.text.yaml_fields import parse_record
from thalweg.redesign.model.check import check_model
from thalweg.redesign.model.model import Model

LARGEST_BYTES = 64 * 1024**2
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read_model(path: str | Path) -> Model:
    """The model of a file, checked; ``.json`` is JSON, everything else YAML.

    Raises   RequestError: no such file, not the format, a field that is wrong (with its line), or
             a model that cannot be simulated (see ``check_model``).
    """
    path = Path(path)
    text = _text(path)
    try:
        data = json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
        model = Model.model_validate(data)
    except json.JSONDecodeError as error:
        raise RequestError(
            f"{path}, line {error.lineno} is not valid JSON: {error.msg}. Correct it there."
        ) from error
    except (yaml.YAMLError, ValidationError, ValueError, RecursionError):
        model = parse_record(text, str(path), Model, RequestError)
    check_model(model)
    return model


def write_model(model: Model, path: str | Path) -> None:
    """Write a model as a whole file; what is as by default is left out, so that it stays short."""
    path = Path(path)
    if path.suffix == ".json":
        text = json.dumps(_plain(model), ensure_ascii=False, indent=1) + "\n"
    else:
        text = yaml.dump(
            _plain(model), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100
        )
    write_text(path, text)


def model_json_schema() -> dict[str, Any]:
    """The JSON schema of a model file, for editors and for programs that write models."""
    schema = Model.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _plain(model: Model) -> dict[str, Any]:
    """Tagged parts keep their tag, which is a default."""
    data = model.model_dump(mode="json", by_alias=True)
    short = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"schema": data["schema"], **_tagged(short, data)}


def _tagged(short: Any, full: Any) -> Any:
    if isinstance(short, dict):
        tags = {
            key: full[key]
            for key in ("law", "kind")
            if isinstance(full.get(key), str) and key not in short
        }
        return {**tags, **{key: _tagged(value, full[key]) for key, value in short.items()}}
    if isinstance(short, list):
        return [_tagged(one, other) for one, other in zip(short, full, strict=True)]
    return short


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise RequestError(f"{path} is too large for a model. Is it the right file?")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is not UTF-8 text. Save it as UTF-8.") from error
