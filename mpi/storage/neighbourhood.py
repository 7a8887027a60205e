"""Loads the slice of state that a stewardship decision rests on; ``mpi.identity.neighbourhood.around`` is its
rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, TypeVar

from mpi.identity.change import (
    DecidedBy,
    Event,
    EventType,
    IdentityStatus,
    Merge,
    Resolution,
    Task,
    TaskKind,
    Verdict,
)
from mpi.identity.neighbourhood import (
    AssertionState,
    IdentityState,
    LinkState,
    MergeState,
    Neighbourhood,
    TaskState,
)
from mpi.storage.database import Connection
from mpi.storage.queries import query

_Json = dict[str, Any]
_T = TypeVar("_T")


def load_neighbourhood(
    conn: Connection,
    enterprise_ids: Collection[str] = (),
    merge_ids: Collection[int] = (),
    task_ids: Collection[int] = (),
) -> Neighbourhood:
    """What there is around these identities, merges and tasks, in one round trip."""
    rows = conn.execute(
        query("neighbourhood"),
        {"enterprise_ids": list(enterprise_ids), "merge_ids": list(merge_ids), "task_ids": list(task_ids)},
    ).fetchall()
    parts: dict[str, list[_Json]] = {
        name: [] for name in ("identity", "link", "merge", "assertion", "task", "move", "withdrawal")
    }
    for part, value in rows:
        parts[part].append(value)
    return Neighbourhood(
        identities=_keyed(parts["identity"], "enterprise_id", _identity),
        complete=frozenset(row["enterprise_id"] for row in parts["identity"] if row["complete"]),
        links=_keyed(sorted(parts["link"], key=lambda link: link["record_id"]), "record_id", _link),
        merges=_keyed(parts["merge"], "merge_id", _merge),
        assertions=_keyed(parts["assertion"], "assertion_id", _assertion),
        tasks=_keyed(parts["task"], "task_id", _task),
        moves=_events(parts["move"] + parts["withdrawal"]),
    )


def _keyed(rows: list[_Json], key: str, made: Callable[[_Json], _T]) -> dict[Any, _T]:
    return {row[key]: made(row) for row in rows}


def _identity(row: _Json) -> IdentityState:
    return IdentityState(
        enterprise_id=row["enterprise_id"],
        status=IdentityStatus(row["status"]),
        surviving_id=row["surviving_id"],
        successors=tuple(row["successors"]),
        issued_at=datetime.fromisoformat(row["issued_at"]),
    )


def _link(row: _Json) -> LinkState:
    return LinkState(
        record_id=row["record_id"],
        enterprise_id=row["enterprise_id"],
        decided_by=DecidedBy(row["decided_by"]),
        retired=row["retired"],
    )


def _merge(row: _Json) -> MergeState:
    merge = Merge(
        merge_id=row["merge_id"],
        surviving=row["surviving"],
        subsumed=row["subsumed"],
        decided_by=DecidedBy(row["decided_by"]),
        reason=row["reason"],
        moved_record_ids=tuple(row["moved_record_ids"]),
        kept_record_ids=tuple(row["kept_record_ids"]),
        task_id=row["task_id"],
    )
    return MergeState(merge=merge, undone=row["undone"])


def _assertion(row: _Json) -> AssertionState:
    return AssertionState(
        assertion_id=row["assertion_id"],
        verdict=Verdict(row["verdict"]),
        pairs=tuple((a, b) for a, b in row["pairs"]),
        merge_id=row["merge_id"],
        task_id=row["task_id"],
    )


def _task(row: _Json) -> TaskState:
    task = Task(
        task_id=row["task_id"],
        kind=TaskKind(row["kind"]),
        identity_a=row["identity_a"],
        identity_b=row["identity_b"],
        record_ids=tuple(row["record_ids"]),
        weight=row["weight"],
        probability=row["probability"],
        guards=tuple(row["guards"]),
        priority=row["priority"],
    )
    resolution = Resolution(row["resolution"]) if row["resolution"] else None
    return TaskState(
        task=task,
        state=row["state"],
        resolution=resolution,
        closed_by_merge_id=row["closed_by"],
        closed_by_task_id=row["closed_by_task"],
    )


def _events(rows: list[_Json]) -> tuple[Event, ...]:
    return tuple(_event(row) for row in sorted(rows, key=lambda row: int(row["event_id"])))


def _event(row: _Json) -> Event:
    return Event(
        type=EventType(row["type"]),
        enterprise_id=row["enterprise_id"],
        other_enterprise_id=row["other_enterprise_id"],
        record_id=row["record_id"],
        merge_id=row["merge_id"],
        task_id=row["task_id"],
        assertion_id=row["assertion_id"],
        data=row["data"] or {},
    )
