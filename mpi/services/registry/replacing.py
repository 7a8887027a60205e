"""Local IDs that change: a record gives way to another, is renamed, or belongs to somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpi.errors import BadInput, Conflict, NotFound, Replaced
from mpi.identity import ledger, merging
from mpi.identity.change import Change
from mpi.identity.enterprise_id import display
from mpi.matching.blocking import blocking_keys
from mpi.matching.flat import LOCAL_ID_LENGTH_MAX, flat_text
from mpi.matching.stored import from_stored
from mpi.patient import RecordView
from mpi.patient.carried import renamed
from mpi.services import intake
from mpi.services.answers import Actor
from mpi.services.arrivals import arrive
from mpi.services.context import Context
from mpi.services.owning import RecordKey
from mpi.services.registry.answers import Replacement
from mpi.services.registry.reading import record_by_key
from mpi.services.registry.receiving import receive
from mpi.services.registry.views import record_views, stored_source_record
from mpi.services.settling import until_settled
from mpi.services.stewardship import hold_neighbourhood, needed_reason
from mpi.services.updating import revise
from mpi.storage import identities, registry
from mpi.storage.candidates import look
from mpi.storage.changes import apply_change
from mpi.storage.database import LOCK_STEWARDSHIP, Connection
from mpi.storage.queries import number_array, query
from mpi.storage.registry import ViewRow


def replace(
    context: Context,
    source: str,
    surviving_local_id: str,
    subsumed_local_id: str,
    reason: str,
    *,
    actor: Actor,
    survivor: Mapping[str, Any] | None,
    create_survivor: bool,
    preview: bool,
) -> Replacement:
    """The subsumed record gives way to the surviving one; their identities merge."""
    reason = needed_reason(reason)
    if surviving_local_id == subsumed_local_id:
        raise BadInput("a record cannot replace itself", field="surviving")
    created = False
    if not preview:
        created = _survivor_ready(
            context, source, surviving_local_id, subsumed_local_id, survivor, create_survivor, actor
        )

    def attempt(conn: Connection) -> Replacement:
        _hold(conn)
        surviving = _row(conn, source, surviving_local_id, "surviving")
        subsumed = _row(conn, source, subsumed_local_id, "subsumed")
        _refuse_crossed(surviving, subsumed)
        before = [surviving.enterprise_id, subsumed.enterprise_id]
        merge_id = None
        systems = _systems(conn, before)
        if subsumed.replaced_by is None:
            steps = _replacing(context, conn, surviving, subsumed, reason)
            merge_id = next((made.merge_id for made in steps[-1].merges), None)
            if preview:
                merge_id = None
                context.audit_read(conn, actor, "preview replacement", before)
            else:
                _write(conn, surviving, subsumed)
                for step in steps:
                    apply_change(conn, step, context.signed(actor, "replace record", reason=reason))
        else:
            context.audit_read(conn, actor, "replace record again", before)
        return _replacement(
            context, conn, surviving, subsumed, merge_id, systems, created=created, preview=preview
        )

    return until_settled(context, attempt)


def _replacement(
    context: Context,
    conn: Connection,
    surviving: ViewRow,
    subsumed: ViewRow,
    merge_id: int | None,
    systems: tuple[str, ...],
    *,
    created: bool,
    preview: bool,
) -> Replacement:
    """Both records as they are by now."""
    rows = registry.view_rows(conn, record_ids=[surviving.record_id, subsumed.record_id])
    views = {row.record_id: view for row, view in zip(rows, _views(context, conn, rows), strict=True)}
    return Replacement(
        surviving=views[surviving.record_id],
        subsumed=views[subsumed.record_id],
        merge_id=merge_id,
        subsumed_enterprise_id=display(subsumed.enterprise_id),
        systems_to_notify=systems,
        survivor_created=created,
        preview=preview,
    )


def _survivor_ready(
    context: Context,
    source: str,
    surviving_local_id: str,
    subsumed_local_id: str,
    patient: Mapping[str, Any] | None,
    create: bool,
    actor: Actor,
) -> bool:
    """The survivor is registered; True when it had to be made of the subsumed record. Raises NotFound."""
    with context.transaction() as conn:
        subsumed = _row(conn, source, subsumed_local_id, "subsumed")
        known = registry.record_id_of(conn, source, surviving_local_id) is not None
    if patient is not None:
        key = RecordKey(source=source, local_id=surviving_local_id)
        receive(context, patient, key, actor=actor, strict=False, version=None, replay=None)
        return not known
    if known:
        return False
    if not create:
        raise NotFound("there is no record to survive", field="surviving")
    domains = context.authorities.domains()
    like = renamed(stored_source_record(subsumed), surviving_local_id, domains)
    intake.receive(context, like, actor=actor)
    return True


def _refuse_crossed(surviving: ViewRow, subsumed: ViewRow) -> None:
    """Raises Replaced when either gave way to yet another record, Conflict when the survivor is retired."""
    if surviving.replaced_by is not None:
        raise Replaced(
            "the surviving record gave way to another one itself",
            field="surviving",
            survivor=surviving.replaced_by_local_id,
        )
    if subsumed.replaced_by not in (None, surviving.record_id):
        raise Replaced(
            "the record gave way to another one before",
            field="subsumed",
            survivor=subsumed.replaced_by_local_id,
        )
    if surviving.retired:
        raise Conflict("the surviving record is retired: send it again first", field="surviving")


def _replacing(
    context: Context, conn: Connection, surviving: ViewRow, subsumed: ViewRow, reason: str
) -> list[Change]:
    """The identities become one, and the subsumed record is retired; to be written one after the other."""
    state = hold_neighbourhood(conn, [surviving.enterprise_id, subsumed.enterprise_id])
    steps, change = [], Change()
    if surviving.enterprise_id != subsumed.enterprise_id:
        if subsumed.retired:
            steps.append(merging.reinstate(state, subsumed.record_id))
            state = ledger.apply(state, steps[0])
        merged = merging.merge(
            state, surviving.enterprise_id, subsumed.enterprise_id, mint=context.mint, reason=reason
        )
        change += merged
        state = ledger.apply(state, merged)
    if not state.link(subsumed.record_id).retired:
        merge_id = next((made.merge_id for made in change.merges), None)
        change += merging.retire(
            state, subsumed.record_id, replaced_by=surviving.record_id, merge_id=merge_id
        )
    return [*steps, change]


def _write(conn: Connection, surviving: ViewRow, subsumed: ViewRow) -> None:
    conn.execute(query("retire_record"), {"record_id": subsumed.record_id})
    parameters = {"record_id": subsumed.record_id, "replaced_by": surviving.record_id}
    conn.execute(query("replace_record"), parameters)


def _systems(conn: Connection, enterprise_ids: list[str]) -> tuple[str, ...]:
    rows = registry.view_rows(conn, enterprise_ids=sorted(set(enterprise_ids)))
    return tuple(sorted({row.source for row in rows if not row.retired}))


def restore(context: Context, source: str, local_id: str, reason: str, *, actor: Actor) -> RecordView:
    """Take a replacement back, with the merge it made: the two are stated to be different people."""
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> RecordView:
        _hold(conn)
        row = _row(conn, source, local_id, "local_id")
        if row.replaced_by is None:
            raise Conflict("the record was not replaced", field="local_id")
        found = conn.execute(query("merge_of_replacement"), {"record_id": row.record_id}).fetchone()
        merge_ids = [found[0]] if found else []
        state = hold_neighbourhood(conn, [row.enterprise_id], merge_ids=merge_ids)
        steps = [merging.reinstate(state, row.record_id)]
        for merge_id in merge_ids:
            state = ledger.apply(state, steps[-1])
            steps.append(merging.unmerge(state, merge_id, mint=context.mint, reason=reason))
        conn.execute(query("restore_record"), {"record_id": row.record_id})
        normalized = from_stored(identities.stored_record(conn, source, local_id).normalized)
        keys = number_array(key.key for key in blocking_keys(normalized, context.rules))
        conn.execute(query("add_keys"), {"record_id": row.record_id, "keys": keys})
        for step in steps:
            apply_change(conn, step, context.signed(actor, "restore record", reason=reason))
        return record_by_key(context, conn, source, local_id)[0]

    return until_settled(context, attempt)


def rename(
    context: Context, source: str, local_id: str, new_local_id: str, reason: str, *, actor: Actor
) -> RecordView:
    """The record gets another local ID, and says so in its identifiers; it is looked at anew."""
    reason = needed_reason(reason)
    if flat_text(new_local_id, "new_local_id", LOCAL_ID_LENGTH_MAX) is None:
        raise BadInput("a local ID is needed", field="new_local_id")

    def attempt(conn: Connection) -> RecordView:
        _hold(conn)
        row = _row(conn, source, local_id, "local_id")
        _refuse_replaced(row)
        if registry.record_id_of(conn, source, new_local_id) is not None:
            raise Conflict("another record of this source has this local ID", field="new_local_id")
        record = renamed(stored_source_record(row), new_local_id, context.authorities.domains())
        conn.execute(query("rename_record"), {"record_id": row.record_id, "local_id": new_local_id})
        source_id = context.sources.named(source)[0].source_id
        arrival = arrive(record, source_id, row.record_id, context.rules, context.authorities.domains())
        seen = look(conn, [arrival.asked()])
        revise(context, conn, arrival, seen.known[0], seen, actor, reason=reason)
        return record_by_key(context, conn, source, new_local_id)[0]

    return until_settled(context, attempt)


def move(
    context: Context, source: str, local_id: str, to_local_id: str, reason: str, *, actor: Actor
) -> RecordView:
    """The record leaves its identity, where it is not alone in it, and joins another record's."""
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> RecordView:
        _hold(conn)
        row = _row(conn, source, local_id, "local_id")
        to = _row(conn, source, to_local_id, "to_local_id")
        for one in (row, to):
            _refuse_replaced(one)
        if row.enterprise_id == to.enterprise_id:
            context.audit_read(conn, actor, "move record again", [row.enterprise_id])
            return record_by_key(context, conn, source, local_id)[0]
        state = hold_neighbourhood(conn, [row.enterprise_id, to.enterprise_id])
        home, signed = row.enterprise_id, context.signed(actor, "move record", reason=reason)
        if len(state.members(home)) > 1:
            parted = merging.unlink(state, row.record_id, mint=context.mint, reason=reason)
            apply_change(conn, parted, signed)
            home, state = parted.links[0].to_id, ledger.apply(state, parted)
        change = merging.merge(state, to.enterprise_id, home, mint=context.mint, reason=reason, override=True)
        apply_change(conn, change, signed)
        return record_by_key(context, conn, source, local_id)[0]

    return until_settled(context, attempt)


def _hold(conn: Connection) -> None:
    """People's decisions one after the other: what is read from here on stays so until commit."""
    conn.execute(query("lock_stewardship"), {"lock": LOCK_STEWARDSHIP})


def _row(conn: Connection, source: str, local_id: str, field: str) -> ViewRow:
    number = registry.record_id_of(conn, source, local_id)
    if number is None:
        raise NotFound("no record has this local ID in this source", field=field)
    return registry.view_rows(conn, record_ids=[number])[0]


def _refuse_replaced(row: ViewRow) -> None:
    if row.replaced_by is not None:
        raise Replaced(
            "the record gave way to another one", field="local_id", survivor=row.replaced_by_local_id
        )


def _views(context: Context, conn: Connection, rows: list[ViewRow]) -> list[RecordView]:
    return record_views(conn, context.authorities.domains(), rows)
