"""Writes FHIR R4 Patients: of a stored record as its source sent it, and of an identity as PDQm returns it.

PDQm ITI-78, "Returned Patient": at least one identifier with system and value, no modifier extension, every
name with a part, ``active`` wherever there is a ``link``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from mpi.matching.record import Identifier, SourceRecord
from mpi.patient.contacts import read_addresses, read_telecom
from mpi.patient.domains import Domains
from mpi.patient.elements import filled_in, flat_elements, identifier_element, single_elements
from mpi.patient.names import read_name
from mpi.patient.notes import Notes
from mpi.patient.views import IdentityView, RecordView
from mpi.patient.vocabulary import URI_SYSTEM

#: Elements that an identity takes from the first of its records that has them.
_TAKEN = ("photo", "contact", "communication", "maritalStatus", "generalPractitioner", "managingOrganization")
#: What a client may not be made to understand.
_NOT_RETURNED = ("modifierExtension", "implicitRules", "_implicitRules", "contained")
_REPEATED_MAX = 50
#: An entry without one of these says nothing.
_SAYING = {
    "name": frozenset(("family", "given", "text", "_family", "_given", "extension")),
    "telecom": frozenset(("value", "_value", "extension")),
    "address": frozenset(("line", "city", "state", "postalCode", "country", "text", "extension")),
}


def write_record(
    view: RecordView, domains: Domains, *, base_url: str = "", targets: Collection[str] = ()
) -> dict[str, Any]:
    """The Patient of a stored record: as it was sent where it came as one, else made from the flat fields.

    Identifiers have system, value, type and assigner filled in. ``targets``: names of domains; identifiers of
    others are left out. ``base_url`` (``https://host/fhir``) makes the identifier of a Patient without any.
    """
    patient = _sent(view.record)
    links = [link for link in _entries(patient, "link") if link.get("type") in ("refer", "seealso")]
    sent = [filled_in(entry, domains) for entry in _entries(patient, "identifier")]
    active = view.active and patient.get("active") is not False
    if view.replaced_by:
        links.append(_link(view.replaced_by[0], "replaced-by"))
    links += [_link(resource_id, "replaces") for resource_id in view.replaces]
    if view.mother_enterprise_id:
        links.append(_link(view.mother_enterprise_id, "seealso"))
    return _finished(
        patient,
        resource_id=view.resource_id,
        meta=_meta(patient.get("meta"), view.version, view.received_at),
        identifiers=_wanted(_completed(sent, view.identifiers, domains), targets, domains),
        active=active,
        links=links,
        base_url=base_url,
        filtered=bool(targets),
    )


def write_identity(
    view: IdentityView, domains: Domains, *, base_url: str = "", targets: Collection[str] = ()
) -> dict[str, Any]:
    """The Patient of an identity: best record, all identifiers (the enterprise ID first), links and meta.

    A subsumed ID (``requested_id`` differs) is answered with an inactive Patient that links to its survivor.
    """
    own = Identifier(domains.enterprise.name, domains.enterprise.type, view.requested_id)
    meta = _meta(None, view.version, view.changed_at)
    if view.requested_id != view.enterprise_id:
        identifiers = [identifier_element(own, domains) | {"use": "old"}]
        patient: dict[str, Any] = {}
        links = [_link(view.enterprise_id, "replaced-by")]
    else:
        patient = _gathered(view)
        written = [identifier_element(own, domains)]
        identifiers = [*written, *(identifier_element(i, domains) for i in view.identifiers)]
        identifiers = _wanted(identifiers, targets, domains)
        links = [_link(subsumed, "replaces") for subsumed in view.replaces]
        links += [_link(successor, "refer") for successor in view.successors]
        mothers = (record.mother_enterprise_id for record in view.records if record.active)
        links += [_link(mother, "seealso") for mother in dict.fromkeys(mothers) if mother]
    return _finished(
        patient,
        resource_id=view.requested_id,
        meta=meta,
        identifiers=identifiers,
        active=view.status == "active" and view.requested_id == view.enterprise_id,
        links=links,
        base_url=base_url,
        filtered=bool(targets),
    )


def _finished(
    patient: Mapping[str, Any],
    *,
    resource_id: str,
    meta: dict[str, Any],
    identifiers: list[dict[str, Any]],
    active: bool,
    links: list[dict[str, Any]],
    base_url: str,
    filtered: bool,
) -> dict[str, Any]:
    """The elements in their usual order, and what the profile asks for."""
    if not identifiers:
        identifiers = [{"system": URI_SYSTEM, "value": f"{base_url}/Patient/{resource_id}".lstrip("/")}]
    left_out = {"resourceType", "id", "meta", "identifier", "active", "link", *_NOT_RETURNED}
    if filtered:
        # A narrative may name what is filtered out.
        left_out.add("text")
    finished: dict[str, Any] = {"resourceType": "Patient", "id": resource_id, "meta": meta}
    finished |= {"identifier": identifiers, "active": active}
    finished |= {key: value for key, value in patient.items() if key not in left_out}
    return finished | ({"link": links} if links else {})


def _sent(record: SourceRecord) -> dict[str, Any]:
    """A record's Patient as sent, or one made of its flat fields."""
    return dict(record.original) if record.original is not None else flat_elements(record)


def _completed(
    sent: list[dict[str, Any]], known: Iterable[Identifier], domains: Domains
) -> list[dict[str, Any]]:
    """Identifiers as sent, and those the record has without having sent them as such."""
    here = {(_domain_name(entry, domains), str(entry.get("value", "")).strip()) for entry in sent}
    missing = [i for i in known if (i.authority, i.value) not in here]
    return [*sent, *(identifier_element(identifier, domains) for identifier in missing)]


def _wanted(
    identifiers: list[dict[str, Any]], targets: Collection[str], domains: Domains
) -> list[dict[str, Any]]:
    if not targets:
        return identifiers
    names = {domain.name for target in targets if (domain := domains.named(target)) is not None}
    return [entry for entry in identifiers if _domain_name(entry, domains) in names]


def _domain_name(entry: Mapping[str, Any], domains: Domains) -> str | None:
    system = entry.get("system")
    domain = domains.taken(system) if isinstance(system, str) else None
    return None if domain is None else domain.name


def _gathered(view: IdentityView) -> dict[str, Any]:
    """What the records of an identity say together: the best record's values first, then all the others."""
    best = flat_elements(view.best)
    members = [_sent(record.record) for record in view.records if record.active] or [best]
    gathered: dict[str, Any] = {}
    if extensions := _extensions([*members, best]):
        gathered["extension"] = extensions
    for element in ("name", "telecom", "address"):
        if entries := _best_first(element, best, members):
            gathered[element] = entries
    gathered |= single_elements(view.best)
    for element in _TAKEN:
        value = next((member[element] for member in members if member.get(element)), None)
        if value is not None:
            gathered[element] = value
    return gathered


def _extensions(members: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each URL the extensions of the first member that has it."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for member in members:
        of_member: dict[str, list[Mapping[str, Any]]] = {}
        for extension in _entries(member, "extension"):
            of_member.setdefault(str(extension.get("url")), []).append(extension)
        found = of_member | found
    return [extension for extensions in found.values() for extension in extensions]


def _best_first(
    element: str, best: Mapping[str, Any], members: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every distinct entry, the one that reads like the best record's first; as sent, with period and use."""
    chosen = _entries(best, element)[:1]
    every = (entry for member in members for entry in _entries(member, element))
    sent = (entry for entry in every if _SAYING[element] & entry.keys())
    entries = {orjson.dumps(entry, option=orjson.OPT_SORT_KEYS): entry for entry in sent}
    if len(entries) == 1:
        return list(entries.values())
    like = [entry for entry in entries.values() if chosen and _reads_like(element, entry, chosen[0])]
    first = {orjson.dumps(entry, option=orjson.OPT_SORT_KEYS): entry for entry in (like or chosen)[:1]}
    return list((first | entries).values())[:_REPEATED_MAX]


def _reads_like(element: str, entry: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    return _reading(element, entry) == _reading(element, chosen)


def _reading(element: str, entry: Mapping[str, Any]) -> object:
    """What an entry says, without its use and period."""
    if element == "name":
        name = read_name(entry, "", Notes())
        return name and name._replace(use=None, prefix=None)
    if element == "address":
        return [address[:4] for address in read_addresses({element: [entry]}, Notes())]
    return read_telecom({element: [entry]}, Notes())


def _meta(sent: object, version: int, changed_at: datetime) -> dict[str, Any]:
    kept = (
        {key: sent[key] for key in ("profile", "security", "tag") if key in sent}
        if isinstance(sent, dict)
        else {}
    )
    return {"versionId": str(version), "lastUpdated": changed_at.isoformat(timespec="milliseconds"), **kept}


def _link(resource_id: str, kind: str) -> dict[str, Any]:
    return {"other": {"reference": f"Patient/{resource_id}"}, "type": kind}


def _entries(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = holder.get(key)
    return [dict(entry) for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
