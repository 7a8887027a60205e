"""Keeps the stored blocking keys in step with the passes of the rule set in force.

A record is found by the keys that were made when it came in. When a rule set has other passes, the keys of
all records are made anew, in the transaction of the relink that brings the index under that rule set.
"""

from __future__ import annotations

import hashlib

import orjson

from mpi.matching.blocking import blocking_keys
from mpi.matching.rules import RuleSet
from mpi.matching.stored import from_stored
from mpi.storage import keys as storage
from mpi.storage.database import Connection

#: Records whose keys are made and written at a time.
CHUNK = 20_000


def passes_hash(rules: RuleSet) -> str:
    """16 hexadecimal digits that change when the keys of a record could."""
    passes = [[one.name, *one.key] for one in rules.blocking_passes]
    return hashlib.sha256(orjson.dumps([passes, rules.keys_max])).hexdigest()[:16]


def in_step(conn: Connection, rules: RuleSet) -> bool:
    """Whether the stored keys are those that ``rules`` makes; so are those of an index without a note."""
    return storage.passes_noted(conn) in (None, passes_hash(rules))


def note_passes(conn: Connection, rules: RuleSet) -> None:
    """The keys of an index that has no note yet are those of the rules that it is opened with first."""
    if storage.passes_noted(conn) is None:
        storage.note_passes(conn, passes_hash(rules))


def make_keys_anew(conn: Connection, rules: RuleSet) -> None:
    """Replace the keys of every record. Look-ups wait until the caller's transaction ends."""
    rows = storage.take_keys_out(conn)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        made = [[key.key for key in blocking_keys(from_stored(row.normalized), rules)] for row in part]
        storage.put_keys(conn, [row.record_id for row in part], made)
    storage.note_passes(conn, passes_hash(rules))
