"""What a reviewer's answer to a task does to identities, and how it is taken back."""

from __future__ import annotations

from typing import assert_never

from mpi.errors import AlreadyUndone, Conflict, NotFound
from mpi.identity.change import (
    Cause,
    Change,
    DecidedBy,
    Event,
    EventType,
    IdentityStatus,
    Merge,
    Resolution,
    Task,
    TaskKind,
    Verdict,
)
from mpi.identity.draft import Draft
from mpi.identity.merging import (
    join,
    ordered_pairs,
    part_merge,
    part_records,
    release_different,
    state_assertion,
)
from mpi.identity.minting import Mint
from mpi.identity.neighbourhood import Neighbourhood, RecordPair, TaskState, older
from mpi.identity.task_settling import reopen, settle_tasks


def resolve_task(
    state: Neighbourhood,
    task_id: int,
    resolution: Resolution,
    *,
    mint: Mint,
    reason: str,
    surviving: str | None = None,
) -> Change:
    """Close a task with a person's answer and do what the answer says.

    Of two identities, *same person* merges them (the older survives unless ``surviving`` says otherwise) and
    *different people* holds every pair of their records apart. Of a link in doubt, *same person* binds the
    record to the others of its identity and *different people* unlinks it. *Overlay* and *cannot tell* only
    close the task; what becomes of a held update is not a matter of identity.

    Raises NotFound; Conflict when it is resolved already; AssertedDifferent.
    """
    task_state = _task(state, task_id)
    if task_state.state == "resolved":
        raise Conflict(f"task {task_id} is resolved already")
    draft = Draft(state, task_id=task_id)
    match resolution:
        case Resolution.SAME_PERSON:
            _same_person(draft, task_state.task, mint, reason, surviving)
        case Resolution.DIFFERENT_PEOPLE:
            _different_people(draft, task_state.task, mint, reason)
        case Resolution.OVERLAY | Resolution.CANNOT_TELL:
            pass
        case _:
            assert_never(resolution)
    draft.close_task(task_state, resolution, "answered")
    settle_tasks(draft)
    return draft.finish()


def undo_resolution(state: Neighbourhood, task_id: int, *, mint: Mint, reason: str) -> Change:
    """Take an answer back: its merge is undone without a statement, its assertions go, its unlink is
    reversed.

    The task is open again unless its question no longer stands (its identities were merged, retired or held
    apart otherwise since, or another task asks).

    Raises NotFound; Conflict when the task is not resolved, or was closed by something other than an answer
    to it; AlreadyUndone when the merge that answered it was undone by itself since.
    """
    task_state = _task(state, task_id)
    if task_state.state != "resolved":
        raise Conflict(f"task {task_id} is not resolved")
    if task_state.resolution is None:
        raise Conflict(f"task {task_id} was not answered: there was nothing left to ask")
    merges = {m: s for m, s in state.merges.items() if s.merge.task_id == task_id}
    if task_state.closed_by_merge_id is not None and task_state.closed_by_merge_id not in merges:
        raise Conflict(f"task {task_id} was closed by merge {task_state.closed_by_merge_id}: undo that")
    live = [m for m, s in merges.items() if not s.undone]
    if merges and not live and task_state.resolution is Resolution.SAME_PERSON:
        raise AlreadyUndone(f"the merge that answered task {task_id} was undone before")
    draft = Draft(state, undone_task_id=task_id)
    for merge_id in live:
        part_merge(draft, merge_id)
    for assertion in state.assertions.values():
        if assertion.task_id == task_id and draft.in_force[assertion.assertion_id]:
            draft.withdraw(assertion.assertion_id, draft.in_force[assertion.assertion_id])
    _relink(draft, task_id, mint, reason)
    reopen(draft, task_state)
    settle_tasks(draft)
    return draft.finish()


def _task(state: Neighbourhood, task_id: int) -> TaskState:
    if task_id not in state.tasks:
        raise NotFound(f"no task {task_id}", field="task_id")
    return state.tasks[task_id]


def _same_person(draft: Draft, task: Task, mint: Mint, reason: str, surviving: str | None) -> None:
    state = draft.state
    if task.identity_b is not None:
        first, second = older(state.active(task.identity_a), state.active(task.identity_b))
        if surviving is not None and surviving not in (first.enterprise_id, second.enterprise_id):
            raise Conflict("the survivor has to be one of the task's identities", field="surviving")
        if surviving == second.enterprise_id:
            first, second = second, first
        join(draft, first.enterprise_id, second.enterprise_id, mint=mint, reason=reason)
    elif task.kind is TaskKind.LINK_IN_DOUBT:
        record = task.record_ids[0]
        others = [r for r in draft.members(state.link(record).enterprise_id) if r != record]
        if others:
            state_assertion(draft, Verdict.SAME, ordered_pairs([record], others), mint=mint, reason=reason)


def _different_people(draft: Draft, task: Task, mint: Mint, reason: str) -> None:
    if task.identity_b is not None:
        pairs = ordered_pairs(draft.members(task.identity_a), draft.members(task.identity_b))
        state_assertion(draft, Verdict.DIFFERENT, pairs, mint=mint, reason=reason)
    elif task.kind is TaskKind.LINK_IN_DOUBT:
        part_records(draft, task.record_ids[:1], mint=mint, reason=reason)


def _relink(draft: Draft, task_id: int, mint: Mint, reason: str) -> None:
    """Reverse the unlink that answered the task, if the record is still where that put it."""
    state = draft.state
    last = {
        move.record_id: place
        for place, move in enumerate(state.moves)
        if move.record_id is not None and move.data.get("cause") not in (Cause.RETIRED, Cause.RETURNED)
    }
    for record, place in last.items():
        move = state.moves[place]
        if record is None or move.task_id != task_id or move.type is not EventType.RECORD_UNLINKED:
            continue
        assert move.other_enterprise_id is not None
        alone, back = move.enterprise_id, draft.root(move.other_enterprise_id)
        if back == alone:
            # What it had been taken out of was merged into its new identity since: it is back already.
            continue
        _bring_back(draft, record, alone, back, mint, reason)
        withdrawn = [pair for event in state.moves[place:] for pair in _same_withdrawn(event, task_id)]
        stated = sorted({p for p in withdrawn if draft.home.get(p[0]) == draft.home.get(p[1]) == back})
        if stated:
            state_assertion(draft, Verdict.SAME, tuple(stated), mint=mint, reason=reason)


def _bring_back(draft: Draft, record: int, alone: str, back: str, mint: Mint, reason: str) -> None:
    """The record goes back; the identity issued for it redirects, unless somebody else joined it since."""
    others = draft.members(back)
    release_different(draft, ordered_pairs([record], others), override=False)
    if draft.members(alone) != (record,) or draft.status(back) is not IdentityStatus.ACTIVE:
        draft.move(record, back, Cause.UNDO, DecidedBy.PERSON)
        return
    draft.merge(
        Merge(
            merge_id=mint.number(),
            surviving=back,
            subsumed=alone,
            decided_by=DecidedBy.PERSON,
            reason=reason,
            moved_record_ids=(record,),
            kept_record_ids=others,
        )
    )


def _same_withdrawn(event: Event, task_id: int) -> list[RecordPair]:
    """The pairs of *same* that an answer to the task withdrew by this event."""
    if event.type is not EventType.ASSERTION_WITHDRAWN or event.task_id != task_id:
        return []
    return [(a, b) for a, b in event.data["pairs"]] if event.data["verdict"] == Verdict.SAME else []
