"""Takes Patients in: whose record one is, and that nobody assigns identifiers in another's domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpi.errors import InvalidPatient
from mpi.matching.flat import refuse_empty
from mpi.patient import read_patient
from mpi.services import intake
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.owning import RecordKey
from mpi.services.registry.answers import Registered, TakenIn
from mpi.services.registry.views import record_views
from mpi.services.replay import Replay
from mpi.storage import registry as stored
from mpi.storage.database import connection


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
