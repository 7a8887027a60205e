"""Clusters as a report tells of them: by source, by size, the largest and the weakest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from mpi.batch.deduplication import Deduplication
from mpi.batch.evidence import RecordShown, records_shown
from mpi.matching.decision import LINK

#: Clusters shown of each sort, and records of one cluster.
CLUSTERS_MAX: Final = 10
RECORDS_MAX: Final = 6
#: Sources in the table of overlaps.
SOURCES_MAX: Final = 12

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """One source. A duplicate is a record that shares its cluster with another record of its source."""

    source: str
    records: int
    clusters: int
    duplicates: int

    @property
    def duplicate_rate(self) -> float:
        """Duplicates by records."""
        return self.duplicates / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many clusters have records of both sources; on the diagonal, of the one."""

    sources: tuple[str, ...]
    clusters: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterShown:
    """A cluster with its first records."""

    size: int
    #: Of the links that hold it together the weakest one's weight (log2); None where no link does.
    weakest_weight: float | None
    records: tuple[RecordShown, ...]


def source_counts(dedup: Deduplication) -> tuple[SourceCount, ...]:
    """Every source, in alphabetical order."""
    records = dedup.records
    keys, held = _by_cluster_and_source(dedup)
    source = keys % max(len(records.sources), 1)
    total = np.bincount(records.source_of, minlength=len(records.sources))
    clusters = np.bincount(source, minlength=len(records.sources))
    several = np.where(held > 1, held, 0)
    duplicates = np.bincount(source, weights=several, minlength=len(records.sources)).astype(np.int64)
    return tuple(
        SourceCount(
            source=name,
            records=int(total[place]),
            clusters=int(clusters[place]),
            duplicates=int(duplicates[place]),
        )
        for place, name in enumerate(records.sources)
    )


def overlap(dedup: Deduplication) -> Overlap:
    """Of the sources with most records, which share people."""
    sources = dedup.records.sources
    keys, _ = _by_cluster_and_source(dedup)
    cluster, source = np.divmod(keys, max(len(sources), 1))
    shape = (dedup.records.record_count, len(sources))
    there = coo_matrix((np.ones(len(keys), np.int64), (cluster, source)), shape=shape).tocsr()
    together = (there.T @ there).toarray()
    total = np.bincount(dedup.records.source_of, minlength=len(sources))
    most = np.sort(np.argsort(-total, kind="stable")[:SOURCES_MAX]).tolist()
    return Overlap(
        sources=tuple(sources[place] for place in most),
        clusters=tuple(tuple(int(together[row, column]) for column in most) for row in most),
    )


def cluster_sizes(dedup: Deduplication) -> Ints:
    """How many clusters there are of each size; position 0 and 1 stand for none and one record."""
    sizes = np.bincount(dedup.clusters.cluster_of)
    return np.bincount(sizes[sizes > 0], minlength=2).astype(np.int64)


def largest_clusters(dedup: Deduplication) -> list[ClusterShown]:
    """The clusters of most records, of two and more."""
    sizes = np.bincount(dedup.clusters.cluster_of)
    order = np.argsort(-sizes, kind="stable")[:CLUSTERS_MAX]
    return _shown(dedup, order[sizes[order] > 1], sizes)


def weakest_clusters(dedup: Deduplication) -> list[ClusterShown]:
    """The clusters that hang by the lightest link."""
    weakest = weakest_weights(dedup)
    order = np.argsort(weakest, kind="stable")[:CLUSTERS_MAX]
    return _shown(dedup, order[np.isfinite(weakest[order])], np.bincount(dedup.clusters.cluster_of), weakest)


def weakest_weights(dedup: Deduplication) -> npt.NDArray[np.float64]:
    """Per cluster (by its least position) the smallest weight of its maximal spanning tree of links.

    Taking any lighter link away leaves the cluster whole. Infinite where there is no link.
    """
    n, pairs, cluster_of = dedup.records.record_count, dedup.scoring.pairs, dedup.clusters.cluster_of
    linked = (pairs.decision == LINK) & (cluster_of[pairs.left] == cluster_of[pairs.right])
    weakest = np.full(n, np.inf)
    if linked.any():
        left, right, weight = pairs.left[linked], pairs.right[linked], pairs.weight[linked]
        # The minimal tree of the distances; a distance of 0 would be no edge to scipy.
        top = weight.max() + 1
        tree = minimum_spanning_tree(coo_matrix((top - weight, (left, right)), shape=(n, n)).tocsr()).tocoo()
        np.minimum.at(weakest, cluster_of[tree.row], top - tree.data)
    return weakest


def _by_cluster_and_source(dedup: Deduplication) -> tuple[Ints, Ints]:
    """Each combination of cluster and source as cluster · sources + source, and its records."""
    sources = max(len(dedup.records.sources), 1)
    keys = dedup.clusters.cluster_of.astype(np.int64) * sources + dedup.records.source_of
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[starts], np.diff(starts, append=len(keys))


def _shown(
    dedup: Deduplication,
    clusters: npt.NDArray[np.intp],
    sizes: Ints,
    weakest: npt.NDArray[np.float64] | None = None,
) -> list[ClusterShown]:
    if weakest is None:
        weakest = weakest_weights(dedup)
    wanted = np.zeros(dedup.records.record_count, dtype=bool)
    wanted[clusters] = True
    members = np.flatnonzero(wanted[dedup.clusters.cluster_of])
    member_of = dedup.clusters.cluster_of[members]
    return [
        ClusterShown(
            size=int(sizes[one]),
            weakest_weight=float(weakest[one]) if np.isfinite(weakest[one]) else None,
            records=tuple(records_shown(dedup.records, members[member_of == one][:RECORDS_MAX])),
        )
        for one in clusters.tolist()
    ]
