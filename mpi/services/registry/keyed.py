"""Criteria that name whom they want: identifiers, logical IDs, and the time a record came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mpi.errors import BadInput, InvalidEnterpriseId
from mpi.identity.enterprise_id import parse_enterprise_id
from mpi.patient import Domain, Domains, RecordView
from mpi.patient.terms import domain_terms, folded, quoted
from mpi.services.registry.answers import Criterion
from mpi.services.registry.criteria import Compiled, any_of
from mpi.services.registry.reading import known_domain
from mpi.services.registry.views import carried, record_number, record_views, same_identifier
from mpi.storage import registry as stored
from mpi.storage.database import Connection
from mpi.storage.registry import Carried

_MOMENT = re.compile(r"(eq|ne|lt|gt|le|ge|sa|eb|ap)?(\d{4}(?:-\d\d(?:-\d\d(?:T.+)?)?)?)", re.ASCII)
_LONG_AGO, _FAR_OFF = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Records and identities that a criterion names; enterprise IDs in stored form."""

    record_ids: frozenset[int]
    enterprise_ids: frozenset[str]

    def holds(self, view: RecordView) -> bool:
        """Whether a record is one of them, or belongs to one."""
        number = record_number(view.resource_id)
        return number in self.record_ids or parse_enterprise_id(view.enterprise_id) in self.enterprise_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time, its end not included."""

    since: datetime
    until: datetime

    def holds(self, view: RecordView) -> bool:
        """Whether a record came within it."""
        return self.since <= view.received_at < self.until


def split_identifier(value: str) -> tuple[str | None, str | None]:
    """Domain and value of ``domain|value``, either may be absent: ``domain|``, ``|value``, ``value``."""
    domain, bar, rest = value.partition("|")
    if not bar:
        return None, value.strip() or None
    return domain.strip() or None, rest.strip() or None


def wanted_domains(criterion: Criterion, domains: Domains) -> list[Domain] | None:
    """The domains of a criterion that names nothing but domains (``A|,B|``); None for any other.

    Raises UnknownAuthority.
    """
    split = [split_identifier(value) for value in criterion.values]
    if not all(domain is not None and value is None for domain, value in split):
        return None
    return [known_domain(domains, domain or "", criterion.field) for domain, _ in split]


def by_identifier(conn: Connection, criterion: Criterion, domains: Domains) -> Named:
    """The records that carry one of these identifiers. Raises UnknownAuthority, BadInput."""
    asked: list[tuple[Domain | None, str]] = []
    enterprise_ids: list[str] = []
    for domain_name, value in map(split_identifier, criterion.values):
        if value is None:
            raise BadInput("an identifier needs a value here", field=criterion.field)
        domain = known_domain(domains, domain_name, criterion.field) if domain_name else None
        if domain is None or domains.is_enterprise(domain):
            enterprise_ids.append(value)
        if domain is None or not domains.is_enterprise(domain):
            asked.append((domain, value))
    record_ids = frozenset(_carrying(conn, asked, domains))
    return Named(record_ids=record_ids, enterprise_ids=_surviving(conn, enterprise_ids))


def _carrying(conn: Connection, asked: Sequence[tuple[Domain | None, str]], domains: Domains) -> list[int]:
    if not asked:
        return []
    hits = stored.carriers(conn, [_carried(domain, value, domains) for domain, value in asked])
    rows = stored.view_rows(conn, record_ids=sorted({record_id for hit in hits for record_id in hit}))
    views = {record_number(view.resource_id): view for view in record_views(conn, domains, rows)}
    return [
        record_id
        for (domain, value), hit in zip(asked, hits, strict=True)
        for record_id in hit
        if _carries(views[record_id], domain, value)
    ]


def _carried(domain: Domain | None, value: str, domains: Domains) -> Carried:
    looked_for = carried(domain, value, domains)
    if domain is not None:
        return looked_for
    # Whatever the domain: also as a local ID of any source.
    owners = dict.fromkeys(d.owner for d in domains.declared if d.owner is not None)
    return looked_for._replace(keys=[(owner, value) for owner in owners])


def _carries(view: RecordView, domain: Domain | None, value: str) -> bool:
    return any(
        same_identifier(identifier, domain.name if domain else identifier.authority, value)
        for identifier in view.identifiers
    )


def by_id(conn: Connection, criterion: Criterion) -> Named:
    """Records and identities by logical ID; one that was subsumed is its survivor.

    Unknown ones are nobody.
    """
    bare = [value.strip().removeprefix("Patient/") for value in criterion.values]
    numbers = (record_number(value) for value in bare)
    record_ids = frozenset(number for number in numbers if number is not None)
    others = [value for value in bare if record_number(value) is None]
    return Named(record_ids=record_ids, enterprise_ids=_surviving(conn, others))


def _surviving(conn: Connection, texts: Sequence[str]) -> frozenset[str]:
    asked = []
    for text in texts:
        try:
            asked.append(parse_enterprise_id(text))
        except InvalidEnterpriseId:
            continue
    if not asked:
        return frozenset()
    return frozenset(leads_to or id for id, leads_to in stored.redirected(conn, asked).items())


def linked_to(conn: Connection, criterion: Criterion) -> Named:
    """Identities that replaced one of these."""
    bare = [value.strip().removeprefix("Patient/") for value in criterion.values]
    asked = []
    for text in bare:
        try:
            asked.append(parse_enterprise_id(text))
        except InvalidEnterpriseId:
            continue
    found = stored.redirected(conn, asked).values() if asked else ()
    return Named(record_ids=frozenset(), enterprise_ids=frozenset(id for id in found if id))


def mother_criterion(criterion: Criterion, domains: Domains) -> Compiled:
    """Whose mother has one of these identifiers. Raises UnknownAuthority, BadInput."""
    asked: list[tuple[Domain | None, str]] = []
    for domain_name, value in map(split_identifier, criterion.values):
        if value is None:
            raise BadInput("an identifier needs a value here", field=criterion.field)
        asked.append((known_domain(domains, domain_name, criterion.field) if domain_name else None, value))
    queries = []
    for domain, value in asked:
        if domain is None:
            queries.append(quoted("j" + folded(value)))
        else:
            queries += [quoted(f"J{start}{folded(value)}") for start in domain_terms(domain)]

    def test(view: RecordView) -> bool:
        return any(
            same_identifier(identifier, domain.name if domain else identifier.authority, value)
            for identifier in view.mother_identifiers
            for domain, value in asked
        )

    return Compiled(query=any_of(queries), test=test)


def time_span(criterion: Criterion) -> Span:
    """The time that one prefixed moment of FHIR stands for. Raises BadInput."""
    if len(criterion.values) != 1:
        raise BadInput(f"{criterion.field} takes one value", field=criterion.field)
    match = _MOMENT.fullmatch(criterion.values[0].strip())
    moment = match and _moment(match[2])
    if match is None or moment is None:
        raise BadInput(
            f"{criterion.field}: a moment such as ge2026-03-17T08:00:00Z is wanted", field=criterion.field
        )
    first, after = moment
    prefix = match[1] or "eq"
    if prefix in ("ge", "gt", "sa"):
        return Span(since=first if prefix == "ge" else after, until=_FAR_OFF)
    if prefix in ("le", "lt", "eb"):
        return Span(since=_LONG_AGO, until=after if prefix == "le" else first)
    if prefix == "ne":
        raise BadInput(f"{criterion.field} cannot be asked for with ne", field=criterion.field)
    return Span(since=first, until=after)


def _moment(text: str) -> tuple[datetime, datetime] | None:
    """The beginning of a day, month, year or second, and of the next; without an offset it is UTC."""
    parts = text.split("-")
    try:
        if "T" in text:
            at = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return at, at + timedelta(seconds=1)
        year, month, day = (*map(int, parts), 1, 1)[:3]
        first = datetime(year, month, day, tzinfo=UTC)
        if len(parts) == 3:
            return first, first + timedelta(days=1)
        if len(parts) == 2:
            return first, (first + timedelta(days=32)).replace(day=1)
        return first, first.replace(year=year + 1)
    except (ValueError, OverflowError):
        return None
