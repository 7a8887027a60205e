"""How good a partition is against known truth, counted in pairs of records and by record."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Labels = npt.NDArray[np.int64]
#: Of a record whose truth nobody knows: it takes part in no figure.
UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseQuality:
    """Pairs of records that belong together, were put together, and both."""

    true_pairs: int
    predicted_pairs: int
    correct_pairs: int

    @property
    def precision(self) -> float:
        """Of the pairs put together, the share that belongs together; 1 when none was."""
        return self.correct_pairs / self.predicted_pairs if self.predicted_pairs else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that belong together, the share put together; 1 when there is none."""
        return self.correct_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.true_pairs + self.predicted_pairs
        return 2 * self.correct_pairs / both if both else 1.0

    @property
    def wrong_pairs(self) -> int:
        """Pairs put together that are two people."""
        return self.predicted_pairs - self.correct_pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class BCubedQuality:
    """Averages over records (Bagga and Baldwin 1998): every record counts once, however large its cluster.

    ``precision``: of a record's cluster, the share that is the same person; ``recall``: of a person's
    records, the share that is in the record's cluster. Both count the record itself; 1 when there are no
    records.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Both ways to count."""

    pairwise: PairwiseQuality
    bcubed: BCubedQuality


def codes(labels: Sequence[Any] | npt.NDArray[Any] | pd.Series) -> Labels:
    """Labels of any kind as numbers from 0 on; None, NaN and empty text are ``UNKNOWN``. Shape [n]."""
    values = (
        labels if isinstance(labels, np.ndarray | pd.Series) else np.fromiter(labels, object, len(labels))
    )
    numbers, distinct = pd.factorize(values)
    empty = np.array([*(isinstance(label, str) and not label for label in distinct), True])
    # What is not known is the last place of the table, which −1 reads.
    renumbered = np.where(empty, UNKNOWN, np.cumsum(~empty) - 1)
    result: Labels = renumbered[numbers].astype(np.int64)
    return result


def pairwise(
    clusters: Sequence[Hashable] | npt.NDArray[Any], truth: Sequence[Hashable] | npt.NDArray[Any]
) -> PairwiseQuality:
    """Compare a partition with the truth; both give one label to each record, in the same order.

    >>> pairwise(["a", "a", "b"], ["x", "x", "x"]).recall
    0.3333333333333333
    """
    return quality(codes(clusters), codes(truth)).pairwise


def quality(clusters: Labels, truth: Labels) -> Quality:
    """Both ways to count, of labels that are numbers from 0 on; records of unknown truth are left out."""
    cluster, person, count = _cells(clusters, truth)
    in_cluster, of_person = _sums(cluster, count), _sums(person, count)
    records = int(count.sum())
    squares = count.astype(np.float64) ** 2
    return Quality(
        pairwise=PairwiseQuality(
            true_pairs=_pairs(of_person), predicted_pairs=_pairs(in_cluster), correct_pairs=_pairs(count)
        ),
        bcubed=BCubedQuality(
            precision=float((squares / in_cluster[cluster]).sum() / records) if records else 1.0,
            recall=float((squares / of_person[person]).sum() / records) if records else 1.0,
        ),
    )


def after_perfect_reviewer(
    clusters: Sequence[Hashable], truth: Sequence[Hashable], questions: Iterable[tuple[int, int]]
) -> PairwiseQuality:
    """The same once somebody who knows the truth has answered ``questions``.

    ``questions`` are pairs of places in the lists; the clusters of two records that are one person are
    merged.
    """
    asked = np.array(list(questions), dtype=np.int64).reshape(-1, 2)
    cluster, person = codes(clusters), codes(truth)
    return quality(joined(cluster, person, asked[:, 0], asked[:, 1]), person).pairwise


def joined(clusters: Labels, truth: Labels, left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Labels:
    """The clusters once a perfect reviewer was asked about the pairs ``left[i]``, ``right[i]`` of records.

    Where the two are one person their clusters become one. Labels from 0 on, in and out.
    """
    same = (truth[left] == truth[right]) & (truth[left] != UNKNOWN)
    return contracted(clusters, clusters[left[same]], clusters[right[same]])


def contracted(clusters: Labels, first: Labels, second: Labels) -> Labels:
    """The partition in which the clusters ``first[i]`` and ``second[i]`` are one, through any chain."""
    if not len(first):
        return clusters
    count = int(clusters.max()) + 1
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    result: Labels = connected_components(graph, directed=False)[1].astype(np.int64)[clusters]
    return result


def _cells(clusters: Labels, truth: Labels) -> tuple[Labels, Labels, Labels]:
    """Each combination of cluster and person that records have: both, and how many.

    By sort and difference: ``np.unique`` is many times slower on integers (numpy 2.4).
    """
    known = truth != UNKNOWN
    if not known.any():
        return (np.empty(0, np.int64),) * 3
    people = int(truth.max()) + 1
    keys = clusters[known] * people + truth[known]
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    cluster, person = np.divmod(keys[starts], people)
    return cluster, person, np.diff(starts, append=len(keys))


def _sums(labels: Labels, counts: Labels) -> Labels:
    if not len(labels):
        return np.empty(0, np.int64)
    sums: Labels = np.bincount(labels, weights=counts).astype(np.int64)
    return sums


def _pairs(sizes: Labels) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
