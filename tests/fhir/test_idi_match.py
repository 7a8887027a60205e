"""``$idi-match``: what a responder must do beyond ``$match``."""

from __future__ import annotations

from typing import Any

from fhir_client import ACTOR, Fhir, patient
from mpi.fhir.idi import PROFILE

PATH = "/Patient/$idi-match"


def asked(resource: dict[str, Any], **flags: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": "IDIPatient", "resource": resource}]
    parts += [{"name": name, "valueBoolean": value} for name, value in flags.items()]
    return {"resourceType": "Parameters", "parameter": parts}


def of_mode(bundle: dict[str, Any], mode: str) -> list[dict[str, Any]]:
    return [entry for entry in bundle["entry"] if entry["search"]["mode"] == mode]


def issues(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [issue for entry in of_mode(bundle, "outcome") for issue in entry["resource"]["issue"]]


def test_the_bundle_says_who_answers(fhir: Fhir) -> None:
    fhir.post("/Patient", patient("1"))
    bundle = fhir.post(PATH, asked(patient(None), onlyCertainMatches=True))
    assert bundle["type"] == "searchset"
    assert bundle["identifier"]["assigner"]["reference"] == "Organization/mpi"
    [entry] = of_mode(bundle, "match")
    assert all(one["fullUrl"].startswith("http://") for one in [entry, *of_mode(bundle, "include")])
    [organization] = of_mode(bundle, "include")
    assert organization["resource"]["telecom"][0]["value"]
    assert fhir.get("/Organization/mpi") == organization["resource"]
    fhir.refused(404, "not-found", "GET", "/Organization/other")


def test_the_claimed_profile_is_checked(fhir: Fhir) -> None:
    claims = {"meta": {"profile": [f"{PROFILE}-L1"]}}
    light = {"name": [{"family": "Fox", "given": ["Ann"]}], "birthDate": "1980-01-02"}
    weak = {"resourceType": "Patient", **light, **claims}
    assert any("IDI-Patient-L1" in i["details"]["text"] for i in issues(fhir.post(PATH, asked(weak))))
    fhir.refused(422, "business-rule", "POST", PATH, asked(weak), prefer="handling=strict")
    email = {"system": "email", "value": "ann@example.org"}
    phone = {"system": "phone", "value": "518-274-0100"}
    strong = {**weak, "telecom": [email, phone]}
    assert not any(issue["severity"] == "warning" for issue in issues(fhir.post(PATH, asked(strong))))


def test_the_weight_table_is_chosen(fhir: Fhir) -> None:
    passport = {"type": {"coding": [{"code": "PPN"}]}, "system": "urn:example:ppn", "value": "7"}
    only = {"resourceType": "Patient", "identifier": [passport], "meta": {"profile": [f"{PROFILE}-L0"]}}
    assert any(
        issue["severity"] == "warning" and "L0" in issue["details"]["text"]
        for issue in issues(fhir.post(PATH, asked(only)))
    )
    try:
        declared = '[index]\nidi_weights = "stu1"\nidi_output = "parameters"\n'
        fhir.index.apply_sources(declared, actor=ACTOR)
        fhir.index.registry._context.authorities.read()
        answer = fhir.post(PATH, asked(only))
        assert answer["parameter"][0]["name"] == "IDIMatchBundle"
        bundle = answer["parameter"][0]["resource"]
        assert not any("L0" in issue["details"]["text"] for issue in issues(bundle))
    finally:
        fhir.index.apply_sources("[index]\n", actor=ACTOR)
        fhir.index.registry._context.authorities.read()


def test_nothing_to_go_by(fhir: Fhir) -> None:
    fhir.refused(422, "business-rule", "POST", PATH, asked({"resourceType": "Patient", "gender": "male"}))
    fhir.refused(400, "required", "POST", PATH, {"resourceType": "Parameters"})
