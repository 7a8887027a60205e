"""The installation: which PostgreSQL its settings name, and whether that fits this program."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict

from mpi.errors import BadInput, DatabaseUnavailable, InvalidRuleSet
from mpi.identity.survivorship import SurvivorshipRules, survivorship_rules
from mpi.matching.rules import RuleSet, load_rules
from mpi.services.context import SLA_HOURS, Authorities, Context, Sources
from mpi.services.keeping_keys import note_passes
from mpi.services.keeping_terms import make_terms
from mpi.settings import Settings
from mpi.storage.database import connection, migrate, open_pool, pending_migrations
from mpi.storage.embedded import EmbeddedDatabase, server_status, stop_server
from mpi.storage.embedded import erase as erase_embedded
from mpi.storage.numbers import Mint
from mpi.storage.queries import query

CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A PostgreSQL that takes connections: the server of ``DATABASE_URL`` or our embedded one."""

    conninfo: str = field(repr=False)
    #: What a person should be told, for example that the data are not below MPI_HOME.
    notes: tuple[str, ...] = ()
    embedded: EmbeddedDatabase | None = None

    def restart_if_dead(self) -> bool:
        """Bring our own server back if it died; True when it had. Another's server is not ours to restart."""
        return self.embedded is not None and self.embedded.ensure_running()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """What ``mpi db status`` tells."""

    kind: Literal["embedded", "server"]
    #: ``absent``, ``stopped``, ``starting``, ``ready``, ``failed``; of a server ``ready`` or ``unreachable``.
    state: str
    #: The directory of the embedded database; host, port and name of a server's. Never a password.
    where: str
    postgresql: str | None
    #: Migrations that are still to be applied; None when nobody could be asked.
    pending: list[str] | None
    in_use: bool | None = None
    message: str | None = None
    notes: tuple[str, ...] = ()


def embedded_database(settings: Settings) -> EmbeddedDatabase:
    """The embedded database of these settings, not yet started."""
    return EmbeddedDatabase(
        settings.home, pg_bin=settings.pg_bin, settings={"shared_buffers": settings.pg_shared_buffers}
    )


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database for as long as the block runs; an embedded one is started, and stopped by its last user.

    Raises ``EmbeddedDatabaseFailed``. Whether a server answers shows when it is used.
    """
    if settings.database_url is not None:
        yield Database(conninfo=settings.database_url)
        return
    with embedded_database(settings) as embedded:
        yield Database(conninfo=embedded.url, notes=embedded.notes, embedded=embedded)


def make_ready(database: Database) -> list[int]:
    """Migrate an embedded database, returning the versions applied; refuse a server that is not migrated.

    A server may be shared with programs of another version, so when it is changed is a person's decision:
    raises ``BadInput`` that says the command.
    """
    if database.embedded is not None:
        return upgrade(database)
    if pending := pending_migrations(database.conninfo):
        raise BadInput(
            f"the database lacks {len(pending)} migration(s), {', '.join(pending)}: run `mpi db upgrade`"
        )
    return []


@contextmanager
def open_context(settings: Settings, conninfo: str) -> Iterator[Context]:
    """What every use case needs, on a database that is ready: rules, a pool of connections, the mint."""
    rules, survivorship = _rules(settings.rules), _survivorship(settings.survivorship)
    waiting = settings.pool_timeout_seconds
    with ExitStack() as stack:
        pool = open_pool(
            conninfo,
            size=settings.pool_size,
            wait_seconds=waiting,
            statement_seconds=settings.statement_timeout_seconds,
        )
        stack.callback(pool.close)
        # Numbers and sources are asked for while a use case holds a connection: they have one of their own.
        side = open_pool(conninfo, size=1, wait_seconds=waiting, statement_seconds=10)
        stack.callback(side.close)
        with connection(side) as conn:
            words = {"hash": rules.hash, "name": rules.name, "content": rules.content}
            conn.execute(query("keep_rule_set"), words)
            note_passes(conn, rules)
        yield Context(
            pool=pool,
            rules=rules,
            survivorship=survivorship,
            mint=Mint(side),
            sources=Sources(side, settings.declares_on_sight),
            authorities=Authorities(side, settings.declares_on_sight),
            approval_harm=settings.approval_harm,
            second_reading_share=settings.second_reading_share,
            sla_hours={**SLA_HOURS, **settings.review_sla_hours},
        )


@cache
def _rules(path_or_name: str) -> RuleSet:
    """A process reads its rule set once: what it decides by does not change under it."""
    return load_rules(path_or_name)


def declared_sources(settings: Settings) -> str | None:
    """The text of the file that ``MPI_SOURCES`` names, None when it names none. Raises BadInput."""
    return None if settings.sources is None else _text(settings.sources, "MPI_SOURCES")


def _survivorship(path: Path | None) -> SurvivorshipRules:
    """The rules of a file; without one the orders that ``matching_rules/survivorship.toml`` writes out."""
    if path is None:
        return SurvivorshipRules()
    try:
        table = tomllib.loads(_text(path, "MPI_SURVIVORSHIP")).get("survivorship")
    except tomllib.TOMLDecodeError as error:
        raise InvalidRuleSet(f"{path.name}: not TOML: {error}") from error
    if not isinstance(table, dict):
        raise InvalidRuleSet(f"{path.name}: there is no [survivorship] table")
    return survivorship_rules(table)


def _text(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{variable}: {path.name} cannot be read", field=variable) from error


def upgrade(database: Database) -> list[int]:
    """Apply the pending migrations, whoever's server it is, and make what they left to be made; returns their
    versions."""
    applied = migrate(database.conninfo)
    with psycopg.connect(database.conninfo, connect_timeout=CONNECT_TIMEOUT_SECONDS, autocommit=True) as conn:
        make_terms(conn)
    return applied


def status(settings: Settings) -> DatabaseStatus:
    """The state of the database; starts nothing and changes nothing."""
    if settings.database_url is not None:
        return _server_status(settings.database_url)
    found = server_status(settings.home)
    version, pending = None, None
    if found.state == "ready":
        with embedded_database(settings) as embedded:
            version, pending = _version(embedded.url), pending_migrations(embedded.url)
    return DatabaseStatus(
        kind="embedded",
        state=found.state,
        where=str(found.directory),
        postgresql=version or (str(found.major) if found.major else None),
        pending=pending,
        in_use=found.in_use,
        message=found.message,
        notes=found.notes,
    )


def stop(settings: Settings, *, force: bool = False) -> bool:
    """Stop the embedded database; False when it did not run. Refuses while it is in use, unless forced."""
    if settings.database_url is not None:
        raise BadInput(
            "DATABASE_URL names a server that is not ours to stop: this command stops the embedded one"
        )
    return stop_server(settings.home, force=force)


def erase(settings: Settings) -> None:
    """Delete the embedded database with all its data. Refuses while it is in use."""
    erase_embedded(settings.home)


def _server_status(conninfo: str) -> DatabaseStatus:
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError as error:
        raise BadInput("DATABASE_URL is not a connection string", field="DATABASE_URL") from error
    host, port = parts.get("host", "localhost"), parts.get("port", 5432)
    where = f"{host}:{port}/{parts.get('dbname', '')}"
    try:
        version, pending = _version(conninfo), pending_migrations(conninfo)
    except DatabaseUnavailable as error:
        return DatabaseStatus(
            kind="server", state="unreachable", where=where, postgresql=None, pending=None, message=str(error)
        )
    return DatabaseStatus(kind="server", state="ready", where=where, postgresql=version, pending=pending)


def _version(conninfo: str) -> str:
    try:
        with psycopg.connect(conninfo, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            number = connection.info.server_version
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            "the database does not answer: is DATABASE_URL right and the server up?"
        ) from error
    return f"{number // 10_000}.{number % 10_000}"
