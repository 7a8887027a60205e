"""One question as the desk shows it: both sides with every record, why they agree, what they would become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from mpi.errors import BadInput, NotFound
from mpi.identity.change import TaskKind
from mpi.identity.enterprise_id import display
from mpi.matching.decision import explain, score_pairs
from mpi.matching.flat import source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord
from mpi.matching.stored import from_stored
from mpi.services import tasks
from mpi.services.answers import Actor, FlatRecord, TaskAnswer
from mpi.services.context import Context
from mpi.services.lookup import best_of
from mpi.storage import tasks as storage
from mpi.storage.database import Connection
from mpi.storage.identities import MemberRow
from mpi.storage.queries import query
from mpi.storage.tasks import TaskRow

#: Records shown of both sides together; a case with more says so.
RECORDS_MAX: Final = 60
NOTE_MAX: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a question: an identity, or the record as it was or would be.

    ``records`` are ``{source, local_id, version, status, received_at, decided_by, flat}``, ``former`` what
    they said before, ``shown`` is the place of the record whose pair weighs most, ``dropped`` what of it was
    not taken as evidence.
    """

    title: str
    enterprise_id: str | None
    records: tuple[dict[str, Any], ...]
    former: tuple[FlatRecord, ...]
    shown: int
    dropped: tuple[dict[str, str], ...]

    @property
    def flat(self) -> FlatRecord:
        """The flat record of the pair that weighs most."""
        found: FlatRecord = self.records[self.shown]["flat"]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question with what helps to answer it; ``why`` is None when a side has no record any more."""

    task: TaskAnswer
    sides: tuple[Side, ...]
    why: dict[str, Any] | None
    #: The best record if the two sides are one person.
    best_record: FlatRecord
    review_weight: float
    link_weight: float
    notes: tuple[dict[str, Any], ...]
    escalated_at: datetime | None
    escalated_by: str | None
    is_cut: bool


class _Found(NamedTuple):
    """A record of a case, as stored and as compared."""

    member: MemberRow
    enterprise_id: str
    normalized: NormalizedRecord


def case(context: Context, task_id: int, *, actor: Actor) -> Case:
    """The question with both sides. Raises NotFound."""
    with context.transaction() as conn:
        row = storage.task_row(conn, task_id)
        [answer] = tasks.answers(conn, [row])
        found = _records(conn, row)
        former = _former(conn, [one.member.record_id for one in found])
        notes = conn.execute(query("notes_of_task"), {"task_id": task_id}).fetchall()
        escalation = conn.execute(query("escalation_of_task"), {"task_id": task_id}).fetchone()
        context.audit_read(conn, actor, "read task", [id for id in (row.identity_a, row.identity_b) if id])
    escalated_at, escalated_by = escalation or (None, None)
    sides, why = _compared(context, row, answer, found, former)
    return Case(
        task=answer,
        sides=sides,
        why=why,
        best_record=answer.after or best_of(context, [one.member for one in found]) if found else {},
        review_weight=context.rules.thresholds.review_weight,
        link_weight=context.rules.thresholds.link_weight,
        notes=tuple({"at": at, "actor": who, "note": note} for at, who, note in notes),
        escalated_at=escalated_at,
        escalated_by=escalated_by,
        is_cut=len(found) >= RECORDS_MAX,
    )


def _records(conn: Connection, row: TaskRow) -> list[_Found]:
    parameters = {
        "enterprise_ids": [id for id in (row.identity_a, row.identity_b) if id],
        "record_ids": row.record_ids,
        "members_max": RECORDS_MAX,
    }
    rows = conn.execute(query("case_records"), parameters).fetchall()
    return [_Found(MemberRow(*r[:12]), r[12], from_stored(r[13])) for r in rows]


def _former(conn: Connection, record_ids: Sequence[int]) -> dict[int, list[FlatRecord]]:
    found: dict[int, list[FlatRecord]] = defaultdict(list)
    rows = conn.execute(query("former_versions"), {"record_ids": list(record_ids)}).fetchall()
    for record_id, content, _ in rows:
        found[record_id].append(content)
    return found


def _compared(
    context: Context,
    row: TaskRow,
    answer: TaskAnswer,
    found: list[_Found],
    former: dict[int, list[FlatRecord]],
) -> tuple[tuple[Side, ...], dict[str, Any] | None]:
    """The two sides, each led by its record of the heaviest pair, and why that pair agrees."""
    if answer.after is not None and answer.before is not None:
        return _held_sides(context, answer, found)
    left = [one for one in found if _is_left(row, one)]
    right = [one for one in found if not _is_left(row, one)]
    active = [[one for one in side if not one.member.retired] or side for side in (left, right)]
    if not active[0] or not active[1]:
        sides = tuple(_side("", side, 0, former) for side in (left, right) if side)
        return sides, None
    i, j = _heaviest(context, active[0], active[1])
    first, second = active[0][i], active[1][j]
    why = explain(first.normalized, second.normalized, context.rules)
    sides = (
        _side("Left", left, left.index(first), former),
        _side("Right", right, right.index(second), former),
    )
    return sides, why


def _is_left(row: TaskRow, one: _Found) -> bool:
    """On the side of ``identity_a``; when the two are one by now, by the pair that raised the question."""
    if row.identity_b is None or row.kind == TaskKind.LINK_IN_DOUBT:
        return one.member.record_id == row.record_ids[0] if row.record_ids else False
    if one.enterprise_id in (row.identity_a, row.identity_b) and row.state != "resolved":
        return one.enterprise_id == row.identity_a
    return one.member.record_id in row.record_ids[:1]


def _heaviest(context: Context, left: list[_Found], right: list[_Found]) -> tuple[int, int]:
    records = [one.normalized for one in (*left, *right)]
    pairs = [(i, j) for i in range(len(left)) for j in range(len(right))]
    scores = score_pairs(records, [i for i, _ in pairs], [len(left) + j for _, j in pairs], context.rules)
    return pairs[max(range(len(pairs)), key=lambda n: (scores.weight[n], -n))]


def _held_sides(
    context: Context, answer: TaskAnswer, found: list[_Found]
) -> tuple[tuple[Side, ...], dict[str, Any] | None]:
    """A held update: the record as it stands, and as it would read."""
    assert answer.before is not None and answer.after is not None
    sides, normalized = [], []
    for title, flat in (("As it stands", answer.before), ("As it would read", answer.after)):
        record = normalize(source_record(flat, reference_required=False))
        normalized.append(record)
        told = {
            "source": answer.records[0].source if answer.records else "",
            "local_id": answer.records[0].local_id if answer.records else "",
            "version": answer.records[0].version if answer.records else 0,
            "status": "active",
            "received_at": found[0].member.received_at if found else answer.created_at,
            "decided_by": "machine",
            "flat": flat,
        }
        sides.append(
            Side(
                title=title,
                enterprise_id=answer.identities[0] if answer.identities else None,
                records=(told,),
                former=(),
                shown=0,
                dropped=_dropped(record),
            )
        )
    return tuple(sides), explain(normalized[0], normalized[1], context.rules)


def _side(title: str, found: list[_Found], shown: int, former: dict[int, list[FlatRecord]]) -> Side:
    return Side(
        title=title,
        enterprise_id=display(found[shown].enterprise_id),
        records=tuple(_told(one.member) for one in found),
        former=tuple(flat for one in found for flat in former.get(one.member.record_id, ())),
        shown=shown,
        dropped=_dropped(found[shown].normalized),
    )


def _told(member: MemberRow) -> dict[str, Any]:
    return {
        "source": member.source,
        "local_id": member.local_id,
        "version": member.version,
        "status": "retired" if member.retired else "active",
        "received_at": member.received_at,
        "decided_by": member.decided_by,
        "flat": member.content,
    }


def _dropped(record: NormalizedRecord) -> tuple[dict[str, str], ...]:
    return tuple({"field": one.field, "reason": one.reason} for one in record.dropped)


def add_note(context: Context, task_id: int, note: str, *, actor: Actor) -> None:
    """Write something down beside a question. Raises NotFound; BadInput for none or for a book."""
    text = _needed_note(note)
    with context.transaction() as conn:
        _add_note(conn, task_id, text, actor)
        context.audit_read(conn, actor, "add note", [])


def escalate(context: Context, task_id: int, note: str, *, actor: Actor) -> None:
    """Pass a question on to a lead, with a word why; our claim ends.

    Raises ClaimedByAnother; Conflict when it is resolved; NotFound; BadInput without a note.
    """
    text = _needed_note(note)
    with context.transaction() as conn:
        row = storage.task_row(conn, task_id)
        if conn.execute(query("escalate_task"), {"task_id": task_id, "actor": actor.name}).fetchone() is None:
            tasks.refuse(row)
        _add_note(conn, task_id, f"Escalated: {text}", actor)
        context.audit_read(conn, actor, "escalate task", [])


def _add_note(conn: Connection, task_id: int, note: str, actor: Actor) -> None:
    parameters = {"task_id": task_id, "actor": actor.name, "note": note}
    if conn.execute(query("add_note"), parameters).fetchone() is None:
        raise NotFound(f"no task {task_id}", field="task_id")


def _needed_note(note: str) -> str:
    text = note.strip()
    if not text or len(text) > NOTE_MAX or "\x00" in text:
        raise BadInput(f"a note is needed, of at most {NOTE_MAX} characters", field="note")
    return text
