"""One process of many does what must not be done twice: a lock on a connection that is kept for it alone."""

from __future__ import annotations

import contextlib

import psycopg

from mpi.storage.database import Connection, Pool
from mpi.storage.queries import query


class Lead:
    """Held from the first ``hold`` that succeeds until ``drop``, or until the connection or we die.

    The lock belongs to the database session, so that whoever is killed gives it up at once. ``duty`` numbers
    what is led.
    """

    def __init__(self, pool: Pool, lock: int, duty: int) -> None:
        self._conninfo = pool.conninfo if isinstance(pool.conninfo, str) else pool.conninfo()
        self._values = {"lock": lock, "duty": duty}
        self._session: Connection | None = None

    def hold(self) -> bool:
        """Whether we lead at this moment; takes the lead when nobody has it."""
        try:
            if self._session is not None:
                self._session.execute("SELECT 1")
                return True
            session = psycopg.connect(
                self._conninfo, autocommit=True, connect_timeout=5, application_name="mpi lead"
            )
        except psycopg.Error:
            self.drop()
            return False
        self._session = session
        try:
            row = session.execute(query("try_lead"), self._values).fetchone()
        except psycopg.Error:
            row = None
        if row is None or not row[0]:
            self.drop()
            return False
        return True

    def drop(self) -> None:
        """Leave the lead to another process; harmless without it."""
        if self._session is not None:
            with contextlib.suppress(psycopg.Error):
                self._session.close()
        self._session = None
