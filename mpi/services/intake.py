"""A record comes in → normalized → blocked → scored → decided → identity assigned, task queued → event
written.

One record or a chunk of a file take the same way; a chunk is only longer. Everything a registration does is
one
transaction, and the answer leaves after its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mpi.errors import MpiError, StaleVersion, Unavailable
from mpi.identity.assignment import Assignment
from mpi.identity.change import Change
from mpi.identity.enterprise_id import display
from mpi.matching.record import SourceRecord
from mpi.matching.rules import RuleSet
from mpi.services.answers import Actor, Receipt, RecordRef, Rejection
from mpi.services.arrivals import Arrival, Compared, arrive, dropped_from, stored_form
from mpi.services.assigning import Assigning, matched_with
from mpi.services.bulk_intake import receive_set
from mpi.services.context import Context
from mpi.services.replay import Replay
from mpi.services.settling import WorldChanged, needed_identities, until_settled
from mpi.services.updating import update
from mpi.storage.candidates import Look, look
from mpi.storage.database import LOCK_BULK, Connection
from mpi.storage.queries import query
from mpi.storage.records import Held, register


def receive(
    context: Context,
    record: SourceRecord,
    *,
    actor: Actor,
    replay: Replay | None = None,
    version: int | None = None,
) -> Receipt:
    """Register or update one record; ``version``: only if the stored one is this, 0 = there is none.

    Raises BadInput, StaleVersion, Conflict (idempotency) or Unavailable; nothing is written then.
    """
    arrival = _arrival(context, record)

    def attempt(conn: Connection) -> Receipt:
        if replay is not None and (answered := replay.stored_receipt(conn)) is not None:
            return answered
        seen = look(conn, [arrival.asked()])
        stored_version = seen.known[0].version if 0 in seen.known else 0
        if version is not None and version != stored_version:
            raise StaleVersion(f"the stored record is at version {stored_version}", field="version")
        if 0 in seen.known:
            with conn.transaction():
                receipt = update(context, conn, arrival, seen, actor)
        else:
            receipt = _register(context, conn, [arrival], seen, actor)[0]
        if replay is not None:
            replay.store(conn, receipt)
        return receipt

    return until_settled(context, attempt, in_transaction=replay is not None)


#: New records from which on they are compared by the batch engine, and written by COPY.
SET_MIN = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records made ready: normalized and blocked, or refused.

    Needs no database, so that it can be done ahead.
    """

    records: Sequence[SourceRecord | Rejection]
    refused: dict[int, Rejection]
    #: Position → arrival; a local ID that comes twice is an update of its first coming, and not here.
    arrivals: dict[int, Arrival]


def make_ready(context: Context, records: Sequence[SourceRecord | Rejection]) -> Chunk:
    """Normalize and block every record of a chunk."""
    chunk = Chunk(records, {}, {})
    first_comings: set[tuple[int, str]] = set()
    for position, record in enumerate(records):
        if isinstance(record, Rejection):
            chunk.refused[position] = record
            continue
        try:
            arrival = _arrival(context, record)
        except MpiError as error:
            chunk.refused[position] = _rejection(error)
            continue
        if (arrival.source_id, record.local_id) not in first_comings:
            first_comings.add((arrival.source_id, record.local_id))
            chunk.arrivals[position] = arrival
    return chunk


def receive_many(
    context: Context, chunk: Chunk, *, actor: Actor, batch_id: int | None = None
) -> list[Receipt | Rejection]:
    """Register a chunk; one outcome for each, in order.

    New records go in as one set, then updates one by one. Of a large chunk those that belong with several
    identities go in after the others.
    """
    outcomes: dict[int, Receipt | Rejection] = dict(chunk.refused)
    if len(chunk.arrivals) > SET_MIN:
        positions, arrivals = list(chunk.arrivals), list(chunk.arrivals.values())
        receipts = receive_set(context, arrivals, actor=actor, batch_id=batch_id)
        outcomes.update({positions[n]: receipt for n, receipt in receipts.items()})
    unsettled = [position for position in chunk.arrivals if position not in outcomes]
    for start in range(0, len(unsettled), SET_MIN):
        positions = unsettled[start : start + SET_MIN]
        receipts = _receive_new(context, [chunk.arrivals[n] for n in positions], actor, batch_id)
        outcomes.update({positions[n]: receipt for n, receipt in receipts.items()})
    for position, record in enumerate(chunk.records):
        if position not in outcomes:
            assert isinstance(record, SourceRecord)
            outcomes[position] = _receive_or_reject(context, record, actor)
    return [outcomes[position] for position in range(len(chunk.records))]


def _receive_or_reject(context: Context, record: SourceRecord, actor: Actor) -> Receipt | Rejection:
    try:
        return receive(context, record, actor=actor)
    except Unavailable:
        raise
    except MpiError as error:
        return _rejection(error)


def _rejection(error: MpiError) -> Rejection:
    return Rejection(code=error.code, detail=str(error), field=error.field)


def _arrival(context: Context, record: SourceRecord) -> Arrival:
    source, declared = context.sources.named(record.source)
    names = (*((source.name,) if declared else ()), *context.authorities.declared_for(record))
    return arrive(
        record, source.source_id, context.mint.number(), context.rules, context.authorities.domains(), names
    )


def _receive_new(
    context: Context, arrivals: list[Arrival], actor: Actor, batch_id: int | None
) -> dict[int, Receipt]:
    """Register those that are new, in one transaction that no other creation can come between."""
    if not arrivals:
        return {}

    def attempt(conn: Connection) -> dict[int, Receipt]:
        conn.execute(query("lock_bulk"), {"lock": LOCK_BULK})
        seen = look(conn, [arrival.asked() for arrival in arrivals])
        return _register(context, conn, arrivals, seen, actor, batch_id=batch_id, alone=True)

    return until_settled(context, attempt)


def _register(
    context: Context,
    conn: Connection,
    arrivals: list[Arrival],
    seen: Look,
    actor: Actor,
    *,
    batch_id: int | None = None,
    alone: bool = False,
) -> dict[int, Receipt]:
    """Decide on the arrivals that are not stored yet, and write if what the decisions rest on still holds.

    ``alone``: nobody else can create an identity meanwhile.
    """
    assigned = _decide(context, conn, arrivals, seen)
    change = Change.of(one.change for one in assigned.values())
    creates = any(one.decision != "linked" for one in assigned.values())
    held = Held(
        lock_numbers=_lock_numbers(arrivals, seen) if creates and not alone else None,
        sharing=seen.sharing,
        enterprise_ids=needed_identities(change),
    )
    signed = context.signed(actor, "register", batch_id=batch_id)
    if not register(conn, [stored_form(arrivals[n]) for n in assigned], change, signed, held):
        raise WorldChanged
    return {
        n: _receipt(arrivals[n], one, seen.suppressed.get(n, []), context.rules)
        for n, one in assigned.items()
    }


def _decide(context: Context, conn: Connection, arrivals: list[Arrival], seen: Look) -> dict[int, Assignment]:
    """The assignment of every arrival that is not stored yet, in order of arrival."""
    fresh = [n for n in range(len(arrivals)) if n not in seen.known]
    compared = Compared(arrivals, fresh, seen, context.rules)
    assigning = Assigning(context.mint, conn, compared)
    return {n: assigning.assign(n, arrivals[n]) for n in fresh}


def _lock_numbers(arrivals: list[Arrival], seen: Look) -> list[int]:
    """16 bits of each key: few enough numbers for the server's lock table, whatever comes.

    Not of suppressed ones: they bring nobody together, and all of one city would wait for each other.
    """
    return sorted({
        key.key & 0xFFFF
        for place, arrival in enumerate(arrivals)
        for number, key in enumerate(arrival.keys)
        if number not in seen.suppressed.get(place, ())
    })  # fmt: skip


def _receipt(arrival: Arrival, assigned: Assignment, suppressed: list[int], rules: RuleSet) -> Receipt:
    return Receipt(
        enterprise_id=display(assigned.enterprise_id),
        decision=assigned.decision,
        record=RecordRef(
            source=arrival.source_record.source, local_id=arrival.source_record.local_id, version=1
        ),
        match=matched_with(assigned.matched),
        tasks=tuple(task.task_id for task in assigned.change.tasks),
        suppressed_keys=arrival.suppressed_passes(suppressed),
        dropped=dropped_from(arrival.evidence(suppressed, rules)),
        declared=arrival.declared,
    )
