"""Patient.identifier to Identifier: the system's domain, the type of HL7 table 0203, the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mpi.matching.record import Identifier
from mpi.patient.domains import SSN, Domains
from mpi.patient.notes import Notes
from mpi.patient.vocabulary import IDENTIFIER_TYPE_URL

#: What the first FHIR drafts and HL7 v2.x call the coding system of table 0203.
_TYPE_SYSTEMS = frozenset(
    (IDENTIFIER_TYPE_URL, "http://hl7.org/fhir/v2/0203", "urn:oid:2.16.840.1.113883.18.108", "HL70203", "")
)
_TYPE_LENGTH_MAX = 20


class ReadIdentifiers(NamedTuple):
    """The SSN has a place of its own; ``identifiers`` are the others."""

    ssn: str | None
    identifiers: tuple[Identifier, ...]


def read_identifiers(resource: Mapping[str, Any], domains: Domains, notes: Notes) -> ReadIdentifiers:
    """The identifiers whose domain is known; the others, and what is no identifier, are noted."""
    ssn: str | None = None
    found: dict[Identifier, None] = {}
    for path, entry in notes.objects(resource, "identifier", "Patient"):
        identifier = read_identifier(entry, path, domains, notes)
        if identifier is None:
            continue
        if ssn is None and identifier.authority == SSN.name:
            ssn = identifier.value
        else:
            found[identifier] = None
    return ReadIdentifiers(ssn, tuple(found))


def read_identifier(entry: Mapping[str, Any], path: str, domains: Domains, notes: Notes) -> Identifier | None:
    """One Identifier, canonical; None, with a note, where it cannot be compared."""
    value, system = notes.text(entry, "value", path), notes.text(entry, "system", path)
    kind = type_code(entry)
    if value is None:
        if "value" not in entry:
            notes.add("warning", "required", f"{path}.value", "is missing")
        return None
    if system is None:
        if kind in ("SS", "SSN"):
            return Identifier(SSN.name, "SS", value.strip())
        notes.add("warning", "required", f"{path}.system", "is missing: whose identifier it is is not known")
        return None
    domain = domains.taken(system)
    if domain is None:
        notes.add("warning", "code-invalid", f"{path}.system", "names a domain that is not declared")
        return None
    if domains.is_enterprise(domain):
        notes.add("information", "informational", path, "an enterprise ID is ours to give: not compared")
        return None
    return Identifier(domain.name, domain.type_of(kind), value.strip())


def type_code(entry: Mapping[str, Any]) -> str | None:
    """The code of HL7 table 0203 that an Identifier's type has, None where it has none."""
    kind = entry.get("type")
    codings = kind.get("coding") if isinstance(kind, Mapping) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, Mapping) and isinstance(coding.get("code"), str):
            code: str = coding["code"].strip()
            if (coding.get("system") or "") in _TYPE_SYSTEMS and 0 < len(code) <= _TYPE_LENGTH_MAX:
                return code
    return None


def sent_identifiers(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """System and value of each identifier that has both, in the order sent, whatever its domain."""
    entries = resource.get("identifier")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            system, value = entry.get("system"), entry.get("value")
            if isinstance(system, str) and isinstance(value, str) and system.strip() and value.strip():
                yield system.strip(), value.strip()
