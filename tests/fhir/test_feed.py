"""The identity feed (ITI-104): registered, updated, merged, taken out, by identifier and by id."""

from __future__ import annotations

import pytest

from fhir_client import NATIONAL, NORTH, SOUTH, Fhir, patient

ONE = f"/Patient?identifier={NORTH}|1"


def test_registered_then_revised(fhir: Fhir) -> None:
    made = fhir.ask("PUT", ONE, patient("1"))
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == 'W/"1"'
    assert made.headers["last-modified"].endswith("GMT")
    url, _, version = made.headers["location"].partition("/_history/")
    assert version == "1"
    assert url.startswith("http://127.0.0.1:8000/fhir/Patient/")
    again = fhir.ask("PUT", ONE, patient("1", family="Foxx"))
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"2"')
    assert again.json()["name"][0]["family"] == "Foxx"
    resource_id = again.json()["id"]
    assert fhir.get(f"/Patient/{resource_id}/_history/1")["name"][0]["family"] == "Fox"
    history = fhir.get(f"/Patient/{resource_id}/_history")
    assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["2", "1"]
    fhir.refused(404, "not-found", "GET", f"/Patient/{resource_id}/_history/7")


def test_sent_again_nothing_changes(fhir: Fhir) -> None:
    fhir.answer("PUT", ONE, patient("1"))
    again = fhir.ask("PUT", ONE, patient("1"))
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"1"')


def test_what_was_read_can_be_sent_back(fhir: Fhir) -> None:
    made = fhir.answer("PUT", ONE, patient("1"))
    read = fhir.get(f"/Patient/{made['id']}")
    assert fhir.ask("PUT", f"/Patient/{made['id']}", read).headers["etag"] == 'W/"1"'


def test_the_enterprise_id_is_among_the_identifiers(fhir: Fhir) -> None:
    made = fhir.answer("PUT", ONE, patient("1"))
    values = [one["value"] for one in made["identifier"]]
    assert fhir.enterprise_id("north-ehr", "1") in values
    assert fhir.get(f"/Patient/{values[-1]}")["id"] == fhir.enterprise_id("north-ehr", "1")


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", None),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
    ],
)
def test_answered_as_preferred(fhir: Fhir, prefer: str, kind: str | None) -> None:
    response = fhir.ask("PUT", ONE, patient("1"), prefer=prefer)
    assert response.status_code == 201
    assert (response.json()["resourceType"] if response.content else None) == kind


def test_the_body_must_carry_the_identifier_of_the_url(fhir: Fhir) -> None:
    fhir.refused(400, "invariant", "PUT", ONE, patient("2"))
    fhir.refused(400, "invariant", "PUT", ONE, patient(None))


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "required"),
        ("?identifier=1", 400, "invalid"),
        (f"?identifier={NORTH}|", 400, "invalid"),
        (f"?identifier={NORTH}|1,{NORTH}|2", 400, "not-supported"),
        ("?family=Fox", 400, "not-supported"),
    ],
)
def test_conditions_that_are_none(fhir: Fhir, query: str, status: int, code: str) -> None:
    fhir.refused(status, code, "PUT", f"/Patient{query}", patient("1"))


def test_an_unknown_domain(strict: Fhir) -> None:
    body = patient("1", system="urn:oid:1.2.3.999")
    strict.refused(422, "code-invalid", "PUT", "/Patient?identifier=urn:oid:1.2.3.999|1", body)


def test_an_unknown_domain_is_declared_on_sight_where_that_is_wanted(fhir: Fhir) -> None:
    url, body = "/Patient?identifier=urn:oid:1.2.3.999|1", patient("1", system="urn:oid:1.2.3.999")
    assert fhir.ask("DELETE", url).status_code in (204, 404)
    assert fhir.ask("PUT", url, body).status_code == 201
    assert fhir.ask("PUT", url, patient("1", system="urn:oid:1.2.3.999", family="Foxx")).status_code == 200


def test_another_sources_domain(fhir: Fhir) -> None:
    issue = fhir.refused(403, "forbidden", "PUT", ONE, patient("1"), x_source="south-ehr")
    assert issue["expression"] == ["identifier"]
    fhir.refused(403, "forbidden", "POST", "/Patient", patient("1"), x_source="south-ehr")
    made = fhir.answer("PUT", ONE, patient("1"))
    fhir.refused(403, "forbidden", "PUT", f"/Patient/{made['id']}", patient("1"), x_source="south-ehr")
    fhir.refused(403, "forbidden", "DELETE", ONE, x_source="south-ehr")


def test_several_records_have_the_identifier(fhir: Fhir) -> None:
    national = {"system": NATIONAL, "value": "99"}
    for mrn in ("1", "2"):
        one = patient(mrn)
        one["identifier"].append(national)
        fhir.post("/Patient", one)
    both = patient("3")
    both["identifier"].append(national)
    url = f"/Patient?identifier={NATIONAL}|99"
    fhir.refused(412, "multiple-matches", "PUT", url, both, x_source="north-ehr")
    fhir.refused(412, "multiple-matches", "DELETE", url, x_source="north-ehr")
    fhir.refused(412, "multiple-matches", "POST", url, both, x_source="north-ehr")


def test_versions_seen(fhir: Fhir) -> None:
    fhir.answer("PUT", ONE, patient("1"))
    changed = fhir.ask("PUT", ONE, patient("1", family="Foxx"), if_match='W/"1"')
    assert changed.headers["etag"] == 'W/"2"'
    fhir.refused(412, "conflict", "PUT", ONE, patient("1", family="Fuchs"), if_match='W/"1"')
    fhir.refused(412, "conflict", "PUT", ONE, patient("1"), if_none_match="*")
    fhir.refused(400, "invalid", "PUT", ONE, patient("1"), if_match="latest")


def test_created_once(fhir: Fhir) -> None:
    first = fhir.ask("POST", "/Patient", patient("1"), if_none_exist=f"identifier={NORTH}|1")
    assert first.status_code == 201
    for path, headers in (("/Patient", {"if_none_exist": f"identifier={NORTH}|1"}), (ONE, {})):
        again = fhir.ask("POST", path, patient("1", family="Other"), **headers)
        assert again.status_code == 200
        assert again.json()["name"][0]["family"] == "Fox"
        assert again.headers["location"] == first.headers["location"]


def test_without_an_identifier_a_local_id_is_minted(fhir: Fhir) -> None:
    first = fhir.ask("POST", "/Patient", patient(None))
    second = fhir.ask("POST", "/Patient", patient(None))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_one_person_through_two_sources(fhir: Fhir) -> None:
    fhir.answer("PUT", ONE, patient("1"))
    fhir.answer("PUT", f"/Patient?identifier={SOUTH}|77", patient("77", system=SOUTH))
    flat = {
        "source": "east-ehr",
        "local_id": "5",
        "given": "Ann",
        "family": "Fox",
        "birth_date": "1980-01-02",
        "sex": "F",
        "street": "1 Elm St",
        "city": "Troy",
        "state": "NY",
        "zip": "12180",
        "phone": "518-274-0100",
    }
    through_rest = fhir.client.post("/api/v1/records", json=flat).json()["enterprise_id"]
    assert {fhir.enterprise_id("north-ehr", "1"), fhir.enterprise_id("south-ehr", "77")} == {through_rest}


def test_taken_out(fhir: Fhir) -> None:
    made = fhir.answer("PUT", ONE, patient("1"))
    assert fhir.ask("DELETE", ONE).status_code == 204
    fhir.refused(410, "deleted", "GET", f"/Patient/{made['id']}")
    assert fhir.get(f"/Patient/{made['id']}/_history/1")["name"][0]["family"] == "Fox"
    assert fhir.ask("DELETE", ONE).status_code == 204
    assert fhir.ask("DELETE", f"/Patient?identifier={NORTH}|404").status_code == 204
    assert fhir.ask("PUT", ONE, patient("1")).status_code in (200, 201)
    assert fhir.get(f"/Patient/{made['id']}")["active"] is True


def test_by_id(fhir: Fhir) -> None:
    made = fhir.answer("PUT", ONE, patient("1"))
    path = f"/Patient/{made['id']}"
    assert fhir.answer("PUT", path, {**made, "gender": "other"})["gender"] == "other"
    fhir.refused(400, "invalid", "PUT", path, {**patient("1"), "id": "r9"})
    fhir.refused(405, "not-supported", "PUT", "/Patient/r999999", patient("1"))
    fhir.refused(
        405, "not-supported", "PUT", f"/Patient/{fhir.enterprise_id('north-ehr', '1')}", patient("1")
    )
    assert fhir.ask("DELETE", path).status_code == 204
    fhir.refused(410, "deleted", "GET", path)
    fhir.refused(404, "not-found", "GET", "/Patient/r999999")
    fhir.refused(404, "not-found", "GET", "/Patient/nobody")


def test_no_longer_in_use(fhir: Fhir) -> None:
    made = fhir.answer("PUT", ONE, patient("1"))
    assert fhir.answer("PUT", ONE, patient("1", active=False))["active"] is False
    assert fhir.post("/Patient/$match", patient(None))["total"] == 0
    assert fhir.answer("PUT", ONE, patient("1", active=True))["active"] is True
    assert fhir.post("/Patient/$match", patient(None))["total"] == 1
    assert fhir.get(f"/Patient/{made['id']}")["active"] is True


def test_lenient_by_default_and_strict_when_asked(fhir: Fhir) -> None:
    fhir.keeps = False
    odd = patient("1", gender="F")
    assert (
        fhir.ask("PUT", ONE, odd, prefer="return=OperationOutcome").json()["issue"][0]["severity"]
        == "warning"
    )
    issue = fhir.refused(
        422,
        "code-invalid",
        "PUT",
        f"/Patient?identifier={NORTH}|2",
        patient("2", gender="F"),
        prefer="handling=strict",
    )
    assert issue["expression"] == ["Patient.gender"]


def test_an_update_that_looks_like_another_person_is_held(fhir: Fhir) -> None:
    fhir.answer("PUT", ONE, patient("1"))
    other = patient(
        "1", family="Kowalski", given="Jan", gender="male", birthDate="1931-12-24", address=None, telecom=None
    )
    held = fhir.ask("PUT", ONE, other)
    assert held.status_code == 202, held.text
    assert held.json()["name"][0]["family"] == "Fox"


def test_everything_that_was_sent_comes_back(fhir: Fhir) -> None:
    sent = patient(
        "1",
        name=[
            {
                "use": "official",
                "family": "Fox",
                "given": ["Ann", "Mary"],
                "prefix": ["Dr."],
                "suffix": ["III"],
                "period": {"start": "2001-05-06"},
            },
            {"use": "maiden", "family": "Wolf", "period": {"end": "2001-05-05"}},
            {"use": "nickname", "text": "Annie"},
        ],
        telecom=[
            {"system": "phone", "value": "518-274-0100", "use": "home", "rank": 1},
            {"system": "phone", "value": "518-274-0101", "use": "mobile", "period": {"start": "2020"}},
            {"system": "email", "value": "ann@example.org"},
        ],
        address=[
            {
                "use": "home",
                "type": "physical",
                "line": ["1 Elm St", "Apt 2"],
                "city": "Troy",
                "state": "NY",
                "postalCode": "12180",
                "country": "US",
                "period": {"start": "2019-01"},
            },
            {"use": "old", "line": ["9 Oak Ave"], "city": "Albany", "state": "NY"},
        ],
        maritalStatus={"text": "Married"},
        multipleBirthInteger=2,
        communication=[{"language": {"text": "Dutch"}, "preferred": True}],
        extension=[
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
                "valueString": "Hart",
            },
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"city": "Utica", "country": "US"},
            },
            {"url": "urn:example:own", "valueCode": "x"},
        ],
        _birthDate={
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                    "valueDateTime": "1980-01-02T03:04:05Z",
                }
            ]
        },
    )
    made = fhir.answer("PUT", ONE, sent)
    for element, value in sent.items():
        if element == "identifier":
            assert all(value[0][key] == made["identifier"][0][key] for key in value[0])
        else:
            assert made[element] == value, element
    identity = fhir.get(f"/Patient/{fhir.enterprise_id('north-ehr', '1')}")
    for element in ("name", "telecom", "address", "extension", "maritalStatus", "multipleBirthInteger"):
        assert identity[element] == sent[element], element
