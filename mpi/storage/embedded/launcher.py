"""The embedded PostgreSQL as its users see it: enter, take the URL, leave."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import mpi
from mpi.errors import EmbeddedDatabaseFailed
from mpi.storage.embedded.binaries import find_binaries, readable_for
from mpi.storage.embedded.cluster import HOST, check_version, connection_url, create_cluster, data_major
from mpi.storage.embedded.keeper import Order
from mpi.storage.embedded.location import Location, create, exclusively, is_held, locate, take_lock, try_lock
from mpi.storage.embedded.process import wait_until

#: Crash recovery of a large index may take its time; the keeper is watched all along.
START_TIMEOUT_SECONDS = 300.0
STOP_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What can be said about an embedded database without starting it."""

    directory: Path
    #: ``absent`` (never started), ``stopped``, ``starting``, ``ready`` or ``failed``.
    state: str
    in_use: bool
    port: int | None
    #: The PostgreSQL major that wrote the data.
    major: int | None
    message: str | None
    notes: tuple[str, ...]


class EmbeddedDatabase:
    """The PostgreSQL server of one home directory, shared by every process that uses this home.

    Whoever enters first starts it, the last one to leave stops it, and one that is killed counts as gone.
    ``settings`` are PostgreSQL's own and apply when this process is the one that starts the server.
    """

    def __init__(
        self, home: Path, *, pg_bin: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.location: Location = locate(home)
        #: What a person should be told: where the data are, when that is not where they were asked to be.
        self.notes: tuple[str, ...] = self.location.notes()
        self._pg_bin = pg_bin
        self._settings = dict(settings or {})
        self._users_lock: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The connection URL, with the password in it; it stays the same across restarts of the server."""
        return connection_url(self.location, int(self.location.read_state().get("port") or 0))

    def start(self) -> Self:
        """Use the database, starting it if nobody else does. Raises ``EmbeddedDatabaseFailed``."""
        create(self.location)
        if self._users_lock is None:
            self._users_lock = take_lock(
                self.location.users_lock, fcntl.LOCK_SH, timeout_seconds=STOP_TIMEOUT_SECONDS
            )
        try:
            self._bring_up()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop using the database; the last user waits until the server is stopped."""
        if self._users_lock is None:
            return
        descriptor, self._users_lock = self._users_lock, None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop_keeper(self.location)
        except BlockingIOError:
            # Others use it on; or the last one before us, or the keeper, is just stopping it.
            os.close(descriptor)
            descriptor = -1
            wait_until(lambda: not is_held(self.location.users_lock), seconds=STOP_TIMEOUT_SECONDS)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
            self._forget_keeper()

    def is_running(self) -> bool:
        """Whether the server takes connections at this moment."""
        state = self.location.read_state()
        return (
            state.get("state") == "ready"
            and is_held(self.location.keeper_lock)
            and _accepts(state.get("port"))
        )

    def ensure_running(self) -> bool:
        """Bring a dead server back, for a supervisor that calls this now and then; True if it was dead."""
        if self._users_lock is None:
            raise EmbeddedDatabaseFailed(
                "the embedded database is not in use by this process: start() it first"
            )
        if self.is_running():
            return False
        self._bring_up()
        return True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bring_up(self) -> None:
        """Returns when the server takes connections: prepares the data and starts a keeper if none lives."""
        with exclusively(self.location.start_lock, timeout_seconds=START_TIMEOUT_SECONDS):
            if not is_held(self.location.keeper_lock):
                self._forget_keeper()
                self._keeper = start_keeper(self._prepare())
            self._wait_until_ready()

    def _prepare(self) -> Order:
        found = find_binaries(self._pg_bin, major=data_major(self.location.data))
        check_version(self.location, found)
        binaries = readable_for(found, self.location.account, self.location.binaries)
        if not self.location.data.exists():
            create_cluster(self.location, binaries, durable=self._settings.get("fsync") != "off")
        former = self.location.read_state()
        self.location.write_state(state="starting", port=former.get("port"))
        return Order(
            location=self.location,
            program=binaries["postgres"],
            major=binaries.major,
            port=former.get("port"),
            settings=self._settings,
        )

    def _forget_keeper(self) -> None:
        """Collect the keeper that we started if it has ended; else it outlives us on purpose."""
        if self._keeper is not None and self._keeper.poll() is None:
            self._keeper.returncode = 0
        self._keeper = None

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.is_running():
            if self._keeper is not None:
                ended = self._keeper.poll() is not None
            else:
                ended = not is_held(self.location.keeper_lock)
            if ended:
                message = self.location.read_state().get("message")
                raise EmbeddedDatabaseFailed(message or _keeper_ended(self.location))
            if time.monotonic() > deadline:
                raise EmbeddedDatabaseFailed(
                    f"PostgreSQL is not ready after {START_TIMEOUT_SECONDS:.0f} seconds, "
                    f"see {self.location.server_log}"
                )
            time.sleep(0.02)


def start_keeper(order: Order) -> subprocess.Popen[bytes]:
    """Start the keeper, detached from our terminal and our life."""
    package_parent = str(Path(mpi.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))
    with order.location.keeper_log.open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "mpi.storage.embedded.keeper"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
    assert keeper.stdin is not None
    with keeper.stdin as order_channel:
        order_channel.write(order.to_json().encode())
    return keeper


def stop_keeper(location: Location) -> None:
    """Have the keeper stop the server, and wait for it. Harmless when there is none."""
    if not is_held(location.keeper_lock):
        return
    pid = location.read_state().get("keeper_pid")
    if pid:
        try:
            os.kill(int(pid), signal.SIGTERM)
        except ProcessLookupError:
            return
    if not wait_until(lambda: not is_held(location.keeper_lock), seconds=STOP_TIMEOUT_SECONDS):
        raise EmbeddedDatabaseFailed(
            f"PostgreSQL in {location.directory} does not stop, see {location.server_log}"
        )


def server_status(home: Path) -> ServerStatus:
    """The state of the embedded database of a home; starts nothing."""
    location = locate(home)
    state = location.read_state()
    kept = is_held(location.keeper_lock)
    word = str(state.get("state", "stopped")) if kept else "stopped"
    if not kept and state.get("state") == "failed":
        word = "failed"
    return ServerStatus(
        directory=location.directory,
        state=word if location.data.exists() else "absent",
        in_use=_in_use(location),
        port=state.get("port"),
        major=data_major(location.data),
        message=state.get("message"),
        notes=location.notes(),
    )


def stop_server(home: Path, *, force: bool = False) -> bool:
    """Stop the embedded database of a home; False when it was not running.

    Raises ``EmbeddedDatabaseFailed`` when other processes use it, unless forced.
    """
    location = locate(home)
    if not is_held(location.keeper_lock):
        return False
    if _in_use(location) and not force:
        raise EmbeddedDatabaseFailed(
            f"the embedded database in {location.directory} is in use by another mpi process: "
            "end that, or force it"
        )
    stop_keeper(location)
    return True


def erase(home: Path) -> None:
    """Delete the embedded database of a home with all its data. Refuses while it is in use."""
    location = locate(home)
    if not location.directory.exists():
        return
    stop_server(home)
    shutil.rmtree(location.directory)


def _in_use(location: Location) -> bool:
    if not location.users_lock.exists():
        return False
    descriptor = try_lock(location.users_lock, fcntl.LOCK_EX)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _accepts(port: int | None) -> bool:
    if not port:
        return False
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def _keeper_ended(location: Location) -> str:
    try:
        words = location.keeper_log.read_text(errors="replace").strip().splitlines()[-1:]
    except OSError:
        words = []
    return f"the keeper of the embedded database ended: {' '.join(words) or 'it was killed'}"
