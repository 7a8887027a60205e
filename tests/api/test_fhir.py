"""Who may ask the FHIR face what, and how refusals look there."""

from __future__ import annotations

import json

from api_client import V1, Api
from mpi.index import Actor


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
