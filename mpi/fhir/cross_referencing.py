"""``$ihe-pix`` (IHE PIXm, ITI-83): what a patient of one domain is called in others."""

from __future__ import annotations

from typing import Any

from mpi.fhir.exchange import Answer, Asked, resource_of
from mpi.fhir.outcome import Refused, refused
from mpi.fhir.parameters import Parameters, parameters
from mpi.index import CrossReference
from mpi.patient import Domains, IdentityView, RecordView


def cross_reference(asked: Asked) -> Answer:
    """``GET`` or ``POST /Patient/$ihe-pix``."""
    given = _given(asked)
    domains = asked.index.registry.domains()
    source_domain, value = _source(asked, given, domains)
    targets = [_target(part) for part in given.all("targetSystem")]
    found = asked.index.registry.cross_reference(source_domain, value, targets, actor=asked.actor)
    _refuse(found)
    own = domains.named(source_domain)
    identifiers = [
        {"name": "targetIdentifier", "valueIdentifier": _identifier(domains, one)}
        for one in found.identifiers
        if not (own is not None and one.authority == own.name and one.value == value)
    ]
    references = [
        {"name": "targetId", "valueReference": {"reference": f"Patient/{resource_id}"}}
        for resource_id in found.resource_ids
    ]
    return Answer(resource=parameters(*identifiers, *(references if identifiers else ())))


def _given(asked: Asked) -> Parameters:
    if asked.method == "POST" and asked.body is not None:
        return Parameters.read(resource_of(asked, "Parameters"))
    return Parameters.of_query(asked.query)


def _source(asked: Asked, given: Parameters, domains: Domains) -> tuple[str, str]:
    """Domain and value of ``sourceIdentifier``. Raises Refused 400."""
    sent = given.one("sourceIdentifier")
    if sent is None:
        raise refused(400, "required", "sourceIdentifier is missing", expression="sourceIdentifier")
    if isinstance(sent, dict):
        system, value = sent.get("system"), sent.get("value")
    else:
        system, bar, value = str(sent).partition("|")
        value = value if bar else None
    if not isinstance(system, str) or not isinstance(value, str) or not system.strip() or not value.strip():
        told = "sourceIdentifier must be system|value"
        raise refused(400, "invalid", told, expression="sourceIdentifier")
    if system.rstrip("/") == asked.base and value.startswith("Patient/"):
        return _by_logical_id(asked, value.removeprefix("Patient/"), domains)
    return system.strip(), value.strip()


def _by_logical_id(asked: Asked, resource_id: str, domains: Domains) -> tuple[str, str]:
    """Domain and value of a Patient of ours. Raises NotFound, and Refused 404 where it was replaced."""
    view: RecordView | IdentityView = asked.index.registry.patient(resource_id, actor=asked.actor)
    if isinstance(view, RecordView) and view.replaced_by:
        raise _replaced()
    return domains.enterprise.name, view.enterprise_id


def _target(part: Any) -> str:
    if not isinstance(part, str) or not part.strip():
        raise refused(400, "invalid", "targetSystem must be a URI", expression="targetSystem")
    return part.strip().removesuffix("|")


def _refuse(found: CrossReference) -> None:
    """The errors of ITI-83, in its words."""
    match found.outcome:
        case "unknown-target":
            raise refused(403, "code-invalid", "targetSystem not found", expression="targetSystem")
        case "unknown-domain":
            told = "sourceIdentifier Assigning Authority not found"
            raise refused(400, "code-invalid", told, expression="sourceIdentifier")
        case "unknown-id":
            told = "sourceIdentifier Patient Identifier not found"
            raise refused(404, "not-found", told, expression="sourceIdentifier")
        case "replaced":
            raise _replaced()
        case _:
            return


def _replaced() -> Refused:
    """ITI-83 leaves a deprecated patient to us: it is not known, as in PIX over HL7 v2 (ITI-9)."""
    told = "sourceIdentifier Patient Identifier not found: another one replaced it"
    return refused(404, "not-found", told, expression="sourceIdentifier")


def _identifier(domains: Domains, one: Any) -> dict[str, Any]:
    domain = domains.taken(one.authority)
    system = domain.system if domain else one.authority
    return {"system": system, "value": one.value}
