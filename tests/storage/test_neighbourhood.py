"""The identity state machine on PostgreSQL: what is written and loaded again is what the core meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from identity.machine import IdentityMachine
from identity.world import World
from mpi.identity.change import Change
from mpi.identity.neighbourhood import Neighbourhood
from mpi.storage.changes import Signed, apply_change
from mpi.storage.neighbourhood import load_neighbourhood

SIGNED = Signed(actor="tester", role="steward", action="test", reason="because")
NEW_RECORD = """
INSERT INTO record (record_id, source_id, local_id, content_hash, source_record, normalized, search_text)
VALUES (%(record_id)s, 1, %(record_id)s::text, '', '{}', '[]', '')
"""


class StoredWorld(World):
    """A world that is also written to a database, and read from there whenever something is decided."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        super().__init__()
        self.conn = conn

    def slice(self, **scope: Collection[Any]) -> Neighbourhood:
        expected, loaded = super().slice(**scope), load_neighbourhood(self.conn, **scope)
        for part in ("identities", "complete", "links", "merges", "assertions", "tasks", "moves"):
            assert getattr(loaded, part) == getattr(expected, part), part
        return loaded

    def commit(self, change: Change, *, by: str) -> None:
        issued_at = self.issued_at()
        known = set(self.state.links)
        super().commit(change, by=by)
        for record_id in set(self.state.links) - known:
            self.conn.execute(NEW_RECORD, {"record_id": record_id})
        apply_change(self.conn, change, SIGNED)
        retired = [record for record, link in self.state.links.items() if link.retired]
        self.conn.execute("UPDATE record SET retired = record_id = ANY(%s)", [retired])
        # Within one transaction all are issued at the same moment.
        for identity in change.identities:
            if identity.issued:
                place = [issued_at, identity.enterprise_id]
                self.conn.execute("UPDATE identity SET issued_at = %s WHERE enterprise_id = %s", place)


@pytest.mark.parametrize("examples", [15, pytest.param(200, marks=pytest.mark.long)])
def test_the_state_machine_comes_to_the_same_on_postgresql(database_url: str, examples: int):
    with psycopg.connect(database_url) as conn:

        class StoredMachine(IdentityMachine):
            def new_world(self) -> World:
                return StoredWorld(conn)

            def teardown(self) -> None:
                conn.rollback()

        run_state_machine_as_test(
            StoredMachine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=30,
                deadline=None,
                # Shrinking against a database takes long; the steps are printed whole.
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
