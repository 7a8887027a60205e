"""One question as the desk shows it: both sides with every record, why they agree, what they would become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

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
from mpi.services.desk.clusters import Cluster, drawn
from mpi.services.desk.sharing import SharedValue, as_evidence, shared_values
from mpi.services.lookup import best_of
from mpi.storage import tasks as storage
from mpi.storage.database import Connection
from mpi.storage.identities import MemberRow
from mpi.storage.queries import query
from mpi.storage.tasks import TaskRow

#: Records shown of both sides together; a case with more says so.
RECORDS_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a question: an identity, or the record as it was or would be.

    ``records`` are ``{source, local_id, version, status, received_at, decided_by, flat}``, ``former`` what
    they said before, as ``{source, local_id, until, flat}``; ``shown`` is the place of the record whose pair
    weighs most, ``dropped`` what of it was not taken as evidence, ``compared`` its values as they are
    compared, by field, ``shared`` those of its values that others have too.
    """

    title: str
    enterprise_id: str | None
    records: tuple[dict[str, Any], ...]
    former: tuple[dict[str, Any], ...]
    shown: int
    dropped: tuple[dict[str, str], ...]
    compared: Mapping[str, tuple[str, ...]]
    shared: tuple[SharedValue, ...]

    @property
    def flat(self) -> FlatRecord:
        """The flat record of the pair that weighs most."""
        found: FlatRecord = self.records[self.shown]["flat"]
        return found

    @property
    def last_seen(self) -> dict[str, datetime]:
        """When each of its sources sent something last."""
        seen: dict[str, datetime] = {}
        for record in self.records:
            seen[record["source"]] = max(
                seen.get(record["source"], record["received_at"]), record["received_at"]
            )
        return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """Two sides beside each other; ``why`` is None when a side has no record any more."""

    sides: tuple[Side, ...]
    why: dict[str, Any] | None
    #: The best record if the two sides are one person.
    best_record: FlatRecord
    review_weight: float
    link_weight: float
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(PairView):
    """A question with what helps to answer it; ``cluster`` where it is about more than two records."""

    task: TaskAnswer
    cluster: Cluster | None
    notes: tuple[dict[str, Any], ...]
    escalated_at: datetime | None
    escalated_by: str | None
    #: What each guard of the rules in force says.
    guard_reasons: Mapping[str, str]


class _Found(NamedTuple):
    """A record of a case, as stored and as compared."""

    member: MemberRow
    enterprise_id: str
    normalized: NormalizedRecord


def case(context: Context, task_id: int, *, actor: Actor, pair_only: bool = False) -> Case:
    """The question with both sides; ``pair_only``: of each the record that raised it. Raises NotFound."""
    with context.transaction() as conn:
        row = storage.task_row(conn, task_id)
        [answer] = tasks.answers(conn, [row])
        found = _records(conn, row, pair_only=pair_only)
        notes = conn.execute(query("notes_of_task"), {"task_id": task_id}).fetchall()
        escalation = conn.execute(query("escalation_of_task"), {"task_id": task_id}).fetchone()
        sides, why = _compared(context, conn, row, answer, found)
        context.audit_read(conn, actor, "read task", [id for id in (row.identity_a, row.identity_b) if id])
    escalated_at, escalated_by = escalation or (None, None)
    is_pair = answer.after is None and row.identity_b is not None
    members = [(one.member, one.normalized, 0 if _is_left(row, one) else 1) for one in found]
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
        guard_reasons={guard.name: guard.reason for guard in context.rules.guards},
        cluster=drawn(context, members, {}) if is_pair else None,
    )


def pair_view(context: Context, first: str, second: str, *, actor: Actor) -> PairView:
    """Two identities (stored form) beside each other, though no task asks about them. Raises NotFound."""
    with context.transaction() as conn:
        parameters = {"enterprise_ids": [first, second], "record_ids": [], "members_max": RECORDS_MAX}
        rows = conn.execute(query("case_records"), parameters).fetchall()
        found = [_Found(MemberRow(*r[:12]), r[12], from_stored(r[13])) for r in rows]
        halves = [[one for one in found if one.enterprise_id == id] for id in (first, second)]
        sides, why = _beside(context, conn, halves, _former(conn, found))
        context.audit_read(conn, actor, "compare people", [first, second])
    return PairView(
        sides=sides,
        why=why,
        best_record=best_of(context, [one.member for one in found]) if found else {},
        review_weight=context.rules.thresholds.review_weight,
        link_weight=context.rules.thresholds.link_weight,
        is_cut=len(found) >= RECORDS_MAX,
    )


def _records(conn: Connection, row: TaskRow, *, pair_only: bool) -> list[_Found]:
    parameters = {
        "enterprise_ids": [id for id in (row.identity_a, row.identity_b) if id and not pair_only],
        "record_ids": row.record_ids,
        "members_max": RECORDS_MAX,
    }
    rows = conn.execute(query("case_records"), parameters).fetchall()
    return [_Found(MemberRow(*r[:12]), r[12], from_stored(r[13])) for r in rows]


def _former(conn: Connection, found: Sequence[_Found]) -> dict[int, list[dict[str, Any]]]:
    """What each record said before, newest first."""
    told: dict[int, list[dict[str, Any]]] = defaultdict(list)
    members = {one.member.record_id: one.member for one in found}
    for record_id, content, until in conn.execute(
        query("former_versions"), {"record_ids": list(members)}
    ).fetchall():
        member = members[record_id]
        told[record_id].append(
            {"source": member.source, "local_id": member.local_id, "until": until, "flat": content}
        )
    return told


def _compared(
    context: Context, conn: Connection, row: TaskRow, answer: TaskAnswer, found: list[_Found]
) -> tuple[tuple[Side, ...], dict[str, Any] | None]:
    """The two sides, each led by its record of the heaviest pair, and why that pair agrees."""
    former = _former(conn, found)
    if answer.after is not None and answer.before is not None:
        return _held_sides(context, conn, answer, found, former)
    left = [one for one in found if _is_left(row, one)]
    right = [one for one in found if not _is_left(row, one)]
    return _beside(context, conn, [left, right], former)


def _beside(
    context: Context,
    conn: Connection,
    halves: Sequence[list[_Found]],
    former: dict[int, list[dict[str, Any]]],
) -> tuple[tuple[Side, ...], dict[str, Any] | None]:
    """Both halves as sides, each led by its record of the heaviest pair."""
    left, right = halves
    active = [[one for one in side if not one.member.retired] or side for side in halves]
    if not active[0] or not active[1]:
        leads = [(side, side[0]) for side in active if side]
    else:
        i, j = _heaviest(context, active[0], active[1])
        leads = [(left, active[0][i]), (right, active[1][j])]
    shared = shared_values(context, conn, [(lead.normalized, lead.member.content) for _, lead in leads])
    evidence = [
        as_evidence(context, lead.normalized, told) for (_, lead), told in zip(leads, shared, strict=True)
    ]
    why = explain(evidence[0], evidence[1], context.rules) if len(evidence) == 2 and all(active) else None
    sides = [
        _side(side, side.index(lead), former, told) for (side, lead), told in zip(leads, shared, strict=True)
    ]
    return tuple(sides), why


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
    context: Context,
    conn: Connection,
    answer: TaskAnswer,
    found: list[_Found],
    former: dict[int, list[dict[str, Any]]],
) -> tuple[tuple[Side, ...], dict[str, Any] | None]:
    """A held update: the record as it stands, and as it would read."""
    assert answer.before is not None and answer.after is not None
    flats = (answer.before, answer.after)
    normalized = [normalize(source_record(flat, reference_required=False)) for flat in flats]
    shared = shared_values(context, conn, list(zip(normalized, flats, strict=True)))
    ref = answer.records[0] if answer.records else None
    told = {
        "source": ref.source if ref else "",
        "local_id": ref.local_id if ref else "",
        "version": ref.version if ref else 0,
        "status": "active",
        "received_at": found[0].member.received_at if found else answer.created_at,
        "decided_by": "machine",
    }
    before = tuple(flat for one in found for flat in former.get(one.member.record_id, ()))
    sides = [
        Side(
            title=title,
            enterprise_id=answer.identities[0] if answer.identities else None,
            records=({**told, "received_at": at, "flat": flats[place]},),
            former=before if place == 0 else (),
            shown=0,
            dropped=_dropped(normalized[place]),
            compared=as_compared(normalized[place]),
            shared=shared[place],
        )
        for place, (title, at) in enumerate(
            (("As it stands", told["received_at"]), ("As it would read", answer.created_at))
        )
    ]
    evidence = [as_evidence(context, one, told) for one, told in zip(normalized, shared, strict=True)]
    return tuple(sides), explain(evidence[0], evidence[1], context.rules)


def _side(
    found: list[_Found],
    shown: int,
    former: dict[int, list[dict[str, Any]]],
    shared: tuple[SharedValue, ...],
) -> Side:
    return Side(
        title="",
        enterprise_id=display(found[shown].enterprise_id),
        records=tuple(_told(one.member) for one in found),
        former=tuple(flat for one in found for flat in former.get(one.member.record_id, ())),
        shown=shown,
        dropped=_dropped(found[shown].normalized),
        compared=as_compared(found[shown].normalized),
        shared=shared,
    )


def as_compared(record: NormalizedRecord) -> dict[str, tuple[str, ...]]:
    """A record's values as they are compared, by the field they are compared in."""
    date = record.birth_date
    found = {
        "family": [name.family for name in record.names],
        "given": [name.given for name in record.names],
        "middle": [name.middle for name in record.names],
        "suffix": [name.suffix for name in record.names],
        "birth_date": [f"{date.year or '????':0>4}-{date.month or '??':0>2}-{date.day or '??':0>2}"]
        if date
        else [],
        "sex": [record.sex],
        "ssn": [one.value for one in record.identifiers if one.authority == "SSN"],
        "phone": list(record.phones),
        "email": list(record.emails),
        "address": [" ".join(filter(None, address)) for address in record.addresses],
        "mother_maiden": [record.mother_maiden],
    }
    return {field: tuple(dict.fromkeys(filter(None, texts))) for field, texts in found.items()}


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
