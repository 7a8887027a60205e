"""Makes the search terms of records that have none yet: those of a database older than search terms."""

from __future__ import annotations

from mpi.matching.flat import kept_record
from mpi.patient.terms import as_tsvector, terms_of
from mpi.storage import registry as stored
from mpi.storage.database import Connection

#: Records whose terms are made and written at a time, in one transaction.
CHUNK = 1_000


def make_terms(conn: Connection) -> int:
    """Give every record its terms; how many had none. Goes on where it was stopped, and beside others."""
    made = 0
    while True:
        with conn.transaction():
            rows = stored.records_without_terms(conn, CHUNK)
            terms = [
                as_tsvector(terms_of(kept_record(row.content, row.source, row.local_id, row.original)))
                for row in rows
            ]
            if rows:
                stored.put_terms(conn, [row.record_id for row in rows], terms)
        made += len(rows)
        if not rows:
            return made
