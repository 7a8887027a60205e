"""A FHIR client for the tests: checks of every answer what no answer may get wrong."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from mpi.index import Actor, Index

BASE = "http://127.0.0.1:8000"
NORTH, SOUTH = "urn:oid:1.2.36.1.1", "urn:oid:1.2.36.1.2"
NATIONAL = "urn:oid:1.2.36.9.9"
ACTOR = Actor(name="test", role="steward+admin")
DECLARED = """
[[source]]
name = "north-ehr"
trust = 80
[[source]]
name = "south-ehr"
[[authority]]
name = "NORTH"
oid = "1.2.36.1.1"
uri = "urn:oid:1.2.36.1.1"
type = "MR"
owner = "north-ehr"
[[authority]]
name = "SOUTH"
oid = "1.2.36.1.2"
uri = "urn:oid:1.2.36.1.2"
type = "MR"
owner = "south-ehr"
[[authority]]
name = "NATIONAL"
oid = "1.2.36.9.9"
uri = "urn:oid:1.2.36.9.9"
type = "NI"
person_unique = true
"""


@dataclass
class Fhir:
    """Requests below /fhir."""

    client: TestClient
    index: Index
    #: Whether answers are kept for the validators of others: not where what was sent is wrong on purpose.
    keeps: bool = True

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response, whatever it is."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None
        if body is not None:
            sent.setdefault("content-type", "application/fhir+json")
            content = body if isinstance(body, bytes | str) else json.dumps(body)
        response = self.client.request(method, f"/fhir{path}", content=content, headers=sent)
        check_response(response, keep=self.keeps)
        return response

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """The resource of a GET that must succeed."""
        return self.answer("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        """The resource of a POST that must succeed."""
        return self.answer("POST", path, body, **headers)

    def answer(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """The resource of a request that must succeed."""
        response = self.ask(method, path, body, **headers)
        assert response.is_success, response.text
        document: dict[str, Any] = response.json()
        return document

    def refused(
        self, status: int, code: str, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The first issue of a request that must be refused in this way."""
        response = self.ask(method, path, body, **headers)
        assert response.status_code == status, response.text
        [issue, *_] = response.json()["issue"]
        assert issue["code"] == code, issue
        assert issue["severity"] in ("error", "fatal")
        return issue

    def enterprise_id(self, source: str, local_id: str) -> str:
        """Whose a record is, as REST tells it."""
        response = self.client.get(f"/api/v1/records/{source}/{local_id}")
        assert response.status_code == 200, response.text
        found: str = response.json()["enterprise_id"]
        return found


def check_response(response: Any, *, keep: bool = True) -> None:
    """Whatever is answered is FHIR JSON, and a failure is an OperationOutcome."""
    if not response.content:
        return
    if response.request.url.path.endswith("/smart-configuration"):
        return
    assert response.headers["content-type"] in (
        "application/fhir+json; charset=utf-8",
        "application/fhir+ndjson",
    )
    if response.headers["content-type"].startswith("application/fhir+json"):
        document = response.json()
        if response.status_code >= 400:
            assert document["resourceType"] == "OperationOutcome", document
        _refuse_empty(document, "")
        kept = os.environ.get("MPI_TEST_RESPONSES")
        if keep and kept and "resourceType" in document:
            with Path(kept).open("a", encoding="utf-8") as file:
                file.write(json.dumps(document) + "\n")


def _refuse_empty(value: Any, place: str) -> None:
    """FHIR knows no empty lists, objects and strings, and no nulls beside values."""
    assert value not in ([], {}, ""), f"{place} is empty"
    if isinstance(value, dict):
        for key, inner in value.items():
            assert inner is not None, f"{place}.{key} is null"
            _refuse_empty(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            if inner is not None:
                _refuse_empty(inner, f"{place}[{number}]")


def patient(
    mrn: str | None = "1", *, system: str = NORTH, family: str = "Fox", given: str = "Ann", **more: Any
) -> dict[str, Any]:
    """A Patient with dull defaults, so that a test names only what it is about."""
    whole: dict[str, Any] = {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": family, "given": [given]}],
        "gender": "female",
        "birthDate": "1980-01-02",
        "address": [
            {"use": "home", "line": ["1 Elm St"], "city": "Troy", "state": "NY", "postalCode": "12180"}
        ],
        "telecom": [{"system": "phone", "value": "518-274-0100", "use": "home"}],
    }
    if mrn is not None:
        whole["identifier"] = [{"system": system, "value": mrn}]
    whole |= more
    return {name: value for name, value in whole.items() if value is not None}
