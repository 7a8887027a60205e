"""Health, numbers, and what happens when the database is lost, locked or overrun."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from api_client import V1, Api, settings_of
from flat_records import a_record, another_person
from mpi.api import metrics
from mpi.api.app import create_app


def test_health_needs_no_key(api: Api) -> None:
    assert api.client.get("/health/live").json() == {"status": "live"}
    ready = api.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"


def test_metrics_count_requests_by_template_and_registrations_by_decision(api: Api) -> None:
    def number(line: str) -> float:
        text = api.ask("GET", "/metrics", role="admin").text
        return float(next((row.rpartition(" ")[2] for row in text.splitlines() if row.startswith(line)), "0"))

    new = 'mpi_registrations_total{decision="new"}'
    reads = 'mpi_requests_total{method="GET",route="/api/v1/records/{source}/{local_id}",status="200"}'
    before = number(new), number(reads)
    api.post("/records", a_record())
    api.post("/records", another_person())
    api.get("/records/north/A-1")
    assert (number(new), number(reads)) == (before[0] + 2, before[1] + 1)
    assert number("mpi_request_seconds_count") > 0


def test_every_answer_has_the_security_headers(api: Api) -> None:
    for response in (
        api.ask("GET", f"{V1}/events"),
        api.ask("GET", f"{V1}/nothing"),
        api.client.get(f"{V1}/events"),
        api.client.get("/health/live"),
    ):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-request-id"]
        assert "x-mpi-auth" not in response.headers
        assert "server" not in response.headers


def test_the_numbers_of_several_workers_add_up(tmp_path: Path) -> None:
    def run(code: str) -> str:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        command = [sys.executable, "-c", f"from mpi.api import metrics; {code}"]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    for _ in range(2):
        pid = int(run("import os; metrics.registered('new'); metrics.request_began(); print(os.getpid())"))
        metrics.worker_ended(pid, str(tmp_path))
    text = run("print(metrics.exposition().decode())")
    assert 'mpi_registrations_total{decision="new"} 2.0' in text
    assert "mpi_requests_in_flight 2.0" not in text


@pytest.fixture
def impatient(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """The application with short time limits, without credentials."""
    settings = settings_of(
        database_url, tmp_path, auth="off", pool_timeout_seconds=0.5, statement_timeout_seconds=1
    )
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        yield client


@contextmanager
def _lost(database_url: str, server: str) -> Iterator[None]:
    """The database refuses connections and has cut those that were there."""
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(database_url)["dbname"])  # type: ignore[arg-type]
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (name.as_string().strip('"'),),
        )
        yield
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def _ask_all(client: TestClient) -> list[Any]:
    return [
        client.get("/health/ready"),
        client.post(f"{V1}/records", json=a_record()),
        client.post(f"{V1}/match", json=a_record()),
        client.get(f"{V1}/events"),
        client.post(f"{V1}/records/bulk", content=b'{"source": "north", "local_id": "1", "family": "x"}'),
    ]


def test_a_lost_database_is_503_with_retry_after_until_it_is_back(
    impatient: TestClient, database_url: str, database_server: str
) -> None:
    assert impatient.post(f"{V1}/records", json=a_record()).status_code == 201
    with _lost(database_url, database_server):
        for response in _ask_all(impatient):
            assert response.status_code == 503, response.text
            assert int(response.headers["retry-after"]) > 0
            assert response.json()["code"] == "database-unavailable"
        assert impatient.get("/health/live").status_code == 200
    deadline = time.monotonic() + 10
    while impatient.get("/health/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert impatient.post(f"{V1}/records", json=a_record()).status_code == 200


def test_under_a_lock_every_request_ends_and_afterwards_all_is_well(
    impatient: TestClient, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn, ThreadPoolExecutor(24) as callers:
        conn.execute("LOCK TABLE audit")
        began = time.monotonic()
        responses = list(callers.map(lambda n: impatient.get(f"{V1}/events?after={n}"), range(24)))
        assert {response.status_code for response in responses} == {503}
        assert all(int(response.headers["retry-after"]) > 0 for response in responses)
        assert time.monotonic() - began < 10
    assert impatient.get(f"{V1}/events").status_code == 200
