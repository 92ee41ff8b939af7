"""Records in YAML files, with errors that name the file, the line, the field, and the cure.

Every scalar is taken as text and typed by the record, so that ``001`` stays a name and ``no`` a word.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from thalweg.errors import ThalwegError
from thalweg.records.mapping.flat import nearest
from thalweg.records.mapping.tables_file import TextLoader, in_one_message

_LARGEST_FILE_BYTES = 4 * 1024**2
Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


def read_record(path: str | Path, model: type[M], error: type[ThalwegError]) -> M:
    """The record that a YAML file holds.

    Raises   error: no such file, no YAML, or a field that is wrong; the message names the file,
             the line, the field, the value and the nearest valid names.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise error(f"{path} is too large for a file of this kind.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as cause:
        raise error(f"{path} cannot be read: {cause.strerror}. Check the path.") from cause
    except UnicodeDecodeError as cause:
        raise error(f"{path} is not UTF-8 text. Save it as UTF-8.") from cause
    return parse_record(text, str(path), model, error)


def parse_record(text: str, where: str, model: type[M], error: type[ThalwegError]) -> M:
    """The record that a YAML text holds; see ``read_record`` for the errors."""
    lines: dict[Place, int] = {}
    try:
        node = TextLoader(text).get_single_node()
        data = None if node is None else _plain(node, (), lines)
    except yaml.YAMLError as cause:
        mark = getattr(cause, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(cause, "problem", None) or cause
        raise error(f"{where}{line} is not valid YAML: {problem}.") from cause
    except RecursionError as cause:
        raise error(f"{where} is nested too deeply.") from cause
    if not isinstance(data, dict):
        known = ", ".join(_names(model))
        raise error(f"{where} holds no fields. Write one a line; valid are: {known}.")
    try:
        return model.model_validate(data)
    except ValidationError as cause:
        faults = [dict(one) for one in cause.errors()]
        real = [one for one in faults if one["type"] != "too_short"] or faults
        problems = [_sentence(one, lines, model) for one in real]
        raise error(in_one_message(where, problems)) from cause


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    """The data of a node; the line of every field goes into ``lines``."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if not isinstance(key, yaml.ScalarNode) or name in found:
                problem = f"field {name!r} stands there twice" if name in found else "no name"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            lines[(*place, name)] = key.start_mark.line + 1
            found[name] = _plain(value, (*place, name), lines)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*place, at), lines) for at, one in enumerate(node.value)]
    return node.value


def _sentence(error: dict[str, Any], lines: dict[Place, int], model: type[BaseModel]) -> str:
    path: Place = tuple(error["loc"])
    field = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    told = f"line {_line(path, lines)}"
    if error["type"] == "extra_forbidden":
        valid = _names(_model_at(model, path[:-1]))
        return f"{told}: there is no field '{field}'. {nearest(str(path[-1]), valid)}"
    if error["type"] == "missing":
        return f"{told}: field '{field}' is missing. Add it."
    if error["type"] == "too_short":
        return f"{told}: field '{field}' is empty. List at least one."
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "literal_error":
        valid = re.findall(r"'([^']*)'", message)
        return (
            f"{told}: field '{field}' is {error['input']!r}. {nearest(str(error['input']), valid)}"
        )
    if not isinstance(error["input"], dict | list) and repr(error["input"]) not in message:
        message = f"{message} (found {error['input']!r})"
    stop = "" if message.endswith(("?", ".")) else "."
    return f"{told}: field '{field}': {message}{stop}" if field else f"{told}: {message}{stop}"


def _line(path: Place, lines: dict[Place, int]) -> int:
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_at(model: type[BaseModel], path: Place) -> type[BaseModel]:
    """The record whose fields stand at a place."""
    for part in path:
        found = None if isinstance(part, int) else model.model_fields.get(part)
        if found is not None and (inner := _model_in(found.annotation)) is not None:
            model = inner
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The record that an annotation such as ``tuple[Layer, ...] | None`` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in inner if model is not None), None)
