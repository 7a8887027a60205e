"""A patient as a source system sent it, and the same patient made comparable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class PersonName(NamedTuple):
    """One name as sent. ``use`` is FHIR's: usual, official, temp, nickname, old, maiden."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    use: str | None = None


class Identifier(NamedTuple):
    """A value and who issued it; ``type`` is HL7 table 0203 (MR, SS, DL, PPN, …)."""

    authority: str
    type: str | None = None
    value: str = ""


class Address(NamedTuple):
    """One postal address as sent; ``use`` is FHIR's: home, work, temp, old."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    use: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SourceRecord:
    """A patient as one source system sent it; values untouched, the flat fields first in each list."""

    source: str
    local_id: str
    names: tuple[PersonName, ...] = ()
    birth_date: str | None = None
    sex: str | None = None
    #: ``ssn`` and ``mrn`` of the flat record keep places of their own; other identifiers are listed.
    ssn: str | None = None
    mrn: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    addresses: tuple[Address, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    mother_maiden: str | None = None
    multiple_birth: bool | None = None
    birth_order: int | None = None
    #: True, False, or the date of death as sent.
    deceased: bool | str | None = None
    #: The FHIR Patient that the record was read from, word for word; None when it came flat. Never compared.
    original: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"SourceRecord({self.source}/{self.local_id})"


class NormalizedName(NamedTuple):
    """One name made comparable: upper-case A–Z and single spaces, ``""`` where there is none.

    ``family`` has particles, hyphens and apostrophes folded (``O'NEIL-VAN DER BERG`` → ``ONEIL VAN DER
    BERG``).
    """

    given: str
    middle: str
    family: str
    suffix: str


class PartialDate(NamedTuple):
    """A date with the precision it was sent with: 0 stands for a part that is not known, never padded."""

    year: int
    month: int
    day: int


class NormalizedIdentifier(NamedTuple):
    """An identifier without decoration.

    SSNs are ``("SSN", "SS", nine digits)`` or ``("SSN", "SSN4", four)``.
    """

    authority: str
    type: str
    value: str


class NormalizedAddress(NamedTuple):
    """One address in USPS form: ``street`` upper case with standard abbreviations and without the unit."""

    street: str
    unit: str
    city: str
    state: str
    zip: str


class TemporaryName(NamedTuple):
    """What a newborn's placeholder name says (AHIMA forms): ``BABY BOY A`` → ("", "M", 1)."""

    mother_given: str
    sex: str
    birth_order: int


class Dropped(NamedTuple):
    """A value that was not taken as evidence: ``reason`` is a code of the placeholder and validity lists."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NormalizedRecord:
    """The comparable form of a record: what is blocked on and compared. Missing is absent, never a filler.

    Every list holds distinct values, the current one first.
    """

    names: tuple[NormalizedName, ...] = ()
    birth_date: PartialDate | None = None
    #: ``M``, ``F``, ``X`` (other) or ``""`` (not known).
    sex: str = ""
    identifiers: tuple[NormalizedIdentifier, ...] = ()
    addresses: tuple[NormalizedAddress, ...] = ()
    #: E.164 without the plus where it parses, else the digits.
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    mother_maiden: str = ""
    #: None = not known.
    multiple_birth: bool | None = None
    birth_order: int = 0
    deceased: bool | None = None
    #: Set when the name is a newborn's placeholder; such a name is not in ``names`` as a given name.
    temporary_name: TemporaryName | None = None
    #: What was sent and not used, with the reason.
    dropped: tuple[Dropped, ...] = ()

    def __repr__(self) -> str:
        return f"NormalizedRecord({len(self.names)} names, {len(self.identifiers)} identifiers)"
