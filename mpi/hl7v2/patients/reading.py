"""PID, PD1 and NK1 → a FHIR R4 Patient (HL7 v2.8.2 §3.4.2, HL7 "v2-to-FHIR" segment maps)."""

from __future__ import annotations

from collections.abc import Sequence

from mpi.hl7v2.datatypes.addresses import BIRTH_CODES, read_address
from mpi.hl7v2.datatypes.codes import read_concept
from mpi.hl7v2.datatypes.dates import read_moment, write_date
from mpi.hl7v2.datatypes.extensions import (
    V2_CODE,
    V2_FIELD,
    V2_TEXT,
    Element,
    extension,
    list_of,
    put_extension,
    sent,
    text_of,
)
from mpi.hl7v2.datatypes.identifiers import (
    authority_sent,
    read_identifier,
    read_licence,
    read_ssn,
    usual_field,
)
from mpi.hl7v2.datatypes.names import read_name
from mpi.hl7v2.datatypes.telecoms import read_telecoms
from mpi.hl7v2.message import Message, Segment, Value
from mpi.hl7v2.patients.fields import (
    BIRTH_ORDER,
    BIRTH_TIME,
    CDC_RACE_AND_ETHNICITY,
    CITIZENSHIP,
    CODED,
    ETHNICITY,
    GENDERS,
    MARITAL,
    MARITAL_SYSTEM,
    MOTHER_NAME,
    OMB_ETHNICITIES,
    OMB_RACES,
    RACE,
    SEXES,
)
from mpi.patient import BIRTH_PLACE_URL, MOTHER_IDENTIFIER_URL, MOTHERS_MAIDEN_NAME_URL, Domains

#: PID fields of identifiers, and the type of those that say none. PID-3 is the list that the record goes by.
_IDENTIFIER_FIELDS = ((3, ""), (2, ""), (4, ""), (18, "AN"))


def read_patient_segments(
    pid: Segment,
    domains: Domains,
    *,
    pd1: Segment | None = None,
    next_of_kin: Sequence[Segment] = (),
    default_domain: str = "",
) -> Element:
    """The Patient that these segments say. What asks to delete (``""``) is absent, as what is not sent is.

    ``default_domain``: the FHIR system of identifiers whose authority is not sent.
    """
    patient: Element = {"resourceType": "Patient"}
    _put(patient, "identifier", _identifiers(pid, domains, default_domain))
    _put(patient, "name", _names(pid))
    _put(patient, "telecom", _telecoms(pid))
    _read_sex(pid, patient)
    _read_birth(pid, patient, domains)
    _read_addresses(pid, patient)
    _read_mother(pid, patient, domains, default_domain)
    _read_codes(pid, patient)
    _read_death(pid, patient)
    if pd1 is not None:
        _put(patient, "generalPractitioner", _practitioners(pd1))
    _put(patient, "contact", [contact for kin in next_of_kin if (contact := _contact(kin))])
    return patient


def segments_of(message: Message, pid: Segment) -> tuple[Segment | None, list[Segment]]:
    """The PD1 and the NK1s that belong to a PID: those before the next PID."""
    start = message.segments.index(pid) + 1
    pd1, next_of_kin = None, []
    for segment in message.segments[start:]:
        if segment.name == "PID":
            break
        if segment.name == "PD1":
            pd1 = pd1 or segment
        elif segment.name == "NK1":
            next_of_kin.append(segment)
    return pd1, next_of_kin


def _put(element: Element, key: str, values: list[Element]) -> None:
    if values:
        element[key] = values


def _identifiers(pid: Segment, domains: Domains, default_domain: str) -> list[Element]:
    found: list[Element] = []
    seen: dict[tuple[str, str], Element] = {}

    def take(identifier: Element | None, field: int) -> None:
        if identifier is None:
            return
        known_as = (text_of(identifier, "system"), text_of(identifier, "value"))
        if field != 3 and known_as in seen:
            # The same identifier in several fields: one, which says where it stood.
            first = seen[known_as]
            if extension(first, V2_FIELD) is None:
                put_extension(first, V2_FIELD, valueString=f"PID-{usual_field(first)}")
            put_extension(first, V2_FIELD, valueString=f"PID-{field}")
            return
        found.append(seen.setdefault(known_as, identifier))
        if field != usual_field(identifier):
            put_extension(identifier, V2_FIELD, valueString=f"PID-{field}")

    for field, kind in _IDENTIFIER_FIELDS:
        default = default_domain if field == 3 else ""
        for value in pid.repeats(field):
            take(read_identifier(value, domains, default_domain=default, kind=kind), field)
    if ssn := pid.raw(19):
        number = Value(ssn, pid.delimiters)
        # Where the field is used for another national number, it says whose.
        national = read_identifier(number, domains) if authority_sent(number) else read_ssn(number)
        take(national, 19)
    if licence := pid.raw(20):
        take(read_licence(Value(licence, pid.delimiters), domains), 20)
    return found


def _names(pid: Segment) -> list[Element]:
    names = [name for value in pid.repeats(5) if (name := read_name(value))]
    for value in pid.repeats(9):
        if name := read_name(value):
            put_extension(name, V2_FIELD, valueString="PID-9")
            names.append(name)
    return names


def _telecoms(pid: Segment) -> list[Element]:
    return [
        telecom
        for field in (13, 14, 40)
        for value in pid.repeats(field)
        for telecom in read_telecoms(value, f"PID-{field}")
    ]


def _read_sex(pid: Segment, patient: Element) -> None:
    code = sent(pid.text(8))
    if not code:
        return
    gender = GENDERS.get(code.upper(), "unknown")
    patient["gender"] = gender
    if SEXES[gender] != code:
        patient["_gender"] = {"extension": [{"url": V2_CODE, "valueString": code}]}


def _read_birth(pid: Segment, patient: Element, domains: Domains) -> None:
    if moment := read_moment(pid.first(7)):
        patient["birthDate"] = moment.date
        beside: Element = {}
        if moment.time:
            put_extension(beside, BIRTH_TIME, valueDateTime=moment.date + moment.time)
        if moment.as_sent != write_date(moment.date + moment.time):
            put_extension(beside, V2_TEXT, valueString=moment.as_sent)
        if beside:
            patient["_birthDate"] = beside
    if place := sent(pid.text(23)):
        put_extension(patient, BIRTH_PLACE_URL, valueAddress={"text": place})
    _read_multiple_birth(sent(pid.text(24)).upper(), sent(pid.text(25)), patient)


def _read_multiple_birth(multiple: str, order: str, patient: Element) -> None:
    """Many systems send a birth order of 1 for everybody: alone it says nothing about a twin."""
    number = int(order) if order.isascii() and order.isdigit() and len(order) <= 2 else 0
    if number and multiple != "N" and (multiple == "Y" or number > 1):
        patient["multipleBirthInteger"] = number
        return
    if multiple in ("Y", "N"):
        patient["multipleBirthBoolean"] = multiple == "Y"
    if order:
        patient["_multipleBirthBoolean"] = {"extension": [{"url": BIRTH_ORDER, "valueString": order}]}


def _read_addresses(pid: Segment, patient: Element) -> None:
    addresses = []
    for value in pid.repeats(11):
        address = read_address(value)
        if address is None:
            continue
        if value.text(7).upper() in BIRTH_CODES:
            put_extension(patient, BIRTH_PLACE_URL, valueAddress=address)
        else:
            addresses.append(address)
    if addresses and (county := sent(pid.text(12))):
        addresses[0].setdefault("district", county)
    _put(patient, "address", addresses)


def _read_mother(pid: Segment, patient: Element, domains: Domains, default_domain: str) -> None:
    for value in pid.repeats(21):
        if identifier := read_identifier(value, domains, default_domain=default_domain):
            put_extension(patient, MOTHER_IDENTIFIER_URL, valueIdentifier=identifier)
    for value in pid.repeats(6):
        if name := read_name(value):
            patient.setdefault("extension", []).append(mother_name_extension(name))


def mother_name_extension(name: Element) -> Element:
    """FHIR's extension for the mother's maiden name: her family name as text, the whole name beside it."""
    family = text_of(name, "family") or " ".join(list_of(name, "given")) or text_of(name, "text")
    mother: Element = {"url": MOTHERS_MAIDEN_NAME_URL, "valueString": family}
    if name != {"family": family}:
        mother["_valueString"] = {"extension": [{"url": MOTHER_NAME, "valueHumanName": name}]}
    return mother


def _read_codes(pid: Segment, patient: Element) -> None:
    for field, table, url in CODED:
        for value in pid.repeats(field):
            if concept := read_concept(value, table):
                put_extension(patient, url, valueCodeableConcept=concept)
    _put_us_core(patient, RACE, pid.repeats(10), OMB_RACES)
    _put_us_core(patient, ETHNICITY, pid.repeats(22), OMB_ETHNICITIES)
    for value in pid.repeats(26):
        if concept := read_concept(value, "0171"):
            part = {"url": "code", "valueCodeableConcept": concept}
            patient.setdefault("extension", []).append({"url": CITIZENSHIP, "extension": [part]})
    for value in pid.repeats(15):
        if language := read_concept(value, "0296"):
            communication: Element = {"language": language}
            if "communication" not in patient:
                communication["preferred"] = True
            patient.setdefault("communication", []).append(communication)
    if status := read_concept(pid.first(16), "0002"):
        code = next((text_of(coding, "code") for coding in list_of(status, "coding")), "")
        if known := MARITAL.get(code.upper()):
            # FHIR's own code first, as its binding asks; the code as sent stays beside it.
            status["coding"].insert(0, {"system": MARITAL_SYSTEM, "code": known})
        patient["maritalStatus"] = status


def _put_us_core(patient: Element, url: str, values: Sequence[Value], categories: frozenset[str]) -> None:
    """US Core's extension for the values that have a code of the CDC's; others stay as sent."""
    parts, texts = [], []
    for value in values:
        code, display = value.text(1), value.text(2)
        if code in categories or (len(code) == 6 and code[4] == "-" and code[:4].isdigit()):
            kind = "ombCategory" if code in categories else "detailed"
            coding = {"system": CDC_RACE_AND_ETHNICITY, "code": code, "display": display or code}
            parts.append({"url": kind, "valueCoding": coding})
            texts.append(display or code)
    if parts:
        parts.append({"url": "text", "valueString": ", ".join(texts)})
        patient.setdefault("extension", []).append({"url": url, "extension": parts})


def _read_death(pid: Segment, patient: Element) -> None:
    indicator = sent(pid.text(30)).upper()
    if moment := read_moment(pid.first(29)):
        patient["deceasedDateTime"] = moment.date + moment.time
        beside: Element = {}
        if moment.as_sent != write_date(moment.date + moment.time):
            put_extension(beside, V2_TEXT, valueString=moment.as_sent)
        if beside:
            patient["_deceasedDateTime"] = beside
    elif indicator in ("Y", "N"):
        patient["deceasedBoolean"] = indicator == "Y"


def _practitioners(pd1: Segment) -> list[Element]:
    """PD1-3 (organizations) and PD1-4 (people) as references by name."""
    found: list[Element] = []
    for value in pd1.repeats(3):
        if name := sent(value.text(1)):
            found.append({"type": "Organization", "display": name})
    for value in pd1.repeats(4):
        texts = [sent(text) for text in value.texts()] + [""] * 6
        if name := " ".join(part for part in (texts[5], texts[2], texts[3], texts[1], texts[4]) if part):
            person: Element = {"type": "Practitioner", "display": name}
            found.append(person | ({"identifier": {"value": texts[0]}} if texts[0] else {}))
    return found


def _contact(kin: Segment) -> Element:
    """NK1 as Patient.contact; empty where it names nobody and says how to reach nobody."""
    contact: Element = {}
    relationships = [read_concept(value, "0063") for field in (3, 7) for value in kin.repeats(field)]
    names = [name for value in kin.repeats(2) if (name := read_name(value))]
    telecoms = [
        telecom
        for field in (5, 6)
        for value in kin.repeats(field)
        for telecom in read_telecoms(value, f"NK1-{field}")
    ]
    address = next((address for value in kin.repeats(4) if (address := read_address(value))), None)
    if not names and not telecoms and address is None:
        return {}
    _put(contact, "relationship", [concept for concept in relationships if concept])
    if names:
        contact["name"] = names[0]
    _put(contact, "telecom", telecoms)
    if address is not None:
        contact["address"] = address
    if (gender := sent(kin.text(15)).upper()) in GENDERS:
        contact["gender"] = GENDERS[gender]
    return contact
