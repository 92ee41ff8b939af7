"""Before its figures a model's doubts are told: what was assumed, left out, fitted or is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from book_helpers import book_of, opened, simple
from thalweg.process.conformance.conform import conform_book
from thalweg.process.models.convert import tree_to_net
from thalweg.process.models.files.read import read_model
from thalweg.process.models.files.write import write_model
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.tree import activity, choice, sequence
from thalweg.records.intake import Batch, ObjectColumn
from thalweg.records.store.book import Book
from thalweg.surfaces.cli import commands  # noqa: F401
from thalweg.surfaces.cli.app import app
from thalweg.surfaces.model_doubts import model_doubts
from thalweg.surfaces.texts import LANGUAGES, load

LOOSE_ENDS = choice(activity("接单"), activity("取消"))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    rows = [
        (f"o{n}", name, n * 100 + k) for n in range(4) for k, name in enumerate(("接单", "发货"))
    ]
    source = opened(Batch(simple(*rows), (ObjectColumn("case", "订单"),)))
    return book_of(tmp_path_factory.mktemp("doubts") / "book", source)


def doubts(book: Book, model: object, language: str = "en") -> str:
    return "\n".join(model_doubts(conform_book(book, model=model), load(language)))  # type: ignore[arg-type]


def test_a_model_without_doubts_says_nothing(book: Book) -> None:
    assert doubts(book, sequence(activity("接单"), activity("发货"))) == ""


def test_activities_that_only_one_side_has_are_named(book: Book) -> None:
    for language in LANGUAGES:
        told = doubts(book, LOOSE_ENDS, language)
        assert "发货" in told
        assert "取消" in told


def test_labels_taken_for_recorded_names_are_listed(book: Book) -> None:
    told = doubts(book, sequence(activity(" 接单"), activity("发货")))
    assert "“ 接单” → “接单”" in told


def test_a_dead_transition_is_named_with_its_label(book: Book) -> None:
    net = tree_to_net(sequence(activity("接单"), activity("发货")))
    never = Transition("t9", "从不", ((len(net.places), 1),), ((0, 1),))
    broken = PetriNet(
        (*net.places, "island"),
        (*net.transitions, never),
        (*net.initial, 0),
        tuple((*marking, 0) for marking in net.finals),
    )
    told = doubts(book, broken)
    assert "One transition can never happen: 从不." in told


def test_what_a_file_did_not_say_is_told_at_the_terminal(book: Book, tmp_path: Path) -> None:
    net = tree_to_net(sequence(activity("接单"), activity("发货")))
    write_model(replace(net, finals=()), tmp_path / "open.pnml")
    assert getattr(read_model(tmp_path / "open.pnml"), "assumed", ()) != ()
    for language in LANGUAGES:
        call = ["conform", str(book.path), "--model", str(tmp_path / "open.pnml")]
        found = CliRunner().invoke(app, [*call, "--language", language])
        assert found.exit_code == 0, found.output
        assert load(language)("models.assumed.final_marking_from_sinks") in found.stdout
