"""Subscriptions (ITI-94) and what they bring about: rest-hooks with retry, back-off and dead letters."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fhir_client import NORTH, SOUTH, Fhir, patient
from mpi.api.outgoing import NotSent, Outgoing
from mpi.index import Actor
from mpi.services import notifying

WAIT_SECONDS = 15.0
MILLER = {"family": "Miller", "birthDate": "1950-01-01"}


def channel(endpoint: str, **more: Any) -> dict[str, Any]:
    return {"channel": {"type": "rest-hook", "endpoint": endpoint, **more}}


class Hook:
    """A subscriber's endpoint: keeps what arrives, and fails while it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.is_failing = False
        self.attempts = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                hook.attempts += 1
                if not hook.is_failing:
                    hook.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(500 if hook.is_failing else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]

    def patients(self) -> list[dict[str, Any]]:
        """Every Patient that was told of, in order."""
        histories = [message["entry"][1]["resource"] for message in self.messages()]
        return [entry["resource"] for history in histories for entry in history.get("entry", [])]


@pytest.fixture
def hook() -> Iterator[Hook]:
    opened = Hook()
    yield opened
    opened.close()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def subscription(hook: Hook | None, criteria: str = "Patient", **channel: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "identity feed",
        "criteria": criteria,
        "channel": {
            "type": "rest-hook",
            "endpoint": hook.url if hook else "https://subscriber.example/hook",
            "payload": "application/fhir+json",
            "header": ["Authorization: Bearer secret"],
        }
        | channel,
    }


def test_told_of_every_change(fhir: Fhir, hook: Hook) -> None:
    made = fhir.ask("POST", "/Subscription", subscription(hook))
    assert (made.status_code, made.json()["status"]) == (201, "requested")
    path = made.headers["location"].removeprefix("http://127.0.0.1:8000/fhir").partition("/_history")[0]
    one = fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    until(lambda: one["id"] in {told["id"] for told in hook.patients()})
    message = hook.messages()[0]
    assert (message["type"], message["entry"][0]["resource"]["resourceType"]) == ("message", "MessageHeader")
    assert message["entry"][0]["resource"]["eventUri"] == "urn:ihe:iti:pmir:2019:patient-feed"
    assert message["entry"][1]["resource"]["type"] == "history"
    headers = hook.received[0][0]
    assert headers["authorization"] == "Bearer secret"
    assert headers["content-type"].startswith("application/fhir+json")
    until(lambda: fhir.get(path)["status"] == "active")
    events = [int(headers["x-mpi-event"]) for headers, _ in hook.received]
    assert events == sorted(set(events))


def test_told_of_one_identifier_only(fhir: Fhir, hook: Hook) -> None:
    fhir.post("/Subscription", subscription(hook, f"Patient?identifier={SOUTH}|"))
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1", **MILLER))
    two = fhir.answer("PUT", f"/Patient?identifier={SOUTH}|77", patient("77", system=SOUTH))
    until(lambda: hook.received)
    time.sleep(1.5)
    records = {told["id"] for told in hook.patients() if told["id"].startswith("r")}
    assert records == {two["id"]}


def test_told_of_one_patient_only(fhir: Fhir, hook: Hook) -> None:
    one = fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    two = fhir.answer("PUT", f"/Patient?identifier={NORTH}|2", patient("2", **MILLER))
    fhir.post("/Subscription", subscription(hook, f"Patient?_id={one['id']}"))
    fhir.answer("PUT", f"/Patient/{two['id']}", patient("2", family="Muller", birthDate="1950-01-01"))
    fhir.answer("PUT", f"/Patient/{one['id']}", patient("1", gender="other"))
    until(lambda: hook.received)
    time.sleep(1.5)
    assert {told["id"] for told in hook.patients() if told["id"].startswith("r")} == {one["id"]}


def test_without_a_payload_a_bare_call(fhir: Fhir, hook: Hook) -> None:
    fhir.post("/Subscription", subscription(hook, payload=None))
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    until(lambda: hook.received)
    assert hook.received[0][1] == b""


def test_failures_are_tried_again_then_dead_then_revived(
    fhir: Fhir, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "ATTEMPTS_MAX", 3)
    hook.is_failing = True
    made = fhir.post("/Subscription", subscription(hook))
    path = f"/Subscription/{made['id']}"
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    until(lambda: hook.attempts >= 2)
    until(lambda: "HTTP 500" in fhir.get(path).get("error", ""))
    assert fhir.get(path)["status"] == "error"
    until(lambda: "not taken" in fhir.get(path)["error"])
    hook.is_failing = False
    assert fhir.answer("PUT", path, subscription(hook))["status"] == "requested"
    until(lambda: hook.received)
    until(lambda: fhir.get(path)["status"] == "active" and "error" not in fhir.get(path))


def test_switched_off_and_removed(fhir: Fhir, hook: Hook) -> None:
    made = fhir.post("/Subscription", subscription(hook))
    path = f"/Subscription/{made['id']}"
    assert fhir.answer("PUT", path, {**subscription(hook), "status": "off"})["status"] == "off"
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    time.sleep(1.5)
    assert not hook.received
    assert fhir.get("/Subscription")["total"] == 1
    assert fhir.ask("DELETE", path).status_code == 204
    fhir.refused(404, "not-found", "GET", path)
    fhir.refused(404, "not-found", "DELETE", "/Subscription/x")


@pytest.mark.parametrize(
    ("change", "expression"),
    [
        ({"criteria": "Observation"}, "criteria"),
        ({"criteria": "Patient?family=Fox"}, "criteria"),
        ({"criteria": "Patient?_id=a&_id=b"}, "criteria"),
        ({"criteria": "Patient?identifier=7"}, "criteria"),
        ({"criteria": None}, "criteria"),
        ({"status": "sometimes"}, "status"),
        ({"channel": {"type": "websocket"}}, "channel.type"),
        (channel("ftp://x"), "channel.endpoint"),
        (channel("http://me:pw@x/"), "channel.endpoint"),
        (
            {"channel": {"type": "rest-hook", "endpoint": "http://x/", "payload": "text/plain"}},
            "channel.payload",
        ),
        (
            {"channel": {"type": "rest-hook", "endpoint": "http://x/", "header": ["Host: y"]}},
            "channel.header",
        ),
        (
            {"channel": {"type": "rest-hook", "endpoint": "http://x/", "header": ["a: b\r\nc: d"]}},
            "channel.header",
        ),
        ({"end": "some day"}, "end"),
    ],
)
def test_subscriptions_that_cannot_be(fhir: Fhir, change: dict[str, Any], expression: str) -> None:
    body = {name: value for name, value in (subscription(None) | change).items() if value is not None}
    response = fhir.ask("POST", "/Subscription", body)
    assert response.status_code == 422, response.text
    assert response.json()["issue"][0]["expression"] == [expression]


def test_one_client_sees_nothing_of_another(fhir: Fhir) -> None:
    made = fhir.post("/Subscription", subscription(None), x_actor="one")
    number = int(made["id"])
    stranger = Actor(name="two", role="registrar")
    with pytest.raises(Exception, match="belongs to another client"):
        fhir.index.notifying.subscription(number, actor=stranger)
    assert fhir.index.notifying.subscriptions(actor=stranger) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest",
        "http://[::1]:9/x",
        "http://0.0.0.0/",
    ],
)
def test_addresses_that_are_not_public_are_not_sent_to(url: str) -> None:
    with pytest.raises(NotSent, match="not public"):
        Outgoing().post(url, b"", {})


def test_hosts_that_the_operator_allows_are(hook: Hook) -> None:
    host = hook.url.split("/")[2]
    assert Outgoing([host]).post(hook.url, b"{}", {}) == 204
    assert Outgoing(["127.0.0.1"]).post(hook.url, b"{}", {}) == 204
    with pytest.raises(NotSent):
        Outgoing(["127.0.0.1:1"]).post(hook.url, b"{}", {})
