"""What a deduplication leaves to reviewers: one task per two clusters that may be one person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import distinct, packed
from mpi.batch.deduplication import Deduplication
from mpi.matching.decision import REVIEW


def asked(dedup: Deduplication) -> npt.NDArray[np.bool_]:
    """Marks the scored pairs that raise a question: in review, or a link that clustering refused, and in two
    clusters.
    """
    pairs, cluster_of = dedup.scoring.pairs, dedup.clusters.cluster_of
    marked: npt.NDArray[np.bool_] = pairs.decision == REVIEW
    marked[dedup.refused] = True
    marked &= cluster_of[pairs.left] != cluster_of[pairs.right]
    return marked


def task_pairs(dedup: Deduplication) -> npt.NDArray[np.int64]:
    """The two clusters of each task, packed, ascending: one task however many pairs ask."""
    pairs, questions = dedup.scoring.pairs, asked(dedup)
    first = dedup.clusters.cluster_of[pairs.left[questions]]
    second = dedup.clusters.cluster_of[pairs.right[questions]]
    return _between(first, second)


def count_tasks(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> int:
    """How many pairs of different clusters there are among ``first[i]``, ``second[i]``."""
    apart = first != second
    return len(_between(first[apart], second[apart]))


def _between(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    tasks = packed(np.minimum(first, second), np.maximum(first, second))
    tasks.sort()
    return distinct(tasks)
