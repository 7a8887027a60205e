"""Why two records agree, which identities a record resembles, and how an identity came to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from mpi.errors import BadInput, NotFound
from mpi.identity.assignment import CandidateIdentity
from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.identity.how import story
from mpi.matching.decision import DECISIONS, explain, grade, score_pairs
from mpi.matching.flat import flat_record, source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord, SourceRecord
from mpi.matching.stored import from_stored
from mpi.patient.carried import comparable
from mpi.services.answers import Actor, Candidate, Candidates, EventAnswer
from mpi.services.arrivals import Compared, arrive, dropped_from
from mpi.services.assigning import Assigning
from mpi.services.context import Context
from mpi.services.publishing import event_answers
from mpi.storage import identities as stored
from mpi.storage.candidates import MEMBERS_MAX, look
from mpi.storage.database import Connection, connection
from mpi.storage.queries import query

#: What ``compare`` and ``why`` take: an enterprise ID, ``source/local_id``, or a flat record.
Reference = str | Mapping[str, Any]


def match(
    context: Context, asked: Mapping[str, Any] | SourceRecord, *, actor: Actor, limit: int = 10
) -> Candidates:
    """The identities that a record resembles, best first, scored as a registration would; nothing is written
    but audit.
    """
    record = asked if isinstance(asked, SourceRecord) else source_record(asked, reference_required=False)
    arrival = arrive(record, 0, 0, context.rules, context.authorities.domains())
    # Two statements, each a transaction by itself: nobody is shown what the audit could not note.
    with connection(context.pool) as conn:
        seen = look(conn, [arrival.asked()])
        compared = Compared([arrival], [0], seen, context.rules)
        found = Assigning(context.mint, conn, compared).candidates(0, 0)
        best = sorted(found, key=lambda c: (c.decision != "link", -c.weight, c.enterprise_id))[:limit]
        shown, fields = [c.enterprise_id for c in best], list(flat_record(record))
        context.audit_read(conn, actor, "match", shown, query_fields=fields)
    return Candidates(
        candidates=_candidates(compared, best),
        suppressed_keys=arrival.suppressed_passes(seen.suppressed.get(0, [])),
        dropped=dropped_from(arrival.evidence(seen.suppressed.get(0, ()), context.rules)),
    )


def _candidates(compared: Compared, best: list[CandidateIdentity]) -> tuple[Candidate, ...]:
    """The answer about each identity, explained by its best member."""
    members = [compared.member(candidate.enterprise_id, candidate.record_id) for candidate in best]
    return tuple(
        Candidate(
            enterprise_id=display(candidate.enterprise_id),
            weight=round(candidate.weight, 4),
            probability=round(candidate.probability, 6),
            decision=candidate.decision,
            grade=grade(DECISIONS.index(candidate.decision), candidate.weight),
            fields=tuple(why.fields),
            guards=tuple(hit._asdict() for hit in why.guards),
        )
        for candidate, why in zip(best, compared.explained(0, members), strict=True)
    )


def compare(context: Context, a: Reference, b: Reference, *, actor: Actor) -> dict[str, Any]:
    """The ``why`` JSON of two records or identities, stored or not; for identities, of their best pair.

    Raises InvalidEnterpriseId, NotFound, InvalidRecord.
    """
    with context.transaction() as conn:
        left, right = _sides(context, conn, a), _sides(context, conn, b)
        context.audit_read(conn, actor, "why", [*left.enterprise_ids, *right.enterprise_ids])
    if not left.records or not right.records:
        raise NotFound("that identity has no active record to compare")
    records = left.records + right.records
    pairs = [(i, len(left.records) + j) for i in range(len(left.records)) for j in range(len(right.records))]
    pairs = [(i, j) for i, j in pairs if records[i] is not records[j]]
    scores = score_pairs(records, [i for i, _ in pairs], [j for _, j in pairs], context.rules)
    best = max(range(len(pairs)), key=lambda n: (scores.weight[n], -n))
    i, j = pairs[best]
    names = left.names + right.names
    return {"a": names[i], "b": names[j], **explain(records[i], records[j], context.rules)}


class _Side(NamedTuple):
    records: list[NormalizedRecord]
    names: list[str | None]
    enterprise_ids: list[str]


def _sides(context: Context, conn: Connection, reference: Reference) -> _Side:
    if isinstance(reference, Mapping):
        record = source_record(reference, reference_required=False)
        return _Side([normalize(comparable(record, context.authorities.domains()))], [None], [])
    if "/" in reference:
        source, _, local_id = reference.partition("/")
        row = stored.stored_record(conn, unquote(source), unquote(local_id))
        return _Side([from_stored(row.normalized)], [reference], [row.enterprise_id])
    if not reference:
        raise BadInput("expected an enterprise ID, source/local_id, or a record")
    identity = stored.surviving_row(conn, parse_enterprise_id(reference))
    parameters = {"enterprise_id": identity.enterprise_id, "members_max": MEMBERS_MAX}
    rows = conn.execute(query("normalized_of_identity"), parameters).fetchall()
    names: list[str | None] = [f"{source}/{local_id}" for _, _, source, local_id in rows]
    return _Side([from_stored(row[1]) for row in rows], names, [identity.enterprise_id])


def history(context: Context, enterprise_id: str, *, actor: Actor) -> list[EventAnswer]:
    """The ledger of one identity, oldest first. ``seq`` is the event's own number here."""
    wanted = parse_enterprise_id(enterprise_id)
    with context.transaction() as conn:
        stored.identity_row(conn, wanted)
        answers = event_answers(conn, stored.identity_events(conn, wanted))
        context.audit_read(conn, actor, "read history", [wanted])
    return answers


def how(context: Context, enterprise_id: str, *, actor: Actor) -> dict[str, Any]:
    """How an identity came to be, step by step, in words."""
    events = history(context, enterprise_id, actor=actor)
    wanted = parse_enterprise_id(enterprise_id)
    return {"enterprise_id": display(wanted), "steps": story(wanted, events)}
