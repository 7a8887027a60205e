"""What an answer or an unmerge would do, worked out by what does it; nothing is written but audit."""

from __future__ import annotations

from dataclasses import dataclass

from mpi.errors import BadInput
from mpi.identity import merging, resolving
from mpi.identity.change import Change, Resolution
from mpi.identity.enterprise_id import display
from mpi.services import approvals
from mpi.services.answers import Actor, FlatRecord, RecordRef
from mpi.services.context import Context
from mpi.services.lookup import best_of
from mpi.storage import identities as stored
from mpi.storage import tasks as storage
from mpi.storage.database import Connection
from mpi.storage.neighbourhood import load_neighbourhood
from mpi.storage.records import held_update
from mpi.storage.tasks import TaskRow

_REASON = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionPreview:
    """What an answer would do. ``moved`` records change their identity; ``systems`` hold records of it."""

    task_id: int
    version: int
    kind: str
    resolution: str
    surviving: str | None
    subsumed: str | None
    moved: tuple[RecordRef, ...]
    systems: tuple[str, ...]
    #: A record that gets an identity of its own.
    parted: RecordRef | None
    is_held_apart: bool
    #: ``released`` or ``rejected``, of an update that waits.
    held_update: str | None
    #: Other questions that this answers too.
    closed_task_ids: tuple[int, ...]
    best_record: FlatRecord | None
    guards: tuple[str, ...]
    #: Of a merge: ``needed`` (it will wait for a second person), ``own`` (it waits, and not for you),
    #: ``given`` (you approve it); of another answer to one that waits: ``refused``.
    approval: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergePreview:
    """What undoing a merge would do: who is restored, what returns and what stays where people put it."""

    merge_id: int
    surviving: str
    restored: str
    returned: tuple[RecordRef, ...]
    left: tuple[RecordRef, ...]
    systems: tuple[str, ...]


def preview(context: Context, task_id: int, resolution: str, *, actor: Actor) -> ResolutionPreview:
    """What answering a task so would do.

    Raises NotFound, AssertedDifferent; Conflict when it is resolved; BadInput for an answer it cannot have.
    """
    if resolution not in tuple(Resolution):
        raise BadInput(f"resolution must be one of {', '.join(Resolution)}", field="resolution")
    answer = Resolution(resolution)
    with context.transaction() as conn:
        row = storage.task_row(conn, task_id)
        state = load_neighbourhood(conn, task_ids=[task_id])
        change = resolving.resolve_task(state, task_id, answer, mint=context.mint, reason=_REASON)
        held = held_update(conn, task_id)
        if held is not None and answer is Resolution.CANNOT_TELL:
            raise BadInput("a held update is released or rejected: answer M or N", field="resolution")
        outcome = None
        if held is not None:
            outcome = "released" if answer is Resolution.SAME_PERSON else "rejected"
        told = _told(context, conn, change)
        approval = _approval(context, conn, row, answer, actor)
        context.audit_read(conn, actor, "preview task", [id for id in (row.identity_a, row.identity_b) if id])
    closed = [t.task_id for t in change.task_changes if t.state == "resolved" and t.task_id != task_id]
    return ResolutionPreview(
        task_id=task_id,
        version=row.version,
        kind=row.kind,
        resolution=resolution,
        is_held_apart=any(a.verdict == "different" for a in change.assertions),
        held_update=outcome,
        closed_task_ids=tuple(closed),
        guards=tuple(row.guards),
        approval=approval,
        surviving=told.surviving,
        subsumed=told.subsumed,
        moved=told.moved,
        systems=told.systems,
        parted=told.parted,
        best_record=told.best_record,
    )


def _approval(
    context: Context, conn: Connection, row: TaskRow, answer: Resolution, actor: Actor
) -> str | None:
    proposal = approvals.waiting(conn, row)
    if proposal is None:
        return "needed" if approvals.needs_approval(context, row, answer) else None
    if answer is not Resolution.SAME_PERSON:
        return "refused"
    return "own" if proposal["proposed_by"] == actor.name else "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    surviving: str | None = None
    subsumed: str | None = None
    moved: tuple[RecordRef, ...] = ()
    systems: tuple[str, ...] = ()
    parted: RecordRef | None = None
    best_record: FlatRecord | None = None


def _told(context: Context, conn: Connection, change: Change) -> _Told:
    if change.merges:
        made = change.merges[-1]
        members = [*stored.members(conn, made.surviving), *stored.members(conn, made.subsumed)]
        return _Told(
            surviving=display(made.surviving),
            subsumed=display(made.subsumed),
            moved=_refs(conn, made.moved_record_ids),
            systems=tuple(sorted({m.source for m in members if not m.retired})),
            best_record=best_of(context, members),
        )
    if change.links:
        record = change.links[0].record_id
        return _Told(parted=_refs(conn, [record])[0])
    return _Told()


def _refs(conn: Connection, record_ids: tuple[int, ...] | list[int]) -> tuple[RecordRef, ...]:
    rows = stored.record_refs(conn, record_ids).values()
    return tuple(RecordRef(source=r.source, local_id=r.local_id, version=r.version) for r in rows)


def preview_unmerge(context: Context, merge_id: int, *, actor: Actor) -> UnmergePreview:
    """What undoing a merge would do. Raises NotFound, AlreadyUndone."""
    with context.transaction() as conn:
        state = load_neighbourhood(conn, merge_ids=[merge_id])
        back = merging.returning(state, merge_id)
        undone = state.merges[merge_id].merge
        returned, left = _refs(conn, list(back.returned)), _refs(conn, list(back.left))
        members = stored.members(conn, stored.surviving_row(conn, undone.surviving).enterprise_id)
        context.audit_read(conn, actor, "preview unmerge", [undone.surviving, undone.subsumed])
    return UnmergePreview(
        merge_id=merge_id,
        surviving=display(undone.surviving),
        restored=display(undone.subsumed),
        returned=returned,
        left=left,
        systems=tuple(sorted({m.source for m in members if not m.retired})),
    )
