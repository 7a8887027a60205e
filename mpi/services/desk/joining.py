"""Merging two people whom somebody found, though no task asks about them."""

from __future__ import annotations

from dataclasses import dataclass

from mpi.errors import Conflict
from mpi.identity.change import Change, Event, EventType, Task, TaskKind
from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.identity.harm import expected_harm
from mpi.identity.neighbourhood import Neighbourhood, older, pair_of
from mpi.services import approvals, stewardship
from mpi.services.answers import Actor, MergeAnswer
from mpi.services.context import Context
from mpi.services.desk.cases import PairView, pair_view
from mpi.services.settling import until_settled
from mpi.services.stewardship import hold_neighbourhood, needed_reason
from mpi.storage import identities as stored
from mpi.storage import tasks as storage
from mpi.storage.changes import apply_change
from mpi.storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Two identities beside each other, and what their merge would do; ``is_proposal``: somebody else has to
    approve it.
    """

    pair: PairView
    merge: MergeAnswer
    is_proposal: bool


def preview_joining(context: Context, first: str, second: str, *, actor: Actor) -> Joining:
    """The older identity survives. Raises NotFound, SameIdentity, Conflict, InvalidEnterpriseId."""
    one, other = parse_enterprise_id(first), parse_enterprise_id(second)
    with context.transaction() as conn:
        rows = [stored.surviving_row(conn, id) for id in (one, other)]
    surviving, subsumed = sorted(rows, key=lambda row: (row.issued_at, row.enterprise_id))
    merge = stewardship.merge(
        context,
        display(surviving.enterprise_id),
        display(subsumed.enterprise_id),
        "",
        actor=actor,
        preview=True,
    )
    return Joining(
        pair=pair_view(context, surviving.enterprise_id, subsumed.enterprise_id, actor=actor),
        merge=merge,
        is_proposal=context.approval_harm is not None,
    )


def join(context: Context, surviving: str, subsumed: str, reason: str, *, actor: Actor) -> str | None:
    """Merge the two; where merges need a second person, queue a task with the merge as its proposal and
    answer None.

    Raises SameIdentity, AssertedDifferent, Conflict, NotFound, InvalidEnterpriseId, BadInput.
    """
    if context.approval_harm is None:
        return stewardship.merge(context, surviving, subsumed, reason, actor=actor).surviving
    reason = needed_reason(reason)
    first, second = parse_enterprise_id(surviving), parse_enterprise_id(subsumed)
    stewardship.merge(context, surviving, subsumed, reason, actor=actor, preview=True)
    pair = pair_view(context, first, second, actor=actor)

    def attempt(conn: Connection) -> None:
        state = hold_neighbourhood(conn, [first, second])
        task_id = _open_task(state, first, second)
        if task_id is None:
            task = _question(context, state, first, second, pair)
            event = Event(
                type=EventType.TASK_QUEUED,
                enterprise_id=task.identity_a,
                other_enterprise_id=task.identity_b,
                task_id=task.task_id,
                data={"kind": task.kind.value},
            )
            change = Change(tasks=(task,), events=(event,))
            apply_change(conn, change, context.signed(actor, "queue merge", reason=reason))
            task_id = task.task_id
        row = storage.task_row(conn, task_id)
        if row.state == approvals.AWAITING:
            raise Conflict(f"this merge is proposed already: task {task_id}")
        approvals.propose(context, conn, row, reason, actor)

    until_settled(context, attempt)
    return None


def _open_task(state: Neighbourhood, first: str, second: str) -> int | None:
    """The task that asks about the two already."""
    wanted = pair_of(first, second)
    return next(
        (
            task_id
            for task_id, one in state.tasks.items()
            if one.state != "resolved" and (one.task.identity_a, one.task.identity_b) == wanted
        ),
        None,
    )


def _question(context: Context, state: Neighbourhood, first: str, second: str, pair: PairView) -> Task:
    """A task about the two, of so much harm that it needs a second person."""
    older(state.active(first), state.active(second))
    identity_a, identity_b = pair_of(first, second)
    sources = [{record["source"] for record in side.records} for side in pair.sides]
    same_source = bool(sources[0] & sources[-1])
    why = pair.why or {"weight": 0.0, "probability": 0.0, "guards": []}
    guards = tuple(hit["guard"] for hit in why["guards"])
    kind = TaskKind.POTENTIAL_DUPLICATE if same_source else TaskKind.POTENTIAL_OVERLAP
    record_count = sum(len(side.records) for side in pair.sides)
    harm = expected_harm(kind, why["probability"], guards=guards, record_count=record_count)
    records = {link.enterprise_id: record for record, link in sorted(state.links.items(), reverse=True)}
    return Task(
        task_id=context.mint.number(),
        kind=kind,
        identity_a=identity_a,
        identity_b=identity_b,
        record_ids=(records[identity_a], records[identity_b]),
        weight=why["weight"],
        probability=why["probability"],
        guards=guards,
        priority=max(harm, context.approval_harm or 0),
    )
