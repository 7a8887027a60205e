"""Writes a Change: the only way in which who is who ever changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from mpi.identity.change import Assertion, Change, Event, EventType
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: Events that the rule set in force had a part in.
RULED: Final = frozenset(
    {
        EventType.ENTERPRISE_ID_ASSIGNED,
        EventType.RECORD_LINKED,
        EventType.RECORD_UNLINKED,
        EventType.UPDATE_QUARANTINED,
        EventType.TASK_QUEUED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who does what, for the ledger and the audit."""

    actor: str
    role: str
    action: str
    outcome: str = "ok"
    reason: str | None = None
    request_id: str | None = None
    rule_hash: str | None = None
    batch_id: int | None = None


def apply_change(conn: Connection, change: Change, signed: Signed) -> None:
    """Write ``change`` with its events and one audit row, in the caller's transaction."""
    parameters = {"doc": change_json(change, signed.rule_hash), "signed": signature_json(change, signed)}
    conn.execute(query("apply_change"), parameters)


def change_json(change: Change, rule_hash: str | None) -> str:
    """The change as the database's ``apply_change`` reads it."""
    return orjson.dumps(_document(change, rule_hash)).decode()


def event_data(event: Event, rule_hash: str | None) -> dict[str, Any]:
    """What the ledger keeps of an event: of one that the rules had a part in also which rules those were."""
    return event.data if rule_hash is None or event.type not in RULED else event.data | {"rules": rule_hash}


def signature_json(change: Change, signed: Signed) -> str:
    """Who made the change, and which identities it touched."""
    row = {"enterprise_ids": touched(change), "result_count": len(change.links)}
    return orjson.dumps(row | _fields(signed)).decode()


def write_audit(
    conn: Connection, signed: Signed, *, enterprise_ids: list[str], query_fields: list[str], result_count: int
) -> None:
    """One row for a read or search: whose records were shown, and which fields were asked about."""
    row = audit_json(signed, enterprise_ids, query_fields, result_count)
    conn.execute(query("write_audit"), {"row": row})


def audit_json(signed: Signed, enterprise_ids: list[str], query_fields: list[str], result_count: int) -> str:
    """The row of the audit, as the statements that write one read it."""
    row = _fields(signed)
    row |= {"enterprise_ids": enterprise_ids, "query_fields": query_fields, "result_count": result_count}
    return orjson.dumps(row).decode()


def _fields(signed: Signed) -> dict[str, Any]:
    """As ``asdict``, which would copy every value too."""
    return {name: getattr(signed, name) for name in Signed.__slots__}


def touched(change: Change) -> list[str]:
    """The identities that a change is about, for the audit."""
    ids = dict.fromkeys(event.enterprise_id for event in change.events)
    ids.update(
        dict.fromkeys(event.other_enterprise_id for event in change.events if event.other_enterprise_id)
    )
    return list(ids)


def _document(change: Change, rule_hash: str | None) -> dict[str, Any]:
    """The change as the JSON that ``apply_change`` reads:

    field names are column names, empty lists are left out.
    """
    lists: dict[str, list[Any]] = {
        "issued": [i for i in change.identities if i.issued],
        "identities": [i for i in change.identities if not i.issued],
        "links": list(change.links),
        "merges": list(change.merges),
        "undone_merges": list(change.undone_merge_ids),
        "assertions": list(change.assertions),
        "pairs": [pair for assertion in change.assertions for pair in _pairs(assertion)],
        "withdrawn": list(change.withdrawn_assertion_ids),
        "withdrawn_pairs": [
            {"assertion_id": w.assertion_id, "record_a": w.pair[0], "record_b": w.pair[1]}
            for w in change.withdrawn_pairs
        ],
        "tasks": list(change.tasks),
        "task_changes": list(change.task_changes),
        "events": [replace(event, data=event_data(event, rule_hash)) for event in change.events],
    }
    return {name: rows for name, rows in lists.items() if rows}


def _pairs(assertion: Assertion) -> list[dict[str, Any]]:
    return [
        {"assertion_id": assertion.assertion_id, "record_a": a, "record_b": b, "verdict": assertion.verdict}
        for a, b in assertion.pairs
    ]
