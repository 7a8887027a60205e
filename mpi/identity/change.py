"""What a use case changes, as a value: decided by the pure core, written by storage in one transaction.

Registering, merging, unmerging, unlinking and asserting all end in a ``Change``. Folding the changes in order
gives the link table again, which is what the ledger is for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from itertools import chain
from typing import Any


class IdentityStatus(StrEnum):
    """``merged`` redirects to its survivor for ever; ``split`` names its successors; nothing is deleted."""

    ACTIVE = "active"
    MERGED = "merged"
    SPLIT = "split"
    RETIRED = "retired"
    ERASED = "erased"


class DecidedBy(StrEnum):
    """Who made a link: what a person decided, the machine never undoes."""

    MACHINE = "machine"
    PERSON = "person"


class Verdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"


class TaskKind(StrEnum):
    #: One person, perhaps, with two records in one source system.
    POTENTIAL_DUPLICATE = "potential_duplicate"
    #: One person, perhaps, in two source systems.
    POTENTIAL_OVERLAP = "potential_overlap"
    #: A record that seems to have turned into somebody else: an update is held back.
    POTENTIAL_OVERLAY = "potential_overlay"
    #: A link that the record's present demographics no longer support.
    LINK_IN_DOUBT = "link_in_doubt"


class Resolution(StrEnum):
    SAME_PERSON = "same_person"
    DIFFERENT_PEOPLE = "different_people"
    OVERLAY = "overlay"
    CANNOT_TELL = "cannot_tell"


class EventType(StrEnum):
    """What happened, past tense. The first four change a link; every link change is exactly one of them."""

    ENTERPRISE_ID_ASSIGNED = "EnterpriseIdAssigned"
    RECORD_LINKED = "RecordLinked"
    RECORD_UNLINKED = "RecordUnlinked"
    RECORD_RETIRED = "RecordRetired"
    RECORD_RECEIVED = "RecordReceived"
    UPDATE_QUARANTINED = "UpdateQuarantined"
    IDENTITIES_MERGED = "IdentitiesMerged"
    IDENTITIES_UNMERGED = "IdentitiesUnmerged"
    PEOPLE_ASSERTED = "PeopleAsserted"
    ASSERTION_WITHDRAWN = "AssertionWithdrawn"
    TASK_QUEUED = "TaskQueued"
    TASK_RESOLVED = "TaskResolved"
    TASK_REOPENED = "TaskReopened"


#: Those that can change a link.
LINK_EVENTS = frozenset(
    {
        EventType.ENTERPRISE_ID_ASSIGNED,
        EventType.RECORD_LINKED,
        EventType.RECORD_UNLINKED,
        EventType.RECORD_RETIRED,
    }
)


class Cause(StrEnum):
    """Why a record's link changed: ``data["cause"]`` of the event."""

    MATCH = "match"
    MERGE = "merge"
    UNMERGE = "unmerge"
    UNLINK = "unlink"
    #: A person stated that two members of one identity are different people.
    ASSERTION = "assertion"
    #: A resolution was undone.
    UNDO = "undo"
    RETIRED = "retired"
    #: A retired record was sent again.
    RETURNED = "returned"
    #: All records were looked at anew, at once.
    RELINK = "relink"
    #: A relink was taken back.
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The pair of records that speaks most for what was decided, by record ID."""

    record_ids: tuple[int, int]
    #: Total match weight, log2.
    weight: float
    probability: float
    #: Names of the guards that fired on the pair.
    guards: tuple[str, ...] = ()

    def other(self, record_id: int) -> int:
        """The record of the pair that is not this one; the first, when it is about others."""
        left, right = self.record_ids
        return right if record_id == left else left

    def told(self) -> dict[str, Any]:
        """As an event's ``data`` tells it."""
        return {"weight": round(self.weight, 3), "evidence": list(self.record_ids)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A record goes from one identity (None: it is new) to another."""

    record_id: int
    from_id: str | None
    to_id: str
    decided_by: DecidedBy = DecidedBy.MACHINE
    weight: float | None = None
    probability: float | None = None
    #: The record it was linked on account of.
    with_record_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """An identity is issued or changes its status."""

    enterprise_id: str
    status: IdentityStatus
    surviving_id: str | None = None
    successors: tuple[str, ...] = ()
    issued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """``subsumed`` redirects to ``surviving``; both sides' records as they were, for an exact undoing."""

    merge_id: int
    surviving: str
    subsumed: str
    decided_by: DecidedBy
    reason: str
    moved_record_ids: tuple[int, ...]
    kept_record_ids: tuple[int, ...]
    task_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a person states about records: holds over every later machine decision, through chains.

    ``pairs`` are ordered (smaller record ID first); between identities every pair of their records is listed.
    """

    assertion_id: int
    verdict: Verdict
    pairs: tuple[tuple[int, int], ...]
    reason: str
    merge_id: int | None = None
    task_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnPair:
    """One pair of an assertion no longer holds, its others do. ``pair`` is ordered as in the assertion."""

    assertion_id: int
    pair: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A question for a person, about two identities or about one record. ``identity_a < identity_b``."""

    task_id: int
    kind: TaskKind
    identity_a: str
    identity_b: str | None = None
    record_ids: tuple[int, ...] = ()
    weight: float | None = None
    probability: float | None = None
    guards: tuple[str, ...] = ()
    #: 0–100, higher first: the expected harm of leaving it.
    priority: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """An open task is re-pointed after a merge or unmerge, closed or reopened."""

    task_id: int
    identity_a: str
    identity_b: str | None
    state: str
    resolution: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, with IDs and never demographics.

    When it changes the link of ``record_id``, ``enterprise_id`` is where the record belongs afterwards and
    ``other_enterprise_id`` where it did before; ``data["cause"]`` is a ``Cause``. Without a ``record_id`` an
    ``EnterpriseIdAssigned`` only tells that the ID was issued.
    """

    type: EventType
    enterprise_id: str
    other_enterprise_id: str | None = None
    record_id: int | None = None
    merge_id: int | None = None
    task_id: int | None = None
    assertion_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Everything one use case changes about who is who. Storage writes it whole or not at all."""

    identities: tuple[IdentityChange, ...] = ()
    links: tuple[LinkChange, ...] = ()
    merges: tuple[Merge, ...] = ()
    undone_merge_ids: tuple[int, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    withdrawn_assertion_ids: tuple[int, ...] = ()
    withdrawn_pairs: tuple[WithdrawnPair, ...] = ()
    tasks: tuple[Task, ...] = ()
    task_changes: tuple[TaskChange, ...] = ()
    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Change:
        """Many changes as one, in order."""
        changes = list(changes)
        names = [entry.name for entry in fields(cls)]
        return cls(**{name: tuple(chain.from_iterable(getattr(c, name) for c in changes)) for name in names})

    def __add__(self, later: Change) -> Change:
        """Both changes as one, this one first."""
        return Change(
            identities=self.identities + later.identities,
            links=self.links + later.links,
            merges=self.merges + later.merges,
            undone_merge_ids=self.undone_merge_ids + later.undone_merge_ids,
            assertions=self.assertions + later.assertions,
            withdrawn_assertion_ids=self.withdrawn_assertion_ids + later.withdrawn_assertion_ids,
            withdrawn_pairs=self.withdrawn_pairs + later.withdrawn_pairs,
            tasks=self.tasks + later.tasks,
            task_changes=self.task_changes + later.task_changes,
            events=self.events + later.events,
        )
