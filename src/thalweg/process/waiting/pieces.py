"""Pieces of work: who did what to which object, from when to when.

Every measure of waiting needs work with a beginning and an end. Interval events carry both; in
lifecycle logs a start is matched with its completion. Work whose beginning is not recorded stays,
as a moment at its completion, because it still ends what came before it; it has no wait itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from thalweg.process.chunks import Ints, read_only
from thalweg.records.appraisal.lifecycle import COMPLETE, START, pair_transitions, transition_kinds
from thalweg.records.perspective import Perspective

Encoding = Literal["interval", "lifecycle", "instants"]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The work of every object, sorted by completion within it, as compressed sparse rows.

    offsets     per object, one more than objects.
    activity    code, per piece. event: row of its completion; begun: row of its beginning.
    start_ns, end_ns   UTC. known: the beginning is recorded; elsewhere start equals end.
    encoding    "interval", "lifecycle", or "instants" where the records hold no starts at all.
    """

    offsets: Ints
    activity: NDArray[Any]
    start_ns: Ints
    end_ns: Ints
    known: NDArray[np.bool_] | None
    event: NDArray[Any]
    begun: NDArray[Any]
    encoding: Encoding
    disordered: int = 0
    unmatched_starts: int = 0
    unmatched_completes: int = 0

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def unknown(self) -> int:
        """Pieces whose beginning is not recorded."""
        return 0 if self.known is None else int((~self.known).sum())

    def ended_by(self, until_ns: int) -> Pieces:
        """Only work that had ended by an instant; every object stays, be it without work."""
        keep = np.asarray(self.end_ns) <= until_ns
        left = np.concatenate(([0], np.cumsum(keep)))
        return replace(
            self,
            offsets=left[self.offsets].astype(np.int64),
            activity=np.asarray(self.activity)[keep],
            start_ns=read_only(np.asarray(self.start_ns)[keep]),
            end_ns=read_only(np.asarray(self.end_ns)[keep]),
            known=None if self.known is None else self.known[keep],
            event=np.asarray(self.event)[keep],
            begun=np.asarray(self.begun)[keep],
        )


def find_pieces(view: Perspective) -> Pieces:
    """The pieces of work of a perspective, by whatever the records offer."""
    offsets = np.array(view.offsets, np.int64)
    start = view.start_ns()
    if start is not None:
        return _from_intervals(view, offsets, start)
    transitions = view.codes("lifecycle")
    if transitions is not None:
        codes, names = transitions
        kinds = transition_kinds(names)
        if {START, COMPLETE} <= set(kinds.tolist()):
            return _from_transitions(view, offsets, kinds[codes], codes == 0)
    end = read_only(view.time_ns)
    return Pieces(offsets, view.activity, end, end, None, view.event, view.event, "instants")


def _from_intervals(view: Perspective, offsets: Ints, start: Ints) -> Pieces:
    end = read_only(view.time_ns)
    wrong = np.asarray(start) > end
    disordered = int(wrong.sum())
    known = None
    if disordered:
        start, known = np.where(wrong, end, start), ~wrong
    return Pieces(
        offsets,
        view.activity,
        read_only(start),
        end,
        known,
        view.event,
        view.event,
        "interval",
        disordered,
    )


def _from_transitions(
    view: Perspective, offsets: Ints, kind: NDArray[np.uint8], atomic: NDArray[np.bool_]
) -> Pieces:
    items = view.codes("instance")
    pairing = pair_transitions(offsets, view.activity, kind, None if items is None else items[0])
    ends = np.flatnonzero((kind == COMPLETE) | atomic)
    partner = pairing.partner[ends]
    known = partner >= 0
    begin = np.where(known, partner, ends)
    counts = np.concatenate(([0], np.cumsum((kind == COMPLETE) | atomic)))
    return Pieces(
        counts[offsets].astype(np.int64),
        np.asarray(view.activity[ends]),
        read_only(np.asarray(view.time_ns[begin], np.int64)),
        read_only(np.asarray(view.time_ns[ends], np.int64)),
        None if known.all() else known,
        np.asarray(view.event[ends]),
        np.asarray(view.event[begin]),
        "lifecycle",
        0,
        pairing.unmatched_starts,
        pairing.unmatched_completes,
    )
