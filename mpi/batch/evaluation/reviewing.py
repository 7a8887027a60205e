"""The work that is left to reviewers, and what they would make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.batch.deduplication import Deduplication
from mpi.batch.evaluation.quality import UNKNOWN, Labels, joined
from mpi.batch.reviewing import asked
from mpi.batch.scored import ScoredPairs

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLoad:
    """Questions for reviewers: pairs of clusters between which a pair is in review or a link was refused."""

    tasks: int
    records: int
    #: Tasks whose two clusters hold records of one person that were asked about.
    duplicates: int

    @property
    def per_1000_records(self) -> float:
        """Tasks for every 1,000 records."""
        return 1000 * self.tasks / self.records if self.records else 0.0

    @property
    def duplicate_share(self) -> float:
        """The share of the tasks that truly are duplicates; 0 when there is none."""
        return self.duplicates / self.tasks if self.tasks else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The tasks, and the clusters once a perfect reviewer has settled them all."""

    load: TaskLoad
    clusters: Labels


def review(dedup: Deduplication, clusters: Labels, truth: Labels) -> Review:
    """Settle every task with the truth: what is one person is merged, what is not stays apart."""
    pairs = dedup.scoring.pairs
    questions = asked(dedup)
    left, right = pairs.left[questions], pairs.right[questions]
    same = (truth[left] == truth[right]) & (truth[left] != UNKNOWN)
    tasks, duplicates = count_tasks(clusters[left], clusters[right], same)
    load = TaskLoad(tasks=tasks, records=dedup.records.record_count, duplicates=duplicates)
    return Review(load=load, clusters=joined(clusters, truth, left, right))


def count_tasks(first: Labels, second: Labels, same: Booleans) -> tuple[int, int]:
    """How many pairs of different clusters are asked about, and in how many of them a pair is the same."""
    between = first != second
    first, second, same = first[between], second[between], same[between]
    if not len(first):
        return 0, 0
    keys = (np.minimum(first, second) << 32) | np.maximum(first, second)
    # The lowest bit says whether it is the same: of one pair of clusters the last key tells.
    keys = (keys << 1) | same
    keys.sort()
    last = np.append(keys[1:] >> 1 != keys[:-1] >> 1, True)
    return int(last.sum()), int((keys[last] & 1).sum())


def held_back(pairs: ScoredPairs, effects: frozenset[str]) -> Booleans:
    """Marks the pairs on which a guard of one of these effects fired."""
    sets = [any(hit.effect in effects for hit in hits) for hits in pairs.guard_sets]
    marked: Booleans = np.array([*sets, False], dtype=bool)[pairs.guard_set]
    return marked
