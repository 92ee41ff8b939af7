"""A book of tables of money alone: it opens, says so, and refuses in words what needs events."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import thalweg
from companion_helpers import table
from money_tables import LEDGER, codes, money_book, profile, rows, told
from thalweg.errors import BookError, ProfileError, RequestError, ThalwegError
from thalweg.records.companions.attach import beside_from
from thalweg.records.export.book import export_book
from thalweg.records.profile.draft import draft_profile
from thalweg.records.store.upkeep import verify
from thalweg.surfaces.cli import main
from thalweg.surfaces.cli.trust import ingest_summary

LOG = (
    "case_id,activity,timestamp,firm\n1,Place order,2024-01-03,F1\n1,Sign contract,2024-01-05,F1\n"
)
MAPPING = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")


@pytest.fixture
def book(tmp_path: Path) -> Any:
    return money_book(tmp_path, ledger=LEDGER)


def test_it_opens_and_says_that_it_has_no_events(book: Any) -> None:
    assert (book.types, book.n_events, book.activities) == ([], 0, ())
    assert book.events().collect().is_empty()
    assert told(book, "no_events").severity == "note"
    assert verify(book.path).problems == ()
    assert ingest_summary(book)["events"] == 0
    assert (book.manifest.format, book.manifest.generation) == (2, 1)
    assert thalweg.open_book(book.path).fingerprint == book.fingerprint


@pytest.mark.parametrize("verb", ["map", "discover", "waits", "conform", "drift", "prove"])
def test_what_needs_events_is_refused_in_words(verb: str, book: Any) -> None:
    with pytest.raises(RequestError, match="no object type with events"):
        getattr(thalweg, verb)(book)


def test_exports_are_refused_in_words(book: Any, tmp_path: Path) -> None:
    for name in ("x.xes", "x.json", "x.sqlite", "x.parquet"):
        with pytest.raises(RequestError, match="no events"):
            export_book(book, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_events_may_come_later_and_the_tables_stay(book: Any, tmp_path: Path) -> None:
    log = table(tmp_path, LOG, "log.csv")
    with pytest.raises(BookError, match="--append"):
        thalweg.ingest(log, book.path, mapping=MAPPING)
    after = thalweg.ingest(log, book.path, mapping=MAPPING, append=True, timezone="UTC")
    assert (after.types, after.n_events) == (["case"], 2)
    assert rows(after, "ledger").equals(rows(book, "ledger"))
    assert "no_events" not in codes(after)
    assert verify(after.path).problems == ()
    assert thalweg.map(after).to_json()["objects"] == 1


def test_a_profile_waits_for_the_events_and_is_held_against_them(tmp_path: Path) -> None:
    book = money_book(tmp_path, form=profile(type="order", unit="attribute:firm"), ledger=LEDGER)
    held = book.profile()
    assert held is not None and held.type == "order"
    log = table(tmp_path, LOG, "log.csv")
    with pytest.raises(ProfileError, match="no such object type"):
        thalweg.ingest(log, book.path, mapping=MAPPING, append=True, timezone="UTC")
    assert thalweg.open_book(book.path).manifest.generation == 1
    fitting = profile(unit="attribute:firm")
    after = thalweg.ingest(
        log, book.path, mapping=MAPPING, append=True, timezone="UTC", profile=fitting
    )
    assert after.n_events == 2


def test_only_money_makes_a_book_of_its_own(tmp_path: Path) -> None:
    parties = table(tmp_path, "id\nF1\n", "parties.csv")
    with pytest.raises(BookError, match="Ingest into it first"):
        thalweg.ingest((), tmp_path / "none", parties=parties)
    with pytest.raises(RequestError, match="nothing to ingest"):
        thalweg.ingest((), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert not beside_from({"ledger": None}, None, None)
    bad = table(tmp_path, "month,account,amount\nsoon,R,1\n", "bad.csv")
    with pytest.raises(ThalwegError):
        thalweg.ingest((), tmp_path / "none", ledger=bad)
    assert not (tmp_path / "none").exists()


def test_interventions_stand_beside_a_ledger_alone(tmp_path: Path) -> None:
    head = "id,kind,unit,from,assignment,reason\n"
    book = money_book(
        tmp_path, ledger=LEDGER, interventions=f"{head}A,technology,F1,2024-02-01,planned,x\n"
    )
    found = book.interventions()
    assert found is not None and found["unit"].to_list() == ["F1"]


def test_a_draft_of_a_ledger_alone_maps_its_accounts(tmp_path: Path) -> None:
    text = (
        "month,account,amount,currency\n2024-01,主营业务收入,9,CNY\n2024-01,推广费,-3,CNY\n"
        "2024-01,应收账款,5,CNY\n2024-02,Revenue,9,CNY\n2024-02,Revenue,8,CNY\n"
    )
    draft = draft_profile(money_book(tmp_path, ledger=text))
    assert draft.profile.accounts == {
        "revenue": ("Revenue", "主营业务收入"),
        "marketing": ("推广费",),
    }
    assert draft.unmapped == ("应收账款",)
    assert set(draft.accounts) == {"主营业务收入", "推广费", "Revenue"}
    assert (draft.profile.currency, draft.profile.type) == ("CNY", None)
    assert [layer.id for layer in draft.profile.layers][:2] == ["lead", "match"]


def test_the_command_line_makes_one_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["thalweg", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        caught = capsys.readouterr()
        return int(ended.value.code or 0), caught.out, caught.err

    ledger = table(tmp_path, LEDGER, "ledger.csv")
    for language, words in (("en", "A book without events"), ("zh", "没有事件的账册")):
        into, said = tmp_path / language, ("--language", language)
        code, out, _ = run("ingest", "--ledger", ledger, "--into", into, *said)
        assert code == 0 and words in out
        code, _, err = run("map", into)
        assert code == 2 and "--append" in err
        code, out, err = run("profile", into, *said)
        assert code == 0 and "marketing:" in out and "2" in err
