"""The stored blocking keys as a whole, and the note of which passes made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from psycopg import sql

from mpi.storage.database import Connection
from mpi.storage.queries import query

_ROW = np.dtype(
    [("fields", ">i2"), ("key_size", ">i4"), ("key", ">i8"), ("record_size", ">i4"), ("record", ">i8")]
)


class KeylessRow(NamedTuple):
    """An active record as compared."""

    record_id: int
    normalized: Any


def passes_noted(conn: Connection) -> str | None:
    """The hash of the passes that the stored keys are of; None when nobody noted it."""
    row = conn.execute(query("passes_noted")).fetchone()
    return None if row is None else str(row[0])


def note_passes(conn: Connection, passes_hash: str) -> None:
    """The stored keys are of these passes."""
    value = orjson.dumps(passes_hash).decode()
    conn.execute(query("put_setting"), {"key": "blocking_passes", "value": value})


def take_keys_out(conn: Connection) -> list[KeylessRow]:
    """Remove every key, in the caller's transaction, and read the records that need new ones."""
    # Nobody reads or writes any until the transaction ends.
    conn.execute("TRUNCATE blocking_key")
    return list(_active(conn))


def _active(conn: Connection) -> Iterator[KeylessRow]:
    out = sql.SQL("COPY ({}) TO STDOUT").format(sql.SQL(query("active_normalized")))
    with conn.cursor().copy(out) as copy:
        copy.set_types(["int8", "text"])
        for record_id, normalized in copy.rows():
            yield KeylessRow(record_id, orjson.loads(normalized))


def put_keys(conn: Connection, record_ids: Sequence[int], keys: Sequence[Sequence[int]]) -> None:
    """Write the keys of many records, in the order of the keys: neighbours in the index go in together."""
    counts = [len(one) for one in keys]
    every = np.fromiter((key for one in keys for key in one), np.int64, sum(counts))
    owners = np.repeat(np.array(record_ids, dtype=np.int64), counts)
    order = np.argsort(every, kind="stable")
    rows: npt.NDArray[np.void] = np.empty(len(every), dtype=_ROW)
    rows["fields"], rows["key_size"], rows["record_size"] = 2, 8, 8
    rows["key"], rows["record"] = every[order], owners[order]
    with conn.cursor().copy("COPY blocking_key (key, record_id) FROM STDIN (FORMAT binary)") as copy:
        # The signature, no flags, no header; rows; the end.
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")
