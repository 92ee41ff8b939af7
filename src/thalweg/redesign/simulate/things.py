"""What the twin moves about: objects, pieces of work, pools, batches and buffers, as plain objects."""

from __future__ import annotations

from dataclasses import dataclass, field

from thalweg.redesign.model.model import Activity, Batch, Pool
from thalweg.redesign.simulate.plain import Intervals


@dataclass(eq=False)
class Thing:
    """An object under way."""

    name: int
    luck: int
    flow: int
    of_class: str | None
    state: int
    root: int | None = None
    parent: Thing | None = None
    split: int = -1
    coming: str | None = None
    reached: int | None = None
    visits: dict[str, int] = field(default_factory=dict)
    unfinished: list[Piece] = field(default_factory=list)
    children: dict[int, int] = field(default_factory=dict)
    done: bool = False


@dataclass(eq=False)
class Piece:
    """A piece of work, or of a batch the first."""

    thing: Thing
    spec: Activity
    visit: int
    enabled: int
    gathered: int = 0
    order: int = 0
    pool: Pool | None = None
    place: Place | None = None
    members: list[Piece] = field(default_factory=list)
    holder: Piece | None = None
    held: int = 0


@dataclass(eq=False)
class Place:
    last: str | None = None
    busy: bool = False


@dataclass(eq=False)
class Gathering:
    """Pieces that gather for one batch."""

    batch: Batch
    waiting: list[Piece] = field(default_factory=list)
    queued: Piece | None = None
    timer: bool = False
    opening: bool = False
    check: bool = False


@dataclass(eq=False)
class Desk:
    """A pool while it runs."""

    pool: Pool
    free: int
    hours: Intervals | None
    places: list[Place]
    waking: bool = False


@dataclass(eq=False)
class Buffer:
    inside: int = 0
    before: list[Piece] = field(default_factory=list)
    asked: bool = False


Row = tuple[int, str, str | None, int, int, int, int]
"""Object, activity, pool, visit, enabled, start and end."""
