"""Plain Parquet: the tables as they are, or one object type as a flat log."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ocel_tools import read_frames
from thalweg.errors import BookError, RequestError
from thalweg.records.export.frames import frames_from_book
from thalweg.records.export.parquet import file_names, write_flat_parquet, write_parquet
from thalweg.records.ingest import ingest


def test_a_folder_holds_every_table_as_it_is(logs: Path, tmp_path: Path) -> None:
    frames = read_frames(logs / "ocel2" / "ocel2-p2p.sqlite.gz")

    assert write_parquet(frames, tmp_path / "out") == ()

    found = {p.stem: pl.read_parquet(p) for p in (tmp_path / "out").iterdir()}
    assert set(found) == {
        "events", "links", "object_changes", "object_links",
        *(f"objects_{kind.replace(' ', '_')}" for kind in frames.objects),
    }  # fmt: skip
    for name in ("events", "links", "object_changes", "object_links"):
        assert_frame_equal(found[name], getattr(frames, name))
    receipts = found["objects_goods_receipt"]
    assert_frame_equal(receipts.drop("@type"), frames.objects["goods receipt"])
    assert set(receipts["@type"]) == {"goods receipt"}


def test_one_type_becomes_a_flat_log_that_sql_can_count(logs: Path, tmp_path: Path) -> None:
    frames = read_frames(logs / "ocel_small" / "ocel20_example.jsonocel")
    path = tmp_path / "orders.parquet"

    notes = write_flat_parquet(frames, path, type="Purchase Order")

    rows = duckdb.sql(
        f"SELECT \"case\", activity, object_po_product FROM '{path}' ORDER BY time"
    ).fetchall()
    assert rows == [
        ("PO1", "Create Purchase Order", "Cows"),
        ("PO1", "Change PO Quantity", "Cows"),
        ("PO1", "Insert Invoice", "Cows"),
        ("PO1", "Insert Invoice", "Cows"),
        ("PO2", "Create Purchase Order", "Notebooks"),
    ]
    assert [(n.code, n.count, n.of) for n in notes] == [("export_event_without_object", 8, 13)]


def test_events_of_several_objects_are_repeated_and_counted(logs: Path, tmp_path: Path) -> None:
    frames = read_frames(logs / "ocel_small" / "example_log.jsonocel")
    of_type = frames.links.filter(pl.col("@type") == "element")

    notes = write_flat_parquet(frames, tmp_path / "flat.parquet", type="element")

    flat = pl.read_parquet(tmp_path / "flat.parquet")
    assert len(flat) == len(of_type) == 19
    counts = {n.code: n.count for n in notes}
    assert counts == {
        "export_event_without_object": 23 - of_type["@event"].n_unique(),
        "export_event_repeated": 19 - of_type["@event"].n_unique(),
    }


def test_a_case_log_needs_no_type_and_keeps_its_rows(logs: Path, tmp_path: Path) -> None:
    source = logs / "other" / "running-example.xes"
    frames = frames_from_book(ingest(source, tmp_path / "book"))

    assert write_flat_parquet(frames, tmp_path / "flat.parquet") == ()

    flat = pl.read_parquet(tmp_path / "flat.parquet")
    assert flat.columns[:3] == ["case", "activity", "time"]
    assert (len(flat), flat["case"].n_unique(), flat["activity"].n_unique()) == (42, 6, 8)
    assert flat["Costs"].null_count() == 0


def test_attributes_called_like_the_flat_columns_keep_their_values(
    logs: Path, tmp_path: Path
) -> None:
    frames = read_frames(logs / "ocel_small" / "newocel.jsonocel")
    events = frames.events.with_columns(
        time=pl.lit("noon"), case=pl.lit("x"), event_case=pl.lit("y")
    )
    frames = type(frames)(
        events,
        *(getattr(frames, n) for n in ("links", "objects", "object_changes", "object_links")),
    )

    write_flat_parquet(frames, tmp_path / "flat.parquet", type="order")

    row = pl.read_parquet(tmp_path / "flat.parquet").row(0, named=True)
    assert (row["event_time"], row["event_case"], row["event_event_case"]) == ("noon", "x", "y")


def test_a_flat_table_of_many_types_asks_which(logs: Path, tmp_path: Path) -> None:
    frames = read_frames(logs / "ocel_small" / "newocel.jsonocel")

    with pytest.raises(RequestError, match="Name one of: order, item"):
        write_flat_parquet(frames, tmp_path / "flat.parquet")
    with pytest.raises(RequestError, match="no object type 'orders'"):
        write_flat_parquet(frames, tmp_path / "flat.parquet", type="orders")


def test_a_folder_that_exists_is_left_alone(logs: Path, tmp_path: Path) -> None:
    frames = read_frames(logs / "ocel_small" / "newocel.jsonocel")
    (tmp_path / "out").mkdir()

    with pytest.raises(RequestError, match="is there already"):
        write_parquet(frames, tmp_path / "out")
    with pytest.raises(BookError, match="cannot be written"):
        write_parquet(frames, tmp_path / "nowhere" / "out")


def test_file_names_are_safe_and_distinct() -> None:
    names = file_names(["采购 订单", "../etc/passwd", "a/b", "a b", "A_B", "", "object links"])

    assert len({n.lower() for n in names.values()}) == 7
    assert names["采购 订单"] == "objects_采购_订单.parquet"
    assert not any("/" in n or ".." in n for n in names.values())
