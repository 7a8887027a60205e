"""The ledger: folding its events gives the link table, at any time; applying changes in order gives the whole
state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from mpi.identity.change import (
    LINK_EVENTS,
    Cause,
    Change,
    Event,
    EventType,
    Resolution,
)
from mpi.identity.neighbourhood import (
    AssertionState,
    IdentityState,
    LinkState,
    MergeState,
    Neighbourhood,
    TaskState,
)


class LedgerEvent(Protocol):
    """What folding reads of an event: ``change.Event``, or a row of the table."""

    @property
    def type(self) -> EventType: ...
    @property
    def enterprise_id(self) -> str: ...
    @property
    def other_enterprise_id(self) -> str | None: ...
    @property
    def record_id(self) -> int | None: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


def fold(events: Iterable[LedgerEvent]) -> dict[int, str]:
    """Record → the identity it belongs to after ``events``, which are in the ledger's order.

    Of events up to a moment this is the link table of that moment. Retired records stay where they were.
    """
    links: dict[int, str] = {}
    for event in events:
        if event.type in LINK_EVENTS and event.record_id is not None:
            links[event.record_id] = event.enterprise_id
    return links


def fold_retired(events: Iterable[LedgerEvent]) -> set[int]:
    """The records that are retired after ``events``."""
    retired: set[int] = set()
    for event in events:
        if event.record_id is None:
            continue
        if event.type is EventType.RECORD_RETIRED:
            retired.add(event.record_id)
        elif event.type is EventType.RECORD_LINKED and event.data.get("cause") == Cause.RETURNED:
            retired.discard(event.record_id)
    return retired


def fold_redirects(events: Iterable[LedgerEvent]) -> dict[str, str]:
    """Subsumed → surviving identity after ``events``, each followed to its end."""
    subsumed: dict[str, str] = {}
    for event in events:
        if event.type is EventType.IDENTITIES_MERGED and event.other_enterprise_id is not None:
            subsumed[event.other_enterprise_id] = event.enterprise_id
        elif event.type is EventType.IDENTITIES_UNMERGED:
            subsumed.pop(event.enterprise_id, None)
    return {enterprise_id: _end(subsumed, enterprise_id) for enterprise_id in subsumed}


def members(events: Iterable[LedgerEvent], enterprise_id: str) -> tuple[int, ...]:
    """Who was ``enterprise_id`` after ``events``: its records in order, without the retired ones."""
    events = list(events)
    retired = fold_retired(events)
    return tuple(sorted(r for r, home in fold(events).items() if home == enterprise_id and r not in retired))


def apply(state: Neighbourhood, change: Change, *, issued_at: datetime | int = 0) -> Neighbourhood:
    """The state after ``change``, as storage leaves it. ``issued_at`` is for identities issued by it."""
    identities = _identities(state, change, issued_at)
    return Neighbourhood(
        identities=identities,
        complete=frozenset(identities),
        links=_links(state, change),
        merges=_merges(state, change),
        assertions=_assertions(state, change),
        tasks=_tasks(state, change),
        moves=state.moves + tuple(event for event in change.events if _is_move(event)),
    )


def _is_move(event: Event) -> bool:
    changes_link = event.type in LINK_EVENTS and event.record_id is not None
    return changes_link or event.type is EventType.ASSERTION_WITHDRAWN


def _end(redirects: Mapping[str, str], enterprise_id: str) -> str:
    while enterprise_id in redirects:
        enterprise_id = redirects[enterprise_id]
    return enterprise_id


def _identities(state: Neighbourhood, change: Change, issued_at: datetime | int) -> dict[str, IdentityState]:
    identities = dict(state.identities)
    for item in change.identities:
        if item.issued == (item.enterprise_id in identities):
            raise ValueError("an enterprise ID is issued exactly once")
        before = identities.get(item.enterprise_id)
        identities[item.enterprise_id] = IdentityState(
            enterprise_id=item.enterprise_id,
            status=item.status,
            surviving_id=item.surviving_id,
            successors=item.successors,
            issued_at=before.issued_at if before else issued_at,
        )
    return identities


def _links(state: Neighbourhood, change: Change) -> dict[int, LinkState]:
    links = dict(state.links)
    for item in change.links:
        before = links.get(item.record_id)
        if (before.enterprise_id if before else None) != item.from_id:
            raise ValueError("a link changes from where it is")
        links[item.record_id] = LinkState(
            record_id=item.record_id,
            enterprise_id=item.to_id,
            decided_by=item.decided_by,
            retired=before.retired if before else False,
        )
    for event in change.events:
        if event.type is EventType.RECORD_RETIRED and event.record_id is not None:
            links[event.record_id] = replace(links[event.record_id], retired=True)
        elif event.record_id is not None and event.data.get("cause") == Cause.RETURNED:
            links[event.record_id] = replace(links[event.record_id], retired=False)
    return links


def _merges(state: Neighbourhood, change: Change) -> dict[int, MergeState]:
    merges = dict(state.merges)
    for merge in change.merges:
        merges[merge.merge_id] = MergeState(merge=merge)
    for merge_id in change.undone_merge_ids:
        merges[merge_id] = replace(merges[merge_id], undone=True)
    return merges


def _assertions(state: Neighbourhood, change: Change) -> dict[int, AssertionState]:
    assertions = dict(state.assertions)
    for assertion in change.assertions:
        assertions[assertion.assertion_id] = AssertionState(
            assertion_id=assertion.assertion_id,
            verdict=assertion.verdict,
            pairs=assertion.pairs,
            merge_id=assertion.merge_id,
            task_id=assertion.task_id,
        )
    for assertion_id in change.withdrawn_assertion_ids:
        assertions[assertion_id] = replace(assertions[assertion_id], pairs=())
    for withdrawn in change.withdrawn_pairs:
        before = assertions[withdrawn.assertion_id]
        left = tuple(pair for pair in before.pairs if pair != withdrawn.pair)
        assertions[withdrawn.assertion_id] = replace(before, pairs=left)
    return assertions


def _tasks(state: Neighbourhood, change: Change) -> dict[int, TaskState]:
    tasks = dict(state.tasks)
    for task in change.tasks:
        tasks[task.task_id] = TaskState(task=task)
    closers = {e.task_id: e for e in change.events if e.type is EventType.TASK_RESOLVED}
    for item in change.task_changes:
        before, closer = tasks[item.task_id], closers.get(item.task_id)
        by_task_id = closer.data.get("by_task_id") if closer else None
        tasks[item.task_id] = TaskState(
            task=replace(before.task, identity_a=item.identity_a, identity_b=item.identity_b),
            state=item.state,
            resolution=Resolution(item.resolution) if item.resolution else None,
            closed_by_merge_id=closer.merge_id if closer else None,
            closed_by_task_id=by_task_id if by_task_id != item.task_id else None,
        )
    return tasks
