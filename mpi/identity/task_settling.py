"""What becomes of open tasks when identities change: a task follows the two records that raised it.

After a merge it asks about the survivor; a question that the change answers, or that another task asks
already, is closed; and when that merge is undone, what it closed is asked again if it is still a question.
"""

from __future__ import annotations

from collections.abc import Collection

from mpi.identity.change import IdentityStatus, Resolution, TaskChange, TaskKind, Verdict
from mpi.identity.draft import Draft
from mpi.identity.neighbourhood import Pair, TaskState, pair_of


def settle_tasks(draft: Draft, *, undone_task_ids: Collection[int] = ()) -> None:
    """Re-point, close and reopen the tasks of the draft's neighbourhood that were not answered in it.

    ``undone_task_ids``: tasks whose closing is taken back; asked again if they are still a question.
    """
    apart = _pairs_apart(draft)
    unanswered = [
        state
        for task_id, state in sorted(draft.state.tasks.items())
        if state.state != "resolved" and task_id not in draft.tasks
    ]
    asked = {
        pair_of(c.identity_a, c.identity_b)
        for c in draft.tasks.values()
        if c.state == "open" and c.identity_b
    }
    # Tasks that stay where they are come first: of two about one pair, the one that need not move is kept.
    for state in sorted(unanswered, key=lambda state: _points_to(draft, state) != _pointed_to(state)):
        if state.task.identity_b is None:
            _settle_single(draft, state)
        else:
            _settle_pair(draft, state, apart, asked)
    for task_id, state in sorted(draft.state.tasks.items()):
        if (
            state.state == "resolved"
            and task_id not in draft.tasks
            and (task_id in undone_task_ids or _closed_by_what_is_undone(draft, state))
        ):
            ask_again(draft, state, apart, asked)


def ask_again(draft: Draft, state: TaskState, apart: set[Pair], asked: set[Pair]) -> bool:
    """Reopen a closed task if its records still raise the question; whether it was reopened."""
    homes = [draft.home[record] for record in state.task.record_ids if record in draft.home]
    if not homes or any(draft.status(home) is not IdentityStatus.ACTIVE for home in homes):
        return False
    if state.task.identity_b is None:
        if _moot(draft, state, homes[0]):
            return False
        draft.open_task(state, homes[0], None)
        return True
    pair = pair_of(homes[0], homes[-1])
    if pair[0] == pair[1] or pair in apart or pair in asked:
        return False
    asked.add(pair)
    draft.open_task(state, *pair)
    return True


def reopen(draft: Draft, state: TaskState) -> bool:
    """Ask a resolved task again, unless the question is settled or asked by another task."""
    asked = {
        pair
        for other in draft.state.tasks.values()
        if other.state != "resolved" and (pair := _points_to(draft, other))[1] is not None
    }
    return ask_again(draft, state, _pairs_apart(draft), {pair_of(a, b) for a, b in asked if b is not None})


def _settle_single(draft: Draft, state: TaskState) -> None:
    """A task about one record."""
    identity, _ = _points_to(draft, state)
    if draft.status(identity) is not IdentityStatus.ACTIVE:
        draft.close_task(state, None, "retired")
    elif _moot(draft, state, identity):
        draft.close_task(state, None, "parted or retired")
    elif identity != state.task.identity_a:
        _repoint(draft, state, identity, None)


def _moot(draft: Draft, state: TaskState, identity: str) -> bool:
    """Nobody doubts the link of a retired record, or of one that is alone."""
    alone = identity in draft.complete and len(draft.members(identity)) <= 1
    retired = draft.retired.issuperset(state.task.record_ids)
    return state.task.kind is TaskKind.LINK_IN_DOUBT and (alone or retired)


def _settle_pair(draft: Draft, state: TaskState, apart: set[Pair], asked: set[Pair]) -> None:
    left, right = _points_to(draft, state)
    assert right is not None
    pair = pair_of(left, right)
    if left == right:
        draft.close_task(state, Resolution.SAME_PERSON, "merged")
    elif any(draft.status(identity) is not IdentityStatus.ACTIVE for identity in pair):
        draft.close_task(state, None, "retired")
    elif pair in apart:
        draft.close_task(state, Resolution.DIFFERENT_PEOPLE, "asserted")
    elif pair in asked:
        draft.close_task(state, None, "asked by another task")
    else:
        asked.add(pair)
        if pair != _pointed_to(state):
            _repoint(draft, state, *pair)


def _closed_by_what_is_undone(draft: Draft, state: TaskState) -> bool:
    by_task = state.closed_by_task_id is not None and state.closed_by_task_id == draft.undone_task_id
    return by_task or state.closed_by_merge_id in draft.undone_merge_ids


def _repoint(draft: Draft, state: TaskState, identity_a: str, identity_b: str | None) -> None:
    draft.tasks[state.task.task_id] = TaskChange(
        task_id=state.task.task_id, identity_a=identity_a, identity_b=identity_b, state=state.state
    )


def _pointed_to(state: TaskState) -> tuple[str, str | None]:
    return state.task.identity_a, state.task.identity_b


def _points_to(draft: Draft, state: TaskState) -> tuple[str, str | None]:
    """The identities an open task is about: where its records are, else where its identities redirect."""

    def side(identity: str) -> str:
        for record in state.task.record_ids:
            link = draft.state.links.get(record)
            if link is not None and link.enterprise_id == identity:
                return draft.home[record]
        return draft.root(identity)

    left = side(state.task.identity_a)
    if state.task.identity_b is None:
        return left, None
    right = side(state.task.identity_b)
    return (left, right) if left <= right else (right, left)


def _pairs_apart(draft: Draft) -> set[Pair]:
    """Pairs of identities with records that a person holds apart."""
    return {
        pair_of(draft.home[left], draft.home[right])
        for _, (left, right) in draft.pairs(Verdict.DIFFERENT)
        if left in draft.home and right in draft.home
    }
