"""``$import`` and ``$export``: 202, polled, NDJSON in and out."""

from __future__ import annotations

import json
import time
from typing import Any

from fhir_client import NORTH, SOUTH, Fhir, patient

_NDJSON = {"content_type": "application/fhir+ndjson"}


def _ended(fhir: Fhir, where: str) -> Any:
    path = where.partition("/fhir")[2]
    for _ in range(600):
        response = fhir.client.get(f"/fhir{path}")
        if response.status_code != 202:
            assert response.status_code == 200, response.text
            return response.json()
        assert "X-Progress" in response.headers
        time.sleep(0.05)
    raise AssertionError("the import does not end")


def test_patients_are_imported_and_exported(fhir: Fhir) -> None:
    with_extension = patient("1", extension=[{"url": "http://example.org/x", "valueString": "kept"}])
    lines = [
        with_extension,
        patient("2", family="Ruiz", given="Leo"),
        {"resourceType": "Group"},
        patient("3", system="urn:x"),
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    begun = fhir.ask("POST", "/$import", body, x_source="north-ehr", **_NDJSON)
    assert begun.status_code == 202
    done = _ended(fhir, begun.headers["Content-Location"])
    assert done["output"][0]["count"] == 3 and done["error"][0]["count"] == 1
    told = fhir.client.get("/fhir" + done["error"][0]["url"].partition("/fhir")[2])
    [error] = [json.loads(line) for line in told.text.splitlines()]
    assert error["resourceType"] == "OperationOutcome"
    assert error["issue"][0]["diagnostics"] == "line 3"

    begun = fhir.ask("GET", "/$export", prefer="respond-async")
    manifest = _ended(fhir, begun.headers["Content-Location"])
    exported = []
    for part in manifest["output"]:
        file = fhir.client.get("/fhir" + part["url"].partition("/fhir")[2])
        assert file.headers["content-type"] == "application/fhir+ndjson"
        exported += [json.loads(line) for line in file.text.splitlines()]
    assert {one["name"][0]["family"] for one in exported} == {"Fox", "Ruiz"}
    assert all(one["id"] for one in exported)


def test_what_is_not_there_is_said(fhir: Fhir) -> None:
    fhir.refused(404, "not-found", "GET", "/$import-status/1")
    fhir.refused(404, "not-found", "GET", "/$import-status/x")
    fhir.refused(404, "not-found", "GET", "/$export-part/x")
    fhir.refused(400, "not-supported", "GET", "/$export?_type=Observation")
    fhir.refused(415, "not-supported", "POST", "/$import", b"{}", content_type="text/csv")


def test_an_import_of_foreign_identifiers_is_refused_line_by_line(fhir: Fhir) -> None:
    body = json.dumps(patient("9", system=SOUTH)).encode()
    begun = fhir.ask("POST", "/$import", body, x_source="north-ehr", **_NDJSON)
    done = _ended(fhir, begun.headers["Content-Location"])
    assert done["error"][0]["count"] == 1
    assert NORTH not in json.dumps(done)
