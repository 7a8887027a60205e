"""Many records of a file taken in as a set: looked up, compared and clustered together, written by COPY.

The rules are those of one record on its way in, see ``mpi.identity.assignment``, but all of them are there at
once: what belongs together is found in any order, by the engine of ``mpi dedup``. What is not settled by that
goes the way of a single record afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.deduplication import clustered
from mpi.batch.encoded import EncodedRecords
from mpi.batch.named_pairs import sharing_keys, with_named
from mpi.batch.scoring import score_candidates
from mpi.identity.assignment import queued
from mpi.identity.change import Change, EventType, Task
from mpi.identity.enterprise_id import display
from mpi.identity.joining import Joined, join_new
from mpi.identity.questions import questions, task, unasked
from mpi.identity.relink_evidence import Pairs
from mpi.identity.relinking import Ints
from mpi.matching.comparison import encode
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet
from mpi.matching.stored import from_stored
from mpi.services.answers import Actor, Receipt, RecordRef
from mpi.services.arrivals import Arrival, dropped_from, stored_form
from mpi.services.context import Context
from mpi.services.scored_pairs import across, as_pairs, sharing_numbers
from mpi.services.settling import WorldChanged, hold_identities, until_settled
from mpi.storage.bulk import BulkLook, copy_in, look_in_bulk, still_linked
from mpi.storage.candidates import MEMBERS_MAX
from mpi.storage.database import LOCK_BULK, Connection
from mpi.storage.queries import query

#: Rows of two records each: int64 [pairs, 2].
RowPairs = npt.NDArray[np.int64]

_ISSUED: Final = EventType.ENTERPRISE_ID_ASSIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """The new records in the order of arrival, and after them the members near them; everything by row."""

    #: Row → record ID, source, and the identity's place in ``names`` (−1: new).
    record_ids: Ints
    sources: list[str]
    home: Ints
    names: list[str]
    cluster_of: Ints
    pairs: Pairs


def receive_set(
    context: Context, arrivals: Sequence[Arrival], *, actor: Actor, batch_id: int | None
) -> dict[int, Receipt]:
    """Register those arrivals that are new and whose place is settled, in one transaction; by position.

    Left out are those that are stored already, and those that resemble several identities enough for a link.
    """

    def attempt(conn: Connection) -> dict[int, Receipt]:
        conn.execute("SET LOCAL statement_timeout = 0")
        conn.execute(query("lock_bulk"), {"lock": LOCK_BULK})
        look = look_in_bulk(conn, [arrival.asked() for arrival in arrivals])
        fresh = [n for n in range(len(arrivals)) if n not in look.known]
        compared = _compared(context, [arrivals[n] for n in fresh], fresh, look)
        joined = join_new(
            compared.record_ids,
            compared.home,
            compared.names,
            compared.cluster_of,
            compared.pairs,
            new_enterprise_id=context.mint.enterprise_id,
        )
        tasks = _tasks(context, conn, compared, joined)
        change = joined.change + Change(tasks=tasks, events=tuple(map(queued, tasks)))
        hold_identities(conn, change)
        if not still_linked(conn, change):
            raise WorldChanged
        settled = [n for place, n in enumerate(fresh) if joined.identity_of[place] >= 0]
        signed = context.signed(actor, "register", batch_id=batch_id)
        copy_in(conn, [stored_form(arrivals[n]) for n in settled], change, signed)
        return _receipts(arrivals, fresh, joined, tasks)

    return until_settled(context, attempt)


def _compared(
    context: Context, arrivals: Sequence[Arrival], fresh: Sequence[int], look: BulkLook
) -> _Compared:
    """The new records compared with each other and with every member of the identities near them."""
    rules, members, count = context.rules, look.members, len(arrivals)
    normalized = [a.normalized for a in arrivals] + [from_stored(m.normalized) for m in members]
    names = list(dict.fromkeys(member.enterprise_id for member in members))
    place = {enterprise_id: n for n, enterprise_id in enumerate(names)}
    home = np.array([-1] * count + [place[m.enterprise_id] for m in members], dtype=np.int64)
    records = _by_row(normalized, rules)
    candidates = sharing_keys([arrival.keys for arrival in arrivals])
    candidates = with_named(candidates, _near(fresh, look, place, home))
    scoring = score_candidates(records, candidates, rules)
    clusters = clustered(len(home), scoring, rules, MEMBERS_MAX, must_link=_together(home))
    sharing = [pair for pair in across(sharing_numbers(normalized), clusters.cluster_of) if min(pair) < count]
    return _Compared(
        record_ids=np.array([a.record_id for a in arrivals] + [m.record_id for m in members], dtype=np.int64),
        sources=[a.source_record.source for a in arrivals] + [m.source for m in members],
        home=home,
        names=names,
        cluster_of=clusters.cluster_of,
        pairs=as_pairs(records, scoring.pairs, clusters, sharing, rules),
    )


def _by_row(normalized: Sequence[NormalizedRecord], rules: RuleSet) -> EncodedRecords:
    """What comparing needs, in the order given; keys were made already."""
    count = len(normalized)
    return EncodedRecords(
        source_of=np.zeros(count, dtype=np.int16),
        sources=("",),
        record_ids=np.arange(count).astype(object),
        columns=encode(normalized, rules),
        keys={},
    )


def _near(fresh: Sequence[int], look: BulkLook, place: dict[str, int], home: Ints) -> RowPairs:
    """Every arrival with every member of the identities that share a key with it, by row."""
    row_of = {n: row for row, n in enumerate(fresh)}
    near = [(row_of[n], place[id]) for n, id in look.near if n in row_of and id in place]
    rows, identities = np.array(near, dtype=np.int64).reshape(-1, 2).T
    starts = np.searchsorted(home[len(fresh) :], np.arange(len(place) + 1)) + len(fresh)
    counts = np.diff(starts)[identities]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    members = np.repeat(starts[:-1][identities], counts) + within
    return np.stack([np.repeat(rows, counts), members], axis=1)


def _together(home: Ints) -> RowPairs:
    """Each member with the one before it of the same identity, by row."""
    rows = np.flatnonzero((home[1:] >= 0) & (home[1:] == home[:-1]))
    return np.stack([rows, rows + 1], axis=1)


def _tasks(context: Context, conn: Connection, compared: _Compared, joined: Joined) -> tuple[Task, ...]:
    """A task for each question that nobody asked or answered; about what is unsettled none yet."""
    unsettled = len(joined.names)
    identity_of = np.where(joined.identity_of < 0, unsettled, joined.identity_of)
    found = questions(identity_of, compared.pairs)
    stored = len(compared.names)
    known = set(found.left[found.right < stored].tolist()) | set(found.right[found.right < stored].tolist())
    chosen, _ = unasked(found, _settled(conn, compared.names, known), ())
    return tuple(
        _task(context, compared, joined, int(found.pair[n]), bool(found.shared[n]))
        for n in chosen
        if found.right[n] != unsettled
    )


def _settled(conn: Connection, names: Sequence[str], places: set[int]) -> set[tuple[int, int]]:
    """Pairs of stored identities that a task asks about already, or that a person holds apart."""
    if not places:
        return set()
    place = {names[n]: n for n in places}
    rows = conn.execute(query("settled_or_asked"), {"enterprise_ids": sorted(place)}).fetchall()
    return {(min(place[a], place[b]), max(place[a], place[b])) for a, b in rows}


def _task(context: Context, compared: _Compared, joined: Joined, pair: int, shared: bool) -> Task:
    left, right = int(compared.pairs.left[pair]), int(compared.pairs.right[pair])
    return task(
        context.mint.number(),
        (joined.names[joined.identity_of[left]], joined.names[joined.identity_of[right]]),
        (int(compared.record_ids[left]), int(compared.record_ids[right])),
        compared.pairs,
        pair,
        shared=shared,
        same_source=compared.sources[left] == compared.sources[right],
    )


def _receipts(
    arrivals: Sequence[Arrival], fresh: Sequence[int], joined: Joined, tasks: Sequence[Task]
) -> dict[int, Receipt]:
    """What became of each; a task is told with the later of the new records that raised it."""
    row_of = {arrivals[n].record_id: row for row, n in enumerate(fresh)}
    raised: dict[int, list[int]] = defaultdict(list)
    for one in tasks:
        raised[max(row_of.get(record, -1) for record in one.record_ids)].append(one.task_id)
    asked = {enterprise_id for one in tasks for enterprise_id in (one.identity_a, one.identity_b)}
    first = {event.record_id for event in joined.change.events if event.type is _ISSUED}
    receipts = {}
    for row, n in enumerate(fresh):
        if (place := int(joined.identity_of[row])) < 0:
            continue
        arrival, enterprise_id = arrivals[n], joined.names[place]
        is_first = arrival.record_id in first
        receipts[n] = Receipt(
            enterprise_id=display(enterprise_id),
            decision="linked" if not is_first else "review" if enterprise_id in asked else "new",
            record=RecordRef(
                source=arrival.source_record.source, local_id=arrival.source_record.local_id, version=1
            ),
            tasks=tuple(raised.get(row, ())),
            dropped=dropped_from(arrival.normalized),
            declared=arrival.declared,
        )
    return receipts
