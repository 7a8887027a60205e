"""``$match``: every row of the contract's table, against a real index."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_client import ACTOR, NORTH, SOUTH, Fhir, patient

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
KINDS = {bool: "valueBoolean", int: "valueInteger", str: "valueString", float: "valueDecimal"}
TWIN = {"given": "Zoe", "telecom": None, "address": None, "birthDate": "1980-01-02"}


def parameters(resource: Any = None, **values: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": "resource", "resource": resource}] if resource else []
    for name, value in values.items():
        parts.append({"name": name, KINDS[type(value)]: value})
    return {"resourceType": "Parameters", "parameter": parts}


def register(fhir: Fhir, *patients: dict[str, Any]) -> None:
    for one in patients:
        fhir.post("/Patient", one)


def matches(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in bundle.get("entry", []) if entry["search"]["mode"] == "match"]


def outcomes(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    entries = [entry for entry in bundle.get("entry", []) if entry["search"]["mode"] == "outcome"]
    return [issue for entry in entries for issue in entry["resource"]["issue"]]


def grade(entry: dict[str, Any]) -> str:
    [extension] = entry["search"]["extension"]
    assert extension["url"] == MATCH_GRADE
    found: str = extension["valueCode"]
    return found


@pytest.mark.parametrize("wrapped", [False, True])
def test_one_match_with_score_and_grade(fhir: Fhir, wrapped: bool) -> None:
    register(fhir, patient("1"), patient("2", family="Miller", given="Otto", birthDate="1955-05-05"))
    asked = patient(None)
    bundle = fhir.post("/Patient/$match", parameters(asked) if wrapped else asked)
    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    [entry] = matches(bundle)
    assert set(entry) == {"fullUrl", "resource", "search"}
    assert grade(entry) == "certain"
    assert 0.9 < entry["search"]["score"] <= 1
    assert entry["fullUrl"] == f"http://127.0.0.1:8000/fhir/Patient/{entry['resource']['id']}"
    assert {"system": NORTH, "value": "1"}.items() <= entry["resource"]["identifier"][1].items()
    assert fhir.get(f"/Patient/{entry['resource']['id']}")["name"][0]["family"] == "Fox"


def test_several_matches_best_first(fhir: Fhir) -> None:
    register(fhir, patient("1"), patient("2", **TWIN))
    bundle = fhir.post("/Patient/$match", patient(None))
    scores = [entry["search"]["score"] for entry in matches(bundle)]
    assert scores == sorted(scores, reverse=True)
    assert bundle["total"] == len(scores)


def test_records_of_one_person_are_one_match(fhir: Fhir) -> None:
    register(fhir, patient("1"), patient("77", system=SOUTH))
    bundle = fhir.post("/Patient/$match", parameters(patient(None), onlyCertainMatches=True))
    [entry] = matches(bundle)
    values = {one["value"] for one in entry["resource"]["identifier"]}
    assert {"1", "77"} <= values


def test_only_certain_matches_and_none_is(fhir: Fhir) -> None:
    register(fhir, patient("1"))
    asked = patient(None, given="Anne", birthDate=None, address=None)
    assert matches(fhir.post("/Patient/$match", asked))
    bundle = fhir.post("/Patient/$match", parameters(asked, onlyCertainMatches=True))
    assert (bundle["total"], matches(bundle)) == (0, [])


@pytest.mark.parametrize("name", ["onlyCertainMatches", "onlySingleMatch"])
def test_certain_matches_of_two_identities_are_ambiguous(fhir: Fhir, name: str) -> None:
    register(fhir, patient("1"), patient("77", system=SOUTH))
    [record] = fhir.index.registry.holders("SOUTH", "77", actor=ACTOR)
    fhir.index.unlink(record.record.source, record.record.local_id, "two people", actor=ACTOR)
    found = matches(fhir.post("/Patient/$match", patient(None)))
    assert [grade(entry) for entry in found] == ["certain", "certain"]
    bundle = fhir.post("/Patient/$match", parameters(patient(None), **{name: True}))
    assert (bundle["total"], matches(bundle)) == (0, [])
    assert outcomes(bundle)[0]["code"] == "multiple-matches"


def test_single_match_is_the_best_one(fhir: Fhir) -> None:
    register(fhir, patient("1"), patient("2", **TWIN))
    bundle = fhir.post("/Patient/$match", parameters(patient(None), onlySingleMatch="true"))
    assert bundle["total"] == 1


@pytest.mark.parametrize("count", [1, "1"])
def test_count_cuts(fhir: Fhir, count: Any) -> None:
    register(fhir, patient("1"), patient("2", **TWIN))
    assert fhir.post("/Patient/$match", parameters(patient(None), count=count))["total"] == 1


def test_nobody_matches(fhir: Fhir) -> None:
    bundle = fhir.post("/Patient/$match", patient(None))
    assert (bundle["total"], matches(bundle)) == (0, [])


def test_a_patient_that_was_taken_out_is_left_out(fhir: Fhir) -> None:
    register(fhir, patient("1"))
    assert fhir.ask("DELETE", f"/Patient?identifier={NORTH}|1").status_code == 204
    assert fhir.post("/Patient/$match", patient(None))["total"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "required"),
        ("{", "structure"),
        ([], "structure"),
        ({"resourceType": "Observation"}, "invalid"),
        ({"name": [{"family": "Fox"}]}, "structure"),
        (parameters(), "required"),
        (parameters(patient(None), count=-1), "invalid"),
        (parameters(patient(None), count=1.5), "invalid"),
        (parameters(patient(None), count="few"), "invalid"),
        (parameters(patient(None), onlyCertainMatches="perhaps"), "invalid"),
        (parameters({"resourceType": "Person"}), "invalid"),
        ({"resourceType": "Parameters", "parameter": [{"valueString": "x"}]}, "structure"),
        ({"resourceType": "Parameters", "parameter": "resource"}, "structure"),
    ],
)
def test_what_cannot_be_understood(fhir: Fhir, body: Any, code: str) -> None:
    issue = fhir.refused(400, code, "POST", "/Patient/$match", body)
    assert issue["details"]["text"]


def test_unknown_parameters(fhir: Fhir) -> None:
    asked = parameters(patient(None), colour="red")
    [issue, *_] = outcomes(fhir.post("/Patient/$match", asked))
    assert (issue["severity"], issue["expression"]) == ("warning", ["colour"])
    fhir.refused(400, "not-supported", "POST", "/Patient/$match", asked, prefer="handling=strict")


def test_bad_parts_are_warnings_and_matching_goes_on(fhir: Fhir) -> None:
    register(fhir, patient("1"))
    asked = patient(None, gender="F", photo="no list", deceasedBoolean="perhaps")
    bundle = fhir.post("/Patient/$match", asked)
    assert bundle["total"] == 1
    assert {issue["severity"] for issue in outcomes(bundle)} == {"warning"}
    assert any("gender" in issue["expression"][0] for issue in outcomes(bundle))


def test_nothing_usable_is_an_empty_answer_with_a_warning(fhir: Fhir) -> None:
    bundle = fhir.post("/Patient/$match", {"resourceType": "Patient", "active": True})
    assert (bundle["total"], matches(bundle)) == (0, [])
    assert outcomes(bundle)[0]["code"] == "required"


def test_the_other_names_of_things(fhir: Fhir) -> None:
    register(fhir, patient("1"))
    idi = {"resourceType": "Parameters", "parameter": [{"name": "IDIPatient", "resource": patient(None)}]}
    assert fhir.post("/Patient/$match", idi)["total"] == 1
    assert fhir.post("/Patient/%24match", patient(None), content_type="application/json")["total"] == 1
    assert fhir.post("/Patient/$match?_format=json", patient(None))["total"] == 1


def test_formats(fhir: Fhir) -> None:
    fhir.refused(
        406, "not-supported", "POST", "/Patient/$match", patient(None), accept="application/fhir+xml"
    )
    fhir.refused(
        415, "not-supported", "POST", "/Patient/$match", "<Patient/>", content_type="application/fhir+xml"
    )


def test_the_same_answer_as_rest(fhir: Fhir) -> None:
    register(fhir, patient("1"), patient("2", **TWIN))
    flat = {
        "given": "Ann",
        "family": "Fox",
        "birth_date": "1980-01-02",
        "sex": "F",
        "phone": "518-274-0100",
        "street": "1 Elm St",
        "city": "Troy",
        "state": "NY",
        "zip": "12180",
    }
    rest = fhir.client.post("/api/v1/match", json=flat).json()["candidates"]
    found = matches(fhir.post("/Patient/$match", patient(None)))
    assert [e["resource"]["id"] for e in found] == [c["enterprise_id"] for c in rest]
    assert [e["search"]["score"] for e in found] == [c["probability"] for c in rest]
    assert [grade(e) for e in found] == [c["grade"] for c in rest]
