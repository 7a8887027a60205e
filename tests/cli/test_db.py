"""``mpi db``: run as a program, as an operator would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import FAST_SETTINGS, reachable_home
from mpi.storage.embedded import EmbeddedDatabase, erase


@pytest.fixture
def home() -> Iterator[Path]:
    path = reachable_home("mpi-cli-")
    yield path
    erase(path)
    shutil.rmtree(path)


def mpi(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("MPI_")}
    return subprocess.run(
        [sys.executable, "-m", "mpi.cli.main", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_server_is_migrated_on_command_and_says_when_it_is_not(empty_database_url: str) -> None:
    before = mpi("db", "status", "--json", DATABASE_URL=empty_database_url)
    assert before.returncode == 1
    told = json.loads(before.stdout)
    assert told["kind"] == "server" and told["state"] == "ready" and told["pending"]
    done = mpi("db", "upgrade", "--json", DATABASE_URL=empty_database_url)
    assert len(json.loads(done.stdout)["applied"]) == len(told["pending"])
    assert mpi("db", "upgrade", DATABASE_URL=empty_database_url).stdout == "the database is up to date\n"
    after = mpi("db", "status", DATABASE_URL=empty_database_url)
    assert after.returncode == 0
    assert "password" not in after.stdout and "mpi:" not in after.stdout


def test_serve_refuses_a_server_that_is_not_migrated(empty_database_url: str) -> None:
    refused = mpi("serve", "--port", "0", DATABASE_URL=empty_database_url)
    assert refused.returncode == 2
    assert "run `mpi db upgrade`" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_server_that_does_not_answer_is_reported_without_its_password() -> None:
    gone = "postgresql://clerk:hunter2@127.0.0.1:1/mpi"
    told = mpi("db", "status", DATABASE_URL=gone)
    assert told.returncode == 1
    assert "server database 127.0.0.1:1/mpi: unreachable" in told.stdout
    failed = mpi("db", "upgrade", DATABASE_URL=gone)
    assert failed.returncode == 1
    assert "does not answer" in failed.stderr
    assert "hunter2" not in told.stdout + told.stderr + failed.stdout + failed.stderr


def test_status_starts_no_embedded_database(home: Path) -> None:
    told = mpi("db", "status", "--json", MPI_HOME=str(home))
    assert told.returncode == 0
    assert json.loads(told.stdout)["state"] == "absent"
    assert not any(home.iterdir())


def test_the_embedded_database_is_not_taken_from_those_who_use_it(home: Path) -> None:
    with EmbeddedDatabase(home, settings=FAST_SETTINGS) as database:
        told = json.loads(mpi("db", "status", "--json", MPI_HOME=str(home)).stdout)
        assert told["state"] == "ready" and told["in_use"] and told["pending"]
        refused = mpi("db", "stop", MPI_HOME=str(home))
        assert refused.returncode == 1 and "in use by another mpi process" in refused.stderr
        assert database.is_running()
        assert mpi("db", "stop", "--force", MPI_HOME=str(home)).stdout == "stopped\n"
        assert not database.is_running()
    assert mpi("db", "stop", MPI_HOME=str(home)).stdout == "it was not running\n"


def test_a_wrong_call_and_a_wrong_setting_end_with_2(home: Path) -> None:
    assert mpi("db", "nonsense").returncode == 2
    refused = mpi("db", "status", MPI_HOME=str(home), MPI_AUTH="maybe")
    assert refused.returncode == 2
    assert refused.stderr.startswith("mpi: MPI_AUTH: ")
    missing = mpi("db", "upgrade", MPI_HOME=str(home), MPI_PG_BIN=str(home / "absent"))
    assert missing.returncode == 1
    assert "MPI_PG_BIN" in missing.stderr
