"""What FORMAT.md shows, works."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from book_helpers import book_of, simple

PAGE = (Path(__file__).resolve().parents[1] / "FORMAT.md").read_text()


def test_the_examples_for_other_tools_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = simple(("1", "a", 1), ("2", "here", 3), ("2", "there", 4), ("1", None, 2))
    book_of(tmp_path / "book", rows)
    monkeypatch.chdir(tmp_path)
    python = re.search(r"```python\n(.*?)```", PAGE, re.S)
    sql = re.search(r"```sql\n(.*?)```", PAGE, re.S)
    assert python is not None and sql is not None
    exec(python[1], {})
    shown = capsys.readouterr().out
    assert "here" in shown and "there" in shown
    assert duckdb.sql(sql[1]).fetchall() == [("activity_missing", 1, 4)]


def test_every_kind_of_file_stands_in_the_table(tmp_path: Path) -> None:
    rows = simple(("1", "a", 1), ("1", None, 2)).with_columns(pl.col("@time").alias("@start"))
    book = book_of(tmp_path / "b", rows)
    kinds = {re.split(r"-[0-9a-f]{16}\.", p.name)[0] for p in (book.path / "data").iterdir()}
    assert "start" in kinds
    assert {kind for kind in kinds if f"`{kind}-*." not in PAGE} == set()
