"""No patient's data in logs, metrics or problem documents: canaries through every endpoint."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import orjson
import psycopg
import pytest

from api_client import V1, Api
from flat_records import a_record

CANARIES = {
    "given": "Xanthippe",
    "family": "Quibblethorpe",
    "birth_date": "1987-06-05",
    "ssn": "614-55-0932",
    "phone": "217-555-0964",
    "email": "xanthippe@quibble.example",
    "street": "77 Gargoyle Crescent",
    "city": "Wobbleton",
    "mrn": "MRN0042007",
    "mother_maiden": "Snodgrasser",
}
LOCAL_ID = "LID0099421"
REASON = "She told me her aunt is Snodgrasser"


def _forms(value: str) -> set[bytes]:
    """A value as it might turn up in a log."""
    plain = {value, value.lower(), value.upper(), quote(value), "".join(c for c in value if c.isalnum())}
    encoded = {base64.b64encode(value.encode())[: len(value)]}
    return {form.encode() for form in plain} | encoded


FORBIDDEN = {form for value in (*CANARIES.values(), LOCAL_ID, REASON) for form in _forms(value)}


def _leaks(text: bytes) -> list[bytes]:
    return sorted(form for form in FORBIDDEN if form in text)


def _everything(api: Api) -> list[tuple[str, str, Any]]:
    """A call of every endpoint with canaries, the good and the bad."""
    patient = a_record(LOCAL_ID, **CANARIES)
    eid = api.post("/records", patient)["enterprise_id"]
    reference = f"north/{LOCAL_ID}"
    held = {
        "source": "north",
        "local_id": LOCAL_ID,
        "given": "Bob",
        "family": "Vex",
        "birth_date": "1930-01-01",
    }
    bad = {**patient, "given": ["Xanthippe"]}
    bulk = b"\n".join((orjson.dumps(patient), orjson.dumps(bad), b'{"given": "Xanthippe'))
    mistyped = eid[:-1] + ("2" if eid[-1] != "2" else "3")
    return [
        ("POST", "/records", patient),
        ("POST", "/records", bad),
        ("POST", "/records", {**patient, "birth_order": 2**64}),
        ("POST", "/records", {**patient, "given": "Xanthippe\0"}),
        ("POST", "/records", b'{"given": "Xanthippe'),
        ("POST", "/records", b'{"given": "Xanthippe", "names": ' + b"[" * 100_000),
        ("POST", "/records", {**held, "sex": "M"}),
        ("POST", "/records/bulk", bulk),
        ("PUT", f"/records/north/{LOCAL_ID}", patient),
        ("PUT", "/records/north/other", patient),
        ("GET", f"/records/north/{LOCAL_ID}", None),
        ("GET", f"/records/Quibblethorpe/{LOCAL_ID}", None),
        ("GET", f"/Xanthippe/{LOCAL_ID}", None),
        ("POST", "/match", patient),
        ("POST", "/match", bad),
        ("POST", "/compare", {"a": reference, "b": patient}),
        ("POST", "/compare", {"a": reference, "b": bad}),
        ("POST", "/compare", {"a": "north/Xanthippe", "b": ["Xanthippe"]}),
        ("GET", f"/why?a={reference}&b={eid}", None),
        ("GET", "/why?a=Xanthippe&b=Quibblethorpe", None),
        ("POST", "/search", {"q": "Quibblethorpe"}),
        ("POST", "/search", {"q": ["Quibblethorpe"]}),
        ("POST", "/search", {"family": "Quibblethorpe"}),
        ("GET", f"/identities/{eid}", None),
        ("GET", f"/identities/{mistyped}", None),
        ("GET", "/identities/Xanthippe", None),
        ("GET", f"/identities/{eid}?at=Xanthippe", None),
        ("GET", f"/identities/{eid}/history", None),
        ("GET", f"/identities/{eid}/how", None),
        ("GET", f"/crosswalk?source=north&local_id={LOCAL_ID}&targets=Xanthippe", None),
        ("GET", "/crosswalk?source=Xanthippe&local_id=Quibblethorpe", None),
        ("POST", "/merges", {"surviving": eid, "subsumed": "Xanthippe", "reason": REASON}),
        ("POST", "/merges", {"surviving": eid, "subsumed": eid, "reason": REASON, "override": "Xanthippe"}),
        ("POST", "/merges/1/undo", {"reason": REASON}),
        ("POST", "/merges/Xanthippe/undo", {"reason": REASON}),
        ("POST", "/unlinks", {"source": "north", "local_id": "Xanthippe", "reason": REASON}),
        ("POST", "/unlinks", {"source": "north", "local_id": LOCAL_ID, "reason": REASON}),
        ("POST", "/assertions", {"a": reference, "b": "Xanthippe", "verdict": "same", "reason": REASON}),
        ("POST", "/assertions", {"a": reference, "b": eid, "verdict": "Xanthippe", "reason": REASON}),
        ("DELETE", "/assertions/1", {"reason": REASON}),
        ("GET", "/assertions", None),
        ("GET", "/tasks", None),
        ("GET", "/tasks?state=Xanthippe&cursor=Quibblethorpe", None),
        ("POST", "/tasks/1/resolve", {"resolution": "Xanthippe", "reason": REASON, "version": 1}),
        ("POST", "/tasks/1/undo", {"reason": REASON}),
        ("GET", "/events", None),
        ("GET", "/events?after=Xanthippe", None),
        ("DELETE", f"/records/north/{LOCAL_ID}", {"reason": REASON}),
    ]


def _call_all(api: Api) -> list[int]:
    """Call everything; the statuses. Problem documents hold no canary."""
    statuses = []
    for method, path, body in _everything(api):
        options = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = (
            {"Idempotency-Key": "Xanthippe\x7f"} if path == "/events" else {"X-Request-Id": "Xanthippe Q"}
        )
        response = api.ask(method, V1 + path, headers=headers, **options)
        statuses.append(response.status_code)
        if response.status_code >= 400:
            assert not _leaks(response.content), (method, path, response.text)
            assert "Xanthippe" not in str(response.headers)
    return statuses


def test_logs_metrics_and_problems_hold_no_patient(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    statuses = _call_all(api)
    assert 200 in statuses
    assert not [status for status in statuses if status >= 500]
    out, err = capsys.readouterr()
    lines = [orjson.loads(line) for line in err.splitlines()]
    assert sum(line["event"] == "request" for line in lines) >= len(statuses)
    assert not _leaks((out + err).encode())
    metrics = api.ask("GET", "/metrics").content
    assert b"mpi_registrations_total" in metrics
    assert not _leaks(metrics)


def test_a_fault_of_ours_is_told_by_kind_and_place_only(
    api: Api, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api.post("/records", a_record(LOCAL_ID, **CANARIES))
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("ALTER TABLE record RENAME COLUMN search_text TO broken")
    response = api.ask("POST", f"{V1}/records", json=a_record("other", **CANARIES))
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "retry-after" not in response.headers
    out, err = capsys.readouterr()
    assert not _leaks((out + err).encode() + response.content)
    (fault,) = [line for line in map(orjson.loads, err.splitlines()) if line.get("status") == 500]
    assert fault["request_id"] == response.json()["request_id"]
    assert fault["kind"] == "UndefinedColumn"
    assert fault["where"]


def test_a_log_line_tells_the_request_by_its_template(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post("/records", a_record())
    capsys.readouterr()
    response = api.ask("GET", f"{V1}/records/north/A-1", headers={"X-Request-Id": "abc-123"})
    assert response.headers["x-request-id"] == "abc-123"
    (line,) = [orjson.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert line.pop("ms") > 0
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "abc-123",
        "method": "GET",
        "route": "/api/v1/records/{source}/{local_id}",
        "status": 200,
        "actor": "the-steward",
    }
