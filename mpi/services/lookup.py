"""Finding records and identities again: by local ID, by enterprise ID, by what somebody types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from mpi.identity import ledger
from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.identity.survivorship import MemberRecord, best_record
from mpi.matching.flat import kept_record
from mpi.patient.carried import identifiers_of
from mpi.patient.domains import Domains
from mpi.services.answers import Actor, FlatRecord, IdentityAnswer, StoredRecord
from mpi.services.context import Context
from mpi.storage import identities as stored
from mpi.storage.database import Connection
from mpi.storage.identities import MemberRow
from mpi.storage.queries import query


def record(context: Context, source: str, local_id: str, *, actor: Actor) -> StoredRecord:
    """A record with its versions, its identity and the update that waits beside it. Raises NotFound."""
    with context.transaction() as conn:
        row = stored.stored_record(conn, source, local_id)
        versions = conn.execute(query("stored_versions"), {"record_id": row.record_id}).fetchall()
        context.audit_read(conn, actor, "read record", [row.enterprise_id])
    return StoredRecord(
        source=row.source,
        local_id=row.local_id,
        version=row.version,
        status="retired" if row.retired else "active",
        enterprise_id=display(row.enterprise_id),
        received_at=row.received_at,
        demographics=row.content,
        versions=tuple(
            {
                "version": version,
                "demographics": content,
                "received_at": received,
                "superseded_at": superseded,
            }
            for version, content, received, superseded in versions
        ),
        pending_update=row.pending,
    )


def identity(context: Context, enterprise_id: str, *, actor: Actor) -> IdentityAnswer:
    """An identity by any ID it ever had; a subsumed one answers with its survivor."""
    requested = parse_enterprise_id(enterprise_id)
    with context.transaction() as conn:
        answer = _identity_answer(context, conn, requested)
        context.audit_read(
            conn, actor, "read identity", [requested, parse_enterprise_id(answer.enterprise_id)]
        )
    return answer


def _identity_answer(context: Context, conn: Connection, requested: str) -> IdentityAnswer:
    row = stored.surviving_row(conn, requested)
    members = stored.members(conn, row.enterprise_id)
    return IdentityAnswer(
        enterprise_id=display(row.enterprise_id),
        requested_id=display(requested),
        status=row.status,
        surviving_id=display(row.enterprise_id) if row.enterprise_id != requested else None,
        successors=tuple(display(successor) for successor in row.successors),
        best_record=best_of(context, members),
        records=tuple(_member_answer(member) for member in members),
        crosswalk=tuple(crosswalk_of(members, context.authorities.domains())),
    )


def _member_answer(member: MemberRow) -> dict[str, Any]:
    return {
        "source": member.source,
        "local_id": member.local_id,
        "version": member.version,
        "status": "retired" if member.retired else "active",
        **{name: value for name, value in member.content.items() if name not in ("source", "local_id")},
    }


def best_of(context: Context, members: Sequence[MemberRow]) -> FlatRecord:
    """The best record of these members; retired ones count only when there is no other."""
    active = [member for member in members if not member.retired] or list(members)
    return best_record(
        [
            MemberRecord(source=m.source, trust=m.trust, received_at=m.received_at, flat=m.content)
            for m in active
        ],
        context.survivorship,
    )


def crosswalk_of(members: Iterable[MemberRow], domains: Domains) -> list[dict[str, Any]]:
    """The identity's identifiers across authorities, as every door tells them.

    A local ID that is an identifier of no domain stands under its source.
    """
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for member in members:
        if member.retired:
            continue
        record = kept_record(member.content, member.source, member.local_id)
        told = [(i.authority, i.value) for i in identifiers_of(record, domains)]
        if not any(value == member.local_id for _, value in told):
            told.insert(0, (member.source, member.local_id))
        for authority, value in told:
            entry = {"authority": authority, "value": value, "source": member.source}
            rows.setdefault((authority, value, member.source), entry)
    return list(rows.values())


def crosswalk(
    context: Context, source: str, local_id: str, targets: Sequence[str] = (), *, actor: Actor
) -> dict[str, Any]:
    """The identifiers that this record's identity has in ``targets`` (sources or authorities; all when
    empty).
    """
    with context.transaction() as conn:
        row = stored.stored_record(conn, source, local_id)
        members = stored.members(conn, row.enterprise_id)
        context.audit_read(conn, actor, "crosswalk", [row.enterprise_id])
    domains = context.authorities.domains()
    named = (domains.named(target) for target in targets)
    wanted = {*targets, *(domain.name for domain in named if domain is not None)}
    return {
        "enterprise_id": display(row.enterprise_id),
        "source": source,
        "local_id": local_id,
        "crosswalk": [
            entry
            for entry in crosswalk_of(members, context.authorities.domains())
            if not wanted or entry["authority"] in wanted or entry["source"] in wanted
        ],
    }


def identity_at(context: Context, enterprise_id: str, at: datetime, *, actor: Actor) -> dict[str, Any]:
    """Who an enterprise ID was at a moment: its members, their demographics then, and where it redirected."""
    wanted = parse_enterprise_id(enterprise_id)
    with context.transaction() as conn:
        row = stored.identity_row(conn, wanted)
        parameters = {"enterprise_id": wanted, "at": at}
        [survivor] = conn.execute(query("survivor_at"), parameters).fetchone() or [wanted]
        record_ids = list(ledger.members(stored.ledger_until(conn, wanted, at), wanted))
        versions = conn.execute(query("versions_at"), {"record_ids": record_ids, "at": at}).fetchall()
        context.audit_read(conn, actor, "read identity at", [wanted])
    flats = [MemberRecord(source=v[1], trust=v[5], received_at=v[6], flat=v[4]) for v in versions]
    return {
        "enterprise_id": display(wanted),
        "at": at,
        "status": _status_at(row.issued_at <= at, survivor != wanted, bool(record_ids)),
        "surviving_id": display(survivor) if survivor != wanted else None,
        "best_record": best_record(flats, context.survivorship) if flats else {},
        "records": [{"source": v[1], "local_id": v[2], "version": v[3], **v[4]} for v in versions],
    }


def _status_at(issued: bool, merged: bool, has_records: bool) -> str:
    if not issued:
        return "not issued"
    if merged:
        return "merged"
    return "active" if has_records else "retired"
