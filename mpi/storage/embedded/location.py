"""Where an embedded database keeps its files, and the locks by which processes share it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpi.errors import EmbeddedDatabaseFailed
from mpi.storage.embedded.account import Account, account_for

#: Where the data go when we are root and the user PostgreSQL runs as cannot reach MPI_HOME.
SYSTEM_HOME = Path("/var/lib/mpi")
#: A unix socket's path may be about 107 bytes long; ours ends in ``/.s.PGSQL.NNNNN``.
SOCKET_DIRECTORY_LENGTH_MAX = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The files of one embedded database. All are ours but ``cluster``, the server's user's."""

    home: Path
    directory: Path
    account: Account

    @property
    def cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def server_log(self) -> Path:
        return self.cluster / "server.log"

    @property
    def password(self) -> Path:
        return self.directory / "password"

    @property
    def binaries(self) -> Path:
        return self.directory / "binaries"

    @property
    def keeper_log(self) -> Path:
        return self.directory / "keeper.log"

    @property
    def users_lock(self) -> Path:
        """Shared by all who use the database; whoever gets it exclusively knows that nobody does."""
        return self.directory / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held while a server is prepared and its keeper started."""
        return self.directory / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper for as long as it lives."""
        return self.directory / "keeper.lock"

    @property
    def state_file(self) -> Path:
        return self.directory / "server.json"

    def read_state(self) -> dict[str, Any]:
        """What the keeper last wrote: state, port, pids; empty before the first start."""
        try:
            state = json.loads(self.state_file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def write_state(self, **state: Any) -> None:
        unfinished = self.state_file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(state))
        unfinished.replace(self.state_file)

    def notes(self) -> tuple[str, ...]:
        """What a person should be told about where the data are."""
        if self.directory.is_relative_to(self.home):
            return ()
        note = (
            f"PostgreSQL runs as the user {self.account.name!r}, which cannot reach {self.home}: "
            f"the embedded database is in {self.directory}"
        )
        return (note,)


def locate(home: Path) -> Location:
    """The location of the embedded database of ``home``: below it, or below ``/var/lib/mpi`` if it has to be.

    Writes nothing. A place that holds data already is kept to, whatever permissions say later.
    """
    home = home.expanduser().absolute()
    inside, outside = home / "embedded", SYSTEM_HOME / _name_of(home)
    try:
        for directory in (inside, outside):
            if (directory / "cluster").exists():
                return Location(home=home, directory=directory, account=account_for(directory / "cluster"))
        account = account_for(inside / "cluster")
        nearest = next(parent for parent in (inside, *inside.parents) if parent.exists())
    except OSError as error:
        raise _unusable(inside, error) from error
    reachable = not account.dropped or account.can_enter(nearest)
    return Location(home=home, directory=inside if reachable else outside, account=account)


def create(location: Location) -> None:
    """Make the directories; raises ``EmbeddedDatabaseFailed`` where that is not allowed."""
    try:
        location.directory.mkdir(parents=True, exist_ok=True)
        if not os.access(location.directory, os.W_OK):
            raise PermissionError(f"{location.directory} is not writable")
        if not location.cluster.exists():
            _make_cluster(location)
    except OSError as error:
        raise _unusable(location.directory, error) from error


def _make_cluster(location: Location) -> None:
    """Make the server's directory, whoever else is making it: it is there only once it is its user's."""
    fresh = location.directory / f"cluster.{os.getpid()}.{threading.get_ident()}"
    fresh.mkdir()
    try:
        location.account.own(fresh, 0o700)
        fresh.rename(location.cluster)
    except OSError:
        fresh.rmdir()
        if not location.cluster.exists():
            raise


def _unusable(directory: Path, error: OSError) -> EmbeddedDatabaseFailed:
    return EmbeddedDatabaseFailed(
        f"the embedded database cannot be kept in {directory}: {error}; set MPI_HOME to another directory"
    )


def _name_of(home: Path) -> str:
    """Two homes never share data, and the name still tells which home it is."""
    return f"{home.name or 'root'}-{hashlib.blake2b(str(home).encode(), digest_size=4).hexdigest()}"


def try_lock(path: Path, operation: int) -> int | None:
    """A file descriptor that holds the lock, or None if somebody else's is in the way. Never inherited."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def take_lock(path: Path, operation: int, *, timeout_seconds: float) -> int:
    """A file descriptor that holds the lock; raises ``EmbeddedDatabaseFailed`` if it is not free in time."""
    deadline = time.monotonic() + timeout_seconds
    while (descriptor := try_lock(path, operation)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseFailed(f"another process has held {path} for {timeout_seconds:.0f} seconds")
        time.sleep(0.02)
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a process holds the lock exclusively."""
    if not path.exists():
        return False
    descriptor = try_lock(path, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def exclusively(path: Path, *, timeout_seconds: float) -> Iterator[None]:
    descriptor = take_lock(path, fcntl.LOCK_EX, timeout_seconds=timeout_seconds)
    try:
        yield
    finally:
        os.close(descriptor)
