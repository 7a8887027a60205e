"""What a subscriber is sent: the PMIR message (ITI-93) about the Patients that an event touched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from mpi.errors import Erased, NotFound
from mpi.fhir.bundles import full_url, instant
from mpi.fhir.outcome import Resource
from mpi.fhir.reading import View, changed_at, written
from mpi.index import Actor, Index, SubscriberNotice

FEED_EVENT: Final = "urn:ihe:iti:pmir:2019:patient-feed"
#: Whose reads the audit names when subscribers are told.
TELLER: Final = "notifier"


def notice_headers(notice: SubscriberNotice) -> dict[str, str]:
    """The subscriber's own headers, and ours, by which it can tell duplicates."""
    own = (one.partition(":") for one in notice.channel.get("header", ()))
    headers = {name.strip(): value.strip() for name, _, value in own}
    if notice.channel.get("payload"):
        headers["Content-Type"] = "application/fhir+json; charset=utf-8"
    return headers | {
        "User-Agent": "mpi",
        "X-Mpi-Subscription": str(notice.subscription_id),
        "X-Mpi-Event": str(notice.seq),
    }


def notice_body(index: Index, notice: SubscriberNotice, base: str) -> bytes:
    """The message as JSON; nothing where the subscriber wants a bare call."""
    if not notice.channel.get("payload"):
        return b""
    actor = Actor(name=f"{TELLER}:{notice.subscription_id}", role="none")
    views = [view for one in resource_ids(notice) if (view := _view(index, one, actor)) is not None]
    domains = index.registry.domains()
    entries = [_entry(view, written(view, domains, base), base) for view in views]
    return orjson.dumps(message(entries, notice.channel["endpoint"], base, notice.seq))


def resource_ids(notice: SubscriberNotice) -> Iterable[str]:
    """The Patients that an event touched: the record first, then its identities."""
    record = [f"r{notice.record_id}"] if notice.record_id is not None else []
    return [*record, *dict.fromkeys(notice.enterprise_ids)]


def message(entries: list[dict[str, Any]], endpoint: str, base: str, seq: int) -> Resource:
    """The message bundle: a header, and a history bundle with one entry per Patient."""
    history: Resource = {"resourceType": "Bundle", "type": "history"}
    if entries:
        history["entry"] = entries
    header_url, history_url = f"urn:uuid:{uuid4()}", f"urn:uuid:{uuid4()}"
    return {
        "resourceType": "Bundle",
        "identifier": {"system": f"{base}/events", "value": str(seq)},
        "type": "message",
        "timestamp": instant(datetime.now(UTC)),
        "entry": [
            {
                "fullUrl": header_url,
                "resource": {
                    "resourceType": "MessageHeader",
                    "eventUri": FEED_EVENT,
                    "destination": [{"endpoint": endpoint}],
                    "source": {"endpoint": base},
                    "focus": [{"reference": history_url}],
                },
            },
            {"fullUrl": history_url, "resource": history},
        ],
    }


def _entry(view: View, resource: Resource, base: str) -> dict[str, Any]:
    created = view.version == 1
    return {
        "fullUrl": full_url(base, resource),
        "resource": resource,
        "request": {
            "method": "POST" if created else "PUT",
            "url": "Patient" if created else f"Patient/{resource['id']}",
        },
        "response": {"status": "201" if created else "200", "lastModified": instant(changed_at(view))},
    }


def _view(index: Index, resource_id: str, actor: Actor) -> View | None:
    try:
        return index.registry.patient(resource_id, actor=actor)
    except (NotFound, Erased):
        return None
