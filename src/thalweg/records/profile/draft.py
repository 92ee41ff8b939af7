"""A profile to begin with, drafted from the activities of a book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.errors import RequestError
from thalweg.records.profile.model import Layer, Profile, Words
from thalweg.records.profile.words import LAYERS, OTHER, likely_layer, sounds_failed
from thalweg.records.store.book import Book


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted profile, and how much of it rests on known words.

    known   activities whose name holds a word of one layer.
    other   activities that no word tells, put into the layer ``other``.
    """

    profile: Profile
    known: tuple[str, ...]
    other: tuple[str, ...]


def draft_profile(book: Book, type: str | None = None) -> Draft:  # noqa: A002
    """Sort the activities of a book into layers by the words in their names.

    Takes    type: the object type measured; None: the book's first.
    Returns  a draft with the layers that have activities, in the order of the chain; failed ends
             are activities that end objects of the type and whose name speaks of failure. Unit,
             value and windows are left open: names do not tell them.
    Raises   RequestError: no such object type, or a book without events.
    """
    if not book.activities:
        raise RequestError(
            "A profile is drafted from activities, and the book has none. See: "
            "thalweg profile --example"
        )
    measured = type or book.types[0]
    layers = {name: likely_layer(name) for name in book.activities}
    homes = {key: tuple(name for name, layer in layers.items() if layer == key) for key in LAYERS}
    profile = Profile(
        name=book.path.name,
        type=measured,
        layers=tuple(
            Layer(id=key, name=Words(en=LAYERS[key][0], zh=LAYERS[key][1]), activities=names)
            for key, names in homes.items()
            if names
        ),
        failed_ends=tuple(name for name in _last_activities(book, measured) if sounds_failed(name)),
    )
    known = tuple(name for name, layer in layers.items() if layer != OTHER)
    return Draft(profile, known, homes[OTHER])


def _last_activities(book: Book, type: str) -> list[str]:  # noqa: A002
    """Activities that end an object, in the order of their codes."""
    view = book.perspective(type)
    ends = np.unique(np.asarray(view.activity)[np.asarray(view.offsets)[1:] - 1])
    return [book.activities[int(code)] for code in ends]
