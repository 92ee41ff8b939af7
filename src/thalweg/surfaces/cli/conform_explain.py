"""Rules in plain words, so that their owner can see what a file means before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer

from thalweg.process.conformance.rules.kinds import (
    MatchRule,
    MustRule,
    NeverRule,
    OrderRule,
    PeopleRule,
    Rule,
    RuleFile,
    TimeRule,
    ValueRule,
    WhoRule,
)
from thalweg.surfaces.format_values import format_number, format_share
from thalweg.surfaces.texts import Texts, load


def print_explanation(file: RuleFile, language: str) -> None:
    """Every rule: its own text, what it means, and when it applies."""
    say = load(language)
    for rule in file.rules:
        kind = rule.type or file.type
        severity = say(f"conform.severities.{rule.severity}")
        key = "heading_any" if kind is None else "heading"
        typer.echo(_said(say, key, id=rule.id, severity=severity, type=kind))
        own = rule.text.of(language)
        for line in ([own] if own else []) + list(explain_rule(rule, file, say)):
            typer.echo(f"  {line}")


def explain_rule(rule: Rule, file: RuleFile, say: Texts) -> Iterator[str]:
    """What a rule means, sentence by sentence."""
    yield from _meaning(rule, file, say)
    if rule.links:
        types = _listed(say, [link.type for link in rule.links])
        yield _said(say, "links", types=types)
    for name in ("when", "since", "until"):
        if (value := getattr(rule, name)) is not None:
            yield _said(say, name, **{name: value})


def _meaning(rule: Rule, file: RuleFile, say: Texts) -> Iterator[str]:
    match rule:
        case OrderRule():
            key = f"order_{rule.relation}_{rule.how}"
            yield _said(say, key, first=_any(say, rule.first), then=_any(say, rule.then))
        case TimeRule():
            yield from _time(rule, say)
        case PeopleRule():
            listed = _listed(say, rule.activities_)
            yield _said(say, f"people_{rule.must}_{rule.who}", activities=listed)
        case WhoRule():
            key = "who_one_of" if rule.one_of is not None else "who_none_of"
            names = _listed(say, file.members(rule.one_of or rule.none_of or ()))
            yield _said(say, key, activity=_any(say, rule.activity), names=names)
        case MustRule():
            key = "must" if rule.before is None else "must_before"
            before = _any(say, rule.before or ())
            yield _counted(
                say, key, rule.at_least, activity=_any(say, rule.activity), before=before
            )
        case NeverRule():
            key = "never" if rule.after is None else "never_after"
            key = key if rule.at_most else f"{key}_none"
            after = _any(say, rule.after or ())
            yield _counted(say, key, rule.at_most, activity=_any(say, rule.activity), after=after)
        case ValueRule():
            yield _value(rule, file, say)
        case MatchRule():
            sides = [f"“{side.name}”" for side in rule.sides]
            yield _said(
                say,
                f"match_{rule.must}",
                sides=_listed(say, sides[1:]),
                reference=sides[0],
                relative=format_share(rule.tolerance.relative, say.language),
                absolute=format_number(rule.tolerance.absolute, say.language),
            )


def _time(rule: TimeRule, say: Texts) -> Iterator[str]:
    source = _any(say, rule.from_) if rule.from_ else say("conform.explain.begin")
    target = _any(say, rule.to) if rule.to else say("conform.explain.end")
    for key, span in (("time_within", rule.within), ("time_at_least", rule.at_least)):
        if span is not None:
            yield _said(say, key, source=source, target=target, limit=span.text)
    if rule.by is not None:
        yield _said(say, "time_by", target=target, by=rule.by)
    if rule.calendar is not None:
        yield _said(say, "time_calendar", calendar=rule.calendar)
    if rule.started:
        yield _said(say, "time_started", target=target)
    if rule.pairing == "first" and rule.from_:
        yield _said(say, "time_first", source=source)
    if rule.optional:
        yield _said(say, "time_optional", target=target)


def _value(rule: ValueRule, file: RuleFile, say: Texts) -> str:
    tests = [_said(say, "tests.present")] if rule.present else []
    for name, bound in rule.tests():
        shown = (
            _listed(say, file.members(bound))
            if isinstance(bound, tuple)
            else format_number(bound, say.language)
        )
        tests.append(_said(say, f"tests.{name}", bound=shown))
    joined = say("conform.explain.and").join(tests)
    if rule.activity is None:
        return _said(say, "value_object", attribute=rule.attribute, tests=joined)
    activity = _any(say, rule.activity)
    return _said(say, "value_event", attribute=rule.attribute, activity=activity, tests=joined)


def _counted(say: Texts, key: str, times: int, **values: object) -> str:
    single = f"{key}_one"
    if times == 1 and say.has(f"conform.explain.{single}"):
        key = single
    return _said(say, key, times=times, **values)


def _any(say: Texts, names: Sequence[str]) -> str:
    return say("conform.explain.or").join(f"“{name}”" for name in names)


def _listed(say: Texts, names: Sequence[str]) -> str:
    return say("conform.explain.and").join(names)


def _said(say: Texts, key: str, **values: object) -> str:
    return say(f"conform.explain.{key}", **values)
