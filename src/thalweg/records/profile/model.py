"""The fields of a profile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from thalweg.records.mapping.flat import nearest
from thalweg.records.text.lengths import length_s

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"({_CLOCK})-({_CLOCK}|24:00)")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_UNIT = re.compile(r"(attribute|role):(.+)")
ROLES = ("party", "resource")


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; write a name")
    return text.strip()


def _length(text: str) -> str:
    length_s(text)
    return text.strip()


def _plain_id(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise ValueError("use small letters, digits and _ only, beginning with a letter")
    return text


def _words(data: Any) -> Any:
    return {"en": data, "zh": data} if isinstance(data, str) else data


def _no_blank(data: Any) -> Any:
    """An empty field of a YAML file says that nothing is stated."""
    return None if isinstance(data, str) and data.strip() in {"", "null", "~"} else data


Text = Annotated[str, AfterValidator(_filled)]
Length = Annotated[str, AfterValidator(_length)]
Id = Annotated[str, AfterValidator(_plain_id)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Record):
    """A name in the languages that its owner gives."""

    en: str | None = None
    zh: str | None = None

    def of(self, language: str) -> str | None:
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


Named = Annotated[Words, BeforeValidator(_words)]


class Layer(_Record):
    """A stage of the value chain.

    activities  names as the records spell them; an activity belongs to one layer at most.
    within      window of the restricted mean of the time in this layer, such as ``10 d``.
    """

    id: Id
    name: Named = Words()
    activities: tuple[Text, ...] = ()
    within: Annotated[Length | None, BeforeValidator(_no_blank)] = None

    @property
    def within_s(self) -> float | None:
        return None if self.within is None else length_s(self.within)

    def called(self, language: str) -> str:
        """Its name for people; the id where it has none."""
        return self.name.of(language) or self.id


class InterventionKind(_Record):
    """A kind of intervention: technology, model, application, or what the owner adds."""

    id: Id
    name: Named = Words()

    def called(self, language: str) -> str:
        return self.name.of(language) or self.id


class Hours(_Record):
    """Working hours of a week in a zone: by weekday ``"09:00-12:00"``; holidays as local dates."""

    zone: Text
    hours: dict[str, tuple[str, ...]]
    holidays: tuple[date, ...] = ()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"there is no time zone {zone!r}; write Asia/Shanghai") from error
        return zone

    @field_validator("hours")
    @classmethod
    def _readable(cls, hours: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for day, spans in hours.items():
            if day not in WEEKDAYS:
                raise ValueError(f"{day!r} is no weekday. {nearest(day, WEEKDAYS)}")
            for span in spans:
                found = _SPAN.fullmatch(span)
                if found is None or found[1].zfill(5) >= found[2].zfill(5):
                    raise ValueError(f"{span!r} is no interval of a day; write 09:00-17:30")
        return hours


KINDS = (
    InterventionKind(id="technology", name=Words(en="Technology", zh="技术")),
    InterventionKind(id="model", name=Words(en="Model", zh="模式")),
    InterventionKind(id="application", name=Words(en="Application", zh="应用")),
)
"""New technology, new model, new application: the kinds where a profile names none."""


ACCOUNTS = (
    *("revenue", "cost_of_sales", "marketing", "subsidy", "research", "rollout", "operations"),
    *("capital_in", "capital_out", "cash"),
)
"""Standard accounts. ``cash`` is a balance at the end of the month; all others are flows."""


class Economy(_Record):
    """What money is measured by.

    new_months      a product is new for so many months from its first sale.
    capital_rate    of capital tied up, a year.
    labour_per_h    cost of an hour of work, in the profile's currency; None: not known.
    """

    new_months: Annotated[int, Field(ge=1, le=120)] = 36
    capital_rate: Annotated[float, Field(ge=0, le=1)] = 0.06
    labour_per_h: Annotated[float | None, Field(ge=0), BeforeValidator(_no_blank)] = None


class Thresholds(_Record):
    """Declared before the data are seen: where the regions of the verdict begin.

    depth        share of the chain's burden removed, from which a change is deep.
    dependence   share of revenue lost twelve months after paid traffic and subsidy end, from which
                 a platform is dependent.
    probability  from which a region is named.
    layer        smallest part of a layer's burden whose removal counts towards the reach.
    """

    depth: Annotated[float, Field(gt=0, lt=1)] = 0.10
    dependence: Annotated[float, Field(gt=0, lt=1)] = 0.25
    probability: Annotated[float, Field(gt=0.5, lt=1)] = 0.80
    layer: Annotated[float, Field(ge=0, lt=1)] = 0.05


class Profile(_Record):
    """What an industry calls its things.

    type         object type that is measured; None: the book's first.
    unit         ``attribute:NAME`` (of the object, or of its events) or ``role:party``: what a
                 roll-out reaches; None: found from the interventions.
    within       window of the restricted mean of the whole flow; None: chosen from the log.
    failed_ends  activities that end an object without success.
    placed       activity with which an order counts as placed, and its value as agreed; None: its
                 beginning.
    value        attribute with an object's value in ``currency``.
    platform     party whose ledger rows belong to no unit; None: rows without a party alone.
    accounts     standard account → names that the ledger writes for it.
    """

    name: Text
    type: Annotated[Text | None, BeforeValidator(_no_blank)] = None
    unit: Annotated[Text | None, BeforeValidator(_no_blank)] = None
    within: Annotated[Length | None, BeforeValidator(_no_blank)] = None
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    failed_ends: tuple[Text, ...] = ()
    placed: Annotated[Text | None, BeforeValidator(_no_blank)] = None
    value: Annotated[Text | None, BeforeValidator(_no_blank)] = None
    currency: Annotated[Text | None, BeforeValidator(_no_blank)] = None
    kinds: Annotated[tuple[InterventionKind, ...], Field(min_length=1)] = KINDS
    hours: Hours | None = None
    platform: Annotated[Text | None, BeforeValidator(_no_blank)] = None
    accounts: dict[str, tuple[Text, ...]] = {}
    economy: Economy = Economy()
    thresholds: Thresholds = Thresholds()

    @field_validator("accounts")
    @classmethod
    def _standard(cls, accounts: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        home: dict[str, str] = {}
        for account, names in accounts.items():
            if account not in ACCOUNTS:
                raise ValueError(
                    f"{account!r} is no standard account. {nearest(account, ACCOUNTS)}"
                )
            for name in names:
                if home.setdefault(name.casefold(), account) != account:
                    raise ValueError(
                        f"{name!r} stands under {home[name.casefold()]!r} and under {account!r}; "
                        "leave it under one"
                    )
        return accounts

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str | None) -> str | None:
        if unit is None or unit in ROLES:
            return unit and f"role:{unit}"
        found = _UNIT.fullmatch(unit)
        if found is None:
            raise ValueError("write attribute:NAME or role:party")
        if found[1] == "role" and found[2].strip() not in ROLES:
            raise ValueError(f"there is no role {found[2]!r}. {nearest(found[2], ROLES)}")
        return f"{found[1]}:{found[2].strip()}"

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        _refuse_repeats("layer", (layer.id for layer in self.layers))
        _refuse_repeats("kind", (kind.id for kind in self.kinds))
        home: dict[str, str] = {}
        for layer in self.layers:
            for activity in layer.activities:
                if activity in home:
                    raise ValueError(
                        f"activity {activity!r} stands in layer {home[activity]!r} and in layer "
                        f"{layer.id!r}; leave it in one"
                    )
                home[activity] = layer.id
        return self

    @property
    def within_s(self) -> float | None:
        return None if self.within is None else length_s(self.within)

    def layer_of(self, activity: str) -> str | None:
        """Id of the layer that an activity belongs to, or None."""
        return next((layer.id for layer in self.layers if activity in layer.activities), None)

    def layers_by_activity(self) -> dict[str, str]:
        """Layer id by activity."""
        return {name: layer.id for layer in self.layers for name in layer.activities}

    def layer(self, wanted: str) -> Layer | None:
        """The layer of an id, or of a name in either language."""
        return _called(self.layers, wanted)

    def kind(self, wanted: str) -> InterventionKind | None:
        """The kind of intervention of an id, or of a name in either language."""
        return _called(self.kinds, wanted)


def words_of(records: Iterable[Layer | InterventionKind]) -> list[str]:
    """Ids and names, for offering the nearest."""
    return [word for one in records for word in (one.id, one.name.en, one.name.zh) if word]


R = TypeVar("R", Layer, InterventionKind)


def _called(records: tuple[R, ...], wanted: str) -> R | None:
    word = wanted.strip().casefold()
    return next((one for one in records if word in {w.casefold() for w in words_of([one])}), None)


def _refuse_repeats(what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"{what} {one!r} stands there twice; join the two")
        seen.add(one)
