"""Which identity a record belongs to, given how it compares with the identities that are there.

| decisions for the record   | identity          | tasks                                                 |
| -------------------------- | ----------------- | ----------------------------------------------------- |
| none at or above review    | new               | none                                                  |
| exactly one identity: link | that one          | one per other identity that says review               |
| several identities: link   | new, none of them | one per identity, and one per pair of those that link |
| only review                | new               | one per identity                                      |

A record always has an identity at once; "same person" is then simply a merge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from mpi.identity.change import (
    Cause,
    Change,
    Event,
    EventType,
    IdentityChange,
    IdentityStatus,
    LinkChange,
    Task,
    TaskKind,
)
from mpi.identity.harm import expected_harm
from mpi.identity.neighbourhood import Pair, pair_of

#: Questions that one record may raise, the most probable first. What is left out is told in the first event.
TASKS_MAX = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateIdentity:
    """An identity that the record was compared with, by its best record ``record_id``."""

    enterprise_id: str
    weight: float
    probability: float
    decision: Literal["link", "review", "no_link"]
    record_id: int
    #: Names of the guards that fired.
    guards: tuple[str, ...] = ()
    #: Whether ``record_id`` came from the record's own source system.
    same_source: bool = False
    #: A person stated that the record and one of this identity's are different people: it never counts.
    asserted_different: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Where the record belongs; ``matched`` is the best evidence of a link or review."""

    enterprise_id: str
    decision: Literal["new", "linked", "review"]
    matched: CandidateIdentity | None
    change: Change


def assign(
    record_id: int,
    candidates: Sequence[CandidateIdentity],
    *,
    new_enterprise_id: Callable[[], str],
    number: Callable[[], int],
    open_pairs: Collection[Pair] = frozenset(),
    pairs_apart: Collection[Pair] = frozenset(),
) -> Assignment:
    """Assign a new record by the table above.

    Args:
        candidates: one per identity, in any order; more for one identity raise ValueError.
        open_pairs: ordered pairs of identities that a task asks about already.
        pairs_apart: ordered pairs of identities that a person stated to be different people.
    """
    counted = _counted(candidates)
    linking = [c for c in counted if c.decision == "link"]
    decision: Literal["new", "linked", "review"]
    if len(linking) == 1:
        enterprise_id, decision = linking[0].enterprise_id, "linked"
        change = _link(record_id, linking[0])
    else:
        enterprise_id, decision = new_enterprise_id(), "review" if counted else "new"
        change = _issue(record_id, enterprise_id)
    asked = [c for c in counted if c.enterprise_id != enterprise_id]
    questions = [_about_record(record_id, enterprise_id, c) for c in asked]
    if len(linking) > 1:
        questions += [_about_pair(a, b) for a, b in combinations(linking, 2)]
    tasks = _queue(questions, number, {*open_pairs, *pairs_apart})
    return Assignment(
        enterprise_id=enterprise_id,
        decision=decision,
        matched=counted[0] if counted else None,
        change=change + tasks,
    )


def reassess(
    record_id: int,
    enterprise_id: str,
    candidates: Sequence[CandidateIdentity],
    *,
    supported: bool,
    number: Callable[[], int],
    open_pairs: Collection[Pair] = frozenset(),
    pairs_apart: Collection[Pair] = frozenset(),
    in_doubt: bool = False,
) -> Change:
    """What to ask after the demographics of a linked record changed; its link stays until a person answers.

    Args:
        candidates: the *other* identities it resembles now; what links or says review becomes a question.
        supported: whether the record still belongs with the rest of its own identity (True when it is alone).
        in_doubt: whether a task of that kind is open for it already.
    """
    counted = [c for c in _counted(candidates) if c.enterprise_id != enterprise_id]
    questions = [_about_record(record_id, enterprise_id, c) for c in counted]
    change = _queue(questions, number, {*open_pairs, *pairs_apart})
    if supported or in_doubt:
        return change
    task = Task(
        task_id=number(),
        kind=TaskKind.LINK_IN_DOUBT,
        identity_a=enterprise_id,
        record_ids=(record_id,),
        priority=expected_harm(TaskKind.LINK_IN_DOUBT, None),
    )
    return Change(tasks=(task,), events=(queued(task),)) + change


def queued(task: Task) -> Event:
    """The event of a new task."""
    return Event(
        type=EventType.TASK_QUEUED,
        enterprise_id=task.identity_a,
        other_enterprise_id=task.identity_b,
        record_id=task.record_ids[0] if task.record_ids else None,
        task_id=task.task_id,
        data={"kind": task.kind.value},
    )


def _counted(candidates: Sequence[CandidateIdentity]) -> list[CandidateIdentity]:
    """Those that say link or review, best first, ties by enterprise ID; never one that is held apart."""
    if len({c.enterprise_id for c in candidates}) != len(candidates):
        raise ValueError("one candidate per identity")
    counted = [c for c in candidates if c.decision != "no_link" and not c.asserted_different]
    return sorted(counted, key=lambda c: (c.decision != "link", -c.weight, c.enterprise_id))


def _link(record_id: int, joined: CandidateIdentity) -> Change:
    link = LinkChange(
        record_id=record_id,
        from_id=None,
        to_id=joined.enterprise_id,
        weight=joined.weight,
        probability=joined.probability,
        with_record_id=joined.record_id,
    )
    event = Event(
        type=EventType.RECORD_LINKED,
        enterprise_id=joined.enterprise_id,
        record_id=record_id,
        data={
            "cause": Cause.MATCH.value,
            "with_record_id": joined.record_id,
            "weight": round(joined.weight, 3),
        },
    )
    return Change(links=(link,), events=(event,))


def _issue(record_id: int, enterprise_id: str) -> Change:
    event = Event(
        type=EventType.ENTERPRISE_ID_ASSIGNED,
        enterprise_id=enterprise_id,
        record_id=record_id,
        data={"cause": Cause.MATCH.value},
    )
    return Change(
        identities=(IdentityChange(enterprise_id=enterprise_id, status=IdentityStatus.ACTIVE, issued=True),),
        links=(LinkChange(record_id=record_id, from_id=None, to_id=enterprise_id),),
        events=(event,),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    """A task to be: one pair of identities, and the two records that raise it."""

    pair: Pair
    record_ids: tuple[int, int]
    weight: float
    probability: float
    guards: tuple[str, ...]
    same_source: bool


def _about_record(record_id: int, enterprise_id: str, other: CandidateIdentity) -> _Question:
    return _Question(
        pair_of(enterprise_id, other.enterprise_id),
        (record_id, other.record_id),
        other.weight,
        other.probability,
        other.guards,
        other.same_source,
    )


def _about_pair(a: CandidateIdentity, b: CandidateIdentity) -> _Question:
    """Two identities that one record links with may be one person, as likely as the weaker link."""
    weaker = min(a, b, key=lambda c: (c.weight, c.enterprise_id))
    return _Question(
        pair_of(a.enterprise_id, b.enterprise_id),
        (a.record_id, b.record_id),
        weaker.weight,
        weaker.probability,
        tuple(dict.fromkeys(a.guards + b.guards)),
        a.same_source and b.same_source,
    )


def _queue(questions: Sequence[_Question], number: Callable[[], int], settled: Collection[Pair]) -> Change:
    """A task for each question that nobody asked or answered yet, the first ``TASKS_MAX`` of them."""
    unasked = {q.pair: q for q in reversed(questions) if q.pair not in settled}
    asked = [q for q in questions if unasked.get(q.pair) is q]
    tasks = tuple(_task(number(), question) for question in asked[:TASKS_MAX])
    events = [queued(task) for task in tasks]
    if len(asked) > TASKS_MAX:
        events[0].data["left_out"] = len(asked) - TASKS_MAX
    return Change(tasks=tasks, events=tuple(events))


def _task(task_id: int, question: _Question) -> Task:
    kind = TaskKind.POTENTIAL_DUPLICATE if question.same_source else TaskKind.POTENTIAL_OVERLAP
    return Task(
        task_id=task_id,
        kind=kind,
        identity_a=question.pair[0],
        identity_b=question.pair[1],
        record_ids=question.record_ids,
        weight=question.weight,
        probability=question.probability,
        guards=question.guards,
        priority=expected_harm(kind, question.probability, guards=question.guards),
    )
