"""What FHIR and HL7 v2 stand on: whose record a Patient is, cross-references, people by demographics,
replaced IDs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mpi.matching.record import SourceRecord
from mpi.patient import Domains, IdentityView, RecordView
from mpi.services import owning
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.owning import DEFAULT_SOURCE, RecordKey
from mpi.services.registry import (
    crossreferencing,
    finding,
    matching,
    reading,
    receiving,
    replacing,
)
from mpi.services.registry.answers import (
    Criterion,
    CrossReference,
    Field,
    Found,
    How,
    Registered,
    Replacement,
    TakenIn,
)
from mpi.services.registry.jobs import Job, JobError, Jobs
from mpi.services.registry.matching import Resemblances, Resembling
from mpi.services.replay import Replay
from mpi.services.senders import Senders

__all__ = [
    "Criterion",
    "CrossReference",
    "Field",
    "Found",
    "How",
    "Job",
    "JobError",
    "Jobs",
    "RecordKey",
    "Registered",
    "Registry",
    "Replacement",
    "Resemblances",
    "Resembling",
    "TakenIn",
]


class Registry:
    """``index.registry``: every method is one use case in one transaction, and audited."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def jobs(self) -> Jobs:
        """Patients in bulk: ``$import`` and ``$export``."""
        return Jobs(self._context)

    def domains(self) -> Domains:
        """The identifier domains as they are declared; at most five seconds old."""
        return self._context.authorities.domains()

    @property
    def senders(self) -> Senders:
        """Which source an HL7 v2 message is from, and how its messages are read."""
        return Senders(self._context)

    def setting(self) -> Mapping[str, Any]:
        """What ``[index]`` of the declarations says; at most five seconds old."""
        return self._context.authorities.setting()

    # Taking in

    def record_key(
        self, resource: Mapping[str, Any], *, source: str | None = None, default_source: str = DEFAULT_SOURCE
    ) -> RecordKey:
        """Whose record a Patient is and under which local ID.

        ``source`` is the sender; None: the owner of the first identifier's domain, else ``default_source``.
        The local ID is the value in the source's own domain; of a source without a domain, the first
        identifier in a domain that nobody owns. A Patient with neither gets a minted one. Raises
        ForeignIdentifier when all it has are identifiers of domains that belong to other sources.
        """
        return owning.record_key(self._context, resource, source=source, default_source=default_source)

    def receive(
        self,
        resource: Mapping[str, Any],
        *,
        actor: Actor,
        source: str | None = None,
        local_id: str | None = None,
        strict: bool = False,
        version: int | None = None,
        idempotency: Replay | None = None,
    ) -> Registered:
        """Register or update the record that a Patient says, whose it is by ``record_key`` unless told.

        ``strict``: a note of severity error refuses it. ``version``: the stored one the caller saw
        (``If-Match``; 0: there must be none yet). Raises InvalidPatient (with its notes), ForeignIdentifier,
        UnknownSource, UnknownAuthority, StaleVersion, Replaced (the record gave way to another: names its
        survivor).
        """
        key = self.record_key(resource, source=source)
        if local_id is not None:
            key = RecordKey(source=key.source, local_id=local_id)
        return receiving.receive(
            self._context, resource, key, actor=actor, strict=strict, version=version, replay=idempotency
        )

    def take_in(self, resource: Mapping[str, Any], *, actor: Actor, source: str, local_id: str) -> TakenIn:
        """As ``receive``, without reading the record back: two round trips less. Raises as ``receive``."""
        key = RecordKey(source=source, local_id=local_id)
        return receiving.take_in(self._context, resource, key, actor=actor)

    def holders(
        self, domain: str, value: str, *, actor: Actor, source: str | None = None
    ) -> tuple[RecordView, ...]:
        """The records that this identifier is a local ID of, or that carry it; of ``source`` alone when told.

        Replaced and retired records included. Raises UnknownAuthority.
        """
        return reading.holders(self._context, domain, value, actor=actor, source=source)

    # Reading

    def patient(self, resource_id: str, *, actor: Actor) -> RecordView | IdentityView:
        """A record (``r123``) or an identity (an enterprise ID) by logical ID. Raises NotFound, Erased."""
        return reading.patient(self._context, resource_id, actor=actor)

    def record(self, source: str, local_id: str, *, actor: Actor) -> RecordView:
        """A record by its key. Raises NotFound."""
        return reading.record(self._context, source, local_id, actor=actor)

    def versions(self, resource_id: str, *, actor: Actor) -> tuple[RecordView, ...]:
        """Every version of a record, newest first. Raises NotFound, also for an identity."""
        return reading.versions(self._context, resource_id, actor=actor)

    # Asking

    def match(self, record: SourceRecord, *, actor: Actor, limit: int = 20) -> Resemblances:
        """Whom a record resembles, scored as a registration would; nothing is registered."""
        return matching.match(self._context, record, actor=actor, limit=limit)

    def cross_reference(
        self, domain: str, value: str, targets: Sequence[str] = (), *, actor: Actor
    ) -> CrossReference:
        """What the person with this identifier is called in ``targets`` (everywhere when empty).

        Domains by any name: URI, OID, namespace. The enterprise ID's own domain can be asked and answered.
        """
        return crossreferencing.cross_reference(self._context, domain, value, targets, actor=actor)

    def find(
        self,
        criteria: Sequence[Criterion],
        *,
        actor: Actor,
        limit: int = 20,
        cursor: str | None = None,
        sort: Sequence[str] = (),
        targets: Sequence[str] = (),
        count_only: bool = False,
    ) -> Found:
        """People of whom one active record satisfies every criterion, in pages.

        ``sort``: family, given, birth_date, updated_at, ``-`` in front for descending; otherwise by
        enterprise ID. ``targets``: only people who have an identifier in one of these domains. Raises
        BadInput naming the criterion that makes no sense, UnknownAuthority.
        """
        return finding.find(
            self._context,
            criteria,
            actor=actor,
            limit=limit,
            cursor=cursor,
            sort=sort,
            targets=targets,
            count_only=count_only,
        )

    # Identifiers that change

    def replace(
        self,
        source: str,
        surviving_local_id: str,
        subsumed_local_id: str,
        reason: str,
        *,
        actor: Actor,
        survivor: Mapping[str, Any] | None = None,
        create_survivor: bool = True,
        preview: bool = False,
    ) -> Replacement:
        """The subsumed record gives way to the surviving one of the same source (A40, ``replaced-by``).

        Their identities merge, the subsumed record is retired and points to its survivor for ever, or until
        ``restore``. ``survivor``: its Patient, registered first; without one an unknown survivor is made from
        the subsumed record's demographics, unless ``create_survivor`` is False. Said again, nothing changes.
        Raises NotFound (``field`` is ``subsumed`` or ``surviving``), BadInput (one and the same), Replaced,
        AssertedDifferent.
        """
        return replacing.replace(
            self._context,
            source,
            surviving_local_id,
            subsumed_local_id,
            reason,
            actor=actor,
            survivor=survivor,
            create_survivor=create_survivor,
            preview=preview,
        )

    def restore(self, source: str, local_id: str, reason: str, *, actor: Actor) -> RecordView:
        """Take a replacement back: the record is active again, in the identity it had.

        Raises NotFound, Conflict.
        """
        return replacing.restore(self._context, source, local_id, reason, actor=actor)

    def rename(
        self, source: str, local_id: str, new_local_id: str, reason: str, *, actor: Actor
    ) -> RecordView:
        """The record gets another local ID in the same domain (A47).

        Raises NotFound, Conflict when it is taken.
        """
        return replacing.rename(self._context, source, local_id, new_local_id, reason, actor=actor)

    def move(self, source: str, local_id: str, to_local_id: str, reason: str, *, actor: Actor) -> RecordView:
        """The record belongs to the person of another record from now on (A43, A45).

        Raises NotFound, Conflict.
        """
        return replacing.move(self._context, source, local_id, to_local_id, reason, actor=actor)
