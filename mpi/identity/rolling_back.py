"""Taking a relink back: who it moved returns, what it merged is parted, and what it asked is closed.

What people decided since holds: a record that a person moved, or that a person's statement binds to where it
is or keeps from where it was, stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mpi.identity.change import (
    Cause,
    Change,
    DecidedBy,
    IdentityStatus,
    Merge,
    Verdict,
)
from mpi.identity.draft import Draft
from mpi.identity.minting import Mint
from mpi.identity.neighbourhood import Neighbourhood
from mpi.identity.task_settling import settle_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a relink did, as the ledger tells it."""

    batch_id: int
    #: Record → (the identity it was in, who had decided that), of every record that it moved.
    before: Mapping[int, tuple[str, DecidedBy]]
    merge_ids: Collection[int] = ()
    #: Identities that it issued.
    issued: Collection[str] = ()
    #: Tasks that it queued, and that it closed.
    queued: Collection[int] = ()
    closed: Collection[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """The change, the records that returned and those that stay where they are."""

    change: Change
    returned: tuple[int, ...]
    left: tuple[int, ...]


def roll_back(state: Neighbourhood, batch: Batch, *, mint: Mint, reason: str) -> RolledBack:
    """Undo ``batch`` as a whole. ``state`` is around every identity that it touched, and its tasks."""
    draft = Draft(state, batch_id=batch.batch_id)
    going = _going(state, batch)
    for merge_id in batch.merge_ids:
        merged = state.merges[merge_id]
        returned = [r for r in merged.merge.moved_record_ids if r in going]
        if not merged.undone and (returned or not merged.merge.moved_record_ids):
            left = [r for r in merged.merge.moved_record_ids if r not in going]
            draft.undo(merged.merge, returned, left)
    for record in sorted(going):
        home, decided_by = batch.before[record]
        if draft.home[record] != draft.root(home):
            draft.move(record, draft.root(home), Cause.ROLLBACK, decided_by)
    for enterprise_id in batch.issued:
        _retract(draft, batch, enterprise_id, mint, reason)
    for task_id in batch.queued:
        if task_id in state.tasks and state.tasks[task_id].state != "resolved":
            draft.close_task(state.tasks[task_id], None, "rolled back")
    settle_tasks(draft, undone_task_ids=batch.closed)
    return RolledBack(
        change=draft.finish(),
        returned=tuple(sorted(going)),
        left=tuple(sorted(r for r in batch.before if r not in going and r in state.links)),
    )


def _going(state: Neighbourhood, batch: Batch) -> set[int]:
    """The records that return: nobody but merges moved them since, and nobody's statement stands against
    it.
    """
    still_there = _unmoved_since(state, batch)
    goal = {
        record: home
        for record, (home, _) in batch.before.items()
        if record in still_there and _is_open(state, batch, home)
    }
    where = {record: goal.get(record, link.enterprise_id) for record, link in state.links.items()}
    statements = [
        (assertion.verdict, left, right)
        for _, assertion in sorted(state.assertions.items())
        for left, right in assertion.pairs
        if left in where and right in where
    ]
    unsettled = True
    while unsettled:
        unsettled = False
        for verdict, left, right in statements:
            if (where[left] == where[right]) is (verdict is Verdict.SAME):
                continue
            for record in (left, right):
                if record in goal:
                    del goal[record]
                    where[record] = state.links[record].enterprise_id
                    unsettled = True
    return set(goal)


def _is_open(state: Neighbourhood, batch: Batch, home: str) -> bool:
    """Whether records can return there: it is active, or empty or redirecting since the batch made it so."""
    identity = state.identities.get(home)
    return identity is not None and identity.status is not IdentityStatus.ERASED


def _unmoved_since(state: Neighbourhood, batch: Batch) -> set[int]:
    """The records of the batch that only merges and relinks that were taken back moved since."""
    since: dict[int, set[object] | None] = {}
    for move in state.moves:
        record, cause = move.record_id, move.data.get("cause")
        if record is None or record not in batch.before or cause in (Cause.RETIRED, Cause.RETURNED):
            continue
        if move.data.get("batch_id") == batch.batch_id and cause in (Cause.RELINK, Cause.MERGE):
            since[record] = set()
        elif (open_moves := since.get(record)) is None:
            continue
        elif cause == Cause.RELINK:
            open_moves.add(("batch", move.data["batch_id"]))
        elif cause == Cause.ROLLBACK and ("batch", move.data["batch_id"]) in open_moves:
            open_moves.discard(("batch", move.data["batch_id"]))
        elif cause not in (Cause.MERGE, Cause.UNMERGE) or move.merge_id in batch.merge_ids:
            since[record] = None
    return {record for record, open_moves in since.items() if open_moves is not None and not open_moves}


def _retract(draft: Draft, batch: Batch, enterprise_id: str, mint: Mint, reason: str) -> None:
    """An identity that the batch issued and that is empty again leads to where its records came from."""
    identity = draft.state.identities.get(enterprise_id)
    if identity is None or identity.status is not IdentityStatus.ACTIVE or draft.members(enterprise_id):
        return
    moved = {
        move.record_id
        for move in draft.state.moves
        if move.data.get("batch_id") == batch.batch_id and move.enterprise_id == enterprise_id
    }
    homes = {draft.root(home) for record, (home, _) in batch.before.items() if record in moved}
    active = sorted(home for home in homes if draft.status(home) is IdentityStatus.ACTIVE)
    if len(active) == 1:
        draft.merge(
            Merge(
                merge_id=mint.number(),
                surviving=active[0],
                subsumed=enterprise_id,
                decided_by=DecidedBy.MACHINE,
                reason=reason,
                moved_record_ids=(),
                kept_record_ids=draft.members(active[0]),
            )
        )
    elif active:
        draft.dissolve(enterprise_id, tuple(active))
