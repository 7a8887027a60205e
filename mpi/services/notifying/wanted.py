"""Whose changes a subscription is about, and which events those are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.storage.database import Connection
from mpi.storage.identities import EventRow
from mpi.storage.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose changes a subscription is about; with nothing set, everybody's."""

    #: The words in which it was asked.
    text: str
    #: An enterprise ID, or ``r`` and the number of a record.
    resource_id: str | None = None
    #: A domain's name, and the value in it unless all of the domain are meant.
    domain: str | None = None
    value: str | None = None
    #: The reference of a managing organization.
    organization: str | None = None


class Facts(NamedTuple):
    """What subscriptions ask of a record that an event touches."""

    enterprise_id: str
    record_id: int
    source: str
    local_id: str
    #: The domains that its source owns: its local ID is an identifier in each.
    own_domains: Sequence[str]
    content: Mapping[str, Any]
    organization: str | None


def wanted_events(conn: Connection, wanted: Wanted, events: Sequence[EventRow]) -> list[EventRow]:
    """Those of the events that a subscription is about."""
    if not events or (wanted.resource_id, wanted.domain, wanted.organization) == (None, None, None):
        return list(events)
    ids = {id for e in events for id in (e.enterprise_id, e.other_enterprise_id) if id}
    record_ids = {e.record_id for e in events if e.record_id is not None}
    parameters = {"enterprise_ids": sorted(ids), "record_ids": sorted(record_ids)}
    rows = conn.execute(query("facts_of_identities"), parameters).fetchall()
    hits = [facts for facts in (Facts(*row) for row in rows) if _is_wanted(wanted, facts)]
    hit_ids = {facts.enterprise_id for facts in hits}
    hit_records = {facts.record_id for facts in hits}
    if wanted.resource_id is not None and not wanted.resource_id.startswith("r"):
        # Also one that was subsumed, and has no records any more.
        hit_ids.add(parse_enterprise_id(wanted.resource_id))
    return [
        e
        for e in events
        if e.record_id in hit_records or e.enterprise_id in hit_ids or e.other_enterprise_id in hit_ids
    ]


def _is_wanted(wanted: Wanted, facts: Facts) -> bool:
    if wanted.resource_id is not None:
        return wanted.resource_id in (f"r{facts.record_id}", display(facts.enterprise_id))
    if wanted.organization is not None:
        return facts.organization == wanted.organization
    held = {(i.get("authority"), i.get("value")) for i in facts.content.get("identifiers") or ()}
    held |= {(domain, facts.local_id) for domain in (facts.source, *facts.own_domains)}
    if ssn := facts.content.get("ssn"):
        held.add(("SSN", ssn))
    return any(domain == wanted.domain and wanted.value in (None, value) for domain, value in held)
