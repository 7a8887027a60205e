"""The FHIR face on a real database, asked over HTTP as a client would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api_client import settings_of
from fhir_client import BASE, DECLARED, Fhir
from mpi.api.app import create_app
from mpi.index import Actor


@pytest.fixture
def fhir(database_url: str, tmp_path: Path) -> Iterator[Fhir]:
    """The face with MPI_AUTH=off and two declared source systems, asked from this machine."""
    app = create_app(settings_of(database_url, tmp_path, auth="off"))
    with TestClient(app, base_url=BASE, client=("127.0.0.1", 50_000)) as client:
        index = app.state.index
        index.apply_sources(DECLARED, actor=Actor(name="test", role="admin"))
        yield Fhir(client, index)
