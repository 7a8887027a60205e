"""Reads all records out at once, and writes what a relink changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from psycopg import sql

from mpi.identity.change import Change, DecidedBy
from mpi.identity.rolling_back import Batch
from mpi.storage.changes import Signed, apply_change
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: Rows of one list of a change that are written at a time: the database holds them as one document.
SLICE_ROWS = 20_000


class IndexRow(NamedTuple):
    """One record as stored. Times are microseconds since 1970; ``normalized`` None: it is retired."""

    record_id: int
    source: str
    local_id: str
    enterprise_id: str
    #: Whether a person decided on its link.
    by_person: bool
    linked_at: int
    received_at: int
    normalized: Any


class PairTask(NamedTuple):
    """A question about two identities. ``left_open``: it was answered without saying who is who."""

    task_id: int
    state: str
    record_ids: list[int]
    left_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeIndex:
    """Everything that grouping the records anew rests on, as of one moment."""

    #: Names that moment to ``identities_changed_since``.
    snapshot: str
    rows: list[IndexRow]
    #: Retired members of active identities.
    retired: list[IndexRow]
    #: The active identities, the oldest first.
    identities: list[str]
    #: Pairs of records that a person stated to be the same, and to be different.
    same: list[tuple[int, int]]
    different: list[tuple[int, int]]
    tasks: list[PairTask]
    #: Pairs of records, one of which was linked on account of the other.
    linked: list[tuple[int, int]]


def read_whole_index(conn: Connection) -> WholeIndex:
    """Read the whole index. ``conn`` is in a transaction of its own, which sees one moment from here on."""
    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    conn.execute("SET LOCAL statement_timeout = 0")
    row = conn.execute(query("standing_snapshot")).fetchone()
    assert row is not None
    stated = conn.execute(query("statements_in_force")).fetchall()
    retired: list[IndexRow] = []
    return WholeIndex(
        snapshot=row[0],
        rows=list(_records(conn, retired)),
        retired=retired,
        identities=[row[0] for row in conn.execute(query("identities_by_age"))],
        same=[(a, b) for is_same, a, b in stated if is_same],
        different=[(a, b) for is_same, a, b in stated if not is_same],
        tasks=[PairTask(*row) for row in conn.execute(query("pair_tasks"))],
        linked=conn.execute(query("linked_on_account_of")).fetchall(),
    )


def _records(conn: Connection, retired: list[IndexRow]) -> Iterator[IndexRow]:
    """The active records; the others are put into ``retired``."""
    out = sql.SQL("COPY ({}) TO STDOUT").format(sql.SQL(query("standing_records")))
    with conn.cursor().copy(out) as copy:
        copy.set_types(["int8", "text", "text", "text", "bool", "int8", "int8", "text"])
        for row in map(IndexRow._make, copy.rows()):
            if row.normalized is None:
                retired.append(row)
            else:
                yield row._replace(normalized=orjson.loads(row.normalized))


def changed_since(conn: Connection, snapshot: str) -> set[str]:
    """The identities that anything happened to since ``snapshot``."""
    rows = conn.execute(query("identities_changed_since"), {"snapshot": snapshot}).fetchall()
    return {row[0] for row in rows}


def begin_relink(conn: Connection, batch_id: int, reason: str | None) -> None:
    """The batch that the relink's changes belong to."""
    conn.execute(query("begin_relink"), {"batch_id": batch_id, "reason": reason})


def end_relink(conn: Connection, batch_id: int, counts: Mapping[str, int]) -> None:
    """The relink is done."""
    conn.execute(query("end_relink"), {"batch_id": batch_id, "counts": orjson.dumps(counts).decode()})


def write_relink(conn: Connection, change: Change, signed: Signed) -> None:
    """Write a change of any size, in the caller's transaction; the links it replaces are kept with its
    batch.
    """
    record_ids = [link.record_id for link in change.links]
    conn.execute(query("keep_replaced_links"), {"batch_id": signed.batch_id, "record_ids": record_ids})
    for part in slices(change):
        apply_change(conn, part, signed)


def slices(change: Change) -> Iterator[Change]:
    """The change in parts that are written one after the other; no part is larger than the database takes at
    once.

    The parts keep the order in which ``apply_change`` writes the lists of one change: closed tasks before
    those that come to ask about the same identities.
    """
    closed = tuple(c for c in change.task_changes if c.state == "resolved")
    moved = tuple(c for c in change.task_changes if c.state != "resolved")
    names = (
        *("identities", "links", "undone_merge_ids", "merges"),
        *("withdrawn_assertion_ids", "withdrawn_pairs", "assertions"),
    )
    phases: list[tuple[str, tuple[Any, ...]]] = [(name, getattr(change, name)) for name in names]
    phases += [
        ("task_changes", closed),
        ("task_changes", moved),
        ("tasks", change.tasks),
        ("events", change.events),
    ]
    if sum(len(rows) for _, rows in phases) <= SLICE_ROWS:
        yield change
        return
    for name, rows in phases:
        for start in range(0, len(rows), SLICE_ROWS):
            yield Change(**{name: rows[start : start + SLICE_ROWS]})


class BatchState(NamedTuple):
    """A batch, locked until commit."""

    kind: str
    state: str


def lock_batch(conn: Connection, batch_id: int) -> BatchState | None:
    """Lock a batch; None when there is none."""
    row = conn.execute(query("lock_batch"), {"batch_id": batch_id}).fetchone()
    return None if row is None else BatchState(*row)


def relink_done(conn: Connection, batch_id: int) -> tuple[Batch, set[str]]:
    """What a relink did, and the identities that it touched."""
    rows = conn.execute(query("replaced_links"), {"batch_id": batch_id}).fetchall()
    events = conn.execute(query("batch_events"), {"batch_id": batch_id}).fetchall()

    def of(type_: str, column: int) -> list[Any]:
        return [event[column] for event in events if event[0] == type_]

    batch = Batch(
        batch_id=batch_id,
        before={record: (home, DecidedBy(decided_by)) for record, home, decided_by in rows},
        merge_ids=of("IdentitiesMerged", 3),
        issued=of("EnterpriseIdAssigned", 1),
        queued=of("TaskQueued", 4),
        closed=of("TaskResolved", 4),
    )
    touched = {event[n] for event in events for n in (1, 2) if event[n] is not None}
    return batch, touched | {home for home, _ in batch.before.values()}


def write_rollback(conn: Connection, change: Change, returned: Sequence[int], signed: Signed) -> None:
    """Write the change that takes a relink back; records that are back have the very links they had."""
    for part in slices(change):
        apply_change(conn, part, signed)
    conn.execute(query("restore_replaced_links"), {"batch_id": signed.batch_id, "record_ids": list(returned)})
    conn.execute(query("end_rollback"), {"batch_id": signed.batch_id})
