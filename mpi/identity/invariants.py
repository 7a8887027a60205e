"""What must never be false about who is who, checked on a whole state held as values.

``mpi check`` asks the same of the database in SQL; the numbers are those of the reliability goals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from mpi.identity.change import IdentityStatus, Verdict
from mpi.identity.ledger import fold, fold_retired
from mpi.identity.neighbourhood import Neighbourhood, TaskState


class Violation(NamedTuple):
    """Which invariant is broken, and by what."""

    invariant: str
    detail: str


def violations(state: Neighbourhood) -> list[Violation]:
    """Everything that is wrong with ``state``, which has to be whole and not a slice."""
    return [
        *_links_and_identities(state),
        *_redirects(state),
        *_assertions(state),
        *_ledger(state),
        *_tasks(state),
        *_merges(state),
    ]


def _links_and_identities(state: Neighbourhood) -> Iterator[Violation]:
    active: dict[str, int] = defaultdict(int)
    for record, link in state.links.items():
        identity = state.identities.get(link.enterprise_id)
        if identity is None:
            yield Violation("I1", f"record {record} belongs to an identity that was never issued")
        elif identity.status is not IdentityStatus.ACTIVE and not link.retired:
            yield Violation("I2", f"record {record} belongs to {link.enterprise_id}, {identity.status}")
        elif identity.status is IdentityStatus.MERGED:
            yield Violation("I2", f"retired record {record} stayed behind in {link.enterprise_id}")
        active[link.enterprise_id] += not link.retired
    for enterprise_id, identity in state.identities.items():
        if identity.status is IdentityStatus.ACTIVE and not active[enterprise_id]:
            yield Violation("I3", f"{enterprise_id} is active without an active record")


def _redirects(state: Neighbourhood) -> Iterator[Violation]:
    live = {m.merge.subsumed: m.merge.surviving for m in state.merges.values() if not m.undone}
    for enterprise_id, identity in state.identities.items():
        merged = identity.status is IdentityStatus.MERGED
        if merged != (identity.surviving_id is not None) or merged != (enterprise_id in live):
            yield Violation(
                "I4", f"{enterprise_id} is {identity.status} with survivor {identity.surviving_id}"
            )
            continue
        if not merged:
            continue
        end, steps = enterprise_id, 0
        while end in live and steps <= len(live):
            end, steps = live[end], steps + 1
        if identity.surviving_id != end or end in live:
            yield Violation(
                "I4", f"{enterprise_id} redirects to {identity.surviving_id}, its merges to {end}"
            )


def _assertions(state: Neighbourhood) -> Iterator[Violation]:
    for assertion in state.assertions.values():
        for left, right in assertion.pairs:
            together = state.links[left].enterprise_id == state.links[right].enterprise_id
            if together and assertion.verdict is Verdict.DIFFERENT:
                yield Violation("I8", f"assertion {assertion.assertion_id} holds apart who is together")
            if not together and assertion.verdict is Verdict.SAME:
                yield Violation("I10", f"assertion {assertion.assertion_id} holds together who is apart")


def _ledger(state: Neighbourhood) -> Iterator[Violation]:
    links = {record: link.enterprise_id for record, link in state.links.items()}
    if fold(state.moves) != links:
        yield Violation("I9", "folding the events does not give the links")
    if fold_retired(state.moves) != {record for record, link in state.links.items() if link.retired}:
        yield Violation("I9", "folding the events does not give the retired records")
    where: dict[int, str] = {}
    for move in state.moves:
        if move.record_id is None:
            continue
        before = where.get(move.record_id)
        if before is not None and move.other_enterprise_id not in (None, before):
            yield Violation("I9", f"an event moves record {move.record_id} from where it was not")
        where[move.record_id] = move.enterprise_id


def _tasks(state: Neighbourhood) -> Iterator[Violation]:
    apart = state.pairs_apart()
    asked = [task for task in state.tasks.values() if task.state != "resolved"]
    for one, other in combinations(asked, 2):
        pair = (one.task.identity_a, one.task.identity_b)
        if pair[1] is not None and pair == (other.task.identity_a, other.task.identity_b):
            yield Violation("I24", f"tasks {one.task.task_id} and {other.task.task_id} ask the same")
    for task in asked:
        yield from _task(state, task, apart)


def _task(state: Neighbourhood, task_state: TaskState, apart: set[tuple[str, str]]) -> Iterator[Violation]:
    task = task_state.task
    pointed_to = [task.identity_a] if task.identity_b is None else [task.identity_a, task.identity_b]
    if any(state.identities[i].status is not IdentityStatus.ACTIVE for i in pointed_to):
        yield Violation("I23", f"task {task.task_id} asks about an identity that is not active")
    if task.identity_b is not None:
        if task.identity_a >= task.identity_b:
            yield Violation("I24", f"task {task.task_id} does not ask about two identities in order")
        if (task.identity_a, task.identity_b) in apart:
            yield Violation("I10", f"task {task.task_id} asks what a person has answered")
    homes = {state.links[record].enterprise_id for record in task.record_ids if record in state.links}
    if homes and homes != set(pointed_to):
        yield Violation("I24", f"task {task.task_id} has lost the records that raised it")


def _merges(state: Neighbourhood) -> Iterator[Violation]:
    live = [m.merge for m in state.merges.values() if not m.undone]
    if len({merge.subsumed for merge in live}) != len(live):
        yield Violation("I4", "an identity is subsumed twice at once")
