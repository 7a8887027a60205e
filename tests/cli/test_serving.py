"""``mpi serve``: what dies comes back, and when it ends nothing of it is left."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import reachable_home
from mpi.cli.serving import address_of, listen
from mpi.errors import BadInput
from mpi.storage.embedded import erase, server_status
from mpi.storage.embedded.location import locate
from mpi.storage.embedded.process import children_of, is_alive, wait_until

BACK_SECONDS, END_SECONDS = 15.0, 12.0


class Served:
    """A running ``mpi serve`` with an embedded database."""

    def __init__(self, home: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("MPI_")}
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mpi.cli.main", "serve", "--port", "0", "--workers", "2"],
            env={**kept, "MPI_HOME": str(home), "MPI_AUTH": "off", "MPI_PG_SHARED_BUFFERS": "16MB"},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = 0

    def wait_until_ready(self) -> None:
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"serving on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise AssertionError("it did not start: " + "".join(said))

    def answers(self, path: str = "/health/ready") -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def workers(self) -> list[int]:
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children_of(self.process.pid)}
        return [pid for pid, command in commands.items() if "mpi.cli.worker" in command]

    def server_pid(self) -> int:
        return int(locate(self.home).read_state().get("server_pid") or 0)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.wait(timeout=END_SECONDS)
        return self.process.returncode


@pytest.fixture
def served() -> Iterator[Served]:
    home = reachable_home("mpi-serve-")
    running = Served(home)
    try:
        running.wait_until_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate()
        stopped = wait_until(lambda: server_status(home).state in ("absent", "stopped"), seconds=30)
        erase(home)
        shutil.rmtree(home)
    assert stopped, "a postgres is left behind"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_dies_comes_back_and_sigterm_ends_everything(served: Served) -> None:
    assert served.answers()
    first, second = served.workers()
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: served.answers() and len(served.workers()) == 2, seconds=BACK_SECONDS)
    assert second in served.workers() and first not in served.workers()

    killed = served.server_pid()
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: served.server_pid() not in (0, killed), seconds=BACK_SECONDS)
    assert wait_until(served.answers, seconds=BACK_SECONDS)

    workers, server, began = served.workers(), served.server_pid(), time.monotonic()
    assert served.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < END_SECONDS
    assert not any(is_alive(pid) for pid in [*workers, server])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_supervisor_takes_its_workers_and_postgres_with_it(served: Served) -> None:
    workers, server = served.workers(), served.server_pid()
    served.end(signal.SIGKILL)
    assert wait_until(lambda: not any(is_alive(pid) for pid in [*workers, server]), seconds=END_SECONDS)


def test_a_port_that_is_taken_is_refused_with_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadInput, match=f"cannot listen on 127.0.0.1 port {port}: .*--port"):
            listen("127.0.0.1", port)


def test_an_address_is_written_as_a_browser_wants_it() -> None:
    with listen("0.0.0.0", 0) as everywhere:
        assert address_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"
