"""Transactions that start again when the world changed under them, and the locks that keep it still."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from mpi.errors import DatabaseUnavailable
from mpi.identity.change import Change
from mpi.services.context import Context
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: How often a use case starts again because the world changed between its look and its lock.
ATTEMPTS_MAX = 8

_T = TypeVar("_T")


class WorldChanged(Exception):
    """Somebody registered, merged or unmerged what this decision rested on: decide anew."""


def until_settled(context: Context, attempt: Callable[[Connection], _T]) -> _T:
    """Run ``attempt`` in a transaction, again from the start when another use case came in between.

    Raises DatabaseUnavailable when it keeps happening.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            with context.transaction() as conn:
                return attempt(conn)
        except (
            WorldChanged,
            psycopg.errors.UniqueViolation,
            psycopg.errors.DeadlockDetected,
            psycopg.errors.SerializationFailure,
        ):
            continue
    raise DatabaseUnavailable("too many others are changing the same identities: try again in a moment")


def hold_identities(conn: Connection, change: Change) -> None:
    """Lock every identity the change points to, in order; WorldChanged when one is not as the decision saw
    it.
    """
    issued = {identity.enterprise_id for identity in change.identities if identity.issued}
    woken = {identity.enterprise_id for identity in change.identities if identity.status == "active"}
    needed = {link.to_id for link in change.links}
    needed.update(id for task in change.tasks for id in (task.identity_a, task.identity_b) if id)
    needed.update(id for merge in change.merges for id in (merge.surviving, merge.subsumed))
    needed -= issued | woken
    if needed:
        rows = conn.execute(query("lock_identities"), {"enterprise_ids": sorted(needed)}).fetchall()
        if len(rows) != len(needed):
            raise WorldChanged
