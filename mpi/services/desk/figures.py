"""Figures and histories for the desk: counts of what is stored, none derived from our own thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.desk.queue import KindWaiting, kinds_waiting
from mpi.services.desk.reckoning import Figure, overview_figure
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the overview shows: the queue at this moment, and the last reckoning (None: none yet).

    ``answers`` are ``{actor, resolution, day, week}``.
    """

    ages: tuple[KindWaiting, ...]
    answers: tuple[dict[str, Any], ...]
    figure: Figure | None
    review_weight: float
    link_weight: float


def overview(context: Context, *, actor: Actor) -> Overview:
    """What waits and what was answered, counted now, and what is reckoned now and then."""
    figure = overview_figure(context)
    with context.transaction() as conn:
        conn.execute(query("plan_for_these_values"))
        ages = kinds_waiting(context, conn)
        answers = conn.execute(query("answers_given")).fetchall()
        context.audit_read(conn, actor, "read overview", [])
    return Overview(
        ages=tuple(ages),
        answers=tuple(dict(zip(("actor", "resolution", "day", "week"), row, strict=True)) for row in answers),
        figure=figure,
        review_weight=context.rules.thresholds.review_weight,
        link_weight=context.rules.thresholds.link_weight,
    )
