"""Drawing the next batch while the last one is being coded."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import polars as pl

from thalweg.errors import SourceError
from thalweg.records.intake import Batch, Intake, Role
from thalweg.records.readers import Opened

_Drawn = tuple[Batch, dict[Role, str]]


class Drawing:
    """One source being drawn, always in the same thread (some readers insist on that)."""

    def __init__(self, opened: Opened, thread: ThreadPoolExecutor) -> None:
        self._name, self._thread = opened.name, thread
        self.intake: Intake = thread.submit(self._opened, opened).result()

    def batches(self) -> Iterator[_Drawn]:
        """Batches in order, each with the roles known when it was drawn, one ahead."""
        ahead = self._thread.submit(self._next)
        while (drawn := ahead.result()) is not None:
            ahead = self._thread.submit(self._next)
            yield drawn

    def close(self) -> None:
        close = getattr(self.intake.batches, "close", None)
        if close is not None:
            self._thread.submit(close).result()

    def _opened(self, opened: Opened) -> Intake:
        try:
            return opened.open()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unreadable(error) from error

    def _next(self) -> _Drawn | None:
        try:
            batch = next(self.intake.batches, None)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unreadable(error) from error
        return None if batch is None else (batch, dict(self.intake.roles))

    def _unreadable(self, error: Exception) -> SourceError:
        return SourceError(
            f"{self._name} could not be read: {error}. Check the file, and export it again."
        )


@contextmanager
def reading_ahead(opened: Opened) -> Iterator[Drawing]:
    """A source, opened and drawn in a thread of its own."""
    with ThreadPoolExecutor(1, "thalweg-reader") as thread:
        drawing = Drawing(opened, thread)
        try:
            yield drawing
        finally:
            drawing.close()
