"""What is minted:

enterprise IDs at random, numbers from blocks that the database hands out a thousand at a time.
"""

from __future__ import annotations

import secrets
from threading import Lock

from mpi.identity.enterprise_id import mint_enterprise_id
from mpi.storage.database import Pool, connection
from mpi.storage.queries import query

_BLOCK = 1000


class Mint:
    """Gives out numbers (records, tasks, merges, assertions) and enterprise IDs. Safe among threads.

    ``pool`` must not be the one that use cases hold connections of while they ask for numbers: they would
    wait for
    each other.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = Lock()
        self._next = 0
        self._end = 0

    def number(self) -> int:
        """A number never given before; one round trip in a thousand."""
        with self._lock:
            if self._next >= self._end:
                with connection(self._pool) as conn:
                    row = conn.execute(query("take_numbers")).fetchone()
                assert row is not None
                self._next, self._end = row[0], row[0] + _BLOCK
            number = self._next
            self._next += 1
            return number

    def enterprise_id(self) -> str:
        """A random enterprise ID in its stored form; the table's key refuses one given before."""
        return mint_enterprise_id(secrets.randbits(64))
