"""Many records at once: looked up as a set, and written by COPY.

What is written is the same as ``register`` of the schema writes for few: records, keys, and a change that
only adds: new identities, links of new records, tasks and events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString, NamedTuple

import orjson

from mpi.identity.change import Change
from mpi.storage.candidates import MEMBERS_MAX, Asked
from mpi.storage.changes import Signed, event_data, touched, write_audit
from mpi.storage.database import Connection
from mpi.storage.keys import put_keys
from mpi.storage.queries import number_array, query
from mpi.storage.records import NewRecord


class BulkMember(NamedTuple):
    """An active member of an identity near some arrival."""

    enterprise_id: str
    record_id: int
    source: str
    normalized: Any


class BulkLook(NamedTuple):
    """What the index knows about many arrivals; positions index these."""

    #: Those that are stored already.
    known: set[int]
    #: (position, enterprise ID) of every identity that shares a key with an arrival.
    near: list[tuple[int, str]]
    members: list[BulkMember]


def look_in_bulk(conn: Connection, asked: Sequence[Asked]) -> BulkLook:
    """Find what is stored of ``asked``, and the members of every identity that shares a key with one."""
    arrivals = {
        "positions": number_array(range(len(asked))),
        "source_ids": number_array(one.source_id for one in asked),
        "local_ids": [one.local_id for one in asked],
    }
    known = {row[0] for row in conn.execute(query("known_in_bulk"), arrivals)}
    keys = {
        "positions": number_array(n for n, one in enumerate(asked) for _ in one.keys),
        "keys": number_array(key for one in asked for key in one.keys),
        "used_max": number_array(most for one in asked for most in one.used_max),
    }
    near = conn.execute(query("near_in_bulk"), keys).fetchall()
    identities = {"enterprise_ids": sorted({id for _, id in near}), "members_max": MEMBERS_MAX}
    members = conn.execute(query("members_in_bulk"), identities).fetchall() if near else []
    return BulkLook(known, near, [BulkMember._make(row) for row in members])


def still_linked(conn: Connection, change: Change) -> bool:
    """Whether the records on whose account the change links others are where that was decided."""
    links = [link for link in change.links if link.with_record_id is not None]
    parameters = {
        "record_ids": number_array(link.with_record_id or 0 for link in links),
        "enterprise_ids": [link.to_id for link in links],
    }
    return conn.execute(query("links_elsewhere"), parameters).fetchone() is None


def copy_in(conn: Connection, records: Sequence[NewRecord], change: Change, signed: Signed) -> None:
    """Write new records and the change that assigns them, in the caller's transaction."""
    _copy(
        conn,
        "COPY record (record_id, source_id, local_id, content_hash, source_record, normalized, search_text,"
        " batch_id, original, terms) FROM STDIN",
        (
            (
                record.record_id,
                record.source_id,
                record.local_id,
                record.content_hash,
                record.content.decode(),
                orjson.dumps(record.normalized).decode(),
                record.search_text,
                signed.batch_id,
                None if record.original is None else record.original.decode(),
                record.terms,
            )
            for record in records
        ),
    )
    put_keys(conn, [record.record_id for record in records], [record.keys for record in records])
    _copy_change(conn, change, signed)
    write_audit(conn, signed, enterprise_ids=touched(change), query_fields=[], result_count=len(change.links))


def _copy(conn: Connection, statement: LiteralString, rows: Iterable[tuple[Any, ...]]) -> None:
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _copy_change(conn: Connection, change: Change, signed: Signed) -> None:
    _copy(
        conn,
        "COPY identity (enterprise_id, status) FROM STDIN",
        ((identity.enterprise_id, identity.status) for identity in change.identities),
    )
    _copy(
        conn,
        "COPY link (record_id, enterprise_id, decided_by, weight, probability, with_record_id, rule_hash)"
        " FROM STDIN",
        (
            (
                link.record_id,
                link.to_id,
                link.decided_by,
                link.weight,
                link.probability,
                link.with_record_id,
                signed.rule_hash,
            )
            for link in change.links
        ),
    )
    _copy(
        conn,
        "COPY task (task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority,"
        " rule_hash) FROM STDIN",
        (
            (
                *(task.task_id, task.kind, task.identity_a, task.identity_b, list(task.record_ids)),
                *(task.weight, task.probability, list(task.guards), task.priority, signed.rule_hash),
            )
            for task in change.tasks
        ),
    )
    _copy(
        conn,
        "COPY event (type, actor, enterprise_id, other_enterprise_id, record_id, task_id, batch_id, data)"
        " FROM STDIN",
        (
            (
                *(event.type, signed.actor, event.enterprise_id, event.other_enterprise_id),
                *(event.record_id, event.task_id, signed.batch_id),
                orjson.dumps(event_data(event, signed.rule_hash)).decode(),
            )
            for event in change.events
        ),
    )
