"""Writes records: new ones as a set, one update at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from mpi.identity.change import Change
from mpi.storage.candidates import BLOCK_MAX
from mpi.storage.changes import Signed, change_json, signature_json
from mpi.storage.database import Connection
from mpi.storage.queries import number_array, query


class HeldRecord(NamedTuple):
    """A record locked for its update."""

    version: int
    normalized: Any


class NewRecord(NamedTuple):
    """A record to be stored; ``content`` is its flat JSON, ``normalized`` its stored form."""

    record_id: int
    source_id: int
    local_id: str
    content: bytes
    content_hash: bytes
    normalized: Any
    search_text: str
    keys: Sequence[int]
    #: The FHIR Patient it was read from, as JSON.
    original: bytes | None
    #: Its search terms, as PostgreSQL reads a tsvector.
    terms: str


def survivor_of(conn: Connection, record_id: int) -> str | None:
    """The local ID of the record that this one gave way to; None when it did not."""
    row = conn.execute(query("survivor_of_record"), {"record_id": record_id}).fetchone()
    return None if row is None else str(row[0])


class Held(NamedTuple):
    """What a registration was decided on; it is written only if that still holds.

    ``lock_numbers`` None: nobody else can be creating identities. ``sharing``: the records that shared a key.
    """

    lock_numbers: list[int] | None
    sharing: list[int]
    enterprise_ids: list[str]


def register(
    conn: Connection, records: Sequence[NewRecord], change: Change, signed: Signed, held: Held
) -> bool:
    """Store new records and what they were assigned.

    False, and nothing is written, when the world changed.
    """
    rows = [
        {
            "record_id": record.record_id,
            "source_id": record.source_id,
            "local_id": record.local_id,
            "content_hash": record.content_hash.hex(),
            "source_record": orjson.Fragment(record.content),
            "normalized": record.normalized,
            "search_text": record.search_text,
            "original": None if record.original is None else orjson.Fragment(record.original),
            "terms": record.terms,
        }
        for record in records
    ]
    row = conn.execute(
        query("register"),
        {
            "records": orjson.dumps(rows).decode(),
            "keys": number_array(key for record in records for key in record.keys),
            "key_record_ids": number_array(record.record_id for record in records for _ in record.keys),
            "doc": change_json(change, signed.rule_hash),
            "signed": signature_json(change, signed),
            "block_max": BLOCK_MAX,
            "lock_numbers": None if held.lock_numbers is None else number_array(held.lock_numbers),
            "seen": number_array(held.sharing),
            "enterprise_ids": held.enterprise_ids,
        },
    ).fetchone()
    return row is not None and bool(row[0])


def lock_record(conn: Connection, record_id: int) -> HeldRecord:
    """Lock a record until commit and read what its update replaces."""
    row = conn.execute(query("lock_record"), {"record_id": record_id}).fetchone()
    assert row is not None
    return HeldRecord(*row)


def revise_record(conn: Connection, record: NewRecord) -> None:
    """The next version becomes current, the present one history; ``record_id`` is the stored record's."""
    conn.execute(
        query("update_record"),
        {
            "record_id": record.record_id,
            "content_hash": record.content_hash,
            "source_record": record.content.decode(),
            "normalized": orjson.dumps(record.normalized).decode(),
            "search_text": record.search_text,
            "original": _text(record.original),
            "terms": record.terms,
        },
    )
    conn.execute(query("add_keys"), {"record_id": record.record_id, "keys": number_array(record.keys)})


def hold_back(
    conn: Connection,
    record_id: int,
    content: bytes,
    content_hash: bytes,
    task_id: int,
    original: bytes | None = None,
) -> None:
    """Keep an update beside its record until a person decides."""
    conn.execute(
        query("hold_update"),
        {
            "record_id": record_id,
            "source_record": content.decode(),
            "content_hash": content_hash,
            "task_id": task_id,
            "original": _text(original),
        },
    )


def _text(json: bytes | None) -> str | None:
    return None if json is None else json.decode()


def settle_held(conn: Connection, task_id: int, outcome: str | None) -> bool:
    """A held update is ``released``, ``rejected`` or ``superseded``; None: it is held again.

    False when it cannot be held again, because another update of the record is held by now.
    """
    row = conn.execute(query("settle_held_update"), {"task_id": task_id, "outcome": outcome}).fetchone()
    return row is not None


class HeldUpdate(NamedTuple):
    """An update that waits or waited, beside its record."""

    record_id: int
    after: dict[str, Any]
    outcome: str | None
    before: dict[str, Any]
    source: str
    local_id: str
    source_id: int
    version: int
    #: The FHIR Patient that waits, when it came as one.
    original: dict[str, Any] | None


def held_update(conn: Connection, task_id: int) -> HeldUpdate | None:
    """The update that a task asks about, None when it asks about something else."""
    row = conn.execute(query("held_update_of_task"), {"task_id": task_id}).fetchone()
    return None if row is None else HeldUpdate(*row)


class Previous(NamedTuple):
    """What a record said before: flat, and the FHIR Patient when it came as one."""

    content: dict[str, Any]
    original: dict[str, Any] | None


def previous_content(conn: Connection, record_id: int) -> Previous | None:
    """The version before the present one."""
    row = conn.execute(query("previous_version"), {"record_id": record_id}).fetchone()
    return None if row is None else Previous(*row)
