"""What the index already knows about a record on its way in, read in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from mpi.storage.database import Connection
from mpi.storage.queries import number_array, query

#: A key shared by more records than this finds too much to mean anything: it is suppressed, and the answer
#: says so. Those of broad passes are used up to ``mpi.matching.blocking.BROAD_MAX`` records.
BLOCK_MAX = 100
#: Members of one identity that a record is compared with, oldest first.
MEMBERS_MAX = 40


class KnownRecord(NamedTuple):
    """The record stored under the same source and local ID."""

    record_id: int
    enterprise_id: str
    version: int
    retired: bool
    content_hash: bytes
    pending_hash: bytes | None
    pending_task_id: int | None


class Neighbour(NamedTuple):
    """A member of an identity that shares a blocking key; ``positions``:

    with which of the records asked about.
    """

    record_id: int
    enterprise_id: str
    source_id: int
    version: int
    normalized: Any
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Look:
    """The answer to one look; positions index the records asked about."""

    known: dict[int, KnownRecord]
    neighbours: list[Neighbour]
    #: Position → numbers of its suppressed keys.
    suppressed: dict[int, list[int]]
    #: Every record that shares a key with one of those asked about, in order.
    sharing: list[int]


class Asked(NamedTuple):
    """One record to look for."""

    source_id: int
    local_id: str
    keys: Sequence[int]
    #: Of each key how many records may have it.
    used_max: Sequence[int]


def look(conn: Connection, asked: Sequence[Asked]) -> Look:
    """Find the stored record and the neighbours of each of ``asked``: one statement, bounded work per key."""
    places = range(len(asked))
    key_positions = [place for place in places for _ in asked[place].keys]
    key_numbers = chain.from_iterable(range(len(one.keys)) for one in asked)
    keys = chain.from_iterable(one.keys for one in asked)
    rows = conn.execute(
        query("look"),
        {
            "positions": number_array(places),
            "source_ids": number_array(one.source_id for one in asked),
            "local_ids": [one.local_id for one in asked],
            "key_positions": number_array(key_positions),
            "key_numbers": number_array(key_numbers),
            "keys": number_array(keys),
            "used_max": number_array(chain.from_iterable(one.used_max for one in asked)),
            "block_max": BLOCK_MAX,
            "members_max": MEMBERS_MAX,
        },
    ).fetchall()
    return _sorted_out(rows)


def _sorted_out(rows: list[tuple[Any, ...]]) -> Look:
    found = Look({}, [], {}, [])
    for (
        kind,
        positions,
        number,
        enterprise_id,
        version,
        retired,
        content_hash,
        source_id,
        normalized,
        pending,
        task,
    ) in rows:
        if kind == 1:
            found.neighbours.append(
                Neighbour(number, enterprise_id, source_id, version, normalized, positions)
            )
        elif kind == 0:
            known = KnownRecord(number, enterprise_id, version, retired, content_hash, pending, task)
            found.known[positions[0]] = known
        elif kind == 3:
            found.sharing.extend(positions or ())
        else:
            found.suppressed.setdefault(positions[0], []).append(number)
    return found
