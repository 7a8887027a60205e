"""Bulk: one answer per line, in order, whatever the lines hold and however they arrive."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvicorn

from api_client import V1, Api, settings_of
from flat_records import a_record, another_person
from mpi.api import body, bulk, guard
from mpi.api.app import create_app
from mpi.api.body import BODY_BYTES_MAX
from mpi.api.bulk import CHUNK_LINES


def _send(api: Api, body: bytes, **more: Any) -> list[dict[str, Any]]:
    response = api.ask("POST", f"{V1}/records/bulk", content=body, role="registrar", **more)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    lines = [orjson.loads(line) for line in response.content.splitlines()]
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))
    return lines


def _ndjson(*records: Any) -> bytes:
    return b"\n".join(record if isinstance(record, bytes) else orjson.dumps(record) for record in records)


def test_each_line_has_its_answer_in_order(api: Api) -> None:
    lines = _send(
        api,
        _ndjson(
            a_record("1"),
            b"{not json",
            {"source": "north", "local_id": "2", "givn": "x"},
            b'{"given": "\\u0000"}',
            b"[" * 100_000,
            b"[]",
            b"{}",
            a_record("1"),
            a_record("3", "south"),
            b'{"given": "' + b"x" * (BODY_BYTES_MAX + 10) + b'"}',
            another_person("4"),
        ),
    )
    assert [line["status"] for line in lines] == [201, 400, 422, 422, 400, 422, 422, 200, 201, 413, 201]
    assert [line.get("field") for line in lines[1:7]] == ["body", "givn", "given", "body", "body", "source"]
    assert lines[0]["enterprise_id"] == lines[7]["enterprise_id"] == lines[8]["enterprise_id"]
    assert (lines[8]["decision"], lines[10]["decision"]) == ("linked", "new")


def test_blank_lines_are_no_records_and_the_last_needs_no_newline(api: Api) -> None:
    assert len(_send(api, b"\n\n" + _ndjson(a_record("1"), b"", a_record("2")) + b"\r\n  \n")) == 2
    assert _send(api, b"") == []


def test_more_than_a_chunk_arrives_in_order(api: Api) -> None:
    many = [
        {"source": "north", "local_id": str(n), "family": f"Person{n}x{n}"} for n in range(CHUNK_LINES + 7)
    ]
    lines = _send(api, _ndjson(*many) + b"\n")
    assert [line["record"]["local_id"] for line in lines] == [record["local_id"] for record in many]
    assert {line["status"] for line in _send(api, _ndjson(*many))} == {200}


def test_what_is_not_ndjson_is_415_and_what_is_too_large_is_413(api: Api) -> None:
    assert api.problem("POST", "/records/bulk", 415, content=b"{}", headers={"Content-Type": "text/csv"})
    huge = {"Content-Length": str(10**9)}
    assert api.problem("POST", "/records/bulk", 413, content=b"{}", headers=huge)["field"] == "body"


@pytest.fixture
def port(database_url: str, tmp_path: Path) -> Iterator[int]:
    """A real server on this machine, without credentials."""
    app = create_app(settings_of(database_url, tmp_path, auth="off"))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.05)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def test_a_client_that_reads_only_after_sending_everything_is_not_locked_out(port: int) -> None:
    count = 60_000
    line = orjson.dumps({"source": "north", "local_id": "1", "unknown_key": "x" * 150}) + b"\n"
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(
            "POST", f"{V1}/records/bulk", body=line * count, headers={"Content-Type": "application/x-ndjson"}
        )
        response = connection.getresponse()
        answers = response.read().splitlines()
    assert response.status == 200
    assert len(answers) == count
    assert orjson.loads(answers[-1])["field"] == "unknown_key"


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(port: int) -> None:
    line = orjson.dumps({"source": "north", "local_id": "1", "unknown_key": "x"}) + b"\n"
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        head = f"POST {V1}/records/bulk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000000\r\n\r\n"
        connection.sendall(head.encode() + line * 1_000)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as another:
        another.request("GET", f"{V1}/events")
        assert another.getresponse().status == 200


@pytest.mark.parametrize("path", ["/records", "/records/bulk"])
def test_a_client_that_stops_sending_is_given_up(
    port: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS_MAX", 0.3)
    monkeypatch.setattr(bulk, "SILENCE_SECONDS_MAX", 0.3)
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
        head = f"POST {V1}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b'{"source": ')
        answer = connection.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request-timeout" in answer


def test_more_requests_than_a_process_may_hold_are_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "IN_FLIGHT_MAX", 0)
    refused = api.problem("GET", "/events", 503, "unavailable")
    assert refused["request_id"]
    assert api.client.get("/health/live").status_code == 200
