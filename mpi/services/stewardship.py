"""What a person decides about whole identities and about one record: merge, unmerge, unlink, retire."""

from __future__ import annotations

from collections.abc import Collection

from mpi.errors import BadInput
from mpi.identity import merging
from mpi.identity.change import Change
from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.identity.neighbourhood import Neighbourhood
from mpi.services.answers import Actor, MergeAnswer, RecordRef, UnlinkAnswer, UnmergeAnswer
from mpi.services.approvals import refuse_alone
from mpi.services.context import Context
from mpi.services.lookup import best_of
from mpi.services.settling import until_settled
from mpi.storage import identities as stored
from mpi.storage.changes import apply_change
from mpi.storage.database import LOCK_STEWARDSHIP, Connection
from mpi.storage.neighbourhood import load_neighbourhood
from mpi.storage.queries import query

#: The longest reason kept.
REASON_MAX = 2_000


def hold_neighbourhood(
    conn: Connection,
    enterprise_ids: Collection[str] = (),
    merge_ids: Collection[int] = (),
    task_ids: Collection[int] = (),
) -> Neighbourhood:
    """The slice of state a decision rests on, its identities locked until commit so that it stays true."""
    conn.execute(query("lock_stewardship"), {"lock": LOCK_STEWARDSHIP})
    seen = load_neighbourhood(conn, enterprise_ids, merge_ids, task_ids)
    conn.execute(query("hold_tree"), {"enterprise_ids": sorted(seen.complete)})
    return load_neighbourhood(conn, enterprise_ids, merge_ids, task_ids)


def needed_reason(reason: str) -> str:
    """The reason, trimmed. Raises BadInput for none or for a book."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX or "\x00" in reason:
        raise BadInput(f"a reason is needed, of at most {REASON_MAX} characters", field="reason")
    return reason


def merge(
    context: Context,
    surviving: str,
    subsumed: str,
    reason: str,
    *,
    actor: Actor,
    preview: bool = False,
    override: bool = False,
) -> MergeAnswer:
    """Make two identities one: ``subsumed`` redirects to ``surviving``. A preview writes nothing but its
    audit row.

    Raises SameIdentity, AssertedDifferent (unless overridden), ApprovalNeeded, Conflict, NotFound,
    InvalidEnterpriseId.
    """
    if not preview:
        refuse_alone(context, actor)
    reason = needed_reason(reason) if not preview else reason.strip() or "preview"
    first, second = parse_enterprise_id(surviving), parse_enterprise_id(subsumed)

    def attempt(conn: Connection) -> MergeAnswer:
        state = hold_neighbourhood(conn, [first, second])
        change = merging.merge(state, first, second, mint=context.mint, reason=reason, override=override)
        answer = _merge_answer(context, conn, state, change, preview)
        if preview:
            context.audit_read(conn, actor, "preview merge", [first, second])
            return answer
        apply_change(conn, change, context.signed(actor, "merge", reason=reason))
        return answer

    return until_settled(context, attempt)


def _merge_answer(
    context: Context, conn: Connection, state: Neighbourhood, change: Change, preview: bool
) -> MergeAnswer:
    [made] = change.merges
    members = [*stored.members(conn, made.surviving), *stored.members(conn, made.subsumed)]
    refs = stored.record_refs(conn, made.moved_record_ids)
    return MergeAnswer(
        merge_id=None if preview else made.merge_id,
        surviving=display(made.surviving),
        subsumed=display(made.subsumed),
        records_moved=tuple(_ref(row) for row in refs.values()),
        systems_to_notify=tuple(sorted({member.source for member in members if not member.retired})),
        best_record=best_of(context, members),
        preview=preview,
    )


def _ref(row: stored.RefRow) -> RecordRef:
    return RecordRef(source=row.source, local_id=row.local_id, version=row.version)


def unmerge(context: Context, merge_id: int, reason: str, *, actor: Actor) -> UnmergeAnswer:
    """Undo a merge, at any later time; the two are stated to be different. Raises NotFound, AlreadyUndone."""
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> UnmergeAnswer:
        state = hold_neighbourhood(conn, merge_ids=[merge_id])
        change = merging.unmerge(state, merge_id, mint=context.mint, reason=reason)
        back = merging.returning(state, merge_id)
        undone = state.merges[merge_id].merge
        restored = next((i for i in change.identities if i.enterprise_id == undone.subsumed), None)
        apply_change(conn, change, context.signed(actor, "unmerge", reason=reason))
        refs = stored.record_refs(conn, [*back.returned, *back.left])
        return UnmergeAnswer(
            merge_id=merge_id,
            surviving=display(undone.surviving),
            restored=display(undone.subsumed),
            restored_status=str(restored.status) if restored else "active",
            records_returned=tuple(_ref(refs[r]) for r in back.returned),
            records_left=tuple(_ref(refs[r]) for r in back.left),
        )

    return until_settled(context, attempt)


def unlink(context: Context, source: str, local_id: str, reason: str, *, actor: Actor) -> UnlinkAnswer:
    """Give a record an identity of its own, stated to be different from those it leaves.

    Raises NotFound, Conflict.
    """
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> UnlinkAnswer:
        row = stored.stored_record(conn, source, local_id)
        state = hold_neighbourhood(conn, [row.enterprise_id])
        change = merging.unlink(state, row.record_id, mint=context.mint, reason=reason)
        apply_change(conn, change, context.signed(actor, "unlink", reason=reason))
        return UnlinkAnswer(
            source=source,
            local_id=local_id,
            enterprise_id=display(change.links[0].to_id),
            previous_enterprise_id=display(row.enterprise_id),
            assertion_id=change.assertions[0].assertion_id,
        )

    return until_settled(context, attempt)


def retire(context: Context, source: str, local_id: str, reason: str, *, actor: Actor) -> None:
    """Take a record out of the candidates. Raises NotFound; Conflict when it is retired already."""
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> None:
        row = stored.stored_record(conn, source, local_id)
        state = hold_neighbourhood(conn, [row.enterprise_id])
        change = merging.retire(state, row.record_id)
        conn.execute(query("retire_record"), {"record_id": row.record_id})
        apply_change(conn, change, context.signed(actor, "retire", reason=reason))

    until_settled(context, attempt)
