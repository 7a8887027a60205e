"""Transactions that start again when the world changed under them, and the locks that keep it still."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from mpi.errors import DatabaseUnavailable
from mpi.identity.change import Change
from mpi.services.context import Context
from mpi.storage.database import Connection, connection
from mpi.storage.queries import query

#: How often a use case starts again because the world changed between its look and its lock.
ATTEMPTS_MAX = 8

_T = TypeVar("_T")


class WorldChanged(Exception):
    """Somebody registered, merged or unmerged what this decision rested on: decide anew."""


def until_settled(
    context: Context, attempt: Callable[[Connection], _T], *, in_transaction: bool = True
) -> _T:
    """Run ``attempt`` until nobody comes in between; in one transaction, unless its one write is one by
    itself.

    Raises DatabaseUnavailable when somebody keeps coming.
    """
    last: Exception | None = None
    for _ in range(ATTEMPTS_MAX):
        try:
            with context.transaction() if in_transaction else connection(context.pool) as conn:
                return attempt(conn)
        except (
            WorldChanged,
            psycopg.errors.UniqueViolation,
            psycopg.errors.DeadlockDetected,
            psycopg.errors.SerializationFailure,
        ) as error:
            last = error
    raise DatabaseUnavailable("others keep changing the same identities: try again in a moment") from last


def needed_identities(change: Change) -> list[str]:
    """The identities that must be active for the change to be written, in order."""
    issued = {identity.enterprise_id for identity in change.identities if identity.issued}
    woken = {identity.enterprise_id for identity in change.identities if identity.status == "active"}
    needed = {link.to_id for link in change.links}
    needed.update(id for task in change.tasks for id in (task.identity_a, task.identity_b) if id)
    needed.update(id for merge in change.merges for id in (merge.surviving, merge.subsumed))
    return sorted(needed - issued - woken)


def hold_identities(conn: Connection, change: Change) -> None:
    """Lock what the change points to until commit; WorldChanged when one is not as the decision saw it."""
    if needed := needed_identities(change):
        rows = conn.execute(query("lock_identities"), {"enterprise_ids": needed}).fetchall()
        if len(rows) != len(needed):
            raise WorldChanged
