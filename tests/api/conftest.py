"""The application on a real database, and a client for each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api_client import ROLES, Api, settings_of
from mpi.api.app import create_app
from mpi.index import Actor


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    """The application with credentials asked, and a key of every role."""
    app = create_app(settings_of(database_url, tmp_path))
    with TestClient(app, base_url="http://mpi.example") as client:
        index = app.state.index
        admin = Actor(name="test", role="admin")
        keys = {role: index.add_client(f"the-{role}", role, actor=admin) for role in ROLES}
        yield Api(client, index, keys)


@pytest.fixture
def open_client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """The application with MPI_AUTH=off, asked from this machine."""
    app = create_app(settings_of(database_url, tmp_path, auth="off"))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        yield client
