"""`mpi serve` as clients that are not ours meet it, and where those clients are."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import reachable_home
from fhir_client import DECLARED

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-interop" / "bin" / "python"
START_SECONDS_MAX = 120
READY = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the packages of package-lock.json."""
    found = shutil.which("node")
    if found is None or not (HERE / "node_modules").is_dir():
        pytest.skip("node and its packages are not here: make test-interop installs them")
    return found


@pytest.fixture(scope="session")
def other_python() -> Path:
    """The Python that has the clients of requirements.txt."""
    if not PYTHON.exists():
        pytest.skip("the Python clients are not here: make test-interop installs them")
    return PYTHON


@pytest.fixture(scope="session")
def served(node: str) -> Iterator[str]:
    """The base URL of a server of its own."""
    home = reachable_home("mpi-interop-")
    sources = home / "sources.toml"
    sources.write_text(DECLARED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MPI_", "DATABASE_"))}
    environment = kept | {
        "MPI_HOME": str(home),
        "MPI_AUTH": "off",
        "MPI_SOURCES": str(sources),
        "MPI_LOG_LEVEL": "warning",
    }
    serve = "import sys; from mpi.cli.main import run; sys.argv[0] = 'mpi'; run()"
    command = [sys.executable, "-c", serve, "serve", "--workers", "1", "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/fhir"
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(
                    b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                )
                if connection.recv(12).endswith(b"200"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server did not start")
