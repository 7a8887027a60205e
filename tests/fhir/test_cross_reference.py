"""``$ihe-pix`` (ITI-83): every case of the contract's table."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_client import NORTH, SOUTH, Fhir, patient

PIX = "/Patient/$ihe-pix"
EAST = "urn:oid:1.2.36.1.3"


@pytest.fixture
def known(fhir: Fhir) -> Fhir:
    """One person, known in the north and in the south."""
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    fhir.answer("PUT", f"/Patient?identifier={SOUTH}|77", patient("77", system=SOUTH))
    return fhir


def identifiers(resource: dict[str, Any]) -> set[tuple[str, str]]:
    parts = [part for part in resource.get("parameter", []) if part["name"] == "targetIdentifier"]
    return {(part["valueIdentifier"]["system"], part["valueIdentifier"]["value"]) for part in parts}


def test_what_a_patient_is_called_elsewhere(known: Fhir) -> None:
    answer = known.get(f"{PIX}?sourceIdentifier={NORTH}|1&targetSystem={SOUTH}")
    assert answer["resourceType"] == "Parameters"
    assert identifiers(answer) == {(SOUTH, "77")}
    references = [p["valueReference"]["reference"] for p in answer["parameter"] if p["name"] == "targetId"]
    assert [known.get(f"/{reference}")["identifier"][0]["value"] for reference in references] == ["77"]


def test_everywhere_without_a_target_but_never_the_asked_one(known: Fhir) -> None:
    found = identifiers(known.get(f"{PIX}?sourceIdentifier={NORTH}|1"))
    assert (SOUTH, "77") in found
    assert (NORTH, "1") not in found


def test_asked_by_post(known: Fhir) -> None:
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "sourceIdentifier", "valueIdentifier": {"system": NORTH, "value": "1"}},
            {"name": "targetSystem", "valueUri": SOUTH},
        ],
    }
    assert identifiers(known.post(PIX, asked)) == {(SOUTH, "77")}


def test_asked_by_logical_id(known: Fhir) -> None:
    made = known.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    base = "http://127.0.0.1:8000/fhir"
    answer = known.get(f"{PIX}?sourceIdentifier={base}|Patient/{made['id']}&targetSystem={SOUTH}")
    assert identifiers(answer) == {(SOUTH, "77")}


def test_asked_by_enterprise_id_and_for_it(known: Fhir) -> None:
    own = known.index.registry.domains().enterprise.system
    enterprise_id = known.enterprise_id("north-ehr", "1")
    assert identifiers(known.get(f"{PIX}?sourceIdentifier={own}|{enterprise_id}&targetSystem={SOUTH}")) == {
        (SOUTH, "77")
    }
    assert identifiers(known.get(f"{PIX}?sourceIdentifier={NORTH}|1&targetSystem={own}")) == {
        (own, enterprise_id)
    }


def test_nothing_in_the_target(fhir: Fhir) -> None:
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    answer = fhir.get(f"{PIX}?sourceIdentifier={NORTH}|1&targetSystem={SOUTH}")
    assert answer == {"resourceType": "Parameters"}


@pytest.mark.parametrize(
    ("query", "status", "code", "told"),
    [
        (f"sourceIdentifier={NORTH}|404", 404, "not-found", "Patient Identifier not found"),
        ("sourceIdentifier=urn:oid:1.9.9|1", 400, "code-invalid", "Assigning Authority not found"),
        (
            f"sourceIdentifier={NORTH}|1&targetSystem=urn:oid:1.9.9",
            403,
            "code-invalid",
            "targetSystem not found",
        ),
        ("", 400, "required", "sourceIdentifier is missing"),
        ("sourceIdentifier=1", 400, "invalid", "system|value"),
        (f"sourceIdentifier={NORTH}|", 400, "invalid", "system|value"),
        (f"sourceIdentifier={NORTH}|1&sourceIdentifier={NORTH}|2", 400, "invalid", "once only"),
        (f"sourceIdentifier={NORTH}|1&targetSystem=", 400, "invalid", "targetSystem"),
    ],
)
def test_refusals(strict: Fhir, query: str, status: int, code: str, told: str) -> None:
    strict.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    issue = strict.refused(status, code, "GET", f"{PIX}?{query}")
    assert told in issue["details"]["text"]


def test_a_patient_that_was_taken_out_is_not_known(known: Fhir) -> None:
    known.ask("DELETE", f"/Patient?identifier={NORTH}|1")
    known.refused(404, "not-found", "GET", f"{PIX}?sourceIdentifier={NORTH}|1")
    known.refused(404, "not-found", "GET", f"{PIX}?sourceIdentifier={SOUTH}|78")


def test_a_replaced_identifier_is_not_known_and_not_told(known: Fhir) -> None:
    replaced = known.answer("PUT", f"/Patient?identifier={NORTH}|2", patient("2", family="Hale", given="Bo"))
    link = [{"type": "replaced-by", "other": {"identifier": {"system": NORTH, "value": "1"}}}]
    merged = known.enterprise_id("north-ehr", "2")
    known.answer("PUT", f"/Patient?identifier={NORTH}|2", patient("2", active=False, link=link))
    base, own = "http://127.0.0.1:8000/fhir", known.index.registry.domains().enterprise.system
    for source in (f"{NORTH}|2", f"{base}|Patient/{replaced['id']}"):
        issue = known.refused(404, "not-found", "GET", f"{PIX}?sourceIdentifier={source}")
        assert "another one replaced it" in issue["details"]["text"]
    told = identifiers(known.get(f"{PIX}?sourceIdentifier={SOUTH}|77"))
    assert (NORTH, "1") in told and (NORTH, "2") not in told
    # An enterprise ID that was merged leads on, as everywhere.
    assert (SOUTH, "77") in identifiers(known.get(f"{PIX}?sourceIdentifier={own}|{merged}"))
