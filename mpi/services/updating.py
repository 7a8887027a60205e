"""A record that is known comes again: unchanged, changed, or changed into somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from mpi.errors import AssertedDifferent, Conflict, Replaced
from mpi.identity import ledger
from mpi.identity.assignment import CandidateIdentity, queued, reassess
from mpi.identity.change import Change, DecidedBy, Event, EventType, Task, TaskChange, TaskKind
from mpi.identity.enterprise_id import display
from mpi.identity.harm import expected_harm
from mpi.identity.merging import merge, reinstate
from mpi.identity.neighbourhood import Neighbourhood, older
from mpi.matching.decision import NO_LINK, score_pairs
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet
from mpi.matching.stored import from_stored
from mpi.services.answers import Actor, Receipt, RecordRef
from mpi.services.arrivals import Arrival, Compared, dropped_from, stored_form
from mpi.services.assigning import Assigning, matched_with
from mpi.services.context import Context
from mpi.services.settling import WorldChanged, hold_identities
from mpi.services.stewardship import hold_neighbourhood
from mpi.storage.candidates import KnownRecord, Look
from mpi.storage.changes import apply_change
from mpi.storage.database import Connection
from mpi.storage.neighbourhood import load_neighbourhood
from mpi.storage.records import hold_back, lock_record, revise_record, settle_held, survivor_of


def update(context: Context, conn: Connection, arrival: Arrival, seen: Look, actor: Actor) -> Receipt:
    """Decide what a record that is stored already becomes of what was sent now."""
    known = seen.known[0]
    if known.content_hash == arrival.content_hash and not known.retired:
        return _unchanged(context, conn, arrival, known, actor)
    if known.pending_hash == arrival.content_hash and known.pending_task_id is not None:
        context.audit_read(conn, actor, "resend held update", [known.enterprise_id])
        return _receipt(arrival, known, "quarantined", known.version, (known.pending_task_id,))
    if known.retired and (survivor := survivor_of(conn, known.record_id)) is not None:
        raise Replaced("the record gave way to another one", field="local_id", survivor=survivor)
    held = lock_record(conn, known.record_id)
    if held.version != known.version:
        raise WorldChanged
    if not known.retired and is_overlay(from_stored(held.normalized), arrival.normalized, context.rules):
        return _quarantine(context, conn, arrival, known, actor)
    return revise(context, conn, arrival, known, seen, actor)


def is_overlay(before: NormalizedRecord, after: NormalizedRecord, rules: RuleSet) -> bool:
    """Whether an update reads as somebody else.

    The evidence alone says so, without the prior: two versions under one local ID are one person until they
    disagree.
    """
    scores = score_pairs([before, after], [0], [1], rules)
    evidence_weight = float(scores.weight[0]) - rules.prior_weight
    vetoed = any(hit.effect == "no_link" for hit in scores.guards[0])
    return vetoed or evidence_weight < 0


def _unchanged(
    context: Context, conn: Connection, arrival: Arrival, known: KnownRecord, actor: Actor
) -> Receipt:
    state = load_neighbourhood(conn, [known.enterprise_id])
    context.audit_read(conn, actor, "resend", [known.enterprise_id])
    return _receipt(arrival, known, *_standing(state, known.enterprise_id, known.record_id, known.version))


def _standing(
    state: Neighbourhood, enterprise_id: str, record_id: int, version: int
) -> tuple[str, int, tuple[int, ...]]:
    """Decision, version and open tasks of a record that stays where it is."""
    tasks = tuple(
        task_id
        for task_id, task in sorted(state.tasks.items())
        if task.state != "resolved" and record_id in task.task.record_ids
    )
    if len(state.members(enterprise_id)) > 1:
        return "linked", version, tasks
    return "review" if tasks else "new", version, tasks


def _quarantine(
    context: Context, conn: Connection, arrival: Arrival, known: KnownRecord, actor: Actor
) -> Receipt:
    """Hold the update: the old demographics stay current until a person releases or rejects it."""
    event = Event(
        type=EventType.UPDATE_QUARANTINED, enterprise_id=known.enterprise_id, record_id=known.record_id
    )
    change = Change(events=(event,))
    task_id = known.pending_task_id
    if task_id is None:
        task = Task(
            task_id=context.mint.number(),
            kind=TaskKind.POTENTIAL_OVERLAY,
            identity_a=known.enterprise_id,
            record_ids=(known.record_id,),
            priority=expected_harm(TaskKind.POTENTIAL_OVERLAY, None),
        )
        task_id = task.task_id
        change += Change(tasks=(task,), events=(queued(task),))
    hold_identities(conn, change)
    hold_back(conn, known.record_id, arrival.content, arrival.content_hash, task_id, arrival.original)
    apply_change(conn, change, context.signed(actor, "quarantine update"))
    return _receipt(arrival, known, "quarantined", known.version, (task_id,))


class Reconsidered(NamedTuple):
    """Where a record stands with its new demographics."""

    candidates: list[CandidateIdentity]
    #: Whether it still belongs with the rest of its own identity.
    supported: bool


def revise(
    context: Context,
    conn: Connection,
    arrival: Arrival,
    known: KnownRecord,
    seen: Look,
    actor: Actor,
    *,
    reason: str | None = None,
) -> Receipt:
    """Make the new demographics current; links that no longer hold become questions, new likenesses too.

    An update that is still held for the record is overtaken; its task is closed.
    """
    own = known.enterprise_id
    found = _reconsider(context, conn, arrival, known, seen)
    scope = [own, *(c.enterprise_id for c in found.candidates)]
    state = load_neighbourhood(conn, scope)
    if _would_join(state, known, found):
        # A merge takes along whoever is a member when it is written: nobody may come in between.
        state = hold_neighbourhood(conn, scope)
    if state.link(known.record_id).enterprise_id != own:
        raise WorldChanged
    change, own = _joined(context, state, known, found)
    settled = {own, known.enterprise_id, *(made.subsumed for made in change.merges)}
    after = ledger.apply(state, change)
    change += reassess(
        known.record_id,
        own,
        [c for c in found.candidates if c.enterprise_id not in settled],
        supported=found.supported,
        number=context.mint.number,
        open_pairs=after.pairs_asked(),
        pairs_apart=after.pairs_apart(),
        in_doubt=known.record_id in after.doubted(),
    )
    received = Event(
        type=EventType.RECORD_RECEIVED,
        enterprise_id=own,
        record_id=known.record_id,
        data={"version": known.version + 1},
    )
    change = _superseding(conn, known, change + Change(events=(received,)))
    hold_identities(conn, change)
    revise_record(conn, stored_form(arrival, known.record_id))
    apply_change(conn, change, context.signed(actor, "update", reason=reason))
    decision, version, tasks = _standing(state, known.enterprise_id, known.record_id, known.version + 1)
    tasks += tuple(task.task_id for task in change.tasks)
    if own != known.enterprise_id or change.merges:
        decision = "linked"
    elif change.tasks and decision == "new":
        decision = "review"
    return _receipt(
        arrival, known._replace(enterprise_id=own), decision, version, tasks, _best(found.candidates)
    )


def _superseding(conn: Connection, known: KnownRecord, change: Change) -> Change:
    """An update that was held is overtaken by this one: its question is closed."""
    task_id = known.pending_task_id
    if task_id is None:
        return change
    settle_held(conn, task_id, "superseded")
    closed = TaskChange(task_id=task_id, identity_a=known.enterprise_id, identity_b=None, state="resolved")
    event = Event(
        type=EventType.TASK_RESOLVED,
        enterprise_id=known.enterprise_id,
        task_id=task_id,
        data={"cause": "superseded", "resolution": None},
    )
    others = tuple(other for other in change.task_changes if other.task_id != task_id)
    return replace(change, task_changes=(*others, closed), events=(*change.events, event))


def _reconsider(
    context: Context, conn: Connection, arrival: Arrival, known: KnownRecord, seen: Look
) -> Reconsidered:
    compared = Compared([arrival], [0], seen, context.rules)
    mates = [m for m in compared.members.pop(known.enterprise_id, []) if m.record_id != known.record_id]
    compared.near[0] = [id for id in compared.near[0] if id != known.enterprise_id]
    candidates = Assigning(context.mint, conn, compared).candidates(0, arrival.source_id)
    supported = not mates or max(c.decision for c in compared.compare(0, mates)) > NO_LINK
    return Reconsidered(candidates, supported)


def _would_join(state: Neighbourhood, known: KnownRecord, found: Reconsidered) -> bool:
    linking = [c for c in found.candidates if c.decision == "link"]
    alone = len(state.members(known.enterprise_id)) == 1
    return alone and len(linking) == 1 and not state.link(known.record_id).retired


def _joined(
    context: Context, state: Neighbourhood, known: KnownRecord, found: Reconsidered
) -> tuple[Change, str]:
    """A record that stands alone and now links with exactly one identity joins it, unless a person said
    otherwise.
    """
    own = known.enterprise_id
    change = reinstate(state, known.record_id) if state.link(known.record_id).retired else Change()
    if not _would_join(state, known, found):
        return change, own
    [linking] = [c.enterprise_id for c in found.candidates if c.decision == "link"]
    survivor, subsumed = older(state.identity(own), state.identity(linking))
    try:
        joined = merge(
            state,
            survivor.enterprise_id,
            subsumed.enterprise_id,
            mint=context.mint,
            reason="the record's new demographics match",
            decided_by=DecidedBy.MACHINE,
        )
    except AssertedDifferent:
        return change, own
    except Conflict as error:
        raise WorldChanged from error
    return joined, survivor.enterprise_id


def _best(candidates: list[CandidateIdentity]) -> CandidateIdentity | None:
    return max(candidates, key=lambda c: (c.decision == "link", c.weight), default=None)


def _receipt(
    arrival: Arrival,
    known: KnownRecord,
    decision: str,
    version: int,
    tasks: tuple[int, ...],
    best: CandidateIdentity | None = None,
) -> Receipt:
    return Receipt(
        enterprise_id=display(known.enterprise_id),
        decision=decision,  # type: ignore[arg-type]
        record=RecordRef(
            source=arrival.source_record.source, local_id=arrival.source_record.local_id, version=version
        ),
        match=matched_with(best),
        tasks=tasks,
        dropped=dropped_from(arrival.normalized),
        created=False,
        declared=arrival.declared,
    )
