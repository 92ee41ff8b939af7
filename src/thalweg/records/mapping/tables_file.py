"""Reading a mapping file of ``kind: tables``, with errors that name field, value and cure.

Every scalar of the file is taken as text and typed by the model, so that ``00001`` stays a key,
``on`` a field and ``no`` a word.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from thalweg.errors import MappingError
from thalweg.records.mapping.flat import nearest
from thalweg.records.mapping.tables import TablesMapping

_LARGEST_FILE_BYTES = 4 * 1024**2
_SHOWN_PROBLEMS = 8
_BRANCHES = {"str", "int", "float", "bool"}
"""Names that pydantic puts into the path of a union; people did not write them."""


class TextLoader(yaml.BaseLoader):
    """YAML in which every scalar is text: ``00001`` stays a key and ``on`` a field."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"alias *{event.anchor} is not allowed here", event.start_mark
            )
        return super().compose_node(parent, index)


def load_tables_mapping(path: Path) -> TablesMapping:
    """Read a mapping file of ``kind: tables``.

    Raises   MappingError: no such file, no YAML, or a field that is wrong; the message names
             the file, the field, the value and the nearest valid names.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise MappingError(f"{path} is too large to be a mapping file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path} is not UTF-8 text. Save the mapping as UTF-8.") from error
    return parse_tables_mapping(text, str(path))


def parse_tables_mapping(text: str, where: str = "the mapping") -> TablesMapping:
    """The mapping that a YAML text states; see ``load_tables_mapping`` for the errors."""
    try:
        data = yaml.load(text, TextLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise MappingError(f"{where} is not valid YAML{line}: {error}.") from error
    except RecursionError as error:
        raise MappingError(f"{where} is nested too deeply to be a mapping.") from error
    if not isinstance(data, dict):
        raise MappingError(f"{where} holds no fields. Start it with 'kind: tables'.")
    try:
        return TablesMapping.model_validate(data)
    except ValidationError as error:
        problems = [_sentence(dict(e)) for e in error.errors()]
        raise MappingError(in_one_message(where, problems)) from error


def in_one_message(where: str, problems: list[str]) -> str:
    """Everything that is wrong with a mapping: one sentence alone, several as a list."""
    if len(problems) == 1:
        return f"{where}: {problems[0]}"
    shown = problems[:_SHOWN_PROBLEMS]
    rest = len(problems) - len(shown)
    lines = [f"{where}: {len(problems)} problems.", *(f"  - {p}" for p in shown)]
    return "\n".join([*lines, *([f"  - and {rest} more"] if rest else [])])


def _sentence(error: dict[str, Any]) -> str:
    path = [p for p in error["loc"] if not (isinstance(p, str) and p in _BRANCHES)]
    field = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    if error["type"] == "extra_forbidden":
        valid = _fields_at(path[:-1])
        return f"there is no field '{field}'. {nearest(str(path[-1]), valid)}"
    if error["type"] == "missing":
        return f"field '{field}' is missing. Add it."
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "literal_error":
        valid = re.findall(r"'([^']*)'", message)
        return f"field '{field}' is {error['input']!r}. {nearest(str(error['input']), valid)}"
    if not isinstance(error["input"], dict | list):
        message = f"{message} (found {error['input']!r})"
    stop = "" if message.endswith(("?", ".")) else "."
    return f"field '{field}': {message}{stop}" if field else f"{message}{stop}"


def _fields_at(path: list[int | str]) -> list[str]:
    """Names of the fields valid at a place of the mapping."""
    model: type[BaseModel] = TablesMapping
    for part in path:
        if isinstance(part, int):
            continue
        found = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        if found is not None and (inner := _model_in(found.annotation)) is not None:
            model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The record that an annotation such as ``tuple[Rule, ...] | None`` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in inner if model is not None), None)


def shipped_mappings() -> dict[str, Path]:
    """Mapping files that come with Thalweg, by name."""
    folder = Path(str(resources.files("thalweg.records.mapping") / "shipped"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
