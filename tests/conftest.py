"""What every test can ask for: a PostgreSQL server for the session, and a database of its own for the test.

The server is our embedded one, in a home of its own and without fsync, unless ``MPI_TEST_DATABASE_URL`` or
``DATABASE_URL`` names another, whose role may then create databases.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mpi.storage.embedded import EmbeddedDatabase

#: For speed: a crash of the machine may lose a test's data.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}


def reachable_home(prefix: str) -> Path:
    """A fresh directory that also the user PostgreSQL runs as, when we are root, can enter."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o755)
    return home


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """URL of a PostgreSQL server on which databases can be created."""
    given = os.environ.get("MPI_TEST_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    home = reachable_home("mpi-tests-")
    try:
        with EmbeddedDatabase(home, settings=FAST_SETTINGS) as database:
            yield database.url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(database_server: str) -> Iterator[str]:
    """Name of a database with the current schema, which the databases of the tests are copied from."""
    from mpi.storage.database import migrate

    name = f"mpi_template_{secrets.token_hex(4)}"
    _execute(database_server, "CREATE DATABASE {}", name)
    try:
        migrate(_url_of(database_server, name))
        yield name
    finally:
        _execute(database_server, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(database_server: str, template_database: str) -> Iterator[str]:
    """A connection string of a migrated, empty database that is dropped after the test."""
    name = f"mpi_test_{secrets.token_hex(6)}"
    _execute(database_server, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template_database)
    try:
        yield _url_of(database_server, name)
    finally:
        _execute(database_server, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def empty_database_url(database_server: str) -> Iterator[str]:
    """A connection string of a database without a schema."""
    name = f"mpi_empty_{secrets.token_hex(6)}"
    _execute(database_server, "CREATE DATABASE {}", name)
    try:
        yield _url_of(database_server, name)
    finally:
        _execute(database_server, "DROP DATABASE {} WITH (FORCE)", name)


def _execute(server: str, statement: str, *names: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _url_of(server: str, name: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(server), "dbname": name})
