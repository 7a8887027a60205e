"""What is told of a stored record and of an identity: the facts that a FHIR Patient or a PID is written
from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mpi.matching.record import Identifier, SourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """One version of a stored record. Enterprise IDs are in display form."""

    #: The logical ID of its FHIR Patient: ``r`` and the record's number.
    resource_id: str
    record: SourceRecord
    #: The identifiers as the domains call them, the source's own first; without those that are only a key.
    identifiers: tuple[Identifier, ...]
    version: int
    received_at: datetime
    enterprise_id: str
    #: False: retired, or replaced by another record of its source.
    active: bool = True
    #: The record that replaced it (A40, ``replaced-by``): its resource ID and its local ID.
    replaced_by: tuple[str, str] | None = None
    #: Resource IDs of the records it replaced.
    replaces: tuple[str, ...] = ()
    #: The mother's identifiers, as sent (PID-21), and her enterprise ID once she is known.
    mother_identifiers: tuple[Identifier, ...] = ()
    mother_enterprise_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityView:
    """One identity with its records. ``requested_id`` differs from ``enterprise_id`` after a redirect."""

    enterprise_id: str
    requested_id: str
    status: str
    #: The best record of its members.
    best: SourceRecord
    #: Every identifier of every member, canonical and distinct; replaced ones only where they are exposed.
    identifiers: tuple[Identifier, ...]
    #: Its records, the most trusted source first.
    records: tuple[RecordView, ...]
    #: Grows with everything that happens to the identity: the ``versionId`` of its Patient.
    version: int
    changed_at: datetime
    #: Subsumed identities that redirect to it.
    replaces: tuple[str, ...] = ()
    #: Of a split identity: where its records went.
    successors: tuple[str, ...] = ()
