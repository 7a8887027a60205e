"""FHIR Patients into source records: tolerant, and back unharmed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from mpi.errors import InvalidRecord
from mpi.matching.normalization import normalize
from mpi.matching.record import Address, Identifier, PersonName
from mpi.patient import (
    MOTHER_IDENTIFIER_URL,
    MOTHERS_MAIDEN_NAME_URL,
    Domain,
    Domains,
    PatientRead,
    RecordView,
    read_mother,
    read_patient,
    write_record,
)
from mpi.patient.carried import identifiers_of
from mpi.patient.terms import as_tsvector, terms_of

SAMPLES = Path(__file__).parents[2] / "../shared/data/interop"
NORTH = Domain(name="NORTH", namespace="NORTH", oid="1.2.3.4", type="MR", owner="north")
DOMAINS = Domains(declared=(NORTH,))
OPEN = Domains(declared=(NORTH,), declares_on_sight=True)


def _read(domains: Domains = DOMAINS, **elements: Any) -> PatientRead:
    return read_patient(
        {"resourceType": "Patient", **elements}, source="north", local_id="1", domains=domains
    )


def _noted(read: PatientRead) -> list[tuple[str, str]]:
    return [(note.code, note.expression) for note in read.notes]


def test_names_keep_their_use_and_those_in_use_come_first() -> None:
    read = _read(
        name=[
            {"use": "maiden", "family": "Eze", "given": ["Grace"]},
            {"family": "Cole", "given": ["Grace"], "period": {"end": "2010"}},
            {"use": "official", "family": "Okonkwo", "given": ["Grace", "Ada", "May"], "suffix": ["Jr"]},
        ]
    )
    assert read.record.names == (
        PersonName(given="Grace", middle="Ada May", family="Okonkwo", suffix="Jr", use="official"),
        PersonName(given="Grace", family="Eze", use="maiden"),
        PersonName(given="Grace", family="Cole"),
    )
    assert not read.notes


def test_a_name_in_one_piece_is_taken_apart() -> None:
    read = _read(name=[{"text": "Okonkwo, Grace Ada"}, {"text": "Suharto"}])
    assert read.record.names == (
        PersonName(given="Grace", middle="Ada", family="Okonkwo"),
        PersonName(family="Suharto"),
    )


def test_what_is_wrong_is_noted_and_the_rest_kept() -> None:
    read = _read(
        name=[{"family": 7, "given": "Grace", "use": "bogus"}, "Grace"],
        gender="F",
        birthDate="1974-02-11T10:00:00Z",
        identifier=[{"value": "1"}, {"system": "urn:oid:9.9", "value": "2"}, {"system": "urn:oid:1.2.3.4"}],
        telecom={"value": "617-442-0198"},
        multipleBirthInteger="2",
        deceasedBoolean="false",
    )
    assert read.record.names == (PersonName(given="Grace", family="7"),)
    assert (read.record.sex, read.record.birth_date) == ("F", "1974-02-11T10:00:00Z")
    assert read.record.phones == ("617-442-0198",)
    assert read.record.deceased is False
    assert read.record.identifiers == ()
    assert set(_noted(read)) >= {
        ("structure", "Patient.name[0].family"),
        ("structure", "Patient.name[0].given"),
        ("code-invalid", "Patient.name[0].use"),
        ("structure", "Patient.name[1]"),
        ("code-invalid", "Patient.gender"),
        ("value", "Patient.birthDate"),
        ("required", "Patient.identifier[0].system"),
        ("code-invalid", "Patient.identifier[1].system"),
        ("required", "Patient.identifier[2].value"),
        ("structure", "Patient.telecom"),
        ("value", "Patient.multipleBirthInteger"),
        ("structure", "Patient.deceasedBoolean"),
    }
    assert not any("1974" in note.text or "Grace" in note.text for note in read.notes)


@pytest.mark.parametrize("system", ["http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1"])
def test_a_social_security_number_has_its_own_place(system: str) -> None:
    read = _read(identifier=[{"system": system, "value": "219-45-8813"}])
    assert read.record.ssn == "219-45-8813" and read.record.identifiers == ()


def test_identifiers_are_called_as_their_domain_is() -> None:
    for system in ("urn:oid:1.2.3.4", "urn:mpi:authority:NORTH"):
        read = _read(identifier=[{"system": system, "value": " 17 "}])
        assert read.record.identifiers == (Identifier("NORTH", "MR", "17"),)
    taken = _read(OPEN, identifier=[{"system": "http://other.example", "value": "17"}])
    assert taken.record.identifiers == (Identifier("http://other.example", None, "17"),)


def test_contacts_and_addresses() -> None:
    read = _read(
        address=[
            {"use": "old", "line": ["1 Elm St"], "city": "Troy"},
            {"use": "home", "line": ["48 Alder Street", "Apt 2"], "city": "Boston", "country": "US"},
            {"text": "12 Quay"},
        ],
        telecom=[
            {"system": "phone", "value": "tel:+16174420198", "rank": 2},
            {"system": "phone", "value": "555 0199", "rank": 1},
            {"system": "fax", "value": "555 0100"},
            {"value": "grace@example.org"},
        ],
    )
    assert read.record.addresses == (
        Address(street="48 Alder Street Apt 2", city="Boston", country="US", use="home"),
        Address(street="12 Quay"),
        Address(street="1 Elm St", city="Troy", use="old"),
    )
    assert read.record.phones == ("555 0199", "+16174420198")
    assert read.record.emails == ("grace@example.org",)


def test_birth_death_and_mother() -> None:
    read = _read(
        OPEN,
        multipleBirthInteger=2,
        deceasedDateTime="2020-03-01",
        extension=[
            {"url": MOTHERS_MAIDEN_NAME_URL, "valueString": "Eze"},
            {"url": MOTHER_IDENTIFIER_URL, "valueIdentifier": {"system": "urn:oid:1.2.3.4", "value": "9"}},
        ],
        contact=[
            {"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"family": "Okonkwo"}},
            {"relationship": [{"coding": [{"code": "FTH"}]}], "name": {"family": "Nobody"}},
        ],
    )
    record = read.record
    assert (record.multiple_birth, record.birth_order) == (True, 2)
    assert (record.deceased, record.mother_maiden) == ("2020-03-01", "Eze")
    assert record.original is not None
    mother = read_mother(record.original, OPEN)
    assert mother.identifiers == (Identifier("NORTH", "MR", "9"),)
    assert [name.family for name in mother.names] == ["Okonkwo"]
    assert not set(mother.identifiers) & set(record.identifiers)


@pytest.mark.parametrize("body", [[], "Patient", {}, {"resourceType": "Person"}, None])
def test_only_what_is_no_patient_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRecord):
        read_patient(body, source="", local_id="", domains=DOMAINS)


def test_size_and_characters() -> None:
    with pytest.raises(InvalidRecord, match="larger"):
        _read(text={"div": "x" * 1024 * 1024})
    read = _read(name=[{"family": "Oko\0nkwo\ud83d"}])
    assert orjson.dumps(read.record.original)
    assert read.record.names[0].family == "Okonkwo?"
    deep: Any = {}
    for _ in range(300):
        deep = {"extension": [deep]}
    with pytest.raises(InvalidRecord):
        _read(extension=[deep])


def _patients() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every Patient of the interop samples, with where it stands."""

    def within(value: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(value, dict):
            if value.get("resourceType") == "Patient":
                yield where, value
            for key, part in value.items():
                yield from within(part, f"{where}.{key}")
        elif isinstance(value, list):
            for n, part in enumerate(value):
                yield from within(part, f"{where}[{n}]")

    for file in sorted(SAMPLES.glob("fhir*/*.json")):
        yield from within(json.loads(file.read_text()), file.name)


def _written(read: PatientRead) -> dict[str, Any]:
    view = RecordView(
        resource_id="r1",
        record=read.record,
        identifiers=identifiers_of(read.record, OPEN),
        version=1,
        received_at=datetime(2026, 11, 22, tzinfo=UTC),
        enterprise_id="7K3M-9QRT-2X",
    )
    return write_record(view, OPEN)


#: What an index has its own say about.
_OURS = {"id", "meta", "active", "link", "identifier", "contained", "modifierExtension", "implicitRules"}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the interop samples are not here")
def test_every_sample_is_read_and_comes_back_unharmed() -> None:
    patients = list(_patients())
    assert len(patients) > 50
    for where, patient in patients:
        before = copy.deepcopy(patient)
        read = read_patient(patient, source="north", local_id="1", domains=OPEN)
        assert patient == before, where
        normalize(read.record)
        written = _written(read)
        assert {k: v for k, v in written.items() if k not in _OURS} == {
            k: v for k, v in patient.items() if k not in _OURS
        }, where
        sent = patient.get("identifier", [])
        for entry, returned in zip(sent, written["identifier"], strict=False):
            assert entry.items() <= returned.items(), where
        again = read_patient(written, source="north", local_id="1", domains=OPEN)
        for part in ("names", "addresses", "phones", "emails", "birth_date", "sex", "ssn", "deceased"):
            assert getattr(again.record, part) == getattr(read.record, part), (where, part)


_ODD: list[Any] = [
    None, True, 0, -1, 1e9, "", " ", "\0", "\ud83d", "x" * 5000, [], {}, [[]], [None], {"value": {}},
    "1974-02-31", "urn:oid:", "李小龍", {"coding": "x"}, ["a", 1], "|", "'; --", "\\",
    {"system": 1, "value": 2},
]  # fmt: skip
_RICH: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [
        {"system": "urn:oid:1.2.3.4", "value": "1", "type": {"coding": [{"code": "MR"}]}},
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "219-45-8813"},
    ],
    "name": [{"family": "Okonkwo", "given": ["Grace", "Ada"], "use": "official", "period": {"end": "2020"}}],
    "telecom": [{"system": "phone", "value": "617-442-0198", "rank": 1}],
    "address": [{"line": ["48 Alder Street"], "city": "Boston", "state": "MA", "postalCode": "02118"}],
    "birthDate": "1974-02-11",
    "gender": "female",
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "contact": [{"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"family": "Eze"}}],
    "extension": [
        {"url": MOTHER_IDENTIFIER_URL, "valueIdentifier": {"system": "urn:oid:1.2.3.4", "value": "2"}},
    ],
    "link": [{"type": "seealso", "other": {"type": "RelatedPerson", "identifier": {"value": "3"}}}],
}  # fmt: skip


def _mutated(value: Any, draw: random.Random) -> Any:
    """The value with one part of it, somewhere, replaced by something odd."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(sorted(value))
        if draw.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _mutated(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.9:
        place = draw.randrange(len(value))
        return [*value[:place], _mutated(value[place], draw), *value[place + 1 :]]
    return draw.choice(_ODD)


def test_ten_thousand_mutated_patients_are_read_or_refused() -> None:
    draw = random.Random(6)
    for _ in range(10_000):
        patient = _RICH
        for _ in range(draw.randint(1, 4)):
            changed = _mutated(patient, draw)
            patient = changed if isinstance(changed, dict) else patient
        try:
            read = read_patient(patient, source="north", local_id="1", domains=OPEN)
        except InvalidRecord:
            assert patient.get("resourceType") != "Patient"
            continue
        orjson.dumps(_written(read))
        as_tsvector(terms_of(read.record))
        normalize(read.record)
