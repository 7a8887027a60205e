"""What this server can do, as FHIR and SMART clients ask it: only what is really served."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from mpi.fhir.asked_parameters import KINDS, Kind
from mpi.fhir.exchange import Answer, Asked
from mpi.fhir.outcome import Resource

#: The day on which what is declared here last changed.
DATE: Final = "2026-11-22"

_BASE: Final = "http://hl7.org/fhir"
#: What of IHE and HL7 is implemented.
INSTANTIATES: Final = (
    "https://profiles.ihe.net/ITI/PDQm/CapabilityStatement/IHE.PDQm.Supplier",
    "https://profiles.ihe.net/ITI/PIXm/CapabilityStatement/IHE.PIXm.Manager",
)
PATIENT_OPERATIONS: Final = {
    "match": f"{_BASE}/OperationDefinition/Patient-match",
    "idi-match": "http://hl7.org/fhir/us/identity-matching/OperationDefinition/patient-match",
    "ihe-pix": "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix",
    "merge": f"{_BASE}/OperationDefinition/Patient-merge",
}
SYSTEM_OPERATIONS: Final = {
    "export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
    "process-message": f"{_BASE}/OperationDefinition/MessageHeader-process-message",
}
PATIENT_INTERACTIONS: Final = (
    "read",
    "vread",
    "history-instance",
    "search-type",
    "create",
    "update",
    "delete",
)
SUBSCRIPTION_INTERACTIONS: Final = ("read", "search-type", "create", "update", "delete")

_SEARCH_TYPES: Final[dict[Kind, str]] = {"identifier": "token"}
_MAIDEN_NAME: Final = "https://profiles.ihe.net/ITI/PDQm/SearchParameter/IHE.PDQm.mothersMaidenName"


def metadata(asked: Asked) -> Answer:
    """``GET /metadata``: the CapabilityStatement of this installation."""
    return Answer(resource=capability_statement(asked.base))


def smart_configuration(asked: Asked) -> Answer:
    """``GET /.well-known/smart-configuration``: no tokens are issued, so no endpoint is named."""
    return Answer(
        resource={"issuer": asked.base, "grant_types_supported": [], "capabilities": []},
        headers={"Content-Type": "application/json"},
    )


def capability_statement(base: str) -> Resource:
    """The statement of the server at ``base``."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "mpi",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "instantiates": list(INSTANTIATES),
        "software": {"name": "mpi", "version": version("mpi")},
        "implementation": {"description": "Master patient index", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [_rest()],
    }


def _rest() -> dict[str, Any]:
    rest: dict[str, Any] = {
        "mode": "server",
        "documentation": "A Patient is an identity (its enterprise ID) or a source record (r and a number).",
        "security": {
            "cors": False,
            "description": "An API key as bearer token: Authorization: Bearer mpi_…",
        },
        "resource": [_patient(), _subscription()],
        "operation": _operations(SYSTEM_OPERATIONS),
    }
    return rest


def _patient() -> dict[str, Any]:
    return {
        "type": "Patient",
        "profile": f"{_BASE}/StructureDefinition/Patient",
        "interaction": [{"code": code} for code in PATIENT_INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": True,
        "conditionalRead": "not-supported",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchInclude": ["Patient:link"],
        "searchParam": [_search_parameter(name, kind) for name, kind in KINDS.items()],
        "operation": _operations(PATIENT_OPERATIONS),
    }


def _subscription() -> dict[str, Any]:
    return {
        "type": "Subscription",
        "interaction": [{"code": code} for code in SUBSCRIPTION_INTERACTIONS],
        "versioning": "versioned",
        "conditionalCreate": False,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchParam": [{"name": "status", "type": "token"}],
    }


def _search_parameter(name: str, kind: Kind) -> dict[str, str]:
    written = {"name": name, "type": _SEARCH_TYPES.get(kind, kind)}
    if name == "mothersMaidenName":
        written["definition"] = _MAIDEN_NAME
    return written


def _operations(served: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "definition": definition} for name, definition in served.items()]
