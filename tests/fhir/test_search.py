"""Patient search (PDQm, ITI-78): parameters, modifiers, pages, domains."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from fhir_client import NATIONAL, NORTH, SOUTH, Fhir, patient

EMAIL = {"system": "email", "value": "ann@example.org"}
MAIDEN = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"


@pytest.fixture
def people(fhir: Fhir) -> Fhir:
    """Ann Fox of Troy, known in north and south; José Núñez of Lyon; Otto Fox-Miller, born in 1955."""
    fhir.answer(
        "PUT",
        f"/Patient?identifier={NORTH}|1",
        patient(
            "1",
            extension=[{"url": MAIDEN, "valueString": "Hart"}],
            telecom=[
                {"system": "phone", "value": "518-274-0100"},
                EMAIL,
            ],
        ),
    )
    fhir.answer("PUT", f"/Patient?identifier={SOUTH}|77", patient("77", system=SOUTH))
    fhir.answer(
        "PUT",
        f"/Patient?identifier={NORTH}|2",
        patient(
            "2",
            family="Núñez",
            given="José",
            gender="male",
            birthDate="1991-07",
            telecom=None,
            address=[{"line": ["5 Rue Nord"], "city": "Lyon", "postalCode": "69001", "country": "FR"}],
        ),
    )
    fhir.answer(
        "PUT",
        f"/Patient?identifier={NORTH}|3",
        patient(
            "3",
            family="Fox-Miller",
            given="Otto",
            gender="male",
            birthDate="1955-05-05",
            telecom=None,
            address=None,
            deceasedDateTime="2020-02-03",
        ),
    )
    return fhir


def families(bundle: dict[str, Any]) -> set[str]:
    return {entry["resource"]["name"][0]["family"] for entry in matches(bundle)}


def matches(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in bundle.get("entry", []) if entry["search"]["mode"] == "match"]


ANN, JOSE, OTTO = "Fox", "Núñez", "Fox-Miller"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("family=fox", {ANN, OTTO}),
        ("family:exact=Fox", {ANN}),
        ("family:exact=fox", set()),
        ("family:contains=mill", {OTTO}),
        ("family=nunez", {JOSE}),
        ("family=fox,nunez", {ANN, OTTO, JOSE}),
        ("family=fox&gender=female", {ANN}),
        ("family=fox&family=mill", {OTTO}),
        ("given=jos", {JOSE}),
        ("name=otto", {OTTO}),
        ("name:exact=Ann", {ANN}),
        ("phonetic=Phox", {ANN}),
        (f"identifier={NORTH}|1", {ANN}),
        ("identifier=1", {ANN}),
        (f"identifier={NORTH}|1,{NORTH}|2", {ANN, JOSE}),
        (f"identifier={SOUTH}|1", set()),
        ("telecom=518-274-0100", {ANN}),
        ("telecom=phone|518-274-0100", {ANN}),
        ("phone=5182740100", {ANN}),
        ("email=ann@example.org", {ANN}),
        ("birthdate=1980-01-02", {ANN}),
        ("birthdate=1980&family=fox", {ANN}),
        ("birthdate=1991-07", {JOSE}),
        ("birthdate=lt1960&family=fox", {OTTO}),
        ("birthdate=ge1990&gender=male", {JOSE}),
        ("family=fox&birthdate=ne1980-01-02", {OTTO}),
        ("address=troy", {ANN}),
        ("address-city=lyon", {JOSE}),
        ("address-state=NY", {ANN}),
        ("address-postalcode=69001", {JOSE}),
        ("address-country=FR", {JOSE}),
        ("mothersMaidenName=hart", {ANN}),
        ("family=fox&deceased=true", {OTTO}),
        ("family=fox&deceased=false", {ANN}),
        ("death-date=2020-02-03", {OTTO}),
        ("family=fox&active=true", {ANN, OTTO}),
        ("family=fox&_lastUpdated=gt2020-01-01", {ANN, OTTO}),
        ("family=nobody", set()),
    ],
)
def test_by_every_parameter(people: Fhir, query: str, expected: set[str]) -> None:
    bundle = people.get(f"/Patient?{quote(query, safe='=&|,:-')}")
    assert families(bundle) == expected
    assert (bundle["type"], bundle["total"]) == ("searchset", len(expected))
    assert bundle["link"][0]["relation"] == "self"


def test_by_id(people: Fhir) -> None:
    enterprise_id = people.enterprise_id("north-ehr", "1")
    [entry] = matches(people.get(f"/Patient?_id={enterprise_id}"))
    assert entry["resource"]["id"] == enterprise_id
    assert entry["fullUrl"].endswith(f"/fhir/Patient/{enterprise_id}")
    record = people.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    assert people.get(f"/Patient?_id={record['id']}")["total"] == 1
    assert people.get("/Patient?_id=nobody")["total"] == 0


def test_get_and_post_and_both_at_once(people: Fhir) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert families(people.answer("POST", "/Patient/_search", "family=fox&gender=female", **form)) == {ANN}
    assert families(people.answer("POST", "/Patient/_search?gender=male", "family=fox", **form)) == {OTTO}
    people.refused(415, "not-supported", "POST", "/Patient/_search", {"family": "fox"})


def test_pages(people: Fhir) -> None:
    seen: list[str] = []
    path: str | None = "/Patient?family=fox,nunez&_count=1"
    while path is not None:
        bundle = people.get(path)
        assert bundle["total"] == 3
        seen += [entry["resource"]["id"] for entry in matches(bundle)]
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        path = following[0].removeprefix("http://127.0.0.1:8000/fhir") if following else None
    assert len(seen) == len(set(seen)) == 3


def test_sorted(people: Fhir) -> None:
    for sort, expected in (("family", [ANN, OTTO, JOSE]), ("-birthdate", [JOSE, ANN, OTTO])):
        bundle = people.get(f"/Patient?family=fox,nunez&_sort={sort}")
        assert [entry["resource"]["name"][0]["family"] for entry in matches(bundle)] == expected


def test_other_domains_are_left_out(people: Fhir) -> None:
    bundle = people.get(f"/Patient?family=fox&identifier={SOUTH}|")
    [entry] = matches(bundle)
    assert [one["system"] for one in entry["resource"]["identifier"]] == [SOUTH]
    both = people.get(f"/Patient?family:exact=Fox&identifier={NORTH}|,{SOUTH}|")
    assert {one["system"] for one in matches(both)[0]["resource"]["identifier"]} == {NORTH, SOUTH}
    assert people.get(f"/Patient?family=fox&identifier={NATIONAL}|")["total"] == 0


def test_an_unknown_domain(strict: Fhir) -> None:
    issue = strict.refused(404, "not-found", "GET", "/Patient?family=fox&identifier=urn:oid:1.9.9|")
    assert issue["details"]["text"] == "targetSystem not found"


def test_parameters_that_are_not_served(people: Fhir) -> None:
    bundle = people.get("/Patient?family:exact=Fox&shoe-size=43")
    assert bundle["total"] == 1
    assert "shoe-size" not in bundle["link"][0]["url"]
    people.refused(400, "not-supported", "GET", "/Patient?family=fox&shoe-size=43", prefer="handling=strict")


@pytest.mark.parametrize(
    "query",
    [
        "birthdate=foo",
        "birthdate=1980-02-30",
        "birthdate=xx1980",
        "gender=f",
        "active=perhaps",
        "_count=-1",
        "_count=few",
        "_summary=some",
        "family:missing=true",
        "_include=Patient:organization",
        "family=,",
        "_cursor=nonsense",
    ],
)
def test_values_that_cannot_be(people: Fhir, query: str) -> None:
    response = people.ask("GET", f"/Patient?family=fox&{query}")
    assert response.status_code == 400, response.text


def test_nobody_lists_everybody(people: Fhir) -> None:
    people.refused(400, "required", "GET", "/Patient")
    people.refused(400, "required", "GET", "/Patient?_count=5")


def test_counts_and_parts(people: Fhir) -> None:
    assert people.get("/Patient?family=fox&_summary=count").keys() >= {"total", "link"}
    assert "entry" not in people.get("/Patient?family=fox&_summary=count")
    assert people.get("/Patient?family=fox&_count=0")["total"] == 2
    [entry] = matches(people.get("/Patient?family:exact=Fox&_elements=birthDate,gender"))
    resource = entry["resource"]
    assert resource.keys() == {"resourceType", "id", "meta", "identifier", "birthDate", "gender"}
    assert resource["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "address" in matches(people.get("/Patient?family:exact=Fox&_summary=true"))[0]["resource"]


def test_the_linked_records_can_be_included(people: Fhir) -> None:
    bundle = people.get("/Patient?family:exact=Fox&_include=Patient:link")
    included = [entry["resource"]["id"] for entry in bundle["entry"] if entry["search"]["mode"] == "include"]
    assert len(included) == 2
    assert bundle["total"] == 1


def test_a_merged_record_is_found_as_its_survivor(people: Fhir) -> None:
    link = [{"type": "replaced-by", "other": {"identifier": {"system": NORTH, "value": "1"}}}]
    gone = patient("3", family="Fox-Miller", given="Otto", active=False, link=link)
    people.answer("PUT", f"/Patient?identifier={NORTH}|3", gone)
    assert families(people.get("/Patient?family=fox")) == {ANN}
    assert people.get("/Patient?family=fox-miller")["total"] == 0


def test_what_pdqm_wants_of_every_patient(people: Fhir) -> None:
    for entry in matches(people.get("/Patient?family=fox,nunez")):
        resource = entry["resource"]
        assert all(one["system"] and one["value"] for one in resource["identifier"])
        assert not {"modifierExtension", "implicitRules"} & resource.keys()
        assert resource["active"] is True
        assert all({"family", "given", "text"} & name.keys() for name in resource["name"])
