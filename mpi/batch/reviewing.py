"""What a deduplication leaves to reviewers: one task per two clusters that may be one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import distinct, packed
from mpi.batch.deduplication import Deduplication
from mpi.batch.scored import Scoring
from mpi.identity.clustering import AGAINST_MAX, FOR_MAX
from mpi.matching.decision import REVIEW

Keys = npt.NDArray[np.int64]

#: Two clusters are asked about when the pairs compared between them weigh as much on average (log2): odds of
#: one to two. One pair that looks alike among others that do not is seldom a duplicate.
TYPICAL_MIN: Final = -1.0
#: Pairs looked at together where there may be hundreds of millions.
_SOME_PAIRS: Final = 1 << 22


def asked(dedup: Deduplication) -> npt.NDArray[np.bool_]:
    """Marks the scored pairs that raise a question: in review, or a link that clustering refused, and
    ``worth_asking``.
    """
    marked: npt.NDArray[np.bool_] = dedup.scoring.pairs.decision == REVIEW
    marked[dedup.refused] = True
    return worth_asking(marked, dedup.scoring, dedup.clusters.cluster_of)


def worth_asking(marked: npt.NDArray[np.bool_], scoring: Scoring, cluster_of: Keys) -> npt.NDArray[np.bool_]:
    """Of the ``marked`` scored pairs those in two clusters between which the typical pair does not speak
    against one person.
    """
    raising = np.flatnonzero(marked)
    first, second = cluster_of[scoring.pairs.left[raising]], cluster_of[scoring.pairs.right[raising]]
    raising = raising[first != second]
    keys = _keys(first[first != second], second[first != second])
    between = distinct(np.sort(keys))
    worth = _typical(scoring, cluster_of, between) >= TYPICAL_MIN
    found = np.zeros(len(marked), dtype=np.bool_)
    found[raising] = worth[np.searchsorted(between, keys)]
    return found


def task_pairs(dedup: Deduplication) -> Keys:
    """The two clusters of each task, packed, ascending: one task however many pairs ask."""
    pairs, questions = dedup.scoring.pairs, asked(dedup)
    first = dedup.clusters.cluster_of[pairs.left[questions]]
    second = dedup.clusters.cluster_of[pairs.right[questions]]
    return distinct(np.sort(_keys(first, second)))


def count_tasks(first: Keys, second: Keys) -> int:
    """How many pairs of different clusters there are among ``first[i]``, ``second[i]``."""
    apart = first != second
    return len(distinct(np.sort(_keys(first[apart], second[apart]))))


def _typical(scoring: Scoring, cluster_of: Keys, between: Keys) -> npt.NDArray[np.float64]:
    """What the pairs compared between two clusters weigh on average; ``between`` ascending, [tasks]."""
    concerned = np.zeros(len(cluster_of), dtype=np.bool_)
    concerned[between >> 32] = concerned[between & 0xFFFFFFFF] = True
    counts, sums = np.zeros(len(between), np.int64), np.zeros(len(between))
    for left, right, weight in _compared(scoring):
        first, second = cluster_of[left], cluster_of[right]
        near = np.flatnonzero(concerned[first] & concerned[second])
        keys = _keys(first[near], second[near])
        place = np.minimum(np.searchsorted(between, keys), len(between) - 1)
        found = np.flatnonzero(between[place] == keys)
        voices = np.clip(weight[near[found]], -AGAINST_MAX, FOR_MAX)
        counts += np.bincount(place[found], minlength=len(between))
        sums += np.bincount(place[found], weights=voices, minlength=len(between))
    return sums / np.maximum(counts, 1)


def _compared(
    scoring: Scoring,
) -> Iterator[tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], npt.NDArray[np.floating]]]:
    """All compared pairs with their weights, some at a time."""
    for pairs in (scoring.pairs, scoring.light):
        for start in range(0, len(pairs.left), _SOME_PAIRS):
            some = slice(start, start + _SOME_PAIRS)
            yield pairs.left[some], pairs.right[some], pairs.weight[some]


def _keys(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> Keys:
    return packed(np.minimum(first, second), np.maximum(first, second))
