"""Who may ask the FHIR face what, and how refusals look there."""

from __future__ import annotations

import json

from api_client import ROLES, V1, Api
from mpi.fhir.interactions import INTERACTIONS
from mpi.index import Actor

READERS = {"reader", "registrar", "reviewer", "steward"}
REGISTRARS = {"registrar", "reviewer", "steward"}
EVERYBODY = {*ROLES, "nobody"}

#: What is promised, written down a second time on purpose: an interaction without a row here fails.
PROMISED: dict[str, set[str]] = {
    "GET /metadata": EVERYBODY,
    "GET /.well-known/smart-configuration": EVERYBODY,
    "POST /Patient/$match": READERS,
    "POST /Patient/$idi-match": READERS,
    "GET /Organization/{id}": EVERYBODY,
    "GET /Patient/$ihe-pix": READERS,
    "POST /Patient/$ihe-pix": READERS,
    "POST /Patient/$merge": {"steward"},
    "POST /$process-message": REGISTRARS,
    "POST /$import": REGISTRARS,
    "GET /$import-status/{id}": REGISTRARS,
    "GET /$import-errors/{id}": REGISTRARS,
    "DELETE /$import-status/{id}": REGISTRARS,
    "GET /$export": {"steward"},
    "GET /Patient/$export": {"steward"},
    "GET /$export-status/{at}": {"steward"},
    "GET /$export-part/{part}": {"steward"},
    "GET /Patient": READERS,
    "POST /Patient/_search": READERS,
    "POST /Patient": REGISTRARS,
    "PUT /Patient": REGISTRARS,
    "DELETE /Patient": REGISTRARS,
    "GET /Patient/{id}": READERS,
    "PUT /Patient/{id}": REGISTRARS,
    "DELETE /Patient/{id}": REGISTRARS,
    "GET /Patient/{id}/_history": READERS,
    "GET /Patient/{id}/_history/{version}": READERS,
    "GET /Subscription": REGISTRARS,
    "POST /Subscription": REGISTRARS,
    "GET /Subscription/{id}": REGISTRARS,
    "PUT /Subscription/{id}": REGISTRARS,
    "DELETE /Subscription/{id}": REGISTRARS,
}


def test_every_interaction_has_its_promised_roles(shared_api: Api) -> None:
    assert {f"{one.method} {one.path}" for one in INTERACTIONS} == PROMISED.keys()
    wrong = []
    for promised, roles in PROMISED.items():
        method, path = promised.split()
        url = "/fhir" + path.format(id="r999", version="1", at="1", part="1")
        for role in (*ROLES, "nobody"):
            status = shared_api.ask(method, url, role=None if role == "nobody" else role).status_code
            expected = "passes" if role in roles else 401 if role == "nobody" else 403
            if (status in (401, 403)) if role in roles else (status != expected):
                wrong.append(f"{promised} as {role}: {status} instead of {expected}")
    assert not wrong


def test_failures_of_credentials_are_outcomes_too(api: Api) -> None:
    for role, status, code in ((None, 401, "login"), ("admin", 403, "forbidden")):
        response = api.ask("GET", "/fhir/Patient/r1", role=role)
        assert response.status_code == status, response.text
        assert response.json()["issue"][0]["code"] == code
        assert response.headers["content-type"].startswith("application/fhir+json")
    assert api.ask("GET", "/fhir/Patient/r1", role=None).headers["www-authenticate"].startswith("Bearer")
    assert api.ask("GET", "/fhir/metadata", role=None).status_code == 200


def test_a_client_of_one_source_writes_for_no_other(api: Api) -> None:
    admin = Actor(name="test", role="admin")
    api.keys["north"] = api.index.add_client("north", "registrar", actor=admin, source="north-ehr")
    record = {"source": "south-ehr", "local_id": "1", "family": "Fox"}
    api.problem("POST", "/records", 403, "forbidden", json=record, role="north")
    api.problem("DELETE", "/records/south-ehr/1", 403, "forbidden", role="north")
    lines = "\n".join(json.dumps({**record, "source": source}) for source in ("south-ehr", "north-ehr"))
    response = api.ask("POST", V1 + "/records/bulk", role="north", content=lines)
    assert [json.loads(line)["status"] for line in response.text.splitlines()] == [403, 201]
    assert api.post("/records", {**record, "source": "north-ehr"}, role="north")["decision"]
