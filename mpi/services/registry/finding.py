"""People by demographics: PDQm ITI-78 and HL7 v2 Q22 ask here.

Terms of the criteria are looked up in one index, at most ``HITS_MAX`` records; what terms cannot decide is
decided on those records. A search that more records satisfy is answered in the order of enterprise IDs
without counting them, or refused where that would not be the right answer.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from mpi.errors import BadInput, TooBroad
from mpi.patient import Domain, Domains, RecordView
from mpi.patient.terms import date_digits, domain_terms, folded, quoted
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.registry.answers import Criterion, Found
from mpi.services.registry.criteria import Test, compile_criterion, truth
from mpi.services.registry.keyed import (
    Named,
    Span,
    by_id,
    by_identifier,
    linked_to,
    mother_criterion,
    time_span,
    wanted_domains,
)
from mpi.services.registry.reading import known_domain
from mpi.services.registry.views import identity_views, record_number, record_views
from mpi.storage import registry as stored
from mpi.storage.database import Connection
from mpi.storage.registry import Hit

#: Records that one search looks at.
HITS_MAX = 2_000
#: Identities that a walk decides on for one page.
WALK_MAX = 2_000
LIMIT_MAX = 1_000
#: Identities of a walk that are decided on at a time.
_STEP = 100
CRITERIA_MAX = 50
SORTS = ("family", "given", "birth_date", "updated_at")
_PART_LENGTH_MIN = 3


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What a search comes to: how to find its records, and what to decide on them."""

    queries: list[str] = field(default_factory=list)
    #: Of terms that many records have.
    common: list[str] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    #: Each: in one of these domains.
    in_domains: list[list[Domain]] = field(default_factory=list)
    #: Letters in the middle of a name.
    part: str | None = None
    nobody: bool = False

    @property
    def query(self) -> str | None:
        """All terms at once."""
        return _all_of([*self.queries, *self.common])


def find(
    context: Context,
    criteria: Sequence[Criterion],
    *,
    actor: Actor,
    limit: int,
    cursor: str | None,
    sort: Sequence[str],
    targets: Sequence[str],
    count_only: bool,
) -> Found:
    """A page of people. Raises BadInput naming the field, TooBroad, UnknownAuthority."""
    _check(criteria, limit, sort)
    place = _Place.read(cursor, _fingerprint(criteria, sort, targets))
    domains = context.authorities.domains()
    with context.transaction() as conn:
        plan = _plan(conn, criteria, targets, domains)
        hits = [] if plan.nobody else _hits(conn, plan)
        if len(hits) > HITS_MAX:
            found = _walk(conn, plan, sort, limit, place, domains)
        else:
            found = _ordered(conn, plan, hits, sort, limit, place, domains)
        people = () if count_only else tuple(identity_views(context, conn, found.ids, domains))
        fields = sorted({criterion.field for criterion in criteria})
        context.audit_read(conn, actor, "find people", [] if count_only else found.ids, query_fields=fields)
    return Found(
        people=people,
        total=found.total,
        total_is_exact=found.exact,
        next=None if count_only else found.next,
    )


def _check(criteria: Sequence[Criterion], limit: int, sort: Sequence[str]) -> None:
    if len(criteria) > CRITERIA_MAX:
        raise BadInput(f"a search has at most {CRITERIA_MAX} criteria", field="criteria")
    if not 0 <= limit <= LIMIT_MAX:
        raise BadInput(f"a page has at most {LIMIT_MAX} people", field="limit")
    for key in sort:
        if key.removeprefix("-") not in SORTS:
            raise BadInput(f"people can be sorted by {', '.join(SORTS)}", field="sort")


def _plan(conn: Connection, criteria: Sequence[Criterion], targets: Sequence[str], domains: Domains) -> _Plan:
    plan = _Plan()
    if targets:
        plan.in_domains.append([known_domain(domains, target, "targets") for target in targets])
    for criterion in criteria:
        _add(conn, plan, criterion, domains)
    return plan


def _add(conn: Connection, plan: _Plan, criterion: Criterion, domains: Domains) -> None:
    """One criterion into the plan."""
    if criterion.field == "active":
        plan.nobody |= not any(truth(value, "active") for value in criterion.values)
    elif criterion.field == "updated_at":
        plan.spans.append(time_span(criterion))
    elif criterion.field == "identifier":
        in_domains = wanted_domains(criterion, domains)
        if in_domains is not None:
            plan.in_domains.append(in_domains)
        else:
            plan.named.append(by_identifier(conn, criterion, domains))
    elif criterion.field == "id":
        plan.named.append(by_id(conn, criterion))
    elif criterion.field == "link":
        plan.named.append(linked_to(conn, criterion))
    else:
        compiled = mother_criterion(criterion, domains) if criterion.field == "mother_identifier" else None
        compiled = compiled or compile_criterion(criterion)
        if compiled.query is not None:
            (plan.common if compiled.common else plan.queries).append(compiled.query)
        elif criterion.field in ("name", "family", "given") and criterion.how == "contains":
            plan.part = _part(criterion)
        if compiled.test is not None:
            plan.tests.append(compiled.test)


def _part(criterion: Criterion) -> str | None:
    if len(criterion.values) != 1:
        return None
    part = folded(criterion.values[0])
    return part if len(part) >= _PART_LENGTH_MIN else None


def _hits(conn: Connection, plan: _Plan) -> list[Hit]:
    """The records to decide on, by whatever narrows them most; more than ``HITS_MAX`` of them are too
    many.
    """
    wanted, record_max = plan.query, HITS_MAX + 1
    if plan.named:
        first, *others = plan.named
        plan.tests += [other.holds for other in others]
        plan.tests += [span.holds for span in plan.spans]
        return stored.find_among(conn, first.record_ids, first.enterprise_ids, wanted, record_max)
    if wanted is not None:
        rare, common = _all_of(plan.queries), _all_of(plan.common)
        hits = stored.find_by_terms(conn, rare or wanted, common if rare else None, record_max)
        if len(hits) <= HITS_MAX or not plan.spans:
            plan.tests += [span.holds for span in plan.spans]
            return hits
    if plan.spans:
        since = max(span.since for span in plan.spans)
        until = min(span.until for span in plan.spans)
        return stored.find_by_time(conn, since, until, wanted, record_max)
    if plan.part is not None:
        return stored.find_by_part(conn, plan.part, record_max)
    return stored.find_any(conn, record_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FoundIds:
    """A page of enterprise IDs in stored form."""

    ids: list[str]
    total: int
    exact: bool
    next: str | None


def _ordered(
    conn: Connection,
    plan: _Plan,
    hits: Sequence[Hit],
    sort: Sequence[str],
    limit: int,
    place: _Place,
    domains: Domains,
) -> _FoundIds:
    """The page of a search that was looked at in full."""
    views: dict[int, RecordView] = {}
    if hits and (plan.tests or sort):
        rows = stored.view_rows(conn, record_ids=[hit.record_id for hit in hits])
        views = {record_number(v.resource_id) or 0: v for v in record_views(conn, domains, rows)}
        hits = [hit for hit in hits if all(test(views[hit.record_id]) for test in plan.tests)]
    by_identity: dict[str, int] = {}
    for hit in hits:
        by_identity.setdefault(hit.enterprise_id, hit.record_id)
    ids = sorted(by_identity)
    for in_domains in plan.in_domains:
        ids = sorted(_in_domains(conn, ids, in_domains, domains))
    if sort:
        ids = _sorted(ids, by_identity, views, sort)
        start = ids.index(place.last_id) + 1 if place.last_id in ids else place.offset
    else:
        start = bisect_right(ids, place.last_id)
    page = ids[start : start + limit]
    more = start + len(page) < len(ids) and page
    return _FoundIds(
        ids=page,
        total=len(ids),
        exact=True,
        next=place.following(start + len(page), page[-1]) if more else None,
    )


def _walk(
    conn: Connection, plan: _Plan, sort: Sequence[str], limit: int, place: _Place, domains: Domains
) -> _FoundIds:
    """The page of a search that too many satisfy to look at all. Raises TooBroad."""
    if plan.named or plan.spans or plan.part is not None or sort or (plan.tests and plan.query is None):
        raise TooBroad(f"more than {HITS_MAX} records satisfy this search: narrow it", field="criteria")
    tested, step = bool(plan.tests or plan.in_domains), limit + 1
    page: list[str] = []
    after, looked_at = place.last_id, 0
    while len(page) <= limit:
        ids = stored.walk_by_terms(conn, plan.query, after, step)
        page += _passing(conn, plan, ids, domains) if tested else ids
        if len(ids) < step:
            break
        after, looked_at, step = ids[-1], looked_at + len(ids), _STEP
        if looked_at >= WALK_MAX and len(page) <= limit:
            raise TooBroad("this search would look at too many people: narrow it", field="criteria")
    shown = page[:limit]
    return _FoundIds(
        ids=shown,
        total=HITS_MAX,
        exact=False,
        next=place.following(place.offset + len(shown), shown[-1]) if len(page) > limit and shown else None,
    )


def _passing(conn: Connection, plan: _Plan, ids: Sequence[str], domains: Domains) -> list[str]:
    """Those of these identities of which an active record passes the tests, in order."""
    rows = stored.view_rows(conn, enterprise_ids=ids)
    passing = {
        row.enterprise_id
        for row, view in zip(rows, record_views(conn, domains, rows), strict=True)
        if view.active and all(test(view) for test in plan.tests)
    }
    found = [id for id in ids if id in passing]
    for in_domains in plan.in_domains:
        found = sorted(_in_domains(conn, found, in_domains, domains))
    return found


def _all_of(queries: Sequence[str]) -> str | None:
    return " & ".join(f"({query})" for query in queries) or None


def _in_domains(
    conn: Connection, ids: Sequence[str], in_domains: Sequence[Domain], domains: Domains
) -> Iterable[str]:
    if not ids or any(domains.is_enterprise(domain) for domain in in_domains):
        return ids
    terms = [quoted(f"I{start}") + ":*" for domain in in_domains for start in domain_terms(domain)]
    owners = [d.owner for d in in_domains if d.owner is not None and domains.primary(d.owner) == d]
    return stored.identities_in_domains(conn, ids, owners, " | ".join(terms))


def _sorted(
    ids: Sequence[str], by_identity: Mapping[str, int], views: Mapping[int, RecordView], sort: Sequence[str]
) -> list[str]:
    ordered = list(ids)
    for key in reversed(sort):
        name = key.removeprefix("-")
        ordered.sort(key=lambda id: _sort_text(views[by_identity[id]], name), reverse=key.startswith("-"))
    return ordered


def _sort_text(view: RecordView, key: str) -> str:
    record = view.record
    if key == "updated_at":
        return view.received_at.isoformat()
    if key == "birth_date":
        return date_digits(record.birth_date) if record.birth_date else ""
    name = record.names[0] if record.names else None
    return folded(name and (name.family if key == "family" else name.given))


def _fingerprint(criteria: Sequence[Criterion], sort: Sequence[str], targets: Sequence[str]) -> str:
    asked = [[c.field, c.how, *c.values] for c in criteria]
    return hashlib.blake2b(orjson.dumps([asked, list(sort), list(targets)]), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a page begins: after which identity, and how many came before."""

    search: str
    offset: int = 0
    last_id: str = ""

    @classmethod
    def read(cls, cursor: str | None, search: str) -> _Place:
        """Raises BadInput for a cursor that is none, or another search's."""
        if cursor is None:
            return cls(search=search)
        try:
            found, offset, last_id = orjson.loads(urlsafe_b64decode(cursor.encode()))
            place = cls(search=found, offset=max(int(offset), 0), last_id=str(last_id))
        except (ValueError, TypeError):
            raise BadInput("this is no cursor of a search", field="cursor") from None
        if place.search != search:
            raise BadInput("this cursor belongs to another search", field="cursor")
        return place

    def following(self, offset: int, last_id: str) -> str:
        """The cursor of the page after this one."""
        return urlsafe_b64encode(orjson.dumps([self.search, offset, last_id])).decode()
