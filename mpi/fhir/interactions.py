"""Every FHIR interaction that is served: one table, which the API turns into routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from mpi.fhir import (
    bulk,
    capability,
    cross_referencing,
    feeding,
    idi_matching,
    matching,
    merging,
    messages,
    reading,
    searching,
    subscribing,
)
from mpi.fhir.exchange import Interaction

#: What a request's body is read as.
Body = Literal["none", "json", "form", "ndjson"]


@dataclass(frozen=True, slots=True)
class Served:
    """One row: ``name`` is its row in the table of roles; ``path`` is below ``/fhir``."""

    name: str
    method: str
    path: str
    answer: Interaction
    body: Body = "none"
    #: It may take longer than a request usually has.
    long: bool = False


_PATIENT: Final = "/Patient/{id}"
_SUBSCRIPTION: Final = "/Subscription/{id}"

#: The first row that fits is the one: operations stand before ids.
INTERACTIONS: Final[tuple[Served, ...]] = (
    Served("fhir_metadata", "GET", "/metadata", capability.metadata),
    Served(
        "fhir_smart_configuration",
        "GET",
        "/.well-known/smart-configuration",
        capability.smart_configuration,
    ),
    Served("fhir_match", "POST", "/Patient/$match", matching.match, "json"),
    Served("fhir_idi_match", "POST", "/Patient/$idi-match", idi_matching.match, "json"),
    Served("fhir_organization", "GET", "/Organization/{id}", idi_matching.read_organization),
    Served("fhir_cross_reference", "GET", "/Patient/$ihe-pix", cross_referencing.cross_reference),
    Served("fhir_cross_reference", "POST", "/Patient/$ihe-pix", cross_referencing.cross_reference, "json"),
    Served("fhir_merge", "POST", "/Patient/$merge", merging.merge, "json"),
    Served("fhir_take_message", "POST", "/$process-message", messages.take_message, "json"),
    Served("fhir_import", "POST", "/$import", bulk.begin_import, "ndjson", long=True),
    Served("fhir_import_status", "GET", "/$import-status/{id}", bulk.import_status),
    Served("fhir_import_status", "GET", "/$import-errors/{id}", bulk.import_errors, long=True),
    Served("fhir_import", "DELETE", "/$import-status/{id}", bulk.cancel_import),
    Served("fhir_export", "GET", "/$export", bulk.begin_export),
    Served("fhir_export", "GET", "/Patient/$export", bulk.begin_export),
    Served("fhir_export", "GET", "/$export-status/{at}", bulk.export_status, long=True),
    Served("fhir_export", "GET", "/$export-part/{part}", bulk.export_part, long=True),
    Served("fhir_search", "GET", "/Patient", searching.search),
    Served("fhir_search", "POST", "/Patient/_search", searching.search, "form"),
    Served("fhir_create", "POST", "/Patient", feeding.create, "json"),
    Served("fhir_put", "PUT", "/Patient", feeding.put, "json"),
    Served("fhir_delete", "DELETE", "/Patient", feeding.delete),
    Served("fhir_read", "GET", _PATIENT, reading.read),
    Served("fhir_put", "PUT", _PATIENT, feeding.put_by_id, "json"),
    Served("fhir_delete", "DELETE", _PATIENT, feeding.delete_by_id),
    Served("fhir_history", "GET", f"{_PATIENT}/_history", reading.history),
    Served("fhir_vread", "GET", f"{_PATIENT}/_history/{{version}}", reading.read_version),
    Served("fhir_search_subscriptions", "GET", "/Subscription", subscribing.search),
    Served("fhir_subscribe", "POST", "/Subscription", subscribing.create, "json"),
    Served("fhir_read_subscription", "GET", _SUBSCRIPTION, subscribing.read),
    Served("fhir_subscribe", "PUT", _SUBSCRIPTION, subscribing.put, "json"),
    Served("fhir_subscribe", "DELETE", _SUBSCRIPTION, subscribing.delete),
)
