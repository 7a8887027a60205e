"""Stored records and identities as views: what Patients and PIDs are written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mpi.errors import Erased, NotFound
from mpi.identity.enterprise_id import display
from mpi.identity.survivorship import MemberRecord, best_record
from mpi.matching.flat import kept_record
from mpi.matching.record import Identifier, SourceRecord
from mpi.patient import Domain, Domains, IdentityView, RecordView
from mpi.patient.carried import identifiers_of, keys_of
from mpi.patient.mothers import read_mother
from mpi.patient.terms import domain_terms, folded, quoted
from mpi.services.context import Context
from mpi.storage import registry as stored
from mpi.storage.database import Connection
from mpi.storage.registry import Carried, ViewRow

#: What of a flat record says which record it is.
_REFERENCE = frozenset({"source", "local_id", "record_id"})


def resource_id(record_id: int) -> str:
    """The logical ID of a record's Patient."""
    return f"r{record_id}"


def record_number(text: str) -> int | None:
    """The record's number in a logical ID, None where it is no record's."""
    digits = text[1:]
    return (
        int(digits)
        if text[:1] == "r" and digits.isascii() and digits.isdigit() and len(digits) < 19
        else None
    )


def stored_source_record(row: ViewRow) -> SourceRecord:
    """The source record of a row, with its Patient as sent."""
    return kept_record(row.content, row.source, row.local_id, row.original)


def record_views(conn: Connection, domains: Domains, rows: Sequence[ViewRow]) -> list[RecordView]:
    """The records of rows, in their order, with their mothers found again."""
    read = [_record_view(row, domains) for row in rows]
    mothers = list(dict.fromkeys(i for view in read for i in view.mother_identifiers))
    if not mothers:
        return read
    found = dict(zip(mothers, enterprise_ids_of(conn, domains, mothers), strict=True))
    return [_with_mother(view, found) for view in read]


def _record_view(row: ViewRow, domains: Domains) -> RecordView:
    record = stored_source_record(row)
    mother = read_mother(row.original, domains) if row.original is not None else None
    return RecordView(
        resource_id=resource_id(row.record_id),
        record=record,
        identifiers=identifiers_of(record, domains),
        version=row.version,
        received_at=row.received_at,
        enterprise_id=display(row.enterprise_id),
        active=not row.retired,
        replaced_by=(resource_id(row.replaced_by), row.replaced_by_local_id or "")
        if row.replaced_by
        else None,
        replaces=tuple(map(resource_id, row.replaces)),
        mother_identifiers=mother.identifiers if mother else (),
    )


def _with_mother(view: RecordView, found: Mapping[Identifier, str | None]) -> RecordView:
    ids = (found.get(identifier) for identifier in view.mother_identifiers)
    mother = next((id for id in ids if id and id != view.enterprise_id), None)
    return view if mother is None else replace(view, mother_enterprise_id=mother)


def enterprise_ids_of(
    conn: Connection, domains: Domains, identifiers: Sequence[Identifier]
) -> list[str | None]:
    """Whose each identifier is, in display form; None where nobody active carries it."""
    wanted = [carried(domains.taken(i.authority), i.value, domains) for i in identifiers]
    hits = stored.carriers(conn, wanted)
    rows = {
        row.record_id: row for row in stored.view_rows(conn, record_ids=sorted({r for h in hits for r in h}))
    }
    return [
        next(
            (
                display(rows[r].enterprise_id)
                for r in hit
                if not rows[r].retired and _carries(rows[r], i, domains)
            ),
            None,
        )
        for i, hit in zip(identifiers, hits, strict=True)
    ]


def _carries(row: ViewRow, wanted: Identifier, domains: Domains) -> bool:
    here = identifiers_of(stored_source_record(row), domains)
    return any(same_identifier(identifier, wanted.authority, wanted.value) for identifier in here)


def same_identifier(identifier: Identifier, domain_name: str, value: str) -> bool:
    """Whether an identifier is this one; an SSN whatever stands between its digits."""
    if identifier.authority != domain_name:
        return False
    if domain_name in ("SSN", "MBI"):
        return folded(identifier.value) == folded(value)
    return identifier.value == value.strip()


def carried(domain: Domain | None, value: str, domains: Domains) -> Carried:
    """How to look for an identifier in the database."""
    if domain is None:
        return Carried(quoted("V" + folded(value)), ())
    terms = (quoted(f"I{start}{folded(value)}") for start in domain_terms(domain))
    return Carried(" | ".join(terms), keys_of(domain, value.strip(), domains))


def identity_views(
    context: Context, conn: Connection, requested: Iterable[str], domains: Domains
) -> list[IdentityView]:
    """Identities by the IDs they were asked by (stored form), redirects followed, in that order.

    Raises NotFound, Erased.
    """
    asked = list(requested)
    facts = stored.identity_facts(conn, asked)
    survivors = {fact.surviving_id for fact in facts.values() if fact.surviving_id is not None}
    facts |= stored.identity_facts(conn, survivors - facts.keys()) if survivors else {}
    current = {id: facts[id].surviving_id or id for id in asked if id in facts}
    rows = stored.view_rows(conn, enterprise_ids=sorted(set(current.values())))
    return _put_together(context, conn, asked, facts, rows, domains)


def shown_identities(
    context: Context, conn: Connection, enterprise_ids: Sequence[str], audit: str, domains: Domains
) -> list[IdentityView]:
    """Active identities in that order, read with the row of the audit that notes it."""
    facts, rows = stored.show_identities(conn, enterprise_ids, audit)
    return _put_together(context, conn, enterprise_ids, facts, rows, domains)


def _put_together(
    context: Context,
    conn: Connection,
    asked: Sequence[str],
    facts: Mapping[str, stored.IdentityFacts],
    rows: Sequence[ViewRow],
    domains: Domains,
) -> list[IdentityView]:
    current = {id: facts[id].surviving_id or id for id in asked if id in facts}
    views = record_views(conn, domains, rows)
    members: dict[str, list[tuple[ViewRow, RecordView]]] = {}
    for row, view in zip(rows, views, strict=True):
        members.setdefault(row.enterprise_id, []).append((row, view))
    answers = []
    for id in asked:
        if id not in current:
            raise NotFound("this enterprise ID was never issued", field="enterprise_id")
        fact = facts[current[id]]
        if fact.status == "erased" or facts[id].status == "erased":
            raise Erased("this identity was erased", field="enterprise_id")
        answers.append(_identity_view(context, id, fact, members.get(fact.enterprise_id, []), domains))
    return answers


def _identity_view(
    context: Context,
    requested: str,
    fact: stored.IdentityFacts,
    members: Sequence[tuple[ViewRow, RecordView]],
    domains: Domains,
) -> IdentityView:
    shown = [view for _, view in members if view.active or (domains.expose_subsumed_ids and view.replaced_by)]
    return IdentityView(
        enterprise_id=display(fact.enterprise_id),
        requested_id=display(requested),
        status=fact.status,
        best=_best(context, [row for row, _ in members]),
        identifiers=tuple(dict.fromkeys(i for view in shown for i in view.identifiers)),
        records=tuple(view for _, view in members),
        version=fact.last_event_id or 0,
        changed_at=fact.changed_at,
        replaces=tuple(map(display, fact.replaces)),
        successors=tuple(map(display, fact.successors)),
    )


def _best(context: Context, rows: Sequence[ViewRow]) -> SourceRecord:
    active = [row for row in rows if not row.retired] or list(rows)
    telling = [row for row in active if row.content.keys() - {"source", "local_id", "deceased"}]
    if len(telling) == 1:
        # There is nothing to choose from, and most identities have one record.
        flat = {name: value for name, value in telling[0].content.items() if name not in _REFERENCE}
        return kept_record(flat, "", "")
    members = [
        MemberRecord(source=row.source, trust=row.trust, received_at=row.received_at, flat=row.content)
        for row in telling
    ]
    return kept_record(best_record(members, context.survivorship), "", "")
