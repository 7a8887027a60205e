"""What every FHIR request passes: formats, types, paths, and failures that are OperationOutcomes."""

from __future__ import annotations

import pytest

from fhir_client import Fhir


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+json",
        "application/json",
        "text/json",
        "*/*",
        "application/fhir+xml, application/fhir+json;q=0.5",
        "application/fhir+json; fhirVersion=4.0",
        "text/html,application/xhtml+xml,*/*;q=0.8",
    ],
)
def test_json_by_any_name(fhir: Fhir, accept: str) -> None:
    assert fhir.get("/metadata", accept=accept)["resourceType"] == "CapabilityStatement"


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "text/html",
        "application/fhir+json;q=0",
        "application/fhir+json; fhirVersion=5.0",
    ],
)
def test_other_formats_are_not_acceptable(fhir: Fhir, accept: str) -> None:
    fhir.refused(406, "not-supported", "GET", "/metadata", accept=accept)


def test_format_goes_before_accept(fhir: Fhir) -> None:
    fhir.refused(406, "not-supported", "GET", "/metadata?_format=xml", accept="application/fhir+json")
    for name in ("json", "application/fhir%2Bjson", "application/fhir+json", "text/json"):
        assert fhir.get(f"/metadata?_format={name}", accept="application/fhir+xml")


def test_pretty(fhir: Fhir) -> None:
    assert "\n  " in fhir.ask("GET", "/metadata?_pretty=true").text


def test_what_is_not_there(fhir: Fhir) -> None:
    fhir.refused(404, "not-found", "GET", "/Observation/1")
    fhir.refused(404, "not-found", "POST", "/nowhere", {"resourceType": "Patient"})
    fhir.refused(404, "not-found", "GET", "")
    issue = fhir.refused(405, "not-supported", "DELETE", "/metadata")
    assert "DELETE" in issue["details"]["text"]
    assert "GET" in fhir.ask("PUT", "/metadata").headers["allow"]


def test_urls_that_are_no_text(fhir: Fhir) -> None:
    fhir.refused(400, "invalid", "GET", "/metadata?a=%ff")
    fhir.refused(400, "invalid", "GET", "/metadata?a=%00")


def test_smart_configuration_at_both_places(fhir: Fhir) -> None:
    below = fhir.get("/.well-known/smart-configuration")
    response = fhir.client.get("/.well-known/smart-configuration")
    assert response.json() == below
