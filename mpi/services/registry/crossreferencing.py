"""Cross-references of identifiers (PIX: ITI-9, ITI-83)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mpi.errors import InvalidEnterpriseId, NotFound
from mpi.identity.enterprise_id import parse_enterprise_id
from mpi.matching.record import Identifier
from mpi.patient import Domain, Domains, IdentityView, RecordView
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.registry.answers import CrossReference
from mpi.services.registry.reading import carrying
from mpi.services.registry.views import identity_views, same_identifier
from mpi.storage.database import Connection


def cross_reference(
    context: Context, domain: str, value: str, targets: Sequence[str], *, actor: Actor
) -> CrossReference:
    """What the person with this identifier is called in ``targets``, or what of the question is unknown."""
    domains = context.authorities.domains()
    asked = domains.named(domain)
    if asked is None:
        return CrossReference(outcome="unknown-domain")
    wanted = [domains.named(target) for target in targets]
    unknown = tuple(n for n, target in enumerate(wanted) if target is None)
    if unknown:
        return CrossReference(outcome="unknown-target", unknown_targets=unknown)
    with context.transaction() as conn:
        person = _person(context, conn, domains, asked, value)
        shown = [] if person is None else [parse_enterprise_id(person.identity.enterprise_id)]
        context.audit_read(conn, actor, "cross-reference", shown, query_fields=["identifier"])
    if person is None:
        return CrossReference(outcome="unknown-id")
    return _answer(person, asked, value, {target.name for target in wanted if target}, domains)


class _Person(NamedTuple):
    identity: IdentityView
    #: The asked identifier was replaced by another of its domain.
    replaced: bool


def _person(
    context: Context, conn: Connection, domains: Domains, asked: Domain, value: str
) -> _Person | None:
    """Whose an identifier is: a replaced one its survivor's; one that only retired records carry nobody's."""
    if domains.is_enterprise(asked):
        try:
            requested = parse_enterprise_id(value)
            [identity] = identity_views(context, conn, [requested], domains)
        except (InvalidEnterpriseId, NotFound):
            return None
        return _Person(identity, replaced=False)
    views = carrying(conn, domains, asked, value)
    found = next((view for view in views if view.active or view.replaced_by), None)
    if found is None:
        return None
    enterprise_id = parse_enterprise_id(found.enterprise_id)
    [identity] = identity_views(context, conn, [enterprise_id], domains)
    return _Person(identity, replaced=not found.active)


def _answer(
    person: _Person, asked: Domain, value: str, targets: set[str], domains: Domains
) -> CrossReference:
    identity = person.identity
    if person.replaced:
        return CrossReference(outcome="replaced", enterprise_id=identity.enterprise_id)
    own = Identifier(domains.enterprise.name, domains.enterprise.type, identity.enterprise_id)
    identifiers = [
        identifier
        for identifier in (*identity.identifiers, own)
        if not targets or identifier.authority in targets
    ]
    others = [i for i in identifiers if not same_identifier(i, asked.name, value)]
    records = [r for r in identity.records if _shown(r, domains) and (not targets or _in(r, targets))]
    return CrossReference(
        outcome="found" if others else "nothing",
        enterprise_id=identity.enterprise_id,
        identifiers=tuple(identifiers) if others else (),
        resource_ids=tuple(record.resource_id for record in records) if others else (),
    )


def _shown(record: RecordView, domains: Domains) -> bool:
    return record.active or (domains.expose_subsumed_ids and record.replaced_by is not None)


def _in(record: RecordView, targets: set[str]) -> bool:
    return any(identifier.authority in targets for identifier in record.identifiers)
