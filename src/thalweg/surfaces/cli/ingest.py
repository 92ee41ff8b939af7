"""``thalweg ingest``: from files to a book."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thalweg.errors import RequestError
from thalweg.surfaces.cli.app import AsJson, Language, app, interruptible
from thalweg.surfaces.cli.inspect import print_proposal
from thalweg.surfaces.cli.output import print_json, progress_bar
from thalweg.surfaces.cli.trust import ingest_summary, print_ingested

if TYPE_CHECKING:
    from thalweg.records.intake import ReadRequest, Role
    from thalweg.records.locate import Located
    from thalweg.records.mapping.flat import FlatMapping

TABLE_FORMATS = frozenset({"csv", "xlsx", "parquet", "jsonl", "sql"})


@app.command()
@interruptible
def ingest(
    into: Annotated[Path, typer.Option("--into", help="Folder of the book.")],
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, zip archives or database addresses; none to put tables or a profile "
            "beside the events of a book, or to make one of a ledger alone."
        ),
    ] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file (YAML).")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Column with the case id.")] = None,
    activity: Annotated[
        list[str] | None,
        typer.Option("--activity", help="Column with the activity; repeat to join."),
    ] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column with the time.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="Column with the start.")] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", help="Column with who did it.")
    ] = None,
    party: Annotated[str | None, typer.Option("--party", help="Column with the firm.")] = None,
    interventions: Annotated[
        str | None,
        typer.Option("--interventions", help="Table of what was rolled out to whom and when."),
    ] = None,
    parties: Annotated[
        str | None, typer.Option("--parties", help="Table of who takes part.")
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option("--ledger", help="Table of amounts by party, month, product and account."),
    ] = None,
    traffic: Annotated[
        str | None,
        typer.Option("--traffic", help="Table of visits, leads, orders and spend by channel."),
    ] = None,
    products: Annotated[
        str | None,
        typer.Option("--products", help="Table of products and services and their first sale."),
    ] = None,
    rates: Annotated[str | None, typer.Option("--rates", help="Table of exchange rates.")] = None,
    pauses: Annotated[
        str | None,
        typer.Option("--pauses", help="Table of months in which paid traffic was paused."),
    ] = None,
    totals: Annotated[
        str | None,
        typer.Option("--totals", help="Table of control totals that the ledger must come to."),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option("--columns", help="File (YAML) that names the columns of these tables."),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option("--profile", help="Profile of the industry (YAML).")
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Zone of times without one, e.g. Asia/Shanghai."),
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Encoding, if known.")] = None,
    append: Annotated[bool, typer.Option("--append", help="Add to the book.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Start the next generation anew.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Any warning or loss is an error.")
    ] = False,
    repair_text: Annotated[
        bool, typer.Option("--repair-text", help="Mend damaged text where that is certain.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the proposed mapping.")] = False,
    as_json: AsJson = False,
    language: Language = "en",
) -> None:
    """Read sources into a book: what cannot be used is set aside and counted.

    Tables of parties, interventions and money and a profile of the industry stand beside the
    events. They can be given later, too; a new table takes the place of the one of its kind. Each
    is a file or a database address.
    """
    from thalweg.records.companions.attach import beside_from
    from thalweg.records.ingest import IngestRequest, run_ingest
    from thalweg.records.intake import ReadRequest
    from thalweg.records.locate import locate, stored_bytes

    found = locate(sources or [])
    tables = {
        "parties": parties,
        "interventions": interventions,
        "ledger": ledger,
        "traffic": traffic,
        "products": products,
        "rates": rates,
        "pauses": pauses,
        "totals": totals,
    }
    reading = ReadRequest(timezone=timezone, encoding=encoding, repair_text=repair_text)
    stated = _Stated(case, tuple(activity or ()), time, start, resource, party)
    consent = _Consent(yes=yes, command=["thalweg", *sys.argv[1:]], language=language)
    chosen = _mapping(found, reading, mapping, stated, consent)
    with progress_bar("reading", sum(map(stored_bytes, found))) as progress:
        book = run_ingest(
            IngestRequest(
                sources=found,
                into=into,
                reading=dataclasses.replace(reading, mapping=chosen, progress=progress),
                append=append,
                replace=replace,
                strict=strict,
                beside=beside_from(tables, columns, profile),
            )
        )
    if as_json:
        print_json(ingest_summary(book))
    else:
        print_ingested(book, language)


@dataclass(frozen=True, slots=True)
class _Stated:
    """Columns named on the command line."""

    case: str | None
    activity: tuple[str, ...]
    time: str | None
    start: str | None
    resource: str | None
    party: str | None

    def mapping(self, timezone: str | None) -> FlatMapping | None:
        """The mapping that the options amount to, or None when none was given."""
        from thalweg.records.mapping.flat import FlatMapping

        if not any((self.case, self.activity, self.time, self.start, self.resource, self.party)):
            return None
        roles: dict[Role, str] = {}
        if self.resource:
            roles["resource"] = self.resource
        if self.party:
            roles["party"] = self.party
        return FlatMapping(
            case=self.case,
            activity=self.activity[0] if len(self.activity) == 1 else self.activity or None,
            time=self.time,
            start=self.start,
            roles=roles,
            timezone=timezone,
        )


@dataclass(frozen=True, slots=True)
class _Consent:
    """Whether and how the user can agree to a proposal."""

    yes: bool
    command: list[str]
    language: str


def _mapping(
    sources: tuple[Located, ...],
    reading: ReadRequest,
    path: Path | None,
    stated: _Stated,
    consent: _Consent,
) -> Any:
    """The mapping file's, the options', or the accepted proposal; None where none is needed."""
    from thalweg.records.mapping.flat import load_mapping
    from thalweg.records.readers import format_of

    by_options = stated.mapping(reading.timezone)
    if path is not None and by_options is not None:
        raise RequestError("--mapping and column options exclude each other. Choose one.")
    if path is not None:
        return load_mapping(path)
    if by_options is not None:
        return by_options
    tables = [source for source in sources if format_of(source) in TABLE_FORMATS]
    return _accepted(tables[0], reading, consent) if tables else None


def _accepted(source: Located, reading: ReadRequest, consent: _Consent) -> FlatMapping:
    """The proposed mapping, if its names are standard or the user agrees."""
    from thalweg.records.proposal.propose import propose

    proposal = propose(source, reading)
    if proposal.is_standard or consent.yes:
        return proposal.mapping
    print_proposal(proposal, consent.language, err=True)
    if not sys.stdin.isatty():
        again = shlex.join([*consent.command, "--yes"])
        raise RequestError(
            "The mapping above is a guess, and nobody is there to confirm it. "
            f"Accept it with: {again}"
        )
    if not typer.confirm("Use this mapping?", err=True):
        save = shlex.join(["thalweg", "inspect", source.name, "--save", "mapping.yaml"])
        raise RequestError(f"Nothing was ingested. Write the mapping to edit it: {save}")
    return proposal.mapping
