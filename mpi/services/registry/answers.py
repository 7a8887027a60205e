"""What the two standard dialects ask the registry, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mpi.matching.record import Identifier
from mpi.patient import IdentityView, Note, RecordView
from mpi.services.answers import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """A Patient that was taken in: the receipt as of any record, and what was noted."""

    receipt: Receipt
    notes: tuple[Note, ...] = ()
    #: True when the Patient had no usable identifier and got a local ID of ours.
    minted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(TakenIn):
    """The same, and the record as it is now."""

    view: RecordView


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossReference:
    """What an identifier is known as elsewhere (PIX): the outcomes of ITI-9 and ITI-83, told apart."""

    #: ``replaced``: another identifier of its domain took its place (A40, ``replaced-by``). Nobody has it;
    #: an enterprise ID that was merged is not meant, it leads to its survivor.
    outcome: Literal["found", "nothing", "replaced", "unknown-id", "unknown-domain", "unknown-target"]
    #: Display form, of a replaced identifier its survivor's; None unless the identifier is known.
    enterprise_id: str | None = None
    #: Canonical, in the wanted domains (all when none were named, the asked identifier included).
    identifiers: tuple[Identifier, ...] = ()
    #: Logical IDs of the records that carry them (``Patient/…``).
    resource_ids: tuple[str, ...] = ()
    #: Which of the wanted domains nobody knows, counted from 0.
    unknown_targets: tuple[int, ...] = ()


#: What can be asked about. Texts: name, family, given, street, city, state, zip, country, address, phone,
#: email, telecom, mother_maiden, mother_name. Dates: birth_date, death_date, updated_at. Identifiers
#: (``domain|value``, ``domain|``, ``|value`` or ``value``): identifier, mother_identifier. Codes: id, gender,
#: active, deceased, link.
Field = Literal[
    "name", "family", "given", "street", "city", "state", "zip", "country", "address",
    "phone", "email", "telecom", "mother_maiden", "mother_name",
    "birth_date", "death_date", "updated_at",
    "identifier", "mother_identifier",
    "id", "gender", "active", "deceased", "link",
]  # fmt: skip
#: How a text is compared. ``starts``, ``contains`` and ``whole`` ignore case and accents, ``exact`` does not;
#: ``pattern`` is ``whole`` with ``*`` for any characters; ``sounds`` compares phonetic codes. Other fields:
#: ``is``.
How = Literal["starts", "contains", "whole", "exact", "pattern", "sounds", "is"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition of a search: a record satisfies it with any of ``values``.

    Dates carry FHIR's prefixes and precision (``1984``, ``ge1984-03``, ``ne1984-03-17``); ``updated_at`` may
    be a moment.
    """

    field: Field
    values: tuple[str, ...]
    how: How = "starts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of people: identities of which one record satisfies every criterion.

    ``total`` counts identities; ``total_is_exact`` is False when more records satisfied the criteria than one
    search looks at, and the criteria should be narrowed.
    """

    people: tuple[IdentityView, ...]
    total: int
    total_is_exact: bool = True
    #: Opaque: hand it back with the same criteria for the next page; None at the end.
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A record gave way to another of its source (A40, ``replaced-by``).

    ``merge_id`` is None when both were one identity already, and of a preview.
    """

    surviving: RecordView
    subsumed: RecordView
    merge_id: int | None
    subsumed_enterprise_id: str
    systems_to_notify: tuple[str, ...] = ()
    #: The survivor was unknown, and a record of it was made.
    survivor_created: bool = False
    preview: bool = False
