"""The work that is left to reviewers, and what they would make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.batch.deduplication import Deduplication
from mpi.batch.evaluation.quality import UNKNOWN, Labels, joined
from mpi.batch.reviewing import asked, count_tasks
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
    first, second = clusters[left], clusters[right]
    load = TaskLoad(
        tasks=count_tasks(first, second),
        records=dedup.records.record_count,
        duplicates=count_tasks(first[same], second[same]),
    )
    return Review(load=load, clusters=joined(clusters, truth, left, right))


def held_back(pairs: ScoredPairs, effects: frozenset[str]) -> Booleans:
    """Marks the pairs on which a guard of one of these effects fired."""
    sets = [any(hit.effect in effects for hit in hits) for hits in pairs.guard_sets]
    marked: Booleans = np.array([*sets, False], dtype=bool)[pairs.guard_set]
    return marked
