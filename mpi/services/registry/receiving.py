"""Takes Patients in: whose record one is, and that nobody assigns identifiers in another's domain."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from mpi.errors import ForeignIdentifier, InvalidPatient, InvalidRecord
from mpi.matching.flat import LOCAL_ID_LENGTH_MAX, refuse_empty
from mpi.matching.record import SourceRecord
from mpi.patient import Domain, Domains, read_patient, sent_identifiers
from mpi.patient.carried import MINTED_PREFIX, local_key
from mpi.patient.domains import SSN
from mpi.services import intake
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.registry.answers import RecordKey, Registered, TakenIn
from mpi.services.registry.views import record_views
from mpi.services.replay import Replay
from mpi.storage import registry as stored
from mpi.storage.database import connection

#: Whose records Patients are that come without credentials and without an owned identifier.
DEFAULT_SOURCE = "fhir"


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


def take_in(
    context: Context,
    resource: Mapping[str, Any],
    key: RecordKey,
    *,
    actor: Actor,
    strict: bool = False,
    version: int | None = None,
    replay: Replay | None = None,
) -> TakenIn:
    """Register or update the record of ``key``. Raises InvalidPatient and whatever a registration raises."""
    domains = context.authorities.domains()
    read = read_patient(resource, source=key.source, local_id=key.local_id, domains=domains)
    wrong = tuple(note for note in read.notes if note.severity == "error")
    if strict and wrong:
        raise InvalidPatient(
            f"{wrong[0].expression} {wrong[0].text}", field=wrong[0].expression, notes=read.notes
        )
    if strict:
        refuse_empty(read.record)
    receipt = intake.receive(context, read.record, actor=actor, replay=replay, version=version)
    return TakenIn(receipt=receipt, notes=read.notes, minted=key.minted)


def receive(
    context: Context,
    resource: Mapping[str, Any],
    key: RecordKey,
    *,
    actor: Actor,
    strict: bool,
    version: int | None,
    replay: Replay | None,
) -> Registered:
    """The same, and the record as it is afterwards."""
    domains = context.authorities.domains()
    taken = take_in(context, resource, key, actor=actor, strict=strict, version=version, replay=replay)
    # Outside a transaction, which would cost two round trips more: the record's number never changes.
    with connection(context.pool) as conn:
        number = stored.record_id_of(conn, key.source, key.local_id)
        assert number is not None
        [view] = record_views(conn, domains, stored.view_rows(conn, record_ids=[number]))
    return Registered(receipt=taken.receipt, view=view, notes=taken.notes, minted=taken.minted)
