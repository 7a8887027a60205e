"""The application on a real database, and a client for each role."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from starlette.testclient import TestClient

from api_client import ROLES, Api, settings_of
from mpi.api.app import create_app
from mpi.index import Actor


@contextmanager
def _api(database_url: str, home: Path) -> Iterator[Api]:
    app = create_app(settings_of(database_url, home))
    with TestClient(app, base_url="http://mpi.example") as client:
        index = app.state.index
        admin = Actor(name="test", role="admin")
        keys = {role: index.add_client(f"the-{role}", role, actor=admin) for role in ROLES}
        yield Api(client, index, keys)


@contextmanager
def _open_client(database_url: str, home: Path) -> Iterator[TestClient]:
    app = create_app(settings_of(database_url, home, auth="off"))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    """The application with credentials asked, and a key of every role."""
    with _api(database_url, tmp_path) as api:
        yield api


@pytest.fixture
def open_client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """The application with MPI_AUTH=off, asked from this machine."""
    with _open_client(database_url, tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
def shared_database_url(database_server: str, template_database: str) -> Iterator[str]:
    """A database that the tests of a module share: for those that leave nothing behind."""
    name = f"mpi_shared_{secrets.token_hex(6)}"
    with psycopg.connect(database_server, autocommit=True) as conn:
        copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        conn.execute(copied.format(sql.Identifier(name), sql.Identifier(template_database)))
        yield make_conninfo(**{**conninfo_to_dict(database_server), "dbname": name})
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def shared_api(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """As ``api``, once for a module."""
    with _api(shared_database_url, tmp_path_factory.mktemp("home")) as api:
        yield api


@pytest.fixture(scope="module")
def shared_open_client(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """As ``open_client``, once for a module."""
    with _open_client(shared_database_url, tmp_path_factory.mktemp("home")) as client:
        yield client
