"""All records of the index grouped anew by the batch engine, under what people stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mpi.batch.deduplication import deduplicate
from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records
from mpi.batch.progress import Progress
from mpi.identity.relink_evidence import Pairs
from mpi.identity.relinking import Ints, Partition
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet
from mpi.matching.stored import from_stored
from mpi.services.scored_pairs import across, as_pairs, sharing_numbers
from mpi.storage.candidates import MEMBERS_MAX
from mpi.storage.relinking import IndexRow, WholeIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Who is where, and who belongs together; by position: the n encoded records, then the retired ones.

    A retired record is not compared. It goes with the member of its identity that has been there the longest,
    and what people stated about it holds for that one.
    """

    whole: WholeIndex
    records: EncodedRecords
    partition: Partition
    #: int64: a number per cluster.
    cluster_of: Ints
    #: Positions below n.
    pairs: Pairs
    #: Microseconds since 1970 when each record's present content came; int64.
    arrived: Ints
    #: Record ID → position.
    place: dict[int, int] = field(repr=False)

    def row(self, record_id: int) -> IndexRow:
        """The record as it was read."""
        position, count = self.place[record_id], self.records.record_count
        if position >= count:
            return self.whole.retired[position - count]
        return self.whole.rows[int(self.records.rows[position])]

    def is_compared(self, record_id: int) -> bool:
        """Whether the record is active."""
        return self.place.get(record_id, self.records.record_count) < self.records.record_count

    def placed(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Pairs of record IDs by position, those left out of which one's identity is retired as a whole."""
        place = self.place
        return [(place[a], place[b]) for a, b in pairs if a in place and b in place]


def encode_index(whole: WholeIndex, rules: RuleSet, progress: Progress) -> EncodedRecords:
    """The records of the index as batch work reads them; ``rows`` are places in ``whole.rows``."""
    progress("encoding records", 0, len(whole.rows))
    return _encoded(whole, _normalized(whole), rules)


def _normalized(whole: WholeIndex) -> list[NormalizedRecord]:
    return [from_stored(row.normalized) for row in whole.rows]


def _encoded(whole: WholeIndex, normalized: list[NormalizedRecord], rules: RuleSet) -> EncodedRecords:
    ids, sources = [row.local_id for row in whole.rows], [row.source for row in whole.rows]
    return encode_records(ids, sources, normalized, rules)


def group(whole: WholeIndex, rules: RuleSet, progress: Progress) -> Grouping:
    """Find, score and cluster the pairs of all records.

    What people stated and the links that they made hold: their records stay together, or apart. Besides the
    pairs that share a key those are compared that the index itself compared: a record and the one it was
    linked on account of, and the two that a task asks about.
    """
    progress("encoding records", 0, len(whole.rows))
    normalized = _normalized(whole)
    records = _encoded(whole, normalized, rules)
    rows = [*(whole.rows[row] for row in records.rows.tolist()), *whole.retired]
    place = {row.record_id: position for position, row in enumerate(rows)}
    age = {enterprise_id: n for n, enterprise_id in enumerate(whole.identities)}
    home = np.array([age[row.enterprise_id] for row in rows], dtype=np.int64)
    eldest = _eldest(rows, home, records.record_count)
    sharing = sharing_numbers([normalized[row] for row in records.rows.tolist()])
    stands_for = np.where(np.arange(len(rows)) < records.record_count, np.arange(len(rows)), eldest)
    found = deduplicate(
        records,
        rules,
        size_max=MEMBERS_MAX,
        must_link=stands_for[_pairs(whole.same, place, _made_by_people(rows, eldest))],
        cannot_link=stands_for[_pairs(whole.different, place)],
        also=stands_for[_compared_before(whole, sharing, place)],
        progress=progress,
    )
    cluster_of = found.clusters.cluster_of
    return Grouping(
        whole=whole,
        records=records,
        partition=Partition(
            record_ids=np.array([row.record_id for row in rows], dtype=np.int64),
            home=home,
            identities=whole.identities,
        ),
        cluster_of=cluster_of[stands_for],
        pairs=as_pairs(records, found.scoring.pairs, found.clusters, across(sharing, cluster_of), rules),
        arrived=np.array([row.received_at for row in rows], dtype=np.int64),
        place=place,
    )


def _pairs(
    pairs: Sequence[tuple[int, int]], place: dict[int, int], more: Sequence[tuple[int, int]] = ()
) -> npt.NDArray[np.int64]:
    """Pairs of record IDs, and more pairs of positions, as positions int64 [pairs, 2]."""
    found = [(place[a], place[b]) for a, b in pairs if a in place and b in place]
    return np.array([*found, *more], dtype=np.int64).reshape(-1, 2)


def _eldest(rows: Sequence[IndexRow], home: Ints, count: int) -> Ints:
    """Per record the active member of its identity that has been there the longest; int64, positions below
    ``count``.
    """
    since = np.array([(row.linked_at, row.record_id) for row in rows], dtype=np.int64).reshape(-1, 2)
    is_retired = np.arange(len(rows)) >= count
    order = np.lexsort((since[:, 1], since[:, 0], is_retired, home))
    first = np.ones(len(order), dtype=bool)
    first[1:] = home[order][1:] != home[order][:-1]
    eldest = np.empty(len(order), dtype=np.int64)
    eldest[order] = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    return eldest


def _made_by_people(rows: Sequence[IndexRow], eldest: Ints) -> list[tuple[int, int]]:
    """Each record that a person put where it is, with the one that has been there the longest."""
    return [(one, other) for one, other in enumerate(eldest.tolist()) if one != other and rows[one].by_person]


def _compared_before(
    whole: WholeIndex, sharing: Sequence[Sequence[int]], place: dict[int, int]
) -> npt.NDArray[np.int64]:
    """Pairs of which the index has an opinion, or will have: compared whatever keys they share."""
    asked = [(task.record_ids[0], task.record_ids[-1]) for task in whole.tasks if len(task.record_ids) > 1]
    return _pairs([*whole.linked, *asked], place, [p for found in sharing for p in combinations(found, 2)])
