"""``Patient/$merge``: previewed, done, refused; identities, and records of one source."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_client import NORTH, SOUTH, Fhir, patient

MILLER = {"family": "Miller", "given": "Otto", "birthDate": "1955-05-05", "telecom": None, "address": None}


def order(source: str | None, target: str | None, **more: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for name, value in (("source-patient", source), ("target-patient", target)):
        if value is not None and "|" in value:
            system, _, bare = value.partition("|")
            parts.append({"name": f"{name}-identifier", "valueIdentifier": {"system": system, "value": bare}})
        elif value is not None:
            parts.append({"name": name, "valueReference": {"reference": value}})
    for name, value in more.items():
        kind = {bool: "valueBoolean", dict: "resource"}[type(value)]
        parts.append({"name": name.replace("_", "-"), kind: value})
    return {"resourceType": "Parameters", "parameter": parts}


def part(answer: dict[str, Any], name: str) -> Any:
    return next((p["resource"] for p in answer["parameter"] if p["name"] == name), None)


@pytest.fixture
def two(fhir: Fhir) -> tuple[Fhir, str, str]:
    """Two identities of two sources, and their enterprise IDs."""
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    fhir.answer("PUT", f"/Patient?identifier={SOUTH}|77", patient("77", system=SOUTH, **MILLER))
    return fhir, fhir.enterprise_id("north-ehr", "1"), fhir.enterprise_id("south-ehr", "77")


def test_previewed_then_done(two: tuple[Fhir, str, str]) -> None:
    fhir, target, source = two
    asked = order(f"Patient/{source}", f"Patient/{target}")
    preview = fhir.post("/Patient/$merge", order(f"Patient/{source}", f"Patient/{target}", preview=True))
    result = part(preview, "result")
    assert result["id"] == target
    assert not {"versionId", "lastUpdated"} & result.get("meta", {}).keys()
    assert {"77"} == {one["value"] for one in result["identifier"] if one.get("use") == "old"} - {source}
    assert part(preview, "provenance") is None
    assert fhir.get(f"/Patient/{source}")["active"] is True

    done = fhir.post("/Patient/$merge", asked)
    assert part(done, "outcome")["resourceType"] == "OperationOutcome"
    assert part(done, "input") == asked
    assert part(done, "result")["link"][0] == {
        "other": {"reference": f"Patient/{source}"},
        "type": "replaces",
    }
    provenance = part(done, "provenance")
    assert provenance["activity"]["coding"][0]["code"] == "merge"
    assert len(provenance["target"]) == 2
    stub = fhir.get(f"/Patient/{source}")
    assert (stub["active"], stub["link"][0]["other"]["reference"]) == (False, f"Patient/{target}")
    assert fhir.enterprise_id("south-ehr", "77") == target
    issue = fhir.refused(422, "business-rule", "POST", "/Patient/$merge", asked)
    assert target in issue["details"]["text"]


def test_by_identifiers(two: tuple[Fhir, str, str]) -> None:
    fhir, target, _ = two
    done = fhir.post("/Patient/$merge", order(f"{SOUTH}|77", f"{NORTH}|1"))
    assert part(done, "result")["id"] == target


def test_records_of_one_source_are_replaced(fhir: Fhir) -> None:
    survivor = fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|2", patient("2", **MILLER))
    asked = (f"{NORTH}|2", f"{NORTH}|1")
    assert part(fhir.post("/Patient/$merge", order(*asked, preview=True)), "result")["id"] == survivor["id"]
    fhir.post("/Patient/$merge", order(*asked))
    fhir.refused(405, "not-supported", "PUT", f"/Patient?identifier={NORTH}|2", patient("2", **MILLER))
    assert fhir.enterprise_id("north-ehr", "1") == fhir.enterprise_id("north-ehr", "2")


def test_what_cannot_be_merged(two: tuple[Fhir, str, str]) -> None:
    fhir, target, source = two
    merge = "/Patient/$merge"
    a, b = f"Patient/{source}", f"Patient/{target}"
    fhir.refused(422, "business-rule", "POST", merge, order(a, a))
    fhir.refused(400, "required", "POST", merge, order(a, None))
    fhir.refused(400, "invalid", "POST", merge, order("Person/1", b))
    fhir.refused(422, "not-found", "POST", merge, order("Patient/r99999", b))
    fhir.refused(422, "not-found", "POST", merge, order(f"{NORTH}|404", b))
    fhir.refused(400, "invalid", "POST", merge, order(a, b, result_patient={"resourceType": "Person"}))
    fhir.refused(422, "business-rule", "POST", merge, order(a, b, result_patient=patient("1", id=source)))
    fhir.refused(400, "invalid", "POST", merge, patient("1"))
