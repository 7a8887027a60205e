"""The expected harm of every open question, reckoned anew while it waits: records come, activity fades."""

from __future__ import annotations

from mpi.identity.change import TaskKind
from mpi.identity.harm import expected_harm
from mpi.services.context import Context
from mpi.storage.queries import query

#: Questions that one transaction reckons.
CHUNK = 1_000


def reckon_harm(context: Context) -> int:
    """Reckon the expected harm of all open questions, in bounded transactions; how many were looked at."""
    after, looked_at = 0, 0
    while True:
        with context.transaction() as conn:
            rows = conn.execute(query("harm_inputs"), {"after": after, "limit": CHUNK}).fetchall()
            changed = {
                task_id: harm
                for task_id, kind, probability, guards, priority, count, quiet_days in rows
                if (
                    harm := expected_harm(
                        TaskKind(kind),
                        probability,
                        guards=tuple(guards),
                        record_count=count,
                        quiet_days=quiet_days,
                    )
                )
                != priority
            }
            if changed:
                parameters = {"task_ids": list(changed), "priorities": list(changed.values())}
                conn.execute(query("set_harm"), parameters)
        looked_at += len(rows)
        if len(rows) < CHUNK:
            return looked_at
        after = rows[-1][0]
