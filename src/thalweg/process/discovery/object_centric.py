"""Object-centric Petri nets: a net for each object type, joined where types share an activity.

Places belong to one type. A transition that shows an activity is shared by all types whose objects
take part in it; its arcs to a type are *variable* where an event may have any number of objects of
that type, and otherwise stand for exactly one (van der Aalst and Berti 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.errors import RequestError
from thalweg.process.columns import (
    COUNT,
    FLAG,
    MAYBE,
    NUMBER,
    SHARE,
    TEXT,
    TEXTS,
    Columns,
    Json,
    result_schema,
    table_schema,
)
from thalweg.process.discovery.inductive import discover_tree
from thalweg.process.discovery.involvement import Involvement, count_involvement
from thalweg.process.filter_text import to_text
from thalweg.process.filters import Filter
from thalweg.process.models.convert.tree_net import tree_to_net
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.result import fingerprint_of, plain
from thalweg.process.selection import apply_filters, pick
from thalweg.process.weighted import weigh_variants
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

SCHEMA = "thalweg.object_centric/1"
SINGLE_SHARE = 0.95
"""An arc is variable if fewer of the activity's events have exactly one object of the type."""


@dataclass(frozen=True, slots=True)
class TypedPlace:
    """initial, final: holds a token of each object of the type at first, and in the end."""

    id: str
    type: str
    initial: bool
    final: bool


@dataclass(frozen=True, slots=True)
class SharedTransition:
    """inputs, outputs: places by number. types: whose objects take part; variable: any number of
    them, of the others exactly one. A silent transition (no label) has one type."""

    id: str
    label: str | None
    types: tuple[str, ...]
    variable: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectCentricModel:
    """An object-centric Petri net, and the models of single types that it was made of.

    An object's token stands for the object, so that the net can do what objects of all types do
    together exactly if each type's net can do what each of its objects does alone, and every event
    has a number of objects that its arcs allow.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    types: tuple[str, ...]
    trees: dict[str, ProcessTree]
    nets: dict[str, PetriNet]
    places: tuple[TypedPlace, ...]
    transitions: tuple[SharedTransition, ...]
    involvement: Involvement

    def nodes_table(self) -> pl.DataFrame:
        """Places and transitions, as a picture needs them: the columns of ``NODE_COLUMNS``."""
        rows: list[dict[str, Any]] = [
            {
                "id": place.id,
                "kind": "place",
                "label": None,
                "types": [place.type],
                "initial": place.initial,
                "final": place.final,
            }
            for place in self.places
        ]
        rows += [
            {
                "id": one.id,
                "kind": "silent" if one.label is None else "activity",
                "label": one.label,
                "types": list(one.types),
                "initial": False,
                "final": False,
            }
            for one in self.transitions
        ]
        schema: dict[str, Any] = {
            "id": pl.String,
            "kind": pl.String,
            "label": pl.String,
            "types": pl.List(pl.String),
            "initial": pl.Boolean,
            "final": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema)

    def arcs_table(self) -> pl.DataFrame:
        """Arcs between nodes by id: the columns of ``ARC_COLUMNS``."""
        rows = []
        for one in self.transitions:
            for place, outward in [(p, False) for p in one.inputs] + [
                (p, True) for p in one.outputs
            ]:
                end = self.places[place]
                source, target = (one.id, end.id) if outward else (end.id, one.id)
                rows.append((source, target, end.type, end.type in one.variable))
        schema = {
            "source": pl.String,
            "target": pl.String,
            "type": pl.String,
            "variable": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def to_json(self) -> dict[str, Any]:
        """The model as plain JSON; ``object_centric_json_schema`` describes it."""
        return {
            "schema": SCHEMA,
            "fingerprint": self.fingerprint,
            "book": self.book,
            "request": plain(self.request),
            "types": list(self.types),
            "trees": {name: str(tree) for name, tree in self.trees.items()},
            "nodes": plain(self.nodes_table()),
            "arcs": plain(self.arcs_table()),
            "involvement": plain(self.involvement.table()),
        }


def discover_object_centric(
    book: Book,
    types: Sequence[str] | None = None,
    noise: float = 0.0,
    *,
    filters: Sequence[Filter] = (),
    single_share: float = SINGLE_SHARE,
    threads: int | None = None,
) -> ObjectCentricModel:
    """An object-centric Petri net of a book.

    Takes    types: object types, None for all that have events. noise: of the inductive miner;
             0 makes each type's net replay all its objects. filters: applied to the sequences of
             each type by itself. single_share: see ``SINGLE_SHARE``.
    Raises   RequestError: a type that does not exist, or a threshold outside 0 to 1.
    Source   van der Aalst and Berti, "Discovering object-centric Petri nets" (2020).
    """
    if not 0 <= single_share <= 1:
        raise RequestError(f"single_share is a share from 0 to 1, not {single_share}.")
    views = type_views(book, types, filters)
    trees = {
        view.type: discover_tree(weigh_variants(view, threads)[0], noise=noise) for view in views
    }
    request = {
        "types": [view.type for view in views],
        "noise": noise,
        "filters": [to_text(one) for one in filters],
        "single_share": single_share,
    }
    return join_models(
        {name: tree_to_net(tree) for name, tree in trees.items()},
        count_involvement(views),
        single_share=single_share,
        trees=trees,
        book=book.fingerprint,
        request=request,
    )


def type_views(
    book: Book, types: Sequence[str] | None, filters: Sequence[Filter] = ()
) -> list[Perspective]:
    """Perspectives of the asked types (None: all) that hold objects after the filters."""
    wanted = book.types if types is None else [pick(t, book.types, "object type") for t in types]
    views = [apply_filters(book.perspective(t), filters) for t in dict.fromkeys(wanted)]
    held = [view for view in views if view.objects]
    if not held:
        raise RequestError(
            f"No object of {', '.join(wanted) or 'any type'} has an event. "
            "Choose other types, or loosen the filters."
        )
    return held


def join_models(
    nets: Mapping[str, PetriNet],
    involvement: Involvement,
    *,
    single_share: float = SINGLE_SHARE,
    trees: Mapping[str, ProcessTree] | None = None,
    book: str = "",
    request: Mapping[str, Any] | None = None,
) -> ObjectCentricModel:
    """Join nets of single types on the activities that they share.

    Raises   RequestError: a net shows one activity by two transitions, which leaves open with
             which of them the other types share theirs; or its arcs carry weights.
    """
    variable = _variable(involvement, single_share)
    places: list[TypedPlace] = []
    ends: dict[str, tuple[set[str], set[int], set[int]]] = {}
    silent: list[SharedTransition] = []
    for number, (kind, net) in enumerate(nets.items()):
        _check(kind, net)
        first = len(places)
        places += [
            TypedPlace(
                f"p{number}_{i}",
                kind,
                net.initial[i] > 0,
                any(marking[i] > 0 for marking in net.finals),
            )
            for i in range(len(net.places))
        ]
        for step in net.transitions:
            inputs = tuple(first + p for p, _ in step.inputs)
            outputs = tuple(first + p for p, _ in step.outputs)
            if step.label is None:
                name = f"s{number}_{len(silent)}"
                silent.append(SharedTransition(name, None, (kind,), (), inputs, outputs))
                continue
            shared = ends.setdefault(step.label, (set(), set(), set()))
            shared[0].add(kind)
            shared[1].update(inputs)
            shared[2].update(outputs)
    shown = [
        SharedTransition(
            f"t{i}",
            label,
            tuple(kind for kind in nets if kind in mine),
            tuple(kind for kind in nets if kind in mine and (label, kind) in variable),
            tuple(sorted(inputs)),
            tuple(sorted(outputs)),
        )
        for i, (label, (mine, inputs, outputs)) in enumerate(sorted(ends.items()))
    ]
    asked = dict(request or {})
    return ObjectCentricModel(
        fingerprint_of(book, asked),
        book,
        asked,
        tuple(nets),
        dict(trees or {}),
        dict(nets),
        tuple(places),
        (*shown, *silent),
        involvement,
    )


def _variable(involvement: Involvement, single_share: float) -> set[tuple[str, str]]:
    share = involvement.single_share()
    return {
        (activity, kind)
        for a, activity in enumerate(involvement.activities)
        for t, kind in enumerate(involvement.types)
        if share[a, t] < single_share
    }


def _check(kind: str, net: PetriNet) -> None:
    labels = [one.label for one in net.transitions if one.label is not None]
    twice = sorted({name for name in labels if labels.count(name) > 1})
    if twice:
        raise RequestError(
            f"The net of {kind} shows {', '.join(map(repr, twice))} by several transitions. "
            "Nets are joined by activity, so each may have one transition for it."
        )
    if any(w != 1 for one in net.transitions for _, w in (*one.inputs, *one.outputs)):
        raise RequestError(f"The net of {kind} has arcs with weights, which cannot be joined.")


NODE_COLUMNS: Columns = {
    "id": (TEXT, "Id of the node"),
    "kind": ({"enum": ["place", "activity", "silent"]}, "What the node is"),
    "label": (MAYBE, "Activity, of transitions that show one"),
    "types": (TEXTS, "Object types of the node: one, or those that share the activity"),
    "initial": (FLAG, "Place that holds each object of its type at first"),
    "final": (FLAG, "Place that holds each object of its type in the end"),
}
ARC_COLUMNS: Columns = {
    "source": (TEXT, "Id of the node that the arc leaves"),
    "target": (TEXT, "Id of the node that it reaches"),
    "type": (TEXT, "Object type that moves along it"),
    "variable": (FLAG, "Whether any number of objects moves along it, instead of one"),
}
INVOLVEMENT_COLUMNS: Columns = {
    "activity": (TEXT, "Activity"),
    "type": (TEXT, "Object type"),
    "events": (COUNT, "Events of the activity"),
    "with_type": (COUNT, "Of these, events with an object of the type"),
    "single_share": (
        SHARE,
        "Of all events of the activity, those with exactly one object of the type",
    ),
    "least": (COUNT, "Fewest objects of the type in such an event"),
    "mean": (NUMBER, "Mean number of them"),
    "most": (COUNT, "Most of them"),
}
REPLAY_COLUMNS: Columns = {
    "type": (TEXT, "Object type"),
    "objects": (COUNT, "Its objects"),
    "fitting": (COUNT, "Objects whose whole sequence the type's net can do"),
    "undecided": (COUNT, "Objects whose replay was capped before that was known"),
    "fitting_share": (SHARE, "Fitting objects, of all"),
    "fitness": (SHARE, "Fitness of the flattened sequences by alignments (see METHODS.md)"),
    "precision": (SHARE, "Precision of the type's net for them; null with too many markings"),
    "simplicity": (SHARE, "Simplicity of the type's net"),
}


def object_centric_json_schema() -> Json:
    """JSON Schema of ``ObjectCentricModel.to_json``."""
    return result_schema(
        "Object-centric Petri net",
        {
            "schema": {"const": SCHEMA},
            "fingerprint": TEXT,
            "book": TEXT,
            "request": {"type": "object"},
            "types": TEXTS,
            "trees": {"type": "object", "additionalProperties": TEXT},
        },
        {
            "nodes": table_schema(NODE_COLUMNS),
            "arcs": table_schema(ARC_COLUMNS),
            "involvement": table_schema(INVOLVEMENT_COLUMNS),
        },
    )
