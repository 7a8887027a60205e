"""Patient read, vread and history: identities by enterprise ID, source records by ``r`` and a number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from mpi.fhir.bundles import full_url, http_date, instant
from mpi.fhir.exchange import Answer, Asked
from mpi.fhir.outcome import Resource, refused
from mpi.patient import Domains, IdentityView, RecordView, write_identity, write_record

View = RecordView | IdentityView


def read(asked: Asked) -> Answer:
    """``GET /Patient/{id}``: 200, also for one that was merged away; 410 for one that was taken out."""
    registry = asked.index.registry
    view = registry.patient(asked.path["id"], actor=asked.actor)
    if is_removed(view):
        raise refused(410, "deleted", "this Patient was taken out; its history is kept")
    headers = version_headers(view)
    if asked.headers.get("if-none-match") == headers["ETag"]:
        return Answer(status=304, headers=headers)
    return Answer(resource=written(view, registry.domains(), asked.base), headers=headers)


def read_version(asked: Asked) -> Answer:
    """``GET /Patient/{id}/_history/{version}``."""
    versions = _versions(asked)
    view = next((view for view in versions if str(view.version) == asked.path["version"]), None)
    if view is None:
        raise refused(404, "not-found", "this Patient has no such version")
    resource = written(view, asked.index.registry.domains(), asked.base)
    return Answer(resource=resource, headers=version_headers(view))


def history(asked: Asked) -> Answer:
    """``GET /Patient/{id}/_history``, newest first."""
    domains = asked.index.registry.domains()
    entries = [_history_entry(asked, view, domains) for view in _versions(asked)]
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "type": "history",
        "total": len(entries),
        "link": [{"relation": "self", "url": f"{asked.base}/Patient/{asked.path['id']}/_history"}],
        "entry": entries,
    }
    return Answer(resource=bundle)


def _versions(asked: Asked) -> tuple[View, ...]:
    """Every version of a record; of an identity the one that is."""
    registry, resource_id = asked.index.registry, asked.path["id"]
    view = registry.patient(resource_id, actor=asked.actor)
    if isinstance(view, IdentityView):
        return (view,)
    return registry.versions(resource_id, actor=asked.actor)


def _history_entry(asked: Asked, view: View, domains: Domains) -> dict[str, Any]:
    resource = written(view, domains, asked.base)
    first = view.version == 1
    url = full_url(asked.base, resource)
    return {
        "fullUrl": url,
        "resource": resource,
        "request": {
            "method": "POST" if first else "PUT",
            "url": "Patient" if first else f"Patient/{resource['id']}",
        },
        "response": {
            "status": "201" if first else "200",
            "etag": etag(view),
            "lastModified": instant(changed_at(view)),
        },
    }


def written(view: View, domains: Domains, base: str, targets: tuple[str, ...] = ()) -> Resource:
    """The Patient of a record or of an identity; a record's ends its identifiers with its enterprise ID."""
    if isinstance(view, IdentityView):
        return write_identity(view, domains, base_url=base, targets=targets)
    resource = write_record(view, domains, base_url=base, targets=targets)
    if view.active and (not targets or domains.enterprise.name in targets):
        own = {"use": "secondary", "system": domains.enterprise.system, "value": view.enterprise_id}
        resource["identifier"] = [*resource["identifier"], own]
    return resource


def is_removed(view: View) -> bool:
    """Whether it was taken out, and did not give way to another record."""
    return isinstance(view, RecordView) and not view.active and view.replaced_by is None


def changed_at(view: View) -> datetime:
    """The ``lastUpdated``."""
    return view.changed_at if isinstance(view, IdentityView) else view.received_at


def etag(view: View) -> str:
    """The weak ETag of a version."""
    return f'W/"{view.version}"'


def version_headers(view: View) -> dict[str, str]:
    """ETag and Last-Modified."""
    return {"ETag": etag(view), "Last-Modified": http_date(changed_at(view))}
