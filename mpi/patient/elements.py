"""The elements of a FHIR Patient, written from the fields of a source record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mpi.matching.normalization.codes import read_sex
from mpi.matching.normalization.dates import read_date
from mpi.matching.record import Address, Identifier, PersonName, SourceRecord
from mpi.patient.domains import Domains, on_sight
from mpi.patient.vocabulary import IDENTIFIER_TYPE_URL, IDENTIFIER_TYPES, MOTHERS_MAIDEN_NAME_URL

_GENDERS = {"M": "male", "F": "female", "X": "other"}
_ADDRESS_USES = ("home", "work", "temp", "old", "billing")
_NAME_USES = ("usual", "official", "temp", "nickname", "anonymous", "old", "maiden")
_DATE_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII)


def flat_elements(record: SourceRecord) -> dict[str, Any]:
    """Everything but the identifiers that a record's flat fields say, as Patient elements."""
    patient: dict[str, Any] = {}
    if record.mother_maiden:
        maiden = {"url": MOTHERS_MAIDEN_NAME_URL, "valueString": record.mother_maiden}
        patient["extension"] = [maiden]
    if record.names:
        patient["name"] = [name_element(name) for name in record.names]
    telecom = [{"system": "phone", "value": phone} for phone in record.phones]
    if telecom := telecom + [{"system": "email", "value": email} for email in record.emails]:
        patient["telecom"] = telecom
    if record.addresses:
        patient["address"] = [address_element(address) for address in record.addresses]
    return patient | single_elements(record)


def single_elements(record: SourceRecord) -> dict[str, Any]:
    """Gender, birth date, death and multiple birth, each left out where FHIR could not say it."""
    found: dict[str, Any] = {}
    if record.sex:
        found["gender"] = _GENDERS.get(read_sex(record.sex).sex, "unknown")
    if date := fhir_date(record.birth_date):
        found["birthDate"] = date
    if isinstance(record.deceased, bool):
        found["deceasedBoolean"] = record.deceased
    elif record.deceased:
        if moment := _date_time(record.deceased):
            found["deceasedDateTime"] = moment
        else:
            found["deceasedBoolean"] = True
    if record.birth_order:
        found["multipleBirthInteger"] = record.birth_order
    elif record.multiple_birth is not None:
        found["multipleBirthBoolean"] = record.multiple_birth
    return found


def name_element(name: PersonName) -> dict[str, Any]:
    """A HumanName."""
    given = [name.given] if name.given else []
    parts: dict[str, Any] = {
        "use": name.use if name.use in _NAME_USES else None,
        "family": name.family,
        "given": given + (name.middle.split() if name.middle else []),
        "prefix": [name.prefix] if name.prefix else [],
        "suffix": [name.suffix] if name.suffix else [],
    }
    return {key: value for key, value in parts.items() if value}


def address_element(address: Address) -> dict[str, Any]:
    """An Address."""
    parts: dict[str, Any] = {
        "use": address.use if address.use in _ADDRESS_USES else None,
        "line": [address.street] if address.street else [],
        "city": address.city,
        "state": address.state,
        "postalCode": address.zip,
        "country": address.country,
    }
    return {key: value for key, value in parts.items() if value}


def identifier_element(identifier: Identifier, domains: Domains) -> dict[str, Any]:
    """An Identifier with system, value, type and assigner as far as they are known."""
    domain = domains.named(identifier.authority) or on_sight(identifier.authority)
    element: dict[str, Any] = {"system": domain.system, "value": identifier.value}
    if kind := identifier.type or domain.type:
        element["type"] = type_element(kind)
    element["assigner"] = {"display": domain.namespace or domain.name}
    return element


def type_element(code: str) -> dict[str, Any]:
    """A CodeableConcept of table 0203; a code that is not in it stands as text."""
    if code not in IDENTIFIER_TYPES:
        # Any code of two or three letters may well be in the table.
        known = 2 <= len(code) <= 4 and code.isascii() and code.isalnum() and code.isupper()
        return {"coding": [{"system": IDENTIFIER_TYPE_URL, "code": code}]} if known else {"text": code}
    return {"coding": [{"system": IDENTIFIER_TYPE_URL, "code": code, "display": IDENTIFIER_TYPES[code]}]}


def filled_in(element: Mapping[str, Any], domains: Domains) -> dict[str, Any]:
    """An identifier as sent, with the type and the assigner that its domain has."""
    system = element.get("system")
    domain = domains.named(system) if isinstance(system, str) else None
    if domain is None:
        return dict(element)
    added: dict[str, Any] = {"assigner": {"display": domain.namespace or domain.name}}
    if domain.type:
        added["type"] = type_element(domain.type)
    return added | dict(element)


def fhir_date(text: str | None) -> str | None:
    """A date as FHIR writes it, at the precision it has; None where it has no year."""
    date = read_date(text).date if text else None
    if date is None or not date.year:
        return None
    parts = [f"{date.year:04}"]
    for part in (date.month, date.day):
        if not part:
            break
        parts.append(f"{part:02}")
    return "-".join(parts)


def _date_time(text: str) -> str | None:
    return text if _DATE_TIME.fullmatch(text) else fhir_date(text)
