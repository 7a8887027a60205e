"""The description and the reference name every route, and the shown examples are true."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api_client import Api
from mpi.api import desk, fhir, schemas
from mpi.api.access import ACCESS, PUBLIC
from mpi.api.app import create_app
from mpi.index import FLAT_FIELDS, Receipt, RecordRef
from mpi.matching.flat import source_record
from mpi.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, op) for path, ops in document["paths"].items() for method, op in ops.items()
    ]


def test_every_route_is_described_with_its_roles_and_problems(document: dict[str, Any]) -> None:
    undescribed = {
        "read_description",
        "read_docs",
        *(route.name for route in [*desk.routes(), *fhir.routes()]),
    }
    assert {op["operationId"] for _, _, op in _operations(document)} == ACCESS.keys() - undescribed
    for method, path, op in _operations(document):
        roles = ACCESS[op["operationId"]]
        assert op["description"], path
        assert set(op.get("x-roles", ())) == roles
        assert ("security" in op) == (roles is not PUBLIC)
        assert "application/problem+json" in op["responses"]["503"]["content"], (method, path)


def test_every_reference_in_the_description_leads_somewhere(document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].rpartition("/")[2] in known
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    follow(document)
    assert not {"HTTPValidationError", "ValidationError"} & known.keys()


def test_bodies_and_answers_have_examples(document: dict[str, Any]) -> None:
    for method, path, op in _operations(document):
        if method == "POST" and path.endswith(("/records", "/match", "/search", "/bulk")):
            (content,) = op["requestBody"]["content"].values()
            assert content["example"], path
    receipt = next(op for m, p, op in _operations(document) if (m, p) == ("POST", "/api/v1/records"))
    for status in ("200", "201", "202"):
        assert receipt["responses"][status]["content"]["application/json"]["example"]["enterprise_id"]


def test_the_described_flat_record_is_the_one_that_is_accepted() -> None:
    described = set(schemas.FlatRecord.model_fields)
    assert described >= set(FLAT_FIELDS)
    absent = {name: None for name in described if name not in ("source", "local_id", "family")}
    assert source_record({**absent, "source": "s", "local_id": "1", "family": "x"}).source == "s"
    assert source_record(schemas.RECORD).local_id == "A-1001"
    assert schemas.FlatRecord.model_validate(schemas.RECORD)


def test_the_example_of_a_receipt_has_its_fields() -> None:
    assert set(schemas.RECEIPT) == {field.name for field in dataclasses.fields(Receipt)}
    assert RecordRef(**schemas.RECEIPT["record"])  # type: ignore[arg-type]


def test_every_route_is_in_the_reference(document: dict[str, Any]) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    missing = [
        f"{method} {path}"
        for method, path, _ in _operations(document)
        if f"`{method} {path.removeprefix('/api/v1')}" not in text
    ]
    assert not missing
    for role in ("reader", "registrar", "reviewer", "steward", "admin"):
        assert role in text


def test_the_description_needs_a_key_and_the_page_needs_none_on_this_machine(
    api: Api, open_client: TestClient
) -> None:
    assert api.ask("GET", "/openapi.json", role="admin").json()["openapi"].startswith("3.")
    assert api.ask("GET", "/openapi.json", role=None).status_code == 401
    assert api.ask("GET", "/api/docs").status_code == 404
    page = open_client.get("/api/docs")
    assert page.status_code == 200
    assert "/api/v1/records" in page.text
    assert "<script" not in page.text
