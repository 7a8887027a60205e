"""Writes FHIR R4 Patients: of a stored record as its source sent it, and of an identity as PDQm returns
it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mpi.patient.domains import Domains
from mpi.patient.views import IdentityView, RecordView


def write_record(
    view: RecordView, domains: Domains, *, base_url: str = "", targets: Collection[str] = ()
) -> dict[str, Any]:
    """The Patient of a stored record: as it was sent where it came as one, else made from the flat fields.

    Identifiers have system, value, type and assigner filled in. ``targets``: names of domains; identifiers of
    others are left out. ``base_url`` (``https://host/fhir``) makes the identifier of a Patient without any.
    """
    raise NotImplementedError


def write_identity(
    view: IdentityView, domains: Domains, *, base_url: str = "", targets: Collection[str] = ()
) -> dict[str, Any]:
    """The Patient of an identity: best record, all identifiers (the enterprise ID first), links and meta.

    A subsumed ID (``requested_id`` differs) is answered with an inactive Patient that links to its survivor.
    """
    raise NotImplementedError
