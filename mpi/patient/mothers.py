"""What a Patient says of the patient's mother: her identifiers (PID-21), her name, her maiden name (PID-6).

None of it is evidence of who the patient is: mother and child never match on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mpi.matching.record import Identifier, PersonName
from mpi.patient.domains import Domains
from mpi.patient.identifiers import read_identifier
from mpi.patient.names import read_name
from mpi.patient.notes import Notes
from mpi.patient.vocabulary import MOTHER_IDENTIFIER_URL, MOTHERS_MAIDEN_NAME_URL

#: v3-RoleCode, v2-0063 and the words for it.
_MOTHER_CODES = frozenset(("MTH", "NMTH", "GESTM", "MOTHER", "72705000"))


class Mother(NamedTuple):
    identifiers: tuple[Identifier, ...] = ()
    #: Of the contact who is the mother.
    names: tuple[PersonName, ...] = ()


def read_mother(resource: Mapping[str, Any], domains: Domains) -> Mother:
    """The mother as far as a Patient names her; nothing is noted."""
    notes, names = Notes(), []
    found: dict[Identifier, None] = {}
    for path, entry in _identifier_entries(resource, notes):
        if (identifier := read_identifier(entry, path, domains, notes)) is not None:
            found[identifier] = None
    for path, contact in notes.objects(resource, "contact", "Patient"):
        name = notes.object(contact, "name", path) if is_mother(contact) else None
        if name and (read := read_name(name, f"{path}.name", notes)):
            names.append(read)
    return Mother(tuple(found), tuple(names))


def maiden_name(resource: Mapping[str, Any], notes: Notes) -> str | None:
    """The text of the mother's maiden name, from the extension that R4 has for it."""
    for path, extension in notes.objects(resource, "extension", "Patient"):
        if extension.get("url") == MOTHERS_MAIDEN_NAME_URL:
            return notes.text(extension, "valueString", path)
    return None


def is_mother(contact: Mapping[str, Any]) -> bool:
    """Whether a Patient.contact is the mother."""
    relationships = contact.get("relationship")
    for concept in relationships if isinstance(relationships, list) else [relationships]:
        if not isinstance(concept, Mapping):
            continue
        codings = concept.get("coding")
        words = (
            [c.get("code") for c in codings if isinstance(c, Mapping)] if isinstance(codings, list) else []
        )
        if any(
            isinstance(w, str) and w.strip().upper() in _MOTHER_CODES for w in (*words, concept.get("text"))
        ):
            return True
    return False


def _identifier_entries(resource: Mapping[str, Any], notes: Notes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """From our extension, on the Patient or on the contact, and from a link to the mother as a
    RelatedPerson.
    """
    holders = [("Patient", resource)]
    holders += [(p, c) for p, c in notes.objects(resource, "contact", "Patient") if is_mother(c)]
    for where, holder in holders:
        for path, extension in notes.objects(holder, "extension", where):
            value = extension.get("valueIdentifier")
            if extension.get("url") == MOTHER_IDENTIFIER_URL and isinstance(value, Mapping):
                yield f"{path}.valueIdentifier", value
    for path, link in notes.objects(resource, "link", "Patient"):
        other = link.get("other")
        if link.get("type") != "seealso" or not isinstance(other, Mapping):
            continue
        if other.get("type") == "RelatedPerson" and isinstance(other.get("identifier"), Mapping):
            yield f"{path}.other.identifier", other["identifier"]
