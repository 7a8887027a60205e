"""The FHIR face on a real database, asked over HTTP as a client would."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from starlette.testclient import TestClient

from api_client import settings_of
from fhir_client import ACTOR, BASE, DECLARED, Fhir
from mpi.api.app import create_app

#: What a test leaves behind; what is declared stays.
EMPTIED = (
    "record, record_version, held_update, blocking_key, identity, link, merge, assertion, assertion_pair, "
    "task, task_note, event, audit, idempotency, subscription, notice"
)


@pytest.fixture(scope="session")
def fhir_app(
    database_server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Fhir, str]]:
    """The face with MPI_AUTH=off and three declared domains, asked from this machine; and its database."""
    name = f"mpi_fhir_{secrets.token_hex(6)}"
    url = make_conninfo(**{**conninfo_to_dict(database_server), "dbname": name})
    settings = settings_of(url, tmp_path_factory.mktemp("home"), auth="off", notify_retry_seconds=0.05)
    with psycopg.connect(database_server, autocommit=True) as conn:
        copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        conn.execute(copied.format(sql.Identifier(name), sql.Identifier(template_database)))
        app = create_app(settings)
        with TestClient(app, base_url=BASE, client=("127.0.0.1", 50_000)) as client:
            app.state.index.apply_sources(DECLARED, actor=ACTOR)
            yield Fhir(client, app.state.index), url
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def fhir(fhir_app: tuple[Fhir, str]) -> Iterator[Fhir]:
    """The face without patients; invariants are checked after the test."""
    face, url = fhir_app
    with psycopg.connect(url, autocommit=True) as conn:
        for table in EMPTIED.split(", "):
            conn.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    face.keeps = True
    yield face
    broken = [(r.invariant, r.sample) for r in face.index.check(actor=ACTOR) if r.violations]
    assert not broken


@pytest.fixture
def strict(database_url: str, tmp_path: Path) -> Iterator[Fhir]:
    """A face where nothing is declared on sight."""
    app = create_app(settings_of(database_url, tmp_path, auth="off", auto_declare=False))
    with TestClient(app, base_url=BASE, client=("127.0.0.1", 50_000)) as client:
        app.state.index.apply_sources(DECLARED, actor=ACTOR)
        yield Fhir(client, app.state.index)
