"""Patient search (IHE PDQm, ITI-78): identities of whom one record satisfies everything that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from mpi.errors import BadInput
from mpi.fhir.asked_parameters import (
    Criterion,
    SearchAsked,
    TokenAsked,
    control_count,
    control_word,
    read_search,
)
from mpi.fhir.bundles import Entry, found_entry, searchset
from mpi.fhir.exchange import Answer, Asked
from mpi.fhir.outcome import Issue, Refused, Resource, issue_of_error, refused, warning
from mpi.fhir.reading import written
from mpi.fhir.subsets import subset
from mpi.index import Criterion as Condition
from mpi.index import Field, Found, How
from mpi.patient import Domain, Domains

COUNT_DEFAULT: Final = 20
COUNT_MAX: Final = 100

TEXTS: Final[dict[str, Field]] = {
    "address": "address",
    "address-city": "city",
    "address-country": "country",
    "address-postalcode": "zip",
    "address-state": "state",
    "family": "family",
    "given": "given",
    "mothersMaidenName": "mother_maiden",
    "name": "name",
}
CODES: Final[dict[str, Field]] = {
    "_id": "id",
    "active": "active",
    "deceased": "deceased",
    "email": "email",
    "gender": "gender",
    "phone": "phone",
    "telecom": "telecom",
}
DATES: Final[dict[str, Field]] = {
    "_lastUpdated": "updated_at",
    "birthdate": "birth_date",
    "death-date": "death_date",
}
SORTS: Final = {
    "_lastUpdated": "updated_at",
    "birthdate": "birth_date",
    "family": "family",
    "given": "given",
}
TRUTHS: Final = frozenset({"active", "deceased"})
GENDERS: Final = frozenset({"male", "female", "other", "unknown"})

_HOWS: Final[dict[str | None, How]] = {None: "starts", "exact": "exact", "contains": "contains"}


def search(asked: Asked) -> Answer:
    """``GET /Patient?…`` and ``POST /Patient/_search``."""
    order = read_search(asked.query, strict=asked.is_strict)
    if not order.criteria:
        told = "name at least one search parameter: this server does not list everybody"
        raise refused(400, "required", told)
    domains = asked.index.registry.domains()
    targets, conditions, noted = _conditions(asked, order, domains)
    count_only = control_word(order.controls, "_summary", _SUMMARIES) == "count"
    control_word(order.controls, "_total", frozenset({"none", "estimate", "accurate"}))
    count = control_count(order.controls, otherwise=COUNT_DEFAULT, most=COUNT_MAX)
    sort, unsorted = _sort(asked, order.controls.get("_sort", ""))
    try:
        found = asked.index.registry.find(
            conditions,
            actor=asked.actor,
            limit=max(count, 1),
            cursor=order.controls.get("_cursor") or None,
            sort=sort,
            targets=[domain.name for domain in targets],
            count_only=count_only or count == 0,
        )
    except BadInput as error:
        raise Refused(400, (issue_of_error(error),)) from None
    issues = [*order.ignored, *noted, *unsorted]
    if not found.total_is_exact:
        issues.append(warning("incomplete", "more people than one search looks at: narrow it"))
    entries = [] if count_only or count == 0 else _entries(asked, order, found, domains, targets)
    return Answer(
        resource=searchset(entries, total=found.total, links=_links(asked, order, found), issues=issues)
    )


_SUMMARIES: Final = frozenset({"count", "true", "false", "text", "data"})


def _entries(
    asked: Asked, order: SearchAsked, found: Found, domains: Domains, targets: Sequence[Domain]
) -> list[Entry]:
    """The people as identities, and the records linked to them where ``_include`` asks."""
    names = tuple(domain.name for domain in targets)
    summary = control_word(order.controls, "_summary", _SUMMARIES)
    elements = tuple(part.strip() for part in order.controls.get("_elements", "").split(",") if part.strip())
    include = order.controls.get("_include", "")
    if include and include not in ("Patient:link", "Patient:link:Patient"):
        raise refused(400, "not-supported", "only Patient:link can be included", expression="_include")
    entries: list[Entry] = []
    included: dict[str, Resource] = {}
    for person in found.people:
        resource = written(person, domains, asked.base, names)
        entries.append(found_entry(asked.base, subset(resource, summary, elements)))
        if include:
            for view in person.records:
                included[view.resource_id] = written(view, domains, asked.base, names)
    return entries + [found_entry(asked.base, resource, "include") for resource in included.values()]


def _links(asked: Asked, order: SearchAsked, found: Found) -> dict[str, str]:
    kept = [(name, value) for name, value in order.honoured if name not in ("_format", "_pretty")]
    url = f"{asked.base}/Patient"
    links = {"self": f"{url}?{urlencode(kept)}" if kept else url}
    if found.next is not None and order.controls.get("_count") != "0":
        again = [(name, value) for name, value in kept if name != "_cursor"]
        links["next"] = f"{url}?{urlencode([*again, ('_cursor', found.next)])}"
    return links


def _conditions(
    asked: Asked, order: SearchAsked, domains: Domains
) -> tuple[list[Domain], list[Condition], list[Issue]]:
    """The domains wanted in the answer, what the records must satisfy, and what was passed over."""
    targets: list[Domain] = []
    conditions: list[Condition] = []
    issues: list[Issue] = []
    for criterion in order.criteria:
        if criterion.name == "identifier" and all(t.system and t.value is None for t in criterion.tokens):
            targets += [_target(token, domains) for token in criterion.tokens]
        elif criterion.name == "identifier":
            conditions.append(_identifiers(criterion, domains, issues))
        else:
            conditions.append(_condition(asked, criterion))
    return targets, conditions, issues


def _target(token: TokenAsked, domains: Domains) -> Domain:
    domain = domains.named(token.system or "")
    if domain is None:
        raise refused(404, "not-found", "targetSystem not found", expression="identifier")
    return domain


def _identifiers(criterion: Criterion, domains: Domains, issues: list[Issue]) -> Condition:
    values = []
    for token in criterion.tokens:
        if token.system and domains.named(token.system) is None:
            issues.append(warning("not-found", "identifier system not found", "identifier"))
        values.append(token.value or "" if token.system is None else f"{token.system}|{token.value or ''}")
    return Condition(field="identifier", values=tuple(values), how="is")


def _condition(asked: Asked, criterion: Criterion) -> Condition:
    name = criterion.name
    if name in DATES:
        values = tuple(("" if d.prefix == "eq" else d.prefix) + d.date for d in criterion.dates)
        return Condition(field=DATES[name], values=values, how="is")
    if name in CODES:
        return Condition(field=CODES[name], values=tuple(_code(name, t) for t in criterion.tokens), how="is")
    if name == "phonetic":
        return Condition(field="name", values=criterion.values, how="sounds")
    if name == "link":
        values = tuple(value.rpartition("/")[2] for value in criterion.values)
        return Condition(field="link", values=values, how="is")
    return Condition(field=TEXTS[name], values=criterion.values, how=_HOWS[criterion.modifier])


def _code(name: str, token: TokenAsked) -> str:
    """The value of a code. Raises Refused 400 for one that is none of the parameter's."""
    value = token.value or ""
    allowed = {"gender": GENDERS}.get(name) or (frozenset({"true", "false"}) if name in TRUTHS else None)
    if allowed is not None and value not in allowed:
        told = f"must be one of {', '.join(sorted(allowed))}"
        raise refused(400, "invalid", told, expression=name)
    if not value:
        raise refused(400, "invalid", "a value is missing", expression=name)
    return value


def _sort(asked: Asked, sent: str) -> tuple[list[str], list[Issue]]:
    wanted, issues = [], []
    for part in (part.strip() for part in sent.split(",")):
        bare = part.removeprefix("-")
        if bare in SORTS:
            wanted.append(("-" if part.startswith("-") else "") + SORTS[bare])
        elif part and asked.is_strict:
            raise refused(400, "not-supported", "cannot sort by this", expression="_sort")
        elif part and bare != "_id":
            issues.append(warning("not-supported", "cannot sort by this", "_sort"))
    return wanted, issues
