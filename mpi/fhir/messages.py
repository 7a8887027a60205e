"""``$process-message`` (IHE PMIR, ITI-93): a feed of Patients as one message, taken in entry by entry.

Entries are taken in in order; at the first that cannot be, the message ends with ``fatal-error`` and says
which it was. What came before it is kept: sending the message again is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import uuid4

from mpi.errors import MpiError, NotFound, Unavailable
from mpi.fhir import feeding
from mpi.fhir.bundles import instant
from mpi.fhir.exchange import Answer, Asked, resource_of
from mpi.fhir.notices import FEED_EVENT
from mpi.fhir.outcome import Issue, Refused, Resource, issue_of_error, outcome, refused
from mpi.fhir.sending import sender
from mpi.patient import MOTHER_IDENTIFIER_URL, RecordView
from mpi.patient.mothers import is_mother

RESPONSE_EVENT: Final = "urn:ihe:iti:pmir:2019:patient-feed-response"
ENTRIES_MAX: Final = 100


def take_message(asked: Asked) -> Answer:
    """``POST /$process-message``."""
    header, entries = read_message(resource_of(asked, "Bundle"))
    mothers = _mothers(entries)
    for number, entry in enumerate(entries):
        try:
            _take(asked, entry, mothers)
        except Unavailable:
            raise
        except (Refused, MpiError) as error:
            return Answer(resource=_response(asked, header, _issues(error, number)))
    return Answer(resource=_response(asked, header, ()))


def read_message(bundle: Resource) -> tuple[Resource, list[dict[str, Any]]]:
    """The header, and the entries of the history bundle. Raises Refused 400 for another kind of bundle."""
    resources = [one.get("resource") for one in _objects(bundle.get("entry"))]
    header = resources[0] if resources else None
    if bundle.get("type") != "message" or not _is_of(header, "MessageHeader"):
        raise refused(400, "structure", "send a Bundle of type message that begins with a MessageHeader")
    assert isinstance(header, dict)
    if header.get("eventUri") != FEED_EVENT:
        told = f"only {FEED_EVENT} is served"
        raise refused(400, "not-supported", told, expression="MessageHeader.eventUri")
    history = next((one for one in resources[1:] if _is_of(one, "Bundle")), None)
    if not isinstance(history, dict) or history.get("type") != "history":
        raise refused(400, "structure", "the second entry must be a Bundle of type history")
    told_entries = history.get("entry", [])
    if not isinstance(told_entries, list) or len(told_entries) > ENTRIES_MAX:
        raise refused(400, "too-costly", f"the history must be a list of at most {ENTRIES_MAX} entries")
    return header, [one for one in told_entries if isinstance(one, dict)]


def _take(asked: Asked, entry: Mapping[str, Any], mothers: Mapping[str, list[Any]]) -> None:
    """Register, update, merge or take out one Patient; who is related to it is told beside it."""
    request = entry.get("request")
    method = request.get("method") if isinstance(request, dict) else None
    resource = entry.get("resource")
    if method == "DELETE":
        _delete(asked, request.get("url") if isinstance(request, dict) else None, resource)
    elif _is_of(resource, "Patient") and method in ("POST", "PUT"):
        assert isinstance(resource, dict)
        patient = _with_mother(resource, entry, mothers)
        feeding.feed(asked, patient, _held(asked, patient))
    elif not _is_of(resource, "RelatedPerson"):
        told = "an entry needs a Patient or a RelatedPerson, and a method: POST, PUT or DELETE"
        raise refused(422, "not-supported", told)


def _held(asked: Asked, patient: Resource) -> RecordView | None:
    """The stored record that a Patient is about."""
    registry = asked.index.registry
    key = registry.record_key(patient, source=sender(asked))
    try:
        return None if key.minted else registry.record(key.source, key.local_id, actor=asked.actor)
    except NotFound:
        return None


def _delete(asked: Asked, url: object, resource: object) -> None:
    path, _, query = str(url or "").partition("?")
    if query:
        feeding.delete(replace(asked, method="DELETE", query=tuple(parse_qsl(query))))
        return
    if isinstance(resource, dict) and _is_of(resource, "Patient"):
        held = _held(asked, resource)
        feeding.take_out(asked, held if held is not None and held.active else None)
        return
    kind, _, resource_id = path.strip("/").rpartition("/")
    if kind.rpartition("/")[2] != "Patient" or not resource_id:
        raise refused(422, "required", "DELETE needs Patient/id, or Patient?identifier=system|value")
    feeding.delete_by_id(replace(asked, method="DELETE", path={"id": resource_id}))


def _mothers(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """By reference, of the child and of the RelatedPerson alike: the identifiers of the mother."""
    found: dict[str, list[Any]] = {}
    for entry in entries:
        related = entry.get("resource")
        if not isinstance(related, dict) or not _is_of(related, "RelatedPerson"):
            continue
        if related.get("relationship") and not is_mother(related):
            continue
        identifiers = _objects(related.get("identifier"))
        child = related.get("patient")
        names = [entry.get("fullUrl"), f"RelatedPerson/{related.get('id')}"]
        names.append(child.get("reference") if isinstance(child, dict) else None)
        for name in names:
            if isinstance(name, str):
                found.setdefault(name, []).extend(identifiers)
    return found


def _with_mother(patient: Resource, entry: Mapping[str, Any], mothers: Mapping[str, list[Any]]) -> Resource:
    """The Patient with its mother's identifiers, as our own extension holds them."""
    links = _objects(patient.get("link"))
    others = [one["other"] for one in links if isinstance(one.get("other"), dict)]
    names = [entry.get("fullUrl"), f"Patient/{patient.get('id')}", *(o.get("reference") for o in others)]
    identifiers = [one for name in names if isinstance(name, str) for one in mothers.get(name, ())]
    distinct = [one for number, one in enumerate(identifiers) if one not in identifiers[:number]]
    if not distinct:
        return patient
    told = [{"url": MOTHER_IDENTIFIER_URL, "valueIdentifier": one} for one in distinct]
    kept = [one for one in links if not _points_inside(one.get("other"))]
    without = {name: value for name, value in patient.items() if name != "link"}
    return {
        **without,
        **({"link": kept} if kept else {}),
        "extension": [*_objects(patient.get("extension")), *told],
    }


def _issues(error: Exception, number: int) -> tuple[Issue, ...]:
    found = error.issues if isinstance(error, Refused) else ()
    if isinstance(error, MpiError):
        found = (issue_of_error(error),)
    place = f"Bundle.entry[1].resource.entry[{number}]"
    return tuple(replace(issue, diagnostics=f"at {place}") for issue in found)


def _response(asked: Asked, header: Resource, issues: tuple[Issue, ...]) -> Resource:
    """The message that answers one: ok, or fatal-error with what was wrong."""
    outcome_url = f"urn:uuid:{uuid4()}"
    response: dict[str, Any] = {
        "identifier": str(header.get("id") or uuid4()),
        "code": "fatal-error" if issues else "ok",
    }
    entries: list[dict[str, Any]] = []
    if issues:
        response["details"] = {"reference": outcome_url}
        entries.append({"fullUrl": outcome_url, "resource": outcome(issues)})
    source = header.get("source")
    endpoint = source.get("endpoint") if isinstance(source, dict) else None
    answer: Resource = {
        "resourceType": "MessageHeader",
        "eventUri": RESPONSE_EVENT,
        "source": {"endpoint": asked.base},
        "response": response,
    }
    if isinstance(endpoint, str) and endpoint:
        answer["destination"] = [{"endpoint": endpoint}]
    return {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": instant(datetime.now(UTC)),
        "entry": [{"fullUrl": f"urn:uuid:{uuid4()}", "resource": answer}, *entries],
    }


def _points_inside(other: object) -> bool:
    """Whether a link's other is an entry of the message, which nobody can follow later."""
    return isinstance(other, dict) and str(other.get("reference", "")).startswith("urn:")


def _objects(listed: object) -> list[dict[str, Any]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _is_of(resource: object, kind: str) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == kind
