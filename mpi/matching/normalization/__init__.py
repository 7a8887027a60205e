"""A source record made comparable: one form per value, placeholders out, all of it reported."""

from __future__ import annotations

from mpi.matching.normalization.addresses import read_address
from mpi.matching.normalization.codes import read_sex
from mpi.matching.normalization.dates import read_date
from mpi.matching.normalization.emails import read_email
from mpi.matching.normalization.identifiers import read_identifier, read_ssn
from mpi.matching.normalization.names import read_family, read_name
from mpi.matching.normalization.nicknames import nickname_roots
from mpi.matching.normalization.phones import read_phone
from mpi.matching.record import (
    Dropped,
    Identifier,
    NormalizedAddress,
    NormalizedIdentifier,
    NormalizedName,
    NormalizedRecord,
    PartialDate,
    SourceRecord,
    TemporaryName,
)

__all__ = ["nickname_roots", "normalize", "read_birth_order", "read_deceased"]

#: A higher number in ``birth_order`` is a count of something else.
_BIRTH_ORDER_MAX = 10


def normalize(record: SourceRecord) -> NormalizedRecord:
    """The comparable form of a source record, with what was sent and not used in ``dropped``.

    Normalizing what came out again changes nothing, and no text makes it raise. The rules:
    docs/normalization.md.
    """
    dropped: list[Dropped] = []
    names, temporary = _names(record, dropped)
    return NormalizedRecord(
        names=names,
        birth_date=_birth_date(record.birth_date, dropped),
        sex=_sex(record.sex, dropped),
        identifiers=_identifiers(record, dropped),
        addresses=_addresses(record, dropped),
        phones=_phones(record, dropped),
        emails=_emails(record, dropped),
        mother_maiden=_mother_maiden(record.mother_maiden, dropped),
        multiple_birth=record.multiple_birth,
        birth_order=_birth_order(record.birth_order, dropped),
        deceased=_deceased(record.deceased, dropped),
        temporary_name=temporary,
        dropped=tuple(dict.fromkeys(dropped)),
    )


def _names(
    record: SourceRecord, dropped: list[Dropped]
) -> tuple[tuple[NormalizedName, ...], TemporaryName | None]:
    names: list[NormalizedName] = []
    temporary = None
    for name in record.names:
        reading = read_name(name)
        names += reading.names
        temporary = temporary or reading.temporary
        dropped += [Dropped(*pair) for pair in reading.dropped]
    if temporary and any(name.given for name in names):
        # Named since: the placeholder is history.
        temporary = None
    return tuple(dict.fromkeys(names)), temporary


def _birth_date(text: str | None, dropped: list[Dropped]) -> PartialDate | None:
    if not text or text.isspace():
        return None
    reading = read_date(text)
    dropped += [Dropped("birth_date", reason) for reason in reading.reasons]
    return reading.date


def _sex(text: str | None, dropped: list[Dropped]) -> str:
    if not text or text.isspace():
        return ""
    reading = read_sex(text)
    if reading.reason:
        dropped.append(Dropped("sex", reading.reason))
    return reading.sex


def _identifiers(record: SourceRecord, dropped: list[Dropped]) -> tuple[NormalizedIdentifier, ...]:
    readings = []
    if record.ssn and not record.ssn.isspace():
        readings.append(("ssn", read_ssn(record.ssn)))
    if record.mrn and not record.mrn.isspace():
        readings.append(("mrn", read_identifier(Identifier(record.source, "MR", record.mrn))))
    readings += [("identifiers", read_identifier(identifier)) for identifier in record.identifiers]
    dropped += [Dropped(field, reading.reason) for field, reading in readings if reading.reason]
    return tuple(dict.fromkeys(reading.identifier for _, reading in readings if reading.identifier))


def _addresses(record: SourceRecord, dropped: list[Dropped]) -> tuple[NormalizedAddress, ...]:
    readings = [read_address(address) for address in record.addresses]
    dropped += [Dropped(field, reason) for reading in readings for field, reason in reading.dropped]
    return tuple(dict.fromkeys(reading.address for reading in readings if reading.address))


def _phones(record: SourceRecord, dropped: list[Dropped]) -> tuple[str, ...]:
    readings = [read_phone(text) for text in record.phones]
    dropped += [Dropped("phone", reading.reason) for reading in readings if reading.reason]
    return tuple(dict.fromkeys(reading.number for reading in readings if reading.number))


def _emails(record: SourceRecord, dropped: list[Dropped]) -> tuple[str, ...]:
    readings = [read_email(text) for text in record.emails]
    dropped += [Dropped("email", reading.reason) for reading in readings if reading.reason]
    return tuple(dict.fromkeys(reading.address for reading in readings if reading.address))


def _mother_maiden(text: str | None, dropped: list[Dropped]) -> str:
    if not text or text.isspace():
        return ""
    family, reason = read_family(text)
    if reason:
        dropped.append(Dropped("mother_maiden", reason))
    return family


def _birth_order(order: int | None, dropped: list[Dropped]) -> int:
    number, reason = read_birth_order(order)
    if reason:
        dropped.append(Dropped("birth_order", reason))
    return number


def read_birth_order(order: int | None) -> tuple[int, str]:
    """A birth order, 0 = not known, and why it was not taken where it was not."""
    if order is None or 0 <= order <= _BIRTH_ORDER_MAX:
        return order or 0, ""
    return 0, "birth-order-out-of-range"


def _deceased(value: bool | str | None, dropped: list[Dropped]) -> bool | None:
    dead, reason = read_deceased(value)
    if reason:
        dropped.append(Dropped("deceased", reason))
    return dead


def read_deceased(value: bool | str | None) -> tuple[bool | None, str]:
    """Whether a person is dead; a date of death, of whatever precision, says so. And why it is not known."""
    if value is None or isinstance(value, bool):
        return value, ""
    reading = read_date(value)
    if reading.date:
        return True, ""
    return None, reading.reasons[0] if reading.reasons else "unreadable-date"
