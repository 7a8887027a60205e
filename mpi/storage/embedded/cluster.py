"""The data directory of the embedded PostgreSQL: made once, opened by one major version only."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mpi.errors import EmbeddedDatabaseFailed
from mpi.storage.embedded.binaries import Binaries
from mpi.storage.embedded.location import SOCKET_DIRECTORY_LENGTH_MAX, Location

#: The role that owns everything in the embedded database, and the name of the database.
ROLE = DATABASE = "mpi"
HOST = "127.0.0.1"
INITDB_TIMEOUT_SECONDS = 300
#: With less in /dev/shm (a container's default is 64 MB) parallel queries would fail for want of it.
SHARED_MEMORY_BYTES_MIN = 256 * 1024 * 1024

#: How the server runs. Durable: a commit that was answered survives a power cut.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
#: A statement, its parameters, the detail and even the first line of an error can carry a patient's data, so
#: none of them reaches the server's log: starts, stops and crashes do. These are not for overriding.
SILENT: Mapping[str, str] = {
    "log_min_messages": "log",  # keeps LOG, FATAL, PANIC; not ERROR and WARNING, which the client gets
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",  # no DETAIL: a crash would name the running statement there
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_lock_waits": "off",
}


def check_version(location: Location, binaries: Binaries) -> None:
    """Raises ``EmbeddedDatabaseFailed`` when the data were written by another major version of PostgreSQL."""
    written_by = data_major(location.data)
    if written_by in (None, binaries.major):
        return
    raise EmbeddedDatabaseFailed(
        f"the data in {location.data} were written by PostgreSQL {written_by}, but the binaries in "
        f"{binaries.directory} are PostgreSQL {binaries.major}. Set MPI_PG_BIN to the binaries of PostgreSQL "
        f"{written_by}, or back the data up with those and restore them into a new MPI_HOME"
    )


def data_major(data: Path) -> int | None:
    """The major version that wrote the data, None when there are none."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise EmbeddedDatabaseFailed(
            f"{data / 'PG_VERSION'} does not hold the version of PostgreSQL"
        ) from error


def create_cluster(location: Location, binaries: Binaries, *, durable: bool = True) -> None:
    """Make the data directory with a random password, complete or not at all."""
    unfinished = location.cluster / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    password = secrets.token_urlsafe(24)
    password_file = location.cluster / "password.unfinished"
    password_file.unlink(missing_ok=True)
    _write_secret(password_file, password)
    location.account.own(password_file, 0o600)
    try:
        options = [
            "-U",
            ROLE,
            "-E",
            "UTF8",
            "--no-locale",
            "-A",
            "scram-sha-256",
            "-k",
            f"--pwfile={password_file}",
        ]
        options += [] if durable else ["--no-sync"]
        _run(location, [binaries["initdb"], "-D", str(unfinished), *options])
    finally:
        password_file.unlink(missing_ok=True)
    single = [binaries["postgres"], "--single", "-D", str(unfinished), "-c", "exit_on_error=true", "postgres"]
    _run(location, single, said=f"CREATE DATABASE {DATABASE}\n")
    location.password.unlink(missing_ok=True)
    _write_secret(location.password, password)
    unfinished.rename(location.data)


def server_command(location: Location, program: str, *, port: int, settings: Mapping[str, str]) -> list[str]:
    """The command line of the server: our settings, the caller's, and the silence of its log."""
    wanted = {
        **SETTINGS,
        **_shared_memory(),
        **settings,
        **SILENT,
        "unix_socket_directories": _socket_directory(location),
    }
    options = [part for name, value in wanted.items() for part in ("-c", f"{name}={value}")]
    return [program, "-D", str(location.data), "-p", str(port), *options]


def server_environment() -> dict[str, str]:
    """Our environment without what PostgreSQL would take as orders or has no need to know."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "MPI_", "LC_", "DATABASE_"))}
    return {**kept, "LC_ALL": "C"}


def connection_url(location: Location, port: int, database: str = DATABASE) -> str:
    """Raises ``EmbeddedDatabaseFailed`` when the password file is gone."""
    try:
        password = location.password.read_text()
    except OSError as error:
        raise EmbeddedDatabaseFailed(
            f"the password of the embedded database cannot be read: {error}"
        ) from error
    return f"postgresql://{ROLE}:{password}@{HOST}:{port}/{database}"


def _socket_directory(location: Location) -> str:
    path = str(location.cluster)
    return path if len(path.encode()) < SOCKET_DIRECTORY_LENGTH_MAX else ""


def _shared_memory() -> dict[str, str]:
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return {}
    scarce = room.f_frsize * room.f_blocks < SHARED_MEMORY_BYTES_MIN
    return {"dynamic_shared_memory_type": "mmap"} if scarce else {}


def _write_secret(path: Path, secret: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(descriptor)


def _run(location: Location, command: list[str], *, said: str = "") -> None:
    """Run a program as the account of the database; raises ``EmbeddedDatabaseFailed`` with its last words."""
    arguments = location.account.popen_arguments()
    try:
        subprocess.run(
            command,
            input=said,
            text=True,
            check=True,
            capture_output=True,
            env=server_environment(),
            timeout=INITDB_TIMEOUT_SECONDS,
            **arguments,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedDatabaseFailed(f"{command[0]} could not be run: {error}") from error
    except subprocess.CalledProcessError as error:
        words = " ".join((error.stderr or error.stdout or "").split()[-60:])
        raise EmbeddedDatabaseFailed(f"{command[0]} failed: {words}") from error
