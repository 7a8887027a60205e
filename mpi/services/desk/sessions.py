"""Who sits at the desk: links that open it once, and the sessions they start. Only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from mpi.errors import NotFound, Unauthenticated
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage.database import Connection, connection
from mpi.storage.queries import query

#: A link is for now, not for a bookmark.
LINK_MINUTES: Final = 30
#: A session ends after a shift, or when nobody has touched it for a while (45 CFR 164.312(a)(2)(iii)).
SESSION_HOURS: Final = 12
IDLE_MINUTES: Final = 30

#: Who sits at the desk where MPI_AUTH=off, and the role that may then do everything.
LOCAL: Final = "local"


def login_link(context: Context, name: str | None, *, actor: Actor) -> str:
    """A token for one log-in of a client; of whoever sits at this machine with ``None``. Raises NotFound."""
    token = secrets.token_urlsafe(32)
    with context.transaction() as conn:
        parameters = {"token_hash": _hash(token), "name": name, "minutes": LINK_MINUTES}
        if conn.execute(query("add_desk_link"), parameters).fetchone() is None:
            raise NotFound(f"no active client is called {name!r}", field="name")
        context.audit_read(conn, actor, "make login link", [])
    return token


def open_link(context: Context, token: str) -> str:
    """The secret of a new session. Raises Unauthenticated when the link was used, is old, or never was."""
    with context.transaction() as conn:
        row = conn.execute(query("use_desk_link"), {"token_hash": _hash(token)}).fetchone()
        if row is None:
            raise Unauthenticated("this link was used already, or is too old: ask for another")
        return _started(context, conn, row[0])


def open_with_key(context: Context, key: str) -> str:
    """The secret of a new session. Raises Unauthenticated, without saying what was wrong with the key."""
    with context.transaction() as conn:
        row = conn.execute(query("client_id_of_key"), {"key_hash": _hash(key)}).fetchone()
        if row is None:
            raise Unauthenticated("this is not a valid key")
        return _started(context, conn, row[0])


def _started(context: Context, conn: Connection, client_id: int | None) -> str:
    secret = secrets.token_urlsafe(32)
    conn.execute(query("start_desk_session"), {"token_hash": _hash(secret), "client_id": client_id})
    row = conn.execute(query("desk_session"), _alive(secret)).fetchone()
    if row is None:
        raise Unauthenticated("this client was revoked")
    who = Actor(name=row[0] or LOCAL, role=row[1] or "none")
    context.audit_read(conn, who, "log in to the desk", [])
    return secret


def session(context: Context, secret: str) -> Actor:
    """Who sits there; ``local`` without a role where no client started it. Raises Unauthenticated."""
    with connection(context.pool) as conn:
        row = conn.execute(query("desk_session"), _alive(secret)).fetchone()
    if row is None:
        raise Unauthenticated("your session has ended: log in again")
    return Actor(name=row[0] or LOCAL, role=row[1] or "none")


def close_session(context: Context, secret: str) -> None:
    """Log out; harmless when said twice."""
    with connection(context.pool) as conn:
        conn.execute(query("end_desk_session"), {"token_hash": _hash(secret)})


def _alive(secret: str) -> dict[str, object]:
    return {"token_hash": _hash(secret), "hours": SESSION_HOURS, "idle": IDLE_MINUTES}


def _hash(secret: str) -> bytes:
    """SHA-256: tokens and keys have 256 random bits, so nothing slower protects them better."""
    return hashlib.sha256(secret.encode()).digest()
