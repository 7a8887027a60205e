"""The change feed: every event in an order that never changes, from a cursor on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mpi.identity.enterprise_id import display
from mpi.services.answers import Actor, EventAnswer, Page, RecordRef
from mpi.services.context import Context
from mpi.storage.database import LOCK_PUBLISH, Connection
from mpi.storage.identities import EventRow, RefRow, record_refs
from mpi.storage.queries import query

#: Events that get their place in one call; more wait for the next.
PUBLISH_MAX = 20_000


def events(context: Context, after: int, limit: int, *, actor: Actor) -> Page:
    """Events after ``after``, oldest first; ``next`` is the last seq seen, also when there was none."""
    with context.transaction() as conn:
        conn.execute(query("lock_publishing"), {"lock": LOCK_PUBLISH})
        conn.execute(query("publish"), {"limit": PUBLISH_MAX})
        rows = conn.execute(query("feed"), {"after": after, "limit": limit}).fetchall()
        items = tuple(event_answers(conn, [EventRow(*row) for row in rows]))
        context.audit_read(conn, actor, "read events", [])
    return Page(items=items, next=items[-1].seq if items else after)


def event_answers(conn: Connection, rows: Sequence[EventRow]) -> list[EventAnswer]:
    """Events as they are answered; each row's ``event_id`` becomes its ``seq``."""
    refs = record_refs(conn, [row.record_id for row in rows if row.record_id is not None])
    return [_event_answer(row, refs) for row in rows]


def _event_answer(row: EventRow, refs: Mapping[int, RefRow]) -> EventAnswer:
    ref = refs.get(row.record_id) if row.record_id is not None else None
    numbers = {"merge_id": row.merge_id, "task_id": row.task_id, "assertion_id": row.assertion_id}
    return EventAnswer(
        seq=row.event_id,
        type=row.type,
        at=row.at,
        enterprise_ids=tuple(display(id) for id in (row.enterprise_id, row.other_enterprise_id) if id),
        record=RecordRef(source=ref.source, local_id=ref.local_id, version=ref.version) if ref else None,
        data={
            **(row.data or {}),
            **{name: n for name, n in numbers.items() if n is not None},
            "actor": row.actor,
        },
    )
