"""A plan for grouping all records anew: which identities merge, split or lose records, and why.

``plan`` compares who is where with the clusters that scoring and people's statements give, and says what
has to happen so that the two agree; ``regroup`` does it, as a ``Change`` like every other. An identity that
keeps any records keeps its enterprise ID; one whose records all go to one other is merged into it; one whose
records go to several others names them as its successors. The same input gives the same plan, and after it
was done there is nothing left to plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mpi.identity.change import Cause, DecidedBy, Evidence, Merge
from mpi.identity.draft import Draft
from mpi.identity.minting import Mint
from mpi.identity.retention import kept_identities

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Who is where: n active records by position."""

    #: int64 [n], distinct.
    record_ids: Ints
    #: int64 [n]: the place of the record's identity in ``identities``.
    home: Ints
    #: Enterprise IDs, the oldest first.
    identities: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Records that belong together by what is known now. ``enterprise_id`` None: they get a new one."""

    enterprise_id: str | None
    record_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Records that leave one identity together.

    ``merge``: all that it has, to one other, to which it redirects; ``move``: to another identity; ``split``:
    to a new one.
    """

    kind: Literal["merge", "move", "split"]
    record_ids: tuple[int, ...]
    from_id: str
    #: The place in ``Regrouping.parts`` of where they go.
    to_part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Some identities whose records belong together otherwise than they are, and what has to happen."""

    #: The identities concerned, oldest first.
    identities: tuple[str, ...]
    #: How their records belong together; in the order of their first records.
    parts: tuple[Part, ...]
    #: In the order of the identities they leave.
    steps: tuple[Step, ...]
    #: Identities left without records that several parts share, with the places of these.
    dissolved: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def moved_count(self) -> int:
        """Records whose enterprise ID changes."""
        return sum(len(step.record_ids) for step in self.steps)


def plan(partition: Partition, cluster_of: npt.ArrayLike) -> tuple[Regrouping, ...]:
    """What has to happen so that the records are together as ``cluster_of`` says: int64 [n], a number per
    cluster.

    In the order of the oldest identity of each. Empty when nothing has to.
    """
    home, clusters = partition.home, np.asarray(cluster_of, dtype=np.int64)
    identities, numbers = _overlaps(home, clusters)
    if not len(identities):
        return ()
    homes_of_cluster = np.bincount(np.cumsum(np.concatenate(([0], numbers[1:] != numbers[:-1]))))
    changed = np.flatnonzero(
        (np.bincount(identities)[identities] > 1) | (np.repeat(homes_of_cluster, homes_of_cluster) > 1)
    )
    records = _shared_records(partition, clusters, identities[changed])
    return tuple(_regrouping(partition, pairs, records) for pairs in _components(sorted(records)))


def _overlaps(home: Ints, cluster_of: Ints) -> tuple[Ints, Ints]:
    """Every identity and cluster that have records in common, sorted by cluster."""
    order = np.lexsort((home, cluster_of))
    homes, numbers = home[order], cluster_of[order]
    first = np.ones(len(homes), dtype=bool)
    first[1:] = (homes[1:] != homes[:-1]) | (numbers[1:] != numbers[:-1])
    return homes[first], numbers[first]


#: (identity, cluster) → the records they have in common, in order.
_Shared = dict[tuple[int, int], list[int]]


def _shared_records(partition: Partition, cluster_of: Ints, concerned: Ints) -> _Shared:
    is_concerned = np.zeros(len(partition.identities), dtype=bool)
    is_concerned[concerned] = True
    positions = np.flatnonzero(is_concerned[partition.home])
    positions = positions[np.argsort(partition.record_ids[positions])]
    columns = (partition.home[positions], cluster_of[positions], partition.record_ids[positions])
    shared: _Shared = defaultdict(list)
    for identity, number, record in zip(*(column.tolist() for column in columns), strict=True):
        shared[identity, number].append(record)
    return shared


def _components(pairs: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The (identity, cluster) pairs that hang together; each group, and the groups, by their oldest one."""
    parent: dict[int, int] = {}

    def root(item: int) -> int:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for identity, cluster in pairs:
        # Clusters are numbered below zero here, so that they are no identities.
        parent[root(-1 - cluster)] = root(identity)
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair in pairs:
        groups[root(pair[0])].append(pair)
    return list(groups.values())


def _regrouping(partition: Partition, pairs: list[tuple[int, int]], records: _Shared) -> Regrouping:
    """What has to happen to the identities and clusters that hang together by ``pairs``."""
    first = {
        cluster: min(records[pair][0] for pair in pairs if pair[1] == cluster)
        for cluster in {cluster for _, cluster in pairs}
    }
    place = {cluster: n for n, cluster in enumerate(sorted(first, key=first.__getitem__))}
    overlaps = {(identity, place[cluster]): len(records[identity, cluster]) for identity, cluster in pairs}
    keeper = kept_identities(overlaps)
    held: dict[int, list[int]] = defaultdict(list)
    for identity, cluster in pairs:
        held[place[cluster]] += records[identity, cluster]
    names = partition.identities
    parts = tuple(
        Part(enterprise_id=names[keeper[n]] if n in keeper else None, record_ids=tuple(sorted(held[n])))
        for n in sorted(held)
    )
    steps, dissolved = [], []
    for identity in dict.fromkeys(identity for identity, _ in pairs):
        goes_to = {place[cluster]: records[i, cluster] for i, cluster in pairs if i == identity}
        kept = {n for n, keeping in keeper.items() if keeping == identity}
        leaving = sorted(set(goes_to) - kept)
        whole = not kept and len(leaving) == 1
        if not kept and not whole:
            dissolved.append((names[identity], tuple(leaving)))
        steps += [
            Step(
                kind="merge" if whole else "split" if parts[n].enterprise_id is None else "move",
                record_ids=tuple(goes_to[n]),
                from_id=names[identity],
                to_part=n,
            )
            for n in leaving
        ]
    return Regrouping(
        identities=tuple(names[i] for i in dict.fromkeys(identity for identity, _ in pairs)),
        parts=parts,
        steps=tuple(steps),
        dissolved=tuple(dissolved),
    )


def regroup(
    draft: Draft, regrouping: Regrouping, evidence: Sequence[Evidence | None], reason: str, *, mint: Mint
) -> tuple[str, ...]:
    """Do it within ``draft``; the enterprise ID of each part, new ones included.

    Args:
        evidence: per step the pair of records that speaks most for it.
        reason: kept with the merges; IDs and weights, never demographics.

    Retired records of an identity go where the most of its records go, so that their return finds them.
    """
    enterprise_ids = [part.enterprise_id or mint.enterprise_id() for part in regrouping.parts]
    for part, enterprise_id in zip(regrouping.parts, enterprise_ids, strict=True):
        if part.enterprise_id is None:
            draft.issue(enterprise_id)
    for step, found in zip(regrouping.steps, evidence, strict=True):
        if step.kind != "merge":
            for record in step.record_ids:
                draft.move(
                    record,
                    enterprise_ids[step.to_part],
                    Cause.RELINK,
                    DecidedBy.MACHINE,
                    evidence=found,
                )
    for enterprise_id, successors in regrouping.dissolved:
        _dissolve(draft, regrouping, enterprise_id, {n: enterprise_ids[n] for n in successors})
    for step, found in zip(regrouping.steps, evidence, strict=True):
        if step.kind == "merge":
            _merge(draft, step.from_id, enterprise_ids[step.to_part], found, reason, mint.number)
    return tuple(enterprise_ids)


def _dissolve(draft: Draft, regrouping: Regrouping, enterprise_id: str, successors: dict[int, str]) -> None:
    steps = [step for step in regrouping.steps if step.from_id == enterprise_id]
    most = max(steps, key=lambda step: len(step.record_ids))
    for record in draft.members(enterprise_id):
        draft.move(record, successors[most.to_part], Cause.RELINK, DecidedBy.MACHINE)
    draft.dissolve(enterprise_id, tuple(sorted(successors.values())))


def _merge(
    draft: Draft,
    subsumed: str,
    surviving: str,
    evidence: Evidence | None,
    reason: str,
    number: Callable[[], int],
) -> None:
    draft.merge(
        Merge(
            merge_id=number(),
            surviving=surviving,
            subsumed=subsumed,
            decided_by=DecidedBy.MACHINE,
            reason=reason,
            moved_record_ids=draft.members(subsumed),
            kept_record_ids=draft.members(surviving),
        ),
        evidence,
    )
