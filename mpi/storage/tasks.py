"""Reads and claims tasks as rows."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from mpi.errors import NotFound
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: Before any task there is.
FIRST_PRIORITY = 1_000


class TaskRow(NamedTuple):
    task_id: int
    kind: str
    state: str
    version: int
    priority: int
    created_at: datetime
    identity_a: str
    identity_b: str | None
    record_ids: list[int]
    weight: float | None
    probability: float | None
    guards: list[str]
    claimed_by: str | None
    claim_expires_at: datetime | None
    resolution: str | None
    resolution_reason: str | None
    resolved_by: str | None
    resolved_at: datetime | None


class TaskLock(NamedTuple):
    """A locked task: its version and who holds it."""

    version: int
    state: str
    claimed_by: str | None
    is_claim_live: bool | None


def task_row(conn: Connection, task_id: int) -> TaskRow:
    """One task. Raises NotFound."""
    row = conn.execute(query("task_row"), {"task_id": task_id}).fetchone()
    if row is None:
        raise NotFound(f"no task {task_id}", field="task_id")
    return TaskRow(*row)


def task_rows(
    conn: Connection, *, state: str | None, kind: str | None, after: tuple[int, int], limit: int
) -> list[TaskRow]:
    """The queue after (priority, task ID), most harmful first. ``state`` None:

    what is not resolved; ``all``: all.
    """
    parameters = {"state": state, "kind": kind, "priority": after[0], "task_id": after[1], "limit": limit}
    return [TaskRow(*row) for row in conn.execute(query("task_rows"), parameters).fetchall()]


def claim_task(conn: Connection, task_id: int, actor: str, minutes: int) -> bool:
    """Whether ``actor`` holds it now."""
    parameters = {"task_id": task_id, "actor": actor, "minutes": minutes}
    return conn.execute(query("claim_task"), parameters).fetchone() is not None


def release_task(conn: Connection, task_id: int, actor: str) -> bool:
    """Whether it was ``actor``'s to give back."""
    return conn.execute(query("release_task"), {"task_id": task_id, "actor": actor}).fetchone() is not None


def lock_task(conn: Connection, task_id: int) -> TaskLock:
    """Lock a task until commit. Raises NotFound."""
    row = conn.execute(query("lock_task"), {"task_id": task_id}).fetchone()
    if row is None:
        raise NotFound(f"no task {task_id}", field="task_id")
    return TaskLock(*row)
