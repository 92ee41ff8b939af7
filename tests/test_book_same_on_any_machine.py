"""The number of threads leaves no mark on a book."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from book_helpers import quick_folder

WRITER = Path(__file__).with_name("book_writer.py")


def written(book: Path, threads: str) -> set[str]:
    """Names of the data files, which carry the hashes of their content."""
    several = {"POLARS_MAX_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    subprocess.run(
        [sys.executable, str(WRITER), str(book), "2"],
        input="go\n",
        text=True,
        env=os.environ | several,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return {path.name for path in (book / "data").iterdir()}


def test_one_thread_and_several_write_the_same_files() -> None:
    with quick_folder() as folder:
        one, several = written(folder / "one", "1"), written(folder / "several", "4")
    assert len(one) > 10
    assert one == several
