"""The identity feed (IHE ITI-104): records registered, updated, merged and taken out by their identifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mpi.errors import NotFound
from mpi.fhir.asked_parameters import read_search
from mpi.fhir.exchange import Answer, Asked, reference_id, resource_of
from mpi.fhir.outcome import Issue, Resource, information, issues_of_notes, outcome, refused
from mpi.fhir.reading import version_headers, written
from mpi.fhir.sending import as_sent, domain_of, identifier_of, identifiers_of, refuse_foreign, sender
from mpi.index import Registered
from mpi.patient import Domain, Domains, IdentityView, RecordView

REASON_REMOVED = "removed by its source (FHIR)"
REASON_REPLACED = "replaced by its source (FHIR link replaced-by)"

_VERSION = re.compile(r'(?:W/)?"(\d{1,9})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``identifier=system|value`` of a conditional interaction, and the source whose records it means."""

    domain: Domain
    value: str
    source: str | None


def create(asked: Asked) -> Answer:
    """``POST /Patient``; with ``If-None-Exist`` or a query (as fhirpy sends it) only where there is none."""
    resource = resource_of(asked, "Patient")
    pairs = tuple(parse_qsl(asked.headers.get("if-none-exist", "").lstrip("?"))) or asked.query
    condition = _condition(asked, pairs, is_required=False)
    if condition is not None and (found := _only(_holders(asked, condition))) is not None:
        return _answered(asked, found, 200)
    return _received(asked, resource)


def put(asked: Asked) -> Answer:
    """``PUT /Patient?identifier=system|value``: register, update, or merge (``replaced-by``)."""
    resource = resource_of(asked, "Patient")
    condition = _condition(asked, asked.query)
    assert condition is not None
    _refuse_without_identifier(asked, resource, condition)
    held = _only(_holders(asked, condition, with_inactive=True))
    return feed(asked, resource, held, condition)


def put_by_id(asked: Asked) -> Answer:
    """``PUT /Patient/{id}``: update a source record; identities follow their records."""
    resource = resource_of(asked, "Patient")
    if resource.get("id", asked.path["id"]) != asked.path["id"]:
        raise refused(400, "invalid", "Patient.id is another than in the URL", expression="Patient.id")
    return feed(asked, resource, _record_of_path(asked))


def delete(asked: Asked) -> Answer:
    """``DELETE /Patient?identifier=system|value``: take the record out; its history is kept."""
    condition = _condition(asked, asked.query)
    assert condition is not None
    held = _only(_holders(asked, condition))
    return take_out(asked, held)


def delete_by_id(asked: Asked) -> Answer:
    """``DELETE /Patient/{id}`` of a source record."""
    held = _record_of_path(asked)
    return take_out(asked, held if held.active else None)


def feed(
    asked: Asked, resource: Resource, held: RecordView | None, condition: Condition | None = None
) -> Answer:
    """Register, update or merge: ``held`` is the record that the Patient is about, as it is stored."""
    survivor = replaced_by(resource)
    if held is not None:
        _refuse_foreign_record(asked, held)
    if held is not None and held.replaced_by is not None and survivor is None:
        told = "this Patient was replaced by another: that is not undone by an update"
        raise refused(405, "not-supported", told, expression="Patient.link")
    if survivor is not None:
        return _replaced(asked, resource, held, survivor)
    received = _received(asked, resource, held, condition)
    if resource.get("active") is False:
        return _set_aside(asked, received)
    return received


def _received(
    asked: Asked, resource: Resource, held: RecordView | None = None, condition: Condition | None = None
) -> Answer:
    """Register or update, and answer as the client prefers."""
    registry = asked.index.registry
    domains = registry.domains()
    sent, version = as_sent(resource, domains), _expected_version(asked)
    if held is not None and version in (None, held.version) and _is_no_news(asked, sent, held, domains):
        return _answered(asked, held, 200)
    registered = registry.receive(
        sent,
        actor=asked.actor,
        source=held.record.source if held else condition.source if condition else sender(asked),
        local_id=held.record.local_id if held else None,
        strict=asked.is_strict,
        version=version,
    )
    status = 201 if registered.receipt.created else 200
    if registered.receipt.decision == "quarantined":
        status = 202
    return _answered(asked, registered.view, status, _issues(registered))


def _is_no_news(asked: Asked, sent: Resource, held: RecordView, domains: Domains) -> bool:
    """Whether it is what we said ourselves, which need not be the words in which it was sent."""
    return held.active and sent == as_sent(written(held, domains, asked.base), domains)


def _set_aside(asked: Asked, received: Answer) -> Answer:
    """A Patient that is no longer in use leaves the candidates; sent as active it returns."""
    resource_id = received.headers["Location"].removeprefix(f"{asked.base}/Patient/").partition("/")[0]
    view = asked.index.registry.patient(resource_id, actor=asked.actor)
    assert isinstance(view, RecordView)
    asked.index.retire(
        view.record.source, view.record.local_id, actor=asked.actor, reason="not active (FHIR)"
    )
    again = asked.index.registry.patient(resource_id, actor=asked.actor)
    assert isinstance(again, RecordView)
    return _answered(asked, again, received.status)


def _replaced(asked: Asked, resource: Resource, held: RecordView | None, survivor: Any) -> Answer:
    """``replaced-by``: the record gives way to another of its source, and their identities merge."""
    if resource.get("active") is not False:
        told = "a Patient with a link replaced-by must say active=false"
        raise refused(422, "business-rule", told, expression="Patient.active")
    if held is None:
        raise refused(422, "not-found", "the Patient to be replaced is not known", expression="Patient")
    surviving_id = _local_id_of(asked, survivor, held)
    try:
        replacement = asked.index.registry.replace(
            held.record.source,
            surviving_id,
            held.record.local_id,
            REASON_REPLACED,
            actor=asked.actor,
            create_survivor=False,
        )
    except NotFound:
        told = "the Patient that replaces it is not known: send it first"
        raise refused(422, "not-found", told, expression="Patient.link.other") from None
    return _answered(asked, replacement.subsumed, 200)


def _local_id_of(asked: Asked, survivor: Mapping[str, Any], held: RecordView) -> str:
    """The local ID of a link's other Patient, by identifier or by reference; of the same source."""
    registry = asked.index.registry
    if (pair := identifier_of(survivor)) is not None:
        domain = domain_of(pair[0], registry.domains(), "Patient.link.other.identifier.system")
        refuse_foreign(domain, held.record.source, "Patient.link.other.identifier.system")
        found = registry.holders(domain.name, pair[1], actor=asked.actor, source=held.record.source)
        return found[0].record.local_id if len(found) == 1 else pair[1]
    other_id = reference_id(survivor, "Patient", asked.base)
    if other_id is None:
        told = "link.other needs an identifier or a reference to a Patient here"
        raise refused(422, "required", told, expression="Patient.link.other")
    view = registry.patient(other_id, actor=asked.actor)
    if isinstance(view, IdentityView):
        own = [one for one in view.records if one.record.source == held.record.source and one.active]
        if len(own) != 1:
            told = "name the surviving source record: the identity has none or several of this source"
            raise refused(422, "multiple-matches", told, expression="Patient.link.other")
        view = own[0]
    if view.record.source != held.record.source:
        told = "a record gives way to another of its own source only: use $merge for identities"
        raise refused(422, "business-rule", told, expression="Patient.link.other")
    return view.record.local_id


def take_out(asked: Asked, held: RecordView | None) -> Answer:
    """Take a record out of the candidates and of all answers; without one there is nothing to do."""
    if held is not None:
        _refuse_foreign_record(asked, held)
        source, local_id = held.record.source, held.record.local_id
        asked.index.retire(source, local_id, actor=asked.actor, reason=REASON_REMOVED)
    return Answer(status=204)


def _condition(
    asked: Asked, pairs: tuple[tuple[str, str], ...], *, is_required: bool = True
) -> Condition | None:
    """The condition of a conditional interaction. Raises Refused 400, 403, 422."""
    criteria = read_search(pairs, strict=True).criteria
    if not criteria and not is_required:
        return None
    tokens = criteria[0].tokens if len(criteria) == 1 and criteria[0].name == "identifier" else ()
    if len(tokens) != 1:
        told = "the condition must be one identifier=system|value"
        raise refused(400, "required" if not criteria else "not-supported", told, expression="identifier")
    [(system, value)] = tokens
    if not system or not value:
        told = "the condition must name system and value: identifier=system|value"
        raise refused(400, "invalid", told, expression="identifier")
    domain = domain_of(system, asked.index.registry.domains(), "identifier")
    source = sender(asked)
    refuse_foreign(domain, source, "identifier")
    return Condition(domain=domain, value=value, source=source or domain.owner)


def _holders(asked: Asked, condition: Condition, *, with_inactive: bool = False) -> list[RecordView]:
    found = asked.index.registry.holders(
        condition.domain.name, condition.value, actor=asked.actor, source=condition.source
    )
    active = [view for view in found if view.active]
    return active or (list(found) if with_inactive else [])


def _only(found: list[RecordView]) -> RecordView | None:
    """The one record that a condition means. Raises Refused 412 when there are several."""
    if len(found) > 1:
        raise refused(412, "multiple-matches", f"{len(found)} Patients have this identifier")
    return found[0] if found else None


def _record_of_path(asked: Asked) -> RecordView:
    """The source record of the URL. Raises Refused 405 for an identity and for an id that never was."""
    resource_id = asked.path["id"]
    try:
        view = asked.index.registry.patient(resource_id, actor=asked.actor)
    except NotFound:
        if asked.method == "DELETE":
            raise
        told = "ids are given by this server: create with POST, or PUT Patient?identifier=system|value"
        raise refused(405, "not-supported", told, expression="Patient.id") from None
    if isinstance(view, IdentityView):
        told = "an identity follows its source records: change those, or use $merge"
        raise refused(405, "not-supported", told)
    return view


def _refuse_foreign_record(asked: Asked, held: RecordView) -> None:
    source = sender(asked)
    if source is not None and held.record.source != source:
        raise refused(403, "forbidden", "this record belongs to another source system")


def _refuse_without_identifier(asked: Asked, resource: Resource, condition: Condition) -> None:
    """The Patient must carry the identifier that the URL names."""
    domains = asked.index.registry.domains()
    for system, value in identifiers_of(resource):
        domain = domains.taken(system)
        if domain is not None and domain.name == condition.domain.name and value == condition.value:
            return
    told = "the Patient does not carry the identifier that the URL names"
    raise refused(400, "invariant", told, expression="Patient.identifier")


def replaced_by(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """``other`` of a link ``replaced-by``; None without one. Raises Refused 422 for several."""
    listed = resource.get("link")
    links = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    others = [one.get("other") for one in links if one.get("type") == "replaced-by"]
    if not others:
        return None
    if len(others) > 1 or not isinstance(others[0], dict):
        told = "there must be exactly one link replaced-by, with its other"
        raise refused(422, "business-rule", told, expression="Patient.link")
    return others[0]


def _expected_version(asked: Asked) -> int | None:
    """The version of ``If-Match``; 0 for ``If-None-Match: *``. Raises Refused 400."""
    if asked.headers.get("if-none-match", "").strip() == "*":
        return 0
    sent = asked.headers.get("if-match", "").strip()
    if not sent or sent == "*":
        return None
    found = _VERSION.fullmatch(sent)
    if found is None:
        raise refused(400, "invalid", 'If-Match must be a version: W/"3"', expression="If-Match")
    return int(found[1])


def _issues(registered: Registered) -> tuple[Issue, ...]:
    issues = list(issues_of_notes(registered.notes, severity="warning"))
    if registered.receipt.decision == "quarantined":
        told = "the update looks like another person: it is held until somebody decides"
        issues.insert(0, information("suppressed", told))
    return tuple(issues)


def _answered(asked: Asked, view: RecordView, status: int, issues: tuple[Issue, ...] = ()) -> Answer:
    """What a write is answered with: nothing, the Patient as it is stored, or what was noted."""
    location = f"{asked.base}/Patient/{view.resource_id}/_history/{view.version}"
    headers = {**version_headers(view), "Location": location}
    match asked.returning:
        case "minimal":
            return Answer(status=status, headers=headers)
        case "OperationOutcome":
            noted = issues or (information("informational", "stored"),)
            return Answer(status=status, headers=headers, resource=outcome(noted))
        case "representation":
            domains = asked.index.registry.domains()
            resource = written(view, domains, asked.base)
            return Answer(status=status, headers=headers, resource=resource)
