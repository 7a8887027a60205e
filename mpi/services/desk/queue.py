"""The desk's list of open questions: saved views in two orders, paged by key so that depth costs nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from mpi.errors import BadInput, NotFound
from mpi.identity.change import TaskKind
from mpi.identity.enterprise_id import display
from mpi.services.answers import Actor, FlatRecord
from mpi.services.context import Context
from mpi.storage.database import Connection
from mpi.storage.queries import query
from mpi.storage.tasks import FIRST_PRIORITY

#: From this expected harm on (0–100, mpi/identity/harm.py) a question is in the view of high harm.
HARM_HIGH: Final = 75
#: ``task_in_view`` in the database defines what each holds.
VIEWS: Final = (
    "all", "potential_duplicate", "potential_overlap", "potential_overlay", "quarantined", "link_in_doubt",
    "harm", "overdue", "mine", "escalated", "approval",
)  # fmt: skip
#: Order → its statement.
_STATEMENTS: Final = {"harm": "queue_by_harm", "age": "queue_by_age"}
ORDERS: Final = tuple(_STATEMENTS)
_EPOCH = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One question in the list. ``people`` are the records that raised it: source and flat record."""

    task_id: int
    kind: str
    state: str
    version: int
    #: Expected harm, 0–100.
    priority: int
    created_at: datetime
    #: When it should be answered.
    due_at: datetime
    weight: float | None
    probability: float | None
    guards: tuple[str, ...]
    #: Who holds it at this moment, until when.
    claimed_by: str | None
    claim_expires_at: datetime | None
    is_escalated: bool
    assigned_to: str | None
    identities: tuple[str, ...]
    people: tuple[tuple[str, FlatRecord], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A page of a view. ``counts`` are of every view, ``next`` is the cursor of the following page."""

    view: str
    order: str
    rows: tuple[QueueRow, ...]
    counts: dict[str, int]
    next: str | None


def page(
    context: Context,
    view: str,
    order: str,
    *,
    actor: Actor,
    cursor: str | None,
    limit: int,
    is_counted: bool,
) -> Queue:
    """A page of a view. Raises BadInput for an unknown view, order or cursor."""
    _check(view, order)
    position = _position(order, cursor)
    with context.transaction() as conn:
        rows = _rows(context, conn, view, order, position, actor, limit)
        found = _counts(context, conn, actor) if is_counted else {}
        context.audit_read(conn, actor, "list tasks", [], query_fields=[f"view={view}"])
    last = rows[-1] if len(rows) == limit else None
    return Queue(
        view=view,
        order=order,
        rows=tuple(rows),
        counts=found,
        next=_cursor(order, last.priority, last.created_at, last.task_id) if last else None,
    )


def counts(context: Context, *, actor: Actor) -> dict[str, int]:
    """How many questions each view holds at this moment."""
    with context.transaction() as conn:
        return _counts(context, conn, actor)


def _counts(context: Context, conn: Connection, actor: Actor) -> dict[str, int]:
    """Every view's count. By kind and by age from one index, the few others from theirs."""
    parameters = about_views(context, actor)
    conn.execute(query("plan_for_these_values"))
    kinds = {row.kind: row for row in kinds_waiting(context, conn)}
    row = conn.execute(query("queue_few"), parameters).fetchone()
    assert row is not None
    found = {kind: one.waiting for kind, one in kinds.items()}
    overlays = found.get(TaskKind.POTENTIAL_OVERLAY, 0)
    return {
        "all": sum(found.values()),
        **{kind: found.get(kind, 0) for kind in (TaskKind.POTENTIAL_DUPLICATE, TaskKind.POTENTIAL_OVERLAP)},
        "potential_overlay": overlays + found.get(TaskKind.LINK_IN_DOUBT, 0),
        "quarantined": overlays,
        "link_in_doubt": found.get(TaskKind.LINK_IN_DOUBT, 0),
        "harm": row[0],
        "overdue": sum(one.overdue for one in kinds.values()),
        "mine": row[1],
        "escalated": row[2],
        "approval": row[3],
    }


class KindWaiting(NamedTuple):
    """The open questions of a kind."""

    kind: str
    waiting: int
    overdue: int
    oldest_at: datetime


def kinds_waiting(context: Context, conn: Connection) -> list[KindWaiting]:
    """The open questions by kind; kinds without any are left out."""
    sla = json.dumps(dict(context.sla_hours))
    return [KindWaiting(*row) for row in conn.execute(query("queue_kinds"), {"sla": sla}).fetchall()]


def following(context: Context, view: str, order: str, task_id: int, *, actor: Actor) -> int | None:
    """The next question that is nobody else's, held or assigned. Raises NotFound, BadInput."""
    _check(view, order)
    with context.transaction() as conn:
        position: tuple[Any, int] = _place(conn, order, task_id)
        rows = _rows(context, conn, view, order, position, actor, 1, is_free=True)
    return rows[0].task_id if rows else None


def cursor_before(context: Context, order: str, task_id: int) -> str:
    """The cursor of the page that begins with this task. Raises NotFound."""
    with context.transaction() as conn:
        row = conn.execute(query("task_place"), {"task_id": task_id}).fetchone()
    if row is None:
        raise NotFound(f"no task {task_id}", field="task_id")
    return _cursor(order, row[0], row[1], row[2] - 1)


def _check(view: str, order: str) -> None:
    if view not in VIEWS:
        raise BadInput(f"view must be one of {', '.join(VIEWS)}", field="view")
    if order not in ORDERS:
        raise BadInput(f"order must be one of {', '.join(ORDERS)}", field="order")


def _place(conn: Connection, order: str, task_id: int) -> tuple[Any, int]:
    row = conn.execute(query("task_place"), {"task_id": task_id}).fetchone()
    if row is None:
        raise NotFound(f"no task {task_id}", field="task_id")
    return (row[0] if order == "harm" else row[1], task_id)


def about_views(context: Context, actor: Actor) -> dict[str, Any]:
    """The parameters by which ``task_in_view`` tells what a view holds."""
    hours = {**context.sla_hours, "least": min(context.sla_hours.values())}
    return {"actor": actor.name, "harm": HARM_HIGH, "sla": json.dumps(hours)}


def _rows(
    context: Context,
    conn: Connection,
    view: str,
    order: str,
    position: tuple[Any, int],
    actor: Actor,
    limit: int,
    *,
    is_free: bool = False,
) -> list[QueueRow]:
    key = "priority" if order == "harm" else "created_at"
    parameters = {
        **about_views(context, actor),
        "view": view,
        "limit": limit,
        "is_free": is_free,
        key: position[0],
        "task_id": position[1],
    }
    conn.execute(query("plan_for_these_values"))
    found = conn.execute(query(_STATEMENTS[order]), parameters).fetchall()
    return [_row(context.sla_hours, *row) for row in found]


def _row(sla_hours: Mapping[str, int], *row: Any) -> QueueRow:
    task_id, kind, state, version, priority, created_at, weight, probability, guards = row[:9]
    holder, live, until, escalated, assigned_to, identity_a, identity_b, people = row[9:]
    return QueueRow(
        task_id=task_id,
        kind=kind,
        state=state,
        version=version,
        priority=priority,
        created_at=created_at,
        due_at=created_at + timedelta(hours=sla_hours[kind]),
        weight=weight,
        probability=probability,
        guards=tuple(guards),
        claimed_by=holder if live else None,
        claim_expires_at=until if live else None,
        is_escalated=escalated is not None,
        assigned_to=assigned_to,
        identities=tuple(display(id) for id in (identity_a, identity_b) if id),
        people=tuple((source, flat) for source, flat in people),
    )


def _cursor(order: str, priority: int, created_at: datetime, task_id: int) -> str:
    key = str(priority) if order == "harm" else str((created_at - _EPOCH) // timedelta(microseconds=1))
    return f"{key}.{task_id}"


def _position(order: str, cursor: str | None) -> tuple[Any, int]:
    if cursor is None:
        return (FIRST_PRIORITY if order == "harm" else _EPOCH), 0
    key, _, task_id = cursor.partition(".")
    digits_max = 3 if order == "harm" else 18
    if not (key.isascii() and key.isdecimal() and len(key) <= digits_max):
        raise BadInput("not a cursor of this list", field="after")
    if not (task_id.isascii() and task_id.isdecimal() and len(task_id) < 19):
        raise BadInput("not a cursor of this list", field="after")
    if order == "harm":
        return int(key), int(task_id)
    return _moment(int(key)), int(task_id)


def _moment(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise BadInput("not a cursor of this list", field="after") from None
