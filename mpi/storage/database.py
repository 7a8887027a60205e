"""Connections to PostgreSQL, and the migrations that bring a database to this program's schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from mpi.errors import DatabaseUnavailable, MpiError
from mpi.storage.queries import query

Connection = psycopg.Connection[tuple[Any, ...]]
Pool = ConnectionPool[Connection]

#: Advisory lock classes. One number each, so that locks of different kinds never meet; the function
#: ``register`` of the
#: schema takes 71 for a blocking key and shares 72.
LOCK_MIGRATION, LOCK_BULK, LOCK_IDEMPOTENCY, LOCK_PUBLISH, LOCK_STEWARDSHIP = 70, 72, 73, 74, 75
#: Held by whoever works on a batch in the background.
LOCK_BATCH = 79
#: Looking through the feed for FHIR subscribers; held by the process that tells HL7 v2 subscribers, for as
#: long as it does.
LOCK_NOTIFY, LOCK_LEAD = 76, 77
#: Held by the process that reckons the desk's figures.
LOCK_RECKONING = 78

#: SQLSTATE classes that mean the database is lost or overloaded, so that trying again can help.
TRANSIENT_CLASSES = ("08", "53", "57")


class Migration(NamedTuple):
    version: int
    name: str
    sql: str
    checksum: str


class PendingMigrations(MpiError):
    """The database's schema is older than this program: run `mpi db upgrade`."""

    code = "pending-migrations"


def migrations() -> list[Migration]:
    """The numbered migrations that ship with the program, in order."""
    found = []
    for file in sorted(files("mpi.storage").joinpath("migrations").iterdir(), key=lambda f: f.name):
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            sql = file.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            found.append(Migration(int(match[1]), match[2], sql, checksum))
    return found


def applied_versions(conn: Connection) -> dict[int, str]:
    """Version → checksum of the migrations this database has had; empty for a new one."""
    row = conn.execute("SELECT to_regclass('schema_migration') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return {}
    return dict(conn.execute(query("applied_migrations")).fetchall())


def pending_migrations(conninfo: str) -> list[str]:
    """What ``migrate`` would apply. Raises MpiError when an applied migration was edited afterwards."""
    with _connect(conninfo) as conn:
        return [f"{m.version:04}_{m.name}" for m in _not_yet_applied(conn)]


def migrate(conninfo: str) -> list[int]:
    """Apply what is pending, each migration in a transaction of its own, one process at a time.

    Returns the versions applied. Running it again does nothing.
    """
    with _connect(conninfo) as conn:
        conn.execute("SELECT pg_advisory_lock(%s, 0)", (LOCK_MIGRATION,))
        done = []
        for migration in _not_yet_applied(conn):
            with conn.transaction():
                conn.execute("SET LOCAL lock_timeout = '10s'")
                conn.execute(migration.sql.encode())
                conn.execute(query("migration_applied"), migration[:2] + migration[3:])
            done.append(migration.version)
        return done


def _not_yet_applied(conn: Connection) -> list[Migration]:
    applied = applied_versions(conn)
    for migration in migrations():
        checksum = applied.get(migration.version)
        if checksum is not None and checksum != migration.checksum:
            raise MpiError(
                f"migration {migration.version:04}_{migration.name} was changed after it was applied"
            )
    return [m for m in migrations() if m.version not in applied]


def open_pool(conninfo: str, *, size: int, wait_seconds: float = 3, statement_seconds: float = 10) -> Pool:
    """A pool of autocommit connections; transactions are opened where a use case needs one.

    Raises DatabaseUnavailable when the server cannot be reached within ``wait_seconds`` × 5.
    """

    def configure(conn: Connection) -> None:
        conn.autocommit = True
        conn.prepare_threshold = 1
        set_json_loads(orjson.loads, conn)

    options = f"-c statement_timeout={int(statement_seconds * 1000)} -c plan_cache_mode=force_generic_plan"
    pool: Pool = ConnectionPool(
        conninfo,
        min_size=min(2, size),
        max_size=size,
        timeout=wait_seconds,
        max_waiting=size * 16,
        configure=configure,
        kwargs={"options": options + " -c jit=off", "connect_timeout": 5, "application_name": "mpi"},
        open=False,
    )
    try:
        pool.open(wait=True, timeout=wait_seconds * 5)
    except PoolTimeout as error:
        pool.close()
        raise DatabaseUnavailable(
            "the database does not answer: is DATABASE_URL right and the server up?"
        ) from error
    return pool


@contextmanager
def connection(pool: Pool) -> Iterator[Connection]:
    """A connection for one use case. A lost or overloaded database becomes DatabaseUnavailable."""
    try:
        with pool.connection() as conn:
            yield conn
    except (PoolTimeout, TooManyRequests) as error:
        raise DatabaseUnavailable("all database connections are busy: try again in a moment") from error
    except psycopg.Error as error:
        if is_transient(error):
            # The server may have restarted: the other idle connections would fail one request each.
            pool.check()
            raise DatabaseUnavailable("the database is lost or overloaded: try again in a moment") from error
        raise


def is_transient(error: psycopg.Error) -> bool:
    """Whether trying again later can help: SQLSTATE class 08, 53, 57, or a connection that is gone."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate[:2] in TRANSIENT_CLASSES


def _connect(conninfo: str) -> Connection:
    try:
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            "the database does not answer: is DATABASE_URL right and the server up?"
        ) from error
