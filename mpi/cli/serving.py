"""The supervisor of ``mpi serve``: one listening socket, several workers, and nothing dead for long."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, MappingProxyType

import mpi
from mpi.cli.output import note
from mpi.errors import BadInput, MpiError, Unavailable

LOOK_SECONDS = 0.2
DATABASE_LOOK_SECONDS = 1.0
#: Requests under way get this long to end; then the worker is killed.
GRACE_SECONDS = 8.0
#: A worker that ends is replaced at once; if it did not last this long, after a growing pause.
SHORT_LIFE_SECONDS, PAUSE_SECONDS_MAX = 5.0, 5.0
#: Workers that end before any of them ever answered are given up after this many.
FAILED_STARTS_MAX = 3
BACKLOG = 2048


class Supervisor:
    """Keeps ``workers`` processes on the listening sockets, and calls ``restart_database`` now and then.

    ``mllp``: further sockets, for HL7 v2 messages. ``environment``: what the workers find in theirs besides.
    """

    def __init__(
        self,
        listening: socket.socket,
        *,
        workers: int,
        restart_database: Callable[[], bool] = lambda: False,
        mllp: Sequence[socket.socket] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.listening = listening
        self.mllp = mllp
        self.environment = environment
        self.count = workers
        self.restart_database = restart_database
        self.workers: list[Worker] = []
        self.has_answered = False
        self.failed_starts = 0
        self.start_after = 0.0
        # Plain flags: the lock inside an Event, taken by a signal handler, can be the main thread's own.
        self._stopping = False
        self._killing = False
        self._ended = threading.Event()
        # Workers read the one end; should we be killed, the kernel closes the other and they end as well.
        self._life_read, self._life_write = os.pipe()
        # The workers' numbers, so that a scrape of any of them answers for all.
        self._numbers = tempfile.TemporaryDirectory(prefix="mpi-metrics-")

    def run(self, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Until SIGTERM, SIGINT or ``stop``. Raises ``Unavailable`` when the workers do not even start."""
        with self._signals():
            watch = threading.Thread(target=self._watch_database, daemon=True)
            watch.start()
            try:
                while not self._stopping:
                    self._replace_dead()
                    if not self.has_answered and answers_requests(self.listening):
                        self.has_answered = True
                        on_ready()
                    time.sleep(LOOK_SECONDS)
            finally:
                self._ended.set()
                self._end_workers()
                watch.join(timeout=GRACE_SECONDS)
                os.close(self._life_read)
                os.close(self._life_write)
                self._numbers.cleanup()

    def stop(self) -> None:
        """Have ``run`` return; harmless when said twice."""
        self._stopping = True

    def _replace_dead(self) -> None:
        from mpi.api.metrics import worker_ended  # only a server counts: other commands start without it

        for worker in [worker for worker in self.workers if worker.process.poll() is not None]:
            self.workers.remove(worker)
            worker_ended(worker.process.pid, self._numbers.name)
            short = time.monotonic() - worker.started_at < SHORT_LIFE_SECONDS
            self.failed_starts = self.failed_starts + 1 if short else 0
            note(f"worker {worker.process.pid} ended ({worker.process.returncode}) and is replaced")
            pause_seconds = min(0.2 * 2.0**self.failed_starts, PAUSE_SECONDS_MAX) if short else 0.0
            self.start_after = time.monotonic() + pause_seconds
        if not self.has_answered and self.failed_starts >= FAILED_STARTS_MAX:
            raise Unavailable("the workers end as soon as they start: see the messages above")
        while len(self.workers) < self.count and time.monotonic() >= self.start_after:
            numbers = {"PROMETHEUS_MULTIPROC_DIR": self._numbers.name}
            environment = {**self.environment, **numbers}
            self.workers.append(Worker([self.listening, *self.mllp], self._life_read, environment))

    def _watch_database(self) -> None:
        while not self._ended.wait(DATABASE_LOOK_SECONDS):
            try:
                if self.restart_database():
                    note("PostgreSQL had died and runs again")
            except MpiError as error:
                note(f"PostgreSQL had died and does not come back: {error}")

    def _end_workers(self) -> None:
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in self.workers:
            worker.signal(signal.SIGTERM)
        while any(worker.process.poll() is None for worker in self.workers):
            if self._killing or time.monotonic() > deadline:
                for worker in self.workers:
                    worker.signal(signal.SIGKILL)
            time.sleep(0.02)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end us in order; a second one at once."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._killing = self._stopping
            self._stopping = True

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        former = {number: signal.signal(number, stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


class Worker:
    """One process that answers requests (``mpi.cli.worker``)."""

    def __init__(self, sockets: Sequence[socket.socket], life: int, environment: Mapping[str, str]) -> None:
        package_parent = str(Path(mpi.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))
        self.started_at = time.monotonic()
        passed = (life, *(one.fileno() for one in sockets))
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mpi.cli.worker", *map(str, passed)],
            stdin=subprocess.DEVNULL,
            pass_fds=passed,
            env={**os.environ, "PYTHONPATH": path, **environment},
            process_group=0,  # the terminal's Ctrl-C is for the supervisor
        )

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A listening socket; raises ``BadInput`` when the address is not ours or taken, naming the option."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or "it cannot be used"
        raise BadInput(
            f"cannot listen on {host} port {port}: {reason}; choose another with {option}"
        ) from error


def address_of(listening: socket.socket) -> str:
    """The URL of the socket, as a browser on this machine would write it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def place_of(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, an IPv6 host in brackets; raises ``BadInput``.

    >>> place_of("[::1]:2575")
    ('::1', 2575)
    """
    host, _, port = address.strip().rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise BadInput(f"--mllp: {address!r} is not HOST:PORT", field="MPI_MLLP")
    return host.strip("[]"), int(port)


def answers_requests(listening: socket.socket) -> bool:
    """Whether a worker answers on the socket by now."""
    host, port = address_of(listening).removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
