"""Clusters of millions of linked pairs: those of ``mpi.identity.clustering``, with its care taken only where
it changes anything.

Where every pair of a connected component speaks for one person and the component is not too large, joining
its edges in any order gives the component. What is left is few records, and goes the careful way edge by
edge.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mpi.batch.scored import ScoredPairs
from mpi.identity.clustering import TYPICAL_MIN, Clusters, Compared, cluster
from mpi.matching.rules import RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS

Indices = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int32]

#: (pairs, 2): positions of two records each.
Pairs = npt.NDArray[np.int64]

#: Field → levels at which two records look like two people, not like one person of whom little is known.
CONTRADICTIONS: Final[dict[str, tuple[str, ...]]] = {
    "given": ("different", "alike"),
    "suffix": ("conflict",),
    "birth_date": ("generation_apart",),
    "birth_order": ("different",),
    "ssn": ("adjacent",),
    "record_number": ("adjacent",),
}

NO_PAIRS: Final[Pairs] = np.empty((0, 2), dtype=np.int64)


def cluster_links(
    n: int,
    left: npt.ArrayLike,
    right: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    size_max: int,
    must_link: Pairs = NO_PAIRS,
    cannot_link: Pairs = NO_PAIRS,
    vetoed: Pairs = NO_PAIRS,
    compared: Compared | None = None,
    evidence_min: float = 0.0,
) -> Clusters:
    """Join the records 0 … n-1 as ``mpi.identity.clustering.cluster`` does with the same arguments.

    Raises ValueError as it does.
    """
    lefts, rights = np.asarray(left, np.int64), np.asarray(right, np.int64)
    weights = np.asarray(weight, np.float64)
    label = components(n, np.concatenate([lefts, must_link[:, 0]]), np.concatenate([rights, must_link[:, 1]]))
    careful = np.bincount(label, minlength=1) > size_max
    for pairs in (cannot_link, vetoed):
        ends = label[pairs]
        careful[ends[ends[:, 0] == ends[:, 1], 0]] = True
    if compared is not None:
        a, b, weight_of = (np.asarray(one) for one in compared)
        against = np.flatnonzero(weight_of < min(evidence_min, TYPICAL_MIN))
        ends_a, ends_b = label[a[against]], label[b[against]]
        careful[ends_a[ends_a == ends_b]] = True
    clusters = Clusters(cluster_of=_least_members(label), refused=np.empty(0, np.int64), reasons=())
    members = np.flatnonzero(careful[label])
    if not len(members):
        return clusters
    place = np.full(n, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    edges = np.flatnonzero(place[lefts] >= 0)

    def there(pairs: Pairs) -> list[tuple[int, int]]:
        """Those of the pairs whose two records are both among ``members``, by their places there."""
        a, b = place[pairs].T
        both = (a >= 0) & (b >= 0)
        return list(zip(a[both].tolist(), b[both].tolist(), strict=True))

    part = cluster(
        len(members),
        place[lefts[edges]],
        place[rights[edges]],
        weights[edges],
        size_max=size_max,
        must_link=there(must_link),
        cannot_link=there(cannot_link),
        vetoed=there(vetoed),
        compared=None if compared is None else _among(place, label, compared),
        evidence_min=evidence_min,
    )
    clusters.cluster_of[members] = members[part.cluster_of]
    return Clusters(cluster_of=clusters.cluster_of, refused=edges[part.refused], reasons=part.reasons)


def _among(place: Indices, label: Labels, compared: Compared) -> Compared:
    """The compared pairs within one component of records that have a ``place``, by their places there."""
    left, right, weight = (np.asarray(one) for one in compared)
    within = np.flatnonzero((place[left] >= 0) & (label[left] == label[right]))
    return Compared(place[left[within]], place[right[within]], weight[within])


def held_apart(pairs: ScoredPairs, rules: RuleSet) -> Indices:
    """Positions of the pairs whose records may not come together through a third one either.

    They are those that a guard refuses outright, and those that weigh enough for a link, are stopped by a
    guard and contradict each other in what a person has one of (``CONTRADICTIONS``). Of the other pairs that
    a guard asks about, that both records are linked with the same third is an answer: among 6,000 such pairs
    of populations with known truth 99.7 % were one person.
    """
    refused = np.array([any(hit.effect == "no_link" for hit in hits) for hits in pairs.guard_sets])
    stopped = np.array([bool(hits) for hits in pairs.guard_sets])[pairs.guard_set]
    contradicting = np.zeros(len(pairs.left), dtype=bool)
    for row, comparison in enumerate(rules.comparisons):
        for level in CONTRADICTIONS.get(comparison.field, ()):
            contradicting |= pairs.levels[row] == FIELD_LEVELS[comparison.field].index(level)
    heavy = pairs.weight >= rules.thresholds.link_weight
    apart: Indices = np.flatnonzero(refused[pairs.guard_set] | (stopped & heavy & contradicting))
    return apart


def components(n: int, left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> Labels:
    """The connected component of each of the records 0 … n-1, as a number."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    labels: Labels = connected_components(graph, directed=False)[1]
    return labels


def _least_members(label: Labels) -> Indices:
    """Per record the least position with its label."""
    least = np.empty(int(label.max(initial=-1)) + 1, dtype=np.int64)
    least[label[::-1]] = np.arange(len(label))[::-1]
    members: Indices = least[label]
    return members
