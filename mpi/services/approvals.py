"""The second person: a merge that one proposes and another approves, where the index asks for it."""

from __future__ import annotations

from typing import Any, Final

from mpi.errors import ApprovalNeeded, SelfApproval
from mpi.identity.change import Resolution
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage.changes import write_audit
from mpi.storage.database import Connection
from mpi.storage.queries import query
from mpi.storage.tasks import TaskRow

AWAITING: Final = "awaiting_approval"
#: Roles of people. What a source system merges among its own records is its own responsibility.
_PEOPLE: Final = frozenset({"reviewer", "steward", "steward+admin"})


def needs_approval(context: Context, row: TaskRow, resolution: Resolution) -> bool:
    """Whether this answer is a merge of so much harm that one person must not make it alone."""
    return (
        context.approval_harm is not None
        and resolution is Resolution.SAME_PERSON
        and row.identity_b is not None
        and row.priority >= context.approval_harm
    )


def waits(
    context: Context, conn: Connection, row: TaskRow, resolution: Resolution, reason: str, actor: Actor
) -> bool:
    """Whether the answer waits for a second person; what waited before it is settled by it.

    *Same person* by somebody else approves a proposal; any other answer refuses it, or withdraws one's own.
    Raises SelfApproval.
    """
    proposal = waiting(conn, row)
    if proposal is None:
        if not needs_approval(context, row, resolution):
            return False
        propose(context, conn, row, reason, actor)
        return True
    is_own = proposal["proposed_by"] == actor.name
    if resolution is Resolution.SAME_PERSON:
        if is_own:
            raise SelfApproval
        _decide(conn, row.task_id, "approved", actor)
    else:
        _decide(conn, row.task_id, "withdrawn" if is_own else "refused", actor)
    return False


def propose(context: Context, conn: Connection, row: TaskRow, reason: str, actor: Actor) -> None:
    """Have the merge wait for a second person; the claim ends."""
    conn.execute(query("propose_merge"), {"task_id": row.task_id, "reason": reason, "actor": actor.name})
    identities = [id for id in (row.identity_a, row.identity_b) if id]
    signed = context.signed(actor, "propose merge", reason=reason)
    write_audit(conn, signed, enterprise_ids=identities, query_fields=[], result_count=0)


def withdraw(context: Context, conn: Connection, row: TaskRow, reason: str, actor: Actor) -> bool:
    """Take a proposal back, so that its question is open again; False when none waits."""
    proposal = waiting(conn, row)
    if proposal is None:
        return False
    is_own = proposal["proposed_by"] == actor.name
    _decide(conn, row.task_id, "withdrawn" if is_own else "refused", actor)
    conn.execute(query("reopen_proposed_task"), {"task_id": row.task_id})
    signed = context.signed(actor, "withdraw proposal" if is_own else "refuse proposal", reason=reason)
    identities = [id for id in (row.identity_a, row.identity_b) if id]
    write_audit(conn, signed, enterprise_ids=identities, query_fields=[], result_count=0)
    return True


def waiting(conn: Connection, row: TaskRow) -> dict[str, Any] | None:
    """The proposal that waits about a task: ``{reason, proposed_by, proposed_at}``."""
    if row.state != AWAITING:
        return None
    found = conn.execute(query("waiting_proposal"), {"task_id": row.task_id}).fetchone()
    return None if found is None else dict(zip(("reason", "proposed_by", "proposed_at"), found, strict=True))


def refuse_alone(context: Context, actor: Actor) -> None:
    """A merge that no task asks about, where merges need a second person. Raises ApprovalNeeded."""
    if context.approval_harm is not None and actor.role in _PEOPLE:
        raise ApprovalNeeded


def _decide(conn: Connection, task_id: int, outcome: str, actor: Actor) -> None:
    conn.execute(query("decide_proposal"), {"task_id": task_id, "outcome": outcome, "actor": actor.name})
