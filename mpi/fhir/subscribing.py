"""Subscriptions (IHE PMIR, ITI-94): who is told of changes by rest-hook, and how that goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from mpi.errors import InvalidEnterpriseId
from mpi.fhir.asked_parameters import read_search
from mpi.fhir.bundles import found_entry, http_date, instant, searchset
from mpi.fhir.exchange import Answer, Asked, reference_id, resource_of
from mpi.fhir.outcome import Resource, refused
from mpi.index import Subscription, Wanted
from mpi.patient import RecordView

HEADERS_MAX: Final = 20
URL_LENGTH_MAX: Final = 1_000
PAYLOADS: Final = ("application/fhir+json", "application/json")
#: Headers that are ours to send.
_OURS: Final = frozenset({"host", "content-length", "content-type", "connection", "transfer-encoding"})


def create(asked: Asked) -> Answer:
    """``POST /Subscription``: 201, and told of everything from here on."""
    resource = resource_of(asked, "Subscription")
    _refuse_incomplete(resource)
    made = asked.index.notifying.subscribe(
        wanted_of(asked, resource),
        channel_of(resource),
        actor=asked.actor,
        reason=_text(resource, "reason"),
        ends_at=_end(resource),
        is_off=resource.get("status") == "off",
    )
    return _written(asked, made, 201)


def read(asked: Asked) -> Answer:
    """``GET /Subscription/{id}``."""
    found = asked.index.notifying.subscription(_id(asked), actor=asked.actor)
    return Answer(resource=subscription_resource(found), headers=_headers(found))


def search(asked: Asked) -> Answer:
    """``GET /Subscription``: the client's own."""
    found = asked.index.notifying.subscriptions(actor=asked.actor)
    wanted = [value for name, value in asked.query if name == "status"]
    entries = [
        found_entry(asked.base, subscription_resource(one))
        for one in found
        if not wanted or one.status in wanted
    ]
    links = {"self": f"{asked.base}/Subscription"}
    return Answer(resource=searchset(entries, total=len(entries), links=links))


def put(asked: Asked) -> Answer:
    """``PUT /Subscription/{id}``: change it, switch it off, or (``requested``) on again."""
    resource = resource_of(asked, "Subscription")
    if resource.get("id", asked.path["id"]) != asked.path["id"]:
        raise refused(400, "invalid", "Subscription.id is another than in the URL", expression="id")
    _refuse_incomplete(resource)
    changed = asked.index.notifying.change(
        _id(asked),
        wanted_of(asked, resource),
        channel_of(resource),
        actor=asked.actor,
        reason=_text(resource, "reason"),
        ends_at=_end(resource),
        is_off=resource.get("status") == "off",
    )
    return _written(asked, changed, 200)


def delete(asked: Asked) -> Answer:
    """``DELETE /Subscription/{id}``."""
    asked.index.notifying.unsubscribe(_id(asked), actor=asked.actor)
    return Answer(status=204)


def wanted_of(asked: Asked, resource: Resource) -> Wanted:
    """Whose changes: ``Patient``, optionally with one of _id, identifier, organization. Raises Refused."""
    text = _text(resource, "criteria")
    kind, _, query = text.strip().partition("?")
    if kind.strip("/") != "Patient":
        raise refused(422, "not-supported", "only Patient can be subscribed to", expression="criteria")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs:
        return Wanted(text=text)
    [(name, value), *more] = pairs
    if more:
        raise refused(422, "not-supported", "one search parameter at most", expression="criteria")
    match name:
        case "_id":
            return Wanted(text=text, resource_id=_known_id(asked, value))
        case "organization":
            return Wanted(text=text, organization=value if "/" in value else f"Organization/{value}")
        case "identifier":
            return _of_identifier(asked, text, value)
        case _:
            told = "only _id, identifier and organization can be subscribed to"
            raise refused(422, "not-supported", told, expression="criteria")


def _of_identifier(asked: Asked, text: str, value: str) -> Wanted:
    [criterion] = read_search([("identifier", value)], strict=True).criteria
    if len(criterion.tokens) != 1 or not criterion.tokens[0].system:
        told = "identifier must be system|value, or system|"
        raise refused(422, "invalid", told, expression="criteria")
    [(system, wanted)] = criterion.tokens
    domain = asked.index.registry.domains().taken(system or "")
    if domain is None:
        raise refused(422, "code-invalid", "this identifier domain is not known", expression="criteria")
    return Wanted(text=text, domain=domain.name, value=wanted)


def _known_id(asked: Asked, value: str) -> str:
    """The logical id as it is displayed. Raises Refused 422 for one that cannot be."""
    bare = reference_id(value, "Patient", asked.base) or value.strip()
    try:
        view = asked.index.registry.patient(bare, actor=asked.actor)
    except InvalidEnterpriseId as error:
        raise refused(422, "not-found", str(error), expression="criteria") from None
    return view.resource_id if isinstance(view, RecordView) else view.requested_id


def channel_of(resource: Resource) -> dict[str, Any]:
    """Where and how: rest-hook with an endpoint, a JSON payload or none, headers. Raises Refused 422."""
    channel = resource.get("channel")
    if not isinstance(channel, dict) or channel.get("type") != "rest-hook":
        told = "only the channel type rest-hook is served; GET /api/v1/events is the feed to be pulled"
        raise refused(422, "not-supported", told, expression="channel.type")
    endpoint, payload = channel.get("endpoint"), channel.get("payload")
    if not isinstance(endpoint, str) or not _is_url(endpoint):
        told = "must be an absolute http or https URL without a user name"
        raise refused(422, "invalid", told, expression="channel.endpoint")
    if payload is not None and str(payload).partition(";")[0] not in PAYLOADS:
        told = "must be application/fhir+json, or absent"
        raise refused(422, "not-supported", told, expression="channel.payload")
    headers = channel.get("header", [])
    if not isinstance(headers, list) or len(headers) > HEADERS_MAX or not all(map(_is_header, headers)):
        told = f"must be a list of at most {HEADERS_MAX} `Name: value`, none of them ours to send"
        raise refused(422, "invalid", told, expression="channel.header")
    kept = {"type": "rest-hook", "endpoint": endpoint, "payload": payload, "header": headers}
    return {name: value for name, value in kept.items() if value}


def subscription_resource(found: Subscription) -> Resource:
    """The Subscription; how many notices nobody took is told in an extension-free way: its error."""
    resource: Resource = {
        "resourceType": "Subscription",
        "id": str(found.subscription_id),
        "meta": {"versionId": str(found.version), "lastUpdated": instant(found.changed_at)},
        "status": found.status,
        "reason": found.reason,
        "criteria": found.wanted.text,
        "channel": dict(found.channel),
    }
    if found.ends_at is not None:
        resource["end"] = instant(found.ends_at)
    if error := _error(found):
        resource["error"] = error
    return resource


def _error(found: Subscription) -> str:
    told = [found.error] if found.error else []
    if found.dead_count:
        told.append(f"{found.dead_count} notices were not taken: PUT status requested tries them again")
    return "; ".join(told)


def _written(asked: Asked, found: Subscription, status: int) -> Answer:
    location = f"{asked.base}/Subscription/{found.subscription_id}/_history/{found.version}"
    headers = {**_headers(found), "Location": location}
    resource = None if asked.returning == "minimal" else subscription_resource(found)
    return Answer(status=status, resource=resource, headers=headers)


def _headers(found: Subscription) -> dict[str, str]:
    return {"ETag": f'W/"{found.version}"', "Last-Modified": http_date(found.changed_at)}


def _refuse_incomplete(resource: Resource) -> None:
    for element in ("criteria", "channel"):
        if element not in resource:
            raise refused(422, "required", f"{element} is missing", expression=element)
    if resource.get("status") not in ("requested", "off", "active", "error"):
        told = "status must be requested, or off"
        raise refused(422, "code-invalid" if "status" in resource else "required", told, expression="status")


def _text(resource: Resource, element: str) -> str:
    value = resource.get(element, "")
    if not isinstance(value, str):
        raise refused(422, "structure", f"{element} must be text", expression=element)
    return value or ("no reason given" if element == "reason" else "")


def _end(resource: Resource) -> datetime | None:
    if resource.get("end") is None:
        return None
    try:
        end = datetime.fromisoformat(str(resource["end"]))
    except ValueError:
        raise refused(422, "invalid", "end must be an instant", expression="end") from None
    return end if end.tzinfo else end.replace(tzinfo=UTC)


def _id(asked: Asked) -> int:
    text = asked.path["id"]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise refused(404, "not-found", "there is no such subscription")
    return int(text)


def _is_url(text: str) -> bool:
    if len(text) > URL_LENGTH_MAX or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _is_header(text: object) -> bool:
    if (
        not isinstance(text, str)
        or len(text) > URL_LENGTH_MAX
        or not text.isascii()
        or not text.isprintable()
    ):
        return False
    name, colon, _ = text.partition(":")
    token = name.strip().replace("-", "").replace("_", "")
    return bool(colon) and token.isalnum() and name.strip().lower() not in _OURS
