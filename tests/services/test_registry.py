"""The registry that FHIR and HL7 v2 stand on: whose record a Patient is, and what identifiers refer to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from builders import CLERK, STEWARD
from mpi.errors import Conflict, ForeignIdentifier, InvalidPatient, InvalidRecord, NotFound, StaleVersion
from mpi.index import Criterion, Index, Job
from mpi.patient import MOTHER_IDENTIFIER_URL, write_identity, write_record
from mpi.services.keeping_terms import make_terms

DECLARED = """
[index]
authority = {name = "MPI", oid = "2.16.840.1.113883.3.9999"}
[[source]]
name = "north-ehr"
trust = 80
[[source]]
name = "south-ehr"
[[authority]]
name = "NORTH"
oid = "1.2.3.4"
type = "MR"
owner = "north-ehr"
[[authority]]
name = "SOUTH"
uri = "http://south.example/mrn"
type = "MR"
owner = "south-ehr"
[[authority]]
name = "NID"
oid = "1.2.3.99"
type = "NI"
person_unique = true
"""


@pytest.fixture
def registry_index(index: Index) -> Index:
    index.apply_sources(DECLARED, actor=STEWARD)
    return index


def a_patient(*identifiers: tuple[str, str], **elements: Any) -> dict[str, Any]:
    """Grace as a Patient with these identifiers (system, value)."""
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value} for system, value in identifiers],
        "name": [{"family": "Okonkwo", "given": ["Grace", "Ada"], "use": "official"}],
        "birthDate": "1974-02-11",
        "gender": "female",
        "address": [{"line": ["48 Alder Street"], "city": "Boston", "state": "MA", "postalCode": "02118"}],
        "telecom": [{"system": "phone", "value": "(617) 442-0198"}],
    }
    return patient | elements


NORTH, SOUTH, NID = "urn:oid:1.2.3.4", "http://south.example/mrn", "urn:oid:1.2.3.99"


def test_one_person_through_two_sources_has_one_enterprise_id(registry_index: Index) -> None:
    registry = registry_index.registry
    first = registry.receive(a_patient((NORTH, "n1"), (NID, "55512")), actor=CLERK)
    second = registry.receive(a_patient((SOUTH, "s1"), (NID, "55512")), actor=CLERK)
    assert first.receipt.record.source == "north-ehr" and first.receipt.record.local_id == "n1"
    assert second.receipt.decision == "linked"
    assert first.receipt.enterprise_id == second.receipt.enterprise_id


def test_the_original_comes_back_unharmed_with_every_version(registry_index: Index) -> None:
    registry = registry_index.registry
    rich = a_patient(
        (NORTH, "n1"),
        name=[
            {"family": "Okonkwo", "given": ["Grace"], "use": "official", "period": {"start": "2001-05-01"}},
            {"family": "Eze", "given": ["Grace"], "use": "maiden", "period": {"end": "2001-04-30"}},
        ],
        extension=[{"url": "http://example.org/x", "valueString": "kept"}],
    )
    sent = registry.receive(rich, actor=CLERK)
    assert sent.view.record.original == rich
    changed = rich | {"maritalStatus": {"text": "married"}}
    again = registry.receive(changed, actor=CLERK)
    assert again.receipt.record.version == 2
    versions = registry.versions(again.view.resource_id, actor=CLERK)
    assert [view.record.original for view in versions] == [changed, rich]
    written = write_record(again.view, registry.domains())
    for element in ("name", "extension", "maritalStatus", "telecom", "address", "birthDate", "gender"):
        assert written[element] == changed[element]


def test_a_source_may_not_assign_in_anothers_domain(registry_index: Index) -> None:
    registry = registry_index.registry
    with pytest.raises(ForeignIdentifier):
        registry.receive(a_patient((SOUTH, "s1")), source="north-ehr", actor=CLERK)
    beside = registry.receive(a_patient((SOUTH, "s1"), (NORTH, "n1")), source="north-ehr", actor=CLERK)
    assert beside.receipt.record.local_id == "n1"


def test_a_patient_without_a_usable_identifier_gets_a_minted_local_id(registry_index: Index) -> None:
    registered = registry_index.registry.receive(a_patient((NID, "55512")), source="north-ehr", actor=CLERK)
    assert registered.minted
    assert [i.authority for i in registered.view.identifiers] == ["NID"]


def test_strict_reading_refuses_what_lenient_reading_notes(registry_index: Index) -> None:
    wrong = a_patient((NORTH, "n1"), gender="F")
    with pytest.raises(InvalidPatient) as refused:
        registry_index.registry.receive(wrong, actor=CLERK, strict=True)
    assert refused.value.notes
    assert registry_index.registry.receive(wrong, actor=CLERK).notes == refused.value.notes


def test_a_stale_version_is_refused(registry_index: Index) -> None:
    registry = registry_index.registry
    registry.receive(a_patient((NORTH, "n1")), actor=CLERK, version=0)
    with pytest.raises(StaleVersion):
        registry.receive(a_patient((NORTH, "n1"), gender="other"), actor=CLERK, version=0)


@pytest.fixture
def two_sources(registry_index: Index) -> Index:
    registry_index.registry.receive(a_patient((NORTH, "n1"), (NID, "55512")), actor=CLERK)
    flat: Mapping[str, Any] = {
        "source": "south-ehr", "local_id": "s1", "given": "Grace", "family": "Okonkwo",
        "birth_date": "1974-02-11", "sex": "F", "street": "48 Alder Street", "city": "Boston", "state": "MA",
        "zip": "02118", "phone": "(617) 442-0198",
    }  # fmt: skip
    registry_index.receive(flat, actor=CLERK)
    return registry_index


@pytest.mark.parametrize("name", ["NORTH", "1.2.3.4", NORTH, "north"])
def test_a_domain_is_found_by_every_name_it_has(two_sources: Index, name: str) -> None:
    found = two_sources.registry.cross_reference(name, "n1", ["SOUTH"], actor=CLERK)
    assert found.outcome == "found"
    assert [(i.authority, i.value) for i in found.identifiers] == [("SOUTH", "s1")]


def test_the_outcomes_of_a_cross_reference_are_told_apart(two_sources: Index) -> None:
    ask = two_sources.registry.cross_reference
    assert ask("NORTH", "n1", ["SSN"], actor=CLERK).outcome == "nothing"
    assert ask("NORTH", "nobody", actor=CLERK).outcome == "unknown-id"
    assert ask("WEST", "n1", actor=CLERK).outcome == "unknown-domain"
    bad = ask("NORTH", "n1", ["SOUTH", "WEST", "EAST"], actor=CLERK)
    assert bad.outcome == "unknown-target" and bad.unknown_targets == (1, 2)


def test_the_enterprise_id_can_be_asked_and_answered(two_sources: Index) -> None:
    ask = two_sources.registry.cross_reference
    everywhere = ask("SOUTH", "s1", actor=CLERK)
    assert {i.authority for i in everywhere.identifiers} == {"NORTH", "SOUTH", "NID", "MPI"}
    assert everywhere.enterprise_id
    back = ask("urn:oid:2.16.840.1.113883.3.9999", everywhere.enterprise_id, ["NORTH"], actor=CLERK)
    assert [i.value for i in back.identifiers] == ["n1"]


def test_an_identity_is_a_patient_with_all_identifiers(two_sources: Index) -> None:
    registry = two_sources.registry
    enterprise_id = registry.cross_reference("NORTH", "n1", actor=CLERK).enterprise_id
    assert enterprise_id
    view = registry.patient(enterprise_id, actor=CLERK)
    patient = write_identity(view, registry.domains())  # type: ignore[arg-type]
    assert [(i["system"], i["value"]) for i in patient["identifier"]] == [
        ("urn:oid:2.16.840.1.113883.3.9999", enterprise_id),
        (NORTH, "n1"),
        (NID, "55512"),
        (SOUTH, "s1"),
    ]
    assert patient["active"] is True
    assert patient["name"][0] == {"family": "Okonkwo", "given": ["Grace", "Ada"], "use": "official"}


def test_a_newborn_knows_its_mother(registry_index: Index) -> None:
    registry = registry_index.registry
    mother = registry.receive(a_patient((NORTH, "n1")), actor=CLERK)
    child = registry.receive(
        {
            "resourceType": "Patient",
            "identifier": [{"system": NORTH, "value": "n2"}],
            "name": [{"family": "Okonkwo", "given": ["Baby Girl"]}],
            "birthDate": "2026-11-20",
            "extension": [
                {"url": MOTHER_IDENTIFIER_URL, "valueIdentifier": {"system": NORTH, "value": "n1"}}
            ],
        },
        actor=CLERK,
    )
    assert child.receipt.enterprise_id != mother.receipt.enterprise_id
    assert child.view.mother_enterprise_id == mother.receipt.enterprise_id
    link = write_record(child.view, registry.domains())["link"]
    assert link == [{"other": {"reference": f"Patient/{mother.receipt.enterprise_id}"}, "type": "seealso"}]


def test_an_identifier_is_one_evidence_through_every_door(registry_index: Index) -> None:
    flat = {"source": "north-ehr", "local_id": "r1", "mrn": "M77", "family": "Okonkwo", "given": "Grace"}
    registry_index.receive(flat, actor=CLERK)
    told = registry_index.registry.cross_reference("NORTH", "M77", actor=CLERK)
    assert told.outcome == "found"
    south = {
        "source": "south-ehr",
        "local_id": "s1",
        "family": "Okonkwo",
        "identifiers": [{"authority": NORTH, "value": "M77"}],
    }
    why = registry_index.compare(south, "north-ehr/r1", actor=CLERK)
    assert any("M77" in str(part["values"]) for part in why["fields"] if part["weight"] > 0)


def test_records_older_than_search_terms_get_theirs(two_sources: Index, database_url: str) -> None:
    asked = [Criterion(field="family", values=("okonkwo",))]
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("UPDATE record SET terms = NULL")
        assert not two_sources.registry.find(asked, actor=CLERK).people
        assert make_terms(conn) == 2
        assert make_terms(conn) == 0
    assert two_sources.registry.find(asked, actor=CLERK).people


def _lines(*patients: Any) -> bytes:
    return b"".join(orjson.dumps(patient) + b"\n" for patient in patients)


def _ended(index: Index, job: Job) -> Job:
    for _ in range(600):
        found = index.registry.jobs.job(job.job_id, actor=CLERK)
        if found.state != "running" or found.finished_at is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("the import does not end")


def test_patients_are_imported_in_the_background_and_exported(registry_index: Index) -> None:
    jobs = registry_index.registry.jobs
    wrong = {"resourceType": "Patient", "identifier": [{"system": SOUTH, "value": "s1"}]}
    sent = _lines(a_patient((NORTH, "n1")), {"resourceType": "Person"}, wrong)
    job = _ended(registry_index, jobs.begin_import([sent], source="north-ehr", actor=CLERK))
    assert (job.state, job.lines_done, job.counts) == ("done", 3, {"new": 1, "rejected": 2})
    assert [(error.line, error.field) for error in jobs.errors(job.job_id, actor=CLERK)] == [
        (2, "Patient"),
        (3, "Patient.identifier"),
    ]
    again = jobs.begin_import([sent], source="north-ehr", actor=CLERK)
    assert again.job_id == job.job_id
    exported = list(jobs.export(actor=CLERK))
    assert [view.records[0].record.local_id for view in exported] == ["n1"]
    with pytest.raises(NotFound):
        jobs.job(1, actor=CLERK)
    with pytest.raises(Conflict):
        jobs.cancel(job.job_id, actor=CLERK)


def test_a_file_of_patients_is_loaded_with_what_was_sent(registry_index: Index, tmp_path: Path) -> None:
    file = tmp_path / "patients.ndjson"
    patient = a_patient((NORTH, "n1"), maritalStatus={"text": "married"})
    file.write_bytes(_lines(patient, {"source": "south-ehr", "local_id": "s1", "family": "Ruiz"}))
    assert registry_index.load(file, actor=CLERK, dry_run=True).counts == {"new": 2}
    assert registry_index.load(file, actor=CLERK).counts == {"new": 2}
    assert registry_index.registry.record("north-ehr", "n1", actor=CLERK).record.original == patient


def test_the_rest_door_tells_the_same_crosswalk(two_sources: Index) -> None:
    told = two_sources.crosswalk("south-ehr", "s1", actor=CLERK)["crosswalk"]
    elsewhere = two_sources.registry.cross_reference("SOUTH", "s1", actor=CLERK).identifiers
    assert {(entry["authority"], entry["value"]) for entry in told} == {
        (i.authority, i.value) for i in elsewhere if i.authority != "MPI"
    }
    north = two_sources.crosswalk("south-ehr", "s1", [NORTH], actor=CLERK)["crosswalk"]
    assert [entry["value"] for entry in north] == ["n1"]


def test_the_flat_door_refuses_a_patient(index: Index) -> None:
    with pytest.raises(InvalidRecord):
        index.receive({"source": "north", "local_id": "1", "family": "Eze", "original": {}}, actor=CLERK)
