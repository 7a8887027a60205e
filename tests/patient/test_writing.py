"""Patients written: of identities as PDQm returns them, of flat records, of what was merged away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mpi.matching.record import Address, Identifier, PersonName, SourceRecord
from mpi.patient import Domain, Domains, IdentityView, RecordView, read_patient, write_identity, write_record

NORTH = Domain(name="NORTH", namespace="NORTH", oid="1.2.3.4", type="MR", owner="north")
SOUTH = Domain(name="SOUTH", uri="http://south.example", owner="south")
DOMAINS = Domains(declared=(NORTH, SOUTH))
AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
EUID = "7K3M-9QRT-2X"
FLAT = SourceRecord(
    source="north",
    local_id="n1",
    names=(PersonName(given="Grace", middle="Ada May", family="Okonkwo", use="official"),),
    birth_date="02/11/1974",
    sex="F",
    addresses=(Address(street="48 Alder Street", city="Boston", state="MA", zip="02118"),),
    phones=("617-442-0198",),
    emails=("grace@example.org",),
    mother_maiden="Eze",
    birth_order=2,
    deceased=False,
)


def _record(record: SourceRecord = FLAT, **more: Any) -> RecordView:
    return RecordView(
        resource_id=more.pop("resource_id", "r1"),
        record=record,
        identifiers=more.pop("identifiers", (Identifier("NORTH", "MR", "n1"),)),
        version=3,
        received_at=AT,
        enterprise_id=EUID,
        **more,
    )


def _identity(*records: RecordView, **more: Any) -> IdentityView:
    facts: dict[str, Any] = {
        "enterprise_id": EUID,
        "requested_id": EUID,
        "status": "active",
        "best": replace(FLAT, source="", local_id=""),
        "identifiers": tuple(dict.fromkeys(i for record in records for i in record.identifiers)),
        "records": records,
        "version": 17,
        "changed_at": AT,
    }
    return IdentityView(**(facts | more))


def test_a_flat_record_is_a_patient() -> None:
    patient = write_record(_record(), DOMAINS)
    assert patient["meta"] == {"versionId": "3", "lastUpdated": "2026-11-22T10:00:00.000+00:00"}
    assert patient["identifier"][0]["system"] == "urn:oid:1.2.3.4"
    assert patient["identifier"][0]["type"]["coding"][0]["code"] == "MR"
    assert patient["identifier"][0]["assigner"] == {"display": "NORTH"}
    assert patient["name"] == [{"use": "official", "family": "Okonkwo", "given": ["Grace", "Ada", "May"]}]
    assert (patient["birthDate"], patient["gender"]) == ("1974-02-11", "female")
    assert (patient["multipleBirthInteger"], patient["deceasedBoolean"]) == (2, False)
    again = read_patient(patient, source="north", local_id="n1", domains=DOMAINS).record
    assert again.names == FLAT.names and again.addresses == FLAT.addresses
    assert (again.phones, again.emails, again.mother_maiden) == (FLAT.phones, FLAT.emails, "Eze")


def test_a_birth_date_that_fhir_cannot_say_is_left_out() -> None:
    for text, written in (("1974", "1974"), ("????-05-01", None), ("1937-13-31", "1937")):
        patient = write_record(_record(replace(FLAT, birth_date=text)), DOMAINS)
        assert patient.get("birthDate") == written


def test_a_patient_without_identifiers_has_its_own_address() -> None:
    patient = write_record(_record(identifiers=()), DOMAINS, base_url="https://mpi.example/fhir")
    assert patient["identifier"] == [
        {"system": "urn:ietf:rfc:3986", "value": "https://mpi.example/fhir/Patient/r1"}
    ]


def test_identifiers_of_other_domains_are_left_out() -> None:
    both = (Identifier("NORTH", "MR", "n1"), Identifier("SOUTH", None, "s1"))
    for targets in (["SOUTH"], ["http://south.example"]):
        patient = write_record(_record(identifiers=both), DOMAINS, targets=targets)
        assert [i["value"] for i in patient["identifier"]] == ["s1"]


def test_an_identity_says_what_all_its_records_say() -> None:
    sent = {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": "<div/>"},
        "modifierExtension": [{"url": "x", "valueBoolean": True}],
        "name": [
            {"family": "Eze", "given": ["Grace"], "use": "maiden", "period": {"end": "2001"}},
            {"use": "nickname"},
        ],
        "maritalStatus": {"text": "married"},
        "extension": [{"url": "http://example.org/x", "valueString": "kept"}],
    }
    read = read_patient(sent, source="south", local_id="s1", domains=DOMAINS).record
    south = _record(read, resource_id="r2", identifiers=(Identifier("SOUTH", None, "s1"),))
    patient = write_identity(_identity(_record(), south, replaces=("AAAA-BBBB-CC",)), DOMAINS)
    assert patient["id"] == EUID and patient["active"] is True
    assert [i["value"] for i in patient["identifier"]] == [EUID, "n1", "s1"]
    assert [name["family"] for name in patient["name"]] == ["Okonkwo", "Eze"]
    assert patient["name"][1]["period"] == {"end": "2001"}
    assert patient["maritalStatus"] == {"text": "married"}
    assert {"url": "http://example.org/x", "valueString": "kept"} in patient["extension"]
    assert "modifierExtension" not in patient and "text" not in patient
    assert patient["link"] == [{"other": {"reference": "Patient/AAAA-BBBB-CC"}, "type": "replaces"}]


def test_what_was_merged_away_leads_to_its_survivor() -> None:
    patient = write_identity(_identity(_record(), requested_id="AAAA-BBBB-CC"), DOMAINS)
    assert (patient["id"], patient["active"]) == ("AAAA-BBBB-CC", False)
    assert patient["link"] == [{"other": {"reference": f"Patient/{EUID}"}, "type": "replaced-by"}]
    assert "name" not in patient


@pytest.mark.parametrize(
    ("name", "system", "authority"),
    [
        ("NORTH", "urn:oid:1.2.3.4", ("NORTH", "1.2.3.4", "ISO")),
        ("SOUTH", "http://south.example", ("SOUTH", "http://south.example", "URI")),
        ("EAST WING", "urn:mpi:authority:EAST%20WING", ("EAST WING", None, None)),
        ("9.8.7", "urn:oid:9.8.7", (None, "9.8.7", "ISO")),
    ],
)
def test_a_domain_in_every_dialect(name: str, system: str, authority: tuple[str | None, ...]) -> None:
    domains = Domains(declared=(NORTH, replace(SOUTH, namespace="SOUTH")), declares_on_sight=True)
    domain = domains.taken(name)
    assert domain is not None and domain.system == system
    assert domains.authority(name) == authority
    back = domains.taken(system)
    assert back is not None and back.name == domain.name


@pytest.mark.parametrize(
    ("domain", "sent", "kind"),
    [
        (Domain(name="N", person_unique=True), "PI", "NI"),
        (Domain(name="N", person_unique=True, type="PI"), None, "NI"),
        (Domain(name="N", person_unique=True, type="PPN"), "PI", "PPN"),
        (Domain(name="N", person_unique=True, type="MR", owner="north"), "PI", "MR"),
        (Domain(name="N", type="PI"), "NI", "PI"),
        (Domain(name="N"), "MR", "MR"),
    ],
)
def test_what_the_identifiers_of_a_domain_are(domain: Domain, sent: str | None, kind: str) -> None:
    assert domain.type_of(sent) == kind
