"""Figures and histories for the desk: counts of what is stored, none derived from our own thresholds."""

from __future__ import annotations

from typing import Any

from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage import identities as stored
from mpi.storage.queries import query


def last_answered(context: Context, *, actor: Actor) -> dict[str, Any] | None:
    """What this reviewer answered last."""
    with context.transaction() as conn:
        row = conn.execute(query("last_answered"), {"actor": actor.name}).fetchone()
    return None if row is None else {"task_id": row[0], "resolution": row[1], "resolved_at": row[2]}


def merges(context: Context, enterprise_id: str, *, actor: Actor) -> dict[str, Any]:
    """``{merges: [...], tasks: [...]}`` of the identity that this ID leads to. Raises NotFound."""
    with context.transaction() as conn:
        identity = stored.surviving_row(conn, parse_enterprise_id(enterprise_id)).enterprise_id
        parameters = {"enterprise_id": identity}
        found = conn.execute(query("merges_of_identity"), parameters).fetchall()
        waiting = conn.execute(query("open_tasks_of_identity"), parameters).fetchall()
        context.audit_read(conn, actor, "read merges", [identity])
    names = (
        "merge_id", "surviving", "subsumed", "decided_by", "actor", "reason", "moved_count", "merged_at",
        "undone_at", "undone_by", "undo_reason",
    )  # fmt: skip
    rows = [dict(zip(names, row, strict=True)) for row in found]
    for row in rows:
        row.update(surviving=display(row["surviving"]), subsumed=display(row["subsumed"]))
    return {"merges": rows, "tasks": [{"task_id": id, "kind": kind} for id, kind in waiting]}


def overview(context: Context, *, actor: Actor) -> dict[str, Any]:
    """``{ages, answers}``: what waits by kind and age, and what was answered in the last 1 and 7 days."""
    with context.transaction() as conn:
        ages = conn.execute(query("queue_ages")).fetchall()
        answers = {days: conn.execute(query("answers_given"), {"days": days}).fetchall() for days in (1, 7)}
        context.audit_read(conn, actor, "read overview", [])
    names = ("kind", "count", "day", "week", "older", "oldest_at")
    return {
        "ages": [dict(zip(names, row, strict=True)) for row in ages],
        "answers": {
            days: [{"actor": who, "resolution": what, "count": count} for who, what, count in rows]
            for days, rows in answers.items()
        },
    }
