"""A change in the making: what a use case decided is noted here, and ``finish`` works out everything that
follows.

What follows from any decision is the same each time, so it stands in one place: which identities are active,
merged or retired, where redirects point, which assertions no longer hold, and what becomes of open tasks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from mpi.errors import AssertedDifferent
from mpi.identity.change import (
    Assertion,
    Cause,
    Change,
    DecidedBy,
    Event,
    EventType,
    Evidence,
    IdentityChange,
    IdentityStatus,
    LinkChange,
    Merge,
    Resolution,
    TaskChange,
    Verdict,
    WithdrawnPair,
)
from mpi.identity.neighbourhood import Neighbourhood, RecordPair, TaskState


class Draft:
    """Working copies of a neighbourhood. Methods note decisions and do not ask whether they are allowed."""

    def __init__(
        self,
        state: Neighbourhood,
        *,
        task_id: int | None = None,
        undone_task_id: int | None = None,
        batch_id: int | None = None,
    ) -> None:
        self.state = state
        #: The batch that all of this belongs to, if any.
        self.batch_id = batch_id
        #: The task that is being answered, if any, and the one whose answer is taken back.
        self.task_id, self.undone_task_id = task_id, undone_task_id
        #: Record → the identity it belongs to by now.
        self.home = {record: link.enterprise_id for record, link in state.links.items()}
        #: The same the other way round.
        self._members: dict[str, set[int]] = defaultdict(set)
        for record, enterprise_id in self.home.items():
            self._members[enterprise_id].add(record)
        self.retired = {record for record, link in state.links.items() if link.retired}
        #: Subsumed → merge, of those not undone.
        self.live_merges = {m.merge.subsumed: m.merge for m in state.merges.values() if not m.undone}
        #: Assertion → its pairs in force; those stated in this draft included.
        self.in_force = {a: set(assertion.pairs) for a, assertion in state.assertions.items()}
        self.verdicts = {a: assertion.verdict for a, assertion in state.assertions.items()}
        self.tasks: dict[int, TaskChange] = {}
        self.events: list[Event] = []
        self._decided_by: dict[int, DecidedBy] = {}
        self._evidence: dict[int, Evidence | None] = {}
        self._issued: dict[str, None] = {}
        self._successors: dict[str, tuple[str, ...]] = {}
        self._merges: list[Merge] = []
        self._undone: list[int] = []
        self._assertions: list[Assertion] = []
        self._withdrawn: dict[int, set[RecordPair]] = {}

    def members(self, enterprise_id: str) -> tuple[int, ...]:
        """The records of an identity by now, in order."""
        return tuple(sorted(self._members.get(enterprise_id, ())))

    @property
    def complete(self) -> set[str]:
        """The identities whose members are all known here."""
        return {*self.state.complete, *self._issued}

    @property
    def undone_merge_ids(self) -> tuple[int, ...]:
        """The merges undone so far."""
        return tuple(self._undone)

    def root(self, enterprise_id: str) -> str:
        """Where a look-up of ``enterprise_id`` ends, through the merges in force."""
        while enterprise_id in self.live_merges:
            enterprise_id = self.live_merges[enterprise_id].surviving
        return enterprise_id

    def issue(self, enterprise_id: str) -> None:
        """A new identity; its records are moved to it next."""
        self._issued[enterprise_id] = None
        self.events.append(Event(type=EventType.ENTERPRISE_ID_ASSIGNED, enterprise_id=enterprise_id))

    def move(
        self,
        record_id: int,
        to_id: str,
        cause: Cause,
        decided_by: DecidedBy,
        *,
        merge_id: int | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """One record goes to another identity: exactly one event of the ledger."""
        parted = cause in (Cause.UNLINK, Cause.ASSERTION) or (cause is Cause.RELINK and to_id in self._issued)
        before = self._decided_by.get(record_id, self.state.links[record_id].decided_by)
        self.events.append(
            Event(
                type=EventType.RECORD_UNLINKED if parted else EventType.RECORD_LINKED,
                enterprise_id=to_id,
                other_enterprise_id=self.home[record_id],
                record_id=record_id,
                merge_id=merge_id,
                task_id=self.task_id,
                data={
                    "cause": cause.value,
                    "decided_by": decided_by.value,
                    "decided_by_before": before.value,
                    **({} if self.batch_id is None else {"batch_id": self.batch_id}),
                    **({} if evidence is None else evidence.told()),
                },
            )
        )
        self._members[self.home[record_id]].discard(record_id)
        self._members[to_id].add(record_id)
        self.home[record_id] = to_id
        self._decided_by[record_id] = decided_by
        self._evidence[record_id] = evidence

    def dissolve(self, enterprise_id: str, successors: tuple[str, ...]) -> None:
        """An identity whose records went to several others: looking it up names these."""
        self._successors[enterprise_id] = successors

    def merge(self, merge: Merge, evidence: Evidence | None = None) -> None:
        """``merge.subsumed`` redirects from here on, and its records belong to ``merge.surviving``."""
        self._merges.append(merge)
        self.live_merges[merge.subsumed] = merge
        self.events.append(
            Event(
                type=EventType.IDENTITIES_MERGED,
                enterprise_id=merge.surviving,
                other_enterprise_id=merge.subsumed,
                merge_id=merge.merge_id,
                task_id=self.task_id,
                data={"decided_by": merge.decided_by.value},
            )
        )
        for record in merge.moved_record_ids:
            self.move(
                record,
                merge.surviving,
                Cause.MERGE,
                merge.decided_by,
                merge_id=merge.merge_id,
                evidence=evidence,
            )

    def undo(self, merge: Merge, returned: Collection[int], left: Collection[int]) -> None:
        """``merge.subsumed`` is itself again and has ``returned``; ``left`` stay where people put them."""
        del self.live_merges[merge.subsumed]
        self._undone.append(merge.merge_id)
        self.events.append(
            Event(
                type=EventType.IDENTITIES_UNMERGED,
                enterprise_id=merge.subsumed,
                other_enterprise_id=merge.surviving,
                merge_id=merge.merge_id,
                task_id=self.task_id,
                data={"returned": len(returned), "left": len(left)},
            )
        )
        before = {
            move.record_id: DecidedBy(move.data.get("decided_by_before", DecidedBy.MACHINE))
            for move in self.state.moves
            if move.merge_id == merge.merge_id and move.data.get("cause") == Cause.MERGE
        }
        for record in returned:
            decided_by = before.get(record, DecidedBy.MACHINE)
            self.move(record, merge.subsumed, Cause.UNMERGE, decided_by, merge_id=merge.merge_id)

    def assert_(self, assertion: Assertion) -> None:
        """A person states something about pairs of records."""
        self._assertions.append(assertion)
        self.in_force[assertion.assertion_id] = set(assertion.pairs)
        self.verdicts[assertion.assertion_id] = assertion.verdict
        left, right = assertion.pairs[0]
        self.events.append(
            Event(
                type=EventType.PEOPLE_ASSERTED,
                enterprise_id=self.home[left],
                other_enterprise_id=self.home[right] if self.home[right] != self.home[left] else None,
                merge_id=assertion.merge_id,
                task_id=assertion.task_id,
                assertion_id=assertion.assertion_id,
                data={"verdict": assertion.verdict.value},
            )
        )

    def pairs(self, verdict: Verdict) -> list[tuple[int, RecordPair]]:
        """(assertion, pair) of every pair in force with ``verdict``, in order."""
        return sorted(
            (assertion, pair)
            for assertion, pairs in self.in_force.items()
            if self.verdicts[assertion] is verdict
            for pair in pairs
        )

    def withdraw(self, assertion_id: int, pairs: Iterable[RecordPair]) -> None:
        """These pairs of an assertion no longer hold."""
        gone = set(pairs)
        if not gone:
            return
        self.in_force[assertion_id] -= gone
        self._withdrawn.setdefault(assertion_id, set()).update(gone)

    def close_task(self, state: TaskState, resolution: Resolution | None, cause: str) -> None:
        """A task is answered, or there is nothing left to ask; it keeps the identities it asked about."""
        task = state.task
        word = resolution.value if resolution else None
        self.tasks[task.task_id] = TaskChange(
            task_id=task.task_id,
            identity_a=task.identity_a,
            identity_b=task.identity_b,
            state="resolved",
            resolution=word,
        )
        self.events.append(
            Event(
                type=EventType.TASK_RESOLVED,
                enterprise_id=task.identity_a,
                other_enterprise_id=task.identity_b,
                merge_id=self._merges[-1].merge_id if self._merges else None,
                task_id=task.task_id,
                data={"cause": cause, "resolution": word, "by_task_id": self.task_id},
            )
        )

    def open_task(self, state: TaskState, identity_a: str, identity_b: str | None) -> None:
        """A closed task is asked again, about these identities."""
        task_id = state.task.task_id
        self.tasks[task_id] = TaskChange(
            task_id=task_id, identity_a=identity_a, identity_b=identity_b, state="open"
        )
        self.events.append(
            Event(
                type=EventType.TASK_REOPENED,
                enterprise_id=identity_a,
                other_enterprise_id=identity_b,
                task_id=task_id,
            )
        )

    def status(self, enterprise_id: str) -> IdentityStatus:
        """What an identity is by now; one at the edge of the neighbourhood is what it was."""
        before = self.state.identities.get(enterprise_id)
        if before is not None and (
            before.status is IdentityStatus.ERASED or enterprise_id not in self.state.complete
        ):
            return before.status
        if enterprise_id in self.live_merges:
            return IdentityStatus.MERGED
        members = self._members.get(enterprise_id, set())
        if not members <= self.retired:
            return IdentityStatus.ACTIVE
        was_split = before is not None and before.status is IdentityStatus.SPLIT
        if not members and (was_split or enterprise_id in self._successors):
            return IdentityStatus.SPLIT
        return IdentityStatus.RETIRED

    def finish(self) -> Change:
        """The whole change. Raises AssertedDifferent when it would join whom a person held apart."""
        self._drop_same_across_identities()
        self._refuse_different_within_identity()
        whole, partly = self._withdrawals()
        return Change(
            identities=self._identity_changes(),
            links=self._link_changes(),
            merges=tuple(self._merges),
            undone_merge_ids=tuple(self._undone),
            assertions=tuple(self._assertions),
            withdrawn_assertion_ids=whole,
            withdrawn_pairs=partly,
            task_changes=tuple(self.tasks.values()),
            events=tuple(self.events),
        )

    def _drop_same_across_identities(self) -> None:
        """Who was parted by a person is not held together by an older statement."""
        for assertion, (left, right) in self.pairs(Verdict.SAME):
            if left in self.home and right in self.home and self.home[left] != self.home[right]:
                self.withdraw(assertion, [(left, right)])

    def _refuse_different_within_identity(self) -> None:
        for assertion, (left, right) in self.pairs(Verdict.DIFFERENT):
            if left in self.home and self.home[left] == self.home.get(right):
                raise AssertedDifferent(f"assertion {assertion} holds two of these records apart")

    def _withdrawals(self) -> tuple[tuple[int, ...], tuple[WithdrawnPair, ...]]:
        whole = tuple(a for a in self._withdrawn if not self.in_force[a])
        partly = tuple(
            WithdrawnPair(assertion_id=a, pair=pair)
            for a, pairs in self._withdrawn.items()
            if self.in_force[a]
            for pair in sorted(pairs)
        )
        for assertion, pairs in self._withdrawn.items():
            left, right = min(pairs)
            ends = [self.home[record] for record in (left, right) if record in self.home]
            self.events.append(
                Event(
                    type=EventType.ASSERTION_WITHDRAWN,
                    enterprise_id=ends[0],
                    other_enterprise_id=ends[-1] if ends[-1] != ends[0] else None,
                    task_id=self.task_id,
                    assertion_id=assertion,
                    data={
                        "verdict": self.verdicts[assertion].value,
                        "pairs": [list(pair) for pair in sorted(pairs)],
                        "pairs_left": len(self.in_force[assertion]),
                    },
                )
            )
        return whole, partly

    def _link_changes(self) -> tuple[LinkChange, ...]:
        changes = []
        for record, decided_by in self._decided_by.items():
            before, evidence = self.state.links[record].enterprise_id, self._evidence[record]
            if before != self.home[record]:
                changes.append(
                    LinkChange(
                        record_id=record,
                        from_id=before,
                        to_id=self.home[record],
                        decided_by=decided_by,
                        weight=evidence.weight if evidence else None,
                        probability=evidence.probability if evidence else None,
                        with_record_id=evidence.other(record) if evidence else None,
                    )
                )
        return tuple(changes)

    def _identity_changes(self) -> tuple[IdentityChange, ...]:
        changes = []
        for enterprise_id in [*self._issued, *sorted(self.state.complete)]:
            before = self.state.identities.get(enterprise_id)
            status = self.status(enterprise_id)
            survivor = self.root(enterprise_id) if status is IdentityStatus.MERGED else None
            was = before.successors if before else ()
            change = IdentityChange(
                enterprise_id=enterprise_id,
                status=status,
                surviving_id=survivor,
                successors=self._successors.get(enterprise_id, was) if status is IdentityStatus.SPLIT else (),
            )
            if before is None:
                changes.append(replace(change, issued=True))
            elif (before.status, before.surviving_id) != (status, survivor):
                changes.append(change)
        return tuple(changes)
