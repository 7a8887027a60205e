"""Every failure has one status, one code, and says nothing it should not."""

from __future__ import annotations

from typing import Any

import orjson
import psycopg
import pytest
from psycopg.errors import lookup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mpi import errors
from mpi.api.problems import MEDIA_TYPE, Refusal, of_exception, shortened, status_of_code


def _document(response: Response) -> dict[str, Any]:
    assert response.headers["content-type"] == MEDIA_TYPE
    document: dict[str, Any] = orjson.loads(response.body)
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:mpi:problem:{document['code']}"
    return document


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.BadInput(), 422, "bad-input"),
        (errors.InvalidRecord(), 422, "invalid-record"),
        (errors.InvalidEnterpriseId(), 422, "invalid-enterprise-id"),
        (errors.UnknownSource(), 422, "unknown-source"),
        (errors.NotFound(), 404, "not-found"),
        (errors.Erased(), 410, "erased"),
        (errors.Conflict(), 409, "conflict"),
        (errors.StaleVersion(), 409, "stale-version"),
        (errors.AssertedDifferent(), 409, "asserted-different"),
        (errors.AlreadyUndone(), 409, "already-undone"),
        (errors.ClaimedByAnother(), 409, "claimed-by-another"),
        (errors.IdempotencyMismatch(), 422, "idempotency-mismatch"),
        (errors.RequestInFlight(), 409, "request-in-flight"),
        (errors.Unauthenticated(), 401, "unauthenticated"),
        (errors.Forbidden(), 403, "forbidden"),
        (errors.DatabaseUnavailable(), 503, "database-unavailable"),
        (errors.MpiError("secret words"), 500, "internal-error"),
        (ValueError("secret words"), 500, "internal-error"),
        (HTTPException(404), 404, "not-found"),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "method-not-allowed"),
        (Refusal(413, "too-large", "too large", field="body"), 413, "too-large"),
    ],
)
def test_an_error_answers_with_its_status_and_code(error: Exception, status: int, code: str) -> None:
    response = of_exception(error, "request-1")
    document = _document(response)
    assert (document["status"], document["code"], document["request_id"]) == (status, code, "request-1")
    assert "secret" not in bytes(response.body).decode()
    assert ("retry-after" in response.headers) == (status == 503 or code == "request-in-flight")
    assert ("www-authenticate" in response.headers) == (status == 401)


def _driver_error(state: str) -> psycopg.Error:
    return lookup(state)("canary in a detail")


@pytest.mark.parametrize(
    "state", ["08006", "53100", "53200", "53300", "57014", "57P01", "57P03", "40P01", "55P03"]
)
def test_a_lost_or_overloaded_database_asks_for_patience(state: str) -> None:
    response = of_exception(_driver_error(state))
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert "canary" not in bytes(response.body).decode()


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("22003", 422),
        ("22021", 422),
        ("22P02", 422),
        ("23505", 409),
        ("23514", 409),
        ("42P01", 500),
        ("XX000", 500),
    ],
)
def test_other_errors_of_the_database_never_ask_to_try_again(state: str, status: int) -> None:
    response = of_exception(_driver_error(state))
    assert response.status_code == status
    assert "retry-after" not in response.headers
    assert "canary" not in bytes(response.body).decode()


def test_text_that_the_driver_cannot_send_is_the_callers_fault() -> None:
    assert of_exception(psycopg.DataError("text fields cannot contain NUL")).status_code == 422


def test_a_field_is_repeated_at_bounded_length_and_printable() -> None:
    hostile = "k\0\ud800\u202e" + "x" * 1_000_000
    document = _document(of_exception(errors.BadInput(f"{hostile}: not a known key", field=hostile)))
    assert len(document["field"]) <= 64
    assert document["field"].startswith("k���x")
    assert len(document["detail"]) <= 500
    assert shortened("birth_date") == "birth_date"


def test_every_code_of_the_tree_has_a_status() -> None:
    assert status_of_code("invalid-record") == 422
    assert status_of_code("idempotency-mismatch") == 422
    assert status_of_code("database-unavailable") == 503
    assert status_of_code("malformed-json") == 400
    assert status_of_code("internal-error") == 500
