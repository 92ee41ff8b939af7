"""Rule files that process owners write: what is understood, and how faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import thalweg
from thalweg.errors import RuleError
from thalweg.industry.sample import Sample, write_sample
from thalweg.process.conformance.conform import conform_book
from thalweg.process.conformance.rules.file import example_rules, load_rules, parse_rules
from thalweg.process.conformance.rules.kinds import KINDS, read_span
from thalweg.records.mapping.flat import load_mapping
from thalweg.surfaces.cli.conform_explain import explain_rule
from thalweg.surfaces.texts import load


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("sample"), orders=100)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_example_is_about_every_kind_of_rule_and_runs_on_the_demonstration(
    language: str, sample: Sample, tmp_path: Path
) -> None:
    rules = parse_rules(example_rules(language))
    assert {rule.kind for rule in rules.rules} == set(KINDS)
    source, mapping = (
        (sample.english, sample.english_mapping)
        if language == "en"
        else (sample.chinese, sample.chinese_mapping)
    )
    thalweg.ingest(source, mapping=load_mapping(mapping), into=tmp_path / "book")
    result = conform_book(thalweg.open_book(tmp_path / "book"), rules=rules)
    table = result.tables["rules"]
    assert table["rule"].to_list() == [rule.id for rule in rules.rules]
    assert result.model is None
    busy = table.filter(table["checked"] + table["pending"] + table["not_checkable"] > 0)
    assert len(busy) >= len(table) - 1


def test_both_examples_state_the_same_rules() -> None:
    english, chinese = (parse_rules(example_rules(language)).rules for language in ("en", "zh"))
    for one, other in zip(english, chinese, strict=True):
        assert (one.kind, one.severity) == (other.kind, other.severity)
        assert one.text.en and other.text.zh and one.text.en.isascii()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rule_of_the_example_is_explained_in_words(language: str) -> None:
    file = parse_rules(example_rules(language))
    for rule in file.rules:
        lines = list(explain_rule(rule, file, load(language)))
        assert lines and all(line.endswith((".", "。")) for line in lines), lines
        assert not any("{" in line for line in lines)


RULES = """\
type: order
rules:
  - id: first
    kind: order
    first: A
    then: B
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("then: B", "then: B\n    sevrity: high"), "line 7, rule 'first': there is no field 'rules[1].sevrity'. Did you mean 'severity'?"),
        (("then: B", ""), "line 3, rule 'first': field 'rules[1].then' is missing. Add it."),
        (("kind: order", "kind: ordre"), "field 'rules[1].kind' is 'ordre'. Did you mean 'order'?"),
        (("    kind: order\n", ""), "line 3, rule 'first': field 'rules[1].kind' is missing."),
        (("then: B", "then: B\n    relation: respons"), "line 7, rule 'first': field 'rules[1].relation' is 'respons'. Did you mean 'response'?"),
        (("then: B", "then: B\n    since: 2024-13-01"), "line 7, rule 'first': field 'rules[1].since'"),
        (("then: B", "then: B\n    since: 2024-02-01\n    until: 2024-01-01"), "'until' lies before 'since'"),
        (("then: B", "then: B\n    when: amount>3"), "'amount>3' is no filter"),
        (("then: B", "then: B\n    when: events.activity=A"), "leave 'events.'"),
        (("then: B", "then: B\n    cost: amount"), "Write object:COLUMN or attribute:COLUMN"),
        (("then: B", "then: B\n    first: C"), "line 7: field 'first' stands there twice."),
        (("then: B", "then: [B"), "is not valid YAML"),
        (("first: A", "first: &x A"), None),
        (("then: B", "then: *x"), "is not valid YAML"),
        (("type: order", "type: order\ntyp: order"), "line 2: there is no field 'typ'. Did you mean 'type'?"),
        (("then: B", "then: B\n  - id: first\n    kind: must\n    activity: A"), "rule 2 (first): two rules have this id"),
        (("then: B", "then: B\n  - id: t\n    kind: time\n    within: 3 moons"), "line 9, rule 't': field 'rules[2].within': '3 moons' is no length of time."),
        (("then: B", "then: B\n  - id: t\n    kind: time\n    within: 5 working days"), "need 'calendar'"),
        (("then: B", "then: B\n  - id: t\n    kind: time"), "say one of 'within', 'at_least' and 'by'"),
        (("then: B", "then: B\n  - id: t\n    kind: who\n    activity: A\n    one_of: '@boss'"), "there is no group 'boss' (found: none)"),
        (("then: B", "then: B\n  - id: t\n    kind: people\n    activities: A"), "at least two different"),
        (("then: B", "then: B\n  - id: t\n    kind: match\n    sides: [{name: a, attribute: x, unit: u}, {name: b, attribute: x}]"), "either every side names its 'unit', or none does"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_line_rule_field_and_cure(
    change: tuple[str, str], told: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace(*change), encoding="utf-8")
    if told is None:
        assert load_rules(path).rules[0].id == "first"
        return
    with pytest.raises(RuleError) as caught:
        load_rules(path)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    text = RULES.replace("then: B", "tehn: B").replace("first: A", "frist: A")
    with pytest.raises(RuleError, match=r"4 problems\.(\n  - line .*){4}"):
        parse_rules(text)


@pytest.mark.parametrize("text", ["", "a list", "- a", "rules: []", "rules: 3", "? [a]\n: b"])
def test_what_is_no_rule_file_is_refused_in_words(text: str) -> None:
    with pytest.raises(RuleError):
        parse_rules(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_but_never_crashes(text: str) -> None:
    for whole in (text, f"rules:\n  - {text}", RULES.replace("B", text)):
        try:
            parse_rules(whole)
        except RuleError as error:
            assert str(error)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"none\.yaml cannot be read"):
        load_rules(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("规则".encode("gbk"))
    with pytest.raises(RuleError, match="not UTF-8"):
        load_rules(tmp_path / "gbk.yaml")


def test_words_stay_words_and_names_may_be_chinese() -> None:
    text = RULES.replace("first: A", "first: [001, on, 下单]").replace("then: B", "then: no")
    rule = parse_rules(text).rules[0]
    assert (rule.first, rule.then) == (("001", "on", "下单"), ("no",))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("90min", 5400, "time"), ("3d", 259_200, "time"), ("3天", 259_200, "time"),
        ("2周", 1_209_600, "time"), ("1.5小时", 5400, "time"), ("30 分钟", 1800, "time"),
        ("5 working days", 5, "working_days"), ("5个工作日", 5, "working_days"),
        ("40 working hours", 144_000, "working_hours"), ("8个工作小时", 28_800, "working_hours"),
    ],
)  # fmt: skip
def test_lengths_of_time_are_read_in_both_languages(text: str, amount: float, unit: str) -> None:
    span = read_span(text)
    assert (span.amount, span.unit) == (amount, unit)
