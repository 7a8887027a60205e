"""Whose a question is: taking over a live claim, dealing open questions to reviewers, telling them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mpi.errors import BadInput, Conflict
from mpi.identity.dealing import deal
from mpi.services import tasks
from mpi.services.answers import Actor, TaskAnswer
from mpi.services.context import Context
from mpi.services.desk.queue import VIEWS, about_views
from mpi.storage import tasks as storage
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: What one round of dealing gives to one reviewer at most, and to how many of them.
EACH_MAX: Final = 200
REVIEWERS_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a reviewer is told: ``taken_over`` (``task_id``) or ``assigned`` (``task_count``), by whom."""

    notice_id: int
    at: datetime
    actor: str
    kind: str
    task_id: int | None
    task_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Who gets which questions of a view. ``loads``: assigned to each before; ``left``: given to nobody."""

    view: str
    task_ids: dict[str, list[int]]
    loads: dict[str, int]
    left: int


def take_over(context: Context, task_id: int, holder: str, *, actor: Actor) -> TaskAnswer:
    """Hold a question that ``holder`` was seen to hold. Audited with whose it was, and they are told.

    Raises Conflict when it is no longer theirs, or is resolved; NotFound.
    """
    with context.transaction() as conn:
        parameters = {
            "task_id": task_id,
            "holder": holder,
            "actor": actor.name,
            "minutes": tasks.CLAIM_MINUTES,
        }
        if conn.execute(query("take_over"), parameters).fetchone() is None:
            row = storage.task_row(conn, task_id)
            state = "is resolved already" if row.state == "resolved" else "is no longer held as you saw it"
            raise Conflict(f"task {task_id} {state}")
        row = storage.task_row(conn, task_id)
        [answer] = tasks.answers(conn, [row])
        shown = [id for id in (row.identity_a, row.identity_b) if id]
        context.audit_read(conn, actor, f"take over task from {holder}", shown)
    return answer


def notices(context: Context, *, actor: Actor) -> list[Notice]:
    """What this reviewer has been told and not put away, newest first."""
    with context.transaction() as conn:
        rows = conn.execute(query("notices"), {"actor": actor.name}).fetchall()
    return [
        Notice(notice_id=id, at=at, actor=who, kind=kind, task_id=task_id, task_count=count)
        for id, at, who, kind, task_id, count in rows
    ]


def put_away(context: Context, notice_id: int, *, actor: Actor) -> None:
    """A notice was read; harmless when said twice, or of another's."""
    with context.transaction() as conn:
        conn.execute(query("put_away_notice"), {"notice_id": notice_id, "actor": actor.name})


def reviewers(context: Context) -> dict[str, int]:
    """Who may be dealt questions, by name, with how many open ones are assigned to each."""
    with context.transaction() as conn:
        return dict(conn.execute(query("reviewer_loads")).fetchall())


def preview_deal(
    context: Context, view: str, names: Sequence[str], each_max: int, *, again: bool, actor: Actor
) -> Deal:
    """What dealing the open questions of a view would give to whom; nothing is written. Raises BadInput."""
    with context.transaction() as conn:
        return _deal(context, conn, view, names, each_max, again, actor)


def assign(
    context: Context, view: str, names: Sequence[str], each_max: int, *, again: bool, actor: Actor
) -> dict[str, int]:
    """Deal the open questions of a view to reviewers, evenly and in order of harm; how many each got.

    Each is told. ``again``: also what is assigned to somebody already. Raises BadInput.
    """
    with context.transaction() as conn:
        dealt = _deal(context, conn, view, names, each_max, again, actor)
        pairs = [(task_id, name) for name, task_ids in dealt.task_ids.items() for task_id in task_ids]
        parameters = {
            "task_ids": [task_id for task_id, _ in pairs],
            "names": [name for _, name in pairs],
            "actor": actor.name,
        }
        given: dict[str, int] = dict(conn.execute(query("assign_tasks"), parameters).fetchall())
        context.audit_read(conn, actor, "assign tasks", [], query_fields=[f"view={view}"])
    return {name: given.get(name, 0) for name in names}


def _deal(
    context: Context,
    conn: Connection,
    view: str,
    names: Sequence[str],
    each_max: int,
    again: bool,
    actor: Actor,
) -> Deal:
    if view not in VIEWS:
        raise BadInput(f"view must be one of {', '.join(VIEWS)}", field="view")
    if not 1 <= each_max <= EACH_MAX:
        raise BadInput(f"deal 1 to {EACH_MAX} to each", field="each")
    loads: dict[str, int] = dict(conn.execute(query("reviewer_loads")).fetchall())
    if not 1 <= len(names) <= REVIEWERS_MAX or not set(names) <= set(loads):
        raise BadInput(f"choose 1 to {REVIEWERS_MAX} reviewers", field="reviewers")
    wanted = len(names) * each_max
    parameters = {**about_views(context, actor), "view": view, "again": again, "limit": wanted + 1}
    conn.execute(query("plan_for_these_values"))
    waiting = [row[0] for row in conn.execute(query("tasks_to_deal"), parameters).fetchall()]
    # Dealt anew, what is theirs already counts for nobody.
    held = {name: 0 if again else loads[name] for name in names}
    dealt = deal(waiting[:wanted], held, each_max)
    return Deal(
        view=view,
        task_ids=dealt,
        loads={name: loads[name] for name in names},
        left=len(waiting) - sum(map(len, dealt.values())),
    )
