"""A person's *same* and *different*: stated about records, enforced through chains, over every machine
decision.

*Same* joins at once, *different* parts or holds apart. A statement that contradicts an older one is refused,
naming it, unless it overrides; then the pairs that stand against it are withdrawn, and only those.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from mpi.errors import AlreadyUndone, Conflict, NotFound
from mpi.identity.change import Cause, Change, DecidedBy, Verdict
from mpi.identity.draft import Draft
from mpi.identity.merging import (
    join,
    ordered_pairs,
    part_merge,
    returning,
    state_assertion,
)
from mpi.identity.minting import Mint
from mpi.identity.neighbourhood import Neighbourhood, RecordPair, older
from mpi.identity.task_settling import settle_tasks


def assert_same(
    state: Neighbourhood,
    a: Sequence[int],
    b: Sequence[int],
    *,
    mint: Mint,
    reason: str,
    override: bool = False,
    task_id: int | None = None,
) -> Change:
    """The records ``a`` and ``b``, each of one identity, are one person: their identities are merged, the
    older survives.

    Raises:
        AssertedDifferent: somebody stated otherwise about records of the two identities, and it is not
        overridden. Conflict: the two overlap, or a side has records of several identities.
    """
    left, right = _sides(state, a, b)
    draft = Draft(state, task_id=task_id)
    pairs = ordered_pairs(a, b)
    if left == right:
        state_assertion(draft, Verdict.SAME, pairs, mint=mint, reason=reason)
    else:
        surviving, subsumed = older(state.active(left), state.active(right))
        join(
            draft,
            surviving.enterprise_id,
            subsumed.enterprise_id,
            mint=mint,
            reason=reason,
            override=override,
            stated=pairs,
        )
    settle_tasks(draft)
    return draft.finish()


def assert_different(
    state: Neighbourhood,
    a: Sequence[int],
    b: Sequence[int],
    *,
    mint: Mint,
    reason: str,
    override: bool = False,
    task_id: int | None = None,
) -> Change:
    """The records ``a`` and ``b``, each of one identity, are different people: held apart, and parted if
    together.

    They are parted by undoing the latest merge that brought just them together, so that the old enterprise
    IDs return; otherwise the smaller group (with whom it was stated to be the same) gets an identity of its
    own.

    Raises:
        Conflict: they were stated to be the same, directly or through a chain, and it is not overridden; or
        the two
            overlap, or a side has records of several identities.
    """
    left, right = _sides(state, a, b)
    draft = Draft(state, task_id=task_id)
    if left == right:
        _release_same(draft, a, b, override=override)
        _part(draft, _bound_to(draft, a), _bound_to(draft, b), mint=mint)
    state_assertion(draft, Verdict.DIFFERENT, ordered_pairs(a, b), mint=mint, reason=reason)
    settle_tasks(draft)
    return draft.finish()


def withdraw(state: Neighbourhood, assertion_id: int) -> Change:
    """The assertion no longer holds. Links stay as they are until somebody or something decides anew.

    Raises NotFound, AlreadyUndone.
    """
    if assertion_id not in state.assertions:
        raise NotFound(f"no assertion {assertion_id}", field="assertion_id")
    draft = Draft(state)
    if not draft.in_force[assertion_id]:
        raise AlreadyUndone(f"assertion {assertion_id} was withdrawn before")
    draft.withdraw(assertion_id, draft.in_force[assertion_id])
    return draft.finish()


def _sides(state: Neighbourhood, a: Sequence[int], b: Sequence[int]) -> tuple[str, str]:
    """The identity of each side."""
    if not a or not b:
        raise Conflict("there is no record to state anything about")
    if set(a) & set(b):
        raise Conflict("both sides of the statement name the same record")
    sides = [{state.link(record).enterprise_id for record in records} for records in (a, b)]
    if any(len(side) != 1 for side in sides):
        raise Conflict("each side of the statement has to be of one identity")
    return sides[0].pop(), sides[1].pop()


def _bound_to(draft: Draft, records: Collection[int]) -> frozenset[int]:
    """``records`` and everybody they were stated to be the same as, through chains."""
    return frozenset(_chains(draft, records))


def _chains(draft: Draft, records: Collection[int]) -> dict[int, tuple[int, RecordPair] | None]:
    """Record → the (assertion, pair) by which it is reached first from ``records``; None for these."""
    neighbours: dict[int, list[tuple[int, int, RecordPair]]] = {}
    for assertion, (left, right) in draft.pairs(Verdict.SAME):
        neighbours.setdefault(left, []).append((right, assertion, (left, right)))
        neighbours.setdefault(right, []).append((left, assertion, (left, right)))
    reached: dict[int, tuple[int, RecordPair] | None] = dict.fromkeys(sorted(records))
    queue = deque(reached)
    while queue:
        for record, assertion, pair in neighbours.get(queue.popleft(), []):
            if record not in reached:
                reached[record] = (assertion, pair)
                queue.append(record)
    return reached


def _release_same(draft: Draft, a: Collection[int], b: Collection[int], *, override: bool) -> None:
    """Refuse if a chain of *same* leads from ``a`` to ``b``, or withdraw the last pair of each such chain."""
    while True:
        reached = _chains(draft, a)
        met = min((record for record in b if record in reached), default=None)
        if met is None:
            return
        step = reached[met]
        assert step is not None
        assertion, pair = step
        if not override:
            raise Conflict(
                f"assertion {assertion} states, directly or through others, that these are one person"
            )
        draft.withdraw(assertion, [pair])


def _part(draft: Draft, a: frozenset[int], b: frozenset[int], *, mint: Mint) -> None:
    """Bring ``a`` and ``b``, of one identity and not bound to each other, into different ones."""
    for merge_id in _latest_merges_first(draft):
        returned = frozenset(returning(draft.state, merge_id).returned)
        apart = (a <= returned and not b & returned) or (b <= returned and not a & returned)
        if apart and _bound_to(draft, returned) == returned:
            part_merge(draft, merge_id)
            return
    leaving = min((a, b), key=lambda group: (len(group), -min(group)))
    new_id = mint.enterprise_id()
    draft.issue(new_id)
    for record in sorted(leaving):
        draft.move(record, new_id, Cause.ASSERTION, DecidedBy.PERSON)


def _latest_merges_first(draft: Draft) -> list[int]:
    """The merges in force here, by the ledger's order, the latest first."""
    live = {m for m, state in draft.state.merges.items() if not state.undone}
    seen = dict.fromkeys(move.merge_id for move in reversed(draft.state.moves) if move.merge_id in live)
    return [merge_id for merge_id in seen if merge_id is not None]
