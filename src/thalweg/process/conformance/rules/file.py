"""Reading a rule file, with errors that name file, line, field, value and cure.

Every scalar is taken as text and typed by the model, so that ``001`` stays a name and ``no`` a word.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from thalweg.errors import RequestError, RuleError
from thalweg.process.calendar import Calendar
from thalweg.process.conformance.rules.kinds import KINDS, Link, RuleFile, Side, Tolerance, Words
from thalweg.records.mapping.flat import nearest
from thalweg.records.mapping.tables_file import TextLoader, in_one_message

_LARGEST_FILE_BYTES = 4 * 1024**2
_INNER: dict[str, type[BaseModel]] = {
    "links": Link,
    "sides": Side,
    "tolerance": Tolerance,
    "text": Words,
    "calendars": Calendar,
}
Place = tuple[str | int, ...]


def load_rules(path: str | Path) -> RuleFile:
    """The rules that a YAML file states.

    Raises   RuleError: no such file, no YAML, or a field that is wrong; the message names the
             file, the line, the field, the value and the nearest valid names.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise RuleError(f"{path} is too large to be a rule file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RuleError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise RuleError(f"{path} is not UTF-8 text. Save the rules as UTF-8.") from error
    return parse_rules(text, str(path))


def parse_rules(text: str, where: str = "the rules") -> RuleFile:
    """The rules that a YAML text states; see ``load_rules`` for the errors."""
    try:
        loader = TextLoader(text)
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        data = None if node is None else _plain(node, (), lines, where)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise RuleError(f"{where}{line} is not valid YAML: {problem}.") from error
    except RecursionError as error:
        raise RuleError(f"{where} is nested too deeply to be a rule file.") from error
    if not isinstance(data, dict):
        raise RuleError(f"{where} holds no fields. Start it with 'rules:', or see --example.")
    try:
        return RuleFile.model_validate(data)
    except ValidationError as error:
        faults = [dict(one) for one in error.errors()]
        real = [one for one in faults if (one["type"], one["loc"]) != ("too_short", ("rules",))]
        problems = [_sentence(one, lines, data) for one in real or faults]
        raise RuleError(in_one_message(where, problems)) from error
    except RequestError as error:
        raise RuleError(f"{where}: {error}") from error


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], where: str) -> Any:
    """The data of a node; the line of every field goes into ``lines``."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if not isinstance(key, yaml.ScalarNode):
                raise RuleError(f"{where}, line {line}: a field's name must be one word.")
            if name in found:
                raise RuleError(f"{where}, line {line}: field '{name}' stands there twice.")
            lines[(*place, name)] = line
            found[name] = _plain(value, (*place, name), lines, where)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*place, at), lines, where) for at, one in enumerate(node.value)]
    return node.value


def _sentence(error: dict[str, Any], lines: dict[Place, int], data: dict[str, Any]) -> str:
    path = _written(error["loc"])
    line = _line(path, lines)
    field = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    told = f"line {line}" + _rule_name(path, data)
    if error["type"] == "extra_forbidden":
        return f"{told}: there is no field '{field}'. {nearest(str(path[-1]), _fields(path, data))}"
    if error["type"] == "missing":
        return f"{told}: field '{field}' is missing. Add it."
    if error["type"] == "union_tag_not_found":
        return f"{told}: field '{field}.kind' is missing. {nearest('', KINDS)}"
    if error["type"] == "union_tag_invalid":
        word = str(error["input"].get("kind"))
        return f"{told}: field '{field}.kind' is {word!r}. {nearest(word, KINDS)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "literal_error":
        valid = re.findall(r"'([^']*)'", message)
        word = str(error["input"])
        return f"{told}: field '{field}' is {word!r}. {nearest(word, valid)}"
    if not isinstance(error["input"], dict | list) and repr(error["input"]) not in message:
        message = f"{message} (found {error['input']!r})"
    stop = "" if message.endswith(("?", ".")) else "."
    return f"{told}: field '{field}': {message}{stop}" if field else f"{told}: {message}{stop}"


def _written(loc: tuple[str | int, ...]) -> Place:
    """The place as people wrote it: without the kind that pydantic puts in to name the model."""
    path = list(loc)
    if len(path) > 2 and path[0] == "rules" and path[2] in KINDS:
        del path[2]
    return tuple(path)


def _line(path: Place, lines: dict[Place, int]) -> int:
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _rule_name(path: Place, data: dict[str, Any]) -> str:
    if len(path) < 2 or path[0] != "rules":
        return ""
    rule = data["rules"][path[1]]
    return f", rule {rule['id']!r}" if isinstance(rule, dict) and "id" in rule else ""


def _fields(path: Place, data: dict[str, Any]) -> list[str]:
    """Names of the fields that are valid where the last one of ``path`` stands."""
    model: type[BaseModel] = RuleFile
    if path[0] == "rules" and len(path) > 2:
        model = KINDS[data["rules"][path[1]]["kind"]]
    for part in path[:-1]:
        model = _INNER.get(str(part), model)
    return [info.alias or name for name, info in model.model_fields.items()]


def example_rules(language: str) -> str:
    """A commented rule file to begin with, for a trade in steel."""
    folder = resources.files("thalweg.process.conformance.rules") / "shipped"
    return (folder / f"steel_trade.{language}.yaml").read_text(encoding="utf-8")
