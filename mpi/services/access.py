"""Who may ask: API clients and their keys. A key is shown once and stored only as its hash."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from mpi.errors import BadInput, NotFound, Unauthenticated
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage.database import connection
from mpi.storage.queries import query

#: From least to most, but for ``admin``, which configures and sees no patients.
ROLES = ("reader", "registrar", "reviewer", "steward", "admin")
_PREFIX = "mpi_"


def add_client(context: Context, name: str, role: str, *, actor: Actor, source: str | None = None) -> str:
    """A new client's key, shown this once; with ``source`` it speaks for that source system only.

    Raises BadInput for an unknown role or a name that is taken, UnknownSource.
    """
    if role not in ROLES:
        raise BadInput(f"role must be one of {', '.join(ROLES)}", field="role")
    if not name or len(name) > 100:
        raise BadInput("a client needs a name of at most 100 characters", field="name")
    if source is not None:
        context.sources.named(source)
    key = _PREFIX + secrets.token_urlsafe(32)
    with context.transaction() as conn:
        values = {"name": name, "role": role, "key_hash": _hash(key), "source": source}
        row = conn.execute(query("add_client"), values).fetchone()
        if row is None:
            raise BadInput(f"there is a client called {name!r} already: revoke it first", field="name")
        context.audit_read(conn, actor, "add client", [])
    return key


def clients(context: Context, *, actor: Actor) -> list[dict[str, Any]]:
    """Every client, revoked ones too, without keys."""
    with context.transaction() as conn:
        rows = conn.execute(query("clients")).fetchall()
        context.audit_read(conn, actor, "list clients", [])
    names = ("name", "role", "created_at", "revoked_at", "source")
    return [dict(zip(names, row, strict=True)) for row in rows]


def revoke_client(context: Context, name: str, *, actor: Actor) -> None:
    """Its key is refused from now on. Raises NotFound."""
    with context.transaction() as conn:
        if conn.execute(query("revoke_client"), {"name": name}).fetchone() is None:
            raise NotFound(f"no active client is called {name!r}", field="name")
        context.audit_read(conn, actor, "revoke client", [])


def authenticate(context: Context, key: str) -> Actor:
    """Whose key this is. Raises Unauthenticated, without saying what was wrong with it."""
    with connection(context.pool) as conn:
        row = conn.execute(query("client_of_key"), {"key_hash": _hash(key)}).fetchone()
    if row is None:
        raise Unauthenticated
    return Actor(name=row[0], role=row[1], source=row[2])


def deny(context: Context, actor: Actor, action: str) -> None:
    """Write down that somebody was refused."""
    with context.transaction() as conn:
        context.audit_read(conn, actor, action, [], outcome="denied")


def _hash(key: str) -> bytes:
    """SHA-256: the key has 256 random bits, so nothing slower protects it better."""
    return hashlib.sha256(key.encode()).digest()
