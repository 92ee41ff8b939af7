"""The synthetic logs of the benchmarks, and the page that is written from their figures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import generate  # noqa: E402
import results  # noqa: E402

CASES = 6_000
SEED = 5


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    generate.write_log(path, CASES, SEED)
    return path


def test_the_same_seed_gives_the_same_rows(log: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.parquet"
    generate.write_log(again, CASES, SEED)
    assert pl.read_parquet(again).equals(pl.read_parquet(log))


def test_another_seed_gives_other_rows(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    generate.write_log(other, CASES, SEED + 1)
    assert not pl.read_parquet(other).equals(pl.read_parquet(log))


def test_a_log_in_many_piles_holds_the_same_cases(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "PILE_ROWS", 10_000)
    many = tmp_path / "many.parquet"
    events = generate.write_log(many, CASES, SEED)
    frame = pl.read_parquet(many)
    assert len(frame) == events
    assert frame["case"].n_unique() == CASES
    assert abs(events - pl.scan_parquet(log).select(pl.len()).collect().item()) < events * 0.05


def test_a_log_has_the_stated_shape(log: Path) -> None:
    frame = pl.read_parquet(log)
    assert frame.columns == ["case", "activity", "timestamp", "resource", "amount"]
    assert frame["case"].n_unique() == CASES
    assert frame["activity"].n_unique() == generate.ACTIVITIES
    assert frame["resource"].n_unique() <= generate.RESOURCES
    assert 15 < len(frame) / CASES < 17
    assert frame.null_count().sum_horizontal().item() == 0


def test_rows_are_in_no_order(log: Path) -> None:
    frame = pl.read_parquet(log)
    for column in ("case", "timestamp"):
        rising = (frame[column] < frame[column].shift(-1)).mean()
        assert rising == pytest.approx(0.5, abs=0.02)


def test_times_of_a_case_rise_with_its_steps() -> None:
    rows = generate.draw_cases(0, 200, np.random.default_rng(SEED))
    for case in range(200):
        times = rows["time"][rows["case"] == case]
        assert (np.diff(times) > 0).all()


def test_routing_gives_probabilities() -> None:
    table = generate.routing()
    assert (np.diff(table, axis=1) >= 0).all()
    assert table[:, -1] == pytest.approx(np.ones(generate.ACTIVITIES))


def test_a_broken_run_leaves_no_half_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(rows: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(generate, "as_table", fail)
    with pytest.raises(OSError, match="disk full"):
        generate.write_log(tmp_path / "log.parquet", 500, SEED)
    assert not (tmp_path / "log.parquet").exists()


def reading(
    answers: dict[str, float], peak_mb: float = 100.0, **seconds: float
) -> dict[str, object]:
    spaced = {part.replace("_", " "): value for part, value in seconds.items()}
    return {
        "seconds": spaced,
        "processor_s": spaced,
        "answers": answers,
        "peak_mb": peak_mb,
        "failed": "",
    }


def size(pairs: int = 94) -> dict[str, object]:
    peer = {"read_and_format": 20.0, "graph": 12.0, "graph_with_times": 13.0, "variants": 4.0}
    return {
        "ingest": reading({"events": 10}, ingest=9.0),
        "pairs": reading({"pairs": pairs}, just_opened=0.26, fresh_process=0.5, warm=0.2),
        "variants": reading({"variants": 7}, just_opened=0.1, fresh_process=0.2, warm=0.05),
        "whole_map": reading({"pairs": pairs, "variants": 7}, fresh_process=1.5),
        "pm4py_table": reading({"pairs": 94, "variants": 7}, 1000.0, **peer),
        "date": "2026-11-23",
    }


def test_a_bar_is_met_at_its_limit_and_not_beyond() -> None:
    assert "| met |" in results.Bar("w", "r", 1.0, 50.0, 1 / 50).row()
    assert "**not met**" in results.Bar("w", "r", 1.001, 50.0, 1 / 50).row()


def test_every_bar_of_the_judged_size_is_shown() -> None:
    rows = [bar.row() for bar in results.bars({"sizes": {"10": size()}})]
    met = ["not met" not in row for row in rows]
    assert met == [True, True, False, False, True, False, True, True]


def test_the_page_shows_every_figure() -> None:
    machine = {"cores": 2, "memory_gb": 24, "system": "Linux", "python": "3", "libraries": {}}
    page = results.render({"machine": machine, "sizes": {"10": size()}})
    assert "## 10 million events, 2026-11-23" in page
    assert "All answers agree." in page
    for name in ("Parquet to a finished book", "whole map", "PM4Py"):
        assert f"| Thalweg, {name} |" in page or f"| {name} |" in page


def test_differing_answers_are_named() -> None:
    assert results.disagreements(size()) == []
    (difference,) = results.disagreements(size(pairs=93))
    assert "PM4Py 94" in difference
