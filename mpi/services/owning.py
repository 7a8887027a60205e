"""Whose record a Patient is, and under which local ID: nobody assigns identifiers in another's domain."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mpi.errors import ForeignIdentifier, InvalidRecord
from mpi.matching.flat import LOCAL_ID_LENGTH_MAX, refuse_empty
from mpi.matching.record import SourceRecord
from mpi.patient import Domain, Domains, read_patient, sent_identifiers
from mpi.patient.carried import MINTED_PREFIX, local_key
from mpi.patient.domains import SSN
from mpi.services.context import Context

#: Whose records Patients are that come without credentials and without an owned identifier.
DEFAULT_SOURCE = "fhir"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKey:
    """Whose record a Patient is."""

    source: str
    local_id: str
    minted: bool = False


def record_key(
    context: Context, resource: Mapping[str, Any], *, source: str | None, default_source: str
) -> RecordKey:
    """Whose record a Patient is and under which local ID. Raises ForeignIdentifier, InvalidRecord."""
    domains = context.authorities.domains()
    known = [(domains.taken(system), value) for system, value in sent_identifiers(resource)]
    sent = [(domain, value) for domain, value in known if domain is not None]
    if source is None:
        owners = (domain.owner for domain, _ in sent if domain.owner is not None)
        source = next(owners, default_source)
    found = _usable(sent, source, domains)
    if found is not None:
        local_id = local_key(*found, source, domains)
        if len(local_id) > LOCAL_ID_LENGTH_MAX:
            raise InvalidRecord(
                f"an identifier is longer than {LOCAL_ID_LENGTH_MAX} characters", field="Patient.identifier"
            )
        return RecordKey(source=source, local_id=local_id)
    foreign = next((domain for domain, _ in sent if domain.owner not in (None, source)), None)
    if foreign is not None:
        raise ForeignIdentifier(
            f"identifiers of {foreign.name!r} are assigned by {foreign.owner!r}, not by {source!r}:"
            " send one of a domain of your own beside them",
            field="Patient.identifier",
        )
    return RecordKey(source=source, local_id=MINTED_PREFIX + secrets.token_hex(10), minted=True)


def _usable(sent: list[tuple[Domain, str]], source: str, domains: Domains) -> tuple[Domain, str] | None:
    """The identifier a record goes by: one of the source's own domains, else one of a domain nobody owns."""
    own = [(domain, value) for domain, value in sent if domain.owner == source]
    if own:
        primary = domains.primary(source)
        return next(((d, v) for d, v in own if primary is not None and d.name == primary.name), own[0])
    if domains.owned_by(source):
        return None
    free = (
        (domain, value)
        for domain, value in sent
        if domain.owner is None
        and not domain.person_unique
        and domain.name != SSN.name
        and not domains.is_enterprise(domain)
    )
    return next(free, None)


def patient_record(context: Context, resource: Mapping[str, Any], source: str | None) -> SourceRecord:
    """The source record of a Patient that came in a file. Raises BadInput."""
    key = record_key(context, resource, source=source, default_source=DEFAULT_SOURCE)
    domains = context.authorities.domains()
    record = read_patient(resource, source=key.source, local_id=key.local_id, domains=domains).record
    refuse_empty(record)
    return record
