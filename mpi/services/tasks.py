"""The queue of questions for people: list, claim, answer, and take an answer back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mpi.errors import BadInput, ClaimedByAnother, Conflict, StaleVersion
from mpi.identity import resolving
from mpi.identity.change import Resolution, TaskKind
from mpi.identity.enterprise_id import display
from mpi.services import approvals
from mpi.services.answers import Actor, Page, RecordRef, TaskAnswer
from mpi.services.context import Context
from mpi.services.overlays import reject_held, release_held, undo_held
from mpi.services.settling import until_settled
from mpi.services.stewardship import hold_neighbourhood, needed_reason
from mpi.storage import identities as stored
from mpi.storage import tasks as storage
from mpi.storage.changes import apply_change
from mpi.storage.database import Connection
from mpi.storage.queries import query
from mpi.storage.records import held_update
from mpi.storage.tasks import TaskRow

#: How long a claim holds a task.
CLAIM_MINUTES = 15
_STATES = ("open", "claimed", "awaiting_approval", "resolved", "all")
#: Answers of which a sample is read a second time.
SAMPLED = (Resolution.SAME_PERSON, Resolution.DIFFERENT_PEOPLE, Resolution.CANNOT_TELL)


def listed(
    context: Context,
    *,
    actor: Actor,
    state: str | None = None,
    kind: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """A page of the queue, most harmful first. Without ``state``: everything that is not resolved."""
    if state is not None and state not in _STATES:
        raise BadInput(f"state must be one of {', '.join(_STATES)}", field="state")
    if kind is not None and kind not in tuple(TaskKind):
        raise BadInput(f"kind must be one of {', '.join(TaskKind)}", field="kind")
    after = _position(cursor)
    with context.transaction() as conn:
        rows = storage.task_rows(conn, state=state, kind=kind, after=after, limit=limit)
        items = answers(conn, rows)
        context.audit_read(conn, actor, "list tasks", _shown(rows))
    last = rows[-1] if len(rows) == limit else None
    return Page(items=tuple(items), next=f"{last.priority}.{last.task_id}" if last else None)


def _position(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return storage.FIRST_PRIORITY, 0
    priority, _, task_id = cursor.partition(".")
    if not (priority.isdecimal() and task_id.isdecimal() and len(priority) < 5 and len(task_id) < 19):
        raise BadInput("not a cursor of this list", field="cursor")
    return int(priority), int(task_id)


def _shown(rows: Iterable[TaskRow]) -> list[str]:
    return [id for row in rows for id in (row.identity_a, row.identity_b) if id]


def task(context: Context, task_id: int, *, actor: Actor) -> TaskAnswer:
    """One task; a held update with the record before and after. Raises NotFound."""
    with context.transaction() as conn:
        row = storage.task_row(conn, task_id)
        [answer] = answers(conn, [row])
        context.audit_read(conn, actor, "read task", _shown([row]))
    return answer


def answers(conn: Connection, rows: Sequence[TaskRow]) -> list[TaskAnswer]:
    """The rows as they are answered."""
    refs = stored.record_refs(conn, [record for row in rows for record in row.record_ids])
    return [_answer(conn, row, refs) for row in rows]


def _answer(conn: Connection, row: TaskRow, refs: dict[int, stored.RefRow]) -> TaskAnswer:
    held = held_update(conn, row.task_id) if row.kind == TaskKind.POTENTIAL_OVERLAY else None
    resolution = None
    if row.state == "resolved":
        resolution = {
            "resolution": row.resolution,
            "reason": row.resolution_reason,
            "resolved_by": row.resolved_by,
            "resolved_at": row.resolved_at,
        }
    found = [refs[record] for record in row.record_ids if record in refs]
    return TaskAnswer(
        id=row.task_id,
        kind=row.kind,
        state=row.state,
        version=row.version,
        priority=row.priority,
        created_at=row.created_at,
        identities=tuple(display(id) for id in (row.identity_a, row.identity_b) if id),
        records=tuple(RecordRef(source=r.source, local_id=r.local_id, version=r.version) for r in found),
        weight=row.weight,
        probability=row.probability,
        guards=tuple(row.guards),
        claimed_by=row.claimed_by,
        claim_expires_at=row.claim_expires_at,
        resolution=resolution,
        before=held.before if held else None,
        after=held.after if held else None,
        proposal=approvals.waiting(conn, row),
    )


def claim(context: Context, task_id: int, *, actor: Actor) -> TaskAnswer:
    """Hold a task for a quarter of an hour. Raises ClaimedByAnother; Conflict when it is resolved."""
    with context.transaction() as conn:
        if not storage.claim_task(conn, task_id, actor.name, CLAIM_MINUTES):
            refuse(storage.task_row(conn, task_id))
        row = storage.task_row(conn, task_id)
        [answer] = answers(conn, [row])
        context.audit_read(conn, actor, "claim task", _shown([row]))
    return answer


def release(context: Context, task_id: int, *, actor: Actor) -> TaskAnswer:
    """Give a claimed task back. Raises ClaimedByAnother; Conflict when it is not claimed."""
    with context.transaction() as conn:
        if not storage.release_task(conn, task_id, actor.name):
            row = storage.task_row(conn, task_id)
            if row.state == "open":
                raise Conflict(f"task {task_id} is not claimed")
            refuse(row)
        row = storage.task_row(conn, task_id)
        [answer] = answers(conn, [row])
        context.audit_read(conn, actor, "release task", _shown([row]))
    return answer


def refuse(row: TaskRow) -> None:
    """A task that somebody else holds, or has answered. Raises ClaimedByAnother, Conflict."""
    if row.state == "resolved":
        raise Conflict(f"task {row.task_id} is resolved already")
    if row.state == approvals.AWAITING:
        raise Conflict(
            f"task {row.task_id} waits for a second person: anybody but its proposer may answer it"
        )
    raise ClaimedByAnother


def resolve(
    context: Context, task_id: int, resolution: str, reason: str, version: int, *, actor: Actor
) -> TaskAnswer:
    """Answer a task and do what the answer says. ``version`` is the one the reviewer saw.

    A merge of much harm only waits from then on, until a second person answers the same.
    Raises StaleVersion, ClaimedByAnother, SelfApproval, Conflict (resolved already), BadInput for an unknown
    resolution.
    """
    reason = needed_reason(reason)
    if resolution not in tuple(Resolution):
        raise BadInput(f"resolution must be one of {', '.join(Resolution)}", field="resolution")
    answer = Resolution(resolution)

    def attempt(conn: Connection) -> TaskAnswer:
        _hold(conn, task_id, version, actor)
        row = storage.task_row(conn, task_id)
        if approvals.waits(context, conn, row, answer, reason, actor):
            return answers(conn, [storage.task_row(conn, task_id)])[0]
        state = hold_neighbourhood(conn, task_ids=[task_id])
        change = resolving.resolve_task(state, task_id, answer, mint=context.mint, reason=reason)
        held = held_update(conn, task_id)
        if held is not None and answer is Resolution.CANNOT_TELL:
            raise BadInput("a held update is released (same_person) or rejected", field="resolution")
        if held is not None and answer is not Resolution.SAME_PERSON:
            reject_held(conn, task_id)
        apply_change(conn, change, context.signed(actor, f"resolve {resolution}", reason=reason))
        if held is not None and answer is Resolution.SAME_PERSON:
            release_held(context, conn, task_id, held, actor)
        if row.state != approvals.AWAITING:
            _sample(context, conn, row, answer, actor)
        return answers(conn, [storage.task_row(conn, task_id)])[0]

    return until_settled(context, attempt)


def _sample(context: Context, conn: Connection, row: TaskRow, answer: Resolution, actor: Actor) -> None:
    """Leave it to chance whether somebody else reads the pair again; an approved merge was read by two."""
    if context.second_reading_share and row.identity_b and len(row.record_ids) == 2 and answer in SAMPLED:
        parameters = {"task_id": row.task_id, "actor": actor.name, "resolution": answer.value}
        conn.execute(query("sample_second_reading"), parameters | {"share": context.second_reading_share})


def _hold(conn: Connection, task_id: int, version: int, actor: Actor) -> None:
    locked = storage.lock_task(conn, task_id)
    if locked.state == "resolved":
        raise Conflict(f"task {task_id} is resolved already")
    if locked.state == "claimed" and locked.is_claim_live and locked.claimed_by != actor.name:
        raise ClaimedByAnother
    if locked.version != version:
        raise StaleVersion


def undo_resolution(context: Context, task_id: int, reason: str, *, actor: Actor) -> TaskAnswer:
    """Take an answer back: the state before it is restored, links and demographics included. Of a merge that
    waits for a second person: the proposal.

    Raises Conflict when it is not resolved, or its question no longer stands; AlreadyUndone.
    """
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> TaskAnswer:
        storage.lock_task(conn, task_id)
        if not approvals.withdraw(context, conn, storage.task_row(conn, task_id), reason, actor):
            take_back(context, conn, task_id, reason, actor)
        return answers(conn, [storage.task_row(conn, task_id)])[0]

    return until_settled(context, attempt)


def take_back(context: Context, conn: Connection, task_id: int, reason: str, actor: Actor) -> None:
    """Take an answer back, in a transaction that does more. Raises Conflict, AlreadyUndone."""
    state = hold_neighbourhood(conn, task_ids=[task_id])
    change = resolving.undo_resolution(state, task_id, mint=context.mint, reason=reason)
    apply_change(conn, change, context.signed(actor, "undo resolution", reason=reason))
    if (held := held_update(conn, task_id)) is not None:
        if storage.task_row(conn, task_id).state == "resolved":
            raise Conflict("its question no longer stands: the record was retired since")
        undo_held(context, conn, task_id, held, actor)
    conn.execute(query("drop_unread"), {"task_id": task_id})
