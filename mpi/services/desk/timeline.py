"""Everything that happened to a person, also under the enterprise IDs that were merged into theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mpi.identity.change import EventType
from mpi.identity.enterprise_id import parse_enterprise_id
from mpi.identity.how import story
from mpi.services.answers import Actor, EventAnswer
from mpi.services.context import Context
from mpi.services.publishing import event_answers
from mpi.storage import identities as stored
from mpi.storage.identities import EventRow
from mpi.storage.queries import query

#: Steps that are told, the latest; a person with more says so.
STEPS_MAX: Final = 300
#: What the machine does of itself when a record comes in.
_BY_RULES: Final = frozenset(
    {
        EventType.ENTERPRISE_ID_ASSIGNED,
        EventType.RECORD_LINKED,
        EventType.UPDATE_QUARANTINED,
        EventType.TASK_QUEUED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event as a sentence, with who did it, why, and by which rules (name and hash).

    ``undoable_merge_id``: a merge that is in force and can be undone from here.
    """

    at: datetime
    type: str
    text: str
    actor: str
    is_machine: bool
    reason: str | None
    rules: str | None
    task_id: int | None
    undoable_merge_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The steps, oldest first; ``is_cut``: there were earlier ones."""

    steps: tuple[Step, ...]
    is_cut: bool


def timeline(context: Context, enterprise_id: str, *, actor: Actor) -> Timeline:
    """The story of the identity that this ID leads to. Raises NotFound, InvalidEnterpriseId."""
    wanted = parse_enterprise_id(enterprise_id)
    with context.transaction() as conn:
        identity = stored.surviving_row(conn, wanted).enterprise_id
        parameters = {"enterprise_id": identity, "limit": STEPS_MAX + 1}
        rows = conn.execute(query("timeline"), parameters).fetchall()
        kept = rows[-STEPS_MAX:]
        events = event_answers(conn, [EventRow(*row[:11]) for row in kept])
        context.audit_read(conn, actor, "read timeline", [identity])
    steps = [
        Step(
            at=event.at,
            type=event.type,
            text=told["text"],
            actor=event.data["actor"],
            is_machine=_is_machine(event),
            reason=reason,
            rules=rules if _is_machine(event) else None,
            task_id=event.data.get("task_id"),
            undoable_merge_id=event.data.get("merge_id") if can_undo else None,
        )
        for event, told, (reason, can_undo, rules) in zip(
            events, story(identity, events), (row[11:] for row in kept), strict=True
        )
    ]
    return Timeline(steps=tuple(steps), is_cut=len(rows) > STEPS_MAX)


def _is_machine(event: EventAnswer) -> bool:
    """Whether the rules decided; what the actor did then was only to send the record."""
    decided_by = event.data.get("decided_by")
    return decided_by == "machine" if decided_by else event.type in _BY_RULES
