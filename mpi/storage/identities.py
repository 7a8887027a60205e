"""Reads identities and records as rows; what they mean is decided above."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from mpi.errors import Erased, NotFound
from mpi.identity.change import Event, EventType
from mpi.storage.database import Connection
from mpi.storage.queries import query


class IdentityRow(NamedTuple):
    enterprise_id: str
    status: str
    surviving_id: str | None
    successors: list[str]
    issued_at: datetime


class MemberRow(NamedTuple):
    """A record of an identity; ``content`` is the flat record as sent."""

    record_id: int
    source: str
    local_id: str
    version: int
    retired: bool
    content: dict[str, Any]
    received_at: datetime
    trust: int
    decided_by: str
    weight: float | None
    probability: float | None
    linked_at: datetime


class RecordRow(NamedTuple):
    record_id: int
    source: str
    local_id: str
    version: int
    retired: bool
    content: dict[str, Any]
    received_at: datetime
    enterprise_id: str
    pending: dict[str, Any] | None
    normalized: Any


class RefRow(NamedTuple):
    record_id: int
    source: str
    local_id: str
    version: int


class EventRow(NamedTuple):
    event_id: int
    at: datetime
    type: str
    actor: str
    enterprise_id: str
    other_enterprise_id: str | None
    record_id: int | None
    merge_id: int | None
    task_id: int | None
    assertion_id: int | None
    data: dict[str, Any] | None


def identity_row(conn: Connection, enterprise_id: str) -> IdentityRow:
    """What became of this enterprise ID.

    Raises NotFound when it was never issued, Erased when it was erased.
    """
    row = conn.execute(query("identity_row"), {"enterprise_id": enterprise_id}).fetchone()
    if row is None:
        raise NotFound("this enterprise ID was never issued", field="enterprise_id")
    found = IdentityRow(*row)
    if found.status == "erased":
        raise Erased("this identity was erased", field="enterprise_id")
    return found


def surviving_row(conn: Connection, enterprise_id: str) -> IdentityRow:
    """The same, after its redirect if it has one. Redirects are one step deep."""
    found = identity_row(conn, enterprise_id)
    return found if found.surviving_id is None else identity_row(conn, found.surviving_id)


def members(conn: Connection, enterprise_id: str) -> list[MemberRow]:
    """Every record of the identity, oldest first, retired ones included."""
    rows = conn.execute(query("members"), {"enterprise_id": enterprise_id}).fetchall()
    return [MemberRow(*row) for row in rows]


def stored_record(conn: Connection, source: str, local_id: str) -> RecordRow:
    """The record under this local ID. Raises NotFound."""
    row = conn.execute(query("stored_record"), {"source": source, "local_id": local_id}).fetchone()
    if row is None:
        raise NotFound("no record has this local ID in this source", field="local_id")
    return RecordRow(*row)


def record_refs(conn: Connection, record_ids: Iterable[int]) -> dict[int, RefRow]:
    """Record ID → how people call it."""
    wanted = sorted(set(record_ids))
    if not wanted:
        return {}
    rows = conn.execute(query("record_refs"), {"record_ids": wanted}).fetchall()
    return {row[0]: RefRow(*row) for row in rows}


def identity_events(conn: Connection, enterprise_id: str) -> list[EventRow]:
    """The ledger of one identity, oldest first."""
    rows = conn.execute(query("identity_events"), {"enterprise_id": enterprise_id}).fetchall()
    return [EventRow(*row) for row in rows]


def ledger_until(conn: Connection, enterprise_id: str, at: datetime) -> list[Event]:
    """Every link change, up to a moment, of the records that were ever in this identity."""
    parameters = {"enterprise_id": enterprise_id, "at": at}
    rows = [EventRow(*row) for row in conn.execute(query("ledger_of_members_ever"), parameters).fetchall()]
    return [
        Event(
            type=EventType(row.type),
            enterprise_id=row.enterprise_id,
            other_enterprise_id=row.other_enterprise_id,
            record_id=row.record_id,
            merge_id=row.merge_id,
            data=row.data or {},
        )
        for row in rows
    ]
