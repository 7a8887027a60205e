"""A FHIR R4 Patient → PID, PD1 and NK1: the other direction of ``reading``, for Patients of any origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mpi.hl7v2.datatypes.addresses import write_address
from mpi.hl7v2.datatypes.codes import write_concept
from mpi.hl7v2.datatypes.dates import write_date
from mpi.hl7v2.datatypes.extensions import (
    V2_CODE,
    V2_FIELD,
    V2_TEXT,
    Element,
    extension,
    extensions,
    list_of,
    text_of,
)
from mpi.hl7v2.datatypes.identifiers import SSN_SYSTEM, usual_field, write_identifier, write_licence
from mpi.hl7v2.datatypes.names import write_name
from mpi.hl7v2.datatypes.telecoms import field_of, write_telecom
from mpi.hl7v2.patients.fields import (
    BIRTH_ORDER,
    BIRTH_TIME,
    CITIZENSHIP,
    CODED,
    ETHNICITY,
    MARITAL_SYSTEM,
    MOTHER_NAME,
    RACE,
    SEXES,
)
from mpi.hl7v2.writing import Field, Repeat, write_segment
from mpi.patient import BIRTH_PLACE_URL, MOTHER_IDENTIFIER_URL, MOTHERS_MAIDEN_NAME_URL, Domains

Patient = Mapping[str, Any]
_MARITAL_CODES = {
    "L": "A",
    "D": "D",
    "M": "M",
    "S": "S",
    "W": "W",
    "C": "C",
    "T": "P",
    "A": "N",
    "I": "I",
    "UNK": "U",
}


def write_pid(patient: Patient, domains: Domains, *, set_id: str = "1") -> str:
    """The PID segment of a Patient."""
    return write_segment("PID", {1: set_id, **pid_fields(patient, domains)})


def pid_fields(patient: Patient, domains: Domains) -> dict[int, Field]:
    """The fields of its PID by number, empty ones left out."""
    element = dict(patient)
    fields: dict[int, Field] = {
        **_identifiers(element, domains),
        **_names(element),
        6: [_mother_name(one) for one in extensions(element, MOTHERS_MAIDEN_NAME_URL)],
        7: _birth_date(element),
        8: extension(element.get("_gender"), V2_CODE) or SEXES.get(text_of(element, "gender"), ""),
        11: [write_address(address) for address in _elements(element, "address")],
        **_telecoms(element),
        15: _languages(element),
        16: _marital_status(element),
        21: [write_identifier(one["valueIdentifier"], domains) for one in _mothers(element)],
        23: _birth_place(element),
        26: _citizenships(element),
        **_codes(element),
        **_multiple_birth(element),
        **_death(element),
    }
    return {number: value for number, value in fields.items() if value}


def _elements(element: Element, key: str) -> list[Element]:
    return [one for one in list_of(element, key) if isinstance(one, dict)]


def _identifiers(patient: Element, domains: Domains) -> dict[int, Field]:
    fields: dict[int, list[Repeat]] = {2: [], 3: [], 4: [], 18: [], 19: [], 20: []}
    for identifier in _elements(patient, "identifier"):
        for number in _places(identifier):
            if number == 20:
                fields[20].append(write_licence(identifier))
            elif number == 19:
                is_ssn = text_of(identifier, "system") == SSN_SYSTEM
                plain = (text_of(identifier, "value"),)
                fields[19].append(plain if is_ssn else write_identifier(identifier, domains))
            else:
                fields[number].append(write_identifier(identifier, domains))
    # PID-19 and PID-20 do not repeat.
    return {**fields, 19: fields[19][:1], 20: fields[20][:1]}


def _places(identifier: Element) -> list[int]:
    """The PID fields of an identifier: those it came from, else by what it is."""
    sent = [one.get("valueString") for one in extensions(identifier, V2_FIELD)]
    if numbers := [number for number in (2, 3, 4, 18, 19, 20) if f"PID-{number}" in sent]:
        return numbers
    return [usual_field(identifier)]


def _names(patient: Element) -> dict[int, Field]:
    fields: dict[int, list[Repeat]] = {5: [], 9: []}
    for name in _elements(patient, "name"):
        if extension(name, V2_FIELD) == "PID-9":
            fields[9].append(write_name(name))
        else:
            fields[5].append(write_name(name))
    return {**fields}


def _mother_name(one: Element) -> Repeat:
    whole = extension(one.get("_valueString"), MOTHER_NAME, "valueHumanName")
    return write_name(whole) if isinstance(whole, dict) else (text_of(one, "valueString"),)


def _mothers(patient: Element) -> list[Element]:
    found = extensions(patient, MOTHER_IDENTIFIER_URL)
    return [one for one in found if isinstance(one.get("valueIdentifier"), dict)]


def _birth_date(patient: Element) -> str:
    beside = patient.get("_birthDate")
    moment = extension(beside, BIRTH_TIME, "valueDateTime")
    return extension(beside, V2_TEXT) or write_date(moment or text_of(patient, "birthDate"))


def _telecoms(patient: Element) -> dict[int, Field]:
    fields: dict[int, list[Repeat]] = {13: [], 14: [], 40: []}
    for telecom in _elements(patient, "telecom"):
        place = field_of(telecom)
        number = int(place[4:]) if place in ("PID-13", "PID-14", "PID-40") else 13
        fields[number].append(write_telecom(telecom))
    return {**fields}


def _languages(patient: Element) -> Field:
    spoken = sorted(_elements(patient, "communication"), key=lambda one: one.get("preferred") is not True)
    languages = [one["language"] for one in spoken if isinstance(one.get("language"), dict)]
    return [write_concept(language, "0296") for language in languages]


def _marital_status(patient: Element) -> Field:
    status = patient.get("maritalStatus")
    if not isinstance(status, dict):
        return ""
    codings = _elements(status, "coding")
    as_sent = [coding for coding in codings if text_of(coding, "system") != MARITAL_SYSTEM]
    if as_sent and len(codings) > len(as_sent):
        return [write_concept({**status, "coding": as_sent}, "0002")]
    known = [_MARITAL_CODES.get(text_of(coding, "code"), "") for coding in codings]
    if known and known[0] and not as_sent:
        return [(known[0], text_of(codings[0], "display"))]
    return [write_concept(status, "0002")]


def _birth_place(patient: Element) -> str:
    address = next((one.get("valueAddress") for one in extensions(patient, BIRTH_PLACE_URL)), None)
    if not isinstance(address, dict):
        return ""
    parts = [text_of(address, key) for key in ("city", "state", "country")]
    return text_of(address, "text") or ", ".join(part for part in parts if part)


def _citizenships(patient: Element) -> Field:
    concepts = [extension(one, "code", "valueCodeableConcept") for one in extensions(patient, CITIZENSHIP)]
    return [write_concept(concept, "0171") for concept in concepts if isinstance(concept, dict)]


def _codes(patient: Element) -> dict[int, Field]:
    fields: dict[int, Field] = {}
    for field, table, url in CODED:
        concepts = [one.get("valueCodeableConcept") for one in extensions(patient, url)]
        fields[field] = [write_concept(concept, table) for concept in concepts if isinstance(concept, dict)]
    fields[10] = fields[10] or _us_core(patient, RACE)
    fields[22] = fields[22] or _us_core(patient, ETHNICITY)
    return fields


def _us_core(patient: Element, url: str) -> Field:
    codings = [
        part["valueCoding"]
        for one in extensions(patient, url)
        for part in _elements(one, "extension")
        if isinstance(part.get("valueCoding"), dict)
    ]
    return [(text_of(coding, "code"), text_of(coding, "display"), "CDCREC") for coding in codings]


def _multiple_birth(patient: Element) -> dict[int, Field]:
    number, whether = patient.get("multipleBirthInteger"), patient.get("multipleBirthBoolean")
    order = extension(patient.get("_multipleBirthBoolean"), BIRTH_ORDER) or ""
    if isinstance(number, int) and not isinstance(number, bool):
        return {24: "Y", 25: str(number)}
    return {24: "" if not isinstance(whether, bool) else "Y" if whether else "N", 25: order}


def _death(patient: Element) -> dict[int, Field]:
    if died := text_of(patient, "deceasedDateTime"):
        return {29: extension(patient.get("_deceasedDateTime"), V2_TEXT) or write_date(died), 30: "Y"}
    whether = patient.get("deceasedBoolean")
    return {30: "Y" if whether else "N"} if isinstance(whether, bool) else {}


def write_pd1(patient: Patient) -> str:
    """The PD1 segment of a Patient; ``""`` where it would be empty."""
    fields: dict[int, list[Repeat]] = {3: [], 4: []}
    for practitioner in _elements(dict(patient), "generalPractitioner"):
        display = text_of(practitioner, "display")
        identifier = practitioner.get("identifier")
        if practitioner.get("type") == "Organization":
            fields[3].append((display,))
        elif display or identifier:
            fields[4].append((text_of(identifier, "value"), display))
    return write_segment("PD1", {**fields}) if any(fields.values()) else ""


def write_next_of_kin(patient: Patient) -> list[str]:
    """An NK1 segment for each contact."""
    return [
        _nk1(number, contact) for number, contact in enumerate(_elements(dict(patient), "contact"), start=1)
    ]


def _nk1(number: int, contact: Element) -> str:
    relationships = [write_concept(concept, "0063") for concept in _elements(contact, "relationship")]
    name, address = contact.get("name"), contact.get("address")
    telecoms: dict[str, list[Repeat]] = {"NK1-5": [], "NK1-6": []}
    for telecom in _elements(contact, "telecom"):
        place = {"PID-14": "NK1-6", "NK1-6": "NK1-6"}.get(field_of(telecom), "NK1-5")
        telecoms[place].append(write_telecom(telecom))
    fields: Sequence[tuple[int, Field]] = (
        (1, str(number)),
        (2, [write_name(name)] if isinstance(name, dict) else ""),
        (3, relationships[:1]),
        (4, [write_address(address)] if isinstance(address, dict) else ""),
        (5, telecoms["NK1-5"]),
        (6, telecoms["NK1-6"]),
        (7, relationships[1:2]),
        (15, SEXES.get(text_of(contact, "gender"), "")),
    )
    return write_segment("NK1", dict(fields))
