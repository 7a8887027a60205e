"""Who sends: the source system that a request speaks for, and what it may write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mpi.fhir.exchange import Asked
from mpi.fhir.outcome import Resource, refused
from mpi.patient import Domain, Domains


def sender(asked: Asked) -> str | None:
    """The source a request speaks for: the client's own, else what ``X-Source`` names; None: nobody said.

    Raises Refused 403 when a client that has a source of its own names another.
    """
    named = asked.headers.get("x-source", "").strip() or None
    own = asked.actor.source
    if own is not None and named not in (None, own):
        raise refused(403, "forbidden", "this client speaks for another source system", expression="X-Source")
    return own or named


def domain_of(system: str, domains: Domains, expression: str) -> Domain:
    """The domain of an identifier's system. Raises Refused 422 for one that nobody declared."""
    domain = domains.taken(system)
    if domain is None:
        raise refused(422, "code-invalid", "this identifier domain is not known", expression=expression)
    return domain


def refuse_foreign(domain: Domain, source: str | None, expression: str) -> None:
    """A source writes in its own domains only. Raises Refused 403."""
    if source is not None and domain.owner is not None and domain.owner != source:
        told = "this identifier domain belongs to another source system"
        raise refused(403, "forbidden", told, expression=expression)


def identifiers_of(resource: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """System and value of each identifier that has both."""
    listed = resource.get("identifier")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            system, value = one.get("system"), one.get("value")
            if isinstance(system, str) and isinstance(value, str):
                yield system.strip(), value.strip()


def identifier_of(element: object) -> tuple[str, str] | None:
    """System and value of an Identifier element, or of a Reference that has one; None without both."""
    if isinstance(element, dict) and isinstance(element.get("identifier"), dict):
        element = element["identifier"]
    if not isinstance(element, dict):
        return None
    return next(iter(identifiers_of({"identifier": [element]})), None)


def as_sent(resource: Resource, domains: Domains) -> Resource:
    """The resource without what is the server's to say: its id, its version, the enterprise ID."""
    bare = {name: value for name, value in resource.items() if name not in ("id", "meta", "identifier")}
    meta = resource.get("meta")
    if isinstance(meta, dict):
        meta = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
    listed = resource.get("identifier")
    if isinstance(listed, list):
        listed = [one for one in listed if not _is_ours(one, domains)]
    whole = bare | ({"meta": meta} if meta else {}) | ({"identifier": listed} if listed else {})
    return {name: kept for name, value in whole.items() if (kept := without_empty(value)) is not None}


def without_empty(value: Any) -> Any:
    """A value without what FHIR does not know: nulls, empty texts, lists and objects; None for nothing.

    A null in a list holds the place of an extension beside it, and stays where the list says anything.

    >>> without_empty({"given": ["Ann", None], "prefix": [], "period": {"start": ""}, "use": None})
    {'given': ['Ann', None]}
    """
    if isinstance(value, dict):
        found = {name: kept for name, inner in value.items() if (kept := without_empty(inner)) is not None}
        return found or None
    if isinstance(value, list):
        listed = [without_empty(inner) for inner in value]
        return listed if any(inner is not None for inner in listed) else None
    return None if value == "" else value


def _is_ours(identifier: object, domains: Domains) -> bool:
    system = identifier.get("system") if isinstance(identifier, dict) else None
    domain = domains.named(system) if isinstance(system, str) else None
    return domain is not None and domains.is_enterprise(domain)
