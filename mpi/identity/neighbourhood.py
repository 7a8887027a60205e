"""The slice of stored state that a stewardship decision rests on, and the rule for cutting it out.

``around`` is the rule, on values: storage loads the same slice with SQL and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mpi.errors import Conflict, NotFound
from mpi.identity.change import (
    LINK_EVENTS,
    DecidedBy,
    Event,
    IdentityStatus,
    Merge,
    Resolution,
    Task,
    TaskKind,
    Verdict,
)
from mpi.identity.enterprise_id import display

#: Two records in order.
RecordPair = tuple[int, int]
#: Two identities in order.
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityState:
    """An identity as stored. ``issued_at`` says who is older; a number will do where there is no clock."""

    enterprise_id: str
    status: IdentityStatus = IdentityStatus.ACTIVE
    surviving_id: str | None = None
    successors: tuple[str, ...] = ()
    issued_at: datetime | int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """Where a record belongs. A retired record stays a member, so that its return finds it."""

    record_id: int
    enterprise_id: str
    decided_by: DecidedBy = DecidedBy.MACHINE
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeState:
    merge: Merge
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionState:
    """A person's statement; ``pairs`` are those in force. None left: it was withdrawn."""

    assertion_id: int
    verdict: Verdict
    pairs: tuple[RecordPair, ...]
    merge_id: int | None = None
    task_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """A task as stored: its identities are those it points to at present."""

    task: Task
    #: ``open``, ``claimed`` or ``resolved``.
    state: str = "open"
    resolution: Resolution | None = None
    #: The merge that answered or absorbed it on the way; its undoing may ask again.
    closed_by_merge_id: int | None = None
    #: The task whose answer left nothing to ask here.
    closed_by_task_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What there is around some identities.

    ``links`` holds every member of the identities in ``complete`` and, as strays, records of other identities
    that a merge, an assertion or a task here names.
    """

    identities: Mapping[str, IdentityState] = field(default_factory=dict)
    #: The identities whose members are all known here.
    complete: frozenset[str] = frozenset()
    links: Mapping[int, LinkState] = field(default_factory=dict)
    merges: Mapping[int, MergeState] = field(default_factory=dict)
    assertions: Mapping[int, AssertionState] = field(default_factory=dict)
    tasks: Mapping[int, TaskState] = field(default_factory=dict)
    #: In the ledger's order: the link-changing events of the records here, and the events by which the tasks
    #: being looked at withdrew statements.
    moves: tuple[Event, ...] = ()

    def identity(self, enterprise_id: str) -> IdentityState:
        """Raises NotFound for an ID that was never issued."""
        if enterprise_id not in self.identities:
            raise NotFound(f"no identity {display(enterprise_id)}", field="enterprise_id")
        return self.identities[enterprise_id]

    def active(self, enterprise_id: str) -> IdentityState:
        """Raises Conflict for an identity that is not active, naming the survivor of a merged one."""
        identity = self.identity(enterprise_id)
        if identity.status is IdentityStatus.MERGED and identity.surviving_id:
            raise Conflict(f"{display(enterprise_id)} was merged into {display(identity.surviving_id)}")
        if identity.status is not IdentityStatus.ACTIVE:
            raise Conflict(f"{display(enterprise_id)} is {identity.status.value}")
        return identity

    def link(self, record_id: int) -> LinkState:
        """Raises NotFound for a record that is not there."""
        if record_id not in self.links:
            raise NotFound("no such record", field="record")
        return self.links[record_id]

    def members(self, enterprise_id: str) -> tuple[int, ...]:
        """The records of an identity in order, retired ones among them."""
        return tuple(sorted(r for r, link in self.links.items() if link.enterprise_id == enterprise_id))

    def pairs_asked(self) -> set[Pair]:
        """The pairs of identities that an open task asks about."""
        tasks = [state.task for state in self.tasks.values() if state.state != "resolved"]
        return {(task.identity_a, task.identity_b) for task in tasks if task.identity_b is not None}

    def pairs_apart(self) -> set[Pair]:
        """The pairs of identities with records that a person holds apart."""
        return {
            pair_of(self.links[left].enterprise_id, self.links[right].enterprise_id)
            for assertion in self.assertions.values()
            if assertion.verdict is Verdict.DIFFERENT
            for left, right in assertion.pairs
            if left in self.links and right in self.links
        }

    def doubted(self) -> set[int]:
        """The records whose link an open task doubts."""
        return {
            record
            for state in self.tasks.values()
            if state.state != "resolved" and state.task.kind is TaskKind.LINK_IN_DOUBT
            for record in state.task.record_ids
        }


def pair_of(a: str, b: str) -> Pair:
    """Both identities in order."""
    return (a, b) if a < b else (b, a)


def older(a: IdentityState, b: IdentityState) -> tuple[IdentityState, IdentityState]:
    """Both identities, the one issued first ahead, ties by enterprise ID: the older one survives a merge."""
    if (a.issued_at, a.enterprise_id) <= (b.issued_at, b.enterprise_id):
        return a, b
    return b, a


def around(
    whole: Neighbourhood,
    enterprise_ids: Collection[str] = (),
    *,
    merge_ids: Collection[int] = (),
    task_ids: Collection[int] = (),
) -> Neighbourhood:
    """What a decision about identities, the undoing of merges or the answer to tasks has to know.

    0. of the tasks named: the tasks, the merges and assertions made in answer to them, their identities and
       the identities their records are in;
    1. complete identities: those named, both sides of the merges named, those they redirect to, and all that
       redirect to any of these;
    2. their member records, and the records the named merges moved or kept;
    3. merges, undone ones too, with either side among the identities;
    4. on an identity of 1: open tasks, and those closed by a merge of 3 in force or by the answer to a task
       of 0. Such a closed one may be asked again, about the identities its records are in by now: these are
       complete too, with their members and their open tasks;
    5. assertions in force with a pair touching a record of 2 or a member of 4, with all their pairs;
    6. the links of records named in 0 and 3 to 5, with the rows of the identities these are in; the
       link-changing events of the records of 2; the events by which the tasks of 0 withdrew assertions.
    """
    seeds, merges_named = set(enterprise_ids), set(merge_ids)
    for task_id in task_ids:
        if task_id in whole.tasks:
            seeds |= _places(whole, whole.tasks[task_id].task)
        merges_named |= {m for m, state in whole.merges.items() if state.merge.task_id == task_id}
    identities = _tree(whole, seeds, merges_named)
    merges = {
        m: state
        for m, state in whole.merges.items()
        if state.merge.surviving in identities or state.merge.subsumed in identities
    }
    members = {r for r, link in whole.links.items() if link.enterprise_id in identities}
    for merge_id in merges_named & merges.keys():
        members |= {*merges[merge_id].merge.moved_record_ids, *merges[merge_id].merge.kept_record_ids}
    tasks = {
        t: state
        for t, state in whole.tasks.items()
        if t in task_ids or _concerns(state, identities, merges, task_ids)
    }
    asked_again = _homes(whole, (state.task for state in tasks.values() if state.state == "resolved"))
    tasks |= {t: state for t, state in whole.tasks.items() if _open_on(state, asked_again)}
    complete = identities | asked_again
    near = members | {r for r, link in whole.links.items() if link.enterprise_id in asked_again}
    assertions = {a: state for a, state in whole.assertions.items() if _stated_about(state, near, task_ids)}
    named = near | _named(merges, assertions, tasks)
    links = {r: whole.links[r] for r in sorted(named) if r in whole.links}
    rows = complete | {link.enterprise_id for link in links.values()}
    return Neighbourhood(
        identities={i: whole.identities[i] for i in sorted(rows)},
        complete=frozenset(complete),
        links=links,
        merges=merges,
        assertions=assertions,
        tasks=tasks,
        moves=tuple(
            move
            for move in whole.moves
            if (move.record_id in members if move.type in LINK_EVENTS else move.task_id in task_ids)
        ),
    )


def _places(whole: Neighbourhood, task: Task) -> set[str]:
    places = {task.identity_a} | ({task.identity_b} if task.identity_b else set())
    return places | _homes(whole, [task])


def _homes(whole: Neighbourhood, tasks: Iterable[Task]) -> set[str]:
    """The identities that the records of the tasks are in."""
    return {whole.links[r].enterprise_id for task in tasks for r in task.record_ids if r in whole.links}


def _open_on(state: TaskState, identities: set[str]) -> bool:
    return state.state != "resolved" and not identities.isdisjoint(
        {state.task.identity_a, state.task.identity_b}
    )


def _tree(whole: Neighbourhood, enterprise_ids: Collection[str], merge_ids: Collection[int]) -> set[str]:
    found = {i for i in enterprise_ids if i in whole.identities}
    for merge_id in merge_ids:
        if merge_id in whole.merges:
            found |= {whole.merges[merge_id].merge.surviving, whole.merges[merge_id].merge.subsumed}
    found |= {survivor for i in found if (survivor := whole.identities[i].surviving_id)}
    return found | {i for i, identity in whole.identities.items() if identity.surviving_id in found}


def _concerns(
    state: TaskState, identities: set[str], merges: Mapping[int, MergeState], task_ids: Collection[int]
) -> bool:
    if state.task.identity_a not in identities and state.task.identity_b not in identities:
        return False
    if state.state != "resolved" or state.closed_by_task_id in task_ids:
        return True
    closer = merges.get(state.closed_by_merge_id) if state.closed_by_merge_id is not None else None
    return closer is not None and not closer.undone


def _stated_about(state: AssertionState, records: set[int], task_ids: Collection[int]) -> bool:
    if not state.pairs:
        return False
    answers = state.task_id is not None and state.task_id in task_ids
    return answers or any(left in records or right in records for left, right in state.pairs)


def _named(
    merges: Mapping[int, MergeState], assertions: Mapping[int, AssertionState], tasks: Mapping[int, TaskState]
) -> set[int]:
    named = {record for state in assertions.values() for pair in state.pairs for record in pair}
    named.update(record for state in tasks.values() for record in state.task.record_ids)
    for state in merges.values():
        named.update(state.merge.moved_record_ids, state.merge.kept_record_ids)
    return named
