"""The keeper: a small detached process that runs the embedded PostgreSQL for as long as anybody uses it.

It is the server's parent, so it learns at once when the server dies and starts it again, and no zombie is
left in the way. It holds no connection and no data. Users hold a shared lock on a file; the kernel drops it
when a user ends, even by kill -9. When the keeper gets that lock exclusively, nobody is left: it stops the
server and ends. Should the keeper itself be killed, the kernel tells the server to shut down, and the next
user starts a new keeper.

Started by ``launcher.py`` as ``python -m mpi.storage.embedded.keeper``, its order as JSON on standard input.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from mpi.errors import EmbeddedDatabaseFailed
from mpi.storage.embedded.account import Account
from mpi.storage.embedded.cluster import HOST, server_command, server_environment
from mpi.storage.embedded.location import Location, take_lock, try_lock
from mpi.storage.embedded.process import (
    adopt_orphans,
    children_of,
    dying_with_parent,
    is_alive,
    is_server_of,
    wait_until,
)

#: How often the keeper looks whether anybody is left, and whether a starting server is ready.
LOOK_SECONDS, LOOK_STARTING_SECONDS = 0.5, 0.05
#: A server that ends this often without having become ready is given up.
FAILED_STARTS_MAX, FAILED_START_PAUSE_SECONDS = 3, 0.3
#: A server that lived less long than this is restarted after a growing pause.
SHORT_LIFE_SECONDS, PAUSE_SECONDS_MAX = 10.0, 10.0
#: Asked for a fast shutdown while it recovers from the crash of a backend, PostgreSQL waits for ever (15 and
#: 18 do). An immediate one loses nothing either: the next start recovers from the write-ahead log.
FAST_SHUTDOWN_SECONDS, IMMEDIATE_SHUTDOWN_SECONDS = 6.0, 5.0
#: Below the range from which systems take the ports of outgoing connections: none of those is in the way.
PORTS = range(20000, 32000)
LOG_BYTES_MAX = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to keep running: a server program with settings on a location's data, if possible on ``port``."""

    location: Location
    program: str
    major: int
    port: int | None
    settings: dict[str, str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Order:
        values = json.loads(text)
        where = values.pop("location")
        account = Account(**where["account"])
        location = Location(home=Path(where["home"]), directory=Path(where["directory"]), account=account)
        return cls(location=location, **values)


class Keeper:
    """Runs one server: starts it, restarts it when it dies, stops it when nobody uses it or on SIGTERM."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.location = order.location
        self.port = order.port or 0
        self.server: int | None = None
        self.ready = False
        self.failed_starts = 0
        self.short_lives = 0
        self.started_at = 0.0
        self.start_after = 0.0
        self.stop_requested = False
        self._woken, self._wake = os.pipe()

    def run(self) -> None:
        """Returns when the server is stopped for good."""
        self._listen_to_signals()
        adopt_orphans()
        end_server(self.location)  # a former keeper's, on its way down
        users: int | None = None
        try:
            while True:
                self._collect()
                if (
                    self.stop_requested
                    or (users := try_lock(self.location.users_lock, fcntl.LOCK_EX)) is not None
                ):
                    break
                if self.server is None and time.monotonic() >= self.start_after:
                    if self.failed_starts >= FAILED_STARTS_MAX:
                        self._tell("failed", message=last_words(self.location.server_log))
                        return
                    self._start()
                elif self.server is not None and not self.ready:
                    self._look_whether_ready()
                self._wait(LOOK_SECONDS if self.ready else LOOK_STARTING_SECONDS)
            self._stop()
            self._tell("stopped")
        finally:
            if users is not None:
                os.close(users)

    def _start(self) -> None:
        clear_stale_pid_file(self.location)
        self.port = choose_port(self.port)
        self._tell("starting")
        command = server_command(
            self.location, self.order.program, port=self.port, settings=self.order.settings
        )
        with open_log(self.location) as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=server_environment(),
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGINT),  # noqa: PLW1509 - this process has one thread
                **self.location.account.popen_arguments(),
            )
        process.returncode = 0  # _collect() waits for it, together with what it leaves behind
        self.server, self.ready, self.started_at = process.pid, False, time.monotonic()

    def _look_whether_ready(self) -> None:
        lines = pid_file_lines(self.location)
        if len(lines) >= 8 and lines[0].strip() == str(self.server) and lines[7].strip() == "ready":
            self.ready, self.failed_starts = True, 0
            self._tell("ready")

    def _collect(self) -> None:
        """Collect what ended; when that is the server, end what it left and plan the next start."""
        died = False
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            died = died or pid == self.server
        if not died:
            return
        self._tell("starting")
        end_orphans()
        pause_seconds = self._pause_seconds()
        self.server, self.ready, self.start_after = None, False, time.monotonic() + pause_seconds

    def _pause_seconds(self) -> float:
        """How long to wait before the next start: not at all, unless the last one did not last."""
        if not self.ready:
            self.failed_starts += 1
            return FAILED_START_PAUSE_SECONDS
        if time.monotonic() - self.started_at > SHORT_LIFE_SECONDS:
            self.short_lives = 0
            return 0.0
        self.short_lives += 1
        return min(0.1 * 2.0**self.short_lives, PAUSE_SECONDS_MAX)

    def _stop(self) -> None:
        if self.server is None:
            return
        for number, seconds in (
            (signal.SIGINT, FAST_SHUTDOWN_SECONDS),
            (signal.SIGQUIT, IMMEDIATE_SHUTDOWN_SECONDS),
            (signal.SIGKILL, IMMEDIATE_SHUTDOWN_SECONDS),
        ):
            os.kill(self.server, number)
            if wait_until(self._has_ended, seconds=seconds):
                return

    def _has_ended(self) -> bool:
        assert self.server is not None
        pid, _ = os.waitpid(self.server, os.WNOHANG)
        return pid != 0

    def _tell(self, state: str, **more: str) -> None:
        self.location.write_state(
            state=state,
            port=self.port,
            keeper_pid=os.getpid(),
            server_pid=self.server,
            major=self.order.major,
            program=self.order.program,
            **more,
        )

    def _listen_to_signals(self) -> None:
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requested = True

    def _wait(self, seconds: float) -> None:
        """Until a child ends, somebody asks us to stop, or the time is over."""
        if select.select([self._woken], [], [], seconds)[0]:
            os.read(self._woken, 4096)


def pid_file_lines(location: Location) -> list[str]:
    try:
        return (location.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def end_server(location: Location) -> None:
    """Shut down a server that runs on these data without being our child, and wait until it is gone."""
    lines = pid_file_lines(location)
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
    for number, seconds in (
        (signal.SIGINT, FAST_SHUTDOWN_SECONDS),
        (signal.SIGQUIT, IMMEDIATE_SHUTDOWN_SECONDS),
        (signal.SIGKILL, IMMEDIATE_SHUTDOWN_SECONDS),
    ):
        if not pid or not is_server_of(pid, location.data):
            return
        os.kill(pid, number)
        wait_until(lambda: not is_alive(pid), seconds=seconds)


def clear_stale_pid_file(location: Location) -> None:
    """Remove the pid file of a server that is certainly dead.

    PostgreSQL removes it itself, except while the number still belongs to somebody: to a zombie that nobody
    collects, or to another program. Its own check of shared memory in use stays in force without the file.
    """
    lines = pid_file_lines(location)
    if lines and lines[0].strip().isdigit() and not is_server_of(int(lines[0]), location.data):
        (location.data / "postmaster.pid").unlink(missing_ok=True)


def end_orphans() -> None:
    """End the backends that a killed server left: while one computes on, no server can start on the data."""
    for pid in children_of(os.getpid()):
        os.kill(pid, signal.SIGKILL)

    def all_collected() -> bool:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        return False

    wait_until(all_collected, seconds=IMMEDIATE_SHUTDOWN_SECONDS)


def choose_port(preferred: int) -> int:
    """The preferred port if it is free, else another one."""
    tried = random.sample(PORTS, 200)
    free = (port for port in ([preferred] if preferred else []) + tried if is_free(port))
    try:
        return next(free)
    except StopIteration:
        raise EmbeddedDatabaseFailed(
            f"no free port on {HOST} between {PORTS.start} and {PORTS.stop}"
        ) from None


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def open_log(location: Location) -> BinaryIO:
    """The server's log, for appending; the one before is kept when it has grown large."""
    path = location.server_log
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def last_words(log: Path, lines_max: int = 6) -> str:
    """The end of the server's log, which holds no patient's data (``cluster.SILENT``)."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-lines_max:]
    except OSError:
        lines = []
    return f"PostgreSQL does not start, see {log}: " + " / ".join(lines)


def main() -> None:
    order = Order.from_json(sys.stdin.read())
    # Others look at this lock for an instant to see whether a keeper lives; wait those out.
    lock = take_lock(order.location.keeper_lock, fcntl.LOCK_EX, timeout_seconds=5)
    try:
        Keeper(order).run()
    except Exception as error:
        order.location.write_state(state="failed", message=f"the keeper ended: {error}")
        raise
    finally:
        os.close(lock)


if __name__ == "__main__":
    main()
