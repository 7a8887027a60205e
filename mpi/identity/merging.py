"""Merge, unmerge, unlink, retire: what a person decides about whole identities and about one record.

Each takes a neighbourhood (``neighbourhood.around`` says which) and returns the change. Nothing is ever
deleted: a subsumed identity redirects, an emptied one is retired, and any merge can be undone at any later
time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mpi.errors import AlreadyUndone, AssertedDifferent, Conflict, NotFound, SameIdentity
from mpi.identity.change import (
    Assertion,
    Cause,
    Change,
    DecidedBy,
    Event,
    EventType,
    IdentityStatus,
    Merge,
    Verdict,
)
from mpi.identity.draft import Draft
from mpi.identity.enterprise_id import display
from mpi.identity.minting import Mint
from mpi.identity.neighbourhood import Neighbourhood, RecordPair
from mpi.identity.task_settling import settle_tasks


def merge(
    state: Neighbourhood,
    surviving: str,
    subsumed: str,
    *,
    mint: Mint,
    reason: str,
    decided_by: DecidedBy = DecidedBy.PERSON,
    override: bool = False,
    task_id: int | None = None,
) -> Change:
    """``subsumed`` redirects to ``surviving`` for ever, or until it is unmerged. ``older`` tells who should
    survive.

    A person's merge also states *same* about every pair of their records, so that no later machine decision
    parts them. ``override`` (a person's only) withdraws the pairs that were stated to be different.

    Raises:
        SameIdentity: they are one already.
        Conflict: one of them is not active; names the survivor of a merged one.
        AssertedDifferent: a person holds two of their records apart; names the assertion.
    """
    draft = Draft(state, task_id=task_id)
    join(
        draft,
        surviving,
        subsumed,
        mint=mint,
        reason=reason,
        decided_by=decided_by,
        override=override and decided_by is DecidedBy.PERSON,
        stated=None if decided_by is DecidedBy.PERSON else (),
    )
    settle_tasks(draft)
    return draft.finish()


def join(
    draft: Draft,
    surviving: str,
    subsumed: str,
    *,
    mint: Mint,
    reason: str,
    decided_by: DecidedBy = DecidedBy.PERSON,
    override: bool = False,
    stated: Iterable[RecordPair] | None = None,
) -> None:
    """Merge within ``draft``. ``stated``: the pairs asserted to be the same; None = every pair."""
    state = draft.state
    if surviving == subsumed or _survivor(state, surviving) == _survivor(state, subsumed):
        raise SameIdentity(f"{display(surviving)} and {display(subsumed)} are one identity already")
    state.active(surviving)
    state.active(subsumed)
    kept, moved = draft.members(surviving), draft.members(subsumed)
    release_different(draft, ordered_pairs(kept, moved), override=override)
    merge_id = mint.number()
    draft.merge(
        Merge(
            merge_id=merge_id,
            surviving=surviving,
            subsumed=subsumed,
            decided_by=decided_by,
            reason=reason,
            moved_record_ids=moved,
            kept_record_ids=kept,
            task_id=draft.task_id,
        )
    )
    pairs = ordered_pairs(kept, moved) if stated is None else tuple(stated)
    if pairs:
        state_assertion(draft, Verdict.SAME, pairs, mint=mint, reason=reason, merge_id=merge_id)


class Returning(NamedTuple):
    """What undoing a merge does with the records it moved: who goes back, who stays where people put them."""

    returned: tuple[int, ...]
    left: tuple[int, ...]


def returning(state: Neighbourhood, merge_id: int) -> Returning:
    """Which records undoing the merge would return. Raises NotFound, AlreadyUndone."""
    merge_ = _live_merge(state, merge_id)
    travelled = {r for r in merge_.moved_record_ids if r in state.links and _travelled(state, r, merge_id)}
    left = tuple(r for r in merge_.moved_record_ids if r in state.links and r not in travelled)
    return Returning(tuple(sorted(travelled)), left)


def unmerge(
    state: Neighbourhood,
    merge_id: int,
    *,
    mint: Mint,
    reason: str,
    assert_different: bool = True,
    task_id: int | None = None,
) -> Change:
    """Undo any merge at any later time: its records return to the subsumed identity, under its old enterprise
    ID.

    Records that were moved since by anything but later merges stay where they are. Unless told otherwise the
    two sides of the merge are stated to be different, so that the machine does not redo it. An identity with
    nothing to return to it is retired.

    Raises:
        NotFound: no such merge.
        AlreadyUndone: it was undone before.
        Conflict: the subsumed identity was erased.
    """
    draft = Draft(state, task_id=task_id)
    part_merge(draft, merge_id)
    if assert_different:
        merge_ = state.merges[merge_id].merge
        returned = returning(state, merge_id).returned
        elsewhere = [
            r for r in merge_.kept_record_ids if draft.home.get(r, merge_.subsumed) != merge_.subsumed
        ]
        if pairs := ordered_pairs(returned, elsewhere):
            state_assertion(draft, Verdict.DIFFERENT, pairs, mint=mint, reason=reason, merge_id=merge_id)
    settle_tasks(draft)
    return draft.finish()


def part_merge(draft: Draft, merge_id: int) -> None:
    """Undo a merge within ``draft``. What it stated goes only with those it parts: see ``Draft.finish``."""
    state = draft.state
    back = returning(state, merge_id)
    merge_ = state.merges[merge_id].merge
    if state.identity(merge_.subsumed).status is IdentityStatus.ERASED:
        raise Conflict(f"{display(merge_.subsumed)} was erased since")
    draft.undo(merge_, back.returned, back.left)


def unlink(
    state: Neighbourhood, record_id: int, *, mint: Mint, reason: str, task_id: int | None = None
) -> Change:
    """The record gets an identity of its own, and is stated to be different from everybody it leaves behind.

    Raises NotFound; Conflict for a retired record and for the only record of its identity.
    """
    return split(state, [record_id], mint=mint, reason=reason, task_id=task_id)


def split(
    state: Neighbourhood,
    record_ids: Iterable[int],
    *,
    mint: Mint,
    reason: str,
    task_id: int | None = None,
) -> Change:
    """Records of one identity get an identity of their own, together, stated to be different from the others.

    Raises NotFound; Conflict for a retired record, for records of several identities, and for all of one.
    """
    draft = Draft(state, task_id=task_id)
    part_records(draft, record_ids, mint=mint, reason=reason)
    settle_tasks(draft)
    return draft.finish()


def part_records(draft: Draft, record_ids: Iterable[int], *, mint: Mint, reason: str) -> None:
    """Split within ``draft``."""
    leaving = sorted(set(record_ids))
    links = [draft.state.link(record) for record in leaving]
    if any(link.retired for link in links):
        raise Conflict("the record is retired")
    homes = {link.enterprise_id for link in links}
    if len(homes) != 1:
        raise Conflict("these records are not of one identity")
    [home] = homes
    others = [record for record in draft.members(home) if record not in leaving]
    if not others:
        whole = "the record is the only one" if len(leaving) == 1 else "these are all the records"
        raise Conflict(f"{whole} of {display(home)}")
    new_id = mint.enterprise_id()
    draft.issue(new_id)
    for record in leaving:
        draft.move(record, new_id, Cause.UNLINK, DecidedBy.PERSON)
    state_assertion(draft, Verdict.DIFFERENT, ordered_pairs(leaving, others), mint=mint, reason=reason)


def retire(
    state: Neighbourhood, record_id: int, *, replaced_by: int | None = None, merge_id: int | None = None
) -> Change:
    """The record no longer counts; an identity without another active one is retired too. Raises Conflict.

    ``replaced_by``: the record of the same source that it gave way to, ``merge_id`` the merge that came of
    it.
    """
    link = state.link(record_id)
    if link.retired:
        raise Conflict("the record is retired already")
    draft = Draft(state)
    draft.retired.add(record_id)
    draft.events.append(
        Event(
            type=EventType.RECORD_RETIRED,
            enterprise_id=link.enterprise_id,
            other_enterprise_id=None,
            record_id=record_id,
            merge_id=merge_id,
            data={"cause": Cause.RETIRED.value}
            | ({} if replaced_by is None else {"replaced_by": replaced_by}),
        )
    )
    settle_tasks(draft)
    return draft.finish()


def reinstate(state: Neighbourhood, record_id: int) -> Change:
    """A retired record was sent again: it is active where it was, and so is its identity. Raises Conflict."""
    link = state.link(record_id)
    if not link.retired:
        raise Conflict("the record is not retired")
    draft = Draft(state)
    draft.retired.discard(record_id)
    draft.events.append(
        Event(
            type=EventType.RECORD_LINKED,
            enterprise_id=link.enterprise_id,
            record_id=record_id,
            data={"cause": Cause.RETURNED.value},
        )
    )
    settle_tasks(draft)
    return draft.finish()


def ordered_pairs(left: Iterable[int], right: Iterable[int]) -> tuple[RecordPair, ...]:
    """Every pair between the two, each ordered, in order."""
    right = tuple(right)
    return tuple(sorted({(a, b) if a < b else (b, a) for a in left for b in right if a != b}))


def release_different(draft: Draft, pairs: Iterable[RecordPair], *, override: bool) -> None:
    """Refuse if any of ``pairs`` was stated to be different, or withdraw that. Raises AssertedDifferent."""
    asked = set(pairs)
    for assertion, pair in draft.pairs(Verdict.DIFFERENT):
        if pair in asked and not override:
            raise AssertedDifferent(f"assertion {assertion} states that these are different people")
        if pair in asked:
            draft.withdraw(assertion, [pair])


def state_assertion(
    draft: Draft,
    verdict: Verdict,
    pairs: tuple[RecordPair, ...],
    *,
    mint: Mint,
    reason: str,
    merge_id: int | None = None,
) -> int:
    """State something within ``draft``; the assertion's number."""
    assertion_id = mint.number()
    draft.assert_(
        Assertion(
            assertion_id=assertion_id,
            verdict=verdict,
            pairs=pairs,
            reason=reason,
            merge_id=merge_id,
            task_id=draft.task_id,
        )
    )
    return assertion_id


def _survivor(state: Neighbourhood, enterprise_id: str) -> str:
    return state.identity(enterprise_id).surviving_id or enterprise_id


def _live_merge(state: Neighbourhood, merge_id: int) -> Merge:
    if merge_id not in state.merges:
        raise NotFound(f"no merge {merge_id}", field="merge_id")
    if state.merges[merge_id].undone:
        raise AlreadyUndone(f"merge {merge_id} was undone before")
    return state.merges[merge_id].merge


def _travelled(state: Neighbourhood, record_id: int, merge_id: int) -> bool:
    """Whether the record moved only along with later merges since, or came back with their undoing.

    A relink that was taken back counts as if it had not been.
    """
    later: set[int] | None = None
    relinks: set[int] = set()
    for move in state.moves:
        if move.record_id != record_id:
            continue
        cause = move.data.get("cause")
        if later is None:
            if move.merge_id == merge_id and cause == Cause.MERGE:
                later = set()
        elif cause in (Cause.RETIRED, Cause.RETURNED):
            continue
        elif cause == Cause.MERGE and move.merge_id is not None:
            later.add(move.merge_id)
        elif cause == Cause.UNMERGE and move.merge_id in later:
            later.discard(move.merge_id)
        elif cause == Cause.RELINK:
            relinks.add(move.data["batch_id"])
        elif cause == Cause.ROLLBACK and move.data["batch_id"] in relinks:
            relinks.discard(move.data["batch_id"])
        else:
            return False
    return later is not None and not relinks
