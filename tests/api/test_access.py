"""Who may call what: every route against every role, without credentials, and from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from api_client import ROLES, V1, Api, settings_of
from flat_records import a_record
from mpi.api import access
from mpi.api.access import is_loopback
from mpi.api.app import create_app
from mpi.api.desk import DeskRoute
from mpi.api.fhir import FhirRoute
from mpi.api.server import refuse_open_door
from mpi.errors import BadInput
from mpi.index import Actor
from mpi.settings import Settings

READERS = {"reader", "registrar", "reviewer", "steward"}
REGISTRARS = {"registrar", "reviewer", "steward"}
REVIEWERS = {"reviewer", "steward"}
STEWARDS = {"steward"}
ALL = READERS | {"admin"}
EVERYBODY = ALL | {"nobody"}

#: What is promised, written down a second time on purpose: a route without a row here fails.
PROMISED: dict[str, set[str]] = {
    "POST /api/v1/records": REGISTRARS,
    "POST /api/v1/records/bulk": REGISTRARS,
    "PUT /api/v1/records/{source}/{local_id}": REGISTRARS,
    "GET /api/v1/records/{source}/{local_id}": READERS,
    "DELETE /api/v1/records/{source}/{local_id}": REGISTRARS,
    "POST /api/v1/match": READERS,
    "POST /api/v1/compare": READERS,
    "GET /api/v1/why": READERS,
    "POST /api/v1/search": READERS,
    "GET /api/v1/identities/{enterprise_id}": READERS,
    "GET /api/v1/identities/{enterprise_id}/history": READERS,
    "GET /api/v1/identities/{enterprise_id}/how": READERS,
    "GET /api/v1/crosswalk": READERS,
    "GET /api/v1/events": READERS,
    "POST /api/v1/merges": STEWARDS,
    "POST /api/v1/merges/{merge_id}/undo": STEWARDS,
    "POST /api/v1/unlinks": STEWARDS,
    "POST /api/v1/assertions": REVIEWERS,
    "GET /api/v1/assertions": REVIEWERS,
    "GET /api/v1/assertions/{assertion_id}": REVIEWERS,
    "DELETE /api/v1/assertions/{assertion_id}": REVIEWERS,
    "GET /api/v1/tasks": REVIEWERS,
    "GET /api/v1/tasks/{task_id}": REVIEWERS,
    "POST /api/v1/tasks/{task_id}/claim": REVIEWERS,
    "POST /api/v1/tasks/{task_id}/release": REVIEWERS,
    "POST /api/v1/tasks/{task_id}/resolve": REVIEWERS,
    "POST /api/v1/tasks/{task_id}/undo": REVIEWERS,
    "POST /hl7v2": REGISTRARS,
    "GET /api/v1/sources": ALL,
    "GET /api/v1/authorities": ALL,
    "GET /metrics": ALL,
    "GET /openapi.json": ALL,
    "GET /health/live": EVERYBODY,
    "GET /health/ready": EVERYBODY,
}


def _routes(client: TestClient) -> list[tuple[str, str]]:
    app: Any = client.app
    return [
        (method, route.path_format)
        for route in app.routes
        if not isinstance(route, DeskRoute | FhirRoute)  # tests/review and test_fhir have those
        for method in (route.methods or () if isinstance(route, APIRoute) else {"?"})
    ]


def test_every_route_has_its_promised_roles(shared_api: Api) -> None:
    routes = _routes(shared_api.client)
    assert {f"{method} {path}" for method, path in routes} == set(PROMISED)
    wrong = []
    for method, path in routes:
        url = path.format(
            source="north", local_id="none", enterprise_id="x", merge_id=1, task_id=1, assertion_id=1
        )
        for role in (*ROLES, "nobody"):
            status = shared_api.ask(method, url, role=None if role == "nobody" else role).status_code
            allowed = role in PROMISED[f"{method} {path}"]
            expected = "passes" if allowed else 401 if role == "nobody" else 403
            if (status in (401, 403)) if allowed else (status != expected):
                wrong.append(f"{method} {path} as {role}: {status} instead of {expected}")
    assert not wrong


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer mpi_" + "A" * 43},
        {"X-API-Key": "mpi_" + "A" * 43},
        {"X-API-Key": ""},
        {"Authorization": "Bearer mpi_" + "A" * 5_000},
    ],
)
def test_without_a_valid_key_the_answer_is_401(shared_api: Api, headers: dict[str, str]) -> None:
    response = shared_api.client.get(f"{V1}/events", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["code"] == "unauthenticated"


def test_a_key_works_in_either_header(shared_api: Api) -> None:
    key = shared_api.keys["reader"]
    for headers in ({"X-API-Key": key}, {"Authorization": f"bearer {key}"}):
        assert shared_api.client.get(f"{V1}/events", headers=headers).status_code == 200


def test_a_revoked_key_stops_working_within_seconds(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert access.CACHE_SECONDS <= 10
    monkeypatch.setattr(access, "CACHE_SECONDS", 0.0)
    assert api.ask("GET", f"{V1}/events", role="reader").status_code == 200
    api.index.revoke_client("the-reader", actor=Actor(name="test", role="admin"))
    assert api.ask("GET", f"{V1}/events", role="reader").status_code == 401


def _denials(database_url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(database_url) as conn:
        return conn.execute(
            "SELECT actor, role, action FROM audit WHERE outcome = 'denied' ORDER BY audit_id"
        ).fetchall()


def test_denials_are_audited(api: Api, database_url: str) -> None:
    api.problem("POST", "/merges", 403, "forbidden", role="reader", json={})
    api.client.get(f"{V1}/events")
    assert _denials(database_url) == [
        ("the-reader", "reader", "merge_identities"),
        ("unknown", "none", "read_events"),
    ]


def test_a_flood_of_failed_log_ins_fills_no_disk(api: Api, database_url: str) -> None:
    for _ in range(60):
        assert api.client.get(f"{V1}/events").status_code == 401
    assert len(_denials(database_url)) < 60


def test_every_look_at_a_patient_is_audited_under_its_request(api: Api, database_url: str) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    looks: list[tuple[str, str, Any]] = [
        ("POST", "/records", a_record("A-2")),
        ("GET", "/records/north/A-1", None),
        ("POST", "/match", a_record()),
        ("POST", "/compare", {"a": "north/A-1", "b": "north/A-1"}),
        ("GET", f"/why?a=north/A-1&b={eid}", None),
        ("GET", f"/identities/{eid}", None),
        ("GET", f"/identities/{eid}/history", None),
        ("GET", f"/identities/{eid}/how", None),
        ("GET", "/crosswalk?source=north&local_id=A-1", None),
        ("POST", "/search", {"q": "armchair"}),
        ("GET", "/events", None),
        ("GET", "/tasks", None),
        ("GET", "/assertions", None),
    ]
    for number, (method, path, body) in enumerate(looks):
        response = api.ask(method, V1 + path, json=body, headers={"X-Request-Id": f"look-{number}"})
        assert response.status_code < 500, response.text
    with psycopg.connect(database_url) as conn:
        audited = {row[0] for row in conn.execute("SELECT request_id FROM audit WHERE actor = 'the-steward'")}
    assert {f"look-{number}" for number in range(len(looks))} <= audited


def test_without_auth_this_machine_may_do_everything_and_is_told_so(open_client: TestClient) -> None:
    response = open_client.post(f"{V1}/records", json=a_record(), headers={"X-Actor": "nurse.jane"})
    assert response.status_code == 201, response.text
    assert response.headers["x-mpi-auth"] == "off"
    events = open_client.get(f"{V1}/events").json()["items"]
    assert {event["data"]["actor"] for event in events} == {"nurse.jane"}
    assert open_client.get("/api/docs").status_code == 200
    bad = open_client.get(f"{V1}/events", headers={"X-Actor": "x" * 65})
    assert (bad.status_code, bad.json()["field"]) == (422, "X-Actor")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Host": "0.0.0.0:8000"},
        {"Host": ""},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_without_auth_nobody_else_may_do_anything(
    shared_open_client: TestClient, headers: dict[str, str]
) -> None:
    assert shared_open_client.get(f"{V1}/events", headers=headers).status_code == 403
    assert shared_open_client.get("/health/live", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
def test_without_auth_this_machine_is_known_by_its_loopback_names(
    shared_open_client: TestClient, host: str
) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert shared_open_client.get(f"{V1}/events", headers=headers).status_code == 200


def test_without_auth_another_machine_is_refused(database_url: str, tmp_path: Path) -> None:
    app = create_app(settings_of(database_url, tmp_path, auth="off"))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("10.0.0.7", 50_000)) as client:
        assert client.get(f"{V1}/events").status_code == 403


def test_auth_off_cannot_listen_beyond_this_machine() -> None:
    off, on = Settings(auth="off"), Settings(auth="on")
    for host in ("0.0.0.0", "::", "10.1.2.3", "example.org", ""):
        assert not is_loopback(host)
        with pytest.raises(BadInput) as refused:
            refuse_open_door(off, host)
        assert refused.value.field == "MPI_AUTH"
        refuse_open_door(on, host)
    for host in ("127.0.0.1", "::1", "localhost"):
        refuse_open_door(off, host)
