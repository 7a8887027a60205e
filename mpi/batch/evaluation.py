"""How good a partition is against known truth, counted in pairs of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


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


def pairwise(clusters: Sequence[Hashable], truth: Sequence[Hashable]) -> PairwiseQuality:
    """Compare a partition with the truth; both give one label to each record, in the same order.

    >>> pairwise(["a", "a", "b"], ["x", "x", "x"]).recall
    0.3333333333333333
    """
    return PairwiseQuality(
        true_pairs=_pairs(Counter(truth)),
        predicted_pairs=_pairs(Counter(clusters)),
        correct_pairs=_pairs(Counter(zip(clusters, truth, strict=True))),
    )


def after_perfect_reviewer(
    clusters: Sequence[Hashable], truth: Sequence[Hashable], questions: Iterable[tuple[int, int]]
) -> PairwiseQuality:
    """The same once somebody who knows the truth has answered ``questions``.

    ``questions`` are pairs of places in the lists; the clusters of two records that are one person are
    merged.
    """
    parent: dict[Hashable, Hashable] = {}

    def root(cluster: Hashable) -> Hashable:
        while cluster in parent:
            cluster = parent[cluster]
        return cluster

    for a, b in questions:
        left, right = root(clusters[a]), root(clusters[b])
        if truth[a] == truth[b] and left != right:
            parent[left] = right
    return pairwise([root(cluster) for cluster in clusters], truth)


def _pairs(sizes: Counter[Hashable]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())
