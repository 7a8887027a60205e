"""``$process-message`` (ITI-93): a feed of Patients as one message."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_client import NORTH, Fhir, patient

FEED = "urn:ihe:iti:pmir:2019:patient-feed"
PATH = "/$process-message"


def entry(
    method: str, resource: dict[str, Any] | None, url: str = "Patient", full_url: str | None = None
) -> Any:
    made: dict[str, Any] = {"request": {"method": method, "url": url}, "response": {"status": "200"}}
    if full_url:
        made["fullUrl"] = full_url
    return made | ({"resource": resource} if resource else {})


def message(*entries: Any, event: str = FEED) -> dict[str, Any]:
    header = {
        "resourceType": "MessageHeader",
        "id": "m1",
        "eventUri": event,
        "source": {"endpoint": "http://north.example"},
        "focus": [{"reference": "urn:uuid:history"}],
    }
    history = {"resourceType": "Bundle", "type": "history", "entry": list(entries)}
    return {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [{"resource": header}, {"fullUrl": "urn:uuid:history", "resource": history}],
    }


def told(answer: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The response's code, and what was wrong."""
    assert answer["type"] == "message"
    header = answer["entry"][0]["resource"]
    assert header["eventUri"] == f"{FEED}-response"
    assert header["response"]["identifier"] == "m1"
    return header["response"]["code"], [i for e in answer["entry"][1:] for i in e["resource"]["issue"]]


def test_registered_revised_and_taken_out(fhir: Fhir) -> None:
    assert (
        told(fhir.post(PATH, message(entry("POST", patient("1")), entry("POST", patient("2", given="Zoe")))))[
            0
        ]
        == "ok"
    )
    assert told(fhir.post(PATH, message(entry("PUT", patient("1", family="Foxx")))))[0] == "ok"
    assert fhir.get("/Patient?family:exact=Foxx")["total"] == 1
    assert told(fhir.post(PATH, message(entry("DELETE", None, f"Patient?identifier={NORTH}|1"))))[0] == "ok"
    assert fhir.get("/Patient?family:exact=Foxx")["total"] == 0
    assert told(fhir.post(PATH, message(entry("DELETE", patient("2")))))[0] == "ok"
    fhir.refused(404, "not-found", "GET", f"/Patient/$ihe-pix?sourceIdentifier={NORTH}|2")


def test_merged(fhir: Fhir) -> None:
    miller = patient("1", family="Miller", birthDate="1950-01-01", telecom=None, address=None)
    fhir.post(PATH, message(entry("POST", miller), entry("POST", patient("2"))))
    link = [{"type": "replaced-by", "other": {"identifier": {"system": NORTH, "value": "2"}}}]
    merged = entry("PUT", {**miller, "active": False, "link": link})
    assert told(fhir.post(PATH, message(merged)))[0] == "ok"
    assert fhir.enterprise_id("north-ehr", "1") == fhir.enterprise_id("north-ehr", "2")
    code, issues = told(fhir.post(PATH, message(entry("PUT", miller))))
    assert (code, issues[0]["code"]) == ("fatal-error", "not-supported")
    assert "entry[0]" in issues[0]["diagnostics"]


def test_a_child_is_told_with_its_mother(fhir: Fhir) -> None:
    fhir.post(PATH, message(entry("POST", patient("1"))))
    mother = {
        "resourceType": "RelatedPerson",
        "patient": {"reference": "urn:uuid:child"},
        "identifier": [{"system": NORTH, "value": "1"}],
        "relationship": [{"coding": [{"code": "MTH"}]}],
    }
    child = patient(
        "2",
        given="Baby",
        birthDate="2026-01-01",
        telecom=None,
        link=[{"other": {"reference": "urn:uuid:mother"}, "type": "seealso"}],
    )
    sent = message(
        entry("POST", child, full_url="urn:uuid:child"),
        entry("POST", mother, "RelatedPerson", "urn:uuid:mother"),
    )
    assert told(fhir.post(PATH, sent))[0] == "ok"
    read = fhir.get(f"/Patient/{fhir.enterprise_id('north-ehr', '2')}")
    mothers_id = fhir.enterprise_id("north-ehr", "1")
    assert {"other": {"reference": f"Patient/{mothers_id}"}, "type": "seealso"} in read["link"]


def test_the_first_failure_ends_it_and_what_came_before_is_kept(fhir: Fhir) -> None:
    bad = patient(
        "9",
        active=False,
        link=[{"type": "replaced-by", "other": {"identifier": {"system": NORTH, "value": "404"}}}],
    )
    code, issues = told(
        fhir.post(PATH, message(entry("POST", patient("1")), entry("PUT", bad), entry("POST", patient("3"))))
    )
    assert code == "fatal-error"
    assert issues[0]["diagnostics"].endswith("entry[1]")
    assert fhir.get(f"/Patient?identifier={NORTH}|1")["total"] == 1
    assert fhir.get(f"/Patient?identifier={NORTH}|3")["total"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (patient("1"), "invalid"),
        ({"resourceType": "Bundle", "type": "collection"}, "structure"),
        ({"resourceType": "Bundle", "type": "message", "entry": [{"resource": patient("1")}]}, "structure"),
        (message(event="urn:other"), "not-supported"),
        ({**message(), "entry": message()["entry"][:1]}, "structure"),
    ],
)
def test_what_is_no_feed(fhir: Fhir, body: dict[str, Any], code: str) -> None:
    fhir.refused(400, code, "POST", PATH, body)
