"""Whether a profile and a book speak of the same things."""

from __future__ import annotations

from collections.abc import Iterator

from thalweg.errors import ProfileError
from thalweg.records.intake import OBJECT
from thalweg.records.mapping.flat import nearest
from thalweg.records.profile.model import Profile
from thalweg.records.readers.notes import EXAMPLES
from thalweg.records.store.book import Book
from thalweg.records.trust import BESIDE, Example, Finding

PROFILE = "profile"


def refuse_unfit(profile: Profile, book: Book, where: str) -> None:
    """Raise ProfileError when the profile names a type, attribute or role that the book lacks.

    A book without events lacks them all, and takes any profile until events come in.
    """
    if not book.n_events:
        return
    if profile.type is not None and profile.type not in book.types:
        raise ProfileError(
            f"{where}: field 'type' is {profile.type!r}, and the book has no such object type. "
            f"{nearest(profile.type, book.types)}"
        )
    for field, name in (("unit", _attribute(profile.unit)), ("value", profile.value)):
        known = _attributes(book, profile)
        if name is not None and name not in known:
            raise ProfileError(
                f"{where}: field {field!r} names the attribute {name!r}, and neither objects nor "
                f"events have it. {nearest(name, known)}"
            )
    if profile.unit is not None and profile.unit.startswith("role:"):
        role = profile.unit.removeprefix("role:")
        if book.role_record(role) is None:
            has = ", ".join(r.role for r in book.manifest.roles) or "none"
            raise ProfileError(
                f"{where}: field 'unit' names the role {role!r}, and the book has it not. Its roles "
                f"are: {has}. Name it at ingestion, or write attribute:NAME."
            )


def _attribute(unit: str | None) -> str | None:
    if unit is None or not unit.startswith("attribute:"):
        return None
    return unit.removeprefix("attribute:")


def _attributes(book: Book, profile: Profile) -> list[str]:
    """Attributes of the measured type's objects, then of the events."""
    measured = profile.type or next(iter(book.types), None)
    objects = [] if measured is None else book.objects(measured).collect_schema().names()
    events = [name for name in book.event_schema() if not name.startswith("@")]
    return [*dict.fromkeys(name for name in (*objects, *events) if name != OBJECT)]


def fit_findings(profile: Profile, book: Book) -> Iterator[Finding]:
    """Activities that only one of the two knows; nothing of a book without events."""
    if not book.n_events:
        return
    placed = () if profile.placed is None else (profile.placed,)
    named = [*profile.layers_by_activity(), *profile.failed_ends, *placed]
    held = set(book.activities)
    absent = [name for name in dict.fromkeys(named) if name not in held]
    if absent:
        yield _finding("profile_activities_absent", "note", absent, len(set(named)))
    homeless = [name for name in book.activities if profile.layer_of(name) is None]
    if homeless:
        yield _finding("activities_without_layer", "warning", homeless, len(held))


def _finding(code: str, severity: str, names: list[str], of: int) -> Finding:
    return Finding(
        code=code,
        severity="warning" if severity == "warning" else "note",
        count=len(names),
        of=of,
        where=PROFILE,
        examples=tuple(Example(value=name) for name in names[:EXAMPLES]),
        detail={BESIDE: PROFILE},
    )
