"""A profile says what an industry calls its things; a draft says how much of it is guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import thalweg
from companion_helpers import book_with, table
from thalweg.errors import ProfileError, RequestError
from thalweg.industry.world.mechanisms import FAILED_ENDS, LAYERS
from thalweg.industry.world.words import WORDS
from thalweg.records.profile.draft import draft_profile
from thalweg.records.profile.file import (
    example_profile,
    load_profile,
    parse_profile,
    profile_text,
    shipped_profile,
)
from thalweg.records.profile.model import Profile
from thalweg.records.profile.words import likely_layer
from thalweg.records.text.lengths import length_s
from thalweg.surfaces.cli import app
from thalweg.surfaces.cli import commands as _commands  # noqa: F401

LANGUAGES = ("en", "zh")
LEAST = "name: x\nlayers:\n  - {id: contract, activities: [Place order]}\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10 d", 864_000),
        ("48h", 172_800),
        ("2 weeks", 1_209_600),
        ("90 min", 5_400),
        ("1.5 days", 129_600),
        ("10天", 864_000),
        ("2个星期", 1_209_600),
        ("30 分钟", 1_800),
    ],
)
def test_lengths_of_time_read_as_people_write_them(text: str, seconds: float) -> None:
    assert length_s(text) == seconds


@pytest.mark.parametrize("text", ["10", "d", "ten days", "0 d", "-3 d", "3 moons", ""])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Write 10 d, 48 h"):
        length_s(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_activity_of_the_synthetic_industry_is_in_one_layer(language: str) -> None:
    """The shipped profile puts them where the world itself does."""
    profile, place = shipped_profile(language), LANGUAGES.index(language)
    said = {WORDS[key][place]: layer for key, layer in LAYERS.items()}
    assert profile.layers_by_activity() == said
    assert {name: profile.layer_of(name) for name in said} == said
    assert profile.failed_ends == tuple(WORDS[key][place] for key in FAILED_ENDS)


def test_the_shipped_profiles_say_the_same_in_both_languages() -> None:
    en, zh = (shipped_profile(language) for language in LANGUAGES)
    assert [layer.id for layer in en.layers] == [layer.id for layer in zh.layers]
    assert [layer.name for layer in en.layers] == [layer.name for layer in zh.layers]
    assert [layer.within_s for layer in en.layers] == [layer.within_s for layer in zh.layers]
    assert (en.within_s, en.kinds, en.currency) == (zh.within_s, zh.kinds, zh.currency)
    assert en.within_s == 30 * 86_400


def test_layers_and_kinds_are_found_by_id_and_by_name() -> None:
    profile = shipped_profile("en")
    found = [profile.layer(word) for word in ("processing", "Processing", " 加工 ")]
    assert {layer.id for layer in found if layer} == {"processing"} and None not in found
    assert profile.layer("melting") is None
    kind = profile.kind("技术")
    assert kind is not None and (kind.id, kind.called("zh")) == ("technology", "技术")
    assert profile.layer_of("Dance") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_profile_is_the_same_after_it_was_written_and_read(language: str, tmp_path: Path) -> None:
    profile = shipped_profile(language)
    path = table(tmp_path, profile_text(profile), "profile.yaml")
    assert load_profile(path) == profile
    assert Profile.model_validate(json.loads(profile.model_dump_json())) == profile
    assert set(yaml.safe_load(example_profile(language))) <= set(Profile.model_fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAST + "curency: CNY\n", "line 4: there is no field 'curency'. Did you mean 'currency'?"),
        (LEAST.replace("activities", "activites"), "no field 'layers[1].activites'. Did you mean"),
        ("name: x\n", "field 'layers' is missing. Add it."),
        ("name: x\nlayers: []\n", "line 2: field 'layers' is empty. List at least one."),
        (LEAST.replace("contract", "Contract"), "use small letters, digits and _ only"),
        (LEAST + "within: soon\n", "field 'within': 'soon' is no length of time."),
        (LEAST + "unit: customer\n", "field 'unit': write attribute:NAME or role:party"),
        (LEAST + "unit: role:prty\n", "there is no role 'prty'. Did you mean 'party'?"),
        (LEAST + "  - {id: contract}\n", "layer 'contract' stands there twice"),
        (
            LEAST + "  - {id: lead, activities: [Place order]}\n",
            "activity 'Place order' stands in layer 'contract' and in layer 'lead'",
        ),
        (LEAST + "hours: {zone: Mars, hours: {}}\n", "there is no time zone 'Mars'"),
        (
            LEAST + "hours: {zone: UTC, hours: {mon: ['9-17']}}\n",
            "'9-17' is no interval of a day; write 09:00-17:30",
        ),
        (LEAST + "hours: {zone: UTC, hours: {mond: []}}\n", "Did you mean 'mon'?"),
        (LEAST + "name: y\n", "line 4 is not valid YAML: field 'name' stands there twice"),
        ("- a\n", "holds no fields"),
        ("name: [\n", "is not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_profile_is_named_with_line_field_and_cure(
    text: str, said: str
) -> None:
    with pytest.raises(ProfileError) as error:
        parse_profile(text, "p.yaml")
    assert str(error.value).startswith("p.yaml")
    assert said in str(error.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path / "none.yaml")
    path = table(tmp_path, "name: 钢", "gbk.yaml", "gbk")
    with pytest.raises(ProfileError, match="is not UTF-8 text"):
        load_profile(path)


def test_hours_and_an_owner_s_kinds_are_kept() -> None:
    text = LEAST + (
        "kinds: [{id: partnership, name: {en: Partnership, zh: 合作}}]\n"
        "unit: party\nhours: {zone: Asia/Shanghai, hours: {mon: ['09:00-12:00', '13:00-24:00']},"
        " holidays: [2024-10-01]}\n"
    )
    profile = parse_profile(text)
    assert profile.unit == "role:party"
    assert [kind.id for kind in profile.kinds] == ["partnership"]
    assert profile.hours is not None and str(profile.hours.holidays[0]) == "2024-10-01"
    assert parse_profile(profile_text(profile)) == profile


def test_activities_tell_their_layer_by_the_words_in_their_names() -> None:
    expected = {
        "Receive inquiry": "lead",
        "Send quotation": "match",
        "Create Purchase Order Item": "contract",
        "Record Goods Receipt": "warehousing",
        "Ship goods": "logistics",
        "Slit coil": "processing",
        "Roll coils": "production",
        "Inspect quality": "quality",
        "Record Invoice Receipt": "settlement",
        "Repay loan": "finance",
        "接收询价": "lead",
        "签订合同": "contract",
        "钢卷入库": "warehousing",
        "发货": "logistics",
        "纵剪加工": "processing",
        "质量检验": "quality",
        "开具发票": "settlement",
        "收到货款": "settlement",
        "发放贷款": "finance",
        "A_ACTIVATED": "other",
        "membership": "other",
        "latest news": "other",
    }
    assert {name: likely_layer(name) for name in expected} == expected


def test_a_draft_counts_what_no_word_tells_and_fits_its_book(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    draft = draft_profile(book)
    assert draft.profile.type == "case"
    assert draft.profile.failed_ends == ("Cancel order",)
    assert sorted([*draft.known, *draft.other]) == sorted(book.activities)
    assert draft.profile.layer_of("Ship goods") == "logistics"
    kept = thalweg.ingest(into=book.path, profile=draft.profile)
    assert kept.profile() == draft.profile
    assert kept.trust.find("activities_without_layer") is None
    with pytest.raises(RequestError, match="no object type 'coil'"):
        draft_profile(book, "coil")


def test_a_profile_that_the_book_does_not_fit_is_refused(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    for field, said in (
        ("type: cas", "no such object type. Did you mean 'case'?"),
        (
            "unit: attribute:custommer",
            "neither objects nor events have it. Did you mean 'customer'",
        ),
        ("value: amount", "'value' names the attribute 'amount'"),
        ("unit: party", "names the role 'party', and the book has it not. Its roles are: none"),
    ):
        path = table(tmp_path, LEAST + field + "\n", "p.yaml")
        with pytest.raises(ProfileError) as error:
            thalweg.ingest(into=book.path, profile=path)
        assert said in str(error.value) and str(path) in str(error.value)
    assert thalweg.open_book(book.path).manifest.generation == 1


def test_activities_that_only_one_of_book_and_profile_knows_are_told(tmp_path: Path) -> None:
    text = LEAST.replace("[Place order]", "[Place order, Fly]") + "unit: attribute:customer\n"
    book = book_with(tmp_path, profile=table(tmp_path, text, "p.yaml"))
    absent = book.trust.find("profile_activities_absent")
    homeless = book.trust.find("activities_without_layer")
    assert absent is not None and [e.value for e in absent.examples] == ["Fly"]
    assert homeless is not None and (homeless.count, homeless.of) == (3, 4)


def run(*words: str | Path) -> tuple[str, str]:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout, done.stderr


def test_the_command_prints_a_draft_and_says_what_it_rests_on(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    shown, told = run("profile", book.path)
    assert parse_profile(shown) == draft_profile(book).profile
    assert "4 of 4 activities were put into layers" in told
    path = tmp_path / "draft.yaml"
    run("profile", book.path, "--save", path, "--language", "zh")
    assert load_profile(path) == draft_profile(book).profile
    with pytest.raises(RequestError, match="is already there"):
        run("profile", book.path, "--save", path)
    thalweg.ingest(into=book.path, profile=parse_profile(LEAST))
    held, told = run("profile", book.path)
    assert parse_profile(held) == parse_profile(LEAST) and told == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_prints_the_example(language: str) -> None:
    shown, _ = run("profile", "--example", "--language", language)
    assert shown.rstrip() == example_profile(language).rstrip()
    told, _ = run("profile", "--example", "--language", language, "--json")
    assert json.loads(told)["profile"]["currency"] == "CNY"


def test_the_command_wants_a_book_or_the_example(tmp_path: Path) -> None:
    for words in (("profile",), ("profile", str(tmp_path), "--example")):
        with pytest.raises(RequestError, match="one of the two"):
            run(*words)
