"""Units that a person typed otherwise than the records, and tables with a title above them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from companion_helpers import book_with, interventions, table
from thalweg.errors import MappingError

ROW = "A,model,{},2024-03-01,,,,planned,x"
PARTIES = "party,name\nF001,青禾制造\nF002,Two Pines\n"


@pytest.mark.parametrize(
    "typed", ["Two Pines", " two  pines ", "Ｔｗｏ Ｐｉｎｅｓ", "TwoPines", "two　pines"]
)
def test_width_case_and_blanks_do_not_make_another_unit(tmp_path: Path, typed: str) -> None:
    found = interventions(tmp_path, ROW.format(typed))
    assert found["unit"].to_list() == ["Two Pines"]


def test_a_number_in_full_width_reaches_the_party_and_is_told(tmp_path: Path) -> None:
    parties = table(tmp_path, PARTIES, "parties.csv")
    rows = table(tmp_path, "id,kind,unit,from,reason\nA,model,Ｆ００１,2024-03-01,x\n", "i.csv")
    book = book_with(tmp_path, interventions=rows, parties=parties)
    found = book.interventions()
    assert found is not None
    assert found["unit"].to_list() == ["F001"]
    (said,) = [one for one in book.trust.findings if one.code == "unit_respelled"]
    assert (said.severity, said.count) == ("note", 1)
    assert said.examples[0].value == "Ｆ００１ → F001"


def test_a_spelling_that_fits_two_names_is_not_guessed(tmp_path: Path) -> None:
    parties = table(tmp_path, "party,name\nab,One\nAB,Two\n", "parties.csv")
    rows = table(
        tmp_path,
        "id,kind,unit,from,reason\nA,model,Ab,2024-03-01,x\nA,model,ab,2024-03-01,x\n",
        "i.csv",
    )
    book = book_with(tmp_path, interventions=rows, parties=parties)
    found = book.interventions()
    assert found is not None
    assert found["unit"].to_list() == ["ab"]
    assert "unit_unknown" in {one.code for one in book.trust.findings}


def test_a_title_above_the_names_of_columns_is_named_as_the_trouble(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    sheet = (workbook := openpyxl.Workbook()).active
    assert sheet is not None
    sheet["A1"] = "举措推广计划"
    sheet.merge_cells("A1:D1")
    sheet.append(["id", "unit", "from", "reason"])
    sheet.append(["A", "Two Pines", "2024-03-01", "x"])
    workbook.save(path)
    with pytest.raises(MappingError, match="names must stand in the first row"):
        book_with(tmp_path, interventions=path)
