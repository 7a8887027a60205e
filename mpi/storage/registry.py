"""Reads what the standard dialects ask for, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from mpi.storage.database import Connection
from mpi.storage.queries import number_array, query

#: Records that carry one identifier and are looked at; an identifier that more carry names nobody.
CARRIERS_MAX = 100


class ViewRow(NamedTuple):
    """A record with all that is told of it; ``content`` is the flat record, ``original`` the Patient as
    sent.
    """

    record_id: int
    source: str
    trust: int
    local_id: str
    version: int
    retired: bool
    content: dict[str, Any]
    original: dict[str, Any] | None
    received_at: datetime
    enterprise_id: str
    replaced_by: int | None
    replaced_by_local_id: str | None
    replaces: list[int]


class VersionRow(NamedTuple):
    version: int
    content: dict[str, Any]
    original: dict[str, Any] | None
    received_at: datetime


class IdentityFacts(NamedTuple):
    enterprise_id: str
    status: str
    surviving_id: str | None
    successors: list[str]
    #: The last event that happened to it: a number that only grows.
    last_event_id: int | None
    changed_at: datetime
    #: Subsumed identities that redirect to it.
    replaces: list[str]


class Carried(NamedTuple):
    """An identifier to look for: its search terms as a tsquery, and the keys it may be a local ID under."""

    query: str
    keys: Sequence[tuple[str, str]]


def view_rows(
    conn: Connection, *, record_ids: Iterable[int] = (), enterprise_ids: Iterable[str] = ()
) -> list[ViewRow]:
    """These records and every member of these identities, the most trusted source first."""
    parameters = {"record_ids": number_array(record_ids), "enterprise_ids": list(enterprise_ids)}
    return [ViewRow._make(row) for row in conn.execute(query("record_views"), parameters)]


def former_versions(conn: Connection, record_id: int) -> list[VersionRow]:
    """What a record said before, newest first."""
    rows = conn.execute(query("record_view_versions"), {"record_id": record_id})
    return [VersionRow._make(row) for row in rows]


def record_id_of(conn: Connection, source: str, local_id: str) -> int | None:
    """The number of a record, None when there is none."""
    row = conn.execute(query("record_id_of"), {"source": source, "local_id": local_id}).fetchone()
    return None if row is None else int(row[0])


def identity_facts(conn: Connection, enterprise_ids: Iterable[str]) -> dict[str, IdentityFacts]:
    """Enterprise ID → what became of it."""
    rows = conn.execute(query("identity_views"), {"enterprise_ids": list(enterprise_ids)})
    return {row[0]: IdentityFacts._make(row) for row in rows}


def show_identities(
    conn: Connection, enterprise_ids: Iterable[str], audit: str
) -> tuple[dict[str, IdentityFacts], list[ViewRow]]:
    """What became of these identities, and all their members; ``audit`` is the row that notes it."""
    parameters = {"enterprise_ids": list(enterprise_ids), "audit": audit}
    rows = conn.execute(query("show_identities"), parameters).fetchall()
    width = len(IdentityFacts._fields)
    facts = {row[0]: IdentityFacts._make(row[:width]) for row in rows}
    return facts, [ViewRow._make(row[width:]) for row in rows]


def carriers(conn: Connection, wanted: Sequence[Carried]) -> list[list[int]]:
    """For each identifier the records that may carry it, retired ones included; the caller compares
    exactly.
    """
    local = [(n, source, local_id) for n, one in enumerate(wanted) for source, local_id in one.keys]
    parameters = {
        "positions": number_array(range(len(wanted))),
        "queries": [one.query for one in wanted],
        "record_max": CARRIERS_MAX,
        "local_positions": number_array(n for n, _, _ in local),
        "sources": [source for _, source, _ in local],
        "local_ids": [local_id for _, _, local_id in local],
    }
    found: list[list[int]] = [[] for _ in wanted]
    for position, record_id in conn.execute(query("records_by_identifier"), parameters):
        found[position].append(record_id)
    return found


class Hit(NamedTuple):
    record_id: int
    enterprise_id: str


def find_by_terms(conn: Connection, wanted: str, further: str | None, record_max: int) -> list[Hit]:
    """Active records that satisfy a tsquery by the index, and another one that is decided on them."""
    parameters = {"query": wanted, "further": further, "record_max": record_max}
    return [Hit._make(row) for row in conn.execute(query("find_by_terms"), parameters)]


def find_among(
    conn: Connection,
    record_ids: Iterable[int],
    enterprise_ids: Iterable[str],
    wanted: str | None,
    record_max: int,
) -> list[Hit]:
    """Those of these records, and of the members of these identities, that satisfy a tsquery."""
    parameters = {
        "record_ids": number_array(record_ids),
        "enterprise_ids": list(enterprise_ids),
        "query": wanted,
        "record_max": record_max,
    }
    return [Hit._make(row) for row in conn.execute(query("find_among"), parameters)]


def find_by_time(
    conn: Connection, since: datetime, until: datetime, wanted: str | None, record_max: int
) -> list[Hit]:
    """Active records received within a time, and satisfying a tsquery."""
    parameters = {"since": since, "until": until, "query": wanted, "record_max": record_max}
    return [Hit._make(row) for row in conn.execute(query("find_by_time"), parameters)]


def find_by_part(conn: Connection, part: str, record_max: int) -> list[Hit]:
    """Active records with these letters somewhere in a name."""
    parameters = {"pattern": f"%{part}%", "record_max": record_max}
    return [Hit._make(row) for row in conn.execute(query("find_by_part"), parameters)]


def find_any(conn: Connection, record_max: int) -> list[Hit]:
    """Any active records."""
    return [Hit._make(row) for row in conn.execute(query("find_any"), {"record_max": record_max})]


def walk_by_terms(conn: Connection, wanted: str | None, after: str, limit: int) -> list[str]:
    """The next enterprise IDs in order that have a record satisfying a tsquery."""
    parameters = {"query": wanted, "after": after, "limit": limit}
    return [row[0] for row in conn.execute(query("walk_by_terms"), parameters)]


def identities_in_domains(
    conn: Connection, enterprise_ids: Iterable[str], owners: Sequence[str], wanted: str
) -> set[str]:
    """Those of these identities that have an identifier in a domain."""
    parameters = {"enterprise_ids": list(enterprise_ids), "owners": list(owners), "query": wanted}
    return {row[0] for row in conn.execute(query("identities_in_domains"), parameters)}


def redirected(conn: Connection, enterprise_ids: Iterable[str]) -> dict[str, str | None]:
    """Enterprise ID → where it leads; None for one that leads nowhere else."""
    rows = conn.execute(query("subsumed_into"), {"enterprise_ids": list(enterprise_ids)})
    return {row[0]: row[1] for row in rows}


class TermlessRow(NamedTuple):
    record_id: int
    source: str
    local_id: str
    content: dict[str, Any]
    original: dict[str, Any] | None


def records_without_terms(conn: Connection, limit: int) -> list[TermlessRow]:
    """The next records without search terms, held until the transaction ends."""
    return [TermlessRow._make(row) for row in conn.execute(query("records_without_terms"), {"limit": limit})]


def put_terms(conn: Connection, record_ids: Sequence[int], terms: Sequence[str]) -> None:
    """Write the search terms of records."""
    conn.execute(query("put_terms"), {"record_ids": number_array(record_ids), "terms": list(terms)})
