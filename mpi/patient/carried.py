"""Which identifiers a record has, across the ways a source may have told them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mpi.matching.record import Identifier, SourceRecord
from mpi.patient.domains import SSN, Domain, Domains
from mpi.patient.terms import mrn_authority

#: A local ID that we made, for a Patient without a usable identifier.
MINTED_PREFIX = "minted:"


def identifiers_of(record: SourceRecord, domains: Domains) -> tuple[Identifier, ...]:
    """Every identifier of a record, canonical and distinct, those of its source's own domain first.

    A flat ``mrn`` is in the source's own domain of medical record numbers. The local ID is an identifier of
    the source's own domain where the record says no other one, unless it is only a key (see ``local_key``).
    """
    listed = [_stripped(domains.canonical(identifier)) for identifier in record.identifiers]
    if record.mrn:
        own = next((d for d in domains.owned_by(record.source) if d.type in (None, "MR")), None)
        authority = own.name if own else mrn_authority(record.source)
        listed.insert(0, Identifier(authority, "MR", record.mrn.strip()))
    if record.ssn:
        listed.append(Identifier(SSN.name, SSN.type, record.ssn.strip()))
    primary = domains.primary(record.source)
    if primary is not None and is_identifier(record.local_id):
        told = {(i.authority, i.value) for i in listed}
        if primary.implied or not any(authority == primary.name for authority, _ in told):
            listed.insert(0, Identifier(primary.name, primary.type, record.local_id))
    own_names = {domain.name for domain in domains.owned_by(record.source)}
    listed.sort(key=lambda identifier: identifier.authority not in own_names)
    return tuple(dict.fromkeys(listed))


def local_key(domain: Domain, value: str, source: str, domains: Domains) -> str:
    """The local ID of a record that has this identifier: the value in the source's first domain, else
    both.
    """
    primary = domains.primary(source)
    if primary is not None and domain.name == primary.name and is_identifier(value):
        return value
    return f"{domain.name}|{value}"


def is_identifier(local_id: str) -> bool:
    """Whether a local ID is an identifier, not just a key that we made up."""
    return "|" not in local_id and not local_id.startswith(MINTED_PREFIX)


def keys_of(domain: Domain, value: str, domains: Domains) -> tuple[tuple[str, str], ...]:
    """The record keys (source, local ID) under which an identifier of this domain may stand."""
    if domain.owner is None:
        return ()
    return ((domain.owner, local_key(domain, value, domain.owner, domains)),)


def comparable(record: SourceRecord, domains: Domains) -> SourceRecord:
    """The record with its identifiers called alike, whatever door they came through.

    Nothing but what is compared: a medical record number of the flat form is in its source's own domain.
    """
    if not record.identifiers and not record.mrn:
        return record
    identifiers = tuple(map(domains.canonical, record.identifiers))
    own = next((d for d in domains.owned_by(record.source) if d.type in (None, "MR")), None)
    if own is None or not record.mrn:
        return record if identifiers == record.identifiers else replace(record, identifiers=identifiers)
    number = Identifier(own.name, own.type or "MR", record.mrn)
    return replace(record, mrn=None, identifiers=(number, *identifiers))


def _stripped(identifier: Identifier) -> Identifier:
    return identifier._replace(value=identifier.value.strip())


def renamed(record: SourceRecord, new_local_id: str, domains: Domains) -> SourceRecord:
    """The record under another local ID, its identifiers of the own domain saying so, as sent and
    compared.
    """
    old, primary = record.local_id, domains.primary(record.source)
    if primary is None or not is_identifier(old):
        return replace(record, local_id=new_local_id)

    def told(identifier: Identifier) -> Identifier:
        domain = domains.named(identifier.authority)
        own = domain is not None and domain.name == primary.name and identifier.value == old
        return identifier._replace(value=new_local_id) if own else identifier

    original = dict(record.original) if record.original is not None else None
    if original is not None and isinstance(original.get("identifier"), list):
        original["identifier"] = [
            _told(entry, primary.name, old, new_local_id, domains) for entry in original["identifier"]
        ]
    return replace(
        record,
        local_id=new_local_id,
        identifiers=tuple(map(told, record.identifiers)),
        mrn=new_local_id if record.mrn == old else record.mrn,
        original=original,
    )


def _told(entry: Any, own: str, old: str, new: str, domains: Domains) -> Any:
    if not isinstance(entry, Mapping) or entry.get("value") != old:
        return entry
    domain = domains.named(str(entry.get("system", "")))
    return {**entry, "value": new} if domain is not None and domain.name == own else entry
