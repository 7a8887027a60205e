"""What of a record each field compares: a hashable value, or None where there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

from mpi.matching.record import NormalizedIdentifier, NormalizedRecord

Feature = Callable[[NormalizedRecord], Hashable]

#: Identifier types of which a person has several, or shares one with the family (a newborn goes by the
#: mother's Medicaid number): that two differ says nothing.
LOCAL_TYPES: Final = frozenset({"MR", "PI", "AN", "VN", "PT", "RRI", "MA", "MB", "SN", "U", ""})
_NOT_NATIONAL: Final = LOCAL_TYPES | {"SS", "SSN4"}


def _distinct(values: list[str]) -> tuple[str, ...] | None:
    if len(values) > 1:
        return tuple(dict.fromkeys(value for value in values if value)) or None
    return (values[0],) if values and values[0] else None


def family(record: NormalizedRecord) -> Hashable:
    return _distinct([name[2] for name in record.names])


def given(record: NormalizedRecord) -> Hashable:
    return _distinct([name[0] for name in record.names])


def middle(record: NormalizedRecord) -> Hashable:
    return _distinct([name[1] for name in record.names])


def suffix(record: NormalizedRecord) -> Hashable:
    return _distinct([name[3] for name in record.names])


def names(record: NormalizedRecord) -> Hashable:
    """The whole names, for agreement across their parts: swapped, called by the middle name."""
    return record.names or None


def birth_date(record: NormalizedRecord) -> Hashable:
    return record.birth_date


def sex(record: NormalizedRecord) -> Hashable:
    return record.sex if record.sex in ("M", "F") else None


def is_ssn(authority: str, kind: str) -> bool:
    """Whether identifiers of an authority and type are what ``ssn`` compares; likewise below."""
    return authority == "SSN" and kind != "NI"


def is_national(_: str, kind: str) -> bool:
    return kind not in _NOT_NATIONAL


def is_local(_: str, kind: str) -> bool:
    return kind in LOCAL_TYPES


def ssn(record: NormalizedRecord) -> Hashable:
    """US social security numbers: nine digits, or the last four where only those are known."""
    return tuple([i[2] for i in record.identifiers if is_ssn(i[0], i[1])]) or None


def national_id(record: NormalizedRecord) -> Hashable:
    """Numbers of which a person has one of each kind: foreign national numbers, passports, licences."""
    return tuple([i for i in record.identifiers if is_national(i[0], i[1])]) or None


def numbers_held_alone(record: NormalizedRecord) -> frozenset[NormalizedIdentifier]:
    """Numbers that one person alone has: whole social security numbers, and what ``national_id`` compares.

    Two records that share one are asked about however unlike they are.
    """
    return frozenset(i for i in record.identifiers if i[1] == "SS" or is_national(i[0], i[1]))


def record_number(record: NormalizedRecord) -> Hashable:
    return tuple([i for i in record.identifiers if is_local(i[0], i[1])]) or None


def phone(record: NormalizedRecord) -> Hashable:
    return record.phones or None


def email(record: NormalizedRecord) -> Hashable:
    return record.emails or None


def address(record: NormalizedRecord) -> Hashable:
    return record.addresses or None


def mother_maiden(record: NormalizedRecord) -> Hashable:
    return record.mother_maiden or None


def birth_order(record: NormalizedRecord) -> Hashable:
    if record.birth_order:
        return record.birth_order
    return record.temporary_name.birth_order or None if record.temporary_name else None


def placeholder_name(record: NormalizedRecord) -> Hashable:
    """Whether a placeholder stands where the name should: an unnamed newborn, an unknown patient."""
    if record.temporary_name is None and not record.dropped:
        return False
    if any(name[0] for name in record.names):
        return False
    return record.temporary_name is not None or any(d.reason == "placeholder-name" for d in record.dropped)


#: Field → its feature; ``names`` is not a field of its own but read by ``family`` and ``given``.
FEATURES: Final[dict[str, Feature]] = {
    "family": family,
    "given": given,
    "middle": middle,
    "suffix": suffix,
    "birth_date": birth_date,
    "sex": sex,
    "ssn": ssn,
    "national_id": national_id,
    "record_number": record_number,
    "phone": phone,
    "email": email,
    "address": address,
    "mother_maiden": mother_maiden,
    "birth_order": birth_order,
    "placeholder_name": placeholder_name,
    "names": names,
}


def shown(field: str, value: Any) -> Any:
    """A feature's value as JSON for an explanation: text, or a list of texts."""
    if value is None:
        return None
    if field == "birth_date":
        year, month, day = value
        return f"{year or '????':0>4}-{month or '??':0>2}-{day or '??':0>2}"
    if not isinstance(value, tuple):
        return value
    texts = [one if isinstance(one, str) else " ".join(part for part in one if part) for one in value]
    return texts[0] if len(texts) == 1 else texts
