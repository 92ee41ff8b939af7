"""Every public log becomes a book with the counts that its publisher's page gives.

Counts are those of the data folder's README, made there by parsing the files with other tools.
One is judged by another order than ours (object, time, record): the interval log has the README's
9 variants in file order, and 10 by time of completion.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import thalweg
from thalweg.process.variants import group_variants
from thalweg.records.mapping.flat import FlatMapping, ObjectMapping

LEDGER = FlatMapping(
    objects=(
        ObjectMapping(column="belnr", type="document", separator="list"),
        ObjectMapping(column="hkont", type="account", separator="list"),
        ObjectMapping(column="usnam", type="user", separator="list"),
        ObjectMapping(column="xblnr", type="reference", separator="list"),
    ),
    activity="event_activity",
    time="event_timestamp",
)


@dataclass(frozen=True)
class Log:
    """A log and what its README says; None where it says nothing."""

    path: str
    events: int
    cases: int | None = None
    activities: int | None = None
    variants: int | None = None
    mapping: FlatMapping | None = None


def flat(case: str, activity: str, time: str, start: str | None = None) -> FlatMapping:
    return FlatMapping(case=case, activity=activity, time=time, start=start)


LOGS = [
    Log("manufacturing/Production.xes.gz", 9_906, 225, 26),
    Log(
        "manufacturing/Production.csv.gz",
        4_953,
        225,
        26,
        217,
        flat("Case ID", "Activity", "Complete Timestamp", "Start Timestamp"),
    ),
    Log("procurement/16_bpic2019_1t_per_variant.xes.gz", 338_247, 11_973, 42, 11_973),
    Log("bpic/BPI_Challenge_2012.xes.gz", 262_200, 13_087, 24, 4_366),
    Log("bpic/BPI_Challenge_2017_W_Two_TS_filtered.xes.gz", 127_528, 8_941, 7),
    Log("bpic/bpi_challenge_2013_incidents.xes.gz", 65_533, 7_554, 4, 1_511),
    Log(
        "bpic/bpi_challenge_2013_incidents.xes.gz",
        65_533,
        7_554,
        13,
        None,
        FlatMapping(activity=("concept:name", "lifecycle:transition")),
    ),
    Log("bpic/BPIC15_1.xes.gz", 52_217, 1_199, 398, 1_170),
    Log("bpic/BPI_2020_DomesticDeclarations.xes.gz", 56_437, 10_500, 17, 99),
    Log("bpic/BPI_2020_PermitLog.xes.gz", 86_581, 7_065, 51, 1_478),
    Log("bpic/BPI_2020_RequestForPayment.xes.gz", 36_796, 6_886, 19, 89),
    Log("other/Road_Traffic_Fine_Management_Process.xes.gz", 561_470, 150_370, 11, 231),
    Log("other/Sepsis_Cases-Event_Log.xes.gz", 15_214, 1_050, 16, 846),
    Log("other/receipt.xes.gz", 8_577, 1_434, 27, 116),
    Log("other/helpdesk.xes.gz", 21_348, 4_580, 14, 226),
    Log("other/repairExample.xes.gz", 11_855, 1_104, 8),
    Log("other/running-example.xes", 42, 6, 8, 6),
    Log("drift/ConditionalMove_timestamp_sorted.xes.gz", 232_855, 9_999, 27, 8_041),
    Log("drift/[2 250]-[0, 259, 555].mxml.gz", 11_924, 555, 15),
    Log(
        "procurement/PurchasingExample.csv.gz",
        9_119,
        608,
        21,
        None,
        flat("case:concept:name", "concept:name", "time:timestamp", "start_timestamp"),
    ),
    Log(
        "other/interval_event_log.csv.gz",
        8_109,
        1_266,
        8,
        10,
        flat("case:concept:name", "concept:name", "time:timestamp", "start_timestamp"),
    ),
    Log(
        "other/mobis_challenge_log_2019_snippet.csv",
        464,
        118,
        15,
        21,
        flat("case", "activity", "end", "start"),
    ),
    Log("intervention_loanapp/LoanApp_fewRes_9-5_noTimers.CSV.gz", 10_012, 1_000, 17),
    Log("intervention_loanapp/LoanApp_infRes_9-5_noTimers.CSV.gz", 9_921, 1_000, 17),
    Log("intervention_loanapp/LoanApp_fewRes_24-7_noTimers.CSV.gz", 10_009, 1_000, 17),
    Log("intervention_loanapp/LoanApp_raw_agentsim.csv.gz", 7_492, 1_000, 12),
    Log("erp_tables/bkpf_bseg.mdl.gz", 7_003, None, 44, None, LEDGER),
    Log("ocel2/ocel2-p2p.sqlite.gz", 14_671, None, 10),
    Log("ocel2/running-example.sqlite.gz", 18_211, None, 8),
    Log("ocel_small/example_log.jsonocel", 23, None, 15),
    Log("ocel_small/example_log.csv", 23, None, 15),
    Log("ocel_small/example_log.xmlocel", 23, None, 15),
    Log("ocel_small/newocel.jsonocel", 20, None, 10),
    Log("ocel_small/newocel.csv", 20, None, 10),
    Log("ocel_small/ocel20_example.jsonocel", 13, None, 8),
    Log("ocel_small/ocel20_example.xmlocel", 13, None, 8),
    Log("ocel_small/ocel20_example.sqlite", 13, None, 8),
    Log("ocel_small/order_process.jsonocel.gz", 2_391, None, 11),
]


def proposed(path: Path) -> FlatMapping | None:
    """The mapping that inspection proposes, for tables without one stated here."""
    from thalweg.records.intake import ReadRequest
    from thalweg.records.proposal.propose import propose
    from thalweg.records.sources import expand

    if ".csv" not in path.name.lower() or "ocel" in str(path):
        return None
    return propose(expand(path)[0], ReadRequest()).mapping


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.path}-{log.activities}")
def test_a_public_log_has_its_published_counts(logs, tmp_path, log):
    path = logs / log.path
    if not path.exists():
        pytest.skip(f"{log.path} is not among the public logs here")
    book = thalweg.ingest(path, tmp_path / "book", mapping=log.mapping or proposed(path))
    assert book.n_events == log.events
    assert book.trust.rows_set_aside == 0
    assert book.trust.rows_kept == log.events
    if log.activities is not None:
        assert len(book.activities) == log.activities
    if log.cases is not None:
        view = book.perspective("case")
        assert view.objects == log.cases
        if log.variants is not None:
            groups = group_variants(view.offsets, view.activity, view.activities)
            assert groups.variants == log.variants
