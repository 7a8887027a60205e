"""``$idi-match`` (HL7 Interoperable Digital Identity and Patient Matching): ``$match`` under stricter rules.

The answer names who gives it: the Bundle has an identifier with its assigner, and an Organization.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from mpi.fhir.bundles import Entry, searchset
from mpi.fhir.exchange import Answer, Asked
from mpi.fhir.idi import Version, claimed_levels, input_weight
from mpi.fhir.matching import MatchAsked, chosen, match_entry, read_match, resemblances
from mpi.fhir.outcome import Issue, Resource, information, refused, warning
from mpi.fhir.parameters import parameters

ORGANIZATION_ID: Final = "mpi"
NPI_SYSTEM: Final = "http://hl7.org/fhir/sid/us-npi"
US_CORE_ORGANIZATION: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"


def match(asked: Asked) -> Answer:
    """``POST /Patient/$idi-match``."""
    order = read_match(asked)
    setting = asked.index.registry.setting()
    weighed = _weighed(asked, order, setting)
    domains = asked.index.registry.domains()
    found, noted = resemblances(asked, order, domains)
    kept, more = chosen(found.people, order)
    entries = [match_entry(asked, one, domains) for one in kept]
    organization = organization_resource(asked, setting)
    bundle = searchset(
        [*entries, _organization_entry(asked, organization)],
        total=len(entries),
        links={"self": f"{asked.base}/Patient/$idi-match"},
        issues=(*order.issues, *weighed, *noted, *more),
    )
    bundle["identifier"] = {
        "system": "urn:ietf:rfc:3986",
        "value": f"urn:uuid:{uuid4()}",
        "assigner": {"reference": f"Organization/{ORGANIZATION_ID}", "display": organization["name"]},
    }
    if setting.get("idi_output") == "parameters":
        return Answer(resource=parameters({"name": "IDIMatchBundle", "resource": bundle}))
    return Answer(resource=bundle)


def read_organization(asked: Asked) -> Answer:
    """``GET /Organization/mpi``: who answers."""
    if asked.path["id"] != ORGANIZATION_ID:
        raise refused(404, "not-found", "there is no such Organization")
    return Answer(resource=organization_resource(asked, asked.index.registry.setting()))


def _weighed(asked: Asked, order: MatchAsked, setting: Mapping[str, Any]) -> list[Issue]:
    """What the input weighs, and whether it is what it claims to be. Raises Refused 422."""
    version: Version = "stu1" if setting.get("idi_weights") == "stu1" else "stu2"
    weighed = input_weight(order.patient, version)
    if not weighed.base:
        told = "needs an identifier, a telecom, a birth date, an address with line and city, or a full name"
        raise refused(422, "business-rule", told, expression="Patient")
    issues = [information("informational", f"input weight {weighed.weight} ({version})")]
    for level in claimed_levels(order.patient):
        if weighed.reaches(level):
            continue
        profile = f"IDI-Patient-{level}" if level else "IDI-Patient"
        told = f"does not reach {profile}: its input weight is {weighed.weight} ({version})"
        if asked.is_strict:
            raise refused(422, "business-rule", told, expression="Patient.meta.profile")
        issues.append(warning("business-rule", told, "Patient.meta.profile"))
    return issues


def organization_resource(asked: Asked, setting: Mapping[str, Any]) -> Resource:
    """Whoever runs this index, as ``[index] organization`` says."""
    declared: Mapping[str, str] = setting.get("organization") or {}
    authority: Mapping[str, str] = setting.get("authority") or {}
    telecom = [
        {"system": kind, "value": declared[kind]} for kind in ("phone", "email", "url") if declared.get(kind)
    ]
    resource: Resource = {
        "resourceType": "Organization",
        "id": ORGANIZATION_ID,
        "meta": {"profile": [US_CORE_ORGANIZATION]},
        "active": True,
        "name": declared.get("name") or authority.get("name") or "Master patient index",
        "telecom": telecom or [{"system": "url", "value": asked.base}],
    }
    if npi := declared.get("npi"):
        resource["identifier"] = [{"system": NPI_SYSTEM, "value": npi}]
    return resource


def _organization_entry(asked: Asked, organization: Resource) -> Entry:
    return {
        "fullUrl": f"{asked.base}/Organization/{ORGANIZATION_ID}",
        "resource": organization,
        "search": {"mode": "include"},
    }
