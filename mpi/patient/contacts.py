"""Addresses, telephone numbers and e-mail addresses of a Patient, the current ones first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mpi.matching.record import Address
from mpi.patient.names import has_ended
from mpi.patient.notes import Notes

_ADDRESS_USES = ("home", "work", "temp", "old", "billing")
_SYSTEMS = ("phone", "fax", "email", "pager", "url", "sms", "other")


def read_addresses(resource: Mapping[str, Any], notes: Notes) -> tuple[Address, ...]:
    """Every address; of one that has only a text, the text stands as the street."""
    found: list[tuple[bool, Address]] = []
    for path, entry in notes.objects(resource, "address", "Patient"):
        use = notes.text(entry, "use", path)
        if use is not None and use not in _ADDRESS_USES:
            notes.add("error", "code-invalid", f"{path}.use", "is no address use of FHIR")
            use = None
        address = Address(
            street=" ".join(notes.texts(entry, "line", path)) or None,
            city=notes.text(entry, "city", path),
            state=notes.text(entry, "state", path),
            zip=notes.text(entry, "postalCode", path),
            country=notes.text(entry, "country", path),
        )
        if not any(address[:4]) and (text := notes.text(entry, "text", path)):
            address = address._replace(street=text)
        if any(address):
            found.append((use == "old" or has_ended(entry), address._replace(use=use)))
        elif "extension" not in entry:
            notes.add("warning", "required", path, "says no place")
    found.sort(key=lambda ranked: ranked[0])
    return tuple(dict.fromkeys(address for _, address in found))


class Telecom(NamedTuple):
    """Phone numbers and e-mail addresses as sent, without ``tel:`` and ``mailto:``."""

    phones: tuple[str, ...]
    emails: tuple[str, ...]


def read_telecom(resource: Mapping[str, Any], notes: Notes) -> Telecom:
    """The numbers and addresses somebody can be reached under; fax, pager and url are not compared."""
    found: dict[str, list[tuple[float, str]]] = {"phone": [], "email": []}
    for path, entry in notes.objects(resource, "telecom", "Patient"):
        value = notes.text(entry, "value", path)
        if value is None:
            if "extension" not in entry and "value" not in entry:
                notes.add("warning", "required", f"{path}.value", "is missing")
            continue
        system = _system(entry, value, path, notes)
        if system in found:
            place = found[system]
            place.append((_rank(entry), _bare(value)))
    for entries in found.values():
        entries.sort(key=lambda ranked: ranked[0])
    phones, emails = (tuple(dict.fromkeys(text for _, text in entries)) for entries in found.values())
    return Telecom(phones, emails)


def _system(entry: Mapping[str, Any], value: str, path: str, notes: Notes) -> str:
    system = notes.text(entry, "system", path)
    if system in _SYSTEMS:
        return "phone" if system == "sms" else system
    text = "is missing" if system is None else "is no contact system of FHIR"
    notes.add("warning", "required" if system is None else "code-invalid", f"{path}.system", text)
    if "@" in value:
        return "email"
    return "phone" if sum(map(str.isdigit, value)) >= 5 else "other"


def _rank(entry: Mapping[str, Any]) -> float:
    """Preferred ones first, then as sent, what is no longer used last."""
    if entry.get("use") == "old" or has_ended(entry):
        return 1_000_000
    rank = entry.get("rank")
    return rank if isinstance(rank, int) and not isinstance(rank, bool) and rank > 0 else 1_000


def _bare(value: str) -> str:
    scheme, colon, rest = value.partition(":")
    return rest.strip() if colon and scheme.strip().lower() in ("tel", "mailto", "sms") else value
