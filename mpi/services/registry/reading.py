"""Reads records and identities for the standard dialects: by logical ID, by key, by identifier."""

from __future__ import annotations

from dataclasses import replace

from mpi.errors import InvalidEnterpriseId, NotFound, UnknownAuthority
from mpi.identity.enterprise_id import parse_enterprise_id
from mpi.patient import Domain, Domains, IdentityView, RecordView
from mpi.patient.carried import identifiers_of
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.registry.views import (
    carried,
    identity_views,
    record_number,
    record_views,
    same_identifier,
    stored_source_record,
)
from mpi.storage import registry as stored
from mpi.storage.database import Connection
from mpi.storage.registry import ViewRow


def known_domain(domains: Domains, name: str, field: str) -> Domain:
    """The domain of this name. Raises UnknownAuthority."""
    domain = domains.named(name)
    if domain is None:
        raise UnknownAuthority("no identifier domain has this name", field=field)
    return domain


def patient(context: Context, resource_id: str, *, actor: Actor) -> RecordView | IdentityView:
    """A record or an identity by logical ID. Raises NotFound, Erased."""
    domains = context.authorities.domains()
    number = record_number(resource_id)
    with context.transaction() as conn:
        if number is None:
            requested = _enterprise_id(resource_id)
            [identity] = identity_views(context, conn, [requested], domains)
            context.audit_read(conn, actor, "read identity", [requested])
            return identity
        row = _row(conn, number)
        [view] = record_views(conn, domains, [row])
        context.audit_read(conn, actor, "read record", [row.enterprise_id])
    return view


def record(context: Context, source: str, local_id: str, *, actor: Actor) -> RecordView:
    """A record by its key. Raises NotFound."""
    with context.transaction() as conn:
        view, row = record_by_key(context, conn, source, local_id)
        context.audit_read(conn, actor, "read record", [row.enterprise_id])
    return view


def record_by_key(
    context: Context, conn: Connection, source: str, local_id: str
) -> tuple[RecordView, ViewRow]:
    """The same within a transaction, with its row."""
    number = stored.record_id_of(conn, source, local_id)
    if number is None:
        raise NotFound("no record has this local ID in this source", field="local_id")
    row = _row(conn, number)
    [view] = record_views(conn, context.authorities.domains(), [row])
    return view, row


def versions(context: Context, resource_id: str, *, actor: Actor) -> tuple[RecordView, ...]:
    """Every version of a record, newest first. Raises NotFound."""
    domains = context.authorities.domains()
    number = record_number(resource_id)
    if number is None:
        raise NotFound("only records have versions: an identity is told as it is", field="id")
    with context.transaction() as conn:
        row = _row(conn, number)
        [current] = record_views(conn, domains, [row])
        former = stored.former_versions(conn, number)
        context.audit_read(conn, actor, "read record history", [row.enterprise_id])
    views = [current]
    for version in former:
        then = row._replace(content=version.content, original=version.original)
        said = stored_source_record(then)
        views.append(
            replace(
                current,
                record=said,
                identifiers=identifiers_of(said, domains),
                version=version.version,
                received_at=version.received_at,
                active=True,
                replaced_by=None,
            )
        )
    return tuple(views)


def holders(
    context: Context, domain: str, value: str, *, actor: Actor, source: str | None
) -> tuple[RecordView, ...]:
    """The records that carry an identifier, those whose own it is first. None carries one of a domain that is
    yet to be declared on sight. Raises UnknownAuthority where nothing is.
    """
    domains = context.authorities.domains()
    if domains.named(domain) is None and domains.taken(domain) is not None:
        return ()
    wanted = known_domain(domains, domain, "identifier")
    with context.transaction() as conn:
        views = carrying(conn, domains, wanted, value)
        found = tuple(view for view in views if source is None or view.record.source == source)
        context.audit_read(
            conn, actor, "find by identifier", [parse_enterprise_id(view.enterprise_id) for view in found]
        )
    return found


def carrying(conn: Connection, domains: Domains, domain: Domain, value: str) -> list[RecordView]:
    """The records that carry an identifier: active before retired, its owner's before others'."""
    [hits] = stored.carriers(conn, [carried(domain, value, domains)])
    views = record_views(conn, domains, stored.view_rows(conn, record_ids=hits)) if hits else []
    exact = [v for v in views if any(same_identifier(i, domain.name, value) for i in v.identifiers)]
    return sorted(exact, key=lambda view: (not view.active, view.record.source != domain.owner))


def _row(conn: Connection, number: int) -> ViewRow:
    rows = stored.view_rows(conn, record_ids=[number])
    if not rows:
        raise NotFound("there is no such record", field="id")
    return rows[0]


def _enterprise_id(text: str) -> str:
    try:
        return parse_enterprise_id(text)
    except InvalidEnterpriseId:
        raise NotFound("there is no such Patient", field="id") from None
