"""The schema, its migrations, and every query of the program against them."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

import mpi
from mpi.errors import DatabaseUnavailable, MpiError
from mpi.storage import database
from mpi.storage.database import Migration, migrate, migrations, open_pool, pending_migrations
from mpi.storage.queries import queries, query

_CATALOG = """
SELECT 'column', table_name || '.' || column_name, data_type || coalesce(column_default, '') || is_nullable
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conname || conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'sequence', sequencename, increment_by || ' ' || start_value FROM pg_sequences
UNION ALL SELECT 'extension', extname, '' FROM pg_extension
ORDER BY 1, 2, 3
"""


def _shape(url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(_CATALOG).fetchall()


def test_schema_is_all_migrations(database_url: str, empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute(files("mpi.storage").joinpath("schema.sql").read_text())
    assert _shape(database_url) == _shape(empty_database_url)


def test_migrating_again_does_nothing(database_url: str) -> None:
    before = _shape(database_url)
    assert migrate(database_url) == []
    assert pending_migrations(database_url) == []
    assert _shape(database_url) == before


def test_a_new_database_lacks_every_migration(empty_database_url: str) -> None:
    assert pending_migrations(empty_database_url) == [f"{m.version:04}_{m.name}" for m in migrations()]


def test_an_edited_migration_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = migrations()[0]
    edited = Migration(first.version, first.name, first.sql, "other checksum")
    monkeypatch.setattr(database, "migrations", lambda: [edited])
    with pytest.raises(MpiError, match="changed after it was applied"):
        migrate(database_url)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        open_pool("host=127.0.0.1 port=9 dbname=none", size=1, wait_seconds=0.2)


def test_every_query_is_sound_and_called(database_url: str) -> None:
    code = "\n".join(path.read_text() for path in Path(mpi.__file__).parent.rglob("*.py"))
    with psycopg.connect(database_url, autocommit=True) as conn:
        for name, statement in queries().items():
            bare = re.sub(r"%\(\w+\)s", "NULL", statement).replace("%s", "NULL").replace("%%", "%")
            conn.execute(f"PREPARE {name} AS {bare}".encode())
            assert f'"{name}"' in code or re.fullmatch(r"I\d+", name), f"nobody calls {name}"


def test_an_unknown_query_is_refused() -> None:
    with pytest.raises(KeyError):
        query("no such query")
