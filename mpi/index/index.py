"""The index itself: the one object that every face and notebook holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mpi.batch.encoded import EncodedRecords
from mpi.batch.feeds import ColumnMap
from mpi.batch.progress import Progress as Stages
from mpi.batch.progress import silent
from mpi.errors import MpiError
from mpi.installation import declared_sources, make_ready, open_context, open_database
from mpi.matching.flat import source_record
from mpi.matching.record import SourceRecord
from mpi.matching.rules import RuleSet
from mpi.services import (
    access,
    assertions,
    declaring,
    explaining,
    intake,
    loading,
    lookup,
    publishing,
    quality,
    rehearsing,
    relinking,
    searching,
    stewardship,
    tasks,
)
from mpi.services.answers import (
    Actor,
    AssertionAnswer,
    Candidates,
    EventAnswer,
    IdentityAnswer,
    InvariantResult,
    MergeAnswer,
    Page,
    Receipt,
    Rejection,
    StoredRecord,
    TaskAnswer,
    UnlinkAnswer,
    UnmergeAnswer,
)
from mpi.services.context import Context
from mpi.services.desk import Desk
from mpi.services.explaining import Reference
from mpi.services.loading import LoadSummary, Progress
from mpi.services.messages import Messages
from mpi.services.notifying import Notifying
from mpi.services.quality import Standing
from mpi.services.registry import Registry
from mpi.services.relink_planning import RelinkAnswer
from mpi.services.relinking import RollbackAnswer
from mpi.services.replay import Replay
from mpi.settings import Settings

Flat = Mapping[str, Any]


class Index:
    """A pool, rules, a mint and what a process keeps at hand. Open it with ``Index.open`` and close it after
    use.

    Every method is one use case in one transaction, asks who is asking, and raises the errors of
    ``mpi.errors``.
    """

    def __init__(self, context: Context, closing: ExitStack) -> None:
        self._context = context
        self._closing = closing

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Connect to ``DATABASE_URL``, or start (or share) the embedded PostgreSQL of ``MPI_HOME``.

        An embedded database is migrated; on a real server pending migrations raise BadInput naming the
        command.
        """
        with ExitStack() as stack:
            database = stack.enter_context(open_database(settings))
            make_ready(database)
            context = stack.enter_context(open_context(settings, database.conninfo))
            index = cls(context, stack.pop_all())
        if (declared := declared_sources(settings)) is not None:
            index.apply_sources(declared, actor=Actor(name="settings", role="admin"))
        return index

    def close(self) -> None:
        """Give the connections back, and stop the embedded database when nobody else uses it."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self._context.rules

    @property
    def desk(self) -> Desk:
        """What only the review desk asks."""
        return Desk(self._context)

    @property
    def registry(self) -> Registry:
        """What the standard dialects ask: cross-references, people by demographics, replaced identifiers."""
        return Registry(self._context)

    @property
    def messages(self) -> Messages:
        """The store of HL7 v2 messages."""
        return Messages(self._context)

    @property
    def notifying(self) -> Notifying:
        """Who is told of changes, and what is still to be told."""
        return Notifying(self._context)

    # Records

    def receive(
        self, record: Flat | SourceRecord, *, actor: Actor, idempotency: Replay | None = None
    ) -> Receipt:
        """Register or update one record."""
        return intake.receive(self._context, _as_record(record), actor=actor, replay=idempotency)

    def receive_many(
        self, records: Sequence[Flat | SourceRecord | Rejection], *, actor: Actor, batch_id: int | None = None
    ) -> list[Receipt | Rejection]:
        """Register a chunk; one outcome for each, in order. What is wrong with one never stops the others."""
        read = [
            record if isinstance(record, Rejection) else _record_or_rejection(record) for record in records
        ]
        chunk = intake.make_ready(self._context, read)
        return intake.receive_many(self._context, chunk, actor=actor, batch_id=batch_id)

    def load(
        self,
        path: Path,
        *,
        actor: Actor,
        source: str | None = None,
        column_map: ColumnMap = None,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> LoadSummary:
        """Register every record of a file; goes on where an earlier load of it stopped.

        ``dry_run``: say what of each line, against the index as it is, and keep nothing.
        """
        take_in = rehearsing.rehearse if dry_run else loading.load
        return take_in(
            self._context, path, actor=actor, source=source, column_map=column_map, progress=progress
        )

    def batches(self, *, actor: Actor) -> list[dict[str, Any]]:
        """Every file taken in, newest first."""
        return loading.batches(self._context)

    def batch(self, batch_id: int, *, actor: Actor, rejected_max: int = 100) -> dict[str, Any]:
        """One file taken in, with its first rejected lines."""
        return loading.batch(self._context, batch_id, rejected_max=rejected_max)

    def record(self, source: str, local_id: str, *, actor: Actor) -> StoredRecord:
        """A stored record with its versions."""
        return lookup.record(self._context, source, local_id, actor=actor)

    def retire(self, source: str, local_id: str, *, actor: Actor, reason: str) -> StoredRecord:
        """Take a record out of the candidates; its history stays, and sent again it is active again."""
        stewardship.retire(self._context, source, local_id, reason, actor=actor)
        return lookup.record(self._context, source, local_id, actor=actor)

    # Matching

    def match(self, record: Flat | SourceRecord, *, actor: Actor, limit: int = 10) -> Candidates:
        """Whom a record resembles; nothing is registered."""
        return explaining.match(self._context, record, actor=actor, limit=limit)

    def compare(self, a: Reference, b: Reference, *, actor: Actor) -> dict[str, Any]:
        """Two records, stored or not, part by part."""
        return explaining.compare(self._context, a, b, actor=actor)

    def why(self, a: str, b: str, *, actor: Actor) -> dict[str, Any]:
        """Why two stored records or identities agree, part by part."""
        return explaining.compare(self._context, a, b, actor=actor)

    # All records at once

    def relink_plan(
        self, *, actor: Actor, sample: int = relinking.SAMPLE, progress: Stages = silent
    ) -> RelinkAnswer:
        """What grouping all records anew would change, and why; nothing is changed."""
        return relinking.relink_plan(self._context, actor=actor, sample=sample, progress=progress)

    def relink_apply(
        self,
        *,
        actor: Actor,
        reason: str | None = None,
        sample: int = relinking.SAMPLE,
        progress: Stages = silent,
    ) -> RelinkAnswer:
        """Group all records anew, as one batch that can be taken back."""
        return relinking.relink_apply(
            self._context, actor=actor, reason=reason, sample=sample, progress=progress
        )

    def rollback(self, batch_id: int, reason: str, *, actor: Actor) -> RollbackAnswer:
        """Take a relink back."""
        return relinking.rollback(self._context, batch_id, reason, actor=actor)

    def encoded_records(self, *, actor: Actor, progress: Stages = silent) -> EncodedRecords:
        """All active records of the index, encoded for batch work."""
        return relinking.encoded_records(self._context, actor=actor, progress=progress)

    # Identities

    def identity(self, enterprise_id: str, *, actor: Actor) -> IdentityAnswer:
        """An identity by any ID it ever had."""
        return lookup.identity(self._context, enterprise_id, actor=actor)

    def identity_at(self, enterprise_id: str, at: datetime, *, actor: Actor) -> dict[str, Any]:
        """Who an enterprise ID was at a moment."""
        return lookup.identity_at(self._context, enterprise_id, at, actor=actor)

    def history(self, enterprise_id: str, *, actor: Actor) -> list[EventAnswer]:
        """Everything that happened to an identity."""
        return explaining.history(self._context, enterprise_id, actor=actor)

    def how(self, enterprise_id: str, *, actor: Actor) -> dict[str, Any]:
        """How an identity came to be, in words."""
        return explaining.how(self._context, enterprise_id, actor=actor)

    def crosswalk(
        self, source: str, local_id: str, targets: Sequence[str] = (), *, actor: Actor
    ) -> dict[str, Any]:
        """The identifiers of a record's identity in other sources and domains."""
        return lookup.crosswalk(self._context, source, local_id, targets, actor=actor)

    def search(self, wanted: str | Flat, *, actor: Actor, limit: int = 20) -> Page:
        """People by what somebody types."""
        return searching.search(self._context, wanted, actor=actor, limit=limit)

    # Stewardship

    def merge(
        self,
        surviving: str,
        subsumed: str,
        reason: str,
        *,
        actor: Actor,
        preview: bool = False,
        override: bool = False,
    ) -> MergeAnswer:
        """Make two identities one; ``subsumed`` redirects for ever, or until the merge is undone."""
        return stewardship.merge(
            self._context, surviving, subsumed, reason, actor=actor, preview=preview, override=override
        )

    def unmerge(self, merge_id: int, reason: str, *, actor: Actor) -> UnmergeAnswer:
        """Undo a merge, at any later time."""
        return stewardship.unmerge(self._context, merge_id, reason, actor=actor)

    def unlink(self, source: str, local_id: str, reason: str, *, actor: Actor) -> UnlinkAnswer:
        """Give a record an identity of its own."""
        return stewardship.unlink(self._context, source, local_id, reason, actor=actor)

    def assert_people(
        self, a: str, b: str, verdict: str, reason: str, *, actor: Actor, override: bool = False
    ) -> AssertionAnswer:
        """State that two records or identities are the same person, or different people."""
        return assertions.assert_people(self._context, a, b, verdict, reason, actor=actor, override=override)

    def assertions(self, *, actor: Actor, limit: int = 50, cursor: int | None = None) -> Page:
        """What people stated, newest first."""
        return assertions.assertions(self._context, actor=actor, limit=limit, cursor=cursor)

    def assertion(self, assertion_id: int, *, actor: Actor) -> AssertionAnswer:
        """One statement."""
        return assertions.assertion(self._context, assertion_id, actor=actor)

    def withdraw_assertion(self, assertion_id: int, reason: str, *, actor: Actor) -> AssertionAnswer:
        """It no longer holds; links stay as they are."""
        return assertions.withdraw_assertion(self._context, assertion_id, reason, actor=actor)

    # Tasks

    def tasks(
        self,
        *,
        actor: Actor,
        state: str | None = None,
        kind: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """The queue, most harmful first."""
        return tasks.listed(self._context, actor=actor, state=state, kind=kind, limit=limit, cursor=cursor)

    def task(self, task_id: int, *, actor: Actor) -> TaskAnswer:
        """One question for a person."""
        return tasks.task(self._context, task_id, actor=actor)

    def claim(self, task_id: int, *, actor: Actor) -> TaskAnswer:
        """Hold a task for a while, so that no other reviewer works on it."""
        return tasks.claim(self._context, task_id, actor=actor)

    def release(self, task_id: int, *, actor: Actor) -> TaskAnswer:
        """Give a claimed task back."""
        return tasks.release(self._context, task_id, actor=actor)

    def resolve(
        self, task_id: int, resolution: str, reason: str, version: int, *, actor: Actor
    ) -> TaskAnswer:
        """Answer a task; ``version`` is the one the reviewer saw."""
        return tasks.resolve(self._context, task_id, resolution, reason, version, actor=actor)

    def undo_resolution(self, task_id: int, reason: str, *, actor: Actor) -> TaskAnswer:
        """Take an answer back: the state before it is restored, links included."""
        return tasks.undo_resolution(self._context, task_id, reason, actor=actor)

    # The feed, what is declared, who may ask

    def events(self, after: int = 0, limit: int = 100, *, actor: Actor) -> Page:
        """The change feed from a cursor on."""
        return publishing.events(self._context, after, limit, actor=actor)

    def sources(self, *, actor: Actor) -> list[dict[str, Any]]:
        """Who sends."""
        return declaring.sources(self._context, actor=actor)

    def authorities(self, *, actor: Actor) -> list[dict[str, Any]]:
        """Who issues identifiers."""
        return declaring.authorities(self._context, actor=actor)

    def apply_sources(self, toml_text: str, *, actor: Actor) -> dict[str, int]:
        """Add or change what the TOML text lists."""
        return declaring.apply_sources(self._context, toml_text, actor=actor)

    def standing(self, *, actor: Actor) -> Standing:
        """Which record is whose and what is still to be asked, for a comparison with known truth."""
        return quality.standing(self._context, actor=actor)

    def check(self, *, actor: Actor) -> list[InvariantResult]:
        """Every invariant with its violations."""
        return quality.check(self._context, actor=actor)

    def add_client(self, name: str, role: str, *, actor: Actor, source: str | None = None) -> str:
        """A new API client's key, shown this once."""
        return access.add_client(self._context, name, role, actor=actor, source=source)

    def clients(self, *, actor: Actor) -> list[dict[str, Any]]:
        """Every API client, without keys."""
        return access.clients(self._context, actor=actor)

    def revoke_client(self, name: str, *, actor: Actor) -> None:
        """Refuse a client's key from now on."""
        access.revoke_client(self._context, name, actor=actor)

    def authenticate(self, key: str) -> Actor:
        """Whose key this is."""
        return access.authenticate(self._context, key)

    def deny(self, actor: Actor, action: str) -> None:
        """Write down that somebody was refused."""
        access.deny(self._context, actor, action)

    def ready(self) -> dict[str, Any]:
        """Whether the database answers, and how busy the pool is. Raises DatabaseUnavailable."""
        return quality.ready(self._context)


def _as_record(record: Flat | SourceRecord) -> SourceRecord:
    return record if isinstance(record, SourceRecord) else source_record(record)


def _record_or_rejection(record: Flat | SourceRecord) -> SourceRecord | Rejection:
    try:
        return _as_record(record)
    except MpiError as error:
        return Rejection(code=error.code, detail=str(error), field=error.field)
