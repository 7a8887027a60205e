"""Bundles: search sets, histories, messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from mpi.fhir.outcome import Issue, Resource, outcome

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"

Entry = dict[str, Any]


def instant(at: datetime) -> str:
    """A moment as FHIR writes it.

    >>> instant(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    '2026-01-02T03:04:05.678Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(at: datetime) -> str:
    """A moment as HTTP writes it, for Last-Modified.

    >>> http_date(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    'Fri, 02 Jan 2026 03:04:05 GMT'
    """
    return at.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def searchset(
    entries: Sequence[Entry],
    *,
    total: int | None,
    links: Mapping[str, str],
    issues: Iterable[Issue] = (),
) -> Resource:
    """A search set; what was passed over comes as entries of their own, mode ``outcome``."""
    noted = list(issues)
    if noted:
        entries = [*entries, {"resource": outcome(noted), "search": {"mode": "outcome"}}]
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "type": "searchset",
    }
    if total is not None:
        bundle["total"] = total
    bundle["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    if entries:
        bundle["entry"] = list(entries)
    return bundle


def found_entry(base: str, resource: Resource, mode: str = "match") -> Entry:
    """An entry of a search set."""
    return {"fullUrl": full_url(base, resource), "resource": resource, "search": {"mode": mode}}


def scored_entry(base: str, resource: Resource, probability: float, grade: str) -> Entry:
    """An entry of ``$match``: score and grade, always both."""
    entry = found_entry(base, resource)
    entry["search"] = {
        "extension": [{"url": MATCH_GRADE, "valueCode": grade}],
        "mode": "match",
        "score": round(probability, 6),
    }
    return entry


def full_url(base: str, resource: Mapping[str, Any]) -> str:
    """The absolute URL of a resource of ours."""
    return f"{base}/{resource['resourceType']}/{resource['id']}"
