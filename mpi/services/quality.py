"""Checks what must never be false, one SQL statement an invariant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mpi.identity.enterprise_id import display
from mpi.services.answers import Actor, InvariantResult
from mpi.services.context import Context
from mpi.storage.database import connection
from mpi.storage.queries import queries, query

_INVARIANT = re.compile(r"I(\d+)")
#: Offenders named in an answer; the count is of all.
SAMPLE_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who is whose at present, and what is still to be asked: records as (source, local ID)."""

    enterprise_ids: dict[tuple[str, str], str]
    questions: list[tuple[tuple[str, str], ...]]


def standing(context: Context, *, actor: Actor) -> Standing:
    """The whole partition with its open questions, to compare with known truth or another index."""
    with context.transaction() as conn:
        assigned = conn.execute(query("assignments")).fetchall()
        asked = conn.execute(query("open_questions")).fetchall()
        context.audit_read(conn, actor, "export assignments", [])
    return Standing(
        enterprise_ids={(source, local_id): display(id) for source, local_id, id in assigned},
        questions=[tuple(zip(names, local_ids, strict=True)) for names, local_ids in asked],
    )


def check(context: Context, *, actor: Actor) -> list[InvariantResult]:
    """Every invariant with its violations, in one consistent snapshot."""
    statements = {name: sql for name, sql in queries().items() if _INVARIANT.fullmatch(name)}
    results = []
    with context.transaction() as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SET LOCAL statement_timeout = 0")
        for name in sorted(statements, key=lambda name: int(name[1:])):
            offenders = [row[0] for row in conn.execute(statements[name]).fetchall()]
            title = statements[name].splitlines()[0].removeprefix("-- ")
            sample = tuple(offenders[:SAMPLE_MAX])
            results.append(
                InvariantResult(invariant=name, title=title, violations=len(offenders), sample=sample)
            )
        context.audit_read(conn, actor, "check invariants", [])
    return results


def ready(context: Context) -> dict[str, Any]:
    """Whether the database answers, by which rules, and how busy the pool is. Raises DatabaseUnavailable."""
    with connection(context.pool) as conn:
        conn.execute("SELECT 1").fetchone()
    stats = context.pool.get_stats()
    return {
        "status": "ready",
        "rule_set": {"name": context.rules.name, "hash": context.rules.hash},
        "pool": {name: stats.get(name, 0) for name in ("pool_size", "pool_available", "requests_waiting")},
    }
