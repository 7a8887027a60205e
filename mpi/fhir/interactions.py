"""Every FHIR interaction that is served: one table, which the API turns into routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from mpi.fhir import capability, reading
from mpi.fhir.exchange import Interaction

#: What a request's body is read as.
Body = Literal["none", "json", "form", "ndjson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One row: ``name`` is its row in the table of roles; ``path`` is below ``/fhir``."""

    name: str
    method: str
    path: str
    answer: Interaction
    body: Body = "none"
    #: It may take longer than a request usually has.
    long: bool = False


INTERACTIONS: Final[tuple[Served, ...]] = (
    Served(name="fhir_metadata", method="GET", path="/metadata", answer=capability.metadata),
    Served(
        name="fhir_smart_configuration",
        method="GET",
        path="/.well-known/smart-configuration",
        answer=capability.smart_configuration,
    ),
    Served(name="fhir_read", method="GET", path="/Patient/{id}", answer=reading.read),
    Served(name="fhir_history", method="GET", path="/Patient/{id}/_history", answer=reading.history),
    Served(
        name="fhir_vread",
        method="GET",
        path="/Patient/{id}/_history/{version}",
        answer=reading.read_version,
    ),
)
