"""What a table of interventions or parties may not say: row, column, value and cure are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import thalweg
from companion_helpers import HEAD, book_with, interventions, table
from thalweg.errors import MappingError, RequestError, SourceError, StrictError
from thalweg.records.companions.faults import _SAID
from thalweg.records.profile.file import parse_profile
from thalweg.records.store.upkeep import verify
from thalweg.records.trust import Finding
from thalweg.surfaces.texts import LANGUAGES, load

GOOD = "A,,Two Pines,2024-03-01,,,,planned,why"
PROFILE = parse_profile(
    "name: x\nlayers:\n  - {id: contract, name: {en: Contract, zh: 合同}, activities: [Place order]}\n"
)


def refused(folder: Path, *rows: str, head: str = HEAD, **beside: Any) -> str:
    """The error that a table of interventions ends in; no book comes of it."""
    source = table(folder, head + "\n".join(rows) + "\n", "iv.csv")
    with pytest.raises((SourceError, MappingError)) as error:
        book_with(folder, interventions=source, **beside)
    assert not (folder / "book").exists()
    return str(error.value)


def set_aside(folder: Path, row: str, **beside: Any) -> Finding:
    """The loss that a bad row leads to beside a good row of the same intervention."""
    found = interventions(folder, GOOD, row, **beside)
    assert found["unit"].to_list() == ["Two Pines"]
    book = thalweg.open_book(folder / "book")
    losses = [f for f in book.trust.findings if f.severity == "loss"]
    assert len(losses) == 1 and losses[0].count == 1
    assert losses[0].examples[0].row == 3
    record = book.companion_record("interventions")
    assert record is not None
    assert (record.rows_read, record.rows, record.rows_set_aside) == (2, 1, 1)
    assert verify(book.path).whole
    return losses[0]


def test_a_missing_column_is_named_with_its_meaning_and_how_to_mend_it(tmp_path: Path) -> None:
    said = refused(tmp_path, "A,Two Pines", head="id,firm\n")
    assert "no column for 'from' (day or time from which it was in force); 'reason'" in said
    assert "It has: 'id', 'firm'." in said
    assert "interventions: {columns: {from: NAME, reason: NAME}}" in said


@pytest.mark.parametrize(
    ("row", "code", "value"),
    [
        ("A,,Harbour Fan,2024-13-01,,,,planned,why", "cell_unreadable", "2024-13-01"),
        ("A,,Harbour Fan,2024-03-01,2024-02-01,,,planned,why", "ends_before_start", "2024-02-01"),
        ("A,,Harbour Fan,2024-03-01,,0,,planned,why", "number_not_positive", "0"),
        ("A,,Harbour Fan,2024-03-01,,much,,planned,why", "cell_unreadable", "much"),
        ("A,,Harbour Fan,2024-03-01,,,-3,planned,why", "number_negative", "-3"),
        ("A,,Harbour Fan,2024-03-01,,,,by chance?,why", "assignment_unknown", "by chance?"),
        ("A,,Harbour Fan,2024-03-01,,,,planned,", "required_cell_empty", ""),
        ("A,,,2024-03-01,,,,planned,why", "required_cell_empty", ""),
        ("A,,Harbor Fan,2024-03-01,,,,planned,why", "unit_unknown", "Harbor Fan → Harbour Fan?"),
        (
            "A,,Harbour Fan,2024-03-01,,,planned",
            "row_ragged",
            "A,,Harbour Fan,2024-03-01,,,planned",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_and_counted(
    tmp_path: Path, row: str, code: str, value: str
) -> None:
    finding = set_aside(tmp_path, row)
    assert (finding.code, finding.examples[0].value) == (code, value)


def test_rows_set_aside_keep_whom_they_concern(tmp_path: Path) -> None:
    set_aside(tmp_path, "A,,Harbour Fan,soon,,,,planned,why")
    kept = thalweg.open_book(tmp_path / "book").companion_set_aside("interventions")
    assert kept.select("@row", "reason", "column", "value", "id", "unit").rows() == [
        (3, "cell_unreadable", "from", "soon", "A", "Harbour Fan")
    ]
    assert '"reason":"why"' in kept["record"][0]


def test_an_intervention_of_which_no_row_can_be_used_is_an_error(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        GOOD,
        "B,,Two Pine,2024-03-01,,,,planned,why",
        "B,,Harbour Fan,2024-02-30,,-1,,planned,why",
    )
    assert "iv.csv: not one row of id 'B' can be used: 3 problems." in said
    assert "row 3, column 'unit': 'Two Pine' is neither a party nor does it occur" in said
    assert "Did you mean 'Two Pines'?" in said
    assert "row 4, column 'from': '2024-02-30' cannot be read. Write a day as 2024-03-01." in said
    assert "row 4, column 'intensity': -1 is not above zero." in said


def test_errors_name_columns_as_the_file_spells_them(tmp_path: Path) -> None:
    head = HEAD.replace("from", "上线日期")
    said = refused(tmp_path, "B,,Two Pines,soon,,,,planned,why", head=head)
    assert "column '上线日期' (from): 'soon' cannot be read" in said


def test_kinds_and_layers_are_held_against_the_profile(tmp_path: Path) -> None:
    head = "id,kind,layers,unit,from,assignment,reason\n"
    said = refused(
        tmp_path,
        "A,techology,合同,Two Pines,2024-03-01,planned,why",
        "A,技术,Contract;contarct,Harbour Fan,2024-03-01,planned,why",
        head=head,
        profile=PROFILE,
    )
    assert "row 2, column 'kind': 'techology' is no kind" in said
    assert "Did you mean 'technology' or 'Technology'?" in said
    assert "row 3, column 'layers': 'contarct' is no layer of the profile." in said


def test_any_kind_and_layer_may_be_named_without_a_profile(tmp_path: Path) -> None:
    head = "id,kind,layers,unit,from,assignment,reason\n"
    rows = "A,partnership,my stage、加工,Two Pines,2024-03-01,planned,why\n"
    found = book_with(tmp_path, interventions=table(tmp_path, head + rows)).interventions()
    assert found is not None
    assert found.select("kind", "layers").row(0) == ("partnership", ["my stage", "processing"])


def test_the_same_intervention_twice_at_a_time_is_set_aside_whole(tmp_path: Path) -> None:
    found = interventions(
        tmp_path,
        "A,,Two Pines,2024-02-01,2024-02-29,,,planned,why",
        "A,,Two Pines,2024-03-01,,,,planned,follows at once",
        "A,,Harbour Fan,2024-02-01,,,,planned,why",
        "A,,Harbour Fan,2024-05-01,,,,planned,again",
    )
    assert found["unit"].to_list() == ["Two Pines", "Two Pines"]
    book = thalweg.open_book(tmp_path / "book")
    loss = book.trust.find("intervention_overlaps", "interventions.from")
    assert loss is not None and loss.count == 2
    assert loss.examples[0].value == "A, Harbour Fan"


def test_a_name_that_two_parties_have_is_refused_with_their_ids(tmp_path: Path) -> None:
    parties = table(tmp_path, "id,name\nF1,Acme\nF2,Acme\n", "parties.csv")
    finding = set_aside(tmp_path, "A,,Acme,2024-03-01,,,,planned,why", parties=parties)
    assert (finding.code, finding.examples[0].value) == ("unit_ambiguous", "Acme → F1 / F2?")


def test_doubtful_rows_are_used_and_told(tmp_path: Path) -> None:
    interventions(
        tmp_path,
        "A,model,Two Pines,2031-01-01,,,,,Unknown",
        "A,technology,Harbour Fan,2024-03-01,,,,planned,why",
    )
    book = thalweg.open_book(tmp_path / "book")
    told = {f.code: (f.severity, f.count) for f in book.trust.findings}
    assert told["intervention_outside_records"] == ("warning", 1)
    assert told["reason_unknown"] == ("warning", 1)
    assert told["assignment_not_stated"] == ("warning", 1)
    assert told["intervention_told_differently"] == ("warning", 2)
    assert "kind_not_stated" not in told


def test_parties_that_differ_or_go_in_circles_are_set_aside(tmp_path: Path) -> None:
    text = "id,name,parent\nF1,a,\nF1,b,\nF2,c,F3\nF3,d,F2\nF4,e,West\n"
    book = book_with(tmp_path, parties=table(tmp_path, text))
    found = book.parties()
    assert found is not None
    assert found.select("id", "parent").rows() == [("F4", "West")]
    losses = {f.code: f.count for f in book.trust.findings if f.severity == "loss"}
    assert losses == {"party_repeated": 2, "parent_circular": 2}
    assert book.trust.find("parent_not_listed") is not None


def test_strict_mode_refuses_what_a_table_leaves_doubtful(tmp_path: Path) -> None:
    source = table(tmp_path, HEAD + "A,,Two Pines,2024-03-01,,,,planned,unknown\n")
    with pytest.raises(StrictError, match="reason_unknown"):
        book_with(tmp_path, interventions=source, strict=True)
    assert not (tmp_path / "book").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "holds no rows"),
        ("", "is empty"),
        ("<log></log>", "and a table was expected"),
    ],
)
def test_a_file_that_is_no_table_with_rows_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        book_with(tmp_path, interventions=table(tmp_path, text, "iv.csv"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("interventons: {}\n", "line 1: there is no field 'interventons'. Did you mean 'interv"),
        ("interventions: {columns: {unt: firm}}\n", "no column 'unt'. Did you mean 'unit'?"),
        ("interventions: {columns: {unit: frm}}\n", "has no column 'frm'. Did you mean 'from'?"),
        ("interventions: {timezone: Asia/Shangai}\n", "Asia/Shangai"),
    ],
)
def test_a_wrong_file_of_columns_is_refused_with_the_nearest_names(
    tmp_path: Path, text: str, said: str
) -> None:
    columns = table(tmp_path, text, "columns.yaml")
    with pytest.raises((MappingError, RequestError)) as error:
        interventions(tmp_path, GOOD, columns=columns)
    assert said in str(error.value)


def test_every_fault_has_a_sentence_and_words_in_both_languages() -> None:
    for language in LANGUAGES:
        assert sorted(_SAID.keys() - load(language).findings.keys()) == []
