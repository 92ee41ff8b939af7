"""Filters as short text, as on the command line.

    activity=A,B            objects with A or B           activity!=A      objects without A
    events.activity=A,B     only these events             events.activity!=A   all but these
    resource=Ann            (party, lifecycle, instance alike, with != and events.)
    attribute:amount>=1000  objects with such an event    events.attribute:amount>=1000
    object:region=华东       objects by their attribute
    duration>3d             (also >=, <, <=; s, min, h, d, w)
    follows:A->B            directly                      eventually:A=>B
    never:A=>B              never eventually              never:A->B       never directly
    follows:A->B after 1h within 3d
    time:2012-01-01..2012-02-01     objects that touch it; time.events, time.contained,
                                    time.started, time.finished
    variant:top=5   variant:share=0.8   variant:A->B->C,A->C

Several filters stand between semicolons. Times without an offset are in the zone of the book. Names with any of , ; = < > ! " or blanks at an end stand in double quotes, as JSON text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from difflib import get_close_matches

from pydantic import ValidationError

from thalweg.errors import RequestError
from thalweg.process.filters import (
    ActivityFilter,
    AttributeFilter,
    DurationFilter,
    Filter,
    ObjectFilter,
    PathFilter,
    RoleFilter,
    TimeFilter,
    VariantFilter,
)

UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "min": 60, "s": 1}
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SUBJECTS = (
    "activity",
    "resource",
    "party",
    "lifecycle",
    "instance",
    "attribute:",
    "object:",
    "duration",
    "follows:",
    "eventually:",
    "never:",
    "time:",
    "variant:",
)
_COMPARED = re.compile(
    rf"(?P<events>events\.)?(?P<subject>activity|resource|party|lifecycle|instance|duration"
    rf"|attribute:|object:)\s*(?P<name>{_QUOTED}|[^=<>!\"]*?)\s*(?P<op>!=|<=|>=|=|<|>)(?P<rest>.*)",
    re.DOTALL,
)
_PATH = re.compile(
    rf"(?P<verb>follows|eventually|never):\s*(?P<source>{_QUOTED}|.+?)\s*(?P<arrow>->|=>)"
    rf"\s*(?P<target>{_QUOTED}|.+?)(?:\s+after\s+(?P<min>[\d.]+\s*[a-z]+))?"
    r"(?:\s+within\s+(?P<max>[\d.]+\s*[a-z]+))?",
    re.DOTALL,
)
_TIME = re.compile(r"time(?:\.(?P<mode>[a-z]+))?:(?P<start>.*?)\.\.(?P<end>.*)")


def parse_filter(text: str) -> Filter:
    """The filter that a text means.

    Raises   RequestError: no such kind of filter, or a part of it cannot be read.
    """
    try:
        found = _parse(text.strip())
    except ValidationError as error:
        first = error.errors()[0]
        raise RequestError(f"The filter {text!r} makes no sense: {first['msg']}.") from error
    if found is None:
        word = re.split(r"[=<>!:.]", text.strip().removeprefix("events."))[0]
        near = get_close_matches(word, [s.rstrip(":") for s in _SUBJECTS], 3, 0.5)
        hint = f"Nearest: {', '.join(near)}. " if near else ""
        raise RequestError(
            f"{text!r} is no filter. {hint}Write for example activity=A,B, duration>3d, "
            "follows:A->B, attribute:amount>=1000 or time:2024-01-01..2024-02-01."
        )
    return found


def parse_filters(text: str) -> tuple[Filter, ...]:
    """Several filters between semicolons, to hold one after the other."""
    parts = re.findall(rf'(?:{_QUOTED}|[^;"]|"(?![^"]*"))+', text)
    return tuple(parse_filter(part) for part in parts)


def _parse(text: str) -> Filter | None:
    if text.startswith("variant:"):
        return _variant(text.removeprefix("variant:"))
    if match := _TIME.fullmatch(text):
        return _time(match)
    if match := _PATH.fullmatch(text):
        return _path(match)
    match = _COMPARED.fullmatch(text)
    return None if match is None else _compared(match)


def _compared(match: re.Match[str]) -> Filter | None:
    subject, operator, rest = match["subject"], match["op"], match["rest"]
    level = "events" if match["events"] else "objects"
    name = unquote(match["name"])
    if subject == "duration" and not name and level == "objects":
        fields = {"operator": operator, "seconds": parse_seconds(rest)}
        return DurationFilter.model_validate(fields)
    if subject in ("attribute:", "object:") and name:
        values = {"name": name, "operator": operator, "values": split_names(rest)}
        if subject == "object:":
            return ObjectFilter.model_validate(values) if level == "objects" else None
        return AttributeFilter.model_validate({**values, "level": level})
    if name or operator not in ("=", "!=") or subject.endswith(":") or subject == "duration":
        return None
    fields = {"names": split_names(rest), "without": operator == "!=", "level": level}
    if subject == "activity":
        return ActivityFilter.model_validate(fields)
    return RoleFilter.model_validate({**fields, "role": subject})


def _path(match: re.Match[str]) -> Filter | None:
    verb, arrow = match["verb"], match["arrow"]
    if (verb, arrow) in {("follows", "=>"), ("eventually", "->")}:
        return None
    return PathFilter(
        source=unquote(match["source"]),
        target=unquote(match["target"]),
        relation="directly" if arrow == "->" else "eventually",
        never=verb == "never",
        min_s=parse_seconds(match["min"]) if match["min"] else None,
        max_s=parse_seconds(match["max"]) if match["max"] else None,
    )


def _time(match: re.Match[str]) -> TimeFilter:
    fields = {"start": _instant(match["start"]), "end": _instant(match["end"])}
    return TimeFilter.model_validate({**fields, "mode": match["mode"] or "intersecting"})


def _instant(text: str) -> datetime | None:
    """An ISO date or time; one without zone stays so, for the book's zone to settle."""
    if not text.strip():
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise RequestError(
            f"{text.strip()!r} is no date. Write 2024-03-05 or 2024-03-05T08:00+08:00."
        ) from error
    return instant if instant.tzinfo is None else instant.astimezone(UTC)


def _variant(text: str) -> VariantFilter:
    if match := re.fullmatch(r"\s*(top|share)\s*=\s*([\d.]+)\s*", text):
        return VariantFilter.model_validate({match[1]: match[2]})
    sequences = re.findall(rf"(?:{_QUOTED}|[^,\"])+", text)
    return VariantFilter(sequences=tuple(_sequence(one) for one in sequences))


def _sequence(text: str) -> tuple[str, ...]:
    parts = re.findall(rf"\s*({_QUOTED}|.+?)\s*(?:->|$)", text, re.DOTALL)
    return tuple(unquote(part) for part in parts)


def parse_seconds(text: str) -> float:
    """``90s``, ``15min``, ``2h``, ``3d`` or ``1w``, in seconds."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text)
    if match is None or match[2] not in UNITS_S:
        raise RequestError(f"{text.strip()!r} is no duration. Write 90s, 15min, 2h, 3d or 1w.")
    return float(match[1]) * UNITS_S[match[2]]


def seconds_text(seconds: float) -> str:
    """The shortest exact form of a duration."""
    for unit, size in UNITS_S.items():
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def split_names(text: str) -> tuple[str, ...]:
    """Names between commas, in quotes where they need them."""
    parts = re.findall(rf"\s*({_QUOTED}|[^,]*)\s*(?:,|$)", text)
    names = [unquote(part) for part in parts[: -1 if text and not text.endswith(",") else None]]
    return tuple(name for name in names if name)


def unquote(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError as error:
            raise RequestError(f'{text} is no quoted name. Escape quotes inside as \\".') from error
    return text


def quote(name: object) -> str:
    """The name, in quotes where the text form needs them."""
    text = str(name)
    plain = (
        text
        and text == text.strip()
        and not re.search(r'[,;=<>!"\x00-\x1f]|\s(after|within)\s|->', text)
    )
    return text if plain else json.dumps(text, ensure_ascii=False)


def to_text(one: Filter) -> str:
    """The text that means this filter: ``parse_filter(to_text(f)) == f`` for values as text."""
    match one:
        case TimeFilter():
            mode = "" if one.mode == "intersecting" else f".{one.mode}"
            ends = (t.isoformat() if t else "" for t in (one.start, one.end))
            return f"time{mode}:{'..'.join(ends)}"
        case ActivityFilter():
            return _named("activity", one)
        case RoleFilter():
            return _named(one.role, one)
        case AttributeFilter():
            level = "events." if one.level == "events" else ""
            return f"{level}attribute:{_valued(one)}"
        case ObjectFilter():
            return f"object:{_valued(one)}"
        case VariantFilter():
            return f"variant:{_chosen(one)}"
        case DurationFilter():
            return f"duration{one.operator}{seconds_text(one.seconds)}"
        case PathFilter():
            return _path_text(one)


def _named(subject: str, one: ActivityFilter | RoleFilter) -> str:
    level = "events." if one.level == "events" else ""
    names = ",".join(quote(n) for n in one.names)
    return f"{level}{subject}{'!=' if one.without else '='}{names}"


def _valued(one: AttributeFilter | ObjectFilter) -> str:
    return f"{quote(one.name)}{one.operator}{','.join(quote(v) for v in one.values)}"


def _chosen(one: VariantFilter) -> str:
    if one.top is not None:
        return f"top={one.top}"
    if one.share is not None:
        return f"share={one.share}"
    return ",".join("->".join(quote(n) for n in sequence) for sequence in one.sequences)


def _path_text(one: PathFilter) -> str:
    directly = one.relation == "directly"
    verb = "never" if one.never else "follows" if directly else "eventually"
    after = f" after {seconds_text(one.min_s)}" if one.min_s is not None else ""
    within = f" within {seconds_text(one.max_s)}" if one.max_s is not None else ""
    arrow = "->" if directly else "=>"
    return f"{verb}:{quote(one.source)}{arrow}{quote(one.target)}{after}{within}"
