"""Who sends: the source system that a request speaks for, and what it may write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mpi.fhir.exchange import Asked
from mpi.fhir.outcome import Issue, Refused, Resource, refused
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


def without_tags(resource: Resource) -> Resource:
    """The resource as it is stored: what the server itself says about versions is not the sender's to say."""
    meta = (
        {
            name: value
            for name, value in resource.get("meta", {}).items()
            if name not in ("versionId", "lastUpdated")
        }
        if isinstance(resource.get("meta"), dict)
        else {}
    )
    bare = {name: value for name, value in resource.items() if name not in ("id", "meta")}
    return {**bare, "meta": meta} if meta else bare


def strictly_refused(issues: tuple[Issue, ...]) -> Refused:
    """A write refused for what is wrong with its Patient."""
    return Refused(422, issues)
