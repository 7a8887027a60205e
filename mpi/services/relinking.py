"""Looks at all records anew: a plan of what would change and why, its application as one batch, and its
taking back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mpi.batch.encoded import EncodedRecords
from mpi.batch.progress import Progress, silent
from mpi.errors import AlreadyUndone, Conflict, NotFound
from mpi.identity import ledger
from mpi.identity.assignment import queued
from mpi.identity.change import Change, Task
from mpi.identity.draft import Draft
from mpi.identity.neighbourhood import Neighbourhood
from mpi.identity.questions import task
from mpi.identity.relinking import regroup
from mpi.identity.rolling_back import roll_back
from mpi.identity.task_settling import settle_tasks
from mpi.services.answers import Actor, RecordRef
from mpi.services.context import Context
from mpi.services.grouping import encode_index
from mpi.services.keeping_keys import in_step, make_keys_anew
from mpi.services.relink_planning import Plan, RelinkAnswer, make_plan, told
from mpi.services.settling import until_settled
from mpi.services.stewardship import needed_reason
from mpi.storage import identities as stored
from mpi.storage import relinking as storage
from mpi.storage.database import LOCK_BULK, LOCK_STEWARDSHIP, Connection
from mpi.storage.neighbourhood import load_neighbourhood
from mpi.storage.queries import query

#: Steps told with their reasons, unless asked otherwise.
SAMPLE = 20


def relink_plan(
    context: Context, *, actor: Actor, sample: int = SAMPLE, progress: Progress = silent
) -> RelinkAnswer:
    """What grouping all records anew by the rules in force would change; only its audit row is written."""
    made = _planned(context, progress)
    with context.transaction() as conn:
        context.audit_read(conn, actor, "plan relink", [])
    return told(made, context.rules, sample)


def relink_apply(
    context: Context,
    *,
    actor: Actor,
    reason: str | None = None,
    sample: int = SAMPLE,
    progress: Progress = silent,
) -> RelinkAnswer:
    """Do what the plan says, as one batch in one transaction.

    Reading, comparing and planning hold nobody up. Identities that something happened to meanwhile are left
    as they are; the next plan looks at them again. While the batch is written, registrations that would
    create an identity and decisions of stewards wait. Where the rule set has other blocking passes than the
    stored keys are of, all keys are made anew. Raises DatabaseUnavailable when somebody keeps coming in
    between.
    """
    made = _planned(context, progress)
    answer = told(made, context.rules, sample)
    with context.transaction() as conn:
        if answer.is_empty and in_step(conn, context.rules):
            context.audit_read(conn, actor, "relink", [])
            return answer
    progress("writing", 0, 0)
    return until_settled(context, lambda conn: _apply(context, conn, made, answer, actor, reason))


def encoded_records(context: Context, *, actor: Actor, progress: Progress = silent) -> EncodedRecords:
    """All active records of the index, encoded for batch work."""
    with context.transaction() as conn:
        whole = storage.read_whole_index(conn)
    with context.transaction() as conn:
        context.audit_read(conn, actor, "read all records", [])
    return encode_index(whole, context.rules, progress)


def _planned(context: Context, progress: Progress) -> Plan:
    progress("reading records", 0, 0)
    with context.transaction() as conn:
        whole = storage.read_whole_index(conn)
    return make_plan(whole, context.rules, progress)


def _hold_still(conn: Connection) -> None:
    """Until commit nobody else creates an identity or decides about identities."""
    conn.execute("SET LOCAL statement_timeout = 0")
    conn.execute(query("lock_bulk"), {"lock": LOCK_BULK})
    conn.execute(query("lock_stewardship"), {"lock": LOCK_STEWARDSHIP})


def _apply(
    context: Context, conn: Connection, made: Plan, answer: RelinkAnswer, actor: Actor, reason: str | None
) -> RelinkAnswer:
    """Write those parts of the plan that still rest on what is there."""
    _hold_still(conn)
    touched = _touched(made)
    conn.execute(query("hold_tree"), {"enterprise_ids": sorted(touched)})
    changed = storage.changed_since(conn, made.grouping.whole.snapshot)
    batch_id = context.mint.number()
    state = load_neighbourhood(conn, touched - changed)
    done = _change(context, made, state, changed, batch_id)
    is_in_step = in_step(conn, context.rules)
    if done.change == Change() and is_in_step:
        return replace(answer, changed_meanwhile=done.changed_meanwhile)
    if not is_in_step:
        make_keys_anew(conn, context.rules)
    storage.begin_relink(conn, batch_id, reason)
    signed = context.signed(actor, "relink", batch_id=batch_id, reason=reason)
    storage.write_relink(conn, done.change, signed)
    answer = replace(
        answer,
        batch_id=batch_id,
        changed_meanwhile=done.changed_meanwhile,
        merges=len(done.change.merges),
        records_moved=len(done.change.links),
        new_tasks=len(done.change.tasks),
        closed_tasks=sum(change.state == "resolved" for change in done.change.task_changes),
    )
    names = ("merges", "records_moved", "new_tasks", "closed_tasks", "changed_meanwhile")
    storage.end_relink(conn, batch_id, {name: getattr(answer, name) for name in names})
    return answer


def _touched(made: Plan) -> set[str]:
    """Every identity that the plan changes or asks about."""
    names = made.grouping.partition.identities
    touched = {name for regrouping in made.regroupings for name in regrouping.identities}
    for n in made.asked:
        places = (int(made.questions.left[n]), int(made.questions.right[n]))
        touched.update(names[place] for place in places if place < len(names))
    closing = {*made.unsupported, *made.answered}
    for waiting in made.grouping.whole.tasks:
        if waiting.task_id in closing:
            touched.update(made.grouping.row(record).enterprise_id for record in waiting.record_ids)
    return touched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    change: Change
    changed_meanwhile: int


def _change(context: Context, made: Plan, state: Neighbourhood, changed: set[str], batch_id: int) -> _Done:
    """The plan as a change, without the identities that something happened to meanwhile."""
    draft = Draft(state, batch_id=batch_id)
    names: dict[int, str] = dict(enumerate(made.grouping.partition.identities))
    following, left = len(names), 0
    told_reason = f"looked at anew by rule set {context.rules.name} {context.rules.hash}"
    for regrouping, found in zip(made.regroupings, made.reasons, strict=True):
        issued = sum(part.enterprise_id is None for part in regrouping.parts)
        if changed.isdisjoint(regrouping.identities):
            evidence = [reason.evidence for reason in found]
            enterprise_ids = regroup(draft, regrouping, evidence, told_reason, mint=context.mint)
            new = [
                i
                for i, part in zip(enterprise_ids, regrouping.parts, strict=True)
                if part.enterprise_id is None
            ]
            names.update(zip(range(following, following + issued), new, strict=True))
        else:
            left += 1
        following += issued
    for task_id in made.unsupported:
        if (waiting := state.tasks.get(task_id)) is not None and waiting.state == "open":
            draft.close_task(waiting, None, "no longer supported")
    settle_tasks(draft)
    change = draft.finish()
    after = ledger.apply(state, change)
    tasks = _tasks(context, made, after, names)
    events = tuple(queued(new) for new in tasks)
    return _Done(change=change + Change(tasks=tasks, events=events), changed_meanwhile=left)


def _tasks(context: Context, made: Plan, after: Neighbourhood, names: dict[int, str]) -> tuple[Task, ...]:
    """The questions to be asked, about identities that are there and that nobody asks about already."""
    grouping, tasks = made.grouping, []
    taken = after.pairs_asked() | after.pairs_apart()
    for n in made.asked:
        pair = int(made.questions.pair[n])
        ends = [int(grouping.pairs.left[pair]), int(grouping.pairs.right[pair])]
        record_ids = [int(grouping.partition.record_ids[end]) for end in ends]
        homes = [after.links[r].enterprise_id if r in after.links else None for r in record_ids]
        if None in homes or [names.get(int(made.identity_of[end])) for end in ends] != homes:
            continue
        rows = [grouping.row(record) for record in record_ids]
        new = task(
            context.mint.number(),
            (str(homes[0]), str(homes[1])),
            (record_ids[0], record_ids[1]),
            grouping.pairs,
            pair,
            shared=bool(made.questions.shared[n]),
            same_source=rows[0].source == rows[1].source,
        )
        if (new.identity_a, new.identity_b) not in taken:
            tasks.append(new)
    return tuple(tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackAnswer:
    """A batch taken back: the records that are where they were, and those that stay because of what people
    decided since.
    """

    batch_id: int
    records_returned: int
    merges_undone: int
    records_left: tuple[RecordRef, ...]


def rollback(context: Context, batch_id: int, reason: str, *, actor: Actor) -> RollbackAnswer:
    """Take a relink back: the exact partition and enterprise IDs, its tasks closed and those it closed asked
    again.

    Raises NotFound; Conflict for a batch that is no relink; AlreadyUndone.
    """
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> RollbackAnswer:
        _hold_still(conn)
        batch = storage.lock_batch(conn, batch_id)
        if batch is None:
            raise NotFound(f"there is no batch {batch_id}")
        if batch.kind != "relink":
            raise Conflict(f"batch {batch_id} is a {batch.kind}: only a relink can be taken back as a whole")
        if batch.state == "rolled_back":
            raise AlreadyUndone(f"batch {batch_id} was rolled back before")
        done, touched = storage.relink_done(conn, batch_id)
        homes = conn.execute(query("identities_of_records"), {"record_ids": list(done.before)}).fetchall()
        touched |= {home for _, home in homes}
        task_ids = [*done.queued, *done.closed]
        seen = load_neighbourhood(conn, touched, done.merge_ids, task_ids)
        conn.execute(query("hold_tree"), {"enterprise_ids": sorted(seen.complete)})
        state = load_neighbourhood(conn, touched, done.merge_ids, task_ids)
        back = roll_back(state, done, mint=context.mint, reason=reason)
        signed = context.signed(actor, "roll back", batch_id=batch_id, reason=reason)
        storage.write_rollback(conn, back.change, back.returned, signed)
        if not in_step(conn, context.rules):
            make_keys_anew(conn, context.rules)
        refs = stored.record_refs(conn, back.left)
        return RollbackAnswer(
            batch_id=batch_id,
            records_returned=len(back.returned),
            merges_undone=len(back.change.undone_merge_ids),
            records_left=tuple(
                RecordRef(source=row.source, local_id=row.local_id, version=row.version)
                for row in refs.values()
            ),
        )

    return until_settled(context, attempt)
