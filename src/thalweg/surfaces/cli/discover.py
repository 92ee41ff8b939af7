"""``thalweg discover``: a model of how the work really runs, and how far it can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.map import Filters
from thalweg.surfaces.cli.output import note, print_json, step_bar, working
from thalweg.surfaces.texts import load

if TYPE_CHECKING:
    from thalweg.process.discovery.result import DiscoverResult

Notation = Literal["bpmn", "petri"]
MODEL_SUFFIXES = (".bpmn", ".pnml", ".ptree")
FromCounts = Annotated[
    bool, typer.Option("--from-counts", help="Use the counts of directly-follows pairs alone.")
]
ObjectCentric = Annotated[
    bool, typer.Option("--object-centric", help="All object types, joined where they share.")
]
Types = Annotated[
    str | None, typer.Option("--types", help="Of --object-centric: only these, with commas.")
]
Save = Annotated[
    list[Path] | None,
    typer.Option("--save", help="Write the model: .bpmn, .pnml or .ptree; repeatable."),
]


@app.command()
@interruptible
def discover(
    book: Annotated[Path | None, typer.Argument(help="Folder of the book.")] = None,
    type: Annotated[str | None, typer.Option("--type", help="Object type.")] = None,  # noqa: A002
    filters: Filters = None,
    noise: Annotated[
        float | None,
        typer.Option("--noise", min=0.0, max=1.0, help="What is rarer is left out; 0 keeps all."),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose", help="Walk the noise threshold and take the best model.")
    ] = False,
    from_counts: FromCounts = False,
    declare: Annotated[
        bool, typer.Option("--declare", help="Mine rules (DECLARE constraints) as well.")
    ] = False,
    object_centric: ObjectCentric = False,
    types: Types = None,
    save: Save = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the model: file.svg or file.png.")
    ] = None,
    notation: Annotated[
        Notation, typer.Option("--notation", help="How the picture is drawn.")
    ] = "bpmn",
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="Objects to measure quality on.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of samples.")] = 0,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema and end.")
    ] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Discover a model (process tree, BPMN, Petri net), measure it, draw it and save it."""
    if schema:
        _print_schema(object_centric)
        return
    if book is None:
        raise RequestError("Which book? Name its folder: thalweg discover BOOK")
    _check_files(save or [], picture)
    if object_centric:
        if choose or from_counts or type or sample or save:
            raise RequestError(
                "--object-centric joins the models of all types; it goes with --types, --noise, "
                "--filter, --declare and --picture only."
            )
        _discover_joint(book, types, filters, noise, declare, picture, as_json, language)
        return
    if types is not None:
        raise RequestError("--types goes with --object-centric. Use --type for a single type.")
    result = _discover(
        book,
        {
            "type": type,
            "filters": filters or [],
            "noise": noise,
            "choose": choose,
            "from_counts": from_counts,
            "declare": declare,
            "sample": sample,
            "seed": seed,
        },
        language,
    )
    _write(result, save or [], picture, notation, language)
    if as_json:
        print_json(result.to_json())
    else:
        from thalweg.surfaces.cli.discover_text import print_discovery

        print_discovery(result, language)


def _print_schema(object_centric: bool) -> None:
    if object_centric:
        from thalweg.process.discovery.object_centric import object_centric_json_schema

        print_json(object_centric_json_schema())
        return
    from thalweg.process.discovery.result import discover_json_schema

    print_json(discover_json_schema())


def _check_files(save: Sequence[Path], picture: Path | None) -> None:
    """Find out before the work, not after it, that a file cannot be written as asked."""
    for path in save:
        if path.suffix.lower() not in MODEL_SUFFIXES:
            raise RequestError(
                f"{path.name} is no model file. End it in {', '.join(MODEL_SUFFIXES)}."
            )
    if picture is not None and picture.suffix.lower() not in (".svg", ".png"):
        raise RequestError(f"{picture.name} is no picture name. End it in .svg or .png.")


def _discover(book: Path, options: dict[str, Any], language: str) -> DiscoverResult:
    from thalweg.process.discovery.discover import discover_book
    from thalweg.records.store.book import open_book

    say = load(language)
    with step_bar(lambda step: say(f"discover.step_{step}")) as told:
        return discover_book(open_book(book), told=told, **options)


def _write(
    result: DiscoverResult,
    save: Sequence[Path],
    picture: Path | None,
    notation: Notation,
    language: str,
) -> None:
    from thalweg.process.models.files.write import write_model

    for path in save:
        write_model(result.tree, path)
        note(f"{path}: {path.stat().st_size:,} bytes")
    if picture is not None:
        from thalweg.surfaces.models.discovered import picture_of
        from thalweg.surfaces.models.picture import draw_model

        model, overlay = picture_of(result, notation)
        draw_model(model, picture, language=language, overlay=overlay)
        note(f"{picture}: {picture.stat().st_size:,} bytes")


def _discover_joint(
    book: Path,
    types: str | None,
    filters: list[str] | None,
    noise: float | None,
    declare: bool,
    picture: Path | None,
    as_json: bool,
    language: str,
) -> None:
    from thalweg.process.constraints.linked_mining import mine_object_constraints
    from thalweg.process.discovery.discover import NOISE
    from thalweg.process.discovery.object_centric import discover_object_centric
    from thalweg.process.filter_text import split_names
    from thalweg.process.map import read_filters
    from thalweg.process.result import plain
    from thalweg.records.store.book import open_book
    from thalweg.surfaces.cli.discover_text import print_object_centric

    opened = open_book(book)
    chosen = read_filters(filters or [], opened.timezone)
    among = None if types is None else split_names(types)
    with working(load(language)("cli.working")):
        model = discover_object_centric(
            opened, among, NOISE if noise is None else noise, filters=chosen
        )
        rules = mine_object_constraints(opened, types=among, filters=chosen) if declare else None
    if picture is not None:
        from thalweg.surfaces.models.object_centric import draw_object_centric

        draw_object_centric(model, picture, language=language)
        note(f"{picture}: {picture.stat().st_size:,} bytes")
    if as_json:
        print_json(model.to_json() | ({} if rules is None else {"constraints": plain(rules)}))
    else:
        print_object_centric(model, rules, language)
